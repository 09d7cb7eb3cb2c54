/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody else's verification of what the vault signed. */
#ifndef KC_TESTS_VAULT_VERIFY_H
#define KC_TESTS_VAULT_VERIFY_H

#include "base/reader.h"

#include <openssl/evp.h>
#include <string.h>

/* type  EVP_PKEY_ED25519 or EVP_PKEY_ED448 */
static inline bool openssl_verifies(int type, const uint8_t *public, size_t public_size,
    struct kc_span signature, const char *message)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(type, NULL, public, public_size);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = key && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestVerify(context, signature.bytes, signature.size, (const uint8_t *)message,
                    strlen(message)) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return good;
}

#endif
