/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hello and TLS, as who has never been here finds them.
 */
#include "tests/front/fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALICE "alice@example.com"

static int curl(const char *options)
{
    char command[512];
    snprintf(command, sizeof command,
        "curl -s -S -o /dev/null --cacert %s --json '" HELLO "' -w '%%{http_code}' %s "
        "https://localhost:%u/.well-known/mmm 2>/dev/null | grep -q 201",
        service.front.certificate, options, (unsigned)service.front.port);
    return system(command); /* NOLINT(cert-env33-c): a fixed command */
}

static void hello_works_with_plain_curl(void **state)
{
    (void)state;
    assert_int_equal(curl(""), 0);
    assert_int_equal(curl("--http1.1"), 0);
    assert_int_not_equal(curl("--tls-max 1.2"), 0);
}

static void tls_before_1_3_is_refused(void **state)
{
    struct web web;
    (void)state;
    assert_false(web_try(&web, service.front.port, service.front.certificate,
        "NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.1"));
    web_close(&web);
    assert_true(web_try(
        &web, service.front.port, service.front.certificate, "NORMAL:-VERS-ALL:+VERS-TLS1.3"));
    web_close(&web);
}

static void use_tls_key(enum kc_operation operation)
{
    struct kc_client_request request;
    struct kc_client_answer *answer = NULL;
    kc_client_request_init(&request, operation);
    kc_values_set_text(&request.message.values, KC_FIELD_KEY, service.tls_key);
    GOOD(kc_client_call(service.owner, &request, 20000, &answer));
    kc_client_answer_free(answer);
    kc_client_request_done(&request);
}

static void without_its_tls_key_nobody_new_comes_in_and_who_is_there_stays(void **state)
{
    struct web other;
    (void)state;
    use_tls_key(KC_OPERATION_KEY_DISABLE);
    assert_false(web_try(
        &other, service.front.port, service.front.certificate, "NORMAL:-VERS-ALL:+VERS-TLS1.3"));
    web_close(&other);
    says_hello(&alice.web);
    use_tls_key(KC_OPERATION_KEY_ENABLE);
    web_open(&other, service.front.port, service.front.certificate);
    says_hello(&other);
    web_close(&other);
}

/* 002, 4.2.1: "SHOULD NOT" use TLS client authentication. */
static void nobody_is_asked_for_a_certificate(void **state)
{
    struct web web;
    (void)state;
    assert_true(web_try(
        &web, service.front.port, service.front.certificate, "NORMAL:-VERS-ALL:+VERS-TLS1.3"));
    assert_false(web_was_asked_for_certificate(&web));
    web_close(&web);
}

static void hello_shows_the_service_and_its_host(void **state)
{
    static const char *const names[] = {"HelloRequest", "Hello", "MeshHelloRequest"};
    struct kc_mesh_provider provider;
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct web_answer answer;
        struct kc_json_document document;
        struct kc_object hello;
        char body[64];
        snprintf(body, sizeof body, "{\"%s\":{}}", names[i]);
        web_post(&alice.web, body, strlen(body), &answer);
        assert_int_equal(answer.status, 201);
        GOOD(kc_object_parse(admin_span(answer.body), answer.size, KC_OBJECT_MeshHelloResponse,
            &document, &hello, NULL));
        GOOD(kc_mesh_provider_read(
            kc_json_source(kc_object_member(&hello, "EnvelopedProfileService")), service.udf,
            (struct kc_span){NULL, 0}, ALICE, &provider));
        assert_true(kc_json_is_there(kc_object_member(&hello, "EnvelopedProfileHost")));
        kc_json_done(&document);
        web_answer_done(&answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_works_with_plain_curl),
        cmocka_unit_test(tls_before_1_3_is_refused),
        CASE(without_its_tls_key_nobody_new_comes_in_and_who_is_there_stays),
        cmocka_unit_test(nobody_is_asked_for_a_certificate),
        CASE(hello_shows_the_service_and_its_host),
    };
    return RUN_WITH_SERVICE(tests);
}
