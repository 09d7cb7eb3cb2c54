/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/socket/sample.h"

#include <string.h>

/* splitmix64: small, and the same everywhere */
static uint64_t next(struct sample *s)
{
    uint64_t z = s->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* A size: the ends of the range are as likely as all that is between. */
static size_t size_within(struct sample *s, size_t least, size_t most)
{
    switch (next(s) % 4) {
    case 0:
        return least;
    case 1:
        return most;
    default:
        return least + (size_t)(next(s) % (most - least + 1));
    }
}

static uint64_t number_within(struct sample *s, uint64_t least, uint64_t most)
{
    static const uint64_t heads[] = {0, 23, 24, 255, 256, 65535, 65536, UINT32_MAX};
    uint64_t number = heads[next(s) % (sizeof heads / sizeof heads[0])];
    if (next(s) % 2 || number > most)
        number = next(s) & most;
    return number > most ? most : number < least ? least : number;
}

static const uint8_t *octets(struct sample *s, size_t size)
{
    uint8_t *start = s->pool + s->used;
    for (size_t i = 0; i < size; i++)
        start[i] = (uint8_t)next(s);
    s->used += size;
    return start;
}

/* Text of one to four bytes a character, the longest first where it fits. */
static const uint8_t *text(struct sample *s, size_t size)
{
    static const char *const characters[] = {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x94\x91"};
    uint8_t *start = s->pool + s->used;
    for (size_t at = 0; at < size;) {
        size_t length = 1 + next(s) % 4;
        if (length > size - at)
            length = 1;
        memcpy(start + at, characters[length - 1], length);
        at += length;
    }
    s->used += size;
    return start;
}

static void choose(struct sample *s, struct kc_values *values, enum kc_field field)
{
    const char *at = kc_fields[field].choices;
    size_t size = strcspn(at, " ");
    for (uint64_t skip = next(s) % 5; skip > 0 && at[size]; skip--) {
        at += size + 1;
        size = strcspn(at, " ");
    }
    kc_values_set_span(values, field, at, size);
}

static void fill_value(struct sample *s, struct kc_values *values, enum kc_field field)
{
    const struct kc_field_row *row = &kc_fields[field];
    const size_t data_most = 2000; /* so that a batch of them fits a message, and a listing */
    size_t size;
    switch (row->type) {
    case KC_TYPE_UINT:
    case KC_TYPE_BOOL:
        kc_values_set_number(values, field, number_within(s, row->least, row->most));
        break;
    case KC_TYPE_TEXT:
        if (row->choices) {
            choose(s, values, field);
            break;
        }
        size = size_within(s, row->least, row->most);
        kc_values_set_span(values, field, text(s, size), size);
        break;
    case KC_TYPE_BYTES:
        size = size_within(s, row->least, row->most < data_most ? row->most : data_most);
        kc_values_set_span(values, field, octets(s, size), size);
        break;
    case KC_TYPE_DATA:
        size = size_within(s, 0, data_most);
        if (next(s) % 2)
            kc_values_set_span(values, field, octets(s, size), size);
        else
            kc_values_set_passed(values, field, next(s) % SAMPLE_DESCRIPTORS);
        break;
    case KC_TYPE_SECRET:
        kc_values_set_passed(values, field, next(s) % SAMPLE_DESCRIPTORS);
        break;
    case KC_TYPE_ITEMS:
        kc_field_set_add(&values->present, field);
        break;
    }
}

static const struct kc_field_set none;

static void fill(struct sample *s, struct kc_values *values, struct kc_field_set required,
    struct kc_field_set optional)
{
    values->present = (struct kc_field_set){0};
    for (enum kc_field field = 0; field < KC_FIELDS; field++) {
        if (kc_field_set_has(&required, field) ||
            (kc_field_set_has(&optional, field) && next(s) % 2))
            fill_value(s, values, field);
    }
}

/* An operation that a batch may hold, none with secrets or with many envelopes: a batch may hold just a
 * few of those. */
static enum kc_operation batched(struct sample *s)
{
    static const enum kc_field passed[] = {
        KC_FIELD_ITEMS, KC_FIELD_SECRET, KC_FIELD_OUTPUT, KC_FIELD_DOCUMENT, KC_FIELD_ENVELOPES};
    struct kc_field_set never = {0};
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
        kc_field_set_add(&never, passed[i]);
    for (;;) {
        enum kc_operation operation = (enum kc_operation)(next(s) % KC_OPERATIONS);
        struct kc_field_set found = kc_field_set_and(kc_operations[operation].answer, never);
        if (kc_field_set_empty(&found) && operation != KC_OPERATION_WATCH)
            return operation;
    }
}

static void start(struct sample *s, enum kc_operation operation, uint64_t seed)
{
    s->random = seed * KC_OPERATIONS + operation;
    s->used = 0;
    kc_message_init(&s->message, operation);
    uint64_t id = next(s); /* two steps: the order within one expression is the compiler's */
    s->message.id = id >> (next(s) % 64) | 1;
    s->message.items = s->items;
    s->message.batch = s->batch;
    if (operation != KC_OPERATION_BATCH)
        return;
    s->message.batch_count = 1 + next(s) % 5;
    for (size_t i = 0; i < s->message.batch_count; i++)
        kc_message_init(&s->batch[i], batched(s));
}

void sample_request(struct sample *s, enum kc_operation operation, uint64_t seed)
{
    start(s, operation, seed);
    const struct kc_operation_row *row = &kc_operations[operation];
    fill(s, &s->message.values, row->required, row->optional);
    for (size_t i = 0; i < s->message.batch_count; i++) {
        row = &kc_operations[s->batch[i].operation];
        fill(s, &s->batch[i].values, row->required, row->optional);
    }
}

static void fill_answer(struct sample *s, struct kc_message *message, enum kc_error error)
{
    const struct kc_operation_row *row = &kc_operations[message->operation];
    struct kc_field_set detail = {0};
    kc_field_set_add(&detail, KC_FIELD_DETAIL);
    message->error = error;
    if (error == KC_OK)
        fill(s, &message->values, row->answer, row->answer_optional);
    else
        fill(s, &message->values, none, detail);
}

void sample_answer(
    struct sample *s, enum kc_operation operation, enum kc_error error, uint64_t seed)
{
    const size_t items_most = 12; /* so that they fit a message */
    start(s, operation, seed);
    fill_answer(s, &s->message, error);
    for (size_t i = 0; i < s->message.batch_count; i++)
        fill_answer(s, &s->batch[i], next(s) % 2 ? KC_OK : KC_ERR_REFUSED);
    if (operation == KC_OPERATION_BATCH || !kc_values_has(&s->message.values, KC_FIELD_ITEMS))
        return;
    s->message.item_count = size_within(s, 0, items_most);
    for (size_t i = 0; i < s->message.item_count; i++)
        fill(s, &s->items[i], none, kc_operations[operation].item);
}

static bool values_equal(const struct kc_values *a, const struct kc_values *b)
{
    struct kc_field_set left = a->present;
    enum kc_field field;
    if (memcmp(&a->present, &b->present, sizeof a->present) != 0)
        return false;
    while (kc_field_set_take(&left, &field)) {
        const struct kc_value *x = &a->value[field];
        const struct kc_value *y = &b->value[field];
        if (x->number != y->number || x->span.size != y->span.size || x->passed != y->passed)
            return false;
        if (x->span.size > 0 && memcmp(x->span.bytes, y->span.bytes, x->span.size) != 0)
            return false;
    }
    return true;
}

bool sample_equal(const struct kc_message *a, const struct kc_message *b)
{
    if (a->id != b->id || a->operation != b->operation || a->error != b->error ||
        !values_equal(&a->values, &b->values) || a->item_count != b->item_count ||
        a->batch_count != b->batch_count)
        return false;
    for (size_t i = 0; i < a->item_count; i++) {
        if (!values_equal(&a->items[i], &b->items[i]))
            return false;
    }
    for (size_t i = 0; i < a->batch_count; i++) {
        if (!sample_equal(&a->batch[i], &b->batch[i]))
            return false;
    }
    return true;
}
