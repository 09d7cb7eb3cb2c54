/* SPDX-License-Identifier: Apache-2.0 */
/* The table of hashes: as the socket API names them, and as PKCS#11 does. None is computed here. */
#ifndef KC_PKCS11_DIGEST_H
#define KC_PKCS11_DIGEST_H

#include "pkcs11/pkcs11_extra.h"

#include <stddef.h>

/* A hash's name by its mechanism (CKM_SHA256), or by its mask generation function; NULL: none that is
 * used here. */
const char *kc_digest_of_mechanism(CK_MECHANISM_TYPE mechanism);
const char *kc_digest_of_mgf(CK_ULONG mgf);

/* Octets of a digest of a hash in the table. */
size_t kc_digest_size(const char *name);

#endif
