/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PKCS#11: p11-kit's header, and what PKCS#11 3.0 has beyond it.
 *
 * p11-kit 0.24.1 describes 2.40 and a few numbers of 3.0. A later p11-kit may declare some of this
 * itself, so each number is defined only where it is missing. tests/pkcs11/extra_test.c compares
 * all of it with another implementation's header.
 */
#ifndef KC_PKCS11_PKCS11_EXTRA_H
#define KC_PKCS11_PKCS11_EXTRA_H

#include <p11-kit/pkcs11.h>

#ifndef CKK_EC_MONTGOMERY
#define CKK_EC_MONTGOMERY 0x41UL
#endif
#ifndef CKM_EC_MONTGOMERY_KEY_PAIR_GEN
#define CKM_EC_MONTGOMERY_KEY_PAIR_GEN 0x1056UL
#endif
#ifndef CKA_UNIQUE_ID
#define CKA_UNIQUE_ID 4UL
#endif
#ifndef CKR_OPERATION_CANCEL_FAILED
#define CKR_OPERATION_CANCEL_FAILED 0x202UL
#endif

/* This module's own: a service's contribution to a signature, and to an agreement (contribution.h). */
#define CKM_CUSTODIAN_SIGNATURE_CONTRIBUTE (CKM_VENDOR_DEFINED | 0x4b430001UL)
#define CKM_CUSTODIAN_AGREEMENT_CONTRIBUTE (CKM_VENDOR_DEFINED | 0x4b430002UL)

/* Of C_SessionCancel. */
#ifndef CKF_MESSAGE_SIGN
#define CKF_MESSAGE_SIGN (1UL << 3)
#endif
#ifndef CKF_MESSAGE_VERIFY
#define CKF_MESSAGE_VERIFY (1UL << 4)
#endif
#ifndef CKF_FIND_OBJECTS
#define CKF_FIND_OBJECTS (1UL << 6)
#endif

/* Of a mechanism: domain parameters may be an OID, or a name (3.0, section 6.3.1). */
#ifndef CKF_EC_OID
#define CKF_EC_OID CKF_EC_NAMEDCURVE
#endif
#ifndef CKF_EC_CURVENAME
#define CKF_EC_CURVENAME (1UL << 26)
#endif

#ifndef CKF_INTERFACE_FORK_SAFE
#define CKF_INTERFACE_FORK_SAFE 1UL

/* The parameter of CKM_EDDSA. */
typedef struct CK_EDDSA_PARAMS {
    CK_BBOOL phFlag;
    CK_ULONG ulContextDataLen;
    CK_BYTE *pContextData;
} CK_EDDSA_PARAMS;

typedef struct CK_INTERFACE {
    CK_CHAR *pInterfaceName;
    void *pFunctionList;
    CK_FLAGS flags;
} CK_INTERFACE;

#define KC_DECLARE_FUNCTION(name, ...)                                                             \
    typedef CK_RV (*CK_##name)(__VA_ARGS__);                                                       \
    CK_RV name(__VA_ARGS__)

KC_DECLARE_FUNCTION(C_GetInterfaceList, CK_INTERFACE *list, CK_ULONG *count);
KC_DECLARE_FUNCTION(C_GetInterface, CK_UTF8CHAR *name, CK_VERSION *version,
    CK_INTERFACE **interface, CK_FLAGS flags);
KC_DECLARE_FUNCTION(C_LoginUser, CK_SESSION_HANDLE session, CK_USER_TYPE type, CK_UTF8CHAR *pin,
    CK_ULONG pin_size, CK_UTF8CHAR *name, CK_ULONG name_size);
KC_DECLARE_FUNCTION(C_SessionCancel, CK_SESSION_HANDLE session, CK_FLAGS flags);
KC_DECLARE_FUNCTION(
    C_MessageEncryptInit, CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
KC_DECLARE_FUNCTION(C_EncryptMessage, CK_SESSION_HANDLE session, void *parameter,
    CK_ULONG parameter_size, CK_BYTE *associated, CK_ULONG associated_size, CK_BYTE *plain,
    CK_ULONG plain_size, CK_BYTE *cipher, CK_ULONG *cipher_size);
KC_DECLARE_FUNCTION(C_EncryptMessageBegin, CK_SESSION_HANDLE session, void *parameter,
    CK_ULONG parameter_size, CK_BYTE *associated, CK_ULONG associated_size);
KC_DECLARE_FUNCTION(C_EncryptMessageNext, CK_SESSION_HANDLE session, void *parameter,
    CK_ULONG parameter_size, CK_BYTE *plain, CK_ULONG plain_size, CK_BYTE *cipher,
    CK_ULONG *cipher_size, CK_FLAGS flags);
KC_DECLARE_FUNCTION(C_MessageEncryptFinal, CK_SESSION_HANDLE session);
KC_DECLARE_FUNCTION(
    C_MessageDecryptInit, CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
KC_DECLARE_FUNCTION(C_DecryptMessage, CK_SESSION_HANDLE session, void *parameter,
    CK_ULONG parameter_size, CK_BYTE *associated, CK_ULONG associated_size, CK_BYTE *cipher,
    CK_ULONG cipher_size, CK_BYTE *plain, CK_ULONG *plain_size);
KC_DECLARE_FUNCTION(C_DecryptMessageBegin, CK_SESSION_HANDLE session, void *parameter,
    CK_ULONG parameter_size, CK_BYTE *associated, CK_ULONG associated_size);
KC_DECLARE_FUNCTION(C_DecryptMessageNext, CK_SESSION_HANDLE session, void *parameter,
    CK_ULONG parameter_size, CK_BYTE *cipher, CK_ULONG cipher_size, CK_BYTE *plain,
    CK_ULONG *plain_size, CK_FLAGS flags);
KC_DECLARE_FUNCTION(C_MessageDecryptFinal, CK_SESSION_HANDLE session);
KC_DECLARE_FUNCTION(
    C_MessageSignInit, CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
KC_DECLARE_FUNCTION(C_SignMessage, CK_SESSION_HANDLE session, void *parameter,
    CK_ULONG parameter_size, CK_BYTE *data, CK_ULONG data_size, CK_BYTE *signature,
    CK_ULONG *signature_size);
KC_DECLARE_FUNCTION(
    C_SignMessageBegin, CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_size);
KC_DECLARE_FUNCTION(C_SignMessageNext, CK_SESSION_HANDLE session, void *parameter,
    CK_ULONG parameter_size, CK_BYTE *data, CK_ULONG data_size, CK_BYTE *signature,
    CK_ULONG *signature_size);
KC_DECLARE_FUNCTION(C_MessageSignFinal, CK_SESSION_HANDLE session);
KC_DECLARE_FUNCTION(
    C_MessageVerifyInit, CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
KC_DECLARE_FUNCTION(C_VerifyMessage, CK_SESSION_HANDLE session, void *parameter,
    CK_ULONG parameter_size, CK_BYTE *data, CK_ULONG data_size, CK_BYTE *signature,
    CK_ULONG signature_size);
KC_DECLARE_FUNCTION(
    C_VerifyMessageBegin, CK_SESSION_HANDLE session, void *parameter, CK_ULONG parameter_size);
KC_DECLARE_FUNCTION(C_VerifyMessageNext, CK_SESSION_HANDLE session, void *parameter,
    CK_ULONG parameter_size, CK_BYTE *data, CK_ULONG data_size, CK_BYTE *signature,
    CK_ULONG signature_size);
KC_DECLARE_FUNCTION(C_MessageVerifyFinal, CK_SESSION_HANDLE session);

/* The functions in the standard's order: those of 2.40, then those that 3.0 adds. */
typedef struct CK_FUNCTION_LIST_3_0 {
    CK_VERSION version;
#define KC_FUNCTION(name) CK_##name name;
#include "pkcs11/functions.def"
#undef KC_FUNCTION
} CK_FUNCTION_LIST_3_0;
#endif

#endif
