/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/evp_parts.h"

#include <openssl/rand.h>
#include <openssl/rsa.h>

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
    KC_EVP_AUTO(kc_evp_free_context)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, is_rsa ? "RSA" : "EC", NULL);
    EVP_PKEY *made = NULL;
    bool good =
        context && EVP_PKEY_keygen_init(context) == 1 &&
        (is_rsa ? EVP_PKEY_CTX_set_rsa_keygen_bits(context, (int)info->modulus_size * 8) == 1
                : EVP_PKEY_CTX_set_group_name(context, info->name) == 1) &&
        EVP_PKEY_generate(context, &made) == 1;
    if (good)
        *key = made;
    return kc_evp_outcome(good, KC_ERR_NO_MEMORY);
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

bool kc_evp_read_number(const EVP_PKEY *key, const char *name, uint8_t *octets, size_t size)
{
    KC_EVP_AUTO(kc_evp_free_number) BIGNUM *number = NULL;
    return EVP_PKEY_get_bn_param(key, name, &number) == 1 &&
           BN_bn2binpad(number, octets, (int)size) == (int)size;
}

enum kc_error kc_evp_public(
    const struct kc_algorithm_info *info, const EVP_PKEY *key, uint8_t *public)
{
    size_t size = 0;
    if (info->family == KC_FAMILY_EC)
        return kc_evp_outcome(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, public,
                                  info->public_size, &size) == 1 &&
                                  size == info->public_size &&
                                  public[0] == POINT_CONVERSION_UNCOMPRESSED,
            KC_ERR_NO_MEMORY);
    write_rsa_head(info->modulus_size, public);
    memcpy(public + 9 + info->modulus_size, rsa_tail, sizeof rsa_tail);
    return kc_evp_outcome(
        kc_evp_read_number(key, OSSL_PKEY_PARAM_RSA_N, public + 9, info->modulus_size),
        KC_ERR_NO_MEMORY);
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
        good = kc_evp_read_number(key, rsa_parts[i].name, octets, size);
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
                    : kc_evp_read_number(key, OSSL_PKEY_PARAM_PRIV_KEY, made.bytes, made.size);
    if (good)
        *secret = kc_secret_take(&made);
    return kc_evp_outcome(good, KC_ERR_NO_MEMORY);
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
    KC_EVP_AUTO(kc_evp_free_parameters) OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    KC_EVP_AUTO(kc_evp_free_context)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *made = NULL;
    bool good = parameters && context && EVP_PKEY_fromdata_init(context) == 1 &&
                EVP_PKEY_fromdata(context, &made, EVP_PKEY_KEYPAIR, parameters) == 1;
    if (good)
        *key = made;
    return kc_evp_outcome(good, KC_ERR_NO_MEMORY);
}

/* The number of the point is the scalar: one multiplication, once for each opening. */
static enum kc_error check_pair(EVP_PKEY *key)
{
    KC_EVP_AUTO(kc_evp_free_context)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    if (!context)
        return kc_evp_outcome(false, KC_ERR_NO_MEMORY);
    return kc_evp_outcome(EVP_PKEY_pairwise_check(context) == 1, KC_ERR_RECORD_DAMAGED);
}

static enum kc_error open_ec(const struct kc_algorithm_info *info, struct kc_span public,
    const struct kc_secret *secret, EVP_PKEY **key)
{
    KC_EVP_AUTO(kc_evp_free_builder) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    KC_EVP_AUTO(kc_evp_free_number) BIGNUM *scalar = NULL;
    EVP_PKEY *made = NULL;
    bool good =
        builder &&
        OSSL_PARAM_BLD_push_utf8_string(
            builder, OSSL_PKEY_PARAM_GROUP_NAME, info->name, strlen(info->name)) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(
            builder, OSSL_PKEY_PARAM_PUB_KEY, public.bytes, public.size) == 1 &&
        push_number(builder, OSSL_PKEY_PARAM_PRIV_KEY, secret->bytes, secret->size, &scalar);
    enum kc_error error =
        good ? build("EC", builder, &made) : kc_evp_outcome(false, KC_ERR_NO_MEMORY);
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
    KC_EVP_AUTO(kc_evp_free_number) BIGNUM *product = BN_new();
    BN_CTX *context = BN_CTX_new();
    bool good =
        product && context && BN_mul(product, p, q, context) == 1 && BN_cmp(product, modulus) == 0;
    BN_CTX_free(context);
    return good;
}

static enum kc_error open_rsa(const struct kc_algorithm_info *info, struct kc_span public,
    const struct kc_secret *secret, EVP_PKEY **key)
{
    KC_EVP_AUTO(kc_evp_free_builder) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
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
    enum kc_error error = kc_evp_outcome(good, KC_ERR_NO_MEMORY);
    if (error == KC_OK)
        error =
            kc_evp_outcome(is_product(parts[RSA_PARTS], parts[1], parts[2]), KC_ERR_RECORD_DAMAGED);
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

/* libcrypto looks whether the point is on the curve, and what else its checks of public keys have. */
enum kc_error kc_evp_open_public(
    const struct kc_algorithm_info *info, struct kc_span public, EVP_PKEY **key)
{
    KC_EVP_AUTO(kc_evp_free_builder) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
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
        good ? build(is_rsa ? "RSA" : "EC", builder, key) : kc_evp_outcome(false, KC_ERR_NO_MEMORY);
    BN_free(modulus);
    BN_free(exponent);
    return good && error != KC_OK ? KC_ERR_POINT_NOT_ON_CURVE : error;
}
