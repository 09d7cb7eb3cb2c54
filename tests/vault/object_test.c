/* SPDX-License-Identifier: Apache-2.0 */
/* Objects that programs keep in a keyring, and the one list of all that they find there. */
#include "tests/vault/bench.h"

#include "custodian/vault/core.h"

#include <stdlib.h>
#include <string.h>

#define LARGEST 16384

static struct ask import_ask(const char *kind, const char *label, const void *value, size_t size)
{
    struct ask ask = ask_new(KC_OPERATION_OBJECT_IMPORT);
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_KIND, kind);
    ask_octets(&ask, KC_FIELD_VALUE, value, size);
    if (label)
        ask_text(&ask, KC_FIELD_LABEL, label);
    return ask;
}

static struct ask object_ask(enum kc_operation operation, const char *id)
{
    struct ask ask = ask_new(operation);
    ask_text(&ask, KC_FIELD_OBJECT, id);
    return ask;
}

static char *import(struct bench *bench, const char *kind, const char *label, const char *value)
{
    struct ask ask = import_ask(kind, label, value, strlen(value));
    struct answer *answer = bench_ask(bench, &ask);
    char *id = strdup(answer_text(answer, KC_FIELD_OBJECT));
    answer_done(answer);
    return id;
}

static struct answer *list(struct bench *bench, enum kc_field field, const char *text)
{
    struct ask ask = ask_new(KC_OPERATION_OBJECT_LIST);
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    if (text)
        ask_text(&ask, field, text);
    return bench_ask(bench, &ask);
}

static size_t count(struct bench *bench, enum kc_field field, const char *text)
{
    struct answer *answer = list(bench, field, text);
    size_t items = answer->in.message.item_count;
    answer_done(answer);
    return items;
}

static void expect_shown(struct bench *bench, const char *id, const void *value, size_t size)
{
    struct ask ask = object_ask(KC_OPERATION_OBJECT_SHOW, id);
    struct answer *answer = bench_ask(bench, &ask);
    struct kc_span shown = answer_value(answer, KC_FIELD_VALUE)->span;
    assert_int_equal(shown.size, size);
    assert_memory_equal(shown.bytes, value, size);
    answer_done(answer);
}

static void an_object_is_kept_shown_changed_and_removed(void **state)
{
    struct bench *bench = *state;
    struct ask make = import_ask("certificate", "web", "DER", 3);
    ask_octets(&make, KC_FIELD_IDENTIFIER, "\x07", 1);
    ask_octets(&make, KC_FIELD_ATTRIBUTES, "a", 1);
    struct answer *answer = bench_ask(bench, &make);
    char *id = strdup(answer_text(answer, KC_FIELD_OBJECT));
    assert_string_equal(answer_text(answer, KC_FIELD_KIND), "certificate");
    assert_string_equal(answer_text(answer, KC_FIELD_LABEL), "web");
    assert_memory_equal(answer_value(answer, KC_FIELD_IDENTIFIER)->span.bytes, "\x07", 1);
    answer_done(answer);
    bench_restart(bench);
    expect_shown(bench, id, "DER", 3);

    struct ask update = object_ask(KC_OPERATION_OBJECT_UPDATE, id);
    ask_text(&update, KC_FIELD_LABEL, "mail");
    ask_octets(&update, KC_FIELD_VALUE, "other DER", 9);
    bench_expect(bench, &update, KC_OK);
    expect_shown(bench, id, "other DER", 9);
    assert_int_equal(count(bench, KC_FIELD_LABEL, "mail"), 1);
    struct ask destroy = object_ask(KC_OPERATION_OBJECT_DESTROY, id);
    bench_expect(bench, &destroy, KC_OK);
    assert_int_equal(bench_record(bench, KC_KIND_OBJECT, id)->body.size, 0);
    assert_int_equal(count(bench, KC_FIELD_LABEL, NULL), 0);
    const enum kc_operation gone[] = {
        KC_OPERATION_OBJECT_SHOW, KC_OPERATION_OBJECT_UPDATE, KC_OPERATION_OBJECT_DESTROY};
    for (size_t i = 0; i < 3; i++) {
        struct ask ask = object_ask(gone[i], id);
        bench_expect(bench, &ask, KC_ERR_REFUSED);
    }
    free(id);
}

static void the_largest_value_comes_back(void **state)
{
    struct bench *bench = *state;
    static uint8_t value[LARGEST];
    memset(value, 'v', sizeof value);
    struct ask most = import_ask("data", NULL, value, LARGEST);
    struct answer *answer = bench_ask(bench, &most);
    char *id = strdup(answer_text(answer, KC_FIELD_OBJECT));
    answer_done(answer);
    expect_shown(bench, id, value, LARGEST);
    free(id);
}

static void keys_are_not_imported(void **state)
{
    struct ask ask = import_ask("key", "k", "secret", 6);
    bench_expect(*state, &ask, KC_ERR_BAD_ARGUMENT);
}

static void objects_may_share_a_label(void **state)
{
    struct bench *bench = *state;
    char *one = import(bench, "certificate", "web", "1"), *two = import(bench, "data", "web", "2");
    char *key = bench_generate(bench, "P-256", "application", "web");
    assert_int_equal(count(bench, KC_FIELD_LABEL, "web"), 3);
    assert_int_equal(count(bench, KC_FIELD_KIND, "data"), 1);
    assert_int_equal(count(bench, KC_FIELD_KIND, "key"), 1);
    free(one);
    free(two);
    free(key);
}

static const struct kc_values *find(
    const struct answer *answer, enum kc_field field, const char *id)
{
    for (size_t i = 0; i < answer->in.message.item_count; i++)
        if (kc_values_text_is(&answer->items[i], field, id))
            return &answer->items[i];
    return NULL;
}

static void one_list_has_keys_and_objects_with_all_that_programs_need(void **state)
{
    struct bench *bench = *state;
    char *key = bench_generate(bench, "P-384", "application", "web");
    char *object = import(bench, "certificate", "web", "DER");
    struct answer *answer = list(bench, KC_FIELD_KIND, NULL);
    const struct kc_values *k = find(answer, KC_FIELD_KEY, key),
                           *o = find(answer, KC_FIELD_OBJECT, object);
    assert_int_equal(answer->in.message.item_count, 2);
    assert_non_null(k);
    assert_non_null(o);
    assert_true(kc_values_text_is(k, KC_FIELD_KIND, "key"));
    assert_true(kc_values_text_is(k, KC_FIELD_ALGORITHM, "P-384"));
    assert_true(kc_values_text_is(k, KC_FIELD_USE, "sign"));
    assert_int_equal(k->value[KC_FIELD_PUBLIC].span.size, 97);
    assert_false(kc_values_has(k, KC_FIELD_LOGIN));
    assert_memory_equal(o->value[KC_FIELD_VALUE].span.bytes, "DER", 3);
    answer_done(answer);
    free(key);
    free(object);
}

static void keys_that_sign_for_the_mesh_are_never_listed(void **state)
{
    struct bench *bench = *state;
    static const char *const roles[] = {"base", "account", "wrap"};
    for (size_t i = 0; i < 3; i++) {
        char *id = bench_generate(bench, i < 2 ? "Ed448" : "X448", roles[i], roles[i]);
        struct ask sign = ask_new(KC_OPERATION_KEY_SIGN), update = ask_new(KC_OPERATION_KEY_UPDATE),
                   decrypt = ask_new(KC_OPERATION_KEY_DECRYPT);
        ask_text(&sign, KC_FIELD_KEY, id);
        ask_octets(&sign, KC_FIELD_MESSAGE, "m", 1);
        bench_expect(bench, &sign, KC_ERR_REFUSED);
        ask_text(&update, KC_FIELD_KEY, id);
        ask_text(&update, KC_FIELD_LABEL, "other");
        bench_expect(bench, &update, KC_ERR_REFUSED);
        ask_text(&decrypt, KC_FIELD_KEY, id);
        ask_text(&decrypt, KC_FIELD_SCHEME, "pkcs1");
        ask_octets(&decrypt, KC_FIELD_CIPHERTEXT, "c", 1);
        bench_expect(bench, &decrypt, KC_ERR_REFUSED);
        free(id);
    }
    assert_int_equal(count(bench, KC_FIELD_KIND, NULL), 0);
}

static void the_first_share_of_an_applications_key_is_listed(void **state)
{
    struct bench *device = *state, *service = bench_new();
    char *key = bench_generate(device, "Ed448", "application", "web");
    char *account = bench_generate(device, "Ed448", "account", "account");
    struct halves halves = bench_split(device, service, key);
    struct answer *answer = list(device, KC_FIELD_KIND, NULL);
    const struct kc_values *item = find(answer, KC_FIELD_KEY, halves.device);
    assert_int_equal(answer->in.message.item_count, 1);
    assert_non_null(item);
    assert_true(kc_values_text_is(item, KC_FIELD_ROLE, "share"));
    assert_true(kc_values_text_is(item, KC_FIELD_GROUP, key));
    answer_done(answer);
    assert_int_equal(count(service, KC_FIELD_KIND, NULL), 0);
    halves_free(halves);
    free(account);
    free(key);
    bench_free(service);
}

static void the_policy_rules_objects_too(void **state)
{
    struct bench *bench = *state;
    char *id = import(bench, "data", "web", "value");
    memcpy(bench->rules[0].keys[0], "mail*", 6);
    struct ask show = object_ask(KC_OPERATION_OBJECT_SHOW, id),
               import_other = import_ask("data", "web", "v", 1),
               import_fitting = import_ask("data", "mailbox", "v", 1);
    bench_expect(bench, &show, KC_ERR_REFUSED);
    bench_expect(bench, &import_other, KC_ERR_REFUSED);
    bench_expect(bench, &import_fitting, KC_OK);
    assert_int_equal(count(bench, KC_FIELD_KIND, NULL), 1);
    struct ask other = import_ask("data", "mailbox", "v", 1);
    ask_text(&other, KC_FIELD_KEYRING, "other");
    bench_expect(bench, &other, KC_ERR_REFUSED);
    free(id);
}

static void an_object_that_was_altered_is_refused_and_left_out(void **state)
{
    struct bench *bench = *state;
    char *id = import(bench, "certificate", "web", "value");
    struct kc_record *record = bench_record(bench, KC_KIND_OBJECT, id);
    uint8_t *value = malloc(record->body.size);
    memcpy(value, record->body.bytes, record->body.size);
    value[0] ^= 1;
    record->body.bytes = value;
    struct ask show = object_ask(KC_OPERATION_OBJECT_SHOW, id);
    bench_expect(bench, &show, KC_ERR_RECORD_DAMAGED);
    assert_int_equal(count(bench, KC_FIELD_KIND, NULL), 0);
    value[0] ^= 1;
    record->object = KC_OBJECT_DATA;
    struct ask again = object_ask(KC_OPERATION_OBJECT_SHOW, id);
    bench_expect(bench, &again, KC_ERR_RECORD_DAMAGED);
    free(value);
    free(id);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_object_is_kept_shown_changed_and_removed),
        CASE(the_largest_value_comes_back),
        CASE(keys_are_not_imported),
        CASE(objects_may_share_a_label),
        CASE(one_list_has_keys_and_objects_with_all_that_programs_need),
        CASE(keys_that_sign_for_the_mesh_are_never_listed),
        CASE(the_first_share_of_an_applications_key_is_listed),
        CASE(the_policy_rules_objects_too),
        CASE(an_object_that_was_altered_is_refused_and_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
