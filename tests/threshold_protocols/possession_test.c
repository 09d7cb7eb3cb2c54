/* SPDX-License-Identifier: Apache-2.0 */
/* Proofs of possession: that who announces a key knows its secret. */
#include "tests/threshold_protocols/support.h"

#include "threshold/possession.h"

#define CONTEXT ((struct kc_span){(const uint8_t *)"key", 3})
#define OTHER ((struct kc_span){(const uint8_t *)"request", 7})

static void possession_is_proved_for_one_point_and_context(void **state)
{
    (void)state;
    FOR_EACH_GROUP(curve)
    {
        struct kc_scalar secret = next_scalar(curve);
        struct kc_point public = base_times(&secret), other = other_point(&public);
        struct kc_fresh fresh = next_fresh();
        struct kc_possession proof, wrong;
        assert_int_equal(kc_possession_prove(&proof, &secret, &public, CONTEXT, &fresh), KC_OK);
        assert_int_equal(kc_possession_verify(&proof, &public, CONTEXT), KC_OK);
        assert_int_equal(kc_possession_verify(&proof, &other, CONTEXT), KC_ERR_CONTRIBUTION);
        assert_int_equal(kc_possession_verify(&proof, &public, OTHER), KC_ERR_CONTRIBUTION);
        wrong = proof;
        wrong.response = other_scalar(&proof.response);
        assert_int_equal(kc_possession_verify(&wrong, &public, CONTEXT), KC_ERR_CONTRIBUTION);
        wrong = proof;
        wrong.commitment = other_point(&proof.commitment);
        assert_int_equal(kc_possession_verify(&wrong, &public, CONTEXT), KC_ERR_CONTRIBUTION);
        wrong.response = other_scalar(&proof.response); /* both moved by one: R is hashed, too */
        assert_int_equal(kc_possession_verify(&wrong, &public, CONTEXT), KC_ERR_CONTRIBUTION);
    }
}

/* The rogue key: target - others' key. Its maker does not know the logarithm. */
static void possession_of_a_rogue_key_is_not_proved(void **state)
{
    (void)state;
    struct kc_scalar mine = next_scalar(KC_CURVE_ED448);
    struct kc_point victim = next_point(KC_CURVE_ED448), rogue;
    kc_point_negate(&victim, &victim);
    struct kc_point parts[] = {base_times(&mine), victim};
    assert_int_equal(kc_point_sum(&rogue, parts, 2), KC_OK);
    struct kc_fresh fresh = next_fresh();
    struct kc_possession proof;
    assert_int_equal(kc_possession_prove(&proof, &mine, &rogue, CONTEXT, &fresh), KC_OK);
    assert_int_equal(kc_possession_verify(&proof, &rogue, CONTEXT), KC_ERR_CONTRIBUTION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(possession_is_proved_for_one_point_and_context),
        cmocka_unit_test(possession_of_a_rogue_key_is_not_proved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
