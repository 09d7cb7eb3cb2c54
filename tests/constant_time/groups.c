/* SPDX-License-Identifier: Apache-2.0 */
/* Scalars, points, keys, agreements, and the signatures of one and of two parties. */
#include "tests/constant_time/secret.h"

#include "base/secret.h"
#include "threshold/agreement.h"
#include "threshold/coordinate.h"
#include "threshold/declassify.h"
#include "threshold/derive.h"
#include "threshold/key.h"
#include "threshold/share.h"
#include "threshold/signature.h"
#include "threshold/transcript.h"

#include <stdlib.h>
#include <string.h>

static struct kc_point some_point(enum kc_curve curve, uint8_t seed)
{
    struct kc_scalar scalar = secret_scalar(curve, seed);
    struct kc_point point;
    must(kc_point_multiply_base(&point, &scalar));
    kc_declassify(&point, sizeof point); /* a public key */
    return point;
}

static void scalars(enum kc_curve curve)
{
    struct kc_scalar a = secret_scalar(curve, 1), b = secret_scalar(curve, 2), c;
    uint8_t bytes[KC_SCALAR_SIZE_MAX], uniform[KC_UNIFORM_SIZE] = {3};
    kc_scalar_add(&c, &a, &b);
    kc_scalar_subtract(&c, &c, &b);
    kc_scalar_multiply(&c, &c, &b);
    kc_scalar_negate(&c, &c);
    kc_scalar_invert(&c, &c);
    struct kc_scalar several[3] = {a, b, c};
    kc_scalar_invert_many(several, 3);
    kc_scalar_encode(&c, bytes);
    (void)kc_scalar_equal(&a, &b);
    must(kc_scalar_decode(&a, curve, bytes, kc_curve_info(curve)->scalar_size));
    secret(bytes, sizeof bytes);
    must(kc_scalar_import(&a, curve, bytes, kc_curve_info(curve)->scalar_size));
    secret(uniform, sizeof uniform);
    must(kc_scalar_random(&a, curve, uniform));
    kc_scalar_reduce(&a, curve, uniform, sizeof uniform);
    (void)kc_scalar_is_zero(&a);
    const struct kc_span parts[] = {{uniform, sizeof uniform}, {bytes, sizeof bytes}};
    must(kc_transcript_hash_to_scalar(&a, curve, "constant time", parts, 2));
    kc_scalar_wipe(&a);
}

static void points(enum kc_curve curve)
{
    struct kc_scalar scalar = secret_scalar(curve, 4);
    struct kc_point point = some_point(curve, 5), other = some_point(curve, 6);
    uint8_t bytes[KC_POINT_SIZE_MAX];
    must(kc_point_multiply_base(&other, &scalar));
    must(kc_point_multiply(&point, &scalar, &point));
    must(kc_point_multiply(&point, &scalar, &point)); /* a secret point now */
    struct kc_point both[] = {point, other};
    must(kc_point_sum(&point, both, 2));
    kc_point_negate(&point, &point);
    (void)kc_point_equal(&point, &other);
    uint8_t written[2][KC_POINT_SIZE_MAX];
    kc_point_encode_many(both, 2, written);
    kc_point_encode(&point, bytes);
    must(kc_point_decode(&other, curve, bytes, kc_curve_info(curve)->point_size));
    if (kc_curve_info(curve)->unsigned_size == 0)
        return;
    kc_point_encode_unsigned(&point, bytes);
    must(kc_point_decode_unsigned(&other, curve, bytes, kc_curve_info(curve)->unsigned_size));
    kc_point_wipe(&point);
}

static void agreements(enum kc_curve curve)
{
    struct kc_scalar share = secret_scalar(curve, 7), coefficient = secret_scalar(curve, 8),
                     offset = secret_scalar(curve, 9);
    struct kc_point peer = some_point(curve, 10), contributions[2];
    uint8_t agreed[KC_POINT_SIZE_MAX];
    must(kc_agreement_contribute(&contributions[0], &share, &coefficient, &offset, &peer));
    must(kc_agreement_contribute(&contributions[1], &share, NULL, NULL, &peer));
    must(kc_agreement_combine(agreed, contributions, 2));
    must(kc_agreement_agree(agreed, &share, &peer));
}

/* What a device derived is secret; its own point is not. */
static void coordinates(enum kc_curve curve)
{
    struct kc_scalar share = secret_scalar(curve, 7);
    struct kc_point peer = some_point(curve, 10), public, second, product, whole;
    uint8_t of_peer[KC_POINT_SIZE_MAX], of_second[KC_POINT_SIZE_MAX];
    must(kc_point_multiply_base(&public, &share));
    kc_declassify(&public, sizeof public);
    must(kc_coordinate_second(&second, &peer));
    must(kc_point_multiply(&product, &share, &peer));
    kc_point_encode_unsigned(&product, of_peer);
    must(kc_point_multiply(&product, &share, &second));
    kc_point_encode_unsigned(&product, of_second);
    must(kc_coordinate_complete(&whole, &public, &peer, of_peer, of_second));
}

static void shares(enum kc_curve curve)
{
    struct kc_scalar whole = secret_scalar(curve, 11), parts[3], again;
    uint8_t uniform[2 * KC_UNIFORM_SIZE];
    memset(uniform, 12, sizeof uniform);
    uniform[KC_UNIFORM_SIZE] = 13;
    secret(uniform, sizeof uniform);
    must(kc_share_split(parts, 3, &whole, uniform, sizeof uniform));
    must(kc_share_combine(&again, parts, 3));
    struct kc_point group, others[2];
    must(kc_point_multiply_base(&group, &whole));
    must(kc_point_multiply_base(&others[0], &parts[1]));
    must(kc_point_multiply_base(&others[1], &parts[2]));
    must(kc_share_check(&parts[0], others, 2, &group));
}

static void keys(enum kc_curve curve)
{
    struct kc_key key;
    uint8_t seed[KC_SEED_SIZE_MAX] = {14}, name[] = "BaseDeviceSign";
    size_t seed_size = kc_curve_info(curve)->seed_size;
    secret(seed, sizeof seed);
    must(kc_key_from_seed(&key, curve, seed, seed_size));
    const struct kc_span mesh_seed = {seed, 18}, key_name = {name, sizeof name - 1};
    must(kc_derive_key(&key, curve, KC_DERIVATION_CURRENT, mesh_seed, key_name));
    must(kc_derive_key(&key, curve, KC_DERIVATION_LEGACY, mesh_seed, (struct kc_span){name, 0}));
    uint8_t octets[KC_OKM_SIZE_MAX], integer[KC_SCALAR_SIZE_MAX], prefix[KC_PREFIX_SIZE_MAX];
    size_t size;
    must(kc_derive_octets(octets, &size, curve, KC_DERIVATION_CURRENT, mesh_seed, key_name));
    must(kc_key_expand_seed(curve, octets, size, integer, prefix));
    struct kc_scalar scalar = secret_scalar(curve, 15);
    must(kc_key_from_scalar(&key, &scalar));
    struct kc_key both[2] = {key, key}, sum;
    must(kc_key_compose(&sum, both, 2));
    kc_key_wipe(&key);
}

static const struct kc_signed_message message = {
    .has_context = true,
    .context = {(const uint8_t *)"", 0},
    .message = {(const uint8_t *)"octets", 6},
};

static void signatures(enum kc_curve curve)
{
    struct kc_key key;
    struct kc_fresh source = fresh(1);
    uint8_t seed[KC_SEED_SIZE_MAX] = {16}, signature[KC_SIGNATURE_SIZE_MAX];
    secret(seed, sizeof seed);
    must(kc_key_from_seed(&key, curve, seed, kc_curve_info(curve)->seed_size));
    kc_declassify(&key.public, sizeof key.public); /* a public key */
    must(kc_signature_sign(signature, &key, &message, NULL));
    struct kc_signed_message prehashed = message;
    prehashed.prehash = true;
    must(kc_signature_sign(signature, &key, &prehashed, NULL));
    key.seeded = false;
    must(kc_signature_sign(signature, &key, &message, &source));
    kc_declassify(signature, sizeof signature); /* given away */
    must(kc_signature_verify(
        &key.public, &message, signature, kc_curve_info(curve)->signature_size));
}

static void two_parties(enum kc_curve curve)
{
    struct kc_scalar parts[2] = {secret_scalar(curve, 17), secret_scalar(curve, 18)}, whole;
    struct kc_scalar coefficient;
    kc_scalar_set(&coefficient, curve, 1);
    must(kc_share_combine(&whole, parts, 2));
    struct kc_point group, first, own;
    uint8_t group_bytes[KC_POINT_SIZE_MAX], own_bytes[KC_POINT_SIZE_MAX];
    must(kc_point_multiply_base(&group, &whole));
    must(kc_point_multiply_base(&own, &parts[1]));
    kc_declassify(&group, sizeof group); /* public keys */
    kc_declassify(&own, sizeof own);
    kc_point_encode(&group, group_bytes);
    kc_point_encode(&own, own_bytes);
    struct kc_signer one = {.share = &parts[0], .own = own_bytes, .group = group_bytes};
    struct kc_signer two = {
        .share = &parts[1], .coefficient = &coefficient, .own = own_bytes, .group = group_bytes};
    struct kc_fresh one_fresh = fresh(2), two_fresh = fresh(3);

    struct kc_signature_commitment commitment = {0};
    struct kc_signature_contribution contribution;
    uint8_t signature[KC_SIGNATURE_SIZE_MAX];
    must(kc_signature_open(&commitment, &first, &one, &message, &one_fresh));
    kc_declassify(&first, sizeof first); /* sent to the second party */
    must(kc_signature_contribute(&contribution, &two, &first, &message, &two_fresh));
    kc_declassify(&contribution, sizeof contribution); /* sent to the first */
    must(kc_signature_finish(signature, &commitment, &one, &group, &message, &contribution, &own));

    must(kc_signature_open(&commitment, &first, &one, &message, &one_fresh));
    contribution.response.limb[0] ^= 1; /* the way of refusing takes secrets too */
    if (kc_signature_finish(signature, &commitment, &one, &group, &message, &contribution, &own) !=
        KC_ERR_CONTRIBUTION)
        exit(3);
    must(kc_signature_open(&commitment, &first, &one, &message, &one_fresh));
    kc_signature_commitment_wipe(&commitment);
}

void constant_time_groups(void)
{
    for (int i = KC_CURVE_ED25519; i <= KC_CURVE_P256; i++) {
        enum kc_curve curve = (enum kc_curve)i;
        scalars(curve);
        points(curve);
        agreements(curve);
        shares(curve);
        if (curve == KC_CURVE_P256)
            continue;
        keys(curve);
        if (!kc_curve_info(curve)->signs) {
            coordinates(curve);
            continue;
        }
        signatures(curve);
        two_parties(curve);
    }
}
