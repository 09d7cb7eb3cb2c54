/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points: elements of the prime-order group of a curve, never the identity.
 *
 * A kc_point is made only by the functions here, and each refuses what is not such an element; so
 * whoever holds one may multiply it by a secret share. Constant time in scalars and in coordinates,
 * except on P-256 (p256.h); what an answer KC_OK or an error says is public. Outputs may be the same
 * object as an input. Points of different curves never mix: that ends the process.
 */
#ifndef KC_THRESHOLD_POINT_H
#define KC_THRESHOLD_POINT_H

#include "base/ct.h"
#include "base/error.h"
#include "base/language.h"
#include "threshold/curve.h"
#include "threshold/edwards25519.h"
#include "threshold/edwards448.h"
#include "threshold/p256.h"
#include "threshold/scalar.h"

KC_C_BEGIN

/* The coordinates are the library's own: compare with kc_point_equal, write with
 * kc_point_encode. */
struct kc_point {
    enum kc_curve curve;
    union {
        struct kc_edwards25519 on25519; /* both 25519 curves */
        struct kc_edwards448 on448; /* Ed448: its own curve; X448: the Edwards form of curve448 */
        struct kc_p256 on_p256;
    };
};

/*
 * Reads a whole point with full validation.
 *
 * bytes  RFC 8032 encoding (Ed25519 32, Ed448 57), signed Montgomery encoding (X25519 33, X448
 * 57), or compressed (P-256 33)
 *
 * KC_ERR_POINT_ENCODING      wrong size, coordinate not below p, a bit set that must not be
 * KC_ERR_POINT_NOT_ON_CURVE  no such point; for X: u is on the twist
 * KC_ERR_POINT_SMALL_ORDER   the identity, or of an order that divides the cofactor
 * KC_ERR_POINT_SUBGROUP      has a component of small order
 */
KC_CHECKED enum kc_error kc_point_decode(
    struct kc_point *out, enum kc_curve curve, const uint8_t *bytes, size_t size);

/*
 * Reads u alone (X25519 32, X448 56 bytes), or x (P-256 32), with the same validation. The root
 * with even v (y) is taken: all holders of shares must take the same one, so the signed form is
 * what goes between parties.
 *
 * KC_ERR_BAD_ALGORITHM  an Ed curve; else as kc_point_decode
 */
KC_CHECKED enum kc_error kc_point_decode_unsigned(
    struct kc_point *out, enum kc_curve curve, const uint8_t *bytes, size_t size);

/* Writes the whole point: point_size bytes, in the form that kc_point_decode reads. */
void kc_point_encode(const struct kc_point *point, uint8_t out[KC_AT_LEAST(KC_POINT_SIZE_MAX)]);

/*
 * Writes several points of one curve, each as kc_point_encode does, with one inversion for every sixteen (P-256 has none to
 * save): what a batch of contributions ends with.
 */
void kc_point_encode_many(
    const struct kc_point points[], size_t count, uint8_t (*out)[KC_POINT_SIZE_MAX]);

/* Writes u (x) alone, unsigned_size bytes. An Ed curve ends the process. */
void kc_point_encode_unsigned(
    const struct kc_point *point, uint8_t out[KC_AT_LEAST(KC_POINT_SIZE_MAX)]);

/*
 * [scalar]point. Both may be secret.
 *
 * KC_ERR_SCALAR_RANGE  the scalar is zero
 */
KC_CHECKED enum kc_error kc_point_multiply(
    struct kc_point *out, const struct kc_scalar *scalar, const struct kc_point *point);

/* [scalar]B with the base point of the scalar's curve. Errors as kc_point_multiply. */
KC_CHECKED enum kc_error kc_point_multiply_base(
    struct kc_point *out, const struct kc_scalar *scalar);

/*
 * The sum of one or more points; equal and opposite ones may be among them.
 *
 * KC_ERR_POINT_SMALL_ORDER  the sum is the identity
 */
KC_CHECKED enum kc_error kc_point_sum(
    struct kc_point *out, const struct kc_point points[], size_t count);

/* -point. */
void kc_point_negate(struct kc_point *out, const struct kc_point *point);

kc_mask kc_point_equal(const struct kc_point *a, const struct kc_point *b);

void kc_point_wipe(struct kc_point *point);

/* A local point that is wiped when it leaves its scope: a contribution, or the result of an
 * agreement. */
#define KC_AUTO_POINT __attribute__((cleanup(kc_point_wipe))) struct kc_point

KC_C_END

#endif
