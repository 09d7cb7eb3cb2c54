/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edge cases of agreements and signatures: the verdict that the vector gives, and where it is good
 * the value. edge_vectors.py says where they come from.
 */
#include "number.h"
#include "play.h"

#include "threshold/agreement.h"
#include "threshold/signature.h"

#include <string.h>

#define CURVE_P256 "P-256"

/* What reading a public key, and agreeing with it, gives: compared with the verdict by its name. */
static bool verdict_is_good(struct check *c, const json_t *vector, enum kc_error error)
{
    const char *verdict = check_text(c, vector, "verdict");
    const char *got = error == KC_OK ? "ok" : kc_error_name(error);
    if (strcmp(verdict, got) != 0)
        check_fail(c, "verdict is %s, and not %s", got, verdict);
    return !c->failed && error == KC_OK;
}

/* X25519, X448: the public key is u alone; a private key is a seed, which is clamped. */
void play_xdh(struct check *c, const json_t *vector)
{
    const struct kc_curve_info *curve = number_curve(c, vector, "alg");
    struct kc_span private = check_octets(c, vector, "private");
    struct kc_span public = check_octets(c, vector, "public");
    uint8_t agreed[KC_POINT_SIZE_MAX];
    struct kc_key key;
    struct kc_point peer;
    if (curve == NULL || c->failed)
        return;
    check_ok(c, "private", kc_key_from_seed(&key, curve->curve, private.bytes, private.size));
    enum kc_error error = kc_point_decode_unsigned(&peer, curve->curve, public.bytes, public.size);
    if (error == KC_OK && !c->failed)
        error = kc_agreement_agree(agreed, &key.scalar, &peer);
    if (verdict_is_good(c, vector, error))
        expect_octets(c, vector, "shared", agreed, curve->agreed_size);
}

/* P-256: the public key is compressed, the private key a big-endian integer. */
void play_ecdh(struct check *c, const json_t *vector)
{
    struct kc_span private = check_octets(c, vector, "private");
    struct kc_span public = check_octets(c, vector, "public");
    uint8_t little_endian[KC_SCALAR_SIZE_MAX], agreed[KC_POINT_SIZE_MAX];
    struct kc_scalar scalar;
    struct kc_point peer;
    if (strcmp(check_text(c, vector, "alg"), CURVE_P256) != 0 || private.size != 32)
        check_fail(c, "alg is not P-256, or private has another size");
    if (c->failed)
        return;
    for (size_t i = 0; i < private.size; i++)
        little_endian[i] = private.bytes[private.size - 1 - i];
    check_ok(c, "private", kc_scalar_import(&scalar, KC_CURVE_P256, little_endian, private.size));
    enum kc_error error = kc_point_decode(&peer, KC_CURVE_P256, public.bytes, public.size);
    if (error == KC_OK)
        error = kc_agreement_agree(agreed, &scalar, &peer);
    if (verdict_is_good(c, vector, error))
        expect_octets(c, vector, "shared", agreed, 32);
}

/* A key that is not in the prime-order group verifies nothing. */
void play_eddsa_verify(struct check *c, const json_t *vector)
{
    const struct kc_curve_info *curve = number_curve(c, vector, "alg");
    struct kc_span public = check_octets(c, vector, "public");
    struct kc_span signature = check_octets(c, vector, "signature");
    const struct kc_signed_message message = {.message = check_octets(c, vector, "message")};
    bool valid = check_flag(c, vector, "valid");
    struct kc_point point;
    if (curve == NULL || c->failed)
        return;
    enum kc_error error = kc_point_decode(&point, curve->curve, public.bytes, public.size);
    if (error == KC_OK)
        error = kc_signature_verify(&point, &message, signature.bytes, signature.size);
    if ((error == KC_OK) != valid)
        check_fail(c, "the signature gives %s", kc_error_name(error));
}

/* The key of a seed, its signature, and that it verifies. */
void play_eddsa_sign(struct check *c, const json_t *vector)
{
    const struct kc_curve_info *curve = number_curve(c, vector, "alg");
    struct kc_span seed = check_octets(c, vector, "seed");
    struct kc_signed_message message = {.prehash = check_flag(c, vector, "prehash"),
        .has_context = check_has(vector, "context"),
        .message = check_octets(c, vector, "message")};
    uint8_t public[KC_POINT_SIZE_MAX], signature[KC_SIGNATURE_SIZE_MAX];
    struct kc_key key;
    if (message.has_context)
        message.context = check_octets(c, vector, "context");
    if (curve == NULL || c->failed)
        return;
    check_ok(c, "seed", kc_key_from_seed(&key, curve->curve, seed.bytes, seed.size));
    if (c->failed)
        return;
    kc_point_encode(&key.public, public);
    expect_octets(c, vector, "public", public, curve->point_size);
    check_ok(c, "signature", kc_signature_sign(signature, &key, &message, NULL));
    expect_octets(c, vector, "signature", signature, curve->signature_size);
    check_ok(
        c, "verify", kc_signature_verify(&key.public, &message, signature, curve->signature_size));
}
