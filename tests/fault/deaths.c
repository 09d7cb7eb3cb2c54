/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/deaths.h"

#include "custodian/record.h"
#include "tests/fault/client.h"
#include "tests/support/shell.h"

#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MANY 1000000 /* writes: more than anything has */
#define VICTIMS (front ? 4u : 3u)

void ask_by_shell(const struct act *act, struct outcome *outcome)
{
    outcome->status = kc_shell(act->line);
    snprintf(outcome->said, sizeof outcome->said, "%s", kc_shell_said());
}

/* --- all that lasts --- */

static const struct deaths_front *front; /* NULL: there is none */

void deaths_with_front(const struct deaths_front *there)
{
    front = there;
}

/* What stands in both stores. */
struct form {
    uint64_t custodian, front;
};

/* Of a copy of a store as it is at this moment, as after a loss of power. */
static uint64_t sum_of(const char *folder, const char *file, const char *sql)
{
    sqlite3 *database;
    sqlite3_stmt *sum;
    char path[128];
    snprintf(path, sizeof path, "%s/copy/%s", folder, file);
    assert_true(shell("cd %s && rm -rf copy && cp -a store copy", folder));
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &sum, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(sum), SQLITE_ROW);
    uint64_t made = (uint64_t)sqlite3_column_int64(sum, 0);
    sqlite3_finalize(sum);
    sqlite3_close(database);
    return made;
}

/* Which records there are, of which version and state; the operator's record counts the tries of the
 * PIN. Of the front end's, how many rows of each kind. */
static struct form form_of(const struct kc_custodian *custodian)
{
    char sql[160];
    struct form form = {.front = 0};
    snprintf(sql, sizeof sql,
        "SELECT sum((1 << 40) + (kind << 32) + (state << 24) + version) FROM records"
        " WHERE kind <> %d",
        KC_KIND_OPERATOR);
    form.custodian = sum_of(custodian->folder, "custodian.db", sql);
    if (front)
        form.front = sum_of(front->folder, "custodian-mesh.db",
            "SELECT ((SELECT count(*) FROM accounts) << 48) + ((SELECT count(*) FROM frames) << 24)"
            " + ((SELECT count(*) FROM revoked) << 12) + (SELECT count(*) FROM answers)");
    return form;
}

static void keep(const struct kc_custodian *custodian)
{
    assert_true(
        shell("cd %s && rm -rf kept && mkdir kept && cp -a store kept && cp -a %s/tpm2-* kept",
            custodian->folder, custodian->tpm.folder));
    if (front)
        assert_true(shell("cd %s && rm -rf kept && cp -a store kept", front->folder));
}

/* --- ends and starts --- */

static void kill_all(struct kc_custodian *custodian)
{
    if (front)
        front->kill();
    kill_process(custodian, SUPERVISOR);
}

static void start_all(struct kc_custodian *custodian)
{
    stops_offer();
    kc_custodian_start(custodian);
    await_service_of(custodian);
    if (front)
        front->start();
    stops_end_offer();
}

/* Nothing of it is running. */
static void put_back(struct kc_custodian *custodian)
{
    kc_swtpm_kill(&custodian->tpm);
    assert_true(shell("cd %s && rm -rf store && cp -a kept/store . && cp -a kept/tpm2-* %s",
        custodian->folder, custodian->tpm.folder));
    if (front)
        assert_true(shell("cd %s && rm -rf store && cp -a kept store", front->folder));
    kc_swtpm_start(&custodian->tpm);
    start_all(custodian);
}

/* Those who ask are not served until what was killed is back: nobody waits for a time. */
void await_service_of(const struct kc_custodian *custodian)
{
    struct kc_client *client = connect_to(custodian);
    enum kc_error error;
    do {
        sched_yield();
        error = ASK_NOTHING(client, KEY_LIST, NULL);
    } while (error == KC_ERR_UNAVAILABLE || error == KC_ERR_CONNECTION_LOST ||
             error == KC_ERR_DAEMON_ABSENT || error == KC_ERR_ROOT_UNAVAILABLE);
    assert_answer(error, KC_OK);
    kc_client_free(client);
}

#define FRONT PROCESSES /* as a victim */

/* Who dies while somebody is held: all, or one of those whose work it is. */
static enum process victim_of(enum stop_side held, size_t which)
{
    static const enum process victims[STOP_SIDES][4] = {
        [STOP_DESK] = {SUPERVISOR, VAULT, DESK, FRONT},
        [STOP_ROOT] = {SUPERVISOR, VAULT, ROOT, FRONT},
        [STOP_FRONT] = {SUPERVISOR, FRONT, VAULT, DESK},
    };
    return victims[held][which % VICTIMS];
}

/* Kills, and lets who was held and lives go on; all is running again after it. */
static void die(struct kc_custodian *custodian, enum process victim)
{
    if (victim == SUPERVISOR)
        kill_all(custodian);
    else if (victim == FRONT)
        front->kill();
    else
        kill_process(custodian, victim);
    stops_finish();
    if (victim == SUPERVISOR) {
        start_all(custodian);
    } else if (victim == FRONT) {
        stops_offer();
        front->start();
        stops_end_offer();
    }
    await_service_of(custodian);
}

/* --- one death --- */

struct trial {
    struct kc_custodian *custodian;
    const struct act *act;
    struct form before, after;
    char what[200]; /* for messages */
    struct outcome outcome;
};

static void run_act(void *context)
{
    struct trial *trial = context;
    trial->act->ask(trial->act, &trial->outcome);
}

static void assert_works(const struct trial *trial)
{
    if (trial->act->works && kc_shell(trial->act->works) != 0)
        fail_msg("%s: %s: %s", trial->what, trial->act->works, kc_shell_said());
}

/* Half of it is nowhere; and where the front end's store has it, the custodian's has. */
static void check_forms(const struct trial *trial, const struct form *form)
{
    const struct form *before = &trial->before, *after = &trial->after;
    bool is_whole = (form->custodian == before->custodian || form->custodian == after->custodian) &&
                    (form->front == before->front || form->front == after->front);
    bool is_ahead = form->front != before->front && form->custodian != after->custodian;
    if (!trial->act->counts && (!is_whole || is_ahead))
        fail_msg("%s: half of it is there: %llx and %llx, of %llx and %llx, or %llx and %llx",
            trial->what, (unsigned long long)form->custodian, (unsigned long long)form->front,
            (unsigned long long)before->custodian, (unsigned long long)before->front,
            (unsigned long long)after->custodian, (unsigned long long)after->front);
}

/* What the death left, and what comes of the same once more. */
static void check(struct trial *trial)
{
    const struct act *act = trial->act;
    struct form form = form_of(trial->custodian);
    bool is_before = form.custodian == trial->before.custodian;
    bool is_done = form.custodian == trial->after.custodian && form.front == trial->after.front;
    check_forms(trial, &form);
    if (trial->outcome.status == 0 && !is_done && !act->counts)
        fail_msg("%s: it was acknowledged and is not there", trial->what);
    if (is_done && !is_before)
        assert_works(trial);
    trial->outcome.is_again = true;
    run_act(trial);
    trial->outcome.is_again = false;
    bool may_say_so = !is_before || is_done || act->counts;
    bool says_so =
        act->again && trial->outcome.status != 0 && strstr(trial->outcome.said, act->again) != NULL;
    if (trial->outcome.status != 0 && !(may_say_so && says_so))
        fail_msg("%s: %s, and asked again it says %d: %s", trial->what,
            is_before ? "nothing was done" : "it was done", trial->outcome.status,
            trial->outcome.said);
    assert_works(trial);
    if (front && form_of(trial->custodian).front != trial->after.front)
        fail_msg("%s: the front end has not caught up", trial->what);
}

/* Returns false if there are not so many writes: then it was done. It is put back after either. */
static bool die_at(struct trial *trial, uint32_t write, size_t which)
{
    static const char *const sides[STOP_SIDES] = {"the store", "the TPM", "the front end's store"};
    enum stop_side held = stops_run(write, run_act, trial);
    if (held == STOP_SIDES) {
        stops_finish();
    } else {
        enum process victim = victim_of(held, which);
        snprintf(trial->what, sizeof trial->what, "%s, write %u, of %s: %s killed",
            trial->act->name, (unsigned)write, sides[held],
            victim == FRONT ? "custodian-mesh" : process_names[victim]);
        die(trial->custodian, victim);
        check(trial);
    }
    kill_all(trial->custodian);
    put_back(trial->custodian);
    return held != STOP_SIDES;
}

/* --- all of them --- */

/* How many writes it has, and what comes of it. */
static uint32_t count_writes(struct trial *trial)
{
    assert_int_equal(stops_run(MANY, run_act, trial), STOP_SIDES);
    stops_finish();
    if (trial->outcome.status != 0)
        fail_msg("%s: %d: %s", trial->act->name, trial->outcome.status, trial->outcome.said);
    trial->after = form_of(trial->custodian);
    return MANY - stops_left();
}

/* Once, with nobody killed before it was acknowledged: then it is there whatever comes. */
static void ask_in_peace(struct trial *trial)
{
    snprintf(trial->what, sizeof trial->what, "%s, at last", trial->act->name);
    run_act(trial);
    if (trial->outcome.status != 0)
        fail_msg("%s: %d: %s", trial->act->name, trial->outcome.status, trial->outcome.said);
    kill_all(trial->custodian);
    start_all(trial->custodian);
    assert_works(trial);
}

size_t die_of(struct kc_custodian *custodian, const struct act *act, size_t samples)
{
    static size_t turn;
    struct trial trial = {.custodian = custodian, .act = act};
    size_t died = 0;
    if (front)
        front->kill();
    kc_custodian_stop(custodian);
    keep(custodian);
    start_all(custodian);
    trial.before = form_of(custodian);
    uint32_t writes = count_writes(&trial);
    kill_all(custodian);
    put_back(custodian);
    size_t count = samples > 0 && samples < writes ? samples : writes;
    for (size_t i = 0; i < count; i++) /* spread evenly */
        died += die_at(&trial, 1 + (uint32_t)((2 * i + 1) * writes / (2 * count)), turn++);
    ask_in_peace(&trial);
    return died;
}
