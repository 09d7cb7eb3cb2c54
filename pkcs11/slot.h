/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slots: one or two for each keyring in which the caller may do anything (config.h), the token in it
 * while the custodian is there.
 *
 * A slot's id comes from its keyring's name and the kinds of keys alone, so it is the same in every
 * process and after every restart. A slot that was told to the client stays: when its keyring or the custodian goes
 * away, its token does.
 */
#ifndef KC_PKCS11_SLOT_H
#define KC_PKCS11_SLOT_H

#include "pkcs11/key.h"
#include "pkcs11/login.h"

#define KC_SLOTS_MAX 256
#define KC_LOGIN_NAME_SIZE 33 /* who logs in, terminator included */

enum kc_login { KC_LOGIN_NONE, KC_LOGIN_USER, KC_LOGIN_SO };

struct kc_slot {
    CK_SLOT_ID id;
    char keyring[KC_KEYRING_SIZE];
    unsigned kinds; /* enum kc_token_kind: the keys that are on its token */
    bool present;   /* the token, when last asked */
    bool event;     /* it came or went since C_WaitForSlotEvent last told */
    enum kc_login login;
    char login_name[KC_LOGIN_NAME_SIZE]; /* "user", "so", or an operator's */
    CK_ULONG session_count;
    CK_ULONG rw_session_count;
};

/* Asks the custodian which keyrings there are, and notes it. Not with the module's lock held. */
void kc_slots_refresh(void);

/* Gives the lock back, refreshes, and takes it again: what was found before may be gone. If that
 * fails the lock is not held. */
CK_RV kc_slots_look_again(void);

/* The slot of an id, or NULL. With the module's lock held, as all below. */
struct kc_slot *kc_slot_find(CK_SLOT_ID id);

/* CKR_SLOT_ID_INVALID, or CKR_TOKEN_NOT_PRESENT. */
CK_RV kc_slot_with_token(CK_SLOT_ID id, struct kc_slot **slot);

/* The keyring's other token; NULL: it has one. */
struct kc_slot *kc_slot_sibling(const struct kc_slot *slot);

/* The connection is gone, and all logins with it. Their private secrets go too. */
void kc_slots_log_out(void);

/* Takes an event that was not told yet; false: there is none. */
bool kc_slot_take_event(CK_SLOT_ID *slot);

/* Forgets all slots. */
void kc_slots_clear(void);

#endif
