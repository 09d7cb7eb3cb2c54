/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pkcs11-hammer [PROCESSES [THREADS [ROUNDS]]]: the module before the fake custodian: each thread opens
 * sessions and searches, reads, signs, verifies, derives, enciphers.
 */
#include "tests/support/hammer.h"
#include "tests/pkcs11/support.h"

#include <stdio.h>
#include <string.h>

static CK_SLOT_ID home_slot, edwards_slot;

static bool works(CK_RV rv, const char *what)
{
    if (rv != CKR_OK)
        fprintf(stderr, "%s: 0x%lx\n", what, rv);
    return rv == CKR_OK;
}

static CK_OBJECT_HANDLE find(
    CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, const char *label, CK_RV *rv)
{
    CK_OBJECT_HANDLE found = 0;
    CK_ULONG count = 0;
    char text[32];
    snprintf(text, sizeof text, "%s", label);
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, {CKA_LABEL, text, strlen(text)}};
    *rv = p11->C_FindObjectsInit(session, template, 2);
    if (*rv == CKR_OK)
        *rv = p11->C_FindObjects(session, &found, 1, &count);
    if (*rv == CKR_OK)
        *rv = p11->C_FindObjectsFinal(session);
    return found;
}

/* Each message is the thread's own number, and so is its signature. */
static bool sign_and_verify(
    uint8_t number, CK_SESSION_HANDLE session, const char *label, CK_MECHANISM_TYPE type)
{
    CK_RV rv;
    CK_MECHANISM mechanism = {.mechanism = type};
    CK_BYTE message[32], signature[512];
    CK_ULONG size = sizeof signature;
    memset(message, number, sizeof message);
    CK_OBJECT_HANDLE private = find(session, CKO_PRIVATE_KEY, label, &rv);
    if (!works(rv, "find"))
        return false;
    CK_OBJECT_HANDLE public = find(session, CKO_PUBLIC_KEY, label, &rv);
    if (!works(rv, "find") || !works(p11->C_SignInit(session, &mechanism, private), "C_SignInit") ||
        !works(p11->C_Sign(session, message, 32, signature, &size), "C_Sign"))
        return false;
    rv = signature[0] == number && signature[size - 1] == number ? CKR_OK : CKR_SIGNATURE_INVALID;
    return works(rv, "whose signature it is") &&
           works(p11->C_VerifyInit(session, &mechanism, public), "C_VerifyInit") &&
           works(p11->C_Verify(session, message, 32, signature, size), "C_Verify");
}

static bool derive_and_encrypt(uint8_t number, CK_SESSION_HANDLE session)
{
    CK_RV rv;
    CK_BBOOL yes = CK_TRUE;
    CK_KEY_TYPE aes = CKK_AES;
    CK_BYTE peer[32], iv[16] = {0}, out[64], in[16];
    CK_ULONG size = sizeof out;
    memset(peer, number, sizeof peer);
    memset(in, number, sizeof in);
    CK_ECDH1_DERIVE_PARAMS parameter = {
        .kdf = CKD_NULL, .ulPublicDataLen = 32, .pPublicData = peer};
    CK_MECHANISM ecdh = {CKM_ECDH1_DERIVE, &parameter, sizeof parameter};
    CK_MECHANISM cbc = {CKM_AES_CBC, iv, sizeof iv};
    CK_ATTRIBUTE template[] = {{CKA_KEY_TYPE, &aes, sizeof aes}, {CKA_ENCRYPT, &yes, 1}};
    CK_OBJECT_HANDLE secret, key = find(session, CKO_PRIVATE_KEY, "X25519", &rv);
    if (!works(rv, "find") ||
        !works(p11->C_DeriveKey(session, &ecdh, key, template, 2, &secret), "C_DeriveKey") ||
        !works(p11->C_EncryptInit(session, &cbc, secret), "C_EncryptInit") ||
        !works(p11->C_Encrypt(session, in, 16, out, &size), "C_Encrypt"))
        return false;
    return works(out[15] == number ? CKR_OK : CKR_DATA_INVALID, "whose it is") &&
           works(p11->C_DestroyObject(session, secret), "C_DestroyObject");
}

static bool round_of_work(uint8_t number)
{
    CK_SESSION_HANDLE home, edwards;
    CK_BYTE random[16];
    CK_TOKEN_INFO info;
    const CK_FLAGS flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
    return works(p11->C_OpenSession(home_slot, flags, NULL, NULL, &home), "open") &&
           works(p11->C_OpenSession(edwards_slot, flags, NULL, NULL, &edwards), "open") &&
           works(p11->C_GetTokenInfo(home_slot, &info), "C_GetTokenInfo") &&
           sign_and_verify(number, home, "RSA-2048", CKM_SHA256_RSA_PKCS) &&
           sign_and_verify(number, edwards, "Ed448", CKM_EDDSA) &&
           derive_and_encrypt(number, edwards) &&
           works(p11->C_GenerateRandom(home, random, 16), "C_GenerateRandom") &&
           works(p11->C_CloseSession(home), "close") &&
           works(p11->C_CloseSession(edwards), "close");
}

static bool load(void)
{
    load_module();
    if (!works(p11->C_Initialize(NULL), "C_Initialize"))
        return false;
    home_slot = slot_of("home");
    edwards_slot = slot_of("home-edwards");
    return true;
}

static bool leave(void)
{
    return works(p11->C_Finalize(NULL), "C_Finalize");
}

static bool unload(void)
{
    bool left = leave();
    unload_module();
    return left;
}

int main(int argc, char **argv)
{
    static const struct kc_hammer hammer = {
        load, unload, round_of_work, leave, false, fake_daemon_resume};
    fake_daemon_prepare();
    int result = kc_hammer_run(&hammer, argc, argv);
    fake_daemon_stop();
    return result;
}
