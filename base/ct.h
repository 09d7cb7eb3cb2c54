/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constant-time primitives: all selections on secrets go through these.
 *
 * A kc_mask is all ones (true) or all zeros (false) and is made only here. The barrier hides a
 * mask's value from the optimiser, which may otherwise turn a masked selection back into a branch
 * (clang at -O1 and -Os does).
 */
#ifndef KC_BASE_CT_H
#define KC_BASE_CT_H

#include "base/language.h"

#include <stddef.h>
#include <stdint.h>

KC_C_BEGIN

typedef uint64_t kc_mask;

/* The optimiser must take the result for an arbitrary value. No instruction is emitted. */
static inline uint64_t kc_ct_barrier(uint64_t value)
{
    __asm__("" : "+r"(value));
    return value;
}

/* bit is 0 or 1: 0 - 1 is all ones. */
static inline kc_mask kc_ct_mask_bit(uint64_t bit)
{
    return kc_ct_barrier(0 - (bit & 1));
}

/* The top bit of (v | -v) is set just when v is not zero. */
static inline kc_mask kc_ct_is_zero(uint64_t value)
{
    value = kc_ct_barrier(value);
    return kc_ct_mask_bit(((value | (0 - value)) >> 63) ^ 1);
}

static inline kc_mask kc_ct_equal(uint64_t a, uint64_t b)
{
    return kc_ct_is_zero(a ^ b);
}

/* mask ? a : b */
static inline uint64_t kc_ct_select(kc_mask mask, uint64_t a, uint64_t b)
{
    return b ^ (kc_ct_barrier(mask) & (a ^ b));
}

/* Swaps a and b if mask is true. */
static inline void kc_ct_swap(kc_mask mask, uint64_t *a, uint64_t *b)
{
    uint64_t difference = kc_ct_barrier(mask) & (*a ^ *b);
    *a ^= difference;
    *b ^= difference;
}

/* Whether two runs of bytes are equal; time depends on size alone. */
static inline kc_mask kc_ct_bytes_equal(const void *a, const void *b, size_t size)
{
    const uint8_t *x = (const uint8_t *)a, *y = (const uint8_t *)b;
    uint64_t difference = 0;
    for (size_t i = 0; i < size; i++)
        difference |= (uint64_t)(x[i] ^ y[i]);
    return kc_ct_is_zero(difference);
}

KC_C_END

#endif
