/* SPDX-License-Identifier: Apache-2.0 */
/* A root is replaced by another: all of it, and with the vault killed at each of its steps. */
#include "tests/vault/bench.h"

#include "custodian/vault/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEALED 7
#define WRAPPED 2
#define KEYS (SEALED + WRAPPED)
#define STEPS_MAX 200 /* of any ceremony here */

static char *keys[KEYS];

static char *generate(
    struct bench *bench, const char *label, const char *residence, const char *root)
{
    struct ask ask = ask_new(KC_OPERATION_KEY_GENERATE);
    ask_text(&ask, KC_FIELD_ALGORITHM, "Ed25519");
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_LABEL, label);
    ask_text(&ask, KC_FIELD_RESIDENCE, residence);
    if (root)
        ask_text(&ask, KC_FIELD_KEY_ROOT, root);
    struct answer *answer = bench_ask(bench, &ask);
    assert_int_equal(answer->error, KC_OK);
    char *id = strdup(answer_text(answer, KC_FIELD_KEY));
    answer_done(answer);
    return id;
}

/* Two roots; most keys are of the first, which is the vault's own. */
static struct bench *two_roots(void)
{
    struct bench *bench = bench_new();
    bench_add_root(bench, "next");
    bench_restart(bench);
    bench_set_pin(bench);
    for (size_t i = 0; i < KEYS; i++) {
        char label[8];
        snprintf(label, sizeof label, "key-%zu", i);
        keys[i] = generate(bench, label, i < SEALED ? "sealed" : "wrapped", i == 0 ? "next" : NULL);
    }
    return bench;
}

static void done(struct bench *bench)
{
    for (size_t i = 0; i < KEYS; i++)
        free(keys[i]);
    bench_free(bench);
}

static struct ask replace_ask(const char *from, const char *to, bool with_pin)
{
    struct ask ask = ask_new(KC_OPERATION_ROOT_REPLACE);
    ask_text(&ask, KC_FIELD_KEY_ROOT, from);
    ask_text(&ask, KC_FIELD_NEW_ROOT, to);
    if (with_pin)
        ask_secret(&ask, KC_FIELD_PIN, BENCH_PIN, strlen(BENCH_PIN));
    return ask;
}

static void drop(struct ask *ask)
{
    kc_descriptors_close(&ask->descriptors);
}

/* One request; false: the vault died. */
static bool ask_once(struct bench *bench, bool with_pin, enum kc_error *error, bool *has_more)
{
    struct ask ask = replace_ask("main", "next", with_pin);
    uint64_t ticket = bench_send(bench, &ask);
    bench_pump(bench);
    drop(&ask);
    struct answer *answer = bench_take(bench, ticket);
    bool lives = answer != NULL && !bench->is_dead;
    if (answer) {
        *error = answer->error;
        *has_more = answer->error == KC_OK && answer_value(answer, KC_FIELD_MORE)->number != 0;
        answer_done(answer);
    }
    return lives;
}

/* Requests until it is done, the first with the PIN if that is asked for; false: the vault died. */
static bool replace_all(struct bench *bench)
{
    enum kc_error error = KC_OK;
    bool has_more = true;
    for (int i = 0; has_more; i++) {
        assert_true(i < STEPS_MAX);
        if (!ask_once(bench, false, &error, &has_more))
            return false;
        if (error == KC_ERR_OPERATOR_PROOF && !ask_once(bench, true, &error, &has_more))
            return false;
        assert_int_equal(error, KC_OK);
    }
    return true;
}

/* All seals are the new root's, the former one has nothing and is not needed. */
static void expect_replaced(struct bench *bench)
{
    for (size_t i = 0; i < bench->record_count; i++) {
        const struct kc_record *record = &bench->records[i];
        if (record->seal_size == 0)
            continue;
        assert_string_equal(record->root, "next");
        assert_int_equal(record->seal[1], 'c');
    }
    assert_false(bench->heads[0].is_there);
    assert_true(bench->heads[1].is_there);
    assert_true(bench->retired[0]);
    bench->root_errors[0] = KC_ERR_ROOT_UNAVAILABLE;
    bench_restart(bench);
    for (size_t i = 0; i < KEYS; i++)
        bench_expect_sign(bench, keys[i], KC_OK);
    free(generate(bench, "later", "sealed", NULL));
    bench->root_errors[0] = KC_OK;
}

static void a_root_is_replaced_and_every_key_works_by_the_new_one_alone(void **state)
{
    (void)state;
    struct bench *bench = two_roots();
    struct bench_copy *before = bench_copy(bench);
    assert_true(replace_all(bench));
    expect_replaced(bench);
    /* a copy of the store from before does not bring the former root back */
    bench_restore(bench, before);
    bench->retired[0] = false;
    bench_restart(bench);
    bench_expect_sign(bench, keys[1], KC_ERR_ROOT_HEAD);
    free(before);
    done(bench);
}

/* Dies at the n-th place, starts again, goes on; false: there is no such place. */
static bool survives(size_t commit, bool stored, size_t root)
{
    struct bench *bench = two_roots();
    bench->dies_at_commit = commit;
    bench->dies_stored = stored;
    bench->dies_at_root = root;
    bool lived = replace_all(bench);
    if (!lived) {
        bench_restart(bench);
        for (size_t i = 0; i < KEYS; i++) /* also in between each has its root */
            bench_expect_sign(bench, keys[i], KC_OK);
        assert_true(replace_all(bench));
    }
    expect_replaced(bench);
    done(bench);
    return !lived;
}

static void killed_with_each_commit_it_goes_on_without_a_rollback(void **state)
{
    (void)state;
    for (int stored = 0; stored < 2; stored++) {
        size_t deaths = 0;
        while (survives(deaths + 1, stored == 1, 0))
            deaths++;
        assert_true(deaths >= 6); /* try, begin, keys, own, head, end */
    }
}

static void killed_after_each_thing_that_a_root_did_it_goes_on(void **state)
{
    (void)state;
    size_t deaths = 0;
    while (survives(0, false, deaths + 1))
        deaths++;
    assert_true(deaths > SEALED);
}

static void an_older_store_is_a_rollback_at_every_point_of_a_replacement(void **state)
{
    (void)state;
    struct bench *bench = two_roots();
    bench->config.freshness.interval_s = 0;
    bench_restart(bench);
    struct bench_copy *points[STEPS_MAX];
    size_t count = 0;
    for (size_t n = 1; count == n - 1; n++) { /* a copy after each commit that was stored */
        bench->dies_at_commit = n == 1 ? 1 : 2;
        bench->dies_stored = true;
        points[count] = bench_copy(bench);
        if (!replace_all(bench))
            count++;
        if (bench->is_dead) {
            bench_restart(bench);
            bench_expect_sign(bench, keys[0], KC_OK); /* the start makes a head, and anchors it */
        }
    }
    assert_true(count > 4);
    for (size_t i = 0; i <= count; i++) {
        bench_restore(bench, points[i]);
        bench_restart(bench);
        struct ask ask = ask_new(KC_OPERATION_KEY_SIGN);
        ask_text(&ask, KC_FIELD_KEY, keys[0]);
        ask_octets(&ask, KC_FIELD_MESSAGE, "m", 1);
        struct answer *answer = bench_ask(bench, &ask);
        assert_true(answer->error == KC_ERR_STORE_ROLLED_BACK ||
                    answer->error == KC_ERR_ROOT_HEAD || answer->error == KC_ERR_ROOT_CHANGED);
        answer_done(answer);
        free(points[i]);
    }
    done(bench);
}

static void it_begins_with_the_operators_pin_alone(void **state)
{
    (void)state;
    struct bench *bench = two_roots();
    struct ask ask = replace_ask("main", "next", false);
    bench_expect(bench, &ask, KC_ERR_OPERATOR_PROOF);
    ask = replace_ask("main", "next", false);
    ask_secret(&ask, KC_FIELD_PIN, "not the PIN", 11);
    bench_expect(bench, &ask, KC_ERR_OPERATOR_PROOF);
    drop(&ask);
    struct kc_replacement none = kc_ledger_replacement(bench->vault);
    assert_string_equal(none.from, "");
    done(bench);
}

static void roots_that_cannot_replace_are_refused_before_anything_is_done(void **state)
{
    (void)state;
    struct bench *bench = two_roots();
    static const struct {
        const char *from, *to;
    } wrong[] = {{"main", "main"}, {"main", "none"}, {"none", "next"}};
    size_t commits = bench->commits;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct ask ask = replace_ask(wrong[i].from, wrong[i].to, true);
        bench_expect(bench, &ask, KC_ERR_BAD_ARGUMENT);
        drop(&ask);
    }
    struct ask ask = replace_ask("main", "next", true);
    bench->root_errors[1] = KC_ERR_ROOT_UNAVAILABLE;
    bench_expect(bench, &ask, KC_ERR_ROOT_UNAVAILABLE);
    bench->root_errors[1] = KC_OK;
    bench->heads[1].is_there = true; /* of another store */
    bench_expect(bench, &ask, KC_ERR_ROOT_HEAD_TAKEN);
    assert_int_equal(bench->commits, commits);
    drop(&ask);
    done(bench);
}

static void begin(struct bench *bench)
{
    enum kc_error error;
    bool has_more;
    bench->dies_at_commit = 3; /* the PIN's count, then the beginning, then the first keys */
    assert_false(ask_once(bench, true, &error, &has_more));
    bench_restart(bench);
}

static void while_a_root_is_replaced_nothing_new_is_put_under_it(void **state)
{
    (void)state;
    struct bench *bench = two_roots();
    begin(bench);
    char *id = generate(bench, "new", "sealed", NULL);
    assert_string_equal(bench_record(bench, KC_KIND_KEY, id)->root, "next");
    struct ask ask = ask_new(KC_OPERATION_KEY_GENERATE);
    ask_text(&ask, KC_FIELD_ALGORITHM, "Ed25519");
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_LABEL, "refused");
    ask_text(&ask, KC_FIELD_KEY_ROOT, "main");
    bench_expect(bench, &ask, KC_ERR_CONFLICT);
    ask = ask_new(KC_OPERATION_STORE_ROTATE);
    bench_expect(bench, &ask, KC_ERR_CONFLICT);
    ask = replace_ask("next", "main", true);
    bench_expect(bench, &ask, KC_ERR_CONFLICT);
    drop(&ask);
    assert_true(replace_all(bench));
    expect_replaced(bench);
    free(id);
    done(bench);
}

static void a_former_root_that_goes_away_stops_it_until_it_is_back(void **state)
{
    (void)state;
    struct bench *bench = two_roots();
    enum kc_error error;
    bool has_more;
    begin(bench);
    bench_expect_sign(bench, keys[1], KC_OK);
    bench->root_errors[0] = KC_ERR_ROOT_UNAVAILABLE;
    assert_true(ask_once(bench, false, &error, &has_more));
    assert_int_equal(error, KC_ERR_ROOT_UNAVAILABLE);
    bench_expect_sign(bench, keys[0], KC_OK);
    bench->root_errors[0] = KC_OK;
    assert_true(replace_all(bench));
    expect_replaced(bench);
    done(bench);
}

static void one_that_is_abandoned_leaves_each_key_where_it_is(void **state)
{
    (void)state;
    struct bench *bench = two_roots();
    bench->dies_at_commit = 5; /* the PIN's count, the beginning, two keys */
    enum kc_error error;
    bool has_more;
    assert_false(ask_once(bench, true, &error, &has_more));
    bench_restart(bench);
    struct ask ask = replace_ask("main", "next", false);
    ask_text(&ask, KC_FIELD_MODE, "abandon");
    bench_expect(bench, &ask, KC_ERR_OPERATOR_PROOF);
    ask_secret(&ask, KC_FIELD_PIN, BENCH_PIN, strlen(BENCH_PIN));
    bench_expect(bench, &ask, KC_OK);
    drop(&ask);
    size_t moved = 0;
    for (size_t i = 0; i < KEYS; i++)
        moved += strcmp(bench_record(bench, KC_KIND_KEY, keys[i])->root, "next") == 0;
    assert_int_equal(moved, 1 + 2);
    bench_restart(bench);
    for (size_t i = 0; i < KEYS; i++)
        bench_expect_sign(bench, keys[i], KC_OK);
    assert_true(bench->heads[0].is_there);
    assert_false(bench->retired[0]);
    done(bench);
}

static void a_root_beside_the_vaults_own_is_replaced_without_the_head(void **state)
{
    (void)state;
    struct bench *bench = two_roots();
    struct ask ask = replace_ask("next", "main", true);
    struct answer *answer = bench_ask(bench, &ask);
    assert_int_equal(answer->error, KC_OK);
    assert_int_equal(answer_value(answer, KC_FIELD_MORE)->number, 0);
    assert_int_equal(answer_value(answer, KC_FIELD_RECORDS)->number, 1);
    answer_done(answer);
    drop(&ask);
    assert_true(bench->retired[1]);
    assert_true(bench->heads[0].is_there);
    bench_restart(bench);
    for (size_t i = 0; i < KEYS; i++)
        bench_expect_sign(bench, keys[i], KC_OK);
    done(bench);
}

/* The store just before the vault's own secret moves, and with that step: of both, one goes on. */
static bool fork_at(struct bench *bench, size_t commit, struct bench_copy *sides[2])
{
    struct ask ask = replace_ask("main", "next", true);
    bench->holds_stored = true;
    bench->holds_after = commit;
    (void)bench_send(bench, &ask);
    bench_pump(bench);
    drop(&ask);
    sides[0] = bench_copy(bench);
    bench_store_unheard(bench);
    sides[1] = bench_copy(bench);
    bench->holds_stored = false;
    for (size_t i = 0; i < bench->record_count; i++)
        if (bench->records[i].kind == KC_KIND_VAULT)
            return strcmp(bench->records[i].root, "next") == 0;
    return false;
}

/* Goes on with one side, in which a key is disabled; the other side does not know of it. */
static void expect_one_side(struct bench *bench, struct bench_copy *sides[2], size_t goes_on)
{
    struct ask disable = ask_new(KC_OPERATION_KEY_DISABLE);
    struct ask sign = ask_new(KC_OPERATION_KEY_SIGN);
    bench_restore(bench, sides[goes_on]);
    bench_restart(bench);
    ask_text(&disable, KC_FIELD_KEY, keys[1]);
    bench_expect(bench, &disable, KC_OK);
    bench_expect_sign(bench, keys[1], KC_ERR_REFUSED);
    bench_restore(bench, sides[1 - goes_on]);
    bench_restart(bench);
    ask_text(&sign, KC_FIELD_KEY, keys[1]);
    ask_octets(&sign, KC_FIELD_MESSAGE, "m", 1);
    bench_expect(bench, &sign, KC_ERR_ROOT_HEAD);
}

static void what_a_desk_keeps_of_the_step_in_the_middle_is_no_store_later(void **state)
{
    (void)state;
    for (size_t goes_on = 0; goes_on < 2; goes_on++) {
        bool is_found = false;
        for (size_t commit = 1; !is_found; commit++) {
            assert_true(commit < STEPS_MAX);
            struct bench_copy *sides[2];
            struct bench *bench = two_roots();
            bench->config.freshness.interval_s = 0;
            bench_restart(bench);
            is_found = fork_at(bench, commit, sides);
            if (is_found)
                expect_one_side(bench, sides, goes_on);
            free(sides[0]);
            free(sides[1]);
            done(bench);
        }
    }
}

/* --- begun again after it was given up --- */

/* Gives up what is under way, if anything is; false: the vault died. */
static bool abandon(struct bench *bench)
{
    struct ask ask = replace_ask("main", "next", true);
    ask_text(&ask, KC_FIELD_MODE, "abandon");
    uint64_t ticket = bench_send(bench, &ask);
    bench_pump(bench);
    drop(&ask);
    struct answer *answer = bench_take(bench, ticket);
    bool lives = answer != NULL && !bench->is_dead;
    if (answer) {
        assert_true(!lives || answer->error == KC_OK || answer->error == KC_ERR_REFUSED);
        answer_done(answer);
    }
    return lives;
}

/* Dies at the n-th place, is given up, dies in that at the m-th commit (0: never), and is begun again.
 * False: there is no such place, of the one or the other. */
static bool is_begun_again(size_t commit, bool stored, size_t root, size_t abandon_commit)
{
    struct bench *bench = two_roots();
    bench->dies_at_commit = commit;
    bench->dies_stored = stored;
    bench->dies_at_root = root;
    bool dies = !replace_all(bench);
    if (dies) {
        bench_restart(bench);
        bench_open(bench); /* which has a commit of its own */
        bench->dies_at_commit = abandon_commit;
        dies = !abandon(bench) || abandon_commit == 0;
        bench->dies_at_commit = 0;
        bench_restart(bench);
        for (size_t i = 0; i < KEYS; i++)
            bench_expect_sign(bench, keys[i], KC_OK);
        assert_true(abandon(bench));
        assert_true(replace_all(bench));
    }
    expect_replaced(bench);
    done(bench);
    return dies;
}

static void given_up_after_a_kill_with_each_commit_it_is_begun_again(void **state)
{
    (void)state;
    for (int stored = 0; stored < 2; stored++) {
        size_t deaths = 0;
        while (is_begun_again(deaths + 1, stored == 1, 0, 0))
            deaths++;
        assert_true(deaths >= 6);
    }
}

static void given_up_after_a_kill_after_each_thing_that_a_root_did_it_is_begun_again(void **state)
{
    (void)state;
    size_t deaths = 0;
    while (is_begun_again(0, false, deaths + 1, 0))
        deaths++;
    assert_true(deaths > SEALED);
}

static void killed_while_it_is_given_up_it_is_begun_again(void **state)
{
    (void)state;
    for (int stored = 0; stored < 2; stored++)
        for (size_t commit = 2; commit <= 6; commit++) {
            size_t deaths = 0;
            while (is_begun_again(commit, stored == 1, 0, deaths + 1))
                deaths++;
            assert_true(commit < 3 || deaths >= 2); /* the PIN's count, the end */
        }
}

/* Requests until the vault's own secret has moved, and the former root went away just then. */
static void move_own_and_lose_former(struct bench *bench)
{
    enum kc_error error = KC_OK;
    bool has_more;
    const char *home = "main";
    begin(bench);
    for (size_t commit = 1; strcmp(home, "next") != 0; commit++) {
        assert_true(commit < STEPS_MAX);
        bench->dies_at_commit = 1;
        bench->dies_stored = true;
        (void)ask_once(bench, true, &error, &has_more);
        for (size_t i = 0; i < bench->record_count; i++)
            if (bench->records[i].kind == KC_KIND_VAULT)
                home = bench->records[i].root;
        if (strcmp(home, "next") == 0)
            bench->root_errors[0] = KC_ERR_ROOT_UNAVAILABLE;
        bench_restart(bench);
        bench->dies_at_commit = 0;
        bench_open(bench);
    }
}

static void a_root_that_was_away_when_it_was_given_up_loses_its_head_when_it_is_back(void **state)
{
    (void)state;
    struct bench *bench = two_roots();
    struct bench_copy *before = bench_copy(bench);
    move_own_and_lose_former(bench);
    assert_true(abandon(bench));
    assert_true(bench->heads[0].is_there);
    bench_restart(bench);
    bench_expect_sign(bench, keys[1], KC_OK);
    bench->root_errors[0] = KC_OK;
    bench_restart(bench);
    bench_expect_sign(bench, keys[1], KC_OK);
    assert_false(bench->heads[0].is_there);
    bench_restore(bench, before);
    bench_restart(bench);
    bench_expect_sign(bench, keys[1], KC_ERR_ROOT_HEAD);
    free(before);
    done(bench);
}

static void one_that_was_given_up_half_way_can_go_back_instead(void **state)
{
    (void)state;
    struct bench *bench = two_roots();
    begin(bench);
    assert_true(abandon(bench));
    struct ask ask = replace_ask("next", "main", true);
    struct answer *answer = bench_ask(bench, &ask);
    assert_int_equal(answer->error, KC_OK);
    assert_int_equal(answer_value(answer, KC_FIELD_MORE)->number, 0);
    answer_done(answer);
    drop(&ask);
    assert_true(bench->retired[1]);
    bench_restart(bench);
    for (size_t i = 0; i < KEYS; i++)
        bench_expect_sign(bench, keys[i], KC_OK);
    done(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_root_is_replaced_and_every_key_works_by_the_new_one_alone),
        cmocka_unit_test(killed_with_each_commit_it_goes_on_without_a_rollback),
        cmocka_unit_test(killed_after_each_thing_that_a_root_did_it_goes_on),
        cmocka_unit_test(an_older_store_is_a_rollback_at_every_point_of_a_replacement),
        cmocka_unit_test(what_a_desk_keeps_of_the_step_in_the_middle_is_no_store_later),
        cmocka_unit_test(it_begins_with_the_operators_pin_alone),
        cmocka_unit_test(roots_that_cannot_replace_are_refused_before_anything_is_done),
        cmocka_unit_test(while_a_root_is_replaced_nothing_new_is_put_under_it),
        cmocka_unit_test(a_former_root_that_goes_away_stops_it_until_it_is_back),
        cmocka_unit_test(one_that_is_abandoned_leaves_each_key_where_it_is),
        cmocka_unit_test(given_up_after_a_kill_with_each_commit_it_is_begun_again),
        cmocka_unit_test(given_up_after_a_kill_after_each_thing_that_a_root_did_it_is_begun_again),
        cmocka_unit_test(killed_while_it_is_given_up_it_is_begun_again),
        cmocka_unit_test(a_root_that_was_away_when_it_was_given_up_loses_its_head_when_it_is_back),
        cmocka_unit_test(one_that_was_given_up_half_way_can_go_back_instead),
        cmocka_unit_test(a_root_beside_the_vaults_own_is_replaced_without_the_head),
    };
    return cmocka_run_group_tests_name("replace", tests, NULL, NULL);
}
