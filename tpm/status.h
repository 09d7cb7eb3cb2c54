/* SPDX-License-Identifier: Apache-2.0 */
/* What a TPM says of itself: it informs a person and decides nothing. */
#ifndef KC_TPM_STATUS_H
#define KC_TPM_STATUS_H

#include "tpm/tpm2.h"

/* The contract is that of kc_root_status; the TPM is connected and its SRK found. */
KC_CHECKED enum kc_error kc_status_read(struct kc_tpm2 *tpm, struct kc_root_status *status);

#define KC_STATUS_CURVES_MAX 64

/* The curves that a TPM has, by their numbers in the TCG Algorithm Registry. */
struct kc_status_curves {
    TPM2_ECC_CURVE list[KC_STATUS_CURVES_MAX];
    size_t count;
};

/* For kc_tpm2_run: curves is a struct kc_status_curves, written only on KC_OK. */
KC_CHECKED enum kc_error kc_status_curves(struct kc_tpm2 *tpm, void *curves);

#endif
