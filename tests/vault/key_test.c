/* SPDX-License-Identifier: Apache-2.0 */
/* Whole keys: made, described, used, disabled and destroyed. */
#include "tests/vault/bench.h"
#include "tests/vault/verify.h"

#include "base/secret.h"
#include "custodian/vault/core.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void check_signing(struct bench *bench, const char *algorithm, int type)
{
    char *key = bench_generate(bench, algorithm, "application", algorithm);
    struct ask ask = message_ask(KC_OPERATION_KEY_SIGN, key, "to be signed");
    struct answer *answer = bench_ask(bench, &ask);
    const struct kc_record *record = bench_record(bench, KC_KIND_KEY, key);
    assert_true(openssl_verifies(type, record->public_key, record->public_size,
        answer_value(answer, KC_FIELD_SIGNATURE)->span, "to be signed"));
    answer_done(answer);
    free(key);
}

static void signs_what_openssl_verifies(void **state)
{
    check_signing(*state, "Ed25519", EVP_PKEY_ED25519);
    check_signing(*state, "Ed448", EVP_PKEY_ED448);
}

static void check_agreement(struct bench *bench, const char *algorithm, int type, size_t size)
{
    char *id = bench_generate(bench, algorithm, "application", algorithm);
    const struct kc_record *record = bench_record(bench, KC_KIND_KEY, id);
    uint8_t peer_public[56], ours[64], theirs[56];
    size_t public_size = size, theirs_size = size;
    EVP_PKEY *peer = EVP_PKEY_Q_keygen(NULL, NULL, algorithm);
    EVP_PKEY *public = EVP_PKEY_new_raw_public_key(type, NULL, record->public_key, size);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(peer, NULL);
    assert_int_equal(EVP_PKEY_get_raw_public_key(peer, peer_public, &public_size), 1);
    assert_int_equal(EVP_PKEY_derive_init(context), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(context, public), 1);
    assert_int_equal(EVP_PKEY_derive(context, theirs, &theirs_size), 1);

    struct ask ask = key_ask(KC_OPERATION_KEY_AGREE, id);
    ask_octets(&ask, KC_FIELD_PEER, peer_public, size);
    struct answer *answer = bench_ask(bench, &ask);
    assert_int_equal(answer_secret(answer, KC_FIELD_SECRET, ours), size);
    assert_memory_equal(ours, theirs, size);
    answer_done(answer);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(public);
    EVP_PKEY_free(peer);
    free(id);
}

static void agrees_with_openssl(void **state)
{
    check_agreement(*state, "X25519", EVP_PKEY_X25519, 32);
    check_agreement(*state, "X448", EVP_PKEY_X448, 56);
}

static void keys_survive_a_restart(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed448", "application", "a");
    bench_restart(bench);
    struct ask ask = message_ask(KC_OPERATION_KEY_SIGN, key, "m");
    bench_expect(bench, &ask, KC_OK);
    free(key);
}

/* As records were before there were other algorithms: each is renewed by its next change. */
static void a_record_of_the_first_format_is_believed_and_renewed(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed448", "application", "a");
    struct kc_record *record = bench_record(bench, KC_KIND_KEY, key);
    struct kc_secret secret = {0};
    assert_int_equal(kc_keeper_open(bench->vault->keeper, record, &secret), KC_OK);
    struct kc_map *map = bench->vault->ledger.map; /* which takes it as a change of its own */
    struct kc_record before = *record;
    assert_int_equal(kc_map_issue(map, record), KC_OK);
    record->format = KC_RECORD_FORMAT_FIRST;
    assert_int_equal(kc_keeper_protect(bench->vault->keeper, record, &secret), KC_OK);
    assert_int_equal(kc_map_apply(map, record, before.mac), KC_OK);
    kc_map_end(map, true);
    kc_map_settle(map, record, true);
    kc_secret_done(&secret);
    struct ask sign = message_ask(KC_OPERATION_KEY_SIGN, key, "m"),
               again = message_ask(KC_OPERATION_KEY_SIGN, key, "m");
    bench_expect(bench, &sign, KC_OK);
    struct ask disable = key_ask(KC_OPERATION_KEY_DISABLE, key),
               enable = key_ask(KC_OPERATION_KEY_ENABLE, key);
    bench_expect(bench, &disable, KC_OK);
    assert_int_equal(bench_record(bench, KC_KIND_KEY, key)->format, KC_RECORD_FORMAT);
    bench_expect(bench, &enable, KC_OK);
    bench_expect(bench, &again, KC_OK);
    free(key);
}

static void refuses_use_for_another_role_or_use(void **state)
{
    struct bench *bench = *state;
    static const char *const roles[] = {"base", "account"};
    for (size_t i = 0; i < 2; i++) {
        char *key = bench_generate(bench, "Ed25519", roles[i], roles[i]);
        struct ask ask = message_ask(KC_OPERATION_KEY_SIGN, key, "m");
        bench_expect(bench, &ask, KC_ERR_REFUSED);
        free(key);
    }
    char *wrap = bench_generate(bench, "X25519", "wrap", "w");
    char *signs = bench_generate(bench, "Ed25519", "application", "s");
    const struct kc_record *record = bench_record(bench, KC_KIND_KEY, wrap);
    const char *const keys[] = {wrap, signs};
    for (size_t i = 0; i < 2; i++) {
        struct ask ask = key_ask(KC_OPERATION_KEY_AGREE, keys[i]);
        ask_octets(&ask, KC_FIELD_PEER, record->public_key, record->public_size);
        bench_expect(bench, &ask, KC_ERR_REFUSED);
    }
    free(wrap);
    free(signs);
}

static void a_wrap_key_must_agree(void **state)
{
    struct ask ask = ask_new(KC_OPERATION_KEY_GENERATE);
    ask_text(&ask, KC_FIELD_ALGORITHM, "Ed448");
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_LABEL, "w");
    ask_text(&ask, KC_FIELD_ROLE, "wrap");
    bench_expect(*state, &ask, KC_ERR_BAD_ALGORITHM);
}

static void one_answer_for_unknown_foreign_disabled_and_destroyed(void **state)
{
    struct bench *bench = *state;
    struct ask unknown = message_ask(KC_OPERATION_KEY_SIGN, "MAAA-AAAA", "m");
    bench_expect(bench, &unknown, KC_ERR_REFUSED);

    char *key = bench_generate(bench, "Ed25519", "application", "a");
    bench->rules[0].keys[0][0] = 'x';
    struct ask foreign = message_ask(KC_OPERATION_KEY_SIGN, key, "m");
    bench_expect(bench, &foreign, KC_ERR_REFUSED);
    bench->rules[0].keys[0][0] = '*';

    struct ask disable = key_ask(KC_OPERATION_KEY_DISABLE, key);
    bench_expect(bench, &disable, KC_OK);
    struct ask disabled = message_ask(KC_OPERATION_KEY_SIGN, key, "m");
    bench_expect(bench, &disabled, KC_ERR_REFUSED);
    struct ask destroy = key_ask(KC_OPERATION_KEY_DESTROY, key);
    bench_expect(bench, &destroy, KC_OK);
    struct ask destroyed = message_ask(KC_OPERATION_KEY_SIGN, key, "m");
    bench_expect(bench, &destroyed, KC_ERR_REFUSED);
    free(key);
}

static void an_enabled_key_signs_again(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    struct ask disable = key_ask(KC_OPERATION_KEY_DISABLE, key);
    bench_expect(bench, &disable, KC_OK);
    struct ask again = key_ask(KC_OPERATION_KEY_DISABLE, key);
    bench_expect(bench, &again, KC_ERR_REFUSED);
    struct ask enable = key_ask(KC_OPERATION_KEY_ENABLE, key);
    struct answer *answer = bench_ask(bench, &enable);
    assert_int_equal(answer_value(answer, KC_FIELD_VERSION)->number, 3);
    answer_done(answer);
    struct ask sign = message_ask(KC_OPERATION_KEY_SIGN, key, "m");
    bench_expect(bench, &sign, KC_OK);
    free(key);
}

static void a_destroyed_key_leaves_no_secret(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed448", "application", "a");
    struct ask destroy = key_ask(KC_OPERATION_KEY_DESTROY, key);
    bench_expect(bench, &destroy, KC_OK);
    const struct kc_record *record = bench_record(bench, KC_KIND_KEY, key);
    assert_int_equal(record->state, KC_STATE_DESTROYED);
    assert_int_equal(record->seal_size + record->secret_size, 0);
    struct ask enable = key_ask(KC_OPERATION_KEY_ENABLE, key);
    bench_expect(bench, &enable, KC_ERR_REFUSED);
    free(key);
}

static void what_is_decided_is_told_without_values(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    assert_string_equal(bench->told_key, key);
    assert_true(bench->told.changed && bench->told.known);
    assert_int_equal(bench->told.user, getuid());
    struct ask agree = key_ask(KC_OPERATION_KEY_AGREE, key);
    ask_octets(&agree, KC_FIELD_PEER, key, 32);
    bench_expect(bench, &agree, KC_ERR_REFUSED);
    assert_int_equal(bench->told.operation, KC_OPERATION_KEY_AGREE);
    assert_int_equal(bench->told.error, KC_ERR_REFUSED);
    assert_false(bench->told.changed);
    assert_string_equal(bench->told_key, key);
    free(key);
}

static void a_key_is_made_only_where_the_policy_allows(void **state)
{
    static const char *const keyrings[] = {"other", "unheard-of"};
    for (size_t i = 0; i < 2; i++) {
        struct ask ask = ask_new(KC_OPERATION_KEY_GENERATE);
        ask_text(&ask, KC_FIELD_ALGORITHM, "Ed25519");
        ask_text(&ask, KC_FIELD_KEYRING, keyrings[i]);
        ask_text(&ask, KC_FIELD_LABEL, "a");
        bench_expect(*state, &ask, KC_ERR_REFUSED);
    }
}

static void a_key_out_of_use_is_not_kept_open(void **state)
{
    struct bench *bench = *state;
    static const enum kc_operation ends[] = {KC_OPERATION_KEY_DISABLE, KC_OPERATION_KEY_DESTROY};
    for (size_t i = 0; i < 2; i++) {
        char *key = bench_generate(bench, "Ed448", "application", i ? "a" : "b");
        struct kc_record record = *bench_record(bench, KC_KIND_KEY, key);
        struct kc_material material;
        struct ask sign = message_ask(KC_OPERATION_KEY_SIGN, key, "m");
        bench_expect(bench, &sign, KC_OK);
        assert_true(kc_cache_get(bench->vault->cache, &record, &material));
        struct ask end = key_ask(ends[i], key);
        bench_expect(bench, &end, KC_OK);
        assert_false(kc_cache_get(bench->vault->cache, &record, &material));
        kc_material_wipe(&material);
        free(key);
    }
}

static void a_key_is_not_told_before_it_is_stored(void **state)
{
    struct bench *bench = *state;
    bench->store_error = KC_ERR_STORE_FULL;
    struct ask ask = ask_new(KC_OPERATION_KEY_GENERATE);
    ask_text(&ask, KC_FIELD_ALGORITHM, "Ed25519");
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_LABEL, "a");
    bench_expect(bench, &ask, KC_ERR_STORE_FULL);
    assert_int_equal(bench->record_count, 0);
}

static void a_label_is_taken_once(void **state)
{
    char *key = bench_generate(*state, "Ed25519", "application", "a");
    struct ask ask = ask_new(KC_OPERATION_KEY_GENERATE);
    ask_text(&ask, KC_FIELD_ALGORITHM, "Ed25519");
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_LABEL, "a");
    bench_expect(*state, &ask, KC_ERR_LABEL_TAKEN);
    free(key);
}

static void without_the_root_nothing_is_opened_and_nothing_made(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed25519", "application", "a");
    bench_restart(bench);
    bench->root_error = KC_ERR_ROOT_UNAVAILABLE;
    struct ask sign = message_ask(KC_OPERATION_KEY_SIGN, key, "m");
    bench_expect(bench, &sign, KC_ERR_ROOT_UNAVAILABLE);
    bench->root_error = KC_OK;
    struct ask again = message_ask(KC_OPERATION_KEY_SIGN, key, "m");
    bench_expect(bench, &again, KC_OK);
    bench->root_error = KC_ERR_ROOT_LOCKOUT;
    struct ask cached = message_ask(KC_OPERATION_KEY_SIGN, key, "m");
    bench_expect(bench, &cached, KC_OK);
    struct ask make = ask_new(KC_OPERATION_KEY_GENERATE);
    ask_text(&make, KC_FIELD_ALGORITHM, "Ed25519");
    ask_text(&make, KC_FIELD_KEYRING, "main");
    ask_text(&make, KC_FIELD_LABEL, "b");
    bench_expect(bench, &make, KC_ERR_ROOT_LOCKOUT);
    free(key);
}

static void a_wrapped_key_needs_no_root(void **state)
{
    struct bench *bench = *state;
    struct ask ask = ask_new(KC_OPERATION_KEY_GENERATE);
    ask_text(&ask, KC_FIELD_ALGORITHM, "X448");
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_LABEL, "a");
    ask_text(&ask, KC_FIELD_RESIDENCE, "wrapped");
    struct answer *answer = bench_ask(bench, &ask);
    char *key = strdup(answer_text(answer, KC_FIELD_KEY));
    answer_done(answer);
    bench->root_error = KC_ERR_ROOT_UNAVAILABLE;
    struct ask agree = key_ask(KC_OPERATION_KEY_AGREE, key);
    const struct kc_record *record = bench_record(bench, KC_KIND_KEY, key);
    assert_int_equal(record->seal_size, 0);
    ask_octets(&agree, KC_FIELD_PEER, record->public_key, record->public_size);
    bench_expect(bench, &agree, KC_OK);
    free(key);
}

static void expect_detail(struct bench *bench, struct ask *ask, const char *detail)
{
    struct answer *answer = bench_ask(bench, ask);
    assert_string_equal(kc_error_name(answer->error), "bad-argument");
    assert_true(kc_values_text_is(&answer->in.message.values, KC_FIELD_DETAIL, detail));
    answer_done(answer);
}

static void a_text_that_is_no_choice_is_named(void **state)
{
    struct bench *bench = *state;
    static const struct {
        enum kc_field field;
        const char *text, *detail;
    } wrong[] = {{KC_FIELD_ROLE, "share", "role"}, {KC_FIELD_ROLE, "bogus", "role"},
        {KC_FIELD_RESIDENCE, "bogus", "residence"}, {KC_FIELD_LABEL, "", "label"},
        {KC_FIELD_ALGORITHM, "P-521", "algorithm"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct ask ask = ask_new(KC_OPERATION_KEY_GENERATE);
        ask_text(&ask, KC_FIELD_ALGORITHM, "Ed25519");
        ask_text(&ask, KC_FIELD_KEYRING, "main");
        ask_text(&ask, KC_FIELD_LABEL, "a");
        ask_text(&ask, wrong[i].field, wrong[i].text);
        expect_detail(bench, &ask, wrong[i].detail);
    }
    struct ask list = ask_new(KC_OPERATION_KEY_LIST), none = list,
               ping = ask_new(KC_OPERATION_PING);
    ask_text(&list, KC_FIELD_STATE, "bogus");
    expect_detail(bench, &list, "state");
    ask_number(&none, KC_FIELD_COUNT, 0);
    expect_detail(bench, &none, "count");
    ask_text(&ping, KC_FIELD_THROUGH, "root");
    expect_detail(bench, &ping, "through");
}

static void lists_what_fits_the_filters_and_the_policy(void **state)
{
    struct bench *bench = *state;
    char *a = bench_generate(bench, "Ed25519", "application", "a");
    char *b = bench_generate(bench, "X448", "account", "b");
    struct ask all = ask_new(KC_OPERATION_KEY_LIST);
    struct answer *answer = bench_ask(bench, &all);
    assert_int_equal(answer->in.message.item_count, 2);
    assert_int_equal(answer_value(answer, KC_FIELD_MORE)->number, 0);
    answer_done(answer);

    struct ask accounts = ask_new(KC_OPERATION_KEY_LIST);
    ask_text(&accounts, KC_FIELD_ROLE, "account");
    answer = bench_ask(bench, &accounts);
    assert_int_equal(answer->in.message.item_count, 1);
    assert_true(kc_values_text_is(&answer->items[0], KC_FIELD_KEY, b));
    answer_done(answer);

    struct ask one = ask_new(KC_OPERATION_KEY_LIST);
    ask_number(&one, KC_FIELD_COUNT, 1); /* the desk cuts: it must know that there is another */
    answer = bench_ask(bench, &one);
    assert_int_equal(answer->in.message.item_count, 2);
    answer_done(answer);

    strcpy(bench->rules[0].keys[0], "b");
    struct ask some = ask_new(KC_OPERATION_KEY_LIST);
    answer = bench_ask(bench, &some);
    assert_int_equal(answer->in.message.item_count, 1);
    answer_done(answer);
    free(a);
    free(b);
}

static void status_doctor_random_and_keyrings_need_no_root(void **state)
{
    struct bench *bench = *state;
    bench->root_error = KC_ERR_ROOT_UNAVAILABLE;
    struct ask ping = ask_new(KC_OPERATION_PING);
    bench_expect(bench, &ping, KC_OK);
    struct ask status = ask_new(KC_OPERATION_STATUS);
    struct answer *answer = bench_ask(bench, &status);
    assert_string_equal(answer_text(answer, KC_FIELD_ROOT), "root-unavailable");
    answer_done(answer);
    struct ask doctor = ask_new(KC_OPERATION_DOCTOR);
    answer = bench_ask(bench, &doctor);
    assert_true(kc_values_text_is(&answer->items[0], KC_FIELD_CHECK, "root"));
    assert_true(kc_values_text_is(&answer->items[0], KC_FIELD_RESULT, "fail"));
    answer_done(answer);
    struct ask random = ask_new(KC_OPERATION_RANDOM);
    ask_number(&random, KC_FIELD_SIZE, 1024);
    answer = bench_ask(bench, &random);
    assert_int_equal(answer_value(answer, KC_FIELD_RANDOM)->span.size, 1024);
    answer_done(answer);
    struct ask keyrings = ask_new(KC_OPERATION_KEYRING_LIST);
    answer = bench_ask(bench, &keyrings);
    assert_int_equal(answer->in.message.item_count, 1);
    answer_done(answer);
}

static void signs_a_message_from_a_descriptor(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "Ed448", "application", "a");
    uint8_t *large = calloc(1, KC_DATA_SIZE_MAX);
    struct ask ask = key_ask(KC_OPERATION_KEY_SIGN, key);
    ask_secret(&ask, KC_FIELD_MESSAGE, large, KC_DATA_SIZE_MAX);
    bench_expect(bench, &ask, KC_OK);
    struct ask without = key_ask(KC_OPERATION_KEY_SIGN, key);
    kc_values_set_passed(&without.message.values, KC_FIELD_MESSAGE, 0);
    bench_expect(bench, &without, KC_ERR_BAD_ARGUMENT);
    free(large);
    free(key);
}

static void nothing_secret_stays_behind(void **state)
{
    (void)state;
    size_t before = kc_arena_figures().used;
    struct bench *bench = bench_new();
    char *key = bench_generate(bench, "Ed448", "application", "a");
    struct ask sign = message_ask(KC_OPERATION_KEY_SIGN, key, "m");
    bench_expect(bench, &sign, KC_OK);
    bench_free(bench);
    assert_int_equal(kc_arena_figures().used, before);
    free(key);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(signs_what_openssl_verifies),
        CASE(agrees_with_openssl),
        CASE(keys_survive_a_restart),
        CASE(a_record_of_the_first_format_is_believed_and_renewed),
        CASE(refuses_use_for_another_role_or_use),
        CASE(a_wrap_key_must_agree),
        CASE(one_answer_for_unknown_foreign_disabled_and_destroyed),
        CASE(an_enabled_key_signs_again),
        CASE(a_destroyed_key_leaves_no_secret),
        CASE(what_is_decided_is_told_without_values),
        CASE(a_key_is_made_only_where_the_policy_allows),
        CASE(a_key_out_of_use_is_not_kept_open),
        CASE(a_key_is_not_told_before_it_is_stored),
        CASE(a_label_is_taken_once),
        CASE(without_the_root_nothing_is_opened_and_nothing_made),
        CASE(a_wrapped_key_needs_no_root),
        CASE(a_text_that_is_no_choice_is_named),
        CASE(lists_what_fits_the_filters_and_the_policy),
        CASE(status_doctor_random_and_keyrings_need_no_root),
        CASE(signs_a_message_from_a_descriptor),
        cmocka_unit_test(nothing_secret_stays_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
