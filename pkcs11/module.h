/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module as a whole: whether it is initialized, and the one lock over slots, sessions and
 * objects.
 *
 * No call to the custodian is made with the lock held. A function that needs one looks things up
 * under the lock, copies what it needs, calls, and looks them up again: a session may be closed in
 * between.
 *
 * The lock is consistent over a fork. The child goes on with copies of all sessions and objects, on
 * connections of its own.
 */
#ifndef KC_PKCS11_MODULE_H
#define KC_PKCS11_MODULE_H

#include "pkcs11/pkcs11_extra.h"

/* The lock by itself, for what must be done also after the module was finalized. */
void kc_module_lock(void);
void kc_module_unlock(void);

/* Takes the lock. CKR_CRYPTOKI_NOT_INITIALIZED: it is not taken. */
CK_RV kc_module_enter(void);

/* Gives the lock back; returns rv, so that a function can end with it. */
static inline CK_RV kc_module_leave(CK_RV rv)
{
    kc_module_unlock();
    return rv;
}

/* Which initialization this is: another after each C_Finalize. With the lock held. */
unsigned kc_module_initialization(void);

/* C_GetInfo for the 2.40 function list: the same but for the version. */
CK_RV kc_module_info_2_40(CK_INFO *info);

/* Fills a fixed field with text, without terminator, padded with blanks; cut between characters. */
void kc_module_pad(CK_UTF8CHAR *field, size_t size, const char *text);

#endif
