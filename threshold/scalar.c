/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/scalar.h"

#include "base/wipe.h"
#include "threshold/declassify.h"
#include "threshold/modulus.h"

#include <stdlib.h>
#include <string.h>

#define LIMBS KC_SCALAR_LIMBS

/* What belongs to a group: its order L, and what signed bits need. tests/threshold recomputes them. */
struct order {
    struct kc_modulus modulus;
    uint64_t ones[LIMBS]; /* 2^bits - 1 mod L, bits as in kc_scalar_signed_bits */
};

static const struct order order_25519 = {
    .modulus =
        {
            .limbs = 4,
            .m = {0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 0x1000000000000000},
            .r = {0xd6ec31748d98951d, 0xc6ef5bf4737dcf70, 0xfffffffffffffffe, 0x0fffffffffffffff},
            .r_squared = {0xa40611e3449c0f01, 0xd00e1ba768859347, 0xceec73d217f5be65,
                0x0399411b7c309a3d},
            .inverse = 0xd2b51da312547e1b,
        },
    .ones = {0x977f4a4775473484, 0x6de72ae98b3ab623, 0xffffffffffffffff, 0x0fffffffffffffff},
};

static const struct order order_448 = {
    .modulus =
        {
            .limbs = 7,
            .m = {0x2378c292ab5844f3, 0x216cc2728dc58f55, 0xc44edb49aed63690, 0xffffffff7cca23e9,
                0xffffffffffffffff, 0xffffffffffffffff, 0x3fffffffffffffff},
            .r = {0x721cf5b5529eec34, 0x7a4cf635c8e9c2ab, 0xeec492d944a725bf, 0x000000020cd77058},
            .r_squared = {0xe3539257049b9b60, 0x7af32c4bc1b195d9, 0x0d66de2388ea1859,
                0xae17cf725ee4d838, 0x1a9cc14ba3c47c44, 0x2052bcb7e4d070af, 0x3402a939f823b729},
            .inverse = 0x03bd440fae918bc5,
        },
    .ones = {0xc873d6d54a7bb0cf, 0xe933d8d723a70aad, 0xbb124b65129c96fd, 0x00000008335dc163,
        0x0000000000000000, 0x0000000000000000, 0x0000000000000000},
};

/* No signed bits: its multiplication is p256.c's. */
static const struct order order_p256 = {
    .modulus =
        {
            .limbs = 4,
            .m = {0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff, 0xffffffff00000000},
            .r = {0x0c46353d039cdaaf, 0x4319055258e8617b, 0x0000000000000000, 0x00000000ffffffff},
            .r_squared = {0x83244c95be79eea2, 0x4699799c49bd6fa6, 0x2845b2392b6bec59,
                0x66e12d94f3d95620},
            .inverse = 0xccd1c8aaee00bc4f,
        },
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

/* The order of two scalars that must be of one curve: anything else is a mistake of the program's. */
static const struct kc_modulus *modulus_of_both(
    const struct kc_scalar *a, const struct kc_scalar *b)
{
    if (a->curve != b->curve)
        abort();
    return &order_of(a->curve)->modulus;
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
    if (size != 8 * order->modulus.limbs)
        return KC_ERR_SCALAR_RANGE;

    KC_AUTO_SCALAR read = {.curve = curve};
    KC_AUTO_SCALAR less = {.curve = curve};
    load_limbs(read.limb, bytes, size);
    kc_mask below =
        kc_modulus_subtract_limbs(&order->modulus, less.limb, read.limb, order->modulus.m);
    if (!kc_declassify_answer(below)) /* refused: said to the sender */
        return KC_ERR_SCALAR_RANGE;
    *out = read;
    return KC_OK;
}

enum kc_error kc_scalar_import(
    struct kc_scalar *out, enum kc_curve curve, const uint8_t *bytes, size_t size)
{
    if (size != 8 * order_of(curve)->modulus.limbs)
        return KC_ERR_SCALAR_RANGE;
    kc_scalar_reduce(out, curve, bytes, size);
    return KC_OK;
}

/* Horner's rule over pieces of R, from the top: multiplying by R mod L reduces a piece, by R^2 mod
 * L shifts by one. */
void kc_scalar_reduce(struct kc_scalar *out, enum kc_curve curve, const uint8_t *bytes, size_t size)
{
    const struct kc_modulus *modulus = &order_of(curve)->modulus;
    size_t piece_size = 8 * modulus->limbs;
    KC_AUTO_SCALAR sum = {.curve = curve};
    KC_AUTO_SCALAR piece = {.curve = curve};
    for (size_t left = size; left > 0;) {
        size_t take = left % piece_size != 0 ? left % piece_size : piece_size;
        left -= take;
        load_limbs(piece.limb, bytes + left, take);
        kc_modulus_multiply(modulus, piece.limb, piece.limb, modulus->r);
        kc_modulus_multiply(modulus, sum.limb, sum.limb, modulus->r_squared);
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
    size_t size = 8 * order_of(scalar->curve)->modulus.limbs;
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(scalar->limb[i / 8] >> (8 * (i % 8)));
}

void kc_scalar_add(struct kc_scalar *out, const struct kc_scalar *a, const struct kc_scalar *b)
{
    KC_AUTO_SCALAR sum = {.curve = a->curve};
    kc_modulus_add(modulus_of_both(a, b), sum.limb, a->limb, b->limb);
    *out = sum;
}

void kc_scalar_subtract(struct kc_scalar *out, const struct kc_scalar *a, const struct kc_scalar *b)
{
    KC_AUTO_SCALAR difference = {.curve = a->curve};
    kc_modulus_subtract(modulus_of_both(a, b), difference.limb, a->limb, b->limb);
    *out = difference;
}

void kc_scalar_negate(struct kc_scalar *out, const struct kc_scalar *a)
{
    const struct kc_scalar zero = {.curve = a->curve};
    kc_scalar_subtract(out, &zero, a);
}

void kc_scalar_multiply(struct kc_scalar *out, const struct kc_scalar *a, const struct kc_scalar *b)
{
    const struct kc_modulus *modulus = modulus_of_both(a, b);
    KC_AUTO_SCALAR product = {.curve = a->curve};
    kc_modulus_multiply(modulus, product.limb, a->limb, b->limb);
    kc_modulus_multiply(modulus, product.limb, product.limb, modulus->r_squared);
    *out = product;
}

/* a is not times R: then R^2/a is its inverse times R^2. */
void kc_scalar_invert(struct kc_scalar *out, const struct kc_scalar *a)
{
    static const uint64_t one[LIMBS] = {1};
    const struct kc_modulus *modulus = &order_of(a->curve)->modulus;
    KC_AUTO_SCALAR inverse = {.curve = a->curve};
    kc_modulus_invert(modulus, inverse.limb, a->limb);
    kc_modulus_multiply(modulus, inverse.limb, inverse.limb, one);
    kc_modulus_multiply(modulus, inverse.limb, inverse.limb, one);
    *out = inverse;
}

/* prefix[i] is the product of those before i; from the end, one inverse after the other is split
 * off. A zero takes part as a one. */
void kc_scalar_invert_many(struct kc_scalar scalars[], size_t count)
{
    if (count == 0)
        return;
    if (count > KC_SCALARS_INVERT_MAX)
        abort();
    struct kc_scalar prefix[KC_SCALARS_INVERT_MAX]; /* secret */
    kc_mask zero[KC_SCALARS_INVERT_MAX];            /* the same */
    KC_AUTO_SCALAR inverse;
    KC_AUTO_SCALAR own;
    kc_scalar_set(&inverse, scalars[0].curve, 1);
    for (size_t i = 0; i < count; i++) {
        prefix[i] = inverse;
        zero[i] = kc_scalar_is_zero(&scalars[i]);
        scalars[i].limb[0] |= zero[i] & 1;
        kc_scalar_multiply(&inverse, &inverse, &scalars[i]);
    }
    kc_scalar_invert(&inverse, &inverse);
    for (size_t i = count; i-- > 0;) {
        kc_scalar_multiply(&own, &inverse, &prefix[i]);
        kc_scalar_multiply(&inverse, &inverse, &scalars[i]);
        for (size_t k = 0; k < LIMBS; k++)
            own.limb[k] = kc_ct_select(zero[i], 0, own.limb[k]);
        scalars[i] = own;
    }
    kc_wipe(prefix, sizeof prefix);
    kc_wipe(zero, sizeof zero);
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
 * of the number plus L, which has room in the limbs. */
void kc_scalar_signed_bits(uint64_t bits[static 8], const struct kc_scalar *scalar)
{
    const struct order *order = order_of(scalar->curve);
    KC_AUTO_SCALAR ones = {.curve = scalar->curve};
    KC_AUTO_SCALAR sum;
    memcpy(ones.limb, order->ones, sizeof ones.limb);
    kc_scalar_add(&sum, scalar, &ones);
    kc_mask odd = kc_ct_mask_bit(sum.limb[0]);
    uint64_t carry = 0;
    for (size_t i = 0; i < order->modulus.limbs; i++) {
        unsigned __int128 limb =
            (unsigned __int128)sum.limb[i] + (order->modulus.m[i] & odd) + carry;
        sum.limb[i] = (uint64_t)limb;
        carry = (uint64_t)(limb >> 64);
    }
    memset(bits, 0, 8 * sizeof *bits);
    for (int i = 0; i < LIMBS; i++)
        bits[i] = sum.limb[i] >> 1 | (i + 1 < LIMBS ? sum.limb[i + 1] << 63 : 0);
}

void kc_scalar_wipe(struct kc_scalar *scalar)
{
    kc_wipe(scalar, sizeof *scalar);
}
