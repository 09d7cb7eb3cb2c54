/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/threshold_protocols/support.h"

#include "threshold/shamir.h"

#include <string.h>

static const uint32_t scattered[] = {7, 1, 4294967295u, 300, 2};

static void any_threshold_of_the_shares_recombine(void **state)
{
    (void)state;
    FOR_EACH_GROUP(curve)
    {
        struct shared_key key;
        make_shared_key(&key, curve, 3, 5, scattered);
        for (unsigned set = 0; set < 32; set++) {
            uint32_t indices[5];
            struct kc_scalar shares[5], secret;
            size_t count = 0;
            for (size_t i = 0; i < 5; i++)
                if (set >> i & 1) {
                    indices[count] = scattered[i];
                    shares[count++] = key.shares[i];
                }
            if (count == 0)
                continue;
            enum kc_error error = kc_shamir_combine(&secret, indices, shares, count, &key.group);
            assert_int_equal(error, count >= 3 ? KC_OK : KC_ERR_CONTRIBUTION);
            if (count >= 3)
                assert_true(kc_scalar_equal(&secret, &key.secret));
        }
    }
}

static void each_threshold_from_one_to_all_works(void **state)
{
    (void)state;
    for (size_t threshold = 1; threshold <= KC_SHARES_MAX; threshold++) {
        struct shared_key key;
        struct kc_scalar secret;
        make_shared_key(&key, KC_CURVE_X448, threshold, KC_SHARES_MAX, NULL);
        assert_int_equal(
            kc_shamir_combine(&secret, key.indices, key.shares, threshold, &key.group), KC_OK);
        assert_true(kc_scalar_equal(&secret, &key.secret));
    }
}

static void each_holder_checks_its_share_against_the_commitments(void **state)
{
    (void)state;
    FOR_EACH_GROUP(curve)
    {
        struct shared_key key;
        make_shared_key(&key, curve, 3, 5, scattered);
        for (size_t i = 0; i < 5; i++) {
            struct kc_point public;
            struct kc_scalar wrong = other_scalar(&key.shares[i]);
            assert_int_equal(
                kc_shamir_check(&key.shares[i], scattered[i], key.commitments, 3), KC_OK);
            assert_int_equal(
                kc_shamir_check(&wrong, scattered[i], key.commitments, 3), KC_ERR_CONTRIBUTION);
            assert_int_equal(
                kc_shamir_check(&key.shares[i], 99, key.commitments, 3), KC_ERR_CONTRIBUTION);
            assert_int_equal(kc_shamir_public(&public, key.commitments, 3, scattered[i]), KC_OK);
            assert_true(kc_point_equal(&public, &key.publics[i]));
        }
        assert_true(kc_point_equal(&key.commitments[0], &key.group));
    }
}

static void a_wrong_share_does_not_recombine(void **state)
{
    (void)state;
    struct shared_key key;
    make_shared_key(&key, KC_CURVE_ED25519, 2, 3, NULL);
    struct kc_scalar secret = small_scalar(KC_CURVE_ED25519, 5), untouched = secret;
    key.shares[1] = other_scalar(&key.shares[1]);
    assert_int_equal(
        kc_shamir_combine(&secret, key.indices, key.shares, 2, &key.group), KC_ERR_CONTRIBUTION);
    assert_true(kc_scalar_equal(&secret, &untouched));
}

static void zero_and_repeated_indices_are_refused(void **state)
{
    (void)state;
    static const uint32_t zero[] = {1, 0, 3}, repeated[] = {1, 2, 1};
    struct kc_scalar secret = next_scalar(KC_CURVE_ED448), shares[3], out;
    struct kc_point commitments[3], group = base_times(&secret);
    uint8_t uniform[2 * KC_UNIFORM_SIZE];
    next_random(uniform, sizeof uniform);
    for (size_t i = 0; i < 3; i++)
        shares[i] = next_scalar(KC_CURVE_ED448);
    const uint32_t *sets[] = {zero, repeated};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(
            kc_shamir_split(shares, commitments, &secret, sets[i], 3, 3, uniform, sizeof uniform),
            KC_ERR_BAD_ARGUMENT);
        assert_int_equal(kc_shamir_combine(&out, sets[i], shares, 3, &group), KC_ERR_BAD_ARGUMENT);
        assert_int_equal(
            kc_shamir_coefficient(&out, KC_CURVE_ED448, sets[i], 3, 0, 9), KC_ERR_BAD_ARGUMENT);
    }
}

static void counts_outside_their_limits_are_refused(void **state)
{
    (void)state;
    struct kc_scalar secret = next_scalar(KC_CURVE_X25519), shares[17];
    struct kc_point commitments[17];
    uint32_t indices[17];
    uint8_t uniform[17 * KC_UNIFORM_SIZE];
    next_random(uniform, sizeof uniform);
    for (uint32_t i = 0; i < 17; i++)
        indices[i] = i + 1;
    const struct {
        size_t count, threshold, uniform_count;
    } rows[] = {{0, 0, 0}, {2, 0, 0}, {2, 3, 2}, {17, 2, 1}, {3, 2, 2}, {3, 2, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(kc_shamir_split(shares, commitments, &secret, indices, rows[i].count,
                             rows[i].threshold, uniform, rows[i].uniform_count * KC_UNIFORM_SIZE),
            KC_ERR_BAD_ARGUMENT);
}

static void a_zero_secret_is_not_split(void **state)
{
    (void)state;
    struct kc_scalar secret = small_scalar(KC_CURVE_ED25519, 0), shares[2];
    struct kc_point commitments[2];
    static const uint32_t indices[] = {1, 2};
    uint8_t uniform[KC_UNIFORM_SIZE];
    next_random(uniform, sizeof uniform);
    assert_int_equal(
        kc_shamir_split(shares, commitments, &secret, indices, 2, 2, uniform, sizeof uniform),
        KC_ERR_SCALAR_RANGE);
}

/* Random bytes that are all zero, and ones chosen so that f(1) = 0. */
static void bytes_that_are_not_random_are_noticed(void **state)
{
    (void)state;
    static const uint32_t indices[] = {1, 2};
    struct kc_scalar secret = small_scalar(KC_CURVE_ED25519, 1), shares[2], minus;
    struct kc_point commitments[2];
    uint8_t uniform[KC_UNIFORM_SIZE] = {0};
    assert_int_equal(
        kc_shamir_split(shares, commitments, &secret, indices, 2, 2, uniform, sizeof uniform),
        KC_ERR_RANDOM);
    kc_scalar_negate(&minus, &secret);
    kc_scalar_encode(&minus, uniform);
    assert_int_equal(
        kc_shamir_split(shares, commitments, &secret, indices, 2, 2, uniform, sizeof uniform),
        KC_ERR_RANDOM);
}

static void a_share_at_another_index_follows_from_a_threshold_of_shares(void **state)
{
    (void)state;
    FOR_EACH_GROUP(curve)
    {
        struct shared_key key;
        make_shared_key(&key, curve, 3, 5, scattered);
        struct kc_scalar sum = small_scalar(curve, 0), coefficient;
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(
                kc_shamir_coefficient(&coefficient, curve, scattered, 3, i, scattered[4]), KC_OK);
            kc_scalar_multiply(&coefficient, &coefficient, &key.shares[i]);
            kc_scalar_add(&sum, &sum, &coefficient);
        }
        assert_true(kc_scalar_equal(&sum, &key.shares[4]));
    }
}

static void the_coefficient_at_zero_is_the_one_of_share_h(void **state)
{
    (void)state;
    FOR_EACH_GROUP(curve)
    for (size_t i = 0; i < 5; i++) {
        struct kc_scalar one, other;
        assert_int_equal(kc_shamir_coefficient(&one, curve, scattered, 5, i, 0), KC_OK);
        assert_int_equal(kc_share_coefficient(&other, curve, scattered, 5, i), KC_OK);
        assert_true(kc_scalar_equal(&one, &other));
    }
}

/* Each holder gets a share with commitments that fit it, but not the same: they compare the lists. */
static void a_dealer_with_two_polynomials_is_found_when_commitments_are_compared(void **state)
{
    (void)state;
    struct shared_key one, other;
    make_shared_key(&one, KC_CURVE_ED25519, 2, 3, NULL);
    make_shared_key(&other, KC_CURVE_ED25519, 2, 3, NULL);
    assert_int_equal(kc_shamir_check(&one.shares[0], 1, one.commitments, 2), KC_OK);
    assert_int_equal(kc_shamir_check(&other.shares[1], 2, other.commitments, 2), KC_OK);
    assert_int_equal(kc_shamir_check(&other.shares[1], 2, one.commitments, 2), KC_ERR_CONTRIBUTION);
    assert_int_equal(kc_shamir_check(&one.shares[0], 1, other.commitments, 2), KC_ERR_CONTRIBUTION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_threshold_of_the_shares_recombine),
        cmocka_unit_test(each_threshold_from_one_to_all_works),
        cmocka_unit_test(each_holder_checks_its_share_against_the_commitments),
        cmocka_unit_test(a_wrong_share_does_not_recombine),
        cmocka_unit_test(zero_and_repeated_indices_are_refused),
        cmocka_unit_test(counts_outside_their_limits_are_refused),
        cmocka_unit_test(a_zero_secret_is_not_split),
        cmocka_unit_test(bytes_that_are_not_random_are_noticed),
        cmocka_unit_test(a_share_at_another_index_follows_from_a_threshold_of_shares),
        cmocka_unit_test(the_coefficient_at_zero_is_the_one_of_share_h),
        cmocka_unit_test(a_dealer_with_two_polynomials_is_found_when_commitments_are_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
