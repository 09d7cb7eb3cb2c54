/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head in a token: one private data object, so just a user who is logged in reads it. Its label
 * is that of the wrapping key.
 *
 *   value  SHA-256 of the authorisation value [32], which says whose it is; sequence u64; content
 *
 * A counter object (CKH_MONOTONIC_COUNTER) is not used where there is one: it steps when it is read
 * and keeps nothing else, so a crash between two steps would look like a rollback, and it could not
 * hold what erases old wrapping keys.
 *
 * The contracts are those of kc_root_head_read, _write, _make and _remove; the token is connected.
 */
#ifndef KC_TPM_HSM_HEAD_H
#define KC_TPM_HSM_HEAD_H

#include "tpm/hsm.h"

KC_CHECKED enum kc_error kc_hsm_head_do(struct kc_hsm_token *token, enum kc_root_head_step step,
    const uint8_t auth[static KC_ROOT_AUTH_SIZE], uint8_t content[static KC_ROOT_HEAD_SIZE]);

#endif
