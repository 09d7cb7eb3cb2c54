/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ASYM_CIPHER: RSA decryption, with OAEP or PKCS #1. As in signature.c, an inner context of the
 * default provider, prepared to encrypt, has the parameters.
 */
#include "pkcs11/provider/signing.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NAME_SIZE 64
#define CLEAR_MAX 512 /* octets: the modulus of RSA-4096 */

struct cipher {
    const struct kc_provider *provider;
    struct kc_key *key;
    EVP_PKEY_CTX *inner;
};

static void *new_context(void *provider)
{
    struct cipher *context = calloc(1, sizeof *context);
    if (context != NULL)
        context->provider = provider;
    return context;
}

static void free_context(void *data)
{
    struct cipher *context = data;
    if (context == NULL)
        return;
    EVP_PKEY_CTX_free(context->inner);
    kc_key_free(context->key);
    free(context);
}

static bool begin(struct cipher *context, struct kc_key *key, const OSSL_PARAM params[])
{
    if (key->public == NULL)
        return false;
    EVP_PKEY_CTX_free(context->inner);
    context->inner = EVP_PKEY_CTX_new_from_pkey(context->provider->library, key->public, NULL);
    kc_key_free(context->key);
    context->key = kc_key_share(key);
    return context->inner != NULL && EVP_PKEY_encrypt_init_ex(context->inner, params) == 1;
}

static int encrypt_init(void *context, void *key, const OSSL_PARAM params[])
{
    return key != NULL && begin(context, key, params);
}

static int decrypt_init(void *context, void *key, const OSSL_PARAM params[])
{
    return key != NULL && kc_key_is_private(key) && begin(context, key, params);
}

static int encrypt(void *data, unsigned char *out, size_t *size, size_t limit,
    const unsigned char *in, size_t in_size)
{
    const struct cipher *context = data;
    *size = limit;
    return context->inner != NULL && EVP_PKEY_encrypt(context->inner, out, size, in, in_size) == 1;
}

/* --- parameters --- */

static int get_params(void *data, OSSL_PARAM *params)
{
    const struct cipher *context = data;
    return context->inner != NULL && EVP_PKEY_CTX_get_params(context->inner, params) == 1;
}

static int set_params(void *data, const OSSL_PARAM params[])
{
    const struct cipher *context = data;
    return context->inner != NULL && EVP_PKEY_CTX_set_params(context->inner, params) == 1;
}

static const OSSL_PARAM *gettable(void *data, void *provider)
{
    const struct cipher *context = data;
    (void)provider;
    return context != NULL && context->inner != NULL ? EVP_PKEY_CTX_gettable_params(context->inner)
                                                     : NULL;
}

static const OSSL_PARAM *settable(void *data, void *provider)
{
    const struct cipher *context = data;
    (void)provider;
    return context != NULL && context->inner != NULL ? EVP_PKEY_CTX_settable_params(context->inner)
                                                     : NULL;
}

/* --- decrypting --- */

static bool fill_oaep(const struct cipher *context, struct kc_values *values)
{
    char hash[HASH_NAME_SIZE] = "", mgf_hash[HASH_NAME_SIZE] = "";
    void *label = NULL;
    size_t size = 0;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, hash, sizeof hash),
        OSSL_PARAM_construct_utf8_string(
            OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, mgf_hash, sizeof mgf_hash),
        OSSL_PARAM_construct_octet_ptr(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, &label, 0),
        OSSL_PARAM_construct_end()};
    if (EVP_PKEY_CTX_get_params(context->inner, params) != 1)
        return false;
    size = OSSL_PARAM_modified(&params[2]) ? params[2].return_size : 0;
    const char *named = kc_signing_hash(context->provider, hash[0] != '\0' ? hash : "SHA1");
    const char *mgf = kc_signing_hash(context->provider, mgf_hash[0] != '\0' ? mgf_hash : hash);
    if (named == NULL)
        return false;
    kc_values_set_text(values, KC_FIELD_SCHEME, "oaep");
    kc_values_set_text(values, KC_FIELD_HASH, named);
    kc_values_set_text(values, KC_FIELD_MGF_HASH, mgf != NULL ? mgf : named);
    if (label != NULL && size > 0)
        kc_values_set_span(values, KC_FIELD_OAEP_LABEL, label, size);
    return true;
}

/* Says in the custodian's words how inner is parameterised. The label stays inner's. */
static bool fill(const struct cipher *context, struct kc_values *values)
{
    int padding;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_int(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, &padding),
        OSSL_PARAM_construct_end()};
    if (EVP_PKEY_CTX_get_params(context->inner, params) != 1)
        return false;
    kc_values_set_text(values, KC_FIELD_KEY, context->key->id);
    kc_values_set_text(values, KC_FIELD_SCHEME, "pkcs1");
    return padding == RSA_PKCS1_PADDING ||
           (padding == RSA_PKCS1_OAEP_PADDING && fill_oaep(context, values));
}

static enum kc_error ask(const struct cipher *context, struct kc_client_request *request,
    unsigned char *out, size_t limit, size_t *size)
{
    struct kc_client_answer *answer;
    enum kc_error error = kc_provider_call(context->provider, request, &answer);
    if (error != KC_OK)
        return error;
    error = kc_client_answer_secret(
        answer, &kc_client_answer_message(answer)->values, KC_FIELD_SECRET, out, limit, size);
    kc_client_answer_free(answer);
    if (error != KC_OK)
        kc_provider_raise(context->provider, error, NULL);
    return error;
}

static int decrypt(void *data, unsigned char *out, size_t *size, size_t limit,
    const unsigned char *in, size_t in_size)
{
    const struct cipher *context = data;
    struct kc_client_request request;
    uint8_t clear[CLEAR_MAX];
    size_t clear_size;
    if (context->key == NULL)
        return 0;
    if (out == NULL) {
        *size = (size_t)EVP_PKEY_get_size(context->key->public);
        return 1;
    }
    kc_client_request_init(&request, KC_OPERATION_KEY_DECRYPT);
    bool done = fill(context, &request.message.values);
    if (!done)
        kc_provider_raise(context->provider, KC_ERR_BAD_ALGORITHM, "this padding or this hash");
    kc_values_set_span(&request.message.values, KC_FIELD_CIPHERTEXT, in, in_size);
    done = done && ask(context, &request, clear, sizeof clear, &clear_size) == KC_OK &&
           clear_size <= limit;
    kc_client_request_done(&request);
    if (done) {
        memcpy(out, clear, clear_size);
        *size = clear_size;
    }
    OPENSSL_cleanse(clear, sizeof clear);
    return done;
}

static const OSSL_DISPATCH functions[] = {
    KC_PROVIDER_ROW(OSSL_FUNC_ASYM_CIPHER_NEWCTX, new_context),
    KC_PROVIDER_ROW(OSSL_FUNC_ASYM_CIPHER_FREECTX, free_context),
    KC_PROVIDER_ROW(OSSL_FUNC_ASYM_CIPHER_ENCRYPT_INIT, encrypt_init),
    KC_PROVIDER_ROW(OSSL_FUNC_ASYM_CIPHER_ENCRYPT, encrypt),
    KC_PROVIDER_ROW(OSSL_FUNC_ASYM_CIPHER_DECRYPT_INIT, decrypt_init),
    KC_PROVIDER_ROW(OSSL_FUNC_ASYM_CIPHER_DECRYPT, decrypt),
    KC_PROVIDER_ROW(OSSL_FUNC_ASYM_CIPHER_GET_CTX_PARAMS, get_params),
    KC_PROVIDER_ROW(OSSL_FUNC_ASYM_CIPHER_GETTABLE_CTX_PARAMS, gettable),
    KC_PROVIDER_ROW(OSSL_FUNC_ASYM_CIPHER_SET_CTX_PARAMS, set_params),
    KC_PROVIDER_ROW(OSSL_FUNC_ASYM_CIPHER_SETTABLE_CTX_PARAMS, settable), {0, NULL}};

const OSSL_ALGORITHM kc_provider_ciphers[] = {
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", KC_PROVIDER_PROPERTIES, functions, "RSA"},
    {NULL, NULL, NULL, NULL}};
