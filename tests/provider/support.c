/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/provider/support.h"

#include "proto/socket/client.h"
#include "tests/support/cmocka.h"

#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/store.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEADLINE_MS 60000
#define SECRET_MAX 56

OSSL_LIB_CTX *library;
OSSL_PROVIDER *default_provider, *provider;

const char *const algorithms[ALGORITHMS] = {
    "Ed25519", "Ed448", "P-256", "P-384", "RSA-2048", "X25519", "X448"};

void generate(const char *algorithm, const char *role, const char *use, const char *label)
{
    struct kc_client *client;
    struct kc_client_request request;
    struct kc_client_answer *answer;
    assert_int_equal(kc_client_new(NULL, &client), KC_OK);
    kc_client_request_init(&request, KC_OPERATION_KEY_GENERATE);
    kc_values_set_text(&request.message.values, KC_FIELD_ALGORITHM, algorithm);
    kc_values_set_text(&request.message.values, KC_FIELD_ROLE, role);
    kc_values_set_text(&request.message.values, KC_FIELD_KEYRING, "home");
    kc_values_set_text(&request.message.values, KC_FIELD_LABEL, label);
    if (use != NULL)
        kc_values_set_text(&request.message.values, KC_FIELD_USE, use);
    enum kc_error error = kc_client_call(client, &request, DEADLINE_MS, &answer);
    if (error != KC_OK)
        fail_msg("generate %s: %s", label, kc_error_name(error));
    kc_client_answer_free(answer);
    kc_client_request_done(&request);
    kc_client_free(client);
}

void generate_keys(void)
{
    for (size_t i = 0; i < ALGORITHMS; i++)
        generate(algorithms[i], "application", NULL, algorithms[i]);
}

bool load_provider(void)
{
    const char *other = getenv("KC_TEST_PROVIDERS"); /* where a mutated one is: tests/mutation */
    library = OSSL_LIB_CTX_new();
    OSSL_PROVIDER_set_default_search_path(
        library, other != NULL ? other : KC_BUILD_DIR "/ossl-modules");
    default_provider = OSSL_PROVIDER_load(library, "default");
    provider = OSSL_PROVIDER_load(library, "custodian");
    if (default_provider != NULL && provider != NULL &&
        EVP_set_default_properties(library, "?provider=default") == 1)
        return true;
    ERR_print_errors_fp(stderr);
    return false;
}

void unload_provider(void)
{
    OSSL_PROVIDER_unload(provider);
    OSSL_PROVIDER_unload(default_provider);
    OSSL_LIB_CTX_free(library);
}

EVP_PKEY *find(const char *uri)
{
    EVP_PKEY *key = NULL;
    OSSL_STORE_CTX *store = OSSL_STORE_open_ex(uri, library, NULL, NULL, NULL, NULL, NULL, NULL);
    assert_non_null(store);
    OSSL_STORE_INFO *info = OSSL_STORE_load(store);
    if (info != NULL)
        key = OSSL_STORE_INFO_get1_PKEY(info);
    OSSL_STORE_INFO_free(info);
    OSSL_STORE_close(store);
    return key;
}

EVP_PKEY *find_label(const char *label)
{
    char uri[64];
    snprintf(uri, sizeof uri, "custodian:label=%s", label);
    EVP_PKEY *key = find(uri);
    assert_non_null(key);
    return key;
}

EVP_PKEY *public_of(const EVP_PKEY *key)
{
    unsigned char *der = NULL;
    int size = i2d_PUBKEY(key, &der);
    assert_true(size > 0);
    const unsigned char *at = der;
    EVP_PKEY *public = d2i_PUBKEY_ex(NULL, &at, size, library, NULL);
    assert_non_null(public);
    assert_ptr_equal(EVP_PKEY_get0_provider(public), default_provider);
    OPENSSL_free(der);
    return public;
}

bool signs(EVP_PKEY *key, EVP_PKEY *public)
{
    unsigned char signature[512];
    size_t size = sizeof signature;
    bool edwards = EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448");
    const char *hash = edwards ? NULL : "SHA2-256";
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = EVP_DigestSignInit_ex(context, NULL, hash, library, NULL, key, NULL) == 1 &&
                EVP_DigestSign(context, signature, &size, (const unsigned char *)"message", 7) == 1;
    EVP_MD_CTX_free(context);
    context = EVP_MD_CTX_new();
    done = done && EVP_DigestVerifyInit_ex(context, NULL, hash, library, NULL, public, NULL) == 1 &&
           EVP_DigestVerify(context, signature, size, (const unsigned char *)"message", 7) == 1;
    EVP_MD_CTX_free(context);
    return done;
}

EVP_PKEY *decode(const char *pem)
{
    EVP_PKEY *key = NULL;
    const unsigned char *at = (const unsigned char *)pem;
    size_t size = strlen(pem);
    OSSL_DECODER_CTX *context =
        OSSL_DECODER_CTX_new_for_pkey(&key, "PEM", NULL, NULL, EVP_PKEY_KEYPAIR, library, NULL);
    (void)OSSL_DECODER_from_data(context, &at, &size);
    OSSL_DECODER_CTX_free(context);
    return key;
}

static bool derive(EVP_PKEY *own, EVP_PKEY *peer, unsigned char *secret, size_t *size)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(library, own, NULL);
    bool done = EVP_PKEY_derive_init(context) == 1 &&
                EVP_PKEY_derive_set_peer(context, peer) == 1 &&
                EVP_PKEY_derive(context, secret, size) == 1;
    EVP_PKEY_CTX_free(context);
    return done;
}

bool agrees(EVP_PKEY *key, const char *algorithm)
{
    unsigned char ours[SECRET_MAX], theirs[SECRET_MAX];
    size_t our_size = sizeof ours, their_size = sizeof theirs;
    EVP_PKEY *peer = EVP_PKEY_Q_keygen(library, NULL, algorithm), *peer_public = public_of(peer);
    EVP_PKEY *public = public_of(key);
    bool same = derive(key, peer_public, ours, &our_size) &&
                derive(peer, public, theirs, &their_size) && our_size == their_size &&
                memcmp(ours, theirs, our_size) == 0;
    EVP_PKEY_free(public);
    EVP_PKEY_free(peer_public);
    EVP_PKEY_free(peer);
    return same;
}

static bool crypt(EVP_PKEY *key, int (*begin)(EVP_PKEY_CTX *),
    int (*go)(EVP_PKEY_CTX *, unsigned char *, size_t *, const unsigned char *, size_t),
    const unsigned char *in, size_t in_size, unsigned char *out, size_t *size)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(library, key, NULL);
    bool done = begin(context) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
                go(context, out, size, in, in_size) == 1;
    EVP_PKEY_CTX_free(context);
    return done;
}

bool decrypts(EVP_PKEY *key, uint8_t octet)
{
    unsigned char sealed[256], opened[256];
    size_t sealed_size = sizeof sealed, opened_size = sizeof opened;
    EVP_PKEY *public = public_of(key);
    bool same =
        crypt(public, EVP_PKEY_encrypt_init, EVP_PKEY_encrypt, &octet, 1, sealed, &sealed_size) &&
        crypt(key, EVP_PKEY_decrypt_init, EVP_PKEY_decrypt, sealed, sealed_size, opened,
            &opened_size) &&
        opened_size == 1 && opened[0] == octet;
    EVP_PKEY_free(public);
    return same;
}
