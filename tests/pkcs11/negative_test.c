/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each function refuses, by function: a session that there is not, a step without a beginning, a
 * beginning in the midst, pointers that are missing, short buffers. That all need C_Initialize first, and
 * which are not supported, is in module_test.c; sessions too many in slot_test.c.
 */
#include "tests/pkcs11/support.h"

#include <stdio.h>
#include <string.h>

static CK_BYTE octets[256];
static CK_ULONG size;
static CK_MECHANISM eddsa = {.mechanism = CKM_EDDSA};

struct call {
    const char *what;
    CK_RV rv;
};
#define CALL(call)                                                                                 \
    {                                                                                              \
#call, p11->call                                                                           \
    }

static void all_say(const struct call *calls, size_t count, CK_RV expected)
{
    for (size_t i = 0; i < count; i++)
        if (calls[i].rv != expected)
            fail_msg("%s: 0x%lx, not 0x%lx", calls[i].what, calls[i].rv, expected);
}
#define ALL_SAY(calls, expected) all_say(calls, sizeof(calls) / sizeof *(calls), expected)

static void no_function_takes_a_session_that_there_is_not(void **state)
{
    (void)state;
    const CK_SESSION_HANDLE none = 9999;
    CK_SESSION_INFO info;
    size = sizeof octets;
    const struct call calls[] = {
        CALL(C_CloseSession(none)),
        CALL(C_GetSessionInfo(none, &info)),
        CALL(C_Login(none, CKU_USER, octets, 4)),
        CALL(C_LoginUser(none, CKU_USER, octets, 4, octets, 4)),
        CALL(C_Logout(none)),
        CALL(C_InitPIN(none, octets, 4)),
        CALL(C_SetPIN(none, octets, 4, octets, 4)),
        CALL(C_SessionCancel(none, CKF_SIGN)),
        CALL(C_CreateObject(none, NULL, 0, &size)),
        CALL(C_CopyObject(none, 1, NULL, 0, &size)),
        CALL(C_DestroyObject(none, 1)),
        CALL(C_GetObjectSize(none, 1, &size)),
        CALL(C_GetAttributeValue(none, 1, NULL, 0)),
        CALL(C_SetAttributeValue(none, 1, NULL, 0)),
        CALL(C_FindObjectsInit(none, NULL, 0)),
        CALL(C_FindObjects(none, &size, 1, &size)),
        CALL(C_FindObjectsFinal(none)),
        CALL(C_EncryptInit(none, &eddsa, 1)),
        CALL(C_Encrypt(none, octets, 1, octets, &size)),
        CALL(C_EncryptUpdate(none, octets, 1, octets, &size)),
        CALL(C_EncryptFinal(none, octets, &size)),
        CALL(C_DecryptInit(none, &eddsa, 1)),
        CALL(C_Decrypt(none, octets, 1, octets, &size)),
        CALL(C_DecryptUpdate(none, octets, 1, octets, &size)),
        CALL(C_DecryptFinal(none, octets, &size)),
        CALL(C_SignInit(none, &eddsa, 1)),
        CALL(C_Sign(none, octets, 1, octets, &size)),
        CALL(C_SignUpdate(none, octets, 1)),
        CALL(C_SignFinal(none, octets, &size)),
        CALL(C_VerifyInit(none, &eddsa, 1)),
        CALL(C_Verify(none, octets, 1, octets, 1)),
        CALL(C_VerifyUpdate(none, octets, 1)),
        CALL(C_VerifyFinal(none, octets, 1)),
        CALL(C_MessageSignInit(none, &eddsa, 1)),
        CALL(C_SignMessage(none, NULL, 0, octets, 1, octets, &size)),
        CALL(C_SignMessageBegin(none, NULL, 0)),
        CALL(C_SignMessageNext(none, NULL, 0, octets, 1, octets, &size)),
        CALL(C_MessageSignFinal(none)),
        CALL(C_MessageVerifyInit(none, &eddsa, 1)),
        CALL(C_VerifyMessage(none, NULL, 0, octets, 1, octets, 1)),
        CALL(C_VerifyMessageBegin(none, NULL, 0)),
        CALL(C_VerifyMessageNext(none, NULL, 0, octets, 1, octets, 1)),
        CALL(C_MessageVerifyFinal(none)),
        CALL(C_GenerateKey(none, &eddsa, NULL, 0, &size)),
        CALL(C_GenerateKeyPair(none, &eddsa, NULL, 0, NULL, 0, &size, &size)),
        CALL(C_WrapKey(none, &eddsa, 1, 1, octets, &size)),
        CALL(C_UnwrapKey(none, &eddsa, 1, octets, 1, NULL, 0, &size)),
        CALL(C_DeriveKey(none, &eddsa, 1, NULL, 0, &size)),
        CALL(C_SeedRandom(none, octets, 1)),
        CALL(C_GenerateRandom(none, octets, 1)),
    };
    ALL_SAY(calls, CKR_SESSION_HANDLE_INVALID);
}

static void no_function_takes_a_slot_that_there_is_not(void **state)
{
    (void)state;
    const CK_SLOT_ID none = 0x7fffffff;
    CK_SLOT_INFO slot;
    CK_TOKEN_INFO token;
    CK_MECHANISM_INFO mechanism;
    const struct call calls[] = {
        CALL(C_GetSlotInfo(none, &slot)),
        CALL(C_GetTokenInfo(none, &token)),
        CALL(C_GetMechanismList(none, NULL, &size)),
        CALL(C_GetMechanismInfo(none, CKM_EDDSA, &mechanism)),
        CALL(C_OpenSession(none, CKF_SERIAL_SESSION, NULL, NULL, &size)),
        CALL(C_CloseAllSessions(none)),
        CALL(C_InitToken(none, octets, 4, octets)),
    };
    ALL_SAY(calls, CKR_SLOT_ID_INVALID);
}

static void no_step_goes_without_its_beginning(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    size = sizeof octets;
    const struct call calls[] = {
        CALL(C_FindObjects(session, &size, 1, &size)),
        CALL(C_FindObjectsFinal(session)),
        CALL(C_Encrypt(session, octets, 1, octets, &size)),
        CALL(C_EncryptUpdate(session, octets, 1, octets, &size)),
        CALL(C_EncryptFinal(session, octets, &size)),
        CALL(C_Decrypt(session, octets, 1, octets, &size)),
        CALL(C_DecryptUpdate(session, octets, 1, octets, &size)),
        CALL(C_DecryptFinal(session, octets, &size)),
        CALL(C_Sign(session, octets, 1, octets, &size)),
        CALL(C_SignUpdate(session, octets, 1)),
        CALL(C_SignFinal(session, octets, &size)),
        CALL(C_Verify(session, octets, 1, octets, 1)),
        CALL(C_VerifyUpdate(session, octets, 1)),
        CALL(C_VerifyFinal(session, octets, 1)),
        CALL(C_SignMessage(session, NULL, 0, octets, 1, octets, &size)),
        CALL(C_SignMessageBegin(session, NULL, 0)),
        CALL(C_SignMessageNext(session, NULL, 0, octets, 1, octets, &size)),
        CALL(C_MessageSignFinal(session)),
        CALL(C_VerifyMessage(session, NULL, 0, octets, 1, octets, 1)),
        CALL(C_VerifyMessageBegin(session, NULL, 0)),
        CALL(C_VerifyMessageNext(session, NULL, 0, octets, 1, octets, 1)),
        CALL(C_MessageVerifyFinal(session)),
    };
    ALL_SAY(calls, CKR_OPERATION_NOT_INITIALIZED);
}

static void no_function_takes_an_object_that_there_is_not(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    const struct call objects[] = {
        CALL(C_CopyObject(session, 9999, NULL, 0, &size)),
        CALL(C_DestroyObject(session, 9999)),
        CALL(C_GetObjectSize(session, 9999, &size)),
        CALL(C_GetAttributeValue(session, 9999, NULL, 0)),
        CALL(C_SetAttributeValue(session, 9999, NULL, 0)),
    };
    ALL_SAY(objects, CKR_OBJECT_HANDLE_INVALID);
    CK_BYTE iv[16] = {0};
    CK_MECHANISM cbc = {CKM_AES_CBC, iv, sizeof iv};
    CK_ECDH1_DERIVE_PARAMS parameter = {
        .kdf = CKD_NULL, .ulPublicDataLen = 32, .pPublicData = octets};
    CK_MECHANISM ecdh = {CKM_ECDH1_DERIVE, &parameter, sizeof parameter};
    const struct call keys[] = {
        CALL(C_EncryptInit(session, &cbc, 9999)),
        CALL(C_DecryptInit(session, &cbc, 9999)),
        CALL(C_SignInit(session, &eddsa, 9999)),
        CALL(C_VerifyInit(session, &eddsa, 9999)),
        CALL(C_MessageSignInit(session, &eddsa, 9999)),
        CALL(C_MessageVerifyInit(session, &eddsa, 9999)),
        CALL(C_DeriveKey(session, &ecdh, 9999, NULL, 0, &size)),
    };
    ALL_SAY(keys, CKR_KEY_HANDLE_INVALID);
}

/* One of signing, of verifying, of searching at a time. */
static void nothing_begins_twice(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE private = find_one(session, CKO_PRIVATE_KEY, "Ed25519");
    CK_OBJECT_HANDLE public = find_one(session, CKO_PUBLIC_KEY, "Ed25519");
    assert_ok(p11->C_FindObjectsInit(session, NULL, 0));
    assert_ok(p11->C_SignInit(session, &eddsa, private));
    assert_ok(p11->C_VerifyInit(session, &eddsa, public));
    const struct call calls[] = {
        CALL(C_FindObjectsInit(session, NULL, 0)),
        CALL(C_SignInit(session, &eddsa, private)),
        CALL(C_VerifyInit(session, &eddsa, public)),
    };
    ALL_SAY(calls, CKR_OPERATION_ACTIVE);
    /* Without a mechanism it ends what was begun (3.0, section 5.13). */
    assert_ok(p11->C_SignInit(session, NULL, private));
    assert_ok(p11->C_VerifyInit(session, NULL, public));
    const struct call ended[] = {
        CALL(C_SignUpdate(session, octets, 1)),
        CALL(C_VerifyUpdate(session, octets, 1)),
    };
    ALL_SAY(ended, CKR_OPERATION_NOT_INITIALIZED);
}

static void missing_pointers_are_told(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_SLOT_ID slot = slot_of("home-edwards");
    CK_OBJECT_HANDLE private = find_one(session, CKO_PRIVATE_KEY, "Ed25519");
    const struct call calls[] = {
        CALL(C_GetInfo(NULL)),
        CALL(C_GetSlotList(CK_FALSE, NULL, NULL)),
        CALL(C_GetSlotInfo(slot, NULL)),
        CALL(C_GetTokenInfo(slot, NULL)),
        CALL(C_GetMechanismList(slot, NULL, NULL)),
        CALL(C_GetMechanismInfo(slot, CKM_EDDSA, NULL)),
        CALL(C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, NULL)),
        CALL(C_GetSessionInfo(session, NULL)),
        CALL(C_WaitForSlotEvent(CKF_DONT_BLOCK, NULL, NULL)),
        CALL(C_CreateObject(session, NULL, 1, &size)),
        CALL(C_CreateObject(session, NULL, 0, NULL)),
        CALL(C_GetObjectSize(session, private, NULL)),
        CALL(C_GetAttributeValue(session, private, NULL, 1)),
        CALL(C_SetAttributeValue(session, private, NULL, 1)),
        CALL(C_FindObjectsInit(session, NULL, 1)),
        CALL(C_GenerateKeyPair(session, NULL, NULL, 0, NULL, 0, &size, &size)),
        CALL(C_GenerateRandom(session, NULL, 1)),
        CALL(C_DeriveKey(session, NULL, private, NULL, 0, &size)),
    };
    ALL_SAY(calls, CKR_ARGUMENTS_BAD);
}

/* Asked for the size, then with a buffer one too short, and then it is still to be had. */
static void short_buffers_end_nothing(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE private = find_one(session, CKO_PRIVATE_KEY, "Ed25519");
    CK_BYTE message[1] = {7};
    for (int in_parts = 0; in_parts < 2; in_parts++) {
        assert_ok(p11->C_SignInit(session, &eddsa, private));
        if (in_parts)
            assert_ok(p11->C_SignUpdate(session, message, 1));
        for (int step = 0; step < 3; step++) {
            CK_BYTE *to = step == 0 ? NULL : octets;
            size = step == 1 ? 63 : 64;
            CK_RV rv = in_parts ? p11->C_SignFinal(session, to, &size)
                                : p11->C_Sign(session, message, 1, to, &size);
            assert_rv(rv, step == 1 ? CKR_BUFFER_TOO_SMALL : CKR_OK);
            assert_int_equal(size, 64);
        }
    }
    assert_ok(p11->C_MessageSignInit(session, &eddsa, private));
    size = 63;
    assert_rv(
        p11->C_SignMessage(session, NULL, 0, message, 1, octets, &size), CKR_BUFFER_TOO_SMALL);
    assert_int_equal(size, 64);
    assert_ok(p11->C_SignMessage(session, NULL, 0, message, 1, octets, &size));
    assert_ok(p11->C_MessageSignFinal(session));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start_module, stop_module)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(no_function_takes_a_session_that_there_is_not),
        CASE(no_function_takes_a_slot_that_there_is_not),
        CASE(no_step_goes_without_its_beginning),
        CASE(no_function_takes_an_object_that_there_is_not),
        CASE(nothing_begins_twice),
        CASE(missing_pointers_are_told),
        CASE(short_buffers_end_nothing),
    };
    return cmocka_run_group_tests_name("pkcs11 refusals", tests, load_group, unload_group);
}
