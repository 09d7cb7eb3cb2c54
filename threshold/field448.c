/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/field448.h"

#include "threshold/legendre448.h"

#include <stdlib.h>
#include <string.h>

#define LIMBS KC_FIELD448_LIMBS
#define HALF (LIMBS / 2)
#define RADIX 56
#define MASK ((UINT64_C(1) << RADIX) - 1)

typedef unsigned __int128 wide;
typedef struct kc_field448 field;

const struct kc_field448 kc_field448_zero = {{0}};
const struct kc_field448 kc_field448_one = {{1}};

/*
 * What a column carries to the next: column >> RADIX. Written with a sum because compilers make one
 * double shift of the other forms, an instruction that takes as long as six others.
 */
static inline wide carry_of(wide column)
{
    /* cppcheck-suppress shiftTooManyBits ; it takes the type for one of 32 bits */
    uint64_t low = (uint64_t)column, high = (uint64_t)(column >> 64);
    uint64_t carry = (high << (64 - RADIX)) + (low >> RADIX);
    return (wide)(high >> RADIX) << 64 | carry;
}

/* The low and the high half of an element's limbs, and their sum. */
struct halves {
    uint64_t low[HALF], high[HALF], sum[HALF];
};

static inline struct halves split(const struct kc_field448 *a)
{
    return (struct halves){
        .low = {a->limb[0], a->limb[1], a->limb[2], a->limb[3]},
        .high = {a->limb[4], a->limb[5], a->limb[6], a->limb[7]},
        .sum = {a->limb[0] + a->limb[4], a->limb[1] + a->limb[5], a->limb[2] + a->limb[6],
            a->limb[3] + a->limb[7]},
    };
}

/* Column k of the product of two halves, and of the square of one. Column 7 is empty. */
#define PRODUCT_COLUMN(k, terms)                                                                   \
    static inline wide product_##k(const uint64_t a[HALF], const uint64_t b[HALF])                 \
    {                                                                                              \
        return terms;                                                                              \
    }
#define SQUARE_COLUMN(k, terms)                                                                    \
    static inline wide square_##k(const uint64_t a[HALF])                                          \
    {                                                                                              \
        return terms;                                                                              \
    }
/* clang-format off */
PRODUCT_COLUMN(0, (wide)a[0] * b[0])
PRODUCT_COLUMN(1, (wide)a[0] * b[1] + (wide)a[1] * b[0])
PRODUCT_COLUMN(2, (wide)a[0] * b[2] + (wide)a[1] * b[1] + (wide)a[2] * b[0])
PRODUCT_COLUMN(3, (wide)a[0] * b[3] + (wide)a[1] * b[2] + (wide)a[2] * b[1] + (wide)a[3] * b[0])
PRODUCT_COLUMN(4, (wide)a[1] * b[3] + (wide)a[2] * b[2] + (wide)a[3] * b[1])
PRODUCT_COLUMN(5, (wide)a[2] * b[3] + (wide)a[3] * b[2])
PRODUCT_COLUMN(6, (wide)a[3] * b[3])
PRODUCT_COLUMN(7, ((void)a, (void)b, (wide)0))
SQUARE_COLUMN(0, (wide)a[0] * a[0])
SQUARE_COLUMN(1, (wide)(2 * a[0]) * a[1])
SQUARE_COLUMN(2, (wide)(2 * a[0]) * a[2] + (wide)a[1] * a[1])
SQUARE_COLUMN(3, (wide)(2 * a[0]) * a[3] + (wide)(2 * a[1]) * a[2])
SQUARE_COLUMN(4, (wide)(2 * a[1]) * a[3] + (wide)a[2] * a[2])
SQUARE_COLUMN(5, (wide)(2 * a[2]) * a[3])
SQUARE_COLUMN(6, (wide)a[3] * a[3])
SQUARE_COLUMN(7, ((void)a, (wide)0))
/* clang-format on */

/*
 * Karatsuba's method. With f = 2^224, f^2 = f + 1, and
 *   (a + a' f)(b + b' f) = aa + bb + f (ss - aa),   aa = a b, bb = a' b', ss = (a + a')(b + b'),
 * columns 4..6 of a half product carry a further f, those of the second term f^2:
 *   low[j] = aa[j] + bb[j] + ss[j+4] - aa[j+4],   high[j] = ss[j] - aa[j] + bb[j+4] + ss[j+4].
 * No column goes below zero, since ss - aa has none below zero; within one, the order of terms may.
 *
 * JOIN is the step for one j, which carries both columns to the next. COLUMN(k, half) is column k of the half products aa
 * (half is low), bb (high), or ss (sum). Written out like this a compiler holds just two columns at a time.
 *
 * Limbs below 8u = 2^59: sums below 2^60, columns of ss below 4 * 2^120, of aa and bb below 4 * 2^118, so a joined one
 * with its carry is below 2^123.
 */
#define JOIN(j, k, COLUMN)                                                                         \
    do {                                                                                           \
        wide once = COLUMN(j, low), twice = COLUMN(k, sum);                                        \
        wide other = twice - once + COLUMN(j, sum) + COLUMN(k, high);                              \
        wide column = once + twice + COLUMN(j, high) - COLUMN(k, low);                             \
        low += column;                                                                             \
        high += other;                                                                             \
        limb[j] = (uint64_t)low & MASK;                                                            \
        limb[j + HALF] = (uint64_t)high & MASK;                                                    \
        low = carry_of(low);                                                                       \
        high = carry_of(high);                                                                     \
    } while (0)

#define PRODUCT(k, half) product_##k(a.half, b.half)
#define SQUARE(k, half) square_##k(a.half)

/*
 * What leaves the top returns: 2^448 = 2^224 + 1. The carries of both columns are below 2^67, the sums here below 2^69, and
 * what those carry into limbs 1 and 5 below 2^13.
 */
static inline void carry_top(field *out, const uint64_t limb[LIMBS], wide low, wide high)
{
    wide first = high + limb[0], fifth = low + high + limb[HALF];
    out->limb[0] = (uint64_t)first & MASK;
    out->limb[1] = limb[1] + (uint64_t)carry_of(first);
    out->limb[2] = limb[2];
    out->limb[3] = limb[3];
    out->limb[4] = (uint64_t)fifth & MASK;
    out->limb[5] = limb[5] + (uint64_t)carry_of(fifth);
    out->limb[6] = limb[6];
    out->limb[7] = limb[7];
}

void kc_field448_multiply(
    struct kc_field448 *out, const struct kc_field448 *x, const struct kc_field448 *y)
{
    const struct halves a = split(x), b = split(y);
    uint64_t limb[LIMBS];
    wide low = 0, high = 0;
    JOIN(0, 4, PRODUCT);
    JOIN(1, 5, PRODUCT);
    JOIN(2, 6, PRODUCT);
    JOIN(3, 7, PRODUCT);
    carry_top(out, limb, low, high);
}

static inline void square(field *out, const field *x)
{
    const struct halves a = split(x);
    uint64_t limb[LIMBS];
    wide low = 0, high = 0;
    JOIN(0, 4, SQUARE);
    JOIN(1, 5, SQUARE);
    JOIN(2, 6, SQUARE);
    JOIN(3, 7, SQUARE);
    carry_top(out, limb, low, high);
}

void kc_field448_square(struct kc_field448 *out, const struct kc_field448 *a)
{
    square(out, a);
}

static void square_times(field *out, const field *a, int times)
{
    KC_AUTO_FIELD448 power = *a;
    for (int i = 0; i < times; i++)
        square(&power, &power);
    *out = power;
}

/* a^((p-3)/4); the exponent is 2^446 - 2^222 - 1 = (2^223 - 1) * 2^223 + 2^222 - 1. */
static void power_root(field *out, const field *a)
{
    KC_AUTO_FIELD448 x3, x6, x18, x37, x111, x222, x223, t; /* xn: a^(2^n - 1) */
    square_times(&t, a, 1);
    kc_field448_multiply(&t, &t, a);
    square_times(&t, &t, 1);
    kc_field448_multiply(&x3, &t, a);
    square_times(&t, &x3, 3);
    kc_field448_multiply(&x6, &t, &x3);
    square_times(&t, &x6, 6);
    kc_field448_multiply(&t, &t, &x6);
    square_times(&t, &t, 6);
    kc_field448_multiply(&x18, &t, &x6);
    square_times(&t, &x18, 18);
    kc_field448_multiply(&t, &t, &x18);
    square_times(&t, &t, 1);
    kc_field448_multiply(&x37, &t, a);
    square_times(&t, &x37, 37);
    kc_field448_multiply(&t, &t, &x37);
    square_times(&t, &t, 37);
    kc_field448_multiply(&x111, &t, &x37);
    square_times(&t, &x111, 111);
    kc_field448_multiply(&x222, &t, &x111);
    square_times(&t, &x222, 1);
    kc_field448_multiply(&x223, &t, a);
    square_times(&t, &x223, 223);
    kc_field448_multiply(out, &t, &x222);
}

/* p - 2 = 4 (p-3)/4 + 1 */
void kc_field448_invert(struct kc_field448 *out, const struct kc_field448 *a)
{
    KC_AUTO_FIELD448 t;
    power_root(&t, a);
    square_times(&t, &t, 2);
    kc_field448_multiply(out, &t, a);
}

#define FIELD struct kc_field448
#define FIELD_(name) kc_field448_##name
#include "threshold/field_invert.inc"

/* The candidate is n (n d)^((p-3)/4): its square times d is n times the quadratic character of n d.
 */
kc_mask kc_field448_root(
    struct kc_field448 *out, const struct kc_field448 *n, const struct kc_field448 *d)
{
    KC_AUTO_FIELD448 root, t;
    kc_field448_multiply(&t, n, d);
    power_root(&t, &t);
    kc_field448_multiply(&root, &t, n);
    kc_field448_square(&t, &root);
    kc_field448_multiply(&t, &t, d);
    kc_mask right = kc_field448_equal(n, &t);
    *out = root;
    return right;
}

kc_mask kc_field448_is_square(const struct kc_field448 *a)
{
    uint8_t bytes[KC_FIELD448_SIZE];
    uint64_t number[KC_LEGENDRE448_LIMBS] = {0}; /* both secret */
    kc_field448_encode(bytes, a);
    for (int i = 0; i < KC_FIELD448_SIZE; i++)
        number[i / 8] |= (uint64_t)bytes[i] << (8 * (i % 8));
    kc_mask square = kc_legendre448_is_square(number);
    kc_wipe(bytes, sizeof bytes);
    kc_wipe(number, sizeof number);
    return square;
}

/* 56 bits to a limb are seven bytes. Canonical just when writing it again gives the same bytes. */
kc_mask kc_field448_decode(struct kc_field448 *out, const uint8_t bytes[static KC_FIELD448_SIZE])
{
    for (int i = 0; i < LIMBS; i++) {
        out->limb[i] = 0;
        for (int j = 6; j >= 0; j--)
            out->limb[i] = out->limb[i] << 8 | bytes[7 * i + j];
    }
    uint8_t again[KC_FIELD448_SIZE];
    kc_field448_encode(again, out);
    return kc_ct_bytes_equal(again, bytes, sizeof again);
}

/* One pass of carries over 64-bit limbs below 2^60; the one out of the top returns at limbs 0
 * and 4. */
static void carry_limbs(uint64_t limb[LIMBS])
{
    for (int i = 0; i < LIMBS - 1; i++) {
        limb[i + 1] += limb[i] >> RADIX;
        limb[i] &= MASK;
    }
    uint64_t top = limb[LIMBS - 1] >> RADIX;
    limb[LIMBS - 1] &= MASK;
    limb[0] += top;
    limb[HALF] += top;
}

/*
 * After two passes the value is below 2^448 + 2^225, so below 2p. It is at least p just when adding
 * 2^224 + 1 carries out of bit 448; subtracting p is then adding that and dropping the bit.
 */
void kc_field448_encode(uint8_t bytes[static KC_FIELD448_SIZE], const struct kc_field448 *a)
{
    uint64_t t[LIMBS];
    memcpy(t, a->limb, sizeof t);
    carry_limbs(t);
    carry_limbs(t);
    uint64_t over = 1;
    for (int i = 0; i < LIMBS; i++)
        over = (t[i] + over + (i == HALF)) >> RADIX;
    t[0] += over;
    t[HALF] += over;
    for (int i = 0; i < LIMBS - 1; i++) {
        t[i + 1] += t[i] >> RADIX;
        t[i] &= MASK;
    }
    for (int i = 0; i < KC_FIELD448_SIZE; i++)
        bytes[i] = (uint8_t)(t[i / 7] >> (8 * (i % 7)));
}

kc_mask kc_field448_is_zero(const struct kc_field448 *a)
{
    static const uint8_t zero[KC_FIELD448_SIZE];
    uint8_t bytes[KC_FIELD448_SIZE];
    kc_field448_encode(bytes, a);
    return kc_ct_bytes_equal(bytes, zero, sizeof bytes);
}

kc_mask kc_field448_is_odd(const struct kc_field448 *a)
{
    uint8_t bytes[KC_FIELD448_SIZE];
    kc_field448_encode(bytes, a);
    return kc_ct_mask_bit(bytes[0]);
}

kc_mask kc_field448_equal(const struct kc_field448 *a, const struct kc_field448 *b)
{
    KC_AUTO_FIELD448 difference;
    kc_field448_subtract(&difference, a, b);
    return kc_field448_is_zero(&difference);
}
