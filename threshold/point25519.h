/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How points of the two 25519 curves are read and written. Reading checks the encoding and the
 * curve equation; the order of the point is point.c's. The map between the curves is that of RFC
 * 7748 4.1: u = (1 + y)/(1 - y), v = c u/x.
 */
#ifndef KC_THRESHOLD_POINT25519_H
#define KC_THRESHOLD_POINT25519_H

#include "base/error.h"
#include "threshold/edwards25519.h"

#include <stdbool.h>

/*
 * y, and the sign of x in the top bit (RFC 8032 5.1.3).
 *
 * KC_ERR_POINT_ENCODING, KC_ERR_POINT_NOT_ON_CURVE
 */
KC_CHECKED enum kc_error kc_point25519_read_edwards(
    struct kc_edwards25519 *out, const uint8_t bytes[static 32]);
/*
 * What is to be inverted before a point is written: Z, or for the Montgomery form a product. Not zero for points that are
 * neither the identity nor of order 2, and only such are written.
 */
void kc_point25519_denominator(
    struct kc_field25519 *out, const struct kc_edwards25519 *p, bool montgomery);

/* Inverse is that of the denominator, here and below. */
void kc_point25519_write_edwards(
    uint8_t bytes[static 32], const struct kc_edwards25519 *p, const struct kc_field25519 *inverse);

/*
 * u, and the sign of v in the octet `sign`: 0x00 or 0x80.
 *
 * KC_ERR_POINT_ENCODING, KC_ERR_POINT_NOT_ON_CURVE (the twist)
 * KC_ERR_POINT_SMALL_ORDER  u is 0: the map has no value there
 */
KC_CHECKED enum kc_error kc_point25519_read_montgomery(
    struct kc_edwards25519 *out, const uint8_t u[static 32], uint8_t sign);

void kc_point25519_write_montgomery(uint8_t u[static 32], uint8_t *sign,
    const struct kc_edwards25519 *p, const struct kc_field25519 *inverse);

#endif
