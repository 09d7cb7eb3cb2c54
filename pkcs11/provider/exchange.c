/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KEYEXCH: the agreed octets, as they are, or what the key derivation of ANSI X9.63 makes of them,
 * which CMS asks for here (RFC 5753, 3).
 */
#include "pkcs11/provider/key.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#define PEER_MAX 97   /* octets: a point of P-384 */
#define SECRET_MAX 56 /* octets: X448 */
#define NAME_SIZE 64
#define UKM_MAX 1024 /* octets */

/* How keys are derived from the agreed octets. */
struct derivation {
    bool wanted;
    char hash[NAME_SIZE];
    size_t size;          /* octets to be derived */
    uint8_t ukm[UKM_MAX]; /* shared information */
    size_t ukm_size;
};

struct exchange {
    const struct kc_provider *provider;
    struct kc_key *key, *peer;
    struct derivation derivation;
};

static void *new_context(void *provider)
{
    struct exchange *context = calloc(1, sizeof *context);
    if (context != NULL)
        context->provider = provider;
    return context;
}

static void free_context(void *data)
{
    struct exchange *context = data;
    if (context == NULL)
        return;
    kc_key_free(context->key);
    kc_key_free(context->peer);
    free(context);
}

static void *duplicate(void *data)
{
    const struct exchange *from = data;
    struct exchange *to = calloc(1, sizeof *to);
    if (to == NULL)
        return NULL;
    to->provider = from->provider;
    to->derivation = from->derivation;
    to->key = from->key != NULL ? kc_key_share(from->key) : NULL;
    to->peer = from->peer != NULL ? kc_key_share(from->peer) : NULL;
    return to;
}

static bool set_type(struct derivation *derivation, const OSSL_PARAM *param)
{
    char name[NAME_SIZE], *at = name;
    if (param == NULL)
        return true;
    if (!OSSL_PARAM_get_utf8_string(param, &at, sizeof name))
        return false;
    derivation->wanted = name[0] != '\0';
    return !derivation->wanted || strcmp(name, OSSL_KDF_NAME_X963KDF) == 0;
}

static bool set_hash(struct derivation *derivation, const OSSL_PARAM *param)
{
    char *at = derivation->hash;
    return param == NULL || OSSL_PARAM_get_utf8_string(param, &at, sizeof derivation->hash);
}

static bool set_ukm(struct derivation *derivation, const OSSL_PARAM *param)
{
    void *at = derivation->ukm;
    return param == NULL ||
           OSSL_PARAM_get_octet_string(param, &at, sizeof derivation->ukm, &derivation->ukm_size);
}

/* The curves' cofactor is 1 or dealt with by the custodian, so that either mode is the same. */
static int set_params(void *data, const OSSL_PARAM params[])
{
    struct exchange *context = data;
    struct derivation next = context->derivation;
    const OSSL_PARAM *size = OSSL_PARAM_locate_const(params, OSSL_EXCHANGE_PARAM_KDF_OUTLEN);
    if (!set_type(&next, OSSL_PARAM_locate_const(params, OSSL_EXCHANGE_PARAM_KDF_TYPE)) ||
        !set_hash(&next, OSSL_PARAM_locate_const(params, OSSL_EXCHANGE_PARAM_KDF_DIGEST)) ||
        !set_ukm(&next, OSSL_PARAM_locate_const(params, OSSL_EXCHANGE_PARAM_KDF_UKM)) ||
        (size != NULL && !OSSL_PARAM_get_size_t(size, &next.size)))
        return 0;
    context->derivation = next;
    return 1;
}

static const OSSL_PARAM *settable(void *context, void *provider)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_int(OSSL_EXCHANGE_PARAM_EC_ECDH_COFACTOR_MODE, NULL),
        OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_TYPE, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_DIGEST, NULL, 0),
        OSSL_PARAM_size_t(OSSL_EXCHANGE_PARAM_KDF_OUTLEN, NULL),
        OSSL_PARAM_octet_string(OSSL_EXCHANGE_PARAM_KDF_UKM, NULL, 0), OSSL_PARAM_END};
    (void)context, (void)provider;
    return known;
}

static int init(void *data, void *given, const OSSL_PARAM params[])
{
    struct exchange *context = data;
    struct kc_key *key = given;
    context->derivation = (struct derivation){0};
    if (key == NULL || !kc_key_is_private(key) || (params != NULL && !set_params(context, params)))
        return 0;
    kc_key_free(context->key);
    context->key = kc_key_share(key);
    return 1;
}

static int set_peer(void *data, void *given)
{
    struct exchange *context = data;
    struct kc_key *peer = given;
    if (context->key == NULL || peer == NULL || peer->public == NULL ||
        EVP_PKEY_parameters_eq(context->key->public, peer->public) == 0)
        return 0;
    kc_key_free(context->peer);
    context->peer = kc_key_share(peer);
    return 1;
}

/* Octets that are agreed: of a curve's coordinate. */
static size_t secret_size(const struct kc_key *key)
{
    return ((size_t)EVP_PKEY_get_bits(key->public) + 7) / 8;
}

static enum kc_error agree(
    const struct exchange *context, struct kc_span peer, unsigned char *secret, size_t size)
{
    struct kc_client_request request;
    struct kc_client_answer *answer;
    uint8_t agreed[SECRET_MAX];
    size_t agreed_size;
    kc_client_request_init(&request, KC_OPERATION_KEY_AGREE);
    kc_values_set_text(&request.message.values, KC_FIELD_KEY, context->key->id);
    kc_values_set_span(&request.message.values, KC_FIELD_PEER, peer.bytes, peer.size);
    enum kc_error error = kc_provider_call(context->provider, &request, &answer);
    kc_client_request_done(&request);
    if (error != KC_OK)
        return error;
    error = kc_client_answer_secret(answer, &kc_client_answer_message(answer)->values,
        KC_FIELD_SECRET, agreed, sizeof agreed, &agreed_size);
    kc_client_answer_free(answer);
    if (error == KC_OK && agreed_size != size)
        error = KC_ERR_BAD_REPLY;
    if (error == KC_OK)
        memcpy(secret, agreed, size);
    else
        kc_provider_raise(context->provider, error, NULL);
    OPENSSL_cleanse(agreed, sizeof agreed);
    return error;
}

/* The default provider's X9.63 over the agreed octets. */
static bool derive_from(
    const struct exchange *context, uint8_t *agreed, size_t agreed_size, unsigned char *secret)
{
    struct derivation how = context->derivation;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, how.hash, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, agreed, agreed_size),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, how.ukm, how.ukm_size),
        OSSL_PARAM_construct_end()};
    EVP_KDF *kdf = EVP_KDF_fetch(context->provider->library, OSSL_KDF_NAME_X963KDF, NULL);
    EVP_KDF_CTX *derivation = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    bool done = derivation != NULL && EVP_KDF_derive(derivation, secret, how.size, params) == 1;
    EVP_KDF_CTX_free(derivation);
    EVP_KDF_free(kdf);
    return done;
}

/* Agrees with the peer, and derives if that is wanted. */
static bool produce(const struct exchange *context, unsigned char *secret, size_t size)
{
    uint8_t point[PEER_MAX], agreed[SECRET_MAX];
    struct kc_span peer = {point, 0};
    size_t agreed_size = secret_size(context->key);
    if (EVP_PKEY_get_octet_string_param(context->peer->public, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
            point, sizeof point, &peer.size) != 1 ||
        agree(context, peer, agreed, agreed_size) != KC_OK)
        return false;
    bool done = true;
    if (context->derivation.wanted)
        done = derive_from(context, agreed, agreed_size, secret);
    else
        memcpy(secret, agreed, size);
    OPENSSL_cleanse(agreed, sizeof agreed);
    return done;
}

static int derive(void *data, unsigned char *secret, size_t *size, size_t limit)
{
    const struct exchange *context = data;
    if (context->key == NULL || context->peer == NULL)
        return 0;
    size_t wanted =
        context->derivation.wanted ? context->derivation.size : secret_size(context->key);
    if (secret != NULL && (limit < wanted || !produce(context, secret, wanted)))
        return 0;
    *size = wanted;
    return 1;
}

static const OSSL_DISPATCH functions[] = {KC_PROVIDER_ROW(OSSL_FUNC_KEYEXCH_NEWCTX, new_context),
    KC_PROVIDER_ROW(OSSL_FUNC_KEYEXCH_FREECTX, free_context),
    KC_PROVIDER_ROW(OSSL_FUNC_KEYEXCH_DUPCTX, duplicate),
    KC_PROVIDER_ROW(OSSL_FUNC_KEYEXCH_INIT, init),
    KC_PROVIDER_ROW(OSSL_FUNC_KEYEXCH_SET_PEER, set_peer),
    KC_PROVIDER_ROW(OSSL_FUNC_KEYEXCH_DERIVE, derive),
    KC_PROVIDER_ROW(OSSL_FUNC_KEYEXCH_SET_CTX_PARAMS, set_params),
    KC_PROVIDER_ROW(OSSL_FUNC_KEYEXCH_SETTABLE_CTX_PARAMS, settable), {0, NULL}};

const OSSL_ALGORITHM kc_provider_exchanges[] = {{"ECDH", KC_PROVIDER_PROPERTIES, functions, "ECDH"},
    {"X25519:1.3.101.110", KC_PROVIDER_PROPERTIES, functions, "X25519"},
    {"X448:1.3.101.111", KC_PROVIDER_PROPERTIES, functions, "X448"}, {NULL, NULL, NULL, NULL}};
