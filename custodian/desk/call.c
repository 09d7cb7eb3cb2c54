/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/desk/desk.h"
#include "custodian/log.h"
#include "proto/socket/cbor.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- a call's life --- */

/* A batch's requests are calls too: desk->calls has room for those of one more. */
bool kc_desk_has_room(const struct kc_desk *desk)
{
    return desk->call_count - desk->idle_count <= desk->config->limits.in_flight;
}

struct kc_call *kc_desk_find_call(const struct kc_desk *desk, uint64_t ticket)
{
    size_t slot = (size_t)(ticket & UINT32_MAX);
    struct kc_call *call = slot < desk->call_limit ? desk->calls[slot] : NULL;
    return call && call->ticket == ticket ? call : NULL;
}

/* The low half of a ticket is the call's place, the high half makes it new. */
struct kc_call *kc_desk_new_call(
    struct kc_desk *desk, struct kc_connection *connection, size_t size)
{
    struct kc_call *call = NULL;
    size_t slot = desk->next_slot;

    if (desk->call_count < desk->call_limit)
        call = calloc(1, sizeof *call + size);
    if (!call)
        return NULL;
    while (desk->calls[slot])
        slot = (slot + 1) % desk->call_limit;
    desk->next_slot = (slot + 1) % desk->call_limit;
    call->ticket = (uint64_t)++desk->next_ticket << 32 | slot;
    call->connection = connection;
    call->job.owner = call;
    call->job.records = &call->records;
    desk->calls[slot] = call;
    desk->call_count++;
    return call;
}

static void free_call(struct kc_desk *desk, struct kc_call *call)
{
    desk->calls[call->ticket & UINT32_MAX] = NULL;
    desk->call_count--;
    if (!call->parent)
        kc_descriptors_close(&call->descriptors);
    kc_job_records_free(&call->records);
    kc_packets_free(&call->collection, false);
    for (size_t i = 0; i < call->child_count; i++)
        free(call->children[i]);
    free(call->children);
    free(call);
}

/* --- answering --- */

void kc_desk_finish(struct kc_desk *desk, struct kc_call *call, struct kc_message *answer,
    struct kc_descriptors *descriptors)
{
    struct kc_descriptors none = {.count = 0};

    answer->id = call->request.id;
    answer->operation = call->request.operation;
    call->answered = true;
    if (call->parent)
        kc_desk_child_finished(desk, call, answer, descriptors ? descriptors : &none);
    else if (call->connection)
        kc_desk_send_answer(desk, call->connection, answer, descriptors ? descriptors : &none);
    else if (descriptors)
        kc_descriptors_close(descriptors);
    if (!call->working)
        free_call(desk, call);
}

void kc_desk_fail(
    struct kc_desk *desk, struct kc_call *call, enum kc_error error, const char *detail)
{
    struct kc_message answer;
    kc_message_init(&answer, call->request.operation);
    answer.error = error;
    if (detail)
        kc_values_set_text(&answer.values, KC_FIELD_DETAIL, detail);
    kc_desk_finish(desk, call, &answer, NULL);
}

/* Children first: the last of them answers its batch. */
void kc_desk_fail_all(struct kc_desk *desk)
{
    for (size_t i = 0; i < desk->call_limit; i++) {
        struct kc_call *call = desk->calls[i];
        if (!call || call->answered || call->child_count > 0 || call->watching)
            continue;
        kc_desk_fail(
            desk, call, call->committed ? KC_ERR_CONNECTION_LOST : KC_ERR_UNAVAILABLE, NULL);
    }
}

void kc_desk_forget_client(struct kc_desk *desk, const struct kc_connection *connection)
{
    for (size_t i = 0; i < desk->call_limit; i++)
        if (desk->calls[i] && desk->calls[i]->connection == connection)
            desk->calls[i]->connection = NULL;
    kc_desk_forget_watches(desk);
}

/* --- from the client --- */

bool kc_desk_take_request(struct kc_desk *desk, struct kc_connection *connection,
    const uint8_t *bytes, size_t size, struct kc_descriptors *descriptors)
{
    const char *detail = NULL;
    struct kc_call *call = kc_desk_new_call(desk, connection, size);

    if (!call) {
        kc_descriptors_close(descriptors);
        return false;
    }
    memcpy(call->bytes, bytes, size);
    call->descriptors = *descriptors;
    kc_message_init(&call->request, KC_OPERATION_PING);
    enum kc_error error = kc_cbor_request_decode(
        call->bytes, size, descriptors->count, desk->batch, &call->request, &detail);
    if (error == KC_OK && desk->stopping)
        error = KC_ERR_STOPPING;
    if (error == KC_OK)
        kc_desk_start_call(desk, call);
    else
        kc_desk_fail(desk, call, error, detail);
    /* who does not keep the form is not understood, so neither is what he sends next */
    return error != KC_ERR_BAD_REQUEST && error != KC_ERR_TOO_LARGE && error != KC_ERR_BAD_VERSION;
}

void kc_desk_start_call(struct kc_desk *desk, struct kc_call *call)
{
    const struct kc_message *request = &call->request;
    struct kc_message answer;

    if (request->operation == KC_OPERATION_BATCH) {
        kc_desk_start_batch(desk, call);
    } else if (request->operation == KC_OPERATION_PING &&
               kc_values_text_is(&request->values, KC_FIELD_THROUGH, "desk")) {
        kc_message_init(&answer, request->operation);
        kc_desk_finish(desk, call, &answer, NULL);
    } else if (request->operation == KC_OPERATION_WATCH) {
        kc_desk_watch(desk, call);
    } else if (desk->vault < 0) {
        kc_desk_fail(desk, call, KC_ERR_UNAVAILABLE, NULL);
    } else if (kc_desk_is_listing(call)) {
        kc_desk_list_next(desk, call);
    } else {
        kc_desk_load(desk, call);
    }
}

/* --- records --- */

static void add_operator(struct kc_call *call)
{
    kc_job_add_id(&call->job,
        (struct kc_span){(const uint8_t *)KC_RECORD_ID_OPERATOR, sizeof KC_RECORD_ID_OPERATOR - 1});
}

/* The ids that the operation's row names. */
static void add_ids(struct kc_call *call)
{
    const struct kc_value *values = call->request.values.value;

    switch (kc_operations[call->request.operation].record) {
    case KC_RECORD_KEY:
        kc_job_add_id(&call->job, values[KC_FIELD_KEY].span);
        break;
    case KC_RECORD_SPLIT:
        kc_job_add_id(&call->job, values[KC_FIELD_KEY].span);
        kc_job_add_id(&call->job, values[KC_FIELD_RECIPIENT].span);
        add_operator(call);
        break;
    case KC_RECORD_RECIPIENT:
        kc_job_add_id(&call->job, values[KC_FIELD_RECIPIENT].span);
        add_operator(call);
        break;
    case KC_RECORD_OPERATOR:
        add_operator(call);
        break;
    case KC_RECORD_OBJECT:
        kc_job_add_id(&call->job, values[KC_FIELD_OBJECT].span);
        break;
    case KC_RECORD_NONE:
    case KC_RECORD_PAGE:
    case KC_RECORD_OBJECTS:
    case KC_RECORD_SEEDS:
    case KC_RECORD_CONNECTIONS:
    case KC_RECORD_ACCOUNTS:
    case KC_RECORD_CAPABILITIES:
    case KC_RECORD_RECIPIENTS:
        break;
    }
}

static bool all_cached(struct kc_desk *desk, struct kc_call *call)
{
    for (size_t i = 0; i < call->job.id_count; i++)
        if (!kc_desk_cache_add_to(desk->cache, call->job.ids[i], &call->records))
            return false;
    return true;
}

void kc_desk_load(struct kc_desk *desk, struct kc_call *call)
{
    add_ids(call);
    if (all_cached(desk, call)) {
        kc_desk_ask_vault(desk, call);
        return;
    }
    kc_job_records_free(&call->records);
    kc_desk_submit(desk, call, KC_JOB_GET);
}

static void keep_loaded(struct kc_desk *desk, const struct kc_call *call)
{
    if (call->job.type == KC_JOB_GET && call->job.id_count == 1 && !call->needed &&
        call->changes == desk->changes)
        kc_desk_cache_put(desk->cache, call->job.ids[0], &call->records);
}

/* --- to and from the vault --- */

void kc_desk_ask_vault(struct kc_desk *desk, struct kc_call *call)
{
    struct kc_vault_message *message = kc_desk_vault_message(desk, KC_VAULT_REQUEST);
    const struct kc_call *top = call->parent ? call->parent : call;

    message->ticket = call->ticket;
    message->connection = call->connection ? call->connection->id : 0;
    kc_message_copy(&message->message, &call->request);
    kc_job_records_spans(&call->records);
    message->record_count = call->records.count;
    memcpy(message->records, call->records.span, call->records.count * sizeof(struct kc_span));
    message->id_count = call->needed ? call->job.id_count : 0;
    for (size_t i = 0; i < message->id_count; i++)
        message->ids[i] =
            (struct kc_span){(const uint8_t *)call->job.ids[i], strlen(call->job.ids[i])};
    kc_desk_vault_send(desk, &top->descriptors);
}

void kc_desk_take_answer(struct kc_desk *desk, struct kc_call *call, struct kc_span packed,
    struct kc_descriptors *descriptors)
{
    struct kc_message *answer = &desk->message.message;

    if (answer->error == KC_OK && kc_desk_is_collected(call)) {
        kc_descriptors_close(descriptors);
        kc_desk_collect(desk, call, packed);
        return;
    }
    if (answer->error == KC_OK && call->request.operation == KC_OPERATION_STORE_BACKUP) {
        kc_descriptors_close(descriptors);
        kc_desk_backup(desk, call);
        return;
    }
    if (answer->error == KC_OK && call->request.operation == KC_OPERATION_STATUS)
        kc_desk_add_status(desk, answer);
    kc_desk_finish(desk, call, answer, descriptors);
}

void kc_desk_take_need(struct kc_desk *desk, struct kc_call *call)
{
    const struct kc_vault_message *message = &desk->message;

    call->needed = true;
    call->job.id_count = 0;
    for (size_t i = 0; i < message->id_count; i++)
        kc_job_add_id(&call->job, message->ids[i]);
    kc_desk_submit(desk, call, KC_JOB_GET);
}

/* --- to and from the store --- */

void kc_desk_submit(struct kc_desk *desk, struct kc_call *call, enum kc_job_type type)
{
    call->job.type = type;
    call->working = true;
    call->changes = desk->changes;
    kc_desk_store_submit(desk->store, &call->job);
}

/* What is asked when something is wrong is answered though the store gives nothing. */
static bool tells_of_the_store(const struct kc_call *call)
{
    return call->request.operation == KC_OPERATION_STATUS ||
           call->request.operation == KC_OPERATION_DOCTOR;
}

static void job_done(struct kc_desk *desk, struct kc_call *call)
{
    enum kc_error error = call->job.error;

    call->working = false;
    if (error == KC_OK)
        keep_loaded(desk, call);
    bool is_backup = call->job.type == KC_JOB_HOLD || call->job.type == KC_JOB_RELEASE;
    if (is_backup)
        kc_desk_backup_done(desk, call);
    if (call->answered)
        free_call(desk, call);
    else if (is_backup)
        kc_desk_backup_answer(desk, call);
    else if (call->job.type == KC_JOB_CHECK)
        kc_desk_doctor_checked(desk, call);
    else if (error != KC_OK && !tells_of_the_store(call))
        kc_desk_fail(desk, call, error, NULL);
    else
        kc_desk_ask_vault(desk, call);
}

void kc_desk_jobs_done(struct kc_desk *desk)
{
    struct kc_job *job = kc_desk_store_done(desk->store);
    while (job) {
        struct kc_job *next = job->next; /* the call may go with its job */
        if (job->owner)
            job_done(desk, job->owner);
        else
            kc_desk_work_done(desk, job);
        job = next;
    }
}
