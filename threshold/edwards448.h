/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two Edwards curves over the field of 448 bits, x^2 + y^2 = 1 + d x^2 y^2: edwards448 (RFC
 * 8032 5.2), and the one that is birationally equivalent to curve448 (RFC 7748). They are
 * isogenous, not equal, so a function is told which d.
 *
 * Extended coordinates: x = X/Z, y = Y/Z, T = XY/Z. The formulas are complete (Hisil, Wong, Carter,
 * Dawson 2008): any two points of the curve may be added, of any order. Everything is constant
 * time. Outputs may be inputs. The parameter d is the curve's d.
 *
 * A scalar comes as the signed bits of kc_scalar_signed_bits: the integer sum of (2 b_i - 1) 2^i
 * over 450 bits.
 */
#ifndef KC_THRESHOLD_EDWARDS448_H
#define KC_THRESHOLD_EDWARDS448_H

#include "base/language.h"
#include "threshold/field448.h"

KC_C_BEGIN

/* Terms that either curve's combine takes at once. */
#define KC_EDWARDS_COMBINE_MAX 16

#define KC_EDWARDS448_BITS 450
#define KC_EDWARDS448_COMBS 5    /* the base point's table: combs, */
#define KC_EDWARDS448_SPACING 18 /* each with five teeth this far apart */

struct kc_edwards448 {
    struct kc_field448 x, y, z, t; /* reduced */
};

/* An entry of the base point's table: x, y, d x y, all below p. */
struct kc_edwards448_affine {
    struct kc_field448 f[3];
};

typedef const struct kc_edwards448_affine kc_edwards448_table[KC_EDWARDS448_COMBS][16];

extern const struct kc_edwards448 kc_edwards448_identity;
extern const struct kc_field448 kc_edwards448_d;          /* -39081: edwards448 */
extern const struct kc_field448 kc_edwards448_d_curve448; /* 39082/39081 */

void kc_edwards448_double(struct kc_edwards448 *out, const struct kc_edwards448 *a);
void kc_edwards448_add(struct kc_edwards448 *out, const struct kc_edwards448 *a,
    const struct kc_edwards448 *b, const struct kc_field448 *d);
void kc_edwards448_negate(struct kc_edwards448 *out, const struct kc_edwards448 *a);

kc_mask kc_edwards448_is_identity(const struct kc_edwards448 *a);
kc_mask kc_edwards448_equal(const struct kc_edwards448 *a, const struct kc_edwards448 *b);

/* Whether a is in the group of prime order and not the identity. */
kc_mask kc_edwards448_has_prime_order(const struct kc_edwards448 *a, const struct kc_field448 *d);

/* [scalar]a, exactly: a may have any order. */
void kc_edwards448_multiply(struct kc_edwards448 *out, const uint64_t signed_bits[8],
    const struct kc_edwards448 *a, const struct kc_field448 *d);

/*
 * The sum of many multiples, in time that depends on the scalars.
 *
 * points  at most KC_EDWARDS_COMBINE_MAX
 * digits  of each scalar: the sum of digit_i 2^i over size of them, each odd in -31..31, or zero
 */
void kc_edwards448_combine_variable_time(struct kc_edwards448 *out,
    const struct kc_edwards448 *const points[], const int8_t *const digits[], size_t count,
    int size, const struct kc_field448 *d);

/* [scalar]B with the table of B. */
void kc_edwards448_multiply_base(
    struct kc_edwards448 *out, const uint64_t signed_bits[8], kc_edwards448_table table);

KC_C_END

#endif
