/* SPDX-License-Identifier: Apache-2.0 */
/* A key that was dealt to three custodians: any two of them sign as the whole key did, none of them
 * does alone. */
#include "tests/vault/bench.h"
#include "tests/vault/verify.h"

#include "base/writer.h"
#include "custodian/mesh/verify.h"
#include "custodian/vault/core.h"
#include "custodian/vault/envelope.h"
#include "custodian/vault/quorum.h"
#include "proto/hkdf.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOLDERS 3
#define THRESHOLD 2

/* The first holder dealt the key. */
struct world {
    struct bench *bench[HOLDERS];
    char *wrap[HOLDERS];  /* key and recipient of the others */
    char *key;            /* that was dealt */
    char *share[HOLDERS]; /* NULL: not accepted yet */
    uint8_t envelopes[8192];
    size_t envelopes_size;
    uint8_t public[KC_POINT_SIZE_MAX];
    size_t public_size;
};

static struct ask key_ask(enum kc_operation operation, const char *key)
{
    struct ask ask = ask_new(operation);
    ask_text(&ask, KC_FIELD_KEY, key);
    return ask;
}

static void ask_span(struct ask *ask, enum kc_field field, struct kc_span span)
{
    ask_octets(ask, field, span.bytes, span.size);
}

static char *enrol(struct world *w, size_t holder, const char *label)
{
    char *wrap = bench_generate(w->bench[holder], "X448", "wrap", "wrap");
    const struct kc_record *record = bench_record(w->bench[holder], KC_KIND_KEY, wrap);
    struct ask ask = ask_new(KC_OPERATION_RECIPIENT_ADD);
    ask_text(&ask, KC_FIELD_LABEL, label);
    ask_text(&ask, KC_FIELD_ALGORITHM, "X448");
    ask_octets(&ask, KC_FIELD_PUBLIC, record->public_key, record->public_size);
    ask_secret(&ask, KC_FIELD_PIN, BENCH_PIN, strlen(BENCH_PIN));
    answer_done(bench_ask(w->bench[0], &ask));
    return wrap;
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    for (size_t i = 0; i < HOLDERS; i++)
        w->bench[i] = bench_new();
    bench_set_pin(w->bench[0]);
    w->wrap[1] = enrol(w, 1, "second");
    w->wrap[2] = enrol(w, 2, "third");
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < HOLDERS; i++) {
        bench_free(w->bench[i]);
        free(w->wrap[i]);
        free(w->share[i]);
    }
    free(w->key);
    free(w);
    return 0;
}

/* The detail of a refusal. */
static void expect_detail(
    struct bench *bench, struct ask *ask, enum kc_error error, const char *detail)
{
    uint64_t ticket = bench_send(bench, ask);
    bench_pump(bench);
    struct answer *answer = bench_take(bench, ticket);
    assert_non_null(answer);
    assert_int_equal(answer->error, error);
    assert_true(kc_values_text_is(&answer->in.message.values, KC_FIELD_DETAIL, detail));
    answer_done(answer);
}

/* --- dealing and accepting --- */

static struct ask deal_ask_by(const struct world *w, uint64_t threshold, const char *pin)
{
    char holders[2 * KC_RECORD_ID_SIZE];
    static char kept[2 * KC_RECORD_ID_SIZE]; /* asks lend */
    snprintf(holders, sizeof holders, "%s,%s", w->wrap[1], w->wrap[2]);
    memcpy(kept, holders, sizeof kept);
    struct ask ask = key_ask(KC_OPERATION_SHARE_DEAL, w->key);
    ask_text(&ask, KC_FIELD_HOLDERS, kept);
    ask_number(&ask, KC_FIELD_THRESHOLD, threshold);
    ask_number(&ask, KC_FIELD_KEEP, 1);
    ask_secret(&ask, KC_FIELD_PIN, pin, strlen(pin));
    return ask;
}

static struct ask deal_ask(const struct world *w, uint64_t threshold)
{
    return deal_ask_by(w, threshold, BENCH_PIN);
}

static void take_envelopes(struct world *w, const struct answer *answer)
{
    struct kc_span envelopes = answer_value(answer, KC_FIELD_ENVELOPES)->span;
    assert_true(envelopes.size <= sizeof w->envelopes);
    memcpy(w->envelopes, envelopes.bytes, envelopes.size);
    w->envelopes_size = envelopes.size;
}

static void deal(struct world *w, const char *algorithm, const char *role)
{
    w->key = bench_generate(w->bench[0], algorithm, role, "k");
    struct ask ask = deal_ask(w, THRESHOLD);
    struct answer *answer = bench_ask(w->bench[0], &ask);
    w->share[0] = strdup(answer_text(answer, KC_FIELD_KEY));
    struct kc_span public = answer_value(answer, KC_FIELD_GROUP_PUBLIC)->span;
    memcpy(w->public, public.bytes, public.size);
    w->public_size = public.size;
    take_envelopes(w, answer);
    answer_done(answer);
}

/* The envelope of a holder, of those that were dealt. */
static struct kc_span envelope_of(const struct world *w, size_t holder)
{
    struct kc_reader r;
    struct kc_span envelope = {0};
    kc_reader_init(&r, w->envelopes, w->envelopes_size);
    for (size_t i = 1; i <= holder; i++)
        envelope = kc_reader_span(&r, KC_ENVELOPE_SIZE_MAX);
    assert_false(r.failed);
    return envelope;
}

static struct ask accept_ask(const struct world *w, size_t holder, struct kc_span envelope)
{
    struct ask ask = key_ask(KC_OPERATION_SHARE_ACCEPT, w->wrap[holder]);
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_LABEL, "k");
    ask_span(&ask, KC_FIELD_ENVELOPE, envelope);
    return ask;
}

static void accept_share(struct world *w, size_t holder)
{
    struct ask ask = accept_ask(w, holder, envelope_of(w, holder));
    struct answer *answer = bench_ask(w->bench[holder], &ask);
    assert_string_equal(answer_text(answer, KC_FIELD_ROLE), "quorum");
    assert_int_equal(answer_value(answer, KC_FIELD_INDEX)->number, holder + 1);
    w->share[holder] = strdup(answer_text(answer, KC_FIELD_KEY));
    answer_done(answer);
}

static void deal_to_all(struct world *w, const char *algorithm, const char *role)
{
    deal(w, algorithm, role);
    accept_share(w, 1);
    accept_share(w, 2);
}

/* --- signing --- */

/* What the coordinator carries. */
struct ceremony {
    const char *scheme; /* NULL: none is said */
    const char *message;
    size_t signers[HOLDERS], count; /* holders, ascending */
    uint8_t session[HOLDERS][KC_FROST_HANDLE_SIZE];
    uint8_t list[512], parts[256];
    size_t list_size, parts_size, commitment_size;
};

static struct ask frost_ask(
    const struct world *w, enum kc_operation operation, size_t holder, const struct ceremony *c)
{
    struct ask ask = key_ask(operation, w->share[holder]);
    if (c->scheme)
        ask_text(&ask, KC_FIELD_SCHEME, c->scheme);
    return ask;
}

static void commit(struct world *w, size_t holder, struct ceremony *c)
{
    struct ask ask = frost_ask(w, KC_OPERATION_FROST_COMMIT, holder, c);
    struct answer *answer = bench_ask(w->bench[holder], &ask);
    struct kc_span commitment = answer_value(answer, KC_FIELD_COMMITMENTS)->span;
    memcpy(c->session[holder], answer_value(answer, KC_FIELD_SESSION)->span.bytes, 16);
    memcpy(c->list + c->list_size, commitment.bytes, commitment.size);
    c->list_size += commitment.size;
    c->commitment_size = commitment.size;
    c->signers[c->count++] = holder;
    answer_done(answer);
}

static struct ask contribute_ask(const struct world *w, size_t holder, const struct ceremony *c)
{
    struct ask ask = frost_ask(w, KC_OPERATION_FROST_CONTRIBUTE, holder, c);
    ask_octets(&ask, KC_FIELD_SESSION, c->session[holder], sizeof c->session[holder]);
    ask_octets(&ask, KC_FIELD_MESSAGE, c->message, strlen(c->message));
    ask_octets(&ask, KC_FIELD_COMMITMENTS, c->list, c->list_size);
    return ask;
}

static void contribute(struct world *w, size_t holder, struct ceremony *c)
{
    struct ask ask = contribute_ask(w, holder, c);
    struct answer *answer = bench_ask(w->bench[holder], &ask);
    struct kc_span part = answer_value(answer, KC_FIELD_SIGNATURE_SHARE)->span;
    memcpy(c->parts + c->parts_size, part.bytes, part.size);
    c->parts_size += part.size;
    answer_done(answer);
}

static struct ask aggregate_ask(const struct world *w, size_t holder, const struct ceremony *c)
{
    struct ask ask = frost_ask(w, KC_OPERATION_FROST_AGGREGATE, holder, c);
    ask_octets(&ask, KC_FIELD_MESSAGE, c->message, strlen(c->message));
    ask_octets(&ask, KC_FIELD_COMMITMENTS, c->list, c->list_size);
    ask_octets(&ask, KC_FIELD_SIGNATURE_SHARES, c->parts, c->parts_size);
    return ask;
}

/* Both rounds by the second and the third holder. */
static struct ceremony rounds(struct world *w, const char *scheme, const char *message)
{
    struct ceremony c = {.scheme = scheme, .message = message};
    commit(w, 1, &c);
    commit(w, 2, &c);
    contribute(w, 1, &c);
    contribute(w, 2, &c);
    return c;
}

static struct answer *sign(struct world *w, const char *scheme, const char *message)
{
    struct ceremony c = rounds(w, scheme, message);
    struct ask ask = aggregate_ask(w, 0, &c); /* any holder, not just a signer */
    return bench_ask(w->bench[0], &ask);
}

static void check_signature(struct world *w, const char *algorithm, int type)
{
    deal_to_all(w, algorithm, "application");
    struct answer *answer = sign(w, NULL, "two of three sign");
    assert_true(openssl_verifies(type, w->public, w->public_size,
        answer_value(answer, KC_FIELD_SIGNATURE)->span, "two of three sign"));
    answer_done(answer);
    for (size_t i = 0; i < HOLDERS; i++)
        assert_int_equal(kc_frost_sessions_count(w->bench[i]->vault->frost), 0);
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
    assert_int_equal(kc_frost_sessions_count(w->bench[1]->vault->frost), 0);

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
        assert_int_equal(kc_frost_sessions_count(w->bench[1]->vault->frost), 0);
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
    assert_int_equal(kc_frost_sessions_count(w->bench[1]->vault->frost), 1);
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
    assert_int_equal(kc_frost_sessions_count(w->bench[1]->vault->frost), 0);
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
    assert_int_equal(kc_frost_sessions_count(w->bench[1]->vault->frost), 0);
    struct ask late = contribute_ask(w, 1, &c);
    bench_expect(w->bench[1], &late, KC_ERR_REFUSED);
}

static void a_user_has_so_many_sessions_of_a_share_and_no_more(void **state)
{
    struct world *w = *state;
    struct ceremony last = {0};
    deal_to_all(w, "Ed25519", "application");
    for (size_t i = 0; i < KC_FROST_OPEN_MAX; i++) {
        last = (struct ceremony){0};
        commit(w, 1, &last);
    }
    struct ask more = key_ask(KC_OPERATION_FROST_COMMIT, w->share[1]);
    bench_expect(w->bench[1], &more, KC_ERR_LIMIT);
    assert_int_equal(kc_frost_sessions_count(w->bench[1]->vault->frost), KC_FROST_OPEN_MAX);
    struct ask given_up = key_ask(KC_OPERATION_FROST_ABORT, w->share[1]);
    ask_octets(&given_up, KC_FIELD_SESSION, last.session[1], 16);
    bench_expect(w->bench[1], &given_up, KC_OK);
    commit(w, 1, &last);
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

/* --- dealing --- */

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
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
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
        CASE(a_user_has_so_many_sessions_of_a_share_and_no_more),
        CASE(who_sent_a_wrong_part_is_named),
        CASE(parts_of_another_message_make_no_signature),
        CASE(one_custodian_alone_cannot_sign),
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
