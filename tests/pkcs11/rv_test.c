/* SPDX-License-Identifier: Apache-2.0 */
/* The table of return values against the table of errors. */
#include "pkcs11/rv.h"
#include "tests/support/cmocka.h"

static size_t rows_of(enum kc_error error)
{
    size_t found = 0;
    const struct kc_rv_row *row;
    for (size_t i = 0; (row = kc_rv_at(i)) != NULL; i++)
        found += row->error == error;
    return found;
}

static void every_error_has_one_row(void **state)
{
    (void)state;
    const struct kc_error_row *row;
    for (size_t i = 0; (row = kc_error_at(i)) != NULL; i++)
        if (rows_of(row->code) != 1)
            fail_msg("%s", row->name);
}

static void only_ok_is_ok(void **state)
{
    (void)state;
    const struct kc_error_row *row;
    for (size_t i = 0; (row = kc_error_at(i)) != NULL; i++)
        assert_int_equal(kc_rv(row->code) == CKR_OK, row->code == KC_OK);
    assert_int_equal(kc_rv((enum kc_error)9999), CKR_GENERAL_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_one_row),
        cmocka_unit_test(only_ok_is_ok),
    };
    return cmocka_run_group_tests_name("pkcs11 return values", tests, NULL, NULL);
}
