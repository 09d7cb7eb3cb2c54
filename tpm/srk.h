/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The storage root key: the parent of every sealed key, and what identifies the TPM. Its Name is
 * the digest of its public area (TPM 2.0 Library, part 1, "Names"), computed here from the octets
 * that the TPM gave and not taken from it.
 */
#ifndef KC_TPM_SRK_H
#define KC_TPM_SRK_H

#include "tpm/tpm2.h"

/*
 * Finds the SRK at the configured handle.
 *
 * srk   its public area, and its Name, which is computed from that; persistent, so never flushed
 *
 * KC_ERR_ROOT_NOT_PROVISIONED  nothing is at the handle
 * KC_ERR_ROOT_HANDLE           what is there is no storage key: ECC P-256 or RSA-2048, restricted,
 * for decryption, fixed to its TPM, with AES and Names by SHA-256
 */
KC_CHECKED enum kc_error kc_srk_find(
    struct kc_tpm2 *tpm, TPM2B_PUBLIC *public, struct kc_entity *srk);

/* Finds it for tpm->srk and compares it with the pin: KC_ERR_ROOT_CHANGED if it is gone or another.
 */
KC_CHECKED enum kc_error kc_srk_find_pinned(struct kc_tpm2 *tpm);

/* Makes one (ECC P-256, AES-128-CFB, not subject to lockout) and puts it at the handle, which must
 * be empty. */
KC_CHECKED enum kc_error kc_srk_make(struct kc_tpm2 *tpm);

#endif
