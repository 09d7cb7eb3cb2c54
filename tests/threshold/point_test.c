/* SPDX-License-Identifier: Apache-2.0 */
/* What decoding accepts and why it refuses, and the group law at its edges. */
#include "tests/threshold/support.h"

#include "tests/threshold/edge_points.h"
#include "threshold/element.h"

#include <string.h>

static void says_of_each_edge_point_what_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof edge_points / sizeof edge_points[0]; i++) {
        const struct edge_point *edge = &edge_points[i];
        uint8_t bytes[KC_POINT_SIZE_MAX], again[KC_POINT_SIZE_MAX];
        size_t size = from_hex(bytes, sizeof bytes, edge->encoding);
        struct kc_point point;
        enum kc_error error = kc_point_decode(&point, edge->curve, bytes, size);
        if (error != edge->error)
            fail_msg(
                "%s, %s: %s", kc_curve_info(edge->curve)->name, edge->name, kc_error_name(error));
        if (error != KC_OK)
            continue;
        kc_point_encode(&point, again);
        assert_memory_equal(again, bytes, size);
    }
}

/* Without the octet of the sign the verdicts are the same, save for those about the sign. */
static void says_the_same_of_u_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof edge_points / sizeof edge_points[0]; i++) {
        const struct edge_point *edge = &edge_points[i];
        size_t unsigned_size = kc_curve_info(edge->curve)->unsigned_size;
        uint8_t bytes[KC_POINT_SIZE_MAX], again[KC_POINT_SIZE_MAX];
        size_t size = from_hex(bytes, sizeof bytes, edge->encoding);
        if (unsigned_size == 0 || strstr(edge->name, "sign") != NULL)
            continue;
        struct kc_point point;
        enum kc_error error = kc_point_decode_unsigned(&point, edge->curve, bytes, unsigned_size);
        if (error != edge->error)
            fail_msg(
                "%s, %s: %s", kc_curve_info(edge->curve)->name, edge->name, kc_error_name(error));
        if (error != KC_OK)
            continue;
        kc_point_encode(&point, again);
        assert_memory_equal(again, bytes, unsigned_size);
        assert_int_equal(again[size - 1], 0); /* the root with even v */
        kc_point_encode_unsigned(&point, again);
        assert_memory_equal(again, bytes, unsigned_size);
    }
}

static void refuses_every_wrong_size(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        uint8_t bytes[KC_POINT_SIZE_MAX + 1] = {0};
        struct kc_point point = base_point(curve);
        kc_point_encode(&point, bytes);
        const struct kc_curve_info *info = kc_curve_info(curve);
        for (size_t size = 0; size <= sizeof bytes; size++) {
            if (size != info->point_size)
                assert_int_equal(
                    kc_point_decode(&point, curve, bytes, size), KC_ERR_POINT_ENCODING);
            if (size != info->unsigned_size)
                assert_int_equal(kc_point_decode_unsigned(&point, curve, bytes, size),
                    info->signs ? KC_ERR_BAD_ALGORITHM : KC_ERR_POINT_ENCODING);
        }
    }
}

/* Base points: RFC 8032 5.1 and 5.2, RFC 7748 4.1 and 4.2 (with the parity of their v). */
static void the_base_points_are_those_of_the_standards(void **state)
{
    (void)state;
    static const char *const expected[] = {
        [KC_CURVE_ED25519] = "5866666666666666666666666666666666666666666666666666666666666666",
        [KC_CURVE_X25519] = "0900000000000000000000000000000000000000000000000000000000000000"
                            "80",
        [KC_CURVE_ED448] = "14fa30f25b790898adc8d74e2c13bdfdc4397ce61cffd33ad7c2a0051e9c78874098"
                           "a36c7373ea4b62c7c9563720768824bcb66e71463f6900",
        [KC_CURVE_X448] = "05000000000000000000000000000000000000000000000000000000000000000000"
                          "0000000000000000000000000000000000000000000000",
    };
    FOR_EACH_CURVE(curve)
    {
        uint8_t bytes[KC_POINT_SIZE_MAX];
        struct kc_point base = base_point(curve);
        kc_point_encode(&base, bytes);
        assert_hex(bytes, kc_curve_info(curve)->point_size, expected[curve]);
    }
}

static void points_written_together_are_those_written_alone(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        struct kc_point points[37];
        uint8_t together[37][KC_POINT_SIZE_MAX], alone[KC_POINT_SIZE_MAX];
        for (size_t i = 0; i < 37; i++) {
            struct kc_scalar scalar = next_scalar(curve);
            points[i] = base_times(&scalar);
        }
        for (size_t count = 0; count <= 37; count++) {
            memset(together, 0, sizeof together);
            kc_point_encode_many(points, count, together);
            for (size_t i = 0; i < count; i++) {
                kc_point_encode(&points[i], alone);
                assert_memory_equal(together[i], alone, kc_curve_info(curve)->point_size);
            }
        }
    }
}

static void a_point_that_was_normalised_is_the_same_and_is_written_alike(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        struct kc_scalar scalar = next_scalar(curve);
        struct kc_point point = base_times(&scalar), made = point, sums[2], read;
        uint8_t bytes[KC_POINT_SIZE_MAX], again[KC_POINT_SIZE_MAX];
        size_t size = kc_curve_info(curve)->point_size;
        kc_element_normalize(&made);
        kc_point_encode(&point, bytes);
        kc_point_encode(&made, again);
        assert_memory_equal(again, bytes, size);
        assert_int_equal(kc_point_decode(&read, curve, bytes, size), KC_OK);
        kc_point_encode(&read, again);
        assert_memory_equal(again, bytes, size);
        assert_true(kc_point_equal(&made, &point) != 0);
        assert_int_equal(kc_point_sum(&sums[0], (struct kc_point[]){made, read}, 2), KC_OK);
        assert_int_equal(kc_point_sum(&sums[1], (struct kc_point[]){point, point}, 2), KC_OK);
        assert_true(kc_point_equal(&sums[0], &sums[1]) != 0);
    }
}

static void multiplying_is_repeated_addition(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        struct kc_scalar seed = next_scalar(curve);
        struct kc_point point = base_times(&seed), sum = point, product;
        for (uint32_t i = 2; i < 80; i++) {
            struct kc_scalar scalar = small_scalar(curve, i);
            struct kc_point terms[] = {sum, point};
            assert_int_equal(kc_point_sum(&sum, terms, 2), KC_OK);
            assert_int_equal(kc_point_multiply(&product, &scalar, &point), KC_OK);
            assert_true(kc_point_equal(&sum, &product));
        }
    }
}

static void the_table_of_the_base_point_gives_what_the_point_gives(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        struct kc_point base = base_point(curve);
        for (uint32_t i = 0; i < 60; i++) {
            struct kc_scalar scalar = i < 10   ? small_scalar(curve, i + 1)
                                      : i < 20 ? minus_scalar(curve, i - 9)
                                               : next_scalar(curve);
            struct kc_point by_table = base_times(&scalar), by_point;
            assert_int_equal(kc_point_multiply(&by_point, &scalar, &base), KC_OK);
            assert_true(kc_point_equal(&by_table, &by_point));
        }
    }
}

static void a_zero_scalar_has_no_product(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        struct kc_scalar zero = small_scalar(curve, 0);
        struct kc_point base = base_point(curve), out = base;
        assert_int_equal(kc_point_multiply_base(&out, &zero), KC_ERR_SCALAR_RANGE);
        assert_int_equal(kc_point_multiply(&out, &zero, &base), KC_ERR_SCALAR_RANGE);
        assert_true(kc_point_equal(&out, &base)); /* untouched */
    }
}

static void the_scalar_one_less_than_the_order_negates(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        struct kc_scalar scalar = next_scalar(curve), last = minus_scalar(curve, 1);
        struct kc_point point = base_times(&scalar), negative, product;
        kc_point_negate(&negative, &point);
        assert_int_equal(kc_point_multiply(&product, &last, &point), KC_OK);
        assert_true(kc_point_equal(&product, &negative));
        assert_false(kc_point_equal(&product, &point));
    }
}

static void a_sum_that_is_the_identity_is_refused_at_the_end_only(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        struct kc_scalar scalar = next_scalar(curve);
        struct kc_point point = base_times(&scalar), negative, sum = point;
        kc_point_negate(&negative, &point);
        struct kc_point opposite[] = {point, negative}, passing[] = {point, negative, point};
        assert_int_equal(kc_point_sum(&sum, opposite, 2), KC_ERR_POINT_SMALL_ORDER);
        assert_true(kc_point_equal(&sum, &point)); /* untouched */
        assert_int_equal(kc_point_sum(&sum, passing, 3), KC_OK);
        assert_true(kc_point_equal(&sum, &point));
    }
}

static void equal_points_add_to_the_double(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        struct kc_scalar scalar = next_scalar(curve), two = small_scalar(curve, 2);
        struct kc_point point = base_times(&scalar), sum, product;
        struct kc_point twice[] = {point, point};
        assert_int_equal(kc_point_sum(&sum, twice, 2), KC_OK);
        assert_int_equal(kc_point_multiply(&product, &two, &point), KC_OK);
        assert_true(kc_point_equal(&sum, &product));
    }
}

static void names_and_sizes_of_the_curves(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        const struct kc_curve_info *info = kc_curve_info(curve);
        assert_ptr_equal(kc_curve_by_name(info->name, strlen(info->name)), info);
        assert_null(kc_curve_by_name(info->name, strlen(info->name) - 1));
    }
    assert_null(kc_curve_info((enum kc_curve)6));
    assert_null(kc_curve_by_name("P-256", 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_of_each_edge_point_what_it_is),
        cmocka_unit_test(says_the_same_of_u_alone),
        cmocka_unit_test(refuses_every_wrong_size),
        cmocka_unit_test(the_base_points_are_those_of_the_standards),
        cmocka_unit_test(points_written_together_are_those_written_alone),
        cmocka_unit_test(a_point_that_was_normalised_is_the_same_and_is_written_alike),
        cmocka_unit_test(multiplying_is_repeated_addition),
        cmocka_unit_test(the_table_of_the_base_point_gives_what_the_point_gives),
        cmocka_unit_test(a_zero_scalar_has_no_product),
        cmocka_unit_test(the_scalar_one_less_than_the_order_negates),
        cmocka_unit_test(a_sum_that_is_the_identity_is_refused_at_the_end_only),
        cmocka_unit_test(equal_points_add_to_the_double),
        cmocka_unit_test(names_and_sizes_of_the_curves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
