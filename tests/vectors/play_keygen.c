/* SPDX-License-Identifier: Apache-2.0 */
/* Key contributions and their sum; the last share of a split. */
#include "number.h"
#include "play.h"

#include "proto/udf.h"
#include "threshold/derive.h"
#include "threshold/share.h"

#include <string.h>

static void expect_key(struct check *c, const json_t *object, const struct kc_curve_info *curve,
    const struct kc_point *public)
{
    uint8_t encoding[KC_POINT_SIZE_MAX], plain[KC_POINT_SIZE_MAX];
    kc_point_encode(public, encoding);
    expect_coordinates(
        c, object, curve, encoding, curve->signs ? "x" : "u", curve->signs ? "y" : "v");
    if (curve->signs) {
        expect_octets(c, object, "public", encoding, curve->point_size);
        return;
    }
    kc_point_encode_unsigned(public, plain);
    expect_octets(c, object, "public", plain, curve->unsigned_size);
    expect_octets(c, object, "public_signed", encoding, curve->point_size);
}

/* Compares the octets that a seed in text form derives. */
static void expect_derived(struct check *c, const json_t *object, const struct kc_curve_info *curve)
{
    const char *text = check_text(c, object, "seed");
    const char *variant = check_text(c, object, "derivation");
    bool legacy = strcmp(variant, "legacy") == 0;
    struct kc_udf seed = {0};
    uint8_t okm[KC_OKM_SIZE_MAX];
    size_t size = 0;
    if (!legacy && strcmp(variant, "current") != 0)
        check_fail(c, "derivation is neither current nor legacy");
    check_ok(c, "seed", kc_udf_parse((struct kc_span){(const uint8_t *)text, strlen(text)}, &seed));
    if (seed.type != KC_UDF_SEED)
        check_fail(c, "seed is no secret seed");
    check_ok(c, "seed",
        kc_derive_octets(okm, &size, curve->curve,
            legacy ? KC_DERIVATION_LEGACY : KC_DERIVATION_CURRENT,
            (struct kc_span){seed.data, seed.data_size}, (struct kc_span){NULL, 0}));
    if (!c->failed)
        expect_octets(c, object, "seed_octets", okm, size);
}

/* One contribution: from its seed to its scalar and public key, which are given. */
static void play_key(struct check *c, const json_t *object, const struct kc_curve_info *curve,
    struct kc_scalar *scalar, struct kc_point *public)
{
    struct kc_span seed = check_octets(c, object, "seed_octets");
    uint8_t integer[KC_SCALAR_SIZE_MAX] = {0}, prefix[KC_PREFIX_SIZE_MAX];
    struct kc_key key;
    if (check_has(object, "seed"))
        expect_derived(c, object, curve);
    check_ok(c, "scalar", kc_key_expand_seed(curve->curve, seed.bytes, seed.size, integer, prefix));
    expect_number(c, object, "scalar", number_of_octets(c, integer, curve->scalar_size));
    check_ok(c, "key", kc_key_from_seed(&key, curve->curve, seed.bytes, seed.size));
    if (c->failed)
        return;
    expect_key(c, object, curve, &key.public);
    *scalar = key.scalar;
    *public = key.public;
}

static void expect_composite(struct check *c, const json_t *object,
    const struct kc_curve_info *curve, const struct kc_scalar scalars[],
    const struct kc_point publics[], size_t count)
{
    struct kc_scalar sum;
    struct kc_point point;
    struct kc_key key;
    uint8_t private[KC_SCALAR_SIZE_MAX];
    check_ok(c, "composite", kc_share_combine(&sum, scalars, count));
    check_ok(c, "composite", kc_point_sum(&point, publics, count));
    if (c->failed)
        return;
    check_ok(c, "composite", kc_key_from_scalar(&key, &sum));
    kc_scalar_encode(&sum, private);
    expect_number(c, object, "scalar", number_of_scalar(c, &sum));
    expect_octets(c, object, "private", private, curve->scalar_size);
    expect_key(c, object, curve, &point);
    expect_key(c, object, curve, &key.public);
}

void play_keygen(struct check *c, const json_t *vector)
{
    struct kc_scalar scalars[KC_SHARES_MAX];
    struct kc_point publics[KC_SHARES_MAX];
    const struct kc_curve_info *curve = number_curve(c, vector, "alg");
    const json_t *keys = check_list(c, vector, "keys");
    const json_t *composite = check_object(c, vector, "composite");
    size_t count = json_array_size(keys);
    if (curve == NULL || c->failed)
        return;
    if (count == 0 || count > KC_SHARES_MAX)
        check_fail(c, "keys: none, or too many");
    for (size_t i = 0; i < count && !c->failed; i++)
        play_key(c, json_array_get(keys, i), curve, &scalars[i], &publics[i]);
    if (!c->failed)
        expect_composite(c, composite, curve, scalars, publics, count);
}

void play_key_split(struct check *c, const json_t *vector)
{
    const struct kc_curve_info *curve = number_curve(c, vector, "alg");
    const json_t *others = check_list(c, vector, "other_shares");
    struct kc_scalar shares[KC_SHARES_MAX], again;
    uint8_t encoded[KC_SCALAR_SIZE_MAX];
    size_t count = json_array_size(others);
    if (curve == NULL || c->failed)
        return;
    if (count == 0 || count >= KC_SHARES_MAX) {
        check_fail(c, "other_shares: none, or too many");
        return;
    }
    struct kc_scalar whole = number_scalar(c, curve->curve, vector, "scalar");
    struct kc_scalar last = whole;
    for (size_t i = 0; i < count; i++) {
        shares[i] = number_to_scalar(
            c, curve->curve, check_number_item(c, json_array_get(others, i), "other_shares"));
        kc_scalar_subtract(&last, &last, &shares[i]);
    }
    kc_scalar_encode(&last, encoded);
    expect_number(c, vector, "last_share", number_of_scalar(c, &last));
    expect_octets(c, vector, "last_share_encoded", encoded, curve->scalar_size);
    shares[count] = last;
    check_ok(c, "combine", kc_share_combine(&again, shares, count + 1));
    if (!c->failed && !kc_scalar_equal(&again, &whole))
        check_fail(c, "the shares do not add up");
}
