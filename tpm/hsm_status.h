/* SPDX-License-Identifier: Apache-2.0 */
/* What a token says of itself. Not authenticated: it informs a person and decides nothing. */
#ifndef KC_TPM_HSM_STATUS_H
#define KC_TPM_HSM_STATUS_H

#include "tpm/hsm.h"

/* The contract is that of kc_root_status; the token was found. Needs no login, so it tells of a
 * locked PIN as well. */
KC_CHECKED enum kc_error kc_hsm_status_read(
    struct kc_hsm_token *token, struct kc_root_status *status);

#endif
