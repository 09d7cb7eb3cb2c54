/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed keys. What is sealed is the key and the Name of the SRK that it was sealed under; both
 * come out together, so a blob that another SRK made is known for that even if a TPM opens it. The
 * object is not subject to dictionary-attack lockout and has no authorisation value. It opens
 * always, or by a policy alone: with the values that the PCRs had, or with what the policy's key
 * approves.
 *
 * A blob is a TSS2 PRIVATE KEY (tss_key.h), as DER, and behind it, as the form has no place for them,
 * how it opens, unless always, and what the TPM said of its making, which blobs of before that was
 * kept do not have:
 *
 *   opening u8 (1: by PCRs, 2: by signature), PCR mask u32 (of opening 1, else 0)
 *   3 u8, creation data span, hierarchy u32, ticket span, and the start of the SHA-256 digest of all
 *   that comes before [16]: nothing that opens the key covers this part
 *
 * The contracts are those of kc_root_seal and kc_root_unseal; the TPM is connected and its SRK
 * found.
 */
#ifndef KC_TPM_SEAL_H
#define KC_TPM_SEAL_H

#include "tpm/command.h"

KC_CHECKED enum kc_error kc_seal(struct kc_tpm2 *tpm, const uint8_t key[static KC_ROOT_KEY_SIZE],
    const uint8_t about[static KC_ROOT_ABOUT_SIZE], uint8_t blob[static KC_ROOT_BLOB_MAX],
    size_t *blob_size);

KC_CHECKED enum kc_error kc_unseal(struct kc_tpm2 *tpm, const uint8_t *blob, size_t blob_size,
    uint8_t key[static KC_ROOT_KEY_SIZE]);

/* Loads what a blob has sealed, without opening it: to be certified. object: to be flushed; creation:
 * lent from the blob, without data if it has none. Errors of kc_unseal. */
KC_CHECKED enum kc_error kc_seal_load(struct kc_tpm2 *tpm, struct kc_span blob,
    TPM2B_PUBLIC *public, struct kc_entity *object, struct kc_creation *creation);

#endif
