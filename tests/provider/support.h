/* SPDX-License-Identifier: Apache-2.0 */
/* The OpenSSL provider as a program has it, beside the default one, and keys to try it with. */
#ifndef KC_TESTS_PROVIDER_SUPPORT_H
#define KC_TESTS_PROVIDER_SUPPORT_H

#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdbool.h>
#include <stdint.h>

/* What load_provider makes: a library context with both. */
extern OSSL_LIB_CTX *library;
extern OSSL_PROVIDER *default_provider, *provider;

#define ALGORITHMS 7
#define SIGNING 5 /* so many of them sign */
extern const char *const algorithms[ALGORITHMS];

/* Makes a key in the keyring "home" of the custodian at CUSTODIAN_SOCKET; use NULL: the algorithm's
 * first. */
void generate(const char *algorithm, const char *role, const char *use, const char *label);

/* Makes one for applications of each algorithm, with its name as label. */
void generate_keys(void);

/* False: OpenSSL says why, on standard error. */
bool load_provider(void);
void unload_provider(void);

/* The key of a URI; NULL: there is none. */
EVP_PKEY *find(const char *uri);

/* The key with a label, which has to be there. */
EVP_PKEY *find_label(const char *label);

/* The key that a PEM file refers to; NULL: none. */
EVP_PKEY *decode(const char *pem);
#define REFERENCE(content)                                                                         \
    "-----BEGIN CUSTODIAN KEY REFERENCE-----\n" content "\n-----END CUSTODIAN KEY "                \
    "REFERENCE-----\n"
/* of label=P-256 */
#define REFERENCE_P_256 REFERENCE("MB4MFWN1c3RvZGlhbjpsYWJlbD1QLTI1NgwFUC0yNTY=")

/* The public half, as a key of the default provider. */
EVP_PKEY *public_of(const EVP_PKEY *key);

/* Signs, and lets the default provider verify. */
bool signs(EVP_PKEY *key, EVP_PKEY *public);

/* Agrees with a key that the default provider makes, which comes to the same secret; X25519, X448. */
bool agrees(EVP_PKEY *key, const char *algorithm);

/* Opens an octet that the default provider encrypted with OAEP. */
bool decrypts(EVP_PKEY *key, uint8_t octet);

#endif
