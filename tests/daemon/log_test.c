/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"

#include "custodian/log.h"

#include <string.h>

static char line[KC_LOG_LINE_MAX + 1];

static const char *format(const struct kc_log_field *fields, size_t count)
{
    size_t size = kc_log_format(line, KC_LOG_LINE_MAX, "", "event", fields, count);
    line[size] = '\0';
    return line;
}

static void writes_fields_in_order(void **state)
{
    (void)state;
    const struct kc_log_field fields[] = {
        kc_log_number("uid", 1000), kc_log_text("key", "M-1"), kc_log_error(KC_ERR_LIMIT)};
    assert_string_equal(format(fields, 3), "event uid=1000 key=M-1 error=limit\n");
}

static void quotes_what_could_be_taken_for_something_else(void **state)
{
    (void)state;
    static const struct {
        const char *value, *written;
    } rows[] = {
        {"", "event key=\"\"\n"},
        {"two words", "event key=\"two words\"\n"},
        {"a=b", "event key=\"a=b\"\n"},
        {"a\nerror=ok", "event key=\"a\\x0aerror=ok\"\n"},
        {"\"", "event key=\"\\x22\"\n"},
        {"\\", "event key=\"\\x5c\"\n"},
        {"\x1b[31m", "event key=\"\\x1b[31m\"\n"},
        {"\xc3\xa9", "event key=\"\\xc3\\xa9\"\n"},
        {"\x7f", "event key=\"\\x7f\"\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct kc_log_field field = kc_log_text("key", rows[i].value);
        assert_string_equal(format(&field, 1), rows[i].written);
    }
}

static void cuts_what_does_not_fit_and_still_ends_the_line(void **state)
{
    (void)state;
    char small[16];
    const struct kc_log_field field = kc_log_text("key", "a value that is far too long");
    size_t size = kc_log_format(small, sizeof small, "", "event", &field, 1);
    assert_int_equal(size, sizeof small);
    assert_memory_equal(small, "event key=\"a va\n", sizeof small);
}

static void takes_a_missing_text_for_an_empty_one(void **state)
{
    (void)state;
    const struct kc_log_field field = kc_log_text("key", NULL);
    assert_string_equal(format(&field, 1), "event key=\"\"\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_fields_in_order),
        cmocka_unit_test(quotes_what_could_be_taken_for_something_else),
        cmocka_unit_test(cuts_what_does_not_fit_and_still_ends_the_line),
        cmocka_unit_test(takes_a_missing_text_for_an_empty_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
