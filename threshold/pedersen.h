/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shamir shares with commitments that hide the secret unconditionally (Pedersen 1991): where the
 * public key of what is shared must not be known before it is used.
 *
 * C_k = [a_k]B + [b_k]H with a second polynomial of random coefficients, and a second base H whose
 * logarithm to B nobody knows. A dealer that knew it could open a commitment in two ways; so H is
 * hashed from a public text, and anyone can repeat that (kc_pedersen_derive_base).
 */
#ifndef KC_THRESHOLD_PEDERSEN_H
#define KC_THRESHOLD_PEDERSEN_H

#include "base/language.h"
#include "threshold/shamir.h"

KC_C_BEGIN

/* H of a curve: the first candidate of kc_pedersen_derive_base that is a point. */
void kc_pedersen_base(struct kc_point *out, enum kc_curve curve);

/*
 * Candidate number i for H: SHAKE256 of the text "custodian threshold second base 1", the curve's
 * name and i (transcript.h), as many octets as a point has; of the last octet only bit 7 is kept
 * where an encoding has only that. Read with full validation, so it is in the prime-order group or
 * refused. P-256: 33 octets, of which the first is replaced by 02.
 *
 * KC_ERR_POINT_*   this candidate is no point
 * KC_ERR_INTERNAL  libcrypto failed
 */
KC_CHECKED enum kc_error kc_pedersen_derive_base(
    struct kc_point *out, enum kc_curve curve, uint32_t candidate);

/* A holder's two shares; both are secret. */
struct kc_pedersen_share {
    struct kc_scalar value, blinding;
};

/*
 * Splits a secret; as kc_shamir_split, but
 *
 * secret   may be zero
 * uniform  (2 * threshold - 1) * KC_UNIFORM_SIZE random bytes
 */
KC_CHECKED enum kc_error kc_pedersen_split(struct kc_pedersen_share shares[],
    struct kc_point commitments[], const struct kc_scalar *secret, const uint32_t indices[],
    size_t count, size_t threshold, const uint8_t *uniform, size_t uniform_size);

/*
 * Checks received shares: [value]B + [blinding]H is what the commitments say for the index.
 *
 * KC_ERR_CONTRIBUTION  it is not
 */
KC_CHECKED enum kc_error kc_pedersen_check(const struct kc_pedersen_share *share, uint32_t index,
    const struct kc_point commitments[], size_t threshold);

KC_C_END

#endif
