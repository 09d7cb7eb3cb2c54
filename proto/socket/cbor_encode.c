/* SPDX-License-Identifier: Apache-2.0 */
#include "base/writer.h"
#include "proto/socket/cbor.h"
#include "proto/socket/cbor_key.h"

#include <cbor.h>

#define MESSAGE_FRAME (KC_KEY_FRAME(KC_KEY_V) | KC_KEY_FRAME(KC_KEY_ID))
#define ERROR_FRAME (KC_KEY_FRAME(KC_KEY_NAME) | KC_KEY_FRAME(KC_KEY_SENTENCE))

/* One map to be written: some keys of the frame, and the fields that are present. */
struct map {
    const struct kc_message *message; /* that the frame speaks of; NULL for an item */
    const struct kc_values *values;
    unsigned int frame;
    bool answer;
};

/* Appends what one of libcbor's encoders writes; each takes the shortest form. */
static void put(
    struct kc_writer *w, size_t (*encode)(uint64_t, unsigned char *, size_t), uint64_t number)
{
    if (w->failed)
        return;
    size_t size = encode(number, w->bytes + w->size, w->limit - w->size);
    w->size += size;
    w->failed = size == 0;
}

static void put_span(
    struct kc_writer *w, size_t (*encode)(size_t, unsigned char *, size_t), struct kc_span span)
{
    put(w, encode, span.size);
    kc_writer_bytes(w, span.bytes, span.size);
}

static void put_text(struct kc_writer *w, const char *text)
{
    put_span(w, cbor_encode_string_start,
        (struct kc_span){(const uint8_t *)text, __builtin_strlen(text)});
}

static void put_bool(struct kc_writer *w, bool value)
{
    kc_writer_u8(w, value ? 0xf5 : 0xf4); /* RFC 8949, section 3.3 */
}

static void put_map(struct kc_writer *w, const struct map *map);

static struct map part_map(const struct kc_message *part, bool answer)
{
    unsigned int frame = answer ? KC_KEY_FRAME(KC_KEY_ERROR) : KC_KEY_FRAME(KC_KEY_OP);
    if (answer && part->error != KC_OK)
        frame |= ERROR_FRAME;
    return (struct map){part, &part->values, frame, answer};
}

static void put_items(struct kc_writer *w, const struct map *map)
{
    const struct kc_message *message = map->message;
    bool batch = message->operation == KC_OPERATION_BATCH;
    size_t count = batch ? message->batch_count : message->item_count;
    put(w, cbor_encode_array_start, count);
    for (size_t i = 0; i < count; i++) {
        struct map part = batch ? part_map(&message->batch[i], map->answer)
                                : (struct map){NULL, &message->items[i], 0, map->answer};
        put_map(w, &part);
    }
}

static void put_field(struct kc_writer *w, const struct map *map, enum kc_field field)
{
    const struct kc_value *value = &map->values->value[field];
    switch (kc_fields[field].type) {
    case KC_TYPE_UINT:
    case KC_TYPE_SECRET:
        put(w, cbor_encode_uint, value->number);
        break;
    case KC_TYPE_BOOL:
        put_bool(w, value->number != 0);
        break;
    case KC_TYPE_TEXT:
        put_span(w, cbor_encode_string_start, value->span);
        break;
    case KC_TYPE_BYTES:
        put_span(w, cbor_encode_bytestring_start, value->span);
        break;
    case KC_TYPE_DATA:
        if (value->passed)
            put(w, cbor_encode_uint, value->number);
        else
            put_span(w, cbor_encode_bytestring_start, value->span);
        break;
    case KC_TYPE_ITEMS:
        if (map->message) /* lists have one level */
            put_items(w, map);
        else
            w->failed = true;
        break;
    }
}

static void put_frame(struct kc_writer *w, const struct kc_message *message, unsigned int key)
{
    switch ((enum kc_frame_key)key) {
    case KC_KEY_V:
        put(w, cbor_encode_uint, KC_PROTOCOL_VERSION);
        break;
    case KC_KEY_ID:
        put(w, cbor_encode_uint, message->id);
        break;
    case KC_KEY_OP:
        put_text(w, kc_operations[message->operation].name);
        break;
    case KC_KEY_ERROR:
        put(w, cbor_encode_uint, (uint64_t)message->error);
        break;
    case KC_KEY_NAME:
        put_text(w, kc_error_row(message->error)->name);
        break;
    case KC_KEY_SENTENCE:
        put_text(w, kc_error_row(message->error)->sentence);
        break;
    case KC_KEY_KEYS:
        break;
    }
}

static bool has_key(const struct map *map, unsigned int key)
{
    return key < KC_FIELDS ? kc_values_has(map->values, (enum kc_field)key)
                           : (map->frame & KC_KEY_FRAME(key)) != 0;
}

static size_t key_count(const struct map *map)
{
    return kc_field_set_count(&map->values->present) + (size_t)__builtin_popcount(map->frame);
}

static void put_map(struct kc_writer *w, const struct map *map)
{
    const uint8_t *order = kc_key_order();
    put(w, cbor_encode_map_start, key_count(map));
    for (size_t i = 0; i < KC_KEY_KEYS; i++) {
        unsigned int key = order[i];
        if (!has_key(map, key))
            continue;
        put_span(w, cbor_encode_string_start, kc_key_text(key));
        if (key < KC_FIELDS)
            put_field(w, map, (enum kc_field)key);
        else
            put_frame(w, map->message, key);
    }
}

static enum kc_error encode(
    const struct kc_message *message, bool answer, void *bytes, size_t limit, size_t *size)
{
    struct kc_writer w;
    kc_writer_init(&w, bytes, limit < KC_MESSAGE_SIZE_MAX ? limit : KC_MESSAGE_SIZE_MAX);
    struct map map = part_map(message, answer);
    map.frame |= MESSAGE_FRAME;
    put_map(&w, &map);
    enum kc_error error = kc_writer_finish(&w);
    if (error == KC_OK)
        *size = w.size;
    return error;
}

enum kc_error kc_cbor_request_encode(
    const struct kc_message *request, void *bytes, size_t limit, size_t *size)
{
    return encode(request, false, bytes, limit, size);
}

enum kc_error kc_cbor_answer_encode(
    const struct kc_message *answer, void *bytes, size_t limit, size_t *size)
{
    return encode(answer, true, bytes, limit, size);
}
