/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of evp.h: what its files share. */
#ifndef KC_CUSTODIAN_VAULT_EVP_PARTS_H
#define KC_CUSTODIAN_VAULT_EVP_PARTS_H

#include "custodian/vault/evp.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <string.h>

#define KC_EVP_MODULUS_MAX 512 /* octets of RSA-4096 */

/* Each released when it leaves its scope. */
static inline void kc_evp_free_context(EVP_PKEY_CTX **context)
{
    EVP_PKEY_CTX_free(*context);
}

static inline void kc_evp_free_number(BIGNUM **number)
{
    BN_clear_free(*number);
}

static inline void kc_evp_free_builder(OSSL_PARAM_BLD **builder)
{
    OSSL_PARAM_BLD_free(*builder);
}

static inline void kc_evp_free_parameters(OSSL_PARAM **parameters)
{
    OSSL_PARAM_free(*parameters);
}

static inline void kc_evp_free_point(EC_POINT **point)
{
    EC_POINT_clear_free(*point);
}

#define KC_EVP_AUTO(release) __attribute__((cleanup(release)))

/* The one place where libcrypto's errors become ours: nothing of theirs is kept. */
static inline enum kc_error kc_evp_outcome(bool good, enum kc_error otherwise)
{
    if (good)
        return KC_OK;
    ERR_clear_error();
    return otherwise;
}

/* A number of a key, big-endian, padded to size octets; secret if the number is. */
KC_CHECKED bool kc_evp_read_number(
    const EVP_PKEY *key, const char *name, uint8_t *octets, size_t size);

/* Opens a public key. KC_ERR_POINT_NOT_ON_CURVE: it is none of the algorithm. */
KC_CHECKED enum kc_error kc_evp_open_public(
    const struct kc_algorithm_info *info, struct kc_span public, EVP_PKEY **key);

#endif
