/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The digests that link the frames of a sequence, so that none can be changed, dropped or moved
 * without the last one's changing.
 *
 *     combine(a, b)   SHA-512(a || b); a missing value is 64 zero octets
 *     chain           C(0) = combine(none, P(0)), C(n) = combine(C(n - 1), P(n))
 *     Merkle          T(f): from P(f); for x = f + 1, d = 1, while x is even: combine(T(f - d),
 *                     value), x /= 2, d *= 2; at the end combine(T(apex before f), value), and
 *                     combine(none, value) for frame 0
 *
 * The apex before f is the frame d/2 - 1 if x ends as 1, else f - d.
 */
#ifndef KC_PROTO_SEQUENCE_LINK_H
#define KC_PROTO_SEQUENCE_LINK_H

#include "base/error.h"

#include <stdint.h>

#define KC_LINK_SIZE 64

/* The apex frame before a frame, which is its TreePosition. frame is not 0. */
uint64_t kc_link_apex(uint64_t frame);

/* The link of an earlier frame; NULL: it is not known. */
typedef const uint8_t *(*kc_link_earlier)(const void *context, uint64_t frame);

/* KC_ERR_RECORD_DAMAGED: a link that is needed is not known. */
KC_CHECKED enum kc_error kc_link_chain(uint64_t frame, const uint8_t payload[KC_LINK_SIZE],
    kc_link_earlier earlier, const void *context, uint8_t link[KC_LINK_SIZE]);
KC_CHECKED enum kc_error kc_link_merkle(uint64_t frame, const uint8_t payload[KC_LINK_SIZE],
    kc_link_earlier earlier, const void *context, uint8_t link[KC_LINK_SIZE]);

#endif
