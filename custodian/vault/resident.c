/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/resident.h"

#include "custodian/vault/evp.h"
#include "custodian/vault/find.h"
#include "custodian/vault/key.h"
#include "custodian/vault/root.h"
#include "threshold/agreement.h"
#include "threshold/coordinate.h"

#include <sodium.h>
#include <string.h>

#define POINT_UNCOMPRESSED 4

/* The key for the root. Lends from the record and the secret. */
static struct kc_root_key key_of(const struct kc_record *record, const struct kc_secret *auth)
{
    return (struct kc_root_key){auth->bytes, {record->seal, record->seal_size}};
}

/* *auth is given. */
static enum kc_error open_auth(
    struct kc_call *call, const struct kc_record *key, struct kc_secret *auth)
{
    KC_AUTO_SECRET opened = {0};
    enum kc_error error = kc_keeper_open(call->vault->keeper, key, &opened);
    if (error == KC_OK && (opened.size != KC_ROOT_AUTH_SIZE || key->seal_size == 0))
        error = KC_ERR_RECORD_DAMAGED;
    if (error == KC_OK)
        *auth = kc_secret_take(&opened);
    return error;
}

/* One use. result: KC_ROOT_RESULT_MAX octets, secret. */
static enum kc_error use_key(struct kc_call *call, const struct kc_record *key,
    enum kc_root_key_operation operation, enum kc_root_scheme scheme, struct kc_span input,
    struct kc_root_result *result)
{
    KC_AUTO_SECRET auth = {0};
    enum kc_error error = open_auth(call, key, &auth);
    if (error != KC_OK)
        return error;
    const struct kc_root_key named = key_of(key, &auth);
    struct kc_vault_root root;
    error = kc_keeper_root_of(call->vault->keeper, key, &root);
    return error == KC_OK ? kc_vault_root_key_use(root, &named, operation, scheme, input, result)
                          : error;
}

/* --- points --- */

size_t kc_resident_write_point(const struct kc_point *point, uint8_t out[static KC_ROOT_PUBLIC_MAX])
{
    if (point->curve != KC_CURVE_P256) {
        kc_point_encode_unsigned(point, out);
        return kc_curve_info(point->curve)->unsigned_size;
    }
    out[0] = POINT_UNCOMPRESSED;
    memcpy(out + 1, point->on_p256.x, sizeof point->on_p256.x);
    memcpy(out + 1 + sizeof point->on_p256.x, point->on_p256.y, sizeof point->on_p256.y);
    return 1 + sizeof point->on_p256;
}

/* An uncompressed point of P-256. */
static enum kc_error read_uncompressed(struct kc_span octets, struct kc_point *point)
{
    uint8_t compressed[KC_P256_POINT_SIZE]; /* may be secret */
    if (octets.size != 65 || octets.bytes[0] != POINT_UNCOMPRESSED)
        return KC_ERR_POINT_ENCODING;
    compressed[0] = (uint8_t)(2 | (octets.bytes[64] & 1));
    memcpy(compressed + 1, octets.bytes + 1, 32);
    enum kc_error error = kc_point_decode(point, KC_CURVE_P256, compressed, sizeof compressed);
    kc_wipe(compressed, sizeof compressed);
    if (error == KC_OK && memcmp(point->on_p256.y, octets.bytes + 33, 32) != 0)
        error = KC_ERR_POINT_NOT_ON_CURVE;
    return error;
}

enum kc_error kc_resident_read_point(
    enum kc_curve curve, struct kc_span octets, struct kc_point *point)
{
    if (curve == KC_CURVE_P256 && octets.size == 65)
        return read_uncompressed(octets, point);
    return kc_point_decode(point, curve, octets.bytes, octets.size);
}

/* The public point of a key or share on one of threshold's curves. */
static enum kc_error read_public(const struct kc_record *key, struct kc_point *point)
{
    struct kc_span octets = {key->public_key, key->public_size};
    enum kc_error error = kc_resident_read_point((enum kc_curve)key->algorithm, octets, point);
    return error == KC_OK ? KC_OK : KC_ERR_RECORD_DAMAGED;
}

/* --- multiplying --- */

static enum kc_error derive(struct kc_call *call, const struct kc_record *key,
    const struct kc_point *peer, struct kc_root_result *result)
{
    uint8_t octets[KC_ROOT_PUBLIC_MAX];
    size_t size = kc_resident_write_point(peer, octets);
    return use_key(call, key, KC_ROOT_KEY_AGREE, (enum kc_root_scheme)0,
        (struct kc_span){octets, size}, result);
}

/* A root that answers one coordinate is asked for a second point: coordinate.h. */
static enum kc_error complete(struct kc_call *call, const struct kc_record *key,
    const struct kc_point *peer, const struct kc_root_result *of_peer, struct kc_point *product)
{
    struct kc_root_result of_second = {.size = 0}; /* secret */
    struct kc_point public, second;
    enum kc_error error = read_public(key, &public);
    if (error == KC_OK)
        error = kc_coordinate_second(&second, peer);
    if (error == KC_OK)
        error = derive(call, key, &second, &of_second);
    if (error == KC_OK && of_second.size != of_peer->size)
        error = KC_ERR_ROOT_ANSWER;
    if (error == KC_OK)
        error = kc_coordinate_complete(product, &public, peer, of_peer->octets, of_second.octets);
    kc_wipe(&of_second, sizeof of_second);
    return error;
}

/* s * peer, whole. */
static enum kc_error multiply(struct kc_call *call, const struct kc_record *key,
    const struct kc_point *peer, struct kc_point *product)
{
    struct kc_root_result result = {.size = 0}; /* secret */
    enum kc_error error = derive(call, key, peer, &result);
    if (error == KC_OK && result.size == kc_curve_info(peer->curve)->unsigned_size)
        error = complete(call, key, peer, &result, product);
    else if (error == KC_OK && peer->curve == KC_CURVE_P256)
        error = read_uncompressed((struct kc_span){result.octets, result.size}, product) == KC_OK
                    ? KC_OK
                    : KC_ERR_ROOT_ANSWER;
    else if (error == KC_OK)
        error = KC_ERR_ROOT_ANSWER;
    kc_wipe(&result, sizeof result);
    return error;
}

/* product + offset * peer. The offset is the requester's own: whether it is zero tells nobody
 * anything. */
static enum kc_error add_offset(
    const struct kc_scalar *offset, const struct kc_point *peer, struct kc_point *product)
{
    if (offset == NULL || kc_scalar_is_zero(offset))
        return KC_OK;
    struct kc_point terms[2] = {*product}; /* secret */
    enum kc_error error = kc_point_multiply(&terms[1], offset, peer);
    if (error == KC_OK)
        error = kc_point_sum(product, terms, 2);
    kc_wipe(terms, sizeof terms);
    return error == KC_ERR_POINT_SMALL_ORDER ? KC_ERR_SCALAR_RANGE : error;
}

enum kc_error kc_resident_contribute(struct kc_call *call, const struct kc_record *key,
    const struct kc_scalar *coefficient, const struct kc_scalar *offset,
    const struct kc_point *peer, struct kc_point *contribution)
{
    KC_AUTO_POINT scaled = *peer, product = {0};
    enum kc_error error =
        coefficient == NULL ? KC_OK : kc_point_multiply(&scaled, coefficient, peer);
    if (error == KC_OK)
        error = multiply(call, key, &scaled, &product);
    if (error == KC_OK)
        error = add_offset(offset, peer, &product);
    if (error == KC_OK)
        *contribution = product;
    return error;
}

/* --- key-agree --- */

/* The coordinate that an agreement is, of what the root answered. */
static enum kc_error take_agreed(const struct kc_algorithm_info *info,
    const struct kc_root_result *result, uint8_t agreed[static KC_ALGORITHM_AGREED_MAX])
{
    size_t size = info->agreed_size;
    bool is_whole = result->size == 1 + 2 * size && result->octets[0] == POINT_UNCOMPRESSED;
    if (!is_whole && result->size != size)
        return KC_ERR_ROOT_ANSWER;
    memcpy(agreed, result->octets + (is_whole ? 1 : 0), size);
    return KC_OK;
}

/* The peer's point, checked, in the root's form. */
static enum kc_error read_peer(struct kc_call *call, const struct kc_algorithm_info *info,
    uint8_t peer[static KC_ROOT_PUBLIC_MAX], size_t *size)
{
    struct kc_span span = kc_call_field(call, KC_FIELD_PEER);
    struct kc_point point;
    if (info->family == KC_FAMILY_EC) {
        *size = info->public_size;
        return kc_evp_read_peer(info, span, peer);
    }
    enum kc_curve curve = (enum kc_curve)info->algorithm;
    enum kc_error error = span.size == kc_curve_info(curve)->unsigned_size
                              ? kc_point_decode_unsigned(&point, curve, span.bytes, span.size)
                              : kc_point_decode(&point, curve, span.bytes, span.size);
    if (error == KC_OK)
        *size = kc_resident_write_point(&point, peer);
    return error;
}

enum kc_error kc_resident_agree(struct kc_call *call, const struct kc_record *key,
    uint8_t agreed[static KC_ALGORITHM_AGREED_MAX])
{
    const struct kc_algorithm_info *info = kc_algorithm_info(key->algorithm);
    struct kc_root_result result = {.size = 0}; /* secret */
    uint8_t peer[KC_ROOT_PUBLIC_MAX];
    size_t size = 0;
    enum kc_error error = read_peer(call, info, peer, &size);
    if (error == KC_OK)
        error = use_key(call, key, KC_ROOT_KEY_AGREE, (enum kc_root_scheme)0,
            (struct kc_span){peer, size}, &result);
    if (error == KC_OK)
        error = take_agreed(info, &result, agreed);
    kc_wipe(&result, sizeof result);
    return error;
}

/* --- key-sign --- */

static enum kc_error wrong_field(struct kc_call *call, enum kc_field field)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[field].name);
    return KC_ERR_BAD_ARGUMENT;
}

/* What the root is to sign. */
struct to_sign {
    enum kc_root_scheme scheme;
    struct kc_span input;
    uint8_t digest[64];
};

static enum kc_error compute_digest(struct kc_call *call, const struct kc_evp_scheme *scheme,
    struct kc_span message, struct to_sign *to_sign)
{
    to_sign->input = message;
    if (!scheme->hashed) {
        if (scheme->hash->size > sizeof to_sign->digest ||
            EVP_Digest(
                message.bytes, message.size, to_sign->digest, NULL, scheme->hash->md(), NULL) != 1)
            return KC_ERR_NO_MEMORY;
        to_sign->input = (struct kc_span){to_sign->digest, scheme->hash->size};
    }
    size_t size = to_sign->input.size;
    bool has_size = !scheme->hash || scheme->hash->size == size;
    return has_size && (size == 32 || size == 48 || size == 64)
               ? KC_OK
               : wrong_field(call, scheme->hashed ? KC_FIELD_MESSAGE : KC_FIELD_HASH);
}

/* Roots know the hash by the digest's size, and pad with that hash and a salt of its size. */
static enum kc_error read_by_libcrypto(struct kc_call *call, const struct kc_algorithm_info *info,
    struct kc_span message, struct to_sign *to_sign)
{
    struct kc_evp_scheme scheme;
    enum kc_error error = kc_call_read_signing(call, info, &scheme);
    if (error != KC_OK)
        return error;
    to_sign->scheme = scheme.padding == KC_EVP_ECDSA   ? KC_ROOT_ECDSA
                      : scheme.padding == KC_EVP_PKCS1 ? KC_ROOT_RSA_PKCS1
                                                       : KC_ROOT_RSA_PSS;
    if (scheme.padding != KC_EVP_ECDSA && !scheme.hash)
        return wrong_field(call, KC_FIELD_HASH);
    if (scheme.padding == KC_EVP_PSS && scheme.mgf != scheme.hash)
        return wrong_field(call, KC_FIELD_MGF_HASH);
    if (scheme.padding == KC_EVP_PSS && scheme.salt_size != scheme.hash->size)
        return wrong_field(call, KC_FIELD_SALT_SIZE);
    return compute_digest(call, &scheme, message, to_sign);
}

/* Tokens sign by EdDSA what comes in one piece, without a context. */
static enum kc_error read_by_eddsa(
    struct kc_call *call, struct kc_span message, struct to_sign *to_sign)
{
    bool is_plain = !kc_call_has(call, KC_FIELD_SCHEME) ||
                    kc_values_text_is(&call->in.message.values, KC_FIELD_SCHEME, "plain");
    if (!is_plain)
        return wrong_field(call, KC_FIELD_SCHEME);
    if (kc_call_field(call, KC_FIELD_CONTEXT).size > 0)
        return wrong_field(call, KC_FIELD_CONTEXT);
    if (message.size > KC_ROOT_INPUT_MAX)
        return KC_ERR_TOO_LARGE;
    *to_sign = (struct to_sign){.scheme = KC_ROOT_EDDSA, .input = message};
    return KC_OK;
}

enum kc_error kc_resident_sign(struct kc_call *call, const struct kc_record *key)
{
    const struct kc_algorithm_info *info = kc_algorithm_info(key->algorithm);
    struct kc_root_result result = {.size = 0};
    struct to_sign to_sign;
    KC_AUTO_DATA data = {0};
    enum kc_error error = kc_call_data(call, KC_FIELD_MESSAGE, &data);
    if (error == KC_OK)
        error = info->family == KC_FAMILY_CURVE
                    ? read_by_eddsa(call, data.span, &to_sign)
                    : read_by_libcrypto(call, info, data.span, &to_sign);
    if (error == KC_OK)
        error = use_key(call, key, KC_ROOT_KEY_SIGN, to_sign.scheme, to_sign.input, &result);
    if (error == KC_OK && result.size != info->signature_size)
        error = KC_ERR_ROOT_ANSWER;
    if (error == KC_OK)
        kc_call_set_octets(call, KC_FIELD_SIGNATURE, result.octets, result.size);
    return error;
}

/* --- key-decrypt --- */

/* Roots decrypt OAEP with SHA-256 and no label. PKCS #1 v1.5 is not offered: whether the padding was
 * right could be told from the answer, and many may ask. */
enum kc_error kc_resident_decrypt(struct kc_call *call, const struct kc_record *key)
{
    struct kc_root_result result = {.size = 0}; /* secret */
    const struct kc_values *values = &call->in.message.values;
    if (!kc_values_text_is(values, KC_FIELD_SCHEME, "oaep"))
        return wrong_field(call, KC_FIELD_SCHEME);
    if (!kc_values_text_is(values, KC_FIELD_HASH, "SHA-256"))
        return wrong_field(call, KC_FIELD_HASH);
    if (kc_call_has(call, KC_FIELD_MGF_HASH) &&
        !kc_values_text_is(values, KC_FIELD_MGF_HASH, "SHA-256"))
        return wrong_field(call, KC_FIELD_MGF_HASH);
    if (kc_call_field(call, KC_FIELD_OAEP_LABEL).size > 0)
        return wrong_field(call, KC_FIELD_OAEP_LABEL);
    enum kc_error error = use_key(call, key, KC_ROOT_KEY_DECRYPT, KC_ROOT_RSA_OAEP,
        kc_call_field(call, KC_FIELD_CIPHERTEXT), &result);
    if (error == KC_ERR_BAD_ARGUMENT)
        error = KC_ERR_DECRYPTION; /* of another size than the modulus */
    if (error == KC_OK)
        error = kc_call_set_secret(call, KC_FIELD_SECRET, result.octets, result.size);
    kc_wipe(&result, sizeof result);
    return error;
}

/* --- making --- */

/* The record's public half of what the root made. A u without a sign gets one here, for good: the
 * one whose v is even. */
static enum kc_error describe_made(const struct kc_root_made *made, struct kc_record *record)
{
    const struct kc_algorithm_info *info = kc_algorithm_info(made->algorithm);
    struct kc_span public = {made->public_key, made->public_size};
    uint8_t whole[KC_POINT_SIZE_MAX];
    if (info->family == KC_FAMILY_CURVE && info->use == KC_USE_AGREE) {
        struct kc_point point;
        if (kc_point_decode_unsigned(
                &point, (enum kc_curve)made->algorithm, public.bytes, public.size) != KC_OK)
            return KC_ERR_ROOT_ANSWER;
        kc_point_encode(&point, whole);
        public = (struct kc_span){whole, info->public_size};
    }
    if (public.size != info->public_size)
        return KC_ERR_ROOT_ANSWER;
    record->use = (uint8_t)made->use;
    return kc_record_of_octets(record, info, public);
}

/* Whether the store has what a vault that died had made decides its fate. */
static enum kc_error settle_left(
    struct kc_call *call, struct kc_vault_root root, const struct kc_root_made *left)
{
    static const uint8_t no_auth[KC_ROOT_AUTH_SIZE] = {0}; /* tokens have none */
    const struct kc_root_key named = {no_auth, {left->blob, left->blob_size}};
    struct kc_record described = {0}, *key = NULL;
    enum kc_error error = describe_made(left, &described);
    if (error == KC_OK)
        error = kc_call_own_key(call, kc_call_print(call, "%s", described.id), &key);
    if (error != KC_OK)
        return error;
    return key && key->state != KC_STATE_DESTROYED ? kc_vault_root_key_keep(root, &named)
                                                   : kc_vault_root_key_destroy(root, &named);
}

/*
 * Begins to make a key. Its tag is of this store's vault, and of this life of it: another custodian's
 * keys in the same token, which wait for their records there, are left alone. Where a root died over a
 * key, another life begins as soon as none is under way: what was left is of a former one then.
 */
static void begin(struct kc_call *call, uint8_t tag[static KC_ROOT_KEY_TAG_SIZE])
{
    struct kc_resident_life *life = &call->vault->resident;
    memcpy(tag, kc_keeper_maker(call->vault->keeper), KC_ROOT_MAKER_SIZE);
    pthread_mutex_lock(&call->vault->lock);
    if (life->has_left && life->under_way == 0) {
        randombytes_buf(life->tag, sizeof life->tag);
        life->has_left = false;
    }
    life->under_way++;
    memcpy(tag + KC_ROOT_MAKER_SIZE, life->tag, sizeof life->tag);
    pthread_mutex_unlock(&call->vault->lock);
}

/* error: what the root said last of the key */
static void end(struct kc_call *call, enum kc_error error)
{
    struct kc_resident_life *life = &call->vault->resident;
    pthread_mutex_lock(&call->vault->lock);
    life->under_way--;
    life->has_left = life->has_left || error != KC_OK;
    pthread_mutex_unlock(&call->vault->lock);
}

static enum kc_error clean_up(
    struct kc_call *call, struct kc_vault_root root, const uint8_t tag[static KC_ROOT_KEY_TAG_SIZE])
{
    struct kc_root_made left;
    enum kc_error error = kc_vault_root_key_left(root, tag, 0, &left);
    return error == KC_OK && left.blob_size > 0 ? settle_left(call, root, &left) : error;
}

/* *secret is given. */
static enum kc_error make(struct kc_call *call, struct kc_record *wanted,
    const struct kc_algorithm_info *info, const uint8_t tag[static KC_ROOT_KEY_TAG_SIZE],
    struct kc_secret *secret)
{
    KC_AUTO_SECRET auth = {0};
    struct kc_root_made made;
    struct kc_vault_root root;
    enum kc_error error = kc_keeper_root_of(call->vault->keeper, wanted, &root);
    if (error == KC_OK)
        error = clean_up(call, root, tag);
    if (error == KC_OK)
        error = kc_secret_init(&auth, KC_ROOT_AUTH_SIZE);
    if (error == KC_OK)
        error = kc_entropy_fill(call->vault->entropy, auth.bytes, auth.size);
    if (error == KC_OK)
        error = kc_vault_root_key_make(
            root, info->algorithm, (enum kc_use)wanted->use, auth.bytes, tag, &made);
    if (error == KC_OK && (made.algorithm != info->algorithm || made.use != wanted->use))
        error = KC_ERR_ROOT_ANSWER;
    if (error == KC_OK)
        error = describe_made(&made, wanted);
    if (error != KC_OK)
        return error;
    memcpy(wanted->seal, made.blob, made.blob_size);
    wanted->seal_size = (uint16_t)made.blob_size;
    *secret = kc_secret_take(&auth);
    return KC_OK;
}

enum kc_error kc_resident_generate(struct kc_call *call, struct kc_record *wanted,
    const struct kc_algorithm_info *info, struct kc_secret *secret)
{
    uint8_t tag[KC_ROOT_KEY_TAG_SIZE];
    begin(call, tag);
    enum kc_error error = make(call, wanted, info, tag, secret);
    if (error != KC_OK)
        end(call, error);
    return error;
}

static enum kc_error keep(struct kc_call *call, const struct kc_record *key)
{
    KC_AUTO_SECRET auth = {0};
    struct kc_vault_root root;
    enum kc_error error = open_auth(call, key, &auth);
    if (error == KC_OK)
        error = kc_keeper_root_of(call->vault->keeper, key, &root);
    const struct kc_root_key named = key_of(key, &auth);
    return error == KC_OK ? kc_vault_root_key_keep(root, &named) : error;
}

void kc_resident_keep(struct kc_call *call, const struct kc_record *key)
{
    end(call, keep(call, key));
}

static enum kc_error destroy(
    struct kc_call *call, const struct kc_record *key, const struct kc_secret *auth)
{
    const struct kc_root_key named = key_of(key, auth);
    struct kc_vault_root root;
    enum kc_error error = kc_keeper_root_of(call->vault->keeper, key, &root);
    return error == KC_OK ? kc_vault_root_key_destroy(root, &named) : error;
}

enum kc_error kc_resident_destroy(struct kc_call *call, const struct kc_record *key)
{
    KC_AUTO_SECRET auth = {0};
    enum kc_error error = open_auth(call, key, &auth);
    return error == KC_OK ? destroy(call, key, &auth) : error;
}

void kc_resident_discard(
    struct kc_call *call, const struct kc_record *wanted, const struct kc_secret *auth)
{
    end(call, destroy(call, wanted, auth));
}

void kc_resident_not_stored(struct kc_call *call)
{
    if (call->made_in_root)
        end(call, kc_resident_destroy(call, &call->changes[0]));
}
