/* SPDX-License-Identifier: Apache-2.0 */
/* How a key is split: who may, the envelope that the other share goes in, and who lost the answer. */
#include "tests/vault/pair.h"

#include "custodian/vault/core.h"
#include "custodian/vault/envelope.h"
#include "custodian/vault/key.h"

#include <stdlib.h>
#include <string.h>

/* --- what a split is, and what it is not allowed --- */

static void a_split_leaves_a_tombstone_and_tells_of_the_dealer(void **state)
{
    struct pair *pair = *state;
    char *key = bench_generate(pair->device, "X448", "account", "k");
    struct halves halves = bench_split(pair->device, pair->service, key);
    const struct kc_record *whole = bench_record(pair->device, KC_KIND_KEY, key);
    const struct kc_record *first = bench_record(pair->device, KC_KIND_KEY, halves.device);
    const struct kc_record *second = bench_record(pair->service, KC_KIND_KEY, halves.service);
    assert_int_equal(whole->state, KC_STATE_DESTROYED);
    assert_int_equal(whole->secret_size + whole->seal_size, 0);
    assert_string_equal(first->group, key);
    assert_string_equal(second->group, key);
    assert_string_equal(first->label, "k");
    assert_int_equal(first->index, 1);
    assert_int_equal(second->index, 2);
    assert_int_equal(first->dealer + second->dealer, 2);
    assert_int_equal(first->class, KC_ROLE_ACCOUNT);
    assert_int_equal(second->class, KC_ROLE_ACCOUNT);
    assert_memory_equal(first->public_key, second->peer_public, 57);
    assert_memory_equal(second->public_key, first->peer_public, 57);
    halves_free(halves);
    free(key);
}

static struct ask split_ask(const char *key, const char *recipient, const char *pin)
{
    struct ask ask = key_ask(KC_OPERATION_SHARE_SPLIT, key);
    ask_text(&ask, KC_FIELD_RECIPIENT, recipient);
    ask_secret(&ask, KC_FIELD_PIN, pin, strlen(pin));
    return ask;
}

static void a_split_needs_the_operator_and_an_enrolled_recipient(void **state)
{
    struct pair *pair = *state;
    char *key = bench_generate(pair->device, "X448", "account", "k");
    struct ask early = split_ask(key, "MAAA", BENCH_PIN);
    bench_expect(pair->device, &early, KC_ERR_REFUSED);
    bench_set_pin(pair->device);
    char *wrap = bench_enrol(pair->service, pair->device, "X25519");
    struct ask wrong = split_ask(key, wrap, "wrong horse");
    bench_expect(pair->device, &wrong, KC_ERR_OPERATOR_PROOF);
    char *stranger = bench_generate(pair->device, "X448", "wrap", "stranger");
    struct ask not_enrolled = split_ask(key, stranger, BENCH_PIN);
    bench_expect(pair->device, &not_enrolled, KC_ERR_REFUSED);

    struct ask remove = ask_new(KC_OPERATION_RECIPIENT_REMOVE);
    ask_text(&remove, KC_FIELD_RECIPIENT, wrap);
    ask_secret(&remove, KC_FIELD_PIN, BENCH_PIN, strlen(BENCH_PIN));
    bench_expect(pair->device, &remove, KC_OK);
    struct ask removed = split_ask(key, wrap, BENCH_PIN);
    bench_expect(pair->device, &removed, KC_ERR_REFUSED);
    assert_int_equal(bench_record(pair->device, KC_KIND_KEY, key)->state, KC_STATE_ACTIVE);
    free(stranger);
    free(wrap);
    free(key);
}

static void base_wrap_and_share_are_never_split(void **state)
{
    struct pair *pair = *state;
    char *account = bench_generate(pair->device, "X448", "account", "k");
    struct halves halves = bench_split(pair->device, pair->service, account);
    char *base = bench_generate(pair->device, "X448", "base", "b");
    char *wrap = bench_generate(pair->device, "X448", "wrap", "w");
    const char *recipient = NULL;
    for (size_t i = 0; i < pair->device->record_count; i++)
        if (pair->device->records[i].kind == KC_KIND_RECIPIENT)
            recipient = pair->device->records[i].id;
    const char *const keys[] = {base, wrap, halves.device};
    for (size_t i = 0; i < 3; i++) {
        struct ask ask = split_ask(keys[i], recipient, BENCH_PIN);
        bench_expect(pair->device, &ask, KC_ERR_REFUSED);
    }
    free(wrap);
    free(base);
    halves_free(halves);
    free(account);
}

/* --- envelopes --- */

struct enveloped {
    char *wrap;
    uint8_t octets[1024];
    size_t size;
};

static struct enveloped envelope_share(struct pair *pair)
{
    struct enveloped made;
    char *key = bench_generate(pair->device, "Ed25519", "account", "k");
    bench_set_pin(pair->device);
    made.wrap = bench_enrol(pair->service, pair->device, "X448");
    struct ask split = split_ask(key, made.wrap, BENCH_PIN);
    struct answer *answer = bench_ask(pair->device, &split);
    struct kc_span span = answer_value(answer, KC_FIELD_ENVELOPE)->span;
    memcpy(made.octets, span.bytes, span.size);
    made.size = span.size;
    answer_done(answer);
    free(key);
    return made;
}

static struct ask accept_ask(const char *wrap, const uint8_t *octets, size_t size)
{
    struct ask ask = key_ask(KC_OPERATION_SHARE_ACCEPT, wrap);
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_LABEL, "half");
    ask_octets(&ask, KC_FIELD_ENVELOPE, octets, size);
    return ask;
}

static void an_envelope_with_any_octet_changed_is_refused(void **state)
{
    struct pair *pair = *state;
    struct enveloped made = envelope_share(pair);
    size_t before = pair->service->record_count;
    for (size_t i = 0; i < made.size; i++) {
        made.octets[i] ^= 1;
        struct ask ask = accept_ask(made.wrap, made.octets, made.size);
        bench_expect(pair->service, &ask, KC_ERR_ENVELOPE);
        made.octets[i] ^= 1;
    }
    struct ask elsewhere = accept_ask(made.wrap, made.octets, made.size);
    ask_text(&elsewhere, KC_FIELD_KEYRING, "other");
    bench_expect(pair->service, &elsewhere, KC_ERR_REFUSED);
    struct ask cut = accept_ask(made.wrap, made.octets, made.size - 1);
    bench_expect(pair->service, &cut, KC_ERR_ENVELOPE);
    assert_int_equal(pair->service->record_count, before);
    struct ask whole = accept_ask(made.wrap, made.octets, made.size);
    bench_expect(pair->service, &whole, KC_OK);
    free(made.wrap);
}

static void an_envelope_opens_for_its_recipient_only_and_once(void **state)
{
    struct pair *pair = *state;
    struct enveloped made = envelope_share(pair);
    char *other = bench_generate(pair->service, "X448", "wrap", "other");
    struct ask foreign = accept_ask(other, made.octets, made.size);
    bench_expect(pair->service, &foreign, KC_ERR_ENVELOPE);
    struct ask first = accept_ask(made.wrap, made.octets, made.size);
    bench_expect(pair->service, &first, KC_OK);
    struct ask second = accept_ask(made.wrap, made.octets, made.size);
    bench_expect(pair->service, &second, KC_ERR_EXISTS);
    free(other);
    free(made.wrap);
}

/* A half of a key made here, as a dealer could make it, with one thing wrong about it. */
enum wrong {
    RIGHT,
    WRONG_GROUP,
    WRONG_CLASS,
    WRONG_INDEX,
    WRONG_THRESHOLD,
    WRONG_DEALER,
    WRONG_PUBLIC,
    WRONG_PEER,
    WRONG_SCALAR,
    WRONGS,
};

static void make_point(struct kc_scalar *scalar, uint32_t value, struct kc_point *point)
{
    kc_scalar_set(scalar, KC_CURVE_X25519, value);
    assert_int_equal(kc_point_multiply_base(point, scalar), KC_OK);
}

static void make_half(enum wrong wrong, struct kc_record *half, struct kc_scalar *scalar)
{
    struct kc_scalar unused;
    struct kc_point group, own, peer;
    struct kc_record named = {0};
    make_point(&unused, 12, &group);
    make_point(&unused, wrong == WRONG_PEER ? 8 : 7, &peer);
    make_point(scalar, 5, &own);
    *half = (struct kc_record){.class = wrong == WRONG_CLASS ? KC_ROLE_BASE : KC_ROLE_ACCOUNT,
        .index = wrong == WRONG_INDEX ? 1 : 2,
        .threshold = wrong == WRONG_THRESHOLD ? 3 : 2,
        .dealer = wrong == WRONG_DEALER ? 2 : 1};
    assert_int_equal(kc_record_of_public(&named, wrong == WRONG_GROUP ? &peer : &group), KC_OK);
    memcpy(half->group, named.id, sizeof half->group);
    assert_int_equal(kc_record_of_public(half, wrong == WRONG_PUBLIC ? &peer : &own), KC_OK);
    kc_point_encode(&group, half->group_public);
    kc_point_encode(&peer, half->peer_public);
    if (wrong == WRONG_SCALAR)
        kc_scalar_set(scalar, KC_CURVE_X25519, 6);
}

static void a_half_with_anything_wrong_about_it_is_refused(void **state)
{
    struct bench *service = ((struct pair *)*state)->service;
    char *wrap = bench_generate(service, "X448", "wrap", "w");
    const struct kc_record *record = bench_record(service, KC_KIND_KEY, wrap);
    struct kc_point recipient;
    assert_int_equal(kc_point_decode(&recipient, KC_CURVE_X448, record->public_key, 57), KC_OK);
    for (enum wrong wrong = WRONGS; wrong-- > RIGHT;) {
        uint8_t envelope[KC_ENVELOPE_SIZE_MAX];
        struct kc_record half;
        struct kc_scalar scalar;
        size_t size;
        make_half(wrong, &half, &scalar);
        assert_int_equal(kc_envelope_seal(service->vault->entropy, &half, &scalar, &recipient,
                             envelope, sizeof envelope, &size),
            KC_OK);
        struct ask ask = accept_ask(wrap, envelope, size);
        bench_expect(service, &ask, wrong == RIGHT ? KC_OK : KC_ERR_ENVELOPE);
    }
    free(wrap);
}

static void a_signing_share_does_not_agree_and_an_agreeing_one_does_not_sign(void **state)
{
    struct pair *pair = *state;
    char *key = bench_generate(pair->device, "X448", "account", "k");
    struct halves halves = bench_split(pair->device, pair->service, key);
    struct ask sign = message_ask(KC_OPERATION_SIGNATURE_COMMIT, halves.device, "m");
    bench_expect(pair->device, &sign, KC_ERR_REFUSED);
    struct ask raw = message_ask(KC_OPERATION_KEY_SIGN, halves.device, "m");
    bench_expect(pair->device, &raw, KC_ERR_REFUSED);
    const struct kc_record *record = bench_record(pair->device, KC_KIND_KEY, halves.device);
    struct ask agree = key_ask(KC_OPERATION_KEY_AGREE, halves.device);
    ask_octets(&agree, KC_FIELD_PEER, record->public_key, record->public_size);
    bench_expect(pair->device, &agree, KC_ERR_REFUSED);
    halves_free(halves);
    free(key);
}

/* --- who lost the answer of a split --- */

static void an_envelope_is_given_again_as_long_as_the_first_share_is_active(void **state)
{
    struct pair *pair = *state;
    struct enveloped made = envelope_share(pair);
    char share[KC_RECORD_ID_SIZE] = "";
    for (size_t i = 0; i < pair->device->record_count; i++)
        if (pair->device->records[i].role == KC_ROLE_SHARE)
            strcpy(share, pair->device->records[i].id);
    bench_restart(pair->device);
    struct ask again = key_ask(KC_OPERATION_SHARE_ENVELOPE, share);
    struct answer *answer = bench_ask(pair->device, &again);
    struct kc_span span = answer_value(answer, KC_FIELD_ENVELOPE)->span;
    assert_int_equal(span.size, made.size);
    assert_memory_equal(span.bytes, made.octets, made.size);
    struct ask accept = accept_ask(made.wrap, span.bytes, span.size);
    bench_expect(pair->service, &accept, KC_OK);
    answer_done(answer);

    struct ask disable = key_ask(KC_OPERATION_KEY_DISABLE, share);
    bench_expect(pair->device, &disable, KC_OK);
    struct ask disabled = key_ask(KC_OPERATION_SHARE_ENVELOPE, share);
    bench_expect(pair->device, &disabled, KC_ERR_REFUSED);
    struct ask destroy = key_ask(KC_OPERATION_KEY_DESTROY, share);
    bench_expect(pair->device, &destroy, KC_OK);
    assert_int_equal(bench_record(pair->device, KC_KIND_KEY, share)->envelope_size, 0);
    free(made.wrap);
}

static void a_changed_envelope_makes_its_record_refuse(void **state)
{
    struct pair *pair = *state;
    char *key = bench_generate(pair->device, "X25519", "account", "k");
    struct halves halves = bench_split(pair->device, pair->service, key);
    bench_record(pair->device, KC_KIND_KEY, halves.device)->envelope[99] ^= 1;
    struct ask ask = key_ask(KC_OPERATION_SHARE_ENVELOPE, halves.device);
    bench_expect(pair->device, &ask, KC_ERR_RECORD_DAMAGED);
    halves_free(halves);
    free(key);
}

static void a_share_is_not_accepted_beside_the_other(void **state)
{
    struct pair *pair = *state;
    struct enveloped made = envelope_share(pair);
    struct bench *service = pair->service;
    for (size_t i = 0; i < pair->device->record_count; i++)
        if (pair->device->records[i].role == KC_ROLE_SHARE) {
            /* the service's vault made none of this: it is put into its map behind its back */
            struct kc_record *planted = &service->records[service->record_count++];
            *planted = pair->device->records[i];
            assert_int_equal(kc_keeper_protect(service->vault->keeper, planted, NULL), KC_OK);
            assert_int_equal(kc_map_apply(service->vault->ledger.map, planted, NULL), KC_OK);
        }
    struct ask ask = accept_ask(made.wrap, made.octets, made.size);
    bench_expect(service, &ask, KC_ERR_BAD_ARGUMENT);
    service->record_count--;
    bench_restart(service);
    struct ask alone = accept_ask(made.wrap, made.octets, made.size);
    bench_expect(service, &alone, KC_OK);
    free(made.wrap);
}

static void a_share_that_was_destroyed_is_not_accepted_again(void **state)
{
    struct pair *pair = *state;
    struct enveloped made = envelope_share(pair);
    struct ask first = accept_ask(made.wrap, made.octets, made.size);
    struct answer *answer = bench_ask(pair->service, &first);
    struct ask destroy = key_ask(KC_OPERATION_KEY_DESTROY, answer_text(answer, KC_FIELD_KEY));
    bench_expect(pair->service, &destroy, KC_OK);
    struct ask again = accept_ask(made.wrap, made.octets, made.size);
    bench_expect(pair->service, &again, KC_ERR_EXISTS);
    answer_done(answer);
    free(made.wrap);
}

/* --- freshness.required --- */

static enum kc_error contribute_error(
    struct bench *bench, enum kc_operation operation, const char *share, struct kc_span peer)
{
    struct ask ask = key_ask(operation, share);
    ask_span(
        &ask, operation == KC_OPERATION_SHARE_ACCEPT ? KC_FIELD_ENVELOPE : KC_FIELD_PEER, peer);
    if (operation == KC_OPERATION_SHARE_ACCEPT) {
        ask_text(&ask, KC_FIELD_KEYRING, "main");
        ask_text(&ask, KC_FIELD_LABEL, "taken");
    }
    struct answer *answer = bench_ask(bench, &ask);
    enum kc_error error = answer->error;
    answer_done(answer);
    return error;
}

static void no_share_of_a_service_is_used_where_a_rollback_is_not_noticed(void **state)
{
    struct pair *pair = *state;
    struct bench *service = pair->service;
    char *other, *key = bench_generate(pair->device, "X25519", "application", "k");
    struct kc_span peer = bench_make_peer(pair->device, "X25519", &other);
    service->head_error = KC_ERR_ROOT_UNFIT;
    service->config.freshness.required = 0;
    struct halves halves = bench_split(pair->device, service, key);
    char *wrap = bench_generate(service, "X448", "wrap", "intake");
    const enum kc_operation use = KC_OPERATION_AGREEMENT_CONTRIBUTE;
    assert_int_equal(contribute_error(service, use, halves.service, peer), KC_OK);
    service->config.freshness.required = 1;
    for (int restarts = 0; restarts < 2; restarts++) {
        assert_int_equal(
            contribute_error(service, use, halves.service, peer), KC_ERR_STORE_FRESHNESS);
        assert_int_equal(contribute_error(service, KC_OPERATION_SHARE_ACCEPT, wrap, peer),
            KC_ERR_STORE_FRESHNESS);
        bench_restart(service);
    }
    struct ask show = key_ask(KC_OPERATION_KEY_SHOW, halves.service); /* looking is no use of it */
    bench_expect(service, &show, KC_OK);
    service->config.freshness.required = 0;
    assert_int_equal(contribute_error(service, use, halves.service, peer), KC_OK);
    halves_free(halves);
    free(wrap);
    free(other);
    free(key);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, pair_setup, pair_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_split_leaves_a_tombstone_and_tells_of_the_dealer),
        CASE(a_split_needs_the_operator_and_an_enrolled_recipient),
        CASE(base_wrap_and_share_are_never_split),
        CASE(an_envelope_with_any_octet_changed_is_refused),
        CASE(an_envelope_opens_for_its_recipient_only_and_once),
        CASE(a_half_with_anything_wrong_about_it_is_refused),
        CASE(a_signing_share_does_not_agree_and_an_agreeing_one_does_not_sign),
        CASE(an_envelope_is_given_again_as_long_as_the_first_share_is_active),
        CASE(a_changed_envelope_makes_its_record_refuse),
        CASE(a_share_is_not_accepted_beside_the_other),
        CASE(a_share_that_was_destroyed_is_not_accepted_again),
        CASE(no_share_of_a_service_is_used_where_a_rollback_is_not_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
