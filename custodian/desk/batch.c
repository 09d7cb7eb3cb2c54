/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/desk/desk.h"
#include "proto/socket/packed.h"

#include <stdlib.h>

/* Two commitments of one share in a batch would wait for each other until the deadline. */
static bool has_two_commitments(const struct kc_message *batch, size_t count)
{
    size_t commitments = 0;
    for (size_t i = 0; i < count; i++)
        commitments += batch[i].operation == KC_OPERATION_SIGNATURE_COMMIT;
    return commitments > 1;
}

/* The child reads the parent's bytes, and its descriptors. There is room: kc_desk_has_room. */
static struct kc_call *new_child(struct kc_desk *desk, struct kc_call *parent, size_t place)
{
    struct kc_call *child = kc_desk_new_call(desk, parent->connection, 0);
    if (!child)
        abort();
    child->parent = parent;
    child->place = place;
    kc_message_copy(&child->request, &desk->batch[place]);
    return child;
}

void kc_desk_start_batch(struct kc_desk *desk, struct kc_call *call)
{
    struct kc_call *children[KC_BATCH_MAX];
    size_t count = call->request.batch_count;

    if (has_two_commitments(desk->batch, count)) {
        kc_desk_fail(desk, call, KC_ERR_BAD_ARGUMENT, "a batch holds one signature-commit at most");
        return;
    }
    call->children = calloc(count, sizeof(struct kc_packet *));
    if (!call->children) {
        kc_desk_fail(desk, call, KC_ERR_NO_MEMORY, NULL);
        return;
    }
    call->child_count = call->open = count;
    for (size_t i = 0; i < count; i++)
        children[i] = new_child(desk, call, i);
    for (size_t i = 0; i < count; i++)
        kc_desk_start_call(desk, children[i]); /* with the last one the batch may be over */
}

/* Answers name descriptors by their place in their own message: in the batch's they stand behind
 * those of the answers before. */
static void shift_descriptors(struct kc_values *values, size_t by)
{
    struct kc_field_set left = values->present;
    enum kc_field field;
    while (kc_field_set_take(&left, &field)) {
        struct kc_value *value = &values->value[field];
        if (kc_fields[field].type == KC_TYPE_SECRET ||
            (kc_fields[field].type == KC_TYPE_DATA && value->passed))
            value->number += by;
    }
}

static bool take_over(struct kc_descriptors *all, struct kc_descriptors *some)
{
    bool fits = all->count + some->count <= KC_DESCRIPTORS_MAX;
    if (!fits)
        kc_descriptors_close(some);
    for (size_t i = 0; i < some->count; i++)
        all->fd[all->count++] = some->fd[i];
    some->count = 0;
    return fits;
}

/* What does not fit, or could not be kept, becomes an error of that one answer. */
static void unpack_child(
    struct kc_packet *packet, struct kc_message *answer, struct kc_descriptors *all)
{
    struct kc_reader r;
    size_t before = all->count;

    if (!packet) {
        kc_message_init(answer, KC_OPERATION_PING);
        answer->error = KC_ERR_NO_MEMORY;
        return;
    }
    kc_reader_init(&r, packet->bytes, packet->size);
    kc_message_unpack(&r, NULL, answer);
    if (take_over(all, &packet->descriptors)) {
        shift_descriptors(&answer->values, before);
    } else {
        answer->values.present = (struct kc_field_set){0};
        answer->error = KC_ERR_LIMIT;
    }
}

static void answer_batch(struct kc_desk *desk, struct kc_call *call)
{
    struct kc_descriptors descriptors = {.count = 0};
    struct kc_message answer;

    kc_message_init(&answer, KC_OPERATION_BATCH);
    kc_field_set_add(&answer.values.present, KC_FIELD_ITEMS);
    answer.batch = desk->batch;
    answer.batch_count = call->child_count;
    for (size_t i = 0; i < call->child_count; i++)
        unpack_child(call->children[i], &desk->batch[i], &descriptors);
    kc_desk_finish(desk, call, &answer, &descriptors);
}

void kc_desk_child_finished(struct kc_desk *desk, struct kc_call *child,
    const struct kc_message *answer, struct kc_descriptors *descriptors)
{
    struct kc_call *parent = child->parent;
    struct kc_writer w;

    kc_writer_init(&w, desk->cbor, sizeof desk->cbor);
    kc_message_pack(&w, answer);
    struct kc_packet *packet =
        kc_writer_finish(&w) == KC_OK ? kc_packet_new(desk->cbor, w.size, descriptors) : NULL;
    if (!packet)
        kc_descriptors_close(descriptors);
    parent->children[child->place] = packet;
    if (--parent->open == 0)
        answer_batch(desk, parent);
}
