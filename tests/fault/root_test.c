/* SPDX-License-Identifier: Apache-2.0 */
/* The hardware root away, in lockout, replaced, or never pinned, and what the custodian says. */
#include "tests/fault/client.h"
#include "tests/fault/processes.h"
#include "tests/fault/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct kc_custodian custodian;
static struct kc_client *client;
static struct key sealed, wrapped;

static int set_up(void **state)
{
    (void)state;
    kc_custodian_init(&custodian, "\"home\"");
    client = connect_to(&custodian);
    assert_answer(generate(client, "Ed25519", "application", "sealed", "sealed", &sealed), KC_OK);
    assert_answer(generate(client, "X448", "application", "wrapped", "wrapped", &wrapped), KC_OK);
    assert_answer(use_key(client, &sealed), KC_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kc_client_free(client);
    kc_custodian_done(&custodian);
    return 0;
}

/* --- what status and doctor say --- */

static void assert_status_says(enum kc_error error)
{
    struct kc_client_answer *answer;
    char root[65];
    assert_answer(ASK_NOTHING(client, STATUS, &answer), KC_OK);
    copy_text(answer, KC_FIELD_ROOT, root);
    assert_string_equal(root, error == KC_OK ? "ready" : kc_error_name(error));
    kc_client_answer_free(answer);
}

static void assert_doctor_says(const char *check, const char *result)
{
    struct kc_client_answer *answer;
    bool found = false;
    assert_answer(ASK_NOTHING(client, DOCTOR, &answer), KC_OK);
    const struct kc_message *message = kc_client_answer_message(answer);
    for (size_t i = 0; i < message->item_count; i++)
        if (kc_values_text_is(&message->items[i], KC_FIELD_CHECK, check)) {
            found = true;
            assert_true(kc_values_text_is(&message->items[i], KC_FIELD_RESULT, result));
            assert_true(strcmp(result, "ok") == 0 ||
                        message->items[i].value[KC_FIELD_ADVICE].span.size > 0);
        }
    assert_true(found);
    kc_client_answer_free(answer);
}

/* The root pauses between its tries to connect. */
static enum kc_error use_until_available(const struct key *key)
{
    enum kc_error error = KC_ERR_ROOT_UNAVAILABLE;
    for (int i = 0; i < 1000000 && error == KC_ERR_ROOT_UNAVAILABLE; i++)
        error = use_key(client, key);
    return error;
}

static enum kc_error generate_one(const char *label)
{
    struct key key;
    return generate(client, "Ed25519", "application", "sealed", label, &key);
}

/* --- away --- */

static void a_root_that_is_gone_is_unavailable_until_it_is_back(void **state)
{
    (void)state;
    kc_swtpm_kill(&custodian.tpm);
    assert_answer(use_key(client, &sealed), KC_OK); /* it is open in the vault */
    assert_answer(use_key(client, &wrapped), KC_OK);
    assert_answer(generate_one("gone"), KC_ERR_ROOT_UNAVAILABLE);
    assert_status_says(KC_ERR_ROOT_UNAVAILABLE);
    assert_doctor_says("root", "fail");
    assert_doctor_says("lockout", "warn");
    kc_swtpm_start(&custodian.tpm);
    kc_custodian_restart_with(&custodian, &client);
    assert_answer(use_until_available(&sealed), KC_OK);
    assert_answer(generate_one("back"), KC_OK);
    assert_doctor_says("root", "ok");
}

static void a_custodian_starts_without_its_root_and_finds_it(void **state)
{
    (void)state;
    kc_swtpm_kill(&custodian.tpm);
    kc_custodian_restart_with(&custodian, &client);
    assert_answer(use_key(client, &sealed), KC_ERR_ROOT_UNAVAILABLE);
    assert_status_says(KC_ERR_ROOT_UNAVAILABLE);
    kc_swtpm_start(&custodian.tpm);
    assert_answer(use_until_available(&sealed), KC_OK);
    assert_answer(use_key(client, &wrapped), KC_OK);
}

/* Frozen, it keeps the question and never answers; then it dies in the middle of it. */
static void a_root_that_dies_while_it_is_asked_fails_that_request_only(void **state)
{
    (void)state;
    struct kc_client_request request;
    struct kc_client_answer *answer;
    uint64_t id;
    kc_custodian_restart_with(&custodian, &client);
    assert_answer(use_until_available(&wrapped), KC_OK);
    kc_swtpm_freeze(&custodian.tpm);
    kc_client_request_init(&request, KC_OPERATION_KEY_SIGN);
    give(&request, (const struct given[]){
                       TEXT(KEY, sealed.id), OCTETS(MESSAGE, "m", 1), {KC_FIELDS, NULL, 0}});
    assert_answer(kc_client_send(client, &request, DEADLINE_MS, &id), KC_OK);
    kc_client_request_done(&request);
    assert_answer(use_key(client, &wrapped), KC_OK); /* others go on meanwhile */
    kc_swtpm_kill(&custodian.tpm);
    assert_answer(kc_client_receive(client, id, DEADLINE_MS, &answer), KC_ERR_ROOT_UNAVAILABLE);
    kc_client_answer_free(answer);
    kc_swtpm_start(&custodian.tpm);
    assert_answer(use_until_available(&sealed), KC_OK);
}

/* --- lockout --- */

/* The custodian's own objects are exempt, so what it has it can use. */
static void a_root_in_lockout_is_said_to_be(void **state)
{
    (void)state;
    kc_custodian_stop_with(&custodian, &client);
    assert_true(kc_swtpm_run(&custodian.tpm,
        "tpm2_nvdefine 0x1500001 -s 8 -a 'authread|authwrite' -p right && "
        "for i in 1 2 3 4; do ! tpm2_nvread 0x1500001 -P wrong || exit 1; done"));
    kc_custodian_start_with(&custodian, &client);
    struct kc_client_answer *answer;
    assert_answer(ASK_NOTHING(client, STATUS, &answer), KC_OK);
    assert_int_equal(value_of(answer, KC_FIELD_LOCKOUT)->number, 1);
    kc_client_answer_free(answer);
    assert_doctor_says("lockout", "fail");
    assert_answer(use_key(client, &sealed), KC_OK);
    assert_answer(generate_one("in lockout"), KC_OK);
    kc_custodian_stop_with(&custodian, &client);
    assert_true(kc_swtpm_run(&custodian.tpm, "tpm2_dictionarylockout --clear-lockout"));
    kc_custodian_start_with(&custodian, &client);
    assert_doctor_says("lockout", "ok");
}

/* --- another --- */

static void replace_pin(const char *edit)
{
    assert_true(
        shell("cd %s && cp -p srk.name srk.good && sed -i '%s' srk.name", custodian.folder, edit));
}

static void restore_pin(void)
{
    assert_true(shell("cd %s && mv srk.good srk.name", custodian.folder));
}

static void a_pin_that_names_another_root_is_an_alarm(void **state)
{
    (void)state;
    replace_pin("s/[0-7]$/8/;t;s/[89a-f]$/0/");
    kc_custodian_restart_with(&custodian, &client);
    assert_answer(use_key(client, &sealed), KC_ERR_ROOT_CHANGED);
    assert_answer(use_key(client, &wrapped), KC_ERR_ROOT_CHANGED);
    assert_answer(generate_one("another root"), KC_ERR_ROOT_CHANGED);
    assert_status_says(KC_ERR_ROOT_CHANGED);
    assert_doctor_says("root", "fail");
    restore_pin();
    kc_custodian_restart_with(&custodian, &client);
    assert_answer(use_key(client, &sealed), KC_OK);
}

static void a_host_without_a_pin_says_so(void **state)
{
    (void)state;
    replace_pin("");
    assert_true(shell("rm %s/srk.name", custodian.folder));
    kc_custodian_restart_with(&custodian, &client);
    assert_answer(use_key(client, &sealed), KC_ERR_ROOT_NOT_PROVISIONED);
    assert_status_says(KC_ERR_ROOT_NOT_PROVISIONED);
    assert_doctor_says("root", "fail");
    restore_pin();
    kc_custodian_restart_with(&custodian, &client);
    assert_answer(use_key(client, &sealed), KC_OK);
}

static void refused_start(const char *edit)
{
    kc_custodian_stop_with(&custodian, &client);
    replace_pin(edit);
    assert_true(run_daemon(&custodian, "").status != 0);
    restore_pin();
    kc_custodian_start_with(&custodian, &client);
}

static void a_pin_file_that_is_no_pin_is_a_failed_start(void **state)
{
    (void)state;
    refused_start("s/^../zz/");
    refused_start("s/^....//");
    refused_start("1p");
    assert_answer(use_key(client, &sealed), KC_OK);
}

/* Last: there is no way back for the keys. */
static void refuses_a_changed_root(void **state)
{
    (void)state;
    kc_swtpm_kill(&custodian.tpm);
    kc_swtpm_forget(&custodian.tpm);
    kc_swtpm_start(&custodian.tpm);
    kc_custodian_restart_with(&custodian, &client);
    assert_answer(use_key(client, &sealed), KC_ERR_ROOT_CHANGED);
    assert_answer(use_key(client, &wrapped), KC_ERR_ROOT_CHANGED);
    assert_answer(generate_one("new"), KC_ERR_ROOT_CHANGED);
    assert_status_says(KC_ERR_ROOT_CHANGED);
    assert_doctor_says("root", "fail");
    assert_true(run_daemon(&custodian, "--provision").status != 0); /* nor is it pinned anew */
    assert_status_says(KC_ERR_ROOT_CHANGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_root_that_is_gone_is_unavailable_until_it_is_back),
        cmocka_unit_test(a_custodian_starts_without_its_root_and_finds_it),
        cmocka_unit_test(a_root_that_dies_while_it_is_asked_fails_that_request_only),
        cmocka_unit_test(a_root_in_lockout_is_said_to_be),
        cmocka_unit_test(a_pin_that_names_another_root_is_an_alarm),
        cmocka_unit_test(a_host_without_a_pin_says_so),
        cmocka_unit_test(a_pin_file_that_is_no_pin_is_a_failed_start),
        cmocka_unit_test(refuses_a_changed_root),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
