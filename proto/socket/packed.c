/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/socket/packed.h"

#include <string.h>

static void pack_data(struct kc_writer *w, const struct kc_value *value)
{
    kc_writer_u8(w, value->passed);
    if (value->passed)
        kc_writer_u8(w, (uint8_t)value->number);
    else
        kc_writer_span(w, value->span.bytes, value->span.size);
}

static void pack_value(struct kc_writer *w, enum kc_field_type type, const struct kc_value *value)
{
    switch (type) {
    case KC_TYPE_UINT:
        kc_writer_u64(w, value->number);
        break;
    case KC_TYPE_BOOL:
    case KC_TYPE_SECRET:
        kc_writer_u8(w, (uint8_t)value->number);
        break;
    case KC_TYPE_TEXT:
    case KC_TYPE_BYTES:
        kc_writer_span(w, value->span.bytes, value->span.size);
        break;
    case KC_TYPE_DATA:
        pack_data(w, value);
        break;
    case KC_TYPE_ITEMS:
        break; /* the list follows the values */
    }
}

static void pack_values(struct kc_writer *w, const struct kc_values *values)
{
    struct kc_field_set left = values->present;
    enum kc_field field;
    for (size_t i = 0; i < KC_FIELD_WORDS; i++)
        kc_writer_u64(w, left.word[i]);
    while (kc_field_set_take(&left, &field))
        pack_value(w, kc_fields[field].type, &values->value[field]);
}

void kc_message_pack(struct kc_writer *w, const struct kc_message *message)
{
    kc_writer_u64(w, message->id);
    kc_writer_u16(w, (uint16_t)message->operation);
    kc_writer_u16(w, (uint16_t)message->error);
    pack_values(w, &message->values);
    if (!kc_values_has(&message->values, KC_FIELD_ITEMS))
        return;
    kc_writer_u32(w, (uint32_t)message->item_count);
    for (size_t i = 0; i < message->item_count; i++)
        pack_values(w, &message->items[i]);
}

/* A number of at most `most`. */
static uint64_t unpack_number(struct kc_reader *r, uint64_t number, uint64_t most)
{
    if (number > most)
        kc_reader_fail(r);
    return number;
}

static void unpack_value(
    struct kc_reader *r, const struct kc_field_row *row, struct kc_value *value)
{
    *value = (struct kc_value){0};
    switch (row->type) {
    case KC_TYPE_UINT:
        value->number = unpack_number(r, kc_reader_u64(r), row->most);
        break;
    case KC_TYPE_BOOL:
        value->number = unpack_number(r, kc_reader_u8(r), 1);
        break;
    case KC_TYPE_SECRET:
        value->passed = true;
        value->number = unpack_number(r, kc_reader_u8(r), KC_DESCRIPTORS_MAX - 1);
        break;
    case KC_TYPE_TEXT:
    case KC_TYPE_BYTES:
        value->span = kc_reader_span(r, row->most);
        break;
    case KC_TYPE_DATA:
        value->passed = unpack_number(r, kc_reader_u8(r), 1) == 1;
        if (value->passed)
            value->number = unpack_number(r, kc_reader_u8(r), KC_DESCRIPTORS_MAX - 1);
        else
            value->span = kc_reader_span(r, KC_DATA_INLINE_MAX);
        break;
    case KC_TYPE_ITEMS:
        break;
    }
}

static void unpack_values(struct kc_reader *r, struct kc_values *values)
{
    struct kc_field_set present, left;
    enum kc_field field;
    for (size_t i = 0; i < KC_FIELD_WORDS; i++)
        present.word[i] = kc_reader_u64(r);
    left = present;
    while (!r->failed && kc_field_set_take(&left, &field)) {
        if (field < KC_FIELDS)
            unpack_value(r, &kc_fields[field], &values->value[field]);
        else
            kc_reader_fail(r);
    }
    if (r->failed)
        memset(&present, 0, sizeof present);
    values->present = present;
}

static void unpack_items(struct kc_reader *r, struct kc_values *items, struct kc_message *message)
{
    const size_t values_size_min = KC_FIELD_WORDS * sizeof(uint64_t);
    size_t count = kc_reader_count(r, KC_ITEMS_MAX, values_size_min);
    if (!items) {
        kc_reader_fail(r);
        count = 0;
    }
    for (size_t i = 0; i < count && !r->failed; i++) {
        unpack_values(r, &items[i]);
        if (kc_values_has(&items[i], KC_FIELD_ITEMS)) /* one level */
            kc_reader_fail(r);
    }
    message->items = items;
    message->item_count = count;
}

void kc_message_unpack(struct kc_reader *r, struct kc_values *items, struct kc_message *message)
{
    kc_message_init(message, (enum kc_operation)0);
    message->id = kc_reader_u64(r);
    message->operation = (enum kc_operation)unpack_number(r, kc_reader_u16(r), KC_OPERATIONS - 1);
    uint16_t error = kc_reader_u16(r);
    if (!kc_error_known(error))
        kc_reader_fail(r);
    message->error = (enum kc_error)error;
    unpack_values(r, &message->values);
    if (kc_values_has(&message->values, KC_FIELD_ITEMS))
        unpack_items(r, items, message);
    if (r->failed)
        kc_message_init(message, (enum kc_operation)0);
}
