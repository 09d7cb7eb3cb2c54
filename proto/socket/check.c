/* SPDX-License-Identifier: Apache-2.0 */
/* What the tables say about a message, checked: whoever sent it, and however it was carried. */
#include "proto/socket/message.h"

#include <string.h>

static const struct kc_field_set no_fields;

/* The size of a multi-byte character that starts with this byte, and the least code point that
 * needs it: what is below it has a shorter form. */
static size_t sequence_size(uint8_t first, uint32_t *least)
{
    if ((first & 0xe0) == 0xc0) {
        *least = 0x80;
        return 2;
    }
    if ((first & 0xf0) == 0xe0) {
        *least = 0x800;
        return 3;
    }
    *least = 0x10000;
    return (first & 0xf8) == 0xf0 ? 4 : 0;
}

/* The size of the character at the start of left bytes; 0 if it is not one that text may hold. */
static size_t character_size(const uint8_t *bytes, size_t left)
{
    if (bytes[0] < 0x80)
        return bytes[0] >= 0x20 && bytes[0] != 0x7f ? 1 : 0;
    uint32_t least;
    size_t size = sequence_size(bytes[0], &least);
    if (size == 0 || size > left)
        return 0;
    uint32_t point = bytes[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (bytes[i] & 0x3fu);
    }
    bool surrogate = point >= 0xd800 && point <= 0xdfff;
    bool control = point < 0xa0;
    return point >= least && point <= 0x10ffff && !surrogate && !control ? size : 0;
}

bool kc_text_valid(struct kc_span text)
{
    for (size_t at = 0; at < text.size;) {
        size_t size = character_size(text.bytes + at, text.size - at);
        if (size == 0)
            return false;
        at += size;
    }
    return true;
}

/* Whether text is one of the choices. */
static bool is_choice(const char *choices, struct kc_span text)
{
    while (choices) {
        size_t size = strcspn(choices, " ");
        if (size == text.size && memcmp(choices, text.bytes, size) == 0)
            return true;
        choices = choices[size] ? choices + size + 1 : NULL;
    }
    return false;
}

static bool is_within(const struct kc_field_row *row, uint64_t size)
{
    return size >= row->least && size <= row->most;
}

static enum kc_error check_value(const struct kc_field_row *row, const struct kc_value *value)
{
    bool fits = true;
    switch (row->type) {
    case KC_TYPE_UINT:
    case KC_TYPE_BOOL:
        fits = is_within(row, value->number);
        break;
    case KC_TYPE_TEXT:
        if (!kc_text_valid(value->span))
            return KC_ERR_BAD_REQUEST;
        fits = is_within(row, value->span.size) &&
               (!row->choices || is_choice(row->choices, value->span));
        break;
    case KC_TYPE_BYTES:
        fits = is_within(row, value->span.size);
        break;
    case KC_TYPE_DATA:
        fits = value->passed ? value->number < KC_DESCRIPTORS_MAX
                             : value->span.size <= KC_DATA_INLINE_MAX;
        break;
    case KC_TYPE_SECRET:
        fits = value->number < KC_DESCRIPTORS_MAX;
        break;
    case KC_TYPE_ITEMS:
        break; /* whoever checks the message counts them */
    }
    return fits ? KC_OK : KC_ERR_BAD_ARGUMENT;
}

/* Required fields there, no field beyond those and the optional ones, each
 * value within its limits. */
static enum kc_error check_values(const struct kc_values *values, struct kc_field_set required,
    struct kc_field_set optional, const char **detail)
{
    struct kc_field_set left = values->present;
    struct kc_field_set wrong = kc_field_set_or(kc_field_set_without(required, left),
        kc_field_set_without(left, kc_field_set_or(required, optional)));
    enum kc_field field;
    if (kc_field_set_take(&wrong, &field)) {
        *detail = field < KC_FIELDS ? kc_fields[field].name : NULL;
        return KC_ERR_BAD_REQUEST;
    }
    while (kc_field_set_take(&left, &field)) {
        enum kc_error error = check_value(&kc_fields[field], &values->value[field]);
        if (error != KC_OK) {
            *detail = kc_fields[field].name;
            return error;
        }
    }
    return KC_OK;
}

/* Fields that can come in descriptors. */
static size_t passed_in(struct kc_field_set set)
{
    size_t count = 0;
    enum kc_field field;
    while (kc_field_set_take(&set, &field)) {
        enum kc_field_type type = kc_fields[field].type;
        count += type == KC_TYPE_SECRET || type == KC_TYPE_DATA;
    }
    return count;
}

/* --- how large a batch's answer may become --- */

#define HEAD_MAX 9   /* octets of a head of CBOR */
#define FRAME_MAX 64 /* of a map, and v, id, op, error in it */
#define REFUSAL_MAX (FRAME_MAX + 3 * KC_ERROR_SENTENCE_MAX) /* name, sentence and detail */

/* Octets of the largest answer to an operation. */
static size_t answer_size_most(const struct kc_operation_row *row)
{
    size_t size = FRAME_MAX;
    struct kc_field_set left = kc_field_set_or(row->answer, row->answer_optional);
    enum kc_field field;
    while (kc_field_set_take(&left, &field)) {
        const struct kc_field_row *is = &kc_fields[field];
        bool has_octets = is->type == KC_TYPE_TEXT || is->type == KC_TYPE_BYTES;
        size += HEAD_MAX + is->name_size + HEAD_MAX + (has_octets ? (size_t)is->most : 0);
    }
    return size > REFUSAL_MAX ? size : REFUSAL_MAX;
}

static enum kc_error check_batch_request(const struct kc_message *request, const char **detail)
{
    *detail = kc_fields[KC_FIELD_ITEMS].name;
    if (request->batch_count == 0 || request->batch_count > KC_BATCH_MAX)
        return KC_ERR_BAD_ARGUMENT;
    size_t passed = 0, answers = FRAME_MAX;
    for (size_t i = 0; i < request->batch_count; i++) {
        const struct kc_message *part = &request->batch[i];
        if (part->operation >= KC_OPERATIONS)
            return KC_ERR_UNKNOWN_OPERATION;
        const struct kc_operation_row *row = &kc_operations[part->operation];
        passed += passed_in(row->answer);
        answers += answer_size_most(row);
        if (part->operation == KC_OPERATION_BATCH || part->operation == KC_OPERATION_WATCH ||
            kc_field_set_has(&row->answer, KC_FIELD_ITEMS) || passed > KC_DESCRIPTORS_MAX ||
            answers > KC_MESSAGE_SIZE_MAX)
            return KC_ERR_BAD_ARGUMENT;
        enum kc_error error = check_values(&part->values, row->required, row->optional, detail);
        if (error != KC_OK)
            return error;
    }
    *detail = NULL;
    return KC_OK;
}

enum kc_error kc_request_check(const struct kc_message *request, const char **detail)
{
    *detail = NULL;
    if (request->operation >= KC_OPERATIONS)
        return KC_ERR_UNKNOWN_OPERATION;
    const struct kc_operation_row *row = &kc_operations[request->operation];
    enum kc_error error = check_values(&request->values, row->required, row->optional, detail);
    if (error == KC_OK && request->operation == KC_OPERATION_BATCH)
        error = check_batch_request(request, detail);
    return error;
}

static bool items_fit(const struct kc_message *answer, struct kc_field_set allowed)
{
    const char *detail;
    if (answer->item_count > KC_ITEMS_MAX)
        return false;
    for (size_t i = 0; i < answer->item_count; i++) {
        if (check_values(&answer->items[i], no_fields, allowed, &detail) != KC_OK)
            return false;
    }
    return true;
}

/* What an answer may hold by itself, its lists apart. */
static bool answer_fits(const struct kc_message *answer)
{
    const char *detail;
    if (answer->operation >= KC_OPERATIONS || !kc_error_known((unsigned long)answer->error))
        return false;
    const struct kc_operation_row *row = &kc_operations[answer->operation];
    if (answer->error == KC_OK)
        return check_values(&answer->values, row->answer, row->answer_optional, &detail) == KC_OK;
    struct kc_field_set of_an_error = {0};
    kc_field_set_add(&of_an_error, KC_FIELD_DETAIL);
    return check_values(&answer->values, no_fields, of_an_error, &detail) == KC_OK;
}

static bool batch_fits(const struct kc_message *answer)
{
    if (answer->batch_count > KC_BATCH_MAX)
        return false;
    for (size_t i = 0; i < answer->batch_count; i++) {
        if (kc_values_has(&answer->batch[i].values, KC_FIELD_ITEMS) ||
            !answer_fits(&answer->batch[i]))
            return false;
    }
    return true;
}

enum kc_error kc_answer_check(const struct kc_message *answer)
{
    if (!answer_fits(answer))
        return KC_ERR_BAD_REPLY;
    if (!kc_values_has(&answer->values, KC_FIELD_ITEMS))
        return KC_OK;
    bool fits = answer->operation == KC_OPERATION_BATCH
                    ? batch_fits(answer)
                    : items_fit(answer, kc_operations[answer->operation].item);
    return fits ? KC_OK : KC_ERR_BAD_REPLY;
}
