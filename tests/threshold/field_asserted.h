/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields' operations with their bounds asserted at run time. The groups' sources are compiled
 * once more with this file included first (the tests' CMakeLists.txt does it): each operation then
 * checks the limbs of its operands and of its result by what the header states, and is the library's
 * own in between. Beside the proofs (field_proof.py, bounds_test.c), which are about every operand.
 */
#ifndef KC_TESTS_THRESHOLD_FIELD_ASSERTED_H
#define KC_TESTS_THRESHOLD_FIELD_ASSERTED_H

#include "threshold/field25519.h"
#include "threshold/field448.h"

#include <stdbool.h>

/* Fails the running test if a bound does not hold; counts. */
void field_assert(bool holds);

#define ASSERT_BELOW(a, limbs, limit)                                                              \
    for (int i_ = 0; i_ < (limbs); i_++)                                                           \
    field_assert((a)->limb[i_] < (limit))

/* For one field: UNIT is 2^radix. */
#define ASSERTED_FIELD(FIELD, LIMBS, UNIT)                                                         \
    static inline void asserted_##FIELD##_multiply(                                                \
        struct kc_##FIELD *out, const struct kc_##FIELD *a, const struct kc_##FIELD *b)            \
    {                                                                                              \
        ASSERT_BELOW(a, LIMBS, 8 * (UNIT));                                                        \
        ASSERT_BELOW(b, LIMBS, 8 * (UNIT));                                                        \
        kc_##FIELD##_multiply(out, a, b);                                                          \
        ASSERT_BELOW(out, LIMBS, (UNIT) + (1 << 15));                                              \
    }                                                                                              \
    static inline void asserted_##FIELD##_square(                                                  \
        struct kc_##FIELD *out, const struct kc_##FIELD *a)                                        \
    {                                                                                              \
        ASSERT_BELOW(a, LIMBS, 8 * (UNIT));                                                        \
        kc_##FIELD##_square(out, a);                                                               \
        ASSERT_BELOW(out, LIMBS, (UNIT) + (1 << 15));                                              \
    }                                                                                              \
    static inline void asserted_##FIELD##_subtract(                                                \
        struct kc_##FIELD *out, const struct kc_##FIELD *a, const struct kc_##FIELD *b)            \
    {                                                                                              \
        ASSERT_BELOW(a, LIMBS, 12 * (UNIT));                                                       \
        ASSERT_BELOW(b, LIMBS, 3 * (UNIT) + (UINT64_C(3) << 15));                                  \
        kc_##FIELD##_subtract(out, a, b);                                                          \
        ASSERT_BELOW(out, LIMBS, 16 * (UNIT));                                                     \
    }                                                                                              \
    static inline void asserted_##FIELD##_negate(                                                  \
        struct kc_##FIELD *out, const struct kc_##FIELD *a)                                        \
    {                                                                                              \
        ASSERT_BELOW(a, LIMBS, 3 * (UNIT) + (UINT64_C(3) << 15));                                  \
        kc_##FIELD##_negate(out, a);                                                               \
        ASSERT_BELOW(out, LIMBS, 4 * (UNIT) + 1);                                                  \
    }                                                                                              \
    static inline void asserted_##FIELD##_add(                                                     \
        struct kc_##FIELD *out, const struct kc_##FIELD *a, const struct kc_##FIELD *b)            \
    {                                                                                              \
        kc_##FIELD##_add(out, a, b);                                                               \
        ASSERT_BELOW(out, LIMBS, 16 * (UNIT));                                                     \
    }                                                                                              \
    static inline kc_mask asserted_##FIELD##_is_zero(const struct kc_##FIELD *a)                   \
    {                                                                                              \
        ASSERT_BELOW(a, LIMBS, 16 * (UNIT));                                                       \
        return kc_##FIELD##_is_zero(a);                                                            \
    }                                                                                              \
    static inline void asserted_##FIELD##_encode(uint8_t *bytes, const struct kc_##FIELD *a)       \
    {                                                                                              \
        ASSERT_BELOW(a, LIMBS, 16 * (UNIT));                                                       \
        kc_##FIELD##_encode(bytes, a);                                                             \
    }

ASSERTED_FIELD(field25519, KC_FIELD25519_LIMBS, UINT64_C(1) << 51)
ASSERTED_FIELD(field448, KC_FIELD448_LIMBS, UINT64_C(1) << 56)

#define kc_field25519_multiply asserted_field25519_multiply
#define kc_field25519_square asserted_field25519_square
#define kc_field25519_subtract asserted_field25519_subtract
#define kc_field25519_negate asserted_field25519_negate
#define kc_field25519_add asserted_field25519_add
#define kc_field25519_is_zero asserted_field25519_is_zero
#define kc_field25519_encode asserted_field25519_encode
#define kc_field448_multiply asserted_field448_multiply
#define kc_field448_square asserted_field448_square
#define kc_field448_subtract asserted_field448_subtract
#define kc_field448_negate asserted_field448_negate
#define kc_field448_add asserted_field448_add
#define kc_field448_is_zero asserted_field448_is_zero
#define kc_field448_encode asserted_field448_encode

#endif
