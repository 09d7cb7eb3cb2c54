/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device whose keys have their other shares at a service: the ordinary operations use them, and
 * say what is wrong when the service cannot be asked.
 */
#include "tests/daemon/view.h"
#include "tests/fault/client.h"
#include "tests/fault/settings.h"
#include "tests/support/tls_files.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct kc_custodian device, service;
static bool over_tls;
static char tls_settings[1024]; /* the device's */
static struct kc_client *at_device, *at_service;
static struct key wrap;
static char recipient[65];

static void start_with_peer(void)
{
    char line[256];
    snprintf(line, sizeof line,
        "peers = ( { name = \"service\"; socket = \"%s\"; keyrings = [ \"home\" ]; "
        "deadline_ms = %d; } );\n",
        service.socket, PEER_DEADLINE_MS);
    kc_custodian_stop(&device);
    change_settings(&device, "/^tls\\|^peers/d", over_tls ? tls_settings : line);
    kc_custodian_start(&device);
}

/* The same way over TLS, if the program is told so. */
static void listen_for_tls(void)
{
    char line[1024];
    if (!over_tls)
        return;
    kc_tls_pair(&service, PEER_DEADLINE_MS, line, tls_settings);
    kc_custodian_stop(&service);
    change_settings(&service, "", line);
    kc_custodian_start(&service);
}

static void start_without_peer(void)
{
    kc_custodian_stop(&device);
    change_settings(&device, "/^tls\\|^peers/d", "");
    kc_custodian_start(&device);
}

static int set_up(void **state)
{
    (void)state;
    kc_custodian_init(&device, "\"home\", \"work\"");
    kc_custodian_init(&service, "\"home\"");
    listen_for_tls();
    start_with_peer();
    at_device = connect_to(&device);
    at_service = connect_to(&service);
    set_pin(at_device);
    enrol_service(at_device, at_service, &wrap);
    snprintf(recipient, sizeof recipient, "%s", wrap.id);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kc_client_free(at_device);
    kc_client_free(at_service);
    kc_custodian_done(&device);
    kc_custodian_done(&service);
    return 0;
}

/* A key, split between device and service. */
static struct split make_split(const char *algorithm, const char *role, const char *label)
{
    struct key whole;
    struct split split;
    assert_answer(generate(at_device, algorithm, role, "wrapped", label, &whole), KC_OK);
    assert_answer(split_key(at_device, &whole, recipient, &split), KC_OK);
    assert_answer(accept_share(at_service, wrap.id, label, &split), KC_OK);
    return split;
}

/* --- in order --- */

static void a_split_key_signs_and_agrees_as_if_it_were_whole(void **state)
{
    static const char *const algorithms[] = {"Ed25519", "Ed448", "X25519", "X448"};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct split split = make_split(algorithms[i], "application", algorithms[i]);
        for (int again = 0; again < 3; again++)
            assert_answer(use_key(at_device, &split.first), KC_OK);
    }
}

static void a_message_in_a_descriptor_reaches_the_service(void **state)
{
    static uint8_t large[100000];
    struct kc_client_answer *signature;
    (void)state;
    struct split split = make_split("Ed25519", "application", "large");
    large[99999] = 1;
    assert_answer(ASK(at_device, KEY_SIGN, &signature, TEXT(KEY, split.first.id),
                      OCTETS(MESSAGE, large, sizeof large)),
        KC_OK); /* it was verified before it was given */
    assert_int_equal(value_of(signature, KC_FIELD_SIGNATURE)->span.size, 64);
    kc_client_answer_free(signature);
}

static struct split shared;

static void *sign_some(void *failures)
{
    struct kc_client *client = connect_to(&device);
    for (int i = 0; i < 5; i++)
        if (ASK(client, KEY_SIGN, NULL, TEXT(KEY, shared.first.id), OCTETS(MESSAGE, "hurry", 5)) !=
            KC_OK)
            ++*(int *)failures;
    kc_client_free(client);
    return NULL;
}

static void callers_of_one_share_take_turns(void **state)
{
    pthread_t threads[8];
    int failures[8] = {0};
    (void)state;
    shared = make_split("Ed25519", "application", "turns");
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, sign_some, &failures[i]), 0);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(failures[i], 0);
    }
}

/* --- refused --- */

static void an_account_key_signs_nothing_raw_split_or_not(void **state)
{
    (void)state;
    struct split split = make_split("Ed448", "account", "account");
    assert_answer(use_key(at_device, &split.first), KC_ERR_REFUSED);
}

static void the_service_cannot_make_the_device_its_helper(void **state)
{
    (void)state;
    struct split split = make_split("Ed448", "application", "one way");
    assert_answer(use_key(at_service, &split.service), KC_ERR_REFUSED);
}

static void says_that_no_peer_is_configured(void **state)
{
    (void)state;
    struct split split = make_split("Ed25519", "application", "unset");
    start_without_peer();
    assert_answer(use_key(at_device, &split.first), KC_ERR_CONNECTION_LOST);
    assert_int_equal(kc_view_process(&device, "custodian-courier"), 0);
    assert_answer(use_key(at_device, &split.first), KC_ERR_PEER_UNSET);
    start_with_peer();
    assert_answer(use_key(at_device, &split.first), KC_ERR_CONNECTION_LOST);
    assert_answer(use_key(at_device, &split.first), KC_OK);
}

static void says_what_the_peer_refused(void **state)
{
    struct kc_client_request request;
    struct kc_client_answer *answer;
    (void)state;
    struct split split = make_split("Ed25519", "application", "disabled");
    assert_answer(ASK(at_service, KEY_DISABLE, NULL, TEXT(KEY, split.service.id)), KC_OK);
    kc_client_request_init(&request, KC_OPERATION_KEY_SIGN);
    give(&request, (const struct given[]){
                       TEXT(KEY, split.first.id), OCTETS(MESSAGE, "no", 2), {KC_FIELDS, NULL, 0}});
    assert_answer(kc_client_call(at_device, &request, DEADLINE_MS, &answer), KC_ERR_PEER_REFUSED);
    assert_true(
        kc_values_text_is(&kc_client_answer_message(answer)->values, KC_FIELD_DETAIL, "refused"));
    kc_client_answer_free(answer);
    kc_client_request_done(&request);
    assert_answer(ASK(at_service, KEY_ENABLE, NULL, TEXT(KEY, split.service.id)), KC_OK);
    assert_answer(use_key(at_device, &split.first), KC_OK);
}

/* --- failing --- */

static void an_absent_peer_is_told_and_used_again_when_it_is_back(void **state)
{
    (void)state;
    struct split split = make_split("Ed25519", "application", "absent");
    kc_custodian_stop(&service);
    assert_answer(use_key(at_device, &split.first), KC_ERR_PEER_ABSENT);
    assert_answer(use_key(at_device, &split.first), KC_ERR_PEER_ABSENT);
    kc_custodian_start(&service);
    assert_answer(use_key(at_device, &split.first), KC_OK);
    assert_answer(ASK_NOTHING(at_service, PING, NULL), KC_ERR_CONNECTION_LOST);
}

static void a_silent_peer_is_late_and_the_next_caller_gets_his_turn(void **state)
{
    (void)state;
    struct split split = make_split("Ed448", "application", "late");
    enum kc_error error;
    set_peer_deadline(&device, &at_device, "service", PEER_LATE_MS);
    pid_t desk = kc_view_process(&service, "custodian-desk");
    kill(desk, SIGSTOP);
    assert_answer(use_key(at_device, &split.first), KC_ERR_PEER_LATE);
    kill(desk, SIGCONT);
    do /* on a busy machine the next ones may be late too */
        error = use_key(at_device, &split.first);
    while (error == KC_ERR_PEER_LATE);
    assert_answer(error, KC_OK);
    set_peer_deadline(&device, &at_device, "service", PEER_DEADLINE_MS);
}

static void a_courier_that_dies_is_replaced(void **state)
{
    (void)state;
    struct split split = make_split("X25519", "application", "courier");
    pid_t courier = kc_view_process(&device, "custodian-courier");
    assert_true(courier > 0);
    kill(courier, SIGKILL);
    (void)kc_view_wait_for_process(&device, "custodian-courier", courier);
    enum kc_error error = use_key(at_device, &split.first);
    assert_true(error == KC_OK || error == KC_ERR_PEER_ABSENT);
    while (error == KC_ERR_PEER_ABSENT) /* it has not taken its place yet */
        error = use_key(at_device, &split.first);
    assert_answer(error, KC_OK);
}

static void a_desk_that_dies_leaves_the_courier_its_work(void **state)
{
    (void)state;
    struct split split = make_split("X448", "application", "desk");
    pid_t desk = kc_view_process(&device, "custodian-desk");
    kill(desk, SIGKILL);
    (void)kc_view_wait_for_process(&device, "custodian-desk", desk);
    enum kc_error error;
    do
        error = use_key(at_device, &split.first);
    while (error == KC_ERR_CONNECTION_LOST || error == KC_ERR_DAEMON_ABSENT);
    assert_answer(error, KC_OK);
}

static void the_courier_has_no_more_rights_than_it_needs(void **state)
{
    (void)state;
    pid_t pid = kc_view_process(&device, "custodian-courier");
    assert_true(kc_view_status_has(pid, "Seccomp:\t2"));
    assert_true(kc_view_status_has(pid, "NoNewPrivs:\t1"));
    assert_true(kc_view_status_has(pid, "CapEff:\t0000000000000000"));
    if (geteuid() == 0)
        assert_true(kc_view_status_has(pid, "Uid:\t64804\t64804\t64804\t64804"));
    assert_false(kc_view_has_descriptor(pid, "/store"));
    assert_true(kc_view_count_descriptors(pid) < 16);
}

int main(int count, char **arguments)
{
    over_tls = count > 1 && strcmp(arguments[1], "tls") == 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_split_key_signs_and_agrees_as_if_it_were_whole),
        cmocka_unit_test(a_message_in_a_descriptor_reaches_the_service),
        cmocka_unit_test(callers_of_one_share_take_turns),
        cmocka_unit_test(an_account_key_signs_nothing_raw_split_or_not),
        cmocka_unit_test(the_service_cannot_make_the_device_its_helper),
        cmocka_unit_test(says_that_no_peer_is_configured),
        cmocka_unit_test(says_what_the_peer_refused),
        cmocka_unit_test(an_absent_peer_is_told_and_used_again_when_it_is_back),
        cmocka_unit_test(a_silent_peer_is_late_and_the_next_caller_gets_his_turn),
        cmocka_unit_test(a_courier_that_dies_is_replaced),
        cmocka_unit_test(a_desk_that_dies_leaves_the_courier_its_work),
        cmocka_unit_test(the_courier_has_no_more_rights_than_it_needs),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
