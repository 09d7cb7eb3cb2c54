/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The field of p = 2^255 - 19, radix 2^51. Everything is constant time.
 *
 * Bounds, in units of u = 2^51 (proved by tests/threshold/field_proof.py and bounds_test.c):
 *   a product, square, selection of products: limbs below u + 2^15, called reduced; counted as 1
 *   add: the sum of the counts. subtract, negate: 4 more than the minuend; the subtrahend at most 3
 *   multiply, square take limbs up to 8; encode and what asks for a property, up to 16
 */
#ifndef KC_THRESHOLD_FIELD25519_H
#define KC_THRESHOLD_FIELD25519_H

#include "base/ct.h"
#include "base/language.h"
#include "base/wipe.h"

KC_C_BEGIN

#define KC_FIELD25519_SIZE 32
#define KC_FIELD_INVERT_MAX 16
#define KC_FIELD25519_LIMBS 5

struct kc_field25519 {
    uint64_t limb[KC_FIELD25519_LIMBS];
};

extern const struct kc_field25519 kc_field25519_zero;
extern const struct kc_field25519 kc_field25519_one;

/* Reads 32 bytes, little-endian; true if the value is below p. The value is read, reduced, in any
 * case. */
kc_mask kc_field25519_decode(
    struct kc_field25519 *out, const uint8_t bytes[KC_AT_LEAST(KC_FIELD25519_SIZE)]);

/* Writes the value in [0, p). */
void kc_field25519_encode(
    uint8_t bytes[KC_AT_LEAST(KC_FIELD25519_SIZE)], const struct kc_field25519 *a);

void kc_field25519_multiply(
    struct kc_field25519 *out, const struct kc_field25519 *a, const struct kc_field25519 *b);
void kc_field25519_square(struct kc_field25519 *out, const struct kc_field25519 *a);

/* 1/a; zero for zero. */
void kc_field25519_invert(struct kc_field25519 *out, const struct kc_field25519 *a);

/* Inverts each of up to KC_FIELD_INVERT_MAX elements in place, at the price of one inversion. None may be zero. */
void kc_field25519_invert_many(struct kc_field25519 elements[], size_t count);

/* A root of numerator/denominator; false (and out meaningless) if there is none. 0/d has root 0;
 * n/0 has none. */
kc_mask kc_field25519_root(struct kc_field25519 *out, const struct kc_field25519 *numerator,
    const struct kc_field25519 *denominator);

/* Whether a is a fourth power, and not zero. */
kc_mask kc_field25519_is_fourth_power(const struct kc_field25519 *a);

kc_mask kc_field25519_is_zero(const struct kc_field25519 *a);
kc_mask kc_field25519_is_odd(const struct kc_field25519 *a);
/* The bound of b is the subtrahend's. */
kc_mask kc_field25519_equal(const struct kc_field25519 *a, const struct kc_field25519 *b);

static inline void kc_field25519_add(
    struct kc_field25519 *out, const struct kc_field25519 *a, const struct kc_field25519 *b)
{
    for (int i = 0; i < KC_FIELD25519_LIMBS; i++)
        out->limb[i] = a->limb[i] + b->limb[i];
}

/* a + 4p - b: no limb goes below zero. */
static inline void kc_field25519_subtract(
    struct kc_field25519 *out, const struct kc_field25519 *a, const struct kc_field25519 *b)
{
    out->limb[0] = a->limb[0] + ((UINT64_C(1) << 53) - 76) - b->limb[0];
    for (int i = 1; i < KC_FIELD25519_LIMBS; i++)
        out->limb[i] = a->limb[i] + ((UINT64_C(1) << 53) - 4) - b->limb[i];
}

static inline void kc_field25519_negate(struct kc_field25519 *out, const struct kc_field25519 *a)
{
    kc_field25519_subtract(out, &kc_field25519_zero, a);
}

/* out = a if the mask is true, else stays. */
static inline void kc_field25519_select(
    struct kc_field25519 *out, kc_mask mask, const struct kc_field25519 *a)
{
    for (int i = 0; i < KC_FIELD25519_LIMBS; i++)
        out->limb[i] ^= mask & (out->limb[i] ^ a->limb[i]);
}

static inline void kc_field25519_wipe(struct kc_field25519 *a)
{
    kc_wipe(a, sizeof *a);
}

/* A local element that is wiped when it leaves its scope: coordinates of a
 * contribution are secret. */
#define KC_AUTO_FIELD25519 __attribute__((cleanup(kc_field25519_wipe))) struct kc_field25519

KC_C_END

#endif
