/* SPDX-License-Identifier: Apache-2.0 */
/* Share envelopes that are the same each time: the recipient, and what seals for it. */
#ifndef KC_TESTS_FUZZ_SHARE_ENVELOPE_SAMPLE_H
#define KC_TESTS_FUZZ_SHARE_ENVELOPE_SAMPLE_H

#include "custodian/vault/envelope.h"
#include "custodian/vault/quorum.h"

/* What the first octet of an input says of the rest. */
#define SHARE_ENVELOPE_SEALED 'e' /* an envelope */
#define SHARE_ENVELOPE_OPEN 's'   /* a share that is to be sealed: share_envelope_read */

/* A wrap key. */
struct kc_key share_envelope_recipient(enum kc_curve curve);

/*
 * Seals as a vault does, with random octets that are counted.
 *
 * envelope  KC_ENVELOPE_SIZE_MAX octets
 */
KC_CHECKED enum kc_error share_envelope_seal(const struct kc_record *share,
    const struct kc_scalar *scalar, enum kc_curve recipient, uint8_t *envelope, size_t *size);

/* A share and its scalar as octets, and back: fields in the order of the envelope, which in its form say
 * anything. The body that is read is lent. */
void share_envelope_write(
    struct kc_writer *w, const struct kc_record *share, const struct kc_scalar *scalar);
KC_CHECKED enum kc_error share_envelope_read(
    struct kc_span octets, struct kc_record *share, struct kc_scalar *scalar);

#endif
