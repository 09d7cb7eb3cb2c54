/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a resident key's use is bound to, as the root was configured when it was made: nothing but its
 * authorisation value; or the values that PCRs had, or what the policy's key approves, and that value.
 */
#ifndef KC_TPM_RESIDENT_POLICY_H
#define KC_TPM_RESIDENT_POLICY_H

#include "tpm/resident_blob.h"

/* The policy of a new key: its digest, into the public area, and how it is satisfied. */
KC_CHECKED enum kc_error kc_resident_bind(struct kc_tpm2 *tpm, struct kc_resident_blob *blob);

/*
 * Satisfies a key's policy, for one command.
 *
 * session  that authorises the command; NULL: the standing one
 *
 * KC_ERR_ROOT_POLICY  the TPM is in another state
 */
KC_CHECKED enum kc_error kc_resident_satisfy(
    struct kc_tpm2 *tpm, const struct kc_resident_blob *blob, struct kc_session **session);

#endif
