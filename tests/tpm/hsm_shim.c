/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tpm/hsm_shim.h"

#include "tests/support/softhsm.h"

#include <dlfcn.h>
#include <stddef.h>

#define EXPORTED __attribute__((visibility("default")))

EXPORTED struct kc_hsm_shim kc_hsm_shim;

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST list;

/* Counts a call; whether it fails, and as what. */
static CK_RV enter(void)
{
    unsigned call = atomic_fetch_add(&kc_hsm_shim.calls, 1) + 1;
    unsigned fails_at = kc_hsm_shim.fails_at;
    if (call == kc_hsm_shim.hangs_at) {
        sem_post(&kc_hsm_shim.hanging);
        sem_wait(&kc_hsm_shim.released);
    }
    bool fails = fails_at != 0 && call >= fails_at && call - fails_at < kc_hsm_shim.fails_on;
    return fails ? kc_hsm_shim.code : CKR_OK;
}

#define FORWARD(name, parameters, arguments)                                                       \
    static CK_RV name parameters                                                                   \
    {                                                                                              \
        CK_RV code = enter();                                                                      \
        return code == CKR_OK ? real->C_##name arguments : code;                                   \
    }

FORWARD(Initialize, (void *arguments), (arguments))
FORWARD(
    GetSlotList, (CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count), (present, slots, count))
FORWARD(OpenSession,
    (CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
        CK_SESSION_HANDLE *session),
    (slot, flags, application, notify, session))
FORWARD(FindObjectsInit, (CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count),
    (session, template, count))
FORWARD(FindObjects,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG most, CK_ULONG *count),
    (session, objects, most, count))
FORWARD(FindObjectsFinal, (CK_SESSION_HANDLE session), (session))
FORWARD(GetAttributeValue,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template, CK_ULONG count),
    (session, object, template, count))
FORWARD(GenerateKey,
    (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *template, CK_ULONG count,
        CK_OBJECT_HANDLE *key),
    (session, mechanism, template, count, key))
FORWARD(EncryptInit, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key),
    (session, mechanism, key))
FORWARD(DecryptInit, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key),
    (session, mechanism, key))
FORWARD(GenerateRandom, (CK_SESSION_HANDLE session, CK_BYTE *octets, CK_ULONG size),
    (session, octets, size))

FORWARD(GenerateKeyPair,
    (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public,
        CK_ULONG public_count, CK_ATTRIBUTE *private, CK_ULONG private_count,
        CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key),
    (session, mechanism, public, public_count, private, private_count, public_key, private_key))
FORWARD(SignInit, (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key),
    (session, mechanism, key))
FORWARD(Sign,
    (CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_size, CK_BYTE *out, CK_ULONG *out_size),
    (session, in, in_size, out, out_size))
FORWARD(DeriveKey,
    (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key,
        CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *derived),
    (session, mechanism, key, template, count, derived))
FORWARD(DestroyObject, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object), (session, object))
FORWARD(SetAttributeValue,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template, CK_ULONG count),
    (session, object, template, count))

static CK_RV Login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG size)
{
    CK_RV code = enter();
    kc_hsm_shim.logins++;
    return code == CKR_OK ? real->C_Login(session, user, pin, size) : code;
}

static CK_RV GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *information)
{
    CK_RV code = enter();
    if (code == CKR_OK)
        code = real->C_GetTokenInfo(slot, information);
    information->flags |= kc_hsm_shim.token_flags;
    return code;
}

static CK_RV GetMechanismInfo(
    CK_SLOT_ID slot, CK_MECHANISM_TYPE mechanism, CK_MECHANISM_INFO *information)
{
    CK_RV code = enter();
    if (code == CKR_OK && mechanism == kc_hsm_shim.wrong_mechanism)
        code = CKR_MECHANISM_INVALID;
    return code == CKR_OK ? real->C_GetMechanismInfo(slot, mechanism, information) : code;
}

static CK_RV Encrypt(
    CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_size, CK_BYTE *out, CK_ULONG *out_size)
{
    CK_RV code = enter();
    if (code == CKR_OK)
        code = real->C_Encrypt(session, in, in_size, out, out_size);
    *out_size += kc_hsm_shim.added_size;
    return code;
}

static CK_RV Decrypt(
    CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_size, CK_BYTE *out, CK_ULONG *out_size)
{
    CK_RV code = enter();
    if (code == CKR_OK)
        code = real->C_Decrypt(session, in, in_size, out, out_size);
    *out_size += kc_hsm_shim.added_size;
    return code;
}

EXPORTED CK_RV C_GetFunctionList(CK_FUNCTION_LIST **functions)
{
    *functions = &list;
    if (real)
        return CKR_OK;
    void *module = dlopen(KC_SOFTHSM_MODULE, RTLD_NOW | RTLD_LOCAL);
    CK_RV (*get)(CK_FUNCTION_LIST **) = NULL;
    if (module)
        *(void **)&get = dlsym(module, "C_GetFunctionList");
    if (!get || get(&real) != CKR_OK)
        return CKR_GENERAL_ERROR;
    list = *real;
    list.C_Initialize = Initialize;
    list.C_GetSlotList = GetSlotList;
    list.C_GetTokenInfo = GetTokenInfo;
    list.C_GetMechanismInfo = GetMechanismInfo;
    list.C_OpenSession = OpenSession;
    list.C_Login = Login;
    list.C_FindObjectsInit = FindObjectsInit;
    list.C_FindObjects = FindObjects;
    list.C_FindObjectsFinal = FindObjectsFinal;
    list.C_GetAttributeValue = GetAttributeValue;
    list.C_GenerateKey = GenerateKey;
    list.C_EncryptInit = EncryptInit;
    list.C_Encrypt = Encrypt;
    list.C_DecryptInit = DecryptInit;
    list.C_Decrypt = Decrypt;
    list.C_GenerateRandom = GenerateRandom;
    list.C_GenerateKeyPair = GenerateKeyPair;
    list.C_SignInit = SignInit;
    list.C_Sign = Sign;
    list.C_DeriveKey = DeriveKey;
    list.C_DestroyObject = DestroyObject;
    list.C_SetAttributeValue = SetAttributeValue;
    return CKR_OK;
}
