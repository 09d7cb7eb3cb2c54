/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/shamir.h"

#include "base/wipe.h"
#include "threshold/combination.h"
#include "threshold/declassify.h"

#include <string.h>

bool kc_shamir_indices_good(const uint32_t indices[], size_t count)
{
    if (count == 0 || count > KC_SHARES_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (indices[i] == 0)
            return false;
        for (size_t j = 0; j < i; j++)
            if (indices[i] == indices[j])
                return false;
    }
    return true;
}

/* Horner's rule. */
void kc_shamir_evaluate(
    struct kc_scalar *out, const struct kc_scalar coefficients[], size_t count, uint32_t index)
{
    struct kc_scalar x; /* public */
    kc_scalar_set(&x, coefficients[0].curve, index);
    KC_AUTO_SCALAR value = coefficients[count - 1];
    for (size_t k = count - 1; k-- > 0;) {
        kc_scalar_multiply(&value, &value, &x);
        kc_scalar_add(&value, &value, &coefficients[k]);
    }
    *out = value;
}

/* The secret, then random coefficients. */
static enum kc_error make_polynomial(struct kc_scalar coefficients[], size_t threshold,
    const struct kc_scalar *secret, const uint8_t *uniform)
{
    coefficients[0] = *secret;
    for (size_t k = 1; k < threshold; k++) {
        enum kc_error error =
            kc_scalar_random(&coefficients[k], secret->curve, uniform + (k - 1) * KC_UNIFORM_SIZE);
        if (error != KC_OK)
            return error;
    }
    return KC_OK;
}

static enum kc_error evaluate_all(struct kc_scalar shares[], const uint32_t indices[], size_t count,
    const struct kc_scalar coefficients[], size_t threshold)
{
    for (size_t i = 0; i < count; i++) {
        kc_shamir_evaluate(&shares[i], coefficients, threshold, indices[i]);
        /* Refused, which says no more than that the random bytes were not random. */
        if (kc_declassify_answer(kc_scalar_is_zero(&shares[i])))
            return KC_ERR_RANDOM;
    }
    return KC_OK;
}

static enum kc_error commit(
    struct kc_point commitments[], const struct kc_scalar coefficients[], size_t threshold)
{
    for (size_t k = 0; k < threshold; k++) {
        enum kc_error error = kc_point_multiply_base(&commitments[k], &coefficients[k]);
        if (error != KC_OK)
            return error;
    }
    kc_declassify(commitments, threshold * sizeof *commitments); /* they are published */
    return KC_OK;
}

struct made {
    struct kc_scalar coefficients[KC_SHARES_MAX], shares[KC_SHARES_MAX]; /* secret */
    struct kc_point commitments[KC_SHARES_MAX];
};

static enum kc_error make(struct made *made, const struct kc_scalar *secret,
    const uint32_t indices[], size_t count, size_t threshold, const uint8_t *uniform)
{
    enum kc_error error = make_polynomial(made->coefficients, threshold, secret, uniform);
    if (error == KC_OK)
        error = commit(made->commitments, made->coefficients, threshold);
    if (error == KC_OK)
        error = evaluate_all(made->shares, indices, count, made->coefficients, threshold);
    return error;
}

enum kc_error kc_shamir_split(struct kc_scalar shares[], struct kc_point commitments[],
    const struct kc_scalar *secret, const uint32_t indices[], size_t count, size_t threshold,
    const uint8_t *uniform, size_t uniform_size)
{
    if (!kc_shamir_indices_good(indices, count) || threshold == 0 || threshold > count ||
        uniform_size != (threshold - 1) * KC_UNIFORM_SIZE)
        return KC_ERR_BAD_ARGUMENT;
    struct made made;
    enum kc_error error = make(&made, secret, indices, count, threshold, uniform);
    if (error == KC_OK) {
        memcpy(shares, made.shares, count * sizeof *shares);
        memcpy(commitments, made.commitments, threshold * sizeof *commitments);
    }
    kc_wipe(&made, sizeof made);
    return error;
}

/* Powers of the index, modulo L like any scalar: f is a polynomial over that field. */
static void make_terms(struct kc_term terms[], struct kc_scalar powers[],
    const struct kc_point commitments[], size_t threshold, uint32_t index)
{
    struct kc_scalar x;
    kc_scalar_set(&x, commitments[0].curve, index);
    kc_scalar_set(&powers[0], commitments[0].curve, 1);
    for (size_t k = 0; k < threshold; k++) {
        if (k > 0)
            kc_scalar_multiply(&powers[k], &powers[k - 1], &x);
        terms[k] = (struct kc_term){&powers[k], &commitments[k], false};
    }
}

enum kc_error kc_shamir_public(
    struct kc_point *out, const struct kc_point commitments[], size_t threshold, uint32_t index)
{
    struct kc_scalar powers[KC_SHARES_MAX];
    struct kc_term terms[KC_SHARES_MAX];
    if (threshold == 0 || threshold > KC_SHARES_MAX || index == 0)
        return KC_ERR_BAD_ARGUMENT;
    make_terms(terms, powers, commitments, threshold, index);
    return kc_combination_variable_time(out, NULL, terms, threshold);
}

enum kc_error kc_shamir_check(const struct kc_scalar *share, uint32_t index,
    const struct kc_point commitments[], size_t threshold)
{
    struct kc_point expected, own;
    if (kc_shamir_public(&expected, commitments, threshold, index) != KC_OK ||
        kc_point_multiply_base(&own, share) != KC_OK)
        return KC_ERR_CONTRIBUTION;
    /* The dealer's share is right or refused; [share]B itself is public. */
    return kc_declassify_answer(kc_point_equal(&own, &expected)) ? KC_OK : KC_ERR_CONTRIBUTION;
}

static void interpolate(struct kc_scalar *out, const struct kc_scalar shares[],
    const struct kc_scalar coefficients[], size_t count)
{
    KC_AUTO_SCALAR term;
    kc_scalar_set(out, shares[0].curve, 0);
    for (size_t i = 0; i < count; i++) {
        kc_scalar_multiply(&term, &shares[i], &coefficients[i]);
        kc_scalar_add(out, out, &term);
    }
}

enum kc_error kc_shamir_combine(struct kc_scalar *secret, const uint32_t indices[],
    const struct kc_scalar shares[], size_t count, const struct kc_point *group)
{
    struct kc_scalar coefficients[KC_SHARES_MAX];
    if (!kc_shamir_indices_good(indices, count))
        return KC_ERR_BAD_ARGUMENT;
    for (size_t i = 0; i < count; i++) {
        enum kc_error error =
            kc_share_coefficient(&coefficients[i], group->curve, indices, count, i);
        if (error != KC_OK)
            return error;
    }
    KC_AUTO_SCALAR sum;
    KC_AUTO_POINT public;
    interpolate(&sum, shares, coefficients, count);
    if (kc_point_multiply_base(&public, &sum) != KC_OK ||
        !kc_declassify_answer(kc_point_equal(&public, group))) /* the answer of the check */
        return KC_ERR_CONTRIBUTION;
    *secret = sum;
    return KC_OK;
}

enum kc_error kc_shamir_coefficient(struct kc_scalar *out, enum kc_curve curve,
    const uint32_t indices[], size_t count, size_t position, uint32_t at)
{
    if (!kc_shamir_indices_good(indices, count) || position >= count)
        return KC_ERR_BAD_ARGUMENT;
    struct kc_scalar own, other, target, difference, numerator, denominator;
    kc_scalar_set(&own, curve, indices[position]);
    kc_scalar_set(&target, curve, at);
    kc_scalar_set(&numerator, curve, 1);
    kc_scalar_set(&denominator, curve, 1);
    for (size_t j = 0; j < count; j++) {
        if (j == position)
            continue;
        kc_scalar_set(&other, curve, indices[j]);
        kc_scalar_subtract(&difference, &target, &other);
        kc_scalar_multiply(&numerator, &numerator, &difference);
        kc_scalar_subtract(&difference, &own, &other);
        kc_scalar_multiply(&denominator, &denominator, &difference);
    }
    kc_scalar_invert(&denominator, &denominator);
    kc_scalar_multiply(out, &numerator, &denominator);
    return KC_OK;
}
