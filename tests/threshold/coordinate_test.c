/* SPDX-License-Identifier: Apache-2.0 */
/* Whole points from a device that derives one coordinate, the edges included. */
#include "tests/threshold/support.h"

#include "threshold/agreement.h"
#include "threshold/coordinate.h"
#include "threshold/share.h"

#include <string.h>

static const enum kc_curve curves[] = {KC_CURVE_X25519, KC_CURVE_X448, KC_CURVE_P256};

#define FOR_EACH_UNSIGNED(curve)                                                                   \
    for (size_t curve##_at = 0; curve##_at < sizeof curves / sizeof curves[0]; curve##_at++)       \
        for (enum kc_curve curve = curves[curve##_at]; curve != 0; curve = 0)

/* The device: knows its scalar, answers u or x alone. */
struct device {
    struct kc_scalar scalar;
    struct kc_point public;
};

static struct device make_device(enum kc_curve curve)
{
    struct device device = {.scalar = next_scalar(curve)};
    device.public = base_times(&device.scalar);
    return device;
}

static void derive(
    const struct device *device, const struct kc_point *point, uint8_t out[KC_POINT_SIZE_MAX])
{
    struct kc_point product;
    assert_int_equal(kc_point_multiply(&product, &device->scalar, point), KC_OK);
    memset(out, 0, KC_POINT_SIZE_MAX);
    kc_point_encode_unsigned(&product, out);
}

/* s*P as the caller gets it, by two derivations. */
static struct kc_point multiply(const struct device *device, const struct kc_point *peer)
{
    uint8_t of_peer[KC_POINT_SIZE_MAX], of_second[KC_POINT_SIZE_MAX];
    struct kc_point second, whole;
    assert_int_equal(kc_coordinate_second(&second, peer), KC_OK);
    derive(device, peer, of_peer);
    derive(device, &second, of_second);
    assert_int_equal(
        kc_coordinate_complete(&whole, &device->public, peer, of_peer, of_second), KC_OK);
    return whole;
}

static void assert_whole(const struct device *device, const struct kc_point *peer)
{
    struct kc_point expected, whole = multiply(device, peer);
    assert_int_equal(kc_point_multiply(&expected, &device->scalar, peer), KC_OK);
    assert_true(kc_point_equal(&whole, &expected));
}

static void two_derivations_make_a_whole_point(void **state)
{
    (void)state;
    FOR_EACH_UNSIGNED(curve)
    {
        for (int round = 0; round < 30; round++) {
            struct device device = make_device(curve);
            struct kc_scalar scalar = next_scalar(curve);
            struct kc_point peer = base_times(&scalar);
            assert_whole(&device, &peer);
            kc_point_negate(&peer, &peer);
            assert_whole(&device, &peer);
        }
    }
}

/* P = G doubles, P = -G has no P + G, P = -2G makes the second point -G. */
static void the_edges_near_the_generator_are_exact(void **state)
{
    (void)state;
    FOR_EACH_UNSIGNED(curve)
    {
        struct device device = make_device(curve);
        for (uint32_t multiple = 1; multiple <= 4; multiple++) {
            struct kc_scalar plus = small_scalar(curve, multiple);
            struct kc_scalar minus = minus_scalar(curve, multiple);
            struct kc_point peer = base_times(&plus), opposite = base_times(&minus);
            assert_whole(&device, &peer);
            assert_whole(&device, &opposite);
        }
    }
}

/* Where s*P + S would be the identity for one of the two signs. */
static void the_edges_near_the_public_point_are_exact(void **state)
{
    (void)state;
    FOR_EACH_UNSIGNED(curve)
    {
        for (uint32_t small = 1; small <= 3; small++) {
            struct device device = {.scalar = small_scalar(curve, small)};
            device.public = base_times(&device.scalar);
            struct kc_scalar minus = minus_scalar(curve, small);
            struct kc_point opposite = base_times(&minus);
            assert_whole(&device, &device.public);
            assert_whole(&device, &opposite);
        }
    }
}

/* A key that published u alone is as good with the other sign: the public point's decides. */
static void the_public_point_decides_the_sign(void **state)
{
    (void)state;
    FOR_EACH_UNSIGNED(curve)
    {
        struct device device = make_device(curve), mirrored = device;
        struct kc_scalar scalar = next_scalar(curve);
        struct kc_point peer = base_times(&scalar);
        kc_point_negate(&mirrored.public, &device.public);
        struct kc_point whole = multiply(&device, &peer), other = multiply(&mirrored, &peer);
        kc_point_negate(&other, &other);
        assert_true(kc_point_equal(&whole, &other));
    }
}

static void a_device_that_computes_wrongly_is_found_out(void **state)
{
    (void)state;
    FOR_EACH_UNSIGNED(curve)
    {
        struct device device = make_device(curve), other = make_device(curve);
        struct kc_scalar scalar = next_scalar(curve);
        struct kc_point peer = base_times(&scalar), second, whole = {.curve = 0};
        uint8_t of_peer[KC_POINT_SIZE_MAX], of_second[KC_POINT_SIZE_MAX];
        assert_int_equal(kc_coordinate_second(&second, &peer), KC_OK);
        derive(&device, &peer, of_peer);
        derive(&device, &second, of_second);
        of_second[5] ^= 1;
        assert_int_equal(kc_coordinate_complete(&whole, &device.public, &peer, of_peer, of_second),
            KC_ERR_ROOT_ANSWER);
        of_second[5] ^= 1;
        assert_int_equal(kc_coordinate_complete(&whole, &other.public, &peer, of_peer, of_second),
            KC_ERR_ROOT_ANSWER);
        memset(of_peer, 0xff, sizeof of_peer); /* no coordinate: not below p */
        assert_int_equal(kc_coordinate_complete(&whole, &device.public, &peer, of_peer, of_second),
            KC_ERR_ROOT_ANSWER);
        assert_int_equal(whole.curve, 0);
    }
}

/* The share in the device and the one in software, together the whole key. */
static void a_resident_share_and_a_software_share_make_the_whole_agreement(void **state)
{
    (void)state;
    FOR_EACH_UNSIGNED(curve)
    {
        struct device device = make_device(curve);
        struct kc_scalar software = next_scalar(curve), whole, scalar = next_scalar(curve);
        struct kc_point peer = base_times(&scalar), contributions[2];
        uint8_t by_shares[KC_POINT_SIZE_MAX], by_whole[KC_POINT_SIZE_MAX];
        contributions[0] = multiply(&device, &peer);
        assert_int_equal(
            kc_agreement_contribute(&contributions[1], &software, NULL, NULL, &peer), KC_OK);
        assert_int_equal(kc_agreement_combine(by_shares, contributions, 2), KC_OK);
        kc_scalar_add(&whole, &device.scalar, &software);
        assert_int_equal(kc_agreement_agree(by_whole, &whole, &peer), KC_OK);
        assert_memory_equal(by_shares, by_whole, kc_curve_info(curve)->agreed_size);
    }
}

static void curves_without_an_unsigned_form_are_refused(void **state)
{
    (void)state;
    static const uint8_t none[KC_POINT_SIZE_MAX] = {0};
    struct kc_point peer = base_point(KC_CURVE_ED25519), out;
    assert_int_equal(kc_coordinate_second(&out, &peer), KC_ERR_BAD_ALGORITHM);
    assert_int_equal(kc_coordinate_complete(&out, &peer, &peer, none, none), KC_ERR_BAD_ALGORITHM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_derivations_make_a_whole_point),
        cmocka_unit_test(the_edges_near_the_generator_are_exact),
        cmocka_unit_test(the_edges_near_the_public_point_are_exact),
        cmocka_unit_test(the_public_point_decides_the_sign),
        cmocka_unit_test(a_device_that_computes_wrongly_is_found_out),
        cmocka_unit_test(a_resident_share_and_a_software_share_make_the_whole_agreement),
        cmocka_unit_test(curves_without_an_unsigned_form_are_refused),
    };
    return cmocka_run_group_tests_name("coordinate", tests, NULL, NULL);
}
