/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps where a frame is: for sequence.c and sequence_append.c. */
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

#endif
