/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The group of edwards25519, -x^2 + y^2 = 1 + d x^2 y^2 (RFC 8032 5.1). Its Montgomery form is
 * curve25519 (RFC 7748).
 *
 * Extended coordinates: x = X/Z, y = Y/Z, T = XY/Z. The formulas are complete (Hisil, Wong, Carter,
 * Dawson 2008): any two points of the curve may be added, of any order. Everything is constant
 * time. Outputs may be inputs. The parameter d is twice the curve's d.
 *
 * A scalar comes as the signed bits of kc_scalar_signed_bits: the integer sum of (2 b_i - 1) 2^i
 * over 255 bits.
 */
#ifndef KC_THRESHOLD_EDWARDS25519_H
#define KC_THRESHOLD_EDWARDS25519_H

#include "base/language.h"
#include "threshold/field25519.h"

KC_C_BEGIN

/* Terms that either curve's combine takes at once. */
#define KC_EDWARDS_COMBINE_MAX 16

#define KC_EDWARDS25519_BITS 255
#define KC_EDWARDS25519_COMBS 3    /* the base point's table: combs, */
#define KC_EDWARDS25519_SPACING 17 /* each with five teeth this far apart */

struct kc_edwards25519 {
    struct kc_field25519 x, y, z, t; /* reduced */
};

/* An entry of the base point's table: y + x, y - x, 2 d x y, all below p. */
struct kc_edwards25519_affine {
    struct kc_field25519 f[3];
};

typedef const struct kc_edwards25519_affine kc_edwards25519_table[KC_EDWARDS25519_COMBS][16];

extern const struct kc_edwards25519 kc_edwards25519_identity;
extern const struct kc_field25519 kc_edwards25519_d2; /* 2 d */

void kc_edwards25519_double(struct kc_edwards25519 *out, const struct kc_edwards25519 *a);
void kc_edwards25519_add(struct kc_edwards25519 *out, const struct kc_edwards25519 *a,
    const struct kc_edwards25519 *b, const struct kc_field25519 *d);
void kc_edwards25519_negate(struct kc_edwards25519 *out, const struct kc_edwards25519 *a);

kc_mask kc_edwards25519_is_identity(const struct kc_edwards25519 *a);
kc_mask kc_edwards25519_equal(const struct kc_edwards25519 *a, const struct kc_edwards25519 *b);

/* Whether a is in the group of prime order and not the identity. */
kc_mask kc_edwards25519_has_prime_order(const struct kc_edwards25519 *a);

/* [scalar]a, exactly: a may have any order. */
void kc_edwards25519_multiply(struct kc_edwards25519 *out, const uint64_t signed_bits[8],
    const struct kc_edwards25519 *a, const struct kc_field25519 *d);

/*
 * The sum of many multiples, in time that depends on the scalars.
 *
 * points  at most KC_EDWARDS_COMBINE_MAX
 * digits  of each scalar: the sum of digit_i 2^i over size of them, each odd in -31..31, or zero
 */
void kc_edwards25519_combine_variable_time(struct kc_edwards25519 *out,
    const struct kc_edwards25519 *const points[], const int8_t *const digits[], size_t count,
    int size, const struct kc_field25519 *d);

/* [scalar]B with the table of B. */
void kc_edwards25519_multiply_base(
    struct kc_edwards25519 *out, const uint64_t signed_bits[8], kc_edwards25519_table table);

KC_C_END

#endif
