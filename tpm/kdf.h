/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TPM's two key derivation functions, with SHA-256 (TPM 2.0 Library, part 1, section 11.4.10):
 * KDFa from a key, KDFe from a point of a key agreement.
 */
#ifndef KC_TPM_KDF_H
#define KC_TPM_KDF_H

#include "base/error.h"
#include "base/reader.h"

#include <stdint.h>

#define KC_KDF_SIZE_MAX 32  /* octets derived: one block of either */
#define KC_KDF_PARTY_MAX 66 /* octets of u, and of v */
#define KC_KDF_Z_MAX 66     /* octets of a coordinate */

/*
 * key    secret; borrowed
 * label  without its zero, which is derived from as well
 * u, v   borrowed
 * out    secret; size octets; written only on KC_OK
 *
 * KC_ERR_BAD_ARGUMENT  a size is over its limit
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_kdfa(struct kc_span key, const char *label, struct kc_span u,
    struct kc_span v, uint8_t *out, size_t size);

/* z  secret: the agreed point's x; otherwise as above */
KC_CHECKED enum kc_error kc_kdfe(struct kc_span z, const char *label, struct kc_span u,
    struct kc_span v, uint8_t *out, size_t size);

#endif
