/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGNATURE: the custodian signs, the default provider does all else.
 *
 * Each context has an inner one of the default provider, prepared to verify with the public half.
 * Paddings, hashes and whatever else a program sets are set there and read from there, so they are
 * checked, named and put into algorithm identifiers as OpenSSL does it; and verifying is that
 * context's work altogether.
 */
#include "pkcs11/provider/signing.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NAME_SIZE 64

struct signature {
    const struct kc_provider *provider;
    struct kc_key *key;
    EVP_MD_CTX *inner;        /* of the digest operations; NULL: of the plain ones */
    EVP_PKEY_CTX *parameters; /* with inner, inner's, else owned */
    EVP_MD_CTX *hash;         /* of what is to be signed; NULL: signed as it is */
};

static void *new_context(void *provider, const char *properties)
{
    (void)properties;
    struct signature *context = calloc(1, sizeof *context);
    if (context != NULL)
        context->provider = provider;
    return context;
}

/* Back to what new_context made. */
static void clear(struct signature *context)
{
    if (context->inner == NULL)
        EVP_PKEY_CTX_free(context->parameters);
    EVP_MD_CTX_free(context->inner);
    EVP_MD_CTX_free(context->hash);
    kc_key_free(context->key);
    *context = (struct signature){.provider = context->provider};
}

static void free_context(void *data)
{
    struct signature *context = data;
    if (context == NULL)
        return;
    clear(context);
    free(context);
}

static bool copy_inner(const struct signature *from, struct signature *to)
{
    if (from->inner == NULL) {
        to->parameters = from->parameters != NULL ? EVP_PKEY_CTX_dup(from->parameters) : NULL;
        return from->parameters == NULL || to->parameters != NULL;
    }
    to->inner = EVP_MD_CTX_new();
    if (to->inner == NULL || EVP_MD_CTX_copy_ex(to->inner, from->inner) != 1)
        return false;
    to->parameters = EVP_MD_CTX_get_pkey_ctx(to->inner);
    return true;
}

static void *duplicate(void *data)
{
    const struct signature *from = data;
    struct signature *to = calloc(1, sizeof *to);
    if (to == NULL)
        return NULL;
    to->provider = from->provider;
    bool done = copy_inner(from, to);
    if (done && from->hash != NULL) {
        to->hash = EVP_MD_CTX_new();
        done = to->hash != NULL && EVP_MD_CTX_copy_ex(to->hash, from->hash) == 1;
    }
    if (!done) {
        free_context(to);
        return NULL;
    }
    if (from->key != NULL)
        to->key = kc_key_share(from->key);
    return to;
}

/* --- beginning --- */

/* Takes the key, unless the same one is only begun with again. */
static bool take_key(struct signature *context, struct kc_key *key, bool signs)
{
    struct kc_key *next = key != NULL ? key : context->key;
    if (next == NULL || next->public == NULL || (signs && !kc_key_is_private(next)))
        return false;
    next = kc_key_share(next);
    clear(context);
    context->key = next;
    return true;
}

static bool begin(
    struct signature *context, struct kc_key *key, const OSSL_PARAM params[], bool signs)
{
    if (!take_key(context, key, signs))
        return false;
    context->parameters =
        EVP_PKEY_CTX_new_from_pkey(context->provider->library, context->key->public, NULL);
    return context->parameters != NULL && EVP_PKEY_verify_init_ex(context->parameters, params) == 1;
}

/* Prepares hashing with the hash that inner was prepared with. */
static bool begin_hash(struct signature *context, const char *name)
{
    EVP_MD *hash = EVP_MD_fetch(context->provider->library, name, NULL);
    context->hash = EVP_MD_CTX_new();
    bool done =
        hash != NULL && context->hash != NULL && EVP_DigestInit_ex2(context->hash, hash, NULL) == 1;
    EVP_MD_free(hash);
    return done;
}

static bool begin_digest(struct signature *context, const char *hash, struct kc_key *key,
    const OSSL_PARAM params[], bool signs)
{
    if (!take_key(context, key, signs))
        return false;
    context->inner = EVP_MD_CTX_new();
    if (context->inner == NULL ||
        EVP_DigestVerifyInit_ex(context->inner, &context->parameters, hash,
            context->provider->library, NULL, context->key->public, params) != 1)
        return false;
    const EVP_MD *chosen = EVP_MD_CTX_get0_md(context->inner);
    return !signs || chosen == NULL || begin_hash(context, EVP_MD_get0_name(chosen));
}

static int sign_init(void *context, void *key, const OSSL_PARAM params[])
{
    return begin(context, key, params, true);
}

static int verify_init(void *context, void *key, const OSSL_PARAM params[])
{
    return begin(context, key, params, false);
}

static int digest_sign_init(void *context, const char *hash, void *key, const OSSL_PARAM params[])
{
    return begin_digest(context, hash, key, params, true);
}

static int digest_verify_init(void *context, const char *hash, void *key, const OSSL_PARAM params[])
{
    return begin_digest(context, hash, key, params, false);
}

/* --- parameters --- */

static int get_params(void *data, OSSL_PARAM *params)
{
    const struct signature *context = data;
    return context->parameters != NULL && EVP_PKEY_CTX_get_params(context->parameters, params) == 1;
}

static int set_params(void *data, const OSSL_PARAM params[])
{
    const struct signature *context = data;
    return context->parameters != NULL && EVP_PKEY_CTX_set_params(context->parameters, params) == 1;
}

static const OSSL_PARAM *gettable(void *data, void *provider)
{
    const struct signature *context = data;
    (void)provider;
    return context != NULL && context->parameters != NULL
               ? EVP_PKEY_CTX_gettable_params(context->parameters)
               : NULL;
}

static const OSSL_PARAM *settable(void *data, void *provider)
{
    const struct signature *context = data;
    (void)provider;
    return context != NULL && context->parameters != NULL
               ? EVP_PKEY_CTX_settable_params(context->parameters)
               : NULL;
}

/* A text among inner's parameters; "" if it has none. */
static void get_text(
    const struct signature *context, const char *name, char text[static HASH_NAME_SIZE])
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(name, text, HASH_NAME_SIZE), OSSL_PARAM_construct_end()};
    text[0] = '\0';
    if (EVP_PKEY_CTX_get_params(context->parameters, params) != 1 ||
        OSSL_PARAM_modified(params) == 0)
        text[0] = '\0';
}

static bool get_number(const struct signature *context, const char *name, int *number)
{
    OSSL_PARAM params[] = {OSSL_PARAM_construct_int(name, number), OSSL_PARAM_construct_end()};
    return EVP_PKEY_CTX_get_params(context->parameters, params) == 1;
}

/* --- signing --- */

/* Octets of the salt: a number, or as long as the digest, or as fits (RFC 8017, 9.1.1). */
static bool find_salt_size(const struct signature *context, const char *hash, size_t *size)
{
    int salt;
    EVP_MD *fetched = EVP_MD_fetch(context->provider->library, hash, NULL);
    int digest = fetched != NULL ? EVP_MD_get_size(fetched) : 0;
    EVP_MD_free(fetched);
    if (digest <= 0 || !get_number(context, OSSL_SIGNATURE_PARAM_PSS_SALTLEN, &salt))
        return false;
    if (salt == RSA_PSS_SALTLEN_DIGEST)
        salt = digest;
    else if (salt < 0)
        salt = (EVP_PKEY_get_bits(context->key->public) - 1 + 7) / 8 - digest - 2;
    *size = (size_t)salt;
    return salt >= 0;
}

static bool find_padding(const struct signature *context, const char *hash, const char *mgf_hash,
    struct kc_signing *signing)
{
    int padding;
    if (!get_number(context, OSSL_SIGNATURE_PARAM_PAD_MODE, &padding))
        return false;
    if (padding == RSA_PKCS1_PADDING)
        return true;
    signing->pss = true;
    signing->mgf_hash = kc_signing_hash(context->provider, mgf_hash[0] != '\0' ? mgf_hash : hash);
    return padding == RSA_PKCS1_PSS_PADDING && signing->hash != NULL && signing->mgf_hash != NULL &&
           find_salt_size(context, hash, &signing->salt_size);
}

/* Says in the custodian's words how inner is parameterised. */
static bool describe(const struct signature *context, struct kc_signing *signing)
{
    char hash[HASH_NAME_SIZE], mgf_hash[HASH_NAME_SIZE];
    *signing = (struct kc_signing){.key = context->key};
    if (context->key->kind != &kc_key_kinds[KC_KIND_RSA])
        return true;
    get_text(context, OSSL_SIGNATURE_PARAM_DIGEST, hash);
    get_text(context, OSSL_SIGNATURE_PARAM_MGF1_DIGEST, mgf_hash);
    signing->hash = hash[0] != '\0' ? kc_signing_hash(context->provider, hash) : NULL;
    bool known = hash[0] == '\0' || signing->hash != NULL;
    return known && find_padding(context, hash, mgf_hash, signing);
}

static int sign(void *data, unsigned char *signature, size_t *size, size_t limit,
    const unsigned char *message, size_t message_size)
{
    const struct signature *context = data;
    struct kc_signing signing;
    if (context->key == NULL)
        return 0;
    if (signature == NULL) {
        *size = (size_t)EVP_PKEY_get_size(context->key->public);
        return 1;
    }
    if (!describe(context, &signing)) {
        kc_provider_raise(context->provider, KC_ERR_BAD_ALGORITHM, "this padding or this hash");
        return 0;
    }
    return kc_signing_sign(&signing, message, message_size, signature, limit, size) == KC_OK;
}

static int digest_sign_update(void *data, const unsigned char *bytes, size_t size)
{
    const struct signature *context = data;
    return context->hash != NULL && EVP_DigestUpdate(context->hash, bytes, size) == 1;
}

static int digest_sign_final(void *data, unsigned char *signature, size_t *size, size_t limit)
{
    const struct signature *context = data;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_size;
    if (context->hash == NULL)
        return 0;
    if (signature == NULL)
        return sign(data, NULL, size, 0, NULL, 0);
    return EVP_DigestFinal_ex(context->hash, digest, &digest_size) == 1 &&
           sign(data, signature, size, limit, digest, digest_size);
}

static int digest_sign(void *data, unsigned char *signature, size_t *size, size_t limit,
    const unsigned char *message, size_t message_size)
{
    const struct signature *context = data;
    if (signature == NULL || context->hash == NULL)
        return sign(data, signature, size, limit, message, message_size);
    return digest_sign_update(data, message, message_size) &&
           digest_sign_final(data, signature, size, limit);
}

/* --- verifying --- */

static int verify(void *data, const unsigned char *signature, size_t size,
    const unsigned char *message, size_t message_size)
{
    const struct signature *context = data;
    return EVP_PKEY_verify(context->parameters, signature, size, message, message_size) == 1;
}

static int digest_verify_update(void *data, const unsigned char *bytes, size_t size)
{
    const struct signature *context = data;
    return context->inner != NULL && EVP_DigestVerifyUpdate(context->inner, bytes, size) == 1;
}

static int digest_verify_final(void *data, const unsigned char *signature, size_t size)
{
    const struct signature *context = data;
    return context->inner != NULL && EVP_DigestVerifyFinal(context->inner, signature, size) == 1;
}

static int digest_verify(void *data, const unsigned char *signature, size_t size,
    const unsigned char *message, size_t message_size)
{
    const struct signature *context = data;
    return context->inner != NULL &&
           EVP_DigestVerify(context->inner, signature, size, message, message_size) == 1;
}

/* --- the tables --- */

#define ALL                                                                                        \
    KC_PROVIDER_ROW(OSSL_FUNC_SIGNATURE_NEWCTX, new_context),                                      \
        KC_PROVIDER_ROW(OSSL_FUNC_SIGNATURE_FREECTX, free_context),                                \
        KC_PROVIDER_ROW(OSSL_FUNC_SIGNATURE_DUPCTX, duplicate),                                    \
        KC_PROVIDER_ROW(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, digest_sign_init),                   \
        KC_PROVIDER_ROW(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, digest_sign),                             \
        KC_PROVIDER_ROW(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT, digest_verify_init),               \
        KC_PROVIDER_ROW(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY, digest_verify),                         \
        KC_PROVIDER_ROW(OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, get_params),                           \
        KC_PROVIDER_ROW(OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, gettable)

/* EdDSA signs messages, in one piece; the others digests too. */
static const OSSL_DISPATCH message_functions[] = {ALL, {0, NULL}};
static const OSSL_DISPATCH digest_functions[] = {ALL,
    KC_PROVIDER_ROW(OSSL_FUNC_SIGNATURE_SIGN_INIT, sign_init),
    KC_PROVIDER_ROW(OSSL_FUNC_SIGNATURE_SIGN, sign),
    KC_PROVIDER_ROW(OSSL_FUNC_SIGNATURE_VERIFY_INIT, verify_init),
    KC_PROVIDER_ROW(OSSL_FUNC_SIGNATURE_VERIFY, verify),
    KC_PROVIDER_ROW(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, digest_sign_update),
    KC_PROVIDER_ROW(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, digest_sign_final),
    KC_PROVIDER_ROW(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_UPDATE, digest_verify_update),
    KC_PROVIDER_ROW(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_FINAL, digest_verify_final),
    KC_PROVIDER_ROW(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, set_params),
    KC_PROVIDER_ROW(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, settable), {0, NULL}};

const OSSL_ALGORITHM kc_provider_signatures[] = {
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", KC_PROVIDER_PROPERTIES, digest_functions, "RSA"},
    {"ECDSA", KC_PROVIDER_PROPERTIES, digest_functions, "ECDSA"},
    {"ED25519:1.3.101.112", KC_PROVIDER_PROPERTIES, message_functions, "Ed25519"},
    {"ED448:1.3.101.113", KC_PROVIDER_PROPERTIES, message_functions, "Ed448"},
    {NULL, NULL, NULL, NULL}};
