/* SPDX-License-Identifier: Apache-2.0 */
/* The whole custodian, on a software HSM. */
#include "tests/daemon/view.h"

#include "custodian/record.h"
#include "tests/support/cmocka.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct kc_custodian custodian;
static struct kc_client *client;

static int set_up(void **state)
{
    (void)state;
    kc_custodian_init_softhsm(&custodian, "\"test\"");
    client = kc_view_client(&custodian);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kc_client_free(client);
    kc_custodian_done(&custodian);
    return 0;
}

/* Stops it, has something done, and starts it again. */
static void restart_after(void (*change)(struct kc_softhsm *hsm))
{
    kc_client_free(client);
    kc_custodian_stop(&custodian);
    if (change)
        change(&custodian.hsm);
    kc_custodian_start(&custodian);
    client = kc_view_client(&custodian);
}

static void softhsm_holds_the_keys_of_a_custodian_that_is_restarted(void **state)
{
    (void)state;
    char id[KC_RECORD_ID_SIZE];
    assert_int_equal(kc_view_generate(client, "key", id), KC_OK);
    assert_int_equal(kc_view_sign(client, id), KC_OK);
    assert_int_equal(
        kc_softhsm_await_objects(&custodian.hsm, KC_SOFTHSM_OF_THE_ROOT), KC_SOFTHSM_OF_THE_ROOT);
    restart_after(NULL);
    assert_int_equal(kc_view_sign(client, id), KC_OK);
    assert_int_equal(kc_view_random(client), KC_OK);
    assert_int_equal(kc_view_call(client, KC_OPERATION_STATUS), KC_OK);
    assert_int_equal(kc_view_call(client, KC_OPERATION_DOCTOR), KC_OK);
}

static void a_root_process_that_died_logs_in_to_softhsm_again(void **state)
{
    (void)state;
    char id[KC_RECORD_ID_SIZE];
    pid_t before = kc_view_process(&custodian, "custodian-root");
    assert_int_equal(kc_view_generate(client, "key", id), KC_OK);
    assert_int_equal(kill(before, SIGKILL), 0);
    assert_int_not_equal(kc_view_wait_for_process(&custodian, "custodian-root", before), 0);
    assert_int_equal(kc_view_sign_when_back(client, id), KC_OK);
    assert_int_equal(kc_view_generate_when_back(client, "another", id), KC_OK);
}

static void without_softhsm_it_starts_and_finds_it_when_it_comes(void **state)
{
    (void)state;
    char id[KC_RECORD_ID_SIZE];
    assert_int_equal(kc_view_generate(client, "key", id), KC_OK);
    restart_after(kc_softhsm_remove);
    assert_int_equal(kc_view_sign(client, id), KC_ERR_ROOT_UNAVAILABLE);
    kc_softhsm_insert(&custodian.hsm);
    enum kc_error error;
    do /* root pauses between its tries, 5 s at most */
        error = kc_view_sign(client, id);
    while (error == KC_ERR_ROOT_UNAVAILABLE);
    assert_int_equal(error, KC_OK);
}

static void replace_token(struct kc_softhsm *hsm)
{
    kc_softhsm_remove(hsm);
    kc_softhsm_replace(hsm);
    kc_softhsm_insert(hsm);
}

static void another_softhsm_in_its_place_is_refused(void **state)
{
    (void)state;
    char id[KC_RECORD_ID_SIZE];
    assert_int_equal(kc_view_generate(client, "key", id), KC_OK);
    restart_after(replace_token);
    assert_int_equal(kc_view_sign(client, id), KC_ERR_ROOT_CHANGED);
}

static void the_root_process_with_softhsm_has_no_rights_but_the_ones_it_needs(void **state)
{
    (void)state;
    pid_t pid = kc_view_process(&custodian, "custodian-root");
    assert_true(kc_view_status_has(pid, "Seccomp:\t2"));
    assert_true(kc_view_status_has(pid, "NoNewPrivs:\t1"));
    assert_true(kc_view_status_has(pid, "CapEff:\t0000000000000000"));
    if (geteuid() == 0)
        assert_true(kc_view_status_has(pid, "Uid:\t64803\t64803\t64803\t64803"));
    assert_false(kc_view_has_descriptor(pid, custodian.hsm.pin_file));
    assert_false(kc_view_has_descriptor(pid, "/store"));
}

/* Whether a file has a line that holds the text. */
static bool is_in_file(const char *path, const char *text)
{
    char line[4096];
    bool found = false;
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (!found && fgets(line, sizeof line, file))
        found = strstr(line, text) != NULL;
    fclose(file);
    return found;
}

static void write_pin(const char *pin)
{
    FILE *file = fopen(custodian.hsm.pin_file, "we");
    assert_non_null(file);
    fprintf(file, "%s\n", pin);
    assert_int_equal(fclose(file), 0);
}

static void a_pin_that_softhsm_refuses_is_said_and_never_shown(void **state)
{
    (void)state;
    char id[KC_RECORD_ID_SIZE];
    assert_int_equal(kc_view_generate(client, "key", id), KC_OK);
    write_pin("wrong-PIN-0815");
    restart_after(NULL);
    for (int i = 0; i < 3; i++)
        assert_int_equal(kc_view_sign(client, id), KC_ERR_ROOT_PIN);
    write_pin(KC_SOFTHSM_PIN);
    restart_after(NULL);
    assert_int_equal(kc_view_sign(client, id), KC_OK);
    assert_true(is_in_file(custodian.log, "root-pin"));
    assert_false(is_in_file(custodian.log, "wrong-PIN-0815"));
    assert_false(is_in_file(custodian.log, KC_SOFTHSM_PIN));
}

/* Runs `custodian root` with these words and looks for a line. */
static bool root_says(const char *words, const char *line)
{
    char command[512];
    snprintf(command, sizeof command,
        KC_BUILD_DIR "/custodian root %s --config %s 2>&1 | tr -s ' \n' ' ' | grep -q '%s'", words,
        custodian.config, line);
    return system(command) == 0;
}

static void the_command_checks_softhsm_and_shows_its_quirks(void **state)
{
    (void)state;
    kc_client_free(client);
    client = NULL;
    kc_custodian_stop(&custodian);
    int objects = (int)kc_softhsm_count_objects(&custodian.hsm);
    assert_true(root_says("check", "result ok"));
    assert_true(root_says("init --json", "\"new\": false"));
    assert_true(
        root_says("show", "X25519 edwards-key, curve-by-oid, point-in-octet-string, derives"));
    assert_true(root_says("show", "Ed448 curve-by-oid, point-in-octet-string"));
    assert_true(
        root_says("show --json", "\"P-384\": . \"curve-by-oid\", \"point-in-octet-string\", "
                                 "\"derives\""));
    assert_false(root_says("show", "takes-small-order"));
    assert_int_equal(kc_softhsm_count_objects(&custodian.hsm), objects);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(softhsm_holds_the_keys_of_a_custodian_that_is_restarted),
        TEST(a_root_process_that_died_logs_in_to_softhsm_again),
        TEST(without_softhsm_it_starts_and_finds_it_when_it_comes),
        TEST(another_softhsm_in_its_place_is_refused),
        TEST(the_root_process_with_softhsm_has_no_rights_but_the_ones_it_needs),
        TEST(the_command_checks_softhsm_and_shows_its_quirks),
        TEST(a_pin_that_softhsm_refuses_is_said_and_never_shown),
    };
    return cmocka_run_group_tests_name("softhsm", tests, NULL, NULL);
}
