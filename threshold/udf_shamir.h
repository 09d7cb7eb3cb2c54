/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shamir shares of an octet string as Mesh UDFs have them (draft-hallambaker-mesh-udf, section
 * 4.5): for escrow, where shares are written down by people.
 *
 * For n octets the field is that of the prime p = 2^(8n) + off[n]; a_0 is the secret, big-endian,
 * and share x is f(x). A share does not say which set it is of, and a wrong one among exactly the
 * threshold gives a wrong secret without notice: keep a tag beside it, give more than the threshold
 * where there are more, and check what the secret opens. Constant time in secrets and values;
 * sizes, numbers of shares and thresholds are public.
 */
#ifndef KC_THRESHOLD_UDF_SHAMIR_H
#define KC_THRESHOLD_UDF_SHAMIR_H

#include "base/error.h"
#include "base/language.h"
#include "base/reader.h"

#include <stdint.h>

KC_C_BEGIN

#define KC_UDF_SHAMIR_SECRET_MIN 1 /* octets */
#define KC_UDF_SHAMIR_SECRET_MAX 64
#define KC_UDF_SHAMIR_SHARES_MAX 16
/* What is made here is less than what is read: the coefficients of fewer octets would not be as good
 * as uniform, and deployed code takes no sixteenth share. */
#define KC_UDF_SHAMIR_SPLIT_SECRET_MIN 4
#define KC_UDF_SHAMIR_SPLIT_SHARES_MAX 15
#define KC_UDF_SHAMIR_RANDOM_SIZE 64

/* The data of a UDF of type 144, without that octet. Secret. */
struct kc_udf_share {
    size_t size;                                  /* 1 + octets of the secret */
    uint8_t octets[1 + KC_UDF_SHAMIR_SECRET_MAX]; /* threshold << 4 | (x - 1), then f(x) */
};

/*
 * Makes count shares x = 1..count of which threshold recover the secret. Coefficients are hashed
 * from random, counting up until all f(x) are below 2^(8n) (they nearly always are).
 *
 * shares     written only on KC_OK; the caller wipes them
 * secret     KC_UDF_SHAMIR_SPLIT_SECRET_MIN..KC_UDF_SHAMIR_SECRET_MAX octets
 * count      1..KC_UDF_SHAMIR_SPLIT_SHARES_MAX
 * threshold  1..count
 * random     secret, uniform; the caller wipes it
 *
 * KC_ERR_BAD_ARGUMENT  a size or count outside its limits
 * KC_ERR_INTERNAL      libcrypto failed
 */
KC_CHECKED enum kc_error kc_udf_shamir_split(struct kc_udf_share shares[], size_t count,
    size_t threshold, struct kc_span secret,
    const uint8_t random[KC_AT_LEAST(KC_UDF_SHAMIR_RANDOM_SIZE)]);

/*
 * Recovers the secret. Shares beyond the threshold are checked against the others.
 *
 * secret  as many octets as a share has, less one; written only on KC_OK
 * shares  1..KC_UDF_SHAMIR_SHARES_MAX of one set, in any order
 *
 * KC_ERR_BAD_ARGUMENT  fewer than the threshold, a repeated one, or of different thresholds or
 *                      sizes
 * KC_ERR_CONTRIBUTION  a share is wrong or of another set: they do not fit, or what they give is
 *                      no secret of this size
 */
KC_CHECKED enum kc_error kc_udf_shamir_recover(
    uint8_t secret[KC_AT_LEAST(KC_UDF_SHAMIR_SECRET_MAX)], const struct kc_udf_share shares[],
    size_t count);

/*
 * One share from given coefficients, for a dealer or a test that chooses them.
 *
 * coefficients  threshold strings of size octets, big-endian, the secret first: below 2^(8n); at
 *               most 15, as the threshold has four bits
 * x             1..KC_UDF_SHAMIR_SHARES_MAX
 *
 * KC_ERR_BAD_ARGUMENT  a size or count outside its limits
 * KC_ERR_SCALAR_RANGE  f(x) has no place in size octets: choose other coefficients
 */
KC_CHECKED enum kc_error kc_udf_shamir_evaluate(struct kc_udf_share *share,
    const uint8_t *coefficients, size_t size, size_t threshold, unsigned x);

KC_C_END

#endif
