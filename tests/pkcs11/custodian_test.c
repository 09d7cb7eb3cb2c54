/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module before a real custodian on a software TPM: what it signs and agrees is what OpenSSL
 * verifies and agrees, and it goes on through restarts, forks and threads. Clients that others
 * wrote are tried as they ship.
 */
#include "proto/socket/client.h"
#include "tests/pkcs11/openssl.h"
#include "tests/pkcs11/support.h"
#include "tests/support/custodian.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 8
#define ROUNDS 25
#define DEADLINE_MS 20000

static struct kc_custodian custodian;

/* --- set-up --- */

static void generate(struct kc_client *client, const char *algorithm, const char *role)
{
    char label[64];
    struct kc_client_request request;
    struct kc_client_answer *answer;
    snprintf(label, sizeof label, "%s-%s", role, algorithm);
    kc_client_request_init(&request, KC_OPERATION_KEY_GENERATE);
    kc_values_set_text(&request.message.values, KC_FIELD_ALGORITHM, algorithm);
    kc_values_set_text(&request.message.values, KC_FIELD_ROLE, role);
    kc_values_set_text(&request.message.values, KC_FIELD_KEYRING, "home");
    kc_values_set_text(&request.message.values, KC_FIELD_LABEL, label);
    enum kc_error error = kc_client_call(client, &request, DEADLINE_MS, &answer);
    if (error != KC_OK)
        fail_msg("generate %s: %s", label, kc_error_name(error));
    kc_client_answer_free(answer);
    kc_client_request_done(&request);
}

static int start_custodian(void **state)
{
    (void)state;
    struct kc_client *client;
    kc_custodian_init(&custodian, "\"home\", \"work\"");
    setenv("CUSTODIAN_SOCKET", custodian.socket, 1);
    setenv("MODULE", KC_BUILD_DIR "/custodian-pkcs11.so", 1);
    setenv("FOLDER", custodian.folder, 1);
    assert_int_equal(kc_client_new(custodian.socket, &client), KC_OK);
    static const char *const algorithms[] = {"Ed25519", "Ed448", "X25519", "X448"};
    for (size_t i = 0; i < 4; i++)
        generate(client, algorithms[i], "application");
    generate(client, "Ed448", "base");
    generate(client, "X448", "account");
    generate(client, "X25519", "wrap");
    kc_client_free(client);
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

/* --- by OpenSSL --- */

static void signs_ed25519_as_openssl_verifies(void **state)
{
    (void)state;
    signs_what_openssl_verifies("application-Ed25519");
}

static void signs_ed448_as_openssl_verifies(void **state)
{
    (void)state;
    signs_what_openssl_verifies("application-Ed448");
}

static void derives_x25519_as_openssl_does(void **state)
{
    (void)state;
    derives_what_openssl_does("X25519", "application-X25519");
}

static void derives_x448_as_openssl_does(void **state)
{
    (void)state;
    derives_what_openssl_does("X448", "application-X448");
}

/* --- what a client must not get --- */

static void shows_application_keys_only(void **state)
{
    (void)state;
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof class};
    assert_int_equal(count_found(open_session("home-edwards"), &template, 1), 4);
    assert_int_equal(count_found(open_session("work"), NULL, 0), 0);
}

static void refuses_a_peer_of_small_order(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_BYTE peer[32] = {1};
    CK_ECDH1_DERIVE_PARAMS parameter = {
        .kdf = CKD_NULL, .ulPublicDataLen = 32, .pPublicData = peer};
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &parameter, sizeof parameter};
    CK_OBJECT_HANDLE secret, key = find_one(session, CKO_PRIVATE_KEY, "application-X25519");
    assert_rv(
        p11->C_DeriveKey(session, &mechanism, key, NULL, 0, &secret), CKR_MECHANISM_PARAM_INVALID);
}

static void gives_random_octets(void **state)
{
    (void)state;
    CK_BYTE first[3000] = {0}, second[3000] = {0};
    CK_SESSION_HANDLE session = open_session("home-edwards");
    assert_ok(p11->C_GenerateRandom(session, first, sizeof first));
    assert_ok(p11->C_GenerateRandom(session, second, sizeof second));
    assert_memory_not_equal(first, second, sizeof first);
    assert_memory_not_equal(first + 2000, second + 2000, 1000);
}

/* --- restarts, forks, threads --- */

/* Signs with the Ed25519 key, and lets OpenSSL verify. */
static bool signs_well(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, EVP_PKEY *public)
{
    static const CK_BYTE message[] = "under way";
    CK_BYTE signature[114];
    CK_ULONG size;
    return sign_with(session, key, message, sizeof message, signature, &size) == CKR_OK &&
           verifies(public, signature, size, message, sizeof message);
}

static void goes_on_when_the_custodian_was_restarted(void **state)
{
    (void)state;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, "application-Ed25519");
    EVP_PKEY *public = public_key(session, "application-Ed25519");
    CK_BYTE signature[114];
    CK_ULONG size;
    assert_true(signs_well(session, key, public));
    kc_custodian_stop(&custodian);
    assert_rv(sign_with(session, key, "m", 1, signature, &size), CKR_DEVICE_REMOVED);
    kc_custodian_start(&custodian);
    assert_true(signs_well(session, key, public));
    kc_custodian_stop(&custodian);
    kc_custodian_start(&custodian);
    assert_true(signs_well(session, key, public)); /* nobody called in between */
    EVP_PKEY_free(public);
}

static void a_forked_child_signs_by_itself(void **state)
{
    (void)state;
    int status;
    CK_SESSION_HANDLE session = open_session("home-edwards");
    CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, "application-Ed25519");
    EVP_PKEY *public = public_key(session, "application-Ed25519");
    pid_t child = fork();
    if (child == 0)
        _exit(signs_well(session, key, public) ? 0 : 1);
    assert_true(signs_well(session, key, public));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    EVP_PKEY_free(public);
}

struct worker {
    pthread_t thread;
    CK_SLOT_ID slot;
    CK_OBJECT_HANDLE key;
    EVP_PKEY *public;
    int good;
};

static void *work(void *context)
{
    struct worker *worker = context;
    CK_SESSION_HANDLE session;
    for (int i = 0; i < ROUNDS; i++) {
        if (p11->C_OpenSession(worker->slot, CKF_SERIAL_SESSION, NULL, NULL, &session) != CKR_OK)
            break;
        worker->good += signs_well(session, worker->key, worker->public);
        p11->C_CloseSession(session);
    }
    return NULL;
}

static void eight_threads_sign_at_once(void **state)
{
    (void)state;
    struct worker workers[THREADS];
    CK_SESSION_HANDLE session = open_session("home-edwards");
    EVP_PKEY *public = public_key(session, "application-Ed25519");
    CK_OBJECT_HANDLE key = find_one(session, CKO_PRIVATE_KEY, "application-Ed25519");
    CK_SLOT_ID slot = slot_of("home-edwards");
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.slot = slot, .key = key, .public = public};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].good, ROUNDS);
    }
    EVP_PKEY_free(public);
}

/* --- other people's clients --- */

/* Runs a shell command in the custodian's folder, its output shown when it fails. */
static void run(const char *command)
{
    char line[2048];
    snprintf(line, sizeof line, "cd \"$FOLDER\" && { set -e; %s; } >client.log 2>&1", command);
    if (system(line) == 0)
        return;
    assert_int_equal(system("cat \"$FOLDER/client.log\""), 0);
    fail_msg("%s", command);
}

/* The id of a private key in hexadecimal: pkcs11-tool of OpenSC 0.23 signs by id only. */
#define KEY_ID(label)                                                                              \
    "id=$(pkcs11-tool --module $MODULE --token-label home-edwards -O --type privkey |"             \
    " sed -n '/label: *" label "$/,/ID:/s/.*  ID: *//p');"

static void pkcs11_tool_lists_tokens_and_keys(void **state)
{
    (void)state;
    run("pkcs11-tool --module $MODULE -L | grep 'token label *: home-edwards';"
        "pkcs11-tool --module $MODULE -L | grep 'token label *: work';"
        "pkcs11-tool --module $MODULE --token-label home-edwards -M | grep 'EDDSA,.*sign';"
        "pkcs11-tool --module $MODULE --token-label home-edwards -O >list;"
        "test $(grep -c 'Private Key Object' list) = 4;"
        "test $(grep -c 'never extractable' list) = 4;"
        "grep 'EC_PARAMS: *06032b6571' list");
}

static void pkcs11_tool_signs_ed25519(void **state)
{
    (void)state;
    run(KEY_ID("application-Ed25519") "echo message >m;"
                                      "pkcs11-tool --module $MODULE --token-label home-edwards "
                                      "--read-object --type pubkey --id $id"
                                      " -o key.pem;"
                                      "pkcs11-tool --module $MODULE --token-label home-edwards -s "
                                      "-m EDDSA "
                                      "--id $id -i m -o s;"
                                      "openssl pkeyutl -verify -rawin -pubin -inkey key.pem -in m "
                                      "-sigfile s");
}

/* Its --read-object knows Ed25519 alone; so the key comes from our own command. */
static void pkcs11_tool_signs_ed448_in_parts_after_a_login(void **state)
{
    (void)state;
    run(KEY_ID("application-Ed448") "head -c 100000 /dev/urandom >m;" KC_BUILD_DIR
                                    "/custodian key public application-Ed448 --output key448.pem;"
                                    "pkcs11-tool --module $MODULE --token-label home-edwards "
                                    "--login --pin "
                                    "12345678"
                                    " -s -m EDDSA --id $id -i m -o s;"
                                    "openssl pkeyutl -verify -rawin -pubin -inkey key448.pem -in m "
                                    "-sigfile s");
}

static void pkcs11_tool_gets_random_octets(void **state)
{
    (void)state;
    run("pkcs11-tool --module $MODULE --token-label home-edwards --generate-random 2000 -o r;"
        "test $(stat -c %s r) = 2000");
}

static void p11tool_lists_and_test_signs(void **state)
{
    (void)state;
    run("p11tool --provider $MODULE --list-tokens | grep 'token=home-edwards';"
        "p11tool --provider $MODULE --list-all 'pkcs11:token=home-edwards' >list;"
        "test $(grep -c 'type=private' list) = 4;"
        "grep 'Type: Public key (EdDSA (Ed448))' list;"
        "p11tool --provider $MODULE --test-sign --hash=sha512"
        " 'pkcs11:token=home-edwards;object=application-Ed25519;type=private' >signed 2>&1;"
        "test $(grep -c 'ok$' signed) = 3");
}

/* p11-kit reads its registry from one place; the namespace puts the build's file there. */
static void p11_kit_finds_the_module_by_its_file(void **state)
{
    (void)state;
    if (system("unshare -rm true >/dev/null 2>&1") != 0)
        skip();
    run("unshare -rm sh -ec 'mount --bind " KC_BUILD_DIR
        "/p11-kit \"$(pkg-config --variable=p11_module_configs p11-kit-1)\";"
        "p11-kit list-modules' | grep 'token: home'");
}

int main(void)
{
    load_module();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_ed25519_as_openssl_verifies),
        cmocka_unit_test(signs_ed448_as_openssl_verifies),
        cmocka_unit_test(derives_x25519_as_openssl_does),
        cmocka_unit_test(derives_x448_as_openssl_does),
        cmocka_unit_test(shows_application_keys_only),
        cmocka_unit_test(refuses_a_peer_of_small_order),
        cmocka_unit_test(gives_random_octets),
        cmocka_unit_test(goes_on_when_the_custodian_was_restarted),
        cmocka_unit_test(a_forked_child_signs_by_itself),
        cmocka_unit_test(eight_threads_sign_at_once),
        cmocka_unit_test(pkcs11_tool_lists_tokens_and_keys),
        cmocka_unit_test(pkcs11_tool_signs_ed25519),
        cmocka_unit_test(pkcs11_tool_signs_ed448_in_parts_after_a_login),
        cmocka_unit_test(pkcs11_tool_gets_random_octets),
        cmocka_unit_test(p11tool_lists_and_test_signs),
        cmocka_unit_test(p11_kit_finds_the_module_by_its_file),
    };
    return cmocka_run_group_tests_name(
        "pkcs11 with a custodian", tests, start_custodian, stop_custodian);
}
