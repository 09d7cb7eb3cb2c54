/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile messages and descriptors through the real socket: the right code, everybody else served,
 * and no descriptor left in desk or vault.
 */
#include "tests/fault/client.h"
#include "tests/fault/processes.h"
#include "tests/fault/raw.h"
#include "tests/socket/malformed.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS_LIMIT 256 /* the default */
#define WAITING_CLIENTS 8

static struct kc_custodian custodian;
static struct kc_client *client;
static struct key key;
static pid_t desk, vault;

static int set_up(void **state)
{
    (void)state;
    struct rlimit few;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &few), 0);
    few.rlim_cur = 1024; /* as most hosts have it; what needs more has to ask */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    kc_custodian_init(&custodian, "\"home\"");
    client = connect_to(&custodian);
    assert_answer(generate(client, "Ed25519", "application", "wrapped", "key", &key), KC_OK);
    desk = find_process(&custodian, DESK);
    vault = find_process(&custodian, VAULT);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kc_client_free(client);
    kc_custodian_done(&custodian);
    return 0;
}

/* --- nothing is left --- */

static size_t connections(void)
{
    struct kc_client_answer *answer;
    assert_answer(ASK_NOTHING(client, STATUS, &answer), KC_OK);
    size_t count = value_of(answer, KC_FIELD_CONNECTIONS)->number;
    kc_client_answer_free(answer);
    return count;
}

static bool holds(pid_t pid, size_t descriptors)
{
    return geteuid() != 0 || count_descriptors(pid) <= descriptors;
}

/* What was answered is cleaned up after the answer: so it is asked for again, but not for ever. */
static void assert_rests(size_t desk_descriptors, size_t vault_descriptors)
{
    int asked = 0;
    while (connections() > 1 || !holds(desk, desk_descriptors) || !holds(vault, vault_descriptors))
        assert_true(asked++ < 10000);
    assert_answer(use_key(client, &key), KC_OK);
    assert_int_equal(find_process(&custodian, DESK), desk);
    assert_int_equal(find_process(&custodian, VAULT), vault);
}

static int unread; /* the other end of a lingering connection */
static size_t before_desk = SIZE_MAX, before_vault = SIZE_MAX;

/* Keeps the least that was seen: the last answer's may still have to be closed. */
static void note(pid_t pid, size_t *least)
{
    size_t count = geteuid() == 0 ? count_descriptors(pid) : 0;
    if (count < *least)
        *least = count;
}

static int note_descriptors(void **state)
{
    (void)state;
    assert_int_equal(connections(), 1);
    note(desk, &before_desk);
    note(vault, &before_vault);
    return 0;
}

static int compare_descriptors(void **state)
{
    (void)state;
    assert_rests(before_desk, before_vault);
    return 0;
}

/* --- messages --- */

static void a_malformed_message_ends_just_its_connection(void **state)
{
    (void)state;
    for (size_t i = 0; malformed_at(i); i++) {
        const struct malformed *row = malformed_at(i);
        int hostile = raw_connect(&custodian);
        if (row->size > 0 && row->size <= KC_MESSAGE_SIZE_MAX) {
            raw_send(hostile, row->bytes, row->size, NULL, 0);
            enum kc_error error = raw_answer(hostile);
            if (error != row->error)
                fail_msg("%s: %s", row->name, kc_error_name(error));
        }
        close(hostile);
    }
    assert_answer(use_key(client, &key), KC_OK);
}

static void an_empty_message_ends_its_connection(void **state)
{
    (void)state;
    int hostile = raw_connect(&custodian);
    raw_send(hostile, "", 0, NULL, 0);
    assert_answer(raw_answer(hostile), KC_ERR_CONNECTION_LOST);
    close(hostile);
}

static void every_cut_of_a_message_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[256];
    size_t whole = raw_ping(7, bytes);
    for (size_t size = 1; size < whole; size++) {
        int hostile = raw_connect(&custodian);
        raw_send(hostile, bytes, size, NULL, 0);
        assert_answer(raw_answer(hostile), KC_ERR_BAD_REQUEST);
        assert_answer(raw_answer(hostile), KC_ERR_CONNECTION_LOST);
        close(hostile);
    }
}

static void a_message_above_the_limit_is_too_large(void **state)
{
    (void)state;
    int hostile = raw_connect(&custodian);
    uint8_t *bytes = calloc(1, KC_MESSAGE_SIZE_MAX + 1);
    raw_send(hostile, bytes, KC_MESSAGE_SIZE_MAX + 1, NULL, 0);
    assert_answer(raw_answer(hostile), KC_ERR_TOO_LARGE);
    free(bytes);
    close(hostile);
}

/* --- quantities --- */

/* The answer to the first of them waits for a turn that does not come, so the rest stays unread. */
static void the_sixty_fifth_request_is_unread_until_one_is_answered(void **state)
{
    (void)state;
    uint8_t bytes[256];
    int greedy = raw_connect(&custodian);
    size_t sent = 0;
    while (raw_try_send(greedy, bytes, raw_ping(sent + 1, bytes)))
        sent++;
    assert_true(sent > KC_IN_FLIGHT_MAX);
    for (size_t i = 0; i < sent; i++) {
        assert_answer(raw_answer(greedy), KC_OK);
        if (i == 0)
            assert_answer(use_key(client, &key), KC_OK);
    }
    close(greedy);
}

/* Who does not read his answers is not read from either, and costs a bounded room. */
static void a_client_that_does_not_read_is_not_read_from(void **state)
{
    (void)state;
    uint8_t bytes[256];
    int slow = raw_connect(&custodian);
    int small = 1;
    size_t sent = 0, answers = 0;
    assert_int_equal(setsockopt(slow, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    for (int quiet = 0; quiet < 50; quiet++)
        while (raw_try_send(slow, bytes, raw_ping(sent + 1, bytes))) {
            sent++;
            quiet = 0;
            assert_true(sent < 100000); /* somewhere it has to stop */
            assert_answer(ASK_NOTHING(client, PING, NULL), KC_OK);
        }
    assert_answer(use_key(client, &key), KC_OK);
    for (; answers < sent; answers++)
        assert_answer(raw_answer(slow), KC_OK);
    close(slow);
}

static void connections_beyond_the_limit_are_refused(void **state)
{
    (void)state;
    static int crowd[CLIENTS_LIMIT + 20];
    uint8_t bytes[256];
    size_t size = raw_ping(1, bytes), served = 0, refused = 0;
    for (size_t i = 0; i < sizeof crowd / sizeof *crowd; i++) {
        crowd[i] = raw_connect(&custodian);
        (void)raw_try_send(crowd[i], bytes, size);
        enum kc_error error = raw_answer(crowd[i]);
        served += error == KC_OK;
        refused += error == KC_ERR_LIMIT;
    }
    assert_int_equal(served, CLIENTS_LIMIT - 1); /* the test's own is one of them */
    assert_int_equal(refused, 21);
    assert_answer(use_key(client, &key), KC_OK);
    for (size_t i = 0; i < sizeof crowd / sizeof *crowd; i++)
        close(crowd[i]);
}

static void thousands_come_and_go(void **state)
{
    (void)state;
    uint8_t bytes[256];
    size_t size = raw_ping(1, bytes);
    for (int i = 0; i < 3000; i++) {
        int one = raw_connect(&custodian);
        if (i % 3 != 0)
            (void)raw_try_send(one, bytes, size);
        if (i % 3 == 2) {
            enum kc_error error = raw_answer(one);
            assert_true(error == KC_OK || error == KC_ERR_LIMIT);
        }
        close(one);
    }
}

/* --- descriptors --- */

static enum kc_error sign_passed(int descriptor)
{
    struct kc_client_request request;
    struct kc_client_answer *answer = NULL;
    kc_client_request_init(&request, KC_OPERATION_KEY_SIGN);
    give(&request, (const struct given[]){TEXT(KEY, key.id), {KC_FIELDS, NULL, 0}});
    kc_values_set_passed(&request.message.values, KC_FIELD_MESSAGE, 0);
    request.descriptors.fd[request.descriptors.count++] = descriptor;
    enum kc_error error = kc_client_call(client, &request, DEADLINE_MS, &answer);
    kc_client_answer_free(answer);
    kc_client_request_done(&request);
    return error;
}

static int make_memfd(off_t size, int seals)
{
    int made = memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(ftruncate(made, size), 0);
    if (seals != 0)
        assert_int_equal(fcntl(made, F_ADD_SEALS, seals), 0);
    return made;
}

#define SEALED (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK)

static void what_is_no_sealed_memfd_is_refused(void **state)
{
    (void)state;
    int both[2], pair[2];
    static const int partly[] = {0, F_SEAL_WRITE, F_SEAL_GROW | F_SEAL_SHRINK,
        F_SEAL_WRITE | F_SEAL_GROW, F_SEAL_WRITE | F_SEAL_SHRINK};
    for (size_t i = 0; i < sizeof partly / sizeof *partly; i++)
        assert_answer(sign_passed(make_memfd(100, partly[i])), KC_ERR_BAD_ARGUMENT);
    assert_answer(sign_passed(open("/dev/zero", O_RDWR | O_CLOEXEC)), KC_ERR_BAD_ARGUMENT);
    assert_answer(sign_passed(open("/dev/urandom", O_RDONLY | O_CLOEXEC)), KC_ERR_BAD_ARGUMENT);
    assert_answer(sign_passed(open("/proc/self/mem", O_RDWR | O_CLOEXEC)), KC_ERR_BAD_ARGUMENT);
    assert_answer(sign_passed(open("/", O_PATH | O_CLOEXEC)), KC_ERR_BAD_ARGUMENT);
    assert_answer(sign_passed(open(custodian.config, O_PATH | O_CLOEXEC)), KC_ERR_BAD_ARGUMENT);
    assert_answer(
        sign_passed(open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(pipe2(both, O_CLOEXEC), 0);
    assert_answer(sign_passed(both[0]), KC_ERR_BAD_ARGUMENT);
    assert_answer(sign_passed(both[1]), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    assert_answer(sign_passed(pair[0]), KC_ERR_BAD_ARGUMENT);
    close(pair[1]);
    assert_answer(sign_passed(raw_connect(&custodian)), KC_ERR_BAD_ARGUMENT);
    assert_answer(sign_passed(make_memfd(100, SEALED)), KC_OK);
}

static void a_memfd_above_the_limit_is_too_large(void **state)
{
    (void)state;
    assert_answer(sign_passed(make_memfd(KC_DATA_SIZE_MAX, SEALED)), KC_OK);
    assert_answer(sign_passed(make_memfd(KC_DATA_SIZE_MAX + 1, SEALED)), KC_ERR_BAD_ARGUMENT);
    assert_answer(sign_passed(make_memfd((off_t)1 << 40, SEALED)), KC_ERR_BAD_ARGUMENT);
}

static void more_descriptors_than_a_message_may_have_end_its_connection(void **state)
{
    (void)state;
    uint8_t bytes[256];
    int flood[64], null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    size_t size = raw_ping(1, bytes);
    for (size_t i = 0; i < 64; i++)
        flood[i] = null;
    for (size_t count = KC_DESCRIPTORS_MAX + 1; count <= 64; count++) {
        int hostile = raw_connect(&custodian);
        raw_send(hostile, bytes, size, flood, count);
        assert_answer(raw_answer(hostile), KC_ERR_BAD_REQUEST);
        close(hostile);
    }
    close(null);
}

/* Descriptors that nobody asked for, with messages good and bad, read and unread. */
static void descriptors_that_come_along_are_closed(void **state)
{
    (void)state;
    uint8_t bytes[256];
    size_t size = raw_ping(1, bytes);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int four[KC_DESCRIPTORS_MAX] = {null, null, null, null};
    for (int i = 0; i < 200; i++) {
        int hostile = raw_connect(&custodian);
        for (int j = 0; j < 8; j++)
            raw_send(hostile, bytes, size, four, KC_DESCRIPTORS_MAX);
        if (i % 2 == 0)
            for (int j = 0; j < 8; j++)
                assert_answer(raw_answer(hostile), KC_OK);
        close(hostile);
    }
    int hostile = raw_connect(&custodian);
    raw_send(hostile, "\xff", 1, four, KC_DESCRIPTORS_MAX);
    assert_answer(raw_answer(hostile), KC_ERR_BAD_REQUEST);
    close(hostile);
    close(null);
}

/* A connection with octets that nobody reads: whoever closes it last waits as long as it says. */
static int make_lingering(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct linger long_time = {.l_onoff = 1, .l_linger = 60};
    static uint8_t octets[65536];
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(connect(made, (struct sockaddr *)&address, sizeof address), 0);
    unread = listener;
    while (send(made, octets, sizeof octets, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
        continue;
    assert_int_equal(setsockopt(made, SOL_SOCKET, SO_LINGER, &long_time, sizeof long_time), 0);
    return made;
}

/* The same in the queue of a socket: closing that one closes it. */
static int hide_in_queue(int lingering)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    raw_send(pair[0], "x", 1, &lingering, 1);
    close(lingering);
    close(pair[0]);
    return pair[1];
}

/* Passed as one, as too many, hidden, and in a message that is never read. */
static void a_descriptor_that_is_slow_to_close_holds_nobody_up(void **state)
{
    (void)state;
    uint8_t bytes[256];
    size_t size = raw_ping(1, bytes);
    for (int i = 0; i < 16; i++) {
        int hostile = raw_connect(&custodian), lingering = make_lingering();
        if (i % 4 == 2)
            lingering = hide_in_queue(lingering);
        const int many[] = {lingering, lingering, lingering, lingering, lingering, lingering};
        /* The desk takes it when it is nobody's any more: who closes it last is the one who waits. */
        assert_int_equal(kill(desk, SIGSTOP), 0);
        raw_send(hostile, bytes, size, many, i % 4 == 1 ? 6 : 1);
        close(lingering);
        assert_int_equal(kill(desk, SIGCONT), 0);
        if (i % 4 != 3)
            assert_answer(raw_answer(hostile), i % 4 == 1 ? KC_ERR_BAD_REQUEST : KC_OK);
        close(hostile);
        assert_answer(use_key(client, &key), KC_OK);
        close(unread);
    }
}

/* Callers who wait for a share's turn keep their descriptors with them, in the vault. */
static void a_crowd_that_waits_with_descriptors_ends_nobody(void **state)
{
    (void)state;
    struct key whole;
    char recipient[65];
    struct split split;
    struct kc_client *waiting[WAITING_CLIENTS];
    struct kc_client_request request;
    uint64_t id;
    set_pin(client);
    enrol_nobody(client, recipient);
    assert_answer(generate(client, "Ed25519", "application", "wrapped", "split", &whole), KC_OK);
    assert_answer(split_key(client, &whole, recipient, &split), KC_OK);
    kc_client_request_init(&request, KC_OPERATION_SIGNATURE_COMMIT);
    give(&request, (const struct given[]){TEXT(KEY, split.first.id), {KC_FIELDS, NULL, 0}});
    kc_values_set_passed(&request.message.values, KC_FIELD_MESSAGE, 0);
    while (request.descriptors.count < KC_DESCRIPTORS_MAX)
        request.descriptors.fd[request.descriptors.count++] = make_memfd(100, SEALED);
    for (size_t i = 0; i < WAITING_CLIENTS; i++) {
        waiting[i] = connect_to(&custodian);
        for (size_t j = 1; j < KC_IN_FLIGHT_MAX; j++)
            assert_answer(kc_client_send(waiting[i], &request, DEADLINE_MS, &id), KC_OK);
        assert_answer(ASK_NOTHING(waiting[i], PING, NULL), KC_OK); /* the vault has all of them */
    }
    assert_answer(use_key(client, &key), KC_OK);
    for (size_t i = 0; i < WAITING_CLIENTS; i++)
        kc_client_free(waiting[i]);
    kc_client_request_done(&request);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, note_descriptors, compare_descriptors)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_malformed_message_ends_just_its_connection),
        CASE(an_empty_message_ends_its_connection),
        CASE(every_cut_of_a_message_is_refused),
        CASE(a_message_above_the_limit_is_too_large),
        CASE(the_sixty_fifth_request_is_unread_until_one_is_answered),
        CASE(a_client_that_does_not_read_is_not_read_from),
        CASE(connections_beyond_the_limit_are_refused),
        CASE(thousands_come_and_go),
        CASE(what_is_no_sealed_memfd_is_refused),
        CASE(a_memfd_above_the_limit_is_too_large),
        CASE(more_descriptors_than_a_message_may_have_end_its_connection),
        CASE(descriptors_that_come_along_are_closed),
        CASE(a_descriptor_that_is_slow_to_close_holds_nobody_up),
        CASE(a_crowd_that_waits_with_descriptors_ends_nobody),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
