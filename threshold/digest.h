/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash function of EdDSA on a curve: SHA-512 for Ed25519, SHAKE256 with 114 octets for
 * Ed448 (RFC 8032 5.1, 5.2).
 */
#ifndef KC_THRESHOLD_DIGEST_H
#define KC_THRESHOLD_DIGEST_H

#include "base/error.h"
#include "base/reader.h"
#include "threshold/curve.h"

#define KC_DIGEST_SIZE_MAX 114
#define KC_PREHASH_SIZE 64

/*
 * The digest of the parts, one after the other: 64 octets (Ed25519) or 114 (Ed448).
 * Constant time in the contents.
 *
 * KC_ERR_BAD_ALGORITHM  the curve does not sign
 * KC_ERR_INTERNAL       libcrypto failed
 */
KC_CHECKED enum kc_error kc_digest(uint8_t digest[static KC_DIGEST_SIZE_MAX], enum kc_curve curve,
    const struct kc_span parts[], size_t count);

/* PH of the prehashed variants: SHA-512, or SHAKE256 with 64 octets. Errors as kc_digest. */
KC_CHECKED enum kc_error kc_prehash(
    uint8_t digest[static KC_PREHASH_SIZE], enum kc_curve curve, struct kc_span message);

#endif
