/* SPDX-License-Identifier: Apache-2.0 */
/* Signing, with a custodian that repeats the message's first octet. */
#include "tests/pkcs11/support.h"

#include <stdlib.h>
#include <string.h>

static CK_MECHANISM eddsa = {.mechanism = CKM_EDDSA};

static void signs_with_both_curves(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_BYTE signature[115] = {0};
    CK_ULONG size;
    assert_ok(sign_with(
        session, find_one(session, CKO_PRIVATE_KEY, "Ed25519"), "\x07 m", 3, signature, &size));
    assert_int_equal(size, 64);
    assert_int_equal(signature[0], 7);
    assert_int_equal(signature[63], 7);
    assert_int_equal(signature[64], 0);
    assert_ok(sign_with(
        session, find_one(session, CKO_PRIVATE_KEY, "Ed448"), "\x08 m", 3, signature, &size));
    assert_int_equal(size, 114);
    assert_int_equal(signature[113], 8);
    assert_string_equal(fake.last_scheme, "plain");
}

static void signs_a_message_of_no_octets(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_BYTE signature[114];
    CK_ULONG size = sizeof signature;
    CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, "Ed25519");
    assert_ok(p11->C_SignInit(session, &eddsa, key));
    assert_ok(p11->C_Sign(session, NULL, 0, signature, &size));
    assert_int_equal(signature[0], FAKE_SIGNATURE_EMPTY);
}

static void tells_the_size_first_and_asks_the_daemon_once(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_BYTE message[] = "m", signature[114];
    CK_ULONG size = 0;
    assert_ok(p11->C_SignInit(session, &eddsa, find_one(session, CKO_PRIVATE_KEY, "Ed448")));
    assert_ok(p11->C_Sign(session, message, 1, NULL, &size));
    assert_int_equal(size, 114);
    size = 113;
    assert_rv(p11->C_Sign(session, message, 1, signature, &size), CKR_BUFFER_TOO_SMALL);
    assert_int_equal(size, 114);
    assert_ok(p11->C_Sign(session, message, 1, signature, &size));
    assert_int_equal(fake.asked[KC_OPERATION_KEY_SIGN], 1);
    assert_rv(p11->C_Sign(session, message, 1, signature, &size), CKR_OPERATION_NOT_INITIALIZED);
}

static void signs_in_parts(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_BYTE part[1000], signature[114];
    CK_ULONG size = sizeof signature;
    memset(part, 0x21, sizeof part);
    assert_ok(p11->C_SignInit(session, &eddsa, find_one(session, CKO_PRIVATE_KEY, "Ed25519")));
    for (int i = 0; i < 200; i++)
        assert_ok(p11->C_SignUpdate(session, part, sizeof part));
    assert_ok(p11->C_SignUpdate(session, NULL, 0));
    assert_rv(p11->C_Sign(session, part, 1, signature, &size), CKR_OPERATION_NOT_INITIALIZED);
    assert_ok(p11->C_SignFinal(session, NULL, &size));
    assert_int_equal(size, 64);
    assert_ok(p11->C_SignFinal(session, signature, &size));
    assert_int_equal(fake.last_message_size, 200000);
    assert_int_equal(signature[63], 0x21);
    assert_rv(p11->C_SignFinal(session, signature, &size), CKR_OPERATION_NOT_INITIALIZED);
}

static void refuses_a_message_that_is_too_long(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, "Ed25519");
    CK_BYTE signature[114];
    CK_ULONG size = sizeof signature;
    CK_BYTE *message = calloc(1, KC_DATA_SIZE_MAX + 1);
    assert_ok(p11->C_SignInit(session, &eddsa, key));
    assert_ok(p11->C_Sign(session, message, KC_DATA_SIZE_MAX, signature, &size));
    assert_int_equal(fake.last_message_size, KC_DATA_SIZE_MAX);
    assert_ok(p11->C_SignInit(session, &eddsa, key));
    assert_rv(
        p11->C_Sign(session, message, KC_DATA_SIZE_MAX + 1, signature, &size), CKR_DATA_LEN_RANGE);
    assert_ok(p11->C_SignInit(session, &eddsa, key));
    assert_ok(p11->C_SignUpdate(session, message, KC_DATA_SIZE_MAX));
    assert_rv(p11->C_SignUpdate(session, message, 1), CKR_DATA_LEN_RANGE);
    assert_rv(p11->C_SignFinal(session, signature, &size), CKR_OPERATION_NOT_INITIALIZED);
    free(message);
}

static void takes_the_variants_of_eddsa(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, "Ed448");
    CK_BYTE context[256] = "context", message[] = "m", signature[114];
    static const struct {
        CK_BBOOL prehashed;
        CK_ULONG context_size;
        const char *scheme; /* NULL: refused */
    } cases[] = {{CK_FALSE, 0, "plain"}, {CK_FALSE, 7, "ctx"}, {CK_TRUE, 0, "ph"},
        {CK_TRUE, 255, "ph"}, {CK_FALSE, 256, NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CK_EDDSA_PARAMS parameter = {cases[i].prehashed, cases[i].context_size, context};
        CK_MECHANISM mechanism = {CKM_EDDSA, &parameter, sizeof parameter};
        CK_ULONG size = sizeof signature;
        assert_rv(p11->C_SignInit(session, &mechanism, key),
            cases[i].scheme != NULL ? CKR_OK : CKR_MECHANISM_PARAM_INVALID);
        if (cases[i].scheme == NULL)
            continue;
        assert_ok(p11->C_Sign(session, message, 1, signature, &size));
        assert_string_equal(fake.last_scheme, cases[i].scheme);
    }
}

static void refuses_to_start_what_cannot_be_signed(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, "Ed25519");
    CK_EDDSA_PARAMS parameter = {CK_FALSE, 4, NULL};
    CK_MECHANISM other = {.mechanism = CKM_ECDH1_DERIVE}, unknown = {.mechanism = CKM_RSA_PKCS};
    CK_MECHANISM short_one = {CKM_EDDSA, &parameter, 3}, no_one = {CKM_EDDSA, NULL, 24};
    CK_MECHANISM no_context = {CKM_EDDSA, &parameter, sizeof parameter};
    assert_rv(p11->C_SignInit(99, &eddsa, key), CKR_SESSION_HANDLE_INVALID);
    assert_rv(p11->C_SignInit(session, &eddsa, 9999), CKR_KEY_HANDLE_INVALID);
    assert_rv(p11->C_SignInit(session, &other, key), CKR_MECHANISM_INVALID);
    assert_rv(p11->C_SignInit(session, &unknown, key), CKR_MECHANISM_INVALID);
    assert_rv(p11->C_SignInit(session, &short_one, key), CKR_MECHANISM_PARAM_INVALID);
    assert_rv(p11->C_SignInit(session, &no_one, key), CKR_MECHANISM_PARAM_INVALID);
    assert_rv(p11->C_SignInit(session, &no_context, key), CKR_MECHANISM_PARAM_INVALID);
    assert_rv(p11->C_SignInit(session, &eddsa, find_one(session, CKO_PUBLIC_KEY, "Ed25519")),
        CKR_KEY_FUNCTION_NOT_PERMITTED);
    assert_rv(p11->C_SignInit(session, &eddsa, find_one(session, CKO_PRIVATE_KEY, "X25519")),
        CKR_KEY_FUNCTION_NOT_PERMITTED);
    assert_ok(p11->C_SignInit(session, &eddsa, key));
    assert_rv(p11->C_SignInit(session, &eddsa, key), CKR_OPERATION_ACTIVE);
}

static void refuses_calls_out_of_place(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_BYTE message[] = "m", signature[114];
    CK_ULONG size = sizeof signature;
    assert_rv(p11->C_Sign(session, message, 1, signature, &size), CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(p11->C_SignUpdate(session, message, 1), CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(p11->C_SignFinal(session, signature, &size), CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(p11->C_Sign(session, message, 1, signature, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_Sign(session, NULL, 1, signature, &size), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_SignUpdate(session, NULL, 1), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_SignFinal(session, signature, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_Sign(99, message, 1, signature, &size), CKR_SESSION_HANDLE_INVALID);
    assert_rv(p11->C_SignUpdate(99, message, 1), CKR_SESSION_HANDLE_INVALID);
    assert_rv(p11->C_SignFinal(99, signature, &size), CKR_SESSION_HANDLE_INVALID);
    /* C_Sign does not end what is signed in parts, and C_SignFinal nothing else */
    assert_ok(p11->C_SignInit(session, &eddsa, find_one(session, CKO_PRIVATE_KEY, "Ed25519")));
    assert_rv(p11->C_SignFinal(session, signature, &size), CKR_OPERATION_NOT_INITIALIZED);
    assert_ok(p11->C_SignUpdate(session, message, 1));
    assert_rv(p11->C_Sign(session, message, 1, signature, &size), CKR_OPERATION_NOT_INITIALIZED);
    assert_ok(p11->C_SignFinal(session, signature, &size));
}

static void a_signature_can_be_given_up(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, "Ed25519");
    CK_BYTE message[] = "m", signature[114];
    CK_ULONG size = sizeof signature;
    assert_ok(p11->C_SignInit(session, &eddsa, key));
    assert_ok(p11->C_SignUpdate(session, message, 1));
    assert_ok(p11->C_SessionCancel(session, CKF_SIGN));
    assert_rv(p11->C_SignFinal(session, signature, &size), CKR_OPERATION_NOT_INITIALIZED);
    assert_ok(p11->C_SignInit(session, &eddsa, key));
    assert_ok(p11->C_SignInit(session, NULL, 0));
    assert_rv(p11->C_Sign(session, message, 1, signature, &size), CKR_OPERATION_NOT_INITIALIZED);
}

static void says_how_signing_failed(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, "Ed25519");
    CK_BYTE signature[114];
    CK_ULONG size;
    fake.fail[KC_OPERATION_KEY_SIGN] = KC_ERR_REFUSED;
    assert_rv(sign_with(session, key, "m", 1, signature, &size), CKR_FUNCTION_REJECTED);
    fake.fail[KC_OPERATION_KEY_SIGN] = KC_ERR_ROOT_LOCKOUT;
    assert_rv(sign_with(session, key, "m", 1, signature, &size), CKR_DEVICE_ERROR);
    fake.fail[KC_OPERATION_KEY_SIGN] = KC_OK;
    fake.wrong_size = true;
    assert_rv(sign_with(session, key, "m", 1, signature, &size), CKR_DEVICE_ERROR);
    fake.wrong_size = false;
    assert_ok(sign_with(session, key, "m", 1, signature, &size)); /* each failure ended it */
}

static void says_what_is_wrong_with_the_peer_of_a_split_key(void **state)
{
    static const struct {
        enum kc_error error;
        CK_RV rv;
    } cases[] = {{KC_ERR_PEER_UNSET, CKR_KEY_FUNCTION_NOT_PERMITTED},
        {KC_ERR_PEER_ABSENT, CKR_DEVICE_ERROR}, {KC_ERR_PEER_LATE, CKR_FUNCTION_CANCELED},
        {KC_ERR_PEER_REFUSED, CKR_FUNCTION_REJECTED}, {KC_ERR_CONTRIBUTION, CKR_FUNCTION_FAILED}};
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, "Ed25519");
    CK_BYTE signature[114];
    CK_ULONG size;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake.fail[KC_OPERATION_KEY_SIGN] = cases[i].error;
        assert_rv(sign_with(session, key, "m", 1, signature, &size), cases[i].rv);
        fake.fail[KC_OPERATION_KEY_SIGN] = KC_OK;
        assert_ok(sign_with(session, key, "m", 1, signature, &size));
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start_module, stop_module)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(signs_with_both_curves),
        CASE(signs_a_message_of_no_octets),
        CASE(tells_the_size_first_and_asks_the_daemon_once),
        CASE(signs_in_parts),
        CASE(refuses_a_message_that_is_too_long),
        CASE(takes_the_variants_of_eddsa),
        CASE(refuses_to_start_what_cannot_be_signed),
        CASE(refuses_calls_out_of_place),
        CASE(a_signature_can_be_given_up),
        CASE(says_how_signing_failed),
        CASE(says_what_is_wrong_with_the_peer_of_a_split_key),
    };
    return cmocka_run_group_tests_name("pkcs11 sign", tests, load_group, unload_group);
}
