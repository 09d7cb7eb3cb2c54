/* SPDX-License-Identifier: Apache-2.0 */
/* What a TPM says of itself: it informs a person and decides nothing. */
#ifndef KC_TPM_STATUS_H
#define KC_TPM_STATUS_H

#include "tpm/tpm2.h"

/* The contract is that of kc_root_status; the TPM is connected and its SRK found. */
KC_CHECKED enum kc_error kc_status_read(struct kc_tpm2 *tpm, struct kc_root_status *status);

#endif
