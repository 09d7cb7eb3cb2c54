/* SPDX-License-Identifier: Apache-2.0 */
/* Who deals, who holds, and how many: what each purpose of a key generation's setup allows. */
#include "tests/threshold_protocols/dkg_world.h"

#include "threshold/dkg_setup.h"

#define CURVE KC_CURVE_ED25519

static struct kc_dkg_setup good_reshare(void)
{
    struct world *old = generated(CURVE, 2, 3);
    struct kc_dkg_setup setup = with_results(old);
    setup.purpose = KC_DKG_RESHARE;
    free_world(old);
    assert_int_equal(kc_dkg_setup_check(&setup), KC_OK);
    return setup;
}

/* The third of three has lost its share. */
static struct kc_dkg_setup good_mask(void)
{
    struct kc_dkg_setup setup = good_reshare();
    setup.purpose = KC_DKG_MASK;
    setup.lost = setup.parties[2].holder;
    setup.parties[2].dealer = setup.parties[2].holder = 0;
    assert_int_equal(kc_dkg_setup_check(&setup), KC_OK);
    return setup;
}

static void assert_refused(const struct kc_dkg_setup *setup)
{
    assert_int_equal(kc_dkg_setup_check(setup), KC_ERR_BAD_ARGUMENT);
}

static void a_generation_has_parties_that_deal_and_hold_under_one_index(void **state)
{
    (void)state;
    struct kc_dkg_setup setup = generation(CURVE, 2, 3);
    assert_int_equal(kc_dkg_setup_check(&setup), KC_OK);
    setup.parties[1].holder = 77;
    assert_refused(&setup);
    setup.parties[1].holder = setup.parties[1].dealer = 0;
    assert_refused(&setup);
}

static void a_generation_is_on_a_curve_among_two_or_more(void **state)
{
    (void)state;
    struct kc_dkg_setup setup = generation((enum kc_curve)99, 2, 3);
    assert_refused(&setup);
    setup = generation(CURVE, 1, 1);
    assert_refused(&setup);
}

static void a_reshare_has_no_party_with_nothing_to_do(void **state)
{
    (void)state;
    struct kc_dkg_setup setup = good_reshare();
    setup.party_count = 4;
    setup.parties[3] = (struct kc_dkg_party){.holder = 1000};
    assert_int_equal(kc_dkg_setup_check(&setup), KC_OK);
    setup.parties[3].holder = 0;
    assert_refused(&setup);
}

static void a_reshare_gives_no_index_twice(void **state)
{
    (void)state;
    struct kc_dkg_setup setup = good_reshare();
    setup.parties[1].holder = setup.parties[0].holder;
    assert_refused(&setup);
}

static void a_reshare_is_of_one_curve(void **state)
{
    (void)state;
    struct kc_dkg_setup setup = good_reshare();
    setup.parties[1].public = next_point(KC_CURVE_ED448);
    assert_refused(&setup);
    setup = good_reshare();
    setup.group = next_point(KC_CURVE_ED448);
    assert_refused(&setup);
}

static void a_mask_has_helpers_that_deal_and_hold_under_one_index(void **state)
{
    (void)state;
    struct kc_dkg_setup setup = good_mask();
    setup.parties[0].holder = 77;
    assert_refused(&setup);
    setup = good_mask();
    setup.parties[0].public = next_point(KC_CURVE_ED448);
    assert_refused(&setup);
}

static void a_mask_vanishes_at_an_index_that_no_helper_has(void **state)
{
    (void)state;
    struct kc_dkg_setup setup = good_mask();
    setup.lost = setup.parties[0].holder;
    assert_refused(&setup);
    setup.lost = 0;
    assert_refused(&setup);
}

/* One whose share is the key has nothing that could be masked. */
static void a_mask_has_a_threshold_of_two_or_more(void **state)
{
    (void)state;
    struct kc_dkg_setup setup = good_mask();
    setup.threshold = 1;
    assert_refused(&setup);
}

static void a_mask_is_for_one_party_that_lost_its_share(void **state)
{
    (void)state;
    struct kc_dkg_setup setup = good_mask();
    setup.party_count = 4;
    setup.parties[3] = (struct kc_dkg_party){.dealer = 0};
    assert_refused(&setup);
    setup = good_mask();
    setup.party_count = 2;
    assert_refused(&setup);
}

static void a_holders_public_share_is_known_once_all_offers_are_there(void **state)
{
    (void)state;
    struct world *w = started(CURVE);
    struct kc_point public;
    assert_int_equal(kc_dkg_holder_public(w->parties[0], 2, &public), KC_ERR_SESSION);
    give_offers(w);
    assert_int_equal(kc_dkg_holder_public(w->parties[0], 2, &public), KC_OK);
    kc_dkg_wipe(w->parties[0]);
    assert_int_equal(kc_dkg_holder_public(w->parties[0], 2, &public), KC_ERR_SESSION);
    free_world(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_generation_has_parties_that_deal_and_hold_under_one_index),
        cmocka_unit_test(a_generation_is_on_a_curve_among_two_or_more),
        cmocka_unit_test(a_reshare_has_no_party_with_nothing_to_do),
        cmocka_unit_test(a_reshare_gives_no_index_twice),
        cmocka_unit_test(a_reshare_is_of_one_curve),
        cmocka_unit_test(a_mask_has_helpers_that_deal_and_hold_under_one_index),
        cmocka_unit_test(a_mask_vanishes_at_an_index_that_no_helper_has),
        cmocka_unit_test(a_mask_has_a_threshold_of_two_or_more),
        cmocka_unit_test(a_mask_is_for_one_party_that_lost_its_share),
        cmocka_unit_test(a_holders_public_share_is_known_once_all_offers_are_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
