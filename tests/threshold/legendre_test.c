/* SPDX-License-Identifier: Apache-2.0 */
/* Legendre's symbol against libcrypto's, above all where numbers begin like p or like each other: there the
 * approximations of a binary GCD cannot tell which is the larger. */
#include "tests/threshold/support.h"

#include "threshold/legendre448.h"

#include <openssl/bn.h>
#include <string.h>

#define BITS 448
#define SIZE (BITS / 8)

static BN_CTX *context;
static BIGNUM *prime;

static int make_prime(void **state)
{
    (void)state;
    context = BN_CTX_new();
    return BN_hex2bn(&prime, "fffffffffffffffffffffffffffffffffffffffffffffffffffffffe"
                             "ffffffffffffffffffffffffffffffffffffffffffffffffffffffff") == 0;
}

static int free_prime(void **state)
{
    (void)state;
    BN_free(prime);
    BN_CTX_free(context);
    return 0;
}

/* Of the number modulo p. */
static void assert_as_libcrypto(const BIGNUM *number)
{
    BIGNUM *reduced = BN_new();
    uint8_t bytes[SIZE];
    uint64_t limbs[KC_LEGENDRE448_LIMBS] = {0};
    assert_true(BN_nnmod(reduced, number, prime, context));
    assert_int_equal(BN_bn2lebinpad(reduced, bytes, SIZE), SIZE);
    for (size_t i = 0; i < SIZE; i++)
        limbs[i / 8] |= (uint64_t)bytes[i] << (8 * (i % 8));
    bool square = BN_kronecker(reduced, prime, context) == 1;
    assert_int_equal(kc_legendre448_is_square(limbs), square ? ~(kc_mask)0 : 0);
    BN_free(reduced);
}

/* The number, and those near it. */
static void assert_around(const BIGNUM *middle, int reach)
{
    BIGNUM *number = BN_dup(middle);
    BN_sub_word(number, (BN_ULONG)reach);
    for (int i = -reach; i <= reach; i++) {
        assert_as_libcrypto(number);
        BN_add_word(number, 1);
    }
    BN_free(number);
}

static void random_numbers_of_all_lengths_have_their_symbol(void **state)
{
    (void)state;
    BIGNUM *number = BN_new();
    for (size_t i = 0; i < 2 * rounds(); i++) {
        uint8_t bytes[SIZE];
        next_random(bytes, sizeof bytes);
        BN_bin2bn(bytes, (int)(1 + i % sizeof bytes), number);
        assert_as_libcrypto(number);
    }
    BN_free(number);
}

static void numbers_near_zero_and_powers_of_two_have_their_symbol(void **state)
{
    (void)state;
    BIGNUM *number = BN_new();
    for (int bit = 0; bit < BITS; bit++) {
        BN_zero(number);
        BN_set_bit(number, bit);
        assert_around(number, 4);
        BN_sub(number, prime, number);
        assert_around(number, 4);
    }
    BN_free(number);
}

/* floor(p m / n) begins a GCD that soon meets numbers with equal tops. */
static void numbers_near_fractions_of_the_prime_have_their_symbol(void **state)
{
    (void)state;
    BIGNUM *number = BN_new();
    for (BN_ULONG n = 1; n <= 60; n++)
        for (BN_ULONG m = 1; m <= n; m += 1 + n / 8) {
            BN_copy(number, prime);
            BN_mul_word(number, m);
            BN_div_word(number, n);
            assert_around(number, 8);
        }
    BN_free(number);
}

/* Runs of equal bits: the low 31 bits of a round are all ones, or all zero. */
static void numbers_of_long_runs_have_their_symbol(void **state)
{
    (void)state;
    BIGNUM *number = BN_new();
    for (int from = 0; from < BITS; from += 7)
        for (int to = from + 1; to <= BITS; to += 13) {
            BN_zero(number);
            for (int bit = from; bit < to; bit++)
                BN_set_bit(number, bit);
            assert_around(number, 1);
        }
    BN_free(number);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_numbers_of_all_lengths_have_their_symbol),
        cmocka_unit_test(numbers_near_zero_and_powers_of_two_have_their_symbol),
        cmocka_unit_test(numbers_near_fractions_of_the_prime_have_their_symbol),
        cmocka_unit_test(numbers_of_long_runs_have_their_symbol),
    };
    return cmocka_run_group_tests(tests, make_prime, free_prime);
}
