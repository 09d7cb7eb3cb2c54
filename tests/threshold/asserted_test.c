/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The groups at work with every bound asserted (field_asserted.h), on points whose coordinates have
 * limbs at the edges: the same results as on the plain ones, and no bound that does not hold.
 */
#include "tests/threshold/support.h"

#include "threshold/combination.h"

#include <string.h>

#define ROUNDS 200

static size_t asserted;

void field_assert(bool holds)
{
    assert_true(holds);
    asserted++;
}

/* A limb of an element that is reduced: at an edge, or any. */
static uint64_t hostile_limb(uint64_t unit)
{
    const uint64_t edges[] = {0, 1, unit - 1, unit, unit + (1 << 15) - 1, unit / 2};
    uint64_t random;
    next_random(&random, sizeof random);
    return random % 8 < 6 ? edges[random % 8] : random % (unit + (1 << 15));
}

/* The same point over another Z: (x Z, y Z, Z, x y Z) for a Z of hostile limbs. */
static struct kc_point scrambled25519(const struct kc_point *point)
{
    struct kc_point out = {.curve = point->curve};
    struct kc_field25519 z;
    do
        for (int i = 0; i < KC_FIELD25519_LIMBS; i++)
            z.limb[i] = hostile_limb(UINT64_C(1) << 51);
    while (kc_field25519_is_zero(&z));
    kc_field25519_multiply(&out.on25519.x, &point->on25519.x, &z);
    kc_field25519_multiply(&out.on25519.y, &point->on25519.y, &z);
    kc_field25519_multiply(&out.on25519.z, &point->on25519.z, &z);
    kc_field25519_multiply(&out.on25519.t, &point->on25519.t, &z);
    if (kc_field25519_equal(&point->on25519.z, &kc_field25519_one))
        out.on25519.z = z; /* the limbs themselves */
    return out;
}

static struct kc_point scrambled448(const struct kc_point *point)
{
    struct kc_point out = {.curve = point->curve};
    struct kc_field448 z;
    do
        for (int i = 0; i < KC_FIELD448_LIMBS; i++)
            z.limb[i] = hostile_limb(UINT64_C(1) << 56);
    while (kc_field448_is_zero(&z));
    kc_field448_multiply(&out.on448.x, &point->on448.x, &z);
    kc_field448_multiply(&out.on448.y, &point->on448.y, &z);
    kc_field448_multiply(&out.on448.z, &point->on448.z, &z);
    kc_field448_multiply(&out.on448.t, &point->on448.t, &z);
    if (kc_field448_equal(&point->on448.z, &kc_field448_one))
        out.on448.z = z;
    return out;
}

static struct kc_point scrambled(const struct kc_point *point)
{
    return point->curve == KC_CURVE_ED25519 || point->curve == KC_CURVE_X25519
               ? scrambled25519(point)
               : scrambled448(point);
}

static void assert_same(const struct kc_point *a, const struct kc_point *b)
{
    uint8_t one[KC_POINT_SIZE_MAX], other[KC_POINT_SIZE_MAX];
    assert_true(kc_point_equal(a, b));
    kc_point_encode(a, one);
    kc_point_encode(b, other);
    assert_memory_equal(one, other, kc_curve_info(a->curve)->point_size);
}

static void no_bound_is_broken_on_hostile_limbs(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    for (size_t round = 0; round < ROUNDS; round++) {
        struct kc_scalar a = next_scalar(curve), b = hostile_scalar(curve, round);
        struct kc_point plain[2] = {base_times(&a), base_point(curve)}, hostile[2], one, other;
        uint8_t bytes[KC_POINT_SIZE_MAX];
        kc_point_encode(&plain[0], bytes); /* and back: a point with Z = 1 */
        assert_int_equal(
            kc_point_decode(&plain[0], curve, bytes, kc_curve_info(curve)->point_size), KC_OK);
        for (int i = 0; i < 2; i++)
            hostile[i] = scrambled(&plain[i]);
        assert_same(&plain[0], &hostile[0]);
        assert_int_equal(kc_point_multiply(&one, &b, &plain[0]), KC_OK);
        assert_int_equal(kc_point_multiply(&other, &b, &hostile[0]), KC_OK);
        assert_same(&one, &other);
        assert_int_equal(kc_point_sum(&one, plain, 2), KC_OK);
        assert_int_equal(kc_point_sum(&other, hostile, 2), KC_OK);
        assert_same(&one, &other);
        const struct kc_term terms[] = {{&b, &plain[0], true}, {&a, &plain[1], false}};
        const struct kc_term same[] = {{&b, &hostile[0], true}, {&a, &hostile[1], false}};
        if (kc_combination_variable_time(&one, &b, terms, 2) == KC_OK) {
            assert_int_equal(kc_combination_variable_time(&other, &b, same, 2), KC_OK);
            assert_same(&one, &other);
        }
    }
    assert_true(asserted > 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_bound_is_broken_on_hostile_limbs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
