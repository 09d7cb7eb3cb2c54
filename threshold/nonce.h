/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash over everything that a signer's step depends on: the source of hedged nonces, and
 * what binds a commitment.
 */
#ifndef KC_THRESHOLD_NONCE_H
#define KC_THRESHOLD_NONCE_H

#include "threshold/digest.h"
#include "threshold/signature.h"

/* What the hash is for; part of its input, so that no two uses ever agree. */
enum kc_nonce_use {
    KC_NONCE_WHOLE_KEY = 1,
    KC_NONCE_FIRST_PARTY = 2,
    KC_NONCE_SECOND_PARTY = 3,
    KC_NONCE_BINDING = 4, /* no nonce: only compared */
};

/*
 * Hashes the use, the share, randomness and counter, coefficient, verification share, group key,
 * first party's R, scheme, context and message. All but the message have a fixed or a stated size.
 *
 * first   NULL if there is none
 * fresh   NULL for KC_NONCE_BINDING
 * digest  secret: 64 (Ed25519) or 114 octets (Ed448)
 *
 * KC_ERR_BAD_ALGORITHM, KC_ERR_INTERNAL  as kc_digest
 * KC_ERR_BAD_ARGUMENT  the context is too long or not announced
 */
KC_CHECKED enum kc_error kc_nonce_hash(uint8_t digest[static KC_DIGEST_SIZE_MAX],
    enum kc_nonce_use use, const struct kc_signer *signer, const struct kc_point *first,
    const struct kc_signed_message *message, const struct kc_fresh *fresh);

/* The nonce of that hash. */
KC_CHECKED enum kc_error kc_nonce_make(struct kc_scalar *nonce, enum kc_nonce_use use,
    const struct kc_signer *signer, const struct kc_point *first,
    const struct kc_signed_message *message, const struct kc_fresh *fresh);

#endif
