/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic modulo an odd number of up to 576 bits, in Montgomery's form: what scalars (the orders of the groups) and the
 * numbers of UDF shares (the primes of prime.h) have in common.
 *
 * A number is an array of the modulus's limbs, little-endian, below the modulus. Constant time in numbers; the modulus is
 * public. Outputs may be inputs. R is 2^(64 limbs).
 */
#ifndef KC_THRESHOLD_MODULUS_H
#define KC_THRESHOLD_MODULUS_H

#include "base/ct.h"

#define KC_MODULUS_LIMBS_MAX 9

struct kc_modulus {
    size_t limbs;
    uint64_t m[KC_MODULUS_LIMBS_MAX];
    uint64_t r[KC_MODULUS_LIMBS_MAX];         /* R mod m */
    uint64_t r_squared[KC_MODULUS_LIMBS_MAX]; /* R^2 mod m */
    uint64_t inverse;                         /* -1/m mod 2^64 */
};

/* a - b, and whether that is below zero (then it is 2^(64 limbs) more). */
kc_mask kc_modulus_subtract_limbs(
    const struct kc_modulus *modulus, uint64_t *out, const uint64_t *a, const uint64_t *b);

void kc_modulus_add(
    const struct kc_modulus *modulus, uint64_t *out, const uint64_t *a, const uint64_t *b);
void kc_modulus_subtract(
    const struct kc_modulus *modulus, uint64_t *out, const uint64_t *a, const uint64_t *b);

/* a b / R, for any a below R. */
void kc_modulus_multiply(
    const struct kc_modulus *modulus, uint64_t *out, const uint64_t *a, const uint64_t *b);

/* R^2 / a: the inverse of what is times R, times R; for a prime modulus. Zero for zero. */
void kc_modulus_invert(const struct kc_modulus *modulus, uint64_t *out, const uint64_t *a);

#endif
