/* SPDX-License-Identifier: Apache-2.0 */
/* Scalars against big integers, and the edges of their range. */
#include "tests/threshold/support.h"

#include <openssl/bn.h>
#include <string.h>

static size_t size_of(enum kc_curve curve)
{
    return kc_curve_info(curve)->scalar_size;
}

static BIGNUM *order_of(enum kc_curve curve)
{
    uint8_t bytes[KC_SCALAR_SIZE_MAX];
    order_bytes(bytes, curve);
    return BN_lebin2bn(bytes, (int)size_of(curve), NULL);
}

/* Consumes the number. */
static void assert_scalar(const struct kc_scalar *scalar, BIGNUM *number)
{
    uint8_t bytes[KC_SCALAR_SIZE_MAX], expected[KC_SCALAR_SIZE_MAX];
    BN_CTX *context = BN_CTX_new();
    BIGNUM *order = order_of(scalar->curve);
    assert_int_equal(BN_nnmod(number, number, order, context), 1);
    kc_scalar_encode(scalar, bytes);
    assert_true(BN_bn2lebinpad(number, expected, (int)size_of(scalar->curve)) > 0);
    assert_memory_equal(bytes, expected, size_of(scalar->curve));
    BN_free(number);
    BN_free(order);
    BN_CTX_free(context);
}

static BIGNUM *number_of(const struct kc_scalar *scalar)
{
    uint8_t bytes[KC_SCALAR_SIZE_MAX];
    kc_scalar_encode(scalar, bytes);
    return BN_lebin2bn(bytes, (int)size_of(scalar->curve), NULL);
}

static void computes_as_integers_modulo_the_order(void **state)
{
    (void)state;
    BN_CTX *context = BN_CTX_new();
    FOR_EACH_CURVE(curve)
    {
        for (int i = 0; i < 200; i++) {
            struct kc_scalar a = next_scalar(curve), b = next_scalar(curve), c;
            if (i < 4) /* L - 1 in one or both */
                a = minus_scalar(curve, 1);
            if (i < 2)
                b = minus_scalar(curve, 1);
            BIGNUM *x = number_of(&a), *y = number_of(&b), *z = BN_new();
            kc_scalar_add(&c, &a, &b);
            BN_add(z, x, y);
            assert_scalar(&c, z);
            z = BN_new();
            kc_scalar_subtract(&c, &a, &b);
            BN_sub(z, x, y);
            assert_scalar(&c, z);
            z = BN_new();
            kc_scalar_multiply(&c, &a, &b);
            BN_mul(z, x, y, context);
            assert_scalar(&c, z);
            kc_scalar_negate(&c, &a);
            BN_set_negative(x, 1);
            assert_scalar(&c, x);
            BN_free(y);
        }
    }
    BN_CTX_free(context);
}

static void inverts(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        struct kc_scalar a = next_scalar(curve), one = small_scalar(curve, 1), b;
        kc_scalar_invert(&b, &a);
        kc_scalar_multiply(&b, &a, &b);
        assert_true(kc_scalar_equal(&b, &one));
        a = small_scalar(curve, 0);
        kc_scalar_invert(&b, &a);
        assert_true(kc_scalar_is_zero(&b));
    }
}

static void reduces_integers_of_any_size(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        for (size_t size = 0; size <= 168; size++) {
            uint8_t bytes[168];
            struct kc_scalar scalar;
            next_random(bytes, sizeof bytes);
            if (size % 3 == 0)
                memset(bytes, 0xff, sizeof bytes);
            kc_scalar_reduce(&scalar, curve, bytes, size);
            assert_scalar(&scalar, BN_lebin2bn(bytes, (int)size, NULL));
        }
    }
}

static void decodes_only_what_is_below_the_order(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        uint8_t bytes[KC_SCALAR_SIZE_MAX], again[KC_SCALAR_SIZE_MAX];
        struct kc_scalar scalar, untouched = small_scalar(curve, 7);
        order_bytes(bytes, curve);
        scalar = untouched;
        assert_int_equal(
            kc_scalar_decode(&scalar, curve, bytes, size_of(curve)), KC_ERR_SCALAR_RANGE);
        assert_true(kc_scalar_equal(&scalar, &untouched));
        bytes[0]--; /* L - 1 */
        assert_int_equal(kc_scalar_decode(&scalar, curve, bytes, size_of(curve)), KC_OK);
        kc_scalar_encode(&scalar, again);
        assert_memory_equal(again, bytes, size_of(curve));
        assert_int_equal(
            kc_scalar_decode(&scalar, curve, bytes, size_of(curve) - 1), KC_ERR_SCALAR_RANGE);
        memset(bytes, 0, sizeof bytes);
        assert_int_equal(kc_scalar_decode(&scalar, curve, bytes, size_of(curve)), KC_OK);
        assert_true(kc_scalar_is_zero(&scalar));
        memset(bytes, 0xff, sizeof bytes);
        assert_int_equal(
            kc_scalar_decode(&scalar, curve, bytes, size_of(curve)), KC_ERR_SCALAR_RANGE);
    }
}

static void imports_reduced_and_never_clamps(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        uint8_t bytes[KC_SCALAR_SIZE_MAX];
        struct kc_scalar scalar;
        memset(bytes, 0xff, sizeof bytes);
        assert_int_equal(kc_scalar_import(&scalar, curve, bytes, size_of(curve)), KC_OK);
        assert_scalar(&scalar, BN_lebin2bn(bytes, (int)size_of(curve), NULL));
        memset(bytes, 0, sizeof bytes);
        bytes[0] = 5;
        assert_int_equal(kc_scalar_import(&scalar, curve, bytes, size_of(curve)), KC_OK);
        struct kc_scalar five = small_scalar(curve, 5);
        assert_true(kc_scalar_equal(&scalar, &five));
        assert_int_equal(
            kc_scalar_import(&scalar, curve, bytes, size_of(curve) + 1), KC_ERR_SCALAR_RANGE);
    }
}

static void refuses_randomness_that_is_zero(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        uint8_t uniform[KC_UNIFORM_SIZE] = {0};
        struct kc_scalar scalar;
        assert_int_equal(kc_scalar_random(&scalar, curve, uniform), KC_ERR_RANDOM);
        order_bytes(uniform, curve);
        assert_int_equal(kc_scalar_random(&scalar, curve, uniform), KC_ERR_RANDOM);
    }
}

/* Sum of (2 b_i - 1) 2^i, which is 2 b - (2^bits - 1). */
static void signed_bits_stand_for_the_scalar(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        int bit_count = size_of(curve) == 32 ? 255 : 450;
        for (uint32_t i = 0; i < 100; i++) {
            struct kc_scalar scalar = i < 10   ? small_scalar(curve, i)
                                      : i < 20 ? minus_scalar(curve, i - 9)
                                               : next_scalar(curve);
            uint64_t bits[8];
            kc_scalar_signed_bits(bits, &scalar);
            BIGNUM *sum = BN_lebin2bn((const uint8_t *)bits, sizeof bits, NULL);
            assert_true(BN_num_bits(sum) <= bit_count);
            BIGNUM *ones = BN_new();
            BN_set_bit(ones, bit_count);
            BN_sub_word(ones, 1);
            BN_lshift1(sum, sum);
            BN_sub(sum, sum, ones);
            assert_scalar(&scalar, sum);
            BN_free(ones);
        }
    }
}

static void inverses_made_together_are_those_made_alone(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        for (size_t count = 0; count <= KC_SCALARS_INVERT_MAX; count++) {
            struct kc_scalar scalars[KC_SCALARS_INVERT_MAX], alone[KC_SCALARS_INVERT_MAX];
            for (size_t i = 0; i < count; i++) {
                scalars[i] = i % 5 == 3 ? small_scalar(curve, 0) : hostile_scalar(curve, i);
                kc_scalar_invert(&alone[i], &scalars[i]);
            }
            kc_scalar_invert_many(scalars, count);
            for (size_t i = 0; i < count; i++)
                assert_true(kc_scalar_equal(&scalars[i], &alone[i]));
        }
    }
}

static void wiping_leaves_nothing(void **state)
{
    (void)state;
    static const struct kc_scalar nothing;
    struct kc_scalar scalar = next_scalar(KC_CURVE_X448);
    kc_scalar_wipe(&scalar);
    assert_memory_equal(&scalar, &nothing, sizeof scalar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(computes_as_integers_modulo_the_order),
        cmocka_unit_test(inverts),
        cmocka_unit_test(inverses_made_together_are_those_made_alone),
        cmocka_unit_test(reduces_integers_of_any_size),
        cmocka_unit_test(decodes_only_what_is_below_the_order),
        cmocka_unit_test(imports_reduced_and_never_clamps),
        cmocka_unit_test(refuses_randomness_that_is_zero),
        cmocka_unit_test(signed_bits_stand_for_the_scalar),
        cmocka_unit_test(wiping_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
