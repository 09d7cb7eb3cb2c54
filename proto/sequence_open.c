/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a sequence: where its frames are, and what a writer left undone.
 *
 * A frame whose end is its beginning reversed was written whole. The last one may not be: it is cut
 * back. What else is wrong is damage, and no reason to cut off frames that are good: octets that
 * fit no frame are what a writer left only if no frames can be followed back to them from the end.
 */
#include "proto/sequence.h"
#include "proto/sequence_entry.h"
#include "proto/sequence_frame.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum kc_error kc_sequence_add_entry(
    struct kc_sequence *sequence, uint64_t size, const uint8_t *link)
{
    if (sequence->count == KC_SEQUENCE_FRAMES_MAX)
        return KC_ERR_TOO_LARGE;
    /* Room grows by doubling: at each power of two. */
    if ((sequence->count & (sequence->count - 1)) == 0) {
        size_t room = sequence->count == 0 ? 1 : 2 * sequence->count;
        struct kc_sequence_entry *entries =
            realloc(sequence->entries, room * sizeof *sequence->entries);
        if (entries == NULL)
            return KC_ERR_NO_MEMORY;
        sequence->entries = entries;
    }
    struct kc_sequence_entry *entry = &sequence->entries[sequence->count++];
    *entry =
        (struct kc_sequence_entry){.offset = sequence->end, .size = size, .has_link = link != NULL};
    if (link != NULL)
        memcpy(entry->link, link, sizeof entry->link);
    sequence->end += size;
    return KC_OK;
}

/* How large the frame is that ends at a place; 0: none does. */
static size_t size_before(const struct kc_sequence *sequence, uint64_t end)
{
    uint8_t tail[KC_FRAME_HEAD_MAX];
    uint64_t left = end - sequence->end;
    size_t got, size, limit = left < sizeof tail ? (size_t)left : sizeof tail;
    if (!kc_sequence_read_at(sequence->file, end - limit, tail, limit, &got) || got != limit ||
        kc_frame_size_before((struct kc_span){tail, limit}, &size) != KC_OK || size > left)
        return 0;
    return size;
}

/* Whether the ends of frames lead from the end of the file to where the next one is due. */
static bool is_led_back_to(const struct kc_sequence *sequence, uint64_t file_size)
{
    uint64_t end = file_size;
    while (end > sequence->end) {
        size_t size = size_before(sequence, end);
        if (size == 0)
            return false;
        end -= size;
    }
    return true;
}

/* Whether nothing but zeros is left: room that a crash left without what was to be written there. */
static bool is_zero_from(const struct kc_sequence *sequence, uint64_t offset)
{
    uint8_t octets[4096];
    size_t got = 1;
    while (got > 0) {
        if (!kc_sequence_read_at(sequence->file, offset, octets, sizeof octets, &got))
            return false;
        for (size_t i = 0; i < got; i++)
            if (octets[i] != 0)
                return false;
        offset += got;
    }
    return true;
}

/* How large the frame at the end of what is known is. KC_ERR_BAD_REQUEST: there is none that is
 * whole. */
static enum kc_error next_size(const struct kc_sequence *sequence, uint64_t left, size_t *size)
{
    uint8_t head[KC_FRAME_HEAD_MAX];
    size_t got, limit = left < sizeof head ? (size_t)left : sizeof head;
    if (!kc_sequence_read_at(sequence->file, sequence->end, head, limit, &got))
        return KC_ERR_FILE;
    enum kc_error error = kc_frame_size((struct kc_span){head, got}, size);
    if (error == KC_ERR_ENVELOPE)
        return is_zero_from(sequence, sequence->end) ? KC_ERR_BAD_REQUEST : KC_ERR_RECORD_DAMAGED;
    if (error == KC_OK && *size > left)
        return KC_ERR_BAD_REQUEST;
    if (error == KC_OK && size_before(sequence, sequence->end + *size) != *size)
        return *size == left ? KC_ERR_BAD_REQUEST : KC_ERR_RECORD_DAMAGED;
    return error;
}

/* Frame 0 says what the sequence is; every frame says which it is. */
static enum kc_error place_check(
    const struct kc_sequence_place *place, struct kc_sequence *sequence)
{
    if (place->index < 0 || (size_t)place->index != sequence->count)
        return KC_ERR_RECORD_DAMAGED;
    if (sequence->count == 0 && !kc_sequence_type_find(place->type, &sequence->type))
        return KC_ERR_RECORD_DAMAGED;
    return KC_OK;
}

/* Takes in the next frame. KC_ERR_BAD_REQUEST: what is left is no whole frame. */
static enum kc_error scan_frame(struct kc_sequence *sequence, uint64_t file_size)
{
    size_t size;
    struct kc_sequence_place place;
    struct kc_sequence_frame frame = {0};
    enum kc_error error = next_size(sequence, file_size - sequence->end, &size);
    if (error == KC_ERR_BAD_REQUEST && is_led_back_to(sequence, file_size))
        error = KC_ERR_RECORD_DAMAGED;
    if (error != KC_OK)
        return error;
    error = kc_sequence_frame_load(sequence->file, sequence->end, size, &place, &frame);
    if (error == KC_OK)
        error = place_check(&place, sequence);
    /* To a reader the others are of use; that this one is damaged it learns when it reads it. */
    bool kept = error == KC_ERR_RECORD_DAMAGED && sequence->count > 0 && !sequence->writable;
    if (error == KC_OK || kept)
        error = kc_sequence_add_entry(sequence, size, !kept && frame.has_link ? frame.link : NULL);
    kc_sequence_frame_done(&frame);
    return error;
}

static enum kc_error scan(struct kc_sequence *sequence)
{
    struct stat status;
    enum kc_error error = KC_OK;
    if (fstat(sequence->file, &status) != 0)
        return KC_ERR_FILE;
    uint64_t file_size = (uint64_t)status.st_size;
    while (error == KC_OK && sequence->end < file_size)
        error = scan_frame(sequence, file_size);
    if (error == KC_ERR_BAD_REQUEST)
        error = KC_OK;
    if (error != KC_OK)
        return error;
    sequence->beyond = file_size - sequence->end;
    if (sequence->count == 0)
        return KC_ERR_RECORD_DAMAGED;
    if (sequence->beyond > 0 && sequence->writable &&
        (ftruncate(sequence->file, (off_t)sequence->end) != 0 || fsync(sequence->file) != 0))
        return KC_ERR_FILE;
    return KC_OK;
}

enum kc_error kc_sequence_open(const char *path, bool writable, struct kc_sequence *sequence)
{
    struct kc_sequence opened = {.writable = writable};
    opened.file = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY);
    if (opened.file < 0)
        return KC_ERR_FILE;
    enum kc_error error = scan(&opened);
    if (error == KC_OK)
        *sequence = opened;
    else
        kc_sequence_close(&opened);
    return error;
}
