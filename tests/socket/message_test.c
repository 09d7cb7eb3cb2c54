/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"

#include "proto/socket/cbor.h"
#include "proto/socket/message.h"
#include "tests/socket/sample.h"

#include <string.h>

static struct sample sample;
static uint8_t octets[KC_DATA_SIZE_MAX + 1];

static struct kc_field_set row_fields(enum kc_operation operation)
{
    return kc_field_set_or(kc_operations[operation].required, kc_operations[operation].optional);
}

/* A value of a size, or a number, as the field's type has it. */
static void set_to(struct kc_values *values, enum kc_field field, uint64_t size)
{
    switch (kc_fields[field].type) {
    case KC_TYPE_UINT:
    case KC_TYPE_BOOL:
        kc_values_set_number(values, field, size);
        break;
    case KC_TYPE_TEXT:
    case KC_TYPE_BYTES:
    case KC_TYPE_DATA:
        kc_values_set_span(values, field, octets, (size_t)size);
        break;
    case KC_TYPE_SECRET:
        kc_values_set_passed(values, field, (size_t)size);
        break;
    case KC_TYPE_ITEMS:
        break;
    }
}

static uint64_t limit_of(enum kc_field field)
{
    if (kc_fields[field].type == KC_TYPE_DATA)
        return KC_DATA_INLINE_MAX;
    return kc_fields[field].type == KC_TYPE_SECRET ? KC_DESCRIPTORS_MAX - 1 : kc_fields[field].most;
}

static void expect_refused(enum kc_field field)
{
    const char *detail = NULL;
    assert_int_equal(kc_request_check(&sample.message, &detail), KC_ERR_BAD_ARGUMENT);
    assert_string_equal(detail, kc_fields[field].name);
}

static void check_choices(enum kc_field field)
{
    const char *detail = NULL, *at = kc_fields[field].choices;
    struct kc_values *values = &sample.message.values;
    for (size_t size; *at; at += size + (at[size] != 0)) {
        size = strcspn(at, " ");
        kc_values_set_span(values, field, at, size);
        assert_int_equal(kc_request_check(&sample.message, &detail), KC_OK);
        kc_values_set_span(values, field, at, size - 1);
        expect_refused(field);
    }
    kc_values_set_text(values, field, kc_fields[field].choices); /* all of them are none */
    expect_refused(field);
    kc_values_set_text(values, field, "");
    expect_refused(field);
}

static void check_limit(enum kc_operation operation, enum kc_field field)
{
    const char *detail = NULL;
    sample_request(&sample, operation, 1);
    if (kc_fields[field].choices) {
        check_choices(field);
        return;
    }
    if (kc_fields[field].least > 0) {
        set_to(&sample.message.values, field, kc_fields[field].least - 1);
        expect_refused(field);
        set_to(&sample.message.values, field, kc_fields[field].least);
        assert_int_equal(kc_request_check(&sample.message, &detail), KC_OK);
    }
    set_to(&sample.message.values, field, limit_of(field));
    assert_int_equal(kc_request_check(&sample.message, &detail), KC_OK);
    set_to(&sample.message.values, field, limit_of(field) + 1);
    expect_refused(field);
}

static void each_limit_holds_in_each_operation(void **state)
{
    (void)state;
    memset(octets, 'a', sizeof octets);
    for (unsigned int i = 0; i < KC_OPERATIONS; i++) {
        struct kc_field_set fields = row_fields((enum kc_operation)i);
        enum kc_field field;
        kc_field_set_remove(&fields, KC_FIELD_ITEMS);
        while (kc_field_set_take(&fields, &field))
            check_limit((enum kc_operation)i, field);
    }
}

/* Each batch that is taken can be answered: whatever its requests, and however long the answers. */
static void a_batch_whose_answer_might_not_fit_is_refused(void **state)
{
    (void)state;
    static uint8_t encoded[KC_MESSAGE_SIZE_MAX];
    static struct kc_message batch[KC_BATCH_MAX];
    const char *detail = NULL;
    size_t size;
    struct kc_message request, reply;
    kc_message_init(&request, KC_OPERATION_BATCH);
    kc_field_set_add(&request.values.present, KC_FIELD_ITEMS);
    request.batch = batch;
    for (size_t i = 0; i < KC_BATCH_MAX; i++) {
        kc_message_init(&batch[i], KC_OPERATION_RANDOM);
        kc_values_set_number(&batch[i].values, KC_FIELD_SIZE, 1024);
    }
    request.batch_count = KC_BATCH_MAX;
    assert_int_equal(kc_request_check(&request, &detail), KC_ERR_BAD_ARGUMENT);
    assert_string_equal(detail, "items");
    while (kc_request_check(&request, &detail) != KC_OK)
        request.batch_count--;
    assert_true(request.batch_count > 50);
    reply = request;
    for (size_t i = 0; i < reply.batch_count; i++) {
        kc_message_init(&batch[i], KC_OPERATION_RANDOM);
        kc_values_set_span(&batch[i].values, KC_FIELD_RANDOM, octets, 1024);
    }
    assert_int_equal(kc_cbor_answer_encode(&reply, encoded, sizeof encoded, &size), KC_OK);
}

static void each_required_field_is_missed_by_its_name(void **state)
{
    (void)state;
    const char *detail = NULL;
    for (unsigned int i = 0; i < KC_OPERATIONS; i++) {
        struct kc_field_set left = kc_operations[i].required;
        enum kc_field field;
        while (kc_field_set_take(&left, &field)) {
            sample_request(&sample, (enum kc_operation)i, 2);
            kc_field_set_remove(&sample.message.values.present, field);
            assert_int_equal(kc_request_check(&sample.message, &detail), KC_ERR_BAD_REQUEST);
            assert_string_equal(detail, kc_fields[field].name);
        }
    }
}

static void each_field_of_another_operation_is_refused(void **state)
{
    (void)state;
    const char *detail = NULL;
    for (unsigned int i = 0; i < KC_OPERATIONS; i++) {
        for (unsigned int field = 0; field < KC_FIELDS; field++) {
            struct kc_field_set fields = row_fields((enum kc_operation)i);
            if (kc_field_set_has(&fields, (enum kc_field)field))
                continue;
            sample_request(&sample, (enum kc_operation)i, 3);
            kc_field_set_add(&sample.message.values.present, (enum kc_field)field);
            assert_int_equal(kc_request_check(&sample.message, &detail), KC_ERR_BAD_REQUEST);
            assert_string_equal(detail, kc_fields[field].name);
        }
    }
}

static void what_no_row_has_is_refused(void **state)
{
    (void)state;
    const char *detail = "untouched";
    sample_request(&sample, KC_OPERATION_PING, 1);
    kc_field_set_add(&sample.message.values.present, KC_FIELDS);
    assert_int_equal(kc_request_check(&sample.message, &detail), KC_ERR_BAD_REQUEST);
    assert_null(detail);
    sample.message.operation = KC_OPERATIONS;
    assert_int_equal(kc_request_check(&sample.message, &detail), KC_ERR_UNKNOWN_OPERATION);
    assert_int_equal(kc_answer_check(&sample.message), KC_ERR_BAD_REPLY);
}

static void toggle(struct kc_field_set *set, enum kc_field field)
{
    if (kc_field_set_has(set, field))
        kc_field_set_remove(set, field);
    else
        kc_field_set_add(set, field);
}

static void an_answer_has_the_fields_of_its_operation(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < KC_OPERATIONS; i++) {
        const struct kc_operation_row *row = &kc_operations[i];
        for (unsigned int field = 0; field < KC_FIELDS; field++) {
            sample_answer(&sample, (enum kc_operation)i, KC_OK, 4);
            assert_int_equal(kc_answer_check(&sample.message), KC_OK);
            if (kc_field_set_has(&row->answer_optional, (enum kc_field)field))
                continue;
            toggle(&sample.message.values.present, (enum kc_field)field);
            assert_int_equal(kc_answer_check(&sample.message), KC_ERR_BAD_REPLY);
        }
    }
}

static struct kc_field_set only(enum kc_field field)
{
    struct kc_field_set set = {0};
    kc_field_set_add(&set, field);
    return set;
}

static bool has_items(unsigned int operation)
{
    return !kc_field_set_empty(&kc_operations[operation].item);
}

static void an_item_has_the_fields_of_its_operation(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < KC_OPERATIONS; i++) {
        for (unsigned int field = 0; field < KC_FIELDS && has_items(i); field++) {
            bool allowed = kc_field_set_has(&kc_operations[i].item, (enum kc_field)field);
            sample_answer(&sample, (enum kc_operation)i, KC_OK, 5);
            sample.message.item_count = 1;
            sample.items[0].present = only((enum kc_field)field);
            set_to(&sample.items[0], (enum kc_field)field, kc_fields[field].least);
            if (kc_fields[field].choices)
                kc_values_set_span(&sample.items[0], (enum kc_field)field, kc_fields[field].choices,
                    strcspn(kc_fields[field].choices, " "));
            assert_int_equal(kc_answer_check(&sample.message), allowed ? KC_OK : KC_ERR_BAD_REPLY);
        }
    }
}

static void an_answer_has_an_item_for_each_of_at_most_a_hundred(void **state)
{
    (void)state;
    sample_answer(&sample, KC_OPERATION_KEYRING_LIST, KC_OK, 1);
    sample.message.item_count = KC_ITEMS_MAX;
    for (size_t i = 0; i < KC_ITEMS_MAX; i++)
        sample.items[i].present = (struct kc_field_set){0};
    assert_int_equal(kc_answer_check(&sample.message), KC_OK);
    sample.message.item_count = KC_ITEMS_MAX + 1;
    assert_int_equal(kc_answer_check(&sample.message), KC_ERR_BAD_REPLY);
}

static void an_error_comes_with_a_detail_at_most(void **state)
{
    (void)state;
    for (unsigned int field = 0; field < KC_FIELDS; field++) {
        sample_answer(&sample, KC_OPERATION_KEY_SHOW, KC_ERR_REFUSED, 1);
        sample.message.values.present = only((enum kc_field)field);
        set_to(&sample.message.values, (enum kc_field)field, 0);
        assert_int_equal(
            kc_answer_check(&sample.message), field == KC_FIELD_DETAIL ? KC_OK : KC_ERR_BAD_REPLY);
    }
}

static void text_is_utf_8_without_control_characters(void **state)
{
    (void)state;
    static const char *const good[] = {"", " ~", "\xc2\xa0", "\xdf\xbf", "\xe0\xa0\x80",
        "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x1f", "\x7f", "\xc2\x80", "\xc2\x9f", "\xc1\xbf",
        "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xff", "\x80", "a\xc3", "\xe2\x82", "\xf0\x9f\x94", "\xc3(",
        "\xe2(\xac"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(kc_text_valid((struct kc_span){(const uint8_t *)good[i], strlen(good[i])}));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(kc_text_valid((struct kc_span){(const uint8_t *)bad[i], strlen(bad[i])}));
    assert_false(kc_text_valid((struct kc_span){(const uint8_t *)"\0", 1}));
}

static void names_find_their_rows(void **state)
{
    (void)state;
    enum kc_field field = KC_FIELDS;
    enum kc_operation operation = KC_OPERATIONS;
    for (unsigned int i = 0; i < KC_FIELDS; i++) {
        assert_true(kc_field_find(kc_fields[i].name, strlen(kc_fields[i].name), &field));
        assert_int_equal(field, i);
    }
    for (unsigned int i = 0; i < KC_OPERATIONS; i++) {
        assert_true(
            kc_operation_find(kc_operations[i].name, strlen(kc_operations[i].name), &operation));
        assert_int_equal(operation, i);
    }
    assert_false(kc_field_find("keyx", 4, &field));
    assert_false(kc_operation_find("pin", 3, &operation));
}

/* Programs are compiled against these numbers: a row is added at the end, or not at all. */
static void numbers_stay_what_they_were(void **state)
{
    (void)state;
    assert_int_equal(KC_FIELD_ALGORITHM, 0);
    assert_int_equal(KC_FIELD_KEY, 6);
    assert_int_equal(KC_FIELD_MESSAGE, 24);
    assert_int_equal(KC_FIELD_SECRET, 33);
    assert_int_equal(KC_FIELD_ITEMS, 44);
    assert_int_equal(KC_FIELD_SESSIONS, 61);
    assert_int_equal(KC_OPERATION_PING, 0);
    assert_int_equal(KC_OPERATION_KEY_SIGN, 8);
    assert_int_equal(KC_OPERATION_BATCH, 26);
    assert_int_equal(sizeof(struct kc_values), 32 + 256 * sizeof(struct kc_value));
}

/* The lowest and the highest bit of each word. */
static void a_set_has_room_for_each_field_and_gives_them_in_order(void **state)
{
    (void)state;
    static const unsigned int ends[] = {0, 63, 64, 127, 128, 191, 192, KC_FIELD_ROOM - 1};
    const size_t count = sizeof ends / sizeof *ends;
    struct kc_field_set set = {0};
    enum kc_field field;
    assert_true(kc_field_set_empty(&set));
    for (size_t i = 0; i < count; i++) {
        assert_false(kc_field_set_has(&set, (enum kc_field)ends[i]));
        kc_field_set_add(&set, (enum kc_field)ends[i]);
        assert_true(kc_field_set_has(&set, (enum kc_field)ends[i]));
        assert_int_equal(kc_field_set_count(&set), i + 1);
    }
    for (size_t i = 0; i < count; i++) {
        assert_false(kc_field_set_empty(&set));
        assert_true(kc_field_set_take(&set, &field));
        assert_int_equal(field, ends[i]);
    }
    assert_false(kc_field_set_take(&set, &field));
}

static struct kc_field_set set_of(const enum kc_field fields[], size_t count)
{
    struct kc_field_set set = {0};
    for (size_t i = 0; i < count; i++)
        kc_field_set_add(&set, fields[i]);
    return set;
}

static void a_table_names_sets_and_they_are_put_together(void **state)
{
    (void)state;
    static const enum kc_field first[] = {KC_FIELD_ALGORITHM, KC_FIELD_ROLE, KC_FIELD_USES};
    static const enum kc_field second[] = {KC_FIELD_ROLE, KC_FIELD_USE};
    const struct kc_field_set some = set_of(first, 3), others = set_of(second, 2);
    const struct kc_field_set either = kc_field_set_or(some, others);
    const struct kc_field_set both = kc_field_set_and(some, others);
    const struct kc_field_set rest = kc_field_set_without(some, others);
    assert_true(kc_field_set_empty(&kc_operations[KC_OPERATION_STATUS].required));
    assert_int_equal(kc_field_set_count(&kc_operations[KC_OPERATION_STATUS].answer), 11);
    assert_true(kc_values_has(&(struct kc_values){.present = some}, KC_FIELD_USES));
    assert_int_equal(kc_field_set_count(&either), 4);
    assert_int_equal(kc_field_set_count(&both), 1);
    assert_true(kc_field_set_has(&both, KC_FIELD_ROLE));
    assert_int_equal(kc_field_set_count(&rest), 2);
    assert_false(kc_field_set_has(&rest, KC_FIELD_ROLE));
}

static void values_are_set_and_asked(void **state)
{
    (void)state;
    struct kc_values values = {0};
    assert_false(kc_values_text_is(&values, KC_FIELD_ROLE, ""));
    kc_values_set_text(&values, KC_FIELD_ROLE, "base");
    assert_true(kc_values_text_is(&values, KC_FIELD_ROLE, "base"));
    assert_false(kc_values_text_is(&values, KC_FIELD_ROLE, "bases"));
    assert_false(kc_values_text_is(&values, KC_FIELD_ROLE, "bass"));
    kc_values_set_passed(&values, KC_FIELD_MESSAGE, 2);
    assert_true(values.value[KC_FIELD_MESSAGE].passed);
    kc_values_set_span(&values, KC_FIELD_MESSAGE, "x", 1);
    assert_false(values.value[KC_FIELD_MESSAGE].passed);
    assert_true(kc_values_has(&values, KC_FIELD_MESSAGE));
    assert_false(kc_values_has(&values, KC_FIELD_SESSIONS));
}

static void a_copy_says_what_the_message_says(void **state)
{
    (void)state;
    static struct kc_message copy;
    for (unsigned int i = 0; i < KC_OPERATIONS; i++) {
        sample_request(&sample, (enum kc_operation)i, 6);
        kc_message_copy(&copy, &sample.message);
        assert_true(sample_equal(&copy, &sample.message));
        sample_answer(&sample, (enum kc_operation)i, KC_OK, 6);
        kc_message_copy(&copy, &sample.message);
        assert_true(sample_equal(&copy, &sample.message));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_limit_holds_in_each_operation),
        cmocka_unit_test(each_required_field_is_missed_by_its_name),
        cmocka_unit_test(a_batch_whose_answer_might_not_fit_is_refused),
        cmocka_unit_test(each_field_of_another_operation_is_refused),
        cmocka_unit_test(what_no_row_has_is_refused),
        cmocka_unit_test(an_answer_has_the_fields_of_its_operation),
        cmocka_unit_test(an_item_has_the_fields_of_its_operation),
        cmocka_unit_test(an_answer_has_an_item_for_each_of_at_most_a_hundred),
        cmocka_unit_test(an_error_comes_with_a_detail_at_most),
        cmocka_unit_test(text_is_utf_8_without_control_characters),
        cmocka_unit_test(names_find_their_rows),
        cmocka_unit_test(numbers_stay_what_they_were),
        cmocka_unit_test(a_set_has_room_for_each_field_and_gives_them_in_order),
        cmocka_unit_test(a_table_names_sets_and_they_are_put_together),
        cmocka_unit_test(values_are_set_and_asked),
        cmocka_unit_test(a_copy_says_what_the_message_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
