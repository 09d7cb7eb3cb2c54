/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever waits inside the vault is let go on, and waits without running; what can never be done
 * ends. */
#include "tests/vault/bench.h"

#include "custodian/vault/core.h"
#include "custodian/vault/fetch.h"

#include <stdlib.h>
#include <string.h>

/* --- for what another call makes --- */

#define BEING_MADE "being-made"

static struct kc_record made_record(void)
{
    return (struct kc_record){.kind = KC_KIND_OBJECT, .id = BEING_MADE};
}

static void say_it_is_not_there(struct bench *bench, struct kc_vault_message *request)
{
    bench->lie = NULL;
    request->ids[request->id_count++] =
        (struct kc_span){(const uint8_t *)BEING_MADE, sizeof BEING_MADE - 1};
}

/* A use of what another call has staged and not committed yet, as it waits for a root. */
static uint64_t send_use(struct bench *bench)
{
    struct ask ask = ask_new(KC_OPERATION_OBJECT_SHOW);
    ask_text(&ask, KC_FIELD_OBJECT, BEING_MADE);
    bench->lie = say_it_is_not_there;
    return bench_send(bench, &ask);
}

static size_t count(const struct kc_call_list *list)
{
    size_t count = 0;
    for (const struct kc_call *call = list->first; call; call = call->next)
        count++;
    return count;
}

static void expect_refused(struct bench *bench, uint64_t ticket)
{
    struct answer *answer = bench_take(bench, ticket);
    assert_non_null(answer);
    assert_int_equal(answer->error, KC_ERR_REFUSED);
    answer_done(answer);
}

static void who_waits_for_what_is_staged_does_not_run_until_that_has_ended(void **state)
{
    struct bench *bench = *state;
    struct kc_record made = made_record();
    bench_open(bench);
    assert_int_equal(bench->vault->ledger.turn, KC_TURN_FREE); /* and nobody is about to commit */
    assert_int_equal(kc_map_issue(bench->vault->ledger.map, &made), KC_OK);
    uint64_t first = send_use(bench), second = send_use(bench);
    assert_int_equal(count(&bench->vault->settling), 2);
    kc_vault_expire(bench->vault); /* as any other thread of the vault */
    assert_int_equal(count(&bench->vault->settling), 2);
    kc_map_settle(bench->vault->ledger.map, &made, false);
    kc_vault_settled(bench->vault);
    kc_vault_expire(bench->vault);
    expect_refused(bench, first);
    expect_refused(bench, second);
}

/* A call of the vault's own that has staged some new records with bodies. */
static struct kc_call *stage_records(struct bench *bench, size_t count, size_t body_size)
{
    static uint8_t body[KC_RECORD_BODY_MAX];
    struct kc_call *call;
    struct kc_record *staged;
    assert_int_equal(kc_call_new_own(bench->vault, KC_OPERATION_STORE_ROTATE, &call), KC_OK);
    for (size_t i = 0; i < count; i++) {
        struct kc_record made = made_record();
        made.id[0] = (char)('A' + i);
        assert_int_equal(kc_call_stage(call, &made, &staged), KC_OK);
        assert_int_equal(kc_call_set_body(call, staged, (struct kc_span){body, body_size}), KC_OK);
        assert_int_equal(kc_keeper_protect(bench->vault->keeper, staged, NULL), KC_OK);
    }
    call->wish = KC_WISH_COMMIT;
    return call;
}

/* What was staged is dropped at last, whoever staged it: by a change that comes to nothing, and by
 * a call that ends before it commits. */
static void who_drops_what_was_staged_lets_go_on_who_waits_for_it(void **state)
{
    struct bench *bench = *state;
    bench_open(bench);
    for (size_t fails = 0; fails < 2; fails++) {
        struct kc_call *call = stage_records(bench, 0, 0);
        struct kc_record made = made_record(), *staged;
        assert_int_equal(kc_call_stage(call, &made, &staged), KC_OK);
        uint64_t ticket = send_use(bench);
        assert_int_equal(count(&bench->vault->settling), 1);
        if (fails == 0)
            kc_call_free(call);
        else
            kc_call_finish(call, KC_ERR_ROOT_UNAVAILABLE);
        assert_int_equal(count(&bench->vault->settling), 0);
        kc_vault_expire(bench->vault);
        expect_refused(bench, ticket);
    }
}

/* --- for its change to be stored --- */

static void a_call_whose_changes_fit_into_no_message_fails_and_holds_nobody_up(void **state)
{
    struct bench *bench = *state;
    bench_open(bench);
    kc_ledger_commit(stage_records(bench, 16, KC_RECORD_BODY_MAX));
    kc_vault_begin_changes(bench->vault);
    assert_string_equal(kc_error_name(bench->told.error), "too-large");
    assert_int_equal(bench->vault->ledger.waiting, 0);
    assert_int_equal(bench->vault->ledger.turn, KC_TURN_FREE);
}

static void commit_in_between(struct bench *bench)
{
    bench->during_root = NULL;
    kc_ledger_commit(stage_records(bench, 1, 0));
}

static void what_comes_while_a_stop_anchors_goes_to_the_store_before_the_end(void **state)
{
    struct bench *bench = *state;
    free(bench_generate(bench, "Ed25519", "application", "a"));
    bench->during_root = commit_in_between;
    assert_false(kc_vault_stop(bench->vault));
    assert_null(bench->during_root);
    assert_int_equal(bench->vault->ledger.turn, KC_TURN_STORING);
    kc_vault_desk_gone(bench->vault);
    assert_true(kc_vault_stop(bench->vault));
}

/* A desk goes while a thread is at work for the call that opens. */
static void go_with_the_desk(struct bench *bench)
{
    if (!bench->vault->ledger.opening.is_compared)
        return; /* the root is asked for something else */
    bench->during_root = NULL;
    kc_vault_desk_gone(bench->vault);
    /* nobody else opens, and what is known of the opening stays its call's until it leaves */
    assert_non_null(bench->vault->ledger.opening.call);
}

static void an_opening_whose_desk_goes_ends_and_opens_nothing(void **state)
{
    struct bench *bench = *state;
    free(bench_generate(bench, "Ed25519", "application", "a"));
    for (size_t times = 0; times < 2; times++) {
        bench_restart(bench);
        struct ask ask = ask_new(KC_OPERATION_KEY_LIST);
        bench->during_root = go_with_the_desk;
        uint64_t ticket = bench_send(bench, &ask);
        bench_pump(bench);
        assert_null(bench->during_root);
        assert_null(bench_take(bench, ticket)); /* it was its desk's */
        assert_false(kc_ledger_is_open(bench->vault));
        assert_null(bench->vault->ledger.opening.call);
        assert_false(bench->vault->ledger.opening.has_octets);
        assert_false(bench->vault->ledger.opening.is_compared);
        bench_connect(bench);
        bench_open(bench);
        assert_true(kc_ledger_is_open(bench->vault));
    }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(who_waits_for_what_is_staged_does_not_run_until_that_has_ended),
        CASE(who_drops_what_was_staged_lets_go_on_who_waits_for_it),
        CASE(a_call_whose_changes_fit_into_no_message_fails_and_holds_nobody_up),
        CASE(what_comes_while_a_stop_anchors_goes_to_the_store_before_the_end),
        CASE(an_opening_whose_desk_goes_ends_and_opens_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
