/* SPDX-License-Identifier: Apache-2.0 */
#include "number.h"
#include "play.h"

#include "polynomial.h"

#include "threshold/agreement.h"
#include "threshold/share.h"

#include <string.h>

/* The peer's key, and what all shares are compared with. */
struct agreement {
    const json_t *vector;
    const struct kc_curve_info *curve;
    struct kc_point peer;
    struct polynomial polynomial;
    struct kc_scalar sum; /* of the effective scalars */
};

static void read_peer(struct check *c, struct agreement *a)
{
    struct kc_span public = check_octets(c, a->vector, "peer_public");
    check_ok(
        c, "peer_public", kc_point_decode(&a->peer, a->curve->curve, public.bytes, public.size));
    if (c->failed)
        return;
    if (!a->curve->signs)
        expect_coordinates(c, a->vector, a->curve, public.bytes, "peer_u", "peer_v");
    if (!check_has(a->vector, "peer_scalar"))
        return;
    struct kc_scalar scalar = number_scalar(c, a->curve->curve, a->vector, "peer_scalar");
    struct kc_point made;
    uint8_t encoding[KC_POINT_SIZE_MAX];
    check_ok(c, "peer_scalar", kc_point_multiply_base(&made, &scalar));
    if (c->failed)
        return;
    kc_point_encode(&made, encoding);
    expect_octets(c, a->vector, "peer_public", encoding, a->curve->point_size);
}

/* coefficient * share + offset, and the contribution that is made with it. */
static void play_share(struct check *c, struct agreement *a, const json_t *object, size_t position,
    struct kc_point *contribution)
{
    enum kc_curve curve = a->curve->curve;
    struct kc_scalar share = number_scalar(c, curve, object, "scalar"), coefficient, offset;
    bool has_coefficient = check_has(object, "coefficient"),
         has_offset = check_has(object, "offset");
    kc_scalar_set(&coefficient, curve, 1);
    kc_scalar_set(&offset, curve, 0);
    if (has_coefficient)
        coefficient = number_scalar(c, curve, object, "coefficient");
    if (has_offset)
        offset = number_scalar(c, curve, object, "offset");
    polynomial_expect(c, &a->polynomial, object, "scalar", position);
    check_ok(c, "contribution",
        kc_agreement_contribute(contribution, &share, has_coefficient ? &coefficient : NULL,
            has_offset ? &offset : NULL, &a->peer));
    if (c->failed)
        return;
    struct kc_scalar effective;
    kc_scalar_multiply(&effective, &coefficient, &share);
    kc_scalar_add(&effective, &effective, &offset);
    kc_scalar_add(&a->sum, &a->sum, &effective);
    BIGNUM *number = number_of_scalar(c, &effective);
    expect_number(c, object, "effective_scalar", number);
    uint8_t encoding[KC_POINT_SIZE_MAX];
    kc_point_encode(contribution, encoding);
    expect_octets(c, object, "contribution", encoding, a->curve->point_size);
    if (a->curve->signs)
        return;
    expect_coordinates(c, object, a->curve, encoding, "u", "v");
    if (check_has(object, "ladder"))
        expect_ladder(c, object, a->curve, number, check_number(c, a->vector, "peer_u"));
}

/* aggregate_scalar is the whole key: the sum modulo the order, and alone the same result. */
static void expect_whole(struct check *c, const struct agreement *a)
{
    struct kc_scalar aggregate = number_scalar(c, a->curve->curve, a->vector, "aggregate_scalar");
    uint8_t agreed[KC_POINT_SIZE_MAX];
    if (c->failed)
        return;
    if (!kc_scalar_equal(&aggregate, &a->sum))
        check_fail(c, "aggregate_scalar differs");
    check_ok(c, "aggregate_scalar", kc_agreement_agree(agreed, &aggregate, &a->peer));
    if (!c->failed)
        expect_octets(c, a->vector, "agreed", agreed, a->curve->agreed_size);
}

static void expect_combined(
    struct check *c, const struct agreement *a, const struct kc_point contributions[], size_t count)
{
    uint8_t agreed[KC_POINT_SIZE_MAX], encoding[KC_POINT_SIZE_MAX];
    struct kc_point sum;
    check_ok(c, "agreed", kc_agreement_combine(agreed, contributions, count));
    check_ok(c, "combined", kc_point_sum(&sum, contributions, count));
    if (c->failed)
        return;
    expect_octets(c, a->vector, "agreed", agreed, a->curve->agreed_size);
    kc_point_encode(&sum, encoding);
    if (!a->curve->signs)
        expect_coordinates(c, a->vector, a->curve, encoding, "combined_u", "combined_v");
    expect_whole(c, a);
}

void play_agreement(struct check *c, const json_t *vector)
{
    struct agreement a = {.vector = vector, .curve = number_curve(c, vector, "alg")};
    struct kc_point contributions[KC_SHARES_MAX];
    const json_t *shares = check_list(c, vector, "shares");
    size_t count = json_array_size(shares);
    if (a.curve == NULL || c->failed)
        return;
    if (count == 0 || count > KC_SHARES_MAX)
        check_fail(c, "shares: none, or too many");
    kc_scalar_set(&a.sum, a.curve->curve, 0);
    read_peer(c, &a);
    polynomial_read(c, &a.polynomial, a.curve->curve, vector, "aggregate_scalar", shares);
    for (size_t i = 0; i < count && !c->failed; i++)
        play_share(c, &a, json_array_get(shares, i), i, &contributions[i]);
    if (!c->failed)
        expect_combined(c, &a, contributions, count);
}

/* What the code must say about an encoding, from what the vector says about it. */
static bool decode_error_fits(struct check *c, const json_t *vector, enum kc_error error)
{
    if (!check_flag(c, vector, "valid"))
        return error == KC_ERR_POINT_ENCODING || error == KC_ERR_POINT_NOT_ON_CURVE;
    if (check_flag(c, vector, "small_order"))
        return error == KC_ERR_POINT_SMALL_ORDER;
    if (!check_flag(c, vector, "prime_subgroup"))
        return error == KC_ERR_POINT_SUBGROUP;
    return error == KC_OK;
}

void play_point_decode(struct check *c, const json_t *vector)
{
    const struct kc_curve_info *curve = number_curve(c, vector, "alg");
    struct kc_span encoding = check_octets(c, vector, "encoding");
    struct kc_point point;
    uint8_t again[KC_POINT_SIZE_MAX];
    if (curve == NULL || c->failed)
        return;
    enum kc_error error = kc_point_decode(&point, curve->curve, encoding.bytes, encoding.size);
    if (!decode_error_fits(c, vector, error))
        check_fail(c, "the encoding gives %s", kc_error_name(error));
    if (c->failed)
        return;
    if (check_flag(c, vector, "valid") && encoding.size == curve->point_size &&
        (check_has(vector, "u") || check_has(vector, "v")))
        expect_coordinates(c, vector, curve, encoding.bytes, "u", "v");
    if (error != KC_OK)
        return;
    kc_point_encode(&point, again);
    expect_octets(c, vector, "encoding", again, curve->point_size);
}
