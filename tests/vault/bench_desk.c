/* SPDX-License-Identifier: Apache-2.0 */
/* The desk of the bench: brings requests with their records, and does what the vault asks of it. */
#include "tests/vault/bench_parts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void bench_give_packet(
    struct bench *bench, const struct kc_vault_message *message, const struct kc_descriptors *d)
{
    static uint8_t packet[KC_VAULT_MESSAGE_MAX];
    struct kc_writer w;
    kc_writer_init(&w, packet, sizeof packet);
    assert_int_equal(kc_vault_message_pack(&w, message), KC_OK);
    if (bench->carry) {
        bench->carry(packet, w.size, d);
        return;
    }
    assert_int_equal(
        kc_vault_receive(bench->vault, kc_vault_desk(bench->vault), packet, w.size, d), KC_OK);
    (void)kc_vault_do_slow(bench->vault);
}

struct room {
    uint8_t bytes[KC_VAULT_RECORDS_MAX][KC_RECORD_SIZE_MAX];
};

static void attach(
    struct kc_vault_message *request, struct room *room, const struct kc_record *record)
{
    struct kc_writer w;
    if (!record)
        return;
    assert_true(request->record_count < KC_VAULT_RECORDS_MAX);
    kc_writer_init(&w, room->bytes[request->record_count], KC_RECORD_SIZE_MAX);
    kc_record_pack(&w, record);
    assert_int_equal(kc_writer_finish(&w), KC_OK);
    request->records[request->record_count] = (struct kc_span){w.bytes, w.size};
    request->record_count++;
}

static void attach_named(struct bench *bench, struct kc_vault_message *request, struct room *room,
    uint8_t kind, enum kc_field field)
{
    char id[KC_RECORD_ID_SIZE] = {0};
    const struct kc_values *values = &request->message.values;
    if (!kc_values_has(values, field) || values->value[field].span.size >= sizeof id)
        return;
    memcpy(id, values->value[field].span.bytes, values->value[field].span.size);
    attach(request, room, bench_record(bench, kind, id));
}

static void attach_kind(
    struct bench *bench, struct kc_vault_message *request, struct room *room, uint8_t kind)
{
    for (size_t i = 0; i < bench->record_count; i++)
        if (bench->records[i].kind == kind && request->record_count < KC_VAULT_PAGE_MAX)
            attach(request, room, &bench->records[i]);
}

static void attach_needed(struct bench *bench, struct kc_vault_message *request, struct room *room)
{
    switch (kc_operations[request->message.operation].record) {
    case KC_RECORD_NONE:
        break;
    case KC_RECORD_KEY:
        attach_named(bench, request, room, KC_KIND_KEY, KC_FIELD_KEY);
        break;
    case KC_RECORD_PAGE:
        attach_kind(bench, request, room, KC_KIND_KEY);
        break;
    case KC_RECORD_RECIPIENTS:
        attach_kind(bench, request, room, KC_KIND_RECIPIENT);
        break;
    case KC_RECORD_SPLIT:
        attach_named(bench, request, room, KC_KIND_KEY, KC_FIELD_KEY);
        attach_named(bench, request, room, KC_KIND_RECIPIENT, KC_FIELD_RECIPIENT);
        attach_kind(bench, request, room, KC_KIND_OPERATOR);
        break;
    case KC_RECORD_RECIPIENT:
        attach_named(bench, request, room, KC_KIND_RECIPIENT, KC_FIELD_RECIPIENT);
        attach_kind(bench, request, room, KC_KIND_OPERATOR);
        break;
    case KC_RECORD_OPERATOR:
        attach_kind(bench, request, room, KC_KIND_OPERATOR);
        break;
    case KC_RECORD_OBJECT:
        attach_named(bench, request, room, KC_KIND_OBJECT, KC_FIELD_OBJECT);
        break;
    case KC_RECORD_ACCOUNTS:
        attach_kind(bench, request, room, KC_KIND_ACCOUNT);
        break;
    case KC_RECORD_CAPABILITIES:
        attach_kind(bench, request, room, KC_KIND_CAPABILITY);
        break;
    case KC_RECORD_OBJECTS:
        attach_kind(bench, request, room, KC_KIND_KEY);
        attach_kind(bench, request, room, KC_KIND_OBJECT);
        break;
    case KC_RECORD_SEEDS:
        attach_kind(bench, request, room, KC_KIND_SEED);
        break;
    case KC_RECORD_CONNECTIONS:
        attach_kind(bench, request, room, KC_KIND_CONNECTION);
        break;
    }
}

#define TICKETS 1024 /* as many as may be sent before the answer to one that waits long */

/* What was asked and is not answered, for a NEED. */
static struct {
    uint64_t ticket;
    struct ask ask;
    uint64_t connection;
} open_asks[TICKETS];

static void attach_wanted(struct bench *bench, struct kc_vault_message *message, struct room *room,
    const struct kc_vault_message *need)
{
    for (size_t i = 0; i < need->id_count; i++) {
        char id[KC_RECORD_ID_SIZE] = {0};
        memcpy(id, need->ids[i].bytes, need->ids[i].size);
        for (uint8_t kind = KC_KIND_VAULT; kind <= KC_KIND_LAST; kind++)
            attach(message, room, bench_record(bench, kind, id));
        message->ids[message->id_count++] = need->ids[i];
    }
}

/* Of what the vault does by itself, and nobody has asked for. */
static void give_needed(struct bench *bench, const struct kc_vault_message *need)
{
    static struct room room;
    static struct kc_vault_message fetched;
    fetched = (struct kc_vault_message){.type = KC_VAULT_FETCHED, .ticket = need->ticket};
    attach_wanted(bench, &fetched, &room, need);
    bench_give_packet(bench, &fetched, &(struct kc_descriptors){.count = 0});
}

static void give_request(struct bench *bench, uint64_t ticket, const struct kc_vault_message *need)
{
    static struct room room;
    static struct kc_vault_message request;
    struct ask *ask = &open_asks[ticket % TICKETS].ask;
    struct kc_descriptors copies = {.count = 0};
    request.type = KC_VAULT_REQUEST;
    request.ticket = ticket;
    request.connection = open_asks[ticket % TICKETS].connection;
    request.message = ask->message;
    request.record_count = request.id_count = 0;
    attach_needed(bench, &request, &room);
    if (need)
        attach_wanted(bench, &request, &room, need);
    if (bench->lie)
        bench->lie(bench, &request);
    for (size_t i = 0; i < ask->descriptors.count; i++)
        copies.fd[copies.count++] = dup(ask->descriptors.fd[i]);
    bench_give_packet(bench, &request, &copies);
}

uint64_t bench_send(struct bench *bench, struct ask *ask)
{
    static uint64_t next_ticket;
    uint64_t ticket = ++next_ticket;
    open_asks[ticket % TICKETS].ask = *ask;
    open_asks[ticket % TICKETS].connection = bench->connection;
    give_request(bench, ticket, NULL);
    return ticket;
}

static void give_fetched(struct bench *bench, const struct kc_vault_message *fetch)
{
    static struct kc_vault_message fetched;
    static struct room room;
    fetched = (struct kc_vault_message){.type = KC_VAULT_FETCHED, .ticket = fetch->ticket};
    for (size_t i = 0; i < fetch->node_count; i++) {
        const struct bench_node *node = bench_node(bench, fetch->nodes[i].number);
        if (node)
            fetched.nodes[fetched.node_count++] =
                (struct kc_vault_node){node->number, {node->content, node->size}};
    }
    for (size_t i = 0; fetch->id_count > 0 && i < bench->record_count; i++) {
        char after[KC_RECORD_ID_SIZE] = {0};
        memcpy(after, fetch->ids[0].bytes, fetch->ids[0].size);
        const struct kc_record *next = NULL;
        for (size_t k = 0; k < bench->record_count; k++)
            if (kc_kind_is_wrapped(bench->records[k].kind) &&
                strcmp(bench->records[k].id, after) > 0 &&
                (!next || strcmp(bench->records[k].id, next->id) < 0))
                next = &bench->records[k];
        for (size_t k = 0; next && k < bench->record_count; k++)
            if (kc_kind_is_wrapped(bench->records[k].kind) &&
                strcmp(bench->records[k].id, next->id) == 0)
                attach(&fetched, &room, &bench->records[k]);
        break;
    }
    bench_give_packet(bench, &fetched, &(struct kc_descriptors){.count = 0});
}

void bench_drop_sent(struct bench *bench, size_t at)
{
    kc_descriptors_close(&bench->queue[at].descriptors);
    free(bench->queue[at].bytes);
    memmove(&bench->queue[at], &bench->queue[at + 1],
        (bench->queued - at - 1) * sizeof bench->queue[0]);
    bench->queued--;
}

/* What a courier does, at once. */
static void carry(struct bench *bench, const struct kc_vault_message *question)
{
    struct kc_vault_message asked = {.type = KC_VAULT_ASKED, .ticket = question->ticket};
    struct ask ask = ask_new(question->message.operation);
    ask.message.values = question->message.values;
    struct answer *answer = bench_ask(bench->peer, &ask);
    asked.error = answer->error;
    asked.message = answer->in.message;
    if (bench->peer_lie)
        bench->peer_lie(&asked);
    bench_give_packet(bench, &asked, &(struct kc_descriptors){.count = 0});
    answer_done(answer);
}

/* True if this one was for the desk itself. */
static bool serve(struct bench *bench, size_t at)
{
    static struct kc_vault_message message;
    static struct kc_values items[KC_ITEMS_MAX];
    static struct kc_vault_message stored;
    const struct sent *sent = &bench->queue[at];
    assert_int_equal(kc_vault_message_unpack(sent->bytes, sent->size, items, &message), KC_OK);
    if (message.type == KC_VAULT_CONNECTED)
        return true;
    if (message.type == KC_VAULT_NEED && message.ticket == KC_VAULT_TICKET_OWN) {
        give_needed(bench, &message);
        return true;
    }
    if (message.type == KC_VAULT_NEED) {
        give_request(bench, message.ticket, &message);
        return true;
    }
    if (message.type == KC_VAULT_FETCH) {
        give_fetched(bench, &message);
        return true;
    }
    if (message.type == KC_VAULT_ASK && bench->peer) {
        struct kc_vault_message question = message;
        carry(bench, &question);
        return true;
    }
    if (message.type != KC_VAULT_COMMIT || (bench->holds_stored && bench->holds_after == 0))
        return false;
    if (bench->holds_stored)
        bench->holds_after--;
    if (bench->is_dead)
        return true;
    if (bench->dies_at_commit > 0 && --bench->dies_at_commit == 0) {
        bench->is_dead = true;
        if (bench->dies_stored)
            (void)bench_commit(bench, &message, &stored.place);
        return true;
    }
    stored.type = KC_VAULT_STORED;
    stored.ticket = message.ticket;
    stored.error = bench_commit(bench, &message, &stored.place);
    bench_give_packet(bench, &stored, &(struct kc_descriptors){.count = 0});
    return true;
}

void bench_pump(struct bench *bench)
{
    for (size_t at = 0; at < bench->queued;) {
        if (serve(bench, at)) {
            bench_drop_sent(bench, at);
            at = 0;
        } else {
            at++;
        }
    }
}

void bench_store_unheard(struct bench *bench)
{
    static struct kc_vault_message message;
    static struct kc_values items[KC_ITEMS_MAX];
    for (size_t at = bench->queued; at-- > 0;) {
        const struct sent *sent = &bench->queue[at];
        assert_int_equal(kc_vault_message_unpack(sent->bytes, sent->size, items, &message), KC_OK);
        if (message.type != KC_VAULT_COMMIT)
            continue;
        uint32_t place;
        assert_int_equal(bench_commit(bench, &message, &place), KC_OK);
        bench_drop_sent(bench, at);
    }
}

void bench_forget_ask(uint64_t ticket)
{
    kc_descriptors_close(&open_asks[ticket % TICKETS].ask.descriptors);
}
