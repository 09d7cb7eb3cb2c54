/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed keys, in the token: AES-256-GCM under the wrapping key (NIST SP 800-38D; PKCS#11 2.40,
 * CKM_AES_GCM), with the head and the pinned Name as associated data.
 *
 *   blob  version u8 (1), kind u8 (KC_ROOT_BLOB_HSM), nonce [12], ciphertext [32], tag [16]
 *
 * Nonces are the kernel's random octets, or the token's where it insists on its own and puts them
 * into the parameters; so one wrapping key seals 2^32 keys at most.
 *
 * The contracts are those of kc_root_seal and kc_root_unseal; the token is connected.
 */
#ifndef KC_TPM_HSM_SEAL_H
#define KC_TPM_HSM_SEAL_H

#include "tpm/hsm.h"

KC_CHECKED enum kc_error kc_hsm_seal(struct kc_hsm_token *token,
    const uint8_t key[static KC_ROOT_KEY_SIZE], uint8_t blob[static KC_ROOT_BLOB_MAX],
    size_t *blob_size);

KC_CHECKED enum kc_error kc_hsm_unseal(struct kc_hsm_token *token, const uint8_t *blob,
    size_t blob_size, uint8_t key[static KC_ROOT_KEY_SIZE]);

#endif
