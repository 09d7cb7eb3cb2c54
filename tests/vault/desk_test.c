/* SPDX-License-Identifier: Apache-2.0 */
/* A desk that lies in every field gains nothing. */
#include "tests/vault/bench.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct ask sign_ask(const char *key)
{
    struct ask ask = ask_new(KC_OPERATION_KEY_SIGN);
    ask_text(&ask, KC_FIELD_KEY, key);
    ask_octets(&ask, KC_FIELD_MESSAGE, "m", 1);
    return ask;
}

/* --- records --- */

/* What the desk sends in place of the request's own records. */
static uint8_t forged[KC_RECORD_SIZE_MAX];
static size_t forged_size;

static void send_forged(struct bench *bench, struct kc_vault_message *request)
{
    (void)bench;
    if (request->message.operation != KC_OPERATION_KEY_SIGN)
        return;
    request->records[0] = (struct kc_span){forged, forged_size};
    request->record_count = 1;
}

static void forge(const struct kc_record *record)
{
    struct kc_writer w;
    kc_writer_init(&w, forged, sizeof forged);
    kc_record_pack(&w, record);
    assert_int_equal(kc_writer_finish(&w), KC_OK);
    forged_size = w.size;
}

static enum kc_error sign_with_forged(struct bench *bench, const char *key)
{
    struct ask ask = sign_ask(key);
    struct answer *answer = bench_ask(bench, &ask);
    enum kc_error error = answer->error;
    answer_done(answer);
    return error;
}

static void a_record_with_any_octet_changed_is_refused_and_no_other(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    char *other = bench_generate(bench, "Ed25519", "application", "b");
    bench->lie = send_forged;
    forge(bench_record(bench, KC_KIND_KEY, key));
    for (size_t i = 0; i < forged_size; i++) {
        for (int bit = 0; bit < 8; bit += 7) {
            forged[i] ^= (uint8_t)(1 << bit);
            enum kc_error error = sign_with_forged(bench, key);
            assert_true(error == KC_ERR_RECORD_DAMAGED || error == KC_ERR_REFUSED);
            forged[i] ^= (uint8_t)(1 << bit);
        }
    }
    assert_int_equal(sign_with_forged(bench, key), KC_OK);
    bench->lie = NULL;
    bench_expect_sign(bench, other, KC_OK);
    free(other);
    free(key);
}

static void a_record_cut_short_anywhere_is_refused(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "X25519", "wrap", "a");
    bench->lie = send_forged;
    forge(bench_record(bench, KC_KIND_KEY, key));
    for (size_t size = forged_size; forged_size-- > 0 && size > 0;)
        assert_int_equal(sign_with_forged(bench, key), KC_ERR_RECORD_DAMAGED);
    free(key);
}

static void another_keys_record_is_not_taken_for_this_one(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    char *other = bench_generate(bench, "Ed25519", "application", "b");
    bench->lie = send_forged;
    forge(bench_record(bench, KC_KIND_KEY, other));
    bench_expect_sign(bench, key, KC_ERR_RECORD_DAMAGED); /* it is there, and was not sent */
    struct kc_record renamed = *bench_record(bench, KC_KIND_KEY, other);
    memcpy(renamed.id, bench_record(bench, KC_KIND_KEY, key)->id, sizeof renamed.id);
    forge(&renamed);
    bench_expect_sign(bench, key, KC_ERR_RECORD_DAMAGED);
    struct kc_record swapped = *bench_record(bench, KC_KIND_KEY, key);
    memcpy(swapped.secret, bench_record(bench, KC_KIND_KEY, other)->secret, sizeof swapped.secret);
    memcpy(swapped.seal, bench_record(bench, KC_KIND_KEY, other)->seal, sizeof swapped.seal);
    forge(&swapped);
    bench_expect_sign(bench, key, KC_ERR_RECORD_DAMAGED);
    free(other);
    free(key);
}

static void another_vaults_record_is_refused(void **state)
{
    struct bench *bench = *state, *other = bench_new();
    char *key = bench_generate(other, "Ed25519", "application", "a");
    char *own = bench_generate(bench, "Ed25519", "application", "a");
    bench->lie = send_forged;
    forge(bench_record(other, KC_KIND_KEY, key));
    bench_expect_sign(bench, key, KC_ERR_RECORD_DAMAGED);
    bench_free(other);
    free(own);
    free(key);
}

static void a_revoked_key_stays_revoked_whatever_the_store_holds(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    struct kc_record active = *bench_record(bench, KC_KIND_KEY, key);
    bench_expect_sign(bench, key, KC_OK);
    struct ask disable = key_ask(KC_OPERATION_KEY_DISABLE, key);
    bench_expect(bench, &disable, KC_OK);
    *bench_record(bench, KC_KIND_KEY, key) = active;
    bench_expect_sign(bench, key, KC_ERR_RECORD_DAMAGED);
    free(key);
}

static void a_destroyed_key_seen_after_a_restart_stays_destroyed(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    struct kc_record active = *bench_record(bench, KC_KIND_KEY, key);
    struct ask destroy = key_ask(KC_OPERATION_KEY_DESTROY, key);
    bench_expect(bench, &destroy, KC_OK);
    bench_restart(bench);
    struct ask show = key_ask(KC_OPERATION_KEY_SHOW, key);
    bench_expect(bench, &show, KC_OK);
    *bench_record(bench, KC_KIND_KEY, key) = active;
    bench_expect_sign(bench, key, KC_ERR_RECORD_DAMAGED);
    free(key);
}

static void a_change_said_to_be_stored_but_not_stored_holds(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    bench->lies_about_storing = true;
    struct ask destroy = key_ask(KC_OPERATION_KEY_DESTROY, key);
    bench_expect(bench, &destroy, KC_OK);
    bench_expect_sign(bench, key, KC_ERR_RECORD_DAMAGED);
    free(key);
}

/* Two changes of one version would let the desk choose: the second is refused before it is made. */
static void of_two_changes_at_the_same_time_one_is_made(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    bench->holds_stored = true;
    struct ask disable = key_ask(KC_OPERATION_KEY_DISABLE, key);
    struct ask destroy = key_ask(KC_OPERATION_KEY_DESTROY, key);
    uint64_t first = bench_send(bench, &disable), second = bench_send(bench, &destroy);
    struct answer *refused = bench_take(bench, second);
    assert_non_null(refused);
    assert_int_equal(refused->error, KC_ERR_CONFLICT);
    answer_done(refused);
    bench_expect_sign(bench, key, KC_OK);
    bench->holds_stored = false;
    bench_pump(bench);
    answer_done(bench_take(bench, first));
    bench_expect_sign(bench, key, KC_ERR_REFUSED);
    free(key);
}

static struct kc_record unstored;

static void keep_commit(struct bench *bench)
{
    static struct kc_vault_message message;
    assert_int_equal(bench->queued, 1);
    assert_int_equal(
        kc_vault_message_unpack(bench->queue[0].bytes, bench->queue[0].size, NULL, &message),
        KC_OK);
    assert_int_equal(message.type, KC_VAULT_COMMIT);
    assert_int_equal(kc_record_unpack(message.records[0], &unstored), KC_OK);
}

/* A change whose storing failed is worth nothing, though the desk kept it. */
static void a_change_that_failed_is_never_believed(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    struct ask disable = key_ask(KC_OPERATION_KEY_DISABLE, key);
    bench->holds_stored = true;
    uint64_t ticket = bench_send(bench, &disable);
    keep_commit(bench);
    bench->holds_stored = false;
    bench->store_error = KC_ERR_STORE_FULL;
    bench_pump(bench);
    struct answer *answer = bench_take(bench, ticket);
    assert_int_equal(answer->error, KC_ERR_STORE_FULL);
    answer_done(answer);
    bench->store_error = KC_OK;
    struct ask destroy = key_ask(KC_OPERATION_KEY_DESTROY, key);
    bench_expect(bench, &destroy, KC_OK);
    *bench_record(bench, KC_KIND_KEY, key) = unstored;
    struct ask enable = key_ask(KC_OPERATION_KEY_ENABLE, key);
    bench_expect(bench, &enable, KC_ERR_RECORD_DAMAGED);
    free(key);
}

/* The desk read the record, and another request changed it before this one came. */
static struct kc_record read_before;

static void send_old_once(struct bench *bench, struct kc_vault_message *request)
{
    static uint8_t packed[KC_RECORD_SIZE_MAX];
    struct kc_writer w;
    kc_writer_init(&w, packed, sizeof packed);
    kc_record_pack(&w, &read_before);
    if (request->id_count == 0)
        request->records[0] = (struct kc_span){packed, w.size};
    (void)bench;
}

static void a_record_read_too_early_is_asked_for_again(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    read_before = *bench_record(bench, KC_KIND_KEY, key);
    struct ask disable = key_ask(KC_OPERATION_KEY_DISABLE, key);
    bench_expect(bench, &disable, KC_OK);
    struct ask enable = key_ask(KC_OPERATION_KEY_ENABLE, key);
    bench_expect(bench, &enable, KC_OK);
    bench->lie = send_old_once;
    bench_expect_sign(bench, key, KC_OK);
    free(key);
}

static void hide_all(struct bench *bench, struct kc_vault_message *request)
{
    (void)bench;
    request->record_count = 0;
}

static void hiding_the_vaults_record_opens_nothing(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    bench_restart(bench);
    bench->lie = hide_all;
    struct ask ask = key_ask(KC_OPERATION_KEY_SHOW, key);
    bench_expect(bench, &ask, KC_ERR_ROOT_HEAD_TAKEN); /* no second store on this root */
    bench->lie = NULL;
    bench_expect_sign(bench, key, KC_OK);
    bench_restart(bench);
    bench_expect_sign(bench, key, KC_OK);
    free(key);
}

static void the_vaults_own_record_with_any_octet_changed_is_refused(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    struct kc_record *own = bench_record(bench, KC_KIND_VAULT, KC_RECORD_ID_VAULT);
    struct kc_record good = *own;
    uint8_t *const fields[] = {own->seal, own->mac, &own->has_operator, &own->role,
        (uint8_t *)own->label, (uint8_t *)&own->created, (uint8_t *)&own->version};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        bench_restart(bench);
        *fields[i] ^= 1;
        bench_expect_sign(bench, key, KC_ERR_RECORD_DAMAGED);
        *own = good;
    }
    bench_expect_sign(bench, key, KC_OK);
    free(key);
}

/* The vault compares a record that it has used before, and does not compute its MAC again. */
static void a_key_in_use_with_any_octet_of_its_record_changed_is_refused(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    struct kc_record *stored = bench_record(bench, KC_KIND_KEY, key);
    struct kc_record good = *stored;
    uint8_t *const fields[] = {(uint8_t *)stored->label, (uint8_t *)stored->keyring,
        (uint8_t *)stored->account, &stored->role, &stored->use, &stored->state, &stored->dealer,
        stored->public_key, stored->group_public, stored->peer_public, stored->seal, stored->secret,
        stored->mac, (uint8_t *)&stored->created, (uint8_t *)&stored->expiry};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        bench_expect_sign(bench, key, KC_OK);
        *fields[i] ^= 1;
        bench_expect_sign(bench, key, KC_ERR_RECORD_DAMAGED);
        *stored = good;
    }
    bench_expect_sign(bench, key, KC_OK);
    free(key);
}

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
    struct ask ask = sign_ask("MAAA");
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
    struct ask ask = sign_ask(key);
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
        CASE(a_record_with_any_octet_changed_is_refused_and_no_other),
        CASE(a_record_cut_short_anywhere_is_refused),
        CASE(another_keys_record_is_not_taken_for_this_one),
        CASE(another_vaults_record_is_refused),
        CASE(a_revoked_key_stays_revoked_whatever_the_store_holds),
        CASE(a_destroyed_key_seen_after_a_restart_stays_destroyed),
        CASE(a_change_said_to_be_stored_but_not_stored_holds),
        CASE(of_two_changes_at_the_same_time_one_is_made),
        CASE(a_change_that_failed_is_never_believed),
        CASE(a_record_read_too_early_is_asked_for_again),
        CASE(hiding_the_vaults_record_opens_nothing),
        CASE(the_vaults_own_record_with_any_octet_changed_is_refused),
        CASE(a_key_in_use_with_any_octet_of_its_record_changed_is_refused),
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
