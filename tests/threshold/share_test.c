/* SPDX-License-Identifier: Apache-2.0 */
/* Splitting, recombining and checking. */
#include "tests/threshold/support.h"

#include "threshold/share.h"

#include <string.h>

static void split_then_combined_is_the_secret(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        for (size_t count = 2; count <= KC_SHARES_MAX; count++) {
            struct kc_scalar secret = next_scalar(curve), shares[KC_SHARES_MAX], sum;
            uint8_t uniform[(KC_SHARES_MAX - 1) * KC_UNIFORM_SIZE];
            next_random(uniform, sizeof uniform);
            assert_int_equal(
                kc_share_split(shares, count, &secret, uniform, (count - 1) * KC_UNIFORM_SIZE),
                KC_OK);
            assert_int_equal(kc_share_combine(&sum, shares, count), KC_OK);
            assert_true(kc_scalar_equal(&sum, &secret));
            for (size_t i = 0; i < count; i++)
                assert_false(kc_scalar_equal(&shares[i], &secret));
        }
    }
}

static void refuses_wrong_counts_and_sizes(void **state)
{
    (void)state;
    struct kc_scalar secret = next_scalar(KC_CURVE_X448), shares[KC_SHARES_MAX + 1];
    uint8_t uniform[KC_SHARES_MAX * KC_UNIFORM_SIZE];
    next_random(uniform, sizeof uniform);
    assert_int_equal(kc_share_split(shares, 1, &secret, uniform, 0), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_share_split(shares, KC_SHARES_MAX + 1, &secret, uniform, sizeof uniform),
        KC_ERR_BAD_ARGUMENT);
    assert_int_equal(
        kc_share_split(shares, 2, &secret, uniform, KC_UNIFORM_SIZE - 1), KC_ERR_BAD_ARGUMENT);
}

static void a_share_that_would_be_zero_is_refused_and_nothing_written(void **state)
{
    (void)state;
    uint8_t uniform[KC_UNIFORM_SIZE] = {5};
    struct kc_scalar five = small_scalar(KC_CURVE_ED25519, 5),
                     one = small_scalar(KC_CURVE_ED25519, 1);
    struct kc_scalar shares[2] = {one, one};
    assert_int_equal(
        kc_share_split(shares, 2, &five, uniform, sizeof uniform), KC_ERR_RANDOM); /* 5 - 5 */
    memset(uniform, 0, sizeof uniform);
    assert_int_equal(kc_share_split(shares, 2, &five, uniform, sizeof uniform), KC_ERR_RANDOM);
    assert_true(kc_scalar_equal(&shares[0], &one));
    assert_true(kc_scalar_equal(&shares[1], &one));
}

static void shares_that_cancel_do_not_combine(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        struct kc_scalar shares[2] = {next_scalar(curve)}, sum;
        kc_scalar_negate(&shares[1], &shares[0]);
        assert_int_equal(kc_share_combine(&sum, shares, 2), KC_ERR_SCALAR_RANGE);
        assert_int_equal(kc_share_combine(&sum, shares, 0), KC_ERR_SCALAR_RANGE);
    }
}

static void a_wrong_half_from_a_dealer_is_found(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        struct kc_scalar mine = next_scalar(curve), wrong = next_scalar(curve),
                         zero = small_scalar(curve, 0);
        struct kc_scalar theirs[2] = {next_scalar(curve), next_scalar(curve)};
        struct kc_point others[2] = {base_times(&theirs[0]), base_times(&theirs[1])}, all[3];
        struct kc_point group;
        memcpy(all, others, sizeof others);
        all[2] = base_times(&mine);
        assert_int_equal(kc_point_sum(&group, all, 3), KC_OK);
        assert_int_equal(kc_share_check(&mine, others, 2, &group), KC_OK);
        assert_int_equal(kc_share_check(&wrong, others, 2, &group), KC_ERR_CONTRIBUTION);
        assert_int_equal(kc_share_check(&mine, others, 1, &group), KC_ERR_CONTRIBUTION);
        assert_int_equal(kc_share_check(&zero, others, 2, &group), KC_ERR_CONTRIBUTION);
        kc_scalar_negate(&wrong, &theirs[0]); /* passes through the identity */
        assert_int_equal(kc_share_check(&wrong, others, 1, &group), KC_ERR_CONTRIBUTION);
        struct kc_point many[KC_SHARES_MAX] = {group};
        assert_int_equal(kc_share_check(&mine, many, KC_SHARES_MAX, &group), KC_ERR_BAD_ARGUMENT);
    }
}

/* f(0) from any three values of a polynomial of degree two. */
static void lagrange_coefficients_recover_the_secret(void **state)
{
    (void)state;
    static const uint32_t indices[] = {2, 4, 7};
    FOR_EACH_CURVE(curve)
    {
        struct kc_scalar a[3] = {next_scalar(curve), next_scalar(curve), next_scalar(curve)};
        struct kc_scalar terms[3], sum;
        for (size_t i = 0; i < 3; i++) {
            struct kc_scalar x = small_scalar(curve, indices[i]), value = a[2], coefficient;
            for (int k = 1; k >= 0; k--) {
                kc_scalar_multiply(&value, &value, &x);
                kc_scalar_add(&value, &value, &a[k]);
            }
            assert_int_equal(kc_share_coefficient(&coefficient, curve, indices, 3, i), KC_OK);
            kc_scalar_multiply(&terms[i], &coefficient, &value);
        }
        assert_int_equal(kc_share_combine(&sum, terms, 3), KC_OK);
        assert_true(kc_scalar_equal(&sum, &a[0]));
    }
}

static void refuses_indices_that_are_no_set(void **state)
{
    (void)state;
    static const uint32_t zero[] = {1, 0}, twice[] = {3, 3};
    struct kc_scalar out;
    assert_int_equal(kc_share_coefficient(&out, KC_CURVE_ED448, zero, 2, 0), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_share_coefficient(&out, KC_CURVE_ED448, zero, 2, 1), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_share_coefficient(&out, KC_CURVE_ED448, twice, 2, 0), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_share_coefficient(&out, KC_CURVE_ED448, twice, 1, 1), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_share_coefficient(&out, KC_CURVE_ED448, twice, 0, 0), KC_ERR_BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(split_then_combined_is_the_secret),
        cmocka_unit_test(refuses_wrong_counts_and_sizes),
        cmocka_unit_test(a_share_that_would_be_zero_is_refused_and_nothing_written),
        cmocka_unit_test(shares_that_cancel_do_not_combine),
        cmocka_unit_test(a_wrong_half_from_a_dealer_is_found),
        cmocka_unit_test(lagrange_coefficients_recover_the_secret),
        cmocka_unit_test(refuses_indices_that_are_no_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
