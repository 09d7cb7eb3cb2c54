/* SPDX-License-Identifier: Apache-2.0 */
/* Finding objects, and their attributes. */
#include "tests/pkcs11/support.h"

#include <stdio.h>
#include <string.h>

static CK_ULONG read_number(
    CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
    CK_ULONG number = 0;
    CK_ATTRIBUTE attribute = {type, &number, sizeof number};
    assert_ok(p11->C_GetAttributeValue(session, object, &attribute, 1));
    assert_int_equal(attribute.ulValueLen, sizeof number);
    return number;
}

static void finds_both_halves_of_each_key(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_CLASS private = CKO_PRIVATE_KEY, public = CKO_PUBLIC_KEY;
    CK_ATTRIBUTE by_class = {CKA_CLASS, &private, sizeof private};
    assert_int_equal(count_found(session, NULL, 0), 8);
    assert_int_equal(count_found(session, &by_class, 1), 4);
    by_class.pValue = &public;
    assert_int_equal(count_found(session, &by_class, 1), 4);
    assert_int_equal(count_found(open_session("work"), NULL, 0), 0);
}

static void shows_active_application_keys_only(void **state)
{
    (void)state;
    fake_add_key("Ed448", "home", "base", "base", 0x55);
    fake_add_key("Ed448", "home", "account", "account", 0x56);
    fake_add_key("X448", "home", "wrap", "wrap", 0x57);
    fake_add_key("Ed448", "home", "share", "share", 0x58);
    fake_add_key("Ed448", "home", "off", "application", 0x59)->state = "disabled";
    assert_int_equal(count_found(open_session("home-edwards"), NULL, 0), 8);
}

static void finds_by_any_attribute(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_KEY_TYPE montgomery = CKK_EC_MONTGOMERY;
    CK_BYTE ed448[] = {0x06, 0x03, 0x2b, 0x65, 0x71};
    CK_MECHANISM_TYPE eddsa = CKM_EDDSA;
    char id[] = "MAAC-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA";
    struct {
        CK_ATTRIBUTE attribute;
        CK_ULONG found;
    } cases[] = {
        {{CKA_SIGN, &yes, 1}, 2},
        {{CKA_SIGN, &no, 1}, 2},
        {{CKA_VERIFY, &yes, 1}, 2},
        {{CKA_DERIVE, &yes, 1}, 4},
        {{CKA_TOKEN, &yes, 1}, 8},
        {{CKA_TOKEN, &no, 1}, 0},
        {{CKA_KEY_TYPE, &montgomery, sizeof montgomery}, 4},
        {{CKA_EC_PARAMS, ed448, sizeof ed448}, 2},
        {{CKA_ALLOWED_MECHANISMS, &eddsa, sizeof eddsa}, 4},
        {{CKA_UNIQUE_ID, id, sizeof id - 1}, 2},
        {{CKA_SUBJECT, NULL, 0}, 8},
        {{CKA_VALUE, NULL, 0}, 0}, /* withheld: matches nothing */
        {{CKA_MODULUS, NULL, 0}, 0},
        {{CKA_LABEL, (char[]){"\x01"}, 1}, 0},
        {{CKA_LABEL, NULL, 3}, 0},
        {{CKA_CLASS, &yes, 1}, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (count_found(session, &cases[i].attribute, 1) != cases[i].found)
            fail_msg("case %zu", i);
}

static void finds_every_key_of_a_long_listing(void **state)
{
    (void)state;
    char label[16];
    for (int i = 0; i < 250; i++) {
        snprintf(label, sizeof label, "many-%03d", i);
        fake_add_key("Ed25519", "work", label, "application", (uint8_t)i);
    }
    CK_SESSION_HANDLE session = open_session("work-edwards");
    assert_int_equal(count_found(session, NULL, 0), 500);
    size_t pages = fake.asked[KC_OPERATION_OBJECT_LIST];
    assert_int_equal(pages, 3);
    CK_OBJECT_HANDLE one = find_one(session, CKO_PRIVATE_KEY, "many-249");
    assert_int_equal(fake.asked[KC_OPERATION_OBJECT_LIST], pages + 1); /* the daemon filtered */
    assert_int_equal(find_one(session, CKO_PRIVATE_KEY, "many-249"), one);
}

static void asks_for_no_keys_when_none_are_wanted(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof class};
    assert_int_equal(count_found(session, &template, 1), 0);
    assert_int_equal(fake.asked[KC_OPERATION_OBJECT_LIST], 0);
}

static void searches_one_after_the_other(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE objects[3];
    CK_ULONG count;
    assert_rv(p11->C_FindObjects(session, objects, 3, &count), CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(p11->C_FindObjectsFinal(session), CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(p11->C_FindObjectsInit(session, NULL, 1), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_FindObjectsInit(99, NULL, 0), CKR_SESSION_HANDLE_INVALID);
    assert_ok(p11->C_FindObjectsInit(session, NULL, 0));
    assert_rv(p11->C_FindObjectsInit(session, NULL, 0), CKR_OPERATION_ACTIVE);
    assert_rv(p11->C_FindObjects(session, objects, 3, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_FindObjects(session, NULL, 3, &count), CKR_ARGUMENTS_BAD);
    CK_ULONG total = 0;
    do {
        assert_ok(p11->C_FindObjects(session, objects, 3, &count));
        total += count;
    } while (count > 0);
    assert_int_equal(total, 8);
    assert_ok(p11->C_SessionCancel(session, CKF_FIND_OBJECTS));
    assert_rv(p11->C_FindObjectsFinal(session), CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(p11->C_SessionCancel(99, CKF_FIND_OBJECTS), CKR_SESSION_HANDLE_INVALID);
}

static void tells_a_failed_listing(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    fake.fail[KC_OPERATION_OBJECT_LIST] = KC_ERR_STORE_DAMAGED;
    assert_rv(p11->C_FindObjectsInit(session, NULL, 0), CKR_DEVICE_ERROR);
    fake.fail[KC_OPERATION_OBJECT_LIST] = KC_OK;
    fake.keys[1].public_size = 3; /* not the public half of an Ed448 key */
    assert_rv(p11->C_FindObjectsInit(session, NULL, 0), CKR_DEVICE_ERROR);
    fake.keys[1].public_size = 57;
    strcpy(fake.keys[1].id, "not a fingerprint");
    assert_rv(p11->C_FindObjectsInit(session, NULL, 0), CKR_DEVICE_ERROR);
}

/* Every boolean attribute of an object: (type, value) pairs. */
static void assert_truths(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
    const CK_ATTRIBUTE_TYPE *true_types, const CK_ATTRIBUTE_TYPE *false_types)
{
    for (int pass = 0; pass < 2; pass++)
        for (const CK_ATTRIBUTE_TYPE *type = pass ? true_types : false_types; *type != ~0UL;
             type++) {
            CK_BBOOL truth = 77;
            CK_ATTRIBUTE attribute = {*type, &truth, 1};
            if (p11->C_GetAttributeValue(session, object, &attribute, 1) != CKR_OK || truth != pass)
                fail_msg("attribute 0x%lx is not %d", *type, pass);
        }
}

static void a_private_key_is_what_the_field_expects(void **state)
{
    (void)state;
    static const CK_ATTRIBUTE_TYPE is[] = {CKA_TOKEN, CKA_PRIVATE, CKA_SENSITIVE,
        CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE, CKA_LOCAL, CKA_MODIFIABLE, CKA_DESTROYABLE,
        CKA_SIGN, ~0UL};
    static const CK_ATTRIBUTE_TYPE is_not[] = {CKA_EXTRACTABLE, CKA_COPYABLE, CKA_DERIVE,
        CKA_DECRYPT, CKA_UNWRAP, CKA_SIGN_RECOVER, CKA_WRAP_WITH_TRUSTED, CKA_ALWAYS_AUTHENTICATE,
        ~0UL};
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, "Ed448");
    assert_truths(session, key, is, is_not);
    assert_int_equal(read_number(session, key, CKA_CLASS), CKO_PRIVATE_KEY);
    assert_int_equal(read_number(session, key, CKA_KEY_TYPE), CKK_EC_EDWARDS);
    assert_int_equal(read_number(session, key, CKA_KEY_GEN_MECHANISM), CKM_EC_EDWARDS_KEY_PAIR_GEN);
    key = find_one(session, CKO_PRIVATE_KEY, "X448");
    assert_int_equal(read_number(session, key, CKA_KEY_TYPE), CKK_EC_MONTGOMERY);
    assert_int_equal(
        read_number(session, key, CKA_KEY_GEN_MECHANISM), CKM_EC_MONTGOMERY_KEY_PAIR_GEN);
}

static void a_public_key_is_what_the_field_expects(void **state)
{
    (void)state;
    static const CK_ATTRIBUTE_TYPE is[] = {CKA_TOKEN, CKA_LOCAL, CKA_MODIFIABLE, CKA_VERIFY, ~0UL};
    static const CK_ATTRIBUTE_TYPE is_not[] = {CKA_PRIVATE, CKA_COPYABLE, CKA_DESTROYABLE,
        CKA_DERIVE, CKA_ENCRYPT, CKA_WRAP, CKA_VERIFY_RECOVER, CKA_TRUSTED, ~0UL};
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE key = find_one(session, CKO_PUBLIC_KEY, "Ed25519");
    assert_truths(session, key, is, is_not);
    CK_BYTE bytes[100];
    CK_ATTRIBUTE attribute = {CKA_SENSITIVE, bytes, sizeof bytes};
    assert_rv(p11->C_GetAttributeValue(session, key, &attribute, 1), CKR_ATTRIBUTE_TYPE_INVALID);
    attribute = (CK_ATTRIBUTE){CKA_VALUE, bytes, sizeof bytes};
    assert_rv(p11->C_GetAttributeValue(session, key, &attribute, 1), CKR_ATTRIBUTE_TYPE_INVALID);
}

static void assert_octets(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
    CK_ATTRIBUTE_TYPE type, const void *expected, CK_ULONG size)
{
    CK_BYTE bytes[128];
    CK_ATTRIBUTE attribute = {type, bytes, sizeof bytes};
    assert_ok(p11->C_GetAttributeValue(session, object, &attribute, 1));
    assert_int_equal(attribute.ulValueLen, size);
    assert_memory_equal(bytes, expected, size);
}

static void tells_curve_and_point(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    static const struct {
        const char *label;
        uint8_t oid, fill;
        CK_ULONG size;
    } cases[] = {{"Ed25519", 0x70, 0x11, 32}, {"Ed448", 0x71, 0x22, 57}, {"X25519", 0x6e, 0x33, 32},
        {"X448", 0x6f, 0x44, 56}};
    for (size_t i = 0; i < 4; i++) {
        CK_OBJECT_HANDLE key = find_one(session, CKO_PUBLIC_KEY, cases[i].label);
        CK_ULONG size = cases[i].size;
        CK_BYTE oid[] = {0x06, 0x03, 0x2b, 0x65, cases[i].oid};
        CK_BYTE point[2 + 57] = {0x04, (CK_BYTE)size};
        CK_BYTE info[80] = {0x30, (CK_BYTE)(size + 10), 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65,
            cases[i].oid, 0x03, (CK_BYTE)(size + 1), 0x00};
        memset(point + 2, cases[i].fill, size);
        memset(info + 12, cases[i].fill, size);
        assert_octets(session, key, CKA_EC_PARAMS, oid, sizeof oid);
        assert_octets(session, key, CKA_EC_POINT, point, size + 2);
        assert_octets(session, key, CKA_PUBLIC_KEY_INFO, info, size + 12);
    }
}

static void both_halves_share_one_id(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    /* "MAAC": 01100 00000 00000 00010, then zeros: 140 bits, filled up to 18 octets */
    CK_BYTE id[18] = {0x60, 0x00, 0x20};
    assert_octets(session, find_one(session, CKO_PUBLIC_KEY, "X25519"), CKA_ID, id, 18);
    assert_octets(session, find_one(session, CKO_PRIVATE_KEY, "X25519"), CKA_ID, id, 18);
    assert_octets(session, find_one(session, CKO_PRIVATE_KEY, "X25519"), CKA_UNIQUE_ID,
        "MAAC-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA", 34);
}

static void reads_attributes_in_two_calls_without_asking_the_daemon(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, "Ed448");
    CK_BYTE small[3], label[5];
    size_t asked = fake.asked[KC_OPERATION_OBJECT_LIST];
    CK_ATTRIBUTE template[] = {{CKA_LABEL, NULL, 0}, {CKA_EC_POINT, NULL, 0}};
    assert_ok(p11->C_GetAttributeValue(session, key, template, 2));
    assert_int_equal(template[0].ulValueLen, 5);
    assert_int_equal(template[1].ulValueLen, 59);
    template[0].pValue = label;
    template[1] = (CK_ATTRIBUTE){CKA_EC_POINT, small, sizeof small};
    assert_rv(p11->C_GetAttributeValue(session, key, template, 2), CKR_BUFFER_TOO_SMALL);
    assert_memory_equal(label, "Ed448", 5);
    assert_int_equal(template[1].ulValueLen, CK_UNAVAILABLE_INFORMATION);
    assert_int_equal(fake.asked[KC_OPERATION_OBJECT_LIST], asked);
}

static void never_tells_a_private_value(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, "Ed25519");
    CK_BYTE bytes[64], label[64];
    CK_ATTRIBUTE template[] = {
        {CKA_VALUE, bytes, 64}, {CKA_MODULUS, bytes, 64}, {CKA_LABEL, label, 64}};
    memset(bytes, 0x5a, sizeof bytes);
    assert_rv(p11->C_GetAttributeValue(session, key, template, 1), CKR_ATTRIBUTE_SENSITIVE);
    assert_int_equal(bytes[0], 0x5a);
    assert_true(p11->C_GetAttributeValue(session, key, template, 3) != CKR_OK);
    assert_int_equal(template[0].ulValueLen, CK_UNAVAILABLE_INFORMATION);
    assert_int_equal(template[1].ulValueLen, CK_UNAVAILABLE_INFORMATION);
    assert_int_equal(template[2].ulValueLen, 7); /* the others are still told */
}

static void refuses_handles_and_arguments_that_are_wrong(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards"), work = open_session("work");
    CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, "Ed25519"), copy;
    CK_ULONG size;
    assert_rv(p11->C_GetAttributeValue(99, key, NULL, 0), CKR_SESSION_HANDLE_INVALID);
    assert_rv(p11->C_GetAttributeValue(session, 9999, NULL, 0), CKR_OBJECT_HANDLE_INVALID);
    assert_rv(p11->C_GetAttributeValue(work, key, NULL, 0), CKR_OBJECT_HANDLE_INVALID);
    assert_rv(p11->C_GetAttributeValue(session, key, NULL, 1), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_SetAttributeValue(session, key, NULL, 1), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_SetAttributeValue(session, 9999, NULL, 0), CKR_OBJECT_HANDLE_INVALID);
    assert_rv(p11->C_CopyObject(session, key, NULL, 1, &copy), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_CopyObject(session, key, NULL, 0, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_CopyObject(session, 9999, NULL, 0, &copy), CKR_OBJECT_HANDLE_INVALID);
    assert_rv(p11->C_DestroyObject(session, 9999), CKR_OBJECT_HANDLE_INVALID);
    assert_rv(p11->C_DestroyObject(99, key), CKR_SESSION_HANDLE_INVALID);
    assert_rv(p11->C_GetObjectSize(session, 9999, &size), CKR_OBJECT_HANDLE_INVALID);
    assert_rv(p11->C_GetObjectSize(session, key, NULL), CKR_ARGUMENTS_BAD);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start_module, stop_module)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(finds_both_halves_of_each_key),
        CASE(shows_active_application_keys_only),
        CASE(finds_by_any_attribute),
        CASE(finds_every_key_of_a_long_listing),
        CASE(asks_for_no_keys_when_none_are_wanted),
        CASE(searches_one_after_the_other),
        CASE(tells_a_failed_listing),
        CASE(a_private_key_is_what_the_field_expects),
        CASE(a_public_key_is_what_the_field_expects),
        CASE(tells_curve_and_point),
        CASE(both_halves_share_one_id),
        CASE(reads_attributes_in_two_calls_without_asking_the_daemon),
        CASE(never_tells_a_private_value),
        CASE(refuses_handles_and_arguments_that_are_wrong),
    };
    return cmocka_run_group_tests_name("pkcs11 objects", tests, load_group, unload_group);
}
