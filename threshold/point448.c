/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/point448.h"

#include "threshold/declassify.h"

typedef struct kc_field448 field;

/* A of v^2 = u^3 + A u^2 + u */
static const struct kc_field448 montgomery_a = {{156326}};

/* A root of 156324. Either would do: the two maps differ by a negation. */
static const struct kc_field448 map_c = {{0x7a21e17551b193, 0x0812abbe635ad3, 0x160522425b3f99,
    0xd2e7d68af8cb32, 0x8e556936ba50fd, 0x2abebc1cb08eb4, 0x2f8812e51ba0bb, 0xba4d3a0829b611}};

/* Makes the root the one whose parity is `odd`. The root of zero has no other: asked for it, the
 * answer is false. */
static kc_mask choose_root(field *root, kc_mask odd)
{
    KC_AUTO_FIELD448 other;
    kc_mask wrong = kc_field448_is_odd(root) ^ odd;
    kc_field448_negate(&other, root);
    kc_field448_select(root, wrong, &other);
    return ~(odd & kc_field448_is_zero(root));
}

enum kc_error kc_point448_read_edwards(struct kc_edwards448 *out, const uint8_t bytes[static 57])
{
    KC_AUTO_FIELD448 x, y, numerator, denominator;
    kc_mask canonical = kc_field448_decode(&y, bytes) & kc_ct_is_zero(bytes[56] & 0x7f);
    kc_mask odd = kc_ct_mask_bit(bytes[56] >> 7);
    kc_field448_square(&numerator, &y);
    kc_field448_multiply(&denominator, &numerator, &kc_edwards448_d);
    kc_field448_subtract(&denominator, &denominator, &kc_field448_one);
    kc_field448_subtract(&numerator, &numerator, &kc_field448_one);
    kc_mask on_curve = kc_field448_root(&x, &numerator, &denominator);
    canonical &= choose_root(&x, odd);
    if (!kc_declassify_answer(canonical)) /* refused: said to the sender */
        return KC_ERR_POINT_ENCODING;
    if (!kc_declassify_answer(on_curve)) /* the same */
        return KC_ERR_POINT_NOT_ON_CURVE;

    kc_field448_multiply(&out->x, &x, &kc_field448_one);
    out->y = y;
    out->z = kc_field448_one;
    kc_field448_multiply(&out->t, &x, &y);
    return KC_OK;
}

void kc_point448_write_edwards(
    uint8_t bytes[static 57], const struct kc_edwards448 *p, const field *inverse)
{
    KC_AUTO_FIELD448 x, y;
    kc_field448_multiply(&x, &p->x, inverse);
    kc_field448_multiply(&y, &p->y, inverse);
    kc_field448_encode(bytes, &y);
    bytes[56] = (uint8_t)(kc_field448_is_odd(&x) & 0x80);
}

/*
 * With v, x = c u/v and y = (u + 1)/(u - 1) over the common denominator v (u - 1), which is not
 * zero: v is zero for u = 0 alone, and u = 1 is on the twist.
 */
static void map_to_edwards(struct kc_edwards448 *out, const field *u, const field *v)
{
    KC_AUTO_FIELD448 plus, minus, cu;
    kc_field448_add(&plus, u, &kc_field448_one);
    kc_field448_subtract(&minus, u, &kc_field448_one);
    kc_field448_multiply(&cu, u, &map_c);
    kc_field448_multiply(&out->x, &cu, &minus);
    kc_field448_multiply(&out->y, &plus, v);
    kc_field448_multiply(&out->z, &minus, v);
    kc_field448_multiply(&out->t, &cu, &plus);
}

enum kc_error kc_point448_read_montgomery(
    struct kc_edwards448 *out, const uint8_t u_bytes[static 56], uint8_t sign)
{
    KC_AUTO_FIELD448 u, v, square;
    kc_mask canonical = kc_field448_decode(&u, u_bytes) & kc_ct_is_zero(sign & 0x7f);
    kc_field448_add(&square, &u, &montgomery_a);
    kc_field448_multiply(&square, &square, &u);
    kc_field448_add(&square, &square, &kc_field448_one);
    kc_field448_multiply(&square, &square, &u);
    kc_mask on_curve = kc_field448_root(&v, &square, &kc_field448_one);
    canonical &= choose_root(&v, kc_ct_mask_bit(sign >> 7));
    if (!kc_declassify_answer(canonical)) /* refused: said to the sender */
        return KC_ERR_POINT_ENCODING;
    if (!kc_declassify_answer(on_curve)) /* the same */
        return KC_ERR_POINT_NOT_ON_CURVE;
    if (kc_declassify_answer(kc_field448_is_zero(&u))) /* the same */
        return KC_ERR_POINT_SMALL_ORDER;

    map_to_edwards(out, &u, &v);
    return KC_OK;
}

void kc_point448_denominator(field *out, const struct kc_edwards448 *p, bool montgomery)
{
    if (!montgomery) {
        *out = p->z;
        return;
    }
    kc_field448_subtract(out, &p->y, &p->z);
    kc_field448_multiply(out, out, &p->x);
}

/* The one inverse, of (Y - Z) X, serves u = (Y + Z)/(Y - Z) and v = c u Z/X. */
void kc_point448_write_montgomery(
    uint8_t u_bytes[static 56], uint8_t *sign, const struct kc_edwards448 *p, const field *inverse)
{
    KC_AUTO_FIELD448 sum, u, v;
    kc_field448_add(&sum, &p->z, &p->y);
    kc_field448_multiply(&sum, &sum, inverse);
    kc_field448_multiply(&u, &sum, &p->x);
    kc_field448_multiply(&v, &sum, &p->z);
    kc_field448_multiply(&v, &v, &map_c);
    kc_field448_encode(u_bytes, &u);
    *sign = (uint8_t)(kc_field448_is_odd(&v) & 0x80);
}
