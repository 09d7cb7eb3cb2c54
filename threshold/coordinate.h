/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole points from a device that gives one coordinate: PKCS#11's key derivation answers u (or x)
 * of s*P and keeps the sign of v (y) to itself.
 *
 * A second derivation, of P + G, tells it: s*(P + G) = s*P + S, with S the device's public point;
 * just one of the two points with the first coordinate has, with S added, the second. That is exact
 * for points of prime order, and every kc_point is one.
 *
 *     kc_coordinate_second(&other, &peer);       derive for both, u of each
 *     kc_coordinate_complete(&whole, &public, &peer, u_of_peer, u_of_other);
 *
 * Which sign S itself has is fixed once, at enrolment: a key that the device made and published as
 * u alone is s or -s alike. For the curves with a form without sign: X25519, X448, P-256.
 */
#ifndef KC_THRESHOLD_COORDINATE_H
#define KC_THRESHOLD_COORDINATE_H

#include "base/language.h"
#include "threshold/point.h"

KC_C_BEGIN

/*
 * The second point to derive for: P + G, or P + 2G where P is -G.
 *
 * KC_ERR_BAD_ALGORITHM  the curve has no form without a sign
 */
KC_CHECKED enum kc_error kc_coordinate_second(struct kc_point *second, const struct kc_point *peer);

/*
 * s*P, whole.
 *
 * public_point     S, the device's public point
 * peer       P, of the same curve
 * of_peer    secret: what the device derived for P, unsigned_size octets
 * of_second  secret: what it derived for the point of kc_coordinate_second
 *
 * Constant time in what was derived, but for P-256 (p256.h).
 *
 * KC_ERR_BAD_ALGORITHM  the curve has no form without a sign
 * KC_ERR_ROOT_ANSWER    neither sign fits, or what was derived is no coordinate of a point: the
 *                       device does not compute what its public point says
 */
KC_CHECKED enum kc_error kc_coordinate_complete(struct kc_point *whole,
    const struct kc_point *public_point, const struct kc_point *peer, const uint8_t *of_peer,
    const uint8_t *of_second);

KC_C_END

#endif
