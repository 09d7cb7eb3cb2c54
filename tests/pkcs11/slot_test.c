/* SPDX-License-Identifier: Apache-2.0 */
/* Slots, tokens, sessions, login. */
#include "tests/pkcs11/support.h"

#include <string.h>

static CK_ULONG slot_count(CK_BBOOL with_token)
{
    CK_ULONG count = 0;
    assert_ok(p11->C_GetSlotList(with_token, NULL, &count));
    return count;
}

static void has_two_tokens_for_each_keyring(void **state)
{
    (void)state;
    assert_int_equal(slot_count(CK_TRUE), 4);
    CK_TOKEN_INFO token;
    assert_ok(p11->C_GetTokenInfo(slot_of("work"), &token));
    assert_memory_equal(token.label, "work                            ", 32);
    assert_int_equal(token.flags, CKF_RNG | CKF_TOKEN_INITIALIZED);
    assert_int_equal(token.ulMinPinLen, 4);
    assert_true(slot_of("home") != slot_of("work"));
    assert_true(slot_of("home") != slot_of("home-edwards"));
    CK_BYTE serial[16];
    memcpy(serial, token.serialNumber, 16);
    assert_ok(p11->C_GetTokenInfo(slot_of("work-edwards"), &token));
    assert_memory_not_equal(token.serialNumber, serial, 16);
}

static void slot_ids_are_the_same_after_a_restart_and_in_any_order(void **state)
{
    CK_SLOT_ID home = slot_of("home-edwards"), work = slot_of("work");
    stop_module(state);
    start_module(state);
    fake.keyrings[0] = "work";
    fake.keyrings[1] = "home";
    assert_int_equal(slot_of("home-edwards"), home);
    assert_int_equal(slot_of("work"), work);
}

static void gives_the_slot_list_in_two_calls(void **state)
{
    (void)state;
    CK_SLOT_ID slots[4];
    CK_ULONG count = 3;
    assert_rv(p11->C_GetSlotList(CK_TRUE, slots, &count), CKR_BUFFER_TOO_SMALL);
    assert_int_equal(count, 4);
    assert_ok(p11->C_GetSlotList(CK_TRUE, slots, &count));
    assert_rv(p11->C_GetSlotList(CK_TRUE, slots, NULL), CKR_ARGUMENTS_BAD);
}

static void a_new_keyring_becomes_a_slot_when_the_count_is_asked(void **state)
{
    (void)state;
    CK_SLOT_ID slots[6];
    CK_ULONG count = 6;
    assert_int_equal(slot_count(CK_TRUE), 4);
    fake.keyrings[2] = "third";
    assert_ok(p11->C_GetSlotList(CK_TRUE, slots, &count));
    assert_int_equal(count, 4);
    assert_int_equal(slot_count(CK_TRUE), 6);
}

static void a_keyring_that_goes_leaves_a_slot_without_token(void **state)
{
    (void)state;
    CK_SLOT_ID work = slot_of("work");
    CK_SLOT_INFO info;
    CK_TOKEN_INFO token;
    CK_SESSION_HANDLE session;
    fake.keyrings[1] = NULL;
    assert_int_equal(slot_count(CK_TRUE), 2);
    assert_int_equal(slot_count(CK_FALSE), 4);
    assert_ok(p11->C_GetSlotInfo(work, &info));
    assert_int_equal(info.flags & CKF_TOKEN_PRESENT, 0);
    assert_rv(p11->C_GetTokenInfo(work, &token), CKR_TOKEN_NOT_PRESENT);
    assert_rv(
        p11->C_OpenSession(work, CKF_SERIAL_SESSION, NULL, NULL, &session), CKR_TOKEN_NOT_PRESENT);
}

static void tokens_go_and_come_with_the_daemon(void **state)
{
    (void)state;
    CK_SLOT_ID home = slot_of("home-edwards");
    CK_SESSION_HANDLE session;
    CK_SLOT_INFO info;
    fake_daemon_pause();
    assert_int_equal(slot_count(CK_TRUE), 0);
    assert_int_equal(slot_count(CK_FALSE), 4);
    assert_rv(
        p11->C_OpenSession(home, CKF_SERIAL_SESSION, NULL, NULL, &session), CKR_TOKEN_NOT_PRESENT);
    fake_daemon_resume();
    assert_ok(p11->C_OpenSession(home, CKF_SERIAL_SESSION, NULL, NULL, &session));
    assert_ok(p11->C_GetSlotInfo(home, &info));
    assert_true(info.flags & CKF_TOKEN_PRESENT);
}

static void long_names_are_cut_between_characters(void **state)
{
    (void)state;
    /* 31 letters, then one of two octets */
    fake.keyrings[1] = "abcdefghijklmnopqrstuvwxyzabcde\xc3\xa9";
    CK_TOKEN_INFO token;
    assert_ok(p11->C_GetTokenInfo(slot_of("abcdefghijklmnopqrstuvwxyzabcde"), &token));
    assert_int_equal(token.label[31], ' ');
    assert_ok(p11->C_GetTokenInfo(slot_of("abcdefghijklmnopqrstuvwx-edwards"), &token));
}

static void refuses_slots_that_are_not_there(void **state)
{
    (void)state;
    CK_SLOT_ID none = slot_of("home-edwards") + 1;
    CK_SLOT_INFO info;
    CK_TOKEN_INFO token;
    CK_ULONG n = 0;
    CK_MECHANISM_INFO mechanism;
    assert_rv(p11->C_GetSlotInfo(none, &info), CKR_SLOT_ID_INVALID);
    assert_rv(p11->C_GetSlotInfo(none, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_GetTokenInfo(none, &token), CKR_SLOT_ID_INVALID);
    assert_rv(p11->C_GetTokenInfo(none, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_GetMechanismList(none, NULL, &n), CKR_SLOT_ID_INVALID);
    assert_rv(p11->C_GetMechanismList(none, NULL, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_GetMechanismInfo(none, CKM_EDDSA, &mechanism), CKR_SLOT_ID_INVALID);
    assert_rv(p11->C_GetMechanismInfo(none, CKM_EDDSA, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_CloseAllSessions(none), CKR_SLOT_ID_INVALID);
    assert_rv(p11->C_OpenSession(none, CKF_SERIAL_SESSION, NULL, NULL, &n), CKR_SLOT_ID_INVALID);
}

static bool has_mechanism(CK_SLOT_ID slot, CK_MECHANISM_TYPE type)
{
    CK_MECHANISM_TYPE list[64];
    CK_ULONG count = 64;
    assert_ok(p11->C_GetMechanismList(slot, list, &count));
    for (CK_ULONG i = 0; i < count; i++)
        if (list[i] == type)
            return true;
    return false;
}

static void lists_the_mechanisms_of_each_token(void **state)
{
    (void)state;
    CK_SLOT_ID home = slot_of("home"), edwards = slot_of("home-edwards");
    CK_MECHANISM_TYPE list[10];
    CK_ULONG count = 1;
    CK_MECHANISM_INFO info;
    assert_rv(p11->C_GetMechanismList(edwards, list, &count), CKR_BUFFER_TOO_SMALL);
    assert_int_equal(count, 10);
    assert_ok(p11->C_GetMechanismList(edwards, list, &count));
    assert_true(has_mechanism(edwards, CKM_EDDSA) && !has_mechanism(home, CKM_EDDSA));
    assert_true(has_mechanism(home, CKM_ECDSA) && !has_mechanism(edwards, CKM_ECDSA));
    assert_true(has_mechanism(home, CKM_AES_GCM) && has_mechanism(edwards, CKM_AES_GCM));
    assert_ok(p11->C_GetMechanismInfo(edwards, CKM_EDDSA, &info));
    assert_int_equal(
        info.flags & (CKF_SIGN | CKF_VERIFY | CKF_DERIVE | CKF_HW), CKF_SIGN | CKF_VERIFY);
    assert_ok(p11->C_GetMechanismInfo(edwards, CKM_ECDH1_DERIVE, &info));
    assert_int_equal(info.flags & (CKF_SIGN | CKF_DERIVE), CKF_DERIVE);
    assert_int_equal(info.ulMaxKeySize, 448);
    assert_ok(p11->C_GetMechanismInfo(home, CKM_ECDH1_DERIVE, &info));
    assert_int_equal(info.ulMaxKeySize, 384);
    assert_rv(p11->C_GetMechanismInfo(edwards, CKM_RSA_PKCS, &info), CKR_MECHANISM_INVALID);
}

static void opens_and_closes_sessions(void **state)
{
    (void)state;
    CK_SLOT_ID home = slot_of("home-edwards");
    CK_SESSION_HANDLE session;
    CK_SESSION_INFO info;
    CK_TOKEN_INFO token;
    assert_rv(p11->C_OpenSession(home, CKF_RW_SESSION, NULL, NULL, &session),
        CKR_SESSION_PARALLEL_NOT_SUPPORTED);
    assert_rv(p11->C_OpenSession(home, CKF_SERIAL_SESSION, NULL, NULL, NULL), CKR_ARGUMENTS_BAD);
    assert_ok(p11->C_OpenSession(home, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session));
    assert_ok(p11->C_GetSessionInfo(session, &info));
    assert_int_equal(info.slotID, home);
    assert_int_equal(info.state, CKS_RW_PUBLIC_SESSION);
    assert_int_equal(info.flags, CKF_SERIAL_SESSION | CKF_RW_SESSION);
    assert_rv(p11->C_GetSessionInfo(session, NULL), CKR_ARGUMENTS_BAD);
    assert_ok(p11->C_GetTokenInfo(home, &token));
    assert_int_equal(token.ulSessionCount, 1);
    assert_int_equal(token.ulRwSessionCount, 1);
    assert_ok(p11->C_CloseSession(session));
    assert_rv(p11->C_CloseSession(session), CKR_SESSION_HANDLE_INVALID);
    assert_rv(p11->C_GetSessionInfo(session, &info), CKR_SESSION_HANDLE_INVALID);
}

static void closes_all_sessions_of_one_slot(void **state)
{
    (void)state;
    CK_SESSION_INFO info;
    CK_SESSION_HANDLE home = open_session("home-edwards"), other = open_session("home-edwards");
    CK_SESSION_HANDLE work = open_session("work");
    assert_ok(p11->C_CloseAllSessions(slot_of("home-edwards")));
    assert_rv(p11->C_GetSessionInfo(home, &info), CKR_SESSION_HANDLE_INVALID);
    assert_rv(p11->C_GetSessionInfo(other, &info), CKR_SESSION_HANDLE_INVALID);
    assert_ok(p11->C_GetSessionInfo(work, &info));
}

static void refuses_more_sessions_than_it_has_room_for(void **state)
{
    (void)state;
    CK_SLOT_ID home = slot_of("home-edwards");
    CK_TOKEN_INFO token;
    CK_SESSION_HANDLE session;
    assert_ok(p11->C_GetTokenInfo(home, &token));
    for (CK_ULONG i = 0; i < token.ulMaxSessionCount; i++)
        assert_ok(p11->C_OpenSession(home, CKF_SERIAL_SESSION, NULL, NULL, &session));
    assert_rv(
        p11->C_OpenSession(home, CKF_SERIAL_SESSION, NULL, NULL, &session), CKR_SESSION_COUNT);
    assert_ok(p11->C_CloseSession(session));
    assert_ok(p11->C_OpenSession(home, CKF_SERIAL_SESSION, NULL, NULL, &session));
}

static void lets_a_client_log_in_that_always_does(void **state)
{
    (void)state;
    CK_UTF8CHAR pin[] = "1234";
    CK_SESSION_INFO info;
    CK_SESSION_HANDLE session = open_session("home-edwards"), other = open_session("home-edwards");
    assert_rv(p11->C_Logout(session), CKR_USER_NOT_LOGGED_IN);
    assert_ok(p11->C_Login(session, CKU_USER, pin, 4));
    assert_rv(p11->C_Login(other, CKU_USER, pin, 4), CKR_USER_ALREADY_LOGGED_IN);
    assert_ok(p11->C_GetSessionInfo(other, &info));
    assert_int_equal(info.state, CKS_RO_USER_FUNCTIONS);
    assert_ok(p11->C_Logout(other));
    assert_ok(p11->C_GetSessionInfo(session, &info));
    assert_int_equal(info.state, CKS_RO_PUBLIC_SESSION);
    assert_ok(p11->C_Login(session, CKU_USER, pin, 4));
    assert_ok(p11->C_CloseAllSessions(slot_of("home-edwards")));
    session = open_session("home-edwards"); /* the login ended with the last session */
    assert_ok(p11->C_Login(session, CKU_USER, NULL, 0));
}

static void gives_random_octets_of_any_number(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_BYTE out[2501] = {0};
    assert_ok(p11->C_GenerateRandom(session, out, 2500));
    assert_int_equal(fake.asked[KC_OPERATION_RANDOM], 3);
    assert_int_equal(out[0], 1);
    assert_int_equal(out[1024], 2);
    assert_int_equal(out[2499], 3);
    assert_int_equal(out[2500], 0);
    assert_ok(p11->C_GenerateRandom(session, NULL, 0));
    assert_rv(p11->C_GenerateRandom(session, NULL, 1), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_GenerateRandom(99, out, 1), CKR_SESSION_HANDLE_INVALID);
    assert_rv(p11->C_SeedRandom(session, out, 1), CKR_RANDOM_SEED_NOT_SUPPORTED);
    assert_rv(p11->C_SeedRandom(session, NULL, 1), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_SeedRandom(99, out, 1), CKR_SESSION_HANDLE_INVALID);
    fake.wrong_size = true;
    assert_rv(p11->C_GenerateRandom(session, out, 8), CKR_DEVICE_ERROR);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start_module, stop_module)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(has_two_tokens_for_each_keyring),
        CASE(slot_ids_are_the_same_after_a_restart_and_in_any_order),
        CASE(gives_the_slot_list_in_two_calls),
        CASE(a_new_keyring_becomes_a_slot_when_the_count_is_asked),
        CASE(a_keyring_that_goes_leaves_a_slot_without_token),
        CASE(tokens_go_and_come_with_the_daemon),
        CASE(long_names_are_cut_between_characters),
        CASE(refuses_slots_that_are_not_there),
        CASE(lists_the_mechanisms_of_each_token),
        CASE(opens_and_closes_sessions),
        CASE(closes_all_sessions_of_one_slot),
        CASE(refuses_more_sessions_than_it_has_room_for),
        CASE(lets_a_client_log_in_that_always_does),
        CASE(gives_random_octets_of_any_number),
    };
    return cmocka_run_group_tests_name(
        "pkcs11 slots and sessions", tests, load_group, unload_group);
}
