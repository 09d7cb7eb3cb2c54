/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two custodians that reach each other over TLS: each way in which the one that is asked can fail,
 * or is somebody else, has its error; and who is not one of the remotes gets nothing of the one that
 * listens.
 */
#include "custodian/tls/frame.h"
#include "proto/socket/cbor.h"
#include "tests/daemon/view.h"
#include "tests/fault/client.h"
#include "tests/fault/fake_peer.h"
#include "tests/fault/processes.h"
#include "tests/fault/settings.h"
#include "tests/support/port.h"
#include "tests/support/tls_files.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct kc_custodian device, service;
static struct kc_client *at_device, *at_service;
static struct split split;
static unsigned port;      /* of the service */
static unsigned fake_port; /* of whoever stands in for it */

/* --- settings --- */

static void restart(struct kc_custodian *custodian, const char *settings)
{
    kc_custodian_stop(custodian);
    change_settings(custodian, "/^tls\\|^peers\\|^listen/d", settings);
    kc_custodian_start(custodian);
}

/* The device shows `own`, trusts `authority`, and expects `name` at the port. */
static void point_device(const char *own, const char *authority, const char *name, unsigned at)
{
    char tls[512], settings[1024];
    kc_tls_settings(tls, sizeof tls, service.folder, own, authority);
    snprintf(settings, sizeof settings,
        "%speers = ( { name = \"service\"; address = \"127.0.0.1\"; port = %u; "
        "certificate_name = \"%s\"; keyrings = [ \"home\" ]; deadline_ms = %d; } );\n",
        tls, at, name, PEER_DEADLINE_MS);
    restart(&device, settings);
}

static void point_device_right(void)
{
    point_device("device", "authority", "service.test", port);
}

/* The service shows `own`, and sees device.test as a user: of the couriers' rule, or of none. */
static void listen_as(const char *own, unsigned user)
{
    char tls[512], settings[1024];
    kc_tls_settings(tls, sizeof tls, service.folder, own, "authority");
    snprintf(settings, sizeof settings,
        "%slisten = { address = \"127.0.0.1\"; port = %u; connections = 2; remotes = ( "
        "{ certificate_name = \"other.test\"; user = 64810; }, "
        "{ certificate_name = \"device.test\"; user = %u; connections = 2; } ); };\n",
        tls, port, user);
    restart(&service, settings);
}

#define COURIERS 64804
#define NOBODY 64810

static enum kc_error use(void)
{
    enum kc_error error;
    do
        error = use_key(at_device, &split.first);
    while (error == KC_ERR_CONNECTION_LOST); /* of a device that was restarted */
    return error;
}

static int set_up(void **state)
{
    struct key wrap, whole;
    (void)state;
    kc_custodian_init(&device, "\"home\"");
    kc_custodian_init(&service, "\"home\"");
    port = kc_test_own_port();
    fake_port = kc_test_own_port();
    kc_tls_make_authority(service.folder, "authority");
    kc_tls_make_authority(service.folder, "stranger");
    kc_tls_make_certificate(service.folder, "authority", "service", "service.test", KC_TLS_VALID);
    kc_tls_make_certificate(
        service.folder, "authority", "expired-service", "service.test", KC_TLS_EXPIRED);
    kc_tls_make_certificate(service.folder, "authority", "device", "device.test", KC_TLS_VALID);
    kc_tls_make_certificate(
        service.folder, "authority", "expired-device", "device.test", KC_TLS_EXPIRED);
    kc_tls_make_certificate(service.folder, "authority", "unnamed", "unnamed.test", KC_TLS_VALID);
    kc_tls_make_certificate(
        service.folder, "stranger", "strange-device", "device.test", KC_TLS_VALID);
    listen_as("service", COURIERS);
    point_device_right();
    at_device = connect_to(&device);
    at_service = connect_to(&service);
    set_pin(at_device);
    enrol_service(at_device, at_service, &wrap);
    assert_answer(generate(at_device, "Ed25519", "application", "wrapped", "tls", &whole), KC_OK);
    assert_answer(split_key(at_device, &whole, wrap.id, &split), KC_OK);
    assert_answer(accept_share(at_service, wrap.id, "tls", &split), KC_OK);
    assert_answer(use(), KC_OK);
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

/* --- whom the device asks --- */

static void a_port_where_nobody_listens_is_an_absent_peer(void **state)
{
    (void)state;
    point_device("device", "authority", "service.test", fake_port);
    assert_answer(use(), KC_ERR_PEER_ABSENT);
}

static void a_certificate_of_another_name_is_not_the_peers(void **state)
{
    (void)state;
    point_device("device", "authority", "another.test", port);
    assert_answer(use(), KC_ERR_PEER_NAME);
    point_device("device", "authority", "test", port);
    assert_answer(use(), KC_ERR_PEER_NAME);
}

static void a_certificate_of_an_unknown_authority_is_not_the_peers(void **state)
{
    (void)state;
    point_device("device", "stranger", "service.test", port);
    assert_answer(use(), KC_ERR_PEER_AUTHORITY);
}

static void an_expired_certificate_is_told_until_it_is_renewed_by_a_reload(void **state)
{
    (void)state;
    listen_as("expired-service", COURIERS);
    point_device_right();
    assert_answer(use(), KC_ERR_PEER_EXPIRED);

    pid_t listener = kc_view_process(&service, "custodian-listener");
    assert_true(shell("sed -i s/expired-service/service/g %s", service.config));
    kill(service.pid, SIGHUP);
    (void)kc_view_wait_for_process(&service, "custodian-listener", listener);
    enum kc_error error;
    do /* it listens again, but its vault may come a little later */
        error = use();
    while (error == KC_ERR_PEER_ABSENT || error == KC_ERR_PEER_CUT || error == KC_ERR_PEER_REFUSED);
    assert_answer(error, KC_OK);
}

/* What stands at the peer's address, and what the device says of it. */
static const struct {
    enum fake_peer_manner manner;
    enum kc_error error;
} fakes[] = {
    {FAKE_SILENT, KC_ERR_PEER_LATE},
    {FAKE_SAYS_GOODBYE, KC_ERR_PEER_CUT},
    {FAKE_PLAIN_TEXT, KC_ERR_PEER_TLS},
    {FAKE_OLD_TLS, KC_ERR_PEER_TLS},
    {FAKE_UNGREETING, KC_ERR_PEER_LATE},
    {FAKE_ABSENT, KC_ERR_PEER_ABSENT},
    {FAKE_HALF_CLOSED, KC_ERR_PEER_CUT},
    {FAKE_SLOW, KC_ERR_PEER_LATE},
    {FAKE_TALKS_RUBBISH, KC_ERR_PEER_REFUSED},
    {FAKE_ANSWERS_OTHER, KC_ERR_PEER_REFUSED},
};

/* Those that are late, for which it waits for a short time, or those that are not. */
static void try_fakes(bool late)
{
    point_device("device", "authority", "service.test", fake_port);
    if (late)
        set_peer_deadline(&device, &at_device, "service", PEER_LATE_MS);
    for (size_t i = 0; i < sizeof fakes / sizeof *fakes; i++) {
        if ((fakes[i].error == KC_ERR_PEER_LATE) != late)
            continue;
        struct fake_peer *fake =
            fake_peer_start(fakes[i].manner, fake_port, service.folder, "service");
        enum kc_error first = use(), second = use();
        fake_peer_stop(fake);
        if (first != fakes[i].error || second != fakes[i].error)
            fail_msg("manner %zu: %s, then %s", i, kc_error_name(first), kc_error_name(second));
    }
}

static void each_way_of_a_peer_to_fail_has_its_error_and_none_holds_the_next_caller_up(void **state)
{
    (void)state;
    try_fakes(true);
    try_fakes(false);
    point_device_right();
    assert_answer(use(), KC_OK);
}

/* --- whom the service serves --- */

static void a_device_of_an_unknown_authority_is_denied(void **state)
{
    (void)state;
    point_device("strange-device", "authority", "service.test", port);
    assert_answer(use(), KC_ERR_PEER_DENIED);
}

static void a_device_whose_certificate_has_expired_is_denied(void **state)
{
    (void)state;
    point_device("expired-device", "authority", "service.test", port);
    assert_answer(use(), KC_ERR_PEER_DENIED);
}

static void a_device_that_is_none_of_the_remotes_is_denied(void **state)
{
    (void)state;
    point_device("unnamed", "authority", "service.test", port);
    assert_answer(use(), KC_ERR_PEER_DENIED);
    point_device_right();
    assert_answer(use(), KC_OK);
}

static void a_remote_may_what_the_policy_gives_its_user(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip(); /* all are the same user */
    listen_as("service", NOBODY);
    assert_answer(use(), KC_ERR_PEER_REFUSED);
    listen_as("service", COURIERS);
    assert_answer(use(), KC_OK);
}

static void a_remote_that_asks_more_often_than_it_may_is_told_so(void **state)
{
    char tls[512], settings[1024];
    (void)state;
    kc_tls_settings(tls, sizeof tls, service.folder, "service", "authority");
    snprintf(settings, sizeof settings,
        "%slisten = { address = \"127.0.0.1\"; port = %u; remotes = ( "
        "{ certificate_name = \"device.test\"; user = %u; rate = 1; } ); };\n",
        tls, port, COURIERS);
    restart(&service, settings);
    size_t tries = 0; /* of which a new minute may let one more through */
    enum kc_error error;
    while ((error = use()) == KC_OK && tries < 10)
        tries++;
    assert_answer(error, KC_ERR_PEER_REFUSED);
    listen_as("service", COURIERS);
    assert_answer(use(), KC_OK);
}

/* A connection of the test's own, as the device's. */
static struct kc_tls_link *connect_as_device(void)
{
    struct kc_config_tls files = {.revocations = ""};
    struct kc_tls *tls;
    struct kc_tls_link *link;
    const char *problem;
    snprintf(files.certificate, sizeof files.certificate, "%s/device.pem", service.folder);
    snprintf(files.key, sizeof files.key, "%s/device.key", service.folder);
    snprintf(files.authorities, sizeof files.authorities, "%s/authority.pem", service.folder);
    assert_int_equal(kc_tls_new(&files, false, &tls, &problem), KC_OK);
    assert_answer(kc_tls_connect(tls, "127.0.0.1", (uint16_t)port, "service.test",
                      kc_tls_now_ms() + DEADLINE_MS, &link),
        KC_OK);
    kc_tls_free(tls);
    return link;
}

/* What the service says to these octets: nothing, and ends the connection. */
static void is_cut_off(const uint8_t *octets, size_t size)
{
    uint8_t octet;
    struct kc_tls_link *link = connect_as_device();
    int64_t deadline = kc_tls_now_ms() + DEADLINE_MS;
    assert_answer(kc_tls_link_write(link, octets, size, deadline), KC_OK);
    assert_answer(kc_tls_link_read(link, &octet, 1, deadline), KC_ERR_PEER_CUT);
    kc_tls_link_free(link);
}

static void asks_nothing(enum kc_operation operation)
{
    uint8_t frame[KC_FRAME_HEAD_SIZE + 256] = {0};
    struct kc_message message;
    size_t size = 0;
    kc_message_init(&message, operation);
    message.id = 1;
    assert_int_equal(
        kc_cbor_request_encode(&message, frame + KC_FRAME_HEAD_SIZE, 256, &size), KC_OK);
    frame[3] = (uint8_t)size;
    is_cut_off(frame, KC_FRAME_HEAD_SIZE + size);
}

static void a_remote_that_asks_for_more_than_contributions_is_cut_off(void **state)
{
    (void)state;
    asks_nothing(KC_OPERATION_PING);
    asks_nothing(KC_OPERATION_STATUS);
    assert_answer(use(), KC_OK);
}

static void a_remote_that_sends_what_is_no_request_is_cut_off(void **state)
{
    static const uint8_t heads[][KC_FRAME_HEAD_SIZE] = {
        {0},                         /* no message */
        {0, 1, 0, 1},                /* longer than any */
        {0, 0, 0, 1, 2},             /* more octet strings than a request has */
        {0, 0, 0, 1, 5},             /* more than there can be */
        {0, 0, 0, 1, 1, 0, 4, 0, 1}, /* longer than any */
        {0, 0, 0, 1, 0, 0, 0, 0, 1}, /* of none a size */
        {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, /* everything at once */
    };
    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        is_cut_off(heads[i], sizeof heads[i]);
    uint8_t rubbish[KC_FRAME_HEAD_SIZE + 200] = {0, 0, 0, 200};
    memset(rubbish + KC_FRAME_HEAD_SIZE, 0xa5, 200);
    is_cut_off(rubbish, sizeof rubbish);
    assert_answer(use(), KC_OK);
}

/* Both workers are taken; each is free again when its time for a handshake is over. */
static void who_connects_and_says_nothing_is_cut_off_and_others_are_served_then(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct pollfd silent[2];
    char octet;
    (void)state;
    set_peer_deadline(&device, &at_device, "service", PEER_LATE_MS);
    listen_as("service", COURIERS); /* nobody is connected */
    for (size_t i = 0; i < 2; i++) {
        silent[i] =
            (struct pollfd){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .events = POLLIN};
        assert_int_equal(
            connect(silent[i].fd, (const struct sockaddr *)&address, sizeof address), 0);
    }
    assert_answer(use(), KC_ERR_PEER_LATE);
    set_peer_deadline(&device, &at_device, "service", PEER_DEADLINE_MS);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(poll(&silent[i], 1, DEADLINE_MS), 1);
        assert_true(read(silent[i].fd, &octet, 1) <= 0);
        close(silent[i].fd);
    }
    assert_answer(use(), KC_OK);
}

/* --- the process --- */

static void the_listener_has_no_more_rights_than_it_needs(void **state)
{
    (void)state;
    pid_t pid = kc_view_process(&service, "custodian-listener");
    assert_true(kc_view_status_has(pid, "Seccomp:\t2"));
    assert_true(kc_view_status_has(pid, "NoNewPrivs:\t1"));
    assert_true(kc_view_status_has(pid, "CapEff:\t0000000000000000"));
    if (geteuid() == 0)
        assert_true(kc_view_status_has(pid, "Uid:\t64805\t64805\t64805\t64805"));
    assert_false(kc_view_has_descriptor(pid, "/store"));
    assert_true(kc_view_count_descriptors(pid) < 16);
}

static void a_listener_that_dies_is_replaced(void **state)
{
    (void)state;
    pid_t listener = kc_view_process(&service, "custodian-listener");
    kill(listener, SIGKILL);
    (void)kc_view_wait_for_process(&service, "custodian-listener", listener);
    enum kc_error error;
    do
        error = use();
    while (error == KC_ERR_PEER_ABSENT || error == KC_ERR_PEER_CUT);
    assert_answer(error, KC_OK);
}

static void a_key_that_others_may_read_is_not_used(void **state)
{
    (void)state;
    kc_custodian_stop(&service);
    assert_true(shell("chmod 0640 %s/service.key", service.folder));
    struct run run = run_daemon(&service, "");
    assert_int_equal(run.status, KC_CLASS_CONFIG);
    assert_non_null(strstr(run.output, "config-permissions"));
    assert_true(shell("chmod 0600 %s/service.key", service.folder));
    kc_custodian_start(&service);
    assert_answer(use(), KC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_where_nobody_listens_is_an_absent_peer),
        cmocka_unit_test(a_certificate_of_another_name_is_not_the_peers),
        cmocka_unit_test(a_certificate_of_an_unknown_authority_is_not_the_peers),
        cmocka_unit_test(an_expired_certificate_is_told_until_it_is_renewed_by_a_reload),
        cmocka_unit_test(
            each_way_of_a_peer_to_fail_has_its_error_and_none_holds_the_next_caller_up),
        cmocka_unit_test(a_device_of_an_unknown_authority_is_denied),
        cmocka_unit_test(a_device_whose_certificate_has_expired_is_denied),
        cmocka_unit_test(a_device_that_is_none_of_the_remotes_is_denied),
        cmocka_unit_test(a_remote_may_what_the_policy_gives_its_user),
        cmocka_unit_test(a_remote_that_asks_more_often_than_it_may_is_told_so),
        cmocka_unit_test(a_remote_that_asks_for_more_than_contributions_is_cut_off),
        cmocka_unit_test(a_remote_that_sends_what_is_no_request_is_cut_off),
        cmocka_unit_test(who_connects_and_says_nothing_is_cut_off_and_others_are_served_then),
        cmocka_unit_test(the_listener_has_no_more_rights_than_it_needs),
        cmocka_unit_test(a_listener_that_dies_is_replaced),
        cmocka_unit_test(a_key_that_others_may_read_is_not_used),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
