/* SPDX-License-Identifier: Apache-2.0 */
/* Logins, PINs, tokens that come and go, and which tokens a keyring has. */
#include "tests/pkcs11/support.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static CK_UTF8CHAR user_pin[] = "1234", so_pin[] = "123456", wrong[] = "9999", third[] = "77777";

/* Keyrings that need a login. */
static int start_locked(void **state)
{
    int result = start_module(state);
    fake.login_required = true;
    fake.user_pin_state = fake.so_pin_state = "set";
    strcpy(fake.user_pin, "1234");
    strcpy(fake.so_pin, "123456");
    for (size_t i = 0; i < fake.key_count; i++)
        fake.keys[i].login = true;
    return result;
}

static CK_SESSION_HANDLE writing_session(const char *token)
{
    CK_SESSION_HANDLE session;
    assert_ok(p11->C_OpenSession(
        slot_of(token), CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session));
    return session;
}

static CK_FLAGS flags_of(const char *token)
{
    CK_TOKEN_INFO info;
    assert_ok(p11->C_GetTokenInfo(slot_of(token), &info));
    return info.flags;
}

static void the_tokens_flags_tell_how_pins_are(void **state)
{
    (void)state;
    const CK_FLAGS mask = CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED | CKF_USER_PIN_COUNT_LOW |
                          CKF_USER_PIN_LOCKED | CKF_SO_PIN_LOCKED;
    assert_int_equal(flags_of("home") & mask, CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED);
    fake.user_pin_state = "failed";
    assert_true(flags_of("home") & CKF_USER_PIN_COUNT_LOW);
    fake.user_pin_state = fake.so_pin_state = "wait";
    assert_true(flags_of("home") & CKF_USER_PIN_LOCKED);
    assert_true(flags_of("home") & CKF_SO_PIN_LOCKED);
    fake.login_required = false;
    fake.user_pin_state = "none";
    assert_int_equal(flags_of("home") & (CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED), 0);
}

static void private_halves_are_not_seen_before_a_login(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home");
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof class};
    assert_int_equal(count_found(session, &template, 1), 0);
    assert_int_equal(count_found(session, NULL, 0), FAKE_NIST_KEYS);
    assert_rv(p11->C_Login(session, CKU_USER, wrong, 4), CKR_PIN_INCORRECT);
    assert_ok(p11->C_Login(session, CKU_USER, user_pin, 4));
    assert_string_equal(fake.logged_in, "user");
    assert_int_equal(count_found(session, &template, 1), FAKE_NIST_KEYS);
    CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, "P-256");
    assert_ok(p11->C_Logout(session));
    assert_string_equal(fake.logged_in, "");
    assert_rv(p11->C_GetAttributeValue(session, key, NULL, 0), CKR_OBJECT_HANDLE_INVALID);
    CK_MECHANISM ecdsa = {.mechanism = CKM_ECDSA};
    assert_rv(p11->C_SignInit(session, &ecdsa, key), CKR_KEY_HANDLE_INVALID);
}

static void the_last_session_takes_the_login_with_it(void **state)
{
    (void)state;
    CK_SESSION_HANDLE first = open_session("home"), second = open_session("home");
    assert_ok(p11->C_Login(first, CKU_USER, user_pin, 4));
    assert_ok(p11->C_CloseSession(first));
    assert_string_equal(fake.logged_in, "user");
    assert_ok(p11->C_CloseSession(second));
    assert_string_equal(fake.logged_in, "");
    first = open_session("home");
    assert_ok(p11->C_Login(first, CKU_USER, user_pin, 4));
    /* the other token keeps its own */
    CK_SESSION_HANDLE other = open_session("home-edwards");
    assert_ok(p11->C_Login(other, CKU_USER, user_pin, 4));
    assert_ok(p11->C_CloseAllSessions(slot_of("home")));
    assert_string_equal(fake.logged_in, "user");
    assert_ok(p11->C_CloseAllSessions(slot_of("home-edwards")));
    assert_string_equal(fake.logged_in, "");
}

static void states_follow_the_login(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = writing_session("home"), reading;
    CK_SESSION_INFO info;
    assert_ok(p11->C_Login(session, CKU_SO, so_pin, 6));
    assert_ok(p11->C_GetSessionInfo(session, &info));
    assert_int_equal(info.state, CKS_RW_SO_FUNCTIONS);
    assert_rv(p11->C_OpenSession(slot_of("home"), CKF_SERIAL_SESSION, NULL, NULL, &reading),
        CKR_SESSION_READ_WRITE_SO_EXISTS);
    assert_rv(p11->C_Login(session, CKU_SO, so_pin, 6), CKR_USER_ALREADY_LOGGED_IN);
    assert_rv(p11->C_Login(session, CKU_USER, user_pin, 4), CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
    /* the other token of the keyring is on the same connection */
    assert_rv(p11->C_Login(open_session("home-edwards"), CKU_USER, user_pin, 4),
        CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
    assert_ok(p11->C_Logout(session));
    open_session("home");
    assert_rv(p11->C_Login(session, CKU_SO, so_pin, 6), CKR_SESSION_READ_ONLY_EXISTS);
    assert_ok(p11->C_Login(session, CKU_USER, user_pin, 4));
    assert_ok(p11->C_GetSessionInfo(session, &info));
    assert_int_equal(info.state, CKS_RW_USER_FUNCTIONS);
}

static void an_operator_logs_in_by_name(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home");
    CK_UTF8CHAR name[] = "alice", long_name[33];
    memset(long_name, 'x', sizeof long_name);
    assert_ok(p11->C_LoginUser(session, CKU_USER, user_pin, 4, name, 5));
    assert_string_equal(fake.logged_in, "alice");
    assert_rv(p11->C_LoginUser(session, CKU_USER, user_pin, 4, name, 4),
        CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
    assert_rv(
        p11->C_LoginUser(session, CKU_USER, user_pin, 4, name, 5), CKR_USER_ALREADY_LOGGED_IN);
    assert_ok(p11->C_Logout(session));
    assert_rv(p11->C_LoginUser(session, CKU_USER, user_pin, 4, long_name, 33), CKR_PIN_INCORRECT);
    assert_rv(p11->C_LoginUser(session, CKU_SO, so_pin, 6, name, 5), CKR_USER_TYPE_INVALID);
    assert_rv(p11->C_LoginUser(session, CKU_USER, user_pin, 4, NULL, 5), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_LoginUser(99, CKU_USER, user_pin, 4, name, 5), CKR_SESSION_HANDLE_INVALID);
    assert_ok(p11->C_LoginUser(session, CKU_USER, user_pin, 4, NULL, 0));
    assert_string_equal(fake.logged_in, "user");
}

static void refuses_logins_that_are_wrong(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home");
    CK_UTF8CHAR long_pin[65] = {0};
    assert_rv(p11->C_Login(session, 77, user_pin, 4), CKR_USER_TYPE_INVALID);
    assert_rv(p11->C_Login(session, CKU_USER, NULL, 4), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_Login(99, CKU_USER, user_pin, 4), CKR_SESSION_HANDLE_INVALID);
    assert_rv(p11->C_Logout(99), CKR_SESSION_HANDLE_INVALID);
    assert_rv(p11->C_Logout(session), CKR_USER_NOT_LOGGED_IN);
    size_t asked = fake.asked[KC_OPERATION_KEYRING_LOGIN];
    assert_rv(p11->C_Login(session, CKU_USER, user_pin, 3), CKR_PIN_INCORRECT);
    assert_rv(p11->C_Login(session, CKU_USER, long_pin, 65), CKR_PIN_INCORRECT);
    assert_int_equal(fake.asked[KC_OPERATION_KEYRING_LOGIN], asked); /* none of them was counted */
    fake.fail[KC_OPERATION_KEYRING_LOGIN] = KC_ERR_PIN_WAIT;
    assert_rv(p11->C_Login(session, CKU_USER, user_pin, 4), CKR_PIN_LOCKED);
    fake.user_pin_state = "none";
    assert_rv(p11->C_Login(session, CKU_USER, user_pin, 4), CKR_USER_PIN_NOT_INITIALIZED);
}

static void sets_pins(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = writing_session("home");
    assert_rv(p11->C_InitPIN(session, third, 5), CKR_USER_NOT_LOGGED_IN);
    assert_ok(p11->C_Login(session, CKU_SO, so_pin, 6));
    assert_rv(p11->C_InitPIN(session, third, 3), CKR_PIN_LEN_RANGE);
    assert_rv(p11->C_InitPIN(session, NULL, 5), CKR_ARGUMENTS_BAD);
    assert_ok(p11->C_InitPIN(session, third, 5));
    assert_string_equal(fake.user_pin, "77777");
    assert_ok(p11->C_Logout(session));
    assert_rv(p11->C_SetPIN(session, wrong, 4, user_pin, 4), CKR_PIN_INCORRECT);
    assert_rv(p11->C_SetPIN(session, third, 5, user_pin, 3), CKR_PIN_LEN_RANGE);
    assert_rv(p11->C_SetPIN(session, NULL, 5, user_pin, 4), CKR_ARGUMENTS_BAD);
    assert_ok(p11->C_SetPIN(session, third, 5, user_pin, 4));
    assert_string_equal(fake.user_pin, "1234");
    assert_rv(p11->C_SetPIN(open_session("home"), user_pin, 4, third, 5), CKR_SESSION_READ_ONLY);
    assert_rv(p11->C_InitToken(slot_of("home"), so_pin, 6, third), CKR_SESSION_EXISTS);
    assert_rv(p11->C_InitToken(slot_of("work"), so_pin, 6, third), CKR_FUNCTION_REJECTED);
    assert_rv(p11->C_InitToken(slot_of("work"), so_pin, 6, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_InitToken(99, so_pin, 6, third), CKR_SLOT_ID_INVALID);
}

static void a_key_may_want_each_use_confirmed(void **state)
{
    (void)state;
    fake.keys[4].confirm = true;
    CK_SESSION_HANDLE session = open_session("home");
    CK_MECHANISM ecdsa = {.mechanism = CKM_ECDSA};
    CK_BYTE digest[32] = {0}, signature[64];
    CK_ULONG size = sizeof signature;
    CK_BBOOL always = 7;
    assert_ok(p11->C_Login(session, CKU_USER, user_pin, 4));
    CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, "P-256");
    CK_ATTRIBUTE attribute = {CKA_ALWAYS_AUTHENTICATE, &always, 1};
    assert_ok(p11->C_GetAttributeValue(session, key, &attribute, 1));
    assert_int_equal(always, CK_TRUE);
    assert_rv(
        p11->C_Login(session, CKU_CONTEXT_SPECIFIC, user_pin, 4), CKR_OPERATION_NOT_INITIALIZED);
    assert_ok(p11->C_SignInit(session, &ecdsa, key));
    assert_rv(p11->C_Login(session, CKU_CONTEXT_SPECIFIC, wrong, 4), CKR_PIN_INCORRECT);
    assert_ok(p11->C_Login(session, CKU_CONTEXT_SPECIFIC, user_pin, 4));
    assert_ok(p11->C_Sign(session, digest, 32, signature, &size));
    assert_ok(p11->C_SignInit(session, &ecdsa, key));
    assert_rv(p11->C_Sign(session, digest, 32, signature, &size), CKR_USER_NOT_LOGGED_IN);
    fake.login_required = false; /* nor is there a PIN to confirm with */
    fake.user_pin_state = "none";
    assert_ok(p11->C_SignInit(session, &ecdsa, key));
    assert_rv(
        p11->C_Login(session, CKU_CONTEXT_SPECIFIC, user_pin, 4), CKR_USER_PIN_NOT_INITIALIZED);
}

static void a_login_ends_with_its_connection(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home");
    CK_SESSION_INFO info;
    CK_BYTE random[4];
    assert_ok(p11->C_Login(session, CKU_USER, user_pin, 4));
    fake_daemon_pause();
    fake_daemon_resume();
    assert_ok(p11->C_GenerateRandom(session, random, 4)); /* made the connection again */
    assert_ok(p11->C_GetSessionInfo(session, &info));
    assert_int_equal(info.state, CKS_RO_PUBLIC_SESSION);
    assert_ok(p11->C_Login(session, CKU_USER, user_pin, 4));
}

static void *asks_for_octets(void *session)
{
    static CK_RV rv;
    CK_BYTE random[4];
    rv = p11->C_GenerateRandom(*(CK_SESSION_HANDLE *)session, random, 4);
    return &rv;
}

/* One thread finds the connection lost and asks again; another one logs in before that is answered. */
static void a_login_on_a_new_connection_stays_when_others_have_found_the_old_one_lost(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home");
    CK_SESSION_INFO info;
    pthread_t thread;
    void *result;
    fake.cut = 1;
    fake.holds = true;
    assert_int_equal(pthread_create(&thread, NULL, asks_for_octets, &session), 0);
    fake_wait_held();
    assert_ok(p11->C_Login(session, CKU_USER, user_pin, 4));
    slot_of("home"); /* lets the thread have its answer */
    pthread_join(thread, &result);
    assert_ok(*(CK_RV *)result);
    assert_ok(p11->C_GetSessionInfo(session, &info));
    assert_int_equal(info.state, CKS_RO_USER_FUNCTIONS);
}

/* --- tokens --- */

static void tells_tokens_that_come_and_go(void **state)
{
    (void)state;
    CK_SLOT_ID slot, work = slot_of("work"), edwards = slot_of("work-edwards");
    assert_rv(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT);
    fake.keyrings[1] = NULL;
    assert_ok(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL));
    assert_true(slot == work || slot == edwards);
    assert_ok(p11->C_WaitForSlotEvent(0, &slot, NULL)); /* the other of the two is there already */
    assert_rv(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT);
    assert_rv(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, NULL, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, &slot), CKR_ARGUMENTS_BAD);
}

static void *wait_for_event(void *result)
{
    CK_SLOT_ID slot;
    *(CK_RV *)result = p11->C_WaitForSlotEvent(0, &slot, NULL);
    return NULL;
}

static void waits_until_the_custodian_is_gone(void **state)
{
    (void)state;
    pthread_t thread;
    CK_RV rv = CKR_GENERAL_ERROR;
    slot_of("home");
    assert_int_equal(pthread_create(&thread, NULL, wait_for_event, &rv), 0);
    fake_daemon_pause();
    pthread_join(thread, NULL);
    assert_ok(rv);
    fake_daemon_resume();
}

static void finalizing_ends_the_wait(void **state)
{
    (void)state;
    pthread_t thread;
    CK_RV rv = CKR_OK;
    slot_of("home");
    assert_int_equal(pthread_create(&thread, NULL, wait_for_event, &rv), 0);
    assert_ok(p11->C_Finalize(NULL));
    pthread_join(thread, NULL);
    assert_rv(rv, CKR_CRYPTOKI_NOT_INITIALIZED);
    assert_ok(p11->C_Initialize(NULL));
}

static CK_ULONG tokens_with(const char *configuration)
{
    CK_ULONG count = 0;
    setenv("CUSTODIAN_PKCS11_TOKENS", configuration, 1);
    assert_ok(p11->C_Finalize(NULL));
    CK_RV rv = p11->C_Initialize(NULL);
    unsetenv("CUSTODIAN_PKCS11_TOKENS");
    if (rv != CKR_OK) {
        assert_rv(rv, CKR_GENERAL_ERROR);
        assert_ok(p11->C_Initialize(NULL));
        return 99;
    }
    assert_ok(p11->C_GetSlotList(CK_TRUE, NULL, &count));
    return count;
}

static void shows_the_tokens_that_are_configured(void **state)
{
    (void)state;
    assert_int_equal(tokens_with(""), 4);
    assert_int_equal(tokens_with("* = nist"), 2);
    assert_int_equal(tokens_with("home = none ; * = split # the rest"), 2);
    assert_int_equal(tokens_with("home=edwards\n\n# nothing\nwork=joined"), 2);
    assert_int_equal(count_found(open_session("home-edwards"), NULL, 0), 2 * FAKE_EDWARDS_KEYS);
    assert_int_equal(tokens_with("*=joined"), 2);
    assert_int_equal(
        count_found(open_session("home"), NULL, 0), 2 * (FAKE_EDWARDS_KEYS + FAKE_NIST_KEYS));
    assert_int_equal(tokens_with("home = both"), 99);
    assert_int_equal(tokens_with("home"), 99);
    assert_int_equal(tokens_with("= nist"), 99);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start_module, stop_module)
#define LOCKED(name) cmocka_unit_test_setup_teardown(name, start_locked, stop_module)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOCKED(the_tokens_flags_tell_how_pins_are),
        LOCKED(private_halves_are_not_seen_before_a_login),
        LOCKED(the_last_session_takes_the_login_with_it),
        LOCKED(states_follow_the_login),
        LOCKED(an_operator_logs_in_by_name),
        LOCKED(refuses_logins_that_are_wrong),
        LOCKED(sets_pins),
        LOCKED(a_key_may_want_each_use_confirmed),
        LOCKED(a_login_ends_with_its_connection),
        LOCKED(a_login_on_a_new_connection_stays_when_others_have_found_the_old_one_lost),
        CASE(tells_tokens_that_come_and_go),
        CASE(waits_until_the_custodian_is_gone),
        CASE(finalizing_ends_the_wait),
        CASE(shows_the_tokens_that_are_configured),
    };
    return cmocka_run_group_tests_name("pkcs11 logins and tokens", tests, load_group, unload_group);
}
