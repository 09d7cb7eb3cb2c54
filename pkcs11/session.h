/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions, and what each has under way. All functions but kc_session_enter need the
 * module's lock. */
#ifndef KC_PKCS11_SESSION_H
#define KC_PKCS11_SESSION_H

#include "pkcs11/ciphering.h"
#include "pkcs11/signing.h"
#include "pkcs11/slot.h"

#define KC_SESSIONS_MAX 1024 /* of one process, over all slots */

/* A search: the handles that it found. */
struct kc_search {
    bool active;
    CK_OBJECT_HANDLE *handles; /* heap */
    size_t count, told;
};

/* Messages that are signed or verified one after the other. */
struct kc_messages {
    struct kc_signing signing; /* active: there was an Init; its message: the parts of this one */
    bool begun;                /* a message in parts is under way */
};

struct kc_session {
    CK_SESSION_HANDLE handle;
    CK_SLOT_ID slot;
    bool writes; /* opened with CKF_RW_SESSION */
    struct kc_search search;
    struct kc_signing signing, verifying;
    struct kc_messages message_signing, message_verifying;
    struct kc_ciphering encrypting, decrypting;
};

/* The session of a handle. CKR_SESSION_HANDLE_INVALID. */
CK_RV kc_session_find(CK_SESSION_HANDLE handle, struct kc_session **session);

/* Takes the module's lock and finds a session. If that fails the lock is not held. */
CK_RV kc_session_enter(CK_SESSION_HANDLE handle, struct kc_session **session);

/* Its slot, which is always there. */
struct kc_slot *kc_session_slot(const struct kc_session *session);

/* End a search or messages; fine with those that are not active. */
void kc_search_done(struct kc_search *search);
void kc_messages_done(struct kc_messages *messages);

/* Closes all sessions. */
void kc_sessions_clear(void);

#endif
