/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/share.h"

#include "base/wipe.h"
#include "threshold/declassify.h"
#include "threshold/shamir.h"

#include <string.h>

/* All but the last from random bytes; the last is the secret less their sum. */
static enum kc_error make_shares(
    struct kc_scalar made[], size_t count, const struct kc_scalar *secret, const uint8_t *uniform)
{
    made[count - 1] = *secret;
    for (size_t i = 0; i + 1 < count; i++) {
        enum kc_error error =
            kc_scalar_random(&made[i], secret->curve, uniform + i * KC_UNIFORM_SIZE);
        if (error != KC_OK)
            return error;
        kc_scalar_subtract(&made[count - 1], &made[count - 1], &made[i]);
    }
    /* Refused, which says no more than that the random bytes were not random. */
    return kc_declassify_answer(kc_scalar_is_zero(&made[count - 1])) ? KC_ERR_RANDOM : KC_OK;
}

enum kc_error kc_share_split(struct kc_scalar shares[], size_t count,
    const struct kc_scalar *secret, const uint8_t *uniform, size_t uniform_size)
{
    if (count < 2 || count > KC_SHARES_MAX || uniform_size != (count - 1) * KC_UNIFORM_SIZE)
        return KC_ERR_BAD_ARGUMENT;
    struct kc_scalar made[KC_SHARES_MAX]; /* secret */
    enum kc_error error = make_shares(made, count, secret, uniform);
    if (error == KC_OK)
        memcpy(shares, made, count * sizeof *shares);
    kc_wipe(made, sizeof made);
    return error;
}

enum kc_error kc_share_combine(struct kc_scalar *out, const struct kc_scalar shares[], size_t count)
{
    if (count == 0)
        return KC_ERR_SCALAR_RANGE;
    KC_AUTO_SCALAR sum = shares[0];
    for (size_t i = 1; i < count; i++)
        kc_scalar_add(&sum, &sum, &shares[i]);
    if (kc_declassify_answer(kc_scalar_is_zero(&sum))) /* refused: there is no key */
        return KC_ERR_SCALAR_RANGE;
    *out = sum;
    return KC_OK;
}

enum kc_error kc_share_check(const struct kc_scalar *share, const struct kc_point others[],
    size_t other_count, const struct kc_point *group)
{
    struct kc_point terms[KC_SHARES_MAX], sum;
    if (other_count >= KC_SHARES_MAX)
        return KC_ERR_BAD_ARGUMENT;
    if (kc_point_multiply_base(&terms[0], share) != KC_OK)
        return KC_ERR_CONTRIBUTION;
    for (size_t i = 0; i < other_count; i++)
        terms[i + 1] = others[i];
    if (kc_point_sum(&sum, terms, other_count + 1) != KC_OK)
        return KC_ERR_CONTRIBUTION;
    /* The dealer's share is right or refused; [share]B itself is public. */
    return kc_declassify_answer(kc_point_equal(&sum, group)) ? KC_OK : KC_ERR_CONTRIBUTION;
}

enum kc_error kc_share_coefficient(struct kc_scalar *out, enum kc_curve curve,
    const uint32_t indices[], size_t count, size_t position)
{
    return kc_shamir_coefficient(out, curve, indices, count, position, 0);
}
