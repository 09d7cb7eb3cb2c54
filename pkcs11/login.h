/* SPDX-License-Identifier: Apache-2.0 */
/* How a keyring is logged in to. */
#ifndef KC_PKCS11_LOGIN_H
#define KC_PKCS11_LOGIN_H

#include "base/error.h"

struct kc_slot;

/* A PIN of a keyring. */
enum kc_pin_state {
    KC_PIN_NONE,
    KC_PIN_SET,
    KC_PIN_FAILED, /* tried wrong since it was last right */
    KC_PIN_WAIT,   /* so often that the next try has to wait */
};

struct kc_login_state {
    bool required; /* the caller's credentials alone do not do */
    enum kc_pin_state user_pin, so_pin;
};

/* Asks the custodian. Not with the module's lock held. */
KC_CHECKED enum kc_error kc_login_show(const char *keyring, struct kc_login_state *state);

/*
 * Ends the login that a token has, and its private secrets. True: it was the last of its keyring, and
 * kc_login_end tells the custodian, once the module's lock is no longer held, as it is here.
 */
KC_CHECKED bool kc_login_forget(struct kc_slot *slot);
void kc_login_end(const char *keyring);

#endif
