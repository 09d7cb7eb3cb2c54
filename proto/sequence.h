/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DARE sequences as files: catalogs, spools and logs, to which frames are appended and never
 * changed. Each frame is an envelope; the digests of sequence_link.h link them.
 *
 * One writer at a time: the caller sees to it. An append is on the disk when it returns; one that
 * was cut off by a crash is cut back when the file is next opened for writing.
 */
#ifndef KC_PROTO_SEQUENCE_H
#define KC_PROTO_SEQUENCE_H

#include "proto/dare_envelope.h"
#include "proto/sequence_type.h"

#define KC_SEQUENCE_FRAMES_MAX (1u << 24)

struct kc_sequence_entry {
    uint64_t offset, size;
    uint8_t link[KC_LINK_SIZE]; /* as the frame has it */
    bool has_link;
};

struct kc_sequence {
    int file; /* owned; -1: none */
    bool writable;
    enum kc_sequence_type type;
    struct kc_sequence_entry *entries;
    size_t count;    /* frames, frame 0 included */
    uint64_t end;    /* where the next frame goes */
    uint64_t beyond; /* octets after the last whole frame: cut back if writable */
};

/*
 * Makes a file with frame 0.
 *
 * content_meta  JSON object that says what the sequence holds, or empty
 * sequence      given: kc_sequence_close
 *
 * KC_ERR_EXISTS  there is such a file
 * KC_ERR_FILE    it cannot be made
 */
KC_CHECKED enum kc_error kc_sequence_create(const char *path, enum kc_sequence_type type,
    struct kc_span content_meta, struct kc_sequence *sequence);

/*
 * Opens a file and reads where its frames are. A last frame that was not written whole, to the
 * length at its end, is left aside, and cut off if writable. A damaged frame, the last one too, is
 * no reason to cut: for reading the others are there, and reading it fails.
 *
 * KC_ERR_FILE            it cannot be opened or read
 * KC_ERR_RECORD_DAMAGED  frame 0 is no sequence's, or where a frame ends cannot be told; if
 *                        writable also: a frame is damaged or has another index
 * KC_ERR_TOO_LARGE       more than KC_SEQUENCE_FRAMES_MAX frames
 */
KC_CHECKED enum kc_error kc_sequence_open(
    const char *path, bool writable, struct kc_sequence *sequence);

/* Fine with one of which file is -1. */
void kc_sequence_close(struct kc_sequence *sequence);

/*
 * Appends an envelope as a frame, synced.
 *
 * envelope  its sequence_info is not looked at; its digest is made
 *
 * KC_ERR_BAD_ARGUMENT    not open for writing
 * KC_ERR_TOO_LARGE       the frame or the file would be
 * KC_ERR_RECORD_DAMAGED  an earlier frame lacks the link that this one needs
 * KC_ERR_FILE            it could not be written: nothing was appended
 */
KC_CHECKED enum kc_error kc_sequence_append(
    struct kc_sequence *sequence, struct kc_dare_envelope *envelope);

/* A frame in memory. The envelope points into octets. */
struct kc_sequence_frame {
    uint8_t *octets;
    struct kc_dare_envelope *envelope;
    uint8_t link[KC_LINK_SIZE];
    bool has_link, has_payload_digest;
    int64_t tree_position; /* -1: it has none */
};

/*
 * Reads a frame and checks the digest of its payload.
 *
 * frame  given: kc_sequence_frame_done
 *
 * KC_ERR_BAD_ARGUMENT    there is no such frame
 * KC_ERR_FILE            it cannot be read
 * KC_ERR_RECORD_DAMAGED  it is not what it was
 */
KC_CHECKED enum kc_error kc_sequence_read(
    const struct kc_sequence *sequence, size_t index, struct kc_sequence_frame *frame);

/* Fine with a zeroed one. */
void kc_sequence_frame_done(struct kc_sequence_frame *frame);

/* What a check of a whole sequence found. */
struct kc_sequence_report {
    size_t frames;  /* that were checked */
    size_t damaged; /* frames whose payload has not its digest, or that cannot be read */
    size_t first_damaged;
    size_t unlinked; /* frames whose link or tree position is not the one that is due */
    size_t first_unlinked;
};

/*
 * Checks every frame.
 *
 * "Treat foreign tree values as advisory, except frame 0": others' encoders made them otherwise, so
 * for their files look at `damaged` and the signatures alone, for one's own at both.
 *
 * KC_ERR_FILE, KC_ERR_NO_MEMORY  the check could not be made
 */
KC_CHECKED enum kc_error kc_sequence_verify(
    const struct kc_sequence *sequence, struct kc_sequence_report *report);

#endif
