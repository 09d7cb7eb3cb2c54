/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/threshold_protocols/support.h"
#include "threshold/combination.h"
#include "threshold/transcript.h"

#include <string.h>

#define TERMS 19 /* more than are summed together */

/* The same sum in constant-time steps. */
static struct kc_point sum_of(
    const struct kc_scalar *base, const struct kc_term *terms, size_t count)
{
    struct kc_point products[TERMS + 1], sum;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(kc_point_multiply(&products[i], terms[i].scalar, terms[i].point), KC_OK);
        if (terms[i].negative)
            kc_point_negate(&products[i], &products[i]);
    }
    products[count] = base_times(base);
    assert_int_equal(kc_point_sum(&sum, products, count + 1), KC_OK);
    return sum;
}

static void equals_the_sum_of_single_multiplications(void **state)
{
    (void)state;
    FOR_EACH_GROUP(curve)
    {
        struct kc_scalar scalars[TERMS], base = next_scalar(curve);
        struct kc_point points[TERMS], sum, expected;
        struct kc_term terms[TERMS];
        for (size_t count = 0; count <= TERMS; count++) {
            for (size_t i = 0; i < count; i++) {
                scalars[i] = next_scalar(curve);
                points[i] = next_point(curve);
                terms[i] = (struct kc_term){&scalars[i], &points[i], i % 3 == 1};
            }
            expected = sum_of(&base, terms, count);
            assert_int_equal(kc_combination_variable_time(&sum, &base, terms, count), KC_OK);
            assert_true(kc_point_equal(&sum, &expected));
        }
    }
}

static void a_double_multiple_is_the_sum_of_both(void **state)
{
    (void)state;
    FOR_EACH_GROUP(curve)
    {
        struct kc_scalar base = next_scalar(curve), scalar = next_scalar(curve);
        struct kc_point point = next_point(curve), parts[2], sum, expected;
        parts[0] = base_times(&base);
        assert_int_equal(kc_point_multiply(&parts[1], &scalar, &point), KC_OK);
        assert_int_equal(kc_point_sum(&expected, parts, 2), KC_OK);
        assert_int_equal(kc_combination_double_variable_time(&sum, &base, &scalar, &point), KC_OK);
        assert_true(kc_point_equal(&sum, &expected));
    }
}

/* 0, 1, .., 70, L - 1, .., L - 70, and 2^i +- 1: where digits and carries end. */
static void every_small_large_and_power_of_two_scalar_is_right(void **state)
{
    (void)state;
    FOR_EACH_GROUP(curve)
    {
        struct kc_scalar power = small_scalar(curve, 1), scalar, negative;
        struct kc_point point = next_point(curve);
        for (uint32_t i = 0; i < 460; i++) {
            scalar = i <= 70 ? small_scalar(curve, i) : other_scalar(&power);
            kc_scalar_add(&power, &power, &power);
            kc_scalar_negate(&negative, &scalar);
            struct kc_term terms[] = {{&scalar, &point, false}, {&negative, &point, false}};
            assert_true(kc_combination_vanishes_variable_time(NULL, terms, 2));
            struct kc_point left, right;
            if (i == 0)
                continue;
            assert_int_equal(kc_combination_variable_time(&left, NULL, terms, 1), KC_OK);
            assert_int_equal(kc_point_multiply(&right, &scalar, &point), KC_OK);
            assert_true(kc_point_equal(&left, &right));
            assert_int_equal(kc_combination_variable_time(&left, NULL, terms + 1, 1), KC_OK);
            kc_point_negate(&right, &right);
            assert_true(kc_point_equal(&left, &right));
        }
    }
}

static void a_sum_that_is_the_identity_is_refused_as_a_point_and_holds_as_an_equation(void **state)
{
    (void)state;
    FOR_EACH_GROUP(curve)
    {
        struct kc_scalar scalar = next_scalar(curve), zero = small_scalar(curve, 0);
        struct kc_point point = base_times(&scalar), out = point;
        struct kc_term terms[] = {{NULL, &point, true}, {&zero, &point, false}};
        assert_int_equal(
            kc_combination_variable_time(&out, &scalar, terms, 2), KC_ERR_POINT_SMALL_ORDER);
        assert_true(kc_point_equal(&out, &point)); /* untouched */
        assert_true(kc_combination_vanishes_variable_time(&scalar, terms, 2));
        terms[0].negative = false;
        assert_false(kc_combination_vanishes_variable_time(&scalar, terms, 2));
        assert_true(kc_combination_vanishes_variable_time(&zero, NULL, 0));
    }
}

static void hash_items(uint8_t digest[32], const char *label, const char *first, const char *second)
{
    struct kc_transcript transcript;
    kc_transcript_init(&transcript, label);
    kc_transcript_bytes(&transcript, first, strlen(first));
    kc_transcript_bytes(&transcript, second, strlen(second));
    assert_int_equal(kc_transcript_finish(&transcript, digest, 32), KC_OK);
}

static void a_transcript_tells_label_items_and_their_ends_apart(void **state)
{
    (void)state;
    uint8_t digest[4][32];
    hash_items(digest[0], "label", "ab", "c");
    hash_items(digest[1], "label", "a", "bc");
    hash_items(digest[2], "labela", "b", "c");
    hash_items(digest[3], "label", "ab", "c");
    assert_memory_not_equal(digest[0], digest[1], 32);
    assert_memory_not_equal(digest[0], digest[2], 32);
    assert_memory_equal(digest[0], digest[3], 32);
}

static void a_hash_to_a_scalar_depends_on_curve_label_and_each_part(void **state)
{
    (void)state;
    const struct kc_span parts[] = {{(const uint8_t *)"ab", 2}, {(const uint8_t *)"c", 1}},
                         other[] = {{(const uint8_t *)"a", 1}, {(const uint8_t *)"bc", 2}};
    FOR_EACH_GROUP(curve)
    {
        struct kc_scalar scalars[4];
        assert_int_equal(
            kc_transcript_hash_to_scalar(&scalars[0], curve, "label", parts, 2), KC_OK);
        assert_int_equal(
            kc_transcript_hash_to_scalar(&scalars[1], curve, "label", parts, 2), KC_OK);
        assert_int_equal(
            kc_transcript_hash_to_scalar(&scalars[2], curve, "other", parts, 2), KC_OK);
        assert_int_equal(
            kc_transcript_hash_to_scalar(&scalars[3], curve, "label", other, 2), KC_OK);
        assert_true(kc_scalar_equal(&scalars[0], &scalars[1]));
        assert_false(kc_scalar_equal(&scalars[0], &scalars[2]));
        assert_false(kc_scalar_equal(&scalars[0], &scalars[3]));
        assert_false(kc_scalar_is_zero(&scalars[0]));
    }
}

/* The number 1 and the eight octets that stand for it are different items. */
static void a_transcript_tells_kinds_of_items_apart(void **state)
{
    (void)state;
    uint8_t number[32], bytes[32];
    struct kc_transcript transcript;
    kc_transcript_init(&transcript, "label");
    kc_transcript_number(&transcript, 1);
    assert_int_equal(kc_transcript_finish(&transcript, number, 32), KC_OK);
    kc_transcript_init(&transcript, "label");
    kc_transcript_bytes(&transcript, "\0\0\0\0\0\0\0\1", 8);
    assert_int_equal(kc_transcript_finish(&transcript, bytes, 32), KC_OK);
    assert_memory_not_equal(number, bytes, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_sum_of_single_multiplications),
        cmocka_unit_test(a_double_multiple_is_the_sum_of_both),
        cmocka_unit_test(every_small_large_and_power_of_two_scalar_is_right),
        cmocka_unit_test(a_sum_that_is_the_identity_is_refused_as_a_point_and_holds_as_an_equation),
        cmocka_unit_test(a_transcript_tells_label_items_and_their_ends_apart),
        cmocka_unit_test(a_transcript_tells_kinds_of_items_apart),
        cmocka_unit_test(a_hash_to_a_scalar_depends_on_curve_label_and_each_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
