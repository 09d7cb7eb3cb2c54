/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ENCODER: a key as text (`openssl pkey -text`), which says where the private half is and shows the
 * public one. As PEM or DER the default provider writes the public half, which it gets by export; the
 * private half has no encoding at all.
 */
#include "pkcs11/provider/key.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

static void *new_encoder(void *context)
{
    return context;
}

static void release(void *context)
{
    (void)context; /* the provider itself: owned by whoever loaded it */
}

static int does_selection(void *context, int selection)
{
    (void)context;
    return (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0;
}

static int encode_text(void *context, OSSL_CORE_BIO *out, const void *data,
    const OSSL_PARAM abstract[], int selection, OSSL_PASSPHRASE_CALLBACK *passphrase,
    void *passphrase_argument)
{
    const struct kc_provider *provider = context;
    const struct kc_key *key = data;
    (void)passphrase, (void)passphrase_argument;
    if (key == NULL || abstract != NULL || key->public == NULL)
        return 0;
    BIO *bio = BIO_new_from_core_bio(provider->library, out);
    bool good = bio != NULL;
    if (good && (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0)
        good = kc_key_is_private(key) &&
               BIO_printf(bio, "Private-Key: custodian:%s, which stays there\n", key->id) > 0;
    good = good && EVP_PKEY_print_public(bio, key->public, 0, NULL) == 1;
    BIO_free(bio);
    return good;
}

static const OSSL_DISPATCH functions[] = {KC_PROVIDER_ROW(OSSL_FUNC_ENCODER_NEWCTX, new_encoder),
    KC_PROVIDER_ROW(OSSL_FUNC_ENCODER_FREECTX, release),
    KC_PROVIDER_ROW(OSSL_FUNC_ENCODER_DOES_SELECTION, does_selection),
    KC_PROVIDER_ROW(OSSL_FUNC_ENCODER_ENCODE, encode_text), {0, NULL}};

#define TEXT(names)                                                                                \
    {                                                                                              \
        names, KC_PROVIDER_PROPERTIES ",output=text", functions, NULL                              \
    }
const OSSL_ALGORITHM kc_provider_encoders[] = {TEXT("RSA:rsaEncryption"), TEXT("EC:id-ecPublicKey"),
    TEXT("ED25519"), TEXT("ED448"), TEXT("X25519"), TEXT("X448"), {NULL, NULL, NULL, NULL}};
