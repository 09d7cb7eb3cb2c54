/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/desk/desk.h"
#include "custodian/log.h"
#include "proto/socket/cbor.h"

#include <stdio.h>
#include <string.h>

#define ROUNDS_MAX 64                     /* pages that one request makes the vault look at */
#define LITTLE_SPACE (UINT64_C(64) << 20) /* bytes */

bool kc_desk_is_listing(const struct kc_call *call)
{
    enum kc_operation_record record = kc_operations[call->request.operation].record;
    return record == KC_RECORD_PAGE || record == KC_RECORD_RECIPIENTS ||
           record == KC_RECORD_OBJECTS || record == KC_RECORD_SEEDS ||
           record == KC_RECORD_CONNECTIONS || record == KC_RECORD_ACCOUNTS ||
           record == KC_RECORD_CAPABILITIES;
}

bool kc_desk_is_collected(const struct kc_call *call)
{
    return kc_desk_is_listing(call) || call->request.operation == KC_OPERATION_DOCTOR;
}

/* --- listings --- */

static struct kc_span text_of(const struct kc_values *values, enum kc_field field)
{
    return kc_values_has(values, field) ? values->value[field].span : (struct kc_span){NULL, 0};
}

/* What the store can leave out early; the vault filters by itself what it lets out. */
static struct kc_store_filter filter_of(const struct kc_call *call)
{
    const struct kc_values *values = &call->request.values;
    enum kc_operation_record record = kc_operations[call->request.operation].record;
    if (record == KC_RECORD_RECIPIENTS)
        return (struct kc_store_filter){.kind = KC_KIND_RECIPIENT};
    if (record == KC_RECORD_SEEDS)
        return (struct kc_store_filter){.kind = KC_KIND_SEED,
            .keyring = text_of(values, KC_FIELD_KEYRING),
            .label = text_of(values, KC_FIELD_LABEL)};
    if (record == KC_RECORD_CONNECTIONS)
        return (struct kc_store_filter){.kind = KC_KIND_CONNECTION,
            .state = KC_STATE_ACTIVE,
            .keyring = text_of(values, KC_FIELD_KEYRING),
            .label = text_of(values, KC_FIELD_LABEL)};
    if (record == KC_RECORD_ACCOUNTS)
        return (struct kc_store_filter){.kind = KC_KIND_ACCOUNT};
    if (record == KC_RECORD_CAPABILITIES)
        return (struct kc_store_filter){
            .kind = KC_KIND_CAPABILITY, .group = text_of(values, KC_FIELD_ACCOUNT_UDF)};
    if (record == KC_RECORD_OBJECTS)
        return (struct kc_store_filter){.kind = KC_KIND_KEY,
            .other_kind = KC_KIND_OBJECT,
            .state = KC_STATE_ACTIVE,
            .keyring = text_of(values, KC_FIELD_KEYRING),
            .label = text_of(values, KC_FIELD_LABEL)};
    return (struct kc_store_filter){
        .kind = KC_KIND_KEY,
        .role = kc_role_find(text_of(values, KC_FIELD_ROLE)),
        .state = kc_state_find(text_of(values, KC_FIELD_STATE)),
        .keyring = text_of(values, KC_FIELD_KEYRING),
        .label = text_of(values, KC_FIELD_LABEL),
        .group = text_of(values, KC_FIELD_GROUP),
    };
}

void kc_desk_list_next(struct kc_desk *desk, struct kc_call *call)
{
    struct kc_span after = text_of(&call->request.values, KC_FIELD_AFTER);

    if (call->rounds == 0) {
        if (after.size >= KC_RECORD_ID_SIZE) {
            kc_desk_fail(desk, call, KC_ERR_BAD_ARGUMENT, "after");
            return;
        }
        if (after.size > 0)
            memcpy(call->job.after, after.bytes, after.size);
    }
    kc_job_records_free(&call->records);
    call->job.id_count = 0;
    call->needed = false;
    call->job.filter = filter_of(call);
    kc_desk_submit(desk, call, KC_JOB_PAGE);
}

static size_t wanted_items(const struct kc_call *call)
{
    const struct kc_values *values = &call->request.values;
    uint64_t count =
        kc_values_has(values, KC_FIELD_COUNT) ? values->value[KC_FIELD_COUNT].number : KC_ITEMS_MAX;
    return count < KC_ITEMS_MAX ? (size_t)count : KC_ITEMS_MAX;
}

/* Unpacks what was collected into desk->items; returns how many there are. */
static size_t gather(struct kc_desk *desk, const struct kc_call *call)
{
    size_t count = 0;
    for (const struct kc_packet *p = call->collection.first; p && count <= KC_ITEMS_MAX;
         p = p->next) {
        enum kc_error error =
            kc_vault_message_unpack(p->bytes, p->size, desk->items + count, &desk->message);
        if (error == KC_OK) /* it was unpacked before */
            count += desk->message.message.item_count;
    }
    return count;
}

/* The id of an item, whatever it is of. */
static struct kc_span id_of(const struct kc_values *item)
{
    static const enum kc_field ids[] = {
        KC_FIELD_KEY, KC_FIELD_RECIPIENT, KC_FIELD_OBJECT, KC_FIELD_CONNECTION, KC_FIELD_DEVICE};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        if (kc_values_has(item, ids[i]))
            return item->value[ids[i]].span;
    return (struct kc_span){NULL, 0};
}

/* Where the listing goes on: after the last item that is shown, or after what was looked at. */
static void set_more(const struct kc_call *call, struct kc_message *answer, size_t total)
{
    bool cut = answer->item_count < total;
    bool more = cut || !call->job.end;

    kc_values_set_number(&answer->values, KC_FIELD_MORE, more);
    if (cut && answer->item_count > 0) {
        struct kc_span last = id_of(&answer->items[answer->item_count - 1]);
        kc_values_set_span(&answer->values, KC_FIELD_AFTER, last.bytes, last.size);
    } else if (more) {
        kc_values_set_text(&answer->values, KC_FIELD_AFTER, call->job.after);
    }
}

static void finish_list(struct kc_desk *desk, struct kc_call *call)
{
    size_t total = gather(desk, call), wanted = wanted_items(call), size;
    struct kc_message answer;

    kc_message_init(&answer, call->request.operation);
    answer.id = call->request.id;
    answer.items = desk->items;
    answer.item_count = total < wanted ? total : wanted;
    kc_field_set_add(&answer.values.present, KC_FIELD_ITEMS);
    set_more(call, &answer, total);
    /* a message holds 64 KiB, and items may be long: show fewer until they fit */
    while (
        kc_cbor_answer_encode(&answer, desk->cbor, sizeof desk->cbor, &size) == KC_ERR_TOO_LARGE &&
        answer.item_count > 1) {
        answer.item_count -= (answer.item_count + 3) / 4;
        set_more(call, &answer, total);
    }
    kc_desk_finish(desk, call, &answer, NULL);
}

static void list_answered(struct kc_desk *desk, struct kc_call *call, size_t size)
{
    call->rounds++;
    call->collected_size += size;
    if (call->job.damaged > 0)
        kc_log(KC_LOG_ERROR, "records-damaged", kc_log_number("count", call->job.damaged),
            kc_log_text("before", call->job.after));
    if (call->job.end || call->item_count > wanted_items(call) || call->rounds == ROUNDS_MAX ||
        call->collected_size > KC_MESSAGE_SIZE_MAX)
        finish_list(desk, call);
    else
        kc_desk_list_next(desk, call);
}

void kc_desk_collect(struct kc_desk *desk, struct kc_call *call, struct kc_span packed)
{
    struct kc_packet *packet = kc_packet_new(packed.bytes, packed.size, NULL);

    if (!packet) {
        kc_desk_fail(desk, call, KC_ERR_NO_MEMORY, NULL);
        return;
    }
    kc_packet_append(&call->collection, packet);
    call->item_count += desk->message.message.item_count;
    if (kc_desk_is_listing(call))
        list_answered(desk, call, packed.size);
    else
        kc_desk_submit(desk, call, KC_JOB_CHECK);
}

/* --- status and doctor --- */

void kc_desk_add_status(const struct kc_desk *desk, struct kc_message *answer)
{
    kc_values_set_number(
        &answer->values, KC_FIELD_KEYS, kc_desk_store_key_count(desk->store) & UINT32_MAX);
    kc_values_set_number(&answer->values, KC_FIELD_CONNECTIONS, desk->connection_count);
}

static void add_check(struct kc_message *answer, const char *check, enum kc_error error,
    const char *good, const char *result_otherwise)
{
    struct kc_values *item = &answer->items[answer->item_count++];
    const struct kc_error_row *row = kc_error_row(error);

    item->present = (struct kc_field_set){0};
    kc_values_set_text(item, KC_FIELD_CHECK, check);
    kc_values_set_text(item, KC_FIELD_RESULT, error == KC_OK ? "ok" : result_otherwise);
    kc_values_set_text(item, KC_FIELD_DETAIL, error == KC_OK ? good : row->sentence);
    kc_values_set_text(item, KC_FIELD_ADVICE, row->advice);
}

static void add_store_checks(
    const struct kc_job *job, struct kc_message *answer, char *space, size_t space_size)
{
    const struct kc_job_check *check = &job->check;
    bool little = check->space == KC_OK && check->free_space < LITTLE_SPACE;

    if (job->error != KC_OK) {
        add_check(answer, "store", job->error, "", "fail");
        return;
    }
    snprintf(space, space_size, "%llu MiB free", (unsigned long long)(check->free_space >> 20));
    add_check(
        answer, "store-permissions", check->permissions, "folder and file are private", "fail");
    add_check(answer, "store-writable", check->writable, "a change was written and synced", "fail");
    add_check(answer, "store-space", little ? KC_ERR_STORE_FULL : check->space, space,
        little ? "warn" : "fail");
    if (little) /* it is not full yet: the figure says more than the sentence */
        kc_values_set_text(&answer->items[answer->item_count - 1], KC_FIELD_DETAIL, space);
}

void kc_desk_doctor_checked(struct kc_desk *desk, struct kc_call *call)
{
    char space[32];
    struct kc_message answer;

    kc_message_init(&answer, call->request.operation);
    answer.items = desk->items;
    answer.item_count = gather(desk, call);
    kc_field_set_add(&answer.values.present, KC_FIELD_ITEMS);
    add_store_checks(&call->job, &answer, space, sizeof space);
    kc_desk_finish(desk, call, &answer, NULL);
}
