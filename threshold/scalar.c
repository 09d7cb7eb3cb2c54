/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/scalar.h"

#include "base/secret.h"
#include "threshold/declassify.h"

#include <stdlib.h>
#include <string.h>

#define LIMBS KC_SCALAR_LIMBS

typedef unsigned __int128 wide;

/*
 * What Montgomery multiplication needs for a group: R = 2^(64 * limbs), all values below L.
 * tests/threshold recomputes them.
 */
struct order {
    size_t limbs;
    uint64_t l[LIMBS];
    uint64_t r[LIMBS];         /* R mod L */
    uint64_t r_squared[LIMBS]; /* R^2 mod L */
    uint64_t l_inverse;        /* -1/L mod 2^64 */
    uint64_t ones[LIMBS];      /* 2^bits - 1 mod L, bits as in kc_scalar_signed_bits */
};

static const struct order order_25519 = {
    .limbs = 4,
    .l = {0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 0x1000000000000000},
    .r = {0xd6ec31748d98951d, 0xc6ef5bf4737dcf70, 0xfffffffffffffffe, 0x0fffffffffffffff},
    .r_squared = {0xa40611e3449c0f01, 0xd00e1ba768859347, 0xceec73d217f5be65, 0x0399411b7c309a3d},
    .l_inverse = 0xd2b51da312547e1b,
    .ones = {0x977f4a4775473484, 0x6de72ae98b3ab623, 0xffffffffffffffff, 0x0fffffffffffffff},
};

static const struct order order_448 = {
    .limbs = 7,
    .l = {0x2378c292ab5844f3, 0x216cc2728dc58f55, 0xc44edb49aed63690, 0xffffffff7cca23e9,
        0xffffffffffffffff, 0xffffffffffffffff, 0x3fffffffffffffff},
    .r = {0x721cf5b5529eec34, 0x7a4cf635c8e9c2ab, 0xeec492d944a725bf, 0x000000020cd77058},
    .r_squared = {0xe3539257049b9b60, 0x7af32c4bc1b195d9, 0x0d66de2388ea1859, 0xae17cf725ee4d838,
        0x1a9cc14ba3c47c44, 0x2052bcb7e4d070af, 0x3402a939f823b729},
    .l_inverse = 0x03bd440fae918bc5,
    .ones = {0xc873d6d54a7bb0cf, 0xe933d8d723a70aad, 0xbb124b65129c96fd, 0x00000008335dc163,
        0x0000000000000000, 0x0000000000000000, 0x0000000000000000},
};

/* No signed bits: its multiplication is p256.c's. */
static const struct order order_p256 = {
    .limbs = 4,
    .l = {0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff, 0xffffffff00000000},
    .r = {0x0c46353d039cdaaf, 0x4319055258e8617b, 0x0000000000000000, 0x00000000ffffffff},
    .r_squared = {0x83244c95be79eea2, 0x4699799c49bd6fa6, 0x2845b2392b6bec59, 0x66e12d94f3d95620},
    .l_inverse = 0xccd1c8aaee00bc4f,
};

static const struct order *order_of(enum kc_curve curve)
{
    switch (curve) {
    case KC_CURVE_ED25519:
    case KC_CURVE_X25519:
        return &order_25519;
    case KC_CURVE_ED448:
    case KC_CURVE_X448:
        return &order_448;
    case KC_CURVE_P256:
        return &order_p256;
    }
    abort();
}

/* The order of two scalars that must be of one curve: anything else is a mistake of the program's.
 */
static const struct order *order_of_both(const struct kc_scalar *a, const struct kc_scalar *b)
{
    if (a->curve != b->curve)
        abort();
    return order_of(a->curve);
}

/* out = a - b; returns the borrow. */
static uint64_t subtract_limbs(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t limbs)
{
    uint64_t borrow = 0;
    for (size_t i = 0; i < limbs; i++) {
        wide difference = (wide)a[i] - b[i] - borrow;
        out[i] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> 64) & 1;
    }
    return borrow;
}

/* out = a + b; returns the carry. */
static uint64_t add_limbs(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t limbs)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < limbs; i++) {
        wide sum = (wide)a[i] + b[i] + carry;
        out[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
    return carry;
}

/* Brings a value below 2 L (with its carry: top) below L. */
static void subtract_order_once(uint64_t *a, uint64_t top, const struct order *order)
{
    uint64_t less[LIMBS];
    uint64_t borrow = subtract_limbs(less, a, order->l, order->limbs);
    kc_mask keep = kc_ct_mask_bit(borrow & (top ^ 1));
    for (size_t i = 0; i < order->limbs; i++)
        a[i] = kc_ct_select(keep, a[i], less[i]);
    kc_wipe(less, sizeof less);
}

/* t += a * b, over limbs + 1 limbs of t and one bit; returns that. */
static uint64_t add_product(uint64_t *t, const uint64_t *a, uint64_t b, size_t limbs)
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
 * out = a b / R mod L, for a below R and b below L. Each step adds a multiple of L that clears the
 * lowest limb and drops it; the sum stays below 2 L R before the last drop, so one subtraction is
 * enough.
 */
static void multiply_montgomery(
    uint64_t *out, const uint64_t *a, const uint64_t *b, const struct order *order)
{
    uint64_t t[2 * LIMBS + 1] = {0};
    for (size_t i = 0; i < order->limbs; i++) {
        uint64_t *at = t + i;
        at[order->limbs + 1] += add_product(at, b, a[i], order->limbs);
        uint64_t clear = at[0] * order->l_inverse;
        at[order->limbs + 1] += add_product(at, order->l, clear, order->limbs);
    }
    uint64_t top = t[2 * order->limbs];
    memmove(out, t + order->limbs, order->limbs * sizeof *out);
    subtract_order_once(out, top, order);
    kc_wipe(t, sizeof t);
}

static void load_limbs(uint64_t limb[LIMBS], const uint8_t *bytes, size_t size)
{
    memset(limb, 0, LIMBS * sizeof *limb);
    for (size_t i = 0; i < size; i++)
        limb[i / 8] |= (uint64_t)bytes[i] << (8 * (i % 8));
}

enum kc_error kc_scalar_decode(
    struct kc_scalar *out, enum kc_curve curve, const uint8_t *bytes, size_t size)
{
    const struct order *order = order_of(curve);
    if (size != 8 * order->limbs)
        return KC_ERR_SCALAR_RANGE;

    KC_AUTO_SCALAR read = {.curve = curve};
    KC_AUTO_SCALAR less = {.curve = curve};
    load_limbs(read.limb, bytes, size);
    kc_mask below = kc_ct_mask_bit(subtract_limbs(less.limb, read.limb, order->l, order->limbs));
    if (!kc_declassify_answer(below)) /* refused: said to the sender */
        return KC_ERR_SCALAR_RANGE;
    *out = read;
    return KC_OK;
}

enum kc_error kc_scalar_import(
    struct kc_scalar *out, enum kc_curve curve, const uint8_t *bytes, size_t size)
{
    if (size != 8 * order_of(curve)->limbs)
        return KC_ERR_SCALAR_RANGE;
    kc_scalar_reduce(out, curve, bytes, size);
    return KC_OK;
}

/* Horner's rule over pieces of R, from the top: multiplying by R mod L reduces a piece, by R^2 mod
 * L shifts by one. */
void kc_scalar_reduce(struct kc_scalar *out, enum kc_curve curve, const uint8_t *bytes, size_t size)
{
    const struct order *order = order_of(curve);
    size_t piece_size = 8 * order->limbs;
    KC_AUTO_SCALAR sum = {.curve = curve};
    KC_AUTO_SCALAR piece = {.curve = curve};
    for (size_t left = size; left > 0;) {
        size_t take = left % piece_size != 0 ? left % piece_size : piece_size;
        left -= take;
        load_limbs(piece.limb, bytes + left, take);
        multiply_montgomery(piece.limb, piece.limb, order->r, order);
        multiply_montgomery(sum.limb, sum.limb, order->r_squared, order);
        kc_scalar_add(&sum, &sum, &piece);
    }
    *out = sum;
}

enum kc_error kc_scalar_random(
    struct kc_scalar *out, enum kc_curve curve, const uint8_t uniform[static KC_UNIFORM_SIZE])
{
    KC_AUTO_SCALAR random;
    kc_scalar_reduce(&random, curve, uniform, KC_UNIFORM_SIZE);
    if (kc_declassify_answer(kc_scalar_is_zero(&random))) /* refused, and not used */
        return KC_ERR_RANDOM;
    *out = random;
    return KC_OK;
}

void kc_scalar_set(struct kc_scalar *out, enum kc_curve curve, uint32_t value)
{
    *out = (struct kc_scalar){.curve = curve, .limb = {value}};
}

void kc_scalar_encode(const struct kc_scalar *scalar, uint8_t out[static KC_SCALAR_SIZE_MAX])
{
    size_t size = 8 * order_of(scalar->curve)->limbs;
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(scalar->limb[i / 8] >> (8 * (i % 8)));
}

void kc_scalar_add(struct kc_scalar *out, const struct kc_scalar *a, const struct kc_scalar *b)
{
    const struct order *order = order_of_both(a, b);
    KC_AUTO_SCALAR sum = {.curve = a->curve};
    uint64_t top = add_limbs(sum.limb, a->limb, b->limb, order->limbs);
    subtract_order_once(sum.limb, top, order);
    *out = sum;
}

void kc_scalar_subtract(struct kc_scalar *out, const struct kc_scalar *a, const struct kc_scalar *b)
{
    const struct order *order = order_of_both(a, b);
    KC_AUTO_SCALAR difference = {.curve = a->curve};
    uint64_t borrow = subtract_limbs(difference.limb, a->limb, b->limb, order->limbs);
    uint64_t back[LIMBS] = {0}; /* secret: says which was larger */
    for (size_t i = 0; i < order->limbs; i++)
        back[i] = order->l[i] & kc_ct_mask_bit(borrow);
    add_limbs(difference.limb, difference.limb, back, order->limbs);
    kc_wipe(back, sizeof back);
    *out = difference;
}

void kc_scalar_negate(struct kc_scalar *out, const struct kc_scalar *a)
{
    const struct kc_scalar zero = {.curve = a->curve};
    kc_scalar_subtract(out, &zero, a);
}

void kc_scalar_multiply(struct kc_scalar *out, const struct kc_scalar *a, const struct kc_scalar *b)
{
    const struct order *order = order_of_both(a, b);
    KC_AUTO_SCALAR product = {.curve = a->curve};
    multiply_montgomery(product.limb, a->limb, b->limb, order);
    multiply_montgomery(product.limb, product.limb, order->r_squared, order);
    *out = product;
}

/* The exponent L - 2 is public. All is times R until the end. */
void kc_scalar_invert(struct kc_scalar *out, const struct kc_scalar *a)
{
    static const uint64_t one[LIMBS] = {1};
    const struct order *order = order_of(a->curve);
    uint64_t exponent[LIMBS];
    memcpy(exponent, order->l, sizeof exponent);
    exponent[0] -= 2;
    KC_AUTO_SCALAR base = {.curve = a->curve};
    KC_AUTO_SCALAR power = {.curve = a->curve};
    multiply_montgomery(base.limb, a->limb, order->r_squared, order);
    memcpy(power.limb, order->r, sizeof power.limb);
    for (size_t bit = 64 * order->limbs; bit-- > 0;) {
        multiply_montgomery(power.limb, power.limb, power.limb, order);
        if (exponent[bit / 64] >> (bit % 64) & 1)
            multiply_montgomery(power.limb, power.limb, base.limb, order);
    }
    multiply_montgomery(power.limb, power.limb, one, order);
    *out = power;
}

kc_mask kc_scalar_is_zero(const struct kc_scalar *scalar)
{
    uint64_t any = 0;
    for (int i = 0; i < LIMBS; i++)
        any |= scalar->limb[i];
    return kc_ct_is_zero(any);
}

kc_mask kc_scalar_equal(const struct kc_scalar *a, const struct kc_scalar *b)
{
    if (a->curve != b->curve)
        abort();
    return kc_ct_bytes_equal(a->limb, b->limb, sizeof a->limb);
}

/* b = (s + 2^bits - 1) / 2 mod L solves s = 2 b - (2^bits - 1); the half of an odd number is that
 * of the number plus L. */
void kc_scalar_signed_bits(uint64_t bits[static 8], const struct kc_scalar *scalar)
{
    const struct order *order = order_of(scalar->curve);
    KC_AUTO_SCALAR ones = {.curve = scalar->curve};
    KC_AUTO_SCALAR sum;
    memcpy(ones.limb, order->ones, sizeof ones.limb);
    kc_scalar_add(&sum, scalar, &ones);
    kc_mask odd = kc_ct_mask_bit(sum.limb[0]);
    for (int i = 0; i < LIMBS; i++)
        ones.limb[i] = order->l[i] & odd;
    add_limbs(sum.limb, sum.limb, ones.limb, order->limbs);
    memset(bits, 0, 8 * sizeof *bits);
    for (int i = 0; i < LIMBS; i++)
        bits[i] = sum.limb[i] >> 1 | (i + 1 < LIMBS ? sum.limb[i + 1] << 63 : 0);
}

void kc_scalar_wipe(struct kc_scalar *scalar)
{
    kc_wipe(scalar, sizeof *scalar);
}
