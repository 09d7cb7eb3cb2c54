/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One instance of the OpenSSL 3 provider: what its parts share.
 *
 * Keys stay with the custodian; public halves, hashing and verification are the work of the default
 * provider, in a library context of our own, so that nothing here depends on, or re-enters, what
 * the program has configured.
 */
#ifndef KC_PKCS11_PROVIDER_PROVIDER_H
#define KC_PKCS11_PROVIDER_PROVIDER_H

#include "proto/socket/client.h"

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/types.h>

#define KC_PROVIDER_DEADLINE_MS 20000 /* for one answer */

struct kc_provider {
    const OSSL_CORE_HANDLE *core;
    OSSL_FUNC_core_new_error_fn *new_error;
    OSSL_FUNC_core_set_error_debug_fn *set_error_debug;
    OSSL_FUNC_core_vset_error_fn *set_error;
    OSSL_LIB_CTX *library;      /* with the default provider alone */
    OSSL_PROVIDER *default_one; /* loaded there */
    struct kc_client *client;
};

/*
 * Asks the custodian. What a lost connection failed is asked once more: nothing that the provider
 * asks for changes anything. Errors are raised, in OpenSSL's queue.
 *
 * answer  on KC_OK only; given to the caller: kc_client_answer_free
 */
KC_CHECKED enum kc_error kc_provider_call(const struct kc_provider *provider,
    struct kc_client_request *request, struct kc_client_answer **answer);

/* Puts an error into OpenSSL's queue, with what more there is to say (NULL: nothing). */
void kc_provider_raise(const struct kc_provider *provider, enum kc_error error, const char *more);

/* The tables of algorithms, one for each kind of operation. */
extern const OSSL_ALGORITHM kc_provider_keys[];
extern const OSSL_ALGORITHM kc_provider_signatures[];
extern const OSSL_ALGORITHM kc_provider_exchanges[];
extern const OSSL_ALGORITHM kc_provider_ciphers[];
extern const OSSL_ALGORITHM kc_provider_stores[];
extern const OSSL_ALGORITHM kc_provider_decoders[];
extern const OSSL_ALGORITHM kc_provider_encoders[];

/* What each of those algorithms is found by. */
#define KC_PROVIDER_PROPERTIES "provider=custodian"

/* A row of a dispatch table. */
#define KC_PROVIDER_ROW(number, function)                                                          \
    {                                                                                              \
        (number), (void (*)(void))(function)                                                       \
    }

#endif
