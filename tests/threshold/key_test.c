/* SPDX-License-Identifier: Apache-2.0 */
/* Keys from seeds and scalars, and composite keys. */
#include "tests/threshold/support.h"

#include "threshold/share.h"

#include <string.h>

/* RFC 7748 6.1 and 6.2 (X), RFC 8032 7.1 and 7.4 (Ed). */
static const struct {
    enum kc_curve curve;
    const char *seed, *public;
} published[] = {
    {KC_CURVE_X25519, "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"},
    {KC_CURVE_X25519, "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
        "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"},
    {KC_CURVE_X448,
        "9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28d"
        "d9c9baf574a9419744897391006382a6f127ab1d9ac2d8c0a598726b",
        "9b08f7cc31b7e3e67d22d5aea121074a273bd2b83de09c63faa73d2c"
        "22c5d9bbc836647241d953d40c5b12da88120d53177f80e532c41fa0"},
    {KC_CURVE_X448,
        "1c306a7ac2a0e2e0990b294470cba339e6453772b075811d8fad0d1d"
        "6927c120bb5ee8972b0d3e21374c9c921b09d1b0366f10b65173992d",
        "3eb7a829b0cd20f5bcfc0b599b6feccf6da4627107bdb0d4f345b430"
        "27d8b972fc3e34fb4232a13ca706dcb57aec3dae07bdc1c67bf33609"},
    {KC_CURVE_ED25519, "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"},
    {KC_CURVE_ED448,
        "6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960e"
        "f6e348a3528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b",
        "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d"
        "80e96778edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180"},
};

static void published_seeds_have_their_public_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
        uint8_t seed[KC_SEED_SIZE_MAX], public[KC_POINT_SIZE_MAX];
        size_t size = from_hex(seed, sizeof seed, published[i].seed);
        const struct kc_curve_info *info = kc_curve_info(published[i].curve);
        struct kc_key key;
        assert_int_equal(kc_key_from_seed(&key, info->curve, seed, size), KC_OK);
        assert_int_equal(key.seeded, info->signs);
        kc_point_encode(&key.public, public);
        assert_hex(
            public, info->signs ? info->point_size : info->unsigned_size, published[i].public);
    }
}

/* The Mesh's Ed448 octets are one fewer than RFC 8032 has; they are hashed as they are. */
static void the_mesh_form_of_an_ed448_seed_is_accepted(void **state)
{
    (void)state;
    uint8_t seed[KC_SEED_SIZE_MAX] = {1};
    struct kc_key mesh, standard;
    assert_int_equal(kc_key_from_seed(&mesh, KC_CURVE_ED448, seed, KC_ED448_MESH_SEED_SIZE), KC_OK);
    assert_int_equal(kc_key_from_seed(&standard, KC_CURVE_ED448, seed, 57), KC_OK);
    assert_false(kc_point_equal(&mesh.public, &standard.public));
}

static void refuses_seeds_of_other_sizes(void **state)
{
    (void)state;
    uint8_t seed[KC_SEED_SIZE_MAX + 1] = {1};
    struct kc_key key;
    FOR_EACH_CURVE(curve)
    for (size_t size = 0; size <= sizeof seed; size++)
        if (size != kc_curve_info(curve)->seed_size && curve != KC_CURVE_ED448)
            assert_int_equal(kc_key_from_seed(&key, curve, seed, size), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_key_from_seed(&key, KC_CURVE_ED448, seed, 55), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_key_from_seed(&key, KC_CURVE_ED448, seed, 58), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_key_from_seed(&key, KC_CURVE_P256, seed, 0), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_key_from_seed(&key, (enum kc_curve)99, seed, 32), KC_ERR_BAD_ARGUMENT);
}

static void expansion_clamps_as_the_standards_say(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        const struct kc_curve_info *info = kc_curve_info(curve);
        uint8_t seed[KC_SEED_SIZE_MAX], integer[KC_SCALAR_SIZE_MAX], prefix[KC_PREFIX_SIZE_MAX];
        memset(seed, 0xff, sizeof seed);
        assert_int_equal(kc_key_expand_seed(curve, seed, info->seed_size, integer, prefix), KC_OK);
        if (info->scalar_size == 32) {
            assert_int_equal(integer[0] & 7, 0);
            assert_int_equal(integer[31] & 0xc0, 0x40);
        } else {
            assert_int_equal(integer[0] & 3, 0);
            assert_int_equal(integer[55] & 0x80, 0x80);
        }
    }
}

static void a_key_from_a_scalar_cannot_sign_without_randomness(void **state)
{
    (void)state;
    struct kc_scalar scalar = next_scalar(KC_CURVE_ED448), zero = small_scalar(KC_CURVE_ED448, 0);
    struct kc_key key;
    assert_int_equal(kc_key_from_scalar(&key, &scalar), KC_OK);
    assert_false(key.seeded);
    struct kc_point expected = base_times(&scalar);
    assert_true(kc_point_equal(&key.public, &expected));
    assert_int_equal(kc_key_from_scalar(&key, &zero), KC_ERR_SCALAR_RANGE);
}

static void the_sum_of_keys_has_the_sum_of_points(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        struct kc_scalar scalars[3], sum;
        struct kc_point points[3], composite;
        for (int i = 0; i < 3; i++) {
            scalars[i] = next_scalar(curve);
            points[i] = base_times(&scalars[i]);
        }
        assert_int_equal(kc_share_combine(&sum, scalars, 3), KC_OK);
        assert_int_equal(kc_point_sum(&composite, points, 3), KC_OK);
        struct kc_point expected = base_times(&sum);
        assert_true(kc_point_equal(&composite, &expected));
    }
}

static void a_composite_key_is_the_sum_of_its_parts_and_has_no_prefix(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        struct kc_key parts[3], composite;
        struct kc_scalar scalars[3], sum;
        struct kc_point points[3], point;
        for (size_t i = 0; i < 3; i++) {
            uint8_t seed[KC_SEED_SIZE_MAX];
            next_random(seed, sizeof seed);
            assert_int_equal(
                kc_key_from_seed(&parts[i], curve, seed, kc_curve_info(curve)->seed_size), KC_OK);
            scalars[i] = parts[i].scalar;
            points[i] = parts[i].public;
        }
        assert_int_equal(kc_key_compose(&composite, parts, 3), KC_OK);
        assert_int_equal(kc_share_combine(&sum, scalars, 3), KC_OK);
        assert_int_equal(kc_point_sum(&point, points, 3), KC_OK);
        assert_true(kc_scalar_equal(&composite.scalar, &sum));
        assert_true(kc_point_equal(&composite.public, &point));
        assert_false(composite.seeded);
        kc_scalar_negate(&parts[1].scalar, &parts[0].scalar);
        assert_int_equal(kc_key_compose(&composite, parts, 2), KC_ERR_SCALAR_RANGE);
        assert_int_equal(kc_key_compose(&composite, parts, 0), KC_ERR_SCALAR_RANGE);
    }
}

static void wiping_leaves_nothing(void **state)
{
    (void)state;
    static const struct kc_key nothing;
    uint8_t seed[32] = {1};
    struct kc_key key;
    assert_int_equal(kc_key_from_seed(&key, KC_CURVE_ED25519, seed, sizeof seed), KC_OK);
    kc_key_wipe(&key);
    assert_memory_equal(&key, &nothing, sizeof key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_seeds_have_their_public_keys),
        cmocka_unit_test(the_mesh_form_of_an_ed448_seed_is_accepted),
        cmocka_unit_test(refuses_seeds_of_other_sizes),
        cmocka_unit_test(expansion_clamps_as_the_standards_say),
        cmocka_unit_test(a_key_from_a_scalar_cannot_sign_without_randomness),
        cmocka_unit_test(the_sum_of_keys_has_the_sum_of_points),
        cmocka_unit_test(a_composite_key_is_the_sum_of_its_parts_and_has_no_prefix),
        cmocka_unit_test(wiping_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
