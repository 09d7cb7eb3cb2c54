/* SPDX-License-Identifier: Apache-2.0 */
/* The store of the bench: records and nodes in arrays. */
#include "tests/vault/bench_parts.h"

#include <stdlib.h>
#include <string.h>

struct kc_record *bench_record(struct bench *bench, uint8_t kind, const char *id)
{
    for (size_t i = 0; i < bench->record_count; i++)
        if (bench->records[i].kind == kind && strcmp(bench->records[i].id, id) == 0)
            return &bench->records[i];
    return NULL;
}

static bool label_taken(const struct bench *bench, const struct kc_record *record)
{
    if (record->kind != KC_KIND_KEY && record->kind != KC_KIND_RECIPIENT)
        return false;
    for (size_t i = 0; i < bench->record_count; i++) {
        const struct kc_record *other = &bench->records[i];
        if (record->kind == other->kind && *record->label && record->state != KC_STATE_DESTROYED &&
            other->state != KC_STATE_DESTROYED && strcmp(other->id, record->id) != 0 &&
            strcmp(other->label, record->label) == 0 &&
            strcmp(other->keyring, record->keyring) == 0)
            return true;
    }
    return false;
}

/* Bodies stay until the bench goes: records of before may come again. */
static void keep_body(struct bench *bench, struct kc_record *record)
{
    if (record->body.size == 0)
        return;
    struct bench_body *body = malloc(sizeof *body + record->body.size);
    memcpy(body->bytes, record->body.bytes, record->body.size);
    record->body.bytes = body->bytes;
    body->next = bench->bodies;
    bench->bodies = body;
}

static enum kc_error put(struct bench *bench, const struct kc_record *record)
{
    struct kc_record *former = bench_record(bench, record->kind, record->id);
    if (record->version == 1 && former)
        return KC_ERR_EXISTS;
    if (record->version > 1 && (!former || former->version >= record->version))
        return KC_ERR_CONFLICT;
    if (label_taken(bench, record))
        return KC_ERR_LABEL_TAKEN;
    if (!former) {
        assert_true(bench->record_count < BENCH_RECORDS);
        former = &bench->records[bench->record_count++];
    }
    *former = *record;
    keep_body(bench, former);
    return KC_OK;
}

struct bench_node *bench_node(struct bench *bench, uint32_t number)
{
    for (size_t i = 0; i < bench->node_count; i++)
        if (bench->nodes[i].number == number)
            return &bench->nodes[i];
    return NULL;
}

static void put_node(struct bench *bench, const struct kc_vault_node *node)
{
    struct bench_node *former = bench_node(bench, node->number);
    if (!former) {
        assert_true(bench->node_count < BENCH_NODES);
        former = &bench->nodes[bench->node_count++];
    }
    assert_true(node->content.size <= sizeof former->content);
    former->number = node->number;
    former->size = node->content.size;
    memcpy(former->content, node->content.bytes, node->content.size);
}

struct bench_copy *bench_copy(const struct bench *bench)
{
    struct bench_copy *copy = malloc(sizeof *copy);
    memcpy(copy->records, bench->records, sizeof copy->records);
    copy->record_count = bench->record_count;
    memcpy(copy->nodes, bench->nodes, sizeof copy->nodes);
    copy->node_count = bench->node_count;
    return copy;
}

void bench_restore(struct bench *bench, const struct bench_copy *copy)
{
    memcpy(bench->records, copy->records, sizeof copy->records);
    bench->record_count = copy->record_count;
    memcpy(bench->nodes, copy->nodes, sizeof copy->nodes);
    bench->node_count = copy->node_count;
}

enum kc_error bench_commit(
    struct bench *bench, const struct kc_vault_message *message, uint32_t *place)
{
    struct bench_copy *before = bench_copy(bench);
    enum kc_error error = bench->store_error;
    bench->commits++;
    *place = UINT32_MAX;
    for (size_t i = 0; error == KC_OK && !bench->lies_about_storing && i < message->record_count;
         i++) {
        struct kc_record record;
        assert_int_equal(kc_record_unpack(message->records[i], &record), KC_OK);
        error = put(bench, &record);
        *place = error == KC_OK ? UINT32_MAX : (uint32_t)i;
    }
    for (size_t i = 0; error == KC_OK && !bench->lies_about_storing && i < message->node_count; i++)
        put_node(bench, &message->nodes[i]);
    if (error != KC_OK)
        bench_restore(bench, before);
    free(before);
    return error;
}
