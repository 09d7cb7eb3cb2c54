/* SPDX-License-Identifier: Apache-2.0 */
/*
 * type u8, then what the type has, in this order: ticket u64, connection u64, error u16 and place u32,
 * ids u32 count and spans, records u32 count and spans, nodes u32 count and of each number u32 and a
 * span, tickets u32 count and u64 each, message (packed.h).
 */
#include "custodian/vault_message.h"
#include "custodian/record.h"
#include "proto/socket/packed.h"

enum part {
    TICKET = 1,
    CONNECTION = 2,
    ERROR = 4,
    IDS = 8,
    RECORDS = 16,
    MESSAGE = 32,
    HAS_NODES = 64,
    TICKETS = 128,
};

/* What each type has; 0: no such type. */
static const uint8_t parts_of[] = {
    [KC_VAULT_CONNECT] = CONNECTION,
    [KC_VAULT_DISCONNECT] = CONNECTION,
    [KC_VAULT_REQUEST] = TICKET | CONNECTION | IDS | RECORDS | MESSAGE,
    [KC_VAULT_STORED] = TICKET | ERROR,
    [KC_VAULT_ANSWER] = TICKET | MESSAGE,
    [KC_VAULT_NEED] = TICKET | IDS,
    [KC_VAULT_COMMIT] = TICKET | RECORDS | HAS_NODES | TICKETS,
    [KC_VAULT_CONNECTED] = CONNECTION,
    [KC_VAULT_FETCH] = TICKET | IDS | HAS_NODES,
    [KC_VAULT_FETCHED] = TICKET | ERROR | IDS | RECORDS | HAS_NODES,
    [KC_VAULT_ASK] = TICKET | IDS | MESSAGE,
    [KC_VAULT_ASKED] = TICKET | ERROR | MESSAGE,
};

static uint8_t parts(unsigned type)
{
    return type < sizeof parts_of ? parts_of[type] : 0;
}

static void write_spans(struct kc_writer *w, const struct kc_span *spans, size_t count)
{
    kc_writer_u32(w, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        kc_writer_span(w, spans[i].bytes, spans[i].size);
}

static void write_error(struct kc_writer *w, const struct kc_vault_message *m)
{
    kc_writer_u16(w, (uint16_t)m->error);
    kc_writer_u32(w, m->place);
}

static void write_nodes(struct kc_writer *w, const struct kc_vault_message *m)
{
    kc_writer_u32(w, (uint32_t)m->node_count);
    for (size_t i = 0; i < m->node_count; i++) {
        kc_writer_u32(w, m->nodes[i].number);
        kc_writer_span(w, m->nodes[i].content.bytes, m->nodes[i].content.size);
    }
}

static void write_tickets(struct kc_writer *w, const struct kc_vault_message *m)
{
    kc_writer_u32(w, (uint32_t)m->ticket_count);
    for (size_t i = 0; i < m->ticket_count; i++)
        kc_writer_u64(w, m->tickets[i]);
}

enum kc_error kc_vault_message_pack(struct kc_writer *w, const struct kc_vault_message *m)
{
    uint8_t has = parts(m->type);
    kc_writer_u8(w, (uint8_t)m->type);
    if (has & TICKET)
        kc_writer_u64(w, m->ticket);
    if (has & CONNECTION)
        kc_writer_u64(w, m->connection);
    if (has & ERROR)
        write_error(w, m);
    if (has & IDS)
        write_spans(w, m->ids, m->id_count);
    if (has & RECORDS)
        write_spans(w, m->records, m->record_count);
    if (has & HAS_NODES)
        write_nodes(w, m);
    if (has & TICKETS)
        write_tickets(w, m);
    if (has & MESSAGE)
        kc_message_pack(w, &m->message);
    return kc_writer_finish(w);
}

static size_t read_spans(
    struct kc_reader *r, struct kc_span *spans, size_t count_max, size_t size_max)
{
    size_t count = kc_reader_count(r, count_max, sizeof(uint32_t));
    for (size_t i = 0; i < count; i++)
        spans[i] = kc_reader_span(r, size_max);
    return count;
}

static enum kc_error read_error(struct kc_reader *r)
{
    uint16_t number = kc_reader_u16(r);
    if (!kc_error_known(number))
        kc_reader_fail(r);
    return (enum kc_error)number;
}

static void read_nodes(struct kc_reader *r, struct kc_vault_message *m)
{
    m->node_count = kc_reader_count(r, KC_VAULT_NODES_MAX, 2 * sizeof(uint32_t));
    for (size_t i = 0; i < m->node_count; i++) {
        m->nodes[i].number = kc_reader_u32(r);
        m->nodes[i].content = kc_reader_span(r, KC_NODE_SIZE_MAX);
    }
}

static void read_tickets(struct kc_reader *r, struct kc_vault_message *m)
{
    m->ticket_count = kc_reader_count(r, KC_VAULT_CHANGES_MAX, sizeof(uint64_t));
    for (size_t i = 0; i < m->ticket_count; i++)
        m->tickets[i] = kc_reader_u64(r);
}

void kc_vault_message_read(struct kc_reader *r, struct kc_values *items, struct kc_vault_message *m)
{
    uint8_t type = kc_reader_u8(r), has = parts(type);
    if (has == 0)
        kc_reader_fail(r);
    m->type = (enum kc_vault_type)type;
    m->ticket = has & TICKET ? kc_reader_u64(r) : 0;
    m->connection = has & CONNECTION ? kc_reader_u64(r) : 0;
    m->error = has & ERROR ? read_error(r) : KC_OK;
    m->place = has & ERROR ? kc_reader_u32(r) : 0;
    m->id_count = has & IDS ? read_spans(r, m->ids, KC_VAULT_IDS_MAX, KC_RECORD_ID_SIZE - 1) : 0;
    m->record_count =
        has & RECORDS ? read_spans(r, m->records, KC_VAULT_RECORDS_MAX, KC_RECORD_SIZE_MAX) : 0;
    m->node_count = m->ticket_count = 0;
    if (has & HAS_NODES)
        read_nodes(r, m);
    if (has & TICKETS)
        read_tickets(r, m);
    if (has & MESSAGE)
        kc_message_unpack(r, items, &m->message);
}

enum kc_error kc_vault_message_unpack(
    const void *bytes, size_t size, struct kc_values *items, struct kc_vault_message *m)
{
    struct kc_reader r;
    kc_reader_init(&r, bytes, size);
    kc_vault_message_read(&r, items, m);
    return kc_reader_finish(&r);
}
