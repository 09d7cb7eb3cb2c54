/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/evp.h"
#include "custodian/vault/unpad.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <string.h>

#define MODULUS_MAX 512
#define ECDSA_DIGEST_MAX 64

/* Each released when it leaves its scope. */
static void free_context(EVP_PKEY_CTX **context)
{
    EVP_PKEY_CTX_free(*context);
}

static void free_number(BIGNUM **number)
{
    BN_clear_free(*number);
}

static void free_builder(OSSL_PARAM_BLD **builder)
{
    OSSL_PARAM_BLD_free(*builder);
}

static void free_parameters(OSSL_PARAM **parameters)
{
    OSSL_PARAM_free(*parameters);
}

static void free_point(EC_POINT **point)
{
    EC_POINT_clear_free(*point);
}

#define AUTO(release) __attribute__((cleanup(release)))

/* The one place where libcrypto's errors become ours: nothing of theirs is kept. */
static enum kc_error outcome(bool good, enum kc_error otherwise)
{
    if (good)
        return KC_OK;
    ERR_clear_error();
    return otherwise;
}

/* --- hashes --- */

static const struct kc_evp_hash hashes[] = {
    {"SHA-1", 20, EVP_sha1},
    {"SHA-224", 28, EVP_sha224},
    {"SHA-256", 32, EVP_sha256},
    {"SHA-384", 48, EVP_sha384},
    {"SHA-512", 64, EVP_sha512},
};

const struct kc_evp_hash *kc_evp_hash_find(struct kc_span name)
{
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++)
        if (strlen(hashes[i].name) == name.size &&
            memcmp(hashes[i].name, name.bytes, name.size) == 0)
            return &hashes[i];
    return NULL;
}

/* --- making --- */

void kc_evp_stir(const uint8_t *octets, size_t size)
{
    RAND_add(octets, (int)size, (double)size);
}

enum kc_error kc_evp_generate(const struct kc_algorithm_info *info, EVP_PKEY **key)
{
    bool is_rsa = info->family == KC_FAMILY_RSA;
    AUTO(free_context)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, is_rsa ? "RSA" : "EC", NULL);
    EVP_PKEY *made = NULL;
    bool good =
        context && EVP_PKEY_keygen_init(context) == 1 &&
        (is_rsa ? EVP_PKEY_CTX_set_rsa_keygen_bits(context, (int)info->modulus_size * 8) == 1
                : EVP_PKEY_CTX_set_group_name(context, info->name) == 1) &&
        EVP_PKEY_generate(context, &made) == 1;
    if (good)
        *key = made;
    return outcome(good, KC_ERR_NO_MEMORY);
}

/* SEQUENCE { INTEGER modulus, INTEGER 65537 }: of each size the lengths are known. */
static void write_rsa_head(size_t modulus_size, uint8_t head[static 9])
{
    size_t integer = modulus_size + 1, sequence = modulus_size + 10;
    const uint8_t written[9] = {0x30, 0x82, (uint8_t)(sequence >> 8), (uint8_t)sequence, 0x02, 0x82,
        (uint8_t)(integer >> 8), (uint8_t)integer, 0x00};
    memcpy(head, written, sizeof written);
}

static const uint8_t rsa_tail[] = {0x02, 0x03, 0x01, 0x00, 0x01};

static bool read_number(const EVP_PKEY *key, const char *name, uint8_t *octets, size_t size)
{
    AUTO(free_number) BIGNUM *number = NULL;
    return EVP_PKEY_get_bn_param(key, name, &number) == 1 &&
           BN_bn2binpad(number, octets, (int)size) == (int)size;
}

enum kc_error kc_evp_public(
    const struct kc_algorithm_info *info, const EVP_PKEY *key, uint8_t *public)
{
    size_t size = 0;
    if (info->family == KC_FAMILY_EC)
        return outcome(EVP_PKEY_get_octet_string_param(
                           key, OSSL_PKEY_PARAM_PUB_KEY, public, info->public_size, &size) == 1 &&
                           size == info->public_size && public[0] == POINT_CONVERSION_UNCOMPRESSED,
            KC_ERR_NO_MEMORY);
    write_rsa_head(info->modulus_size, public);
    memcpy(public + 9 + info->modulus_size, rsa_tail, sizeof rsa_tail);
    return outcome(
        read_number(key, OSSL_PKEY_PARAM_RSA_N, public + 9, info->modulus_size), KC_ERR_NO_MEMORY);
}

/* The parts of an RSA key in their order, and which part of the modulus' size each has. */
static const struct rsa_part {
    const char *name;
    size_t divisor;
} rsa_parts[] = {
    {OSSL_PKEY_PARAM_RSA_D, 1},
    {OSSL_PKEY_PARAM_RSA_FACTOR1, 2},
    {OSSL_PKEY_PARAM_RSA_FACTOR2, 2},
    {OSSL_PKEY_PARAM_RSA_EXPONENT1, 2},
    {OSSL_PKEY_PARAM_RSA_EXPONENT2, 2},
    {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, 2},
};
#define RSA_PARTS (sizeof rsa_parts / sizeof rsa_parts[0])

static bool write_rsa_secret(
    const struct kc_algorithm_info *info, const EVP_PKEY *key, uint8_t *octets)
{
    bool good = true;
    for (size_t i = 0; good && i < RSA_PARTS; i++) {
        size_t size = info->modulus_size / rsa_parts[i].divisor;
        good = read_number(key, rsa_parts[i].name, octets, size);
        octets += size;
    }
    return good;
}

enum kc_error kc_evp_secret(
    const struct kc_algorithm_info *info, const EVP_PKEY *key, struct kc_secret *secret)
{
    KC_AUTO_SECRET made = {0};
    enum kc_error error = kc_secret_init(&made, info->secret_size);
    if (error != KC_OK)
        return error;
    bool good = info->family == KC_FAMILY_RSA
                    ? write_rsa_secret(info, key, made.bytes)
                    : read_number(key, OSSL_PKEY_PARAM_PRIV_KEY, made.bytes, made.size);
    if (good)
        *secret = kc_secret_take(&made);
    return outcome(good, KC_ERR_NO_MEMORY);
}

/* --- opening --- */

static bool push_number(
    OSSL_PARAM_BLD *builder, const char *name, const uint8_t *octets, size_t size, BIGNUM **kept)
{
    *kept = BN_bin2bn(octets, (int)size, NULL);
    return *kept && OSSL_PARAM_BLD_push_BN(builder, name, *kept) == 1;
}

static enum kc_error build(const char *type, OSSL_PARAM_BLD *builder, EVP_PKEY **key)
{
    AUTO(free_parameters) OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    AUTO(free_context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *made = NULL;
    bool good = parameters && context && EVP_PKEY_fromdata_init(context) == 1 &&
                EVP_PKEY_fromdata(context, &made, EVP_PKEY_KEYPAIR, parameters) == 1;
    if (good)
        *key = made;
    return outcome(good, KC_ERR_NO_MEMORY);
}

/* The number of the point is the scalar: one multiplication, once for each opening. */
static enum kc_error check_pair(EVP_PKEY *key)
{
    AUTO(free_context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    if (!context)
        return outcome(false, KC_ERR_NO_MEMORY);
    return outcome(EVP_PKEY_pairwise_check(context) == 1, KC_ERR_RECORD_DAMAGED);
}

static enum kc_error open_ec(const struct kc_algorithm_info *info, struct kc_span public,
    const struct kc_secret *secret, EVP_PKEY **key)
{
    AUTO(free_builder) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    AUTO(free_number) BIGNUM *scalar = NULL;
    EVP_PKEY *made = NULL;
    bool good =
        builder &&
        OSSL_PARAM_BLD_push_utf8_string(
            builder, OSSL_PKEY_PARAM_GROUP_NAME, info->name, strlen(info->name)) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(
            builder, OSSL_PKEY_PARAM_PUB_KEY, public.bytes, public.size) == 1 &&
        push_number(builder, OSSL_PKEY_PARAM_PRIV_KEY, secret->bytes, secret->size, &scalar);
    enum kc_error error = good ? build("EC", builder, &made) : outcome(false, KC_ERR_NO_MEMORY);
    if (error == KC_OK)
        error = check_pair(made);
    if (error == KC_OK)
        *key = made;
    else
        EVP_PKEY_free(made);
    return error;
}

static bool is_rsa_public(const struct kc_algorithm_info *info, struct kc_span public)
{
    uint8_t head[9];
    write_rsa_head(info->modulus_size, head);
    return memcmp(public.bytes, head, sizeof head) == 0 &&
           memcmp(public.bytes + 9 + info->modulus_size, rsa_tail, sizeof rsa_tail) == 0;
}

/* That n = p q: the cheap half of what makes a key; that the exponents fit is seen with each result. */
static bool is_product(const BIGNUM *modulus, const BIGNUM *p, const BIGNUM *q)
{
    AUTO(free_number) BIGNUM *product = BN_new();
    BN_CTX *context = BN_CTX_new();
    bool good =
        product && context && BN_mul(product, p, q, context) == 1 && BN_cmp(product, modulus) == 0;
    BN_CTX_free(context);
    return good;
}

static enum kc_error open_rsa(const struct kc_algorithm_info *info, struct kc_span public,
    const struct kc_secret *secret, EVP_PKEY **key)
{
    AUTO(free_builder) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *parts[RSA_PARTS + 2] = {0};
    if (!is_rsa_public(info, public))
        return KC_ERR_RECORD_DAMAGED;
    bool good = builder &&
                push_number(builder, OSSL_PKEY_PARAM_RSA_N, public.bytes + 9, info->modulus_size,
                    &parts[RSA_PARTS]) &&
                push_number(builder, OSSL_PKEY_PARAM_RSA_E, rsa_tail + 2, 3, &parts[RSA_PARTS + 1]);
    const uint8_t *at = secret->bytes;
    for (size_t i = 0; good && i < RSA_PARTS; i++) {
        size_t size = info->modulus_size / rsa_parts[i].divisor;
        good = push_number(builder, rsa_parts[i].name, at, size, &parts[i]);
        at += size;
    }
    enum kc_error error = outcome(good, KC_ERR_NO_MEMORY);
    if (error == KC_OK)
        error = outcome(is_product(parts[RSA_PARTS], parts[1], parts[2]), KC_ERR_RECORD_DAMAGED);
    if (error == KC_OK)
        error = build("RSA", builder, key);
    for (size_t i = 0; i < RSA_PARTS + 2; i++)
        BN_clear_free(parts[i]);
    return error;
}

enum kc_error kc_evp_open(const struct kc_algorithm_info *info, struct kc_span public,
    const struct kc_secret *secret, EVP_PKEY **key)
{
    if (public.size != info->public_size || secret->size != info->secret_size)
        return KC_ERR_RECORD_DAMAGED;
    return info->family == KC_FAMILY_RSA ? open_rsa(info, public, secret, key)
                                         : open_ec(info, public, secret, key);
}

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
    return outcome(
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
    AUTO(free_context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool good = context && EVP_PKEY_sign_init(context) == 1 && set_padding(context, scheme) &&
                EVP_PKEY_sign(context, made, &size, digest.bytes, digest.size) == 1;
    if (good && scheme->padding == KC_EVP_ECDSA)
        good = flatten(made, size, signature, info->signature_size / 2);
    else if (good)
        memcpy(signature, made, info->signature_size);
    return outcome(good, KC_ERR_NO_MEMORY);
}

/* --- verifying --- */

/* libcrypto looks whether the point is on the curve, and what else its checks of public keys have. */
static enum kc_error open_public(
    const struct kc_algorithm_info *info, struct kc_span public, EVP_PKEY **key)
{
    AUTO(free_builder) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *modulus = NULL, *exponent = NULL;
    bool is_rsa = info->family == KC_FAMILY_RSA;
    if (public.size != info->public_size || (is_rsa && !is_rsa_public(info, public)))
        return KC_ERR_POINT_NOT_ON_CURVE;
    bool good =
        builder &&
        (is_rsa ? push_number(builder, OSSL_PKEY_PARAM_RSA_N, public.bytes + 9, info->modulus_size,
                      &modulus) &&
                      push_number(builder, OSSL_PKEY_PARAM_RSA_E, rsa_tail + 2, 3, &exponent)
                : OSSL_PARAM_BLD_push_utf8_string(
                      builder, OSSL_PKEY_PARAM_GROUP_NAME, info->name, strlen(info->name)) == 1 &&
                      OSSL_PARAM_BLD_push_octet_string(
                          builder, OSSL_PKEY_PARAM_PUB_KEY, public.bytes, public.size) == 1);
    enum kc_error error =
        good ? build(is_rsa ? "RSA" : "EC", builder, key) : outcome(false, KC_ERR_NO_MEMORY);
    BN_free(modulus);
    BN_free(exponent);
    return good && error != KC_OK ? KC_ERR_POINT_NOT_ON_CURVE : error;
}

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
    AUTO(free_context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool ready = context && EVP_PKEY_verify_init(context) == 1 && set_padding(context, scheme);
    if (ready && scheme->padding == KC_EVP_ECDSA) {
        ready = unflatten(signature, &der, &size);
        signature = (struct kc_span){der, size};
    }
    bool good = ready && EVP_PKEY_verify(context, signature.bytes, signature.size, digest.bytes,
                             digest.size) == 1;
    OPENSSL_free(der);
    return outcome(good, ready ? KC_ERR_SIGNATURE : KC_ERR_NO_MEMORY);
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
        error = open_public(info, public, &key);
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
    AUTO(free_context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool ready = context && EVP_PKEY_decrypt_init(context) == 1 &&
                 (scheme->padding == KC_EVP_OAEP
                         ? set_oaep(context, scheme)
                         : EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1);
    if (!ready)
        return outcome(false, KC_ERR_NO_MEMORY);
    return outcome(EVP_PKEY_decrypt(context, plain, size, ciphertext.bytes, ciphertext.size) == 1,
        KC_ERR_DECRYPTION);
}

/* The secret that other octets are made from: a digest of the private exponent. */
static enum kc_error digest_exponent(
    const EVP_PKEY *key, size_t modulus_size, uint8_t digest[static EVP_MAX_MD_SIZE])
{
    uint8_t exponent[MODULUS_MAX]; /* secret */
    bool good = read_number(key, OSSL_PKEY_PARAM_RSA_D, exponent, modulus_size) &&
                EVP_Digest(exponent, modulus_size, digest, NULL, EVP_sha256(), NULL) == 1;
    kc_wipe(exponent, sizeof exponent);
    return outcome(good, KC_ERR_NO_MEMORY);
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
    uint8_t block[MODULUS_MAX]; /* secret */
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

/* --- agreeing --- */

static enum kc_error read_point(const struct kc_algorithm_info *info, const EC_GROUP *group,
    struct kc_span peer, EC_POINT *point)
{
    bool whole = peer.size == info->public_size && peer.bytes[0] == POINT_CONVERSION_UNCOMPRESSED;
    bool compressed = peer.size == info->public_size / 2 + 1 && (peer.bytes[0] & 0xfe) == 2;
    if (!whole && !compressed)
        return KC_ERR_POINT_ENCODING;
    return outcome(EC_POINT_oct2point(group, point, peer.bytes, peer.size, NULL) == 1,
        KC_ERR_POINT_NOT_ON_CURVE);
}

/* Made once, and kept: each has tables. */
static EC_GROUP *p256, *p384;

static void make_groups(void)
{
    p256 = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    p384 = EC_GROUP_new_by_curve_name(NID_secp384r1);
}

static const EC_GROUP *find_group(const struct kc_algorithm_info *info)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_groups);
    return info->algorithm == KC_ALGORITHM_P256 ? p256 : p384;
}

enum kc_error kc_evp_agree(const EVP_PKEY *key, const struct kc_algorithm_info *info,
    struct kc_span peer, uint8_t agreed[static KC_ALGORITHM_AGREED_MAX])
{
    const EC_GROUP *group = find_group(info);
    AUTO(free_point) EC_POINT *point = group ? EC_POINT_new(group) : NULL;
    AUTO(free_number) BIGNUM *x = BN_new();
    AUTO(free_number) BIGNUM *scalar = NULL; /* secret */
    if (!point || !x || EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &scalar) != 1)
        return outcome(false, KC_ERR_NO_MEMORY);
    enum kc_error error = read_point(info, group, peer, point);
    if (error != KC_OK)
        return error;
    bool good = EC_POINT_mul(group, point, NULL, point, scalar, NULL) == 1 &&
                EC_POINT_get_affine_coordinates(group, point, x, NULL, NULL) == 1 &&
                BN_bn2binpad(x, agreed, (int)info->agreed_size) == (int)info->agreed_size;
    return outcome(good, KC_ERR_NO_MEMORY);
}

enum kc_error kc_evp_read_peer(
    const struct kc_algorithm_info *info, struct kc_span peer, uint8_t *uncompressed)
{
    const EC_GROUP *group = find_group(info);
    AUTO(free_point) EC_POINT *point = group ? EC_POINT_new(group) : NULL;
    if (!point)
        return outcome(false, KC_ERR_NO_MEMORY);
    enum kc_error error = read_point(info, group, peer, point);
    if (error != KC_OK)
        return error;
    size_t written = EC_POINT_point2oct(
        group, point, POINT_CONVERSION_UNCOMPRESSED, uncompressed, info->public_size, NULL);
    return outcome(written == info->public_size, KC_ERR_NO_MEMORY);
}
