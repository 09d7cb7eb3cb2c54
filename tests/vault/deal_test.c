/* SPDX-License-Identifier: Apache-2.0 */
/* Dealing a key to three custodians, and taking the shares. */
#include "tests/vault/frost_world.h"

#include "custodian/vault/envelope.h"
#include "custodian/vault/quorum.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void dealing_leaves_a_tombstone_with_the_envelopes(void **state)
{
    struct world *w = *state;
    deal(w, "Ed25519", "application");
    const struct kc_record *whole = bench_record(w->bench[0], KC_KIND_KEY, w->key);
    assert_int_equal(whole->state, KC_STATE_DESTROYED);
    assert_int_equal(whole->secret_size + whole->seal_size, 0);
    const struct kc_record *share = bench_record(w->bench[0], KC_KIND_KEY, w->share[0]);
    assert_int_equal(share->role, KC_ROLE_QUORUM);
    assert_int_equal(share->index, 1);
    assert_int_equal(share->threshold, THRESHOLD);
    assert_int_equal(kc_quorum_holders(share), HOLDERS);
    assert_string_equal(share->group, w->key);
    assert_string_equal(share->label, "k");
    struct ask ask = key_ask(KC_OPERATION_SHARE_DEALT, w->key);
    struct answer *answer = bench_ask(w->bench[0], &ask);
    struct kc_span again = answer_value(answer, KC_FIELD_ENVELOPES)->span;
    assert_int_equal(again.size, w->envelopes_size);
    assert_memory_equal(again.bytes, w->envelopes, again.size);
    assert_int_equal(answer_value(answer, KC_FIELD_HOLDER_COUNT)->number, HOLDERS);
    answer_done(answer);
}

static void a_key_that_was_destroyed_otherwise_has_no_envelopes(void **state)
{
    struct world *w = *state;
    w->key = bench_generate(w->bench[0], "Ed25519", "application", "k");
    struct ask before = key_ask(KC_OPERATION_SHARE_DEALT, w->key);
    bench_expect(w->bench[0], &before, KC_ERR_REFUSED);
    struct ask destroy = key_ask(KC_OPERATION_KEY_DESTROY, w->key);
    bench_expect(w->bench[0], &destroy, KC_OK);
    struct ask after = key_ask(KC_OPERATION_SHARE_DEALT, w->key);
    bench_expect(w->bench[0], &after, KC_ERR_REFUSED);
}

static void expect_no_deal(struct world *w, struct ask *ask, enum kc_error error)
{
    bench_expect(w->bench[0], ask, error);
    assert_int_equal(bench_record(w->bench[0], KC_KIND_KEY, w->key)->state, KC_STATE_ACTIVE);
}

static void nothing_is_dealt_without_the_pin_or_to_who_is_not_enrolled(void **state)
{
    struct world *w = *state;
    char twice[2 * KC_RECORD_ID_SIZE];
    w->key = bench_generate(w->bench[0], "Ed25519", "application", "k");
    struct ask pin = deal_ask_by(w, 2, "not the PIN at all");
    expect_no_deal(w, &pin, KC_ERR_OPERATOR_PROOF);
    struct ask stranger = deal_ask(w, 2);
    ask_text(&stranger, KC_FIELD_HOLDERS, w->key);
    expect_no_deal(w, &stranger, KC_ERR_REFUSED);
    struct ask none = deal_ask(w, 2);
    ask_text(&none, KC_FIELD_HOLDERS, ",");
    expect_no_deal(w, &none, KC_ERR_REFUSED);
    snprintf(twice, sizeof twice, "%s,%s", w->wrap[1], w->wrap[1]);
    struct ask again = deal_ask(w, 2);
    ask_text(&again, KC_FIELD_HOLDERS, twice);
    expect_no_deal(w, &again, KC_ERR_BAD_ARGUMENT);
    static const uint64_t thresholds[] = {0, 1, HOLDERS + 1};
    for (size_t i = 0; i < 3; i++) {
        struct ask ask = deal_ask(w, thresholds[i]);
        expect_no_deal(w, &ask, KC_ERR_BAD_ARGUMENT);
    }
    struct ask alone = deal_ask(w, 2);
    ask_text(&alone, KC_FIELD_HOLDERS, w->wrap[1]);
    ask_number(&alone, KC_FIELD_KEEP, 0);
    expect_no_deal(w, &alone, KC_ERR_BAD_ARGUMENT);
}

static void only_keys_that_sign_are_dealt(void **state)
{
    struct world *w = *state;
    w->key = bench_generate(w->bench[0], "X25519", "application", "agrees");
    struct ask agrees = deal_ask(w, 2);
    expect_no_deal(w, &agrees, KC_ERR_REFUSED);
    free(w->key);
    w->key = bench_generate(w->bench[0], "Ed25519", "base", "device's");
    struct ask base = deal_ask(w, 2);
    expect_no_deal(w, &base, KC_ERR_REFUSED);
    free(w->key);
    w->key = bench_generate(w->bench[0], "P-384", "application", "p");
    struct ask other = deal_ask(w, 2);
    expect_no_deal(w, &other, KC_ERR_BAD_ALGORITHM);
}

static void a_key_can_be_dealt_whole_to_others(void **state)
{
    struct world *w = *state;
    w->key = bench_generate(w->bench[0], "Ed25519", "application", "k");
    struct ask ask = deal_ask(w, 2);
    ask_number(&ask, KC_FIELD_KEEP, 0);
    struct answer *answer = bench_ask(w->bench[0], &ask);
    assert_false(kc_values_has(&answer->in.message.values, KC_FIELD_KEY));
    assert_int_equal(answer_value(answer, KC_FIELD_HOLDER_COUNT)->number, 2);
    take_envelopes(w, answer);
    answer_done(answer);
    for (size_t i = 1; i < HOLDERS; i++) {
        struct ask accept_it = accept_ask(w, i, envelope_of(w, i));
        answer = bench_ask(w->bench[i], &accept_it);
        assert_int_equal(answer_value(answer, KC_FIELD_INDEX)->number, i);
        answer_done(answer);
    }
}

static void most_holders_that_there_can_be_fit(void **state)
{
    struct world *w = *state;
    char holders[KC_QUORUM_HOLDERS_MAX * KC_RECORD_ID_SIZE] = "";
    w->key = bench_generate(w->bench[0], "Ed448", "application", "k");
    for (size_t i = 0; i < KC_QUORUM_HOLDERS_MAX; i++) {
        char label[16];
        snprintf(label, sizeof label, "h%zu", i);
        free(w->wrap[0]);
        bench_free(w->bench[1]);
        w->bench[1] = bench_new();
        w->wrap[0] = enrol(w, 1, label);
        snprintf(holders + strlen(holders), sizeof holders - strlen(holders), "%s%s",
            i > 0 ? "," : "", w->wrap[0]);
    }
    struct ask more = deal_ask(w, KC_QUORUM_HOLDERS_MAX);
    ask_text(&more, KC_FIELD_HOLDERS, holders); /* and the one that stays */
    expect_no_deal(w, &more, KC_ERR_BAD_ARGUMENT);
    struct ask ask = deal_ask(w, KC_QUORUM_HOLDERS_MAX);
    ask_text(&ask, KC_FIELD_HOLDERS, holders);
    ask_number(&ask, KC_FIELD_KEEP, 0);
    struct answer *answer = bench_ask(w->bench[0], &ask);
    assert_int_equal(answer_value(answer, KC_FIELD_HOLDER_COUNT)->number, KC_QUORUM_HOLDERS_MAX);
    answer_done(answer);
}

/* --- accepting --- */

static void a_share_that_the_commitments_do_not_fit_is_refused(void **state)
{
    struct world *w = *state;
    uint8_t envelope[KC_ENVELOPE_SIZE_MAX];
    deal(w, "Ed25519", "application");
    struct kc_span whole = envelope_of(w, 1);
    memcpy(envelope, whole.bytes, whole.size);
    for (size_t at = 0; at < whole.size; at += 5) { /* any octet: all of it is authenticated */
        envelope[at] ^= 1;
        struct ask ask = accept_ask(w, 1, (struct kc_span){envelope, whole.size});
        bench_expect(w->bench[1], &ask, KC_ERR_ENVELOPE);
        envelope[at] ^= 1;
    }
    struct ask cut = accept_ask(w, 1, (struct kc_span){envelope, whole.size - 1});
    bench_expect(w->bench[1], &cut, KC_ERR_ENVELOPE);
    struct ask other = accept_ask(w, 1, envelope_of(w, 2));
    bench_expect(w->bench[1], &other, KC_ERR_ENVELOPE);
}

/* What a dealer that lies would send: sealed as it should be, but not the value that it is said to be. */
static void a_dealer_that_lies_is_found_out_when_the_share_is_accepted(void **state)
{
    struct world *w = *state;
    deal_to_all(w, "Ed25519", "application");
    const struct kc_record *stored = bench_record(w->bench[2], KC_KIND_KEY, w->share[2]);
    const struct kc_record *wrap = bench_record(w->bench[1], KC_KIND_KEY, w->wrap[1]);
    enum { VALUE, INDEX, GROUP, COMMITMENT, THRESHOLD_TOO_HIGH, COUNT_TOO_LOW, CLASS, LIES };
    struct ask destroy = key_ask(KC_OPERATION_KEY_DESTROY, w->share[1]);
    bench_expect(w->bench[1], &destroy, KC_OK);
    for (int lie = VALUE; lie < LIES; lie++) {
        struct kc_record share = *stored;
        struct kc_secret secret = {0};
        struct kc_scalar scalar;
        struct kc_point recipient;
        uint8_t body[KC_QUORUM_SIZE_MAX], envelope[KC_ENVELOPE_SIZE_MAX];
        size_t size;
        assert_int_equal(kc_keeper_open(w->bench[2]->vault->keeper, stored, &secret), KC_OK);
        memcpy(body, share.body.bytes, share.body.size);
        share.body.bytes = body;
        if (lie == VALUE)
            secret.bytes[0] ^= 1;
        else if (lie == INDEX)
            share.index = 1;
        else if (lie == GROUP)
            share.group[0] = share.group[0] == 'M' ? 'A' : 'M';
        else if (lie == COMMITMENT)
            memcpy(body + 1 + 32, body + 1, 32);
        else if (lie == THRESHOLD_TOO_HIGH)
            share.threshold = 3;
        else if (lie == COUNT_TOO_LOW)
            body[0] = 2;
        else
            share.class = KC_ROLE_BASE;
        assert_int_equal(
            kc_scalar_decode(&scalar, KC_CURVE_ED25519, secret.bytes, secret.size), KC_OK);
        assert_int_equal(
            kc_point_decode(&recipient, KC_CURVE_X448, wrap->public_key, wrap->public_size), KC_OK);
        assert_int_equal(kc_envelope_seal(w->bench[2]->vault->entropy, &share, &scalar, &recipient,
                             envelope, sizeof envelope, &size),
            KC_OK);
        struct ask ask = accept_ask(w, 1, (struct kc_span){envelope, size});
        bench_expect(w->bench[1], &ask, KC_ERR_ENVELOPE);
        kc_secret_done(&secret);
    }
}

static void a_share_is_accepted_once_and_not_beside_another(void **state)
{
    struct world *w = *state;
    deal_to_all(w, "Ed25519", "application");
    struct ask again = accept_ask(w, 1, envelope_of(w, 1));
    bench_expect(w->bench[1], &again, KC_ERR_EXISTS);
    const struct kc_record *stored = bench_record(w->bench[2], KC_KIND_KEY, w->share[2]);
    const struct kc_record *wrap = bench_record(w->bench[1], KC_KIND_KEY, w->wrap[1]);
    struct kc_secret secret = {0};
    struct kc_scalar scalar;
    struct kc_point recipient;
    uint8_t envelope[KC_ENVELOPE_SIZE_MAX];
    size_t size;
    assert_int_equal(kc_keeper_open(w->bench[2]->vault->keeper, stored, &secret), KC_OK);
    assert_int_equal(kc_scalar_decode(&scalar, KC_CURVE_ED25519, secret.bytes, secret.size), KC_OK);
    kc_secret_done(&secret);
    assert_int_equal(
        kc_point_decode(&recipient, KC_CURVE_X448, wrap->public_key, wrap->public_size), KC_OK);
    assert_int_equal(kc_envelope_seal(w->bench[2]->vault->entropy, stored, &scalar, &recipient,
                         envelope, sizeof envelope, &size),
        KC_OK);
    struct ask beside = accept_ask(w, 1, (struct kc_span){envelope, size});
    bench_expect(w->bench[1], &beside, KC_ERR_BAD_ARGUMENT);
}

/* --- the vault dies --- */

/* Dealing writes the PIN's count, then all of it at once. */
static void a_vault_that_dies_while_it_deals_has_the_whole_key_or_the_shares(void **state)
{
    for (size_t commit_at = 1; commit_at <= 2; commit_at++) {
        for (int stored = 0; stored < 2; stored++) {
            struct world *w = *state;
            w->key = bench_generate(w->bench[0], "Ed25519", "application", "k");
            w->bench[0]->dies_at_commit = commit_at;
            w->bench[0]->dies_stored = stored;
            struct ask ask = deal_ask(w, THRESHOLD);
            bench_send(w->bench[0], &ask);
            bench_pump(w->bench[0]);
            assert_true(w->bench[0]->is_dead);
            bench_restart(w->bench[0]);
            bool dealt = commit_at == 2 && stored;
            struct ask sign_it = key_ask(KC_OPERATION_KEY_SIGN, w->key);
            ask_octets(&sign_it, KC_FIELD_MESSAGE, "m", 1);
            bench_expect(w->bench[0], &sign_it, dealt ? KC_ERR_REFUSED : KC_OK);
            struct ask dealt_ask = key_ask(KC_OPERATION_SHARE_DEALT, w->key);
            bench_expect(w->bench[0], &dealt_ask, dealt ? KC_OK : KC_ERR_REFUSED);
            if (!dealt) {
                struct ask destroy = key_ask(KC_OPERATION_KEY_DESTROY, w->key);
                bench_expect(w->bench[0], &destroy, KC_OK);
            }
            free(w->key);
            w->key = NULL;
        }
    }
}

static void a_vault_that_dies_while_it_accepts_has_the_share_or_takes_it_again(void **state)
{
    struct world *w = *state;
    deal(w, "Ed25519", "application");
    for (int stored = 0; stored < 2; stored++) {
        w->bench[1 + stored]->dies_at_commit = 1;
        w->bench[1 + stored]->dies_stored = stored;
        struct ask ask = accept_ask(w, 1 + (size_t)stored, envelope_of(w, 1 + (size_t)stored));
        bench_send(w->bench[1 + stored], &ask);
        bench_pump(w->bench[1 + stored]);
        assert_true(w->bench[1 + stored]->is_dead);
        bench_restart(w->bench[1 + stored]);
        struct ask again = accept_ask(w, 1 + (size_t)stored, envelope_of(w, 1 + (size_t)stored));
        bench_expect(w->bench[1 + stored], &again, stored ? KC_ERR_EXISTS : KC_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, frost_setup, frost_teardown)
        CASE(dealing_leaves_a_tombstone_with_the_envelopes),
        CASE(a_key_that_was_destroyed_otherwise_has_no_envelopes),
        CASE(nothing_is_dealt_without_the_pin_or_to_who_is_not_enrolled),
        CASE(only_keys_that_sign_are_dealt),
        CASE(a_key_can_be_dealt_whole_to_others),
        CASE(most_holders_that_there_can_be_fit),
        CASE(a_share_that_the_commitments_do_not_fit_is_refused),
        CASE(a_dealer_that_lies_is_found_out_when_the_share_is_accepted),
        CASE(a_share_is_accepted_once_and_not_beside_another),
        CASE(a_vault_that_dies_while_it_deals_has_the_whole_key_or_the_shares),
        CASE(a_vault_that_dies_while_it_accepts_has_the_share_or_takes_it_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
