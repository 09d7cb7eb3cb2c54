/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The group of P-256 (NIST SP 800-186), through libcrypto's EC_POINT.
 *
 * libcrypto's multiplication is not shown constant time by our tool. So a scalar is split into two
 * summands, each uniform and fresh in every call, and these are declassified in one place
 * (multiply_split): timing of one multiplication tells nothing, timing of both together would. That
 * and libcrypto's own measures are all there is: P-256 multiplication is outside the constant-time
 * claim. Scalars modulo n are scalar.h's, and inside.
 *
 * Elements are held as octets, checked when they were made. If libcrypto has no memory or no
 * randomness the process ends: the group law has no way to fail.
 */
#ifndef KC_THRESHOLD_P256_H
#define KC_THRESHOLD_P256_H

#include "base/ct.h"
#include "base/error.h"
#include "base/language.h"

#include <stdint.h>

KC_C_BEGIN

#define KC_P256_POINT_SIZE 33  /* compressed (SEC 1, 2.3.3) */
#define KC_P256_SCALAR_SIZE 32 /* big-endian, as SEC 1 has it; scalar.h is little-endian */

/* x and y, big-endian, below p; all zero is the identity, which is not on the curve as (0, 0). */
struct kc_p256 {
    uint8_t x[32], y[32];
};

void kc_p256_identity(struct kc_p256 *out);
void kc_p256_add(struct kc_p256 *out, const struct kc_p256 *a, const struct kc_p256 *b);
void kc_p256_negate(struct kc_p256 *out, const struct kc_p256 *a);
kc_mask kc_p256_is_identity(const struct kc_p256 *a);
kc_mask kc_p256_equal(const struct kc_p256 *a, const struct kc_p256 *b);

/* [scalar]a, or [scalar]B for a NULL; the scalar is secret, below n, little-endian. */
void kc_p256_multiply(struct kc_p256 *out, const uint8_t scalar[KC_AT_LEAST(KC_P256_SCALAR_SIZE)],
    const struct kc_p256 *a);

/* The same for a public scalar. */
void kc_p256_multiply_public(struct kc_p256 *out,
    const uint8_t scalar[KC_AT_LEAST(KC_P256_SCALAR_SIZE)], const struct kc_p256 *a);

/*
 * Reads a compressed point: 02 or 03, then x. The group has no cofactor: what is on the curve and
 * not the identity is in it.
 *
 * KC_ERR_POINT_ENCODING      another first octet (00 too, the identity), or x not below p
 * KC_ERR_POINT_NOT_ON_CURVE  no such point
 */
KC_CHECKED enum kc_error kc_p256_read(
    struct kc_p256 *out, const uint8_t bytes[KC_AT_LEAST(KC_P256_POINT_SIZE)]);

void kc_p256_write(uint8_t bytes[KC_AT_LEAST(KC_P256_POINT_SIZE)], const struct kc_p256 *a);

KC_C_END

#endif
