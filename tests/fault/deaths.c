/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/deaths.h"

#include "custodian/record.h"
#include "tests/fault/client.h"
#include "tests/support/shell.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MANY 1000000 /* writes: more than anything has */

void ask_by_shell(const struct act *act, struct outcome *outcome)
{
    outcome->status = kc_shell(act->line);
    snprintf(outcome->said, sizeof outcome->said, "%s", kc_shell_said());
}

/* --- all that lasts --- */

/* A copy of it as it is at this moment, as after a loss of power; what stands in it: which records
 * there are, of which version and state. The operator's record counts the tries of the PIN. */
static uint64_t form_of(const struct kc_custodian *custodian)
{
    sqlite3 *database;
    sqlite3_stmt *sum;
    char path[128], sql[160];
    snprintf(path, sizeof path, "%s/copy/custodian.db", custodian->folder);
    snprintf(sql, sizeof sql,
        "SELECT sum((1 << 40) + (kind << 32) + (state << 24) + version) FROM records WHERE kind <> "
        "%d",
        KC_KIND_OPERATOR);
    assert_true(shell("cd %s && rm -rf copy && cp -a store copy", custodian->folder));
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &sum, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(sum), SQLITE_ROW);
    uint64_t form = (uint64_t)sqlite3_column_int64(sum, 0);
    sqlite3_finalize(sum);
    sqlite3_close(database);
    return form;
}

static void keep(const struct kc_custodian *custodian)
{
    assert_true(
        shell("cd %s && rm -rf kept && mkdir kept && cp -a store kept && cp -a %s/tpm2-* kept",
            custodian->folder, custodian->tpm.folder));
}

static void start(struct kc_custodian *custodian)
{
    stops_offer();
    kc_custodian_start(custodian);
    stops_end_offer();
    await_service_of(custodian);
}

/* The custodian is not running. */
static void put_back(struct kc_custodian *custodian)
{
    kc_swtpm_kill(&custodian->tpm);
    assert_true(shell("cd %s && rm -rf store && cp -a kept/store . && cp -a kept/tpm2-* %s",
        custodian->folder, custodian->tpm.folder));
    kc_swtpm_start(&custodian->tpm);
    start(custodian);
}

/* --- ends and starts --- */

/* Those who ask are not served until what was killed is back: nobody waits for a time. */
void await_service_of(const struct kc_custodian *custodian)
{
    struct kc_client *client = connect_to(custodian);
    enum kc_error error;
    do
        error = ASK_NOTHING(client, KEY_LIST, NULL);
    while (error == KC_ERR_UNAVAILABLE || error == KC_ERR_CONNECTION_LOST ||
           error == KC_ERR_DAEMON_ABSENT || error == KC_ERR_ROOT_UNAVAILABLE);
    assert_answer(error, KC_OK);
    kc_client_free(client);
}

/* Who dies while somebody is held: all, or one of the two whose work it is. */
static enum process victim_of(enum stop_side held, size_t which)
{
    static const enum process victims[STOP_SIDES][3] = {
        [STOP_DESK] = {SUPERVISOR, VAULT, DESK},
        [STOP_ROOT] = {SUPERVISOR, VAULT, ROOT},
    };
    return victims[held][which % 3];
}

/* Kills, and lets who was held and lives go on; all is running again after it. */
static void die(struct kc_custodian *custodian, enum process victim)
{
    if (victim == SUPERVISOR) {
        kill_process(custodian, SUPERVISOR);
        stops_finish();
        start(custodian);
        return;
    }
    kill_process(custodian, victim);
    stops_finish();
    await_service_of(custodian);
}

/* --- one death --- */

struct trial {
    struct kc_custodian *custodian;
    const struct act *act;
    uint64_t before, after; /* forms */
    char what[200];         /* for messages */
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

/* What the death left, and what comes of the same once more. */
static void check(struct trial *trial)
{
    const struct act *act = trial->act;
    uint64_t form = form_of(trial->custodian);
    bool was_told = trial->outcome.status == 0;
    bool is_before = form == trial->before, is_after = form == trial->after;
    if (!is_before && !is_after && !act->counts)
        fail_msg("%s: half of it is there (%llx, %llx, %llx)", trial->what,
            (unsigned long long)trial->before, (unsigned long long)form,
            (unsigned long long)trial->after);
    if (was_told && !is_after && !act->counts)
        fail_msg("%s: it was acknowledged and is not there", trial->what);
    if (is_after && !is_before)
        assert_works(trial);
    run_act(trial);
    bool was_done = !is_before || trial->before == trial->after || act->counts;
    bool is_said = was_done && act->again && trial->outcome.status != 0 &&
                   strstr(trial->outcome.said, act->again) != NULL;
    if (trial->outcome.status != 0 && !is_said)
        fail_msg("%s: %s, and asked again it says %d: %s", trial->what,
            is_before ? "nothing was done" : "it was done", trial->outcome.status,
            trial->outcome.said);
    assert_works(trial);
}

/* Returns false if there are not so many writes: then it was done. It is put back after either. */
static bool die_at(struct trial *trial, uint32_t write, size_t which)
{
    static const char *const sides[] = {"the store", "the TPM"};
    enum stop_side held = stops_run(write, run_act, trial);
    if (held == STOP_SIDES) {
        stops_finish();
        kill_process(trial->custodian, SUPERVISOR);
        put_back(trial->custodian);
        return false;
    }
    enum process victim = victim_of(held, which);
    snprintf(trial->what, sizeof trial->what, "%s, write %u, of %s: %s killed", trial->act->name,
        (unsigned)write, sides[held], process_names[victim]);
    die(trial->custodian, victim);
    check(trial);
    kill_process(trial->custodian, SUPERVISOR);
    put_back(trial->custodian);
    return true;
}

/* --- all of them --- */

static void ask_in_peace(struct trial *trial)
{
    snprintf(trial->what, sizeof trial->what, "%s, at last", trial->act->name);
    run_act(trial);
    if (trial->outcome.status != 0)
        fail_msg("%s: %d: %s", trial->act->name, trial->outcome.status, trial->outcome.said);
}

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

size_t die_of(struct kc_custodian *custodian, const struct act *act, size_t samples)
{
    static size_t turn;
    struct trial trial = {.custodian = custodian, .act = act};
    size_t died = 0;
    kc_custodian_stop(custodian);
    keep(custodian);
    start(custodian);
    trial.before = form_of(custodian);
    uint32_t writes = count_writes(&trial);
    kill_process(custodian, SUPERVISOR);
    put_back(custodian);
    for (size_t i = 0; i < (samples ? samples : 3 * (size_t)writes); i++) {
        uint32_t write =
            samples ? 1 + (uint32_t)(writes * (2 * i + 1) / (2 * samples)) : 1 + (uint32_t)i / 3;
        died += die_at(&trial, write, samples ? turn++ : i);
    }
    ask_in_peace(&trial);
    kill_process(custodian, SUPERVISOR);
    start(custodian);
    assert_works(&trial);
    return died;
}
