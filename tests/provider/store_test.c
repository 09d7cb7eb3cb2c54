/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program finds by URI through the provider: certificates beside keys, keys that want a login,
 * and keys that are split between this custodian and another.
 */
#include "tests/fault/client.h"
#include "tests/fault/settings.h"
#include "tests/support/tls_files.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USER_PIN "1234 5678"

static struct kc_custodian device, service;
static struct kc_client *at_device, *at_service;
static OSSL_LIB_CTX *library;
static OSSL_PROVIDER *default_provider, *provider;

/* --- set-up --- */

static void make_split(const char *wrap, const char *algorithm)
{
    struct key whole;
    struct split split;
    char label[32];
    snprintf(label, sizeof label, "split %s", algorithm);
    assert_answer(generate(at_device, algorithm, "application", "wrapped", label, &whole), KC_OK);
    assert_answer(split_key(at_device, &whole, wrap, &split), KC_OK);
    assert_answer(accept_share(at_service, wrap, label, &split), KC_OK);
}

/* Certificates of two authorities, both with the label "web". */
static void import_certificates(void)
{
    static const char *const names[] = {"one", "two"};
    for (size_t i = 0; i < 2; i++) {
        char path[128];
        unsigned char *der = NULL;
        kc_tls_make_authority(device.folder, names[i]);
        snprintf(path, sizeof path, "%s/%s.pem", device.folder, names[i]);
        FILE *file = fopen(path, "re");
        assert_non_null(file);
        X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
        (void)fclose(file);
        int size = i2d_X509(certificate, &der);
        assert_true(size > 0);
        assert_answer(
            ASK(at_device, OBJECT_IMPORT, NULL, TEXT(KEYRING, "home"), TEXT(KIND, "certificate"),
                OCTETS(VALUE, der, (size_t)size), TEXT(LABEL, "web")),
            KC_OK);
        OPENSSL_free(der);
        X509_free(certificate);
    }
}

static void load_provider(void)
{
    library = OSSL_LIB_CTX_new();
    OSSL_PROVIDER_set_default_search_path(library, KC_BUILD_DIR "/ossl-modules");
    default_provider = OSSL_PROVIDER_load(library, "default");
    provider = OSSL_PROVIDER_load(library, "custodian");
    assert_non_null(default_provider);
    assert_non_null(provider);
    assert_int_equal(EVP_set_default_properties(library, "?provider=default"), 1);
}

static void unload_provider(void)
{
    OSSL_PROVIDER_unload(provider);
    OSSL_PROVIDER_unload(default_provider);
    OSSL_LIB_CTX_free(library);
}

static int set_up(void **state)
{
    struct key wrap, key;
    char line[256];
    (void)state;
    kc_custodian_init(&device, "\"home\", \"work\"");
    kc_custodian_init(&service, "\"home\"");
    snprintf(line, sizeof line,
        "peers = ( { name = \"service\"; socket = \"%s\"; keyrings = [ \"home\" ]; } );\n",
        service.socket);
    kc_custodian_stop(&device);
    change_settings(&device, "", line);
    kc_custodian_start(&device);
    at_device = connect_to(&device);
    at_service = connect_to(&service);
    set_pin(at_device);
    enrol_service(at_device, at_service, &wrap);
    assert_answer(generate(at_device, "Ed25519", "application", "wrapped", "web", &key), KC_OK);
    make_split(wrap.id, "Ed25519");
    make_split(wrap.id, "Ed448");
    make_split(wrap.id, "X25519");
    import_certificates();
    assert_answer(
        ASK(at_device, KEYRING_PIN_INIT, NULL, TEXT(KEYRING, "home"), TEXT(WHO, "user"),
            OCTETS(NEW_PIN, USER_PIN, sizeof USER_PIN - 1), OCTETS(PIN, PIN, sizeof PIN - 1)),
        KC_OK);
    setenv("CUSTODIAN_SOCKET", device.socket, 1);
    load_provider();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unload_provider();
    kc_client_free(at_device);
    kc_client_free(at_service);
    kc_custodian_done(&device);
    kc_custodian_done(&service);
    return 0;
}

/* --- what a store has --- */

struct found {
    size_t keys, certificates;
    EVP_PKEY *key; /* the last one */
    char subject[64];
};

static struct found open_all(const char *uri, int expected, UI_METHOD *ui)
{
    struct found found = {.keys = 0};
    OSSL_STORE_CTX *store = OSSL_STORE_open_ex(uri, library, NULL, ui, NULL, NULL, NULL, NULL);
    assert_non_null(store);
    if (expected != 0)
        assert_int_equal(OSSL_STORE_expect(store, expected), 1);
    while (!OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        if (info == NULL)
            break;
        if (OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY) {
            EVP_PKEY_free(found.key);
            found.key = OSSL_STORE_INFO_get1_PKEY(info);
            found.keys++;
        } else if (OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_CERT) {
            found.certificates++;
            X509_NAME_get_text_by_NID(X509_get_subject_name(OSSL_STORE_INFO_get0_CERT(info)),
                NID_commonName, found.subject, sizeof found.subject);
        }
        OSSL_STORE_INFO_free(info);
    }
    OSSL_STORE_close(store);
    return found;
}

static EVP_PKEY *public_of(const EVP_PKEY *key)
{
    unsigned char *der = NULL;
    int size = i2d_PUBKEY(key, &der);
    assert_true(size > 0);
    const unsigned char *at = der;
    EVP_PKEY *public = d2i_PUBKEY_ex(NULL, &at, size, library, NULL);
    assert_non_null(public);
    OPENSSL_free(der);
    return public;
}

static bool signs(EVP_PKEY *key)
{
    unsigned char signature[114];
    size_t size = sizeof signature;
    const unsigned char *message = (const unsigned char *)"message";
    EVP_PKEY *public = public_of(key);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = EVP_DigestSignInit_ex(context, NULL, NULL, library, NULL, key, NULL) == 1 &&
                EVP_DigestSign(context, signature, &size, message, 7) == 1;
    EVP_MD_CTX_free(context);
    context = EVP_MD_CTX_new();
    done = done && EVP_DigestVerifyInit_ex(context, NULL, NULL, library, NULL, public, NULL) == 1 &&
           EVP_DigestVerify(context, signature, size, message, 7) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(public);
    return done;
}

static void a_label_has_its_key_and_its_certificates(void **state)
{
    (void)state;
    struct found found = open_all("custodian:label=web", 0, NULL);
    assert_int_equal(found.keys, 1);
    assert_int_equal(found.certificates, 2);
    EVP_PKEY_free(found.key);
    found = open_all("custodian:label=web;keyring=home", OSSL_STORE_INFO_CERT, NULL);
    assert_int_equal(found.keys, 0);
    assert_int_equal(found.certificates, 2);
    assert_true(strcmp(found.subject, "one") == 0 || strcmp(found.subject, "two") == 0);
    found = open_all("custodian:label=web", OSSL_STORE_INFO_PKEY, NULL);
    assert_int_equal(found.keys, 1);
    assert_int_equal(found.certificates, 0);
    EVP_PKEY_free(found.key);
}

static void what_is_not_there_is_not_found(void **state)
{
    (void)state;
    assert_int_equal(open_all("custodian:label=x", OSSL_STORE_INFO_CERT, NULL).certificates, 0);
    assert_int_equal(
        open_all("custodian:label=web;keyring=work", OSSL_STORE_INFO_CERT, NULL).certificates, 0);
    assert_int_equal(
        open_all("custodian:label=web;colour=red", OSSL_STORE_INFO_CERT, NULL).certificates, 0);
    assert_int_equal(open_all("custodian:label=web", OSSL_STORE_INFO_CRL, NULL).keys, 0);
    ERR_clear_error();
}

/* --- split keys --- */

static void split_keys_sign_as_if_they_were_whole(void **state)
{
    (void)state;
    static const char *const uris[] = {
        "custodian:label=split%20Ed25519", "custodian:label=split%20Ed448"};
    for (size_t i = 0; i < 2; i++) {
        struct found found = open_all(uris[i], OSSL_STORE_INFO_PKEY, NULL);
        assert_int_equal(found.keys, 1);
        for (int again = 0; again < 3; again++)
            assert_true(signs(found.key));
        EVP_PKEY_free(found.key);
    }
}

static void a_split_key_agrees_as_if_it_were_whole(void **state)
{
    unsigned char ours[32], theirs[32];
    size_t size = sizeof ours;
    (void)state;
    struct found found = open_all("custodian:label=split%20X25519", OSSL_STORE_INFO_PKEY, NULL);
    EVP_PKEY *public = public_of(found.key);
    EVP_PKEY *peer = EVP_PKEY_Q_keygen(library, NULL, "X25519");
    EVP_PKEY *peer_public = public_of(peer);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(library, found.key, NULL);
    assert_int_equal(EVP_PKEY_derive_init(context), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(context, peer_public), 1);
    assert_int_equal(EVP_PKEY_derive(context, ours, &size), 1);
    EVP_PKEY_CTX_free(context);
    context = EVP_PKEY_CTX_new_from_pkey(library, peer, NULL);
    assert_int_equal(EVP_PKEY_derive_init(context), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(context, public), 1);
    assert_int_equal(EVP_PKEY_derive(context, theirs, &size), 1);
    EVP_PKEY_CTX_free(context);
    assert_memory_equal(ours, theirs, sizeof ours);
    EVP_PKEY_free(peer_public);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(public);
    EVP_PKEY_free(found.key);
}

/* A key that is there, but whose other half cannot be asked: the reason is in OpenSSL's queue. */
static void an_absent_peer_is_told(void **state)
{
    (void)state;
    struct found found = open_all("custodian:label=split%20Ed25519", OSSL_STORE_INFO_PKEY, NULL);
    kc_custodian_stop(&service);
    ERR_clear_error();
    assert_false(signs(found.key));
    assert_int_equal(ERR_GET_REASON(ERR_peek_error()), KC_ERR_PEER_ABSENT);
    kc_custodian_start(&service);
    ERR_clear_error();
    assert_true(signs(found.key));
    EVP_PKEY_free(found.key);
}

/* --- logins --- */

static const char *given_pin;
static int pins_asked;

static int give_pin(char *buffer, int size, int writes, void *context)
{
    (void)writes, (void)context;
    pins_asked++;
    assert_true((int)strlen(given_pin) < size);
    memcpy(buffer, given_pin, strlen(given_pin) + 1);
    return (int)strlen(given_pin);
}

static struct found open_with_pin(const char *uri, const char *pin)
{
    UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(give_pin, 0);
    given_pin = pin;
    struct found found = open_all(uri, OSSL_STORE_INFO_PKEY, ui);
    UI_destroy_method(ui);
    return found;
}

static void nobody_is_asked_for_a_pin_where_none_is_needed(void **state)
{
    (void)state;
    struct found found = open_with_pin("custodian:label=web", "none");
    assert_int_equal(pins_asked, 0);
    assert_true(signs(found.key));
    EVP_PKEY_free(found.key);
}

static void a_key_that_wants_a_login_signs_after_the_pin_and_not_before(void **state)
{
    (void)state;
    kc_custodian_stop(&device);
    change_settings(&device, "/^policy/s/operations = . \"\\*\" .;/login = true; &/", "");
    kc_custodian_start(&device);
    struct found found = open_all("custodian:label=web", OSSL_STORE_INFO_PKEY, NULL);
    assert_int_equal(found.keys, 1); /* its public half, for whoever wants just that */
    ERR_clear_error();
    assert_false(signs(found.key));
    assert_int_equal(ERR_GET_REASON(ERR_peek_error()), KC_ERR_LOGIN);

    ERR_clear_error();
    assert_int_equal(open_with_pin("custodian:label=web", "4321 8765").keys, 0);
    assert_int_equal(ERR_GET_REASON(ERR_peek_error()), KC_ERR_PIN_WRONG);
    assert_false(signs(found.key));

    struct found again = open_with_pin("custodian:label=web", USER_PIN);
    assert_int_equal(again.keys, 1);
    assert_true(signs(again.key));
    assert_true(signs(found.key)); /* the login is the connection's */
    assert_int_equal(pins_asked, 2);
    EVP_PKEY_free(again.key);
    EVP_PKEY_free(found.key);
}

static void a_uri_says_as_whom_to_log_in(void **state)
{
    (void)state;
    unload_provider(); /* another connection, and no login */
    load_provider();
    ERR_clear_error();
    assert_int_equal(open_with_pin("custodian:label=web;user=nobody", USER_PIN).keys, 0);
    struct found found = open_with_pin("custodian:label=web;user=user", USER_PIN);
    assert_true(signs(found.key));
    EVP_PKEY_free(found.key);
    ERR_clear_error();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_label_has_its_key_and_its_certificates),
        cmocka_unit_test(what_is_not_there_is_not_found),
        cmocka_unit_test(split_keys_sign_as_if_they_were_whole),
        cmocka_unit_test(a_split_key_agrees_as_if_it_were_whole),
        cmocka_unit_test(an_absent_peer_is_told),
        cmocka_unit_test(nobody_is_asked_for_a_pin_where_none_is_needed),
        cmocka_unit_test(a_key_that_wants_a_login_signs_after_the_pin_and_not_before),
        cmocka_unit_test(a_uri_says_as_whom_to_log_in),
    };
    return cmocka_run_group_tests_name("provider, stores", tests, set_up, tear_down);
}
