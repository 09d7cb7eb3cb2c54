/* SPDX-License-Identifier: Apache-2.0 */
/* What link.c and identity.c share. */
#ifndef KC_CUSTODIAN_TLS_IDENTITY_H
#define KC_CUSTODIAN_TLS_IDENTITY_H

#include "custodian/tls/link.h"

#include <openssl/ssl.h>

struct kc_tls {
    SSL_CTX *context;
};

#endif
