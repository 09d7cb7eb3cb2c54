/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifying (PKCS#11 3.0, section 5.15). It needs no secret, and yet the custodian is asked, as this
 * module has no cryptography: it takes the public key that the object has, so it also verifies with
 * other people's keys.
 */
#include "pkcs11/module.h"
#include "pkcs11/session.h"

static CK_RV start(
    struct kc_session *session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE handle)
{
    if (session->verifying.active)
        return CKR_OPERATION_ACTIVE;
    return kc_signing_start(kc_object_find(handle, session->slot), kc_session_slot(session)->kinds,
        mechanism, CKF_VERIFY, &session->verifying);
}

CK_RV C_VerifyInit(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    if (mechanism == NULL) /* 3.0: gives it up */
        kc_signing_done(&session->verifying);
    else
        rv = start(session, mechanism, key);
    return kc_module_leave(rv);
}

/* Takes what is under way out of the session; C_Verify does not end one in parts, and the other way
 * round. */
static CK_RV take(CK_SESSION_HANDLE handle, bool final, struct kc_signing *taken)
{
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    if (!session->verifying.active || session->verifying.in_parts != final)
        return kc_module_leave(CKR_OPERATION_NOT_INITIALIZED);
    *taken = session->verifying;
    session->verifying = (struct kc_signing){0};
    return kc_module_leave(CKR_OK);
}

CK_RV C_Verify(CK_SESSION_HANDLE handle, CK_BYTE *data, CK_ULONG data_size, CK_BYTE *signature,
    CK_ULONG signature_size)
{
    if ((data == NULL && data_size > 0) || signature == NULL)
        return CKR_ARGUMENTS_BAD;
    struct kc_signing verifying;
    CK_RV rv = take(handle, false, &verifying);
    if (rv != CKR_OK)
        return rv;
    rv = kc_signing_verify(&verifying, data, data_size, signature, signature_size);
    kc_signing_done(&verifying);
    return rv;
}

CK_RV C_VerifyUpdate(CK_SESSION_HANDLE handle, CK_BYTE *part, CK_ULONG size)
{
    if (part == NULL && size > 0)
        return CKR_ARGUMENTS_BAD;
    struct kc_session *session;
    CK_RV rv = kc_session_enter(handle, &session);
    if (rv != CKR_OK)
        return rv;
    return kc_module_leave(kc_signing_append(&session->verifying, part, size));
}

CK_RV C_VerifyFinal(CK_SESSION_HANDLE handle, CK_BYTE *signature, CK_ULONG signature_size)
{
    if (signature == NULL)
        return CKR_ARGUMENTS_BAD;
    struct kc_signing verifying;
    CK_RV rv = take(handle, true, &verifying);
    if (rv != CKR_OK)
        return rv;
    rv = kc_signing_verify(
        &verifying, verifying.message, verifying.message_size, signature, signature_size);
    kc_signing_done(&verifying);
    return rv;
}
