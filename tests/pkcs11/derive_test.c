/* SPDX-License-Identifier: Apache-2.0 */
/* Agreement, with a custodian that repeats the peer's first octet and inverts it in the last. */
#include "tests/pkcs11/support.h"

#include <string.h>

static CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;
static CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

/* A template for a secret that can be read. */
#define READABLE                                                                                   \
    {CKA_CLASS, &secret_class, sizeof secret_class}, {CKA_KEY_TYPE, &generic, sizeof generic},     \
        {CKA_SENSITIVE, &no, 1},                                                                   \
    {                                                                                              \
        CKA_EXTRACTABLE, &yes, 1                                                                   \
    }

/* Derives with the key of a label and a peer of `size` octets 0x5c. */
static CK_RV derive(CK_SESSION_HANDLE session, const char *label, CK_ULONG size,
    CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *secret)
{
    CK_BYTE peer[64];
    memset(peer, 0x5c, sizeof peer);
    CK_ECDH1_DERIVE_PARAMS parameter = {
        .kdf = CKD_NULL, .ulPublicDataLen = size, .pPublicData = peer};
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &parameter, sizeof parameter};
    return p11->C_DeriveKey(
        session, &mechanism, find_one(session, CKO_PRIVATE_KEY, label), template, count, secret);
}

static CK_ULONG value_of(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE secret, CK_BYTE value[64])
{
    CK_ATTRIBUTE attribute = {CKA_VALUE, value, 64};
    assert_ok(p11->C_GetAttributeValue(session, secret, &attribute, 1));
    return attribute.ulValueLen;
}

static void derives_a_secret_that_can_be_read(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_ATTRIBUTE template[] = {READABLE};
    CK_OBJECT_HANDLE secret;
    CK_BYTE value[64];
    assert_ok(derive(session, "X25519", 32, template, 4, &secret));
    assert_int_equal(value_of(session, secret, value), 32);
    assert_int_equal(value[0], 0x5c);
    assert_int_equal(value[31], 0xa3);
    assert_ok(derive(session, "X448", 56, template, 4, &secret));
    assert_int_equal(value_of(session, secret, value), 56);
    assert_int_equal(value[55], 0xa3);
}

static void takes_the_peer_as_octet_string_too(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, "X448"), secret;
    CK_BYTE peer[58] = {0x04, 56, [57] = 0x5d}, value[64];
    CK_ECDH1_DERIVE_PARAMS parameter = {
        .kdf = CKD_NULL, .ulPublicDataLen = 58, .pPublicData = peer};
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &parameter, sizeof parameter};
    CK_ATTRIBUTE template[] = {READABLE};
    assert_ok(p11->C_DeriveKey(session, &mechanism, key, template, 4, &secret));
    value_of(session, secret, value);
    assert_int_equal(value[0], 0x5d);
    peer[1] = 55;
    assert_rv(p11->C_DeriveKey(session, &mechanism, key, template, 4, &secret),
        CKR_MECHANISM_PARAM_INVALID);
}

static void a_secret_is_sensitive_unless_asked_otherwise(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE secret;
    CK_BYTE value[64];
    CK_ATTRIBUTE attribute = {CKA_VALUE, value, 64};
    CK_ATTRIBUTE open_but_not_extractable[] = {{CKA_SENSITIVE, &no, 1}};
    CK_ATTRIBUTE extractable_but_sensitive[] = {{CKA_EXTRACTABLE, &yes, 1}};
    assert_ok(derive(session, "X25519", 32, NULL, 0, &secret));
    assert_rv(p11->C_GetAttributeValue(session, secret, &attribute, 1), CKR_ATTRIBUTE_SENSITIVE);
    assert_ok(derive(session, "X25519", 32, open_but_not_extractable, 1, &secret));
    assert_rv(p11->C_GetAttributeValue(session, secret, &attribute, 1), CKR_ATTRIBUTE_SENSITIVE);
    assert_ok(derive(session, "X25519", 32, extractable_but_sensitive, 1, &secret));
    assert_rv(p11->C_GetAttributeValue(session, secret, &attribute, 1), CKR_ATTRIBUTE_SENSITIVE);
    /* and it cannot be found by guessing it */
    CK_BYTE guess[32];
    memset(guess, 0x5c, sizeof guess);
    guess[31] = 0xa3;
    CK_ATTRIBUTE search = {CKA_VALUE, guess, 32};
    assert_int_equal(count_found(session, &search, 1), 0);
}

static void tells_what_a_secret_is(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE secret;
    CK_BYTE label[8], id[8];
    CK_BBOOL token = 7, local = 7, never = 7, always = 7, encrypt = 7, destroyable = 7;
    CK_ULONG size = 0, made = 0;
    CK_ATTRIBUTE template[] = {READABLE, {CKA_ENCRYPT, &yes, 1}, {CKA_LABEL, (char[]){"dh"}, 2},
        {CKA_ID, (char[]){"\x01"}, 1}, {CKA_TOKEN, &no, 1}, {CKA_DESTROYABLE, &yes, 1}};
    assert_ok(derive(session, "X448", 56, template, 9, &secret));
    CK_ATTRIBUTE facts[] = {{CKA_TOKEN, &token, 1}, {CKA_LOCAL, &local, 1},
        {CKA_NEVER_EXTRACTABLE, &never, 1}, {CKA_ALWAYS_SENSITIVE, &always, 1},
        {CKA_ENCRYPT, &encrypt, 1}, {CKA_DESTROYABLE, &destroyable, 1}, {CKA_LABEL, label, 8},
        {CKA_ID, id, 8}, {CKA_VALUE_LEN, &size, sizeof size},
        {CKA_KEY_GEN_MECHANISM, &made, sizeof made}};
    assert_ok(p11->C_GetAttributeValue(session, secret, facts, 10));
    assert_false(token || local || never || always);
    assert_true(encrypt && destroyable);
    assert_int_equal(facts[6].ulValueLen, 2);
    assert_memory_equal(label, "dh", 2);
    assert_int_equal(id[0], 1);
    assert_int_equal(size, 56);
    assert_int_equal(made, CK_UNAVAILABLE_INFORMATION);
    assert_int_equal(find_one(session, CKO_SECRET_KEY, "dh"), secret);
}

static void a_shorter_secret_is_the_end_of_the_value(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_ULONG wanted = 16, too_many = 33, none = 0;
    CK_ATTRIBUTE template[] = {READABLE, {CKA_VALUE_LEN, &wanted, sizeof wanted}};
    CK_OBJECT_HANDLE secret;
    CK_BYTE value[64];
    assert_ok(derive(session, "X25519", 32, template, 5, &secret));
    assert_int_equal(value_of(session, secret, value), 16);
    assert_int_equal(value[15], 0xa3);
    template[4].pValue = &too_many;
    assert_rv(derive(session, "X25519", 32, template, 5, &secret), CKR_ATTRIBUTE_VALUE_INVALID);
    template[4].pValue = &none;
    assert_rv(derive(session, "X25519", 32, template, 5, &secret), CKR_ATTRIBUTE_VALUE_INVALID);
}

static void refuses_templates_that_cannot_be_had(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_CLASS public = CKO_PUBLIC_KEY;
    CK_KEY_TYPE des = CKK_DES;
    CK_BBOOL neither = 7;
    CK_BYTE value[32] = {0}, long_label[65], long_id[65] = {0};
    memset(long_label, 'x', sizeof long_label);
    struct {
        CK_ATTRIBUTE attribute;
        CK_RV rv;
    } cases[] = {
        {{CKA_CLASS, &public, sizeof public}, CKR_TEMPLATE_INCONSISTENT},
        {{CKA_CLASS, &public, 1}, CKR_ATTRIBUTE_VALUE_INVALID},
        {{CKA_KEY_TYPE, &des, sizeof des}, CKR_TEMPLATE_INCONSISTENT},
        {{CKA_TOKEN, &yes, 1}, CKR_TEMPLATE_INCONSISTENT},
        {{CKA_TOKEN, NULL, 1}, CKR_ATTRIBUTE_VALUE_INVALID},
        {{CKA_DESTROYABLE, &no, 1}, CKR_TEMPLATE_INCONSISTENT},
        {{CKA_SENSITIVE, &neither, 1}, CKR_ATTRIBUTE_VALUE_INVALID},
        {{CKA_SENSITIVE, &yes, 2}, CKR_ATTRIBUTE_VALUE_INVALID},
        {{CKA_VALUE_LEN, &yes, 1}, CKR_ATTRIBUTE_VALUE_INVALID},
        {{CKA_LABEL, long_label, 65}, CKR_ATTRIBUTE_VALUE_INVALID},
        {{CKA_LABEL, NULL, 1}, CKR_ATTRIBUTE_VALUE_INVALID},
        {{CKA_LABEL, (char[]){"a\0b"}, 3}, CKR_ATTRIBUTE_VALUE_INVALID},
        {{CKA_ID, long_id, 65}, CKR_ATTRIBUTE_VALUE_INVALID},
        {{CKA_VALUE, value, 32}, CKR_TEMPLATE_INCONSISTENT},
        {{CKA_LOCAL, &yes, 1}, CKR_ATTRIBUTE_READ_ONLY},
        {{CKA_NEVER_EXTRACTABLE, &yes, 1}, CKR_ATTRIBUTE_READ_ONLY},
        {{CKA_MODULUS, value, 1}, CKR_ATTRIBUTE_TYPE_INVALID},
        {{CKA_PRIVATE, &yes, 1}, CKR_USER_NOT_LOGGED_IN},
    };
    CK_OBJECT_HANDLE secret;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (derive(session, "X25519", 32, &cases[i].attribute, 1, &secret) != cases[i].rv)
            fail_msg("case %zu", i);
    CK_ATTRIBUTE twice[] = {{CKA_SENSITIVE, &no, 1}, {CKA_SENSITIVE, &no, 1}};
    assert_rv(derive(session, "X25519", 32, twice, 2, &secret), CKR_TEMPLATE_INCONSISTENT);
    assert_int_equal(fake.asked[KC_OPERATION_KEY_AGREE], 0);
}

static void refuses_parameters_that_are_wrong(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, "X25519"), secret;
    CK_BYTE peer[33] = {9};
    const CK_ECDH1_DERIVE_PARAMS good = {
        .kdf = CKD_NULL, .ulPublicDataLen = 32, .pPublicData = peer};
    CK_ECDH1_DERIVE_PARAMS p = good;
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &p, sizeof p};
    CK_MECHANISM short_one = {CKM_ECDH1_DERIVE, &p, 8}, none = {CKM_ECDH1_DERIVE, NULL, 0};
    CK_MECHANISM eddsa = {.mechanism = CKM_EDDSA};
    assert_rv(
        p11->C_DeriveKey(session, &short_one, key, NULL, 0, &secret), CKR_MECHANISM_PARAM_INVALID);
    assert_rv(p11->C_DeriveKey(session, &none, key, NULL, 0, &secret), CKR_MECHANISM_PARAM_INVALID);
    assert_rv(p11->C_DeriveKey(session, &eddsa, key, NULL, 0, &secret), CKR_MECHANISM_INVALID);
    p.kdf = CKD_SHA256_KDF;
    assert_rv(
        p11->C_DeriveKey(session, &mechanism, key, NULL, 0, &secret), CKR_MECHANISM_PARAM_INVALID);
    p = good;
    p.ulSharedDataLen = 1;
    assert_rv(
        p11->C_DeriveKey(session, &mechanism, key, NULL, 0, &secret), CKR_MECHANISM_PARAM_INVALID);
    p = good;
    p.pPublicData = NULL;
    assert_rv(
        p11->C_DeriveKey(session, &mechanism, key, NULL, 0, &secret), CKR_MECHANISM_PARAM_INVALID);
    p = good;
    p.ulPublicDataLen = 33; /* the custodian's own signed form is not PKCS#11's */
    assert_rv(
        p11->C_DeriveKey(session, &mechanism, key, NULL, 0, &secret), CKR_MECHANISM_PARAM_INVALID);
}

static void refuses_calls_that_are_wrong(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_BYTE peer[32] = {9};
    CK_ECDH1_DERIVE_PARAMS p = {.kdf = CKD_NULL, .ulPublicDataLen = 32, .pPublicData = peer};
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &p, sizeof p};
    CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, "X25519"), secret;
    CK_OBJECT_HANDLE public = find_one(session, CKO_PUBLIC_KEY, "X25519");
    CK_OBJECT_HANDLE signer = find_one(session, CKO_PRIVATE_KEY, "Ed25519");
    assert_rv(p11->C_DeriveKey(99, &mechanism, key, NULL, 0, &secret), CKR_SESSION_HANDLE_INVALID);
    assert_rv(
        p11->C_DeriveKey(session, &mechanism, 9999, NULL, 0, &secret), CKR_KEY_HANDLE_INVALID);
    assert_rv(p11->C_DeriveKey(session, &mechanism, public, NULL, 0, &secret),
        CKR_KEY_FUNCTION_NOT_PERMITTED);
    assert_rv(p11->C_DeriveKey(session, &mechanism, signer, NULL, 0, &secret),
        CKR_KEY_FUNCTION_NOT_PERMITTED);
    assert_rv(p11->C_DeriveKey(session, NULL, key, NULL, 0, &secret), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_DeriveKey(session, &mechanism, key, NULL, 1, &secret), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_DeriveKey(session, &mechanism, key, NULL, 0, NULL), CKR_ARGUMENTS_BAD);
    assert_ok(p11->C_DeriveKey(session, &mechanism, key, NULL, 0, &secret));
    assert_rv(
        p11->C_DeriveKey(session, &mechanism, secret, NULL, 0, &secret), CKR_KEY_TYPE_INCONSISTENT);
    CK_MECHANISM eddsa = {.mechanism = CKM_EDDSA};
    assert_rv(p11->C_SignInit(session, &eddsa, secret), CKR_KEY_TYPE_INCONSISTENT);
}

static void says_how_agreement_failed(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE secret;
    CK_ATTRIBUTE template[] = {READABLE};
    fake.fail[KC_OPERATION_SECRET_DERIVE] = KC_ERR_POINT_SMALL_ORDER;
    assert_rv(derive(session, "X25519", 32, NULL, 0, &secret), CKR_MECHANISM_PARAM_INVALID);
    fake.fail[KC_OPERATION_KEY_AGREE] = KC_ERR_REFUSED;
    assert_rv(derive(session, "X25519", 32, template, 4, &secret), CKR_FUNCTION_REJECTED);
    fake.fail[KC_OPERATION_KEY_AGREE] = KC_OK;
    fake.wrong_size = true;
    assert_rv(derive(session, "X25519", 32, template, 4, &secret), CKR_DEVICE_ERROR);
}

static void a_secret_goes_with_its_session_or_when_destroyed(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards"), other = open_session("home-edwards");
    CK_OBJECT_HANDLE first, second;
    CK_BYTE value[64];
    CK_ATTRIBUTE template[] = {READABLE};
    assert_ok(derive(session, "X25519", 32, template, 4, &first));
    assert_ok(derive(session, "X25519", 32, template, 4, &second));
    assert_int_equal(value_of(other, first, value), 32); /* any session of the token sees it */
    assert_ok(p11->C_DestroyObject(other, first));
    assert_rv(p11->C_GetAttributeValue(other, first, NULL, 0), CKR_OBJECT_HANDLE_INVALID);
    assert_ok(p11->C_CloseSession(session));
    assert_rv(p11->C_GetAttributeValue(other, second, NULL, 0), CKR_OBJECT_HANDLE_INVALID);
}

static void private_secrets_end_with_the_login(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE open_one, private_one;
    CK_ATTRIBUTE template[] = {READABLE, {CKA_PRIVATE, &yes, 1}};
    assert_ok(p11->C_Login(session, CKU_USER, NULL, 0));
    assert_ok(derive(session, "X25519", 32, template, 4, &open_one));
    assert_ok(derive(session, "X25519", 32, template, 5, &private_one));
    assert_ok(p11->C_Logout(session));
    assert_ok(p11->C_GetAttributeValue(session, open_one, NULL, 0));
    assert_rv(p11->C_GetAttributeValue(session, private_one, NULL, 0), CKR_OBJECT_HANDLE_INVALID);
    assert_ok(p11->C_Login(session, CKU_USER, NULL, 0)); /* nor does another login bring it back */
    assert_rv(p11->C_GetAttributeValue(session, private_one, NULL, 0), CKR_OBJECT_HANDLE_INVALID);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start_module, stop_module)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(derives_a_secret_that_can_be_read),
        CASE(takes_the_peer_as_octet_string_too),
        CASE(a_secret_is_sensitive_unless_asked_otherwise),
        CASE(tells_what_a_secret_is),
        CASE(a_shorter_secret_is_the_end_of_the_value),
        CASE(refuses_templates_that_cannot_be_had),
        CASE(refuses_parameters_that_are_wrong),
        CASE(refuses_calls_that_are_wrong),
        CASE(says_how_agreement_failed),
        CASE(a_secret_goes_with_its_session_or_when_destroyed),
        CASE(private_secrets_end_with_the_login),
    };
    return cmocka_run_group_tests_name("pkcs11 derive", tests, load_group, unload_group);
}
