/* SPDX-License-Identifier: Apache-2.0 */
/* Every formula of the groups keeps the bounds of the fields' operands, for all elements: see field_bounds.h. */
#include "tests/support/cmocka.h"
#include "tests/threshold/field_bounds.h"

#include "threshold/base_table.h"
#include "threshold/point25519.h"
#include "threshold/point448.h"

#include <string.h>

static size_t demanded;

void bounds_demand(bool holds)
{
    assert_true(holds);
    demanded++;
}

/* What the headers of the groups say of coordinates: reduced. */
#define REDUCED25519 ((UINT64_C(1) << 51) + (1 << 15) - 1)
#define REDUCED448 ((UINT64_C(1) << 56) + (1 << 15) - 1)

static struct kc_edwards25519 any25519(void)
{
    struct kc_edwards25519 point;
    struct kc_field25519 *coordinates[] = {&point.x, &point.y, &point.z, &point.t};
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < KC_FIELD25519_LIMBS; k++)
            coordinates[i]->limb[k] = REDUCED25519;
    return point;
}

static struct kc_edwards448 any448(void)
{
    struct kc_edwards448 point;
    struct kc_field448 *coordinates[] = {&point.x, &point.y, &point.z, &point.t};
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < KC_FIELD448_LIMBS; k++)
            coordinates[i]->limb[k] = REDUCED448;
    return point;
}

/* Consumes the point: the next result starts from nothing. */
static void assert_reduced25519(struct kc_edwards25519 *point)
{
    const struct kc_field25519 coordinates[] = {point->x, point->y, point->z, point->t};
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < KC_FIELD25519_LIMBS; k++)
            assert_true(coordinates[i].limb[k] <= REDUCED25519);
    memset(point, 0xff, sizeof *point);
}

static void assert_reduced448(struct kc_edwards448 *point)
{
    const struct kc_field448 coordinates[] = {point->x, point->y, point->z, point->t};
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < KC_FIELD448_LIMBS; k++)
            assert_true(coordinates[i].limb[k] <= REDUCED448);
    memset(point, 0xff, sizeof *point);
}

static const uint64_t bits[8];

/* Positive and negative digits, alone and together, and none at the end. */
#define DIGITS 6
static const int8_t *const digits[] = {
    (const int8_t[DIGITS]){0, 0, 0, 31, 0, -31}, (const int8_t[DIGITS]){0, 0, 0, -1, 1}};

static void formulas_of_edwards25519_keep_bounds(void **state)
{
    (void)state;
    const struct kc_edwards25519 a = any25519(), *const both[] = {&a, &a};
    const struct kc_field25519 *d = &kc_edwards25519_d2;
    struct kc_edwards25519 out;
    demanded = 0;
    kc_edwards25519_double(&out, &a);
    assert_reduced25519(&out);
    kc_edwards25519_add(&out, &a, &a, d);
    assert_reduced25519(&out);
    kc_edwards25519_negate(&out, &a);
    assert_reduced25519(&out);
    kc_edwards25519_multiply(&out, bits, &a, d);
    assert_reduced25519(&out);
    kc_edwards25519_multiply_base(&out, bits, kc_base_table_25519);
    assert_reduced25519(&out);
    kc_edwards25519_combine_variable_time(&out, both, digits, 2, DIGITS, d);
    assert_reduced25519(&out);
    (void)kc_edwards25519_is_identity(&a);
    (void)kc_edwards25519_equal(&a, &a);
    (void)kc_edwards25519_has_prime_order(&a);
    assert_true(demanded > 10000);
}

static void formulas_of_edwards448_keep_bounds(void **state)
{
    (void)state;
    const struct kc_edwards448 a = any448(), *const both[] = {&a, &a};
    const struct kc_field448 *parameters[] = {&kc_edwards448_d, &kc_edwards448_d_curve448};
    struct kc_edwards448 out;
    demanded = 0;
    for (size_t i = 0; i < 2; i++) {
        const struct kc_field448 *d = parameters[i];
        kc_edwards448_double(&out, &a);
        assert_reduced448(&out);
        kc_edwards448_add(&out, &a, &a, d);
        assert_reduced448(&out);
        kc_edwards448_negate(&out, &a);
        assert_reduced448(&out);
        kc_edwards448_multiply(&out, bits, &a, d);
        assert_reduced448(&out);
        kc_edwards448_multiply_base(&out, bits, i ? kc_base_table_x448 : kc_base_table_ed448);
        assert_reduced448(&out);
        kc_edwards448_combine_variable_time(&out, both, digits, 2, DIGITS, d);
        assert_reduced448(&out);
        (void)kc_edwards448_is_identity(&a);
        (void)kc_edwards448_equal(&a, &a);
        (void)kc_edwards448_has_prime_order(&a, d);
    }
    assert_true(demanded > 10000);
}

static void reading_and_writing_on_field25519_keeps_bounds(void **state)
{
    (void)state;
    static const uint8_t bytes[32];
    const struct kc_edwards25519 a = any25519();
    struct kc_edwards25519 out;
    struct kc_field25519 inverse;
    uint8_t written[32], sign;
    assert_int_equal(kc_point25519_read_edwards(&out, bytes), KC_OK);
    assert_reduced25519(&out);
    assert_int_equal(kc_point25519_read_montgomery(&out, bytes, 0), KC_OK);
    assert_reduced25519(&out);
    kc_point25519_denominator(&inverse, &a, false);
    kc_field25519_invert(&inverse, &inverse);
    kc_point25519_write_edwards(written, &a, &inverse);
    kc_point25519_denominator(&inverse, &a, true);
    kc_field25519_invert(&inverse, &inverse);
    kc_point25519_write_montgomery(written, &sign, &a, &inverse);
}

static void reading_and_writing_on_field448_keeps_bounds(void **state)
{
    (void)state;
    static const uint8_t bytes[57];
    const struct kc_edwards448 a = any448();
    struct kc_edwards448 out;
    struct kc_field448 inverse;
    uint8_t written[57], sign;
    assert_int_equal(kc_point448_read_edwards(&out, bytes), KC_OK);
    assert_reduced448(&out);
    assert_int_equal(kc_point448_read_montgomery(&out, bytes, 0), KC_OK);
    assert_reduced448(&out);
    kc_point448_denominator(&inverse, &a, false);
    kc_field448_invert(&inverse, &inverse);
    kc_point448_write_edwards(written, &a, &inverse);
    kc_point448_denominator(&inverse, &a, true);
    kc_field448_invert(&inverse, &inverse);
    kc_point448_write_montgomery(written, &sign, &a, &inverse);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formulas_of_edwards25519_keep_bounds),
        cmocka_unit_test(formulas_of_edwards448_keep_bounds),
        cmocka_unit_test(reading_and_writing_on_field25519_keeps_bounds),
        cmocka_unit_test(reading_and_writing_on_field448_keeps_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
