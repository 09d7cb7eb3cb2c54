/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tpm/key_check.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *group_of(enum kc_algorithm algorithm)
{
    return algorithm == KC_ALGORITHM_P256 ? "P-256" : "P-384";
}

static bool is_nist(enum kc_algorithm algorithm)
{
    return algorithm == KC_ALGORITHM_P256 || algorithm == KC_ALGORITHM_P384;
}

static int raw_type(enum kc_algorithm algorithm)
{
    static const int types[] = {
        [KC_ALGORITHM_ED25519] = EVP_PKEY_ED25519,
        [KC_ALGORITHM_X25519] = EVP_PKEY_X25519,
        [KC_ALGORITHM_ED448] = EVP_PKEY_ED448,
        [KC_ALGORITHM_X448] = EVP_PKEY_X448,
    };
    return types[algorithm];
}

/* The public key in the form of root.h. Given. */
static EVP_PKEY *read_public(enum kc_algorithm algorithm, const uint8_t *octets, size_t size)
{
    EVP_PKEY *key = NULL;
    if (algorithm == KC_ALGORITHM_RSA2048) {
        key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &octets, (long)size);
    } else if (is_nist(algorithm)) {
        char group[6];
        uint8_t point[KC_ROOT_PUBLIC_MAX];
        snprintf(group, sizeof group, "%s", group_of(algorithm));
        memcpy(point, octets, size);
        OSSL_PARAM parameters[] = {
            OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
            OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, size),
            OSSL_PARAM_END,
        };
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
        assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
        assert_int_equal(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters), 1);
        EVP_PKEY_CTX_free(context);
    } else {
        key = EVP_PKEY_new_raw_public_key(raw_type(algorithm), NULL, octets, size);
    }
    assert_non_null(key);
    return key;
}

/* --- signatures --- */

static size_t write_ecdsa(const uint8_t *signature, size_t size, uint8_t *der)
{
    ECDSA_SIG *pair = ECDSA_SIG_new();
    int half = (int)size / 2;
    assert_int_equal(ECDSA_SIG_set0(pair, BN_bin2bn(signature, half, NULL),
                         BN_bin2bn(signature + half, half, NULL)),
        1);
    int written = i2d_ECDSA_SIG(pair, &der);
    ECDSA_SIG_free(pair);
    assert_true(written > 0);
    return (size_t)written;
}

static void verify_digest(EVP_PKEY *key, enum kc_root_scheme scheme, struct kc_span digest,
    const uint8_t *signature, size_t size)
{
    uint8_t der[200];
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    assert_int_equal(EVP_PKEY_verify_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()), 1);
    if (scheme == KC_ROOT_ECDSA) {
        size = write_ecdsa(signature, size, der);
        signature = der;
    } else {
        bool is_pss = scheme == KC_ROOT_RSA_PSS;
        int padding = is_pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, padding), 1);
        if (is_pss)
            assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_AUTO), 1);
    }
    assert_int_equal(EVP_PKEY_verify(context, signature, size, digest.bytes, digest.size), 1);
    EVP_PKEY_CTX_free(context);
}

void key_check_signature(enum kc_algorithm algorithm, enum kc_root_scheme scheme,
    const struct kc_root_made *made, struct kc_span input, const uint8_t *signature, size_t size)
{
    EVP_PKEY *key = read_public(algorithm, made->public_key, made->public_size);
    if (scheme == KC_ROOT_EDDSA) {
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        assert_int_equal(EVP_DigestVerifyInit(context, NULL, NULL, NULL, key), 1);
        assert_int_equal(EVP_DigestVerify(context, signature, size, input.bytes, input.size), 1);
        EVP_MD_CTX_free(context);
    } else {
        verify_digest(key, scheme, input, signature, size);
    }
    EVP_PKEY_free(key);
}

/* --- agreements --- */

struct key_check_peer key_check_peer_make(enum kc_algorithm algorithm)
{
    struct key_check_peer peer = {.algorithm = algorithm};
    peer.public_size = sizeof peer.public_key;
    if (is_nist(algorithm)) {
        peer.key = EVP_EC_gen(group_of(algorithm));
        assert_int_equal(EVP_PKEY_get_octet_string_param(peer.key, OSSL_PKEY_PARAM_PUB_KEY,
                             peer.public_key, sizeof peer.public_key, &peer.public_size),
            1);
    } else {
        peer.key =
            EVP_PKEY_Q_keygen(NULL, NULL, algorithm == KC_ALGORITHM_X25519 ? "X25519" : "X448");
        assert_int_equal(
            EVP_PKEY_get_raw_public_key(peer.key, peer.public_key, &peer.public_size), 1);
    }
    return peer;
}

void key_check_peer_done(struct key_check_peer *peer)
{
    EVP_PKEY_free(peer->key);
}

void key_check_agreed(const struct key_check_peer *peer, const struct kc_root_made *made,
    const uint8_t *agreed, size_t size, bool whole)
{
    uint8_t expected[100];
    size_t expected_size = sizeof expected;
    EVP_PKEY *key = read_public(peer->algorithm, made->public_key, made->public_size);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(peer->key, NULL);
    assert_int_equal(EVP_PKEY_derive_init(context), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(context, key), 1);
    assert_int_equal(EVP_PKEY_derive(context, expected, &expected_size), 1);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    assert_int_equal(size, whole ? 1 + 2 * expected_size : expected_size);
    assert_memory_equal(agreed + (whole ? 1 : 0), expected, expected_size);
    if (whole)
        EVP_PKEY_free(read_public(peer->algorithm, agreed, size)); /* it is on the curve */
}

/* --- encryption --- */

void key_check_encrypt(const struct kc_root_made *made, enum kc_root_scheme scheme,
    struct kc_span plaintext, uint8_t ciphertext[static KC_ROOT_RESULT_MAX])
{
    bool is_oaep = scheme == KC_ROOT_RSA_OAEP;
    size_t size = KC_ROOT_RESULT_MAX;
    EVP_PKEY *key = read_public(KC_ALGORITHM_RSA2048, made->public_key, made->public_size);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
    assert_int_equal(
        EVP_PKEY_CTX_set_rsa_padding(context, is_oaep ? RSA_PKCS1_OAEP_PADDING : RSA_PKCS1_PADDING),
        1);
    if (is_oaep)
        assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()), 1);
    assert_int_equal(
        EVP_PKEY_encrypt(context, ciphertext, &size, plaintext.bytes, plaintext.size), 1);
    assert_int_equal(size, KC_ROOT_RESULT_MAX);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
}
