/* SPDX-License-Identifier: Apache-2.0 */
/* How a token says what tokens say in different ways, found by trying with keys that end with the session. */
#ifndef KC_TPM_HSM_QUIRKS_H
#define KC_TPM_HSM_QUIRKS_H

#include "tpm/hsm.h"

/* kc_root_quirks, with the token connected; in the worker's thread. */
KC_CHECKED enum kc_error kc_hsm_quirks_find(
    struct kc_hsm_token *token, struct kc_root_quirks *quirks);

#endif
