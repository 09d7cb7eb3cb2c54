/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/session.h"

#include "base/secret.h"
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

void kc_signing_done(struct kc_signing *signing)
{
    if (signing->message != NULL)
        kc_wipe(signing->message, signing->message_size);
    free(signing->message);
    *signing = (struct kc_signing){0};
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
    free(session);
}

/* With its last session a token's login ends (3.0, section 5.6.2). */
static void close_session(struct kc_session *session)
{
    struct kc_slot *slot = kc_session_slot(session);
    slot->rw_session_count -= session->writes;
    if (--slot->session_count == 0)
        slot->logged_in = false;
    kc_object_remove_of_session(session->handle);
    tdelete(session, &sessions, compare);
    session_count--;
    release(session);
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
    return kc_module_leave(add(slot, (flags & CKF_RW_SESSION) != 0, handle));
}

CK_RV C_CloseSession(CK_SESSION_HANDLE handle)
{
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    close_session(session);
    return kc_module_leave(rv);
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
    while (slot->session_count > 0) {
        struct wanted wanted = {.slot = id};
        twalk_r(sessions, find_of_slot, &wanted);
        close_session(wanted.found);
    }
    return kc_module_leave(CKR_OK);
}

static CK_STATE state_of(const struct kc_session *session)
{
    if (kc_session_slot(session)->logged_in)
        return session->writes ? CKS_RW_USER_FUNCTIONS : CKS_RO_USER_FUNCTIONS;
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

/*
 * No login is needed, so there is no PIN to compare with, and none is looked at: a client that logs
 * in because it always does goes on, and gains nothing by it.
 */
static CK_RV login(struct kc_slot *slot, CK_USER_TYPE type)
{
    if (type == CKU_CONTEXT_SPECIFIC) /* no key asks for it */
        return CKR_OPERATION_NOT_INITIALIZED;
    if (type != CKU_USER)
        return CKR_USER_TYPE_INVALID;
    if (slot->logged_in)
        return CKR_USER_ALREADY_LOGGED_IN;
    slot->logged_in = true;
    return CKR_OK;
}

CK_RV C_Login(CK_SESSION_HANDLE handle, CK_USER_TYPE type, CK_UTF8CHAR *pin, CK_ULONG pin_size)
{
    if (pin == NULL && pin_size > 0)
        return CKR_ARGUMENTS_BAD;
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    return kc_module_leave(login(kc_session_slot(session), type));
}

CK_RV C_Logout(CK_SESSION_HANDLE handle)
{
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    struct kc_slot *slot = kc_session_slot(session);
    if (!slot->logged_in)
        return kc_module_leave(CKR_USER_NOT_LOGGED_IN);
    slot->logged_in = false;
    kc_object_remove_private(slot->id);
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
    if ((flags & CKF_FIND_OBJECTS) != 0)
        kc_search_done(&session->search);
    return kc_module_leave(CKR_OK);
}
