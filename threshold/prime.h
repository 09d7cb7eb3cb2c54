/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic modulo the primes p = 2^(8n) + off[n] of UDF shares, n = 1..64 octets.
 *
 * Numbers are in Montgomery form (times R = 2^576 mod p), always below p. Constant time in numbers;
 * p is public. Outputs may be inputs.
 */
#ifndef KC_THRESHOLD_PRIME_H
#define KC_THRESHOLD_PRIME_H

#include "threshold/modulus.h"

#define KC_PRIME_LIMBS KC_MODULUS_LIMBS_MAX

struct kc_number {
    uint64_t limb[KC_PRIME_LIMBS]; /* little-endian */
};

struct kc_prime {
    struct kc_modulus modulus;
    size_t size; /* n */
};

/* The prime for secrets of size octets, 1..64. */
void kc_prime_init(struct kc_prime *prime, size_t size);

/* Reads size octets, big-endian. */
void kc_prime_decode(const struct kc_prime *prime, struct kc_number *out, const uint8_t *bytes);

/* Writes size octets, big-endian; false, and octets that mean nothing, if the number is not below
 * 2^(8 size). */
kc_mask kc_prime_encode(
    const struct kc_prime *prime, uint8_t *bytes, const struct kc_number *number);

/* A small number. */
void kc_prime_set(const struct kc_prime *prime, struct kc_number *out, uint64_t value);

void kc_prime_add(const struct kc_prime *prime, struct kc_number *out, const struct kc_number *a,
    const struct kc_number *b);
void kc_prime_subtract(const struct kc_prime *prime, struct kc_number *out,
    const struct kc_number *a, const struct kc_number *b);
void kc_prime_multiply(const struct kc_prime *prime, struct kc_number *out,
    const struct kc_number *a, const struct kc_number *b);

/* a^(p-2); zero for zero. */
void kc_prime_invert(
    const struct kc_prime *prime, struct kc_number *out, const struct kc_number *a);

#endif
