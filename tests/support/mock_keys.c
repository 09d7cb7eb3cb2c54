/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/mock_keys.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define NONCE_SIZE 12
#define TAG_SIZE 16
#define RSA_SIZE 256
#define PRIVATE_MAX (KC_ROOT_BLOB_MAX - 2 - KC_MOCK_WRAP_OVERHEAD)

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* --- wrapping --- */

void kc_mock_wrap(
    const uint8_t key[static 32], struct kc_span bound, struct kc_span plaintext, uint8_t *wrapped)
{
    int size = 0;
    uint8_t *tag = wrapped + NONCE_SIZE + plaintext.size;
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    require(cipher && RAND_bytes(wrapped, NONCE_SIZE) == 1 &&
            EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, wrapped) == 1 &&
            EVP_EncryptUpdate(cipher, NULL, &size, bound.bytes, (int)bound.size) == 1 &&
            EVP_EncryptUpdate(
                cipher, wrapped + NONCE_SIZE, &size, plaintext.bytes, (int)plaintext.size) == 1 &&
            EVP_EncryptFinal_ex(cipher, tag, &size) == 1 &&
            EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, tag) == 1);
    EVP_CIPHER_CTX_free(cipher);
}

bool kc_mock_unwrap(
    const uint8_t key[static 32], struct kc_span bound, struct kc_span wrapped, uint8_t *plaintext)
{
    uint8_t tag[TAG_SIZE];
    int size = 0;
    if (wrapped.size <= KC_MOCK_WRAP_OVERHEAD)
        return false;
    memcpy(tag, wrapped.bytes + wrapped.size - sizeof tag, sizeof tag);
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    require(cipher &&
            EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, wrapped.bytes) == 1 &&
            EVP_DecryptUpdate(cipher, NULL, &size, bound.bytes, (int)bound.size) == 1 &&
            EVP_DecryptUpdate(cipher, plaintext, &size, wrapped.bytes + NONCE_SIZE,
                (int)(wrapped.size - KC_MOCK_WRAP_OVERHEAD)) == 1 &&
            EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, sizeof tag, tag) == 1);
    bool is_right = EVP_DecryptFinal_ex(cipher, plaintext + size, &size) == 1;
    EVP_CIPHER_CTX_free(cipher);
    return is_right;
}

/* --- private parts: DER, or of RSA modulus and private exponent --- */

static EVP_PKEY *generate(enum kc_algorithm algorithm)
{
    const struct kc_algorithm_info *info = kc_algorithm_info(algorithm);
    if (info->family == KC_FAMILY_EC)
        return EVP_EC_gen(info->name);
    if (info->family == KC_FAMILY_RSA)
        return EVP_RSA_gen(8 * RSA_SIZE);
    return EVP_PKEY_Q_keygen(NULL, NULL, info->name);
}

static void write_number(const EVP_PKEY *key, const char *name, uint8_t octets[static RSA_SIZE])
{
    BIGNUM *number = NULL;
    require(EVP_PKEY_get_bn_param(key, name, &number) == 1 &&
            BN_bn2binpad(number, octets, RSA_SIZE) == RSA_SIZE);
    BN_clear_free(number);
}

static size_t write_private(const EVP_PKEY *key, uint8_t private[static PRIVATE_MAX])
{
    if (EVP_PKEY_is_a(key, "RSA")) {
        write_number(key, OSSL_PKEY_PARAM_RSA_N, private);
        write_number(key, OSSL_PKEY_PARAM_RSA_D, private + RSA_SIZE);
        return (size_t)2 * RSA_SIZE;
    }
    int size = i2d_PrivateKey(key, NULL);
    require(size > 0 && size <= PRIVATE_MAX && i2d_PrivateKey(key, &private) == size);
    return (size_t)size;
}

static EVP_PKEY *read_rsa(const uint8_t *private)
{
    EVP_PKEY *key = NULL;
    BIGNUM *n = BN_bin2bn(private, RSA_SIZE, NULL),
           *d = BN_bin2bn(private + RSA_SIZE, RSA_SIZE, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    require(n && d && builder && context &&
            OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
            OSSL_PARAM_BLD_push_uint(builder, OSSL_PKEY_PARAM_RSA_E, 65537) == 1 &&
            OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_D, d) == 1);
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    require(EVP_PKEY_fromdata_init(context) == 1 &&
            EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, parameters) == 1);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    BN_free(n);
    BN_clear_free(d);
    return key;
}

static size_t write_public(const EVP_PKEY *key, uint8_t public[static KC_ROOT_PUBLIC_MAX])
{
    size_t size = KC_ROOT_PUBLIC_MAX;
    if (EVP_PKEY_is_a(key, "RSA"))
        return (size_t)i2d_PublicKey(key, &public);
    if (EVP_PKEY_is_a(key, "EC"))
        require(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, public, size, &size));
    else
        require(EVP_PKEY_get_raw_public_key(key, public, &size) == 1);
    return size;
}

/* --- the blob --- */

/* What a private part is bound to. */
struct binding {
    uint8_t octets[2 + KC_ROOT_AUTH_SIZE];
};

static struct kc_span bind(struct binding *binding, const uint8_t *head, const uint8_t *auth)
{
    memcpy(binding->octets, head, 2);
    memcpy(binding->octets + 2, auth, KC_ROOT_AUTH_SIZE);
    return (struct kc_span){binding->octets, sizeof binding->octets};
}

enum kc_error kc_mock_key_make(const uint8_t hardware[static 32], enum kc_algorithm algorithm,
    enum kc_use use, const uint8_t *auth, struct kc_root_made *made)
{
    uint8_t private[PRIVATE_MAX];
    struct binding binding;
    if (algorithm > KC_ALGORITHM_RSA2048)
        return KC_ERR_ROOT_UNFIT;
    EVP_PKEY *key = generate(algorithm);
    require(key != NULL);
    struct kc_root_made new = {.algorithm = algorithm, .use = use};
    struct kc_span plaintext = {private, write_private(key, private)};
    new.blob[0] = (uint8_t)algorithm;
    new.blob[1] = (uint8_t)use;
    kc_mock_wrap(hardware, bind(&binding, new.blob, auth), plaintext, new.blob + 2);
    new.blob_size = 2 + plaintext.size + KC_MOCK_WRAP_OVERHEAD;
    new.public_size = write_public(key, new.public_key);
    EVP_PKEY_free(key);
    *made = new;
    return KC_OK;
}

/* NULL: damaged. Given. */
static EVP_PKEY *open_blob(const uint8_t *hardware, const struct kc_root_key *key)
{
    uint8_t private[KC_ROOT_BLOB_MAX];
    const uint8_t *der = private;
    struct binding binding;
    if (key->blob.size < 2 || key->blob.size > KC_ROOT_BLOB_MAX)
        return NULL;
    struct kc_span wrapped = {key->blob.bytes + 2, key->blob.size - 2};
    if (!kc_mock_unwrap(hardware, bind(&binding, key->blob.bytes, key->auth), wrapped, private))
        return NULL;
    if (key->blob.bytes[0] == KC_ALGORITHM_RSA2048)
        return read_rsa(private);
    return d2i_AutoPrivateKey(NULL, &der, (long)(wrapped.size - KC_MOCK_WRAP_OVERHEAD));
}

/* --- uses --- */

static const EVP_MD *hash_of(size_t size)
{
    return size == 32 ? EVP_sha256() : size == 48 ? EVP_sha384() : EVP_sha512();
}

static enum kc_error sign_eddsa(
    EVP_PKEY *key, struct kc_span input, uint8_t *result, size_t *result_size)
{
    size_t size = KC_ROOT_RESULT_MAX;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    require(EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
            EVP_DigestSign(context, result, &size, input.bytes, input.size) == 1);
    EVP_MD_CTX_free(context);
    *result_size = size;
    return KC_OK;
}

static enum kc_error sign_ecdsa(
    EVP_PKEY *key, struct kc_span input, uint8_t *result, size_t *result_size)
{
    uint8_t der[KC_ROOT_RESULT_MAX];
    const uint8_t *start = der;
    size_t size = sizeof der;
    int half = (EVP_PKEY_get_bits(key) + 7) / 8;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    require(EVP_PKEY_sign_init(context) == 1 &&
            EVP_PKEY_sign(context, der, &size, input.bytes, input.size) == 1);
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &start, (long)size);
    require(pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), result, half) == half &&
            BN_bn2binpad(ECDSA_SIG_get0_s(pair), result + half, half) == half);
    ECDSA_SIG_free(pair);
    EVP_PKEY_CTX_free(context);
    *result_size = 2 * (size_t)half;
    return KC_OK;
}

static enum kc_error sign_rsa(
    EVP_PKEY *key, const struct kc_root_use_of_key *use, uint8_t *result, size_t *result_size)
{
    size_t size = KC_ROOT_RESULT_MAX;
    bool is_pss = use->scheme == KC_ROOT_RSA_PSS;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    require(EVP_PKEY_sign_init(context) == 1 &&
            EVP_PKEY_CTX_set_rsa_padding(
                context, is_pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) == 1 &&
            EVP_PKEY_CTX_set_signature_md(context, hash_of(use->input.size)) == 1 &&
            (!is_pss || EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1) &&
            EVP_PKEY_sign(context, result, &size, use->input.bytes, use->input.size) == 1);
    EVP_PKEY_CTX_free(context);
    *result_size = size;
    return KC_OK;
}

static enum kc_error sign(EVP_PKEY *key, enum kc_algorithm algorithm,
    const struct kc_root_use_of_key *use, uint8_t *result, size_t *result_size)
{
    bool is_ec = EVP_PKEY_is_a(key, "EC"), is_rsa = EVP_PKEY_is_a(key, "RSA");
    bool is_edwards = algorithm == KC_ALGORITHM_ED25519 || algorithm == KC_ALGORITHM_ED448;
    if (is_ec && use->scheme == KC_ROOT_ECDSA)
        return sign_ecdsa(key, use->input, result, result_size);
    if (is_rsa && (use->scheme == KC_ROOT_RSA_PKCS1 || use->scheme == KC_ROOT_RSA_PSS))
        return sign_rsa(key, use, result, result_size);
    if (is_edwards && use->scheme == KC_ROOT_EDDSA)
        return sign_eddsa(key, use->input, result, result_size);
    return KC_ERR_BAD_ARGUMENT;
}

/* The peer's key is one of the same kind with another public part. */
static enum kc_error agree(EVP_PKEY *key, enum kc_algorithm algorithm, struct kc_span point,
    uint8_t *result, size_t *result_size)
{
    size_t size = KC_ROOT_RESULT_MAX;
    EVP_PKEY *peer = generate(algorithm);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    require(peer && context);
    bool agrees = EVP_PKEY_set1_encoded_public_key(peer, point.bytes, point.size) == 1 &&
                  EVP_PKEY_derive_init(context) == 1 &&
                  EVP_PKEY_derive_set_peer(context, peer) == 1 &&
                  EVP_PKEY_derive(context, result, &size) == 1;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(peer);
    if (!agrees)
        return KC_ERR_BAD_ARGUMENT;
    *result_size = size;
    return KC_OK;
}

/* As the table in docs/roots.md has it of a token: without OAEP. */
static enum kc_error decrypt(
    EVP_PKEY *key, const struct kc_root_use_of_key *use, uint8_t *result, size_t *result_size)
{
    size_t size = KC_ROOT_RESULT_MAX;
    if (use->scheme != KC_ROOT_RSA_PKCS1)
        return KC_ERR_ROOT_UNFIT;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    require(EVP_PKEY_decrypt_init(context) == 1 &&
            EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1);
    bool opens = EVP_PKEY_decrypt(context, result, &size, use->input.bytes, use->input.size) == 1;
    EVP_PKEY_CTX_free(context);
    if (!opens)
        return KC_ERR_DECRYPTION;
    *result_size = size;
    return KC_OK;
}

enum kc_error kc_mock_key_use(const uint8_t hardware[static 32],
    const struct kc_root_use_of_key *use, uint8_t *result, size_t *result_size)
{
    static const enum kc_use wanted[] = {[KC_ROOT_OPERATION_SIGN] = KC_USE_SIGN,
        [KC_ROOT_OPERATION_AGREE] = KC_USE_AGREE,
        [KC_ROOT_OPERATION_DECRYPT] = KC_USE_DECRYPT};
    enum kc_error error = KC_ERR_BAD_ARGUMENT;
    EVP_PKEY *key = open_blob(hardware, use->key);
    if (!key)
        return KC_ERR_RECORD_DAMAGED;
    enum kc_algorithm algorithm = use->key->blob.bytes[0];
    if (use->key->blob.bytes[1] != wanted[use->operation])
        error = KC_ERR_BAD_ARGUMENT;
    else if (use->operation == KC_ROOT_OPERATION_SIGN)
        error = sign(key, algorithm, use, result, result_size);
    else if (use->operation == KC_ROOT_OPERATION_AGREE)
        error = agree(key, algorithm, use->input, result, result_size);
    else
        error = decrypt(key, use, result, result_size);
    EVP_PKEY_free(key);
    return error;
}
