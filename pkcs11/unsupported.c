/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions that do nothing yet: one row each, with the types of its parameters. The standard
 * wants every function in the list, and this answer of those that are not supported.
 */
#include "pkcs11/pkcs11_extra.h"

#define NOT_SUPPORTED(name, ...)                                                                   \
    CK_RV name(__VA_ARGS__)                                                                        \
    {                                                                                              \
        return CKR_FUNCTION_NOT_SUPPORTED;                                                         \
    }

NOT_SUPPORTED(C_GetOperationState, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG *)
NOT_SUPPORTED(
    C_SetOperationState, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_OBJECT_HANDLE, CK_OBJECT_HANDLE)

NOT_SUPPORTED(C_DigestInit, CK_SESSION_HANDLE, CK_MECHANISM *)
NOT_SUPPORTED(C_Digest, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *)
NOT_SUPPORTED(C_DigestUpdate, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG)
NOT_SUPPORTED(C_DigestKey, CK_SESSION_HANDLE, CK_OBJECT_HANDLE)
NOT_SUPPORTED(C_DigestFinal, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG *)

NOT_SUPPORTED(C_SignRecoverInit, CK_SESSION_HANDLE, CK_MECHANISM *, CK_OBJECT_HANDLE)
NOT_SUPPORTED(C_SignRecover, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *)
NOT_SUPPORTED(C_VerifyRecoverInit, CK_SESSION_HANDLE, CK_MECHANISM *, CK_OBJECT_HANDLE)
NOT_SUPPORTED(C_VerifyRecover, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *)
NOT_SUPPORTED(C_DigestEncryptUpdate, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *)
NOT_SUPPORTED(C_DecryptDigestUpdate, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *)
NOT_SUPPORTED(C_SignEncryptUpdate, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *)
NOT_SUPPORTED(C_DecryptVerifyUpdate, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *)

NOT_SUPPORTED(C_MessageEncryptInit, CK_SESSION_HANDLE, CK_MECHANISM *, CK_OBJECT_HANDLE)
NOT_SUPPORTED(C_EncryptMessage, CK_SESSION_HANDLE, void *, CK_ULONG, CK_BYTE *, CK_ULONG, CK_BYTE *,
    CK_ULONG, CK_BYTE *, CK_ULONG *)
NOT_SUPPORTED(C_EncryptMessageBegin, CK_SESSION_HANDLE, void *, CK_ULONG, CK_BYTE *, CK_ULONG)
NOT_SUPPORTED(C_EncryptMessageNext, CK_SESSION_HANDLE, void *, CK_ULONG, CK_BYTE *, CK_ULONG,
    CK_BYTE *, CK_ULONG *, CK_FLAGS)
NOT_SUPPORTED(C_MessageEncryptFinal, CK_SESSION_HANDLE)
NOT_SUPPORTED(C_MessageDecryptInit, CK_SESSION_HANDLE, CK_MECHANISM *, CK_OBJECT_HANDLE)
NOT_SUPPORTED(C_DecryptMessage, CK_SESSION_HANDLE, void *, CK_ULONG, CK_BYTE *, CK_ULONG, CK_BYTE *,
    CK_ULONG, CK_BYTE *, CK_ULONG *)
NOT_SUPPORTED(C_DecryptMessageBegin, CK_SESSION_HANDLE, void *, CK_ULONG, CK_BYTE *, CK_ULONG)
NOT_SUPPORTED(C_DecryptMessageNext, CK_SESSION_HANDLE, void *, CK_ULONG, CK_BYTE *, CK_ULONG,
    CK_BYTE *, CK_ULONG *, CK_FLAGS)
NOT_SUPPORTED(C_MessageDecryptFinal, CK_SESSION_HANDLE)

/* Functions from the time when calls ran beside their caller (3.0, section 5.21). */
CK_RV C_GetFunctionStatus(CK_SESSION_HANDLE session)
{
    (void)session;
    return CKR_FUNCTION_NOT_PARALLEL;
}

CK_RV C_CancelFunction(CK_SESSION_HANDLE session)
{
    (void)session;
    return CKR_FUNCTION_NOT_PARALLEL;
}
