/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attestation by a TPM. The attestation key (AK) is a primary key of the owner's hierarchy, restricted
 * to what the TPM itself says, ECDSA P-256 with SHA-256: the same each time, so nothing is kept. That
 * it lives in a certain TPM is shown by credential activation with the endorsement key (EK, template
 * L-2 of the TCG's EK Credential Profile), see proto/credential.h.
 */
#ifndef KC_TPM_ATTEST_H
#define KC_TPM_ATTEST_H

#include "tpm/tpm2.h"

/* kc_root_attest, with the TPM connected. */
KC_CHECKED enum kc_error kc_attest(struct kc_tpm2 *tpm, const struct kc_root_attest *request,
    uint8_t evidence[static KC_ROOT_EVIDENCE_MAX], size_t *evidence_size);

#endif
