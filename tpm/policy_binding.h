/* SPDX-License-Identifier: Apache-2.0 */
/* What new objects are bound to, sealed keys and resident ones alike, and how that is satisfied. */
#ifndef KC_TPM_POLICY_BINDING_H
#define KC_TPM_POLICY_BINDING_H

#include "tpm/tpm2.h"

/* How an object opens; the numbers stand in blobs. */
enum kc_opening {
    KC_OPENING_ALWAYS = 0,
    KC_OPENING_BY_PCRS = 1,      /* with the values that they had when it was made */
    KC_OPENING_BY_SIGNATURE = 2, /* with what the policy's key approves */
};

/* How new objects open, as the root is configured. */
enum kc_opening kc_policy_opening(const struct kc_tpm2 *tpm);

/* The policy of a new object that opens so; left as it is if objects open always. */
KC_CHECKED enum kc_error kc_policy_bind(struct kc_tpm2 *tpm, TPM2B_DIGEST *policy);

/*
 * Shows the policy session what the opening asks for.
 *
 * opening   not KC_OPENING_ALWAYS
 * pcr_mask  of KC_OPENING_BY_PCRS
 *
 * Errors as kc_policy_session_authorize; after one the session is to be flushed.
 */
KC_CHECKED enum kc_error kc_policy_satisfy(
    struct kc_tpm2 *tpm, enum kc_opening opening, uint32_t pcr_mask);

#endif
