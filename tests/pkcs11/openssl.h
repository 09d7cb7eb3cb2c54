/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL's opinion of what the module does with keys on the token home-edwards, and of P-256 on home. */
#ifndef KC_TESTS_PKCS11_OPENSSL_H
#define KC_TESTS_PKCS11_OPENSSL_H

#include "pkcs11/pkcs11_extra.h"

#include <openssl/evp.h>
#include <stdbool.h>

/* The public half as OpenSSL reads it from CKA_PUBLIC_KEY_INFO; the caller frees it. */
EVP_PKEY *public_key(CK_SESSION_HANDLE session, const char *label);

bool verifies(EVP_PKEY *key, const CK_BYTE *signature, CK_ULONG signature_size,
    const CK_BYTE *message, CK_ULONG size);

/* Signs messages of no octets to as many as there may be, which OpenSSL verifies. */
void signs_what_openssl_verifies(const char *label);

/* Derives by the module with OpenSSL's fresh key as peer, and the other way round by OpenSSL. */
void derives_what_openssl_does(const char *algorithm, const char *label);

#endif
