/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module before a real custodian: keys that it generates, ciphers with secrets that it does not
 * have, signatures verified, and a keyring that needs a login. OpenSSL is the other side.
 */
#include "tests/pkcs11/support.h"
#include "tests/support/custodian.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct kc_custodian custodian;
static CK_BBOOL yes = CK_TRUE;

/* --- set-up --- */

static void shell(const char *command)
{
    char line[1024];
    snprintf(line, sizeof line, "cd %s && { %s; } >shell.log 2>&1", custodian.folder, command);
    if (system(line) != 0) {
        snprintf(line, sizeof line, "cat %s/shell.log", custodian.folder);
        assert_int_equal(system(line), 0);
        fail_msg("%s", command);
    }
}

#define CLI KC_BUILD_DIR "/custodian --socket socket "

static int start_custodian(void **state)
{
    (void)state;
    kc_custodian_init(&custodian, "\"home\"");
    setenv("CUSTODIAN_SOCKET", custodian.socket, 1);
    assert_ok(p11->C_Initialize(NULL));
    return 0;
}

static int stop_custodian(void **state)
{
    (void)state;
    assert_ok(p11->C_Finalize(NULL));
    kc_custodian_done(&custodian);
    return 0;
}

static CK_SESSION_HANDLE writing_session(const char *token)
{
    CK_SESSION_HANDLE session;
    assert_ok(p11->C_OpenSession(
        slot_of(token), CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session));
    return session;
}

struct pair {
    CK_OBJECT_HANDLE public, private;
};

static struct pair generate(CK_SESSION_HANDLE session, CK_MECHANISM_TYPE type,
    CK_ATTRIBUTE parameters, CK_ATTRIBUTE_TYPE use)
{
    struct pair pair;
    CK_MECHANISM mechanism = {.mechanism = type};
    CK_ATTRIBUTE private[] = {{CKA_TOKEN, &yes, 1}, {use, &yes, 1}};
    assert_ok(p11->C_GenerateKeyPair(
        session, &mechanism, &parameters, 1, private, 2, &pair.public, &pair.private));
    return pair;
}

static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static CK_BYTE p384[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
static CK_BYTE ed448[] = {0x06, 0x03, 0x2b, 0x65, 0x71}, x25519[] = {0x06, 0x03, 0x2b, 0x65, 0x6e};
static CK_ULONG bits = 2048;

static EVP_PKEY *public_key(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    CK_BYTE bytes[600];
    CK_ATTRIBUTE attribute = {CKA_PUBLIC_KEY_INFO, bytes, sizeof bytes};
    assert_ok(p11->C_GetAttributeValue(session, object, &attribute, 1));
    const unsigned char *next = bytes;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &next, (long)attribute.ulValueLen);
    assert_non_null(key);
    return key;
}

/* --- signatures --- */

static void verifies(CK_SESSION_HANDLE session, struct pair pair, CK_MECHANISM mechanism)
{
    CK_BYTE message[] = "what is signed", signature[512];
    CK_ULONG size = sizeof signature;
    assert_ok(p11->C_SignInit(session, &mechanism, pair.private));
    assert_ok(p11->C_Sign(session, message, sizeof message, signature, &size));
    assert_ok(p11->C_VerifyInit(session, &mechanism, pair.public));
    assert_ok(p11->C_Verify(session, message, sizeof message, signature, size));
    message[3] ^= 1;
    assert_ok(p11->C_VerifyInit(session, &mechanism, pair.public));
    assert_rv(
        p11->C_Verify(session, message, sizeof message, signature, size), CKR_SIGNATURE_INVALID);
    message[3] ^= 1;
    signature[size / 2] ^= 1;
    assert_ok(p11->C_VerifyInit(session, &mechanism, pair.public));
    assert_rv(
        p11->C_Verify(session, message, sizeof message, signature, size), CKR_SIGNATURE_INVALID);
}

static void verifies_what_it_signs_and_nothing_else(void **state)
{
    (void)state;
    CK_SESSION_HANDLE home = writing_session("home"), edwards = writing_session("home-edwards");
    CK_RSA_PKCS_PSS_PARAMS pss = {CKM_SHA256, CKG_MGF1_SHA256, 32};
    struct pair rsa = generate(home, CKM_RSA_PKCS_KEY_PAIR_GEN,
        (CK_ATTRIBUTE){CKA_MODULUS_BITS, &bits, sizeof bits}, CKA_SIGN);
    struct pair ec = generate(
        home, CKM_EC_KEY_PAIR_GEN, (CK_ATTRIBUTE){CKA_EC_PARAMS, p384, sizeof p384}, CKA_SIGN);
    struct pair ed = generate(edwards, CKM_EC_EDWARDS_KEY_PAIR_GEN,
        (CK_ATTRIBUTE){CKA_EC_PARAMS, ed448, sizeof ed448}, CKA_SIGN);
    verifies(home, rsa, (CK_MECHANISM){CKM_SHA512_RSA_PKCS, NULL, 0});
    verifies(home, rsa, (CK_MECHANISM){CKM_SHA256_RSA_PKCS_PSS, &pss, sizeof pss});
    verifies(home, rsa, (CK_MECHANISM){CKM_RSA_PKCS, NULL, 0});
    verifies(home, ec, (CK_MECHANISM){CKM_ECDSA_SHA384, NULL, 0});
    verifies(home, ec, (CK_MECHANISM){CKM_ECDSA, NULL, 0});
    verifies(edwards, ed, (CK_MECHANISM){CKM_EDDSA, NULL, 0});
    CK_EDDSA_PARAMS with_context = {CK_TRUE, sizeof ed448, ed448};
    verifies(edwards, ed, (CK_MECHANISM){CKM_EDDSA, &with_context, sizeof with_context});
}

/* --- ciphers --- */

/* What OpenSSL agrees on with a key of the token, by a peer of its own whose point it gives. */
static size_t agree_by_openssl(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, EVP_PKEY *own,
    CK_BYTE agreed[static 64], CK_BYTE point[static 128])
{
    size_t size = 64, point_size = 0;
    EVP_PKEY *other = public_key(session, object);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);
    assert_int_equal(EVP_PKEY_derive_init(context), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(context, other), 1);
    assert_int_equal(EVP_PKEY_derive(context, agreed, &size), 1);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(other);
    assert_int_equal(EVP_PKEY_get_octet_string_param(own, "pub", point, 128, &point_size), 1);
    return point_size;
}

static CK_OBJECT_HANDLE derive_aes(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_BYTE *point,
    size_t point_size, CK_ULONG key_size)
{
    CK_KEY_TYPE aes = CKK_AES;
    CK_OBJECT_HANDLE secret;
    CK_ECDH1_DERIVE_PARAMS parameter = {
        .kdf = CKD_NULL, .ulPublicDataLen = point_size, .pPublicData = point};
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &parameter, sizeof parameter};
    CK_ATTRIBUTE template[] = {{CKA_KEY_TYPE, &aes, sizeof aes},
        {CKA_VALUE_LEN, &key_size, sizeof key_size}, {CKA_ENCRYPT, &yes, 1},
        {CKA_DECRYPT, &yes, 1}};
    assert_ok(p11->C_DeriveKey(session, &mechanism, key, template, 4, &secret));
    return secret;
}

static void encrypts_gcm_as_openssl_does(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = writing_session("home-edwards");
    struct pair pair = generate(session, CKM_EC_MONTGOMERY_KEY_PAIR_GEN,
        (CK_ATTRIBUTE){CKA_EC_PARAMS, x25519, sizeof x25519}, CKA_DERIVE);
    EVP_PKEY *own = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    CK_BYTE agreed[64], point[128], iv[12] = {7}, head[] = "head", cipher[64], back[64];
    size_t size = agree_by_openssl(session, pair.public, own, agreed, point);
    CK_OBJECT_HANDLE key = derive_aes(session, pair.private, point, size, 32);
    CK_GCM_PARAMS parameter = {iv, sizeof iv, 96, head, sizeof head, 128};
    CK_MECHANISM gcm = {CKM_AES_GCM, &parameter, sizeof parameter};
    CK_BYTE plain[] = "seventeen octets";
    CK_ULONG cipher_size = sizeof cipher, back_size = sizeof back;
    assert_ok(p11->C_EncryptInit(session, &gcm, key));
    assert_ok(p11->C_Encrypt(session, plain, sizeof plain, cipher, &cipher_size));
    assert_int_equal(cipher_size, sizeof plain + 16);

    int part = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, agreed, iv), 1);
    assert_int_equal(EVP_DecryptUpdate(context, NULL, &part, head, sizeof head), 1);
    assert_int_equal(EVP_DecryptUpdate(context, back, &part, cipher, sizeof plain), 1);
    assert_int_equal(
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, cipher + sizeof plain), 1);
    assert_int_equal(EVP_DecryptFinal_ex(context, back + part, &part), 1);
    assert_memory_equal(back, plain, sizeof plain);
    EVP_CIPHER_CTX_free(context);
    EVP_PKEY_free(own);

    assert_ok(p11->C_DecryptInit(session, &gcm, key));
    assert_ok(p11->C_Decrypt(session, cipher, cipher_size, back, &back_size));
    assert_int_equal(back_size, sizeof plain);
    cipher[0] ^= 1;
    assert_ok(p11->C_DecryptInit(session, &gcm, key));
    assert_rv(
        p11->C_Decrypt(session, cipher, cipher_size, back, &back_size), CKR_ENCRYPTED_DATA_INVALID);
}

static void encrypts_cbc_as_openssl_does(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = writing_session("home");
    struct pair pair = generate(
        session, CKM_EC_KEY_PAIR_GEN, (CK_ATTRIBUTE){CKA_EC_PARAMS, p256, sizeof p256}, CKA_DERIVE);
    EVP_PKEY *own = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    CK_BYTE agreed[64], point[128], iv[16] = {9}, cipher[64], expected[64];
    size_t size = agree_by_openssl(session, pair.public, own, agreed, point);
    CK_OBJECT_HANDLE key = derive_aes(session, pair.private, point, size, 16);
    CK_MECHANISM cbc = {CKM_AES_CBC_PAD, iv, sizeof iv};
    CK_BYTE plain[20] = "twenty octets";
    CK_ULONG cipher_size = sizeof cipher, back_size = sizeof plain;
    assert_ok(p11->C_EncryptInit(session, &cbc, key));
    assert_ok(p11->C_Encrypt(session, plain, sizeof plain, cipher, &cipher_size));
    assert_int_equal(cipher_size, 32);
    int first = 0, last = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new(); /* the last octets of what was agreed */
    assert_int_equal(EVP_EncryptInit_ex(context, EVP_aes_128_cbc(), NULL, agreed + 16, iv), 1);
    assert_int_equal(EVP_EncryptUpdate(context, expected, &first, plain, sizeof plain), 1);
    assert_int_equal(EVP_EncryptFinal_ex(context, expected + first, &last), 1);
    assert_memory_equal(cipher, expected, 32);
    EVP_CIPHER_CTX_free(context);
    EVP_PKEY_free(own);
    assert_ok(p11->C_DecryptInit(session, &cbc, key));
    assert_ok(p11->C_Decrypt(session, cipher, 32, plain, &back_size));
    assert_int_equal(back_size, 20);
}

static void a_secret_outlives_the_connection_but_not_the_vault(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = writing_session("home");
    struct pair pair = generate(
        session, CKM_EC_KEY_PAIR_GEN, (CK_ATTRIBUTE){CKA_EC_PARAMS, p256, sizeof p256}, CKA_DERIVE);
    EVP_PKEY *own = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    CK_BYTE agreed[64], point[128], iv[16] = {0}, block[16] = {0};
    size_t size = agree_by_openssl(session, pair.public, own, agreed, point);
    CK_OBJECT_HANDLE key = derive_aes(session, pair.private, point, size, 32);
    CK_MECHANISM cbc = {CKM_AES_CBC, iv, sizeof iv};
    CK_ULONG room = sizeof block;
    EVP_PKEY_free(own);
    pid_t child = fork(); /* on a connection of its own */
    if (child == 0)
        _exit(p11->C_EncryptInit(session, &cbc, key) == CKR_OK &&
                      p11->C_Encrypt(session, block, 16, block, &room) == CKR_OK
                  ? 0
                  : 1);
    assert_child_exits_well(child);
    kc_custodian_stop(&custodian);
    kc_custodian_start(&custodian);
    assert_ok(p11->C_EncryptInit(session, &cbc, key));
    assert_rv(p11->C_Encrypt(session, block, 16, block, &room), CKR_FUNCTION_REJECTED);
}

/* --- OAEP --- */

/* The public half for OpenSSL. */
static EVP_PKEY *rsa_public(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE public)
{
    CK_BYTE info[600];
    const CK_BYTE *der = info;
    CK_ATTRIBUTE attribute = {CKA_PUBLIC_KEY_INFO, info, sizeof info};
    assert_ok(p11->C_GetAttributeValue(session, public, &attribute, 1));
    EVP_PKEY *key = d2i_PUBKEY(NULL, &der, (long)attribute.ulValueLen);
    assert_non_null(key);
    return key;
}

struct oaep {
    const char *hash, *mgf; /* OpenSSL's names */
    CK_BYTE label[255];
    int label_size;
    const char *message;
};

static void encrypt_oaep(EVP_PKEY *key, const struct oaep *how, CK_BYTE ciphertext[static 256])
{
    size_t size = 256;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING);
    EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_get_digestbyname(how->hash));
    EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_get_digestbyname(how->mgf));
    if (how->label_size > 0)
        EVP_PKEY_CTX_set0_rsa_oaep_label(
            context, OPENSSL_memdup(how->label, (size_t)how->label_size), how->label_size);
    assert_int_equal(EVP_PKEY_encrypt(context, ciphertext, &size,
                         (const unsigned char *)how->message, strlen(how->message)),
        1);
    assert_int_equal(size, 256);
    EVP_PKEY_CTX_free(context);
}

static const struct {
    const char *name;
    CK_MECHANISM_TYPE hash;
    CK_RSA_PKCS_MGF_TYPE mgf;
} oaep_hashes[] = {{"SHA1", CKM_SHA_1, CKG_MGF1_SHA1}, {"SHA224", CKM_SHA224, CKG_MGF1_SHA224},
    {"SHA256", CKM_SHA256, CKG_MGF1_SHA256}, {"SHA384", CKM_SHA384, CKG_MGF1_SHA384},
    {"SHA512", CKM_SHA512, CKG_MGF1_SHA512}};

static struct pair generate_rsa(CK_SESSION_HANDLE session)
{
    CK_ULONG modulus = 2048;
    return generate(session, CKM_RSA_PKCS_KEY_PAIR_GEN,
        (CK_ATTRIBUTE){CKA_MODULUS_BITS, &modulus, sizeof modulus}, CKA_DECRYPT);
}

static void decrypts_oaep_with_each_hash_mask_and_label(void **state)
{
    (void)state;
    static const int label_sizes[] = {0, 1, 255};
    static const char *const messages[] = {"", "twenty octets of it!"};
    CK_SESSION_HANDLE session = writing_session("home");
    struct pair pair = generate_rsa(session);
    EVP_PKEY *key = rsa_public(session, pair.public);
    for (size_t i = 0; i < 5 * 5 * 3 * 2; i++) {
        struct oaep how = {.hash = oaep_hashes[i % 5].name,
            .mgf = oaep_hashes[i / 5 % 5].name,
            .label = "label",
            .label_size = label_sizes[i / 25 % 3],
            .message = messages[i / 75]};
        CK_BYTE ciphertext[256], plain[256];
        CK_ULONG size = 1;
        encrypt_oaep(key, &how, ciphertext);
        CK_RSA_PKCS_OAEP_PARAMS parameter = {oaep_hashes[i % 5].hash, oaep_hashes[i / 5 % 5].mgf,
            CKZ_DATA_SPECIFIED, how.label, (CK_ULONG)how.label_size};
        CK_MECHANISM oaep = {CKM_RSA_PKCS_OAEP, &parameter, sizeof parameter};
        assert_ok(p11->C_DecryptInit(session, &oaep, pair.private));
        if (how.message[0] != '\0') { /* no room is told with the size, and ends nothing */
            assert_rv(p11->C_Decrypt(session, ciphertext, 256, plain, &size), CKR_BUFFER_TOO_SMALL);
            assert_int_equal(size, strlen(how.message));
        }
        assert_ok(p11->C_Decrypt(session, ciphertext, 256, plain, &size));
        assert_int_equal(size, strlen(how.message));
        assert_memory_equal(plain, how.message, size);
    }
    EVP_PKEY_free(key);
    assert_ok(p11->C_DestroyObject(session, pair.private));
    assert_ok(p11->C_CloseSession(session));
}

/* Whatever is wrong with it, one answer (Manger's attack wants two). */
static void what_is_no_oaep_is_answered_alike(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = writing_session("home");
    struct pair pair = generate_rsa(session);
    EVP_PKEY *key = rsa_public(session, pair.public);
    struct oaep how = {"SHA256", "SHA256", .label = "label", .label_size = 5, .message = "m"};
    CK_BYTE wrong[6][256], plain[256];
    encrypt_oaep(key, &how, wrong[0]);
    for (size_t i = 1; i < 4; i++)
        memcpy(wrong[i], wrong[0], 256);
    wrong[1][200] ^= 1;          /* altered */
    memset(wrong[2], 0, 256);    /* nothing */
    memset(wrong[3], 0xff, 256); /* more than the modulus */
    how.label_size = 4;          /* another label */
    encrypt_oaep(key, &how, wrong[0]);
    how.label_size = 5, how.mgf = "SHA1"; /* another mask */
    encrypt_oaep(key, &how, wrong[4]);
    how.mgf = "SHA256", how.hash = "SHA1"; /* another hash */
    encrypt_oaep(key, &how, wrong[5]);
    CK_RSA_PKCS_OAEP_PARAMS parameter = {
        CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, how.label, 5};
    CK_MECHANISM oaep = {CKM_RSA_PKCS_OAEP, &parameter, sizeof parameter};
    for (size_t i = 0; i < 6; i++) {
        CK_ULONG size = sizeof plain;
        assert_ok(p11->C_DecryptInit(session, &oaep, pair.private));
        assert_rv(p11->C_Decrypt(session, wrong[i], 256, plain, &size), CKR_ENCRYPTED_DATA_INVALID);
    }
    EVP_PKEY_free(key);
    assert_ok(p11->C_DestroyObject(session, pair.private));
    assert_ok(p11->C_CloseSession(session));
}

/* --- a keyring that needs a login --- */

static void needs_a_login_where_the_policy_says_so(void **state)
{
    (void)state;
    CK_UTF8CHAR user[] = "user-1234", other[] = "user-9876", so[] = "so-123456", wrong[] = "nobody";
    CK_MECHANISM ecdsa = {.mechanism = CKM_ECDSA};
    CK_BYTE digest[32] = {1}, signature[96]; /* of any of its keys */
    CK_ULONG size = sizeof signature;
    CK_TOKEN_INFO info;
    CK_SESSION_HANDLE session = writing_session("home");
    generate(
        session, CKM_EC_KEY_PAIR_GEN, (CK_ATTRIBUTE){CKA_EC_PARAMS, p256, sizeof p256}, CKA_SIGN);
    assert_ok(p11->C_CloseSession(session));
    shell("printf operator-4711 >operator.pin; printf so-123456 >so.pin; chmod 600 *.pin;" CLI
          "operator pin --new-pin-file operator.pin;" CLI
          "keyring pin so --keyring home --pin-file operator.pin --new-pin-file so.pin;"
          "sed -i 's/operations = /login = true; operations = /' custodian.conf");
    kc_custodian_stop(&custodian);
    kc_custodian_start(&custodian);

    assert_ok(p11->C_GetTokenInfo(slot_of("home"), &info));
    assert_true(info.flags & CKF_LOGIN_REQUIRED);
    assert_false(info.flags & CKF_USER_PIN_INITIALIZED);
    session = writing_session("home");
    assert_rv(p11->C_Login(session, CKU_USER, user, 9), CKR_USER_PIN_NOT_INITIALIZED);
    assert_ok(p11->C_Login(session, CKU_SO, so, 9));
    assert_ok(p11->C_InitPIN(session, user, 9));
    assert_ok(p11->C_Logout(session));

    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE private = {CKA_CLASS, &class, sizeof class};
    assert_int_equal(count_found(session, &private, 1), 0);
    assert_rv(p11->C_Login(session, CKU_USER, wrong, 6), CKR_PIN_INCORRECT);
    assert_ok(p11->C_GetTokenInfo(slot_of("home"), &info));
    assert_true(info.flags & CKF_USER_PIN_COUNT_LOW);
    assert_ok(p11->C_Login(session, CKU_USER, user, 9));
    CK_OBJECT_HANDLE key;
    CK_ULONG count;
    CK_ATTRIBUTE signs[] = {
        private, {CKA_SIGN, &yes, 1}, {CKA_KEY_TYPE, &(CK_KEY_TYPE){CKK_EC}, sizeof(CK_KEY_TYPE)}};
    assert_ok(p11->C_FindObjectsInit(session, signs, 3));
    assert_ok(p11->C_FindObjects(session, &key, 1, &count));
    assert_ok(p11->C_FindObjectsFinal(session));
    assert_int_equal(count, 1);
    assert_ok(p11->C_SignInit(session, &ecdsa, key));
    assert_ok(p11->C_Sign(session, digest, 32, signature, &size));

    assert_ok(p11->C_SetPIN(session, user, 9, other, 9));
    assert_ok(p11->C_Logout(session));
    assert_rv(p11->C_Login(session, CKU_USER, user, 9), CKR_PIN_INCORRECT);
    assert_ok(p11->C_Login(session, CKU_USER, other, 9));
    kc_custodian_stop(&custodian); /* the login goes with the connection */
    kc_custodian_start(&custodian);
    assert_ok(p11->C_SignInit(session, &ecdsa, key));
    assert_rv(p11->C_Sign(session, digest, 32, signature, &size), CKR_USER_NOT_LOGGED_IN);
    assert_ok(p11->C_Login(session, CKU_USER, other, 9));
    assert_ok(p11->C_SignInit(session, &ecdsa, key));
    assert_ok(p11->C_Sign(session, digest, 32, signature, &size));
}

int main(void)
{
    load_module();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verifies_what_it_signs_and_nothing_else),
        cmocka_unit_test(encrypts_gcm_as_openssl_does),
        cmocka_unit_test(encrypts_cbc_as_openssl_does),
        cmocka_unit_test(a_secret_outlives_the_connection_but_not_the_vault),
        cmocka_unit_test(decrypts_oaep_with_each_hash_mask_and_label),
        cmocka_unit_test(what_is_no_oaep_is_answered_alike),
        cmocka_unit_test(needs_a_login_where_the_policy_says_so),
    };
    return cmocka_run_group_tests_name(
        "pkcs11 with a custodian: keys, ciphers, logins", tests, start_custodian, stop_custodian);
}
