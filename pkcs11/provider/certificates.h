/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that programs keep with the custodian beside their keys. */
#ifndef KC_PKCS11_PROVIDER_CERTIFICATES_H
#define KC_PKCS11_PROVIDER_CERTIFICATES_H

#include "pkcs11/provider/provider.h"
#include "pkcs11/provider/uri.h"

#define KC_CERTIFICATES_MAX 16

struct kc_certificates {
    uint8_t *der[KC_CERTIFICATES_MAX]; /* heap, owned */
    size_t size[KC_CERTIFICATES_MAX];
    size_t count;
};

/*
 * Finds those with the label of a URI, in its keyring, or in all that the caller sees; none for a URI
 * by id. Errors are raised.
 *
 * found  kc_certificates_done, whatever the outcome
 */
KC_CHECKED enum kc_error kc_certificates_find(
    const struct kc_provider *provider, const struct kc_uri *uri, struct kc_certificates *found);

void kc_certificates_done(struct kc_certificates *certificates);

#endif
