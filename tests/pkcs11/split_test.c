/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module before a device's custodian whose keys have their other shares at a service: programs
 * use them as if they were whole, and learn what is wrong when the service cannot be asked.
 */
#include "tests/fault/client.h"
#include "tests/fault/processes.h"
#include "tests/fault/settings.h"
#include "tests/pkcs11/openssl.h"
#include "tests/pkcs11/support.h"
#include "tests/support/tls_files.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct kc_custodian device, service;
static bool over_tls;
static char tls_settings[1024]; /* the device's */
static struct kc_client *at_device, *at_service;
static struct split signer, agreer; /* Ed25519, X25519 */

/* --- set-up --- */

static void start_without_peer(void)
{
    kc_custodian_stop(&device);
    change_settings(&device, "/^tls\\|^peers/d", "");
    kc_custodian_start(&device);
}

static void start_with_peer(void)
{
    char line[256];
    snprintf(line, sizeof line,
        "peers = ( { name = \"service\"; socket = \"%s\"; keyrings = [ \"home\" ]; "
        "deadline_ms = %d; } );\n",
        service.socket, PEER_DEADLINE_MS);
    kc_custodian_stop(&device);
    change_settings(&device, "/^tls\\|^peers/d", over_tls ? tls_settings : line);
    kc_custodian_start(&device);
}

/* The same way over TLS, if the program is told so. */
static void listen_for_tls(void)
{
    char line[1024];
    if (!over_tls)
        return;
    kc_tls_pair(&service, PEER_DEADLINE_MS, line, tls_settings);
    kc_custodian_stop(&service);
    change_settings(&service, "", line);
    kc_custodian_start(&service);
}

static struct split make_split(
    const struct key *wrap, const char *algorithm, const char *role, const char *label)
{
    struct key whole;
    struct split split;
    assert_answer(generate(at_device, algorithm, role, "wrapped", label, &whole), KC_OK);
    assert_answer(split_key(at_device, &whole, wrap->id, &split), KC_OK);
    assert_answer(accept_share(at_service, wrap->id, label, &split), KC_OK);
    return split;
}

static int set_up(void **state)
{
    struct key wrap;
    (void)state;
    kc_custodian_init(&device, "\"home\"");
    kc_custodian_init(&service, "\"home\"");
    listen_for_tls();
    start_with_peer();
    at_device = connect_to(&device);
    at_service = connect_to(&service);
    set_pin(at_device);
    enrol_service(at_device, at_service, &wrap);
    signer = make_split(&wrap, "Ed25519", "application", "Ed25519");
    agreer = make_split(&wrap, "X25519", "application", "X25519");
    make_split(&wrap, "Ed448", "application", "Ed448");
    make_split(&wrap, "X448", "application", "X448");
    make_split(&wrap, "Ed448", "account", "account that signs");
    make_split(&wrap, "X448", "account", "account that agrees");
    setenv("CUSTODIAN_SOCKET", device.socket, 1);
    assert_ok(p11->C_Initialize(NULL));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_ok(p11->C_Finalize(NULL));
    kc_client_free(at_device);
    kc_client_free(at_service);
    kc_custodian_done(&device);
    kc_custodian_done(&service);
    return 0;
}

/* --- like a whole key --- */

static void a_split_key_signs_what_openssl_verifies_with_the_whole_keys_public_half(void **state)
{
    (void)state;
    signs_what_openssl_verifies("Ed25519");
    signs_what_openssl_verifies("Ed448");
}

static void a_split_key_derives_what_openssl_does(void **state)
{
    (void)state;
    derives_what_openssl_does("X25519", "X25519");
    derives_what_openssl_does("X448", "X448");
}

static void a_split_key_signs_in_parts_and_every_variant(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_BYTE context[] = "context", message[] = "in parts", signature[114];
    CK_EDDSA_PARAMS variants[] = {{CK_FALSE, sizeof context, context}, {CK_TRUE, 0, NULL}};
    static const char *const labels[] = {"Ed25519", "Ed448"};
    for (size_t i = 0; i < 4; i++) {
        CK_MECHANISM mechanism = {CKM_EDDSA, &variants[i / 2], sizeof *variants};
        CK_ULONG size = sizeof signature;
        CK_OBJECT_HANDLE private = find_one(session, CKO_PRIVATE_KEY, labels[i % 2]);
        assert_ok(p11->C_SignInit(session, &mechanism, private));
        assert_ok(p11->C_SignUpdate(session, message, 3));
        assert_ok(p11->C_SignUpdate(session, message + 3, 5));
        assert_ok(p11->C_SignFinal(session, signature, &size));
        assert_ok(p11->C_VerifyInit(
            session, &mechanism, find_one(session, CKO_PUBLIC_KEY, labels[i % 2])));
        assert_ok(p11->C_Verify(session, message, 8, signature, size));
    }
}

static CK_BBOOL flag_of(
    CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE attribute)
{
    CK_BBOOL flag = 2;
    CK_ATTRIBUTE wanted = {attribute, &flag, sizeof flag};
    assert_ok(p11->C_GetAttributeValue(session, object, &wanted, 1));
    return flag;
}

static void a_split_keys_private_half_is_as_guarded_as_any(void **state)
{
    static const CK_ATTRIBUTE_TYPE set[] = {CKA_SENSITIVE, CKA_ALWAYS_SENSITIVE,
        CKA_NEVER_EXTRACTABLE, CKA_LOCAL, CKA_PRIVATE, CKA_TOKEN};
    static const char *const labels[] = {"Ed25519", "Ed448", "X25519", "X448"};
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    for (size_t i = 0; i < 4; i++) {
        CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, labels[i]);
        for (size_t j = 0; j < sizeof set / sizeof *set; j++)
            assert_int_equal(flag_of(session, key, set[j]), CK_TRUE);
        assert_int_equal(flag_of(session, key, CKA_EXTRACTABLE), CK_FALSE);
        assert_int_equal(flag_of(session, key, CKA_SIGN), i < 2);
        assert_int_equal(flag_of(session, key, CKA_DERIVE), i >= 2);
        CK_ATTRIBUTE value = {CKA_VALUE, NULL, 0};
        assert_rv(p11->C_GetAttributeValue(session, key, &value, 1), CKR_ATTRIBUTE_SENSITIVE);
    }
}

/* --- what never appears --- */

static CK_ULONG count_class(CK_OBJECT_CLASS class)
{
    CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof class};
    return count_found(open_session("home-edwards"), &template, 1);
}

static void shares_of_account_keys_never_appear(void **state)
{
    (void)state;
    assert_int_equal(count_class(CKO_PRIVATE_KEY), 4); /* the applications' */
    assert_int_equal(count_class(CKO_PUBLIC_KEY), 4);
}

static void the_service_shows_no_share(void **state)
{
    (void)state;
    assert_ok(p11->C_Finalize(NULL));
    setenv("CUSTODIAN_SOCKET", service.socket, 1);
    assert_ok(p11->C_Initialize(NULL));
    assert_int_equal(count_found(open_session("home-edwards"), NULL, 0), 0);
    assert_int_equal(count_found(open_session("home"), NULL, 0), 0);
    assert_ok(p11->C_Finalize(NULL));
    setenv("CUSTODIAN_SOCKET", device.socket, 1);
    assert_ok(p11->C_Initialize(NULL));
}

/* A key of the device's TPM becomes one share, of a key that it and a share of the service make. */
static void form_share_of_p256(const struct kc_client_answer *made)
{
    struct kc_client_answer *joined;
    char id[65];
    struct kc_span public = value_of(made, KC_FIELD_PUBLIC)->span;
    copy_text(made, KC_FIELD_KEY, id);
    assert_answer(
        ASK(at_service, SHARE_JOIN, &joined, TEXT(ALGORITHM, "P-256"),
            OCTETS(PUBLIC, public.bytes, public.size), NUMBER(INDEX, 2), TEXT(KEYRING, "home"),
            TEXT(LABEL, "P-256"), OCTETS(PIN, PIN, sizeof PIN - 1)),
        KC_OK);
    struct kc_span own = value_of(joined, KC_FIELD_PUBLIC)->span;
    struct kc_span possession = value_of(joined, KC_FIELD_POSSESSION)->span;
    assert_answer(
        ASK(at_device, SHARE_FORM, NULL, TEXT(KEY, id), OCTETS(PUBLIC, own.bytes, own.size),
            OCTETS(POSSESSION, possession.bytes, possession.size), NUMBER(INDEX, 1),
            OCTETS(PIN, PIN, sizeof PIN - 1)),
        KC_OK);
    kc_client_answer_free(joined);
}

static void a_split_key_of_p256_derives_what_openssl_does(void **state)
{
    struct kc_client_answer *made;
    (void)state;
    CK_SESSION_HANDLE session = open_session("home");
    set_pin(at_service);
    assert_answer(ASK(at_device, KEY_GENERATE, &made, TEXT(ALGORITHM, "P-256"),
                      TEXT(KEYRING, "home"), TEXT(LABEL, "P-256"), TEXT(ROLE, "application"),
                      TEXT(RESIDENCE, "resident"), TEXT(USE, "agree")),
        KC_OK);
    assert_int_equal(count_found(session, NULL, 0), 2);
    form_share_of_p256(made);
    kc_client_answer_free(made);
    assert_int_equal(count_found(session, NULL, 0), 2);
    assert_int_equal(count_class(CKO_PRIVATE_KEY), 4); /* of the other token */
    for (int again = 0; again < 3; again++)
        derives_what_openssl_does("P-256", "P-256");
}

static void change_policy(const char *edit)
{
    kc_custodian_stop(&device);
    change_settings(&device, edit, "");
    kc_custodian_start(&device);
}

static void a_rule_that_names_roles_names_shares_for_split_keys(void **state)
{
    (void)state;
    change_policy("/^policy/s/operations = . \"\\*\" .;/roles = [ \"application\" ]; &/");
    assert_int_equal(count_class(CKO_PRIVATE_KEY), 0);
    change_policy("/^policy/s/\"application\"/\"share\"/");
    assert_int_equal(count_class(CKO_PRIVATE_KEY), 4);
    change_policy("/^policy/s/roles = . \"share\" .; operations = . \"\\*\"/operations = [ \"*\"/");
    assert_int_equal(count_class(CKO_PRIVATE_KEY), 4);
}

/* --- when the service cannot be asked --- */

static CK_RV sign(CK_SESSION_HANDLE session)
{
    CK_BYTE signature[114];
    CK_ULONG size;
    return sign_with(
        session, find_one(session, CKO_PRIVATE_KEY, "Ed25519"), "m", 1, signature, &size);
}

/* A secret that the program may read, or one that stays the vault's. */
static CK_RV derive(CK_SESSION_HANDLE session, bool readable)
{
    CK_BYTE base_point[32] = {9};
    CK_ECDH1_DERIVE_PARAMS parameter = {
        .kdf = CKD_NULL, .ulPublicDataLen = 32, .pPublicData = base_point};
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &parameter, sizeof parameter};
    CK_BBOOL sensitive = readable ? CK_FALSE : CK_TRUE, extractable = readable;
    CK_ATTRIBUTE template[] = {{CKA_SENSITIVE, &sensitive, 1}, {CKA_EXTRACTABLE, &extractable, 1}};
    CK_OBJECT_HANDLE secret;
    CK_RV rv = p11->C_DeriveKey(
        session, &mechanism, find_one(session, CKO_PRIVATE_KEY, "X25519"), template, 2, &secret);
    if (rv == CKR_OK)
        assert_ok(p11->C_DestroyObject(session, secret));
    return rv;
}

static void each_use_answers(CK_SESSION_HANDLE session, CK_RV expected)
{
    assert_rv(sign(session), expected);
    assert_rv(derive(session, true), expected);
    assert_rv(derive(session, false), expected);
}

static void says_that_no_peer_is_configured_and_goes_on_with_one(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    start_without_peer();
    each_use_answers(session, CKR_KEY_FUNCTION_NOT_PERMITTED);
    start_with_peer();
    each_use_answers(session, CKR_OK);
}

static void says_that_the_peer_is_away_and_goes_on_when_it_is_back(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    kc_custodian_stop(&service);
    each_use_answers(session, CKR_DEVICE_ERROR);
    kc_custodian_start(&service);
    each_use_answers(session, CKR_OK);
    assert_answer(ASK_NOTHING(at_service, PING, NULL), KC_ERR_CONNECTION_LOST);
}

static void says_that_the_peer_is_silent_and_goes_on_when_it_answers(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    pid_t desk = find_process(&service, DESK);
    set_peer_deadline(&device, &at_device, "service", PEER_LATE_MS);
    kill(desk, SIGSTOP);
    each_use_answers(session, CKR_FUNCTION_CANCELED);
    kill(desk, SIGCONT);
    set_peer_deadline(&device, &at_device, "service", PEER_DEADLINE_MS);
    each_use_answers(session, CKR_OK);
}

static void says_that_the_peer_refuses_and_goes_on_when_it_allows(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    const char *const ids[] = {signer.service.id, agreer.service.id};
    for (size_t i = 0; i < 2; i++)
        assert_answer(ASK(at_service, KEY_DISABLE, NULL, TEXT(KEY, ids[i])), KC_OK);
    each_use_answers(session, CKR_FUNCTION_REJECTED);
    for (size_t i = 0; i < 2; i++)
        assert_answer(ASK(at_service, KEY_ENABLE, NULL, TEXT(KEY, ids[i])), KC_OK);
    each_use_answers(session, CKR_OK);
}

int main(int count, char **arguments)
{
    over_tls = count > 1 && strcmp(arguments[1], "tls") == 0;
    load_module();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_split_key_signs_what_openssl_verifies_with_the_whole_keys_public_half),
        cmocka_unit_test(a_split_key_derives_what_openssl_does),
        cmocka_unit_test(a_split_key_signs_in_parts_and_every_variant),
        cmocka_unit_test(a_split_keys_private_half_is_as_guarded_as_any),
        cmocka_unit_test(shares_of_account_keys_never_appear),
        cmocka_unit_test(the_service_shows_no_share),
        cmocka_unit_test(a_split_key_of_p256_derives_what_openssl_does),
        cmocka_unit_test(a_rule_that_names_roles_names_shares_for_split_keys),
        cmocka_unit_test(says_that_no_peer_is_configured_and_goes_on_with_one),
        cmocka_unit_test(says_that_the_peer_is_away_and_goes_on_when_it_is_back),
        cmocka_unit_test(says_that_the_peer_is_silent_and_goes_on_when_it_answers),
        cmocka_unit_test(says_that_the_peer_refuses_and_goes_on_when_it_allows),
    };
    return cmocka_run_group_tests_name("pkcs11 with split keys", tests, set_up, tear_down);
}
