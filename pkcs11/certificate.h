/* SPDX-License-Identifier: Apache-2.0 */
/* What PKCS#11 tells of an X.509 certificate (RFC 5280, section 4.1), found in its DER. */
#ifndef KC_PKCS11_CERTIFICATE_H
#define KC_PKCS11_CERTIFICATE_H

#include "base/error.h"
#include "base/reader.h"

/* All are DER with tag and length, and lend from the certificate. */
struct kc_certificate {
    struct kc_span serial, issuer, subject, public_info;
};

/* Finds the parts. Nothing is verified. KC_ERR_BAD_ARGUMENT: not the form of a certificate */
KC_CHECKED enum kc_error kc_certificate_read(
    struct kc_span der, struct kc_certificate *certificate);

#endif
