/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/modulus.h"

#include "base/wipe.h"

#include <string.h>

#define LIMBS_MAX KC_MODULUS_LIMBS_MAX

typedef unsigned __int128 wide;

kc_mask kc_modulus_subtract_limbs(
    const struct kc_modulus *modulus, uint64_t *out, const uint64_t *a, const uint64_t *b)
{
    uint64_t borrow = 0;
    for (size_t i = 0; i < modulus->limbs; i++) {
        wide difference = (wide)a[i] - b[i] - borrow;
        out[i] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> 64) & 1;
    }
    return kc_ct_mask_bit(borrow);
}

/* a + (b & mask); the carry. */
static uint64_t add_masked(const struct kc_modulus *modulus, uint64_t *out, const uint64_t *a,
    const uint64_t *b, kc_mask mask)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < modulus->limbs; i++) {
        wide sum = (wide)a[i] + (b[i] & mask) + carry;
        out[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
    return carry;
}

/* Brings a number below 2 m, of which `top` is the bit above the limbs, below m. */
static void subtract_once(const struct kc_modulus *modulus, uint64_t *a, uint64_t top)
{
    uint64_t less[LIMBS_MAX]; /* secret */
    kc_mask keep = kc_modulus_subtract_limbs(modulus, less, a, modulus->m) & ~kc_ct_mask_bit(top);
    for (size_t i = 0; i < modulus->limbs; i++)
        a[i] = kc_ct_select(keep, a[i], less[i]);
    kc_wipe(less, sizeof less);
}

void kc_modulus_add(
    const struct kc_modulus *modulus, uint64_t *out, const uint64_t *a, const uint64_t *b)
{
    uint64_t top = add_masked(modulus, out, a, b, ~(kc_mask)0);
    subtract_once(modulus, out, top);
}

void kc_modulus_subtract(
    const struct kc_modulus *modulus, uint64_t *out, const uint64_t *a, const uint64_t *b)
{
    kc_mask below = kc_modulus_subtract_limbs(modulus, out, a, b);
    (void)add_masked(modulus, out, out, modulus->m, below);
}

/* t += a * b, over limbs + 1 limbs of t and one bit; returns that. */
static inline uint64_t add_product(uint64_t *t, const uint64_t *a, uint64_t b, size_t limbs)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < limbs; i++) {
        wide sum = (wide)a[i] * b + t[i] + carry;
        t[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
    wide sum = (wide)t[limbs] + carry;
    t[limbs] = (uint64_t)sum;
    return (uint64_t)(sum >> 64);
}

/*
 * Each step adds a multiple of m that clears the lowest limb and drops it; the sum stays below 2 m R before the last
 * drop, so one subtraction is enough. Inlined with a constant number of limbs, so that its loops are unrolled: that is four
 * times as fast.
 */
static inline __attribute__((always_inline)) void multiply_limbs(const struct kc_modulus *modulus,
    uint64_t *out, const uint64_t *a, const uint64_t *b, size_t limbs)
{
    uint64_t t[2 * LIMBS_MAX + 1] = {0}; /* secret */
    for (size_t i = 0; i < limbs; i++) {
        uint64_t *at = t + i;
        at[limbs + 1] += add_product(at, b, a[i], limbs);
        uint64_t clear = at[0] * modulus->inverse;
        at[limbs + 1] += add_product(at, modulus->m, clear, limbs);
    }
    uint64_t top = t[2 * limbs];
    memcpy(out, t + limbs, limbs * sizeof *out);
    subtract_once(modulus, out, top);
    kc_wipe(t, sizeof t);
}

void kc_modulus_multiply(
    const struct kc_modulus *modulus, uint64_t *out, const uint64_t *a, const uint64_t *b)
{
    switch (modulus->limbs) {
    case 4: /* orders of 25519 and P-256 */
        multiply_limbs(modulus, out, a, b, 4);
        break;
    case 7: /* of 448 */
        multiply_limbs(modulus, out, a, b, 7);
        break;
    default:
        multiply_limbs(modulus, out, a, b, modulus->limbs);
    }
}

#define WINDOW 4

/* Powers by four bits of the exponent m - 2 at a time, which is public. */
void kc_modulus_invert(const struct kc_modulus *modulus, uint64_t *out, const uint64_t *a)
{
    static const uint64_t two[LIMBS_MAX] = {2};
    uint64_t exponent[LIMBS_MAX], powers[1 << WINDOW][LIMBS_MAX]; /* powers are secret if a is */
    uint64_t power[LIMBS_MAX];                                    /* the same */
    (void)kc_modulus_subtract_limbs(modulus, exponent, modulus->m, two);
    memcpy(powers[0], modulus->r, sizeof powers[0]);
    for (size_t i = 1; i < 1 << WINDOW; i++)
        kc_modulus_multiply(modulus, powers[i], powers[i - 1], a);
    memcpy(power, modulus->r, sizeof power);
    for (size_t bit = 64 * modulus->limbs; bit > 0;) {
        for (int i = 0; i < WINDOW; i++)
            kc_modulus_multiply(modulus, power, power, power);
        bit -= WINDOW;
        size_t digit = exponent[bit / 64] >> (bit % 64) & ((1 << WINDOW) - 1);
        if (digit != 0)
            kc_modulus_multiply(modulus, power, power, powers[digit]);
    }
    memcpy(out, power, modulus->limbs * sizeof *out);
    kc_wipe(powers, sizeof powers);
    kc_wipe(power, sizeof power);
}
