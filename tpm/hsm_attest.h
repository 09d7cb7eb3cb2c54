/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a token says of a key, for an attestation. Nothing of it is signed: PKCS#11 has no key of the
 * token's own that signs what the token says, so that all of it rests on the software that asks. The
 * token is connected.
 */
#ifndef KC_TPM_HSM_ATTEST_H
#define KC_TPM_HSM_ATTEST_H

#include "tpm/hsm.h"

/*
 * kc_root_attest. The blob is read, its authorisation is not.
 *
 * evidence  KC_ROOT_RESULT_MAX octets of room
 *
 * KC_ERR_ROOT_UNFIT  ACTIVATE: a token opens no credential
 * and the errors of kc_hsm_resident_use and kc_hsm_unseal
 */
KC_CHECKED enum kc_error kc_hsm_attest(struct kc_hsm_token *token, enum kc_root_attest_step step,
    struct kc_span blob, uint8_t evidence[static KC_ROOT_RESULT_MAX], size_t *evidence_size);

#endif
