/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/dare_parts.h"
#include "proto/sequence.h"
#include "proto/sequence_entry.h"
#include "proto/sequence_frame.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INFO_SIZE 160 /* of a SequenceInfo, terminator included */

/* What frame 0 or a later one says of its place. */
static size_t info_write(const struct kc_sequence *sequence, char info[INFO_SIZE])
{
    struct kc_json_writer w;
    kc_json_writer_init(&w, info, INFO_SIZE - 1);
    kc_json_write_object(&w);
    if (sequence->count == 0) {
        kc_json_write_name(&w, "DataEncoding");
        kc_json_write_text(&w, "JSON");
        kc_json_write_name(&w, "ContainerType");
        kc_json_write_text(&w, kc_sequence_type_name(sequence->type));
    }
    kc_json_write_name(&w, "Index");
    kc_json_write_integer(&w, (int64_t)sequence->count);
    if (sequence->count > 0 && kc_sequence_type_has_positions(sequence->type)) {
        uint64_t apex = kc_link_apex(sequence->count);
        kc_json_write_name(&w, "TreePosition");
        kc_json_write_integer(&w, (int64_t)sequence->entries[apex].offset);
    }
    kc_json_write_end(&w);
    return kc_json_writer_finish(&w) == KC_OK ? w.out.size : 0;
}

static const uint8_t *earlier_link(const void *context, uint64_t frame)
{
    const struct kc_sequence *sequence = context;
    const struct kc_sequence_entry *entry = &sequence->entries[frame];
    return entry->has_link ? entry->link : NULL;
}

/* Header and trailer as JSON, one after the other in `octets`. */
static enum kc_error parts_write(const struct kc_sequence *sequence,
    const struct kc_dare_envelope *envelope, const uint8_t *link, uint8_t *octets, size_t room,
    struct kc_frame *frame)
{
    const char *link_name = link != NULL ? kc_sequence_type_link(sequence->type) : NULL;
    struct kc_json_writer header, trailer;
    kc_json_writer_init(&header, octets, room);
    kc_dare_header_write(&header, envelope);
    enum kc_error error = kc_json_writer_finish(&header);
    if (error != KC_OK)
        return error;
    size_t used = header.out.size;
    kc_json_writer_init(&trailer, octets + used, room - used);
    kc_dare_trailer_write(&trailer, envelope, link_name, link);
    *frame = (struct kc_frame){.header = {octets, used},
        .payload = {envelope->body, envelope->body_size},
        .trailer = {octets + used, trailer.out.size}};
    return kc_json_writer_finish(&trailer);
}

static bool write_at(int file, uint64_t offset, const uint8_t *octets, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t wrote = pwrite(file, octets + done, size - done, (off_t)(offset + done));
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return false;
        done += (size_t)wrote;
    }
    return fsync(file) == 0;
}

/* Writes a frame to the end of the file; what was written of it is cut off if that fails. */
static enum kc_error frame_store(
    struct kc_sequence *sequence, const struct kc_frame *frame, const uint8_t *link)
{
    size_t size = kc_frame_written_size(frame);
    if (size == 0)
        return KC_ERR_TOO_LARGE;
    uint8_t *octets = malloc(size);
    if (octets == NULL)
        return KC_ERR_NO_MEMORY;
    kc_frame_write(frame, octets);
    enum kc_error error =
        write_at(sequence->file, sequence->end, octets, size) ? KC_OK : KC_ERR_FILE;
    free(octets);
    if (error == KC_OK)
        error = kc_sequence_add_entry(sequence, size, link);
    /* If even that fails, the next opening for writing cuts it off. */
    if (error != KC_OK && ftruncate(sequence->file, (off_t)sequence->end) != 0)
        sequence->writable = false;
    return error;
}

enum kc_error kc_sequence_append(struct kc_sequence *sequence, struct kc_dare_envelope *envelope)
{
    char info[INFO_SIZE];
    uint8_t link[KC_LINK_SIZE];
    bool linked = kc_sequence_type_link(sequence->type) != NULL;
    struct kc_frame frame;
    if (!sequence->writable || sequence->file < 0)
        return KC_ERR_BAD_ARGUMENT;
    enum kc_error error = kc_dare_envelope_digest(envelope);
    if (error == KC_OK && linked)
        error = kc_sequence_type_link_make(
            sequence->type, sequence->count, envelope->digest, earlier_link, sequence, link);
    if (error != KC_OK)
        return error;
    envelope->sequence_info = (struct kc_span){(const uint8_t *)info, info_write(sequence, info)};
    size_t room = kc_dare_parts_size_max(envelope);
    uint8_t *octets = malloc(room);
    error = octets != NULL
                ? parts_write(sequence, envelope, linked ? link : NULL, octets, room, &frame)
                : KC_ERR_NO_MEMORY;
    if (error == KC_OK)
        error = frame_store(sequence, &frame, linked ? link : NULL);
    envelope->sequence_info = (struct kc_span){NULL, 0};
    free(octets);
    return error;
}

/* --- making --- */

static enum kc_error first_frame(struct kc_sequence *sequence, struct kc_span content_meta)
{
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    uint8_t *meta = malloc(content_meta.size + 1);
    enum kc_error error = KC_ERR_NO_MEMORY;
    if (envelope != NULL && meta != NULL) {
        if (content_meta.size > 0) {
            memcpy(meta, content_meta.bytes, content_meta.size);
            envelope->content_meta = meta;
            envelope->content_meta_size = content_meta.size;
        }
        error = kc_sequence_append(sequence, envelope);
    }
    free(meta);
    free(envelope);
    return error;
}

/* That a file is in its folder is on the disk once the folder is. */
static bool sync_folder(const char *path)
{
    char copy[PATH_MAX];
    if (strlen(path) >= sizeof copy)
        return false;
    memcpy(copy, path, strlen(path) + 1);
    int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = folder >= 0 && fsync(folder) == 0;
    if (folder >= 0)
        close(folder);
    return synced;
}

/* A file appears with its frame 0 whole, or not at all. */
static enum kc_error publish(const char *made, const char *path)
{
    if (renameat2(AT_FDCWD, made, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
        return sync_folder(path) ? KC_OK : KC_ERR_FILE;
    return errno == EEXIST ? KC_ERR_EXISTS : KC_ERR_FILE;
}

enum kc_error kc_sequence_create(const char *path, enum kc_sequence_type type,
    struct kc_span content_meta, struct kc_sequence *sequence)
{
    char made[PATH_MAX];
    struct kc_sequence created = {.type = type, .writable = true};
    if (kc_sequence_type_name(type) == NULL)
        return KC_ERR_BAD_ARGUMENT;
    int length = snprintf(made, sizeof made, "%s.XXXXXX", path);
    if (length < 0 || (size_t)length >= sizeof made)
        return KC_ERR_FILE;
    created.file = mkostemp(made, O_CLOEXEC);
    if (created.file < 0)
        return KC_ERR_FILE;
    enum kc_error error = first_frame(&created, content_meta);
    if (error == KC_OK)
        error = publish(made, path);
    if (error != KC_OK) {
        (void)unlink(made);
        kc_sequence_close(&created);
        return error;
    }
    *sequence = created;
    return KC_OK;
}
