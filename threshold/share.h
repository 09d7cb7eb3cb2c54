/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shares of a key: additive n-of-n, and the coefficients with which Shamir shares enter an
 * operation.
 *
 * A verification share is the public point [share]B. Constant time in shares and secrets.
 */
#ifndef KC_THRESHOLD_SHARE_H
#define KC_THRESHOLD_SHARE_H

#include "base/language.h"
#include "threshold/point.h"
#include "threshold/scalar.h"

KC_C_BEGIN

#define KC_SHARES_MAX 16

/*
 * Splits a secret into count shares whose sum it is modulo L: all but the last random, none zero.
 *
 * shares   count scalars, 2..KC_SHARES_MAX; each written only on KC_OK
 * uniform  (count - 1) * KC_UNIFORM_SIZE random bytes: secret, the caller wipes them
 *
 * KC_ERR_BAD_ARGUMENT  count or uniform_size is wrong
 * KC_ERR_RANDOM        a share came out zero: the random bytes are not random
 */
KC_CHECKED enum kc_error kc_share_split(struct kc_scalar shares[], size_t count,
    const struct kc_scalar *secret, const uint8_t *uniform, size_t uniform_size);

/*
 * The sum of one or more scalars: recombines a secret, or makes a composite key.
 *
 * KC_ERR_SCALAR_RANGE  the sum is zero
 */
KC_CHECKED enum kc_error kc_share_combine(
    struct kc_scalar *out, const struct kc_scalar shares[], size_t count);

/*
 * Checks a received share: [share]B plus the verification shares of all other holders is the group
 * key.
 *
 * KC_ERR_CONTRIBUTION  it is not, or the share is zero: the dealer sent a wrong one
 */
KC_CHECKED enum kc_error kc_share_check(const struct kc_scalar *share,
    const struct kc_point others[], size_t other_count, const struct kc_point *group);

/*
 * The Lagrange coefficient at zero: the product over j of x_j / (x_j - x_i) mod L. Indices are
 * public.
 *
 * indices   the set of holders that take part, 1..KC_SHARES_MAX distinct non-zero numbers
 * position  which of them is i
 *
 * KC_ERR_BAD_ARGUMENT  a zero or repeated index, position or count out of range
 */
KC_CHECKED enum kc_error kc_share_coefficient(struct kc_scalar *out, enum kc_curve curve,
    const uint32_t indices[], size_t count, size_t position);

KC_C_END

#endif
