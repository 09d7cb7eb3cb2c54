/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/envelope_make.h"
#include "custodian/vault/ask.h"
#include "custodian/vault/core.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INLINE_MAX 16384 /* octets of a field in the message itself: with all others they fit */

/* --- a call's life --- */

/* Records that are not well formed are left out: whoever needs one finds it damaged. */
static enum kc_error unpack_records(struct kc_call *call)
{
    if (call->in.record_count == 0)
        return KC_OK;
    call->records = calloc(call->in.record_count, sizeof call->records[0]);
    if (!call->records)
        return KC_ERR_NO_MEMORY;
    for (size_t i = 0; i < call->in.record_count; i++) {
        if (kc_record_unpack(call->in.records[i], &call->records[call->record_count]) == KC_OK)
            call->record_count++;
        else
            call->damaged = true;
    }
    return KC_OK;
}

static enum kc_error read_message(struct kc_call *call, struct kc_span packet, size_t *size)
{
    struct kc_reader r;
    if (packet.size == 0)
        return KC_ERR_BAD_REQUEST;
    call->packet = malloc(packet.size);
    if (!call->packet)
        return KC_ERR_NO_MEMORY;
    memcpy(call->packet, packet.bytes, packet.size);
    kc_message_init(&call->in.message, KC_OPERATION_PING);
    kc_reader_init(&r, call->packet, packet.size);
    kc_vault_message_read(&r, NULL, &call->in);
    if (r.failed || call->in.message.operation >= KC_OPERATIONS)
        return KC_ERR_BAD_REQUEST;
    *size = packet.size - r.left;
    kc_message_init(&call->answer, call->in.message.operation);
    call->answer.id = call->in.message.id;
    return unpack_records(call);
}

enum kc_error kc_call_new(struct kc_vault *vault, uint64_t desk, struct kc_span packet,
    const struct kc_descriptors *descriptors, struct kc_call **call, size_t *size)
{
    struct kc_descriptors given = *descriptors;
    struct kc_call *c = malloc(sizeof *c);
    if (!c) {
        kc_descriptors_close(&given);
        return KC_ERR_NO_MEMORY;
    }
    memset(c, 0, offsetof(struct kc_call, in));
    c->vault = vault;
    c->desk = desk;
    c->descriptors = given;
    enum kc_error error = read_message(c, packet, size);
    if (error == KC_OK)
        *call = c;
    else
        kc_call_free(c);
    return error;
}

enum kc_error kc_call_new_own(
    struct kc_vault *vault, enum kc_operation operation, struct kc_call **call)
{
    struct kc_call *c = malloc(sizeof *c);
    if (!c)
        return KC_ERR_NO_MEMORY;
    memset(c, 0, offsetof(struct kc_call, in));
    c->vault = vault;
    c->desk = atomic_load(&vault->desk);
    c->is_own = true;
    memset(&c->in, 0, sizeof c->in);
    c->in.type = KC_VAULT_REQUEST;
    c->in.ticket = KC_VAULT_TICKET_OWN;
    kc_message_init(&c->in.message, operation);
    kc_message_init(&c->answer, operation);
    *call = c;
    return KC_OK;
}

void kc_call_free(struct kc_call *call)
{
    if (!call)
        return;
    if (call->is_own)
        kc_ledger_erasing_ended(call->vault);
    kc_call_unstage(call);
    kc_ledger_leave(call);
    if (call->page)
        kc_call_free(call->page);
    kc_call_free(call->brought);
    kc_session_free(call->session);
    kc_mesh_making_free(call->making);
    if (call->has_turn)
        kc_vault_leave(call->vault, call->turn);
    kc_descriptors_close(&call->descriptors);
    kc_descriptors_close_own(&call->answer_descriptors);
    kc_wipe(call->kept, call->kept_size); /* contributions, random octets */
    free(call->records);
    while (call->bodies) {
        struct kc_call_body *next = call->bodies->next;
        free(call->bodies);
        call->bodies = next;
    }
    while (call->brought_before) {
        struct kc_brought_record *next = call->brought_before->next;
        free(call->brought_before);
        call->brought_before = next;
    }
    free(call->changes);
    free(call->items);
    free(call->given);
    kc_question_free(call->question);
    free(call->packet);
    free(call);
}

/* An error answers nothing but itself and, if it says more, the detail. */
static void keep_only_detail(struct kc_call *call)
{
    bool has_detail = kc_values_has(&call->answer.values, KC_FIELD_DETAIL);
    call->answer.values.present = (struct kc_field_set){0};
    if (has_detail)
        kc_field_set_add(&call->answer.values.present, KC_FIELD_DETAIL);
    call->answer.item_count = 0;
    kc_descriptors_close_own(&call->answer_descriptors);
}

void kc_call_restart(struct kc_call *call)
{
    kc_call_unstage(call);
    kc_wipe(call->kept, call->kept_size);
    call->kept_size = 0;
    call->answer.values.present = (struct kc_field_set){0};
    call->answer.item_count = 0;
    kc_descriptors_close_own(&call->answer_descriptors);
}

void kc_call_take_page(struct kc_call *call, struct kc_call *answer)
{
    kc_call_free(call->page);
    call->wants_page = false;
    call->page_looked = 0;
    call->fetches = 0;
    call->page = answer;
}

void kc_call_take_needed(struct kc_call *call, struct kc_call *answer)
{
    struct kc_record *former = call->records;
    kc_call_restart(call);
    call->records = answer->records;
    call->record_count = answer->record_count;
    call->damaged = answer->damaged;
    memcpy(call->in.ids, answer->in.ids, sizeof call->in.ids);
    call->in.id_count = answer->in.id_count;
    answer->records = former; /* what is staged may lend from it */
    answer->brought = call->brought;
    call->brought = answer;
}

static void tell(const struct kc_call *call, enum kc_error error)
{
    const struct kc_values *answer = &call->answer.values;
    struct kc_vault_event event = {.operation = call->in.message.operation,
        .key = kc_call_field(call, KC_FIELD_KEY),
        .connection = call->in.connection,
        .known = call->known,
        .user = call->peer.user,
        .changed = call->changed,
        .note = call->note,
        .error = error};
    if (error == KC_OK && kc_values_has(answer, KC_FIELD_KEY))
        event.key = answer->value[KC_FIELD_KEY].span;
    call->vault->outside->tell(call->vault->outside->context, &event);
}

void kc_call_tell(struct kc_call *call, struct kc_span key, const char *note)
{
    struct kc_vault_event event = {.operation = call->in.message.operation,
        .key = key,
        .connection = call->in.connection,
        .known = call->known,
        .user = call->peer.user,
        .note = note};
    call->vault->outside->tell(call->vault->outside->context, &event);
}

void kc_call_finish(struct kc_call *call, enum kc_error error)
{
    tell(call, error);
    if (call->is_own) {
        kc_call_free(call);
        return;
    }
    if (error != KC_OK)
        keep_only_detail(call);
    call->answer.error = error;
    struct kc_vault_message out;
    out.type = KC_VAULT_ANSWER;
    out.ticket = call->in.ticket;
    kc_message_copy(&out.message, &call->answer);
    kc_call_send(call, &out, &call->answer_descriptors);
    kc_call_free(call);
}

uint64_t kc_call_now(const struct kc_call *call)
{
    return call->vault->outside->seconds(call->vault->outside->context);
}

uint64_t kc_call_now_ms(const struct kc_call *call)
{
    return call->vault->outside->milliseconds(call->vault->outside->context);
}

/* --- the request --- */

bool kc_call_text_fits(const struct kc_call *call, enum kc_field field, const char *text)
{
    return !kc_call_has(call, field) ||
           (text && kc_values_text_is(&call->in.message.values, field, text));
}

bool kc_call_has(const struct kc_call *call, enum kc_field field)
{
    return kc_values_has(&call->in.message.values, field);
}

struct kc_span kc_call_field(const struct kc_call *call, enum kc_field field)
{
    return kc_call_has(call, field) ? call->in.message.values.value[field].span
                                    : (struct kc_span){NULL, 0};
}

void kc_call_text(const struct kc_call *call, enum kc_field field, char *text, size_t text_size)
{
    struct kc_span span = kc_call_field(call, field);
    size_t size = span.size < text_size ? span.size : text_size - 1;
    memset(text, 0, text_size);
    if (span.bytes)
        memcpy(text, span.bytes, size);
}

/* The descriptor that a field names. */
static enum kc_error find_descriptor(
    const struct kc_call *call, enum kc_field field, int *descriptor)
{
    uint64_t index = call->in.message.values.value[field].number;
    if (index >= call->descriptors.count)
        return KC_ERR_BAD_REQUEST;
    *descriptor = call->descriptors.fd[index];
    return KC_OK;
}

/* A bad descriptor is a bad value: the form of the message was right. */
static enum kc_error name_descriptor(struct kc_call *call, enum kc_field field, enum kc_error error)
{
    if (error != KC_ERR_BAD_REQUEST && error != KC_ERR_TOO_LARGE && error != KC_ERR_BAD_ARGUMENT)
        return error;
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[field].name);
    return KC_ERR_BAD_ARGUMENT;
}

static enum kc_error read_passed(struct kc_call *call, enum kc_field field, struct kc_data *data)
{
    int descriptor;
    size_t size;
    enum kc_error error = find_descriptor(call, field, &descriptor);
    if (error == KC_OK)
        error = kc_sealed_size(descriptor, kc_fields[field].most, &size);
    if (error != KC_OK)
        return error;
    KC_AUTO_DATA read = {.owned = malloc(size > 0 ? size : 1)};
    if (!read.owned)
        return KC_ERR_NO_MEMORY;
    error = kc_sealed_read(descriptor, read.owned, size, &size);
    if (error != KC_OK)
        return error;
    *data = (struct kc_data){{read.owned, size}, read.owned};
    read.owned = NULL;
    return KC_OK;
}

enum kc_error kc_call_data(struct kc_call *call, enum kc_field field, struct kc_data *data)
{
    if (kc_call_has(call, field) && call->in.message.values.value[field].passed)
        return name_descriptor(call, field, read_passed(call, field, data));
    *data = (struct kc_data){.span = kc_call_field(call, field)};
    return KC_OK;
}

void kc_data_done(struct kc_data *data)
{
    free(data->owned);
    *data = (struct kc_data){0};
}

static enum kc_error read_secret(const struct kc_call *call, enum kc_field field, size_t least,
    size_t most, struct kc_secret *secret)
{
    int descriptor;
    size_t size;
    enum kc_error error = find_descriptor(call, field, &descriptor);
    if (error == KC_OK)
        error = kc_sealed_size(descriptor, most, &size);
    if (error == KC_OK && size < least)
        error = KC_ERR_BAD_ARGUMENT;
    if (error != KC_OK)
        return error;
    KC_AUTO_SECRET read = {0};
    error = kc_secret_init(&read, size);
    if (error == KC_OK)
        error = kc_sealed_read(descriptor, read.bytes, size, &size);
    if (error == KC_OK)
        *secret = kc_secret_take(&read);
    return error;
}

enum kc_error kc_call_secret(
    struct kc_call *call, enum kc_field field, size_t least, size_t most, struct kc_secret *secret)
{
    return name_descriptor(call, field, read_secret(call, field, least, most, secret));
}

/* --- the answer --- */

void kc_call_set_text(struct kc_call *call, enum kc_field field, const char *text)
{
    kc_values_set_text(&call->answer.values, field, text);
}

void kc_call_set_number(struct kc_call *call, enum kc_field field, uint64_t number)
{
    kc_values_set_number(&call->answer.values, field, number);
}

/* What an answer keeps is bounded by its fields, so running out is our defect. */
uint8_t *kc_call_keep(struct kc_call *call, size_t size)
{
    if (size > sizeof call->kept - call->kept_size)
        abort();
    uint8_t *room = call->kept + call->kept_size;
    call->kept_size += size;
    return room;
}

void kc_call_set_octets(
    struct kc_call *call, enum kc_field field, const uint8_t *octets, size_t size)
{
    uint8_t *kept = kc_call_keep(call, size);
    memcpy(kept, octets, size);
    kc_values_set_span(&call->answer.values, field, kept, size);
}

static enum kc_error set_passed(
    struct kc_call *call, enum kc_field field, const uint8_t *octets, size_t size)
{
    struct kc_descriptors *d = &call->answer_descriptors;
    int descriptor;
    if (d->count >= KC_DESCRIPTORS_MAX)
        return KC_ERR_INTERNAL;
    enum kc_error error = kc_sealed_make(octets, size, &descriptor);
    if (error != KC_OK)
        return error;
    kc_values_set_passed(&call->answer.values, field, d->count);
    d->fd[d->count++] = descriptor;
    return KC_OK;
}

enum kc_error kc_call_give_octets(
    struct kc_call *call, enum kc_field field, uint8_t *octets, size_t size)
{
    free(call->given);
    call->given = octets;
    if (size > INLINE_MAX)
        return kc_call_set_data(call, field, (struct kc_span){octets, size});
    kc_values_set_span(&call->answer.values, field, octets, size);
    return KC_OK;
}

enum kc_error kc_call_set_secret(
    struct kc_call *call, enum kc_field field, const uint8_t *octets, size_t size)
{
    return set_passed(call, field, octets, size);
}

enum kc_error kc_call_set_data(struct kc_call *call, enum kc_field field, struct kc_span octets)
{
    if (octets.size > kc_fields[field].most)
        return KC_ERR_TOO_LARGE;
    return set_passed(call, field, octets.bytes, octets.size);
}

const char *kc_call_print(struct kc_call *call, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= sizeof text)
        abort(); /* every text is made to fit */
    return memcpy(kc_call_keep(call, (size_t)size + 1), text, (size_t)size + 1);
}

enum kc_error kc_call_add_item(struct kc_call *call, struct kc_values **item)
{
    if (!call->items)
        call->items = malloc(KC_VAULT_PAGE_MAX * sizeof call->items[0]);
    if (!call->items)
        return KC_ERR_NO_MEMORY;
    if (call->answer.item_count >= KC_VAULT_PAGE_MAX)
        return KC_ERR_INTERNAL;
    call->answer.items = call->items;
    call->items[call->answer.item_count].present = (struct kc_field_set){0};
    *item = &call->items[call->answer.item_count++];
    return KC_OK;
}
