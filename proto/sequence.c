/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/sequence.h"

#include "base/secret.h"
#include "proto/dare_parts.h"
#include "proto/sequence_entry.h"
#include "proto/sequence_frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void kc_sequence_close(struct kc_sequence *sequence)
{
    if (sequence->file >= 0)
        close(sequence->file);
    free(sequence->entries);
    *sequence = (struct kc_sequence){.file = -1};
}

/* --- reading --- */

bool kc_sequence_read_at(int file, uint64_t offset, uint8_t *octets, size_t limit, size_t *size)
{
    *size = 0;
    while (*size < limit) {
        ssize_t got = pread(file, octets + *size, limit - *size, (off_t)(offset + *size));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            break;
        *size += (size_t)got;
    }
    return true;
}

void kc_sequence_frame_done(struct kc_sequence_frame *frame)
{
    if (frame->envelope != NULL)
        kc_dare_envelope_done(frame->envelope);
    free(frame->envelope);
    free(frame->octets);
    *frame = (struct kc_sequence_frame){0};
}

static bool link_read(struct kc_json container, struct kc_sequence_frame *frame)
{
    struct kc_json value = kc_json_member(container, "TreeDigest");
    size_t size = KC_LINK_SIZE;
    if (!kc_json_is_there(value))
        value = kc_json_member(container, "ChainDigest");
    if (!kc_json_is_there(value))
        return true;
    frame->has_link = kc_json_octets(value, frame->link, &size) == KC_OK && size == KC_LINK_SIZE;
    return frame->has_link;
}

static bool place_read(
    struct kc_json header, struct kc_sequence_place *place, struct kc_sequence_frame *frame)
{
    struct kc_json info = kc_json_member(header, "SequenceInfo");
    struct kc_json type = kc_json_member(info, "ContainerType");
    struct kc_json position = kc_json_member(info, "TreePosition");
    frame->tree_position = -1;
    place->type[0] = '\0';
    return kc_json_integer(kc_json_member(info, "Index"), &place->index) == KC_OK &&
           (!kc_json_is_there(type) ||
               kc_json_text(type, place->type, sizeof place->type) == KC_OK) &&
           (!kc_json_is_there(position) ||
               (kc_json_integer(position, &frame->tree_position) == KC_OK &&
                   frame->tree_position >= 0));
}

static enum kc_error parts_read(struct kc_json header, struct kc_json trailer,
    struct kc_span payload, struct kc_sequence_place *place, struct kc_sequence_frame *frame)
{
    struct kc_dare_envelope *envelope = frame->envelope;
    envelope->body = kc_room_allocate(payload.size + 1);
    if (envelope->body == NULL)
        return KC_ERR_NO_MEMORY;
    if (payload.size > 0)
        memcpy(envelope->body, payload.bytes, payload.size);
    envelope->body_size = payload.size;
    frame->has_payload_digest = kc_json_is_there(kc_json_member(trailer, "PayloadDigest")) ||
                                kc_json_is_there(kc_json_member(header, "PayloadDigest"));
    if (!place_read(header, place, frame) || !link_read(header, frame) ||
        !link_read(trailer, frame))
        return KC_ERR_RECORD_DAMAGED;
    enum kc_error error = kc_dare_parts_read(header, trailer, envelope);
    return error == KC_ERR_ENVELOPE ? KC_ERR_RECORD_DAMAGED : error;
}

/* Makes sense of a frame's octets, which it has. */
static enum kc_error frame_parse(
    struct kc_span octets, struct kc_sequence_place *place, struct kc_sequence_frame *frame)
{
    struct kc_frame parts;
    struct kc_json_document header = {0}, trailer = {0};
    if (kc_frame_read(octets, &parts) != KC_OK)
        return KC_ERR_RECORD_DAMAGED;
    frame->envelope = calloc(1, sizeof *frame->envelope);
    if (frame->envelope == NULL)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = kc_json_read(parts.header, KC_FRAME_MAX, &header);
    if (error == KC_OK && parts.trailer.size > 0)
        error = kc_json_read(parts.trailer, KC_FRAME_MAX, &trailer);
    if (error == KC_OK)
        error =
            parts_read(kc_json_root(&header), kc_json_root(&trailer), parts.payload, place, frame);
    else if (error != KC_ERR_NO_MEMORY)
        error = KC_ERR_RECORD_DAMAGED;
    kc_json_done(&header);
    kc_json_done(&trailer);
    return error;
}

enum kc_error kc_sequence_frame_load(int file, uint64_t offset, uint64_t size,
    struct kc_sequence_place *place, struct kc_sequence_frame *frame)
{
    size_t got;
    *frame = (struct kc_sequence_frame){.octets = malloc((size_t)size)};
    enum kc_error error = frame->octets != NULL ? KC_OK : KC_ERR_NO_MEMORY;
    if (error == KC_OK && (!kc_sequence_read_at(file, offset, frame->octets, (size_t)size, &got)))
        error = KC_ERR_FILE;
    if (error == KC_OK)
        error = got == size ? frame_parse((struct kc_span){frame->octets, got}, place, frame)
                            : KC_ERR_RECORD_DAMAGED;
    if (error != KC_OK)
        kc_sequence_frame_done(frame);
    return error;
}

enum kc_error kc_sequence_read(
    const struct kc_sequence *sequence, size_t index, struct kc_sequence_frame *frame)
{
    struct kc_sequence_place place;
    struct kc_sequence_frame read;
    if (index >= sequence->count)
        return KC_ERR_BAD_ARGUMENT;
    const struct kc_sequence_entry *entry = &sequence->entries[index];
    enum kc_error error =
        kc_sequence_frame_load(sequence->file, entry->offset, entry->size, &place, &read);
    if (error == KC_OK && (place.index < 0 || (size_t)place.index != index)) {
        kc_sequence_frame_done(&read);
        error = KC_ERR_RECORD_DAMAGED;
    }
    if (error == KC_OK)
        *frame = read;
    return error;
}

/* --- checking --- */

/* The links as they are due, for which those of the file are not asked. */
struct due_links {
    uint8_t (*links)[KC_LINK_SIZE];
};

static const uint8_t *due_link(const void *context, uint64_t frame)
{
    const struct due_links *due = context;
    return due->links[frame];
}

static bool is_linked(const struct kc_sequence *sequence, size_t index,
    const struct kc_sequence_frame *frame, const uint8_t due[KC_LINK_SIZE])
{
    if (kc_sequence_type_link(sequence->type) != NULL &&
        (!frame->has_link || memcmp(frame->link, due, KC_LINK_SIZE) != 0))
        return false;
    if (index == 0 || !kc_sequence_type_has_positions(sequence->type))
        return true;
    uint64_t position = sequence->entries[kc_link_apex(index)].offset;
    return frame->tree_position >= 0 && (uint64_t)frame->tree_position == position;
}

static void note(size_t index, size_t *count, size_t *first)
{
    if ((*count)++ == 0)
        *first = index;
}

static enum kc_error frame_verify(const struct kc_sequence *sequence, size_t index,
    struct due_links *due, struct kc_sequence_report *report)
{
    struct kc_sequence_frame frame = {0};
    enum kc_error error = kc_sequence_read(sequence, index, &frame);
    if (error == KC_ERR_RECORD_DAMAGED) {
        note(index, &report->damaged, &report->first_damaged);
        memset(due->links[index], 0, KC_LINK_SIZE);
        return KC_OK;
    }
    if (error != KC_OK)
        return error;
    if (sequence->type != KC_SEQUENCE_LIST && !frame.has_payload_digest)
        note(index, &report->damaged, &report->first_damaged);
    if (kc_sequence_type_link(sequence->type) != NULL)
        error = kc_sequence_type_link_make(
            sequence->type, index, frame.envelope->digest, due_link, due, due->links[index]);
    if (error == KC_OK && !is_linked(sequence, index, &frame, due->links[index]))
        note(index, &report->unlinked, &report->first_unlinked);
    kc_sequence_frame_done(&frame);
    return error;
}

enum kc_error kc_sequence_verify(
    const struct kc_sequence *sequence, struct kc_sequence_report *report)
{
    struct kc_sequence_report made = {.frames = sequence->count};
    struct due_links due = {calloc(sequence->count, KC_LINK_SIZE)};
    enum kc_error error = due.links != NULL ? KC_OK : KC_ERR_NO_MEMORY;
    for (size_t i = 0; i < sequence->count && error == KC_OK; i++)
        error = frame_verify(sequence, i, &due, &made);
    free(due.links);
    if (error == KC_OK)
        *report = made;
    return error;
}
