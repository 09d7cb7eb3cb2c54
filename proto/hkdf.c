/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/hkdf.h"

#include "base/secret.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <string.h>

static const EVP_MD *hash_method(enum kc_hash hash)
{
    switch (hash) {
    case KC_HASH_SHA256:
        return EVP_sha256();
    case KC_HASH_SHA512:
        return EVP_sha512();
    case KC_HASH_SHA3_512:
        return EVP_sha3_512();
    }
    return NULL;
}

size_t kc_hash_size(enum kc_hash hash)
{
    return hash == KC_HASH_SHA256 ? 32 : 64;
}

enum kc_error kc_hash_digest(
    enum kc_hash hash, struct kc_span octets, uint8_t digest[KC_HASH_SIZE_MAX])
{
    uint8_t result[EVP_MAX_MD_SIZE];
    if (EVP_Digest(octets.bytes, octets.size, result, NULL, hash_method(hash), NULL) != 1)
        return KC_ERR_NO_MEMORY;
    memcpy(digest, result, kc_hash_size(hash));
    kc_wipe(result, sizeof result);
    return KC_OK;
}

enum kc_error kc_hmac(
    enum kc_hash hash, struct kc_span key, struct kc_span octets, uint8_t mac[KC_HASH_SIZE_MAX])
{
    static const uint8_t nothing[1]; /* HMAC takes a NULL key for "the key of before" */
    uint8_t result[EVP_MAX_MD_SIZE];
    if (key.size > INT_MAX)
        return KC_ERR_BAD_ARGUMENT;
    const void *key_bytes = key.size > 0 ? key.bytes : nothing;
    if (HMAC(hash_method(hash), key_bytes, (int)key.size, octets.bytes, octets.size, result,
            NULL) == NULL)
        return KC_ERR_NO_MEMORY;
    memcpy(mac, result, kc_hash_size(hash));
    kc_wipe(result, sizeof result);
    return KC_OK;
}

static EVP_KDF_CTX *hkdf_context(void)
{
    EVP_KDF *method = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = method != NULL ? EVP_KDF_CTX_new(method) : NULL;
    EVP_KDF_free(method);
    return context;
}

/* libcrypto's parameters take writable pointers and do not write to them. */
static void *unconst(const void *bytes)
{
    return (void *)(uintptr_t)bytes; /* NOLINT(performance-no-int-to-ptr): there is no other way */
}

static OSSL_PARAM octets_parameter(const char *name, struct kc_span octets)
{
    return OSSL_PARAM_construct_octet_string(name, unconst(octets.bytes), octets.size);
}

enum kc_error kc_hkdf_expand(enum kc_hash hash, struct kc_span pseudo_random_key,
    struct kc_span info, uint8_t *out, size_t out_size)
{
    if (out_size == 0 || out_size > 255 * kc_hash_size(hash))
        return KC_ERR_BAD_ARGUMENT;
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    OSSL_PARAM parameters[5], *next = parameters;
    *next++ = OSSL_PARAM_construct_utf8_string(
        OSSL_KDF_PARAM_DIGEST, unconst(EVP_MD_get0_name(hash_method(hash))), 0);
    *next++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
    *next++ = octets_parameter(OSSL_KDF_PARAM_KEY, pseudo_random_key);
    if (info.size > 0)
        *next++ = octets_parameter(OSSL_KDF_PARAM_INFO, info);
    *next = OSSL_PARAM_construct_end();
    EVP_KDF_CTX *context = hkdf_context();
    bool done = context != NULL && EVP_KDF_derive(context, out, out_size, parameters) == 1;
    EVP_KDF_CTX_free(context);
    return done ? KC_OK : KC_ERR_NO_MEMORY;
}

enum kc_error kc_hkdf(enum kc_hash hash, struct kc_span key, struct kc_span salt,
    struct kc_span info, uint8_t *out, size_t out_size)
{
    uint8_t pseudo_random_key[KC_HASH_SIZE_MAX];
    enum kc_error error = kc_hmac(hash, salt, key, pseudo_random_key);
    if (error == KC_OK)
        error = kc_hkdf_expand(
            hash, (struct kc_span){pseudo_random_key, kc_hash_size(hash)}, info, out, out_size);
    kc_wipe(pseudo_random_key, sizeof pseudo_random_key);
    return error;
}
