/* SPDX-License-Identifier: Apache-2.0 */
/* The test for points of prime order, against the definition: P is not
 * the identity, and [L]P is. */
#include "tests/threshold/support.h"

#include "threshold/element.h"
#include "threshold/point25519.h"
#include "threshold/point448.h"

#include <stdlib.h>
#include <string.h>

#define TORSION_MAX 8

static size_t cofactor(enum kc_curve curve)
{
    return curve == KC_CURVE_ED25519 || curve == KC_CURVE_X25519 ? 8 : 4;
}

/* L = the sum of (2 b_i - 1) 2^i, so b = (L + 2^bits - 1)/2 = (L - 1)/2 + 2^(bits - 1). */
static void order_in_signed_bits(uint64_t bits[8], enum kc_curve curve)
{
    uint8_t order[72] = {0};
    order_bytes(order, curve);
    for (size_t i = 0; i < 8; i++) {
        bits[i] = 0;
        for (size_t j = 8; j > 0; j--)
            bits[i] = bits[i] << 8 | (uint8_t)(order[8 * i + j - 1] >> 1 | order[8 * i + j] << 7);
    }
    if (cofactor(curve) == 8)
        bits[3] |= UINT64_C(1) << 62;
    else
        bits[7] |= UINT64_C(1) << 1;
}

static struct kc_point times_order(const struct kc_point *point)
{
    uint64_t bits[8];
    struct kc_point product;
    order_in_signed_bits(bits, point->curve);
    kc_element_multiply(&product, bits, point);
    return product;
}

static bool has_prime_order_by_definition(const struct kc_point *point)
{
    struct kc_point product = times_order(point);
    return kc_element_is_identity(&product) && !kc_element_is_identity(point);
}

/* A point of the whole curve, of any order. */
static struct kc_point next_on_curve(enum kc_curve curve)
{
    struct kc_point point = {.curve = curve};
    uint8_t bytes[KC_POINT_SIZE_MAX];
    enum kc_error error = KC_ERR_POINT_ENCODING;
    while (error != KC_OK) {
        next_random(bytes, sizeof bytes);
        bytes[56] &= 0x80;
        if (curve == KC_CURVE_ED25519)
            error = kc_point25519_read_edwards(&point.on25519, bytes);
        else if (curve == KC_CURVE_X25519)
            error = kc_point25519_read_montgomery(&point.on25519, bytes, bytes[56]);
        else if (curve == KC_CURVE_ED448)
            error = kc_point448_read_edwards(&point.on448, bytes);
        else
            error = kc_point448_read_montgomery(&point.on448, bytes, bytes[56]);
    }
    return point;
}

/* All points whose order divides the cofactor: the multiples of one that has it as its order.
 * The first is the identity. */
static void find_torsion(struct kc_point torsion[TORSION_MAX], enum kc_curve curve)
{
    size_t order = 0;
    while (order != cofactor(curve)) {
        struct kc_point random = next_on_curve(curve), generator = times_order(&random);
        kc_element_identity(&torsion[0], curve);
        for (order = 1; order < cofactor(curve); order++) {
            kc_element_add(&torsion[order], &torsion[order - 1], &generator);
            if (kc_element_is_identity(&torsion[order]))
                break;
        }
    }
}

static void agrees_with_the_definition_on_points_of_the_whole_curve(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        size_t accepted = 0;
        for (int i = 0; i < 5000; i++) {
            struct kc_point point = next_on_curve(curve);
            bool expected = has_prime_order_by_definition(&point);
            assert_int_equal(kc_element_has_prime_order(&point) != 0, expected);
            accepted += expected;
        }
        /* One in eight, or in four. */
        assert_in_range(accepted, 4000 / cofactor(curve), 6000 / cofactor(curve));
    }
}

static void a_point_of_prime_order_plus_one_of_small_order_is_refused(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        struct kc_point torsion[TORSION_MAX], sum;
        find_torsion(torsion, curve);
        for (int i = 0; i < 500; i++) {
            struct kc_scalar scalar = next_scalar(curve);
            struct kc_point point = base_times(&scalar);
            for (size_t k = 0; k < cofactor(curve); k++) {
                kc_element_add(&sum, &point, &torsion[k]);
                assert_int_equal(kc_element_has_prime_order(&sum) != 0, k == 0);
            }
        }
    }
}

/* Where the formulas have a zero: refused as well. */
static void points_of_small_order_are_refused(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        struct kc_point torsion[TORSION_MAX], sum;
        find_torsion(torsion, curve);
        for (size_t k = 0; k < cofactor(curve); k++) {
            assert_false(kc_element_has_prime_order(&torsion[k]));
            for (size_t j = 0; j < cofactor(curve); j++) { /* the same with other Z */
                kc_element_add(&sum, &torsion[k], &torsion[j]);
                assert_false(kc_element_has_prime_order(&sum));
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_definition_on_points_of_the_whole_curve),
        cmocka_unit_test(a_point_of_prime_order_plus_one_of_small_order_is_refused),
        cmocka_unit_test(points_of_small_order_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
