/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key agreement by contributions: each holder gives (l*s + c)*P, the sum is what the whole key
 * would have agreed.
 *
 * For X curves the agreed octets equal RFC 7748's for the whole key; for Ed curves they are the
 * point's encoding, with no multiplication by the cofactor. Contributions and agreed octets are
 * secret: all contributions together open what was encrypted. Constant time in shares,
 * coefficients, points.
 */
#ifndef KC_THRESHOLD_AGREEMENT_H
#define KC_THRESHOLD_AGREEMENT_H

#include "base/language.h"
#include "threshold/point.h"
#include "threshold/scalar.h"

KC_C_BEGIN

/*
 * One holder's contribution (coefficient * share + offset) * peer.
 *
 * coefficient  in (0, L), or NULL for 1
 * offset       in [0, L), or NULL for 0
 * out          a whole point: write it with kc_point_encode, sign included
 *
 * KC_ERR_SCALAR_RANGE   the coefficient is zero, or the result would be the identity
 */
KC_CHECKED enum kc_error kc_agreement_contribute(struct kc_point *out,
    const struct kc_scalar *share, const struct kc_scalar *coefficient,
    const struct kc_scalar *offset, const struct kc_point *peer);

/*
 * Adds the contributions to the agreed octets.
 *
 * agreed  the curve's agreed_size octets: u (X), point encoding (Ed); written only on KC_OK
 *
 * KC_ERR_POINT_SMALL_ORDER  the sum is the identity
 */
KC_CHECKED enum kc_error kc_agreement_combine(uint8_t agreed[KC_AT_LEAST(KC_POINT_SIZE_MAX)],
    const struct kc_point contributions[], size_t count);

/* The agreement of a whole key: one contribution, combined alone. KC_ERR_SCALAR_RANGE: the scalar
 * is zero. */
KC_CHECKED enum kc_error kc_agreement_agree(uint8_t agreed[KC_AT_LEAST(KC_POINT_SIZE_MAX)],
    const struct kc_scalar *scalar, const struct kc_point *peer);

KC_C_END

#endif
