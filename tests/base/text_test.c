/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"

#include "base/text.h"

static void copies_what_fits_with_its_terminator(void **state)
{
    (void)state;
    char text[4] = "xyz";
    assert_true(kc_text_copy(text, sizeof text, "abc"));
    assert_string_equal(text, "abc");
    assert_true(kc_text_copy(text, sizeof text, ""));
    assert_string_equal(text, "");
}

static void refuses_what_is_one_too_long_and_leaves_the_destination_alone(void **state)
{
    (void)state;
    char text[4] = "xyz";
    assert_false(kc_text_copy(text, sizeof text, "abcd"));
    assert_string_equal(text, "xyz");
    assert_false(kc_text_copy(text, 0, ""));
    assert_string_equal(text, "xyz");
}

static void appends_up_to_the_terminator(void **state)
{
    (void)state;
    char text[6] = "ab";
    assert_false(kc_text_append(text, sizeof text, "cdef"));
    assert_string_equal(text, "ab");
    assert_true(kc_text_append(text, sizeof text, "cde"));
    assert_string_equal(text, "abcde");
    assert_true(kc_text_append(text, sizeof text, ""));
    assert_false(kc_text_append(text, sizeof text, "f"));
}

static void copies_one_array_into_another(void **state)
{
    (void)state;
    char large[8] = "xxxxxxx", small[4] = "abc";
    KC_TEXT_COPY_ARRAY(large, small);
    assert_string_equal(large, "abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_what_fits_with_its_terminator),
        cmocka_unit_test(refuses_what_is_one_too_long_and_leaves_the_destination_alone),
        cmocka_unit_test(appends_up_to_the_terminator),
        cmocka_unit_test(copies_one_array_into_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
