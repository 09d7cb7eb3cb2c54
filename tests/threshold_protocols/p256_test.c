/* SPDX-License-Identifier: Apache-2.0 */
/* P-256: scalars against libcrypto's numbers, points by facts of the standard and by properties. */
#include "tests/threshold_protocols/support.h"

#include "threshold/agreement.h"
#include "threshold/element.h"
#include "threshold/key.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <string.h>

#define CURVE KC_CURVE_P256

static const uint8_t base_bytes[33] = {0x03, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8,
    0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4,
    0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96};

static const char order_hex[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
static const char prime_hex[] = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";

static BIGNUM *number_of(const struct kc_scalar *scalar)
{
    uint8_t bytes[KC_SCALAR_SIZE_MAX];
    kc_scalar_encode(scalar, bytes);
    return BN_lebin2bn(bytes, 32, NULL);
}

/* 0, 1, n - 1, a power of two, or any. */
static struct kc_scalar choose(int kind)
{
    struct kc_scalar scalar = next_scalar(CURVE);
    if (kind % 4 == 1)
        kc_scalar_set(&scalar, CURVE, (uint32_t)kind % 3);
    else if (kind % 4 == 2) {
        kc_scalar_set(&scalar, CURVE, 1 + (uint32_t)kind % 5);
        kc_scalar_negate(&scalar, &scalar);
    } else if (kind % 4 == 3) {
        kc_scalar_set(&scalar, CURVE, 1);
        for (int i = 0; i < kind % 256; i++)
            kc_scalar_add(&scalar, &scalar, &scalar);
    }
    return scalar;
}

static void scalars_agree_with_libcrypto(void **state)
{
    (void)state;
    BN_CTX *context = BN_CTX_new();
    BIGNUM *n = NULL, *expected = BN_new();
    assert_int_equal(BN_hex2bn(&n, order_hex), 64);
    for (int i = 0; i < 5000; i++) {
        struct kc_scalar a = choose(i), b = choose(i / 4), results[4];
        BIGNUM *x = number_of(&a), *y = number_of(&b);
        kc_scalar_add(&results[0], &a, &b);
        kc_scalar_subtract(&results[1], &a, &b);
        kc_scalar_multiply(&results[2], &a, &b);
        kc_scalar_invert(&results[3], &a);
        for (int k = 0; k < 4; k++) {
            BIGNUM *got = number_of(&results[k]);
            if (k == 0)
                BN_mod_add(expected, x, y, n, context);
            else if (k == 1)
                BN_mod_sub(expected, x, y, n, context);
            else if (k == 2)
                BN_mod_mul(expected, x, y, n, context);
            else if (BN_is_zero(x))
                BN_zero(expected);
            else
                assert_non_null(BN_mod_inverse(expected, x, n, context));
            assert_int_equal(BN_cmp(got, expected), 0);
            BN_free(got);
        }
        BN_free(x);
        BN_free(y);
    }
    BN_free(n);
    BN_free(expected);
    BN_CTX_free(context);
}

static void wide_numbers_reduce_as_libcrypto_says(void **state)
{
    (void)state;
    BN_CTX *context = BN_CTX_new();
    BIGNUM *n = NULL, *expected = BN_new();
    assert_int_equal(BN_hex2bn(&n, order_hex), 64);
    for (int i = 0; i < 2000; i++) {
        uint8_t bytes[100];
        struct kc_scalar scalar;
        size_t size = (size_t)i % sizeof bytes;
        next_random(bytes, sizeof bytes);
        if (i % 5 == 0)
            memset(bytes, 0xff, sizeof bytes);
        kc_scalar_reduce(&scalar, CURVE, bytes, size);
        BIGNUM *x = BN_lebin2bn(bytes, (int)size, NULL), *got = number_of(&scalar);
        BN_mod(expected, x, n, context);
        assert_int_equal(BN_cmp(got, expected), 0);
        BN_free(x);
        BN_free(got);
    }
    BN_free(n);
    BN_free(expected);
    BN_CTX_free(context);
}

static void scalars_from_n_on_are_refused(void **state)
{
    (void)state;
    BIGNUM *n = NULL;
    uint8_t bytes[32];
    struct kc_scalar scalar;
    assert_int_equal(BN_hex2bn(&n, order_hex), 64);
    assert_int_equal(BN_bn2lebinpad(n, bytes, 32), 32);
    assert_int_equal(kc_scalar_decode(&scalar, CURVE, bytes, 32), KC_ERR_SCALAR_RANGE);
    bytes[0]--; /* n is odd */
    assert_int_equal(kc_scalar_decode(&scalar, CURVE, bytes, 32), KC_OK);
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(kc_scalar_decode(&scalar, CURVE, bytes, 32), KC_ERR_SCALAR_RANGE);
    BN_free(n);
}

static void the_base_point_is_the_standards(void **state)
{
    (void)state;
    struct kc_scalar one = small_scalar(CURVE, 1);
    struct kc_point base = base_times(&one), read;
    uint8_t bytes[KC_POINT_SIZE_MAX];
    kc_point_encode(&base, bytes);
    assert_memory_equal(bytes, base_bytes, 33);
    assert_int_equal(kc_point_decode(&read, CURVE, base_bytes, 33), KC_OK);
    assert_true(kc_point_equal(&read, &base));
}

/* The multiplication without our splitting. */
static void multiplication_agrees_with_libcrypto(void **state)
{
    (void)state;
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *expected = EC_POINT_new(group);
    for (int i = 0; i < 200; i++) {
        struct kc_scalar scalar = choose(i);
        struct kc_point point;
        uint8_t bytes[KC_POINT_SIZE_MAX], expected_bytes[33];
        BIGNUM *number = number_of(&scalar);
        enum kc_error error = kc_point_multiply_base(&point, &scalar);
        assert_int_equal(error, BN_is_zero(number) ? KC_ERR_SCALAR_RANGE : KC_OK);
        if (error == KC_OK) {
            assert_int_equal(EC_POINT_mul(group, expected, number, NULL, NULL, NULL), 1);
            assert_int_equal(EC_POINT_point2oct(group, expected, POINT_CONVERSION_COMPRESSED,
                                 expected_bytes, 33, NULL),
                33);
            kc_point_encode(&point, bytes);
            assert_memory_equal(bytes, expected_bytes, 33);
        }
        BN_free(number);
    }
    EC_POINT_free(expected);
    EC_GROUP_free(group);
}

static void multiplication_is_a_homomorphism(void **state)
{
    (void)state;
    struct kc_point point = next_point(CURVE), parts[2], sum, whole;
    for (int i = 0; i < 50; i++) {
        struct kc_scalar a = choose(4 * i), b = choose(4 * i + 2), c;
        kc_scalar_add(&c, &a, &b);
        assert_int_equal(kc_point_multiply(&parts[0], &a, &point), KC_OK);
        assert_int_equal(kc_point_multiply(&parts[1], &b, &point), KC_OK);
        assert_int_equal(kc_point_multiply(&whole, &c, &point), KC_OK);
        assert_int_equal(kc_point_sum(&sum, parts, 2), KC_OK);
        assert_true(kc_point_equal(&sum, &whole));
    }
}

static void equal_opposite_and_identity_are_added_rightly(void **state)
{
    (void)state;
    struct kc_scalar two = small_scalar(CURVE, 2);
    struct kc_point parts[2] = {next_point(CURVE)}, sum, expected, identity;
    parts[1] = parts[0];
    assert_int_equal(kc_point_sum(&sum, parts, 2), KC_OK);
    assert_int_equal(kc_point_multiply(&expected, &two, &parts[0]), KC_OK);
    assert_true(kc_point_equal(&sum, &expected));
    kc_point_negate(&parts[1], &parts[0]);
    assert_int_equal(kc_point_sum(&sum, parts, 2), KC_ERR_POINT_SMALL_ORDER);
    kc_element_identity(&identity, CURVE);
    kc_element_add(&sum, &parts[0], &identity);
    assert_true(kc_point_equal(&sum, &parts[0]));
    kc_element_double(&sum, &identity);
    assert_true(kc_element_is_identity(&sum));
}

static void encodings_that_are_none_are_refused(void **state)
{
    (void)state;
    struct kc_point read;
    uint8_t bytes[65] = {0};
    BIGNUM *p = NULL;
    assert_int_equal(BN_hex2bn(&p, prime_hex), 64);
    for (int first = 0; first < 256; first++) {
        memcpy(bytes, base_bytes, 33);
        bytes[0] = (uint8_t)first;
        assert_int_equal(kc_point_decode(&read, CURVE, bytes, 33),
            first == 2 || first == 3 ? KC_OK : KC_ERR_POINT_ENCODING);
    }
    bytes[0] = 2;
    for (int above = 0; above < 3; above++, BN_add_word(p, 1)) { /* p, p + 1, p + 2 */
        assert_int_equal(BN_bn2binpad(p, bytes + 1, 32), 32);
        assert_int_equal(kc_point_decode(&read, CURVE, bytes, 33), KC_ERR_POINT_ENCODING);
    }
    memset(bytes, 0, sizeof bytes);
    assert_int_equal(kc_point_decode(&read, CURVE, bytes, 33), KC_ERR_POINT_ENCODING);
    assert_int_equal(kc_point_decode(&read, CURVE, bytes, 1), KC_ERR_POINT_ENCODING);
    bytes[0] = 4; /* uncompressed */
    assert_int_equal(kc_point_decode(&read, CURVE, bytes, 65), KC_ERR_POINT_ENCODING);
    bytes[0] = 2;
    bytes[32] = 1; /* x = 1 is on no point of P-256 */
    assert_int_equal(kc_point_decode(&read, CURVE, bytes, 33), KC_ERR_POINT_NOT_ON_CURVE);
    BN_free(p);
}

static void contributions_add_up_to_the_whole_agreement(void **state)
{
    (void)state;
    struct kc_scalar shares[2] = {next_scalar(CURVE), next_scalar(CURVE)}, whole;
    struct kc_point peer = next_point(CURVE), contributions[2];
    uint8_t agreed[KC_POINT_SIZE_MAX], expected[KC_POINT_SIZE_MAX];
    kc_scalar_add(&whole, &shares[0], &shares[1]);
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            kc_agreement_contribute(&contributions[i], &shares[i], NULL, NULL, &peer), KC_OK);
    assert_int_equal(kc_agreement_combine(agreed, contributions, 2), KC_OK);
    assert_int_equal(kc_agreement_agree(expected, &whole, &peer), KC_OK);
    assert_memory_equal(agreed, expected, 32); /* x, as ECDH has it */
}

/* The form without a sign: x alone means the point with even y. */
static void x_alone_is_the_point_with_even_y(void **state)
{
    (void)state;
    struct kc_point point = next_point(CURVE), read, negative;
    uint8_t x[KC_POINT_SIZE_MAX], whole[KC_POINT_SIZE_MAX];
    kc_point_encode_unsigned(&point, x);
    assert_int_equal(kc_point_decode_unsigned(&read, CURVE, x, 32), KC_OK);
    kc_point_encode(&read, whole);
    assert_int_equal(whole[0], 2);
    kc_point_negate(&negative, &point);
    assert_true(kc_point_equal(&read, &point) | kc_point_equal(&read, &negative));
}

/* Mesh keys are of the other curves. */
static void no_key_is_named_or_made_from_a_seed(void **state)
{
    (void)state;
    struct kc_key key;
    uint8_t seed[32] = {1};
    assert_null(kc_curve_by_name("P-256", 5));
    assert_int_equal(kc_key_from_seed(&key, CURVE, seed, 0), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_key_from_seed(&key, CURVE, seed, 32), KC_ERR_BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_agree_with_libcrypto),
        cmocka_unit_test(wide_numbers_reduce_as_libcrypto_says),
        cmocka_unit_test(scalars_from_n_on_are_refused),
        cmocka_unit_test(the_base_point_is_the_standards),
        cmocka_unit_test(multiplication_agrees_with_libcrypto),
        cmocka_unit_test(multiplication_is_a_homomorphism),
        cmocka_unit_test(equal_opposite_and_identity_are_added_rightly),
        cmocka_unit_test(encodings_that_are_none_are_refused),
        cmocka_unit_test(contributions_add_up_to_the_whole_agreement),
        cmocka_unit_test(x_alone_is_the_point_with_even_y),
        cmocka_unit_test(no_key_is_named_or_made_from_a_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
