/* SPDX-License-Identifier: Apache-2.0 */
/* A lost share is given back, also with a helper that cheats. */
#include "tests/threshold_protocols/dkg_world.h"

#include "threshold/repair.h"

#include <string.h>

/* Four holders, 3 of 4; the last has lost its share, the others help. */
struct repair_world {
    struct world *old, *masks;
    struct kc_repair repairs[PARTIES];
    struct kc_scalar helps[PARTIES];
};

enum { LOST = 3 };

static void begin_repair(struct repair_world *r, enum kc_curve curve)
{
    memset(r, 0, sizeof *r);
    r->old = generated(curve, THRESHOLD, PARTIES);
    struct kc_dkg_setup setup = with_results(r->old);
    setup.purpose = KC_DKG_MASK;
    setup.lost = setup.parties[LOST].holder;
    setup.parties[LOST].dealer = setup.parties[LOST].holder = 0;
    r->masks = make_world(&setup);
    run(r->masks, NULL);
    for (uint32_t i = 0; i < PARTIES; i++)
        assert_int_equal(kc_repair_init(&r->repairs[i], r->masks->parties[i]), KC_OK);
    for (uint32_t i = 0; i < LOST; i++)
        assert_int_equal(
            kc_repair_help(&r->repairs[i], &r->old->results[i].share, &r->helps[i]), KC_OK);
}

static void end_repair(struct repair_world *r)
{
    free_world(r->old);
    free_world(r->masks);
}

static void a_lost_share_is_repaired_as_it_was(void **state)
{
    (void)state;
    FOR_EACH_GROUP(curve)
    {
        struct repair_world r;
        struct kc_scalar share;
        begin_repair(&r, curve);
        assert_int_equal(kc_repair_finish(&r.repairs[LOST], &share), KC_ERR_SESSION);
        for (uint32_t i = 0; i < LOST; i++)
            assert_int_equal(kc_repair_receive(&r.repairs[LOST], i, &r.helps[i]), KC_OK);
        assert_int_equal(kc_repair_receive(&r.repairs[LOST], 0, &r.helps[0]), KC_ERR_EXISTS);
        assert_int_equal(
            kc_repair_receive(&r.repairs[LOST], LOST, &r.helps[0]), KC_ERR_CONTRIBUTION);
        for (uint32_t i = 0; i < LOST; i++) /* what it saw is not the helper's share */
            assert_false(kc_scalar_equal(&r.repairs[LOST].values[i], &r.old->results[i].share));
        assert_int_equal(kc_repair_finish(&r.repairs[LOST], &share), KC_OK);
        assert_true(kc_scalar_equal(&share, &r.old->results[LOST].share));
        assert_true(kc_scalar_is_zero(&r.repairs[LOST].values[0])); /* wiped */
        end_repair(&r);
    }
}

static void wrong_help_is_shown_to_all_and_its_sender_named(void **state)
{
    (void)state;
    FOR_EACH_GROUP(curve)
    {
        struct repair_world r;
        struct kc_dkg_complaint complaint;
        struct kc_fresh fresh = next_fresh();
        struct kc_scalar share;
        uint32_t culprit = 99;
        begin_repair(&r, curve);
        r.helps[CHEAT] = other_scalar(&r.helps[CHEAT]);
        assert_int_equal(
            kc_repair_receive(&r.repairs[LOST], CHEAT, &r.helps[CHEAT]), KC_ERR_CONTRIBUTION);
        assert_int_equal(kc_repair_receive(&r.repairs[HONEST], CHEAT, &r.helps[CHEAT]), KC_OK);
        assert_int_equal(kc_repair_complain(&r.repairs[LOST], &complaint, CHEAT, &fresh), KC_OK);
        assert_int_equal(kc_repair_judge(&r.repairs[HONEST], &complaint, &culprit), KC_OK);
        assert_int_equal(culprit, CHEAT);
        assert_int_equal(kc_repair_judge(&r.repairs[CHEAT], &complaint, &culprit), KC_ERR_CONFLICT);
        assert_int_equal(kc_repair_finish(&r.repairs[LOST], &share), KC_ERR_SESSION);
        end_repair(&r);
    }
}

static void a_false_complaint_about_help_names_who_lost_the_share(void **state)
{
    (void)state;
    struct repair_world r;
    struct kc_dkg_complaint complaint;
    struct kc_fresh fresh = next_fresh();
    uint32_t culprit = 99;
    begin_repair(&r, KC_CURVE_ED448);
    assert_int_equal(kc_repair_receive(&r.repairs[LOST], OTHER, &r.helps[OTHER]), KC_OK);
    assert_int_equal(kc_repair_receive(&r.repairs[HONEST], OTHER, &r.helps[OTHER]), KC_OK);
    assert_int_equal(
        kc_repair_complain(&r.repairs[LOST], &complaint, OTHER, &fresh), KC_ERR_BAD_ARGUMENT);
    r.repairs[LOST].refused = 1u << OTHER;
    assert_int_equal(kc_repair_complain(&r.repairs[LOST], &complaint, OTHER, &fresh), KC_OK);
    assert_int_equal(kc_repair_judge(&r.repairs[HONEST], &complaint, &culprit), KC_OK);
    assert_int_equal(culprit, LOST);
    complaint.revealed.key = other_point(&complaint.revealed.key);
    assert_int_equal(kc_repair_judge(&r.repairs[HONEST], &complaint, &culprit), KC_OK);
    assert_int_equal(culprit, LOST);
    end_repair(&r);
}

static void only_helpers_help_and_with_their_own_share(void **state)
{
    (void)state;
    struct repair_world r;
    struct kc_scalar help;
    begin_repair(&r, KC_CURVE_X25519);
    assert_int_equal(
        kc_repair_help(&r.repairs[LOST], &r.old->results[LOST].share, &help), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_repair_help(&r.repairs[HONEST], &r.old->results[OTHER].share, &help),
        KC_ERR_BAD_ARGUMENT);
    end_repair(&r);
}

/* A mask that does not vanish at the lost index would change the share. */
static void a_mask_that_does_not_vanish_is_refused(void **state)
{
    (void)state;
    struct world *old = generated(KC_CURVE_ED25519, THRESHOLD, PARTIES), *w;
    struct kc_dkg_setup setup = with_results(old);
    setup.purpose = KC_DKG_MASK;
    setup.lost = setup.parties[LOST].holder;
    setup.parties[LOST].dealer = setup.parties[LOST].holder = 0;
    w = make_world(&setup);
    start(w, NULL);
    w->offers[CHEAT].commitments[1] = other_point(&w->offers[CHEAT].commitments[1]);
    assert_int_equal(offer_to_honest(w, &w->offers[CHEAT]), KC_ERR_CONTRIBUTION);
    free_world(old);
    free_world(w);
}

static void repair_waits_for_masks_that_are_complete(void **state)
{
    (void)state;
    struct kc_repair repair;
    struct world *w = started(KC_CURVE_ED25519);
    assert_int_equal(kc_repair_init(&repair, w->parties[0]), KC_ERR_SESSION);
    give_offers(w);
    make_deals(w);
    give_deals(w);
    confirm(w);
    assert_int_equal(kc_repair_init(&repair, w->parties[0]), KC_ERR_SESSION); /* a generation */
    free_world(w);
    struct world *old = generated(KC_CURVE_ED25519, THRESHOLD, PARTIES);
    struct kc_dkg_setup setup = with_results(old);
    setup.purpose = KC_DKG_MASK;
    setup.lost = setup.parties[LOST].holder;
    setup.parties[LOST].dealer = setup.parties[LOST].holder = 0;
    w = make_world(&setup);
    start(w, NULL);
    give_offers(w);
    assert_int_equal(kc_repair_init(&repair, w->parties[0]), KC_ERR_SESSION);
    free_world(w);
    free_world(old);
}

/* All help is there, but some of it was wrong; or it is not the one who lost the share who asks. */
static void a_share_is_given_to_who_lost_it_when_all_help_was_right(void **state)
{
    (void)state;
    struct repair_world r;
    struct kc_scalar share;
    begin_repair(&r, KC_CURVE_ED25519);
    for (uint32_t i = 0; i < LOST; i++)
        if (i != HONEST)
            assert_int_equal(kc_repair_receive(&r.repairs[HONEST], i, &r.helps[i]), KC_OK);
    assert_int_equal(kc_repair_finish(&r.repairs[HONEST], &share), KC_ERR_SESSION);
    r.helps[CHEAT] = other_scalar(&r.helps[CHEAT]);
    for (uint32_t i = 0; i < LOST; i++)
        assert_int_equal(kc_repair_receive(&r.repairs[LOST], i, &r.helps[i]),
            i == CHEAT ? KC_ERR_CONTRIBUTION : KC_OK);
    assert_int_equal(kc_repair_finish(&r.repairs[LOST], &share), KC_ERR_SESSION);
    end_repair(&r);
}

static void a_complaint_about_help_that_is_not_there_is_refused(void **state)
{
    (void)state;
    struct repair_world r;
    struct kc_dkg_complaint complaint;
    struct kc_fresh fresh = next_fresh();
    uint32_t culprit = 99;
    begin_repair(&r, KC_CURVE_ED25519);
    r.helps[CHEAT] = other_scalar(&r.helps[CHEAT]);
    assert_int_equal(
        kc_repair_receive(&r.repairs[LOST], CHEAT, &r.helps[CHEAT]), KC_ERR_CONTRIBUTION);
    assert_int_equal(kc_repair_complain(&r.repairs[LOST], &complaint, CHEAT, &fresh), KC_OK);
    assert_int_equal(
        kc_repair_judge(&r.repairs[HONEST], &complaint, &culprit), KC_ERR_BAD_ARGUMENT);
    complaint.accused = LOST;
    assert_int_equal(
        kc_repair_judge(&r.repairs[HONEST], &complaint, &culprit), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(culprit, 99);
    end_repair(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_share_is_repaired_as_it_was),
        cmocka_unit_test(wrong_help_is_shown_to_all_and_its_sender_named),
        cmocka_unit_test(a_false_complaint_about_help_names_who_lost_the_share),
        cmocka_unit_test(only_helpers_help_and_with_their_own_share),
        cmocka_unit_test(a_mask_that_does_not_vanish_is_refused),
        cmocka_unit_test(repair_waits_for_masks_that_are_complete),
        cmocka_unit_test(a_share_is_given_to_who_lost_it_when_all_help_was_right),
        cmocka_unit_test(a_complaint_about_help_that_is_not_there_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
