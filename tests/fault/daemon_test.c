/* SPDX-License-Identifier: Apache-2.0 */
/* custodiand itself: starts that are refused, and the way it stops. */
#include "tests/fault/client.h"
#include "tests/fault/processes.h"
#include "tests/fault/settings.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct kc_custodian custodian;

static int set_up(void **state)
{
    (void)state;
    kc_custodian_init(&custodian, "\"home\"");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kc_custodian_done(&custodian);
    return 0;
}

static void a_second_daemon_at_the_same_socket_is_refused(void **state)
{
    (void)state;
    struct kc_client *client = connect_to(&custodian);
    assert_answer(ASK_NOTHING(client, PING, NULL), KC_OK);
    struct run second = run_daemon(&custodian, "");
    assert_int_equal(second.status, KC_CLASS_CONFIG);
    assert_non_null(strstr(second.output, "socket-failed step=in-use"));
    assert_answer(ASK_NOTHING(client, PING, NULL), KC_OK);
    kc_client_free(client);
}

/* Another socket does not help: a store has one desk. */
static void a_second_daemon_on_the_same_store_gets_none_of_it(void **state)
{
    (void)state;
    struct kc_custodian other = custodian;
    struct kc_client *client = connect_to(&custodian), *others;
    struct key key;
    snprintf(other.config, sizeof other.config, "%s/other.conf", custodian.folder);
    snprintf(other.socket, sizeof other.socket, "%s/other", custodian.folder);
    snprintf(other.log, sizeof other.log, "%s/other.log", custodian.folder);
    assert_true(shell("sed 's|^socket.*|socket = \"%s\";|' %s > %s", other.socket, custodian.config,
        other.config));
    kc_custodian_start(&other);
    others = connect_to(&other);
    enum kc_error error = generate(others, "Ed25519", "application", "wrapped", "theirs", &key);
    assert_int_equal(kc_error_row(error)->class, KC_CLASS_STORE);
    assert_answer(generate(client, "Ed25519", "application", "wrapped", "ours", &key), KC_OK);
    kc_client_free(others);
    kc_client_free(client);
    kill_process(&other, SUPERVISOR); /* its root waits for the one connection that the TPM takes */
}

static void a_socket_that_was_left_behind_is_no_obstacle(void **state)
{
    (void)state;
    kill_process(&custodian, SUPERVISOR);
    assert_int_equal(access(custodian.socket, F_OK), 0);
    kc_custodian_start(&custodian);
    struct kc_client *client = connect_to(&custodian);
    assert_answer(ASK_NOTHING(client, PING, NULL), KC_OK);
    kc_client_free(client);
}

static void what_is_wrong_in_a_configuration_is_said_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *edit, *more, *said;
    } cases[] = {
        {"1i colour = 1;", "", "custodian.conf:1: "},
        {"1i limits = {\\nclients = 0;\\n};", "", "custodian.conf:2: "},
        {"", "limits = {\n", "custodian.conf:"},
        {"/^store/d", "", "store"},
        {"s/operations = .*\"\\*\"/operations = [ \"no-such\"/", "", "custodian.conf:"},
    };
    char saved[128];
    snprintf(saved, sizeof saved, "%s/saved.conf", custodian.folder);
    assert_true(shell("cp -p %s %s", custodian.config, saved));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        change_settings(&custodian, cases[i].edit, cases[i].more);
        struct run run = run_daemon(&custodian, "--check");
        if (run.status != KC_CLASS_CONFIG || !strstr(run.output, cases[i].said))
            fail_msg("case %zu: %d: %s", i, run.status, run.output);
        assert_int_equal(run_daemon(&custodian, "").status, KC_CLASS_CONFIG);
        assert_true(shell("cp -p %s %s", saved, custodian.config));
    }
    assert_int_equal(run_daemon(&custodian, "--check").status, 0);
    assert_true(shell("chmod 666 %s", custodian.config));
    assert_int_equal(run_daemon(&custodian, "--check").status, KC_CLASS_CONFIG);
    assert_true(shell("chmod 644 %s", custodian.config));
}

static void memory_that_cannot_be_locked_is_a_failed_start(void **state)
{
    (void)state;
    kc_custodian_stop(&custodian);
    const char *without_rights = geteuid() == 0 ? "setpriv --bounding-set=-ipc_lock,-sys_resource "
                                                  "--inh-caps=-ipc_lock,-sys_resource"
                                                : "";
    assert_true(shell("ulimit -l 64; ! %s " KC_BUILD_DIR "/custodiand --config %s 2> %s/output",
        without_rights, custodian.config, custodian.folder));
    assert_true(shell("grep -q 'locked-memory' %s/output", custodian.folder));
    kc_custodian_start(&custodian);
}

/* --- stopping --- */

/* Waits in line for a share's turn: in flight for as long as the test wants. */
static uint64_t send_commit(struct kc_client *client, const struct split *split)
{
    struct kc_client_request request;
    uint64_t id;
    kc_client_request_init(&request, KC_OPERATION_SIGNATURE_COMMIT);
    give(&request, (const struct given[]){
                       TEXT(KEY, split->first.id), OCTETS(MESSAGE, "m", 1), {KC_FIELDS, NULL, 0}});
    assert_answer(kc_client_send(client, &request, DEADLINE_MS, &id), KC_OK);
    kc_client_request_done(&request);
    return id;
}

static void make_split(struct kc_client *client, struct split *split)
{
    struct key key;
    char recipient[65];
    set_pin(client);
    enrol_nobody(client, recipient);
    assert_answer(generate(client, "Ed25519", "application", "wrapped", "split", &key), KC_OK);
    assert_answer(split_key(client, &key, recipient, split), KC_OK);
}

/* They wait for a share's turn when it is told to stop; each is answered, the ones whose turn did not
 * come with the reason. */
static void requests_in_flight_are_answered_before_it_stops(void **state)
{
    (void)state;
    struct split split;
    struct kc_client_answer *answer;
    kc_custodian_stop(&custodian);
    change_settings(&custodian, "", "limits = { session_wait_ms = 200; };\n");
    kc_custodian_start(&custodian);
    struct kc_client *client = connect_to(&custodian), *waiting = connect_to(&custodian);
    uint64_t id;
    make_split(client, &split);
    assert_answer(
        kc_client_receive(client, send_commit(client, &split), DEADLINE_MS, &answer), KC_OK);
    kc_client_answer_free(answer);
    for (int i = 0; i < 20; i++)
        (void)send_commit(waiting, &split);
    assert_answer(ASK_NOTHING(waiting, PING, NULL), KC_OK); /* all of them are in the vault */
    assert_int_equal(kill(custodian.pid, SIGTERM), 0);
    kc_client_free(client); /* its commitment ends: the next in line gets its turn */
    for (int i = 0; i < 20; i++) {
        enum kc_error error = kc_client_receive_any(waiting, DEADLINE_MS, &id, &answer);
        assert_true(error == KC_OK || error == KC_ERR_STOPPING || error == KC_ERR_SESSION_WAIT);
        kc_client_answer_free(answer);
    }
    kc_client_free(waiting);
    int status;
    assert_int_equal(waitpid(custodian.pid, &status, 0), custodian.pid);
    assert_int_equal(status, 0);
    kc_custodian_start(&custodian);
}

static void it_stops_with_its_socket_and_leaves_nobody(void **state)
{
    (void)state;
    pid_t pids[SUPERVISOR];
    for (enum process process = DESK; process < SUPERVISOR; process++)
        pids[process] = find_process(&custodian, process);
    kc_custodian_stop(&custodian);
    for (enum process process = DESK; process < SUPERVISOR; process++)
        assert_int_equal(kill(pids[process], 0), -1);
    assert_int_equal(access(custodian.socket, F_OK), -1);
    assert_true(file_has(custodian.log, "stopped status=0"));
    kc_custodian_start(&custodian);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_daemon_at_the_same_socket_is_refused),
        cmocka_unit_test(a_second_daemon_on_the_same_store_gets_none_of_it),
        cmocka_unit_test(a_socket_that_was_left_behind_is_no_obstacle),
        cmocka_unit_test(what_is_wrong_in_a_configuration_is_said_with_its_line),
        cmocka_unit_test(memory_that_cannot_be_locked_is_a_failed_start),
        cmocka_unit_test(requests_in_flight_are_answered_before_it_stops),
        cmocka_unit_test(it_stops_with_its_socket_and_leaves_nobody),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
