/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/udf_shamir.h"

#include "base/wipe.h"
#include "threshold/declassify.h"
#include "threshold/prime.h"
#include "threshold/transcript.h"

#include <string.h>

#define COEFFICIENTS_MAX 15 /* a share has four bits for the threshold */

/* Trials of coefficients. f(x) >= 2^(8n) has probability below 15 * 15 / 2^32 for any n: a second
 * trial is rare, a hundredth does not happen. */
#define TRIALS_MAX 100

static bool size_good(size_t size)
{
    return size >= KC_UDF_SHAMIR_SECRET_MIN && size <= KC_UDF_SHAMIR_SECRET_MAX;
}

/* Horner's rule. */
static void evaluate(const struct kc_prime *prime, struct kc_number *value,
    const uint8_t *coefficients, size_t threshold, unsigned x)
{
    struct kc_number point, coefficient; /* coefficient, value: secret */
    kc_prime_set(prime, &point, x);
    memset(value, 0, sizeof *value);
    for (size_t k = threshold; k-- > 0;) {
        kc_prime_multiply(prime, value, value, &point);
        kc_prime_decode(prime, &coefficient, coefficients + k * prime->size);
        kc_prime_add(prime, value, value, &coefficient);
    }
    kc_wipe(&coefficient, sizeof coefficient);
}

enum kc_error kc_udf_shamir_evaluate(struct kc_udf_share *share, const uint8_t *coefficients,
    size_t size, size_t threshold, unsigned x)
{
    if (!size_good(size) || threshold == 0 || threshold > COEFFICIENTS_MAX || x == 0 ||
        x > KC_UDF_SHAMIR_SHARES_MAX)
        return KC_ERR_BAD_ARGUMENT;
    struct kc_prime prime;
    struct kc_number value;                        /* secret */
    struct kc_udf_share made = {.size = 1 + size}; /* secret */
    kc_prime_init(&prime, size);
    evaluate(&prime, &value, coefficients, threshold, x);
    made.octets[0] = (uint8_t)(threshold << 4 | (x - 1));
    /* Such coefficients are thrown away, so this tells nothing of those that are used. */
    bool fits = kc_declassify_answer(kc_prime_encode(&prime, made.octets + 1, &value));
    if (fits)
        *share = made;
    kc_wipe(&value, sizeof value);
    kc_wipe(&made, sizeof made);
    return fits ? KC_OK : KC_ERR_SCALAR_RANGE;
}

/* The secret, then hashed coefficients, uniform in [0, 2^(8n)): p is larger by so little that this
 * is as good as uniform below p. */
static enum kc_error make_coefficients(uint8_t *coefficients, size_t threshold,
    struct kc_span secret, const uint8_t *random, unsigned trial)
{
    struct kc_transcript transcript;
    memcpy(coefficients, secret.bytes, secret.size);
    kc_transcript_init(&transcript, "custodian threshold UDF shares 1");
    kc_transcript_bytes(&transcript, random, KC_UDF_SHAMIR_RANDOM_SIZE);
    kc_transcript_span(&transcript, secret);
    kc_transcript_number(&transcript, trial);
    return kc_transcript_finish(
        &transcript, coefficients + secret.size, (threshold - 1) * secret.size);
}

static enum kc_error make_shares(struct kc_udf_share made[], size_t count, size_t threshold,
    struct kc_span secret, const uint8_t *random, unsigned trial)
{
    uint8_t coefficients[COEFFICIENTS_MAX * KC_UDF_SHAMIR_SECRET_MAX]; /* secret */
    enum kc_error error = make_coefficients(coefficients, threshold, secret, random, trial);
    for (size_t i = 0; error == KC_OK && i < count; i++)
        error =
            kc_udf_shamir_evaluate(&made[i], coefficients, secret.size, threshold, (unsigned)i + 1);
    kc_wipe(coefficients, sizeof coefficients);
    return error;
}

enum kc_error kc_udf_shamir_split(struct kc_udf_share shares[], size_t count, size_t threshold,
    struct kc_span secret, const uint8_t random[static KC_UDF_SHAMIR_RANDOM_SIZE])
{
    if (!size_good(secret.size) || secret.size < KC_UDF_SHAMIR_SPLIT_SECRET_MIN || count == 0 ||
        count > KC_UDF_SHAMIR_SPLIT_SHARES_MAX || threshold == 0 || threshold > count)
        return KC_ERR_BAD_ARGUMENT;
    struct kc_udf_share made[KC_UDF_SHAMIR_SPLIT_SHARES_MAX]; /* secret */
    enum kc_error error = KC_ERR_SCALAR_RANGE;
    for (unsigned trial = 0; error == KC_ERR_SCALAR_RANGE && trial < TRIALS_MAX; trial++)
        error = make_shares(made, count, threshold, secret, random, trial);
    if (error == KC_OK)
        memcpy(shares, made, count * sizeof *shares);
    kc_wipe(made, sizeof made);
    return error == KC_ERR_SCALAR_RANGE ? KC_ERR_INTERNAL : error;
}

static unsigned threshold_of(const struct kc_udf_share *share)
{
    return share->octets[0] >> 4;
}

static unsigned index_of(const struct kc_udf_share *share)
{
    return (share->octets[0] & 15u) + 1;
}

/* The first octets are public. Of more shares than there are indices two have the same. */
static bool of_one_set(const struct kc_udf_share shares[], size_t count)
{
    if (count == 0 || threshold_of(&shares[0]) == 0 || threshold_of(&shares[0]) > count ||
        !size_good(shares[0].size - 1))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (shares[i].size != shares[0].size ||
            threshold_of(&shares[i]) != threshold_of(&shares[0]))
            return false;
        for (size_t j = 0; j < i; j++)
            if (index_of(&shares[i]) == index_of(&shares[j]))
                return false;
    }
    return true;
}

/* The product over j of (at - x_j) / (x_i - x_j); all public. */
static void lagrange(const struct kc_prime *prime, struct kc_number *out,
    const struct kc_udf_share shares[], size_t count, size_t i, unsigned at)
{
    struct kc_number target, own, other, difference, denominator;
    kc_prime_set(prime, &denominator, 1);
    kc_prime_set(prime, &target, at);
    kc_prime_set(prime, &own, index_of(&shares[i]));
    kc_prime_set(prime, out, 1);
    for (size_t j = 0; j < count; j++) {
        if (j == i)
            continue;
        kc_prime_set(prime, &other, index_of(&shares[j]));
        kc_prime_subtract(prime, &difference, &target, &other);
        kc_prime_multiply(prime, out, out, &difference);
        kc_prime_subtract(prime, &difference, &own, &other);
        kc_prime_multiply(prime, &denominator, &denominator, &difference);
    }
    kc_prime_invert(prime, &denominator, &denominator);
    kc_prime_multiply(prime, out, out, &denominator);
}

/* f(at) from the first threshold shares; false if it has no place in the octets. */
static kc_mask interpolate(
    const struct kc_prime *prime, uint8_t *octets, const struct kc_udf_share shares[], unsigned at)
{
    size_t threshold = threshold_of(&shares[0]);
    struct kc_number sum = {{0}}, term, coefficient; /* sum, term: secret */
    for (size_t i = 0; i < threshold; i++) {
        lagrange(prime, &coefficient, shares, threshold, i, at);
        kc_prime_decode(prime, &term, shares[i].octets + 1);
        kc_prime_multiply(prime, &term, &term, &coefficient);
        kc_prime_add(prime, &sum, &sum, &term);
    }
    kc_mask fits = kc_prime_encode(prime, octets, &sum);
    kc_wipe(&sum, sizeof sum);
    kc_wipe(&term, sizeof term);
    return fits;
}

enum kc_error kc_udf_shamir_recover(uint8_t secret[static KC_UDF_SHAMIR_SECRET_MAX],
    const struct kc_udf_share shares[], size_t count)
{
    if (!of_one_set(shares, count))
        return KC_ERR_BAD_ARGUMENT;
    struct kc_prime prime;
    uint8_t octets[KC_UDF_SHAMIR_SECRET_MAX]; /* secret */
    kc_prime_init(&prime, shares[0].size - 1);
    kc_mask right = ~(kc_mask)0;
    for (size_t i = threshold_of(&shares[0]); i < count; i++)
        right &= interpolate(&prime, octets, shares, index_of(&shares[i])) &
                 kc_ct_bytes_equal(octets, shares[i].octets + 1, prime.size);
    right &= interpolate(&prime, octets, shares, 0);
    bool answer = kc_declassify_answer(right); /* refused, or the secret is given */
    if (answer)
        memcpy(secret, octets, prime.size);
    kc_wipe(octets, sizeof octets);
    return answer ? KC_OK : KC_ERR_CONTRIBUTION;
}
