/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wrapping key of a token, and what identifies both: the root's Name.
 *
 *   Name  ff 01, identity [16], check value [16]
 *
 * The identity is the start of the SHA-256 digest of the token's manufacturer, model and serial
 * number, as the token gives them. It is compared before the PIN is sent, which an exchanged token
 * thus does not learn. The check value is one block, "custodian pin v1", encrypted under the
 * wrapping key with AES-ECB: a token of the same number with another key is found out by it.
 */
#ifndef KC_TPM_HSM_KEY_H
#define KC_TPM_HSM_KEY_H

#include "tpm/hsm.h"

/* Compares the token that was found with the pin: KC_ERR_ROOT_CHANGED. Sends nothing to it. */
KC_CHECKED enum kc_error kc_hsm_key_check_identity(struct kc_hsm_token *token);

/*
 * Finds the wrapping key: AES-256, in the token, made there, never extractable, for encryption and
 * decryption. The token is logged in to.
 *
 * KC_ERR_ROOT_NOT_PROVISIONED  no key has the label
 * KC_ERR_ROOT_HANDLE           another kind of key has it, or several have it
 */
KC_CHECKED enum kc_error kc_hsm_key_find(struct kc_hsm_token *token, CK_OBJECT_HANDLE *key);

/* Finds it and compares it with the pin: KC_ERR_ROOT_CHANGED if it is gone or another. */
KC_CHECKED enum kc_error kc_hsm_key_find_pinned(struct kc_hsm_token *token);

/* Makes one. */
KC_CHECKED enum kc_error kc_hsm_key_make(struct kc_hsm_token *token);

/* The Name of the token with a wrapping key. */
KC_CHECKED enum kc_error kc_hsm_key_name(
    struct kc_hsm_token *token, CK_OBJECT_HANDLE key, uint8_t name[static KC_ROOT_NAME_SIZE]);

#endif
