/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/daemon/desk_fixture.h"

#include "custodian/process.h"
#include "tests/support/cmocka.h"

#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct kc_test_answer answer;

/* --- carrying --- */

static void answers_a_ping_to_itself_without_the_vault(void **state)
{
    struct kc_test_desk *desk = *state;
    uint64_t id = 0;
    int client = kc_test_connect(desk, NULL);
    kc_test_ping(client, 7, "desk");
    assert_int_equal(kc_test_receive_error(client, KC_OPERATION_PING, &id), KC_OK);
    assert_int_equal(id, 7);
    assert_false(kc_test_vault_has_message(desk));
    close(client);
}

static void carries_requests_and_answers_out_of_order(void **state)
{
    struct kc_test_desk *desk = *state;
    uint64_t tickets[2], connection, id;
    int client = kc_test_connect(desk, &connection);
    for (uint64_t i = 0; i < 2; i++) {
        kc_test_ping(client, 1 + i, "vault");
        kc_test_vault_expect(desk, KC_VAULT_REQUEST);
        assert_int_equal(desk->message.message.operation, KC_OPERATION_PING);
        assert_true(desk->message.connection == connection);
        tickets[i] = desk->message.ticket;
    }
    kc_test_vault_answer(desk, tickets[1], KC_OPERATION_PING, KC_OK);
    assert_int_equal(kc_test_receive_error(client, KC_OPERATION_PING, &id), KC_OK);
    assert_int_equal(id, 2);
    kc_test_vault_answer(desk, tickets[0], KC_OPERATION_PING, KC_ERR_REFUSED);
    assert_int_equal(kc_test_receive_error(client, KC_OPERATION_PING, &id), KC_ERR_REFUSED);
    assert_int_equal(id, 1);
    close(client);
}

static ino_t inode(int descriptor)
{
    struct stat status;
    assert_int_equal(fstat(descriptor, &status), 0);
    return status.st_ino;
}

static void passes_descriptors_on_both_ways(void **state)
{
    struct kc_test_desk *desk = *state;
    struct kc_message request;
    struct kc_descriptors pin = {.count = 1}, secret = {.count = 1};
    struct kc_vault_message reply = {.type = KC_VAULT_ANSWER};
    int client = kc_test_connect(desk, NULL);

    assert_int_equal(kc_sealed_make("12345678", 8, &pin.fd[0]), KC_OK);
    kc_message_init(&request, KC_OPERATION_OPERATOR_PIN);
    request.id = 1;
    kc_values_set_number(&request.values, KC_FIELD_NEW_PIN, 0);
    kc_test_send(client, &request, &pin);
    kc_test_vault_expect(desk, KC_VAULT_REQUEST);
    assert_int_equal(desk->descriptors.count, 1);
    assert_int_equal(inode(desk->descriptors.fd[0]), inode(pin.fd[0]));
    kc_test_vault_answer(desk, desk->message.ticket, KC_OPERATION_OPERATOR_PIN, KC_ERR_REFUSED);
    assert_int_equal(
        kc_test_receive_error(client, KC_OPERATION_OPERATOR_PIN, NULL), KC_ERR_REFUSED);

    kc_message_init(&request, KC_OPERATION_KEY_AGREE);
    request.id = 2;
    kc_values_set_text(&request.values, KC_FIELD_KEY, "M1");
    kc_values_set_span(&request.values, KC_FIELD_PEER, "01234567890123456789012345678901", 32);
    kc_test_send(client, &request, NULL);
    kc_test_vault_expect(desk, KC_VAULT_REQUEST);
    reply.ticket = desk->message.ticket;
    kc_message_init(&reply.message, KC_OPERATION_KEY_AGREE);
    kc_values_set_number(&reply.message.values, KC_FIELD_SECRET, 0);
    assert_int_equal(kc_sealed_make("secret", 6, &secret.fd[0]), KC_OK);
    kc_test_vault_send(desk, &reply, &secret);
    kc_test_receive(client, KC_OPERATION_KEY_AGREE, &answer);
    assert_int_equal(answer.descriptors.count, 1);
    assert_int_equal(inode(answer.descriptors.fd[0]), inode(secret.fd[0]));
    kc_descriptors_close(&answer.descriptors);
    kc_descriptors_close(&secret);
    kc_descriptors_close(&pin);
    close(client);
}

/* --- the store --- */

static void store_one(struct kc_test_desk *desk, int client, const char *id)
{
    struct kc_record record = kc_test_key(id, id);
    uint64_t ticket = kc_test_ask_for(desk, client, id);
    assert_int_equal(kc_test_vault_commit(desk, ticket, &record, 1), KC_OK);
    kc_test_vault_answer(desk, ticket, KC_OPERATION_KEY_SHOW, KC_ERR_REFUSED);
    assert_int_equal(kc_test_receive_error(client, KC_OPERATION_KEY_SHOW, NULL), KC_ERR_REFUSED);
}

static void refuse_key(struct kc_test_desk *desk, int client, uint64_t ticket)
{
    kc_test_vault_answer(desk, ticket, KC_OPERATION_KEY_SHOW, KC_ERR_REFUSED);
    assert_int_equal(kc_test_receive_error(client, KC_OPERATION_KEY_SHOW, NULL), KC_ERR_REFUSED);
}

static uint32_t version_brought(const struct kc_test_desk *desk)
{
    struct kc_record record;
    assert_int_equal(desk->message.record_count, 1);
    assert_int_equal(kc_record_unpack(desk->message.records[0], &record), KC_OK);
    assert_string_equal(record.id, "M1");
    return record.version;
}

static void brings_the_record_that_a_request_names(void **state)
{
    struct kc_test_desk *desk = *state;
    struct kc_record record = kc_test_key("M1", "M1");
    int client = kc_test_connect(desk, NULL);
    refuse_key(desk, client, kc_test_ask_for(desk, client, "M1"));
    assert_int_equal(desk->message.record_count, 0);
    assert_int_equal(desk->message.id_count, 0); /* nothing was asked for */
    store_one(desk, client, "M1");
    for (int i = 0; i < 2; i++) { /* from the store, then from memory */
        refuse_key(desk, client, kc_test_ask_for(desk, client, "M1"));
        assert_int_equal(version_brought(desk), 1);
    }
    record.version = 2;
    uint64_t ticket = kc_test_ask_for(desk, client, "M1");
    assert_int_equal(kc_test_vault_commit(desk, ticket, &record, 1), KC_OK);
    refuse_key(desk, client, ticket);
    refuse_key(desk, client, kc_test_ask_for(desk, client, "M1"));
    assert_int_equal(version_brought(desk), 2);
    close(client);
}

static void brings_what_else_the_vault_needs(void **state)
{
    struct kc_test_desk *desk = *state;
    struct kc_record record;
    int client = kc_test_connect(desk, NULL);
    store_one(desk, client, "M1");

    uint64_t ticket = kc_test_ask_for(desk, client, "M3");
    struct kc_vault_message need = {.type = KC_VAULT_NEED, .ticket = ticket, .id_count = 2};
    need.ids[0] = (struct kc_span){(const uint8_t *)"M1", 2};
    need.ids[1] = (struct kc_span){(const uint8_t *)"M2", 2};
    kc_test_vault_send(desk, &need, NULL);
    kc_test_vault_expect(desk, KC_VAULT_REQUEST);
    assert_true(desk->message.ticket == ticket);
    assert_int_equal(desk->message.id_count, 2); /* it has looked for both */
    assert_int_equal(desk->message.record_count, 1);
    assert_int_equal(kc_record_unpack(desk->message.records[0], &record), KC_OK);
    assert_string_equal(record.id, "M1");
    assert_true(kc_values_text_is(&desk->message.message.values, KC_FIELD_KEY, "M3"));
    refuse_key(desk, client, ticket);
    close(client);
}

static void brings_what_the_vault_needs_for_something_of_its_own(void **state)
{
    struct kc_test_desk *desk = *state;
    struct kc_record record;
    int client = kc_test_connect(desk, NULL);
    store_one(desk, client, "M1");
    close(client);
    kc_test_vault_expect(desk, KC_VAULT_DISCONNECT);

    struct kc_vault_message need = {
        .type = KC_VAULT_NEED, .ticket = KC_VAULT_TICKET_OWN, .id_count = 2};
    need.ids[0] = (struct kc_span){(const uint8_t *)"M1", 2};
    need.ids[1] = (struct kc_span){(const uint8_t *)"M2", 2};
    kc_test_vault_send(desk, &need, NULL);
    kc_test_vault_expect(desk, KC_VAULT_FETCHED);
    assert_true(desk->message.ticket == KC_VAULT_TICKET_OWN);
    assert_int_equal(desk->message.error, KC_OK);
    assert_int_equal(desk->message.id_count, 2);
    assert_int_equal(desk->message.record_count, 1);
    assert_int_equal(desk->message.node_count, 0);
    assert_int_equal(kc_record_unpack(desk->message.records[0], &record), KC_OK);
    assert_string_equal(record.id, "M1");
}

static void says_why_a_change_was_not_stored(void **state)
{
    struct kc_test_desk *desk = *state;
    int client = kc_test_connect(desk, NULL);
    store_one(desk, client, "M1");
    struct kc_record taken = kc_test_key("M2", "M1"), old = kc_test_key("M1", "other");
    uint64_t ticket = kc_test_ask_for(desk, client, "M2");
    assert_int_equal(kc_test_vault_commit(desk, ticket, &taken, 1), KC_ERR_LABEL_TAKEN);
    assert_int_equal(kc_test_vault_commit(desk, ticket, &old, 1), KC_ERR_EXISTS);
    kc_test_vault_answer(desk, ticket, KC_OPERATION_KEY_SHOW, KC_ERR_LABEL_TAKEN);
    assert_int_equal(
        kc_test_receive_error(client, KC_OPERATION_KEY_SHOW, NULL), KC_ERR_LABEL_TAKEN);
    close(client);
}

static void set_key_item(struct kc_values *item, const struct kc_record *record)
{
    static const uint8_t octets[32];
    static const struct {
        enum kc_field field;
        const char *text;
    } texts[] = {{KC_FIELD_KEYRING, "device"}, {KC_FIELD_ALGORITHM, "Ed25519"},
        {KC_FIELD_ROLE, "application"}, {KC_FIELD_USE, "sign"}, {KC_FIELD_RESIDENCE, "wrapped"},
        {KC_FIELD_STATE, "active"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        kc_values_set_text(item, texts[i].field, texts[i].text);
    kc_values_set_text(item, KC_FIELD_KEY, record->id);
    kc_values_set_text(item, KC_FIELD_LABEL, record->label);
    kc_values_set_number(item, KC_FIELD_VERSION, 1);
    kc_values_set_number(item, KC_FIELD_CREATED, 1);
    kc_values_set_span(item, KC_FIELD_PUBLIC, octets, sizeof octets);
}

/* Answers as a vault that shows every record it was given. */
static size_t answer_page(struct kc_test_desk *desk)
{
    static struct kc_record records[KC_VAULT_RECORDS_MAX];
    static struct kc_values items[KC_VAULT_RECORDS_MAX];
    struct kc_vault_message page = {.type = KC_VAULT_ANSWER, .ticket = desk->message.ticket};
    size_t count = desk->message.record_count;

    kc_message_init(&page.message, desk->message.message.operation);
    kc_field_set_add(&page.message.values.present, KC_FIELD_ITEMS);
    kc_values_set_number(&page.message.values, KC_FIELD_MORE, 0);
    page.message.items = items;
    page.message.item_count = count;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(kc_record_unpack(desk->message.records[i], &records[i]), KC_OK);
        items[i].present = (struct kc_field_set){0};
        if (records[i].kind == KC_KIND_RECIPIENT)
            kc_values_set_text(&items[i], KC_FIELD_RECIPIENT, records[i].id);
        else
            set_key_item(&items[i], &records[i]);
    }
    kc_test_vault_send(desk, &page, NULL);
    return count;
}

static void ask_for_list(int client, const char *after, uint64_t count)
{
    struct kc_message request;
    kc_message_init(&request, KC_OPERATION_KEY_LIST);
    request.id = 1;
    kc_values_set_number(&request.values, KC_FIELD_COUNT, count);
    if (after)
        kc_values_set_text(&request.values, KC_FIELD_AFTER, after);
    kc_test_send(client, &request, NULL);
}

/* Serves the vault's side of a listing until the client has its answer. */
static void serve_list(struct kc_test_desk *desk, size_t pages, int client)
{
    for (size_t i = 0; i < pages; i++) {
        kc_test_vault_expect(desk, KC_VAULT_REQUEST);
        answer_page(desk);
    }
    kc_test_receive(client, KC_OPERATION_KEY_LIST, &answer);
    assert_int_equal(answer.message.error, KC_OK);
}

static void lists_page_by_page(void **state)
{
    struct kc_test_desk *desk = *state;
    int client = kc_test_connect(desk, NULL);
    for (int i = 0; i < 60; i++) {
        char id[8];
        snprintf(id, sizeof id, "M%02d", i);
        store_one(desk, client, id);
    }
    ask_for_list(client, NULL, 40); /* two pages of 24 have it, and one more is known */
    serve_list(desk, 2, client);
    assert_int_equal(answer.message.item_count, 40);
    assert_int_equal(answer.message.values.value[KC_FIELD_MORE].number, 1);
    assert_true(kc_values_text_is(&answer.message.values, KC_FIELD_AFTER, "M39"));
    ask_for_list(client, "M39", 40);
    serve_list(desk, 1, client);
    assert_int_equal(answer.message.item_count, 20);
    assert_true(kc_values_text_is(&answer.items[0], KC_FIELD_KEY, "M40"));
    assert_int_equal(answer.message.values.value[KC_FIELD_MORE].number, 0);
    ask_for_list(client, NULL, 60); /* exactly all: there is no more */
    serve_list(desk, 3, client);
    assert_int_equal(answer.message.item_count, 60);
    assert_int_equal(answer.message.values.value[KC_FIELD_MORE].number, 0);
    close(client);
}

static void lists_recipients_page_by_page(void **state)
{
    static struct kc_record recipients[4];
    struct kc_test_desk *desk = *state;
    struct kc_message request;
    int client = kc_test_connect(desk, NULL);
    for (int i = 0; i < 120; i++) {
        struct kc_record *record = &recipients[i % 4];
        char id[8];
        snprintf(id, sizeof id, "M%03d", i);
        *record = kc_test_key(id, id);
        record->kind = KC_KIND_RECIPIENT;
        if (i % 4 < 3)
            continue;
        uint64_t ticket = kc_test_ask_for(desk, client, id);
        assert_int_equal(kc_test_vault_commit(desk, ticket, recipients, 4), KC_OK);
        refuse_key(desk, client, ticket);
    }
    kc_message_init(&request, KC_OPERATION_RECIPIENT_LIST);
    request.id = 1;
    for (size_t shown = 0; shown < 120; shown += answer.message.item_count) {
        kc_test_send(client, &request, NULL);
        for (size_t pages = shown == 0 ? 5 : 1; pages > 0; pages--) {
            kc_test_vault_expect(desk, KC_VAULT_REQUEST);
            answer_page(desk);
        }
        kc_test_receive(client, KC_OPERATION_RECIPIENT_LIST, &answer);
        assert_int_equal(answer.message.item_count, shown == 0 ? 100 : 20);
        assert_int_equal(answer.message.values.value[KC_FIELD_MORE].number, shown == 0);
        assert_true(
            shown != 0 || kc_values_text_is(&answer.message.values, KC_FIELD_AFTER, "M099"));
        kc_values_set_text(&request.values, KC_FIELD_AFTER, "M099");
    }
    close(client);
}

static void lists_nothing_from_an_empty_store(void **state)
{
    struct kc_test_desk *desk = *state;
    int client = kc_test_connect(desk, NULL);
    ask_for_list(client, NULL, 100);
    serve_list(desk, 1, client);
    assert_int_equal(answer.message.item_count, 0);
    close(client);
}

/* --- batches --- */

static struct kc_message parts[KC_BATCH_MAX];

static void send_batch(int client, size_t count)
{
    struct kc_message request;
    kc_message_init(&request, KC_OPERATION_BATCH);
    request.id = 5;
    kc_field_set_add(&request.values.present, KC_FIELD_ITEMS);
    request.batch = parts;
    request.batch_count = count;
    kc_test_send(client, &request, NULL);
}

/* Requests in a batch have no ids of their own: the peer's first octet tells them apart. */
static void set_agree(struct kc_message *part, size_t place)
{
    static const uint8_t peers[3][32] = {{0}, {1}, {2}};
    kc_message_init(part, KC_OPERATION_KEY_AGREE);
    kc_values_set_text(&part->values, KC_FIELD_KEY, "M1");
    kc_values_set_span(&part->values, KC_FIELD_PEER, peers[place], 32);
}

static void answer_with_secret(struct kc_test_desk *desk, uint64_t ticket, int secret)
{
    struct kc_vault_message reply = {.type = KC_VAULT_ANSWER, .ticket = ticket};
    struct kc_descriptors passed = {.fd = {secret}, .count = 1};
    kc_message_init(&reply.message, KC_OPERATION_KEY_AGREE);
    kc_values_set_number(&reply.message.values, KC_FIELD_SECRET, 0);
    kc_test_vault_send(desk, &reply, &passed);
}

static void answers_a_batch_in_its_order(void **state)
{
    struct kc_test_desk *desk = *state;
    uint64_t tickets[3];
    int client = kc_test_connect(desk, NULL), secrets[2];
    for (size_t i = 0; i < 3; i++)
        set_agree(&parts[i], i);
    send_batch(client, 3);
    for (size_t i = 0; i < 3; i++) { /* they come in any order */
        kc_test_vault_expect(desk, KC_VAULT_REQUEST);
        tickets[*desk->message.message.values.value[KC_FIELD_PEER].span.bytes] =
            desk->message.ticket;
    }
    assert_int_equal(kc_sealed_make("a", 1, &secrets[0]), KC_OK);
    assert_int_equal(kc_sealed_make("b", 1, &secrets[1]), KC_OK);
    answer_with_secret(desk, tickets[2], secrets[1]);
    kc_test_vault_answer(desk, tickets[1], KC_OPERATION_KEY_AGREE, KC_ERR_REFUSED);
    answer_with_secret(desk, tickets[0], secrets[0]);

    for (size_t i = 0; i < 3; i++)
        kc_message_init(&answer.batch[i], KC_OPERATION_KEY_AGREE);
    answer.batch_count = 3;
    kc_test_receive(client, KC_OPERATION_BATCH, &answer);
    assert_int_equal(answer.message.error, KC_OK);
    assert_int_equal(answer.message.batch_count, 3);
    assert_int_equal(answer.batch[1].error, KC_ERR_REFUSED);
    for (size_t i = 0; i < 3; i += 2) {
        size_t at = answer.batch[i].values.value[KC_FIELD_SECRET].number;
        assert_int_equal(inode(answer.descriptors.fd[at]), inode(secrets[i / 2]));
    }
    kc_descriptors_close(&answer.descriptors);
    close(secrets[0]);
    close(secrets[1]);
    close(client);
}

static void puts_some_of_what_is_in_flight_into_one_packet(void **state)
{
    struct kc_test_desk *desk = *state;
    static uint8_t bytes[KC_VAULT_MESSAGE_MAX];
    static struct kc_vault_message out = {.type = KC_VAULT_ANSWER};
    struct kc_writer w;
    size_t packets = 0;
    int client = kc_test_connect(desk, NULL);
    for (size_t i = 0; i < 32; i++) {
        kc_message_init(&parts[i], KC_OPERATION_PING);
        kc_values_set_text(&parts[i].values, KC_FIELD_THROUGH, "vault");
        kc_message_init(&answer.batch[i], KC_OPERATION_PING);
    }
    send_batch(client, 32);
    kc_writer_init(&w, bytes, sizeof bytes);
    for (size_t i = 0; i < 32; i++) {
        packets += desk->packet.left == 0;
        kc_test_vault_expect(desk, KC_VAULT_REQUEST);
        out.ticket = desk->message.ticket;
        kc_message_init(&out.message, KC_OPERATION_PING);
        assert_int_equal(kc_vault_message_pack(&w, &out), KC_OK);
    }
    assert_in_range(packets, 4, 16); /* of at most eight messages each */
    assert_int_equal(kc_transport_send(desk->vault, bytes, w.size, NULL), KC_OK);
    answer.batch_count = 32;
    kc_test_receive(client, KC_OPERATION_BATCH, &answer);
    assert_int_equal(answer.message.batch_count, 32);
    for (size_t i = 0; i < 32; i++)
        assert_int_equal(answer.batch[i].error, KC_OK);
    close(client);
}

static void refuses_two_commitments_in_a_batch(void **state)
{
    struct kc_test_desk *desk = *state;
    int client = kc_test_connect(desk, NULL);
    for (size_t i = 0; i < 2; i++) {
        kc_message_init(&parts[i], KC_OPERATION_SIGNATURE_COMMIT);
        parts[i].id = 1 + i;
        kc_values_set_text(&parts[i].values, KC_FIELD_KEY, "M1");
        kc_values_set_span(&parts[i].values, KC_FIELD_MESSAGE, "m", 1);
    }
    send_batch(client, 2);
    assert_int_equal(kc_test_receive_error(client, KC_OPERATION_BATCH, NULL), KC_ERR_BAD_ARGUMENT);
    assert_false(kc_test_vault_has_message(desk));
    close(client);
}

/* --- what clients do wrong --- */

static void ends_a_connection_that_sends_what_is_no_message(void **state)
{
    struct kc_test_desk *desk = *state;
    static const uint8_t big[KC_MESSAGE_SIZE_MAX + 1];
    static const struct {
        const void *bytes;
        size_t size;
        enum kc_error error;
    } rows[] = {
        {"\xff", 1, KC_ERR_BAD_REQUEST},
        {"\xa1", 1, KC_ERR_BAD_REQUEST},
        {"\xa3\x61v\x01", 4, KC_ERR_BAD_REQUEST},
        {big, sizeof big, KC_ERR_TOO_LARGE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int client = kc_test_connect(desk, NULL);
        kc_test_send_bytes(client, rows[i].bytes, rows[i].size);
        assert_int_equal(kc_test_receive_error(client, KC_OPERATION_PING, NULL), rows[i].error);
        assert_true(kc_test_is_closed(client));
        kc_test_vault_expect(desk, KC_VAULT_DISCONNECT);
        close(client);
    }
    int client = kc_test_connect(desk, NULL);
    assert_int_equal(send(client, "", 0, 0), 0); /* looks like an end, and is taken for one */
    assert_true(kc_test_is_closed(client));
    close(client);
}

static void goes_on_after_an_operation_that_there_is_not(void **state)
{
    struct kc_test_desk *desk = *state;
    int client = kc_test_connect(desk, NULL);
    static const uint8_t request[] = "\xa3\x61v\x01\x62id\x07\x62op\x63"
                                     "fly";
    uint64_t id = 0;
    kc_test_send_bytes(client, request, sizeof request - 1);
    assert_int_equal(
        kc_test_receive_error(client, KC_OPERATION_PING, &id), KC_ERR_UNKNOWN_OPERATION);
    assert_int_equal(id, 7);
    kc_test_ping(client, 8, "desk");
    assert_int_equal(kc_test_receive_error(client, KC_OPERATION_PING, &id), KC_OK);
    close(client);
}

static void leaves_what_is_beyond_64_requests_unread(void **state)
{
    struct kc_test_desk *desk = *state;
    static uint64_t tickets[KC_IN_FLIGHT_MAX + 1];
    uint64_t id;
    int client = kc_test_connect(desk, NULL), other = kc_test_connect(desk, NULL);
    for (uint64_t i = 1; i <= KC_IN_FLIGHT_MAX + 1; i++)
        kc_test_ping(client, i, "vault");
    for (size_t i = 0; i < KC_IN_FLIGHT_MAX; i++) {
        kc_test_vault_expect(desk, KC_VAULT_REQUEST);
        tickets[i] = desk->message.ticket;
    }
    kc_test_ping(other, 1, "desk"); /* another connection goes on */
    assert_int_equal(kc_test_receive_error(other, KC_OPERATION_PING, NULL), KC_OK);
    assert_false(kc_test_vault_has_message(desk));
    kc_test_vault_answer(desk, tickets[0], KC_OPERATION_PING, KC_OK);
    assert_int_equal(kc_test_receive_error(client, KC_OPERATION_PING, &id), KC_OK);
    kc_test_vault_expect(desk, KC_VAULT_REQUEST);
    close(client);
    close(other);
}

static void serves_others_while_one_does_not_take_its_answers(void **state)
{
    struct kc_test_desk *desk = *state;
    int client = kc_test_connect(desk, NULL), other = kc_test_connect(desk, NULL);
    uint64_t id = 0;
    static const uint8_t ping[] = "\xa4\x61v\x01\x62id\x01\x62op\x64ping\x67through\x64"
                                  "desk";
    /* its answers fill its buffer, then the desk reads no more, then its
     * requests fill the desk's */
    while (send(client, ping, sizeof ping - 1, MSG_DONTWAIT) >= 0)
        continue;
    kc_test_ping(other, 9, "desk");
    assert_int_equal(kc_test_receive_error(other, KC_OPERATION_PING, &id), KC_OK);
    assert_int_equal(id, 9);
    close(client);
    close(other);
}

static void refuses_clients_beyond_the_limit(void **state)
{
    struct kc_test_desk *desk = *state;
    int clients[KC_DESK_CLIENTS_LIMIT];
    for (size_t i = 0; i < KC_DESK_CLIENTS_LIMIT; i++)
        clients[i] = kc_test_connect(desk, NULL);
    int late = kc_test_connect_alone(desk);
    assert_int_equal(kc_test_receive_error(late, KC_OPERATION_PING, NULL), KC_ERR_LIMIT);
    assert_true(kc_test_is_closed(late));
    close(late);
    close(clients[0]);
    kc_test_vault_expect(desk, KC_VAULT_DISCONNECT);
    clients[0] = kc_test_connect(desk, NULL);
    for (size_t i = 0; i < KC_DESK_CLIENTS_LIMIT; i++)
        close(clients[i]);
}

/* Root has half of the clients open in another user's name: the socket keeps who connected. */
static void leaves_half_of_the_clients_to_other_users(void **state)
{
    struct kc_test_desk *desk = *state;
    int clients[KC_DESK_CLIENTS_LIMIT];
    if (geteuid() != 0)
        skip();
    assert_int_equal(seteuid(65534), 0);
    for (size_t i = 0; i < KC_DESK_CLIENTS_LIMIT / 2; i++)
        clients[i] = kc_test_connect(desk, NULL);
    int late = kc_test_connect_alone(desk);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(kc_test_receive_error(late, KC_OPERATION_PING, NULL), KC_ERR_LIMIT);
    close(late);
    for (size_t i = KC_DESK_CLIENTS_LIMIT / 2; i < KC_DESK_CLIENTS_LIMIT; i++)
        clients[i] = kc_test_connect(desk, NULL);
    for (size_t i = 0; i < KC_DESK_CLIENTS_LIMIT; i++)
        close(clients[i]);
}

static void tells_the_vault_that_a_client_is_gone(void **state)
{
    struct kc_test_desk *desk = *state;
    uint64_t connection;
    int client = kc_test_connect(desk, &connection);
    uint64_t ticket = kc_test_ask_for(desk, client, "M1");
    close(client);
    kc_test_vault_expect(desk, KC_VAULT_DISCONNECT);
    assert_true(desk->message.connection == connection);
    kc_test_vault_answer(desk, ticket, KC_OPERATION_KEY_SHOW, KC_ERR_REFUSED); /* to nobody */
    client = kc_test_connect(desk, NULL);
    kc_test_ping(client, 1, "desk");
    assert_int_equal(kc_test_receive_error(client, KC_OPERATION_PING, NULL), KC_OK);
    close(client);
}

/* --- the process --- */

#define CASE(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, kc_test_desk_set_up, kc_test_desk_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(answers_a_ping_to_itself_without_the_vault),
        CASE(carries_requests_and_answers_out_of_order),
        CASE(passes_descriptors_on_both_ways),
        CASE(brings_the_record_that_a_request_names),
        CASE(brings_what_else_the_vault_needs),
        CASE(brings_what_the_vault_needs_for_something_of_its_own),
        CASE(says_why_a_change_was_not_stored),
        CASE(lists_page_by_page),
        CASE(lists_recipients_page_by_page),
        CASE(lists_nothing_from_an_empty_store),
        CASE(answers_a_batch_in_its_order),
        CASE(puts_some_of_what_is_in_flight_into_one_packet),
        CASE(refuses_two_commitments_in_a_batch),
        CASE(ends_a_connection_that_sends_what_is_no_message),
        CASE(goes_on_after_an_operation_that_there_is_not),
        CASE(leaves_what_is_beyond_64_requests_unread),
        CASE(serves_others_while_one_does_not_take_its_answers),
        CASE(refuses_clients_beyond_the_limit),
        CASE(leaves_half_of_the_clients_to_other_users),
        CASE(tells_the_vault_that_a_client_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
