/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/vault/frost_world.h"

#include "custodian/vault/envelope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *enrol(struct world *w, size_t holder, const char *label)
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

int frost_setup(void **state)
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

int frost_teardown(void **state)
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

void expect_detail(struct bench *bench, struct ask *ask, enum kc_error error, const char *detail)
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

struct ask deal_ask_by(const struct world *w, uint64_t threshold, const char *pin)
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

struct ask deal_ask(const struct world *w, uint64_t threshold)
{
    return deal_ask_by(w, threshold, BENCH_PIN);
}

void take_envelopes(struct world *w, const struct answer *answer)
{
    struct kc_span envelopes = answer_value(answer, KC_FIELD_ENVELOPES)->span;
    assert_true(envelopes.size <= sizeof w->envelopes);
    memcpy(w->envelopes, envelopes.bytes, envelopes.size);
    w->envelopes_size = envelopes.size;
}

void deal(struct world *w, const char *algorithm, const char *role)
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

struct kc_span envelope_of(const struct world *w, size_t holder)
{
    struct kc_reader r;
    struct kc_span envelope = {0};
    kc_reader_init(&r, w->envelopes, w->envelopes_size);
    for (size_t i = 1; i <= holder; i++)
        envelope = kc_reader_span(&r, KC_ENVELOPE_SIZE_MAX);
    assert_false(r.failed);
    return envelope;
}

struct ask accept_ask(const struct world *w, size_t holder, struct kc_span envelope)
{
    struct ask ask = key_ask(KC_OPERATION_SHARE_ACCEPT, w->wrap[holder]);
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_LABEL, "k");
    ask_span(&ask, KC_FIELD_ENVELOPE, envelope);
    return ask;
}

void accept_share(struct world *w, size_t holder)
{
    struct ask ask = accept_ask(w, holder, envelope_of(w, holder));
    struct answer *answer = bench_ask(w->bench[holder], &ask);
    assert_string_equal(answer_text(answer, KC_FIELD_ROLE), "quorum");
    assert_int_equal(answer_value(answer, KC_FIELD_INDEX)->number, holder + 1);
    w->share[holder] = strdup(answer_text(answer, KC_FIELD_KEY));
    answer_done(answer);
}

void deal_to_all(struct world *w, const char *algorithm, const char *role)
{
    deal(w, algorithm, role);
    accept_share(w, 1);
    accept_share(w, 2);
}

/* --- signing --- */

struct ask frost_ask(
    const struct world *w, enum kc_operation operation, size_t holder, const struct ceremony *c)
{
    struct ask ask = key_ask(operation, w->share[holder]);
    if (c->scheme)
        ask_text(&ask, KC_FIELD_SCHEME, c->scheme);
    return ask;
}

void commit(struct world *w, size_t holder, struct ceremony *c)
{
    struct ask ask = frost_ask(w, KC_OPERATION_FROST_COMMIT, holder, c);
    commit_by(w->bench[holder], &ask, holder, c);
}

void commit_by(struct bench *bench, struct ask *ask, size_t holder, struct ceremony *c)
{
    struct answer *answer = bench_ask(bench, ask);
    struct kc_span commitment = answer_value(answer, KC_FIELD_COMMITMENTS)->span;
    memcpy(c->session[holder], answer_value(answer, KC_FIELD_SESSION)->span.bytes, 16);
    memcpy(c->list + c->list_size, commitment.bytes, commitment.size);
    c->list_size += commitment.size;
    c->commitment_size = commitment.size;
    c->signers[c->count++] = holder;
    answer_done(answer);
}

struct ask contribute_ask(const struct world *w, size_t holder, const struct ceremony *c)
{
    struct ask ask = frost_ask(w, KC_OPERATION_FROST_CONTRIBUTE, holder, c);
    ask_octets(&ask, KC_FIELD_SESSION, c->session[holder], sizeof c->session[holder]);
    ask_octets(&ask, KC_FIELD_MESSAGE, c->message, strlen(c->message));
    ask_octets(&ask, KC_FIELD_COMMITMENTS, c->list, c->list_size);
    return ask;
}

void contribute(struct world *w, size_t holder, struct ceremony *c)
{
    struct ask ask = contribute_ask(w, holder, c);
    contribute_by(w->bench[holder], &ask, c);
}

void contribute_by(struct bench *bench, struct ask *ask, struct ceremony *c)
{
    struct answer *answer = bench_ask(bench, ask);
    struct kc_span part = answer_value(answer, KC_FIELD_SIGNATURE_SHARE)->span;
    memcpy(c->parts + c->parts_size, part.bytes, part.size);
    c->parts_size += part.size;
    answer_done(answer);
}

struct ask aggregate_ask(const struct world *w, size_t holder, const struct ceremony *c)
{
    struct ask ask = frost_ask(w, KC_OPERATION_FROST_AGGREGATE, holder, c);
    ask_octets(&ask, KC_FIELD_MESSAGE, c->message, strlen(c->message));
    ask_octets(&ask, KC_FIELD_COMMITMENTS, c->list, c->list_size);
    ask_octets(&ask, KC_FIELD_SIGNATURE_SHARES, c->parts, c->parts_size);
    return ask;
}

struct ceremony rounds(struct world *w, const char *scheme, const char *message)
{
    struct ceremony c = {.scheme = scheme, .message = message};
    commit(w, 1, &c);
    commit(w, 2, &c);
    contribute(w, 1, &c);
    contribute(w, 2, &c);
    return c;
}

struct answer *sign(struct world *w, const char *scheme, const char *message)
{
    struct ceremony c = rounds(w, scheme, message);
    struct ask ask = aggregate_ask(w, 0, &c); /* any holder, not just a signer */
    return bench_ask(w->bench[0], &ask);
}

size_t open_sessions(const struct world *w, size_t holder)
{
    return kc_frost_sessions_count(w->bench[holder]->vault->frost);
}
