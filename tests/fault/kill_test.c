/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes killed in the middle of work, again and again, while several clients make, use, destroy
 * and split keys. What was acknowledged holds: each key works, each destroyed one stays so, a split
 * key is in one share and nowhere whole.
 */
#include "tests/fault/client.h"
#include "tests/fault/processes.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENTS 4
#define KEYS_MAX 40 /* of one client: older ones are checked and dropped */

enum fate { ALIVE, DESTROYED, SPLIT, UNKNOWN };

/* UNKNOWN: a change was under way when the answer was lost; either may have come of it. */
struct entry {
    struct key key;
    struct split split;
    enum fate fate;
};

struct worker {
    pthread_t thread;
    unsigned seed;
    unsigned made; /* labels */
    size_t count;
    struct entry entries[KEYS_MAX];
    char failure[160];
};

static struct kc_custodian custodian, partner;
static struct kc_client *service; /* of partner, where the second shares go; it is left alone */
static struct key wrap;
static struct worker workers[CLIENTS];
static atomic_bool working;
static atomic_uint done; /* acknowledged changes */
static atomic_uint splits_done;
static int rounds = 20;

/* --- one client's work; it may not end the test itself --- */

static bool is_expected(enum kc_error error)
{
    return error == KC_OK || error == KC_ERR_UNAVAILABLE || error == KC_ERR_CONNECTION_LOST ||
           error == KC_ERR_DAEMON_ABSENT || error == KC_ERR_ROOT_UNAVAILABLE ||
           error == KC_ERR_TIMED_OUT;
}

static void note(struct worker *worker, const char *what, enum kc_error error)
{
    if (!is_expected(error) && worker->failure[0] == '\0')
        snprintf(worker->failure, sizeof worker->failure, "%s: %s", what, kc_error_name(error));
}

static void make(struct worker *worker, struct kc_client *client)
{
    static const char *const algorithms[] = {"Ed25519", "X25519", "Ed448", "X448"};
    static const char *const residences[] = {"sealed", "wrapped"};
    char label[48];
    struct key key;
    unsigned kind = (unsigned)rand_r(&worker->seed);
    snprintf(label, sizeof label, "%u of %zu", worker->made++, (size_t)(worker - workers));
    enum kc_error error = generate(
        client, algorithms[kind % 4], "application", residences[kind / 4 % 2], label, &key);
    note(worker, "generate", error);
    if (error != KC_OK)
        return;
    worker->entries[worker->count++] = (struct entry){.key = key, .fate = ALIVE};
    atomic_fetch_add(&done, 1);
}

static void change(struct worker *worker, struct kc_client *client, struct entry *entry)
{
    bool splits = rand_r(&worker->seed) % 2 != 0;
    entry->fate = UNKNOWN;
    enum kc_error error = splits ? split_key(client, &entry->key, wrap.id, &entry->split)
                                 : destroy_key(client, entry->key.id);
    if (splits && error == KC_ERR_OPERATOR_WAIT)
        error = KC_ERR_UNAVAILABLE; /* tries that were cut off count as wrong ones: so it waits */
    if (splits && (error == KC_ERR_CONFLICT || error == KC_ERR_LIMIT))
        error = KC_ERR_UNAVAILABLE; /* another's try of the PIN came between */
    note(worker, splits ? "split" : "destroy", error);
    if (error == KC_OK) {
        entry->fate = splits ? SPLIT : DESTROYED;
        atomic_fetch_add(&splits_done, splits);
        atomic_fetch_add(&done, 1);
    } else if (error == KC_ERR_UNAVAILABLE || error == KC_ERR_DAEMON_ABSENT ||
               error == KC_ERR_ROOT_UNAVAILABLE) {
        entry->fate = ALIVE; /* nothing was done: they say so */
    }
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct kc_client *client;
    if (kc_client_new(custodian.socket, &client) != KC_OK)
        abort();
    while (atomic_load(&working) && worker->failure[0] == '\0') {
        struct entry *entry = worker->count > 0
                                  ? &worker->entries[(size_t)rand_r(&worker->seed) % worker->count]
                                  : NULL;
        int act = rand_r(&worker->seed) % 4;
        if (!entry || (act == 0 && worker->count < KEYS_MAX))
            make(worker, client);
        else if (entry->fate == ALIVE && act == 1)
            change(worker, client, entry);
        else if (entry->fate == ALIVE)
            note(worker, "use", use_key(client, &entry->key));
        else
            note(worker, "ping", ASK_NOTHING(client, PING, NULL));
    }
    kc_client_free(client);
    return NULL;
}

/* --- what holds afterwards --- */

static void assert_entry(struct kc_client *client, struct entry *entry)
{
    enum kc_error whole = use_key(client, &entry->key);
    if (entry->fate == ALIVE) {
        assert_answer(whole, KC_OK);
    } else if (entry->fate == DESTROYED) {
        assert_answer(whole, KC_ERR_REFUSED);
    } else if (entry->fate == UNKNOWN) {
        assert_true(whole == KC_OK || whole == KC_ERR_REFUSED);
    } else {
        assert_answer(whole, KC_ERR_REFUSED);
        if (entry->split.service.id[0] == '\0')
            assert_answer(
                accept_share(service, wrap.id, entry->split.first.id, &entry->split), KC_OK);
        assert_answer(use_split(client, service, &entry->split), KC_OK);
    }
}

static size_t count_shares_of(struct kc_client *client, const char *group)
{
    struct kc_client_answer *answer;
    assert_answer(ASK(client, KEY_LIST, &answer, TEXT(GROUP, group), TEXT(ROLE, "share")), KC_OK);
    size_t count = kc_client_answer_message(answer)->item_count;
    kc_client_answer_free(answer);
    return count;
}

/* A split that nobody heard of: whole and no share, or one share and not whole. */
static void assert_settled(struct kc_client *client, const struct entry *entry)
{
    bool whole = use_key(client, &entry->key) == KC_OK;
    size_t shares = count_shares_of(client, entry->key.id);
    assert_true(whole ? shares == 0 : shares <= 1);
}

static void check(void)
{
    struct kc_client *client = connect_to(&custodian);
    for (size_t i = 0; i < CLIENTS; i++) {
        struct worker *worker = &workers[i];
        if (worker->failure[0] != '\0')
            fail_msg("client %zu: %s", i, worker->failure);
        for (size_t j = 0; j < worker->count; j++) {
            assert_entry(client, &worker->entries[j]);
            if (worker->entries[j].fate == UNKNOWN)
                assert_settled(client, &worker->entries[j]);
        }
        if (worker->count > KEYS_MAX / 2)
            worker->count = 0; /* they were checked; there is room again */
    }
    kc_client_free(client);
}

/* --- the rounds --- */

static int set_up(void **state)
{
    (void)state;
    kc_custodian_init(&custodian, "\"home\"");
    struct kc_client *client = connect_to(&custodian);
    set_pin(client);
    kc_custodian_init(&partner, "\"home\"");
    service = connect_to(&partner);
    enrol_service(client, service, &wrap);
    kc_client_free(client);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kc_client_free(service);
    kc_custodian_done(&partner);
    kc_custodian_done(&custodian);
    return 0;
}

/* After some acknowledged changes, however long they took. */
static void await_changes(unsigned count)
{
    unsigned target = atomic_load(&done) + count;
    while (atomic_load(&done) < target && !workers[0].failure[0] && !workers[1].failure[0] &&
           !workers[2].failure[0] && !workers[3].failure[0])
        sched_yield();
}

static void start_work(unsigned seed)
{
    atomic_store(&working, true);
    for (size_t i = 0; i < CLIENTS; i++) {
        workers[i].seed = seed * CLIENTS + (unsigned)i;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
}

static void end_work(void)
{
    atomic_store(&working, false);
    for (size_t i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
}

/* Those who work are not served until what was killed is back: nobody waits for a time. */
static void await_service(void)
{
    struct kc_client *client = connect_to(&custodian);
    enum kc_error error;
    do
        error = use_key(client, &wrap) == KC_ERR_REFUSED ? KC_OK : KC_ERR_UNAVAILABLE;
    while (error != KC_OK);
    kc_client_free(client);
}

static void what_was_acknowledged_survives_every_kill(void **state)
{
    (void)state;
    unsigned seed = 1;
    for (int round = 0; round < rounds; round++) {
        enum process victim = (enum process)(rand_r(&seed) % PROCESSES);
        start_work((unsigned)round);
        await_changes(1 + (unsigned)rand_r(&seed) % 4);
        kill_process(&custodian, victim);
        if (victim == SUPERVISOR)
            kc_custodian_start(&custodian);
        await_service();
        await_changes(1);
        end_work();
        await_service();
        check();
    }
    print_message("%u changes were acknowledged, %u of them splits\n", atomic_load(&done),
        atomic_load(&splits_done));
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_acknowledged_survives_every_kill),
    };
    if (count > 1)
        rounds = atoi(arguments[1]);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
