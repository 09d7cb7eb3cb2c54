/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/pedersen.h"

#include "base/wipe.h"
#include "threshold/declassify.h"
#include "threshold/transcript.h"

#include <stdlib.h>
#include <string.h>

enum kc_error kc_pedersen_derive_base(struct kc_point *out, enum kc_curve curve, uint32_t candidate)
{
    const struct kc_curve_info *info = kc_curve_info(curve);
    uint8_t bytes[KC_POINT_SIZE_MAX];
    struct kc_transcript transcript;
    kc_transcript_init(&transcript, "custodian threshold second base 1");
    kc_transcript_bytes(&transcript, info->name, strlen(info->name));
    kc_transcript_number(&transcript, candidate);
    enum kc_error error = kc_transcript_finish(&transcript, bytes, info->point_size);
    if (curve == KC_CURVE_P256)
        bytes[0] = 2;
    else if (curve != KC_CURVE_ED25519)
        bytes[info->point_size - 1] &= 0x80;
    return error != KC_OK ? error : kc_point_decode(out, curve, bytes, info->point_size);
}

/* Which candidate is the first that is a point; the tests count again. */
static uint32_t first_point(enum kc_curve curve)
{
    switch (curve) {
    case KC_CURVE_ED25519:
        return 37;
    case KC_CURVE_X25519:
        return 5;
    case KC_CURVE_ED448:
        return 3;
    case KC_CURVE_X448:
        return 18;
    case KC_CURVE_P256:
        return 0;
    }
    abort();
}

void kc_pedersen_base(struct kc_point *out, enum kc_curve curve)
{
    if (kc_pedersen_derive_base(out, curve, first_point(curve)) != KC_OK)
        abort(); /* no memory for a hash */
}

/* [value]B + [blinding]H. Both may be secret; zero is as good as any. */
static enum kc_error commit(struct kc_point *out, const struct kc_scalar *value,
    const struct kc_scalar *blinding, const struct kc_point *second_base)
{
    struct kc_point parts[2]; /* secret: [value]B would show what is hidden */
    size_t count = 0;
    if (kc_point_multiply_base(&parts[count], value) == KC_OK)
        count++;
    if (kc_point_multiply(&parts[count], blinding, second_base) == KC_OK)
        count++;
    enum kc_error error = count > 0 ? kc_point_sum(out, parts, count) : KC_ERR_POINT_SMALL_ORDER;
    kc_wipe(parts, sizeof parts);
    return error;
}

struct made {
    struct kc_scalar values[KC_SHARES_MAX], blindings[KC_SHARES_MAX]; /* secret: coefficients */
    struct kc_pedersen_share shares[KC_SHARES_MAX];                   /* secret */
    struct kc_point commitments[KC_SHARES_MAX];
};

static enum kc_error make(struct made *made, const struct kc_scalar *secret,
    const uint32_t indices[], size_t count, size_t threshold, const uint8_t *uniform)
{
    struct kc_point second_base;
    kc_pedersen_base(&second_base, secret->curve);
    made->values[0] = *secret;
    for (size_t k = 0; k < 2 * threshold - 1; k++) {
        struct kc_scalar *at =
            k < threshold ? &made->blindings[k] : &made->values[k - threshold + 1];
        enum kc_error error = kc_scalar_random(at, secret->curve, uniform + k * KC_UNIFORM_SIZE);
        if (error != KC_OK)
            return error;
    }
    for (size_t k = 0; k < threshold; k++)
        if (commit(&made->commitments[k], &made->values[k], &made->blindings[k], &second_base) !=
            KC_OK)
            return KC_ERR_RANDOM;
    kc_declassify(made->commitments, sizeof made->commitments); /* they are published */
    for (size_t i = 0; i < count; i++) {
        kc_shamir_evaluate(&made->shares[i].value, made->values, threshold, indices[i]);
        kc_shamir_evaluate(&made->shares[i].blinding, made->blindings, threshold, indices[i]);
    }
    return KC_OK;
}

enum kc_error kc_pedersen_split(struct kc_pedersen_share shares[], struct kc_point commitments[],
    const struct kc_scalar *secret, const uint32_t indices[], size_t count, size_t threshold,
    const uint8_t *uniform, size_t uniform_size)
{
    if (!kc_shamir_indices_good(indices, count) || threshold == 0 || threshold > count ||
        uniform_size != (2 * threshold - 1) * KC_UNIFORM_SIZE)
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

enum kc_error kc_pedersen_check(const struct kc_pedersen_share *share, uint32_t index,
    const struct kc_point commitments[], size_t threshold)
{
    struct kc_point second_base, expected, own;
    kc_pedersen_base(&second_base, commitments[0].curve);
    if (kc_shamir_public(&expected, commitments, threshold, index) != KC_OK ||
        commit(&own, &share->value, &share->blinding, &second_base) != KC_OK)
        return KC_ERR_CONTRIBUTION;
    /* The dealer's share is right or refused. */
    return kc_declassify_answer(kc_point_equal(&own, &expected)) ? KC_OK : KC_ERR_CONTRIBUTION;
}
