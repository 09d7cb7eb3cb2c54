/* SPDX-License-Identifier: Apache-2.0 */
/* A key's private half, asked for by every route that PKCS#11 has. */
#include "tests/pkcs11/support.h"

#include <string.h>

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

static const struct {
    const char *token, *label;
} keys[] = {{"home-edwards", "Ed25519"}, {"home-edwards", "Ed448"}, {"home-edwards", "X25519"},
    {"home-edwards", "X448"}, {"home", "P-256"}, {"home", "P-384"}, {"home", "RSA-2048"}};
#define KEY_COUNT (sizeof keys / sizeof *keys)

static CK_SESSION_HANDLE writing_session(const char *token)
{
    CK_SESSION_HANDLE session;
    assert_ok(p11->C_OpenSession(
        slot_of(token), CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session));
    return session;
}

static void no_attribute_tells_it(void **state)
{
    (void)state;
    static const CK_ATTRIBUTE_TYPE types[] = {CKA_VALUE, CKA_PRIVATE_EXPONENT, CKA_PRIME_1,
        CKA_PRIME_2, CKA_EXPONENT_1, CKA_EXPONENT_2, CKA_COEFFICIENT};
    for (size_t i = 0; i < KEY_COUNT; i++) {
        CK_SESSION_HANDLE session = writing_session(keys[i].token);
        CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, keys[i].label);
        size_t sensitive = 0;
        for (size_t j = 0; j < sizeof types / sizeof *types; j++) {
            CK_BYTE bytes[600];
            memset(bytes, 0x5a, sizeof bytes);
            CK_ATTRIBUTE attribute = {types[j], bytes, sizeof bytes};
            CK_RV rv = p11->C_GetAttributeValue(session, key, &attribute, 1);
            assert_true(rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID);
            assert_int_equal(attribute.ulValueLen, CK_UNAVAILABLE_INFORMATION);
            assert_int_equal(bytes[0], 0x5a);
            attribute = (CK_ATTRIBUTE){types[j], NULL, 0}; /* nor how large it is */
            assert_true(p11->C_GetAttributeValue(session, key, &attribute, 1) != CKR_OK);
            sensitive += rv == CKR_ATTRIBUTE_SENSITIVE;
        }
        assert_int_equal(sensitive, strncmp(keys[i].label, "RSA", 3) == 0 ? 6 : 1);
    }
}

static void no_search_guesses_it(void **state)
{
    (void)state;
    CK_BYTE guess[32] = {0};
    CK_ATTRIBUTE template = {CKA_VALUE, guess, 0};
    for (template.ulValueLen = 0; template.ulValueLen <= 32; template.ulValueLen++)
        assert_int_equal(count_found(open_session("home-edwards"), &template, 1), 0);
}

static void no_copy_is_less_protected(void **state)
{
    (void)state;
    CK_ATTRIBUTE changes[] = {{CKA_SENSITIVE, &no, 1}, {CKA_EXTRACTABLE, &yes, 1},
        {CKA_TOKEN, &no, 1}, {CKA_LABEL, (char[]){"copy"}, 4}};
    for (size_t i = 0; i < KEY_COUNT; i++) {
        CK_SESSION_HANDLE session = writing_session(keys[i].token);
        CK_OBJECT_HANDLE copy, key = find_one(session, CKO_PRIVATE_KEY, keys[i].label);
        assert_rv(p11->C_CopyObject(session, key, NULL, 0, &copy), CKR_ACTION_PROHIBITED);
        for (size_t j = 0; j < 4; j++)
            assert_rv(
                p11->C_CopyObject(session, key, &changes[j], 1, &copy), CKR_ACTION_PROHIBITED);
    }
}

static void no_change_makes_it_less_protected(void **state)
{
    (void)state;
    CK_ATTRIBUTE changes[] = {{CKA_SENSITIVE, &no, 1}, {CKA_EXTRACTABLE, &yes, 1},
        {CKA_ALWAYS_SENSITIVE, &no, 1}, {CKA_NEVER_EXTRACTABLE, &no, 1}, {CKA_PRIVATE, &no, 1},
        {CKA_TOKEN, &no, 1}, {CKA_COPYABLE, &yes, 1}, {CKA_WRAP_WITH_TRUSTED, &no, 1},
        {CKA_UNWRAP, &yes, 1}, {CKA_DERIVE, &yes, 1}, {CKA_VALUE, NULL, 0}};
    for (size_t i = 0; i < KEY_COUNT; i++) {
        CK_SESSION_HANDLE session = writing_session(keys[i].token);
        CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, keys[i].label);
        for (size_t j = 0; j < sizeof changes / sizeof *changes; j++) {
            CK_RV rv = p11->C_SetAttributeValue(session, key, &changes[j], 1);
            assert_true(rv == CKR_ATTRIBUTE_READ_ONLY || rv == CKR_ATTRIBUTE_TYPE_INVALID);
        }
    }
}

static void no_mechanism_wraps_it(void **state)
{
    (void)state;
    static const CK_MECHANISM_TYPE types[] = {CKM_RSA_PKCS, CKM_RSA_PKCS_OAEP, CKM_AES_KEY_WRAP,
        CKM_AES_CBC_PAD, CKM_AES_GCM, CKM_ECDH1_DERIVE};
    CK_SESSION_HANDLE session = writing_session("home");
    CK_OBJECT_HANDLE wrapping = find_one(session, CKO_PUBLIC_KEY, "RSA-2048");
    CK_BYTE wrapped[600];
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        CK_MECHANISM mechanism = {.mechanism = types[i]};
        CK_ULONG size = sizeof wrapped;
        CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, "P-256");
        assert_rv(p11->C_WrapKey(session, &mechanism, wrapping, key, wrapped, &size),
            CKR_KEY_UNEXTRACTABLE);
        assert_rv(p11->C_WrapKey(session, &mechanism, 9999, key, wrapped, &size),
            CKR_WRAPPING_KEY_HANDLE_INVALID);
        assert_rv(p11->C_WrapKey(session, &mechanism, wrapping, 9999, wrapped, &size),
            CKR_KEY_HANDLE_INVALID);
    }
    CK_MECHANISM mechanism = {.mechanism = CKM_RSA_PKCS};
    CK_ULONG size = 0;
    assert_rv(p11->C_WrapKey(99, &mechanism, 1, 1, NULL, &size), CKR_SESSION_HANDLE_INVALID);
    assert_rv(p11->C_WrapKey(session, NULL, 1, 1, NULL, &size), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_WrapKey(session, &mechanism, 1, 1, NULL, NULL), CKR_ARGUMENTS_BAD);
}

static void none_comes_in_either(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = writing_session("home");
    CK_OBJECT_CLASS private = CKO_PRIVATE_KEY, secret = CKO_SECRET_KEY;
    CK_KEY_TYPE aes = CKK_AES;
    CK_BYTE value[32] = {0};
    CK_ATTRIBUTE key[] = {{CKA_CLASS, &private, sizeof private}, {CKA_VALUE, value, 32}};
    CK_ATTRIBUTE cipher[] = {{CKA_CLASS, &secret, sizeof secret}, {CKA_KEY_TYPE, &aes, sizeof aes},
        {CKA_VALUE, value, 32}};
    CK_MECHANISM mechanism = {.mechanism = CKM_RSA_PKCS};
    CK_OBJECT_HANDLE made, unwrapping = find_one(session, CKO_PRIVATE_KEY, "RSA-2048");
    assert_rv(p11->C_CreateObject(session, key, 2, &made), CKR_ATTRIBUTE_VALUE_INVALID);
    assert_rv(p11->C_CreateObject(session, cipher, 3, &made), CKR_ATTRIBUTE_VALUE_INVALID);
    assert_rv(p11->C_UnwrapKey(session, &mechanism, unwrapping, value, 32, key, 1, &made),
        CKR_MECHANISM_INVALID);
    assert_rv(p11->C_UnwrapKey(session, &mechanism, 9999, value, 32, key, 1, &made),
        CKR_UNWRAPPING_KEY_HANDLE_INVALID);
    assert_rv(p11->C_UnwrapKey(session, &mechanism, 1, NULL, 32, key, 1, &made), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_GenerateKey(session, &mechanism, NULL, 0, &made), CKR_MECHANISM_INVALID);
    assert_rv(p11->C_GenerateKey(session, NULL, NULL, 0, &made), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_GenerateKey(99, &mechanism, NULL, 0, &made), CKR_SESSION_HANDLE_INVALID);
}

static void no_derived_secret_becomes_readable(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = writing_session("home-edwards");
    CK_BYTE peer[32] = {9}, value[64];
    CK_ECDH1_DERIVE_PARAMS parameter = {
        .kdf = CKD_NULL, .ulPublicDataLen = 32, .pPublicData = peer};
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &parameter, sizeof parameter};
    CK_OBJECT_HANDLE secret, copy, key = find_one(session, CKO_PRIVATE_KEY, "X25519");
    CK_ATTRIBUTE open_it = {CKA_SENSITIVE, &no, 1}, free_it = {CKA_EXTRACTABLE, &yes, 1};
    CK_ATTRIBUTE read = {CKA_VALUE, value, sizeof value};
    assert_ok(p11->C_DeriveKey(session, &mechanism, key, NULL, 0, &secret));
    assert_int_equal(fake.asked[KC_OPERATION_KEY_AGREE], 0); /* it never came here */
    assert_rv(p11->C_SetAttributeValue(session, secret, &open_it, 1), CKR_ATTRIBUTE_READ_ONLY);
    assert_rv(p11->C_SetAttributeValue(session, secret, &free_it, 1), CKR_ATTRIBUTE_READ_ONLY);
    assert_rv(p11->C_CopyObject(session, secret, &open_it, 1, &copy), CKR_ATTRIBUTE_READ_ONLY);
    assert_ok(p11->C_CopyObject(session, secret, NULL, 0, &copy));
    assert_rv(p11->C_GetAttributeValue(session, copy, &read, 1), CKR_ATTRIBUTE_SENSITIVE);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start_module, stop_module)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(no_attribute_tells_it),
        CASE(no_search_guesses_it),
        CASE(no_copy_is_less_protected),
        CASE(no_change_makes_it_less_protected),
        CASE(no_mechanism_wraps_it),
        CASE(none_comes_in_either),
        CASE(no_derived_secret_becomes_readable),
    };
    return cmocka_run_group_tests_name("pkcs11 extraction", tests, load_group, unload_group);
}
