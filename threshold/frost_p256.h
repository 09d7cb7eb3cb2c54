/* SPDX-License-Identifier: Apache-2.0 */
/* The hashes of FROST(P-256, SHA-256): RFC 9591 6.4, with hash_to_field of RFC 9380 5.2. */
#ifndef KC_THRESHOLD_FROST_P256_H
#define KC_THRESHOLD_FROST_P256_H

#include "base/reader.h"
#include "threshold/scalar.h"

#define KC_FROST_P256_DIGEST_SIZE 32
#define KC_FROST_P256_TAG_MAX 64 /* octets of a domain separation tag */

/*
 * hash_to_field of the parts, one after the other, modulo n.
 *
 * tag  domain separation tag, up to KC_FROST_P256_TAG_MAX octets
 *
 * KC_ERR_INTERNAL  libcrypto failed
 */
KC_CHECKED enum kc_error kc_frost_p256_scalar(
    struct kc_scalar *out, struct kc_span tag, const struct kc_span parts[], size_t count);

/* SHA-256 of the parts. Errors as above. */
KC_CHECKED enum kc_error kc_frost_p256_digest(
    uint8_t digest[static KC_FROST_P256_DIGEST_SIZE], const struct kc_span parts[], size_t count);

#endif
