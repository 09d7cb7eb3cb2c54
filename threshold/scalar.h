/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scalars: integers modulo the prime order L of a curve's group, always fully reduced.
 *
 * Every function is constant time in the values. Scalars are assumed secret: who makes one wipes
 * it. Outputs may be the same object as an input. Scalars of different curves never mix: that ends
 * the process.
 */
#ifndef KC_THRESHOLD_SCALAR_H
#define KC_THRESHOLD_SCALAR_H

#include "base/ct.h"
#include "base/error.h"
#include "base/language.h"
#include "threshold/curve.h"

KC_C_BEGIN

#define KC_SCALAR_LIMBS 7

/* Random bytes that make one uniform scalar of any curve; the bias is below 2^-128. */
#define KC_UNIFORM_SIZE 72

struct kc_scalar {
    enum kc_curve curve;
    uint64_t limb[KC_SCALAR_LIMBS]; /* little-endian; those above the curve's 4 or 7 are zero */
};

/*
 * Reads a scalar that must be below L: what other parties send.
 *
 * bytes  little-endian, exactly the curve's scalar_size
 *
 * KC_ERR_SCALAR_RANGE  wrong size, or not below L
 */
KC_CHECKED enum kc_error kc_scalar_decode(
    struct kc_scalar *out, enum kc_curve curve, const uint8_t *bytes, size_t size);

/*
 * Reads any integer of scalar_size bytes and reduces it: the import of clamped keys and of
 * composite keys. Nothing is clamped here, ever.
 *
 * KC_ERR_SCALAR_RANGE  wrong size
 */
KC_CHECKED enum kc_error kc_scalar_import(
    struct kc_scalar *out, enum kc_curve curve, const uint8_t *bytes, size_t size);

/* Reduces a little-endian integer of any size, such as a digest. */
void kc_scalar_reduce(
    struct kc_scalar *out, enum kc_curve curve, const uint8_t *bytes, size_t size);

/*
 * A uniform scalar in [1, L) from KC_UNIFORM_SIZE uniform random bytes.
 *
 * KC_ERR_RANDOM  the bytes reduce to zero, which random ones do not
 */
KC_CHECKED enum kc_error kc_scalar_random(struct kc_scalar *out, enum kc_curve curve,
    const uint8_t uniform[KC_AT_LEAST(KC_UNIFORM_SIZE)]);

/* A small number, such as 1 or the index of a share. */
void kc_scalar_set(struct kc_scalar *out, enum kc_curve curve, uint32_t value);

/* Writes scalar_size bytes, little-endian. */
void kc_scalar_encode(const struct kc_scalar *scalar, uint8_t out[KC_AT_LEAST(KC_SCALAR_SIZE_MAX)]);

void kc_scalar_add(struct kc_scalar *out, const struct kc_scalar *a, const struct kc_scalar *b);
void kc_scalar_subtract(
    struct kc_scalar *out, const struct kc_scalar *a, const struct kc_scalar *b);
void kc_scalar_negate(struct kc_scalar *out, const struct kc_scalar *a);
void kc_scalar_multiply(
    struct kc_scalar *out, const struct kc_scalar *a, const struct kc_scalar *b);

/* a^(L-2): the inverse; zero for zero. */
void kc_scalar_invert(struct kc_scalar *out, const struct kc_scalar *a);

/*
 * Inverts each of up to KC_SCALARS_INVERT_MAX scalars of one curve in place, at the price of one
 * inversion and three products for each. Zero for zero.
 */
#define KC_SCALARS_INVERT_MAX 16
void kc_scalar_invert_many(struct kc_scalar scalars[], size_t count);

kc_mask kc_scalar_is_zero(const struct kc_scalar *scalar);
kc_mask kc_scalar_equal(const struct kc_scalar *a, const struct kc_scalar *b);

/*
 * The scalar in signed bits: s is the sum of (2 b_i - 1) 2^i modulo L, over 255 (25519) or 450
 * (448) bits. For the multiplications of edwards25519.h and edwards448.h; not for P-256.
 */
void kc_scalar_signed_bits(uint64_t bits[KC_AT_LEAST(8)], const struct kc_scalar *scalar);

void kc_scalar_wipe(struct kc_scalar *scalar);

/* A local scalar that is wiped when it leaves its scope. */
#define KC_AUTO_SCALAR __attribute__((cleanup(kc_scalar_wipe))) struct kc_scalar

KC_C_END

#endif
