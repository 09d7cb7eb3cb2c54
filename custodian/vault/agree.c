/* SPDX-License-Identifier: Apache-2.0 */
/* Agreement by shares, and opening what is encrypted to a key, whole or split. */
#include "custodian/vault/access.h"
#include "custodian/vault/ask.h"
#include "custodian/vault/core.h"
#include "custodian/vault/key.h"
#include "custodian/vault/operations.h"
#include "custodian/vault/resident.h"
#include "proto/hkdf.h"
#include "threshold/agreement.h"

#include <openssl/evp.h>
#include <string.h>

#define SEED_SIZE 32 /* base seed of a DARE envelope */
#define WRAPPED_SIZE (SEED_SIZE + 8)

/* A point of the request, in the signed encoding of the key's curve, fully checked. */
static enum kc_error read_point(
    struct kc_call *call, enum kc_field field, const struct kc_record *key, struct kc_point *point)
{
    struct kc_span span = kc_call_field(call, field);
    return kc_point_decode(point, (enum kc_curve)key->algorithm, span.bytes, span.size);
}

/* --- agreement-contribute --- */

/* A scalar of the request; *chosen is NULL if it is not there. */
static enum kc_error read_scalar(struct kc_call *call, enum kc_field field,
    const struct kc_record *key, struct kc_scalar *scalar, const struct kc_scalar **chosen)
{
    *chosen = NULL;
    if (!kc_call_has(call, field))
        return KC_OK;
    struct kc_span span = kc_call_field(call, field);
    enum kc_error error =
        kc_scalar_decode(scalar, (enum kc_curve)key->algorithm, span.bytes, span.size);
    if (error == KC_OK)
        *chosen = scalar;
    return error;
}

static enum kc_error contribute(struct kc_call *call, const struct kc_record *key,
    const struct kc_point *peer, struct kc_point *contribution)
{
    KC_AUTO_MATERIAL material = {0};
    KC_AUTO_SCALAR coefficient = {0}, offset = {0};
    const struct kc_scalar *l, *c;
    enum kc_error error = read_scalar(call, KC_FIELD_COEFFICIENT, key, &coefficient, &l);
    if (error == KC_OK)
        error = read_scalar(call, KC_FIELD_OFFSET, key, &offset, &c);
    if (error == KC_OK && kc_resident_is(key))
        return kc_resident_contribute(call, key, l, c, peer, contribution);
    if (error == KC_OK)
        error = kc_call_material(call, key, &material);
    if (error == KC_OK)
        error = kc_agreement_contribute(contribution, &material.key.scalar, l, c, peer);
    return error;
}

enum kc_error kc_vault_agreement_contribute(struct kc_call *call)
{
    struct kc_record *key;
    struct kc_point peer;
    KC_AUTO_POINT contribution = {0};
    uint8_t encoded[KC_POINT_SIZE_MAX];
    enum kc_error error = kc_call_key(call, &key);
    if (error == KC_OK)
        error = read_point(call, KC_FIELD_PEER, key, &peer);
    if (error == KC_OK)
        error = contribute(call, key, &peer, &contribution);
    if (error != KC_OK)
        return error;
    kc_point_encode(&contribution, encoded);
    kc_call_set_octets(call, KC_FIELD_CONTRIBUTION, encoded, kc_curve_info(peer.curve)->point_size);
    kc_wipe(encoded, sizeof encoded);
    return KC_OK;
}

/* --- agreement-combine, decrypt --- */

static enum kc_error ask_for_contribution(
    struct kc_call *call, const struct kc_record *key, const struct kc_point *peer)
{
    struct kc_values *values;
    enum kc_error error =
        kc_call_begin_question(call, key, KC_OPERATION_AGREEMENT_CONTRIBUTE, &values);
    if (error != KC_OK)
        return error;
    uint8_t *encoded = kc_call_keep(call, KC_POINT_SIZE_MAX);
    kc_point_encode(peer, encoded);
    kc_values_set_span(values, KC_FIELD_PEER, encoded, kc_curve_info(peer->curve)->point_size);
    call->wish = KC_WISH_ASK;
    return KC_ERR_UNAVAILABLE;
}

/* The other party's contribution: the caller has brought it, or the peer is asked. */
static enum kc_error find_contribution(struct kc_call *call, const struct kc_record *key,
    const struct kc_point *peer, struct kc_point *contribution)
{
    const struct kc_values *answer;
    if (kc_call_has(call, KC_FIELD_CONTRIBUTION))
        return read_point(call, KC_FIELD_CONTRIBUTION, key, contribution);
    enum kc_error error = kc_call_peer_answer(call, &answer);
    if (error == KC_OK && !answer)
        return ask_for_contribution(call, key, peer);
    if (error != KC_OK)
        return error;
    struct kc_span span = answer->value[KC_FIELD_CONTRIBUTION].span;
    return kc_point_decode(contribution, (enum kc_curve)key->algorithm, span.bytes, span.size);
}

enum kc_error kc_call_agree_with_other(struct kc_call *call, const struct kc_record *key,
    const struct kc_point *peer, uint8_t agreed[static KC_POINT_SIZE_MAX])
{
    struct kc_point both[2] = {0}; /* secret */
    enum kc_error error = find_contribution(call, key, peer, &both[1]);
    if (error == KC_OK)
        error = contribute(call, key, peer, &both[0]);
    if (error == KC_OK)
        error = kc_agreement_combine(agreed, both, 2);
    kc_wipe(both, sizeof both);
    return error;
}

static enum kc_error agree_alone(struct kc_call *call, const struct kc_record *key,
    const struct kc_point *peer, uint8_t agreed[static KC_POINT_SIZE_MAX])
{
    KC_AUTO_MATERIAL material = {0};
    if (kc_call_has(call, KC_FIELD_CONTRIBUTION)) {
        kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[KC_FIELD_CONTRIBUTION].name);
        return KC_ERR_BAD_ARGUMENT; /* it would change nothing, and the caller thinks it does */
    }
    if (kc_resident_is(key)) {
        KC_AUTO_POINT whole = {0};
        enum kc_error error = kc_resident_contribute(call, key, NULL, NULL, peer, &whole);
        return error == KC_OK ? kc_agreement_combine(agreed, &whole, 1) : error;
    }
    enum kc_error error = kc_call_material(call, key, &material);
    return error == KC_OK ? kc_agreement_agree(agreed, &material.key.scalar, peer) : error;
}

enum kc_error kc_call_agree_for_opening(struct kc_call *call, const struct kc_record *key,
    const struct kc_point *peer, uint8_t agreed[static KC_POINT_SIZE_MAX])
{
    return key->role == KC_ROLE_SHARE ? kc_call_agree_with_other(call, key, peer, agreed)
                                      : agree_alone(call, key, peer, agreed);
}

/* The agreed octets Z of the key that the request names. */
static enum kc_error agree(
    struct kc_call *call, uint8_t agreed[static KC_POINT_SIZE_MAX], size_t *size)
{
    struct kc_record *key;
    struct kc_point peer;
    enum kc_error error = kc_call_key(call, &key);
    if (error == KC_OK)
        error = read_point(call, KC_FIELD_PEER, key, &peer);
    if (error != KC_OK)
        return error;
    *size = kc_curve_info(peer.curve)->agreed_size;
    return kc_call_agree_for_opening(call, key, &peer, agreed);
}

enum kc_error kc_vault_agreement_combine(struct kc_call *call)
{
    uint8_t agreed[KC_POINT_SIZE_MAX]; /* secret */
    size_t size;
    enum kc_error error = agree(call, agreed, &size);
    if (error == KC_OK)
        error = kc_call_set_secret(call, KC_FIELD_SECRET, agreed, size);
    kc_wipe(agreed, sizeof agreed);
    return error;
}

/* RFC 3394. What does not unwrap was not wrapped under this key. */
static enum kc_error unwrap(
    const uint8_t key[static 32], struct kc_span wrapped, uint8_t seed[static WRAPPED_SIZE])
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int size = 0;
    if (!context)
        return KC_ERR_NO_MEMORY;
    EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    bool good = EVP_DecryptInit_ex(context, EVP_aes_256_wrap(), NULL, key, NULL) == 1 &&
                EVP_DecryptUpdate(context, seed, &size, wrapped.bytes, (int)wrapped.size) == 1 &&
                size == SEED_SIZE;
    EVP_CIPHER_CTX_free(context);
    return good ? KC_OK : KC_ERR_DECRYPTION;
}

/* mesh-recipient: KEK = HKDF-SHA-512(Z, salt empty, info, 32). */
static enum kc_error open_seed(
    struct kc_call *call, struct kc_span agreed, uint8_t seed[static WRAPPED_SIZE])
{
    uint8_t key[32]; /* secret */
    struct kc_span wrapped = kc_call_field(call, KC_FIELD_WRAPPED);
    enum kc_error error = wrapped.size == WRAPPED_SIZE ? KC_OK : KC_ERR_DECRYPTION;
    if (error == KC_OK)
        error = kc_hkdf(KC_HASH_SHA512, agreed, (struct kc_span){NULL, 0},
            kc_call_field(call, KC_FIELD_KEK_INFO), key, sizeof key);
    if (error == KC_OK)
        error = unwrap(key, wrapped, seed);
    kc_wipe(key, sizeof key);
    return error;
}

enum kc_error kc_vault_decrypt(struct kc_call *call)
{
    uint8_t agreed[KC_POINT_SIZE_MAX], seed[WRAPPED_SIZE]; /* secret */
    size_t size;
    enum kc_error error = agree(call, agreed, &size);
    if (error == KC_OK)
        error = open_seed(call, (struct kc_span){agreed, size}, seed);
    if (error == KC_OK)
        error = kc_call_set_secret(call, KC_FIELD_SECRET, seed, SEED_SIZE);
    kc_wipe(agreed, sizeof agreed);
    kc_wipe(seed, sizeof seed);
    return error;
}
