/* SPDX-License-Identifier: Apache-2.0 */
/* The whole custodian, on a software TPM, and what can go wrong with it. */
#include "tests/daemon/view.h"

#include "custodian/record.h"
#include "tests/support/cmocka.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const programs[] = {"custodian-desk", "custodian-vault", "custodian-root"};
#define PROGRAMS (sizeof programs / sizeof *programs)

static struct kc_custodian custodian;
static struct kc_client *client;

static int set_up(void **state)
{
    (void)state;
    kc_custodian_init(&custodian, "\"test\"");
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

/* --- lists --- */

/* How many keys one request lists; *more as it says, *after filled in. */
static size_t list_some(uint64_t count, const char *role, char after[KC_RECORD_ID_SIZE], bool *more)
{
    struct kc_client_request request;
    struct kc_client_answer *listed;
    kc_client_request_init(&request, KC_OPERATION_KEY_LIST);
    kc_values_set_number(&request.message.values, KC_FIELD_COUNT, count);
    if (*after)
        kc_values_set_text(&request.message.values, KC_FIELD_AFTER, after);
    if (role)
        kc_values_set_text(&request.message.values, KC_FIELD_ROLE, role);
    assert_int_equal(kc_client_call(client, &request, 20000, &listed), KC_OK);
    const struct kc_message *message = kc_client_answer_message(listed);
    size_t items = message->item_count;
    *more = message->values.value[KC_FIELD_MORE].number != 0;
    if (*more) {
        struct kc_span span = message->values.value[KC_FIELD_AFTER].span;
        snprintf(after, KC_RECORD_ID_SIZE, "%.*s", (int)span.size, (const char *)span.bytes);
    }
    kc_client_answer_free(listed);
    kc_client_request_done(&request);
    return items;
}

static void lists_every_key_whatever_the_count(void **state)
{
    static const uint64_t counts[] = {1, 5, 18, 19, 20};
    char id[KC_RECORD_ID_SIZE], label[16];
    (void)state;
    for (int i = 0; i < 19; i++) {
        snprintf(label, sizeof label, "key-%d", i);
        assert_int_equal(kc_view_generate(client, label, id), KC_OK);
    }
    for (size_t i = 0; i < 2 * (sizeof counts / sizeof *counts); i++) {
        const char *role = i % 2 ? "application" : NULL;
        char after[KC_RECORD_ID_SIZE] = "";
        size_t total = 0;
        for (bool more = true; more;) {
            size_t items = list_some(counts[i / 2], role, after, &more);
            total += items;
            assert_int_equal(items, more ? counts[i / 2] : items);
            assert_int_equal(more, total < 19);
        }
        assert_int_equal(total, 19);
    }
}

/* --- rights --- */

static void gives_no_process_more_than_it_needs(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROGRAMS; i++) {
        pid_t pid = kc_view_process(&custodian, programs[i]);
        char uid[64];
        assert_true(kc_view_status_has(pid, "Seccomp:\t2"));
        assert_true(kc_view_status_has(pid, "NoNewPrivs:\t1"));
        assert_true(kc_view_status_has(pid, "CapEff:\t0000000000000000"));
        snprintf(uid, sizeof uid, "Uid:\t%1$zu\t%1$zu\t%1$zu\t%1$zu", 64801 + i);
        if (geteuid() == 0)
            assert_true(kc_view_status_has(pid, uid));
        assert_true(kc_view_count_descriptors(pid) < 32);
        assert_int_equal(kc_view_has_descriptor(pid, "/store"), i == 0);
        assert_false(kc_view_has_descriptor(pid, "custodian.conf"));
    }
    assert_true(kc_view_status_has(custodian.pid, "NoNewPrivs:\t1"));
    assert_true(kc_view_status_has(custodian.pid, "Seccomp:\t2"));
}

/* A child with another user's credentials, and what the custodian tells it. */
static enum kc_error as_user(uid_t user, enum kc_error (*ask)(struct kc_client *))
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        if (setresgid(user, user, user) < 0 || setresuid(user, user, user) < 0)
            _exit(255);
        struct kc_client *own = kc_view_client(&custodian);
        /* numbers of errors do not fit an exit status */
        enum kc_error error = ask(own);
        _exit(error == KC_OK ? 0 : error == KC_ERR_REFUSED ? 1 : 2);
    }
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status) == 0   ? KC_OK
           : WEXITSTATUS(status) == 1 ? KC_ERR_REFUSED
                                      : KC_ERR_INTERNAL;
}

static enum kc_error ask_status(struct kc_client *own)
{
    return kc_view_call(own, KC_OPERATION_STATUS);
}

static void refuses_a_caller_whom_no_rule_names(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(as_user(64999, kc_view_random), KC_ERR_REFUSED);
    assert_int_equal(as_user(64999, ask_status), KC_OK);
    assert_int_equal(as_user(0, kc_view_random), KC_OK);
}

/* --- processes that die --- */

static void starts_again_just_the_process_that_died(void **state)
{
    (void)state;
    char id[KC_RECORD_ID_SIZE];
    assert_int_equal(kc_view_generate(client, "key", id), KC_OK);
    for (size_t i = 0; i < PROGRAMS; i++) {
        pid_t before[PROGRAMS];
        for (size_t j = 0; j < PROGRAMS; j++)
            before[j] = kc_view_process(&custodian, programs[j]);
        assert_int_equal(kill(before[i], SIGKILL), 0);
        assert_int_not_equal(kc_view_wait_for_process(&custodian, programs[i], before[i]), 0);
        assert_int_equal(kc_view_sign_when_back(client, id), KC_OK);
        for (size_t j = 0; j < PROGRAMS; j++)
            if (j != i)
                assert_int_equal(kc_view_process(&custodian, programs[j]), before[j]);
    }
}

static void keeps_a_connection_while_the_vault_is_started_again(void **state)
{
    (void)state;
    char id[KC_RECORD_ID_SIZE];
    assert_int_equal(kc_view_generate(client, "key", id), KC_OK);
    assert_int_equal(kill(kc_view_process(&custodian, "custodian-vault"), SIGKILL), 0);
    enum kc_error error;
    do
        error = kc_view_sign(client, id);
    while (error == KC_ERR_UNAVAILABLE);
    assert_int_equal(error, KC_OK); /* and never KC_ERR_CONNECTION_LOST */
}

#define AT_ONCE 4 /* keys that are being made when a process is killed */

static uint64_t send_generate(const char *label)
{
    struct kc_client_request request;
    uint64_t id = 0;
    kc_client_request_init(&request, KC_OPERATION_KEY_GENERATE);
    kc_values_set_text(&request.message.values, KC_FIELD_ALGORITHM, "Ed25519");
    kc_values_set_text(&request.message.values, KC_FIELD_KEYRING, "test");
    kc_values_set_text(&request.message.values, KC_FIELD_LABEL, label);
    kc_values_set_text(&request.message.values, KC_FIELD_ROLE, "application");
    return kc_client_send(client, &request, 30000, &id) == KC_OK ? id : 0;
}

static bool receive_key(uint64_t request, char *id)
{
    struct kc_client_answer *answer = NULL;
    bool made = request != 0 && kc_client_receive(client, request, 30000, &answer) == KC_OK;
    if (made) {
        const struct kc_values *values = &kc_client_answer_message(answer)->values;
        memcpy(id, values->value[KC_FIELD_KEY].span.bytes, values->value[KC_FIELD_KEY].span.size);
        id[values->value[KC_FIELD_KEY].span.size] = '\0';
    }
    kc_client_answer_free(answer);
    return made;
}

/* Kills a process at a time while keys are made; what was acknowledged is there afterwards. */
static void keeps_every_acknowledged_key(size_t kills)
{
    static char ids[200 * (AT_ONCE + 1)][KC_RECORD_ID_SIZE];
    size_t count = 0;
    srandom(1);
    for (size_t i = 0; i < kills; i++) {
        char label[32];
        uint64_t requests[AT_ONCE];
        snprintf(label, sizeof label, "first-%zu", i);
        assert_int_equal(kc_view_generate_when_back(client, label, ids[count++]), KC_OK);
        for (size_t j = 0; j < AT_ONCE; j++) {
            snprintf(label, sizeof label, "key-%zu-%zu", i, j);
            requests[j] = send_generate(label);
        }
        poll(NULL, 0, (int)(random() % 32)); /* somewhere in the middle of them */
        pid_t pid = kc_view_process(&custodian, programs[(size_t)random() % PROGRAMS]);
        if (pid != 0)
            kill(pid, SIGKILL);
        for (size_t j = 0; j < AT_ONCE; j++)
            count += receive_key(requests[j], ids[count]);
    }
    for (size_t i = 0; i < count; i++)
        assert_int_equal(kc_view_sign_when_back(client, ids[i]), KC_OK);
    print_message("%zu keys were acknowledged\n", count);
}

static void keeps_every_acknowledged_key_through_some_kills(void **state)
{
    (void)state;
    keeps_every_acknowledged_key(8);
}

static void keeps_every_acknowledged_key_through_200_kills(void **state)
{
    (void)state;
    keeps_every_acknowledged_key(200);
}

static void ends_with_its_supervisor_and_starts_on_what_it_left(void **state)
{
    (void)state;
    char id[KC_RECORD_ID_SIZE];
    pid_t pids[PROGRAMS];
    assert_int_equal(kc_view_generate(client, "key", id), KC_OK);
    for (size_t i = 0; i < PROGRAMS; i++)
        pids[i] = kc_view_process(&custodian, programs[i]);
    kill(custodian.pid, SIGKILL);
    waitpid(custodian.pid, NULL, 0);
    custodian.pid = 0;
    for (size_t i = 0; i < PROGRAMS; i++)
        while (kill(pids[i], 0) == 0)
            usleep(1000); /* nobody tells when somebody else's child is gone */
    struct stat status;
    assert_int_equal(stat(custodian.socket, &status), 0); /* stale: it was not removed */
    kc_custodian_start(&custodian);
    assert_int_equal(kc_view_sign_when_back(client, id), KC_OK);
}

/* --- the end --- */

static void answers_what_is_in_flight_before_it_ends(void **state)
{
    (void)state;
    enum { REQUESTS = 8 };
    struct kc_client_request request;
    uint64_t ids[REQUESTS];
    int status = -1;
    for (size_t i = 0; i < REQUESTS; i++) {
        char label[16];
        snprintf(label, sizeof label, "key-%zu", i);
        kc_client_request_init(&request, KC_OPERATION_KEY_GENERATE);
        kc_values_set_text(&request.message.values, KC_FIELD_ALGORITHM, "Ed448");
        kc_values_set_text(&request.message.values, KC_FIELD_KEYRING, "test");
        kc_values_set_text(&request.message.values, KC_FIELD_LABEL, label);
        assert_int_equal(kc_client_send(client, &request, 30000, &ids[i]), KC_OK);
    }
    /* the desk reads in order: when it answers this, it has read the others */
    kc_client_request_init(&request, KC_OPERATION_PING);
    kc_values_set_text(&request.message.values, KC_FIELD_THROUGH, "desk");
    struct kc_client_answer *answer = NULL;
    assert_int_equal(kc_client_call(client, &request, 30000, &answer), KC_OK);
    kc_client_answer_free(answer);
    kill(custodian.pid, SIGTERM);
    for (size_t i = 0; i < REQUESTS; i++) {
        assert_int_equal(kc_client_receive(client, ids[i], 30000, &answer), KC_OK);
        kc_client_answer_free(answer);
    }
    waitpid(custodian.pid, &status, 0);
    custodian.pid = 0;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(access(custodian.socket, F_OK), -1);
}

static int run_daemon(const char *arguments)
{
    char command[512];
    snprintf(command, sizeof command, KC_BUILD_DIR "/custodiand --config %s %s >%s/out 2>&1",
        custodian.config, arguments, custodian.folder);
    int status = system(command);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void lets_no_second_custodian_take_its_socket(void **state)
{
    (void)state;
    assert_int_equal(run_daemon(""), KC_CLASS_CONFIG);
    assert_int_equal(kc_view_call(client, KC_OPERATION_STATUS), KC_OK);
}

static void checks_a_configuration_without_starting(void **state)
{
    (void)state;
    assert_int_equal(run_daemon("--check"), 0);
    FILE *file = fopen(custodian.config, "a");
    fputs("colour = \"red\";\n", file);
    fclose(file);
    assert_int_equal(run_daemon("--check"), KC_CLASS_CONFIG);
    assert_int_equal(run_daemon("--check --provision"), KC_CLASS_CALLER);
    assert_int_equal(run_daemon("--colour"), KC_CLASS_CALLER);
    assert_int_equal(chmod(custodian.config, 0666), 0);
    assert_int_equal(run_daemon(""), KC_CLASS_CONFIG);
}

/* --- the hardware root --- */

static void answers_that_the_root_is_gone_until_it_is_back(void **state)
{
    (void)state;
    char id[KC_RECORD_ID_SIZE];
    kc_swtpm_kill(&custodian.tpm);
    assert_int_equal(kc_view_generate(client, "key", id), KC_ERR_ROOT_UNAVAILABLE);
    assert_int_equal(kc_view_call(client, KC_OPERATION_STATUS), KC_OK);
    kc_swtpm_start(&custodian.tpm);
    assert_int_equal(kc_view_generate_when_back(client, "key", id), KC_OK);
}

static void comes_up_without_a_root(void **state)
{
    (void)state;
    char id[KC_RECORD_ID_SIZE];
    kc_custodian_stop(&custodian);
    kc_swtpm_kill(&custodian.tpm);
    kc_custodian_start(&custodian);
    assert_int_equal(kc_view_generate(client, "key", id), KC_ERR_ROOT_UNAVAILABLE);
    assert_int_equal(kc_view_call(client, KC_OPERATION_DOCTOR), KC_OK);
    kc_swtpm_start(&custodian.tpm);
    assert_int_equal(kc_view_generate_when_back(client, "key", id), KC_OK);
}

/* --- the store --- */

static const char *store_path(const char *file)
{
    static char path[160];
    snprintf(path, sizeof path, "%s/store%s", custodian.folder, file);
    return path;
}

static bool on_small_disk(unsigned long flags)
{
    static const char options[] = "size=300k,mode=0700,uid=64801,gid=64801";
    return mount("none", store_path(""), "tmpfs", flags, options) == 0;
}

static void says_that_the_store_is_full_and_works_on(void **state)
{
    (void)state;
    char id[KC_RECORD_ID_SIZE], first[KC_RECORD_ID_SIZE], label[16];
    enum kc_error error = KC_OK;
    kc_custodian_stop(&custodian);
    if (!on_small_disk(0))
        skip();
    kc_custodian_start(&custodian);
    assert_int_equal(kc_view_generate(client, "first", first), KC_OK);
    for (size_t i = 0; error == KC_OK && i < 500; i++) {
        snprintf(label, sizeof label, "key-%zu", i);
        error = kc_view_generate(client, label, id);
    }
    enum kc_error signing = kc_view_sign(client, first);
    kc_custodian_stop(&custodian);
    assert_int_equal(umount(store_path("")), 0);
    assert_int_equal(error, KC_ERR_STORE_FULL);
    assert_int_equal(signing, KC_OK);
}

static void says_that_the_store_cannot_be_written(void **state)
{
    (void)state;
    char id[KC_RECORD_ID_SIZE];
    kc_custodian_stop(&custodian);
    if (!on_small_disk(MS_RDONLY))
        skip();
    kc_custodian_start(&custodian);
    enum kc_error error = kc_view_generate(client, "key", id);
    enum kc_error status = kc_view_call(client, KC_OPERATION_DOCTOR);
    kc_custodian_stop(&custodian);
    assert_int_equal(umount(store_path("")), 0);
    assert_int_equal(error, KC_ERR_STORE_READ_ONLY);
    assert_int_equal(status, KC_OK);
}

/* Another value of the same type: a number one higher, a text one longer, a blob of another first
 * octet. */
static const char flip[] =
    "UPDATE records SET \"%1$.31s\" = CASE typeof(\"%1$.31s\")"
    " WHEN 'integer' THEN \"%1$.31s\" + 1"
    " WHEN 'text' THEN \"%1$.31s\" || 'x'"
    " ELSE CAST((CASE WHEN substr(\"%1$.31s\", 1, 1) = x'01' THEN x'02' ELSE x'01' END)"
    " || ifnull(substr(\"%1$.31s\", 2), '') AS BLOB) END WHERE label = 'key-%1$.31s'";

static size_t column_names(sqlite3 *database, char names[][32], size_t limit)
{
    sqlite3_stmt *statement = NULL;
    size_t count = 0;
    const char sql[] = "SELECT name FROM pragma_table_info('records')";
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    while (count < limit && sqlite3_step(statement) == SQLITE_ROW)
        snprintf(names[count++], 32, "%s", (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return count;
}

static void refuses_a_record_of_which_any_column_was_changed(void **state)
{
    (void)state;
    char names[64][32], ids[64][KC_RECORD_ID_SIZE], good[KC_RECORD_ID_SIZE], label[48], sql[1024];
    sqlite3 *database = NULL;
    assert_int_equal(kc_view_generate(client, "good", good), KC_OK);
    kc_custodian_stop(&custodian);
    assert_int_equal(sqlite3_open(store_path("/custodian.db"), &database), SQLITE_OK);
    size_t count = column_names(database, names, 64);
    sqlite3_close(database);
    assert_true(count > 25);

    kc_custodian_start_with(&custodian, &client);
    for (size_t i = 0; i < count; i++) {
        snprintf(label, sizeof label, "key-%.31s", names[i]);
        assert_int_equal(kc_view_generate(client, label, ids[i]), KC_OK);
    }
    kc_custodian_stop(&custodian);
    assert_int_equal(sqlite3_open(store_path("/custodian.db"), &database), SQLITE_OK);
    for (size_t i = 0; i < count; i++) {
        snprintf(sql, sizeof sql, flip, names[i]);
        assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_changes(database), 1);
    }
    sqlite3_close(database);

    kc_custodian_start_with(&custodian, &client);
    for (size_t i = 0; i < count; i++) {
        enum kc_error error = kc_view_sign(client, ids[i]);
        if (error != KC_ERR_REFUSED && error != KC_ERR_RECORD_DAMAGED)
            fail_msg("column %s: %s", names[i], kc_error_name(error));
    }
    assert_int_equal(kc_view_sign(client, good), KC_OK);
}

/* It takes the minute that it leaves to others. */
static void opens_its_store_by_itself_when_nobody_uses_it(void **state)
{
    (void)state;
    char id[KC_RECORD_ID_SIZE], line[256];
    assert_int_equal(kc_view_generate(client, "key", id), KC_OK);
    kc_custodian_stop(&custodian);
    kc_custodian_start(&custodian);
    snprintf(line, sizeof line, "timeout 90 bash -c 'grep -q note=opened <(tail -n +1 -f \"%s\")'",
        custodian.log);
    assert_int_equal(system(line), 0); /* NOLINT(cert-env33-c): commands of the tests */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int count, char **values)
{
    const struct CMUnitTest tests[] = {
        CASE(lists_every_key_whatever_the_count),
        CASE(gives_no_process_more_than_it_needs),
        CASE(refuses_a_caller_whom_no_rule_names),
        CASE(starts_again_just_the_process_that_died),
        CASE(keeps_a_connection_while_the_vault_is_started_again),
        CASE(keeps_every_acknowledged_key_through_some_kills),
        CASE(ends_with_its_supervisor_and_starts_on_what_it_left),
        CASE(answers_what_is_in_flight_before_it_ends),
        CASE(lets_no_second_custodian_take_its_socket),
        CASE(checks_a_configuration_without_starting),
        CASE(answers_that_the_root_is_gone_until_it_is_back),
        CASE(comes_up_without_a_root),
        CASE(says_that_the_store_is_full_and_works_on),
        CASE(says_that_the_store_cannot_be_written),
        CASE(refuses_a_record_of_which_any_column_was_changed),
    };
    const struct CMUnitTest long_tests[] = {CASE(keeps_every_acknowledged_key_through_200_kills),
        CASE(opens_its_store_by_itself_when_nobody_uses_it)};

    if (count > 1 && strcmp(values[1], "long") == 0)
        return cmocka_run_group_tests(long_tests, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
