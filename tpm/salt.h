/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The salt of a session: random octets that only the TPM with the private half of a storage key
 * can read (TPM 2.0 Library, part 1, sections B.10.3 and C.6.2).
 */
#ifndef KC_TPM_SALT_H
#define KC_TPM_SALT_H

#include "base/error.h"

#include <stdint.h>
#include <tss2/tss2_tpm2_types.h>

#define KC_SALT_SIZE 32
#define KC_SALT_ENCRYPTED_MAX 256 /* RSA-2048 */

struct kc_salt {
    uint8_t value[KC_SALT_SIZE]; /* secret */
    uint8_t encrypted[KC_SALT_ENCRYPTED_MAX];
    size_t encrypted_size;
};

/*
 * key   the storage key: P-256 or RSA-2048, its Name by SHA-256
 * salt  written only on KC_OK
 *
 * KC_ERR_ROOT_ANSWER  the key is none: its point is not on the curve, its modulus impossible
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_salt_make(const TPM2B_PUBLIC *key, struct kc_salt *salt);

#endif
