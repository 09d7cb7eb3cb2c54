/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that are split between two custodians do what the whole key did,
 * and neither does it alone. */
#include "tests/vault/bench.h"
#include "tests/vault/verify.h"

#include "custodian/vault/core.h"
#include "custodian/vault/envelope.h"
#include "custodian/vault/key.h"
#include "proto/hkdf.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct pair {
    struct bench *device, *service;
};

static int setup(void **state)
{
    struct pair *pair = malloc(sizeof *pair);
    *pair = (struct pair){bench_new(), bench_new()};
    *state = pair;
    return 0;
}

static int teardown(void **state)
{
    struct pair *pair = *state;
    bench_free(pair->device);
    bench_free(pair->service);
    free(pair);
    return 0;
}

/* --- agreement --- */

/* A peer to agree with: the public half of another key. */
static struct kc_span make_peer(struct bench *bench, const char *algorithm, char **id)
{
    *id = bench_generate(bench, algorithm, "application", "peer");
    const struct kc_record *record = bench_record(bench, KC_KIND_KEY, *id);
    return (struct kc_span){record->public_key, record->public_size};
}

static size_t agree_whole(
    struct bench *bench, const char *key, struct kc_span peer, uint8_t out[64])
{
    struct ask ask = key_ask(KC_OPERATION_KEY_AGREE, key);
    ask_span(&ask, KC_FIELD_PEER, peer);
    struct answer *answer = bench_ask(bench, &ask);
    size_t size = answer_secret(answer, KC_FIELD_SECRET, out);
    answer_done(answer);
    return size;
}

static struct answer *contribute(struct bench *bench, const char *share, struct kc_span peer)
{
    struct ask ask = key_ask(KC_OPERATION_AGREEMENT_CONTRIBUTE, share);
    ask_span(&ask, KC_FIELD_PEER, peer);
    return bench_ask(bench, &ask);
}

static void free_halves(struct halves halves)
{
    free(halves.device);
    free(halves.service);
}

static void check_agreement(struct pair *pair, const char *algorithm)
{
    char *other, *key = bench_generate(pair->device, algorithm, "application", "k");
    struct kc_span peer = make_peer(pair->device, algorithm, &other);
    uint8_t whole[64], split[64];
    size_t size = agree_whole(pair->device, key, peer, whole);
    struct halves halves = bench_split(pair->device, pair->service, key);

    struct answer *contribution = contribute(pair->service, halves.service, peer);
    struct ask combine = key_ask(KC_OPERATION_AGREEMENT_COMBINE, halves.device);
    ask_span(&combine, KC_FIELD_PEER, peer);
    ask_span(
        &combine, KC_FIELD_CONTRIBUTION, answer_value(contribution, KC_FIELD_CONTRIBUTION)->span);
    struct answer *answer = bench_ask(pair->device, &combine);
    assert_int_equal(answer_secret(answer, KC_FIELD_SECRET, split), size);
    assert_memory_equal(split, whole, size);
    answer_done(answer);
    answer_done(contribution);
    struct ask again = key_ask(KC_OPERATION_KEY_AGREE, key);
    ask_span(&again, KC_FIELD_PEER, peer);
    bench_expect(pair->device, &again, KC_ERR_REFUSED);
    free_halves(halves);
    free(other);
    free(key);
}

static void two_shares_agree_as_the_whole_x25519_key(void **state)
{
    check_agreement(*state, "X25519");
}

static void two_shares_agree_as_the_whole_x448_key(void **state)
{
    check_agreement(*state, "X448");
}

static void a_contribution_takes_coefficient_and_offset_in_their_ranges(void **state)
{
    struct pair *pair = *state;
    char *other, *key = bench_generate(pair->device, "X25519", "application", "k");
    struct kc_span peer = make_peer(pair->device, "X25519", &other);
    struct halves halves = bench_split(pair->device, pair->service, key);
    uint8_t zero[32] = {0}, one[32] = {1}, large[32];
    memset(large, 0xff, sizeof large);
    struct answer *plain = contribute(pair->service, halves.service, peer);
    struct ask same = key_ask(KC_OPERATION_AGREEMENT_CONTRIBUTE, halves.service);
    ask_span(&same, KC_FIELD_PEER, peer);
    ask_octets(&same, KC_FIELD_COEFFICIENT, one, 32);
    ask_octets(&same, KC_FIELD_OFFSET, zero, 32);
    struct answer *answer = bench_ask(pair->service, &same);
    assert_memory_equal(answer_value(answer, KC_FIELD_CONTRIBUTION)->span.bytes,
        answer_value(plain, KC_FIELD_CONTRIBUTION)->span.bytes, 33);
    answer_done(answer);
    answer_done(plain);
    const struct {
        enum kc_field field;
        const uint8_t *octets;
        size_t size;
    } wrong[] = {{KC_FIELD_COEFFICIENT, zero, 32}, {KC_FIELD_COEFFICIENT, large, 32},
        {KC_FIELD_COEFFICIENT, one, 31}, {KC_FIELD_OFFSET, large, 32}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct ask ask = key_ask(KC_OPERATION_AGREEMENT_CONTRIBUTE, halves.service);
        ask_span(&ask, KC_FIELD_PEER, peer);
        ask_octets(&ask, wrong[i].field, wrong[i].octets, wrong[i].size);
        bench_expect(pair->service, &ask, KC_ERR_SCALAR_RANGE);
    }
    free_halves(halves);
    free(other);
    free(key);
}

static void a_point_that_leaks_is_refused(void **state)
{
    struct pair *pair = *state;
    char *key = bench_generate(pair->device, "X25519", "application", "k");
    struct halves halves = bench_split(pair->device, pair->service, key);
    uint8_t identity[33] = {0}, off_curve[33] = {2};
    struct ask small = key_ask(KC_OPERATION_AGREEMENT_CONTRIBUTE, halves.service);
    ask_octets(&small, KC_FIELD_PEER, identity, 33);
    bench_expect(pair->service, &small, KC_ERR_POINT_SMALL_ORDER);
    struct ask twist = key_ask(KC_OPERATION_AGREEMENT_CONTRIBUTE, halves.service);
    ask_octets(&twist, KC_FIELD_PEER, off_curve, 33);
    bench_expect(pair->service, &twist, KC_ERR_POINT_NOT_ON_CURVE);
    struct ask short_one = key_ask(KC_OPERATION_AGREEMENT_CONTRIBUTE, halves.service);
    ask_octets(&short_one, KC_FIELD_PEER, identity, 32);
    bench_expect(pair->service, &short_one, KC_ERR_POINT_ENCODING);
    struct ask combine = key_ask(KC_OPERATION_AGREEMENT_COMBINE, halves.device);
    const struct kc_record *record = bench_record(pair->device, KC_KIND_KEY, halves.device);
    ask_octets(&combine, KC_FIELD_PEER, record->public_key, 33);
    ask_octets(&combine, KC_FIELD_CONTRIBUTION, identity, 33);
    bench_expect(pair->device, &combine, KC_ERR_POINT_SMALL_ORDER);
    free_halves(halves);
    free(key);
}

/* --- decrypt --- */

/* Wraps a base seed for a key, as a sender of a DARE envelope does. */
static void wrap_seed(const uint8_t *agreed, size_t size, const char *info, const uint8_t seed[32],
    uint8_t wrapped[40])
{
    uint8_t key[32];
    int written = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    assert_int_equal(
        kc_hkdf(KC_HASH_SHA512, (struct kc_span){agreed, size}, (struct kc_span){NULL, 0},
            (struct kc_span){(const uint8_t *)info, strlen(info)}, key, 32),
        KC_OK);
    EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    assert_int_equal(EVP_EncryptInit_ex(context, EVP_aes_256_wrap(), NULL, key, NULL), 1);
    assert_int_equal(EVP_EncryptUpdate(context, wrapped, &written, seed, 32), 1);
    assert_int_equal(written, 40);
    EVP_CIPHER_CTX_free(context);
}

static struct ask decrypt_ask(const char *key, struct kc_span peer, const uint8_t wrapped[40])
{
    struct ask ask = key_ask(KC_OPERATION_DECRYPT, key);
    ask_span(&ask, KC_FIELD_PEER, peer);
    ask_octets(&ask, KC_FIELD_WRAPPED, wrapped, 40);
    ask_text(&ask, KC_FIELD_KEK_INFO, "master");
    return ask;
}

static void expect_seed(struct bench *bench, struct ask *ask, const uint8_t seed[32])
{
    uint8_t opened[64];
    struct answer *answer = bench_ask(bench, ask);
    assert_int_equal(answer_secret(answer, KC_FIELD_SECRET, opened), 32);
    assert_memory_equal(opened, seed, 32);
    answer_done(answer);
}

static void two_shares_decrypt_what_the_whole_key_did_and_one_does_not(void **state)
{
    struct pair *pair = *state;
    char *other, *key = bench_generate(pair->device, "X448", "application", "k");
    struct kc_span peer = make_peer(pair->device, "X448", &other);
    uint8_t agreed[64], wrapped[40], seed[32] = "the seed of what is encrypted..";
    size_t size = agree_whole(pair->device, key, peer, agreed);
    wrap_seed(agreed, size, "master", seed, wrapped);
    struct ask whole = decrypt_ask(key, peer, wrapped);
    expect_seed(pair->device, &whole, seed);

    struct halves halves = bench_split(pair->device, pair->service, key);
    struct ask alone = decrypt_ask(halves.device, peer, wrapped);
    bench_expect(pair->device, &alone, KC_ERR_PEER_UNSET);
    struct answer *contribution = contribute(pair->service, halves.service, peer);
    struct kc_span point = answer_value(contribution, KC_FIELD_CONTRIBUTION)->span;
    struct ask both = decrypt_ask(halves.device, peer, wrapped);
    ask_span(&both, KC_FIELD_CONTRIBUTION, point);
    expect_seed(pair->device, &both, seed);

    struct ask mine_twice = decrypt_ask(halves.device, peer, wrapped);
    ask_span(&mine_twice, KC_FIELD_CONTRIBUTION, peer);
    bench_expect(pair->device, &mine_twice, KC_ERR_DECRYPTION);
    answer_done(contribution);
    free_halves(halves);
    free(other);
    free(key);
}

static void a_whole_key_takes_no_contribution(void **state)
{
    struct pair *pair = *state;
    char *other, *key = bench_generate(pair->device, "X25519", "account", "k");
    struct kc_span peer = make_peer(pair->device, "X25519", &other);
    uint8_t wrapped[40] = {0};
    struct ask ask = decrypt_ask(key, peer, wrapped);
    ask_span(&ask, KC_FIELD_CONTRIBUTION, peer);
    bench_expect(pair->device, &ask, KC_ERR_BAD_ARGUMENT);
    struct ask wrong = decrypt_ask(key, peer, wrapped);
    bench_expect(pair->device, &wrong, KC_ERR_DECRYPTION);
    free(other);
    free(key);
}

/* --- signatures --- */

static struct ask message_ask(enum kc_operation operation, const char *share, const char *message)
{
    struct ask ask = key_ask(operation, share);
    ask_octets(&ask, KC_FIELD_MESSAGE, message, strlen(message));
    return ask;
}

static void check_signature(struct pair *pair, const char *algorithm, int type)
{
    char *key = bench_generate(pair->device, algorithm, "application", "k");
    struct halves halves = bench_split(pair->device, pair->service, key);
    struct ask commit = message_ask(KC_OPERATION_SIGNATURE_COMMIT, halves.device, "both sign");
    struct answer *opened = bench_ask(pair->device, &commit);
    struct ask contribution =
        message_ask(KC_OPERATION_SIGNATURE_CONTRIBUTE, halves.service, "both sign");
    ask_span(&contribution, KC_FIELD_COMMITMENT, answer_value(opened, KC_FIELD_COMMITMENT)->span);
    struct answer *contributed = bench_ask(pair->service, &contribution);
    struct ask finish = key_ask(KC_OPERATION_SIGNATURE_FINISH, halves.device);
    ask_span(&finish, KC_FIELD_SESSION, answer_value(opened, KC_FIELD_SESSION)->span);
    ask_span(&finish, KC_FIELD_COMMITMENT, answer_value(contributed, KC_FIELD_COMMITMENT)->span);
    ask_span(&finish, KC_FIELD_SIGNATURE_SHARE,
        answer_value(contributed, KC_FIELD_SIGNATURE_SHARE)->span);
    struct answer *signature = bench_ask(pair->device, &finish);
    const struct kc_record *share = bench_record(pair->device, KC_KIND_KEY, halves.device);
    assert_true(openssl_verifies(type, share->group_public, share->public_size,
        answer_value(signature, KC_FIELD_SIGNATURE)->span, "both sign"));
    answer_done(signature);
    answer_done(contributed);
    answer_done(opened);
    free_halves(halves);
    free(key);
}

static void two_shares_sign_as_the_whole_ed25519_key(void **state)
{
    check_signature(*state, "Ed25519", EVP_PKEY_ED25519);
}

static void two_shares_sign_as_the_whole_ed448_key(void **state)
{
    check_signature(*state, "Ed448", EVP_PKEY_ED448);
}

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
    free_halves(halves);
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
    free_halves(halves);
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
    free_halves(halves);
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
    free_halves(halves);
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

/* --- the parties --- */

static void expect_refused(struct bench *bench, enum kc_operation operation, const char *share)
{
    struct ask ask = key_ask(operation, share);
    const struct kc_record *record = bench_record(bench, KC_KIND_KEY, share);
    const struct kc_field_set *required = &kc_operations[operation].required;
    const enum kc_field points[] = {KC_FIELD_PEER, KC_FIELD_CONTRIBUTION, KC_FIELD_COMMITMENT};
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++)
        if (kc_field_set_has(required, points[i]))
            ask_octets(&ask, points[i], record->peer_public, record->public_size);
    if (kc_field_set_has(required, KC_FIELD_WRAPPED))
        ask_octets(&ask, KC_FIELD_WRAPPED, record->public_key, 40);
    if (kc_field_set_has(required, KC_FIELD_SESSION))
        ask_octets(&ask, KC_FIELD_SESSION, record->mac, 16);
    if (kc_field_set_has(required, KC_FIELD_SIGNATURE_SHARE))
        ask_octets(&ask, KC_FIELD_SIGNATURE_SHARE, record->mac, 32);
    if (kc_field_set_has(required, KC_FIELD_MESSAGE))
        ask_octets(&ask, KC_FIELD_MESSAGE, "m", 1);
    bench_expect(bench, &ask, KC_ERR_REFUSED);
}

static enum kc_error commit_error(
    struct pair *pair, const char *share, const char *scheme, const char *message)
{
    struct ask ask = message_ask(KC_OPERATION_SIGNATURE_COMMIT, share, message);
    if (scheme)
        ask_text(&ask, KC_FIELD_SCHEME, scheme);
    struct answer *answer = bench_ask(pair->device, &ask);
    enum kc_error error = answer->error;
    answer_done(answer);
    return error;
}

#define CONTACT "{\"MessageContact\":{\"MessageId\":\"NABC\"}}"

static void a_share_of_an_accounts_key_signs_what_the_whole_key_signs(void **state)
{
    struct pair *pair = *state;
    static const char profile[] = "{\"ProfileUser\":{}}";
    char *key = bench_generate(pair->device, "Ed25519", "account", "k");
    struct halves halves = bench_split(pair->device, pair->service, key);
    const char *share = halves.device;
    assert_int_equal(commit_error(pair, share, NULL, CONTACT), KC_ERR_REFUSED);
    assert_int_equal(commit_error(pair, share, "plain", "a digest"), KC_ERR_REFUSED);
    assert_int_equal(commit_error(pair, share, "ctx", "a digest"), KC_ERR_REFUSED);
    assert_int_equal(commit_error(pair, share, "ph", "a digest"), KC_ERR_REFUSED);
    assert_int_equal(commit_error(pair, share, "envelope", "no object"), KC_ERR_REFUSED);
    assert_int_equal(commit_error(pair, share, "envelope", profile), KC_ERR_REFUSED);
    assert_int_equal(commit_error(pair, share, "envelope", CONTACT), KC_OK);
    free_halves(halves);
    free(key);
}

static void a_share_of_an_applications_key_signs_no_object_of_the_mesh_in_an_envelope(void **state)
{
    struct pair *pair = *state;
    char *key = bench_generate(pair->device, "Ed448", "application", "k");
    struct halves halves = bench_split(pair->device, pair->service, key);
    assert_int_equal(commit_error(pair, halves.device, "envelope", CONTACT), KC_ERR_REFUSED);
    assert_int_equal(commit_error(pair, halves.device, "envelope", "a letter"), KC_OK);
    free_halves(halves);
    free(key);
}

static void each_party_of_a_signature_does_its_own_part_only(void **state)
{
    struct pair *pair = *state;
    char *key = bench_generate(pair->device, "Ed25519", "account", "k");
    struct halves halves = bench_split(pair->device, pair->service, key);
    expect_refused(pair->device, KC_OPERATION_SIGNATURE_CONTRIBUTE, halves.device);
    expect_refused(pair->service, KC_OPERATION_SIGNATURE_COMMIT, halves.service);
    expect_refused(pair->service, KC_OPERATION_SIGNATURE_FINISH, halves.service);
    expect_refused(pair->service, KC_OPERATION_SIGNATURE_ABORT, halves.service);
    expect_refused(pair->service, KC_OPERATION_SHARE_ENVELOPE, halves.service);
    free_halves(halves);
    free(key);
}

static void each_party_of_an_agreement_does_its_own_part_only(void **state)
{
    struct pair *pair = *state;
    char *key = bench_generate(pair->device, "X25519", "account", "k");
    struct halves halves = bench_split(pair->device, pair->service, key);
    expect_refused(pair->device, KC_OPERATION_AGREEMENT_CONTRIBUTE, halves.device);
    expect_refused(pair->service, KC_OPERATION_AGREEMENT_COMBINE, halves.service);
    expect_refused(pair->service, KC_OPERATION_DECRYPT, halves.service);
    free_halves(halves);
    free(key);
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
    struct kc_span peer = make_peer(pair->device, "X25519", &other);
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
    free_halves(halves);
    free(wrap);
    free(other);
    free(key);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(two_shares_agree_as_the_whole_x25519_key),
        CASE(two_shares_agree_as_the_whole_x448_key),
        CASE(a_contribution_takes_coefficient_and_offset_in_their_ranges),
        CASE(a_point_that_leaks_is_refused),
        CASE(two_shares_decrypt_what_the_whole_key_did_and_one_does_not),
        CASE(a_whole_key_takes_no_contribution),
        CASE(two_shares_sign_as_the_whole_ed25519_key),
        CASE(two_shares_sign_as_the_whole_ed448_key),
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
        CASE(a_share_of_an_accounts_key_signs_what_the_whole_key_signs),
        CASE(a_share_of_an_applications_key_signs_no_object_of_the_mesh_in_an_envelope),
        CASE(each_party_of_a_signature_does_its_own_part_only),
        CASE(each_party_of_an_agreement_does_its_own_part_only),
        CASE(no_share_of_a_service_is_used_where_a_rollback_is_not_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
