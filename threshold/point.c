/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/point.h"

#include "base/wipe.h"
#include "threshold/base_table.h"
#include "threshold/declassify.h"
#include "threshold/element.h"
#include "threshold/point25519.h"
#include "threshold/point448.h"

#include <stdlib.h>
#include <string.h>

static bool in_field_25519(enum kc_curve curve)
{
    return curve == KC_CURVE_ED25519 || curve == KC_CURVE_X25519;
}

static bool is_montgomery(enum kc_curve curve)
{
    return curve == KC_CURVE_X25519 || curve == KC_CURVE_X448;
}

static void require(bool right)
{
    if (!right)
        abort();
}

static void double_times(struct kc_point *point, int times)
{
    for (int i = 0; i < times; i++)
        kc_element_double(point, point);
}

/*
 * Rule: a point from outside is in the prime-order group and not the identity. Cofactors are 8
 * and 4. Shares are not multiples of the cofactor, so a component of small order would give away a
 * share modulo 8 or 4. What is refused is said to the sender, so both answers are public.
 */
static enum kc_error check_order(const struct kc_point *point)
{
    if (kc_declassify_answer(kc_element_has_prime_order(point)))
        return KC_OK;
    KC_AUTO_POINT multiple = *point;
    double_times(&multiple, in_field_25519(point->curve) ? 3 : 2);
    bool small = kc_declassify_answer(kc_element_is_identity(&multiple));
    return small ? KC_ERR_POINT_SMALL_ORDER : KC_ERR_POINT_SUBGROUP;
}

static enum kc_error read_montgomery(struct kc_point *out, const uint8_t *u, uint8_t sign)
{
    return in_field_25519(out->curve) ? kc_point25519_read_montgomery(&out->on25519, u, sign)
                                      : kc_point448_read_montgomery(&out->on448, u, sign);
}

static enum kc_error read_edwards(struct kc_point *out, const uint8_t *bytes)
{
    return in_field_25519(out->curve) ? kc_point25519_read_edwards(&out->on25519, bytes)
                                      : kc_point448_read_edwards(&out->on448, bytes);
}

static enum kc_error read_p256(struct kc_point *out, const uint8_t *bytes)
{
    struct kc_p256 read;
    enum kc_error error = kc_p256_read(&read, bytes);
    if (error == KC_OK)
        *out = (struct kc_point){.curve = KC_CURVE_P256, .on_p256 = read};
    return error;
}

enum kc_error kc_point_decode(
    struct kc_point *out, enum kc_curve curve, const uint8_t *bytes, size_t size)
{
    const struct kc_curve_info *info = kc_curve_info(curve);
    require(info != NULL);
    if (size != info->point_size)
        return KC_ERR_POINT_ENCODING;

    KC_AUTO_POINT point = {.curve = curve};
    if (curve == KC_CURVE_P256)
        return read_p256(out, bytes);
    enum kc_error error = is_montgomery(curve) ? read_montgomery(&point, bytes, bytes[size - 1])
                                               : read_edwards(&point, bytes);
    if (error != KC_OK || (error = check_order(&point)) != KC_OK)
        return error;
    *out = point;
    return KC_OK;
}

enum kc_error kc_point_decode_unsigned(
    struct kc_point *out, enum kc_curve curve, const uint8_t *bytes, size_t size)
{
    const struct kc_curve_info *info = kc_curve_info(curve);
    require(info != NULL);
    if (info->unsigned_size == 0)
        return KC_ERR_BAD_ALGORITHM;
    if (size != info->unsigned_size)
        return KC_ERR_POINT_ENCODING;
    if (curve == KC_CURVE_P256) {
        uint8_t even[KC_P256_POINT_SIZE] = {2};
        memcpy(even + 1, bytes, size);
        return read_p256(out, even);
    }

    KC_AUTO_POINT point = {.curve = curve};
    enum kc_error error = read_montgomery(&point, bytes, 0);
    if (error != KC_OK || (error = check_order(&point)) != KC_OK)
        return error;
    *out = point;
    return KC_OK;
}

/* Whether nothing is to be inverted: points of an Ed curve that were read, or normalised, are held as
 * they are written. */
static bool are_one_25519(const struct kc_field25519 values[], size_t count)
{
    kc_mask one = ~(kc_mask)0;
    for (size_t i = 0; i < count; i++)
        one &= kc_field25519_equal(&values[i], &kc_field25519_one);
    return kc_declassify_answer(one); /* how points are held, not which they are */
}

/* Writes all points with one inversion. For the X curves, u, and then the octet of the sign of v. */
static void write_25519(
    const struct kc_point points[], size_t count, uint8_t (*out)[KC_POINT_SIZE_MAX])
{
    struct kc_field25519 inverses[KC_FIELD_INVERT_MAX];
    bool montgomery = is_montgomery(points[0].curve);
    for (size_t i = 0; i < count; i++)
        kc_point25519_denominator(&inverses[i], &points[i].on25519, montgomery);
    if (!are_one_25519(inverses, count))
        kc_field25519_invert_many(inverses, count);
    for (size_t i = 0; i < count; i++)
        if (montgomery)
            kc_point25519_write_montgomery(
                out[i], &out[i][KC_FIELD25519_SIZE], &points[i].on25519, &inverses[i]);
        else
            kc_point25519_write_edwards(out[i], &points[i].on25519, &inverses[i]);
    kc_wipe(inverses, sizeof inverses);
}

static bool are_one_448(const struct kc_field448 values[], size_t count)
{
    kc_mask one = ~(kc_mask)0;
    for (size_t i = 0; i < count; i++)
        one &= kc_field448_equal(&values[i], &kc_field448_one);
    return kc_declassify_answer(one); /* how points are held, not which they are */
}

static void write_448(
    const struct kc_point points[], size_t count, uint8_t (*out)[KC_POINT_SIZE_MAX])
{
    struct kc_field448 inverses[KC_FIELD_INVERT_MAX];
    bool montgomery = is_montgomery(points[0].curve);
    for (size_t i = 0; i < count; i++)
        kc_point448_denominator(&inverses[i], &points[i].on448, montgomery);
    if (!are_one_448(inverses, count))
        kc_field448_invert_many(inverses, count);
    for (size_t i = 0; i < count; i++)
        if (montgomery)
            kc_point448_write_montgomery(
                out[i], &out[i][KC_FIELD448_SIZE], &points[i].on448, &inverses[i]);
        else
            kc_point448_write_edwards(out[i], &points[i].on448, &inverses[i]);
    kc_wipe(inverses, sizeof inverses);
}

void kc_point_encode_many(
    const struct kc_point points[], size_t count, uint8_t (*out)[KC_POINT_SIZE_MAX])
{
    for (size_t i = 0; i < count; i++)
        require(points[i].curve == points[0].curve);
    if (count > 0 && points[0].curve == KC_CURVE_P256) {
        for (size_t i = 0; i < count; i++)
            kc_p256_write(out[i], &points[i].on_p256);
        return;
    }
    for (size_t done = 0; done < count; done += KC_FIELD_INVERT_MAX) {
        size_t now = count - done < KC_FIELD_INVERT_MAX ? count - done : KC_FIELD_INVERT_MAX;
        if (in_field_25519(points[0].curve))
            write_25519(points + done, now, out + done);
        else
            write_448(points + done, now, out + done);
    }
}

void kc_point_encode(const struct kc_point *point, uint8_t out[static KC_POINT_SIZE_MAX])
{
    uint8_t whole[1][KC_POINT_SIZE_MAX]; /* secret, if the point is */
    kc_point_encode_many(point, 1, whole);
    memcpy(out, whole[0], kc_curve_info(point->curve)->point_size);
    kc_wipe(whole, sizeof whole);
}

void kc_point_encode_unsigned(const struct kc_point *point, uint8_t out[static KC_POINT_SIZE_MAX])
{
    require(kc_curve_info(point->curve)->unsigned_size > 0);
    if (point->curve == KC_CURVE_P256) {
        memcpy(out, point->on_p256.x, sizeof point->on_p256.x);
        return;
    }
    uint8_t whole[1][KC_POINT_SIZE_MAX]; /* secret, if the point is */
    kc_point_encode_many(point, 1, whole);
    memcpy(out, whole[0], kc_curve_info(point->curve)->unsigned_size);
    kc_wipe(whole, sizeof whole);
}

/* point NULL: the base point */
static enum kc_error multiply_p256(
    struct kc_point *out, const struct kc_scalar *scalar, const struct kc_point *point)
{
    uint8_t bytes[KC_SCALAR_SIZE_MAX]; /* secret */
    kc_scalar_encode(scalar, bytes);
    kc_p256_multiply(&out->on_p256, bytes, point != NULL ? &point->on_p256 : NULL);
    out->curve = KC_CURVE_P256;
    kc_wipe(bytes, sizeof bytes);
    return KC_OK;
}

enum kc_error kc_point_multiply(
    struct kc_point *out, const struct kc_scalar *scalar, const struct kc_point *point)
{
    require(scalar->curve == point->curve);
    /* A zero scalar is refused: the caller learns of it by there being no point. */
    if (kc_declassify_answer(kc_scalar_is_zero(scalar)))
        return KC_ERR_SCALAR_RANGE;
    if (scalar->curve == KC_CURVE_P256)
        return multiply_p256(out, scalar, point);
    uint64_t bits[8]; /* secret */
    kc_scalar_signed_bits(bits, scalar);
    kc_element_multiply(out, bits, point);
    kc_wipe(bits, sizeof bits);
    return KC_OK;
}

enum kc_error kc_point_multiply_base(struct kc_point *out, const struct kc_scalar *scalar)
{
    if (kc_declassify_answer(kc_scalar_is_zero(scalar))) /* as above */
        return KC_ERR_SCALAR_RANGE;
    if (scalar->curve == KC_CURVE_P256)
        return multiply_p256(out, scalar, NULL);
    uint64_t bits[8]; /* secret */
    kc_scalar_signed_bits(bits, scalar);
    out->curve = scalar->curve;
    if (in_field_25519(scalar->curve))
        kc_edwards25519_multiply_base(&out->on25519, bits, kc_base_table_25519);
    else if (scalar->curve == KC_CURVE_ED448)
        kc_edwards448_multiply_base(&out->on448, bits, kc_base_table_ed448);
    else
        kc_edwards448_multiply_base(&out->on448, bits, kc_base_table_x448);
    kc_wipe(bits, sizeof bits);
    return KC_OK;
}

enum kc_error kc_point_sum(struct kc_point *out, const struct kc_point points[], size_t count)
{
    require(count > 0);
    KC_AUTO_POINT sum = points[0];
    for (size_t i = 1; i < count; i++)
        kc_element_add(&sum, &sum, &points[i]);
    if (kc_declassify_answer(kc_element_is_identity(&sum))) /* refused: there is no result */
        return KC_ERR_POINT_SMALL_ORDER;
    *out = sum;
    return KC_OK;
}

void kc_point_negate(struct kc_point *out, const struct kc_point *point)
{
    out->curve = point->curve;
    if (point->curve == KC_CURVE_P256)
        kc_p256_negate(&out->on_p256, &point->on_p256);
    else if (in_field_25519(point->curve))
        kc_edwards25519_negate(&out->on25519, &point->on25519);
    else
        kc_edwards448_negate(&out->on448, &point->on448);
}

kc_mask kc_point_equal(const struct kc_point *a, const struct kc_point *b)
{
    require(a->curve == b->curve);
    if (a->curve == KC_CURVE_P256)
        return kc_p256_equal(&a->on_p256, &b->on_p256);
    return in_field_25519(a->curve) ? kc_edwards25519_equal(&a->on25519, &b->on25519)
                                    : kc_edwards448_equal(&a->on448, &b->on448);
}

void kc_point_wipe(struct kc_point *point)
{
    kc_wipe(point, sizeof *point);
}
