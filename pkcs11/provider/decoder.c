/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DECODER: PEM files that hold a reference to a key and nothing of it, for programs that read keys
 * from files alone.
 *
 * The block's label is CUSTODIAN KEY REFERENCE. Its content, in DER:
 *
 *     SEQUENCE { uri UTF8String, algorithm UTF8String }
 *
 * uri is one that the store takes, algorithm as the socket API names it: by it the one decoder that
 * fits is known before the custodian is asked.
 */
#include "pkcs11/provider/key.h"
#include "pkcs11/provider/uri.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#define LABEL "CUSTODIAN KEY REFERENCE"
#define STRUCTURE "CustodianKeyReference"
#define REFERENCE_MAX 1024 /* bytes of the DER */

static void release(void *context)
{
    (void)context; /* the provider itself: owned by whoever loaded it */
}

static void *new_decoder(void *context)
{
    return context;
}

/* --- PEM to DER --- */

/* What is not a reference is left to others, and is no failure. */
static int decode_pem(void *context, OSSL_CORE_BIO *in, int selection, OSSL_CALLBACK *callback,
    void *argument, OSSL_PASSPHRASE_CALLBACK *passphrase, void *passphrase_argument)
{
    const struct kc_provider *provider = context;
    char *name = NULL, *header = NULL;
    unsigned char *der = NULL;
    long size = 0;
    int done = 1;
    (void)selection, (void)passphrase, (void)passphrase_argument;
    BIO *bio = BIO_new_from_core_bio(provider->library, in);
    if (bio == NULL)
        return 0;
    ERR_set_mark();
    bool read = PEM_read_bio(bio, &name, &header, &der, &size) == 1;
    ERR_pop_to_mark();
    if (read && strcmp(name, LABEL) == 0) {
        char structure[] = STRUCTURE;
        OSSL_PARAM params[] = {
            OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_STRUCTURE, structure, 0),
            OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA, der, (size_t)size),
            OSSL_PARAM_construct_end()};
        done = callback(params, argument);
    }
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(der);
    BIO_free(bio);
    return done;
}

/* --- DER to a key --- */

/* The URI of a reference to a key of this kind. False: it is none. */
static bool read_reference(BIO *bio, const struct kc_key_kind *kind, char uri[static KC_URI_MAX])
{
    uint8_t der[REFERENCE_MAX];
    struct kc_span algorithm;
    int size = BIO_read(bio, der, sizeof der);
    return size > 0 && kc_reference_read((struct kc_span){der, (size_t)size}, uri, &algorithm) &&
           kc_key_kind_of(algorithm) == kind;
}

static int decode_der(const struct kc_provider *provider, const struct kc_key_kind *kind,
    OSSL_CORE_BIO *in, OSSL_CALLBACK *callback, void *argument, const struct kc_asker *asker)
{
    char uri[KC_URI_MAX];
    struct kc_key *key;
    BIO *bio = BIO_new_from_core_bio(provider->library, in);
    if (bio == NULL)
        return 0;
    bool fits = read_reference(bio, kind, uri);
    BIO_free(bio);
    if (!fits)
        return 1;
    if (kc_key_find(provider, uri, asker, &key) != KC_OK)
        return 0;
    if (key->kind == kind)
        return kc_key_hand_over(key, callback, argument);
    kc_key_free(key);
    kc_provider_raise(provider, KC_ERR_BAD_ALGORITHM, "the reference names another one");
    return 0;
}

/* --- the tables --- */

#define DECODER(kind)                                                                              \
    static int decode_##kind(void *context, OSSL_CORE_BIO *in, int selection,                      \
        OSSL_CALLBACK *callback, void *argument, OSSL_PASSPHRASE_CALLBACK *passphrase,             \
        void *passphrase_argument)                                                                 \
    {                                                                                              \
        const struct kc_asker asker = {passphrase, passphrase_argument};                           \
        (void)selection;                                                                           \
        return decode_der(context, &kc_key_kinds[KC_KIND_##kind], in, callback, argument, &asker); \
    }                                                                                              \
    FUNCTIONS(functions_##kind, decode_##kind)
#define FUNCTIONS(name, function)                                                                  \
    static const OSSL_DISPATCH name[] = {KC_PROVIDER_ROW(OSSL_FUNC_DECODER_NEWCTX, new_decoder),   \
        KC_PROVIDER_ROW(OSSL_FUNC_DECODER_FREECTX, release),                                       \
        KC_PROVIDER_ROW(OSSL_FUNC_DECODER_DECODE, function), {0, NULL}}

FUNCTIONS(functions_pem, decode_pem);
DECODER(RSA);
DECODER(EC);
DECODER(ED25519);
DECODER(ED448);
DECODER(X25519);
DECODER(X448);

#define FROM_DER KC_PROVIDER_PROPERTIES ",input=der,structure=" STRUCTURE

const OSSL_ALGORITHM kc_provider_decoders[] = {
    {"DER", KC_PROVIDER_PROPERTIES ",input=pem", functions_pem, "key reference"},
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", FROM_DER, functions_RSA, "key reference"},
    {"EC:id-ecPublicKey:1.2.840.10045.2.1", FROM_DER, functions_EC, "key reference"},
    {"ED25519:1.3.101.112", FROM_DER, functions_ED25519, "key reference"},
    {"ED448:1.3.101.113", FROM_DER, functions_ED448, "key reference"},
    {"X25519:1.3.101.110", FROM_DER, functions_X25519, "key reference"},
    {"X448:1.3.101.111", FROM_DER, functions_X448, "key reference"}, {NULL, NULL, NULL, NULL}};
