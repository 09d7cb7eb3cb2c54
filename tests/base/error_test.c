/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"

#include "base/error.h"

#include <string.h>

static void numbers_ascend_and_are_unique(void **state)
{
    (void)state;
    const struct kc_error_row *row;
    for (size_t i = 1; (row = kc_error_at(i)); i++)
        assert_true(row->code > kc_error_at(i - 1)->code);
}

static void names_are_unique_and_lower_case(void **state)
{
    (void)state;
    const struct kc_error_row *row;
    for (size_t i = 0; (row = kc_error_at(i)); i++) {
        assert_int_equal(strspn(row->name, "abcdefghijklmnopqrstuvwxyz-"), strlen(row->name));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(row->name, kc_error_at(j)->name);
    }
}

static void every_error_says_what_happened_and_what_to_do(void **state)
{
    (void)state;
    const struct kc_error_row *row;
    for (size_t i = 1; (row = kc_error_at(i)); i++) {
        assert_true(row->class != KC_CLASS_NONE);
        assert_int_equal(row->sentence[strlen(row->sentence) - 1], '.');
        assert_int_equal(row->advice[strlen(row->advice) - 1], '.');
    }
}

static void a_row_is_found_by_its_code(void **state)
{
    (void)state;
    assert_string_equal(kc_error_name(KC_OK), "ok");
    assert_string_equal(kc_error_name(KC_ERR_REFUSED), "refused");
    assert_int_equal(kc_error_row(KC_ERR_ROOT_CHANGED)->class, KC_CLASS_HARDWARE);
}

static void an_unknown_number_is_told_and_reads_as_internal(void **state)
{
    (void)state;
    assert_false(kc_error_known(99999));
    assert_true(kc_error_known(200));
    assert_string_equal(kc_error_name((enum kc_error)99999), "internal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_ascend_and_are_unique),
        cmocka_unit_test(names_are_unique_and_lower_case),
        cmocka_unit_test(every_error_says_what_happened_and_what_to_do),
        cmocka_unit_test(a_row_is_found_by_its_code),
        cmocka_unit_test(an_unknown_number_is_told_and_reads_as_internal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
