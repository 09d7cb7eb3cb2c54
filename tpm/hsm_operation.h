/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations of root.h on a token, in the worker's thread: each takes what it needs from the
 * call and leaves its results there. Contracts and errors are those of root.h.
 */
#ifndef KC_TPM_HSM_OPERATION_H
#define KC_TPM_HSM_OPERATION_H

#include "tpm/hsm.h"

/* Finds the pinned token, logs in and finds its wrapping key, unless that was done. */
KC_CHECKED enum kc_error kc_hsm_connect_now(struct kc_hsm_token *token);

/* For calls that connect: the token is connected when they begin. The first does nothing more. */
KC_CHECKED enum kc_error kc_hsm_do_nothing(struct kc_hsm_token *token, struct kc_hsm_call *call);
KC_CHECKED enum kc_error kc_hsm_do_seal(struct kc_hsm_token *token, struct kc_hsm_call *call);
KC_CHECKED enum kc_error kc_hsm_do_unseal(struct kc_hsm_token *token, struct kc_hsm_call *call);
KC_CHECKED enum kc_error kc_hsm_do_random(struct kc_hsm_token *token, struct kc_hsm_call *call);
KC_CHECKED enum kc_error kc_hsm_do_key_make(struct kc_hsm_token *token, struct kc_hsm_call *call);
KC_CHECKED enum kc_error kc_hsm_do_key_keep(struct kc_hsm_token *token, struct kc_hsm_call *call);
KC_CHECKED enum kc_error kc_hsm_do_key_left(struct kc_hsm_token *token, struct kc_hsm_call *call);
KC_CHECKED enum kc_error kc_hsm_do_key_use(struct kc_hsm_token *token, struct kc_hsm_call *call);
KC_CHECKED enum kc_error kc_hsm_do_attest(struct kc_hsm_token *token, struct kc_hsm_call *call);
KC_CHECKED enum kc_error kc_hsm_do_find_quirks(
    struct kc_hsm_token *token, struct kc_hsm_call *call);
KC_CHECKED enum kc_error kc_hsm_do_key_destroy(
    struct kc_hsm_token *token, struct kc_hsm_call *call);
KC_CHECKED enum kc_error kc_hsm_do_head(struct kc_hsm_token *token, struct kc_hsm_call *call);
KC_CHECKED enum kc_error kc_hsm_do_retire(struct kc_hsm_token *token, struct kc_hsm_call *call);

/* For calls that do not connect; these do as far as they need it. */
KC_CHECKED enum kc_error kc_hsm_do_disconnect(struct kc_hsm_token *token, struct kc_hsm_call *call);
KC_CHECKED enum kc_error kc_hsm_do_status(struct kc_hsm_token *token, struct kc_hsm_call *call);
KC_CHECKED enum kc_error kc_hsm_do_provision(struct kc_hsm_token *token, struct kc_hsm_call *call);

#endif
