/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule of the policy that names its operators, before a real custodian: who else calls gets
 * nothing by it, over the socket and through the module.
 */
#include "tests/pkcs11/support.h"
#include "tests/support/custodian.h"
#include "tests/support/shell.h"

#include <stdlib.h>
#include <unistd.h>

static struct kc_custodian custodian;
static CK_UTF8CHAR anna[] = "anna", berta[] = "berta", anna_pin[] = "anna-1234",
                   berta_pin[] = "berta-5678", user_pin[] = "user-9012";

/* --- set-up --- */

/* Whoever runs the test may do all that is said to everybody, and sign just as anna. */
static void name_anna(void)
{
    kc_shell_define("U=%u", geteuid());
    HOLDS(
        "sed -i 's/operations = \\[ \"\\*\" \\]; }/operations = [ \"key-generate\", \"key-list\", "
        "\"key-show\", \"object-list\", \"operator-pin\", \"keyring-list\", \"keyring-show\", "
        "\"keyring-login\", \"keyring-logout\", \"keyring-pin-init\" ]; }, "
        "{ name = \"release\"; users = [ \"'$U'\" ]; keyrings = [ \"home\" ]; "
        "operators = [ \"anna\" ]; operations = [ \"key-sign\", \"random\" ]; }/' $CONFIG");
}

static int start_custodian(void **state)
{
    (void)state;
    kc_custodian_init(&custodian, "\"home\"");
    kc_shell_init();
    kc_shell_define("CONFIG=%s BUILD='" KC_BUILD_DIR "'", custodian.config);
    kc_shell_define_custodian("custodian", custodian.socket);
    kc_custodian_stop(&custodian);
    name_anna();
    kc_custodian_start(&custodian);
    HOLDS("printf operator-4711 >operator.pin; printf anna-1234 >anna.pin; "
          "printf berta-5678 >berta.pin; printf user-9012 >user.pin; printf nonsense >wrong.pin; "
          "chmod 600 *.pin; custodian operator pin --new-pin-file operator.pin");
    HOLDS("for who in anna berta user; do custodian keyring pin $who --keyring home "
          "--pin-file operator.pin --new-pin-file $who.pin || exit 1; done");
    HOLDS("custodian key generate --algorithm P-256 --label release --keyring home");
    setenv("CUSTODIAN_SOCKET", custodian.socket, 1);
    assert_ok(p11->C_Initialize(NULL));
    return 0;
}

static int stop_custodian(void **state)
{
    (void)state;
    assert_ok(p11->C_Finalize(NULL));
    kc_shell_done();
    kc_custodian_done(&custodian);
    return 0;
}

/* --- over the socket --- */

#define SIGN "custodian key sign release user.pin --hash SHA-256 --force --keyring home "

static void over_the_socket_just_the_operator_signs(void **state)
{
    (void)state;
    SAYS(3, "login-needed", SIGN);
    SAYS(3, "refused", SIGN "--login berta --login-pin-file berta.pin");
    SAYS(3, "refused", SIGN "--login user --login-pin-file user.pin");
    SAYS(3, "pin-wrong", SIGN "--login anna --login-pin-file berta.pin");
    HOLDS(SIGN "--login anna --login-pin-file anna.pin");
    SAYS(3, "login-needed", SIGN); /* it was of that connection */
}

/* --- through the module --- */

static CK_RV sign(CK_SESSION_HANDLE session)
{
    CK_MECHANISM ecdsa = {.mechanism = CKM_ECDSA};
    CK_BYTE digest[32] = {1}, signature[64];
    CK_ULONG size = sizeof signature;
    assert_ok(p11->C_SignInit(session, &ecdsa, find_one(session, CKO_PRIVATE_KEY, "release")));
    return p11->C_Sign(session, digest, sizeof digest, signature, &size);
}

static CK_ULONG private_keys(CK_SESSION_HANDLE session)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof class};
    return count_found(session, &template, 1);
}

static CK_RV log_in(
    CK_SESSION_HANDLE session, CK_UTF8CHAR *pin, CK_ULONG pin_size, CK_UTF8CHAR *name)
{
    return p11->C_LoginUser(
        session, CKU_USER, pin, pin_size, name, (CK_ULONG)strlen((const char *)name));
}

static void through_the_module_just_the_operator_signs(void **state)
{
    (void)state;
    CK_BYTE octets[16];
    CK_TOKEN_INFO info;
    CK_SESSION_HANDLE session = open_session("home");
    assert_ok(p11->C_GetTokenInfo(slot_of("home"), &info));
    assert_true(info.flags & CKF_LOGIN_REQUIRED);
    assert_int_equal(private_keys(session), 0);
    assert_rv(p11->C_GenerateRandom(session, octets, sizeof octets), CKR_USER_NOT_LOGGED_IN);

    assert_ok(log_in(session, berta_pin, 10, berta));
    assert_rv(sign(session), CKR_FUNCTION_REJECTED);
    assert_rv(p11->C_GenerateRandom(session, octets, sizeof octets), CKR_FUNCTION_REJECTED);
    assert_rv(log_in(session, anna_pin, 9, anna), CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
    assert_ok(p11->C_Logout(session));
    assert_ok(p11->C_Login(session, CKU_USER, user_pin, 9));
    assert_rv(sign(session), CKR_FUNCTION_REJECTED);
    assert_ok(p11->C_Logout(session));

    assert_rv(log_in(session, berta_pin, 10, anna), CKR_PIN_INCORRECT);
    assert_int_equal(private_keys(session), 0);
    assert_ok(log_in(session, anna_pin, 9, anna));
    assert_ok(sign(session));
    assert_ok(p11->C_GenerateRandom(session, octets, sizeof octets));
    assert_ok(p11->C_Logout(session));
    assert_int_equal(private_keys(session), 0);
    assert_rv(p11->C_GenerateRandom(session, octets, sizeof octets), CKR_USER_NOT_LOGGED_IN);
    assert_ok(p11->C_CloseSession(session));
}

static void a_login_that_went_with_the_connection_is_wanted_again(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home");
    assert_ok(log_in(session, anna_pin, 9, anna));
    assert_ok(sign(session));
    kc_custodian_stop(&custodian);
    kc_custodian_start(&custodian);
    assert_ok(log_in(session, berta_pin, 10, berta));
    assert_rv(sign(session), CKR_FUNCTION_REJECTED); /* nothing is left of anna's */
    assert_ok(p11->C_CloseSession(session));
}

/* Last: anna has to wait after it. */
static void wrong_pins_of_an_operator_make_him_wait_and_nobody_else(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home");
    size_t wrong = 0;
    CK_RV rv;
    while ((rv = log_in(session, berta_pin, 10, anna)) == CKR_PIN_INCORRECT && wrong < 12)
        wrong++; /* each wait is twice as long, however slow this is */
    assert_rv(rv, CKR_PIN_LOCKED);
    assert_true(wrong >= 3);
    assert_rv(p11->C_GenerateRandom(session, (CK_BYTE[1]){0}, 1), CKR_USER_NOT_LOGGED_IN);
    assert_ok(log_in(session, berta_pin, 10, berta));
    assert_ok(p11->C_CloseSession(session));
}

/* --- the configuration --- */

#define CHECK(file) "$BUILD/custodiand --check --config " file

static void checking_the_configuration_tells_what_is_wrong_with_operators(void **state)
{
    (void)state;
    HOLDS(CHECK("$CONFIG"));
    HOLDS("sed 's/operators = \\[ \"anna\" \\]/operators = [ \"so\" ]/' $CONFIG >so.conf");
    SAYS(8, "the security officer uses no keys: 'so'", CHECK("so.conf"));
    HOLDS("sed 's/operators = \\[ \"anna\" \\]/operators = [ ]/' $CONFIG >none.conf");
    SAYS(8, "nobody in operators of rule 'release'", CHECK("none.conf"));
}

int main(void)
{
    load_module();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(over_the_socket_just_the_operator_signs),
        cmocka_unit_test(through_the_module_just_the_operator_signs),
        cmocka_unit_test(a_login_that_went_with_the_connection_is_wanted_again),
        cmocka_unit_test(checking_the_configuration_tells_what_is_wrong_with_operators),
        cmocka_unit_test(wrong_pins_of_an_operator_make_him_wait_and_nobody_else),
    };
    return cmocka_run_group_tests_name(
        "pkcs11 with a custodian: operators", tests, start_custodian, stop_custodian);
}
