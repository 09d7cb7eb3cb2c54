/* SPDX-License-Identifier: Apache-2.0 */
/* An older store put back: at every point of a history, whole or in parts, and what is claimed of it. */
#include "tests/vault/bench.h"

#include "custodian/vault/core.h"
#include "custodian/vault/fetch.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POINTS 8

/* A change that is anchored when it is answered. */
static void change_anchored(struct bench *bench, enum kc_operation operation, const char *key)
{
    struct ask ask = key_ask(operation, key);
    ask_number(&ask, KC_FIELD_WAIT, 1);
    struct answer *answer = bench_ask(bench, &ask);
    assert_true(answer_value(answer, KC_FIELD_ANCHORED)->number >=
                answer_value(answer, KC_FIELD_EFFECTIVE)->number);
    answer_done(answer);
}

static void an_older_store_is_refused_at_every_point_of_a_history(void **state)
{
    struct bench *bench = *state;
    struct bench_copy *points[POINTS];
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    for (size_t i = 0; i < POINTS; i++) {
        points[i] = bench_copy(bench);
        change_anchored(
            bench, i % 2 == 0 ? KC_OPERATION_KEY_DISABLE : KC_OPERATION_KEY_ENABLE, key);
    }
    struct bench_copy *newest = bench_copy(bench);
    for (size_t i = 0; i < POINTS; i++) {
        bench_restore(bench, points[i]);
        bench_restart(bench);
        bench_expect_sign(bench, key, KC_ERR_STORE_ROLLED_BACK);
        bench_expect_key(bench, KC_OPERATION_KEY_SHOW, key, KC_ERR_STORE_ROLLED_BACK);
        struct ask status = ask_new(KC_OPERATION_STATUS);
        struct answer *answer = bench_ask(bench, &status);
        assert_string_equal(answer_text(answer, KC_FIELD_FRESHNESS), "rolled-back");
        answer_done(answer);
        free(points[i]);
    }
    bench_restore(bench, newest);
    bench_restart(bench);
    bench_expect_sign(bench, key, KC_OK);
    free(newest);
    free(key);
}

static void an_older_record_or_node_is_refused_behind_the_cache_too(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    char *other = bench_generate(bench, "Ed25519", "application", "b");
    struct bench_copy *older = bench_copy(bench);
    bench_expect_sign(bench, key, KC_OK);
    change_anchored(bench, KC_OPERATION_KEY_DISABLE, key);
    struct bench_copy *newest = bench_copy(bench);
    for (int restarts = 0; restarts < 2; restarts++) {
        for (size_t i = 0; i < older->record_count; i++)
            if (strcmp(bench->records[i].id, key) == 0)
                bench->records[i] = older->records[i];
        bench_expect_sign(bench, key, KC_ERR_RECORD_DAMAGED);
        bench_expect_sign(bench, other, KC_OK);
        bench_restore(bench, newest);
        bench_restart(bench);
        bench_expect_sign(bench, key, KC_ERR_REFUSED);
        free(newest);
        newest = bench_copy(bench); /* each start makes a head */
    }
    struct kc_record *record = bench_record(bench, KC_KIND_KEY, key), newer = *record;
    for (size_t i = 0; i < older->record_count; i++)
        if (strcmp(older->records[i].id, key) == 0)
            *record = older->records[i];
    bench_restart(bench); /* only the map knows it now */
    bench_expect_sign(bench, key, KC_ERR_RECORD_DAMAGED);
    *record = newer;
    bench_expect_sign(bench, key, KC_ERR_REFUSED);
    for (size_t i = 0; i < older->node_count; i++) {
        struct bench_node *node = bench_node(bench, older->nodes[i].number);
        if (node->number == KC_VAULT_NODE_HEAD || memcmp(node, &older->nodes[i], sizeof *node) == 0)
            continue;
        struct bench_node present = *node;
        *node = older->nodes[i];
        bench_restart(bench);
        bench_expect_key(bench, KC_OPERATION_KEY_SHOW, key, KC_ERR_RECORD_DAMAGED);
        *node = present;
        bench_restart(bench);
        bench_expect_sign(bench, other, KC_OK);
    }
    free(older);
    free(newest);
    free(other);
    free(key);
}

static void a_hidden_tombstone_does_not_let_the_share_in_again(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    bench_expect_key(bench, KC_OPERATION_KEY_DESTROY, key, KC_OK);
    struct kc_record *record = bench_record(bench, KC_KIND_KEY, key);
    *record = bench->records[--bench->record_count];
    for (int restarts = 0; restarts < 2; restarts++) {
        bench_expect_key(bench, KC_OPERATION_KEY_SHOW, key, KC_ERR_RECORD_DAMAGED);
        bench_expect_key(bench, KC_OPERATION_KEY_SHOW, "MAAA", KC_ERR_REFUSED);
        bench_restart(bench);
    }
    free(key);
}

static void a_head_or_node_with_any_octet_changed_is_refused(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    for (size_t i = 0; i < bench->node_count; i++) {
        size_t size = bench->nodes[i].size;
        for (size_t octet = 0; octet<size; octet += size> 200 ? 37 : 5) {
            bench_restart(bench);
            bench->nodes[i].content[octet] ^= 1;
            bool is_head = bench->nodes[i].number == KC_VAULT_NODE_HEAD;
            struct ask ask = key_ask(KC_OPERATION_KEY_SHOW, key);
            struct answer *answer = bench_ask(bench, &ask);
            if (is_head)
                assert_int_equal(answer->error, KC_ERR_STORE_HEAD);
            else
                assert_true(answer->error == KC_ERR_RECORD_DAMAGED || answer->error == KC_OK);
            answer_done(answer);
            bench->nodes[i].content[octet] ^= 1;
        }
    }
    bench_restart(bench);
    bench_expect_sign(bench, key, KC_OK);
    free(key);
}

/* Rule 10.12: the orphan of a commit that was never acknowledged is worth nothing after the next
 * start. */
static void the_orphan_of_a_crash_between_the_steps_is_refused(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    change_anchored(bench, KC_OPERATION_KEY_DISABLE, key);
    change_anchored(bench, KC_OPERATION_KEY_ENABLE, key);
    struct bench_copy *backup = bench_copy(bench);
    struct ask disable = key_ask(KC_OPERATION_KEY_DISABLE, key);
    bench->holds_stored = true;
    bench_send(bench, &disable);
    bench_store_unheard(bench); /* stored; then the crash, before the root has it */
    bench->holds_stored = false;
    struct bench_copy *orphan = bench_copy(bench);
    bench_restore(bench, backup);
    bench_restart(bench);
    bench_expect_sign(bench, key, KC_OK);
    bench_expect_key(bench, KC_OPERATION_KEY_DESTROY, key, KC_OK);
    bench_restore(bench, orphan);
    bench_restart(bench);
    bench_expect_key(bench, KC_OPERATION_KEY_ENABLE, key, KC_ERR_STORE_ROLLED_BACK);
    kc_descriptors_close(&disable.descriptors);
    free(orphan);
    free(backup);
    free(key);
}

static void a_crash_after_the_store_has_it_loses_nothing(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    for (int i = 0; i < 5; i++) { /* effective, never anchored but by the next start */
        bench_expect_key(bench, KC_OPERATION_KEY_DISABLE, key, KC_OK);
        bench_restart(bench);
        bench_expect_sign(bench, key, KC_ERR_REFUSED);
        bench_expect_key(bench, KC_OPERATION_KEY_ENABLE, key, KC_OK);
        bench_restart(bench);
        bench_expect_sign(bench, key, KC_OK);
    }
    free(key);
}

static void a_desk_that_comes_back_with_an_older_store_is_found_out(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    struct bench_copy *older = bench_copy(bench);
    bench_expect_key(bench, KC_OPERATION_KEY_DISABLE, key, KC_OK); /* effective, not anchored */
    struct bench_copy *newest = bench_copy(bench);
    kc_vault_desk_gone(bench->vault);
    close(bench->client);
    bench_connect(bench);
    bench_expect_sign(bench, key, KC_ERR_REFUSED);
    kc_vault_desk_gone(bench->vault);
    close(bench->client);
    bench_connect(bench);
    bench_restore(bench, older);
    bench_expect_sign(bench, key, KC_ERR_STORE_ROLLED_BACK);
    free(newest);
    free(older);
    free(key);
}

static void writes_to_the_root_keep_their_budget(void **state)
{
    struct bench *bench = *state;
    bench->config.freshness.burst = 3;
    bench_restart(bench);
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    size_t before = bench->head_writes;
    for (int i = 0; i < 10; i++) {
        bench_expect_key(bench, KC_OPERATION_KEY_DISABLE, key, KC_OK);
        bench->milliseconds += 1000;
        kc_vault_expire(bench->vault);
        bench_expect_key(bench, KC_OPERATION_KEY_ENABLE, key, KC_OK);
        bench->milliseconds += 1000;
        kc_vault_expire(bench->vault);
    }
    assert_int_equal(bench->head_writes - before, 3);
    bench->milliseconds += 600000;
    kc_vault_expire(bench->vault);
    assert_int_equal(bench->head_writes - before, 4);
    assert_true(kc_vault_stop(bench->vault)); /* nothing is left to anchor */
    assert_int_equal(bench->head_writes - before, 4);
    free(key);
}

/* A use of a key that is being made, while the root is asked for an anchor; nothing comes of the making,
 * before anybody stores anything. */
#define BEING_MADE "being-made"
static uint64_t late_ticket;

/* The desk has found no record of it, before the vault asks. */
static void say_it_is_not_there(struct bench *bench, struct kc_vault_message *request)
{
    bench->lie = NULL;
    request->ids[request->id_count++] =
        (struct kc_span){(const uint8_t *)BEING_MADE, sizeof BEING_MADE - 1};
}

static void use_what_is_being_made(struct bench *bench)
{
    struct kc_map *map = bench->vault->ledger.map;
    struct kc_record made = {.kind = KC_KIND_KEY, .id = BEING_MADE};
    struct ask sign = message_ask(KC_OPERATION_KEY_SIGN, made.id, "m");
    if (bench->vault->ledger.turn != KC_TURN_TAKEN)
        return; /* it is asked for something else */
    bench->during_root = NULL;
    bench->lie = say_it_is_not_there;
    assert_int_equal(kc_map_issue(map, &made), KC_OK);
    late_ticket = bench_send(bench, &sign);
    assert_null(bench_take(bench, late_ticket)); /* it waits for what comes of that */
    kc_map_settle(map, &made, false);
    kc_vault_settled(bench->vault);
}

static void expect_late_answer(struct bench *bench)
{
    assert_null(bench->during_root);
    bench_pump(bench);
    struct answer *answer = bench_take(bench, late_ticket);
    assert_non_null(answer);
    assert_int_equal(answer->error, KC_ERR_REFUSED);
    answer_done(answer);
}

static void who_waits_for_a_change_is_not_forgotten_over_an_anchor(void **state)
{
    struct bench *bench = *state;
    bench->config.freshness.burst = 3;
    bench_restart(bench);
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    bench->milliseconds += 600000;
    bench->during_root = use_what_is_being_made; /* anchored by the timer */
    kc_vault_expire(bench->vault);
    expect_late_answer(bench);
    bench->milliseconds += 600000;
    bench->during_root = use_what_is_being_made; /* by who takes the outcome of another change */
    change_anchored(bench, KC_OPERATION_KEY_DISABLE, key);
    expect_late_answer(bench);
    free(key);
}

static void a_root_without_its_head_opens_nothing(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    bench_restart(bench);
    bench->heads[0].is_there = false; /* somebody removed the index */
    bench_expect_sign(bench, key, KC_ERR_ROOT_HEAD);
    bench->heads[0].is_there = true;
    bench->heads[0].auth[0] ^= 1; /* and made one of his own */
    bench_expect_sign(bench, key, KC_ERR_ROOT_HEAD_TAKEN);
    bench->heads[0].auth[0] ^= 1;
    for (size_t octet = 0; octet < 41; octet++) { /* number and digest; a root that lies */
        bench->heads[0].content[octet] ^= 1;
        bench_restart(bench);
        struct ask ask = key_ask(KC_OPERATION_KEY_SHOW, key);
        struct answer *answer = bench_ask(bench, &ask);
        assert_true(answer->error != KC_OK || (octet >= 1 && octet <= 8));
        answer_done(answer);
        bench->heads[0].content[octet] ^= 1;
        if (octet >= 1 && octet <= 8)
            octet = 8; /* the number is for people: what counts is the digest */
    }
    free(key);
}

static void a_root_that_holds_no_head_says_so(void **state)
{
    struct bench *bench = *state;
    bench->head_error = KC_ERR_ROOT_UNFIT;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    bench_restart(bench);
    bench_expect_sign(bench, key, KC_OK);
    struct ask status = ask_new(KC_OPERATION_STATUS);
    struct answer *answer = bench_ask(bench, &status);
    assert_string_equal(answer_text(answer, KC_FIELD_FRESHNESS), "not-detected");
    answer_done(answer);
    free(key);
}

/* --- the operator's override --- */

static struct ask accept_ask(const char *pin, uint64_t head)
{
    struct ask ask = ask_new(KC_OPERATION_STORE_ACCEPT);
    ask_number(&ask, KC_FIELD_HEAD, head);
    ask_secret(&ask, KC_FIELD_PIN, pin, strlen(pin));
    return ask;
}

static void the_operator_alone_goes_on_with_an_older_store(void **state)
{
    struct bench *bench = *state;
    bench_set_pin(bench);
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    struct bench_copy *older = bench_copy(bench);
    change_anchored(bench, KC_OPERATION_KEY_DISABLE, key);
    struct ask early = accept_ask(BENCH_PIN, 0);
    struct answer *refused = bench_ask(bench, &early);
    assert_int_equal(refused->error, KC_ERR_REFUSED);
    assert_true(kc_values_text_is(&refused->in.message.values, KC_FIELD_DETAIL,
        "there is nothing to accept: the store is no older than the hardware root says"));
    answer_done(refused);
    bench_restore(bench, older);
    bench_restart(bench);
    bench_expect_sign(bench, key, KC_ERR_STORE_ROLLED_BACK);
    uint64_t head = bench->vault->ledger.found;
    struct ask another = accept_ask(BENCH_PIN, head + 1);
    bench_expect(bench, &another, KC_ERR_BAD_ARGUMENT);
    for (int i = 0; i < 3; i++) { /* the count is the root's: the store's went back */
        struct ask wrong = accept_ask("not the right one", head);
        bench_expect(bench, &wrong, KC_ERR_OPERATOR_PROOF);
        bench_restore(bench, older);
        bench_restart(bench);
    }
    struct ask waits = accept_ask(BENCH_PIN, head);
    bench_expect(bench, &waits, KC_ERR_OPERATOR_WAIT);
    bench->seconds += 60;
    struct ask right = accept_ask(BENCH_PIN, head);
    struct answer *answer = bench_ask(bench, &right);
    assert_true(answer_value(answer, KC_FIELD_HEAD)->number <
                answer_value(answer, KC_FIELD_ANCHORED)->number);
    answer_done(answer);
    bench_expect_sign(bench, key, KC_OK);
    bench_restart(bench);
    bench_expect_sign(bench, key, KC_OK);
    free(older);
    free(key);
}

static void accept_found(struct bench *bench)
{
    struct ask ask = accept_ask(BENCH_PIN, bench->vault->ledger.found);
    bench_expect(bench, &ask, KC_OK);
}

static void what_the_operator_accepted_counts_for_no_other_store(void **state)
{
    struct bench *bench = *state;
    bench_set_pin(bench);
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    struct bench_copy *oldest = bench_copy(bench);
    change_anchored(bench, KC_OPERATION_KEY_DISABLE, key);
    struct bench_copy *older = bench_copy(bench);
    change_anchored(bench, KC_OPERATION_KEY_ENABLE, key);
    bench_restore(bench, older);
    bench_restart(bench);
    bench_expect_sign(bench, key, KC_ERR_STORE_ROLLED_BACK);
    accept_found(bench);
    bench_restore(bench, oldest); /* after the proof */
    bench_expect_sign(bench, key, KC_ERR_STORE_ROLLED_BACK);
    bench_restore(bench, older); /* it was for one opening */
    bench_expect_sign(bench, key, KC_ERR_STORE_ROLLED_BACK);
    bench_restart(bench);
    bench_expect_sign(bench, key, KC_ERR_STORE_ROLLED_BACK);
    accept_found(bench);
    bench_expect_sign(bench, key, KC_ERR_REFUSED); /* disabled, as it was then */
    free(oldest);
    free(older);
    free(key);
}

/* --- the PIN that takes an older store --- */

#define NEW_PIN "another horse"

static void change_pin(struct bench *bench, const char *old, const char *new, enum kc_error error)
{
    struct ask ask = ask_new(KC_OPERATION_OPERATOR_PIN);
    if (old)
        ask_secret(&ask, KC_FIELD_PIN, old, strlen(old));
    ask_secret(&ask, KC_FIELD_NEW_PIN, new, strlen(new));
    bench_expect(bench, &ask, error);
}

/* The store is an older one: the former PIN does not take it, the one that the root knows does. */
static void expect_taken_by(struct bench *bench, const char *former, const char *present)
{
    struct ask status = ask_new(KC_OPERATION_KEY_SHOW);
    ask_text(&status, KC_FIELD_KEY, "MAAA");
    bench_restart(bench);
    bench_expect(bench, &status, KC_ERR_STORE_ROLLED_BACK);
    uint64_t head = bench->vault->ledger.found;
    struct ask wrong = accept_ask(former, head), right = accept_ask(present, head);
    bench_expect(bench, &wrong, KC_ERR_OPERATOR_PROOF);
    bench_expect(bench, &status, KC_ERR_STORE_ROLLED_BACK);
    bench_expect(bench, &right, KC_OK);
    bench_expect(bench, &status, KC_ERR_REFUSED); /* open: there is no such key */
}

static void a_changed_pin_takes_no_older_store_and_the_new_one_does(void **state)
{
    struct bench *bench = *state;
    bench_set_pin(bench);
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    struct bench_copy *older = bench_copy(bench);
    change_pin(bench, BENCH_PIN, NEW_PIN, KC_OK);
    bench_restore(bench, older);
    expect_taken_by(bench, BENCH_PIN, NEW_PIN);
    bench_expect_sign(bench, key, KC_OK);
    for (int restarts = 0; restarts < 2;
         restarts++) { /* nor does the former one come back with it */
        change_pin(bench, BENCH_PIN, "a third horse", KC_ERR_OPERATOR_PROOF);
        bench_restart(bench);
    }
    change_pin(bench, NEW_PIN, "a third horse", KC_OK);
    free(older);
    free(key);
}

static void a_store_of_before_there_was_an_operator_is_taken_by_his_pin(void **state)
{
    struct bench *bench = *state;
    bench_open(bench);
    struct bench_copy *older = bench_copy(bench);
    change_pin(bench, NULL, NEW_PIN, KC_OK);
    bench_restore(bench, older);
    expect_taken_by(bench, BENCH_PIN, NEW_PIN);
    change_pin(bench, NULL, BENCH_PIN, KC_ERR_OPERATOR_PROOF);
    change_pin(bench, NEW_PIN, BENCH_PIN, KC_OK);
    free(older);
}

static struct answer *change_pin_of(struct bench *bench, const char *old, const char *new)
{
    struct ask ask = ask_new(KC_OPERATION_OPERATOR_PIN);
    ask_secret(&ask, KC_FIELD_PIN, old, strlen(old));
    ask_secret(&ask, KC_FIELD_NEW_PIN, new, strlen(new));
    struct answer *answer = bench_ask(bench, &ask);
    assert_int_equal(answer->error, KC_OK);
    return answer;
}

static bool is_anchored(const struct answer *answer)
{
    return answer_value(answer, KC_FIELD_ANCHORED)->number >=
           answer_value(answer, KC_FIELD_EFFECTIVE)->number;
}

static void a_changed_pin_is_anchored_when_it_is_answered_or_says_that_it_is_not(void **state)
{
    struct bench *bench = *state;
    bench_set_pin(bench);
    bench->config.freshness.interval_s = 1000000; /* nothing else would be anchored soon */
    bench->config.freshness.burst = 1;
    struct answer *answer = change_pin_of(bench, BENCH_PIN, NEW_PIN);
    assert_true(is_anchored(answer));
    answer_done(answer);
    struct bench_copy *older = bench_copy(bench);
    bench->head_error = KC_ERR_ROOT_UNAVAILABLE;
    answer = change_pin_of(bench, NEW_PIN, "a third horse");
    assert_false(is_anchored(answer));
    answer_done(answer);
    bench->head_error = KC_OK;
    bench_restart(bench);
    bench_open(bench); /* the start anchors what the store has */
    bench_restore(bench, older);
    expect_taken_by(bench, NEW_PIN, "a third horse");
    free(older);
}

static void a_pin_whose_change_was_stored_and_not_heard_of_is_anchored_by_the_start(void **state)
{
    struct bench *bench = *state;
    bench_set_pin(bench);
    struct bench_copy *older = bench_copy(bench);
    struct ask ask = ask_new(KC_OPERATION_OPERATOR_PIN);
    ask_secret(&ask, KC_FIELD_PIN, BENCH_PIN, strlen(BENCH_PIN));
    ask_secret(&ask, KC_FIELD_NEW_PIN, NEW_PIN, strlen(NEW_PIN));
    bench->holds_stored = true;
    bench->holds_after = 1; /* the try's count */
    (void)bench_send(bench, &ask);
    bench_pump(bench);
    bench_store_unheard(bench);
    bench->holds_stored = false;
    bench_restart(bench);
    bench_open(bench);
    bench_restore(bench, older);
    expect_taken_by(bench, BENCH_PIN, NEW_PIN);
    kc_descriptors_close(&ask.descriptors);
    free(older);
}

static void drop_operator(struct bench *bench, struct kc_vault_message *request)
{
    size_t left = 0;
    (void)bench;
    for (size_t i = 0; i < request->record_count; i++) {
        struct kc_record record;
        assert_int_equal(kc_record_unpack(request->records[i], &record), KC_OK);
        if (record.kind != KC_KIND_OPERATOR)
            request->records[left++] = request->records[i];
    }
    request->record_count = left;
}

static void expect_pin_change(struct bench *bench, enum kc_error error)
{
    struct ask ask = ask_new(KC_OPERATION_OPERATOR_PIN);
    ask_secret(&ask, KC_FIELD_PIN, BENCH_PIN, strlen(BENCH_PIN));
    ask_secret(&ask, KC_FIELD_NEW_PIN, "another pin", 11);
    bench_expect(bench, &ask, error);
}

static void a_store_whose_operator_is_hidden_has_none_and_serves_the_rest(void **state)
{
    struct bench *bench = *state;
    bench_set_pin(bench);
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    bench_restart(bench);
    bench->lie = drop_operator;
    bench_expect_sign(bench, key, KC_OK);
    expect_pin_change(bench, KC_ERR_RECORD_DAMAGED);
    bench->lie = NULL;
    expect_pin_change(bench, KC_OK);
    free(key);
}

/* In a stop in order the desk goes first, and may have stored something a moment before. */
static void what_was_stored_just_before_a_stop_is_anchored_by_it(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    change_anchored(bench, KC_OPERATION_KEY_DISABLE, key);
    struct bench_copy *between = bench_copy(bench);
    bench_expect_key(bench, KC_OPERATION_KEY_ENABLE, key, KC_OK);
    bench_expect_key(bench, KC_OPERATION_KEY_DISABLE, key, KC_OK);
    kc_vault_desk_gone(bench->vault);
    assert_true(kc_vault_stop(bench->vault));
    bench_restore(bench, between);
    bench_restart(bench);
    bench_expect_sign(bench, key, KC_ERR_STORE_ROLLED_BACK);
    free(between);
    free(key);
}

/* The desk dies with a change that it has just stored, and the custodian is stopped before another desk
 * has told: what is stored was made from the anchor, and is to be still. */
static void what_may_be_stored_at_a_stop_is_no_older_store(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    change_anchored(bench, KC_OPERATION_KEY_DISABLE, key);
    bench_expect_key(bench, KC_OPERATION_KEY_ENABLE, key, KC_OK); /* effective, not anchored */
    struct ask disable = key_ask(KC_OPERATION_KEY_DISABLE, key);
    bench->holds_stored = true;
    (void)bench_send(bench, &disable);
    bench_pump(bench);
    bench_store_unheard(bench);
    bench->holds_stored = false;
    kc_vault_desk_gone(bench->vault);
    assert_true(kc_vault_stop(bench->vault));
    bench_restart(bench);
    bench_expect_sign(bench, key, KC_ERR_REFUSED);
    free(key);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_older_store_is_refused_at_every_point_of_a_history),
        CASE(an_older_record_or_node_is_refused_behind_the_cache_too),
        CASE(a_hidden_tombstone_does_not_let_the_share_in_again),
        CASE(a_head_or_node_with_any_octet_changed_is_refused),
        CASE(the_orphan_of_a_crash_between_the_steps_is_refused),
        CASE(a_crash_after_the_store_has_it_loses_nothing),
        CASE(a_desk_that_comes_back_with_an_older_store_is_found_out),
        CASE(writes_to_the_root_keep_their_budget),
        CASE(who_waits_for_a_change_is_not_forgotten_over_an_anchor),
        CASE(a_root_without_its_head_opens_nothing),
        CASE(a_root_that_holds_no_head_says_so),
        CASE(the_operator_alone_goes_on_with_an_older_store),
        CASE(what_the_operator_accepted_counts_for_no_other_store),
        CASE(a_changed_pin_takes_no_older_store_and_the_new_one_does),
        CASE(a_store_of_before_there_was_an_operator_is_taken_by_his_pin),
        CASE(a_changed_pin_is_anchored_when_it_is_answered_or_says_that_it_is_not),
        CASE(a_pin_whose_change_was_stored_and_not_heard_of_is_anchored_by_the_start),
        CASE(a_store_whose_operator_is_hidden_has_none_and_serves_the_rest),
        CASE(what_was_stored_just_before_a_stop_is_anchored_by_it),
        CASE(what_may_be_stored_at_a_stop_is_no_older_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
