/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hello and TLS, as who has never been here finds them.
 */
#include "tests/front/fixture.h"

#include "tests/support/tls_files.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ALICE "alice@example.com"
#define DEADLINE_MS 4000 /* of the front end, for the signature of a handshake */

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

/* A certificate of the folder of a front end that is not started. */
static void take_certificate(
    struct mesh_front *front, const char *name, enum kc_tls_validity validity)
{
    kc_tls_make_certificate(front->folder, "authority", name, "localhost", validity);
    snprintf(front->certificate, sizeof front->certificate, "%s/%s.pem", front->folder, name);
}

static void a_start_says_what_is_wrong_with_certificate_and_key(void **state)
{
    struct mesh_front other;
    const char *socket = service.custodian.socket;
    (void)state;
    mesh_front_init(&other);
    kc_tls_make_authority(other.folder, "authority");
    take_certificate(&other, "old", KC_TLS_EXPIRED);
    assert_int_equal(mesh_front_refuses(&other, socket, service.tls_key, ""), KC_CLASS_CONFIG);
    assert_true(mesh_front_has_logged(&other, "old.pem: it has expired"));
    take_certificate(&other, "other", KC_TLS_VALID);
    assert_int_equal(mesh_front_refuses(&other, socket, service.tls_key, ""), KC_CLASS_CALLER);
    assert_true(mesh_front_has_logged(&other, "step=tls error=signature-invalid"));
    use_tls_key(KC_OPERATION_KEY_DISABLE);
    assert_int_equal(mesh_front_refuses(&other, socket, service.tls_key, ""), KC_CLASS_REFUSED);
    use_tls_key(KC_OPERATION_KEY_ENABLE);
    mesh_front_done(&other);
}

/* Sends a signal to all that the custodian is. */
static void signal_custodian(int number)
{
    char path[64], line[256] = "", *rest = line;
    pid_t supervisor = service.custodian.pid;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)supervisor, (int)supervisor);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    fclose(file);
    assert_int_equal(kill(supervisor, number), 0);
    for (pid_t child; (child = (pid_t)strtol(rest, &rest, 10)) > 0;)
        assert_int_equal(kill(child, number), 0);
}

static int start_service_that_waits(void **state)
{
    char limits[64];
    (void)state;
    snprintf(limits, sizeof limits, "rate = 0; handshake_deadline_ms = %d;", DEADLINE_MS);
    mesh_service_start(&service, limits, "");
    return 0;
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool comes_in(void)
{
    struct web web;
    bool does = web_try(
        &web, service.front.port, service.front.certificate, "NORMAL:-VERS-ALL:+VERS-TLS1.3");
    web_close(&web);
    return does;
}

/* The library serves others in the thread that waits for a signature: it waits once. */
static void a_custodian_that_hangs_holds_nobody_up_who_is_connected(void **state)
{
    enum { MANY = 40 }; /* that have to wait for a deadline each, or for one all together */
    struct web_answer answer;
    (void)state;
    signal_custodian(SIGSTOP);
    double began = now_s();
    for (size_t i = 0; i < MANY; i++)
        assert_false(comes_in());
    web_post(&alice.web, "{}", 2, &answer);
    double took = now_s() - began;
    signal_custodian(SIGCONT);
    assert_int_equal(answer.status, 400);
    web_answer_done(&answer);
    print_message("%d in %.1f s\n", MANY, took);
    assert_true(took < MANY / 2.0 * DEADLINE_MS / 1000);
    while (!comes_in()) /* it is noticed */
        usleep(10000);
    says_hello(&alice.web);
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
        CASE(a_start_says_what_is_wrong_with_certificate_and_key),
        CASE(a_custodian_that_hangs_holds_nobody_up_who_is_connected),
        CASE(without_its_tls_key_nobody_new_comes_in_and_who_is_there_stays),
        cmocka_unit_test(nobody_is_asked_for_a_certificate),
        CASE(hello_shows_the_service_and_its_host),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, start_service_that_waits, stop_service);
}
