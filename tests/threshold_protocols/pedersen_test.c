/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/threshold_protocols/support.h"

#include "threshold/pedersen.h"

static const uint32_t indices[] = {3, 9, 27, 81};

static void split(struct kc_pedersen_share shares[4], struct kc_point commitments[3],
    const struct kc_scalar *secret)
{
    uint8_t uniform[5 * KC_UNIFORM_SIZE];
    next_random(uniform, sizeof uniform);
    assert_int_equal(
        kc_pedersen_split(shares, commitments, secret, indices, 4, 3, uniform, sizeof uniform),
        KC_OK);
}

static void every_share_checks_and_a_threshold_recombines(void **state)
{
    (void)state;
    FOR_EACH_GROUP(curve)
    {
        struct kc_scalar secret = next_scalar(curve), values[3], combined;
        struct kc_point group = base_times(&secret), commitments[3];
        struct kc_pedersen_share shares[4];
        split(shares, commitments, &secret);
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(kc_pedersen_check(&shares[i], indices[i], commitments, 3), KC_OK);
        for (size_t i = 0; i < 3; i++)
            values[i] = shares[i + 1].value;
        assert_int_equal(kc_shamir_combine(&combined, indices + 1, values, 3, &group), KC_OK);
        assert_true(kc_scalar_equal(&combined, &secret));
    }
}

static void a_wrong_value_blinding_or_index_is_noticed(void **state)
{
    (void)state;
    FOR_EACH_GROUP(curve)
    {
        struct kc_scalar secret = next_scalar(curve);
        struct kc_point commitments[3];
        struct kc_pedersen_share shares[4], wrong;
        split(shares, commitments, &secret);
        wrong = shares[0];
        wrong.value = other_scalar(&wrong.value);
        assert_int_equal(
            kc_pedersen_check(&wrong, indices[0], commitments, 3), KC_ERR_CONTRIBUTION);
        wrong = shares[0];
        wrong.blinding = other_scalar(&wrong.blinding);
        assert_int_equal(
            kc_pedersen_check(&wrong, indices[0], commitments, 3), KC_ERR_CONTRIBUTION);
        assert_int_equal(
            kc_pedersen_check(&shares[0], indices[1], commitments, 3), KC_ERR_CONTRIBUTION);
    }
}

/* Nothing of the secret is in the commitments: zero is split like any other. */
static void zero_is_a_secret_too(void **state)
{
    (void)state;
    FOR_EACH_GROUP(curve)
    {
        struct kc_scalar secret = small_scalar(curve, 0);
        struct kc_point commitments[3];
        struct kc_pedersen_share shares[4];
        split(shares, commitments, &secret);
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(kc_pedersen_check(&shares[i], indices[i], commitments, 3), KC_OK);
    }
}

static void the_second_base_is_the_first_candidate_that_is_a_point(void **state)
{
    (void)state;
    FOR_EACH_GROUP(curve)
    {
        struct kc_point base, first;
        uint32_t candidate = 0;
        while (kc_pedersen_derive_base(&first, curve, candidate) != KC_OK)
            candidate++;
        kc_pedersen_base(&base, curve);
        assert_true(kc_point_equal(&base, &first));
    }
}

static void sizes_outside_their_limits_are_refused(void **state)
{
    (void)state;
    struct kc_scalar secret = next_scalar(KC_CURVE_ED25519);
    struct kc_point commitments[3];
    struct kc_pedersen_share shares[4];
    uint8_t uniform[5 * KC_UNIFORM_SIZE] = {0};
    assert_int_equal(
        kc_pedersen_split(shares, commitments, &secret, indices, 4, 3, uniform, sizeof uniform - 1),
        KC_ERR_BAD_ARGUMENT);
    assert_int_equal(
        kc_pedersen_split(shares, commitments, &secret, indices, 2, 3, uniform, sizeof uniform),
        KC_ERR_BAD_ARGUMENT);
    assert_int_equal(
        kc_pedersen_split(shares, commitments, &secret, indices, 4, 3, uniform, sizeof uniform),
        KC_ERR_RANDOM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_share_checks_and_a_threshold_recombines),
        cmocka_unit_test(a_wrong_value_blinding_or_index_is_noticed),
        cmocka_unit_test(zero_is_a_secret_too),
        cmocka_unit_test(the_second_base_is_the_first_candidate_that_is_a_point),
        cmocka_unit_test(sizes_outside_their_limits_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
