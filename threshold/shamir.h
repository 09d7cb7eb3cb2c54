/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shamir shares of a scalar: any t of n holders have the secret, fewer have nothing; each holder
 * can check its own share against public commitments (Feldman).
 *
 * f is a polynomial of degree t - 1 with f(0) the secret; holder i has f(i). Indices are arbitrary
 * distinct non-zero numbers. The commitments C_k = [a_k]B to the coefficients are public; C_0 is
 * the group key, so they hide the secret only as well as the public key does. (pedersen.h hides
 * unconditionally.) Constant time in secrets, shares and coefficients; indices and counts are
 * public.
 */
#ifndef KC_THRESHOLD_SHAMIR_H
#define KC_THRESHOLD_SHAMIR_H

#include "base/language.h"
#include "threshold/point.h"
#include "threshold/scalar.h"
#include "threshold/share.h"

KC_C_BEGIN

/*
 * Splits a secret, such as an existing key, into count shares of which threshold recombine.
 *
 * shares       count scalars, in the order of the indices
 * commitments  threshold points
 * secret       not zero
 * indices      count distinct non-zero numbers, 1..KC_SHARES_MAX of them
 * threshold    1..count
 * uniform      (threshold - 1) * KC_UNIFORM_SIZE random bytes: secret, the caller wipes them
 *
 * KC_ERR_BAD_ARGUMENT  a count, an index or uniform_size is wrong
 * KC_ERR_SCALAR_RANGE  the secret is zero
 * KC_ERR_RANDOM        a share came out zero: the random bytes are not random
 */
KC_CHECKED enum kc_error kc_shamir_split(struct kc_scalar shares[], struct kc_point commitments[],
    const struct kc_scalar *secret, const uint32_t indices[], size_t count, size_t threshold,
    const uint8_t *uniform, size_t uniform_size);

/* f(index); coefficients are count scalars, a_0 first, count at least 1. */
void kc_shamir_evaluate(
    struct kc_scalar *out, const struct kc_scalar coefficients[], size_t count, uint32_t index);

/*
 * The verification share [f(index)]B, from the commitments.
 *
 * KC_ERR_POINT_SMALL_ORDER  it is the identity: the commitments are of no use for this index
 */
KC_CHECKED enum kc_error kc_shamir_public(
    struct kc_point *out, const struct kc_point commitments[], size_t threshold, uint32_t index);

/*
 * Checks a received share against the commitments.
 *
 * KC_ERR_CONTRIBUTION  it is another, or zero: the dealer sent a wrong one
 */
KC_CHECKED enum kc_error kc_shamir_check(const struct kc_scalar *share, uint32_t index,
    const struct kc_point commitments[], size_t threshold);

/*
 * Recombines the secret from count shares, and checks it against the group key. The secret is in
 * one place again: what used to need t holders needs one.
 *
 * count  the threshold or more
 *
 * KC_ERR_BAD_ARGUMENT  a count or index is wrong
 * KC_ERR_CONTRIBUTION  the result is not the group's secret: a share is wrong, or too few
 */
KC_CHECKED enum kc_error kc_shamir_combine(struct kc_scalar *secret, const uint32_t indices[],
    const struct kc_scalar shares[], size_t count, const struct kc_point *group);

/*
 * The Lagrange coefficient of one holder at any index: the product over j of
 * (at - x_j) / (x_i - x_j) mod L. At zero it is kc_share_coefficient.
 *
 * KC_ERR_BAD_ARGUMENT  a zero or repeated index, position or count out of range
 */
KC_CHECKED enum kc_error kc_shamir_coefficient(struct kc_scalar *out, enum kc_curve curve,
    const uint32_t indices[], size_t count, size_t position, uint32_t at);

/* Whether there are 1..KC_SHARES_MAX indices, all different, none zero. */
KC_CHECKED bool kc_shamir_indices_good(const uint32_t indices[], size_t count);

KC_C_END

#endif
