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

/* -1 is a square and no fourth power; 2 is no square. */
static void fourth_powers_of_field25519_are_told_from_other_squares(void **state)
{
    (void)state;
    const struct kc_field25519 two = {{2}};
    for (int i = 0; i < 200; i++) {
        struct kc_field25519 power = field25519_hostile(8), other;
        kc_mask zero = kc_field25519_is_zero(&power);
        kc_field25519_square(&power, &power);
        kc_field25519_square(&power, &power);
        assert_int_equal(kc_field25519_is_fourth_power(&power), ~zero);
        kc_field25519_negate(&other, &power);
        assert_false(kc_field25519_is_fourth_power(&other));
        kc_field25519_multiply(&other, &power, &two);
        assert_false(kc_field25519_is_fourth_power(&other));
    }
}

/* -1 is no square. */
static void squares_of_field448_are_told_from_other_elements(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        struct kc_field448 power = field448_hostile(8), other;
        kc_mask zero = kc_field448_is_zero(&power);
        kc_field448_square(&power, &power);
        assert_int_equal(kc_field448_is_square(&power), ~zero);
        kc_field448_negate(&other, &power);
        assert_false(kc_field448_is_square(&other));
    }
}

#define CASES_OF(field)                                                                            \
    cmocka_unit_test(field##_products_are_right_and_reduced_at_the_bounds),                        \
        cmocka_unit_test(field##_the_largest_limbs_do_not_overflow),                               \
        cmocka_unit_test(field##_differences_do_not_go_below_zero),                                \
        cmocka_unit_test(field##_an_element_times_its_inverse_is_one),                             \
        cmocka_unit_test(field##_a_root_is_found_just_when_there_is_one),                          \
        cmocka_unit_test(field##_only_values_below_the_prime_are_canonical)

int main(void)
{
    const struct CMUnitTest tests[] = {CASES_OF(field25519), CASES_OF(field448),
        cmocka_unit_test(fourth_powers_of_field25519_are_told_from_other_squares),
        cmocka_unit_test(squares_of_field448_are_told_from_other_elements)};
    return cmocka_run_group_tests(tests, make_context, free_context);
}
