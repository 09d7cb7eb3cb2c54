/* SPDX-License-Identifier: Apache-2.0 */
/* What the custodian signs, said in its own words. */
#ifndef KC_PKCS11_PROVIDER_SIGNING_H
#define KC_PKCS11_PROVIDER_SIGNING_H

#include "pkcs11/provider/key.h"

/* Everything by which OpenSSL can have parameterised a signature. */
struct kc_signing {
    const struct kc_key *key;
    const char *hash;     /* the custodian's name of it; NULL: the message is signed as it is */
    const char *mgf_hash; /* RSA-PSS */
    bool pss;
    size_t salt_size; /* octets; RSA-PSS */
};

/* The custodian's name of a hash that OpenSSL names; NULL: it has no such one. SHA-1 it takes for
 * OAEP alone. */
const char *kc_signing_hash(const struct kc_provider *provider, const char *name);

/*
 * Signs a digest, or with Ed25519 and Ed448 the message. ECDSA comes as DER (RFC 3279, 2.2.3), as
 * all of OpenSSL has it. Errors are raised.
 *
 * signature  limit bytes; *size is written on KC_OK only
 *
 * KC_ERR_BAD_ARGUMENT  limit is too small
 */
KC_CHECKED enum kc_error kc_signing_sign(const struct kc_signing *signing, const void *message,
    size_t message_size, unsigned char *signature, size_t limit, size_t *size);

#endif
