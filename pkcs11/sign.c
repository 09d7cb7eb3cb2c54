/* SPDX-License-Identifier: Apache-2.0 */
/* Signing (PKCS#11 3.0, section 5.13). */
#include "pkcs11/module.h"
#include "pkcs11/session.h"

static CK_RV start(
    struct kc_session *session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE handle)
{
    if (session->signing.active)
        return CKR_OPERATION_ACTIVE;
    return kc_signing_start(kc_object_find(handle, session->slot), kc_session_slot(session)->kinds,
        mechanism, CKF_SIGN, &session->signing);
}

CK_RV C_SignInit(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    if (mechanism == NULL) /* 3.0: gives a signature up */
        kc_signing_done(&session->signing);
    else
        rv = start(session, mechanism, key);
    return kc_module_leave(rv);
}

/*
 * The common beginning of C_Sign and C_SignFinal. Either the client only asks for the size, or has
 * too little room: then the signature stays under way and *size says what it needs; or the
 * signature is moved to the caller, who ends it.
 *
 * taken  active only if there is something to sign
 */
static CK_RV take(CK_SESSION_HANDLE handle, bool final, const CK_BYTE *signature, CK_ULONG *size,
    struct kc_signing *taken)
{
    struct kc_session *session;
    CK_RV rv = kc_session_find(handle, &session);
    if (rv != CKR_OK)
        return rv;
    struct kc_signing *signing = &session->signing;
    /* C_Sign does not end a signature in parts, and C_SignFinal no other. */
    if (!signing->active || signing->in_parts != final)
        return CKR_OPERATION_NOT_INITIALIZED;
    CK_ULONG room = *size;
    *size = signing->output_size;
    if (signature == NULL)
        return CKR_OK;
    if (room < *size)
        return CKR_BUFFER_TOO_SMALL;
    *taken = *signing;
    *signing = (struct kc_signing){0};
    return CKR_OK;
}

/* C_Sign with the message given, C_SignFinal with what was collected. */
static CK_RV finish(CK_SESSION_HANDLE handle, bool final, const CK_BYTE *message,
    CK_ULONG message_size, CK_BYTE *signature, CK_ULONG *size)
{
    struct kc_signing signing = {0};
    CK_RV rv = kc_module_enter();
    if (rv != CKR_OK)
        return rv;
    rv = kc_module_leave(take(handle, final, signature, size, &signing));
    if (!signing.active)
        return rv;
    if (final)
        rv = kc_signing_sign(&signing, signing.message, signing.message_size, signature);
    else
        rv = kc_signing_sign(&signing, message, message_size, signature);
    kc_signing_done(&signing);
    return rv;
}

CK_RV C_Sign(
    CK_SESSION_HANDLE handle, CK_BYTE *data, CK_ULONG data_size, CK_BYTE *signature, CK_ULONG *size)
{
    if (size == NULL || (data == NULL && data_size > 0))
        return CKR_ARGUMENTS_BAD;
    return finish(handle, false, data, data_size, signature, size);
}

CK_RV C_SignFinal(CK_SESSION_HANDLE handle, CK_BYTE *signature, CK_ULONG *size)
{
    if (size == NULL)
        return CKR_ARGUMENTS_BAD;
    return finish(handle, true, NULL, 0, signature, size);
}

CK_RV C_SignUpdate(CK_SESSION_HANDLE handle, CK_BYTE *part, CK_ULONG size)
{
    if (part == NULL && size > 0)
        return CKR_ARGUMENTS_BAD;
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    return kc_module_leave(kc_signing_append(&session->signing, part, size));
}
