/* SPDX-License-Identifier: Apache-2.0 */
/* A desk that lies about connections and requests gains nothing. */
#include "tests/vault/bench.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* --- connections --- */

static enum kc_error give(struct bench *bench, struct kc_vault_message *message, int descriptor)
{
    static uint8_t packet[KC_VAULT_MESSAGE_MAX];
    struct kc_descriptors d = {.fd = {descriptor}, .count = descriptor >= 0};
    struct kc_writer w;
    kc_writer_init(&w, packet, sizeof packet);
    assert_int_equal(kc_vault_message_pack(&w, message), KC_OK);
    return kc_vault_receive(bench->vault, kc_vault_desk(bench->vault), packet, w.size, &d);
}

static enum kc_error connect_as(struct bench *bench, uint64_t connection, int descriptor)
{
    static struct kc_vault_message message;
    message.type = KC_VAULT_CONNECT;
    message.connection = connection;
    return give(bench, &message, descriptor);
}

static void expect_no_credentials(struct bench *bench, int descriptor)
{
    static uint64_t next = 1000;
    uint64_t honest = bench->connection;
    assert_int_equal(connect_as(bench, ++next, descriptor), KC_OK);
    bench->connection = next;
    struct ask ping = ask_new(KC_OPERATION_PING);
    bench_expect(bench, &ping, KC_ERR_REFUSED);
    bench->connection = honest;
}

static void an_unknown_connection_is_refused(void **state)
{
    struct bench *bench = *state;
    uint64_t honest = bench->connection;
    bench->connection = 4711;
    struct ask ping = ask_new(KC_OPERATION_PING);
    bench_expect(bench, &ping, KC_ERR_REFUSED);
    bench->connection = honest;
    struct ask again = ask_new(KC_OPERATION_PING);
    bench_expect(bench, &again, KC_OK);
}

/* The desk waits for it before it sends a request: whatever became of the CONNECT. */
static void a_connection_is_acknowledged(void **state)
{
    struct bench *bench = *state;
    static struct kc_vault_message message;
    bench_pump(bench);
    size_t before = bench->queued;
    assert_int_equal(connect_as(bench, 4711, dup(bench->listener)), KC_OK);
    assert_int_equal(bench->queued, before + 1);
    const struct sent *sent = &bench->queue[before];
    assert_int_equal(kc_vault_message_unpack(sent->bytes, sent->size, NULL, &message), KC_OK);
    assert_int_equal(message.type, KC_VAULT_CONNECTED);
    assert_true(message.connection == 4711);
}

/* Its peer would be a server, and a server's credentials would be taken for a client's. */
static void a_socket_that_was_connected_to_a_server_is_no_client(void **state)
{
    struct bench *bench = *state;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    memcpy(name.sun_path, bench->config.socket, sizeof name.sun_path);
    int outwards = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    assert_int_equal(connect(outwards, (struct sockaddr *)&name, sizeof name), 0);
    expect_no_credentials(bench, outwards);
}

static void what_is_not_a_connection_accepted_here_is_no_client(void **state)
{
    struct bench *bench = *state;
    int pair[2], stream[2], pipes[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, stream), 0);
    assert_int_equal(pipe(pipes), 0);
    expect_no_credentials(bench, pair[0]);
    expect_no_credentials(bench, stream[0]);
    expect_no_credentials(bench, pipes[0]);
    expect_no_credentials(bench, dup(bench->listener));
    expect_no_credentials(bench, socket(AF_INET, SOCK_STREAM, 0));
    close(pair[1]);
    close(stream[1]);
    close(pipes[1]);
}

static void a_connection_accepted_at_another_path_is_no_client(void **state)
{
    struct bench *bench = *state, *other = bench_new();
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    memcpy(name.sun_path, other->config.socket, sizeof name.sun_path);
    int client = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&name, sizeof name), 0);
    expect_no_credentials(bench, accept(other->listener, NULL, NULL));
    close(client);
    bench_free(other);
}

static void a_connection_cannot_become_another_client(void **state)
{
    struct bench *bench = *state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    assert_int_equal(connect_as(bench, bench->connection, pair[0]), KC_ERR_BAD_REQUEST);
    close(pair[1]);
}

static void a_disconnected_client_has_no_credentials(void **state)
{
    struct bench *bench = *state;
    static struct kc_vault_message message;
    message.type = KC_VAULT_DISCONNECT;
    message.connection = bench->connection;
    assert_int_equal(give(bench, &message, -1), KC_OK);
    struct ask ping = ask_new(KC_OPERATION_PING);
    bench_expect(bench, &ping, KC_ERR_REFUSED);
}

/* --- requests --- */

static void the_policy_is_the_vaults_to_apply(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    bench->rules[0].anyone = false;
    bench->rules[0].users[0] = getuid() + 1;
    bench->rules[0].user_count = 1;
    bench_expect_sign(bench, key, KC_ERR_REFUSED);
    bench->rules[0].users[0] = getuid();
    bench_expect_sign(bench, key, KC_OK);
    bench->rules[0].roles = 1u << KC_ROLE_SHARE;
    bench_expect_sign(bench, key, KC_ERR_REFUSED);
    bench->rules[0].roles = UINT32_MAX;
    bench->rules[0].keyrings = 2;
    bench_expect_sign(bench, key, KC_ERR_REFUSED);
    bench->rules[0].keyrings = 1;
    bench_allow_only(bench, KC_OPERATION_KEY_SHOW);
    bench_expect_sign(bench, key, KC_ERR_REFUSED);
    free(key);
}

static void a_request_that_the_desk_should_have_refused_is_refused(void **state)
{
    struct bench *bench = *state;
    struct ask without_key = ask_new(KC_OPERATION_KEY_SIGN);
    bench_expect(bench, &without_key, KC_ERR_BAD_REQUEST);
    struct ask with_more = ask_new(KC_OPERATION_PING);
    ask_text(&with_more, KC_FIELD_KEY, "x");
    bench_expect(bench, &with_more, KC_ERR_BAD_REQUEST);
    struct ask too_much = ask_new(KC_OPERATION_RANDOM);
    ask_number(&too_much, KC_FIELD_SIZE, 0);
    bench_expect(bench, &too_much, KC_ERR_BAD_ARGUMENT);
}

static void a_malformed_packet_ends_the_process(void **state)
{
    struct bench *bench = *state;
    static struct kc_vault_message message;
    static const uint8_t unknown_type[] = {99}, nothing[1];
    struct kc_descriptors none = {.count = 0};
    uint64_t desk = kc_vault_desk(bench->vault);
    assert_int_equal(
        kc_vault_receive(bench->vault, desk, unknown_type, 1, &none), KC_ERR_BAD_REQUEST);
    assert_int_equal(kc_vault_receive(bench->vault, desk, nothing, 0, &none), KC_ERR_BAD_REQUEST);
    message.type = KC_VAULT_STORED;
    message.ticket = 4711;
    assert_int_equal(give(bench, &message, -1), KC_ERR_BAD_REQUEST);
    message.type = KC_VAULT_NEED;
    assert_int_equal(give(bench, &message, -1), KC_ERR_BAD_REQUEST);
    message.type = KC_VAULT_CONNECT;
    assert_int_equal(give(bench, &message, -1), KC_ERR_BAD_REQUEST);
}

static void every_cut_of_a_request_is_malformed(void **state)
{
    struct bench *bench = *state;
    static struct kc_vault_message message;
    static uint8_t packet[4096];
    struct kc_writer w;
    struct ask ask = message_ask(KC_OPERATION_KEY_SIGN, "MAAA", "m");
    message.type = KC_VAULT_REQUEST;
    message.ticket = 1;
    message.message = ask.message;
    message.ids[0] = (struct kc_span){(const uint8_t *)"vault", 5};
    message.id_count = 1;
    message.records[0] = (struct kc_span){(const uint8_t *)"record", 6};
    message.record_count = 1;
    kc_writer_init(&w, packet, sizeof packet);
    assert_int_equal(kc_vault_message_pack(&w, &message), KC_OK);
    for (size_t size = 0; size <= w.size + 1; size++) {
        struct kc_descriptors none = {.count = 0};
        enum kc_error error =
            kc_vault_receive(bench->vault, kc_vault_desk(bench->vault), packet, size, &none);
        assert_int_equal(error, size == w.size ? KC_OK : KC_ERR_BAD_REQUEST);
    }
}

static void a_packet_of_several_requests_is_done_in_order(void **state)
{
    struct bench *bench = *state;
    static struct kc_vault_message message;
    static uint8_t packet[4096];
    struct kc_descriptors none = {.count = 0};
    struct kc_writer w;
    struct ask ping = ask_new(KC_OPERATION_PING);
    message.type = KC_VAULT_REQUEST;
    message.connection = bench->connection;
    message.message = ping.message;
    kc_writer_init(&w, packet, sizeof packet);
    for (message.ticket = 1; message.ticket <= 3; message.ticket++)
        assert_int_equal(kc_vault_message_pack(&w, &message), KC_OK);
    uint64_t desk = kc_vault_desk(bench->vault);
    assert_int_equal(kc_vault_receive(bench->vault, desk, packet, w.size, &none), KC_OK);
    assert_int_equal(bench->queued, 3);
    for (uint64_t ticket = 1; ticket <= 3; ticket++) {
        const struct sent *sent = &bench->queue[ticket - 1];
        assert_int_equal(kc_vault_message_unpack(sent->bytes, sent->size, NULL, &message), KC_OK);
        assert_true(message.ticket == ticket);
    }
    packet[w.size] = 99; /* no such type */
    assert_int_equal(
        kc_vault_receive(bench->vault, desk, packet, w.size + 1, &none), KC_ERR_BAD_REQUEST);
}

static void a_packet_of_a_desk_that_is_gone_is_dropped(void **state)
{
    struct bench *bench = *state;
    static struct kc_vault_message message;
    static uint8_t packet[64];
    struct kc_writer w;
    struct kc_descriptors none = {.count = 0};
    message.type = KC_VAULT_STORED;
    kc_writer_init(&w, packet, sizeof packet);
    assert_int_equal(kc_vault_message_pack(&w, &message), KC_OK);
    uint64_t old = kc_vault_desk(bench->vault);
    kc_vault_desk_gone(bench->vault);
    assert_int_equal(kc_vault_receive(bench->vault, old, packet, w.size, &none), KC_OK);
}

static void lose_desk(struct bench *bench)
{
    bench->during_root = NULL;
    kc_vault_desk_gone(bench->vault);
}

/* The next desk has tickets of its own: it would give this answer to another client. */
static void an_answer_made_while_the_desk_died_is_sent_to_nobody(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    bench->during_root = lose_desk;
    struct ask ask = message_ask(KC_OPERATION_KEY_SIGN, key, "m");
    uint64_t ticket = bench_send(bench, &ask);
    assert_null(bench->during_root);
    assert_null(bench_take(bench, ticket));
    close(bench->client);
    bench_connect(bench);
    bench_expect_sign(bench, key, KC_OK);
    bench->during_root = lose_desk;
    struct ask make = ask_new(KC_OPERATION_KEY_GENERATE);
    ask_text(&make, KC_FIELD_ALGORITHM, "Ed25519");
    ask_text(&make, KC_FIELD_KEYRING, "main");
    ask_text(&make, KC_FIELD_LABEL, "b");
    bench_send(bench, &make);
    assert_int_equal(bench->queued, 0);
    free(key);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_unknown_connection_is_refused),
        CASE(a_connection_is_acknowledged),
        CASE(a_socket_that_was_connected_to_a_server_is_no_client),
        CASE(what_is_not_a_connection_accepted_here_is_no_client),
        CASE(a_connection_accepted_at_another_path_is_no_client),
        CASE(a_connection_cannot_become_another_client),
        CASE(a_disconnected_client_has_no_credentials),
        CASE(the_policy_is_the_vaults_to_apply),
        CASE(a_request_that_the_desk_should_have_refused_is_refused),
        CASE(a_malformed_packet_ends_the_process),
        CASE(every_cut_of_a_request_is_malformed),
        CASE(a_packet_of_several_requests_is_done_in_order),
        CASE(a_packet_of_a_desk_that_is_gone_is_dropped),
        CASE(an_answer_made_while_the_desk_died_is_sent_to_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
