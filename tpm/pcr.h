/* SPDX-License-Identifier: Apache-2.0 */
/* PCRs of the SHA-256 bank, as the TPM has them. */
#ifndef KC_TPM_PCR_H
#define KC_TPM_PCR_H

#include "tpm/pcr_values.h"
#include "tpm/tpm2.h"

/* The mask as the TPM's structures have it. */
TPML_PCR_SELECTION kc_pcr_selection(uint32_t mask);

/*
 * Reads PCRs; the answers carry the session's HMAC.
 *
 * KC_ERR_ROOT_ANSWER also: the TPM has no SHA-256 bank, or not all of these PCRs in it
 */
KC_CHECKED enum kc_error kc_pcr_read(
    struct kc_tpm2 *tpm, uint32_t mask, struct kc_pcr_values *values);

#endif
