/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/element.h"

#include "base/wipe.h"

#include <stdlib.h>

static bool in_field_25519(enum kc_curve curve)
{
    return curve == KC_CURVE_ED25519 || curve == KC_CURVE_X25519;
}

static const struct kc_field448 *d_of(enum kc_curve curve)
{
    return curve == KC_CURVE_X448 ? &kc_edwards448_d_curve448 : &kc_edwards448_d;
}

void kc_element_identity(struct kc_point *out, enum kc_curve curve)
{
    out->curve = curve;
    if (curve == KC_CURVE_P256)
        kc_p256_identity(&out->on_p256);
    else if (in_field_25519(curve))
        out->on25519 = kc_edwards25519_identity;
    else
        out->on448 = kc_edwards448_identity;
}

void kc_element_double(struct kc_point *out, const struct kc_point *a)
{
    out->curve = a->curve;
    if (a->curve == KC_CURVE_P256)
        kc_p256_add(&out->on_p256, &a->on_p256, &a->on_p256);
    else if (in_field_25519(a->curve))
        kc_edwards25519_double(&out->on25519, &a->on25519);
    else
        kc_edwards448_double(&out->on448, &a->on448);
}

void kc_element_add(struct kc_point *out, const struct kc_point *a, const struct kc_point *b)
{
    if (a->curve != b->curve)
        abort();
    out->curve = a->curve;
    if (a->curve == KC_CURVE_P256)
        kc_p256_add(&out->on_p256, &a->on_p256, &b->on_p256);
    else if (in_field_25519(a->curve))
        kc_edwards25519_add(&out->on25519, &a->on25519, &b->on25519, &kc_edwards25519_d2);
    else
        kc_edwards448_add(&out->on448, &a->on448, &b->on448, d_of(a->curve));
}

static void normalize_25519(struct kc_edwards25519 *point)
{
    struct kc_field25519 inverse;
    kc_field25519_invert(&inverse, &point->z);
    kc_field25519_multiply(&point->x, &point->x, &inverse);
    kc_field25519_multiply(&point->y, &point->y, &inverse);
    kc_field25519_multiply(&point->t, &point->x, &point->y);
    point->z = kc_field25519_one;
    kc_wipe(&inverse, sizeof inverse);
}

static void normalize_448(struct kc_edwards448 *point)
{
    struct kc_field448 inverse;
    kc_field448_invert(&inverse, &point->z);
    kc_field448_multiply(&point->x, &point->x, &inverse);
    kc_field448_multiply(&point->y, &point->y, &inverse);
    kc_field448_multiply(&point->t, &point->x, &point->y);
    point->z = kc_field448_one;
    kc_wipe(&inverse, sizeof inverse);
}

void kc_element_normalize(struct kc_point *a)
{
    if (a->curve == KC_CURVE_ED25519)
        normalize_25519(&a->on25519);
    if (a->curve == KC_CURVE_ED448)
        normalize_448(&a->on448);
}

kc_mask kc_element_is_identity(const struct kc_point *a)
{
    if (a->curve == KC_CURVE_P256)
        return kc_p256_is_identity(&a->on_p256);
    return in_field_25519(a->curve) ? kc_edwards25519_is_identity(&a->on25519)
                                    : kc_edwards448_is_identity(&a->on448);
}

kc_mask kc_element_has_prime_order(const struct kc_point *a)
{
    return in_field_25519(a->curve) ? kc_edwards25519_has_prime_order(&a->on25519)
                                    : kc_edwards448_has_prime_order(&a->on448, d_of(a->curve));
}

void kc_element_multiply(
    struct kc_point *out, const uint64_t signed_bits[8], const struct kc_point *a)
{
    if (a->curve == KC_CURVE_P256)
        abort(); /* there are no signed bits for it */
    out->curve = a->curve;
    if (in_field_25519(a->curve))
        kc_edwards25519_multiply(&out->on25519, signed_bits, &a->on25519, &kc_edwards25519_d2);
    else
        kc_edwards448_multiply(&out->on448, signed_bits, &a->on448, d_of(a->curve));
}

void kc_element_combine_variable_time(struct kc_point *out, enum kc_curve curve,
    const struct kc_point *const points[], const int8_t *const digits[], size_t count, int size)
{
    const struct kc_edwards25519 *on_25519[KC_EDWARDS_COMBINE_MAX];
    const struct kc_edwards448 *on_448[KC_EDWARDS_COMBINE_MAX];
    if (curve == KC_CURVE_P256 || count > KC_EDWARDS_COMBINE_MAX)
        abort(); /* a mistake of the caller's */
    for (size_t i = 0; i < count; i++) {
        if (points[i]->curve != curve)
            abort();
        on_25519[i] = &points[i]->on25519;
        on_448[i] = &points[i]->on448;
    }
    out->curve = curve;
    if (in_field_25519(curve))
        kc_edwards25519_combine_variable_time(
            &out->on25519, on_25519, digits, count, size, &kc_edwards25519_d2);
    else
        kc_edwards448_combine_variable_time(&out->on448, on_448, digits, count, size, d_of(curve));
}
