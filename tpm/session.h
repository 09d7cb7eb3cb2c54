/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions salted to the SRK: commands and answers carry an HMAC that only the pinned TPM can make,
 * and their first parameters are encrypted (AES-128-CFB), each way that a command allows.
 */
#ifndef KC_TPM_SESSION_H
#define KC_TPM_SESSION_H

#include "tpm/tpm2.h"

/*
 * Starts a session. tpm->srk must have been compared with the pin before: whoever chose the salt's
 * key knows the session.
 *
 * type  TPM2_SE_HMAC, TPM2_SE_POLICY or TPM2_SE_TRIAL
 */
KC_CHECKED enum kc_error kc_session_start(struct kc_tpm2 *tpm, TPM2_SE type, ESYS_TR *session);

/*
 * Says which ways the next command encrypts. A command whose first parameter (or whose answer's)
 * has no size of its own cannot encrypt it, and the library refuses to try.
 *
 * ways  TPMA_SESSION_DECRYPT (towards the TPM), TPMA_SESSION_ENCRYPT (from it), or both
 */
KC_CHECKED enum kc_error kc_session_protect(
    struct kc_tpm2 *tpm, ESYS_TR session, TPMA_SESSION ways);

#endif
