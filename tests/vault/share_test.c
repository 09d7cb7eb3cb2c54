/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that are split between two custodians do what the whole key did, and neither does it alone. */
#include "tests/vault/pair.h"
#include "tests/vault/verify.h"

#include "custodian/vault/core.h"
#include "custodian/vault/key.h"
#include "proto/hkdf.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* --- agreement --- */

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

static void check_agreement(struct pair *pair, const char *algorithm)
{
    char *other, *key = bench_generate(pair->device, algorithm, "application", "k");
    struct kc_span peer = bench_make_peer(pair->device, algorithm, &other);
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
    halves_free(halves);
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
    struct kc_span peer = bench_make_peer(pair->device, "X25519", &other);
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
    halves_free(halves);
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
    halves_free(halves);
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
    struct kc_span peer = bench_make_peer(pair->device, "X448", &other);
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
    halves_free(halves);
    free(other);
    free(key);
}

static void a_whole_key_takes_no_contribution(void **state)
{
    struct pair *pair = *state;
    char *other, *key = bench_generate(pair->device, "X25519", "account", "k");
    struct kc_span peer = bench_make_peer(pair->device, "X25519", &other);
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
    halves_free(halves);
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
    halves_free(halves);
    free(key);
}

static void a_share_of_an_applications_key_signs_no_object_of_the_mesh_in_an_envelope(void **state)
{
    struct pair *pair = *state;
    char *key = bench_generate(pair->device, "Ed448", "application", "k");
    struct halves halves = bench_split(pair->device, pair->service, key);
    assert_int_equal(commit_error(pair, halves.device, "envelope", CONTACT), KC_ERR_REFUSED);
    assert_int_equal(commit_error(pair, halves.device, "envelope", "a letter"), KC_OK);
    halves_free(halves);
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
    halves_free(halves);
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
    halves_free(halves);
    free(key);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, pair_setup, pair_teardown)

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
        CASE(a_share_of_an_accounts_key_signs_what_the_whole_key_signs),
        CASE(a_share_of_an_applications_key_signs_no_object_of_the_mesh_in_an_envelope),
        CASE(each_party_of_a_signature_does_its_own_part_only),
        CASE(each_party_of_an_agreement_does_its_own_part_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
