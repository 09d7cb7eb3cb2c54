/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The field of p = 2^448 - 2^224 - 1, radix 2^56. Everything is constant time.
 *
 * Bounds, in units of u = 2^56 (proved by tests/threshold/field_proof.py and bounds_test.c):
 *   a product, square, selection of products: limbs below u + 2^15, called reduced; counted as 1
 *   add: the sum of the counts. subtract, negate: 4 more than the minuend; the subtrahend at most 3
 *   multiply, square take limbs up to 8; encode and what asks for a property, up to 16
 */
#ifndef KC_THRESHOLD_FIELD448_H
#define KC_THRESHOLD_FIELD448_H

#include "base/ct.h"
#include "base/language.h"
#include "base/wipe.h"

KC_C_BEGIN

#define KC_FIELD448_SIZE 56
#define KC_FIELD_INVERT_MAX 16
#define KC_FIELD448_LIMBS 8

struct kc_field448 {
    uint64_t limb[KC_FIELD448_LIMBS];
};

extern const struct kc_field448 kc_field448_zero;
extern const struct kc_field448 kc_field448_one;

/* Reads 56 bytes, little-endian; true if the value is below p. The value is read, reduced, in any
 * case. */
kc_mask kc_field448_decode(
    struct kc_field448 *out, const uint8_t bytes[KC_AT_LEAST(KC_FIELD448_SIZE)]);

/* Writes the value in [0, p). */
void kc_field448_encode(uint8_t bytes[KC_AT_LEAST(KC_FIELD448_SIZE)], const struct kc_field448 *a);

void kc_field448_multiply(
    struct kc_field448 *out, const struct kc_field448 *a, const struct kc_field448 *b);
void kc_field448_square(struct kc_field448 *out, const struct kc_field448 *a);

/* 1/a; zero for zero. */
void kc_field448_invert(struct kc_field448 *out, const struct kc_field448 *a);

/* Inverts each of up to KC_FIELD_INVERT_MAX elements in place, at the price of one inversion. None may be zero. */
void kc_field448_invert_many(struct kc_field448 elements[], size_t count);

/* A root of numerator/denominator; false (and out meaningless) if there is none. 0/d has root 0;
 * n/0 has none. */
kc_mask kc_field448_root(struct kc_field448 *out, const struct kc_field448 *numerator,
    const struct kc_field448 *denominator);

/* Whether a is a square, and not zero. */
kc_mask kc_field448_is_square(const struct kc_field448 *a);

kc_mask kc_field448_is_zero(const struct kc_field448 *a);
kc_mask kc_field448_is_odd(const struct kc_field448 *a);
/* The bound of b is the subtrahend's. */
kc_mask kc_field448_equal(const struct kc_field448 *a, const struct kc_field448 *b);

static inline void kc_field448_add(
    struct kc_field448 *out, const struct kc_field448 *a, const struct kc_field448 *b)
{
    for (int i = 0; i < KC_FIELD448_LIMBS; i++)
        out->limb[i] = a->limb[i] + b->limb[i];
}

/* a + 4p - b: no limb goes below zero. */
static inline void kc_field448_subtract(
    struct kc_field448 *out, const struct kc_field448 *a, const struct kc_field448 *b)
{
    for (int i = 0; i < KC_FIELD448_LIMBS; i++) {
        uint64_t four_p = (UINT64_C(1) << 58) - (i == 4 ? 8 : 4);
        out->limb[i] = a->limb[i] + four_p - b->limb[i];
    }
}

static inline void kc_field448_negate(struct kc_field448 *out, const struct kc_field448 *a)
{
    kc_field448_subtract(out, &kc_field448_zero, a);
}

/* out = a if the mask is true, else stays. */
static inline void kc_field448_select(
    struct kc_field448 *out, kc_mask mask, const struct kc_field448 *a)
{
    for (int i = 0; i < KC_FIELD448_LIMBS; i++)
        out->limb[i] ^= mask & (out->limb[i] ^ a->limb[i]);
}

static inline void kc_field448_wipe(struct kc_field448 *a)
{
    kc_wipe(a, sizeof *a);
}

/* A local element that is wiped when it leaves its scope: coordinates of a
 * contribution are secret. */
#define KC_AUTO_FIELD448 __attribute__((cleanup(kc_field448_wipe))) struct kc_field448

KC_C_END

#endif
