/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/socket/cbor.h"
#include "proto/socket/cbor_item.h"
#include "proto/socket/cbor_key.h"

#include <string.h>

#define SKIPPED_DEPTH_MAX 4 /* of lists and maps in a value that is skipped */

struct decoder {
    struct kc_reader r;
    size_t descriptors;
    bool answer;
    bool unknown; /* `op` names none: what comes after it only has to be well formed */
    uint64_t version;
    enum kc_error error; /* the first failure */
    const char *detail;  /* of it */
};

/* One map: where its keys go. */
struct map {
    struct kc_message *message; /* of the frame; NULL for an item */
    struct kc_values *values;
    unsigned int frame; /* keys that may be there, apart from fields */
    unsigned int seen;  /* of these, those that were */
    bool top;
};

static void fail(struct decoder *d, enum kc_error error, const char *detail)
{
    if (d->error == KC_OK) {
        d->error = error;
        d->detail = detail;
    }
    kc_reader_fail(&d->r);
}

/* The next item, of any of our types. */
static struct kc_cbor_item next_item(struct decoder *d, const char *detail)
{
    struct kc_cbor_item item = kc_cbor_item_next(&d->r);
    if (d->r.failed)
        fail(d, KC_ERR_BAD_REQUEST, detail);
    return item;
}

/* The next item, of one type; zero on failure. */
static struct kc_cbor_item expect(struct decoder *d, enum kc_cbor_type type, const char *detail)
{
    struct kc_cbor_item item = next_item(d, detail);
    if (item.type == type)
        return item;
    fail(d, KC_ERR_BAD_REQUEST, detail);
    return (struct kc_cbor_item){KC_CBOR_OTHER, 0, {NULL, 0}};
}

static void read_descriptor(struct decoder *d, struct kc_values *values, enum kc_field field,
    const struct kc_cbor_item *item)
{
    if (item->number < d->descriptors)
        kc_values_set_passed(values, field, (size_t)item->number);
    else
        fail(d, KC_ERR_BAD_ARGUMENT, kc_fields[field].name);
}

static void read_data(struct decoder *d, struct kc_values *values, enum kc_field field)
{
    struct kc_cbor_item item = next_item(d, kc_fields[field].name);
    if (item.type == KC_CBOR_BYTES)
        kc_values_set_span(values, field, item.span.bytes, item.span.size);
    else if (item.type == KC_CBOR_UINT)
        read_descriptor(d, values, field, &item);
    else
        fail(d, KC_ERR_BAD_REQUEST, kc_fields[field].name);
}

static void read_items(struct decoder *d, struct map *map);

static void read_field(struct decoder *d, struct map *map, enum kc_field field)
{
    const char *name = kc_fields[field].name;
    struct kc_cbor_item item;
    switch (kc_fields[field].type) {
    case KC_TYPE_UINT:
        kc_values_set_number(map->values, field, expect(d, KC_CBOR_UINT, name).number);
        break;
    case KC_TYPE_BOOL:
        kc_values_set_number(map->values, field, expect(d, KC_CBOR_BOOL, name).number);
        break;
    case KC_TYPE_TEXT:
        item = expect(d, KC_CBOR_TEXT, name);
        kc_values_set_span(map->values, field, item.span.bytes, item.span.size);
        break;
    case KC_TYPE_BYTES:
        item = expect(d, KC_CBOR_BYTES, name);
        kc_values_set_span(map->values, field, item.span.bytes, item.span.size);
        break;
    case KC_TYPE_DATA:
        read_data(d, map->values, field);
        break;
    case KC_TYPE_SECRET:
        item = expect(d, KC_CBOR_UINT, name);
        read_descriptor(d, map->values, field, &item);
        break;
    case KC_TYPE_ITEMS:
        read_items(d, map);
        kc_field_set_add(&map->values->present, field);
        break;
    }
}

/* `v` comes before `id`, so that a request of another version can be answered by its id. */
static void read_id(struct decoder *d, struct map *map)
{
    struct kc_cbor_item item = expect(d, KC_CBOR_UINT, "id");
    map->message->id = item.number;
    if (!(map->seen & KC_KEY_FRAME(KC_KEY_V)))
        fail(d, KC_ERR_BAD_REQUEST, "v");
    else if (d->version != KC_PROTOCOL_VERSION)
        fail(d, KC_ERR_BAD_VERSION, "v");
    else if (item.number == 0 && !d->answer) /* that is the id of none */
        fail(d, KC_ERR_BAD_ARGUMENT, "id");
}

static void read_operation(struct decoder *d, struct map *map)
{
    struct kc_cbor_item item = expect(d, KC_CBOR_TEXT, "op");
    if (d->error != KC_OK)
        return;
    if (!kc_text_valid(item.span))
        fail(d, KC_ERR_BAD_REQUEST, "op");
    else if (!kc_operation_find(
                 (const char *)item.span.bytes, item.span.size, &map->message->operation))
        d->unknown = true;
}

static void read_error(struct decoder *d, struct map *map)
{
    struct kc_cbor_item item = expect(d, KC_CBOR_UINT, "error");
    if (kc_error_known(item.number))
        map->message->error = (enum kc_error)item.number;
    else
        fail(d, KC_ERR_BAD_REQUEST, "error");
}

/* The name or sentence of an error: for people, and not kept, as the table has it. */
static void read_words(struct decoder *d)
{
    struct kc_cbor_item item = expect(d, KC_CBOR_TEXT, NULL);
    if (item.span.size > KC_ERROR_SENTENCE_MAX || !kc_text_valid(item.span))
        fail(d, KC_ERR_BAD_REQUEST, NULL);
}

static void read_frame(struct decoder *d, struct map *map, unsigned int key)
{
    if (!(map->frame & KC_KEY_FRAME(key))) {
        fail(d, KC_ERR_BAD_REQUEST, "unknown field");
        return;
    }
    map->seen |= KC_KEY_FRAME(key);
    switch ((enum kc_frame_key)key) {
    case KC_KEY_V:
        d->version = expect(d, KC_CBOR_UINT, "v").number;
        break;
    case KC_KEY_ID:
        read_id(d, map);
        break;
    case KC_KEY_OP:
        read_operation(d, map);
        break;
    case KC_KEY_ERROR:
        read_error(d, map);
        break;
    case KC_KEY_NAME:
    case KC_KEY_SENTENCE:
        read_words(d);
        break;
    case KC_KEY_KEYS:
        break;
    }
}

/* Whether a known key is a text. */
static bool text_is_key(struct kc_span text, unsigned int key)
{
    struct kc_span name = kc_key_text(key);
    return name.size == text.size && memcmp(name.bytes, text.bytes, text.size) == 0;
}

/* The next key. Keys ascend, so it is sought only after the last one, whose place is in *from: what
 * is not there is unknown, out of order or there twice. */
static unsigned int read_key(struct decoder *d, size_t *from)
{
    struct kc_cbor_item item = expect(d, KC_CBOR_TEXT, "key of a map");
    const uint8_t *order = kc_key_order();
    for (size_t i = *from; d->error == KC_OK && i < KC_KEY_KEYS; i++) {
        if (text_is_key(item.span, order[i])) {
            *from = i + 1;
            return order[i];
        }
    }
    fail(d, KC_ERR_BAD_REQUEST, "unknown field, or keys out of order");
    return KC_KEY_KEYS;
}

/* A value of an operation that is not known, in which others may be. */
static void skip_value(struct decoder *d, unsigned int depth)
{
    struct kc_cbor_item item = next_item(d, "op");
    uint64_t count = item.type == KC_CBOR_MAP ? 2 * item.number : item.number;
    if (item.type == KC_CBOR_OTHER || depth == 0 ||
        (item.type == KC_CBOR_TEXT && !kc_text_valid(item.span)))
        fail(d, KC_ERR_BAD_REQUEST, "op");
    if (item.type != KC_CBOR_MAP && item.type != KC_CBOR_ARRAY)
        return;
    for (uint64_t i = 0; i < count && d->error == KC_OK; i++)
        skip_value(d, depth - 1);
}

static void skip_member(struct decoder *d)
{
    (void)expect(d, KC_CBOR_TEXT, "key of a map");
    if (d->error == KC_OK)
        skip_value(d, SKIPPED_DEPTH_MAX);
}

static void read_map(struct decoder *d, struct map *map)
{
    struct kc_cbor_item head = expect(d, KC_CBOR_MAP, "map");
    size_t from = 0;
    map->values->present = (struct kc_field_set){0};
    for (uint64_t i = 0; i < head.number && d->error == KC_OK; i++) {
        if (d->unknown) {
            skip_member(d);
            continue;
        }
        unsigned int key = read_key(d, &from);
        if (d->error != KC_OK)
            return;
        if (key < KC_FIELDS)
            read_field(d, map, (enum kc_field)key);
        else
            read_frame(d, map, key);
    }
}

static const char *missing(unsigned int keys)
{
    return (const char *)kc_key_text(KC_FIELDS + (unsigned int)__builtin_ctz(keys)).bytes;
}

/* A request, an answer, or one in a batch. */
static void read_message(struct decoder *d, struct kc_message *message, bool top)
{
    const unsigned int words = KC_KEY_FRAME(KC_KEY_NAME) | KC_KEY_FRAME(KC_KEY_SENTENCE);
    unsigned int required = d->answer ? KC_KEY_FRAME(KC_KEY_ERROR) : KC_KEY_FRAME(KC_KEY_OP);
    if (top)
        required |= KC_KEY_FRAME(KC_KEY_V) | KC_KEY_FRAME(KC_KEY_ID);
    struct map map = {
        .message = message,
        .values = &message->values,
        .frame = required | (d->answer ? words : 0),
        .top = top,
    };
    read_map(d, &map);
    if (d->answer && message->error != KC_OK)
        required |= words;
    if (map.seen != required && d->error == KC_OK)
        fail(d, KC_ERR_BAD_REQUEST, missing(map.seen ^ required));
}

static void read_batch(struct decoder *d, struct kc_message *message, uint64_t count)
{
    size_t room = d->answer ? message->batch_count : KC_BATCH_MAX;
    if (!message->batch || count > room || (d->answer && count != room)) {
        fail(d, KC_ERR_BAD_ARGUMENT, "items");
        return;
    }
    message->batch_count = (size_t)count;
    for (size_t i = 0; i < count && d->error == KC_OK; i++) {
        enum kc_operation operation = message->batch[i].operation;
        kc_message_init(&message->batch[i], d->answer ? operation : (enum kc_operation)0);
        read_message(d, &message->batch[i], false);
    }
}

static void read_list(struct decoder *d, struct kc_message *message, uint64_t count)
{
    if (!message->items || count > KC_ITEMS_MAX) {
        fail(d, KC_ERR_BAD_REQUEST, "items");
        return;
    }
    message->item_count = (size_t)count;
    for (size_t i = 0; i < count && d->error == KC_OK; i++) {
        struct map map = {.values = &message->items[i]};
        read_map(d, &map);
    }
}

static void read_items(struct decoder *d, struct map *map)
{
    struct kc_cbor_item head = expect(d, KC_CBOR_ARRAY, "items");
    if (d->error != KC_OK)
        return;
    if (!map->top)
        fail(d, KC_ERR_BAD_REQUEST, "items"); /* lists have one level */
    else if (map->message->operation == KC_OPERATION_BATCH)
        read_batch(d, map->message, head.number);
    else
        read_list(d, map->message, head.number);
}

static void decoder_init(struct decoder *d, const void *bytes, size_t size, size_t descriptors)
{
    *d = (struct decoder){.descriptors = descriptors, .error = KC_OK};
    kc_reader_init(&d->r, bytes, size);
    if (size > KC_MESSAGE_SIZE_MAX)
        fail(d, KC_ERR_TOO_LARGE, NULL);
}

static void decode(struct decoder *d, struct kc_message *message)
{
    if (d->error != KC_OK)
        return;
    read_message(d, message, true);
    if (d->error == KC_OK && kc_reader_finish(&d->r) != KC_OK)
        fail(d, KC_ERR_BAD_REQUEST, "bytes after the end");
    if (d->unknown)
        fail(d, KC_ERR_UNKNOWN_OPERATION, "op");
}

enum kc_error kc_cbor_request_decode(const void *bytes, size_t size, size_t descriptors,
    struct kc_message *batch, struct kc_message *request, const char **detail)
{
    struct decoder d;
    decoder_init(&d, bytes, size, descriptors);
    kc_message_init(request, (enum kc_operation)0);
    request->batch = batch;
    decode(&d, request);
    if (d.error == KC_OK)
        d.error = kc_request_check(request, &d.detail);
    *detail = d.detail;
    return d.error;
}

enum kc_error kc_cbor_answer_id(const void *bytes, size_t size, uint64_t *id)
{
    struct kc_reader r;
    kc_reader_init(&r, bytes, size);
    struct kc_cbor_item head = kc_cbor_item_next(&r), v = kc_cbor_item_next(&r),
                        version = kc_cbor_item_next(&r), name = kc_cbor_item_next(&r),
                        number = kc_cbor_item_next(&r);
    if (head.type != KC_CBOR_MAP || v.type != KC_CBOR_TEXT || !text_is_key(v.span, KC_KEY_V) ||
        version.type != KC_CBOR_UINT || version.number != KC_PROTOCOL_VERSION ||
        name.type != KC_CBOR_TEXT || !text_is_key(name.span, KC_KEY_ID) ||
        number.type != KC_CBOR_UINT)
        return KC_ERR_BAD_REPLY;
    *id = number.number;
    return KC_OK;
}

enum kc_error kc_cbor_answer_decode(
    const void *bytes, size_t size, size_t descriptors, struct kc_message *answer)
{
    struct decoder d;
    decoder_init(&d, bytes, size, descriptors);
    d.answer = true;
    answer->error = KC_OK;
    answer->item_count = 0;
    decode(&d, answer);
    if (!kc_values_has(&answer->values, KC_FIELD_ITEMS)) /* the batch as a whole was refused */
        answer->batch_count = 0;
    return d.error == KC_OK ? kc_answer_check(answer) : KC_ERR_BAD_REPLY;
}
