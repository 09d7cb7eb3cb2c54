/* SPDX-License-Identifier: Apache-2.0 */
/* What the vault itself wants of the store: changes of many requests stored together, and nodes. */
#include "custodian/desk/desk.h"

#include <stdlib.h>
#include <string.h>

/* A job of no call. What a vault wanted that is gone is done, and nobody is told. */
struct work {
    struct kc_job job; /* first; its owner is NULL */
    uint64_t ticket;
    uint64_t vault; /* desk->vaults when it was wanted */
    struct kc_job_records records;
};

static struct work *new_work(struct kc_desk *desk, enum kc_job_type type)
{
    struct work *work = calloc(1, sizeof *work);
    if (!work)
        return NULL;
    work->job.type = type;
    work->job.records = &work->records;
    work->ticket = desk->message.ticket;
    work->vault = desk->vaults;
    return work;
}

static void free_work(struct work *work)
{
    if (!work)
        return;
    kc_job_records_free(&work->records);
    free(work->job.change);
    free(work->job.change_bytes);
    free(work->job.nodes);
    free(work);
}

/* --- COMMIT --- */

/* Copies of the records, which lend from a copy of what came. */
static enum kc_error copy_records(struct kc_job *job, const struct kc_vault_message *message)
{
    size_t size = 0;
    for (size_t i = 0; i < message->record_count; i++)
        size += message->records[i].size;
    job->change = calloc(message->record_count + 1, sizeof *job->change);
    job->change_bytes = malloc(size + 1);
    if (!job->change || !job->change_bytes)
        return KC_ERR_NO_MEMORY;
    uint8_t *bytes = job->change_bytes;
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < message->record_count; i++) {
        struct kc_span packed = {bytes, message->records[i].size};
        if (packed.size > 0)
            memcpy(bytes, message->records[i].bytes, packed.size);
        error = kc_record_unpack(packed, &job->change[i]);
        bytes += packed.size;
    }
    if (error == KC_OK)
        job->change_count = message->record_count;
    return error;
}

static enum kc_error copy_nodes(struct kc_job *job, const struct kc_vault_message *message)
{
    size_t size = 0;
    struct kc_writer room;
    for (size_t i = 0; i < message->node_count; i++)
        size += message->nodes[i].content.size;
    struct kc_job_nodes *nodes = malloc(sizeof *nodes + size);
    if (!nodes)
        return KC_ERR_NO_MEMORY;
    kc_writer_init(&room, nodes->room, size);
    nodes->count = message->node_count;
    nodes->size = size;
    for (size_t i = 0; i < message->node_count; i++) {
        struct kc_span content = message->nodes[i].content;
        nodes->node[i] = (struct kc_store_node){
            message->nodes[i].number, {nodes->room + room.size, content.size}};
        kc_writer_bytes(&room, content.bytes, content.size);
    }
    job->nodes = nodes;
    return KC_OK;
}

/* Before a change and after it: what is read in between may be either. */
static void forget_changed(struct kc_desk *desk, const struct kc_job *job)
{
    desk->changes++;
    for (size_t i = 0; i < job->change_count; i++)
        kc_desk_cache_forget(desk->cache, job->change[i].id);
}

static void tell_stored(struct kc_desk *desk, enum kc_error error, size_t place)
{
    struct kc_vault_message *message = kc_desk_vault_message(desk, KC_VAULT_STORED);
    message->error = error;
    message->place = place < UINT32_MAX ? (uint32_t)place : UINT32_MAX;
    kc_desk_vault_send(desk, NULL);
}

/* What these calls asked for may have been done, whatever becomes of the vault. */
static void mark_committed(struct kc_desk *desk)
{
    for (size_t i = 0; i < desk->message.ticket_count; i++) {
        struct kc_call *call = kc_desk_find_call(desk, desk->message.tickets[i]);
        if (call)
            call->committed = true;
    }
}

void kc_desk_take_commit(struct kc_desk *desk)
{
    struct work *work = new_work(desk, KC_JOB_PUT);
    enum kc_error error = work ? copy_records(&work->job, &desk->message) : KC_ERR_NO_MEMORY;
    if (error == KC_OK)
        error = copy_nodes(&work->job, &desk->message);
    if (error != KC_OK) {
        free_work(work);
        tell_stored(desk, error, SIZE_MAX);
        return;
    }
    mark_committed(desk);
    forget_changed(desk, &work->job);
    kc_desk_store_submit(desk->store, &work->job);
}

/* --- FETCH --- */

/* Room for all that a message to the vault could carry. */
#define FETCH_ROOM (KC_VAULT_MESSAGE_MAX - (size_t)16 * 1024)

static void tell_unfetched(struct kc_desk *desk, uint64_t ticket, enum kc_error error)
{
    struct kc_vault_message *message = kc_desk_vault_message(desk, KC_VAULT_FETCHED);
    message->ticket = ticket;
    message->error = error;
    kc_desk_vault_send(desk, NULL);
}

static void tell_fetched(struct kc_desk *desk, struct work *work)
{
    struct kc_vault_message *message = kc_desk_vault_message(desk, KC_VAULT_FETCHED);
    const struct kc_job_nodes *nodes = work->job.nodes;
    struct kc_job_records *records = &work->records;
    message->ticket = work->ticket;
    for (; message->id_count < work->job.id_count; message->id_count++) {
        const char *id = work->job.ids[message->id_count];
        message->ids[message->id_count] = (struct kc_span){(const uint8_t *)id, strlen(id)};
    }
    for (size_t i = 0; nodes && i < nodes->count; i++)
        if (nodes->node[i].content.size > 0)
            message->nodes[message->node_count++] =
                (struct kc_vault_node){nodes->node[i].number, nodes->node[i].content};
    kc_job_records_spans(records);
    message->record_count = records->count;
    memcpy(message->records, records->span, records->count * sizeof(struct kc_span));
    kc_desk_vault_send(desk, NULL);
}

static void want_page(struct kc_job *job, struct kc_span after)
{
    job->pages = true;
    job->filter = (struct kc_store_filter){.wrapped = true};
    memcpy(job->after, after.bytes, after.size); /* a terminated id: the message was checked */
}

void kc_desk_take_fetch(struct kc_desk *desk)
{
    const struct kc_vault_message *message = &desk->message;
    struct work *work = new_work(desk, KC_JOB_FETCH);
    struct kc_job_nodes *nodes =
        work ? malloc(sizeof *nodes + (message->node_count > 0 ? FETCH_ROOM : 0)) : NULL;
    if (!nodes) {
        free_work(work);
        tell_unfetched(desk, message->ticket, KC_ERR_NO_MEMORY);
        return;
    }
    nodes->count = message->node_count;
    nodes->size = message->node_count > 0 ? FETCH_ROOM : 0;
    for (size_t i = 0; i < message->node_count; i++)
        nodes->node[i] = (struct kc_store_node){.number = message->nodes[i].number};
    work->job.nodes = nodes;
    if (message->id_count > 0)
        want_page(&work->job, message->ids[0]);
    kc_desk_store_submit(desk->store, &work->job);
}

/* --- NEED of no request --- */

void kc_desk_take_own_need(struct kc_desk *desk)
{
    const struct kc_vault_message *message = &desk->message;
    struct work *work = new_work(desk, KC_JOB_GET);
    if (!work) {
        tell_unfetched(desk, message->ticket, KC_ERR_NO_MEMORY);
        return;
    }
    for (size_t i = 0; i < message->id_count; i++)
        kc_job_add_id(&work->job, message->ids[i]);
    kc_desk_store_submit(desk->store, &work->job);
}

/* --- all of them --- */

void kc_desk_work_done(struct kc_desk *desk, struct kc_job *job)
{
    struct work *work = (struct work *)job;
    bool is_wanted = work->vault == desk->vaults && desk->vault >= 0;
    if (job->type == KC_JOB_PUT)
        forget_changed(desk, job);
    if (is_wanted && job->type == KC_JOB_PUT)
        tell_stored(desk, job->error, job->place);
    else if (is_wanted && job->error == KC_OK)
        tell_fetched(desk, work);
    else if (is_wanted)
        tell_unfetched(desk, work->ticket, job->error);
    free_work(work);
}
