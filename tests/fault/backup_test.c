/* SPDX-License-Identifier: Apache-2.0 */
/* Backups of a custodian that goes on: under load, and while others want the same or things fail. */
#include "tests/fault/client.h"
#include "tests/fault/processes.h"
#include "tests/support/shell.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define WRITERS 2
#define KEYS_MAX 4096
#define SOME 40 /* keys */

static struct kc_custodian custodian;
static struct kc_client *client;

/* --- load: processes that make keys, and tell of each that was acknowledged --- */

struct writer {
    pid_t pid;
    int told; /* struct key, one after the other */
};

static struct key keys[KEYS_MAX];
static size_t key_count;

_Noreturn static void make_keys(int number, int tells)
{
    struct kc_client *own = connect_to(&custodian);
    for (unsigned i = 0;; i++) {
        char label[32];
        struct key key;
        snprintf(label, sizeof label, "writer %d, key %u", number, i);
        if (generate(own, "X25519", "application", "wrapped", label, &key) != KC_OK ||
            write(tells, &key, sizeof key) != sizeof key)
            _exit(1);
    }
}

static void start_writers(struct writer writers[WRITERS])
{
    for (int i = 0; i < WRITERS; i++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        writers[i].pid = fork();
        assert_true(writers[i].pid >= 0);
        if (writers[i].pid == 0)
            make_keys(i, ends[1]);
        close(ends[1]);
        writers[i].told = ends[0];
    }
}

/* Waits until each writer has told of so many more. */
static void wait_for_keys(const struct writer writers[WRITERS], size_t count)
{
    for (size_t i = 0; i < WRITERS * count; i++) {
        assert_true(key_count < KEYS_MAX);
        assert_int_equal(
            read(writers[i % WRITERS].told, &keys[key_count++], sizeof keys[0]), sizeof keys[0]);
    }
}

static void stop_writers(struct writer writers[WRITERS])
{
    for (int i = 0; i < WRITERS; i++) {
        kill(writers[i].pid, SIGKILL);
        assert_int_equal(waitpid(writers[i].pid, NULL, 0), writers[i].pid);
        close(writers[i].told);
    }
}

/* --- set up --- */

static int set_up(void **state)
{
    (void)state;
    kc_custodian_init(&custodian, "\"home\"");
    client = connect_to(&custodian);
    set_pin(client);
    key_count = 0;
    kc_shell_init();
    kc_shell_define_custodian("C", custodian.socket);
    kc_shell_define("O() { C \"$@\" --config %s/custodian.conf; }", custodian.folder);
    HOLDS("umask 077; printf '" PIN "' >pin");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kc_shell_done();
    kc_client_free(client);
    kc_custodian_done(&custodian);
    return 0;
}

static void restore(const char *line)
{
    kc_custodian_stop_with(&custodian, &client);
    HOLDS(line);
    kc_custodian_start_with(&custodian, &client);
}

static void accept_what_is_there(void)
{
    HOLDS("head=$(C status --json | sed -n 's/.*\"head\": *\\([0-9]*\\).*/\\1/p') && "
          "C store accept-rollback --head $head --pin-file pin");
}

static void assert_keys_work(size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_answer(use_key(client, &keys[i]), KC_OK);
}

/* --- tests --- */

static void every_key_acknowledged_before_a_backup_under_load_works_after_its_restore(void **state)
{
    (void)state;
    struct writer writers[WRITERS];
    start_writers(writers);
    wait_for_keys(writers, SOME);
    size_t before = key_count;
    struct key later;
    HOLDS("O store backup first && C doctor");
    wait_for_keys(writers, SOME);
    size_t between = key_count;
    HOLDS("O store backup second && ! O store backup second && O store backup second --force");
    assert_answer(generate(client, "X25519", "application", "wrapped", "newer", &later), KC_OK);
    stop_writers(writers);
    assert_keys_work(key_count);
    restore("O store restore second --yes");
    assert_answer(use_key(client, &keys[0]), KC_ERR_STORE_ROLLED_BACK);
    accept_what_is_there();
    assert_keys_work(between);
    restore("O store restore first --yes");
    accept_what_is_there();
    assert_keys_work(before);
    assert_answer(generate(client, "X25519", "application", "wrapped", "later", &later), KC_OK);
    assert_answer(use_key(client, &later), KC_OK);
}

static void a_backup_that_nothing_came_after_needs_no_operator(void **state)
{
    (void)state;
    assert_answer(generate(client, "Ed25519", "application", "sealed", "a", &keys[0]), KC_OK);
    HOLDS("O store backup newest");
    kc_custodian_stop_with(&custodian, &client); /* which changes nothing that is stored */
    HOLDS("O store restore newest --yes");
    kc_custodian_start_with(&custodian, &client);
    assert_keys_work(1);
}

static void a_backup_has_no_secret_and_is_the_owners_alone(void **state)
{
    (void)state;
    HOLDS("umask 0; O store backup backup && [ $(stat -c %a backup) = 600 ]");
    HOLDS("! grep -a '" PIN "' backup");
}

static void of_two_backups_at_the_same_time_one_is_refused(void **state)
{
    (void)state;
    struct kc_client *other = connect_to(&custodian);
    assert_answer(ASK_NOTHING(client, STORE_BACKUP, NULL), KC_OK);
    assert_answer(ASK_NOTHING(other, STORE_BACKUP, NULL), KC_ERR_STORE_BACKUP);
    assert_answer(ASK(other, STORE_BACKUP, NULL, TEXT(MODE, "end")), KC_ERR_STORE_BACKUP);
    SAYS(7, "store-backup", "O store backup backup");
    HOLDS("[ ! -e backup ]");
    assert_answer(ASK(client, STORE_BACKUP, NULL, TEXT(MODE, "end")), KC_OK);
    assert_answer(ASK(client, STORE_BACKUP, NULL, TEXT(MODE, "end")), KC_ERR_STORE_BACKUP);
    HOLDS("O store backup backup");
    kc_client_free(other);
}

static void one_whose_client_is_gone_hinders_nobody(void **state)
{
    (void)state;
    struct kc_client *other = connect_to(&custodian);
    assert_answer(ASK_NOTHING(other, STORE_BACKUP, NULL), KC_OK);
    kc_client_free(other);
    enum kc_error error;
    do /* until the desk has seen that it is gone */
        error = ASK_NOTHING(client, STORE_BACKUP, NULL);
    while (error == KC_ERR_STORE_BACKUP);
    assert_answer(error, KC_OK);
    assert_answer(generate(client, "X25519", "application", "wrapped", "a", &keys[0]), KC_OK);
    assert_answer(ASK(client, STORE_BACKUP, NULL, TEXT(MODE, "end")), KC_OK);
    assert_keys_work(1);
}

/* The file is not touched while it is held, whatever is stored; and nothing of that is lost by a kill. */
static void a_held_store_that_is_killed_has_all_that_was_acknowledged(void **state)
{
    (void)state;
    struct writer writers[WRITERS];
    kc_shell_define("store=%s/store/custodian.db", custodian.folder);
    assert_answer(ASK_NOTHING(client, STORE_BACKUP, NULL), KC_OK);
    HOLDS("cp $store as-it-was");
    start_writers(writers);
    wait_for_keys(writers, 4 * SOME);
    HOLDS("cmp $store as-it-was");
    stop_writers(writers);
    kill_process(&custodian, SUPERVISOR);
    kc_custodian_start_with(&custodian, &client);
    assert_keys_work(key_count);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_key_acknowledged_before_a_backup_under_load_works_after_its_restore),
        CASE(a_backup_that_nothing_came_after_needs_no_operator),
        CASE(a_backup_has_no_secret_and_is_the_owners_alone),
        CASE(of_two_backups_at_the_same_time_one_is_refused),
        CASE(one_whose_client_is_gone_hinders_nobody),
        CASE(a_held_store_that_is_killed_has_all_that_was_acknowledged),
    };
    return cmocka_run_group_tests_name("backup", tests, NULL, NULL);
}
