/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/prime.h"

#include "base/wipe.h"

#include <string.h>

#define LIMBS KC_PRIME_LIMBS

/* off[n]: the least one for which 2^(8n) + off[n] is prime (draft-hallambaker-mesh-udf 4.5). */
static const uint16_t offsets[65] = {0, 1, 1, 43, 15, 15, 21, 81, 13, 15, 13, 7, 61, 111, 25, 451,
    51, 85, 175, 253, 7, 87, 427, 27, 133, 235, 375, 423, 735, 357, 115, 81, 297, 175, 57, 45, 127,
    61, 37, 91, 27, 15, 241, 231, 55, 105, 127, 115, 231, 207, 181, 37, 235, 163, 1093, 187, 211,
    21, 841, 445, 165, 777, 583, 133, 75};

void kc_prime_add(const struct kc_prime *prime, struct kc_number *out, const struct kc_number *a,
    const struct kc_number *b)
{
    kc_modulus_add(&prime->modulus, out->limb, a->limb, b->limb);
}

void kc_prime_subtract(const struct kc_prime *prime, struct kc_number *out,
    const struct kc_number *a, const struct kc_number *b)
{
    kc_modulus_subtract(&prime->modulus, out->limb, a->limb, b->limb);
}

void kc_prime_multiply(const struct kc_prime *prime, struct kc_number *out,
    const struct kc_number *a, const struct kc_number *b)
{
    kc_modulus_multiply(&prime->modulus, out->limb, a->limb, b->limb);
}

void kc_prime_init(struct kc_prime *prime, size_t size)
{
    *prime = (struct kc_prime){.size = size, .modulus = {.limbs = LIMBS, .inverse = 1}};
    struct kc_modulus *modulus = &prime->modulus;
    modulus->m[0] = offsets[size];
    modulus->m[size / 8] += UINT64_C(1) << (8 * (size % 8));
    for (int i = 0; i < 6; i++) /* Newton: each step doubles the bits that are right */
        modulus->inverse *= 2 + modulus->m[0] * modulus->inverse;
    uint64_t power[LIMBS] = {1};
    for (int i = 0; i < 2 * 64 * LIMBS; i++) {
        if (i == 64 * LIMBS)
            memcpy(modulus->r, power, sizeof power);
        kc_modulus_add(modulus, power, power, power);
    }
    memcpy(modulus->r_squared, power, sizeof power);
}

void kc_prime_decode(const struct kc_prime *prime, struct kc_number *out, const uint8_t *bytes)
{
    struct kc_number read = {{0}}; /* secret */
    for (size_t i = 0; i < prime->size; i++)
        read.limb[i / 8] |= (uint64_t)bytes[prime->size - 1 - i] << (8 * (i % 8));
    kc_modulus_multiply(&prime->modulus, out->limb, read.limb, prime->modulus.r_squared);
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
    kc_modulus_multiply(&prime->modulus, out->limb, plain.limb, prime->modulus.r_squared);
}

void kc_prime_invert(const struct kc_prime *prime, struct kc_number *out, const struct kc_number *a)
{
    kc_modulus_invert(&prime->modulus, out->limb, a->limb);
}
