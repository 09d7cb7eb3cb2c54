/* SPDX-License-Identifier: Apache-2.0 */
/* Agreement by contributions is the agreement of the whole key, also where contributions meet. */
#include "tests/threshold/support.h"

#include "threshold/agreement.h"
#include "threshold/share.h"

#include <string.h>

static void contributions_add_up_to_what_the_whole_key_agrees(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        for (int round = 0; round < 20; round++) {
            struct kc_scalar whole = next_scalar(curve), peer_scalar = next_scalar(curve);
            struct kc_scalar shares[3];
            struct kc_point peer = base_times(&peer_scalar), contributions[3];
            uint8_t uniform[2 * KC_UNIFORM_SIZE];
            uint8_t by_shares[KC_POINT_SIZE_MAX], by_whole[KC_POINT_SIZE_MAX];
            next_random(uniform, sizeof uniform);
            assert_int_equal(kc_share_split(shares, 3, &whole, uniform, sizeof uniform), KC_OK);
            for (int i = 0; i < 3; i++)
                assert_int_equal(
                    kc_agreement_contribute(&contributions[i], &shares[i], NULL, NULL, &peer),
                    KC_OK);
            assert_int_equal(kc_agreement_combine(by_shares, contributions, 3), KC_OK);
            assert_int_equal(kc_agreement_agree(by_whole, &whole, &peer), KC_OK);
            assert_memory_equal(by_shares, by_whole, kc_curve_info(curve)->agreed_size);
        }
    }
}

/* RFC 7748 6.1 and 6.2 */
static void agrees_what_the_standard_prints(void **state)
{
    (void)state;
    static const struct {
        enum kc_curve curve;
        const char *seed, *peer, *agreed;
    } published[] = {
        {KC_CURVE_X25519, "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
            "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
            "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
        {KC_CURVE_X448,
            "9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28d"
            "d9c9baf574a9419744897391006382a6f127ab1d9ac2d8c0a598726b",
            "3eb7a829b0cd20f5bcfc0b599b6feccf6da4627107bdb0d4f345b430"
            "27d8b972fc3e34fb4232a13ca706dcb57aec3dae07bdc1c67bf33609",
            "07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282b"
            "b60c0b56fd2464c335543936521c24403085d59a449a5037514a879d"},
    };
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
        const struct kc_curve_info *info = kc_curve_info(published[i].curve);
        uint8_t seed[KC_SEED_SIZE_MAX], peer_bytes[KC_POINT_SIZE_MAX], agreed[KC_POINT_SIZE_MAX];
        struct kc_key key;
        struct kc_point peer;
        assert_int_equal(kc_key_from_seed(&key, info->curve, seed,
                             from_hex(seed, sizeof seed, published[i].seed)),
            KC_OK);
        size_t size = from_hex(peer_bytes, sizeof peer_bytes, published[i].peer);
        assert_int_equal(kc_point_decode_unsigned(&peer, info->curve, peer_bytes, size), KC_OK);
        assert_int_equal(kc_agreement_agree(agreed, &key.scalar, &peer), KC_OK);
        assert_hex(agreed, info->agreed_size, published[i].agreed);
    }
}

static void coefficient_and_offset_enter_as_stated(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        struct kc_scalar share = next_scalar(curve), coefficient = next_scalar(curve),
                         offset = next_scalar(curve), whole;
        struct kc_point peer = base_times(&offset), contribution, expected;
        kc_scalar_multiply(&whole, &share, &coefficient);
        kc_scalar_add(&whole, &whole, &offset);
        assert_int_equal(
            kc_agreement_contribute(&contribution, &share, &coefficient, &offset, &peer), KC_OK);
        assert_int_equal(kc_point_multiply(&expected, &whole, &peer), KC_OK);
        assert_true(kc_point_equal(&contribution, &expected));
        struct kc_scalar zero = small_scalar(curve, 0);
        assert_int_equal(kc_agreement_contribute(&contribution, &share, &zero, &offset, &peer),
            KC_ERR_SCALAR_RANGE);
        assert_int_equal(
            kc_agreement_contribute(&contribution, &share, &coefficient, &zero, &peer), KC_OK);
    }
}

static void a_result_that_would_be_the_identity_is_refused(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        struct kc_scalar share = next_scalar(curve), offset, zero = small_scalar(curve, 0);
        struct kc_point peer = base_point(curve), contributions[2];
        uint8_t agreed[KC_POINT_SIZE_MAX] = {0x55};
        kc_scalar_negate(&offset, &share);
        assert_int_equal(kc_agreement_contribute(&contributions[0], &share, NULL, &offset, &peer),
            KC_ERR_SCALAR_RANGE);
        assert_int_equal(kc_agreement_agree(agreed, &zero, &peer), KC_ERR_SCALAR_RANGE);
        assert_int_equal(
            kc_agreement_contribute(&contributions[0], &share, NULL, NULL, &peer), KC_OK);
        assert_int_equal(
            kc_agreement_contribute(&contributions[1], &offset, NULL, NULL, &peer), KC_OK);
        assert_int_equal(kc_agreement_combine(agreed, contributions, 2), KC_ERR_POINT_SMALL_ORDER);
        assert_int_equal(agreed[0], 0x55); /* untouched */
    }
}

static void equal_shares_double(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        struct kc_scalar share = next_scalar(curve), twice, seed = next_scalar(curve);
        struct kc_point peer = base_times(&seed), contributions[2];
        uint8_t by_shares[KC_POINT_SIZE_MAX], by_whole[KC_POINT_SIZE_MAX];
        kc_scalar_add(&twice, &share, &share);
        for (int i = 0; i < 2; i++)
            assert_int_equal(
                kc_agreement_contribute(&contributions[i], &share, NULL, NULL, &peer), KC_OK);
        assert_int_equal(kc_agreement_combine(by_shares, contributions, 2), KC_OK);
        assert_int_equal(kc_agreement_agree(by_whole, &twice, &peer), KC_OK);
        assert_memory_equal(by_shares, by_whole, kc_curve_info(curve)->agreed_size);
    }
}

/* With L - 1 the Montgomery recovery formula of the drafts gives 0/0; the contribution is -P. */
static void the_share_one_less_than_the_order_contributes_minus_the_point(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        struct kc_scalar last = minus_scalar(curve, 1), seed = next_scalar(curve);
        struct kc_point peer = base_times(&seed), contribution, negative;
        assert_int_equal(kc_agreement_contribute(&contribution, &last, NULL, NULL, &peer), KC_OK);
        kc_point_negate(&negative, &peer);
        assert_true(kc_point_equal(&contribution, &negative));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contributions_add_up_to_what_the_whole_key_agrees),
        cmocka_unit_test(agrees_what_the_standard_prints),
        cmocka_unit_test(coefficient_and_offset_enter_as_stated),
        cmocka_unit_test(a_result_that_would_be_the_identity_is_refused),
        cmocka_unit_test(equal_shares_double),
        cmocka_unit_test(the_share_one_less_than_the_order_contributes_minus_the_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
