/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/root/policy_key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#define HALF (KC_POLICY_SIGNATURE_SIZE / 2)
#define DER_MAX 80 /* octets of a signature on P-256 */

static bool read_point(EVP_PKEY *key, uint8_t point[static KC_POLICY_POINT_SIZE])
{
    char group[32] = "";
    size_t size = 0;
    return key && EVP_PKEY_is_a(key, "EC") == 1 &&
           EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
           strcmp(group, "prime256v1") == 0 &&
           EVP_PKEY_get_octet_string_param(
               key, OSSL_PKEY_PARAM_PUB_KEY, point, KC_POLICY_POINT_SIZE, &size) == 1 &&
           size == KC_POLICY_POINT_SIZE && point[0] == 4;
}

enum kc_error kc_policy_key_public(const char *pem, uint8_t point[static KC_POLICY_POINT_SIZE])
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
    bool read = read_point(key, point);
    EVP_PKEY_free(key);
    BIO_free(bio);
    return read ? KC_OK : KC_ERR_CONFIG;
}

/* A passphrase is not asked for. */
static int no_passphrase(char *passphrase, int room, int writing, void *context)
{
    (void)passphrase;
    (void)room;
    (void)writing;
    (void)context;
    return -1;
}

static bool split_signature(const uint8_t *der, size_t size, struct kc_signed_policy *policy)
{
    const unsigned char *next = der;
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &next, (long)size);
    bool done = signature &&
                BN_bn2binpad(ECDSA_SIG_get0_r(signature), policy->signature, HALF) == HALF &&
                BN_bn2binpad(ECDSA_SIG_get0_s(signature), policy->signature + HALF, HALF) == HALF;
    ECDSA_SIG_free(signature);
    return done;
}

static bool sign(EVP_PKEY *key, struct kc_signed_policy *policy)
{
    uint8_t digest[KC_POLICY_SIZE], der[DER_MAX];
    size_t size = sizeof der;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    bool done = context && kc_policy_to_be_signed(policy, digest) == KC_OK &&
                EVP_PKEY_sign_init(context) == 1 &&
                EVP_PKEY_sign(context, der, &size, digest, sizeof digest) == 1 &&
                split_signature(der, size, policy);
    EVP_PKEY_CTX_free(context);
    return done;
}

enum kc_error kc_policy_key_sign(
    struct kc_span pem, struct kc_signed_policy *policy, uint8_t point[static KC_POLICY_POINT_SIZE])
{
    BIO *bio = BIO_new_mem_buf(pem.bytes, (int)pem.size);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    enum kc_error error = KC_ERR_BAD_ARGUMENT;
    if (read_point(key, point))
        error = sign(key, policy) ? KC_OK : KC_ERR_NO_MEMORY;
    policy->is_signed = error == KC_OK;
    EVP_PKEY_free(key);
    BIO_free(bio);
    return error;
}

static EVP_PKEY *key_of(const uint8_t point[static KC_POLICY_POINT_SIZE])
{
    uint8_t copy[KC_POLICY_POINT_SIZE];
    char group[] = "P-256";
    EVP_PKEY *key = NULL;
    memcpy(copy, point, sizeof copy);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy, sizeof copy),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (!context || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    return key;
}

/* *der is given: OPENSSL_free. */
static int join_signature(const struct kc_signed_policy *policy, unsigned char **der)
{
    ECDSA_SIG *signature = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(policy->signature, HALF, NULL);
    BIGNUM *s = BN_bin2bn(policy->signature + HALF, HALF, NULL);
    int size = -1;
    if (signature && r && s && ECDSA_SIG_set0(signature, r, s) == 1) {
        size = i2d_ECDSA_SIG(signature, der);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(signature);
    return size;
}

bool kc_policy_key_verifies(
    const uint8_t point[static KC_POLICY_POINT_SIZE], const struct kc_signed_policy *policy)
{
    uint8_t digest[KC_POLICY_SIZE];
    unsigned char *der = NULL;
    EVP_PKEY *key = key_of(point);
    EVP_PKEY_CTX *context = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    int size = join_signature(policy, &der);
    bool verifies = context && size > 0 && kc_policy_to_be_signed(policy, digest) == KC_OK &&
                    EVP_PKEY_verify_init(context) == 1 &&
                    EVP_PKEY_verify(context, der, (size_t)size, digest, sizeof digest) == 1;
    OPENSSL_free(der);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    return policy->is_signed && verifies;
}
