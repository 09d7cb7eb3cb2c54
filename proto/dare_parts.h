/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Header and trailer of an envelope on their own, as the frames of a sequence have them: for
 * dare_read.c, dare_write.c and sequence.c.
 */
#ifndef KC_PROTO_DARE_PARTS_H
#define KC_PROTO_DARE_PARTS_H

#include "proto/dare_envelope.h"
#include "proto/json_write.h"

/*
 * Reads header and trailer (absent: none), and checks the digest of the body, which is in the
 * envelope already. What the envelope lends points into the document's text.
 *
 * KC_ERR_ENVELOPE  not of their form, or the body has another digest; the envelope may be half
 *                  filled: kc_dare_envelope_done
 */
KC_CHECKED enum kc_error kc_dare_parts_read(
    struct kc_json header, struct kc_json trailer, struct kc_dare_envelope *envelope);

void kc_dare_header_write(struct kc_json_writer *w, const struct kc_dare_envelope *envelope);

/* link_name and link: a ChainDigest or TreeDigest to stand beside the PayloadDigest; or NULL. */
void kc_dare_trailer_write(struct kc_json_writer *w, const struct kc_dare_envelope *envelope,
    const char *link_name, const uint8_t link[KC_DARE_DIGEST_SIZE]);

/* More octets than header and trailer take. */
size_t kc_dare_parts_size_max(const struct kc_dare_envelope *envelope);

#endif
