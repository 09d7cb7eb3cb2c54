/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/field25519.h"

#include <stdlib.h>
#include <string.h>

#define LIMBS KC_FIELD25519_LIMBS
#define RADIX 51
#define MASK ((UINT64_C(1) << RADIX) - 1)

typedef unsigned __int128 wide;
typedef struct kc_field25519 field;

const struct kc_field25519 kc_field25519_zero = {{0}};
const struct kc_field25519 kc_field25519_one = {{1}};

/* 2^((p-1)/4), a square root of -1 */
static const struct kc_field25519 root_of_minus_one = {
    {0x61b274a0ea0b0, 0x0d5a5fc8f189d, 0x7ef5e9cbd0c60, 0x78595a6804c9e, 0x2b8324804fc1d}};

/* The part of a column that stays, and the part that goes to the next. */
static inline uint64_t low_of(wide column)
{
    return (uint64_t)column & MASK;
}

/* column >> RADIX, which is below 2^64. Written with a sum because compilers make one double shift of
 * the other forms, an instruction that takes as long as six others. */
static inline uint64_t high_of(wide column)
{
    /* cppcheck-suppress shiftTooManyBits ; it takes the type for one of 32 bits */
    uint64_t low = (uint64_t)column, high = (uint64_t)(column >> 64);
    return (high << (64 - RADIX)) + (low >> RADIX);
}

/*
 * Carries the columns of a product to a reduced element, all at once and then all once
 * more: a chain from column to column would take longer than the product. What leaves
 * the top returns times 19.
 *
 * With limbs below 8u a column is below 77 * 2^108 < 2^115, so its high part is below 2^64 less
 * 2^51; the top one has no factor 19, so 19 times its high part is below 2^64 less 2^51 too. The
 * second carries are below 2^13.
 */
static inline void carry_columns(field *out, wide c0, wide c1, wide c2, wide c3, wide c4)
{
    uint64_t r0 = low_of(c0) + 19 * high_of(c4), r1 = low_of(c1) + high_of(c0),
             r2 = low_of(c2) + high_of(c1), r3 = low_of(c3) + high_of(c2),
             r4 = low_of(c4) + high_of(c3);
    out->limb[0] = (r0 & MASK) + 19 * (r4 >> RADIX);
    out->limb[1] = (r1 & MASK) + (r0 >> RADIX);
    out->limb[2] = (r2 & MASK) + (r1 >> RADIX);
    out->limb[3] = (r3 & MASK) + (r2 >> RADIX);
    out->limb[4] = (r4 & MASK) + (r3 >> RADIX);
}

void kc_field25519_multiply(
    struct kc_field25519 *out, const struct kc_field25519 *x, const struct kc_field25519 *y)
{
    const uint64_t a0 = x->limb[0], a1 = x->limb[1], a2 = x->limb[2], a3 = x->limb[3],
                   a4 = x->limb[4];
    const uint64_t b0 = y->limb[0], b1 = y->limb[1], b2 = y->limb[2], b3 = y->limb[3],
                   b4 = y->limb[4];
    const uint64_t b1_19 = 19 * b1, b2_19 = 19 * b2, b3_19 = 19 * b3, b4_19 = 19 * b4;
    wide c0 =
        (wide)a0 * b0 + (wide)a1 * b4_19 + (wide)a2 * b3_19 + (wide)a3 * b2_19 + (wide)a4 * b1_19;
    wide c1 =
        (wide)a0 * b1 + (wide)a1 * b0 + (wide)a2 * b4_19 + (wide)a3 * b3_19 + (wide)a4 * b2_19;
    wide c2 = (wide)a0 * b2 + (wide)a1 * b1 + (wide)a2 * b0 + (wide)a3 * b4_19 + (wide)a4 * b3_19;
    wide c3 = (wide)a0 * b3 + (wide)a1 * b2 + (wide)a2 * b1 + (wide)a3 * b0 + (wide)a4 * b4_19;
    wide c4 = (wide)a0 * b4 + (wide)a1 * b3 + (wide)a2 * b2 + (wide)a3 * b1 + (wide)a4 * b0;
    carry_columns(out, c0, c1, c2, c3, c4);
}

static inline void square(field *out, const field *x)
{
    const uint64_t a0 = x->limb[0], a1 = x->limb[1], a2 = x->limb[2], a3 = x->limb[3],
                   a4 = x->limb[4];
    const uint64_t a0_2 = 2 * a0, a1_2 = 2 * a1, a2_2 = 2 * a2, a3_2 = 2 * a3, a3_19 = 19 * a3,
                   a4_19 = 19 * a4;
    wide c0 = (wide)a0 * a0 + (wide)a1_2 * a4_19 + (wide)a2_2 * a3_19;
    wide c1 = (wide)a0_2 * a1 + (wide)a2_2 * a4_19 + (wide)a3 * a3_19;
    wide c2 = (wide)a0_2 * a2 + (wide)a1 * a1 + (wide)a3_2 * a4_19;
    wide c3 = (wide)a0_2 * a3 + (wide)a1_2 * a2 + (wide)a4 * a4_19;
    wide c4 = (wide)a0_2 * a4 + (wide)a1_2 * a3 + (wide)a2 * a2;
    carry_columns(out, c0, c1, c2, c3, c4);
}

void kc_field25519_square(struct kc_field25519 *out, const struct kc_field25519 *a)
{
    square(out, a);
}

static void square_times(field *out, const field *a, int times)
{
    KC_AUTO_FIELD25519 power = *a;
    for (int i = 0; i < times; i++)
        square(&power, &power);
    *out = power;
}

/* a^(2^250 - 1), and a^11 beside it: what both exponents below begin with. */
static void power_250(field *out, field *power_11, const field *a)
{
    KC_AUTO_FIELD25519 x2, x9, x5, x10, x20, x40, x50, x100,
        t; /* xn: a^(2^n - 1), except x2 = a^2 and x9 = a^9 */
    square_times(&x2, a, 1);
    square_times(&t, &x2, 2);
    kc_field25519_multiply(&x9, &t, a);
    kc_field25519_multiply(power_11, &x9, &x2);
    square_times(&t, power_11, 1);
    kc_field25519_multiply(&x5, &t, &x9);
    square_times(&t, &x5, 5);
    kc_field25519_multiply(&x10, &t, &x5);
    square_times(&t, &x10, 10);
    kc_field25519_multiply(&x20, &t, &x10);
    square_times(&t, &x20, 20);
    kc_field25519_multiply(&x40, &t, &x20);
    square_times(&t, &x40, 10);
    kc_field25519_multiply(&x50, &t, &x10);
    square_times(&t, &x50, 50);
    kc_field25519_multiply(&x100, &t, &x50);
    square_times(&t, &x100, 100);
    kc_field25519_multiply(&t, &t, &x100);
    square_times(&t, &t, 50);
    kc_field25519_multiply(out, &t, &x50);
}

/* p - 2 = 2^255 - 21 = (2^250 - 1) * 2^5 + 11 */
void kc_field25519_invert(struct kc_field25519 *out, const struct kc_field25519 *a)
{
    KC_AUTO_FIELD25519 t, power_11;
    power_250(&t, &power_11, a);
    square_times(&t, &t, 5);
    kc_field25519_multiply(out, &t, &power_11);
}

#define FIELD struct kc_field25519
#define FIELD_(name) kc_field25519_##name
#include "threshold/field_invert.inc"

/*
 * The candidate is n d^3 (n d^7)^((p-5)/8) (RFC 8032 5.1.3), and (p-5)/8 = (2^250 - 1) * 2^2 + 1.
 * Its square times d is n, or -n if a factor sqrt(-1) is missing, or neither.
 */
kc_mask kc_field25519_root(
    struct kc_field25519 *out, const struct kc_field25519 *n, const struct kc_field25519 *d)
{
    KC_AUTO_FIELD25519 d3, nd7, root, t, unused;
    kc_field25519_square(&t, d);
    kc_field25519_multiply(&d3, &t, d);
    kc_field25519_square(&t, &d3);
    kc_field25519_multiply(&t, &t, d);
    kc_field25519_multiply(&nd7, &t, n);
    power_250(&t, &unused, &nd7);
    square_times(&t, &t, 2);
    kc_field25519_multiply(&t, &t, &nd7);
    kc_field25519_multiply(&t, &t, &d3);
    kc_field25519_multiply(&root, &t, n);

    KC_AUTO_FIELD25519 check, other;
    kc_field25519_square(&t, &root);
    kc_field25519_multiply(&check, &t, d);
    kc_mask right = kc_field25519_equal(n, &check);
    kc_field25519_add(&t, &check, n);
    kc_mask turned = kc_field25519_is_zero(&t);
    kc_field25519_multiply(&other, &root, &root_of_minus_one);
    kc_field25519_select(&root, turned & ~right, &other);
    *out = root;
    return right | turned;
}

/* Euler's criterion: a^((p-1)/4) = 1, and (p-1)/4 = (2^250 - 1) * 2^3 + 3. */
kc_mask kc_field25519_is_fourth_power(const struct kc_field25519 *a)
{
    KC_AUTO_FIELD25519 t, cube, unused;
    kc_field25519_square(&t, a);
    kc_field25519_multiply(&cube, &t, a);
    power_250(&t, &unused, a);
    square_times(&t, &t, 3);
    kc_field25519_multiply(&t, &t, &cube);
    return kc_field25519_equal(&t, &kc_field25519_one);
}

static uint64_t load_64(const uint8_t *bytes)
{
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

/* The 255 low bits; the value is canonical just when writing it again gives the same bytes. */
kc_mask kc_field25519_decode(
    struct kc_field25519 *out, const uint8_t bytes[static KC_FIELD25519_SIZE])
{
    uint64_t w[4];
    for (size_t i = 0; i < 4; i++)
        w[i] = load_64(bytes + 8 * i);
    out->limb[0] = w[0] & MASK;
    out->limb[1] = (w[0] >> 51 | w[1] << 13) & MASK;
    out->limb[2] = (w[1] >> 38 | w[2] << 26) & MASK;
    out->limb[3] = (w[2] >> 25 | w[3] << 39) & MASK;
    out->limb[4] = (w[3] >> 12) & MASK;
    uint8_t again[KC_FIELD25519_SIZE];
    kc_field25519_encode(again, out);
    return kc_ct_bytes_equal(again, bytes, sizeof again);
}

/* One pass of carries over 64-bit limbs below 2^55; the top one returns times 19. */
static void carry_limbs(uint64_t limb[LIMBS])
{
    for (int i = 0; i < LIMBS - 1; i++) {
        limb[i + 1] += limb[i] >> RADIX;
        limb[i] &= MASK;
    }
    limb[0] += 19 * (limb[4] >> RADIX);
    limb[4] &= MASK;
}

/*
 * After two passes the value is below 2^255 + 2^51, so below 2p, all limbs but limb 0 below 2^51
 * and limb 0 below 2^51 + 19. The value is at least p just when adding 19 carries out of bit 255;
 * subtracting p is then adding 19 and dropping that bit.
 */
void kc_field25519_encode(uint8_t bytes[static KC_FIELD25519_SIZE], const struct kc_field25519 *a)
{
    uint64_t t[LIMBS];
    memcpy(t, a->limb, sizeof t);
    carry_limbs(t);
    carry_limbs(t);
    uint64_t over = (t[0] + 19) >> RADIX;
    for (int i = 1; i < LIMBS; i++)
        over = (t[i] + over) >> RADIX;
    t[0] += 19 * over;
    for (int i = 0; i < LIMBS - 1; i++) {
        t[i + 1] += t[i] >> RADIX;
        t[i] &= MASK;
    }
    t[4] &= MASK;

    uint64_t w[4] = {t[0] | t[1] << 51, t[1] >> 13 | t[2] << 38, t[2] >> 26 | t[3] << 25,
        t[3] >> 39 | t[4] << 12};
    for (int i = 0; i < KC_FIELD25519_SIZE; i++)
        bytes[i] = (uint8_t)(w[i / 8] >> (8 * (i % 8)));
}

kc_mask kc_field25519_is_zero(const struct kc_field25519 *a)
{
    static const uint8_t zero[KC_FIELD25519_SIZE];
    uint8_t bytes[KC_FIELD25519_SIZE];
    kc_field25519_encode(bytes, a);
    return kc_ct_bytes_equal(bytes, zero, sizeof bytes);
}

kc_mask kc_field25519_is_odd(const struct kc_field25519 *a)
{
    uint8_t bytes[KC_FIELD25519_SIZE];
    kc_field25519_encode(bytes, a);
    return kc_ct_mask_bit(bytes[0]);
}

kc_mask kc_field25519_equal(const struct kc_field25519 *a, const struct kc_field25519 *b)
{
    KC_AUTO_FIELD25519 difference;
    kc_field25519_subtract(&difference, a, b);
    return kc_field25519_is_zero(&difference);
}
