/* SPDX-License-Identifier: Apache-2.0 */
/* Signing, verifying and decrypting. */
#include "custodian/vault/evp_parts.h"
#include "custodian/vault/key.h"
#include "custodian/vault/unpad.h"

#include <openssl/rsa.h>

#define ECDSA_DIGEST_MAX 64

/* --- signing --- */

/* What goes into the signature: the digest, or the octets as they came. */
static enum kc_error make_digest(const struct kc_evp_scheme *scheme, struct kc_span message,
    uint8_t room[static EVP_MAX_MD_SIZE], struct kc_span *digest)
{
    *digest = message;
    if (!scheme->hash)
        return KC_OK;
    if (scheme->hashed)
        return message.size == scheme->hash->size ? KC_OK : KC_ERR_BAD_ARGUMENT;
    *digest = (struct kc_span){room, scheme->hash->size};
    return kc_evp_outcome(
        EVP_Digest(message.bytes, message.size, room, NULL, scheme->hash->md(), NULL) == 1,
        KC_ERR_NO_MEMORY);
}

static bool fits(
    const struct kc_algorithm_info *info, const struct kc_evp_scheme *scheme, struct kc_span digest)
{
    switch (scheme->padding) {
    case KC_EVP_ECDSA:
        return digest.size >= 1 && digest.size <= ECDSA_DIGEST_MAX;
    case KC_EVP_PKCS1:
        return scheme->hash || digest.size <= info->modulus_size - 11;
    case KC_EVP_PSS:
        return scheme->hash && scheme->mgf &&
               scheme->salt_size + digest.size + 2 <= info->modulus_size;
    case KC_EVP_OAEP:
        break;
    }
    return false;
}

static bool set_padding(EVP_PKEY_CTX *context, const struct kc_evp_scheme *scheme)
{
    bool pss = scheme->padding == KC_EVP_PSS;
    if (scheme->padding == KC_EVP_ECDSA)
        return true;
    return EVP_PKEY_CTX_set_rsa_padding(context, pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) ==
               1 &&
           (!scheme->hash || EVP_PKEY_CTX_set_signature_md(context, scheme->hash->md()) == 1) &&
           (!pss || (EVP_PKEY_CTX_set_rsa_mgf1_md(context, scheme->mgf->md()) == 1 &&
                        EVP_PKEY_CTX_set_rsa_pss_saltlen(context, (int)scheme->salt_size) == 1));
}

/* r || s of one size, from the DER that libcrypto makes. */
static bool flatten(const uint8_t *der, size_t size, uint8_t *signature, size_t half)
{
    ECDSA_SIG *read = d2i_ECDSA_SIG(NULL, &der, (long)size);
    bool good = read && BN_bn2binpad(ECDSA_SIG_get0_r(read), signature, (int)half) == (int)half &&
                BN_bn2binpad(ECDSA_SIG_get0_s(read), signature + half, (int)half) == (int)half;
    ECDSA_SIG_free(read);
    return good;
}

enum kc_error kc_evp_sign(EVP_PKEY *key, const struct kc_algorithm_info *info,
    const struct kc_evp_scheme *scheme, struct kc_span message,
    uint8_t signature[static KC_ALGORITHM_SIGNATURE_MAX])
{
    uint8_t room[EVP_MAX_MD_SIZE], made[KC_ALGORITHM_SIGNATURE_MAX];
    size_t size = sizeof made;
    struct kc_span digest;
    enum kc_error error = make_digest(scheme, message, room, &digest);
    if (error == KC_OK && !fits(info, scheme, digest))
        error = KC_ERR_BAD_ARGUMENT;
    if (error != KC_OK)
        return error;
    KC_EVP_AUTO(kc_evp_free_context)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool good = context && EVP_PKEY_sign_init(context) == 1 && set_padding(context, scheme) &&
                EVP_PKEY_sign(context, made, &size, digest.bytes, digest.size) == 1;
    if (good && scheme->padding == KC_EVP_ECDSA)
        good = flatten(made, size, signature, info->signature_size / 2);
    else if (good)
        memcpy(signature, made, info->signature_size);
    return kc_evp_outcome(good, KC_ERR_NO_MEMORY);
}

/* --- verifying --- */

/* The DER that libcrypto reads, from r || s; given: OPENSSL_free. */
static bool unflatten(struct kc_span signature, uint8_t **der, size_t *size)
{
    int half = (int)signature.size / 2;
    BIGNUM *r = BN_bin2bn(signature.bytes, half, NULL);
    BIGNUM *s = BN_bin2bn(signature.bytes + half, half, NULL);
    ECDSA_SIG *made = ECDSA_SIG_new();
    if (!r || !s || !made || ECDSA_SIG_set0(made, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(made);
        return false;
    }
    *der = NULL;
    int written = i2d_ECDSA_SIG(made, der);
    ECDSA_SIG_free(made);
    *size = written > 0 ? (size_t)written : 0;
    return written > 0;
}

static enum kc_error verify_digest(EVP_PKEY *key, const struct kc_evp_scheme *scheme,
    struct kc_span digest, struct kc_span signature)
{
    uint8_t *der = NULL;
    size_t size = 0;
    KC_EVP_AUTO(kc_evp_free_context)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool ready = context && EVP_PKEY_verify_init(context) == 1 && set_padding(context, scheme);
    if (ready && scheme->padding == KC_EVP_ECDSA) {
        ready = unflatten(signature, &der, &size);
        signature = (struct kc_span){der, size};
    }
    bool good = ready && EVP_PKEY_verify(context, signature.bytes, signature.size, digest.bytes,
                             digest.size) == 1;
    OPENSSL_free(der);
    return kc_evp_outcome(good, ready ? KC_ERR_SIGNATURE : KC_ERR_NO_MEMORY);
}

enum kc_error kc_evp_verify(const struct kc_algorithm_info *info, struct kc_span public,
    const struct kc_evp_scheme *scheme, struct kc_span message, struct kc_span signature)
{
    uint8_t room[EVP_MAX_MD_SIZE];
    struct kc_span digest;
    EVP_PKEY *key = NULL;
    enum kc_error error = make_digest(scheme, message, room, &digest);
    if (error == KC_OK && !fits(info, scheme, digest))
        error = KC_ERR_BAD_ARGUMENT;
    if (error == KC_OK)
        error = kc_evp_open_public(info, public, &key);
    if (error == KC_OK && signature.size != info->signature_size)
        error = KC_ERR_SIGNATURE;
    if (error == KC_OK)
        error = verify_digest(key, scheme, digest, signature);
    EVP_PKEY_free(key);
    return error;
}

/* --- decrypting --- */

static bool set_oaep(EVP_PKEY_CTX *context, const struct kc_evp_scheme *scheme)
{
    if (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_oaep_md(context, scheme->hash->md()) != 1 ||
        EVP_PKEY_CTX_set_rsa_mgf1_md(context, scheme->mgf->md()) != 1)
        return false;
    if (scheme->label.size == 0)
        return true;
    uint8_t *label = OPENSSL_memdup(scheme->label.bytes, scheme->label.size);
    if (label && EVP_PKEY_CTX_set0_rsa_oaep_label(context, label, (int)scheme->label.size) == 1)
        return true; /* it has the label now */
    OPENSSL_free(label);
    return false;
}

/* *size: octets of plain, which has room for a modulus. */
static enum kc_error run_decrypt(EVP_PKEY *key, const struct kc_evp_scheme *scheme,
    struct kc_span ciphertext, uint8_t *plain, size_t *size)
{
    KC_EVP_AUTO(kc_evp_free_context)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool ready = context && EVP_PKEY_decrypt_init(context) == 1 &&
                 (scheme->padding == KC_EVP_OAEP
                         ? set_oaep(context, scheme)
                         : EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1);
    if (!ready)
        return kc_evp_outcome(false, KC_ERR_NO_MEMORY);
    return kc_evp_outcome(
        EVP_PKEY_decrypt(context, plain, size, ciphertext.bytes, ciphertext.size) == 1,
        KC_ERR_DECRYPTION);
}

/* The secret that other octets are made from: a digest of the private exponent. */
static enum kc_error digest_exponent(
    const EVP_PKEY *key, size_t modulus_size, uint8_t digest[static EVP_MAX_MD_SIZE])
{
    uint8_t exponent[KC_EVP_MODULUS_MAX]; /* secret */
    bool good = kc_evp_read_number(key, OSSL_PKEY_PARAM_RSA_D, exponent, modulus_size) &&
                EVP_Digest(exponent, modulus_size, digest, NULL, EVP_sha256(), NULL) == 1;
    kc_wipe(exponent, sizeof exponent);
    return kc_evp_outcome(good, KC_ERR_NO_MEMORY);
}

static enum kc_error unpad(
    const EVP_PKEY *key, struct kc_span ciphertext, uint8_t *encoded, size_t size, size_t *start)
{
    uint8_t digest[EVP_MAX_MD_SIZE]; /* secret */
    enum kc_error error = digest_exponent(key, size, digest);
    if (error == KC_OK)
        error = kc_unpad_pkcs1(encoded, size, (struct kc_span){digest, 32}, ciphertext, start);
    kc_wipe(digest, sizeof digest);
    return error;
}

enum kc_error kc_evp_decrypt(EVP_PKEY *key, const struct kc_algorithm_info *info,
    const struct kc_evp_scheme *scheme, struct kc_span ciphertext, struct kc_secret *plain)
{
    uint8_t block[KC_EVP_MODULUS_MAX]; /* secret */
    size_t size = sizeof block, start = 0;
    if (ciphertext.size != info->modulus_size)
        return KC_ERR_DECRYPTION;
    KC_AUTO_SECRET made = {0};
    enum kc_error error = run_decrypt(key, scheme, ciphertext, block, &size);
    if (error == KC_OK && scheme->padding == KC_EVP_PKCS1)
        error = unpad(key, ciphertext, block, size, &start);
    if (error == KC_OK)
        error = kc_secret_init(&made, size - start);
    if (error == KC_OK) {
        memcpy(made.bytes, block + start, size - start);
        *plain = kc_secret_take(&made);
    }
    kc_wipe(block, sizeof block);
    return error;
}
