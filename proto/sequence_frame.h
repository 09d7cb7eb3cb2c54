/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A frame of a DARE sequence: the header, the payload and the trailer as records, between a length
 * and the same length backwards (draft-hallambaker-mesh-dare, section 8).
 *
 *     frame   tag 0xF4..0xF7, length (1, 2, 4, 8 octets), records, the tag and length reversed
 *     record  tag 0xF0..0xF3, length, octets
 *
 * Lengths are big-endian. Any of the four is read; the shortest that fits is made.
 */
#ifndef KC_PROTO_SEQUENCE_FRAME_H
#define KC_PROTO_SEQUENCE_FRAME_H

#include "base/error.h"
#include "base/reader.h"

#define KC_FRAME_MAX (96u << 20) /* octets of a frame */
#define KC_FRAME_HEAD_MAX 9      /* octets that tell its size */

struct kc_frame {
    struct kc_span header, payload, trailer; /* lent; a trailer that is not there is empty */
};

/*
 * How large the frame is that starts here.
 *
 * head  its first octets, KC_FRAME_HEAD_MAX or as many as there are
 * size  of the whole frame
 *
 * KC_ERR_BAD_REQUEST  there are not enough octets to tell
 * KC_ERR_ENVELOPE     no frame starts so, or one of more than KC_FRAME_MAX octets
 */
KC_CHECKED enum kc_error kc_frame_size(struct kc_span head, size_t *size);

/*
 * How large the frame is that ends here: its last octets, KC_FRAME_HEAD_MAX or as many as there are.
 * Arguments and errors of kc_frame_size.
 */
KC_CHECKED enum kc_error kc_frame_size_before(struct kc_span tail, size_t *size);

/*
 * Reads a frame, which must be all of the octets.
 *
 * KC_ERR_ENVELOPE  its end is not its beginning reversed, or it has not two or three records
 */
KC_CHECKED enum kc_error kc_frame_read(struct kc_span octets, struct kc_frame *frame);

/* Octets of a frame; 0: more than KC_FRAME_MAX. An empty trailer is left out. */
size_t kc_frame_written_size(const struct kc_frame *frame);

/* Writes kc_frame_written_size octets. */
void kc_frame_write(const struct kc_frame *frame, uint8_t *octets);

#endif
