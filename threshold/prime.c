/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/prime.h"

#include "base/secret.h"

#include <string.h>

#define LIMBS KC_PRIME_LIMBS

typedef unsigned __int128 wide;

/* off[n]: the least one for which 2^(8n) + off[n] is prime (draft-hallambaker-mesh-udf 4.5). */
static const uint16_t offsets[65] = {0, 1, 1, 43, 15, 15, 21, 81, 13, 15, 13, 7, 61, 111, 25, 451,
    51, 85, 175, 253, 7, 87, 427, 27, 133, 235, 375, 423, 735, 357, 115, 81, 297, 175, 57, 45, 127,
    61, 37, 91, 27, 15, 241, 231, 55, 105, 127, 115, 231, 207, 181, 37, 235, 163, 1093, 187, 211,
    21, 841, 445, 165, 777, 583, 133, 75};

/* out = a - b; returns the borrow. */
static uint64_t subtract_limbs(
    struct kc_number *out, const struct kc_number *a, const struct kc_number *b)
{
    uint64_t borrow = 0;
    for (int i = 0; i < LIMBS; i++) {
        wide difference = (wide)a->limb[i] - b->limb[i] - borrow;
        out->limb[i] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> 64) & 1;
    }
    return borrow;
}

/* Brings a number below 2 p, which has room in the limbs, below p. */
static void subtract_prime_once(const struct kc_prime *prime, struct kc_number *a)
{
    struct kc_number less; /* secret */
    kc_mask keep = kc_ct_mask_bit(subtract_limbs(&less, a, &prime->p));
    for (int i = 0; i < LIMBS; i++)
        a->limb[i] = kc_ct_select(keep, a->limb[i], less.limb[i]);
    kc_wipe(&less, sizeof less);
}

void kc_prime_add(const struct kc_prime *prime, struct kc_number *out, const struct kc_number *a,
    const struct kc_number *b)
{
    uint64_t carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        wide sum = (wide)a->limb[i] + b->limb[i] + carry;
        out->limb[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
    subtract_prime_once(prime, out);
}

void kc_prime_subtract(const struct kc_prime *prime, struct kc_number *out,
    const struct kc_number *a, const struct kc_number *b)
{
    kc_mask below = kc_ct_mask_bit(subtract_limbs(out, a, b));
    uint64_t carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        wide sum = (wide)out->limb[i] + (prime->p.limb[i] & below) + carry;
        out->limb[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
}

/* t += a * b; returns the carry out of LIMBS limbs. */
static uint64_t add_product(uint64_t t[static LIMBS], const uint64_t a[static LIMBS], uint64_t b)
{
    uint64_t carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        wide sum = (wide)a[i] * b + t[i] + carry;
        t[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
    return carry;
}

/* a b / R: each step adds the multiple of p that clears the lowest limb, and drops it. With
 * b below p < 2^513 the sum before that stays below 2 p + 2^65 p < 2^580,
 * so one more limb holds it. */
void kc_prime_multiply(const struct kc_prime *prime, struct kc_number *out,
    const struct kc_number *a, const struct kc_number *b)
{
    uint64_t t[LIMBS + 1] = {0}; /* secret */
    for (int i = 0; i < LIMBS; i++) {
        t[LIMBS] = add_product(t, b->limb, a->limb[i]);
        t[LIMBS] += add_product(t, prime->p.limb, t[0] * prime->inverse);
        memmove(t, t + 1, LIMBS * sizeof *t);
    }
    memcpy(out->limb, t, LIMBS * sizeof *t);
    subtract_prime_once(prime, out);
    kc_wipe(t, sizeof t);
}

void kc_prime_init(struct kc_prime *prime, size_t size)
{
    *prime = (struct kc_prime){.size = size, .inverse = 1};
    prime->p.limb[0] = offsets[size];
    prime->p.limb[size / 8] += UINT64_C(1) << (8 * (size % 8));
    for (int i = 0; i < 6; i++) /* Newton: each step doubles the bits that are right */
        prime->inverse *= 2 + prime->p.limb[0] * prime->inverse;
    struct kc_number power = {{1}};
    for (int i = 0; i < 2 * 64 * LIMBS; i++) {
        if (i == 64 * LIMBS)
            prime->one = power;
        kc_prime_add(prime, &power, &power, &power);
    }
    prime->r_squared = power;
}

void kc_prime_decode(const struct kc_prime *prime, struct kc_number *out, const uint8_t *bytes)
{
    struct kc_number read = {{0}}; /* secret */
    for (size_t i = 0; i < prime->size; i++)
        read.limb[i / 8] |= (uint64_t)bytes[prime->size - 1 - i] << (8 * (i % 8));
    kc_prime_multiply(prime, out, &read, &prime->r_squared);
    kc_wipe(&read, sizeof read);
}

kc_mask kc_prime_encode(
    const struct kc_prime *prime, uint8_t *bytes, const struct kc_number *number)
{
    static const struct kc_number one = {{1}};
    struct kc_number plain; /* secret */
    kc_prime_multiply(prime, &plain, number, &one);
    for (size_t i = 0; i < prime->size; i++)
        bytes[prime->size - 1 - i] = (uint8_t)(plain.limb[i / 8] >> (8 * (i % 8)));
    /* Below p, all above 8 size bits is one bit. */
    kc_mask fits = ~kc_ct_mask_bit(plain.limb[prime->size / 8] >> (8 * (prime->size % 8)));
    kc_wipe(&plain, sizeof plain);
    return fits;
}

void kc_prime_set(const struct kc_prime *prime, struct kc_number *out, uint64_t value)
{
    const struct kc_number plain = {{value}};
    kc_prime_multiply(prime, out, &plain, &prime->r_squared);
}

/* The exponent is public. */
void kc_prime_invert(const struct kc_prime *prime, struct kc_number *out, const struct kc_number *a)
{
    static const struct kc_number two = {{2}};
    struct kc_number exponent, power = prime->one; /* power is secret if a is */
    (void)subtract_limbs(&exponent, &prime->p, &two);
    for (size_t bit = 8 * prime->size + 1; bit-- > 0;) {
        kc_prime_multiply(prime, &power, &power, &power);
        if (exponent.limb[bit / 64] >> (bit % 64) & 1)
            kc_prime_multiply(prime, &power, &power, a);
    }
    *out = power;
    kc_wipe(&power, sizeof power);
}
