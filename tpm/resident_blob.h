/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blob of a resident key in a TPM: version u8, kind u8, algorithm u8, use u8, opening u8, PCR
 * mask u32 (of opening 1, else 0), then the object's
 * public and private area, each as a span.
 */
#ifndef KC_TPM_RESIDENT_BLOB_H
#define KC_TPM_RESIDENT_BLOB_H

#include "tpm/policy_binding.h"

/* A blob that was read: well formed, an object as kc_resident_make makes it; nothing believed. */
struct kc_resident_blob {
    enum kc_algorithm algorithm;
    enum kc_use use;
    enum kc_opening opening; /* what a use needs besides the authorisation value */
    uint32_t pcr_mask;       /* of KC_OPENING_BY_PCRS; else 0 */
    TPM2B_PUBLIC public;
    TPM2B_PRIVATE private;
};

/* The public area of a new key, of its algorithm, use and opening; its policy and the rest come later. */
TPM2B_PUBLIC kc_resident_template(const struct kc_resident_blob *blob);

/* Writes the blob and the public key of what the TPM made. KC_ERR_ROOT_ANSWER: it is not what was
 * asked for. */
KC_CHECKED enum kc_error kc_resident_write(
    struct kc_tpm2 *tpm, const struct kc_resident_blob *blob, struct kc_root_made *made);

/* KC_ERR_RECORD_DAMAGED: not such a blob. */
KC_CHECKED enum kc_error kc_resident_read(
    struct kc_tpm2 *tpm, struct kc_span octets, struct kc_resident_blob *blob);

/* Octets of one coordinate; 0 for RSA. */
size_t kc_resident_coordinate_size(enum kc_algorithm algorithm);

#endif
