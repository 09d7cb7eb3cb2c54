/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slots: one for each keyring in which the caller may do anything, its token there while the
 * custodian is.
 *
 * A slot's id comes from its keyring's name alone, so it is the same in every process and after
 * every restart. A slot that was told to the client stays: when its keyring or the custodian goes
 * away, its token does.
 */
#ifndef KC_PKCS11_SLOT_H
#define KC_PKCS11_SLOT_H

#include "pkcs11/key.h"

#define KC_SLOTS_MAX 256

struct kc_slot {
    CK_SLOT_ID id;
    char keyring[KC_KEYRING_SIZE];
    bool present;   /* the token, when last asked */
    bool logged_in; /* as CKU_USER; see C_Login */
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

/* Forgets all slots. */
void kc_slots_clear(void);

#endif
