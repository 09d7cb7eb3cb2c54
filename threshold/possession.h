/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proof of possession: that who publishes a point knows its logarithm (Schnorr 1989,
 * non-interactive). It stops the rogue key: a point chosen as target minus everybody else's.
 */
#ifndef KC_THRESHOLD_POSSESSION_H
#define KC_THRESHOLD_POSSESSION_H

#include "base/language.h"
#include "base/reader.h"
#include "threshold/point.h"
#include "threshold/scalar.h"
#include "threshold/signature.h"

KC_C_BEGIN

struct kc_possession {
    struct kc_point commitment; /* R = [r]B */
    struct kc_scalar response;  /* r + e * secret, e hashed from context, public and R */
};

/*
 * Proves it for public = [secret]B.
 *
 * context  what the proof is for: session, role, index; the verifier gives the same octets, so a
 *          proof from elsewhere is none
 *
 * Constant time in the secret.
 *
 * KC_ERR_INTERNAL  libcrypto failed
 */
KC_CHECKED enum kc_error kc_possession_prove(struct kc_possession *proof,
    const struct kc_scalar *secret, const struct kc_point *public_point, struct kc_span context,
    const struct kc_fresh *fresh);

/*
 * KC_ERR_CONTRIBUTION  it is not a proof for this point and context
 * KC_ERR_INTERNAL      libcrypto failed
 */
KC_CHECKED enum kc_error kc_possession_verify(
    const struct kc_possession *proof, const struct kc_point *public_point, struct kc_span context);

KC_C_END

#endif
