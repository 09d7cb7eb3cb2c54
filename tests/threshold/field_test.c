/* SPDX-License-Identifier: Apache-2.0 */
/* Both fields against big integers, with limbs at the bounds that the headers state. */
#include "tests/threshold/support.h"

#include "threshold/field25519.h"
#include "threshold/field448.h"

#include <openssl/bn.h>
#include <string.h>

static BN_CTX *context;

static int make_context(void **state)
{
    (void)state;
    context = BN_CTX_new();
    return context == NULL;
}

static int free_context(void **state)
{
    (void)state;
    BN_CTX_free(context);
    return 0;
}

#define FIELD struct kc_field25519
#define FIELD_(name) kc_field25519_##name
#define NAMED_(name) field25519_##name
#define LIMBS KC_FIELD25519_LIMBS
#define RADIX 51
#define SIZE KC_FIELD25519_SIZE
#define PRIME "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed"
#include "tests/threshold/field_cases.inc"

#define FIELD struct kc_field448
#define FIELD_(name) kc_field448_##name
#define NAMED_(name) field448_##name
#define LIMBS KC_FIELD448_LIMBS
#define RADIX 56
#define SIZE KC_FIELD448_SIZE
#define PRIME                                                                                      \
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffe"                                     \
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#include "tests/threshold/field_cases.inc"

#define CASES_OF(field)                                                                            \
    cmocka_unit_test(field##_products_are_right_and_reduced_at_the_bounds),                        \
        cmocka_unit_test(field##_the_largest_limbs_do_not_overflow),                               \
        cmocka_unit_test(field##_differences_do_not_go_below_zero),                                \
        cmocka_unit_test(field##_an_element_times_its_inverse_is_one),                             \
        cmocka_unit_test(field##_a_root_is_found_just_when_there_is_one),                          \
        cmocka_unit_test(field##_only_values_below_the_prime_are_canonical)

int main(void)
{
    const struct CMUnitTest tests[] = {CASES_OF(field25519), CASES_OF(field448)};
    return cmocka_run_group_tests(tests, make_context, free_context);
}
