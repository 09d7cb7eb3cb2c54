/* SPDX-License-Identifier: Apache-2.0 */
/* Against libsodium: the group and the scalars of Ed25519, and its opinion of every edge point. */
#include "tests/threshold/support.h"

#include "tests/threshold/edge_points.h"
#include "threshold/agreement.h"

#include <sodium.h>
#include <string.h>

static void scalar_bytes(uint8_t out[32], const struct kc_scalar *scalar)
{
    uint8_t bytes[KC_SCALAR_SIZE_MAX];
    kc_scalar_encode(scalar, bytes);
    memcpy(out, bytes, 32);
}

static void assert_point(const struct kc_point *point, const uint8_t expected[32])
{
    uint8_t bytes[KC_POINT_SIZE_MAX];
    kc_point_encode(point, bytes);
    assert_memory_equal(bytes, expected, 32);
}

static void computes_in_the_group_as_libsodium(void **state)
{
    (void)state;
    for (size_t round = 0; round < rounds(); round++) {
        struct kc_scalar a = next_scalar(KC_CURVE_ED25519), b = next_scalar(KC_CURVE_ED25519);
        struct kc_point points[3] = {base_times(&a)}, sum;
        uint8_t x[32], y[32], p[32], q[32], r[32];
        scalar_bytes(x, &a);
        scalar_bytes(y, &b);
        assert_int_equal(crypto_scalarmult_ed25519_base_noclamp(p, x), 0);
        assert_point(&points[0], p);
        assert_int_equal(crypto_scalarmult_ed25519_noclamp(q, y, p), 0);
        assert_int_equal(kc_point_multiply(&points[1], &b, &points[0]), KC_OK);
        assert_point(&points[1], q);
        assert_int_equal(crypto_core_ed25519_add(r, p, q), 0);
        assert_int_equal(kc_point_sum(&sum, points, 2), KC_OK);
        assert_point(&sum, r);
        assert_int_equal(crypto_core_ed25519_sub(r, p, q), 0);
        kc_point_negate(&points[1], &points[1]);
        assert_int_equal(kc_point_sum(&sum, points, 2), KC_OK);
        assert_point(&sum, r);
    }
}

static void computes_with_scalars_as_libsodium(void **state)
{
    (void)state;
    for (size_t round = 0; round < rounds(); round++) {
        struct kc_scalar a = next_scalar(KC_CURVE_ED25519), b = next_scalar(KC_CURVE_ED25519), c;
        uint8_t x[32], y[32], expected[32], got[32], wide[64];
        scalar_bytes(x, &a);
        scalar_bytes(y, &b);
        crypto_core_ed25519_scalar_mul(expected, x, y);
        kc_scalar_multiply(&c, &a, &b);
        scalar_bytes(got, &c);
        assert_memory_equal(got, expected, 32);
        assert_int_equal(crypto_core_ed25519_scalar_invert(expected, x), 0);
        kc_scalar_invert(&c, &a);
        scalar_bytes(got, &c);
        assert_memory_equal(got, expected, 32);
        next_random(wide, sizeof wide);
        crypto_core_ed25519_scalar_reduce(expected, wide);
        kc_scalar_reduce(&c, KC_CURVE_ED25519, wide, sizeof wide);
        scalar_bytes(got, &c);
        assert_memory_equal(got, expected, 32);
    }
}

/* One way only: some versions of libsodium accept points outside the prime-order group
 * (point_test.c has the rest). */
static void accepts_no_point_that_libsodium_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof edge_points / sizeof edge_points[0]; i++) {
        uint8_t bytes[32];
        if (edge_points[i].curve != KC_CURVE_ED25519)
            continue;
        (void)from_hex(bytes, sizeof bytes, edge_points[i].encoding);
        struct kc_point point;
        bool ours = kc_point_decode(&point, KC_CURVE_ED25519, bytes, 32) == KC_OK;
        assert_true(!ours || crypto_core_ed25519_is_valid_point(bytes));
    }
    for (size_t round = 0; round < rounds(); round++) {
        uint8_t bytes[32];
        struct kc_point point;
        next_random(bytes, sizeof bytes);
        bool ours = kc_point_decode(&point, KC_CURVE_ED25519, bytes, 32) == KC_OK;
        assert_true(!ours || crypto_core_ed25519_is_valid_point(bytes));
    }
}

/* The birational map: libsodium's from Ed25519 to X25519, and its ladder. */
static void maps_to_montgomery_as_libsodium(void **state)
{
    (void)state;
    for (size_t round = 0; round < rounds(); round++) {
        uint8_t seed[32], public[32], secret[64], expected[32], clamped[32], bytes[57], agreed[57];
        next_random(seed, sizeof seed);
        crypto_sign_ed25519_seed_keypair(public, secret, seed);
        assert_int_equal(crypto_sign_ed25519_pk_to_curve25519(expected, public), 0);
        crypto_sign_ed25519_sk_to_curve25519(clamped, secret);
        struct kc_key key;
        struct kc_point peer;
        assert_int_equal(kc_key_from_seed(&key, KC_CURVE_X25519, clamped, 32), KC_OK);
        kc_point_encode_unsigned(&key.public, bytes);
        assert_memory_equal(bytes, expected, 32);
        next_random(seed, sizeof seed);
        crypto_scalarmult_curve25519_base(public, seed);
        assert_int_equal(crypto_scalarmult_curve25519(expected, clamped, public), 0);
        assert_int_equal(kc_point_decode_unsigned(&peer, KC_CURVE_X25519, public, 32), KC_OK);
        assert_int_equal(kc_agreement_agree(agreed, &key.scalar, &peer), KC_OK);
        assert_memory_equal(agreed, expected, 32);
    }
}

static int start_libsodium(void **state)
{
    (void)state;
    return sodium_init() < 0;
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(computes_in_the_group_as_libsodium),
        cmocka_unit_test(computes_with_scalars_as_libsodium),
        cmocka_unit_test(accepts_no_point_that_libsodium_refuses),
        cmocka_unit_test(maps_to_montgomery_as_libsodium),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, start_libsodium, NULL);
}
