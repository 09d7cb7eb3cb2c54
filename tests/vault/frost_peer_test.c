/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A coordinator that asks one custodian, which passes on to those of the other holders: what these
 * answer, and what comes of it when they lie, are silent, or refuse.
 */
#include "tests/vault/frost_world.h"
#include "tests/vault/verify.h"

#include <stdio.h>
#include <string.h>

/* The first custodian reaches the third, by the name "third"; the second is asked by itself. */
static int setup(void **state)
{
    int failed = frost_setup(state);
    struct world *w = *state;
    w->bench[0]->config.peers[0] = (struct kc_config_peer){.name = "third", .deadline_ms = 1000};
    w->bench[0]->config.peer_count = 1;
    w->bench[0]->peer = w->bench[2];
    deal_to_all(w, "Ed25519", "application");
    return failed;
}

/* A request for the third holder's share, at the first custodian. */
static struct ask for_third(struct ask ask, const struct world *w)
{
    ask_text(&ask, KC_FIELD_KEY, w->share[0]);
    ask_text(&ask, KC_FIELD_PEER_NAME, "third");
    return ask;
}

static struct ask commit_third(const struct world *w, const struct ceremony *c)
{
    return for_third(frost_ask(w, KC_OPERATION_FROST_COMMIT, 0, c), w);
}

static struct ask contribute_third(const struct world *w, const struct ceremony *c)
{
    return for_third(contribute_ask(w, 2, c), w);
}

static struct ceremony first_round(struct world *w, const char *message)
{
    struct ceremony c = {.message = message};
    struct ask ask = commit_third(w, &c);
    commit(w, 0, &c);
    commit_by(w->bench[0], &ask, 2, &c);
    return c;
}

static void one_custodian_is_asked_and_two_sign(void **state)
{
    struct world *w = *state;
    struct ceremony c = first_round(w, "two of three sign");
    assert_int_equal(c.list[c.commitment_size + 3], 3); /* the index of who was not named by it */
    contribute(w, 0, &c);
    struct ask second = contribute_third(w, &c);
    contribute_by(w->bench[0], &second, &c);
    struct ask ask = aggregate_ask(w, 0, &c);
    struct answer *answer = bench_ask(w->bench[0], &ask);
    assert_true(openssl_verifies(EVP_PKEY_ED25519, w->public, w->public_size,
        answer_value(answer, KC_FIELD_SIGNATURE)->span, "two of three sign"));
    answer_done(answer);
    assert_int_equal(open_sessions(w, 0) + open_sessions(w, 2), 0);
}

static void the_holder_judges_what_is_passed_on_as_what_it_is_asked_itself(void **state)
{
    struct world *w = *state;
    struct ceremony c = first_round(w, "the message");
    c.list_size = c.commitment_size; /* its own is missing */
    struct ask missing = contribute_third(w, &c);
    expect_detail(w->bench[0], &missing, KC_ERR_PEER_REFUSED, "bad-argument");
    assert_int_equal(open_sessions(w, 2), 0);
    struct ask again = contribute_third(w, &c);
    expect_detail(w->bench[0], &again, KC_ERR_PEER_REFUSED, "session-unknown");

    struct ask disable = key_ask(KC_OPERATION_KEY_DISABLE, w->share[2]);
    bench_expect(w->bench[2], &disable, KC_OK);
    struct ask disabled = commit_third(w, &c);
    expect_detail(w->bench[0], &disabled, KC_ERR_PEER_REFUSED, "refused");
}

static void a_policy_without_the_operation_refuses_it(void **state)
{
    struct world *w = *state;
    struct ceremony c = {.message = "m"};
    bench_allow_only(w->bench[2], KC_OPERATION_FROST_ABORT);
    struct ask ask = commit_third(w, &c);
    expect_detail(w->bench[0], &ask, KC_ERR_PEER_REFUSED, "refused");
    bench_allow_only(w->bench[0], KC_OPERATION_FROST_ABORT);
    bench_expect(w->bench[0], &ask, KC_ERR_REFUSED); /* is not even passed on */
}

static void a_session_elsewhere_is_given_up_there(void **state)
{
    struct world *w = *state;
    struct ceremony c = first_round(w, "m");
    struct ask given_up = for_third(key_ask(KC_OPERATION_FROST_ABORT, w->share[0]), w);
    ask_octets(&given_up, KC_FIELD_SESSION, c.session[2], sizeof c.session[2]);
    bench_expect(w->bench[0], &given_up, KC_OK);
    assert_int_equal(open_sessions(w, 2), 0);
    assert_int_equal(open_sessions(w, 0), 1); /* the own one stays */
    expect_detail(w->bench[0], &given_up, KC_ERR_PEER_REFUSED, "session-unknown");
}

/* --- who is asked --- */

static void who_is_no_peer_is_not_asked(void **state)
{
    struct world *w = *state;
    struct ceremony c = {.message = "m"};
    struct ask ask = commit_third(w, &c);
    ask_text(&ask, KC_FIELD_PEER_NAME, "thirds");
    bench_expect(w->bench[0], &ask, KC_ERR_PEER_UNSET);
}

static void what_was_passed_on_is_not_passed_on_again(void **state)
{
    struct world *w = *state;
    struct ceremony c = {.message = "m"};
    struct ask ask = commit_third(w, &c);
    ask_text(&ask, KC_FIELD_HOLDER_KEYS, w->share[0]);
    ask_text(&ask, KC_FIELD_KEY, w->key);
    expect_detail(w->bench[0], &ask, KC_ERR_BAD_ARGUMENT, "holder_keys");
}

/* A question names the dealt key and what its shares may be. */
static void a_share_is_found_by_its_key_and_no_other_key_is(void **state)
{
    struct world *w = *state;
    char names[2 * KC_RECORD_ID_SIZE];
    snprintf(names, sizeof names, "%s,%s", w->share[1], w->share[2]);
    struct ask ask = key_ask(KC_OPERATION_FROST_COMMIT, w->key);
    ask_text(&ask, KC_FIELD_HOLDER_KEYS, names);
    bench_expect(w->bench[2], &ask, KC_OK);
    bench_expect(w->bench[0], &ask, KC_ERR_REFUSED); /* has none of these */
    struct ask other = key_ask(KC_OPERATION_FROST_COMMIT, w->wrap[2]);
    ask_text(&other, KC_FIELD_HOLDER_KEYS, names);
    bench_expect(w->bench[2], &other, KC_ERR_REFUSED); /* of another key */
    struct ask wrap = key_ask(KC_OPERATION_FROST_COMMIT, w->key);
    ask_text(&wrap, KC_FIELD_HOLDER_KEYS, w->wrap[2]);
    bench_expect(w->bench[2], &wrap, KC_ERR_REFUSED); /* no share */
    struct ask empty = key_ask(KC_OPERATION_FROST_COMMIT, w->key);
    ask_text(&empty, KC_FIELD_HOLDER_KEYS, ",");
    bench_expect(w->bench[2], &empty, KC_ERR_REFUSED);
}

/* --- lies and silence --- */

static uint8_t altered[128];

static struct kc_span *alter(struct kc_vault_message *asked, enum kc_field field)
{
    struct kc_span *span = &asked->message.values.value[field].span;
    assert_true(span->size < sizeof altered);
    memcpy(altered, span->bytes, span->size);
    span->bytes = altered;
    return span;
}

static void another_part(struct kc_vault_message *asked)
{
    alter(asked, KC_FIELD_SIGNATURE_SHARE);
    altered[3] ^= 1;
}

static void my_own_index(struct kc_vault_message *asked)
{
    alter(asked, KC_FIELD_COMMITMENTS);
    altered[3] = 1;
}

static void no_holders_index(struct kc_vault_message *asked)
{
    alter(asked, KC_FIELD_COMMITMENTS);
    altered[3] = HOLDERS + 1;
}

static void a_point_that_is_none(struct kc_vault_message *asked)
{
    alter(asked, KC_FIELD_COMMITMENTS);
    memset(altered + 4, 0xff, 32);
}

static void one_octet_more(struct kc_vault_message *asked)
{
    alter(asked, KC_FIELD_COMMITMENTS)->size++;
}

static void a_commitment_that_is_none_of_another_holder_is_not_taken(void **state)
{
    static void (*const lies[])(struct kc_vault_message *) = {
        my_own_index, no_holders_index, a_point_that_is_none, one_octet_more};
    struct world *w = *state;
    struct ceremony c = {.message = "m"};
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        w->bench[0]->peer_lie = lies[i];
        struct ask ask = commit_third(w, &c);
        bench_expect(w->bench[0], &ask, KC_ERR_CONTRIBUTION);
        w->bench[0]->peer_lie = NULL;
    }
}

static void who_answers_wrongly_in_round_two_is_named(void **state)
{
    struct world *w = *state;
    struct ceremony c = first_round(w, "m");
    contribute(w, 0, &c);
    w->bench[0]->peer_lie = another_part;
    struct ask second = contribute_third(w, &c);
    contribute_by(w->bench[0], &second, &c);
    struct ask ask = aggregate_ask(w, 0, &c);
    expect_detail(w->bench[0], &ask, KC_ERR_CONTRIBUTION, "signature_shares: of holder 3");
}

static void who_is_silent_is_late_at_the_deadline(void **state)
{
    struct world *w = *state;
    struct ceremony c = {.message = "m"};
    w->bench[0]->peer = NULL;
    struct ask ask = commit_third(w, &c);
    uint64_t ticket = bench_send(w->bench[0], &ask);
    bench_pump(w->bench[0]);
    assert_null(bench_take(w->bench[0], ticket));
    w->bench[0]->milliseconds += 1500; /* the peer's time and the way */
    kc_vault_expire(w->bench[0]->vault);
    struct answer *late = bench_take(w->bench[0], ticket);
    assert_non_null(late);
    assert_int_equal(late->error, KC_ERR_PEER_LATE);
    answer_done(late);
}

/* The holder's process dies: the nonces with it, and no others are ever made for that session. */
static void a_holder_that_dies_between_the_rounds_signs_nothing(void **state)
{
    struct world *w = *state;
    struct ceremony c = first_round(w, "m");
    bench_restart(w->bench[2]);
    struct ask ask = contribute_third(w, &c);
    expect_detail(w->bench[0], &ask, KC_ERR_PEER_REFUSED, "session-unknown");
    struct ceremony next = {.message = "m"};
    struct ask again = commit_third(w, &next);
    commit_by(w->bench[0], &again, 2, &next);
    assert_memory_not_equal(next.list + 4, c.list + c.commitment_size + 4, c.commitment_size - 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, frost_teardown)
        CASE(one_custodian_is_asked_and_two_sign),
        CASE(the_holder_judges_what_is_passed_on_as_what_it_is_asked_itself),
        CASE(a_policy_without_the_operation_refuses_it),
        CASE(a_session_elsewhere_is_given_up_there),
        CASE(who_is_no_peer_is_not_asked),
        CASE(what_was_passed_on_is_not_passed_on_again),
        CASE(a_share_is_found_by_its_key_and_no_other_key_is),
        CASE(a_commitment_that_is_none_of_another_holder_is_not_taken),
        CASE(who_answers_wrongly_in_round_two_is_named),
        CASE(who_is_silent_is_late_at_the_deadline),
        CASE(a_holder_that_dies_between_the_rounds_signs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
