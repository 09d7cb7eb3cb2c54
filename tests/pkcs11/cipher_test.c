/* SPDX-License-Identifier: Apache-2.0 */
/* Ciphers, verification and messages, with a custodian that gives back what it was given. */
#include "tests/pkcs11/support.h"

#include <string.h>

static CK_BBOOL yes = CK_TRUE;
static CK_KEY_TYPE aes = CKK_AES;
static CK_BYTE iv[16], head[] = "head";
static CK_GCM_PARAMS gcm_parameters = {iv, 12, 96, head, 4, 128};
static CK_MECHANISM gcm = {CKM_AES_GCM, &gcm_parameters, sizeof gcm_parameters};
static CK_MECHANISM cbc = {CKM_AES_CBC, iv, 16}, padded = {CKM_AES_CBC_PAD, iv, 16};
static CK_MECHANISM eddsa = {.mechanism = CKM_EDDSA};

static CK_OBJECT_HANDLE derive(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count)
{
    CK_BYTE peer[32] = {9};
    CK_ECDH1_DERIVE_PARAMS parameter = {
        .kdf = CKD_NULL, .ulPublicDataLen = 32, .pPublicData = peer};
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &parameter, sizeof parameter};
    CK_OBJECT_HANDLE secret, key = find_one(session, CKO_PRIVATE_KEY, "X25519");
    assert_ok(p11->C_DeriveKey(session, &mechanism, key, template, count, &secret));
    return secret;
}

static CK_OBJECT_HANDLE derive_aes(CK_SESSION_HANDLE session)
{
    CK_ATTRIBUTE template[] = {
        {CKA_KEY_TYPE, &aes, sizeof aes}, {CKA_ENCRYPT, &yes, 1}, {CKA_DECRYPT, &yes, 1}};
    return derive(session, template, 3);
}

static void encrypts_and_decrypts_with_a_secret_that_it_does_not_have(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE key = derive_aes(session);
    CK_BYTE plain[] = "plain", cipher[64], back[64];
    CK_ULONG size = 0, back_size = sizeof back;
    assert_int_equal(fake.last_size, 32);
    assert_ok(p11->C_EncryptInit(session, &gcm, key));
    assert_ok(p11->C_Encrypt(session, plain, 5, NULL, &size));
    assert_int_equal(size, 21);
    size = 20;
    assert_rv(p11->C_Encrypt(session, plain, 5, cipher, &size), CKR_BUFFER_TOO_SMALL);
    assert_int_equal(size, 21);
    assert_ok(p11->C_Encrypt(session, plain, 5, cipher, &size));
    assert_string_equal(fake.last_cipher, "AES-GCM");
    assert_rv(p11->C_Encrypt(session, plain, 5, cipher, &size), CKR_OPERATION_NOT_INITIALIZED);
    assert_ok(p11->C_DecryptInit(session, &gcm, key));
    assert_ok(p11->C_Decrypt(session, cipher, 21, back, &back_size));
    assert_int_equal(back_size, 5);
    assert_memory_equal(back, plain, 5);
    assert_int_equal(fake.asked[KC_OPERATION_KEY_AGREE], 0);
}

static void encrypts_in_parts(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE key = derive_aes(session);
    CK_BYTE part[16] = {1}, out[64];
    CK_ULONG size = sizeof out;
    assert_ok(p11->C_EncryptInit(session, &cbc, key));
    assert_ok(p11->C_EncryptUpdate(session, part, 10, out, &size));
    assert_int_equal(size, 0);
    assert_ok(p11->C_EncryptUpdate(session, part, 6, out, &size));
    assert_rv(p11->C_Encrypt(session, part, 16, out, &size), CKR_OPERATION_NOT_INITIALIZED);
    size = sizeof out;
    assert_ok(p11->C_EncryptFinal(session, out, &size));
    assert_int_equal(size, 16);
    assert_ok(p11->C_EncryptInit(session, &cbc, key));
    assert_rv(p11->C_Encrypt(session, part, 15, out, &size), CKR_DATA_LEN_RANGE);
    assert_ok(p11->C_DecryptInit(session, &padded, key));
    assert_ok(p11->C_DecryptUpdate(session, part, 15, out, &size));
    size = sizeof out;
    assert_rv(p11->C_DecryptFinal(session, out, &size), CKR_ENCRYPTED_DATA_LEN_RANGE);
    assert_rv(p11->C_DecryptFinal(session, out, &size), CKR_OPERATION_NOT_INITIALIZED);
}

static void refuses_ciphers_that_do_not_fit(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE key = derive_aes(session), generic = derive(session, NULL, 0);
    CK_OBJECT_HANDLE signer = find_one(session, CKO_PRIVATE_KEY, "Ed25519");
    CK_ATTRIBUTE no_use[] = {{CKA_KEY_TYPE, &aes, sizeof aes}};
    CK_MECHANISM short_iv = {CKM_AES_CBC, iv, 15}, none = {CKM_AES_GCM, NULL, 0};
    CK_GCM_PARAMS odd = gcm_parameters;
    CK_MECHANISM odd_tag = {CKM_AES_GCM, &odd, sizeof odd};
    CK_BYTE out[16];
    CK_ULONG size = sizeof out;
    odd.ulTagBits = 100;
    assert_rv(p11->C_EncryptInit(99, &gcm, key), CKR_SESSION_HANDLE_INVALID);
    assert_rv(p11->C_EncryptInit(session, &gcm, 9999), CKR_KEY_HANDLE_INVALID);
    assert_rv(p11->C_EncryptInit(session, &gcm, generic), CKR_KEY_TYPE_INCONSISTENT);
    assert_rv(p11->C_EncryptInit(session, &gcm, signer), CKR_KEY_TYPE_INCONSISTENT);
    assert_rv(p11->C_EncryptInit(session, &gcm, derive(session, no_use, 1)),
        CKR_KEY_FUNCTION_NOT_PERMITTED);
    assert_rv(p11->C_EncryptInit(session, &eddsa, key), CKR_MECHANISM_INVALID);
    assert_rv(p11->C_EncryptInit(session, &short_iv, key), CKR_MECHANISM_PARAM_INVALID);
    assert_rv(p11->C_EncryptInit(session, &none, key), CKR_MECHANISM_PARAM_INVALID);
    assert_rv(p11->C_EncryptInit(session, &odd_tag, key), CKR_MECHANISM_PARAM_INVALID);
    assert_ok(p11->C_EncryptInit(session, &gcm, key));
    assert_rv(p11->C_EncryptInit(session, &gcm, key), CKR_OPERATION_ACTIVE);
    assert_rv(p11->C_Encrypt(session, NULL, 1, out, &size), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_Encrypt(session, out, 1, out, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_EncryptFinal(session, out, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_DecryptUpdate(session, out, 1, out, &size), CKR_OPERATION_NOT_INITIALIZED);
    assert_ok(p11->C_SessionCancel(session, CKF_ENCRYPT));
    assert_rv(p11->C_Encrypt(session, out, 1, out, &size), CKR_OPERATION_NOT_INITIALIZED);
}

static void says_that_a_tag_is_wrong(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_BYTE in[32] = {0}, out[32];
    CK_ULONG size = sizeof out;
    fake.fail[KC_OPERATION_SECRET_DECRYPT] = KC_ERR_DECRYPTION;
    assert_ok(p11->C_DecryptInit(session, &gcm, derive_aes(session)));
    assert_rv(p11->C_Decrypt(session, in, 32, out, &size), CKR_ENCRYPTED_DATA_INVALID);
}

static void decrypts_with_an_rsa_key(void **state)
{
    (void)state;
    strcpy(fake.keys[6].use, "decrypt");
    CK_SESSION_HANDLE session = open_session("home");
    CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, "RSA-2048");
    CK_RSA_PKCS_OAEP_PARAMS parameter = {CKM_SHA256, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, head, 4};
    CK_MECHANISM oaep = {CKM_RSA_PKCS_OAEP, &parameter, sizeof parameter};
    CK_BYTE in[256] = {0}, out[256];
    CK_ULONG size = sizeof out;
    assert_ok(p11->C_DecryptInit(session, &oaep, key));
    assert_rv(p11->C_Decrypt(session, in, 255, out, &size), CKR_ENCRYPTED_DATA_LEN_RANGE);
    assert_ok(p11->C_DecryptInit(session, &oaep, key));
    size = 3;
    assert_rv(p11->C_Decrypt(session, in, 256, out, &size), CKR_BUFFER_TOO_SMALL);
    assert_int_equal(size, 6);
    assert_ok(p11->C_Decrypt(session, in, 256, out, &size));
    assert_memory_equal(out, "opened", 6);
    assert_string_equal(fake.last_hash, "SHA-256");
    assert_string_equal(fake.last_mgf_hash, "SHA-1");
}

/* --- verification --- */

static void verifies_with_its_own_and_with_other_peoples_keys(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_KEY_TYPE edwards = CKK_EC_EDWARDS;
    CK_BYTE oid[] = {0x06, 0x03, 0x2b, 0x65, 0x70}, point[34] = {0x04, 32}, signature[64];
    CK_ATTRIBUTE other[] = {{CKA_CLASS, &class, sizeof class},
        {CKA_KEY_TYPE, &edwards, sizeof edwards}, {CKA_EC_PARAMS, oid, sizeof oid},
        {CKA_EC_POINT, point, sizeof point}};
    CK_OBJECT_HANDLE keys[2] = {find_one(session, CKO_PUBLIC_KEY, "Ed25519")};
    assert_ok(p11->C_CreateObject(session, other, 4, &keys[1]));
    for (int i = 0; i < 2; i++) {
        CK_BYTE message[] = {0x33};
        memset(signature, 0x33, sizeof signature);
        assert_ok(p11->C_VerifyInit(session, &eddsa, keys[i]));
        assert_ok(p11->C_Verify(session, message, 1, signature, 64));
        assert_ok(p11->C_VerifyInit(session, &eddsa, keys[i]));
        assert_ok(p11->C_VerifyUpdate(session, message, 1));
        assert_rv(p11->C_Verify(session, message, 1, signature, 64), CKR_OPERATION_NOT_INITIALIZED);
        assert_ok(p11->C_VerifyFinal(session, signature, 64));
        signature[5] ^= 1;
        assert_ok(p11->C_VerifyInit(session, &eddsa, keys[i]));
        assert_rv(p11->C_Verify(session, message, 1, signature, 64), CKR_SIGNATURE_INVALID);
        assert_ok(p11->C_VerifyInit(session, &eddsa, keys[i]));
        assert_rv(p11->C_Verify(session, message, 1, signature, 63), CKR_SIGNATURE_LEN_RANGE);
    }
    CK_OBJECT_HANDLE private = find_one(session, CKO_PRIVATE_KEY, "Ed25519");
    assert_rv(p11->C_VerifyInit(session, &eddsa, private), CKR_KEY_FUNCTION_NOT_PERMITTED);
    assert_rv(p11->C_Verify(session, NULL, 1, signature, 64), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_Verify(session, signature, 1, NULL, 64), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_VerifyFinal(session, signature, 64), CKR_OPERATION_NOT_INITIALIZED);
}

static void tells_the_custodian_what_a_mechanism_says(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home");
    CK_RSA_PKCS_PSS_PARAMS pss = {CKM_SHA384, CKG_MGF1_SHA256, 20};
    CK_BYTE digest[64] = {0}, signature[512];
    const struct {
        CK_MECHANISM mechanism;
        const char *key, *scheme, *hash;
        CK_ULONG size;
        bool hashed;
    } cases[] = {
        {{CKM_ECDSA, NULL, 0}, "P-256", "ecdsa", "", 20, true},
        {{CKM_ECDSA_SHA384, NULL, 0}, "P-384", "ecdsa", "SHA-384", 9, false},
        {{CKM_RSA_PKCS, NULL, 0}, "RSA-2048", "pkcs1", "", 51, true},
        {{CKM_SHA512_RSA_PKCS, NULL, 0}, "RSA-2048", "pkcs1", "SHA-512", 9, false},
        {{CKM_RSA_PKCS_PSS, &pss, sizeof pss}, "RSA-2048", "pss", "SHA-384", 48, true},
        {{CKM_SHA384_RSA_PKCS_PSS, &pss, sizeof pss}, "RSA-2048", "pss", "SHA-384", 9, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CK_MECHANISM mechanism = cases[i].mechanism;
        CK_ULONG size = sizeof signature;
        assert_ok(
            p11->C_SignInit(session, &mechanism, find_one(session, CKO_PRIVATE_KEY, cases[i].key)));
        assert_ok(p11->C_Sign(session, digest, cases[i].size, signature, &size));
        assert_string_equal(fake.last_scheme, cases[i].scheme);
        assert_string_equal(fake.last_hash, cases[i].hash);
        assert_int_equal(fake.last_hashed, cases[i].hashed);
    }
    assert_string_equal(fake.last_mgf_hash, "SHA-256");
    assert_int_equal(fake.last_salt_size, 20);
    CK_OBJECT_HANDLE rsa = find_one(session, CKO_PRIVATE_KEY, "RSA-2048");
    CK_MECHANISM other = {CKM_SHA256_RSA_PKCS_PSS, &pss, sizeof pss}; /* another hash in it */
    assert_rv(p11->C_SignInit(session, &other, rsa), CKR_MECHANISM_PARAM_INVALID);
    other.mechanism = CKM_SHA384_RSA_PKCS_PSS;
    pss.sLen = 256 - 48 - 2 + 1; /* one more than a block has room for */
    assert_rv(p11->C_SignInit(session, &other, rsa), CKR_MECHANISM_PARAM_INVALID);
    pss.sLen--;
    assert_ok(p11->C_SignInit(session, &other, rsa));
    assert_ok(p11->C_SignInit(session, NULL, 0));
    CK_MECHANISM wrong = {CKM_ECDSA, NULL, 0}, digested = {CKM_RSA_PKCS_PSS, &pss, sizeof pss};
    assert_rv(p11->C_SignInit(session, &wrong, rsa), CKR_KEY_TYPE_INCONSISTENT);
    CK_ULONG size = sizeof signature;
    assert_ok(p11->C_SignInit(session, &digested, rsa));
    assert_rv(p11->C_Sign(session, digest, 32, signature, &size), CKR_DATA_LEN_RANGE);
    assert_ok(p11->C_SignInit(session, &digested, rsa));
    assert_rv(p11->C_SignUpdate(session, digest, 32), CKR_FUNCTION_NOT_SUPPORTED);
}

/* --- messages --- */

static void signs_and_verifies_many_messages(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_BYTE message[] = {0x21, 0x22}, signature[64];
    CK_ULONG size = 0;
    assert_rv(p11->C_SignMessage(session, NULL, 0, message, 2, signature, &size),
        CKR_OPERATION_NOT_INITIALIZED);
    assert_ok(
        p11->C_MessageSignInit(session, &eddsa, find_one(session, CKO_PRIVATE_KEY, "Ed25519")));
    assert_ok(p11->C_SignMessage(session, NULL, 0, message, 2, NULL, &size));
    assert_int_equal(size, 64);
    size = 63;
    assert_rv(
        p11->C_SignMessage(session, NULL, 0, message, 2, signature, &size), CKR_BUFFER_TOO_SMALL);
    assert_ok(p11->C_SignMessage(session, NULL, 0, message, 2, signature, &size));
    assert_int_equal(signature[63], 0x21);
    assert_rv(
        p11->C_SignMessage(session, message, 2, message, 2, signature, &size), CKR_ARGUMENTS_BAD);
    assert_ok(p11->C_SignMessageBegin(session, NULL, 0));
    assert_rv(
        p11->C_SignMessage(session, NULL, 0, message, 2, signature, &size), CKR_OPERATION_ACTIVE);
    assert_rv(p11->C_MessageSignFinal(session), CKR_OPERATION_ACTIVE);
    assert_ok(p11->C_SignMessageNext(session, NULL, 0, message + 1, 1, NULL, NULL));
    assert_ok(p11->C_SignMessageNext(session, NULL, 0, message, 1, signature, &size));
    assert_int_equal(signature[0], 0x22);
    assert_int_equal(fake.last_message_size, 2);
    assert_ok(p11->C_MessageSignFinal(session));
    assert_rv(p11->C_MessageSignFinal(session), CKR_OPERATION_NOT_INITIALIZED);

    assert_ok(
        p11->C_MessageVerifyInit(session, &eddsa, find_one(session, CKO_PUBLIC_KEY, "Ed25519")));
    memset(signature, 0x21, sizeof signature);
    assert_ok(p11->C_VerifyMessage(session, NULL, 0, message, 2, signature, 64));
    assert_ok(p11->C_VerifyMessageBegin(session, NULL, 0));
    assert_ok(p11->C_VerifyMessageNext(session, NULL, 0, message, 1, NULL, 0));
    assert_ok(p11->C_VerifyMessageNext(session, NULL, 0, message, 2, signature, 64));
    signature[0] = 0;
    assert_rv(
        p11->C_VerifyMessage(session, NULL, 0, message, 2, signature, 64), CKR_SIGNATURE_INVALID);
    assert_ok(p11->C_MessageVerifyFinal(session));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start_module, stop_module)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(encrypts_and_decrypts_with_a_secret_that_it_does_not_have),
        CASE(encrypts_in_parts),
        CASE(refuses_ciphers_that_do_not_fit),
        CASE(says_that_a_tag_is_wrong),
        CASE(decrypts_with_an_rsa_key),
        CASE(verifies_with_its_own_and_with_other_peoples_keys),
        CASE(tells_the_custodian_what_a_mechanism_says),
        CASE(signs_and_verifies_many_messages),
    };
    return cmocka_run_group_tests_name(
        "pkcs11 ciphers, verification, messages", tests, load_group, unload_group);
}
