/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dealt key is dealt anew by its holders: the new shares sign as the former did, former and new ones
 * together do not, and until the new ones have shown that they sign the former stay.
 */
#include "tests/vault/frost_world.h"
#include "tests/vault/verify.h"

#include "custodian/vault/envelope.h"
#include "custodian/vault/transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTS_MAX 8192

/* A dealing anew, under way. Parts are in the order of the new holders. */
struct renewal {
    const char *dealers; /* their indices, as digits */
    uint8_t session[KC_TRANSFER_SESSION_SIZE];
    uint64_t threshold;
    uint8_t parts[HOLDERS][PARTS_MAX]; /* of each dealer that is a holder */
    size_t size[HOLDERS];
    char *former[HOLDERS]; /* shares */
};

/* --- everybody may deal to everybody --- */

static void enrol_at(struct world *w, size_t at, size_t holder)
{
    const struct kc_record *record = bench_record(w->bench[holder], KC_KIND_KEY, w->wrap[holder]);
    char label[16];
    snprintf(label, sizeof label, "holder %zu", holder);
    struct ask ask = ask_new(KC_OPERATION_RECIPIENT_ADD);
    ask_text(&ask, KC_FIELD_LABEL, label);
    ask_text(&ask, KC_FIELD_ALGORITHM, "X448");
    ask_octets(&ask, KC_FIELD_PUBLIC, record->public_key, record->public_size);
    ask_secret(&ask, KC_FIELD_PIN, BENCH_PIN, strlen(BENCH_PIN));
    answer_done(bench_ask(w->bench[at], &ask));
}

static int setup(void **state)
{
    int failed = frost_setup(state);
    struct world *w = *state;
    w->wrap[0] = bench_generate(w->bench[0], "X448", "wrap", "wrap");
    for (size_t at = 1; at < HOLDERS; at++) {
        bench_set_pin(w->bench[at]);
        for (size_t holder = 0; holder < HOLDERS; holder++)
            if (holder != at)
                enrol_at(w, at, holder);
    }
    return failed;
}

/* --- the steps --- */

static struct ask redeal_ask(const struct world *w, size_t dealer, const struct renewal *r)
{
    static char names[HOLDERS * KC_RECORD_ID_SIZE]; /* asks lend */
    static uint8_t dealers[HOLDERS];
    size_t count = strlen(r->dealers);
    snprintf(names, sizeof names, "%s,%s,%s", w->wrap[0], w->wrap[1], w->wrap[2]);
    for (size_t i = 0; i < count; i++)
        dealers[i] = (uint8_t)(r->dealers[i] - '0');
    struct ask ask = key_ask(KC_OPERATION_SHARE_REDEAL, w->share[dealer]);
    ask_text(&ask, KC_FIELD_HOLDERS, names);
    ask_number(&ask, KC_FIELD_THRESHOLD, r->threshold);
    ask_octets(&ask, KC_FIELD_DEALERS, dealers, count);
    ask_octets(&ask, KC_FIELD_SESSION, r->session, sizeof r->session);
    ask_secret(&ask, KC_FIELD_PIN, BENCH_PIN, strlen(BENCH_PIN));
    return ask;
}

static void redeal(struct world *w, size_t dealer, struct renewal *r)
{
    struct ask ask = redeal_ask(w, dealer, r);
    struct answer *answer = bench_ask(w->bench[dealer], &ask);
    struct kc_span parts = answer_value(answer, KC_FIELD_ENVELOPES)->span;
    assert_true(parts.size <= PARTS_MAX);
    memcpy(r->parts[dealer], parts.bytes, parts.size);
    r->size[dealer] = parts.size;
    answer_done(answer);
}

/* Of a dealer's parts, that of a new holder: its size and octets. */
static struct kc_span part_of(const struct renewal *r, size_t dealer, size_t holder)
{
    struct kc_reader reader;
    struct kc_span part = {0};
    kc_reader_init(&reader, r->parts[dealer], r->size[dealer]);
    for (size_t i = 0; i <= holder; i++)
        part = kc_reader_span(&reader, KC_ENVELOPE_SIZE_MAX);
    assert_false(reader.failed);
    return (struct kc_span){part.bytes - 4, part.size + 4};
}

static struct ask gather_ask(const struct world *w, size_t holder, struct kc_span one,
    struct kc_span other, uint8_t room[static 2 * (KC_ENVELOPE_SIZE_MAX + 4)])
{
    memcpy(room, one.bytes, one.size);
    if (other.size > 0)
        memcpy(room + one.size, other.bytes, other.size);
    struct ask ask = key_ask(KC_OPERATION_SHARE_GATHER, w->wrap[holder]);
    ask_octets(&ask, KC_FIELD_ENVELOPES, room, one.size + other.size);
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_LABEL, "k anew");
    return ask;
}

static void gather(struct world *w, size_t holder, size_t one, size_t other, struct renewal *r)
{
    uint8_t room[2 * (KC_ENVELOPE_SIZE_MAX + 4)];
    struct ask ask =
        gather_ask(w, holder, part_of(r, one, holder), part_of(r, other, holder), room);
    struct answer *answer = bench_ask(w->bench[holder], &ask);
    assert_int_equal(answer_value(answer, KC_FIELD_INDEX)->number, holder + 1);
    assert_int_equal(answer_value(answer, KC_FIELD_THRESHOLD)->number, r->threshold);
    r->former[holder] = w->share[holder];
    w->share[holder] = strdup(answer_text(answer, KC_FIELD_KEY));
    assert_string_not_equal(r->former[holder], w->share[holder]);
    answer_done(answer);
}

/* By the first and the third holder, for all; they have it then. */
static void renew(struct world *w, struct renewal *r)
{
    redeal(w, 0, r);
    redeal(w, 2, r);
    for (size_t i = 0; i < HOLDERS; i++)
        gather(w, i, 0, 2, r);
}

static const struct renewal refresh = {
    .dealers = "13", .session = "a session of 16", .threshold = 2};

static void free_former(struct renewal *r)
{
    for (size_t i = 0; i < HOLDERS; i++)
        free(r->former[i]);
}

/* What the second and the third new holder show. */
struct proof {
    struct ceremony c;
    uint8_t quorum[KC_QUORUM_SIZE_MAX];
    size_t size;
};

static struct proof prove(struct world *w)
{
    struct proof proof = {.c = rounds(w, "quorum", "")};
    struct ask ask = aggregate_ask(w, 1, &proof.c);
    struct answer *answer = bench_ask(w->bench[1], &ask);
    struct kc_span quorum = answer_value(answer, KC_FIELD_QUORUM)->span;
    memcpy(proof.quorum, quorum.bytes, quorum.size);
    proof.size = quorum.size;
    answer_done(answer);
    return proof;
}

static struct ask retire_ask(const char *share, const struct proof *proof)
{
    struct ask ask = key_ask(KC_OPERATION_SHARE_RETIRE, share);
    ask_octets(&ask, KC_FIELD_QUORUM, proof->quorum, proof->size);
    ask_octets(&ask, KC_FIELD_COMMITMENTS, proof->c.list, proof->c.list_size);
    ask_octets(&ask, KC_FIELD_SIGNATURE_SHARES, proof->c.parts, proof->c.parts_size);
    return ask;
}

static void read_scalar(struct world *w, size_t holder, const char *share, struct kc_scalar *scalar)
{
    const struct kc_record *record = bench_record(w->bench[holder], KC_KIND_KEY, share);
    struct kc_secret secret = {0};
    assert_int_equal(kc_keeper_open(w->bench[holder]->vault->keeper, record, &secret), KC_OK);
    assert_int_equal(
        kc_scalar_decode(scalar, (enum kc_curve)record->algorithm, secret.bytes, secret.size),
        KC_OK);
    kc_secret_done(&secret);
}

/* --- what comes of it --- */

static void new_shares_sign_as_the_former_did_and_those_are_destroyed(void **state)
{
    struct world *w = *state;
    struct renewal r = refresh;
    deal_to_all(w, "Ed25519", "application");
    renew(w, &r);
    struct proof proof = prove(w);
    for (size_t i = 0; i < HOLDERS; i++) {
        struct ask ask = retire_ask(r.former[i], &proof);
        bench_expect(w->bench[i], &ask, KC_OK);
        const struct kc_record *former = bench_record(w->bench[i], KC_KIND_KEY, r.former[i]);
        assert_int_equal(former->state, KC_STATE_DESTROYED);
        assert_int_equal(former->secret_size, 0);
        struct ask commit_it = key_ask(KC_OPERATION_FROST_COMMIT, r.former[i]);
        bench_expect(w->bench[i], &commit_it, KC_ERR_REFUSED);
    }
    struct answer *answer = sign(w, NULL, "with new shares");
    assert_true(openssl_verifies(EVP_PKEY_ED25519, w->public, w->public_size,
        answer_value(answer, KC_FIELD_SIGNATURE)->span, "with new shares"));
    answer_done(answer);
    free_former(&r);
}

static void each_kind_of_key_is_dealt_anew(void **state)
{
    static const struct {
        const char *algorithm, *role;
    } kinds[] = {{"Ed448", "application"}, {"P-256", "application"}, {"Ed25519", "account"}};
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        void *own;
        struct renewal r = refresh;
        setup(&own);
        struct world *w = own;
        deal_to_all(w, kinds[i].algorithm, kinds[i].role);
        renew(w, &r);
        struct proof proof = prove(w);
        struct ask ask = retire_ask(r.former[0], &proof);
        bench_expect(w->bench[0], &ask, KC_OK);
        free_former(&r);
        frost_teardown(&own);
    }
}

/* A full set of either has the key; no mix of them has anything. */
static void a_former_share_and_a_new_one_make_nothing(void **state)
{
    struct world *w = *state;
    struct renewal r = refresh;
    static const uint32_t indices[] = {1, 2};
    struct kc_scalar shares[2], whole;
    struct kc_point group;
    deal_to_all(w, "Ed25519", "application");
    renew(w, &r);
    assert_int_equal(kc_point_decode(&group, KC_CURVE_ED25519, w->public, w->public_size), KC_OK);
    for (int mix = 0; mix < 4; mix++) {
        read_scalar(w, 0, mix & 1 ? w->share[0] : r.former[0], &shares[0]);
        read_scalar(w, 1, mix & 2 ? w->share[1] : r.former[1], &shares[1]);
        assert_int_equal(kc_shamir_combine(&whole, indices, shares, 2, &group),
            mix == 0 || mix == 3 ? KC_OK : KC_ERR_CONTRIBUTION);
    }
    struct ceremony c = {.message = "m"};
    char *renewed = w->share[1];
    w->share[1] = r.former[1];
    commit(w, 1, &c);
    commit(w, 2, &c);
    contribute(w, 1, &c);
    contribute(w, 2, &c);
    w->share[1] = renewed;
    struct ask ask = aggregate_ask(w, 2, &c);
    expect_detail(w->bench[2], &ask, KC_ERR_CONTRIBUTION, "signature_shares: of holder 2");
    free_former(&r);
}

static void another_threshold_is_that_of_the_new_shares(void **state)
{
    struct world *w = *state;
    struct renewal r = refresh;
    struct ceremony c = {.message = "three of three"};
    deal_to_all(w, "Ed25519", "application");
    r.threshold = 3;
    renew(w, &r);
    for (size_t i = 1; i < HOLDERS; i++)
        commit(w, i, &c);
    struct ask few = contribute_ask(w, 1, &c);
    expect_detail(w->bench[1], &few, KC_ERR_BAD_ARGUMENT, "commitments");
    c = (struct ceremony){.message = "three of three"};
    for (size_t i = 0; i < HOLDERS; i++)
        commit(w, i, &c);
    for (size_t i = 0; i < HOLDERS; i++)
        contribute(w, i, &c);
    struct ask ask = aggregate_ask(w, 0, &c);
    struct answer *answer = bench_ask(w->bench[0], &ask);
    assert_true(openssl_verifies(EVP_PKEY_ED25519, w->public, w->public_size,
        answer_value(answer, KC_FIELD_SIGNATURE)->span, "three of three"));
    answer_done(answer);
    free_former(&r);
}

/* --- share-redeal --- */

static void who_deals_is_said_as_it_is(void **state)
{
    static const char *const wrong[] = {"12", "1", "31", "33", "34", "3", "03"};
    struct world *w = *state;
    deal_to_all(w, "Ed25519", "application");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct renewal r = refresh;
        r.dealers = wrong[i];
        struct ask ask = redeal_ask(w, 2, &r);
        if (strlen(wrong[i]) > 1)
            expect_detail(w->bench[2], &ask, KC_ERR_BAD_ARGUMENT, "dealers");
    }
    struct renewal r = refresh;
    struct ask ask = redeal_ask(w, 2, &r);
    bench_expect(w->bench[2], &ask, KC_OK);
}

static void nothing_is_dealt_anew_without_the_pin_or_to_who_is_not_enrolled(void **state)
{
    struct world *w = *state;
    struct renewal r = refresh;
    char names[2 * KC_RECORD_ID_SIZE];
    deal_to_all(w, "Ed25519", "application");
    struct ask pin = redeal_ask(w, 2, &r);
    ask_secret(&pin, KC_FIELD_PIN, "not the PIN", 11);
    bench_expect(w->bench[2], &pin, KC_ERR_OPERATOR_PROOF);
    snprintf(names, sizeof names, "%s,%s", w->wrap[0], w->share[2]);
    struct ask stranger = redeal_ask(w, 2, &r);
    ask_text(&stranger, KC_FIELD_HOLDERS, names);
    bench_expect(w->bench[2], &stranger, KC_ERR_REFUSED);
    struct ask few = redeal_ask(w, 2, &r);
    ask_number(&few, KC_FIELD_THRESHOLD, HOLDERS + 1);
    bench_expect(w->bench[2], &few, KC_ERR_BAD_ARGUMENT);
    snprintf(names, sizeof names, "%s,%s", w->wrap[0], w->wrap[1]);
    char *key = bench_generate(w->bench[0], "Ed25519", "application", "whole");
    struct ask whole = key_ask(KC_OPERATION_SHARE_DEAL, key); /* its own wrap key is no recipient */
    ask_text(&whole, KC_FIELD_HOLDERS, names);
    ask_number(&whole, KC_FIELD_THRESHOLD, 2);
    ask_secret(&whole, KC_FIELD_PIN, BENCH_PIN, strlen(BENCH_PIN));
    bench_expect(w->bench[0], &whole, KC_ERR_REFUSED);
    free(key);
}

/* --- share-gather --- */

static void expect_no_share_for(
    struct world *w, struct kc_span one, struct kc_span other, const char *detail)
{
    uint8_t room[2 * (KC_ENVELOPE_SIZE_MAX + 4)];
    size_t count = w->bench[1]->record_count;
    struct ask ask = gather_ask(w, 1, one, other, room);
    if (detail)
        expect_detail(w->bench[1], &ask, KC_ERR_ENVELOPE, detail);
    else
        bench_expect(w->bench[1], &ask, KC_ERR_ENVELOPE);
    assert_int_equal(w->bench[1]->record_count, count);
}

static void expect_no_share(struct world *w, struct kc_span one, struct kc_span other)
{
    expect_no_share_for(w, one, other, NULL);
}

#define FIRST_FITS_NOT "envelopes: that of dealer 1 does not fit"
#define THIRD_FITS_NOT "envelopes: that of dealer 3 does not fit"
#define MISSING "envelopes: those of some dealers are missing"

static void parts_that_do_not_belong_together_make_no_share(void **state)
{
    struct world *w = *state;
    struct renewal r = refresh, other;
    static const struct kc_span none = {NULL, 0};
    uint8_t altered[KC_ENVELOPE_SIZE_MAX + 4];
    deal_to_all(w, "Ed25519", "application");
    redeal(w, 0, &r);
    redeal(w, 2, &r);
    struct kc_span first = part_of(&r, 0, 1), second = part_of(&r, 2, 1);
    expect_no_share_for(w, first, none, MISSING);
    expect_no_share_for(w, second, none, MISSING);
    expect_no_share_for(w, first, first, FIRST_FITS_NOT);
    expect_no_share(w, first, part_of(&r, 2, 0)); /* of another holder */
    memcpy(altered, second.bytes, second.size);
    for (size_t at = 4; at < second.size; at += 7) {
        altered[at] ^= 1;
        expect_no_share(w, first, (struct kc_span){altered, second.size});
        altered[at] ^= 1;
    }
    expect_no_share(w, first, (struct kc_span){altered, second.size - 1});
    other = r;
    other.session[0] ^= 1;
    redeal(w, 2, &other);
    expect_no_share_for(w, first, part_of(&other, 2, 1), THIRD_FITS_NOT);
    other = r;
    other.threshold = 3;
    redeal(w, 2, &other);
    expect_no_share_for(w, first, part_of(&other, 2, 1), THIRD_FITS_NOT);
    other = r;
    other.dealers = "123";
    redeal(w, 2, &other);
    expect_no_share_for(w, first, part_of(&other, 2, 1), THIRD_FITS_NOT);
    gather(w, 1, 0, 2, &r);
    free_former(&r);
}

static void a_part_is_no_share_and_a_share_no_part(void **state)
{
    struct world *w = *state;
    struct renewal r = refresh;
    static const struct kc_span none = {NULL, 0};
    deal_to_all(w, "Ed25519", "application");
    redeal(w, 0, &r);
    struct kc_span part = part_of(&r, 0, 1);
    struct ask ask = accept_ask(w, 1, (struct kc_span){part.bytes + 4, part.size - 4});
    bench_expect(w->bench[1], &ask, KC_ERR_ENVELOPE);
    struct kc_span share = envelope_of(w, 1);
    expect_no_share(w, (struct kc_span){share.bytes - 4, share.size + 4}, none);
}

/* A dealer that deals, as it should, a value that is not its own. */
static void a_dealer_that_deals_another_value_is_found_out(void **state)
{
    struct world *w = *state;
    struct renewal r = refresh;
    static const uint32_t indices[] = {1, 2, 3};
    struct kc_transfer transfer = {.dealers = 5, .dealer = 3};
    struct kc_scalar shares[HOLDERS], value;
    struct kc_point wrap;
    uint8_t uniform[KC_UNIFORM_SIZE] = {7}, body[KC_TRANSFER_SIZE_MAX];
    uint8_t envelope[4 + KC_ENVELOPE_SIZE_MAX] = {0};
    struct kc_writer writer;
    size_t size = 0;
    deal_to_all(w, "Ed25519", "application");
    redeal(w, 0, &r);
    struct kc_record part = *bench_record(w->bench[1], KC_KIND_KEY, w->share[1]);
    memcpy(transfer.session, r.session, sizeof r.session);
    transfer.quorum = (struct kc_quorum){.holders = 3, .threshold = 2, .has_former = true};
    assert_int_equal(kc_quorum_digest(part.body, transfer.quorum.former), KC_OK);
    kc_scalar_set(&value, KC_CURVE_ED25519, 12345);
    assert_int_equal(kc_shamir_split(shares, transfer.quorum.commitments, &value, indices, 3, 2,
                         uniform, sizeof uniform),
        KC_OK);
    kc_writer_init(&writer, body, sizeof body);
    kc_transfer_write(&writer, &transfer);
    part.body = (struct kc_span){body, writer.size};
    const struct kc_record *key = bench_record(w->bench[1], KC_KIND_KEY, w->wrap[1]);
    assert_int_equal(
        kc_point_decode(&wrap, KC_CURVE_X448, key->public_key, key->public_size), KC_OK);
    assert_int_equal(kc_envelope_seal(w->bench[2]->vault->entropy, &part, &shares[1], &wrap,
                         envelope + 4, KC_ENVELOPE_SIZE_MAX, &size),
        KC_OK);
    envelope[2] = (uint8_t)(size >> 8);
    envelope[3] = (uint8_t)size;
    uint8_t room[2 * (KC_ENVELOPE_SIZE_MAX + 4)];
    struct ask ask =
        gather_ask(w, 1, part_of(&r, 0, 1), (struct kc_span){envelope, size + 4}, room);
    expect_detail(
        w->bench[1], &ask, KC_ERR_ENVELOPE, "envelopes: together they do not make the key");
    ask = gather_ask(w, 1, part_of(&r, 0, 1), (struct kc_span){envelope, size + 4}, room);
    ask_text(&ask, KC_FIELD_FORMER, w->share[1]); /* who has a share knows what each deals */
    expect_detail(w->bench[1], &ask, KC_ERR_CONTRIBUTION,
        "envelopes: dealer 3 dealt another value than its share");
}

static void the_former_share_that_is_named_is_the_one_that_is_dealt(void **state)
{
    struct world *w = *state;
    struct renewal r = refresh;
    uint8_t room[2 * (KC_ENVELOPE_SIZE_MAX + 4)];
    deal_to_all(w, "Ed25519", "application");
    redeal(w, 0, &r);
    redeal(w, 2, &r);
    struct kc_span first = part_of(&r, 0, 1), second = part_of(&r, 2, 1);
    struct ask ask = gather_ask(w, 1, first, second, room);
    ask_text(&ask, KC_FIELD_FORMER, w->wrap[1]);
    bench_expect(w->bench[1], &ask, KC_ERR_REFUSED);
    ask = gather_ask(w, 1, first, second, room);
    ask_text(&ask, KC_FIELD_FORMER, w->share[1]);
    struct answer *answer = bench_ask(w->bench[1], &ask);
    char *renewed = strdup(answer_text(answer, KC_FIELD_KEY));
    answer_done(answer);
    ask = gather_ask(w, 1, first, second, room); /* the new one is none that these follow */
    ask_text(&ask, KC_FIELD_FORMER, renewed);
    expect_detail(w->bench[1], &ask, KC_ERR_BAD_ARGUMENT, "former");
    free(renewed);
}

/* --- share-retire --- */

static void a_share_is_destroyed_for_those_that_followed_it_and_no_others(void **state)
{
    struct world *w = *state;
    struct renewal r = refresh, next = refresh;
    deal_to_all(w, "Ed25519", "application");
    renew(w, &r);
    struct proof first = prove(w);
    struct ask itself = retire_ask(w->share[1], &first);
    expect_detail(w->bench[1], &itself, KC_ERR_BAD_ARGUMENT, "quorum");
    struct proof altered = first;
    altered.c.parts[0] ^= 1;
    struct ask wrong = retire_ask(r.former[1], &altered);
    bench_expect(w->bench[1], &wrong, KC_ERR_CONTRIBUTION);
    altered = first;
    altered.quorum[0]++; /* more holders: another quorum than was signed */
    struct ask other = retire_ask(r.former[1], &altered);
    bench_expect(w->bench[1], &other, KC_ERR_CONTRIBUTION);
    altered = first;
    altered.c.list_size = altered.c.commitment_size;
    altered.c.parts_size /= 2;
    struct ask few = retire_ask(r.former[1], &altered);
    expect_detail(w->bench[1], &few, KC_ERR_BAD_ARGUMENT, "commitments");
    altered = first;
    altered.size = KC_QUORUM_DIGEST_SIZE;
    memmove(altered.quorum, first.quorum + first.size - altered.size, altered.size);
    struct ask empty = retire_ask(r.former[1], &altered);
    expect_detail(w->bench[1], &empty, KC_ERR_BAD_ARGUMENT, "quorum");
    struct ask right = retire_ask(r.former[1], &first);
    bench_expect(w->bench[1], &right, KC_OK);
    next.session[3] ^= 1; /* once more: the proof of the first time is of no use now */
    for (size_t i = 0; i < HOLDERS; i++) {
        struct ask gone = key_ask(KC_OPERATION_KEY_UPDATE, w->share[i]);
        ask_text(&gone, KC_FIELD_LABEL, "k again");
        bench_expect(w->bench[i], &gone, KC_OK);
    }
    renew(w, &next);
    struct ask old = retire_ask(w->share[1], &first);
    expect_detail(w->bench[1], &old, KC_ERR_BAD_ARGUMENT, "quorum");
    free_former(&r);
    free_former(&next);
}

static void what_shows_new_shares_is_signed_as_no_message(void **state)
{
    struct world *w = *state;
    deal_to_all(w, "Ed25519", "application");
    struct ceremony c = {.message = "custodian quorum, 1: and 32 octets of whatever it is"};
    commit(w, 1, &c);
    commit(w, 2, &c);
    struct ask ask = contribute_ask(w, 1, &c);
    bench_expect(w->bench[1], &ask, KC_ERR_REFUSED);
    c = (struct ceremony){.scheme = "quorum", .message = "not empty"};
    commit(w, 1, &c);
    commit(w, 2, &c);
    struct ask said = contribute_ask(w, 1, &c);
    expect_detail(w->bench[1], &said, KC_ERR_BAD_ARGUMENT, "message");
}

/* --- the vault dies --- */

/* The former share is there until its end is stored; the new one is there or is made again. */
static void a_vault_that_dies_has_the_former_share_or_the_new_one_has_signed(void **state)
{
    (void)state;
    for (int stored = 0; stored < 2; stored++) {
        void *own;
        struct renewal r = refresh;
        uint8_t room[2 * (KC_ENVELOPE_SIZE_MAX + 4)];
        setup(&own);
        struct world *w = own;
        deal_to_all(w, "Ed25519", "application");
        w->bench[2]->dies_at_commit = 2;
        w->bench[2]->dies_stored = stored;
        struct ask dealt = redeal_ask(w, 2, &r);
        bench_send(w->bench[2], &dealt);
        bench_pump(w->bench[2]);
        assert_true(w->bench[2]->is_dead);
        bench_restart(w->bench[2]);
        redeal(w, 0, &r);
        redeal(w, 2, &r);

        w->bench[1]->dies_at_commit = 1;
        w->bench[1]->dies_stored = stored;
        struct ask gathered = gather_ask(w, 1, part_of(&r, 0, 1), part_of(&r, 2, 1), room);
        bench_send(w->bench[1], &gathered);
        bench_pump(w->bench[1]);
        assert_true(w->bench[1]->is_dead);
        bench_restart(w->bench[1]);
        struct ask former = key_ask(KC_OPERATION_FROST_COMMIT, w->share[1]);
        bench_expect(w->bench[1], &former, KC_OK);
        bench_expect(w->bench[1], &gathered, stored ? KC_ERR_EXISTS : KC_OK);
        gather(w, 0, 0, 2, &r);
        gather(w, 2, 0, 2, &r);

        struct proof proof = {.c = {.scheme = "quorum", .message = ""}};
        commit(w, 0, &proof.c);
        commit(w, 2, &proof.c);
        contribute(w, 0, &proof.c);
        contribute(w, 2, &proof.c);
        const struct kc_record *share = bench_record(w->bench[0], KC_KIND_KEY, w->share[0]);
        memcpy(proof.quorum, share->body.bytes, share->body.size);
        proof.size = share->body.size;
        w->bench[0]->dies_at_commit = 1;
        w->bench[0]->dies_stored = stored;
        struct ask retired = retire_ask(r.former[0], &proof);
        bench_send(w->bench[0], &retired);
        bench_pump(w->bench[0]);
        assert_true(w->bench[0]->is_dead);
        bench_restart(w->bench[0]);
        struct ask again = key_ask(KC_OPERATION_FROST_COMMIT, r.former[0]);
        bench_expect(w->bench[0], &again, stored ? KC_ERR_REFUSED : KC_OK);
        struct ask renewed = key_ask(KC_OPERATION_FROST_COMMIT, w->share[0]);
        bench_expect(w->bench[0], &renewed, KC_OK);
        free_former(&r);
        frost_teardown(&own);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, frost_teardown)
        CASE(new_shares_sign_as_the_former_did_and_those_are_destroyed),
        cmocka_unit_test(each_kind_of_key_is_dealt_anew),
        CASE(a_former_share_and_a_new_one_make_nothing),
        CASE(another_threshold_is_that_of_the_new_shares),
        CASE(who_deals_is_said_as_it_is),
        CASE(nothing_is_dealt_anew_without_the_pin_or_to_who_is_not_enrolled),
        CASE(parts_that_do_not_belong_together_make_no_share),
        CASE(a_part_is_no_share_and_a_share_no_part),
        CASE(a_dealer_that_deals_another_value_is_found_out),
        CASE(the_former_share_that_is_named_is_the_one_that_is_dealt),
        CASE(a_share_is_destroyed_for_those_that_followed_it_and_no_others),
        CASE(what_shows_new_shares_is_signed_as_no_message),
        cmocka_unit_test(a_vault_that_dies_has_the_former_share_or_the_new_one_has_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
