/* SPDX-License-Identifier: Apache-2.0 */
/* Against libdecaf: the groups, scalars and encodings of all four curves. */
#include "tests/threshold/support.h"

#include "threshold/agreement.h"
#include "threshold/combination.h"
#include "threshold/digest.h"

#include <decaf.h>
#include <decaf/ed255.h>
#include <decaf/ed448.h>

#define DECAF_(name) decaf_255_##name
#define DECAF_X_ decaf_x25519
#define DECAF_ED_(name) decaf_ed25519_##name
#define DECAF_EDDSA_(name) decaf_eddsa_25519_##name
#define NO_CONTEXT DECAF_ED25519_NO_CONTEXT
#define NAMED_(name) field25519_##name
#define ED KC_CURVE_ED25519
#define X KC_CURVE_X25519
#define SIZE 32
#define X_SIZE 32
#define HALVINGS 3
#include "tests/threshold/decaf_cases.inc"

#define DECAF_(name) decaf_448_##name
#define DECAF_X_ decaf_x448
#define DECAF_ED_(name) decaf_ed448_##name
#define DECAF_EDDSA_(name) decaf_eddsa_448_##name
#define NO_CONTEXT NULL
#define NAMED_(name) field448_##name
#define ED KC_CURVE_ED448
#define X KC_CURVE_X448
#define SIZE 57
#define X_SIZE 56
#define HALVINGS 2
#include "tests/threshold/decaf_cases.inc"

#define CASES_OF(field)                                                                            \
    cmocka_unit_test(field##_multiplies_and_adds_as_libdecaf),                                     \
        cmocka_unit_test(field##_adds_multiples_as_libdecaf),                                      \
        cmocka_unit_test(field##_computes_with_scalars_as_libdecaf),                               \
        cmocka_unit_test(field##_agrees_as_libdecaf),                                              \
        cmocka_unit_test(field##_signs_and_verifies_as_libdecaf),                                  \
        cmocka_unit_test(field##_says_as_libdecaf_what_is_on_the_curve)

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {CASES_OF(field25519), CASES_OF(field448)};
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
