/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The equations of EdDSA, with the nonce as an argument: for signature.c, and for tests that know
 * the nonces.
 *
 * Not for the custodian: a response made with a nonce that was used before gives the share away.
 */
#ifndef KC_THRESHOLD_EDDSA_H
#define KC_THRESHOLD_EDDSA_H

#include "threshold/signature.h"

/*
 * k = H(dom || R || A || PH(M)) mod L (RFC 8032 5.1.6, 5.2.6).
 *
 * r, public  the encodings of R and A, point_size octets
 *
 * KC_ERR_BAD_ALGORITHM, KC_ERR_BAD_ARGUMENT, KC_ERR_INTERNAL  as kc_signature_sign
 */
KC_CHECKED enum kc_error kc_eddsa_challenge(struct kc_scalar *k, enum kc_curve curve,
    const uint8_t *r, const uint8_t *public, const struct kc_signed_message *message);

/*
 * The nonce of RFC 8032: H(dom || prefix || PH(M)) mod L, of a seeded key.
 *
 * KC_ERR_BAD_ALGORITHM, KC_ERR_BAD_ARGUMENT, KC_ERR_INTERNAL  as kc_signature_sign
 */
KC_CHECKED enum kc_error kc_eddsa_nonce(
    struct kc_scalar *nonce, const struct kc_key *key, const struct kc_signed_message *message);

/* nonce + k * coefficient * share; a NULL coefficient is 1. Constant time. */
void kc_eddsa_response(struct kc_scalar *response, const struct kc_scalar *nonce,
    const struct kc_scalar *k, const struct kc_scalar *coefficient, const struct kc_scalar *share);

/* Whether [response]B = r + [k]public, without cofactor. In variable time: all of it is public. */
bool kc_eddsa_holds(const struct kc_scalar *response, const struct kc_point *r,
    const struct kc_scalar *k, const struct kc_point *public);

/* signature = encoding of R, point_size octets || S little-endian, zeros up to the same size. */
void kc_eddsa_encode(
    uint8_t signature[static KC_SIGNATURE_SIZE_MAX], const uint8_t *r, const struct kc_scalar *s);

#endif
