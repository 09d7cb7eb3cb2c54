/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many messages signed or verified with one key (PKCS#11 3.0, sections 5.14 and 5.16). None of the
 * mechanisms has a parameter of each message's own, so there is none: NULL, and 0.
 */
#include "base/secret.h"
#include "pkcs11/module.h"
#include "pkcs11/session.h"

#include <stdlib.h>
#include <string.h>

/* Which of a session's two. */
typedef struct kc_messages *select_messages(struct kc_session *session);

static struct kc_messages *signing_of(struct kc_session *session)
{
    return &session->message_signing;
}

static struct kc_messages *verifying_of(struct kc_session *session)
{
    return &session->message_verifying;
}

/* --- beginning and end --- */

static CK_RV start(struct kc_session *session, select_messages *select, CK_FLAGS flag,
    const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE handle)
{
    struct kc_messages *messages = select(session);
    if (mechanism == NULL) { /* gives it up */
        kc_messages_done(messages);
        return CKR_OK;
    }
    if (messages->signing.active)
        return CKR_OPERATION_ACTIVE;
    return kc_signing_start(kc_object_find(handle, session->slot), kc_session_slot(session)->kinds,
        mechanism, flag, &messages->signing);
}

CK_RV C_MessageSignInit(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    return kc_module_leave(start(session, signing_of, CKF_SIGN, mechanism, key));
}

CK_RV C_MessageVerifyInit(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    return kc_module_leave(start(session, verifying_of, CKF_VERIFY, mechanism, key));
}

static CK_RV end(CK_SESSION_HANDLE handle, select_messages *select)
{
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    struct kc_messages *messages = select(session);
    if (!messages->signing.active)
        return kc_module_leave(CKR_OPERATION_NOT_INITIALIZED);
    /* "... or if there is an active message" */
    if (messages->begun)
        return kc_module_leave(CKR_OPERATION_ACTIVE);
    kc_messages_done(messages);
    return kc_module_leave(CKR_OK);
}

CK_RV C_MessageSignFinal(CK_SESSION_HANDLE handle)
{
    return end(handle, signing_of);
}

CK_RV C_MessageVerifyFinal(CK_SESSION_HANDLE handle)
{
    return end(handle, verifying_of);
}

/* --- one message --- */

/* The state of a session that has Init behind it, and a message begun or not. The lock is held on
 * success. */
static CK_RV enter(
    CK_SESSION_HANDLE handle, select_messages *select, bool begun, struct kc_messages **messages)
{
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    *messages = select(session);
    if (!(*messages)->signing.active || (begun && !(*messages)->begun))
        return kc_module_leave(CKR_OPERATION_NOT_INITIALIZED);
    if (!begun && (*messages)->begun)
        return kc_module_leave(CKR_OPERATION_ACTIVE);
    return CKR_OK;
}

/* What is under way, without the message so far: it goes on, whatever comes of this message. */
static struct kc_signing without_message(const struct kc_signing *signing)
{
    struct kc_signing copy = *signing;
    copy.message = NULL;
    copy.message_size = 0;
    return copy;
}

/* Ends the message and hands out what was collected of it. */
static struct kc_signing take_message(struct kc_messages *messages)
{
    struct kc_signing taken = messages->signing;
    messages->signing = without_message(&taken);
    messages->begun = false;
    return taken;
}

/* Whether the client only asks for the size, or has too little room. */
static bool wants_size(
    const struct kc_messages *messages, const CK_BYTE *signature, CK_ULONG *size, CK_RV *rv)
{
    CK_ULONG room = *size;
    *size = messages->signing.output_size;
    *rv = signature != NULL && room < *size ? CKR_BUFFER_TOO_SMALL : CKR_OK;
    return signature == NULL || *rv != CKR_OK;
}

static bool no_parameter(const void *parameter, CK_ULONG size)
{
    return parameter == NULL && size == 0;
}

CK_RV C_SignMessage(CK_SESSION_HANDLE handle, void *parameter, CK_ULONG parameter_size,
    CK_BYTE *data, CK_ULONG data_size, CK_BYTE *signature, CK_ULONG *size)
{
    if (!no_parameter(parameter, parameter_size) || (data == NULL && data_size > 0) || size == NULL)
        return CKR_ARGUMENTS_BAD;
    struct kc_messages *messages;
    CK_RV rv = enter(handle, signing_of, false, &messages);
    if (rv != CKR_OK)
        return rv;
    if (wants_size(messages, signature, size, &rv))
        return kc_module_leave(rv);
    struct kc_signing signing = without_message(&messages->signing);
    kc_module_unlock();
    return kc_signing_sign(&signing, data, data_size, signature);
}

CK_RV C_VerifyMessage(CK_SESSION_HANDLE handle, void *parameter, CK_ULONG parameter_size,
    CK_BYTE *data, CK_ULONG data_size, CK_BYTE *signature, CK_ULONG signature_size)
{
    if (!no_parameter(parameter, parameter_size) || (data == NULL && data_size > 0) ||
        signature == NULL)
        return CKR_ARGUMENTS_BAD;
    struct kc_messages *messages;
    CK_RV rv = enter(handle, verifying_of, false, &messages);
    if (rv != CKR_OK)
        return rv;
    struct kc_signing verifying = without_message(&messages->signing);
    kc_module_unlock();
    return kc_signing_verify(&verifying, data, data_size, signature, signature_size);
}

/* --- one message in parts --- */

static CK_RV begin(
    CK_SESSION_HANDLE handle, select_messages *select, const void *parameter, CK_ULONG size)
{
    if (!no_parameter(parameter, size))
        return CKR_ARGUMENTS_BAD;
    struct kc_messages *messages;
    CK_RV rv = enter(handle, select, false, &messages);
    if (rv != CKR_OK)
        return rv;
    messages->begun = true;
    return kc_module_leave(CKR_OK);
}

CK_RV C_SignMessageBegin(CK_SESSION_HANDLE handle, void *parameter, CK_ULONG parameter_size)
{
    return begin(handle, signing_of, parameter, parameter_size);
}

CK_RV C_VerifyMessageBegin(CK_SESSION_HANDLE handle, void *parameter, CK_ULONG parameter_size)
{
    return begin(handle, verifying_of, parameter, parameter_size);
}

/* Takes a part in; one that cannot be taken ends the message and all. */
static CK_RV append(struct kc_messages *messages, const CK_BYTE *data, CK_ULONG size)
{
    CK_RV rv = kc_signing_append(&messages->signing, data, size);
    if (rv != CKR_OK)
        messages->begun = false;
    return rv;
}

/* With size, this is the last part: the standard has no other sign. */
CK_RV C_SignMessageNext(CK_SESSION_HANDLE handle, void *parameter, CK_ULONG parameter_size,
    CK_BYTE *data, CK_ULONG data_size, CK_BYTE *signature, CK_ULONG *size)
{
    if (!no_parameter(parameter, parameter_size) || (data == NULL && data_size > 0))
        return CKR_ARGUMENTS_BAD;
    struct kc_messages *messages;
    CK_RV rv = enter(handle, signing_of, true, &messages);
    if (rv != CKR_OK)
        return rv;
    if (size != NULL && wants_size(messages, signature, size, &rv))
        return kc_module_leave(rv);
    rv = append(messages, data, data_size);
    if (rv != CKR_OK || size == NULL)
        return kc_module_leave(rv);
    struct kc_signing taken = take_message(messages);
    kc_module_unlock();
    rv = kc_signing_sign(&taken, taken.message, taken.message_size, signature);
    kc_signing_done(&taken);
    return rv;
}

/* With a signature, this is the last part. */
CK_RV C_VerifyMessageNext(CK_SESSION_HANDLE handle, void *parameter, CK_ULONG parameter_size,
    CK_BYTE *data, CK_ULONG data_size, CK_BYTE *signature, CK_ULONG signature_size)
{
    if (!no_parameter(parameter, parameter_size) || (data == NULL && data_size > 0))
        return CKR_ARGUMENTS_BAD;
    struct kc_messages *messages;
    CK_RV rv = enter(handle, verifying_of, true, &messages);
    if (rv != CKR_OK)
        return rv;
    rv = append(messages, data, data_size);
    if (rv != CKR_OK || signature == NULL)
        return kc_module_leave(rv);
    struct kc_signing taken = take_message(messages);
    kc_module_unlock();
    rv = kc_signing_verify(&taken, taken.message, taken.message_size, signature, signature_size);
    kc_signing_done(&taken);
    return rv;
}
