/* SPDX-License-Identifier: Apache-2.0 */
/* What was destroyed is erased: rotations of the wrapping key, when they are due, and what
 * interrupts them. */
#include "tests/vault/bench.h"

#include "custodian/vault/core.h"

#include <stdlib.h>
#include <string.h>

static void rotate(struct bench *bench)
{
    struct ask ask = ask_new(KC_OPERATION_STORE_ROTATE);
    struct answer *answer = bench_ask(bench, &ask);
    assert_int_equal(answer_value(answer, KC_FIELD_MORE)->number, 0);
    assert_true(answer_value(answer, KC_FIELD_ERASED)->number > 0);
    answer_done(answer);
}

static void make_keys(struct bench *bench, char **keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        keys[i] =
            bench_generate(bench, "Ed25519", "application", (char[]){'k', (char)('a' + i), 0});
}

/* Rule 10.8: an old store with the present root opens nothing. */
static void a_rotated_generation_opens_in_no_old_copy(void **state)
{
    struct bench *bench = *state;
    char *keys[6];
    make_keys(bench, keys, 6);
    struct bench_copy *old = bench_copy(bench);
    bench_expect_key(bench, KC_OPERATION_KEY_DESTROY, keys[5], KC_OK);
    rotate(bench);
    size_t halves = 0; /* of wrapping keys, in the root as it has them now */
    for (size_t i = 0; i < KC_GENERATIONS; i++)
        halves += bench->vault->ledger.anchor->generations[i].number != 0;
    assert_int_equal(halves, 1);
    for (int restarts = 0; restarts < 2; restarts++) {
        for (size_t i = 0; i < 5; i++)
            bench_expect_sign(bench, keys[i], KC_OK);
        bench_expect_sign(bench, keys[5], KC_ERR_REFUSED);
        bench_restart(bench);
    }
    bench_expect_sign(bench, keys[0], KC_OK);
    for (size_t i = 0; i < 6; i++) { /* even past all that notices the rollback */
        struct kc_record *record = NULL;
        struct kc_secret secret = {0};
        for (size_t k = 0; k < old->record_count; k++)
            if (strcmp(old->records[k].id, keys[i]) == 0)
                record = &old->records[k];
        assert_int_equal(kc_keeper_believe(bench->vault->keeper, record), KC_OK);
        assert_int_equal(
            kc_keeper_open(bench->vault->keeper, record, &secret), KC_ERR_RECORD_DAMAGED);
        free(keys[i]);
    }
    free(old);
}

/* Each of them needs nodes that the vault has not seen since its start. */
static void a_rotation_just_after_the_start_leaves_no_key_behind(void **state)
{
    struct bench *bench = *state;
    char *keys[12];
    make_keys(bench, keys, 12);
    bench_restart(bench);
    rotate(bench);
    for (size_t i = 0; i < 12; i++) {
        bench_expect_sign(bench, keys[i], KC_OK);
        free(keys[i]);
    }
}

/* The store does not take its record, or the root not its half: nothing is under it, and the next one
 * is begun anew. */
static void a_rotation_that_could_not_begin_begins_anew_and_loses_no_key(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    for (int restarts = 0; restarts < 2; restarts++) {
        struct ask ask = ask_new(KC_OPERATION_STORE_ROTATE);
        bench->store_error = KC_ERR_STORE_FULL;
        bench_expect(bench, &ask, KC_ERR_STORE_FULL);
        bench->store_error = KC_OK;
        bench->head_error = KC_ERR_ROOT_UNAVAILABLE;
        bench_expect(bench, &ask, KC_ERR_ROOT_UNAVAILABLE);
        bench->head_error = KC_OK;
        if (restarts == 0)
            bench_restart(bench);
        bench_expect_sign(bench, key, KC_OK);
        rotate(bench);
        bench_restart(bench);
        bench_expect_sign(bench, key, KC_OK);
    }
    free(key);
}

static void wait_a_second(struct bench *bench)
{
    bench->milliseconds += 1000;
}

static void a_rotation_that_takes_long_says_so_and_goes_on_by_the_next_request(void **state)
{
    struct bench *bench = *state;
    char *keys[6];
    size_t requests = 0;
    uint64_t moved = 0;
    bool has_more = true;
    make_keys(bench, keys, 6);
    bench->during_root = wait_a_second;
    while (has_more) {
        struct ask ask = ask_new(KC_OPERATION_STORE_ROTATE);
        struct answer *answer = bench_ask(bench, &ask);
        assert_int_equal(answer->error, KC_OK);
        moved += answer_value(answer, KC_FIELD_RECORDS)->number;
        has_more = answer_value(answer, KC_FIELD_MORE)->number != 0;
        assert_int_equal(kc_values_has(&answer->in.message.values, KC_FIELD_ERASED), !has_more);
        answer_done(answer);
        requests++;
    }
    bench->during_root = NULL;
    assert_true(requests > 3);
    assert_int_equal(moved, 6);
    bench_restart(bench);
    for (size_t i = 0; i < 6; i++) {
        bench_expect_sign(bench, keys[i], KC_OK);
        free(keys[i]);
    }
}

static void what_was_destroyed_is_erased_by_a_date(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    struct ask ask = key_ask(KC_OPERATION_KEY_DESTROY, key);
    struct answer *answer = bench_ask(bench, &ask);
    assert_int_equal(answer_value(answer, KC_FIELD_ERASE_BY)->number, bench->seconds + 168 * 3600);
    answer_done(answer);
    rotate(bench);
    free(key);
}

static uint64_t status_number(struct bench *bench, enum kc_field field)
{
    struct ask status = ask_new(KC_OPERATION_STATUS);
    struct answer *answer = bench_ask(bench, &status);
    uint64_t number =
        kc_values_has(&answer->in.message.values, field) ? answer_value(answer, field)->number : 0;
    answer_done(answer);
    return number;
}

/* As the process does when its timer rings. */
static void pass_hours(struct bench *bench, uint64_t hours)
{
    bench->seconds += hours * 3600;
    bench->milliseconds += hours * 3600 * 1000;
    kc_vault_expire(bench->vault);
    bench_pump(bench);
}

static void what_was_destroyed_is_erased_when_it_is_due_without_being_asked(void **state)
{
    struct bench *bench = *state;
    char *keys[5];
    make_keys(bench, keys, 5);
    pass_hours(bench, 200);
    assert_int_equal(status_number(bench, KC_FIELD_GENERATION), 1); /* there is nothing to erase */
    for (uint32_t generation = 1; generation < 4; generation++) {
        bench_expect_key(bench, KC_OPERATION_KEY_DESTROY, keys[generation - 1], KC_OK);
        pass_hours(bench, 167);
        assert_int_equal(status_number(bench, KC_FIELD_GENERATION), generation);
        assert_true(kc_vault_deadline(bench->vault) <= bench->milliseconds + 3600 * 1000);
        pass_hours(bench, 1);
        assert_int_equal(status_number(bench, KC_FIELD_GENERATION), generation + 1);
        assert_int_equal(status_number(bench, KC_FIELD_ERASE_BY), 0);
        bench_expect_sign(bench, keys[4], KC_OK);
        if (generation == 2)
            bench_restart(bench);
        bench_expect_sign(bench, keys[4], KC_OK);
    }
    for (size_t i = 0; i < 5; i++)
        free(keys[i]);
}

/* The root is asked to seal the new generation, then to keep the head with it: it is begun. */
static void hold_after_the_beginning(struct bench *bench)
{
    bench->holds_stored = bench_record(bench, KC_KIND_GENERATION, "generation-2") != NULL;
}

static void an_interrupted_rotation_goes_on_by_itself_after_the_next_start(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    char *gone = bench_generate(bench, "Ed25519", "application", "b");
    bench_expect_key(bench, KC_OPERATION_KEY_DESTROY, gone, KC_OK);
    bench->during_root = hold_after_the_beginning;
    pass_hours(bench, 168);
    assert_true(bench->holds_stored);
    bench->during_root = NULL;
    bench->holds_stored = false;
    bench_restart(bench);
    bench_expect_sign(bench, key, KC_OK);
    const struct kc_record *former = bench_record(bench, KC_KIND_GENERATION, "generation-1");
    assert_int_equal(former->state, KC_STATE_ACTIVE);
    pass_hours(bench, 0);
    former = bench_record(bench, KC_KIND_GENERATION, "generation-1");
    assert_int_equal(former->state, KC_STATE_DESTROYED);
    assert_int_equal(status_number(bench, KC_FIELD_GENERATION), 2);
    bench_expect_sign(bench, key, KC_OK);
    free(gone);
    free(key);
}

/* Nobody opens the ledger, in which it is written what is due. */
static void what_is_due_is_erased_in_a_vault_that_nobody_has_used_since_its_start(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    char *gone = bench_generate(bench, "Ed25519", "application", "b");
    bench_expect_key(bench, KC_OPERATION_KEY_DESTROY, gone, KC_OK);
    bench->seconds += 168 * 3600;
    bench_restart(bench);
    pass_hours(bench, 0);
    assert_int_equal(bench->queued, 0); /* not at once: it may be stopped and started again */
    assert_null(bench_record(bench, KC_KIND_GENERATION, "generation-2"));
    assert_int_equal(kc_vault_deadline(bench->vault), bench->milliseconds + 60000);
    bench->milliseconds += 60000;
    pass_hours(bench, 0);
    assert_true(kc_vault_deadline(bench->vault) <= bench->milliseconds);
    pass_hours(bench, 0);
    assert_int_equal(
        bench_record(bench, KC_KIND_GENERATION, "generation-1")->state, KC_STATE_DESTROYED);
    assert_int_equal(status_number(bench, KC_FIELD_GENERATION), 2);
    bench_expect_sign(bench, key, KC_OK);
    free(gone);
    free(key);
}

/* A store that is new is not made by this, and what fails is tried again, but not at once. */
static void a_vault_that_looks_by_itself_makes_no_store_and_bears_a_root_that_is_away(void **state)
{
    struct bench *bench = *state;
    pass_hours(bench, 1);
    assert_int_equal(bench->record_count, 0);
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    bench_expect_key(bench, KC_OPERATION_KEY_DESTROY, key, KC_OK);
    bench_restart(bench);
    bench->root_error = KC_ERR_ROOT_UNAVAILABLE;
    pass_hours(bench, 168);
    assert_int_equal(kc_vault_deadline(bench->vault), bench->milliseconds + 3600 * 1000);
    bench->root_error = KC_OK;
    pass_hours(bench, 1);
    pass_hours(bench, 0);
    assert_int_equal(
        bench_record(bench, KC_KIND_GENERATION, "generation-1")->state, KC_STATE_DESTROYED);
    free(key);
}

/* --- the PIN that takes an older store --- */

#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_rotated_generation_opens_in_no_old_copy),
        CASE(a_rotation_that_could_not_begin_begins_anew_and_loses_no_key),
        CASE(a_rotation_that_takes_long_says_so_and_goes_on_by_the_next_request),
        CASE(a_rotation_just_after_the_start_leaves_no_key_behind),
        CASE(what_was_destroyed_is_erased_by_a_date),
        CASE(what_was_destroyed_is_erased_when_it_is_due_without_being_asked),
        CASE(what_is_due_is_erased_in_a_vault_that_nobody_has_used_since_its_start),
        CASE(a_vault_that_looks_by_itself_makes_no_store_and_bears_a_root_that_is_away),
        CASE(an_interrupted_rotation_goes_on_by_itself_after_the_next_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
