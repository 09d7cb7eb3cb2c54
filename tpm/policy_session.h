/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy session: shows the TPM what a policy asks for. There is one, kept and used again: it
 * is as new after each command that it authorised, and flushed when a step failed.
 */
#ifndef KC_TPM_POLICY_SESSION_H
#define KC_TPM_POLICY_SESSION_H

#include "tpm/tpm2.h"

/* Starts the session if there is none, and shows it the PCRs as they are. */
KC_CHECKED enum kc_error kc_policy_session_show_pcrs(struct kc_tpm2 *tpm, uint32_t mask);

/*
 * Shows it the signed policy that fits the present PCRs, and its signature: after it the session
 * stands for "what the key approves".
 *
 * KC_ERR_ROOT_POLICY  no policy fits, or the one that does was withdrawn or is not signed by the key
 */
KC_CHECKED enum kc_error kc_policy_session_authorize(struct kc_tpm2 *tpm);

/* The Name and the public area that the key has in a TPM. KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_policy_key(
    const uint8_t point[static KC_POLICY_POINT_SIZE], TPM2B_PUBLIC *public, TPM2B_NAME *name);

#endif
