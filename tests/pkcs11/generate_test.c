/* SPDX-License-Identifier: Apache-2.0 */
/* Key pairs generated, changed and destroyed. */
#include "tests/pkcs11/support.h"

#include <stdio.h>
#include <string.h>

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static CK_BYTE ed25519[] = {0x06, 0x03, 0x2b, 0x65, 0x70};
static CK_BYTE ed25519_name[] = "\x13\x0c"
                                "edwards25519";
static CK_ULONG bits = 2048;

static CK_SESSION_HANDLE writing_session(const char *token)
{
    CK_SESSION_HANDLE session;
    assert_ok(p11->C_OpenSession(
        slot_of(token), CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session));
    return session;
}

static CK_OBJECT_HANDLE made_public, made_private;

static CK_RV generate(CK_SESSION_HANDLE session, CK_MECHANISM_TYPE type, CK_ATTRIBUTE *public,
    CK_ULONG public_count, CK_ATTRIBUTE *private, CK_ULONG private_count)
{
    CK_MECHANISM mechanism = {.mechanism = type};
    return p11->C_GenerateKeyPair(session, &mechanism, public, public_count, private, private_count,
        &made_public, &made_private);
}

static void makes_a_key_of_each_kind(void **state)
{
    (void)state;
    CK_ATTRIBUTE private = {CKA_TOKEN, &yes, 1};
    CK_ATTRIBUTE by_oid = {CKA_EC_PARAMS, ed25519, sizeof ed25519};
    CK_ATTRIBUTE by_name = {CKA_EC_PARAMS, ed25519_name, sizeof ed25519_name - 1};
    CK_ATTRIBUTE nist = {CKA_EC_PARAMS, p256, sizeof p256};
    CK_ATTRIBUTE rsa = {CKA_MODULUS_BITS, &bits, sizeof bits};
    CK_SESSION_HANDLE edwards = writing_session("home-edwards"), home = writing_session("home");
    assert_ok(generate(edwards, CKM_EC_EDWARDS_KEY_PAIR_GEN, &by_oid, 1, &private, 1));
    assert_ok(generate(edwards, CKM_EC_EDWARDS_KEY_PAIR_GEN, &by_name, 1, &private, 1));
    assert_string_equal(fake.last_use, "sign");
    assert_ok(generate(home, CKM_EC_KEY_PAIR_GEN, &nist, 1, &private, 1));
    assert_ok(generate(home, CKM_RSA_PKCS_KEY_PAIR_GEN, &rsa, 1, &private, 1));
    CK_BYTE signature[512];
    CK_ULONG size = sizeof signature;
    CK_MECHANISM pkcs = {.mechanism = CKM_SHA256_RSA_PKCS};
    assert_ok(p11->C_SignInit(home, &pkcs, made_private));
    assert_ok(p11->C_Sign(home, p256, 1, signature, &size));
    assert_int_equal(size, 256);
}

static void a_key_is_for_one_thing_and_signing_goes_first(void **state)
{
    (void)state;
    CK_ATTRIBUTE public = {CKA_EC_PARAMS, p256, sizeof p256};
    CK_ATTRIBUTE both[] = {{CKA_TOKEN, &yes, 1}, {CKA_SIGN, &yes, 1}, {CKA_DERIVE, &yes, 1}};
    CK_SESSION_HANDLE session = writing_session("home");
    assert_ok(generate(session, CKM_EC_KEY_PAIR_GEN, &public, 1, both, 3));
    assert_string_equal(fake.last_use, "sign");
    both[1].pValue = &no;
    assert_ok(generate(session, CKM_EC_KEY_PAIR_GEN, &public, 1, both, 3));
    assert_string_equal(fake.last_use, "agree");
    CK_ATTRIBUTE decrypt[] = {{CKA_TOKEN, &yes, 1}, {CKA_DECRYPT, &yes, 1}};
    assert_rv(
        generate(session, CKM_EC_KEY_PAIR_GEN, &public, 1, decrypt, 2), CKR_TEMPLATE_INCONSISTENT);
    CK_ATTRIBUTE rsa = {CKA_MODULUS_BITS, &bits, sizeof bits};
    assert_ok(generate(session, CKM_RSA_PKCS_KEY_PAIR_GEN, &rsa, 1, decrypt, 2));
    assert_string_equal(fake.last_use, "decrypt");
}

static void refuses_templates_that_cannot_be_had(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = writing_session("home");
    CK_OBJECT_CLASS secret = CKO_SECRET_KEY;
    CK_KEY_TYPE rsa_type = CKK_RSA;
    CK_BYTE garbage[] = {0x30, 0x00}, secp521[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23};
    CK_BYTE three[] = {3};
    CK_ULONG small = 1024;
    const CK_ATTRIBUTE nist = {CKA_EC_PARAMS, p256, sizeof p256};
    const struct {
        CK_ATTRIBUTE public, private;
        CK_RV rv;
    } cases[] = {
        {nist, {CKA_TOKEN, &no, 1}, CKR_TEMPLATE_INCONSISTENT},
        {nist, {CKA_SENSITIVE, &no, 1}, CKR_TEMPLATE_INCONSISTENT},
        {nist, {CKA_EXTRACTABLE, &yes, 1}, CKR_TEMPLATE_INCONSISTENT},
        {nist, {CKA_PRIVATE, &no, 1}, CKR_TEMPLATE_INCONSISTENT},
        {nist, {CKA_CLASS, &secret, sizeof secret}, CKR_TEMPLATE_INCONSISTENT},
        {nist, {CKA_CLASS, &secret, 1}, CKR_ATTRIBUTE_VALUE_INVALID},
        {nist, {CKA_KEY_TYPE, &rsa_type, sizeof rsa_type}, CKR_TEMPLATE_INCONSISTENT},
        {nist, {CKA_VALUE, garbage, 2}, CKR_TEMPLATE_INCONSISTENT},
        {nist, {CKA_LOCAL, &yes, 1}, CKR_ATTRIBUTE_READ_ONLY},
        {nist, {CKA_ALWAYS_SENSITIVE, &yes, 1}, CKR_ATTRIBUTE_READ_ONLY},
        {nist, {CKA_EC_PARAMS, p256, sizeof p256}, CKR_ATTRIBUTE_READ_ONLY},
        {nist, {CKA_APPLICATION, NULL, 0}, CKR_ATTRIBUTE_TYPE_INVALID},
        {nist, {CKA_UNWRAP, &yes, 1}, CKR_TEMPLATE_INCONSISTENT},
        {{CKA_LABEL, NULL, 0}, {CKA_TOKEN, &yes, 1}, CKR_TEMPLATE_INCOMPLETE},
        {{CKA_EC_PARAMS, garbage, 2}, {CKA_TOKEN, &yes, 1}, CKR_DOMAIN_PARAMS_INVALID},
        {{CKA_EC_PARAMS, secp521, 7}, {CKA_TOKEN, &yes, 1}, CKR_CURVE_NOT_SUPPORTED},
        {{CKA_EC_PARAMS, ed25519, 5}, {CKA_TOKEN, &yes, 1}, CKR_CURVE_NOT_SUPPORTED},
        {{CKA_EC_PARAMS, NULL, 5}, {CKA_TOKEN, &yes, 1}, CKR_ATTRIBUTE_VALUE_INVALID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CK_ATTRIBUTE public = cases[i].public, private = cases[i].private;
        if (generate(session, CKM_EC_KEY_PAIR_GEN, &public, 1, &private, 1) != cases[i].rv)
            fail_msg("case %zu", i);
    }
    CK_ATTRIBUTE token = {CKA_TOKEN, &yes, 1}, size = {CKA_MODULUS_BITS, &small, sizeof small};
    assert_rv(
        generate(session, CKM_RSA_PKCS_KEY_PAIR_GEN, &size, 1, &token, 1), CKR_KEY_SIZE_RANGE);
    assert_rv(
        generate(session, CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0, &token, 1), CKR_TEMPLATE_INCOMPLETE);
    CK_ATTRIBUTE exponent[] = {
        {CKA_MODULUS_BITS, &bits, sizeof bits}, {CKA_PUBLIC_EXPONENT, three, 1}};
    assert_rv(generate(session, CKM_RSA_PKCS_KEY_PAIR_GEN, exponent, 2, &token, 1),
        CKR_ATTRIBUTE_VALUE_INVALID);
    assert_int_equal(fake.asked[KC_OPERATION_KEY_GENERATE], 0);
}

static void both_halves_have_one_label_and_one_id(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = writing_session("home");
    CK_ATTRIBUTE public[] = {{CKA_EC_PARAMS, p256, sizeof p256}, {CKA_LABEL, (char[]){"one"}, 3},
        {CKA_ID, (char[]){"\x01"}, 1}};
    CK_ATTRIBUTE private[] = {{CKA_TOKEN, &yes, 1}, {CKA_LABEL, (char[]){"two"}, 3}};
    assert_rv(
        generate(session, CKM_EC_KEY_PAIR_GEN, public, 3, private, 2), CKR_TEMPLATE_INCONSISTENT);
    assert_ok(generate(session, CKM_EC_KEY_PAIR_GEN, public, 3, private, 1));
    assert_int_equal(find_one(session, CKO_PRIVATE_KEY, "one"), made_private);
    assert_int_equal(find_one(session, CKO_PUBLIC_KEY, "one"), made_public);
    CK_ATTRIBUTE by_id = {CKA_ID, (char[]){"\x01"}, 1};
    assert_int_equal(count_found(session, &by_id, 1), 2);
    assert_rv(generate(session, CKM_EC_KEY_PAIR_GEN, public, 3, private, 1),
        CKR_TEMPLATE_INCONSISTENT); /* the label is taken */
}

static void refuses_calls_that_are_wrong(void **state)
{
    (void)state;
    CK_ATTRIBUTE public = {CKA_EC_PARAMS, p256, sizeof p256}, private = {CKA_TOKEN, &yes, 1};
    CK_SESSION_HANDLE reading = open_session("home"), session = writing_session("home");
    CK_MECHANISM mechanism = {.mechanism = CKM_EC_KEY_PAIR_GEN};
    assert_rv(
        generate(reading, CKM_EC_KEY_PAIR_GEN, &public, 1, &private, 1), CKR_SESSION_READ_ONLY);
    assert_rv(
        generate(99, CKM_EC_KEY_PAIR_GEN, &public, 1, &private, 1), CKR_SESSION_HANDLE_INVALID);
    assert_rv(generate(session, CKM_EC_EDWARDS_KEY_PAIR_GEN, &public, 1, &private, 1),
        CKR_MECHANISM_INVALID); /* of the other token */
    assert_rv(generate(session, CKM_ECDSA, &public, 1, &private, 1), CKR_MECHANISM_INVALID);
    assert_rv(generate(session, CKM_EC_KEY_PAIR_GEN, NULL, 1, &private, 1), CKR_ARGUMENTS_BAD);
    assert_rv(
        p11->C_GenerateKeyPair(session, NULL, &public, 1, &private, 1, &made_public, &made_private),
        CKR_ARGUMENTS_BAD);
    assert_rv(
        p11->C_GenerateKeyPair(session, &mechanism, &public, 1, &private, 1, NULL, &made_private),
        CKR_ARGUMENTS_BAD);
    fake.fail[KC_OPERATION_KEY_GENERATE] = KC_ERR_REFUSED;
    assert_rv(
        generate(session, CKM_EC_KEY_PAIR_GEN, &public, 1, &private, 1), CKR_FUNCTION_REJECTED);
}

static void a_key_that_was_perhaps_made_is_not_made_twice(void **state)
{
    (void)state;
    CK_ATTRIBUTE public = {CKA_EC_PARAMS, p256, sizeof p256}, private = {CKA_TOKEN, &yes, 1};
    CK_SESSION_HANDLE session = writing_session("home");
    fake_daemon_pause();
    fake_daemon_resume(); /* the lost connection is noticed before the key is asked for */
    assert_ok(generate(session, CKM_EC_KEY_PAIR_GEN, &public, 1, &private, 1));
    assert_int_equal(fake.asked[KC_OPERATION_KEY_GENERATE], 1);
}

static void changes_label_and_id_of_both_halves(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = writing_session("home"), reading = open_session("home");
    CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, "P-256");
    CK_ATTRIBUTE change[] = {{CKA_LABEL, (char[]){"new"}, 3}, {CKA_ID, (char[]){"\x07"}, 1}};
    assert_rv(p11->C_SetAttributeValue(reading, key, change, 2), CKR_SESSION_READ_ONLY);
    assert_ok(p11->C_SetAttributeValue(session, key, change, 2));
    assert_string_equal(fake.keys[4].label, "new");
    assert_int_equal(fake.keys[4].identifier[0], 7);
    CK_BYTE label[8];
    CK_ATTRIBUTE read = {CKA_LABEL, label, sizeof label};
    CK_OBJECT_HANDLE public = find_one(session, CKO_PUBLIC_KEY, "new");
    assert_ok(p11->C_GetAttributeValue(session, public, &read, 1));
    assert_int_equal(read.ulValueLen, 3);
    CK_ATTRIBUTE twice[] = {change[0], change[0]};
    assert_rv(p11->C_SetAttributeValue(session, key, twice, 2), CKR_TEMPLATE_INCONSISTENT);
    CK_ATTRIBUTE stays = {CKA_SENSITIVE, &yes, 1};
    size_t asked = fake.asked[KC_OPERATION_KEY_UPDATE];
    assert_ok(p11->C_SetAttributeValue(session, key, &stays, 1));
    assert_int_equal(fake.asked[KC_OPERATION_KEY_UPDATE], asked);
}

static void destroys_a_key_by_its_private_half(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = writing_session("home"), reading = open_session("home");
    CK_OBJECT_HANDLE private = find_one(session, CKO_PRIVATE_KEY, "P-384");
    CK_OBJECT_HANDLE public = find_one(session, CKO_PUBLIC_KEY, "P-384");
    assert_rv(p11->C_DestroyObject(reading, private), CKR_SESSION_READ_ONLY);
    assert_rv(p11->C_DestroyObject(session, public), CKR_ACTION_PROHIBITED);
    assert_ok(p11->C_DestroyObject(session, private));
    assert_string_equal(fake.keys[5].state, "destroyed");
    assert_rv(p11->C_GetAttributeValue(session, public, NULL, 0), CKR_OBJECT_HANDLE_INVALID);
    assert_rv(p11->C_DestroyObject(session, private), CKR_OBJECT_HANDLE_INVALID);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start_module, stop_module)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(makes_a_key_of_each_kind),
        CASE(a_key_is_for_one_thing_and_signing_goes_first),
        CASE(refuses_templates_that_cannot_be_had),
        CASE(both_halves_have_one_label_and_one_id),
        CASE(refuses_calls_that_are_wrong),
        CASE(a_key_that_was_perhaps_made_is_not_made_twice),
        CASE(changes_label_and_id_of_both_halves),
        CASE(destroys_a_key_by_its_private_half),
    };
    return cmocka_run_group_tests_name("pkcs11 generate", tests, load_group, unload_group);
}
