/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How points of the two 448 curves are read and written. Reading checks the encoding and the curve
 * equation; the order of the point is point.c's. X448's curve is curve448 in an Edwards form of its
 * own, not edwards448: u = (y + 1)/(y - 1), v = c u/x, which is RFC 7748's map (4.2) after negating
 * x and y, so that the identity goes to the identity.
 */
#ifndef KC_THRESHOLD_POINT448_H
#define KC_THRESHOLD_POINT448_H

#include "base/error.h"
#include "threshold/edwards448.h"

#include <stdbool.h>

/*
 * y, and an octet with the sign of x in the top bit (RFC 8032 5.2.3).
 *
 * KC_ERR_POINT_ENCODING, KC_ERR_POINT_NOT_ON_CURVE
 */
KC_CHECKED enum kc_error kc_point448_read_edwards(
    struct kc_edwards448 *out, const uint8_t bytes[static 57]);
/*
 * What is to be inverted before a point is written: Z, or for the Montgomery form a product. Not zero for points that are
 * neither the identity nor of order 2, and only such are written.
 */
void kc_point448_denominator(
    struct kc_field448 *out, const struct kc_edwards448 *p, bool montgomery);

/* Inverse is that of the denominator, here and below. */
void kc_point448_write_edwards(
    uint8_t bytes[static 57], const struct kc_edwards448 *p, const struct kc_field448 *inverse);

/*
 * u, and the sign of v in the octet `sign`: 0x00 or 0x80.
 *
 * KC_ERR_POINT_ENCODING, KC_ERR_POINT_NOT_ON_CURVE (the twist)
 * KC_ERR_POINT_SMALL_ORDER  u is 0: the map has no value there
 */
KC_CHECKED enum kc_error kc_point448_read_montgomery(
    struct kc_edwards448 *out, const uint8_t u[static 56], uint8_t sign);

void kc_point448_write_montgomery(uint8_t u[static 56], uint8_t *sign,
    const struct kc_edwards448 *p, const struct kc_field448 *inverse);

#endif
