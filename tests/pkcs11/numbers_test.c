/* SPDX-License-Identifier: Apache-2.0 */
/* pkcs11_extra.h against the header of NSS. */
#include "tests/pkcs11/numbers.h"

#include "pkcs11/pkcs11_extra.h"
#include "tests/support/cmocka.h"

#define NUMBER(expression) {#expression, (unsigned long)(expression)},
static const struct number ours[] = {
#include "tests/pkcs11/numbers.def"
    {NULL, 0},
};

static void both_headers_mean_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; ours[i].expression != NULL; i++)
        if (ours[i].value != numbers_nss[i].value)
            fail_msg(
                "%s: %lu here, %lu there", ours[i].expression, ours[i].value, numbers_nss[i].value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_headers_mean_the_same)};
    return cmocka_run_group_tests_name("pkcs11 numbers", tests, NULL, NULL);
}
