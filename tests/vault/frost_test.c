/* SPDX-License-Identifier: Apache-2.0 */
/* A key that was dealt to three custodians: any two of them sign as the whole key did, none of them
 * does alone. */
#include "tests/vault/frost_world.h"
#include "tests/vault/verify.h"

#include "custodian/mesh/verify.h"
#include "custodian/vault/quorum.h"
#include "proto/hkdf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void check_signature(struct world *w, const char *algorithm, int type)
{
    deal_to_all(w, algorithm, "application");
    struct answer *answer = sign(w, NULL, "two of three sign");
    assert_true(openssl_verifies(type, w->public, w->public_size,
        answer_value(answer, KC_FIELD_SIGNATURE)->span, "two of three sign"));
    answer_done(answer);
    for (size_t i = 0; i < HOLDERS; i++)
        assert_int_equal(open_sessions(w, i), 0);
}

static void two_of_three_sign_as_the_whole_ed25519_key(void **state)
{
    check_signature(*state, "Ed25519", EVP_PKEY_ED25519);
}

static void two_of_three_sign_as_the_whole_ed448_key(void **state)
{
    check_signature(*state, "Ed448", EVP_PKEY_ED448);
}

/* Schnorr's: there is nothing but FROST that verifies it, and frost-aggregate did. */
static void two_of_three_sign_with_a_p256_key(void **state)
{
    struct world *w = *state;
    deal_to_all(w, "P-256", "application");
    struct answer *answer = sign(w, NULL, "two of three sign");
    assert_int_equal(answer_value(answer, KC_FIELD_SIGNATURE)->span.size, 65);
    answer_done(answer);
    const struct kc_record *whole = bench_record(w->bench[0], KC_KIND_KEY, w->key);
    assert_memory_equal(whole->public_key + 1, w->public + 1, 32);
    assert_string_equal(bench_record(w->bench[1], KC_KIND_KEY, w->share[1])->group, w->key);
}

/* Mesh envelopes sign Ed25519 with an empty context, which no plain signature is. */
static void an_account_key_that_was_dealt_signs_messages_in_envelopes_and_nothing_else(void **state)
{
    struct world *w = *state;
    static const char text[] = "a payload that is no object of the Mesh";
    static const char message[] =
        "{\"MessageContact\":{\"MessageId\":\"NAAA-AAAA\",\"Text\":\"good day\"}}";
    uint8_t digest[KC_DARE_DIGEST_SIZE];
    deal_to_all(w, "Ed25519", "account");
    struct ceremony c = {.scheme = "envelope", .message = message};
    const char *raw[] = {NULL, "plain", "ctx"};
    for (size_t i = 0; i < 3; i++) {
        struct ask ask = key_ask(KC_OPERATION_FROST_COMMIT, w->share[1]);
        if (raw[i])
            ask_text(&ask, KC_FIELD_SCHEME, raw[i]);
        bench_expect(w->bench[1], &ask, KC_ERR_REFUSED);
    }
    commit(w, 1, &c);
    commit(w, 2, &c);
    c.message = text;
    struct ask other = contribute_ask(w, 1, &c);
    bench_expect(w->bench[1], &other, KC_ERR_REFUSED);
    assert_int_equal(open_sessions(w, 1), 0);

    struct answer *answer = sign(w, "envelope", message);
    struct kc_span signature = answer_value(answer, KC_FIELD_SIGNATURE)->span;
    struct kc_public_key public;
    assert_int_equal(kc_hash_digest(KC_HASH_SHA512,
                         (struct kc_span){(const uint8_t *)message, strlen(message)}, digest),
        KC_OK);
    assert_int_equal(
        kc_public_key_make("Ed25519", (struct kc_span){w->public, 32}, &public), KC_OK);
    assert_int_equal(kc_mesh_verify(&public, digest, signature), KC_OK);
    answer_done(answer);
}

static void each_curve_has_the_schemes_that_it_signs_by(void **state)
{
    struct world *w = *state;
    deal_to_all(w, "P-256", "application");
    static const char *const wrong[] = {"ctx", "envelope", "ph", "ecdsa", "pss"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct ask ask = key_ask(KC_OPERATION_FROST_COMMIT, w->share[1]);
        ask_text(&ask, KC_FIELD_SCHEME, wrong[i]);
        bench_expect(w->bench[1], &ask, KC_ERR_BAD_ARGUMENT);
    }
}

static void the_suite_of_round_one_is_that_of_round_two(void **state)
{
    struct world *w = *state;
    struct ceremony c = {.scheme = "plain", .message = "m"};
    deal_to_all(w, "Ed25519", "application");
    commit(w, 1, &c);
    commit(w, 2, &c);
    c.scheme = "ctx";
    struct ask ask = contribute_ask(w, 1, &c);
    bench_expect(w->bench[1], &ask, KC_ERR_SESSION);
}

/* --- what a session is good for --- */

static void a_session_signs_one_message_once(void **state)
{
    struct world *w = *state;
    deal_to_all(w, "Ed25519", "application");
    struct ceremony c = rounds(w, NULL, "the first message");
    struct ask again = contribute_ask(w, 1, &c);
    bench_expect(w->bench[1], &again, KC_ERR_SESSION);
    c.message = "another message";
    struct ask other = contribute_ask(w, 1, &c);
    bench_expect(w->bench[1], &other, KC_ERR_SESSION);
}

/* The session is over after each of them, so that no pair of nonces answers twice. */
static void an_altered_list_of_commitments_ends_the_session(void **state)
{
    struct world *w = *state;
    deal_to_all(w, "Ed25519", "application");
    enum { OWN, MISSING, ORDER, TWICE, FEW, TRAILING, STRANGER, ALTERATIONS };
    for (int alteration = OWN; alteration < ALTERATIONS; alteration++) {
        struct ceremony c = {.message = "m"};
        commit(w, 1, &c);
        commit(w, 2, &c);
        size_t size = c.commitment_size;
        uint8_t first[128];
        memcpy(first, c.list, size);
        if (alteration == OWN)
            memcpy(c.list + 4, c.list + size + 4, size - 4);
        else if (alteration == MISSING)
            c.list[3] = 1;
        else if (alteration == ORDER)
            memcpy(c.list, c.list + size, size), memcpy(c.list + size, first, size);
        else if (alteration == TWICE)
            memcpy(c.list + size, first, size);
        else if (alteration == FEW)
            c.list_size = size;
        else if (alteration == TRAILING)
            c.list[c.list_size++] = 0;
        else
            c.list[size + 3] = HOLDERS + 1;
        struct ask ask = contribute_ask(w, 1, &c);
        expect_detail(w->bench[1], &ask, KC_ERR_BAD_ARGUMENT, "commitments");
        assert_int_equal(open_sessions(w, 1), 0);
        struct ask abort_it = key_ask(KC_OPERATION_FROST_ABORT, w->share[2]);
        ask_octets(&abort_it, KC_FIELD_SESSION, c.session[2], 16);
        bench_expect(w->bench[2], &abort_it, KC_OK);
    }
}

static void a_commitment_that_is_no_point_is_refused(void **state)
{
    struct world *w = *state;
    deal_to_all(w, "Ed25519", "application");
    struct ceremony c = {.message = "m"};
    commit(w, 1, &c);
    commit(w, 2, &c);
    memset(c.list + c.commitment_size + 4, 0, 32);
    c.list[c.commitment_size + 4] = 1; /* the identity */
    struct ask ask = contribute_ask(w, 1, &c);
    bench_expect(w->bench[1], &ask, KC_ERR_POINT_SMALL_ORDER);
}

static void a_session_is_of_one_share_and_one_user(void **state)
{
    struct world *w = *state;
    deal_to_all(w, "Ed25519", "application");
    struct ceremony c = {.message = "m"};
    commit(w, 1, &c);
    commit(w, 2, &c);
    struct ask wrong = contribute_ask(w, 1, &c);
    ask_octets(&wrong, KC_FIELD_SESSION, c.session[2], 16);
    bench_expect(w->bench[1], &wrong, KC_ERR_SESSION);
    assert_null(kc_frost_sessions_take(
        w->bench[1]->vault->frost, (struct kc_span){c.session[1], 16}, w->share[1], getuid() + 1));
    assert_null(kc_frost_sessions_take(
        w->bench[1]->vault->frost, (struct kc_span){c.session[1], 16}, w->share[2], getuid()));
    assert_int_equal(open_sessions(w, 1), 1);
    bench_connect(w->bench[1]); /* of the same user: others were asked in between */
    contribute(w, 1, &c);
}

static void a_restart_between_the_rounds_ends_the_session(void **state)
{
    struct world *w = *state;
    deal_to_all(w, "Ed25519", "application");
    struct ceremony c = {.message = "m"};
    commit(w, 1, &c);
    commit(w, 2, &c);
    bench_restart(w->bench[1]);
    struct ask ask = contribute_ask(w, 1, &c);
    bench_expect(w->bench[1], &ask, KC_ERR_SESSION);
}

static void a_session_ends_at_its_deadline(void **state)
{
    struct world *w = *state;
    deal_to_all(w, "Ed25519", "application");
    struct ceremony c = {.message = "m"};
    commit(w, 1, &c);
    commit(w, 2, &c);
    uint64_t deadline = kc_vault_deadline(w->bench[1]->vault);
    assert_true(
        deadline <= w->bench[1]->milliseconds + w->bench[1]->config.limits.frost_deadline_ms);
    w->bench[1]->milliseconds += w->bench[1]->config.limits.frost_deadline_ms;
    kc_vault_expire(w->bench[1]->vault);
    assert_int_equal(open_sessions(w, 1), 0);
    struct ask ask = contribute_ask(w, 1, &c);
    bench_expect(w->bench[1], &ask, KC_ERR_SESSION);
}

static void a_session_ends_with_its_share(void **state)
{
    struct world *w = *state;
    deal_to_all(w, "Ed25519", "application");
    struct ceremony c = {.message = "m"};
    commit(w, 1, &c);
    struct ask ask = key_ask(KC_OPERATION_KEY_DISABLE, w->share[1]);
    bench_expect(w->bench[1], &ask, KC_OK);
    assert_int_equal(open_sessions(w, 1), 0);
    struct ask late = contribute_ask(w, 1, &c);
    bench_expect(w->bench[1], &late, KC_ERR_REFUSED);
}

static void whom_the_policy_refuses_ends_no_session(void **state)
{
    struct world *w = *state;
    deal_to_all(w, "Ed25519", "application");
    struct ceremony c = {.message = "m"};
    commit(w, 1, &c);
    commit(w, 2, &c);
    struct kc_policy_rule allowed = w->bench[1]->rules[0];
    bench_allow_only(w->bench[1], KC_OPERATION_FROST_COMMIT);
    struct ask ask = contribute_ask(w, 1, &c);
    bench_expect(w->bench[1], &ask, KC_ERR_REFUSED);
    w->bench[1]->rules[0] = allowed;
    contribute(w, 1, &c);
}

/* Rule 7.2: one open commitment of a key for one who asks, the last; others have their own. */
static void a_user_has_one_session_of_a_share_open_and_the_next_ends_it(void **state)
{
    struct world *w = *state;
    struct ceremony first = {.message = "m"}, last = {.message = "m"};
    deal_to_all(w, "Ed25519", "application");
    commit(w, 1, &first);
    commit(w, 1, &last);
    assert_int_equal(open_sessions(w, 1), 1);
    struct ask given_up = key_ask(KC_OPERATION_FROST_ABORT, w->share[1]);
    ask_octets(&given_up, KC_FIELD_SESSION, first.session[1], 16);
    bench_expect(w->bench[1], &given_up, KC_ERR_SESSION);
    ask_octets(&given_up, KC_FIELD_SESSION, last.session[1], 16);
    bench_expect(w->bench[1], &given_up, KC_OK);
    assert_int_equal(open_sessions(w, 1), 0);
}

static struct kc_frost_session *session_of(uint32_t user, const char *share)
{
    struct kc_frost_session *session;
    assert_int_equal(kc_frost_session_new(&session), KC_OK);
    session->user = user;
    session->deadline_ms = UINT64_MAX;
    snprintf(session->share, sizeof session->share, "%s", share);
    return session;
}

static void one_user_has_at_most_half_of_all_sessions(void **state)
{
    (void)state;
    static const struct {
        uint32_t user;
        const char *share;
        enum kc_error error;
    } tries[] = {{1, "a", KC_OK}, {1, "a", KC_OK}, {1, "b", KC_OK}, {1, "c", KC_ERR_LIMIT},
        {2, "a", KC_OK}, {3, "a", KC_OK}, {4, "a", KC_ERR_LIMIT}, {3, "a", KC_OK}};
    struct kc_frost_sessions *sessions;
    assert_int_equal(kc_frost_sessions_new(4, &sessions), KC_OK);
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        struct kc_frost_session *session = session_of(tries[i].user, tries[i].share);
        enum kc_error error = kc_frost_sessions_put(sessions, session);
        assert_int_equal(error, tries[i].error);
        if (error != KC_OK)
            kc_frost_session_free(session);
    }
    kc_frost_sessions_free(sessions);
}

/* --- what is signed, told in round one --- */

static void commit_to(struct world *w, size_t holder, const char *message, struct ceremony *c)
{
    struct ask ask = frost_ask(w, KC_OPERATION_FROST_COMMIT, holder, c);
    ask_octets(&ask, KC_FIELD_MESSAGE, message, strlen(message));
    commit_by(w->bench[holder], &ask, holder, c);
}

static void what_was_told_in_round_one_is_signed_in_round_two_and_nothing_else(void **state)
{
    struct world *w = *state;
    deal_to_all(w, "Ed25519", "application");
    struct ceremony c = {.message = "another message"};
    commit_to(w, 1, "the message", &c);
    commit_to(w, 2, "the message", &c);
    struct ask other = contribute_ask(w, 1, &c);
    expect_detail(w->bench[1], &other, KC_ERR_BAD_ARGUMENT, "message");
    assert_int_equal(open_sessions(w, 1), 0);
    c.message = "the message";
    struct ask late = contribute_ask(w, 1, &c);
    bench_expect(w->bench[1], &late, KC_ERR_SESSION);
    contribute(w, 2, &c);
}

static void what_a_key_does_not_sign_opens_no_session(void **state)
{
    struct world *w = *state;
    struct ceremony c = {.scheme = "envelope"};
    static const char text[] = "a payload that is no object of the Mesh";
    deal_to_all(w, "Ed25519", "account");
    struct ask ask = frost_ask(w, KC_OPERATION_FROST_COMMIT, 1, &c);
    ask_octets(&ask, KC_FIELD_MESSAGE, text, strlen(text));
    bench_expect(w->bench[1], &ask, KC_ERR_REFUSED);
    assert_int_equal(open_sessions(w, 1), 0);
}

/* --- the parts --- */

static void who_sent_a_wrong_part_is_named(void **state)
{
    struct world *w = *state;
    deal_to_all(w, "Ed448", "application");
    struct ceremony c = rounds(w, NULL, "m");
    size_t part = c.parts_size / 2;
    c.parts[part] ^= 1;
    struct ask ask = aggregate_ask(w, 0, &c);
    expect_detail(w->bench[0], &ask, KC_ERR_CONTRIBUTION, "signature_shares: of holder 3");
    c.parts[0] ^= 2; /* one would make up for the other half of the time */
    struct ask both = aggregate_ask(w, 0, &c);
    expect_detail(w->bench[0], &both, KC_ERR_CONTRIBUTION, "signature_shares: of holder 2, 3");
    c.parts_size -= 1;
    struct ask few = aggregate_ask(w, 0, &c);
    bench_expect(w->bench[0], &few, KC_ERR_BAD_ARGUMENT);
}

static void parts_of_another_message_make_no_signature(void **state)
{
    struct world *w = *state;
    deal_to_all(w, "Ed25519", "application");
    struct ceremony c = rounds(w, NULL, "m");
    c.message = "n";
    struct ask ask = aggregate_ask(w, 1, &c);
    bench_expect(w->bench[1], &ask, KC_ERR_CONTRIBUTION);
}

static void one_custodian_alone_cannot_sign(void **state)
{
    struct world *w = *state;
    deal_to_all(w, "Ed25519", "application");
    struct ceremony c = {.message = "m"};
    commit(w, 1, &c);
    struct ask alone = contribute_ask(w, 1, &c);
    bench_expect(w->bench[1], &alone, KC_ERR_BAD_ARGUMENT);
    static const enum kc_operation whole[] = {KC_OPERATION_KEY_SIGN, KC_OPERATION_SIGNATURE_COMMIT,
        KC_OPERATION_SIGNATURE_CONTRIBUTE, KC_OPERATION_ENVELOPE_SIGN};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        for (size_t holder = 0; holder < 2; holder++) { /* whose indices are those of parties */
            struct ask ask = key_ask(whole[i], w->share[holder]);
            ask_octets(&ask, KC_FIELD_MESSAGE, "m", 1);
            if (whole[i] == KC_OPERATION_SIGNATURE_CONTRIBUTE)
                ask_octets(&ask, KC_FIELD_COMMITMENT, w->public, w->public_size);
            bench_expect(w->bench[holder], &ask, KC_ERR_REFUSED);
        }
    struct ask gone = key_ask(KC_OPERATION_KEY_SIGN, w->key);
    ask_octets(&gone, KC_FIELD_MESSAGE, "m", 1);
    bench_expect(w->bench[0], &gone, KC_ERR_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, frost_setup, frost_teardown)
        CASE(two_of_three_sign_as_the_whole_ed25519_key),
        CASE(two_of_three_sign_as_the_whole_ed448_key),
        CASE(two_of_three_sign_with_a_p256_key),
        CASE(an_account_key_that_was_dealt_signs_messages_in_envelopes_and_nothing_else),
        CASE(each_curve_has_the_schemes_that_it_signs_by),
        CASE(the_suite_of_round_one_is_that_of_round_two),
        CASE(a_session_signs_one_message_once),
        CASE(an_altered_list_of_commitments_ends_the_session),
        CASE(a_commitment_that_is_no_point_is_refused),
        CASE(a_session_is_of_one_share_and_one_user),
        CASE(a_restart_between_the_rounds_ends_the_session),
        CASE(a_session_ends_at_its_deadline),
        CASE(a_session_ends_with_its_share),
        CASE(whom_the_policy_refuses_ends_no_session),
        CASE(a_user_has_one_session_of_a_share_open_and_the_next_ends_it),
        CASE(one_user_has_at_most_half_of_all_sessions),
        CASE(what_was_told_in_round_one_is_signed_in_round_two_and_nothing_else),
        CASE(what_a_key_does_not_sign_opens_no_session),
        CASE(who_sent_a_wrong_part_is_named),
        CASE(parts_of_another_message_make_no_signature),
        CASE(one_custodian_alone_cannot_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
