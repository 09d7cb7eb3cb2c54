/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A public key that verifies many signatures: what does not depend on them is computed once. That is
 * whether it is a point that may be used, and [2^h] of it, h being half of the bits of a scalar: with
 * it a verification needs half of the doublings. All is public: in variable time.
 */
#ifndef KC_THRESHOLD_SIGNATURE_KEY_H
#define KC_THRESHOLD_SIGNATURE_KEY_H

#include "threshold/signature.h"

struct kc_signature_key {
    struct kc_point point, upper;
};

/* Errors of kc_point_decode; KC_ERR_BAD_ALGORITHM: the curve does not sign. */
KC_CHECKED enum kc_error kc_signature_key_decode(
    struct kc_signature_key *key, enum kc_curve curve, const uint8_t *bytes, size_t size);

/* As kc_signature_verify, with its errors. */
KC_CHECKED enum kc_error kc_signature_key_verify(const struct kc_signature_key *key,
    const struct kc_signed_message *message, const uint8_t *signature, size_t signature_size);

#endif
