/* SPDX-License-Identifier: Apache-2.0 */
/* Mesh messages: ids, PINs, signed envelopes, and the keys of devices from their seeds. */
#include "number.h"
#include "play.h"

#include "custodian/mesh/verify.h"
#include "proto/identifier.h"
#include "threshold/derive.h"
#include "threshold/share.h"
#include "threshold/signature.h"

#include <string.h>

static struct kc_span span_of(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

static struct kc_udf parse_udf(struct check *c, const json_t *vector, const char *name)
{
    struct kc_udf udf = {0};
    check_ok(c, name, kc_udf_parse(span_of(check_text(c, vector, name)), &udf));
    return udf;
}

/* --- ids --- */

void play_make_id(struct check *c, const json_t *vector)
{
    char text[KC_UDF_ID_SIZE] = "";
    check_ok(c, "result",
        kc_make_id(
            check_text(c, vector, "message_id"), check_text(c, vector, "content_type"), text));
    expect_text(c, vector, "result", text);
}

/* --- PINs --- */

static void expect_pin_witness(struct check *c, const json_t *vector, const char *salted)
{
    uint8_t digest[KC_HASH_SIZE_MAX] = {0}, witness[KC_PIN_WITNESS_SIZE] = {0};
    check_ok(c, "payload_digest",
        kc_hash_digest(KC_HASH_SHA512, check_octets(c, vector, "payload"), digest));
    expect_octets(c, vector, "payload_digest", digest, sizeof digest);
    check_ok(c, "pin_witness",
        kc_pin_witness(salted, check_text(c, vector, "account"),
            check_octets(c, vector, "client_nonce"), digest, witness));
    expect_octets(c, vector, "pin_witness", witness, sizeof witness);
}

/* The key for what follows is what the text of the salted PIN can carry: 16 octets. */
void play_pin(struct check *c, const json_t *vector)
{
    char text[KC_UDF_ID_SIZE] = "";
    const char *salted = check_text(c, vector, "salted_pin");
    if (check_has(vector, "pin")) {
        check_ok(c, "salted_pin",
            kc_pin_salt(check_text(c, vector, "pin"), check_text(c, vector, "action"), text));
        expect_text(c, vector, "salted_pin", text);
    }
    struct kc_udf key = parse_udf(c, vector, "salted_pin");
    expect_octets(c, vector, "salted_pin_key", key.data, key.data_size);
    check_ok(c, "pin_id", kc_pin_id(salted, check_text(c, vector, "account"), text));
    expect_text(c, vector, "pin_id", text);
    if (check_has(vector, "pin_witness"))
        expect_pin_witness(c, vector, salted);
}

/* --- envelopes --- */

static void expect_envelope_key(
    struct check *c, const json_t *vector, const struct kc_curve_info *curve, struct kc_span public)
{
    uint8_t key_info[KC_UDF_KEY_INFO_MAX];
    size_t size = 0;
    struct kc_udf_digest digest = {0};
    char text[KC_UDF_ID_SIZE] = "";
    check_ok(c, "key_udf", kc_udf_key_info(curve->name, public, key_info, &size));
    if (c->failed)
        return;
    check_ok(c, "key_udf",
        kc_udf_content_digest(KC_HASH_SHA512, (struct kc_span){key_info, size},
            check_text(c, vector, "key_udf_content_type"), &digest));
    check_ok(c, "key_udf", kc_udf_digest_present(&digest, KC_UDF_BITS, text, sizeof text));
    expect_text(c, vector, "key_udf", text);
}

/* The seed makes the key, and of a good vector the very signature. */
static void expect_envelope_seed(struct check *c, const json_t *vector,
    const struct kc_curve_info *curve, const struct kc_signed_message *message)
{
    struct kc_span seed = check_octets(c, vector, "private_seed");
    uint8_t encoding[KC_POINT_SIZE_MAX], signature[KC_SIGNATURE_SIZE_MAX];
    struct kc_key key;
    check_ok(c, "private_seed", kc_key_from_seed(&key, curve->curve, seed.bytes, seed.size));
    if (c->failed)
        return;
    kc_point_encode(&key.public, encoding);
    expect_octets(c, vector, "public", encoding, curve->point_size);
    check_ok(c, "signature", kc_signature_sign(signature, &key, message, NULL));
    if (!c->failed && check_flag(c, vector, "valid"))
        expect_octets(c, vector, "signature", signature, curve->signature_size);
}

void play_envelope(struct check *c, const json_t *vector)
{
    const struct kc_curve_info *curve = number_curve(c, vector, "alg");
    struct kc_span public = check_octets(c, vector, "public");
    struct kc_span payload = check_octets(c, vector, "payload");
    struct kc_span signature = check_octets(c, vector, "signature");
    bool valid = check_flag(c, vector, "valid");
    uint8_t digest[KC_HASH_SIZE_MAX] = {0};
    struct kc_public_key key;
    check_ok(c, "payload_digest", kc_hash_digest(KC_HASH_SHA512, payload, digest));
    expect_octets(c, vector, "payload_digest", digest, sizeof digest);
    expect_octets(c, vector, "signed_octets", digest, sizeof digest);
    if (curve == NULL || c->failed)
        return;
    struct kc_signed_message message = kc_mesh_signed_message(curve->curve, digest);
    enum kc_error error = kc_public_key_make(curve->name, public, &key);
    if (error == KC_OK)
        error = kc_mesh_verify(&key, digest, signature);
    if ((error == KC_OK) != valid)
        check_fail(c, "the signature gives %s", kc_error_name(error));
    if (check_has(vector, "key_udf"))
        expect_envelope_key(c, vector, curve, public);
    if (check_has(vector, "private_seed"))
        expect_envelope_seed(c, vector, curve, &message);
}

/* --- keys of devices --- */

static bool derive(struct check *c, const struct kc_udf *seed, const struct kc_curve_info *curve,
    const char *name, struct kc_key *key)
{
    check_ok(c, name,
        kc_derive_key(key, curve->curve, KC_DERIVATION_CURRENT,
            (struct kc_span){seed->data, seed->data_size}, span_of(name)));
    return !c->failed;
}

/* A key of X25519 may stand there without its sign octet, as deployed code writes it. */
static void expect_public_and_udf(struct check *c, const json_t *object,
    const struct kc_curve_info *curve, const struct kc_point *point, const char *public,
    const char *udf)
{
    uint8_t encoding[KC_POINT_SIZE_MAX];
    char text[KC_UDF_ID_SIZE] = "";
    bool bare = curve->curve == KC_CURVE_X25519 &&
                check_octets(c, object, public).size == curve->unsigned_size;
    kc_point_encode(point, encoding);
    expect_octets(c, object, public, encoding, bare ? curve->unsigned_size : curve->point_size);
    if (udf == NULL)
        return;
    check_ok(c, udf,
        kc_udf_key_fingerprint(curve->name, (struct kc_span){encoding, curve->point_size}, text));
    expect_text(c, object, udf, text);
}

/* Names begin with the kind of key and the actor, and end with what the key is for. */
static bool is_named(const char *name, const char *begin, const char *end)
{
    size_t size = strlen(name), end_size = strlen(end);
    return strncmp(name, begin, strlen(begin)) == 0 && size >= end_size &&
           strcmp(name + size - end_size, end) == 0;
}

static void play_profile_key(struct check *c, const json_t *object, const struct kc_udf *seed)
{
    const struct kc_curve_info *curve = number_curve(c, object, "alg");
    const char *name = check_text(c, object, "key_name");
    uint8_t okm[KC_OKM_SIZE_MAX], integer[KC_SCALAR_SIZE_MAX], prefix[KC_PREFIX_SIZE_MAX];
    uint8_t info[2 + KC_KEY_NAME_SIZE_MAX];
    size_t size = 0, name_size = strlen(name);
    struct kc_key key;
    if (name_size > KC_KEY_NAME_SIZE_MAX)
        check_fail(c, "key_name is too long");
    if (curve == NULL || c->failed || !derive(c, seed, curve, name, &key))
        return;
    memcpy(info, seed->data, 2);
    memcpy(info + 2, name, name_size);
    expect_octets(c, object, "ikm", seed->data, seed->data_size);
    expect_octets(c, object, "info", info, 2 + name_size);
    check_ok(c, "okm",
        kc_derive_octets(okm, &size, curve->curve, KC_DERIVATION_CURRENT,
            (struct kc_span){seed->data, seed->data_size}, span_of(name)));
    check_ok(c, "scalar", kc_key_expand_seed(curve->curve, okm, size, integer, prefix));
    if (c->failed)
        return;
    expect_octets(c, object, "okm", okm, size);
    expect_number(c, object, "scalar", number_of_octets(c, integer, curve->scalar_size));
    expect_public_and_udf(c, object, curve, &key.public, "public", "udf");
}

void play_profile_seed(struct check *c, const json_t *vector)
{
    struct kc_udf seed = parse_udf(c, vector, "seed");
    const json_t *keys = check_list(c, vector, "keys"), *key;
    uint8_t prk[KC_HASH_SIZE_MAX] = {0};
    size_t i;
    if (seed.type != KC_UDF_SEED || seed.data_size < KC_MESH_SEED_SIZE_MIN)
        check_fail(c, "seed is no secret seed");
    check_ok(c, "prk",
        kc_hmac(KC_HASH_SHA512, (struct kc_span){NULL, 0},
            (struct kc_span){seed.data, seed.data_size}, prk));
    expect_octets(c, vector, "prk", prk, sizeof prk);
    const char *type = check_text(c, vector, "key_type");
    json_array_foreach(keys, i, key)
    {
        if (!is_named(check_text(c, key, "key_name"), type, ""))
            check_fail(c, "key_name is not of the key_type");
        if (!c->failed)
            play_profile_key(c, key, &seed);
    }
}

/* The key that is bound to the account: the sum of the device's and the activation's. */
static void play_activated_key(struct check *c, const json_t *object, const struct kc_udf *device,
    const struct kc_udf *activation)
{
    const struct kc_curve_info *curve = number_curve(c, object, "alg");
    struct kc_key base, added, combined;
    struct kc_point sum;
    const char *operation = check_text(c, object, "operation");
    const char *base_name = check_text(c, object, "base_key_name");
    const char *added_name = check_text(c, object, "activation_key_name");
    if (!is_named(base_name, "Base", operation) || !is_named(added_name, "Activation", operation))
        check_fail(c, "the names are of another operation");
    if (curve == NULL || c->failed || !derive(c, device, curve, base_name, &base) ||
        !derive(c, activation, curve, added_name, &added))
        return;
    expect_public_and_udf(c, object, curve, &base.public, "base_public", NULL);
    expect_public_and_udf(c, object, curve, &added.public, "activation_public", NULL);
    struct kc_scalar scalars[] = {base.scalar, added.scalar};
    struct kc_point points[] = {base.public, added.public};
    struct kc_scalar scalar;
    check_ok(c, "combined_public", kc_point_sum(&sum, points, 2));
    check_ok(c, "combined_scalar", kc_share_combine(&scalar, scalars, 2));
    if (c->failed)
        return;
    check_ok(c, "combined_scalar", kc_key_from_scalar(&combined, &scalar));
    expect_number(c, object, "combined_scalar", number_of_scalar(c, &scalar));
    expect_public_and_udf(c, object, curve, &sum, "combined_public", "combined_udf");
    expect_public_and_udf(c, object, curve, &combined.public, "combined_public", NULL);
}

void play_activation(struct check *c, const json_t *vector)
{
    struct kc_udf device = parse_udf(c, vector, "device_seed");
    struct kc_udf activation = parse_udf(c, vector, "activation_seed");
    const json_t *keys = check_list(c, vector, "keys"), *key;
    size_t i;
    json_array_foreach(keys, i, key) if (!c->failed)
        play_activated_key(c, key, &device, &activation);
}
