/* SPDX-License-Identifier: Apache-2.0 */
/* The way to a token: the module, the slot with the token, a session, the login; and the one place
 * where PKCS#11's codes become ours. */
#ifndef KC_TPM_HSM_CONNECTION_H
#define KC_TPM_HSM_CONNECTION_H

#include "tpm/hsm.h"

/*
 * Loads the module if it is not, initialises it, and finds the one token that has the label.
 *
 * KC_ERR_ROOT_UNAVAILABLE  the module does not load, or no token has the label
 * KC_ERR_ROOT_HANDLE       more than one has it
 */
KC_CHECKED enum kc_error kc_hsm_connection_find(struct kc_hsm_token *token);

/*
 * Opens a session on the token that was found, and logs in. A PIN that was refused once is not
 * tried again, and none is tried when one wrong try would lock the token.
 *
 * KC_ERR_ROOT_PIN      the PIN is, or was, refused, or only one try is left
 * KC_ERR_ROOT_LOCKOUT  the PIN is locked
 */
KC_CHECKED enum kc_error kc_hsm_connection_login(struct kc_hsm_token *token);

/* Logs out and leaves the module uninitialised, so that the next connection takes nothing for
 * granted. Fine if not connected. */
void kc_hsm_connection_close(struct kc_hsm_token *token);

/*
 * The result of a call into the module as an error of ours; a failure is kept as the cause.
 *
 * step  static text: what was tried
 */
KC_CHECKED enum kc_error kc_hsm_connection_check(
    struct kc_hsm_token *token, const char *step, CK_RV code);

/* Sets a cause that did not come from the module, and returns the error. */
KC_CHECKED enum kc_error kc_hsm_connection_refuse(
    struct kc_hsm_token *token, enum kc_error error, const char *reason);

#endif
