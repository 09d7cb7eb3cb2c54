/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys: a scalar, its public point, and for keys made from an EdDSA seed the prefix that makes
 * nonces.
 *
 * A composite key is the sum of keys. It has no prefix, and its scalar is used as it is: never
 * clamped, never hashed. Who has only the public keys adds them with kc_point_sum.
 */
#ifndef KC_THRESHOLD_KEY_H
#define KC_THRESHOLD_KEY_H

#include "base/language.h"
#include "threshold/point.h"
#include "threshold/scalar.h"

KC_C_BEGIN

#define KC_PREFIX_SIZE_MAX 57

/* Octets of an Ed448 key as the Mesh derives it: one less than RFC 8032 has. */
#define KC_ED448_MESH_SEED_SIZE 56

struct kc_key {
    struct kc_scalar scalar; /* secret; names the curve */
    struct kc_point KC_PUBLIC;
    bool seeded;                        /* made from an EdDSA seed: prefix is there */
    uint8_t prefix[KC_PREFIX_SIZE_MAX]; /* secret; 32 octets (Ed25519) or 57 (Ed448) */
};

/*
 * Expands a seed to the integer that is the private key, before reduction (RFC 8032 5.1.5
 * and 5.2.5, RFC 7748 5).
 *
 * seed     the curve's seed_size octets; Ed448 also KC_ED448_MESH_SEED_SIZE
 * integer  scalar_size octets, little-endian, clamped
 * prefix   Ed only: 32 or 57 octets; zeroed for X
 *
 * KC_ERR_BAD_ARGUMENT  wrong seed size
 * KC_ERR_INTERNAL      libcrypto failed
 */
KC_CHECKED enum kc_error kc_key_expand_seed(enum kc_curve curve, const uint8_t *seed,
    size_t seed_size, uint8_t integer[KC_AT_LEAST(KC_SCALAR_SIZE_MAX)],
    uint8_t prefix[KC_AT_LEAST(KC_PREFIX_SIZE_MAX)]);

/* A key from a seed: errors as kc_key_expand_seed. Wipe it with kc_key_wipe. */
KC_CHECKED enum kc_error kc_key_from_seed(
    struct kc_key *key, enum kc_curve curve, const uint8_t *seed, size_t seed_size);

/*
 * A key from a scalar: composite, share, or random.
 *
 * KC_ERR_SCALAR_RANGE  the scalar is zero
 */
KC_CHECKED enum kc_error kc_key_from_scalar(struct kc_key *key, const struct kc_scalar *scalar);

/*
 * The composite of one or more keys of one curve.
 *
 * KC_ERR_SCALAR_RANGE  there are none, or the sum is zero
 */
KC_CHECKED enum kc_error kc_key_compose(
    struct kc_key *key, const struct kc_key parts[], size_t count);

void kc_key_wipe(struct kc_key *key);

/* A local key that is wiped when it leaves its scope. */
#define KC_AUTO_KEY __attribute__((cleanup(kc_key_wipe))) struct kc_key

KC_C_END

#endif
