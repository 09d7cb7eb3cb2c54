/* SPDX-License-Identifier: Apache-2.0 */
/* The whole custodian on a software TPM whose memory of the store is older, newer, gone, or another's. */
#include "tests/daemon/view.h"

#include "custodian/record.h"
#include "tests/support/cmocka.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIN "correct horse"

static struct kc_custodian custodian;
static struct kc_client *client;
static char key[KC_RECORD_ID_SIZE];

static int set_up(void **state)
{
    (void)state;
    kc_custodian_init(&custodian, "\"test\"");
    client = kc_view_client(&custodian);
    assert_int_equal(kc_view_generate(client, "key", key), KC_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kc_client_free(client);
    kc_custodian_done(&custodian);
    return 0;
}

/* In the custodian's folder, with $S for its store. */
static void run(const char *command)
{
    char line[512];
    snprintf(line, sizeof line, "cd '%s' && S=store && %s", custodian.folder, command);
    assert_int_equal(system(line), 0); /* NOLINT(cert-env33-c): commands of the tests */
}

static uint64_t head_of_status(void)
{
    struct kc_client_request request;
    struct kc_client_answer *answer = NULL;
    kc_client_request_init(&request, KC_OPERATION_STATUS);
    assert_int_equal(kc_client_call(client, &request, 30000, &answer), KC_OK);
    uint64_t head = kc_client_answer_message(answer)->values.value[KC_FIELD_HEAD].number;
    kc_client_answer_free(answer);
    kc_client_request_done(&request);
    return head;
}

static void text_of_status(enum kc_field field, char text[KC_VIEW_TEXT_SIZE])
{
    struct kc_client_request request;
    kc_client_request_init(&request, KC_OPERATION_STATUS);
    assert_int_equal(kc_view_ask(client, &request, field, text), KC_OK);
}

/* Nothing is served but what tells how the custodian is, which the log has as well. */
static void expect_alarm(enum kc_error error)
{
    char other[KC_RECORD_ID_SIZE], command[128];
    assert_int_equal(kc_view_sign(client, key), error);
    assert_int_equal(kc_view_generate(client, "more", other), error);
    assert_int_equal(kc_view_call(client, KC_OPERATION_STATUS), KC_OK);
    assert_int_equal(kc_view_call(client, KC_OPERATION_DOCTOR), KC_OK);
    snprintf(command, sizeof command, "grep -q '%s' log", kc_error_name(error));
    run(command);
}

static void a_removed_nv_index_is_an_alarm_and_nothing_is_served(void **state)
{
    (void)state;
    kc_custodian_stop_with(&custodian, &client);
    assert_true(kc_swtpm_run(&custodian.tpm, "tpm2_nvundefine 0x1804b43"));
    kc_custodian_start_with(&custodian, &client);
    expect_alarm(KC_ERR_ROOT_HEAD);
}

static void an_nv_index_of_somebody_elses_is_an_alarm_and_is_left_as_it_is(void **state)
{
    (void)state;
    kc_custodian_stop_with(&custodian, &client);
    assert_true(kc_swtpm_run(&custodian.tpm, "tpm2_nvundefine 0x1804b43"));
    assert_true(kc_swtpm_run(&custodian.tpm,
        "tpm2_nvdefine 0x1804b43 -s 8 && echo -n contents | tpm2_nvwrite 0x1804b43 -i -"));
    kc_custodian_start_with(&custodian, &client);
    expect_alarm(KC_ERR_ROOT_HEAD_TAKEN);
    kc_custodian_stop_with(&custodian, &client);
    assert_true(kc_swtpm_run(&custodian.tpm, "[ \"$(tpm2_nvread 0x1804b43)\" = contents ]"));
    kc_custodian_start_with(&custodian, &client);
}

static void a_cleared_tpm_is_an_alarm_and_nothing_is_served(void **state)
{
    (void)state;
    kc_custodian_stop_with(&custodian, &client);
    assert_true(kc_swtpm_run(&custodian.tpm, "tpm2_clear -c p"));
    kc_custodian_start_with(&custodian, &client);
    expect_alarm(KC_ERR_ROOT_CHANGED);
}

static void put_pin(struct kc_client_request *request, enum kc_field field, const char *pin)
{
    assert_int_equal(
        kc_client_request_secret(request, &request->message.values, field, pin, strlen(pin)),
        KC_OK);
}

static enum kc_error change_pin(const char *former, const char *pin)
{
    struct kc_client_request request;
    char unused[KC_VIEW_TEXT_SIZE];
    kc_client_request_init(&request, KC_OPERATION_OPERATOR_PIN);
    if (former)
        put_pin(&request, KC_FIELD_PIN, former);
    put_pin(&request, KC_FIELD_NEW_PIN, pin);
    return kc_view_ask(client, &request, KC_FIELD_DETAIL, unused);
}

static void set_pin(void)
{
    assert_int_equal(change_pin(NULL, PIN), KC_OK);
}

static enum kc_error accept_rollback(const char *pin, uint64_t head)
{
    struct kc_client_request request;
    char unused[KC_VIEW_TEXT_SIZE];
    kc_client_request_init(&request, KC_OPERATION_STORE_ACCEPT);
    kc_values_set_number(&request.message.values, KC_FIELD_HEAD, head);
    put_pin(&request, KC_FIELD_PIN, pin);
    return kc_view_ask(client, &request, KC_FIELD_DETAIL, unused);
}

static void a_rollback_of_the_stores_folder_is_refused_until_the_operator_takes_it(void **state)
{
    (void)state;
    char later[KC_RECORD_ID_SIZE], freshness[KC_VIEW_TEXT_SIZE];
    set_pin();
    kc_custodian_stop_with(&custodian, &client);
    run("cp -a $S older");
    kc_custodian_start_with(&custodian, &client);
    assert_int_equal(kc_view_generate(client, "later", later), KC_OK);
    kc_custodian_stop_with(&custodian, &client);
    run("mv $S newer && cp -a older $S");
    kc_custodian_start_with(&custodian, &client);
    expect_alarm(KC_ERR_STORE_ROLLED_BACK);
    text_of_status(KC_FIELD_FRESHNESS, freshness);
    assert_string_equal(freshness, "rolled-back");
    uint64_t head = head_of_status();
    assert_int_equal(accept_rollback(PIN, head + 1), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(accept_rollback("wrong horses", head), KC_ERR_OPERATOR_PROOF);
    assert_int_equal(accept_rollback(PIN, head), KC_OK);
    assert_int_equal(kc_view_sign(client, key), KC_OK);
    assert_int_equal(kc_view_sign(client, later), KC_ERR_REFUSED);
    /* and the newer one is the one that is refused now */
    kc_custodian_stop_with(&custodian, &client);
    run("rm -r $S && mv newer $S");
    kc_custodian_start_with(&custodian, &client);
    expect_alarm(KC_ERR_STORE_ROLLED_BACK);
}

static void a_rollback_to_before_the_pin_was_changed_is_taken_by_the_present_pin_alone(void **state)
{
    (void)state;
    set_pin();
    kc_custodian_stop_with(&custodian, &client);
    run("cp -a $S older");
    kc_custodian_start_with(&custodian, &client);
    assert_int_equal(change_pin(PIN, "new horses"), KC_OK);
    kc_custodian_stop_with(&custodian, &client);
    run("rm -r $S && mv older $S");
    kc_custodian_start_with(&custodian, &client);
    expect_alarm(KC_ERR_STORE_ROLLED_BACK);
    assert_int_equal(accept_rollback(PIN, head_of_status()), KC_ERR_OPERATOR_PROOF);
    assert_int_equal(accept_rollback("new horses", head_of_status()), KC_OK);
    assert_int_equal(kc_view_sign(client, key), KC_OK);
    assert_int_equal(change_pin(PIN, "more horses"), KC_ERR_OPERATOR_PROOF);
    assert_int_equal(change_pin("new horses", "more horses"), KC_OK);
}

#define COMMAND KC_BUILD_DIR "/custodian "

static void a_backup_is_restored_and_is_a_rollback_that_the_operator_confirms(void **state)
{
    (void)state;
    char later[KC_RECORD_ID_SIZE];
    set_pin();
    kc_custodian_stop_with(&custodian, &client);
    run("umask 077; " COMMAND "store backup backup --config $PWD/custodian.conf");
    run("[ $(stat -c %a backup) = 600 ] && cmp backup $S/custodian.db");
    run("! " COMMAND "store backup backup --config $PWD/custodian.conf"); /* it is there already */
    kc_custodian_start_with(&custodian, &client);
    assert_int_equal(kc_view_generate(client, "later", later), KC_OK);
    run("! " COMMAND "store restore backup --yes --config $PWD/custodian.conf");
    kc_custodian_stop_with(&custodian, &client);
    run("! " COMMAND "store restore backup --config $PWD/custodian.conf");
    run("head -c 20000 backup >cut");
    run(COMMAND "store restore cut --yes --config $PWD/custodian.conf 2>&1 | grep ' cut$'");
    run("[ ! -e $S/custodian.db.former ]");
    run("! " COMMAND "store restore custodian.conf --yes --config $PWD/custodian.conf");
    run(COMMAND "store restore backup --yes --config $PWD/custodian.conf");
    run("cp -p $S/custodian.db.former newest");
    run(COMMAND "store restore backup --yes --config $PWD/custodian.conf");
    run("cmp newest $S/custodian.db.former && [ -e $S/custodian.db.former.2 ]");
    kc_custodian_start_with(&custodian, &client);
    expect_alarm(KC_ERR_STORE_ROLLED_BACK);
    assert_int_equal(accept_rollback(PIN, head_of_status()), KC_OK);
    assert_int_equal(kc_view_sign(client, key), KC_OK);
    assert_int_equal(kc_view_sign(client, later), KC_ERR_REFUSED);
    assert_int_equal(kc_view_generate(client, "more", later), KC_OK);
}

/* A backup that nothing came after is no rollback. */
static void the_newest_backup_is_restored_without_more(void **state)
{
    (void)state;
    kc_custodian_stop_with(&custodian, &client);
    run(COMMAND "store backup backup --config $PWD/custodian.conf && rm -r $S");
    run(COMMAND "store restore backup --yes --config $PWD/custodian.conf");
    kc_custodian_start_with(&custodian, &client);
    assert_int_equal(kc_view_sign(client, key), KC_OK);
}

/* The three processes that take part in a commit die in turn, each a little later in it. */
static void killed_in_any_process_during_a_commit_nothing_acknowledged_is_a_rollback(void **state)
{
    (void)state;
    static const char *const programs[] = {"custodian-vault", "custodian-desk", "custodian-root"};
    char id[KC_RECORD_ID_SIZE], label[32];
    for (int i = 0; i < 24; i++) {
        const char *program = programs[i % 3];
        pid_t before = kc_view_wait_for_process(&custodian, program, 0);
        struct kc_view_killer killer = kc_view_kill_later(before, i);
        snprintf(label, sizeof label, "key-%d", i);
        bool acknowledged = kc_view_generate(client, label, id) == KC_OK;
        kc_view_killer_done(&killer);
        assert_int_not_equal(kc_view_wait_for_process(&custodian, program, before), 0);
        kc_client_free(client);
        client = kc_view_client(&custodian);
        if (acknowledged)
            assert_int_equal(kc_view_sign_when_back(client, id), KC_OK);
        assert_int_equal(kc_view_sign_when_back(client, key), KC_OK);
    }
    kc_custodian_stop_with(&custodian, &client);
    kc_custodian_start_with(&custodian, &client);
    assert_int_equal(kc_view_sign(client, key), KC_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_removed_nv_index_is_an_alarm_and_nothing_is_served),
        TEST(an_nv_index_of_somebody_elses_is_an_alarm_and_is_left_as_it_is),
        TEST(a_cleared_tpm_is_an_alarm_and_nothing_is_served),
        TEST(a_rollback_of_the_stores_folder_is_refused_until_the_operator_takes_it),
        TEST(a_rollback_to_before_the_pin_was_changed_is_taken_by_the_present_pin_alone),
        TEST(a_backup_is_restored_and_is_a_rollback_that_the_operator_confirms),
        TEST(the_newest_backup_is_restored_without_more),
        TEST(killed_in_any_process_during_a_commit_nothing_acknowledged_is_a_rollback),
    };
    return cmocka_run_group_tests_name("rollback", tests, NULL, NULL);
}
