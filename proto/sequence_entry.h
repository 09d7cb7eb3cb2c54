/* SPDX-License-Identifier: Apache-2.0 */
/* Where the frames of a file are: for sequence.c, sequence_open.c and sequence_append.c. */
#ifndef KC_PROTO_SEQUENCE_ENTRY_H
#define KC_PROTO_SEQUENCE_ENTRY_H

#include "proto/sequence.h"

/*
 * Adds the frame that starts at sequence->end.
 *
 * size  octets of the frame
 * link  NULL: it has none
 *
 * KC_ERR_TOO_LARGE  there are KC_SEQUENCE_FRAMES_MAX
 */
KC_CHECKED enum kc_error kc_sequence_add_entry(
    struct kc_sequence *sequence, uint64_t size, const uint8_t *link);

/* What a header says of its place among the frames. */
struct kc_sequence_place {
    int64_t index;
    char type[16]; /* or empty */
};

/*
 * Reads a frame of known size and checks the digest of its payload; not whether it is in its place.
 *
 * frame  given: kc_sequence_frame_done
 *
 * KC_ERR_FILE            it cannot be read
 * KC_ERR_RECORD_DAMAGED  it is no frame, or its payload has another digest
 */
KC_CHECKED enum kc_error kc_sequence_frame_load(int file, uint64_t offset, uint64_t size,
    struct kc_sequence_place *place, struct kc_sequence_frame *frame);

/* Reads as many octets as there are, to a limit. False: the file cannot be read. */
KC_CHECKED bool kc_sequence_read_at(
    int file, uint64_t offset, uint8_t *octets, size_t limit, size_t *size);

#endif
