/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/session.h"

#include "base/secret.h"
#include "base/text.h"
#include "pkcs11/module.h"
#include "pkcs11/object.h"

#include <search.h>
#include <stdlib.h>

static void *sessions; /* a tree by handle */
static size_t session_count;
static CK_SESSION_HANDLE last_handle;

static int compare(const void *a, const void *b)
{
    const struct kc_session *x = a, *y = b;
    return (x->handle > y->handle) - (x->handle < y->handle);
}

CK_RV kc_session_find(CK_SESSION_HANDLE handle, struct kc_session **session)
{
    struct kc_session like = {.handle = handle};
    struct kc_session *const *node = tfind(&like, &sessions, compare);
    if (node == NULL)
        return CKR_SESSION_HANDLE_INVALID;
    *session = *node;
    return CKR_OK;
}

CK_RV kc_session_enter(CK_SESSION_HANDLE handle, struct kc_session **session)
{
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    rv = kc_session_find(handle, session);
    return rv == CKR_OK ? rv : kc_module_leave(rv);
}

struct kc_slot *kc_session_slot(const struct kc_session *session)
{
    struct kc_slot *slot = kc_slot_find(session->slot);
    if (slot == NULL) /* slots stay as long as the module is initialized */
        abort();
    return slot;
}

void kc_search_done(struct kc_search *search)
{
    free(search->handles);
    *search = (struct kc_search){0};
}

void kc_messages_done(struct kc_messages *messages)
{
    kc_signing_done(&messages->signing);
    messages->begun = false;
}

static CK_RV add(struct kc_slot *slot, bool writes, CK_SESSION_HANDLE *handle)
{
    if (session_count == KC_SESSIONS_MAX)
        return CKR_SESSION_COUNT;
    struct kc_session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return CKR_HOST_MEMORY;
    *session = (struct kc_session){.handle = ++last_handle, .slot = slot->id, .writes = writes};
    if (tsearch(session, &sessions, compare) == NULL) {
        free(session);
        return CKR_HOST_MEMORY;
    }
    session_count++;
    slot->session_count++;
    slot->rw_session_count += writes;
    *handle = session->handle;
    return CKR_OK;
}

/* What is left to do with a session that is out of the tree. */
static void release(void *gone)
{
    struct kc_session *session = gone;
    kc_search_done(&session->search);
    kc_signing_done(&session->signing);
    kc_signing_done(&session->verifying);
    kc_messages_done(&session->message_signing);
    kc_messages_done(&session->message_verifying);
    kc_ciphering_done(&session->encrypting);
    kc_ciphering_done(&session->decrypting);
    free(session);
}

/* With its last session a token's login ends (3.0, section 5.6.2): then true, as of kc_login_forget. */
static bool close_session(struct kc_session *session)
{
    struct kc_slot *slot = kc_session_slot(session);
    slot->rw_session_count -= session->writes;
    bool ends = --slot->session_count == 0 && kc_login_forget(slot);
    kc_object_remove_of_session(session->handle);
    tdelete(session, &sessions, compare);
    session_count--;
    release(session);
    return ends;
}

/* Gives the lock back when sessions of a slot were closed. */
static CK_RV leave_closed(const struct kc_slot *slot, bool ends)
{
    char keyring[KC_KEYRING_SIZE];
    KC_TEXT_COPY_ARRAY(keyring, slot->keyring);
    kc_module_unlock();
    if (ends)
        kc_login_end(keyring);
    return CKR_OK;
}

void kc_sessions_clear(void)
{
    tdestroy(sessions, release);
    sessions = NULL;
    session_count = 0;
}

/* The token may have come since somebody last looked. */
static CK_RV enter_token(CK_SLOT_ID id, struct kc_slot **slot)
{
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    rv = kc_slot_with_token(id, slot);
    if (rv == CKR_OK)
        return rv;
    rv = kc_slots_look_again();
    if (rv != CKR_OK)
        return rv;
    rv = kc_slot_with_token(id, slot);
    return rv == CKR_OK ? rv : kc_module_leave(rv);
}

CK_RV C_OpenSession(
    CK_SLOT_ID id, CK_FLAGS flags, void *application, CK_NOTIFY notify, CK_SESSION_HANDLE *handle)
{
    (void)application; /* nothing ever happens of which a client would be notified */
    (void)notify;
    if (handle == NULL)
        return CKR_ARGUMENTS_BAD;
    struct kc_slot *slot;
    CK_RV rv = enter_token(id, &slot);
    if (rv != CKR_OK)
        return rv;
    if ((flags & CKF_SERIAL_SESSION) == 0)
        return kc_module_leave(CKR_SESSION_PARALLEL_NOT_SUPPORTED);
    if (slot->login == KC_LOGIN_SO && (flags & CKF_RW_SESSION) == 0)
        return kc_module_leave(CKR_SESSION_READ_WRITE_SO_EXISTS);
    return kc_module_leave(add(slot, (flags & CKF_RW_SESSION) != 0, handle));
}

CK_RV C_CloseSession(CK_SESSION_HANDLE handle)
{
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    const struct kc_slot *slot = kc_session_slot(session);
    return leave_closed(slot, close_session(session));
}

/* For the walk below: some session of the slot. */
struct wanted {
    CK_SLOT_ID slot;
    struct kc_session *found;
};

static void find_of_slot(const void *node, VISIT visit, void *context)
{
    struct kc_session *session = *(struct kc_session *const *)node;
    struct wanted *wanted = context;
    if ((visit == postorder || visit == leaf) && session->slot == wanted->slot)
        wanted->found = session;
}

CK_RV C_CloseAllSessions(CK_SLOT_ID id)
{
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    struct kc_slot *slot = kc_slot_find(id);
    if (slot == NULL)
        return kc_module_leave(CKR_SLOT_ID_INVALID);
    bool ends = false;
    while (slot->session_count > 0) {
        struct wanted wanted = {.slot = id};
        twalk_r(sessions, find_of_slot, &wanted);
        ends = close_session(wanted.found);
    }
    return leave_closed(slot, ends);
}

static CK_STATE state_of(const struct kc_session *session)
{
    switch (kc_session_slot(session)->login) {
    case KC_LOGIN_SO:
        return CKS_RW_SO_FUNCTIONS;
    case KC_LOGIN_USER:
        return session->writes ? CKS_RW_USER_FUNCTIONS : CKS_RO_USER_FUNCTIONS;
    case KC_LOGIN_NONE:
        break;
    }
    return session->writes ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION;
}

CK_RV C_GetSessionInfo(CK_SESSION_HANDLE handle, CK_SESSION_INFO *info)
{
    if (info == NULL)
        return CKR_ARGUMENTS_BAD;
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    *info = (CK_SESSION_INFO){
        .slotID = session->slot,
        .state = state_of(session),
        .flags = CKF_SERIAL_SESSION | (session->writes ? CKF_RW_SESSION : 0),
    };
    return kc_module_leave(CKR_OK);
}

CK_RV C_SessionCancel(CK_SESSION_HANDLE handle, CK_FLAGS flags)
{
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    if ((flags & CKF_SIGN) != 0)
        kc_signing_done(&session->signing);
    if ((flags & CKF_ENCRYPT) != 0)
        kc_ciphering_done(&session->encrypting);
    if ((flags & CKF_DECRYPT) != 0)
        kc_ciphering_done(&session->decrypting);
    if ((flags & CKF_VERIFY) != 0)
        kc_signing_done(&session->verifying);
    if ((flags & CKF_MESSAGE_SIGN) != 0)
        kc_messages_done(&session->message_signing);
    if ((flags & CKF_MESSAGE_VERIFY) != 0)
        kc_messages_done(&session->message_verifying);
    if ((flags & CKF_FIND_OBJECTS) != 0)
        kc_search_done(&session->search);
    return kc_module_leave(CKR_OK);
}
