/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/point25519.h"

#include "threshold/declassify.h"

#include <string.h>

typedef struct kc_field25519 field;

/* d = -121665/121666 */
static const struct kc_field25519 edwards_d = {
    {0x34dca135978a3, 0x1a8283b156ebd, 0x5e7a26001c029, 0x739c663a03cbb, 0x52036cee2b6ff}};

/* A of v^2 = u^3 + A u^2 + u */
static const struct kc_field25519 montgomery_a = {{486662}};

/* The root of -486664 that maps the base point of one curve to that of the other */
static const struct kc_field25519 map_c = {
    {0x1fb5500ba81e7, 0x5d6905cafa672, 0x00ec204e978b0, 0x4a216c27b91fe, 0x70d9120b9f5ff}};

/* Makes the root the one whose parity is `odd`. The root of zero has no other: asked for it, the
 * answer is false. */
static kc_mask choose_root(field *root, kc_mask odd)
{
    KC_AUTO_FIELD25519 other;
    kc_mask wrong = kc_field25519_is_odd(root) ^ odd;
    kc_field25519_negate(&other, root);
    kc_field25519_select(root, wrong, &other);
    return ~(odd & kc_field25519_is_zero(root));
}

enum kc_error kc_point25519_read_edwards(
    struct kc_edwards25519 *out, const uint8_t bytes[static 32])
{
    uint8_t y_bytes[32];
    memcpy(y_bytes, bytes, sizeof y_bytes);
    y_bytes[31] &= 0x7f;
    kc_mask odd = kc_ct_mask_bit(bytes[31] >> 7);

    KC_AUTO_FIELD25519 x, y, numerator, denominator;
    kc_mask canonical = kc_field25519_decode(&y, y_bytes);
    kc_field25519_square(&numerator, &y);
    kc_field25519_multiply(&denominator, &numerator, &edwards_d);
    kc_field25519_add(&denominator, &denominator, &kc_field25519_one);
    kc_field25519_subtract(&numerator, &numerator, &kc_field25519_one);
    kc_mask on_curve = kc_field25519_root(&x, &numerator, &denominator);
    canonical &= choose_root(&x, odd);
    if (!kc_declassify_answer(canonical)) /* refused: said to the sender */
        return KC_ERR_POINT_ENCODING;
    if (!kc_declassify_answer(on_curve)) /* the same */
        return KC_ERR_POINT_NOT_ON_CURVE;

    kc_field25519_multiply(&out->x, &x, &kc_field25519_one);
    out->y = y;
    out->z = kc_field25519_one;
    kc_field25519_multiply(&out->t, &x, &y);
    return KC_OK;
}

void kc_point25519_write_edwards(
    uint8_t bytes[static 32], const struct kc_edwards25519 *p, const field *inverse)
{
    KC_AUTO_FIELD25519 x, y;
    kc_field25519_multiply(&x, &p->x, inverse);
    kc_field25519_multiply(&y, &p->y, inverse);
    kc_field25519_encode(bytes, &y);
    bytes[31] |= (uint8_t)(kc_field25519_is_odd(&x) & 0x80);
}

/*
 * With v, x = c u/v and y = (u - 1)/(u + 1) over the common denominator v (u + 1), which is not
 * zero: v is zero for u = 0 alone, and u = -1 is on the twist.
 */
static void map_to_edwards(struct kc_edwards25519 *out, const field *u, const field *v)
{
    KC_AUTO_FIELD25519 plus, minus, cu;
    kc_field25519_add(&plus, u, &kc_field25519_one);
    kc_field25519_subtract(&minus, u, &kc_field25519_one);
    kc_field25519_multiply(&cu, u, &map_c);
    kc_field25519_multiply(&out->x, &cu, &plus);
    kc_field25519_multiply(&out->y, &minus, v);
    kc_field25519_multiply(&out->z, &plus, v);
    kc_field25519_multiply(&out->t, &cu, &minus);
}

enum kc_error kc_point25519_read_montgomery(
    struct kc_edwards25519 *out, const uint8_t u_bytes[static 32], uint8_t sign)
{
    KC_AUTO_FIELD25519 u, v, square;
    kc_mask canonical = kc_field25519_decode(&u, u_bytes) & kc_ct_is_zero(sign & 0x7f);
    kc_field25519_add(&square, &u, &montgomery_a);
    kc_field25519_multiply(&square, &square, &u);
    kc_field25519_add(&square, &square, &kc_field25519_one);
    kc_field25519_multiply(&square, &square, &u);
    kc_mask on_curve = kc_field25519_root(&v, &square, &kc_field25519_one);
    canonical &= choose_root(&v, kc_ct_mask_bit(sign >> 7));
    if (!kc_declassify_answer(canonical)) /* refused: said to the sender */
        return KC_ERR_POINT_ENCODING;
    if (!kc_declassify_answer(on_curve)) /* the same */
        return KC_ERR_POINT_NOT_ON_CURVE;
    if (kc_declassify_answer(kc_field25519_is_zero(&u))) /* the same */
        return KC_ERR_POINT_SMALL_ORDER;

    map_to_edwards(out, &u, &v);
    return KC_OK;
}

void kc_point25519_denominator(field *out, const struct kc_edwards25519 *p, bool montgomery)
{
    if (!montgomery) {
        *out = p->z;
        return;
    }
    kc_field25519_subtract(out, &p->z, &p->y);
    kc_field25519_multiply(out, out, &p->x);
}

/* The one inverse, of (Z - Y) X, serves u = (Z + Y)/(Z - Y) and v = c u Z/X. */
void kc_point25519_write_montgomery(uint8_t u_bytes[static 32], uint8_t *sign,
    const struct kc_edwards25519 *p, const field *inverse)
{
    KC_AUTO_FIELD25519 sum, u, v;
    kc_field25519_add(&sum, &p->z, &p->y);
    kc_field25519_multiply(&sum, &sum, inverse);
    kc_field25519_multiply(&u, &sum, &p->x);
    kc_field25519_multiply(&v, &sum, &p->z);
    kc_field25519_multiply(&v, &v, &map_c);
    kc_field25519_encode(u_bytes, &u);
    *sign = (uint8_t)(kc_field25519_is_odd(&v) & 0x80);
}
