/* SPDX-License-Identifier: Apache-2.0 */
/* Whom one end of a connection takes for whom, and what it takes for a frame. */
#include "tests/support/cmocka.h"

#include "custodian/tls/frame.h"
#include "tests/support/tls_files.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEADLINE_MS 20000

static char folder[] = "/tmp/kc-tls-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    kc_tls_make_authority(folder, "authority");
    kc_tls_make_certificate(folder, "authority", "exact", "peer.test", KC_TLS_VALID);
    kc_tls_make_certificate(folder, "authority", "wildcard", "*.test", KC_TLS_VALID);
    kc_tls_make_certificate(folder, "authority", "peer.test", NULL, KC_TLS_VALID);
    return 0;
}

static int tear_down(void **state)
{
    char command[64];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command); /* NOLINT(cert-env33-c): a fixed command */
}

static const char *client_list, *server_list; /* of revocations; NULL: none */

static enum kc_error load(const char *name, bool serves, struct kc_tls **tls)
{
    struct kc_config_tls files = {.revocations = ""};
    const char *list = serves ? server_list : client_list;
    if (list)
        snprintf(files.revocations, sizeof files.revocations, "%s/%s.pem", folder, list);
    const char *problem;
    snprintf(files.certificate, sizeof files.certificate, "%s/%s.pem", folder, name);
    snprintf(files.key, sizeof files.key, "%s/%s.key", folder, name);
    snprintf(files.authorities, sizeof files.authorities, "%s/authority.pem", folder);
    return kc_tls_new(&files, serves, tls, &problem);
}

/* --- names --- */

struct server {
    const char *name;
    int listening;
    bool knows_peer; /* the other side's certificate has the name peer.test */
};

static void *serve(void *context)
{
    struct server *server = context;
    struct kc_tls *tls;
    struct kc_tls_link *link;
    int64_t deadline = kc_tls_now_ms() + DEADLINE_MS;
    if (load(server->name, true, &tls) != KC_OK)
        abort();
    int socket = accept4(server->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (kc_tls_accept(tls, socket, deadline, &link) == KC_OK) {
        server->knows_peer = kc_tls_link_has_name(link, "peer.test");
        if (kc_tls_greet(link, KC_GREETING_SERVED, deadline) != KC_OK)
            abort();
        kc_tls_link_free(link);
    }
    kc_tls_free(tls);
    return NULL;
}

/* What connecting to a server that shows `shown` gives who shows `own` and wants peer.test. */
static enum kc_error meet(const char *own, const char *shown, bool *knows_peer)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct server server = {.name = shown};
    struct kc_tls *tls;
    struct kc_tls_link *link = NULL;
    pthread_t thread;
    server.listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server.listening, (const struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server.listening, 1), 0);
    assert_int_equal(getsockname(server.listening, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(pthread_create(&thread, NULL, serve, &server), 0);
    assert_int_equal(load(own, false, &tls), KC_OK);
    enum kc_error error = kc_tls_connect(tls, "127.0.0.1", ntohs(address.sin_port), "peer.test",
        kc_tls_now_ms() + DEADLINE_MS, &link);
    if (error == KC_OK)
        kc_tls_link_free(link);
    assert_int_equal(pthread_join(thread, NULL), 0);
    kc_tls_free(tls);
    close(server.listening);
    *knows_peer = server.knows_peer;
    return error;
}

static void a_name_is_that_of_the_certificate_in_full(void **state)
{
    (void)state;
    bool known;
    assert_int_equal(meet("exact", "exact", &known), KC_OK);
    assert_true(known);
    assert_int_equal(meet("wildcard", "exact", &known), KC_OK);
    assert_false(known); /* a wildcard names nobody */
    assert_int_equal(meet("peer.test", "exact", &known), KC_OK);
    assert_false(known); /* nor does a common name */
    assert_int_equal(meet("exact", "wildcard", &known), KC_ERR_PEER_NAME);
    assert_int_equal(meet("exact", "peer.test", &known), KC_ERR_PEER_NAME);
}

/* --- revocations --- */

static void a_certificate_is_taken_as_long_as_a_list_of_now_has_it_not(void **state)
{
    static const struct {
        const char *client_list, *server_list;
        enum kc_error error; /* of who connects */
    } rows[] = {
        {"none-revoked", "none-revoked", KC_OK}, {"wildcard-revoked", NULL, KC_OK}, /* another's */
        {"exact-revoked", NULL, KC_ERR_PEER_REVOKED}, {NULL, "exact-revoked", KC_ERR_PEER_DENIED},
        {"expired", NULL, KC_ERR_PEER_REVOKED}, {NULL, "expired", KC_ERR_PEER_DENIED},
        {"strangers", NULL, KC_ERR_PEER_REVOKED}, /* of no authority of ours, whatever it has */
    };
    bool known;
    (void)state;
    kc_tls_make_authority(folder, "stranger");
    kc_tls_revoke(folder, "authority", "none-revoked", NULL, KC_TLS_VALID);
    kc_tls_revoke(folder, "authority", "exact-revoked", "exact", KC_TLS_VALID);
    kc_tls_revoke(folder, "authority", "wildcard-revoked", "wildcard", KC_TLS_VALID);
    kc_tls_revoke(folder, "authority", "expired", NULL, KC_TLS_EXPIRED);
    kc_tls_revoke(folder, "stranger", "strangers", NULL, KC_TLS_VALID);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        client_list = rows[i].client_list;
        server_list = rows[i].server_list;
        enum kc_error error = meet("exact", "exact", &known);
        if (error != rows[i].error)
            fail_msg("row %zu: %s", i, kc_error_name(error));
    }
    client_list = server_list = NULL;
}

static void a_file_without_a_list_of_revocations_is_refused(void **state)
{
    static const char *const files[] = {"authority", "exact", "nowhere", "half"};
    char command[256];
    struct kc_tls *tls = NULL;
    (void)state;
    kc_tls_revoke(folder, "authority", "whole", NULL, KC_TLS_VALID);
    snprintf(command, sizeof command,
        "cd '%s' && { cat whole.pem; head -n 3 whole.pem; } >half.pem", folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a fixed command */
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        server_list = files[i];
        assert_int_equal(load("exact", true, &tls), KC_ERR_CONFIG);
    }
    server_list = NULL;
}

/* --- the key's file --- */

static void a_key_is_for_its_owner_alone_to_read(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0660, 0644};
    char path[64];
    struct kc_tls *tls = NULL;
    (void)state;
    snprintf(path, sizeof path, "%s/exact.key", folder);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_int_equal(load("exact", true, &tls), KC_ERR_CONFIG_PERMISSIONS);
    }
    assert_int_equal(chmod(path, 0400), 0);
    assert_int_equal(load("exact", true, &tls), KC_OK);
    kc_tls_free(tls);
}

static void a_key_of_another_certificate_is_none(void **state)
{
    struct kc_config_tls files = {.revocations = ""};
    struct kc_tls *tls = NULL;
    const char *problem = NULL;
    (void)state;
    snprintf(files.certificate, sizeof files.certificate, "%s/exact.pem", folder);
    snprintf(files.key, sizeof files.key, "%s/wildcard.key", folder);
    snprintf(files.authorities, sizeof files.authorities, "%s/authority.pem", folder);
    assert_int_equal(kc_tls_new(&files, true, &tls, &problem), KC_ERR_CONFIG);
    assert_ptr_equal(problem, files.key);
}

/* --- frames --- */

static void a_head_is_within_all_limits_or_none(void **state)
{
    static const struct {
        uint8_t bytes[KC_FRAME_HEAD_SIZE];
        enum kc_error error;
    } heads[] = {
        {{0, 0, 0, 1}, KC_OK},
        {{0, 1, 0, 0}, KC_OK},
        {{0, 0, 0, 1, 1, 0, 4, 0, 0}, KC_OK},
        {{0, 0, 0, 1, 4}, KC_OK},
        {{0}, KC_ERR_BAD_REQUEST},
        {{0, 1, 0, 1}, KC_ERR_BAD_REQUEST},
        {{0, 0, 0, 1, 1, 0, 4, 0, 1}, KC_ERR_BAD_REQUEST},
        {{0, 0, 0, 1, 5}, KC_ERR_BAD_REQUEST},
        {{0, 0, 0, 1, 0, 0, 0, 0, 1}, KC_ERR_BAD_REQUEST},
    };
    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        struct kc_frame_head head;
        assert_int_equal(kc_frame_head_read(heads[i].bytes, &head), heads[i].error);
    }
}

/* A remote that could have its questions passed on would ask where it may not. */
static void contributions_alone_are_carried_and_to_no_third(void **state)
{
    static const enum kc_operation carried[] = {KC_OPERATION_SIGNATURE_CONTRIBUTE,
        KC_OPERATION_AGREEMENT_CONTRIBUTE, KC_OPERATION_FROST_COMMIT, KC_OPERATION_FROST_CONTRIBUTE,
        KC_OPERATION_FROST_ABORT};
    (void)state;
    for (enum kc_operation operation = 0; operation < KC_OPERATIONS; operation++) {
        struct kc_message request;
        bool expected = false;
        for (size_t i = 0; i < sizeof carried / sizeof *carried; i++)
            expected = expected || carried[i] == operation;
        kc_message_init(&request, operation);
        assert_int_equal(kc_is_carried(&request), expected);
        kc_values_set_text(&request.values, KC_FIELD_PEER_NAME, "a third");
        assert_false(kc_is_carried(&request));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_that_of_the_certificate_in_full),
        cmocka_unit_test(a_certificate_is_taken_as_long_as_a_list_of_now_has_it_not),
        cmocka_unit_test(a_file_without_a_list_of_revocations_is_refused),
        cmocka_unit_test(a_key_is_for_its_owner_alone_to_read),
        cmocka_unit_test(a_key_of_another_certificate_is_none),
        cmocka_unit_test(a_head_is_within_all_limits_or_none),
        cmocka_unit_test(contributions_alone_are_carried_and_to_no_third),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
