/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions, and what each has under way. All functions but kc_session_enter need the
 * module's lock. */
#ifndef KC_PKCS11_SESSION_H
#define KC_PKCS11_SESSION_H

#include "pkcs11/slot.h"

#define KC_SESSIONS_MAX 1024 /* of one process, over all slots */
#define KC_SIGN_CONTEXT_MAX 255

/* A search: the handles that it found. */
struct kc_search {
    bool active;
    CK_OBJECT_HANDLE *handles; /* heap */
    size_t count, told;
};

/* A signature under way. It can be moved by assignment; kc_signing_done ends it. */
struct kc_signing {
    bool active;
    bool in_parts; /* C_SignUpdate was called */
    const struct kc_key_type *type;
    char key[KC_KEY_TEXT_SIZE]; /* id */
    const char *scheme;         /* static: plain, ctx or ph */
    uint8_t context[KC_SIGN_CONTEXT_MAX];
    size_t context_size;
    uint8_t *message; /* heap: the parts so far */
    size_t message_size;
};

struct kc_session {
    CK_SESSION_HANDLE handle;
    CK_SLOT_ID slot;
    bool writes; /* opened with CKF_RW_SESSION */
    struct kc_search search;
    struct kc_signing signing;
};

/* The session of a handle. CKR_SESSION_HANDLE_INVALID. */
CK_RV kc_session_find(CK_SESSION_HANDLE handle, struct kc_session **session);

/* Takes the module's lock and finds a session. If that fails the lock is not held. */
CK_RV kc_session_enter(CK_SESSION_HANDLE handle, struct kc_session **session);

/* Its slot, which is always there. */
struct kc_slot *kc_session_slot(const struct kc_session *session);

/* End a search or a signature; fine with one that is not active. */
void kc_search_done(struct kc_search *search);
void kc_signing_done(struct kc_signing *signing);

/* Closes all sessions. */
void kc_sessions_clear(void);

#endif
