/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/legendre448.h"

#include "base/wipe.h"

#include <string.h>

#define LIMBS KC_LEGENDRE448_LIMBS

/* Halvings of a that take a to zero and b to one: 2 * 448 - 1 are enough. A round looks at the low 31
 * bits of both and does 29 of them, so that three bits are left at the last one. */
#define STEPS 29
#define ROUNDS 31
#define LOW_BITS 31

typedef unsigned __int128 wide;

/*
 * The state: (number/p) = (a/|b|), or the negative of it if bit 1 of `sign` is set. b is odd. Between
 * rounds neither is negative.
 */
struct state {
    uint64_t a[LIMBS], b[LIMBS];
    uint64_t sign;
};

/* What a round does to the numbers, times 2^29: a' = af a + ag b, b' = bf a + bg b. */
struct factors {
    int64_t af, ag, bf, bg;
};

static const uint64_t p[LIMBS] = {0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff,
    0xfffffffeffffffff, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff};

/* 33 bits from the top of the longer number on, and the low 31 bits. Numbers that have no more than 64 bits are whole. */
static void approximate(uint64_t *xa, uint64_t *xb, const struct state *s)
{
    uint64_t a_high = s->a[LIMBS - 1], a_low = s->a[LIMBS - 2];
    uint64_t b_high = s->b[LIMBS - 1], b_low = s->b[LIMBS - 2];
    kc_mask down = 0;
    for (int i = LIMBS - 2; i >= 0; i--) {
        down = kc_ct_is_zero(a_high | b_high);
        a_high = kc_ct_select(down, s->a[i], a_high);
        b_high = kc_ct_select(down, s->b[i], b_high);
        a_low = kc_ct_select(down, i > 0 ? s->a[i - 1] : 0, a_low);
        b_low = kc_ct_select(down, i > 0 ? s->b[i - 1] : 0, b_low);
    }
    const uint64_t low = (UINT64_C(1) << LOW_BITS) - 1;
    int shift = __builtin_clzll(a_high | b_high | 1) & (int)~down;
    a_high = a_high << shift | a_low >> 1 >> (63 - shift);
    b_high = b_high << shift | b_low >> 1 >> (63 - shift);
    *xa = (a_high & ~low) | (s->a[0] & low);
    *xb = (b_high & ~low) | (s->b[0] & low);
}

/*
 * 29 steps: if a is odd, the larger of a and b becomes a, and b is subtracted from it; then a is halved.
 *
 * The signs come from reciprocity, (a/b) = -(b/a) if both are 3 modulo 4, and (2/b) = -1 if b is 3 or 5 modulo 8. What
 * is larger is judged by approximations, so one of the numbers may get negative. Both never are, whatever is judged: a - b
 * of numbers with different signs has that of a; after a swap b has the other. So reciprocity holds as it is.
 *
 * The factors of a number are two halves of a word, each below 2^30 in size.
 */
static struct factors step(uint64_t xa, uint64_t xb, uint64_t *sign)
{
    const uint64_t bias = (UINT64_C(1) << 31) + (UINT64_C(1) << 63);
    uint64_t fa = 1, fb = UINT64_C(1) << 32, flips = 0;
    for (int i = 0; i < STEPS; i++) {
        kc_mask odd = kc_ct_mask_bit(xa);
        wide difference = (wide)xa - (xb & odd);
        kc_mask swap = kc_ct_barrier((uint64_t)(difference >> 64)); /* ones if it is negative */
        uint64_t x = (uint64_t)difference, f = fa - (fb & odd);
        flips ^= swap & xa & xb;
        xb += x & swap; /* that is a, and x its negative with the former b */
        fb += f & swap;
        xa = ((x ^ swap) - swap) >> 1;
        fa = (f ^ swap) - swap;
        fb += fb;
        flips ^= xb ^ xb >> 1;
    }
    *sign ^= flips;
    fa += bias;
    fb += bias;
    const int64_t middle = INT64_C(1) << 31;
    return (struct factors){(int64_t)(fa & 0xffffffff) - middle, (int64_t)(fa >> 32) - middle,
        (int64_t)(fb & 0xffffffff) - middle, (int64_t)(fb >> 32) - middle};
}

/* out = |f a + g b| / 2^29; whether it was negative. The factors' signs are taken to the limbs: -a is the complement
 * and one, and above the limbs ones. */
static kc_mask combine(uint64_t out[LIMBS], const struct state *s, int64_t f, int64_t g)
{
    kc_mask f_negative = kc_ct_mask_bit((uint64_t)f >> 63),
            g_negative = kc_ct_mask_bit((uint64_t)g >> 63);
    uint64_t f_size = ((uint64_t)f ^ f_negative) - f_negative,
             g_size = ((uint64_t)g ^ g_negative) - g_negative;
    uint64_t ones = (f_size & f_negative) + (g_size & g_negative), t[LIMBS + 1];
    wide sum = ones;
    for (int i = 0; i < LIMBS; i++) {
        sum += (wide)(s->a[i] ^ f_negative) * f_size + (wide)(s->b[i] ^ g_negative) * g_size;
        t[i] = (uint64_t)sum;
        sum >>= 64;
    }
    t[LIMBS] = (uint64_t)sum - ones;
    kc_mask negative = kc_ct_mask_bit(t[LIMBS] >> 63);
    uint64_t carry = negative & 1;
    for (int i = 0; i < LIMBS; i++) {
        wide limb = (wide)((t[i] >> STEPS | t[i + 1] << (64 - STEPS)) ^ negative) + carry;
        out[i] = (uint64_t)limb;
        carry = (uint64_t)(limb >> 64);
    }
    return negative;
}

kc_mask kc_legendre448_is_square(const uint64_t number[static LIMBS])
{
    struct state s = {.sign = 0}, next; /* secret */
    memcpy(s.a, number, sizeof s.a);
    memcpy(s.b, p, sizeof s.b);
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t xa, xb;
        next.sign = s.sign;
        approximate(&xa, &xb, &s);
        struct factors f = step(xa, xb, &next.sign);
        kc_mask negative = combine(next.a, &s, f.af, f.ag);
        (void)combine(next.b, &s, f.bf, f.bg);
        next.sign ^= negative & next.b[0]; /* (-1/b) = -1 if b is 3 modulo 4 */
        s = next;
    }
    uint64_t rest = s.b[0] ^ 1; /* the divisor that number and p have in common: p for zero */
    for (int i = 1; i < LIMBS; i++)
        rest |= s.b[i];
    kc_mask square = kc_ct_is_zero(rest) & ~kc_ct_mask_bit(s.sign >> 1);
    kc_wipe(&s, sizeof s);
    kc_wipe(&next, sizeof next);
    return square;
}
