/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The counter by which signed policies are withdrawn: an NV index that counts up and never back.
 * Everyone may read it; counting is for the TPM's owner. It is exempt from lockout.
 */
#ifndef KC_TPM_POLICY_COUNTER_H
#define KC_TPM_POLICY_COUNTER_H

#include "tpm/tpm2.h"

struct kc_policy_counter {
    struct kc_entity index;
    uint64_t value; /* policies of a lower version are withdrawn */
};

/*
 * Finds it; its value is not read.
 *
 * KC_ERR_ROOT_POLICY  there is none
 * KC_ERR_ROOT_HANDLE  something else is at its handle
 */
KC_CHECKED enum kc_error kc_policy_counter_find(
    struct kc_tpm2 *tpm, struct kc_policy_counter *counter);

/* Finds it and reads its value. Errors of kc_policy_counter_find. */
KC_CHECKED enum kc_error kc_policy_counter_read(
    struct kc_tpm2 *tpm, struct kc_policy_counter *counter);

/* Makes it if there is none. */
KC_CHECKED enum kc_error kc_policy_counter_make(struct kc_tpm2 *tpm);

/* Counts up by one. KC_ERR_ROOT_HANDLE also: the owner has set an authorisation value */
KC_CHECKED enum kc_error kc_policy_counter_up(struct kc_tpm2 *tpm);

#endif
