/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCRs of the SHA-256 bank: their values, and the policy that says "these have those values"
 * (TPM 2.0 Library, part 3, section 23.7), computed here as the TPM does it.
 */
#ifndef KC_TPM_PCR_H
#define KC_TPM_PCR_H

#include "tpm/tpm2.h"

#define KC_PCR_SIZE 32
#define KC_POLICY_SIZE 32 /* a policy's digest */

/* The values of those PCRs that a mask has; the others are not used. */
struct kc_pcr_values {
    uint32_t mask;
    uint8_t value[KC_ROOT_PCR_COUNT][KC_PCR_SIZE];
};

/* The mask as the TPM's structures have it. */
TPML_PCR_SELECTION kc_pcr_selection(uint32_t mask);

/*
 * Reads PCRs; the answers carry the session's HMAC.
 *
 * KC_ERR_ROOT_ANSWER also: the TPM has no SHA-256 bank, or not all of these PCRs in it
 */
KC_CHECKED enum kc_error kc_pcr_read(
    struct kc_tpm2 *tpm, uint32_t mask, struct kc_pcr_values *values);

/* The digest of the values, in ascending order: what a policy's step compares. */
KC_CHECKED enum kc_error kc_pcr_digest(
    const struct kc_pcr_values *values, uint8_t digest[static KC_PCR_SIZE]);

/* Extends a policy's digest (zeros: an empty policy) by the step PolicyPCR. KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_pcr_policy(
    const struct kc_pcr_values *values, uint8_t policy[static KC_POLICY_SIZE]);

#endif
