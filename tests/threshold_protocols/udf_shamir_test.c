/* SPDX-License-Identifier: Apache-2.0 */
/* The vectors of tests/vectors/data/udf.json are played by vectors-check. */
#include "tests/threshold_protocols/support.h"

#include "threshold/prime.h"
#include "threshold/udf_shamir.h"

#include <openssl/bn.h>
#include <string.h>

#define SHARES_MAX KC_UDF_SHAMIR_SPLIT_SHARES_MAX

static struct kc_span next_secret(uint8_t *octets, size_t size)
{
    next_random(octets, size);
    return (struct kc_span){octets, size};
}

static void split(
    struct kc_udf_share *shares, size_t count, size_t threshold, struct kc_span secret)
{
    uint8_t random[KC_UDF_SHAMIR_RANDOM_SIZE];
    next_random(random, sizeof random);
    assert_int_equal(kc_udf_shamir_split(shares, count, threshold, secret, random), KC_OK);
}

static void every_size_and_threshold_recovers(void **state)
{
    (void)state;
    for (size_t size = KC_UDF_SHAMIR_SPLIT_SECRET_MIN; size <= KC_UDF_SHAMIR_SECRET_MAX; size++) {
        size_t threshold = 1 + size % SHARES_MAX;
        uint8_t octets[KC_UDF_SHAMIR_SECRET_MAX], recovered[KC_UDF_SHAMIR_SECRET_MAX];
        struct kc_udf_share shares[SHARES_MAX];
        struct kc_span secret = next_secret(octets, size);
        split(shares, SHARES_MAX, threshold, secret);
        for (size_t first = 0; first + threshold <= SHARES_MAX; first++) {
            assert_int_equal(kc_udf_shamir_recover(recovered, shares + first, threshold), KC_OK);
            assert_memory_equal(recovered, octets, size);
        }
    }
}

/* Others may deal a sixteenth share, and secrets of one octet: f(x) = 7 + x modulo 2^(8n) + off[n]. */
static void shares_that_are_read_may_be_shorter_and_one_more_than_those_that_are_made(void **state)
{
    (void)state;
    for (size_t size = 1; size < KC_UDF_SHAMIR_SPLIT_SECRET_MIN; size++) {
        uint8_t coefficients[2 * KC_UDF_SHAMIR_SPLIT_SECRET_MIN] = {0}, recovered[64], due[3] = {0};
        struct kc_udf_share shares[KC_UDF_SHAMIR_SHARES_MAX];
        coefficients[size - 1] = due[size - 1] = 7;
        coefficients[2 * size - 1] = 1;
        for (unsigned x = 1; x <= KC_UDF_SHAMIR_SHARES_MAX; x++) {
            assert_int_equal(
                kc_udf_shamir_evaluate(&shares[x - 1], coefficients, size, 2, x), KC_OK);
            assert_int_equal(shares[x - 1].octets[size], 7 + x);
        }
        assert_int_equal(kc_udf_shamir_recover(recovered, shares, KC_UDF_SHAMIR_SHARES_MAX), KC_OK);
        assert_memory_equal(recovered, due, size);
    }
}

static void all_zero_and_all_one_secrets_are_secrets_too(void **state)
{
    (void)state;
    for (size_t size = KC_UDF_SHAMIR_SPLIT_SECRET_MIN; size <= KC_UDF_SHAMIR_SECRET_MAX; size++)
        for (int fill = 0; fill <= 0xff; fill += 0xff) {
            uint8_t octets[KC_UDF_SHAMIR_SECRET_MAX], recovered[KC_UDF_SHAMIR_SECRET_MAX];
            struct kc_udf_share shares[3];
            memset(octets, fill, size);
            split(shares, 3, 2, (struct kc_span){octets, size});
            assert_int_equal(kc_udf_shamir_recover(recovered, shares + 1, 2), KC_OK);
            assert_memory_equal(recovered, octets, size);
        }
}

/* off[n] is right, and the least there is. */
static void each_modulus_is_the_first_prime_above_its_power_of_two(void **state)
{
    (void)state;
    BIGNUM *p = BN_new(), *power = BN_new();
    for (size_t size = 1; size <= 64; size++) {
        struct kc_prime prime;
        kc_prime_init(&prime, size);
        assert_non_null(BN_lebin2bn((const uint8_t *)prime.modulus.m, sizeof prime.modulus.m, p));
        BN_one(power);
        BN_lshift(power, power, 8 * (int)size);
        assert_int_equal(BN_check_prime(p, NULL, NULL), 1);
        while (BN_sub_word(p, 1) && BN_cmp(p, power) > 0)
            assert_int_equal(BN_check_prime(p, NULL, NULL), 0);
    }
    BN_free(p);
    BN_free(power);
}

static BIGNUM *to_bignum(const struct kc_prime *prime, const struct kc_number *number)
{
    static const struct kc_number one = {{1}};
    struct kc_number plain;
    kc_prime_multiply(prime, &plain, number, &one);
    return BN_lebin2bn((const uint8_t *)plain.limb, sizeof plain.limb, NULL);
}

/* A number whose value is chosen: near 0, near p, or any. */
static void choose(const struct kc_prime *prime, struct kc_number *out, int kind)
{
    struct kc_number zero = {{0}};
    uint8_t octets[64];
    next_random(octets, sizeof octets);
    if (kind % 3 == 0)
        kc_prime_decode(prime, out, octets);
    else
        kc_prime_set(prime, out, (uint64_t)(kind % 5));
    if (kind % 3 == 2)
        kc_prime_subtract(prime, out, &zero, out);
}

static void arithmetic_agrees_with_libcrypto(void **state)
{
    (void)state;
    BN_CTX *context = BN_CTX_new();
    for (int i = 0; i < 5000; i++) {
        struct kc_prime prime;
        struct kc_number a, b, result[4];
        kc_prime_init(&prime, 1 + (size_t)i % 64);
        choose(&prime, &a, i / 64);
        choose(&prime, &b, i / 192 + 1);
        kc_prime_add(&prime, &result[0], &a, &b);
        kc_prime_subtract(&prime, &result[1], &a, &b);
        kc_prime_multiply(&prime, &result[2], &a, &b);
        kc_prime_invert(&prime, &result[3], &a);
        BIGNUM *p = BN_lebin2bn((const uint8_t *)prime.modulus.m, sizeof prime.modulus.m, NULL);
        BIGNUM *x = to_bignum(&prime, &a), *y = to_bignum(&prime, &b), *expected = BN_new();
        for (int k = 0; k < 4; k++) {
            BIGNUM *got = to_bignum(&prime, &result[k]);
            if (k == 0)
                BN_mod_add(expected, x, y, p, context);
            else if (k == 1)
                BN_mod_sub(expected, x, y, p, context);
            else if (k == 2)
                BN_mod_mul(expected, x, y, p, context);
            else if (BN_is_zero(x))
                BN_zero(expected);
            else
                assert_non_null(BN_mod_inverse(expected, x, p, context));
            assert_int_equal(BN_cmp(got, expected), 0);
            BN_free(got);
        }
        BN_free(p);
        BN_free(x);
        BN_free(y);
        BN_free(expected);
    }
    BN_CTX_free(context);
}

/* ff ff ff ff + 1 is 2^32, which four octets do not hold. */
static void a_value_that_has_no_place_in_the_share_is_refused(void **state)
{
    (void)state;
    static const uint8_t coefficients[] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1};
    struct kc_udf_share share = {.size = 77};
    assert_int_equal(kc_udf_shamir_evaluate(&share, coefficients, 4, 2, 1), KC_ERR_SCALAR_RANGE);
    assert_int_equal(share.size, 77); /* untouched */
    static const uint8_t fitting[] = {0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 1};
    assert_int_equal(kc_udf_shamir_evaluate(&share, fitting, 4, 2, 1), KC_OK);
    assert_memory_equal(share.octets, "\x20\xff\xff\xff\xff", 5);
}

static void an_altered_share_beyond_the_threshold_is_noticed(void **state)
{
    (void)state;
    uint8_t octets[16], recovered[64] = {1}, untouched[64] = {1};
    struct kc_udf_share shares[3];
    split(shares, 3, 2, next_secret(octets, sizeof octets));
    assert_int_equal(kc_udf_shamir_recover(recovered, shares, 3), KC_OK);
    memcpy(recovered, untouched, sizeof recovered);
    for (size_t i = 0; i < 3; i++)
        for (size_t at = 1; at < shares[i].size; at++) {
            shares[i].octets[at] ^= 0x10;
            assert_int_equal(kc_udf_shamir_recover(recovered, shares, 3), KC_ERR_CONTRIBUTION);
            assert_memory_equal(recovered, untouched, sizeof recovered);
            shares[i].octets[at] ^= 0x10;
        }
}

static void a_share_of_another_set_is_noticed_if_there_is_one_too_many(void **state)
{
    (void)state;
    uint8_t octets[16], recovered[64];
    struct kc_udf_share shares[3], others[3];
    split(shares, 3, 2, next_secret(octets, sizeof octets));
    split(others, 3, 2, next_secret(octets, sizeof octets));
    shares[1] = others[1];
    assert_int_equal(kc_udf_shamir_recover(recovered, shares, 3), KC_ERR_CONTRIBUTION);
}

/* Shares of 2 that meet at zero above 2^32: f(1) = 0, f(2) = 2^32 - 2, so f(0) = 2 - 2^32 mod p. */
static void shares_that_give_no_secret_of_the_size_are_refused(void **state)
{
    (void)state;
    uint8_t recovered[64];
    struct kc_udf_share shares[2] = {{5, {0x20, 0, 0, 0, 0}}, {5, {0x21, 0, 0, 0, 0}}};
    for (uint8_t low = 1; low < 16; low++) { /* f(0) = -low: p - low is 2^32 or more */
        shares[1].octets[4] = low;
        assert_int_equal(kc_udf_shamir_recover(recovered, shares, 2), KC_ERR_CONTRIBUTION);
    }
    shares[1].octets[4] = 16;
    assert_int_equal(kc_udf_shamir_recover(recovered, shares, 2), KC_OK);
    assert_memory_equal(recovered, "\xff\xff\xff\xff", 4);
}

static void sets_that_are_none_are_refused(void **state)
{
    (void)state;
    uint8_t octets[16], recovered[64];
    struct kc_udf_share shares[3], wrong[3];
    split(shares, 3, 3, next_secret(octets, sizeof octets));
    assert_int_equal(kc_udf_shamir_recover(recovered, shares, 2), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_udf_shamir_recover(recovered, shares, 0), KC_ERR_BAD_ARGUMENT);
    memcpy(wrong, shares, sizeof wrong);
    wrong[2] = wrong[0]; /* repeated */
    assert_int_equal(kc_udf_shamir_recover(recovered, wrong, 3), KC_ERR_BAD_ARGUMENT);
    memcpy(wrong, shares, sizeof wrong);
    wrong[1].size--; /* of another size */
    assert_int_equal(kc_udf_shamir_recover(recovered, wrong, 3), KC_ERR_BAD_ARGUMENT);
    memcpy(wrong, shares, sizeof wrong);
    wrong[1].octets[0] = 0x21; /* of another threshold */
    assert_int_equal(kc_udf_shamir_recover(recovered, wrong, 3), KC_ERR_BAD_ARGUMENT);
    for (size_t i = 0; i < 3; i++)
        wrong[i].octets[0] = (uint8_t)i; /* threshold 0 */
    assert_int_equal(kc_udf_shamir_recover(recovered, wrong, 3), KC_ERR_BAD_ARGUMENT);
    wrong[0] = (struct kc_udf_share){.size = 0, .octets = {0x10}};
    assert_int_equal(kc_udf_shamir_recover(recovered, wrong, 1), KC_ERR_BAD_ARGUMENT);
}

static void sizes_and_counts_outside_their_limits_are_refused(void **state)
{
    (void)state;
    uint8_t octets[65] = {0}, random[KC_UDF_SHAMIR_RANDOM_SIZE] = {0};
    struct kc_udf_share shares[17];
    const struct {
        size_t size, count, threshold;
    } rows[] = {{3, 2, 2}, {65, 2, 2}, {16, 16, 2}, {16, 0, 0}, {16, 2, 3}, {16, 2, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(kc_udf_shamir_split(shares, rows[i].count, rows[i].threshold,
                             (struct kc_span){octets, rows[i].size}, random),
            KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_udf_shamir_evaluate(shares, octets, 16, 2, 0), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_udf_shamir_evaluate(shares, octets, 16, 2, 17), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_udf_shamir_evaluate(shares, octets, 4, 16, 1), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_udf_shamir_evaluate(shares, octets, 0, 2, 1), KC_ERR_BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_and_threshold_recovers),
        cmocka_unit_test(shares_that_are_read_may_be_shorter_and_one_more_than_those_that_are_made),
        cmocka_unit_test(all_zero_and_all_one_secrets_are_secrets_too),
        cmocka_unit_test(each_modulus_is_the_first_prime_above_its_power_of_two),
        cmocka_unit_test(arithmetic_agrees_with_libcrypto),
        cmocka_unit_test(a_value_that_has_no_place_in_the_share_is_refused),
        cmocka_unit_test(an_altered_share_beyond_the_threshold_is_noticed),
        cmocka_unit_test(a_share_of_another_set_is_noticed_if_there_is_one_too_many),
        cmocka_unit_test(shares_that_give_no_secret_of_the_size_are_refused),
        cmocka_unit_test(sets_that_are_none_are_refused),
        cmocka_unit_test(sizes_and_counts_outside_their_limits_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
