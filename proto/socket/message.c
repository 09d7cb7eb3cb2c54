/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/socket/message.h"

#include <string.h>

const struct kc_field_row kc_fields[KC_FIELDS] = {
#define KC_FIELD(symbol, name, type, least, most, choices, sentence)                               \
    {name, sizeof(name) - 1, KC_TYPE_##type, least, most, choices, sentence},
#include "proto/socket/fields.def"
#undef KC_FIELD
};

/*
 * FIELDS (A, B, C) is the initializer of the set of KC_FIELD_A, KC_FIELD_B and KC_FIELD_C: each of
 * its words is a sum over the whole list. Each FIELDS_SCAN lets the preprocessor take up the list
 * again; 4 * 4 * 4 of them are enough for a list of 64.
 */
#define FIELDS(...)                                                                                \
    {                                                                                              \
        {                                                                                          \
            FIELDS_WORD(0, __VA_ARGS__), FIELDS_WORD(1, __VA_ARGS__), FIELDS_WORD(2, __VA_ARGS__), \
                FIELDS_WORD(3, __VA_ARGS__)                                                        \
        }                                                                                          \
    }
_Static_assert(KC_FIELD_WORDS == 4, "FIELDS names each word");

#define FIELDS_WORD(index, ...)                                                                    \
    (UINT64_C(0) __VA_OPT__(FIELDS_SCAN(FIELDS_TAKE(index, __VA_ARGS__))))
#define FIELDS_TAKE(index, symbol, ...)                                                            \
    | FIELDS_BIT(index, KC_FIELD_##symbol) __VA_OPT__(FIELDS_AGAIN FIELDS_NONE(index, __VA_ARGS__))
#define FIELDS_BIT(index, field) ((field) / 64 == (index) ? UINT64_C(1) << (field) % 64 : 0)
#define FIELDS_AGAIN() FIELDS_TAKE
#define FIELDS_NONE ()
#define FIELDS_SCAN(...) FIELDS_SCAN_16(FIELDS_SCAN_16(FIELDS_SCAN_16(__VA_ARGS__)))
#define FIELDS_SCAN_16(...) FIELDS_SCAN_4(FIELDS_SCAN_4(FIELDS_SCAN_4(__VA_ARGS__)))
#define FIELDS_SCAN_4(...) FIELDS_SCAN_1(FIELDS_SCAN_1(FIELDS_SCAN_1(__VA_ARGS__)))
#define FIELDS_SCAN_1(...) __VA_ARGS__

const struct kc_operation_row kc_operations[KC_OPERATIONS] = {
#define KC_OPERATION(                                                                              \
    symbol, name, place, record, required, optional, answer, answer_optional, item, sentence)      \
    {name, KC_PLACE_##place, KC_RECORD_##record, FIELDS required, FIELDS optional, FIELDS answer,  \
        FIELDS answer_optional, FIELDS item, sentence},
#include "proto/socket/operations.def"
#undef KC_OPERATION
};

bool kc_field_find(const char *name, size_t size, enum kc_field *field)
{
    for (unsigned int i = 0; i < KC_FIELDS; i++) {
        if (kc_fields[i].name_size == size && memcmp(kc_fields[i].name, name, size) == 0) {
            *field = (enum kc_field)i;
            return true;
        }
    }
    return false;
}

bool kc_operation_find(const char *name, size_t size, enum kc_operation *operation)
{
    for (unsigned int i = 0; i < KC_OPERATIONS; i++) {
        if (strlen(kc_operations[i].name) == size &&
            memcmp(kc_operations[i].name, name, size) == 0) {
            *operation = (enum kc_operation)i;
            return true;
        }
    }
    return false;
}

void kc_message_init(struct kc_message *message, enum kc_operation operation)
{
    message->id = 0;
    message->operation = operation;
    message->error = KC_OK;
    message->values.present = (struct kc_field_set){0};
    message->items = NULL;
    message->item_count = 0;
    message->batch = NULL;
    message->batch_count = 0;
}

void kc_message_copy(struct kc_message *copy, const struct kc_message *message)
{
    struct kc_field_set left = message->values.present;
    enum kc_field field;
    copy->id = message->id;
    copy->operation = message->operation;
    copy->error = message->error;
    copy->values.present = left;
    while (kc_field_set_take(&left, &field))
        copy->values.value[field] = message->values.value[field];
    copy->items = message->items;
    copy->item_count = message->item_count;
    copy->batch = message->batch;
    copy->batch_count = message->batch_count;
}

static void set(struct kc_values *values, enum kc_field field, struct kc_value value)
{
    kc_field_set_add(&values->present, field);
    values->value[field] = value;
}

void kc_values_set_number(struct kc_values *values, enum kc_field field, uint64_t number)
{
    set(values, field, (struct kc_value){.number = number});
}

void kc_values_set_span(
    struct kc_values *values, enum kc_field field, const void *bytes, size_t size)
{
    set(values, field, (struct kc_value){.span = {bytes, size}});
}

void kc_values_set_text(struct kc_values *values, enum kc_field field, const char *text)
{
    kc_values_set_span(values, field, text, strlen(text));
}

void kc_values_set_passed(struct kc_values *values, enum kc_field field, size_t descriptor)
{
    set(values, field, (struct kc_value){.number = descriptor, .passed = true});
}

bool kc_values_text_is(const struct kc_values *values, enum kc_field field, const char *text)
{
    const struct kc_span *span = &values->value[field].span;
    return kc_values_has(values, field) && span->size == strlen(text) &&
           memcmp(span->bytes, text, span->size) == 0;
}
