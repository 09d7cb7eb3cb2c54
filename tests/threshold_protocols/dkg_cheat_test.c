/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key generation and reshare with a party that cheats, message by message: what it sends is refused,
 * and everybody names it.
 */
#include "tests/threshold_protocols/dkg_world.h"

#include <stdlib.h>
#include <string.h>

static void a_wrong_offer_is_the_senders(void **state)
{
    (void)state;
    FOR_EACH_PURPOSE(purpose)
    for (int what = 0; what < 8; what++) {
        enum kc_curve curve = (enum kc_curve)(1 + what % KC_CURVE_P256);
        struct world *w = started_for(purpose, curve);
        struct kc_dkg_offer *offer = &w->offers[CHEAT];
        switch (what) {
        case 0:
            offer->seal_key = other_point(&offer->seal_key);
            break;
        case 1:
            offer->seal_possession.response = other_scalar(&offer->seal_possession.response);
            break;
        case 2:
            offer->commitments[0] = other_point(&offer->commitments[0]);
            break;
        case 3:
            offer->possession.response = other_scalar(&offer->possession.response);
            break;
        case 4:
            offer->count--;
            break; /* a lower threshold */
        case 5:
            offer->commitments[offer->count++] = offer->seal_key;
            break; /* a higher one */
        case 6:
            offer->count = 0;
            break;
        case 7:
            *offer = w->offers[OTHER];
            break; /* someone else's */
        default:
            fail();
        }
        assert_int_equal(offer_to_honest(w, offer), KC_ERR_CONTRIBUTION);
        free_world(w);
    }
}

/* C_0 = target - everybody else's: the cheat would choose the key. */
static void a_rogue_key_is_refused(void **state)
{
    (void)state;
    struct world *w = started(KC_CURVE_ED25519);
    struct kc_scalar mine = next_scalar(KC_CURVE_ED25519);
    struct kc_point parts[PARTIES] = {base_times(&mine)}, rogue;
    for (uint32_t i = 0, at = 1; i < PARTIES; i++)
        if (i != CHEAT)
            kc_point_negate(&parts[at++], &w->offers[i].commitments[0]);
    assert_int_equal(kc_point_sum(&rogue, parts, PARTIES), KC_OK);
    w->offers[CHEAT].commitments[0] = rogue;
    w->offers[CHEAT].possession = prove_as_cheat(w, 2, &mine, &rogue);
    assert_int_equal(offer_to_honest(w, &w->offers[CHEAT]), KC_ERR_CONTRIBUTION);
    /* The same proof of the key that is the cheat's own would do. */
    w->offers[CHEAT].commitments[0] = parts[0];
    w->offers[CHEAT].possession = prove_as_cheat(w, 2, &mine, &parts[0]);
    assert_int_equal(offer_to_honest(w, &w->offers[CHEAT]), KC_OK);
    free_world(w);
}

static void an_offer_of_another_session_is_refused(void **state)
{
    (void)state;
    FOR_EACH_PURPOSE(purpose)
    {
        struct world *before = started_for(purpose, KC_CURVE_X448);
        struct world *w = make_world(&before->setup); /* all is the same but the session */
        start(w, before->shares);
        assert_int_equal(offer_to_honest(w, &before->offers[CHEAT]), KC_ERR_CONTRIBUTION);
        assert_int_equal(offer_to_honest(w, &w->offers[CHEAT]), KC_OK);
        free_world(w);
        free_world(before);
    }
}

static void a_second_message_of_one_sender_is_refused(void **state)
{
    (void)state;
    struct world *w = started(KC_CURVE_ED25519);
    uint32_t suspect;
    assert_int_equal(offer_to_honest(w, &w->offers[CHEAT]), KC_OK);
    assert_int_equal(offer_to_honest(w, &w->offers[CHEAT]), KC_ERR_EXISTS);
    free_world(w);
    w = started(KC_CURVE_ED25519);
    give_offers(w);
    make_deals(w);
    assert_int_equal(kc_dkg_receive_deal(w->parties[HONEST], CHEAT, &w->deals[CHEAT]), KC_OK);
    assert_int_equal(
        kc_dkg_receive_deal(w->parties[HONEST], CHEAT, &w->deals[CHEAT]), KC_ERR_EXISTS);
    free_world(w);
    w = started(KC_CURVE_ED25519);
    give_offers(w);
    make_deals(w);
    give_deals(w);
    confirm(w);
    assert_int_equal(
        kc_dkg_receive_confirmation(w->parties[HONEST], CHEAT, &w->confirmations[CHEAT], &suspect),
        KC_ERR_EXISTS);
    free_world(w);
}

static void messages_out_of_their_phase_are_refused(void **state)
{
    (void)state;
    struct world *w = started(KC_CURVE_ED25519);
    struct kc_dkg_deal deal;
    struct kc_dkg_confirmation confirmation = {.count = PARTIES};
    struct kc_dkg_result result;
    uint32_t suspect;
    struct kc_dkg *honest = w->parties[HONEST];
    assert_int_equal(kc_dkg_make_deal(honest, &deal), KC_ERR_SESSION);
    assert_int_equal(kc_dkg_receive_deal(honest, CHEAT, &deal), KC_ERR_SESSION);
    assert_int_equal(kc_dkg_confirm(honest, &confirmation), KC_ERR_SESSION);
    assert_int_equal(
        kc_dkg_receive_confirmation(honest, CHEAT, &confirmation, &suspect), KC_ERR_SESSION);
    assert_int_equal(kc_dkg_finish(honest, &result), KC_ERR_SESSION);
    give_offers(w);
    assert_int_equal(kc_dkg_receive_offer(honest, CHEAT, &w->offers[CHEAT]), KC_ERR_SESSION);
    make_deals(w);
    give_deals(w);
    assert_int_equal(kc_dkg_receive_deal(honest, CHEAT, &w->deals[CHEAT]), KC_ERR_SESSION);
    assert_int_equal(kc_dkg_finish(honest, &result), KC_ERR_SESSION);
    confirm(w);
    finish(w);
    assert_int_equal(kc_dkg_finish(honest, &result), KC_ERR_SESSION); /* twice */
    assert_int_equal(kc_dkg_receive_offer(honest, 77, &w->offers[CHEAT]), KC_ERR_SESSION);
    free_world(w);
}

static void a_sender_that_is_no_party_is_refused(void **state)
{
    (void)state;
    struct world *w = started(KC_CURVE_ED25519);
    assert_int_equal(
        kc_dkg_receive_offer(w->parties[HONEST], PARTIES, &w->offers[CHEAT]), KC_ERR_CONTRIBUTION);
    assert_int_equal(
        kc_dkg_receive_offer(w->parties[HONEST], 1000, &w->offers[CHEAT]), KC_ERR_CONTRIBUTION);
    uint32_t suspect = 99;
    give_offers(w);
    make_deals(w);
    give_deals(w);
    assert_int_equal(kc_dkg_confirm(w->parties[CHEAT], &w->confirmations[CHEAT]), KC_OK);
    assert_int_equal(kc_dkg_receive_confirmation(
                         w->parties[HONEST], PARTIES, &w->confirmations[CHEAT], &suspect),
        KC_ERR_CONTRIBUTION);
    assert_int_equal(suspect, PARTIES);
    free_world(w);
}

static void a_wrong_share_is_shown_to_all_and_its_dealer_named(void **state)
{
    (void)state;
    FOR_EACH_PURPOSE(purpose)
    FOR_EACH_GROUP(curve)
    {
        struct world *w = dealt(purpose, curve, true);
        struct kc_dkg_complaint complaint;
        struct kc_fresh fresh = next_fresh();
        uint32_t culprit = 99;
        assert_int_equal(kc_dkg_complain(w->parties[HONEST], &complaint, CHEAT, &fresh), KC_OK);
        for (uint32_t judge = 0; judge < PARTIES; judge++) {
            if (judge == CHEAT) /* it has its own, right deal: the messages differ */
                continue;
            assert_int_equal(kc_dkg_judge(w->parties[judge], HONEST, &complaint, &culprit), KC_OK);
            assert_int_equal(culprit, CHEAT);
        }
        free_world(w);
    }
}

/* The liar's own state is made to believe that the share was wrong. */
static void a_false_complaint_names_its_sender(void **state)
{
    (void)state;
    FOR_EACH_PURPOSE(purpose)
    {
        struct world *w = dealt(purpose, KC_CURVE_ED25519, false);
        struct kc_dkg_complaint complaint, altered;
        struct kc_fresh fresh = next_fresh();
        uint32_t culprit = 99;
        struct kc_dkg *liar = w->parties[OTHER];
        assert_int_equal(kc_dkg_complain(liar, &complaint, CHEAT, &fresh), KC_ERR_BAD_ARGUMENT);
        liar->refused = 1u << CHEAT;
        assert_int_equal(kc_dkg_complain(liar, &complaint, CHEAT, &fresh), KC_OK);
        assert_int_equal(kc_dkg_judge(w->parties[HONEST], OTHER, &complaint, &culprit), KC_OK);
        assert_int_equal(culprit, OTHER);
        altered = complaint; /* a wrong pairwise key */
        altered.revealed.key = other_point(&complaint.revealed.key);
        assert_int_equal(kc_dkg_judge(w->parties[HONEST], OTHER, &altered, &culprit), KC_OK);
        assert_int_equal(culprit, OTHER);
        altered = complaint; /* a wrong proof */
        altered.revealed.proof.response = other_scalar(&complaint.revealed.proof.response);
        assert_int_equal(kc_dkg_judge(w->parties[HONEST], OTHER, &altered, &culprit), KC_OK);
        assert_int_equal(culprit, OTHER);
        assert_int_equal(/* another's complaint, replayed */
            kc_dkg_judge(w->parties[3], HONEST, &complaint, &culprit), KC_OK);
        assert_int_equal(culprit, HONEST);
        free_world(w);
    }
}

/* The dealer sends a wrong deal to one party only. The judge has the other one. */
static void a_complaint_about_other_messages_than_the_judges_names_nobody(void **state)
{
    (void)state;
    struct world *w = started(KC_CURVE_ED25519);
    struct kc_dkg_complaint complaint;
    struct kc_fresh fresh = next_fresh();
    uint32_t culprit = 99;
    give_offers(w);
    make_deals(w);
    assert_int_equal(kc_dkg_receive_deal(w->parties[OTHER], CHEAT, &w->deals[CHEAT]), KC_OK);
    w->deals[CHEAT].sealed[HONEST] = other_scalar(&w->deals[CHEAT].sealed[HONEST]);
    assert_int_equal(
        kc_dkg_receive_deal(w->parties[HONEST], CHEAT, &w->deals[CHEAT]), KC_ERR_CONTRIBUTION);
    assert_int_equal(kc_dkg_complain(w->parties[HONEST], &complaint, CHEAT, &fresh), KC_OK);
    assert_int_equal(
        kc_dkg_judge(w->parties[OTHER], HONEST, &complaint, &culprit), KC_ERR_CONFLICT);
    assert_int_equal(culprit, 99);
    free_world(w);
}

static void complaints_about_or_by_nobody_are_refused(void **state)
{
    (void)state;
    struct world *w = dealt(KC_DKG_GENERATE, KC_CURVE_ED25519, true);
    struct kc_dkg_complaint complaint;
    struct kc_fresh fresh = next_fresh();
    uint32_t culprit = 99;
    assert_int_equal(kc_dkg_complain(w->parties[HONEST], &complaint, CHEAT, &fresh), KC_OK);
    assert_int_equal(kc_dkg_judge(w->parties[OTHER], 9, &complaint, &culprit), KC_ERR_BAD_ARGUMENT);
    complaint.accused = 3; /* whose deal is not there yet */
    assert_int_equal(
        kc_dkg_judge(w->parties[OTHER], HONEST, &complaint, &culprit), KC_ERR_BAD_ARGUMENT);
    complaint.accused = 255;
    assert_int_equal(
        kc_dkg_judge(w->parties[OTHER], HONEST, &complaint, &culprit), KC_ERR_BAD_ARGUMENT);
    free_world(w);
}

static void nobody_finishes_after_a_wrong_share(void **state)
{
    (void)state;
    struct world *w = dealt(KC_DKG_GENERATE, KC_CURVE_ED25519, true);
    struct kc_dkg_confirmation confirmation;
    struct kc_dkg_result result;
    struct kc_dkg *honest = w->parties[HONEST];
    assert_int_equal(kc_dkg_receive_deal(honest, OTHER, &w->deals[OTHER]), KC_OK);
    assert_int_equal(kc_dkg_receive_deal(honest, 3, &w->deals[3]), KC_OK);
    assert_int_equal(kc_dkg_confirm(honest, &confirmation), KC_ERR_SESSION);
    assert_int_equal(kc_dkg_finish(honest, &result), KC_ERR_SESSION);
    free_world(w);
}

static void a_deal_with_too_few_or_too_many_shares_is_the_senders(void **state)
{
    (void)state;
    struct world *w = started(KC_CURVE_ED448);
    give_offers(w);
    make_deals(w);
    w->deals[CHEAT].count--;
    assert_int_equal(
        kc_dkg_receive_deal(w->parties[HONEST], CHEAT, &w->deals[CHEAT]), KC_ERR_CONTRIBUTION);
    w->deals[CHEAT].count += 2;
    w->deals[CHEAT].sealed[PARTIES] = w->deals[CHEAT].sealed[0];
    assert_int_equal(
        kc_dkg_receive_deal(w->parties[HONEST], CHEAT, &w->deals[CHEAT]), KC_ERR_CONTRIBUTION);
    free_world(w);
}

/* Two offers, each right, to two parties: each completes, until they compare. */
static void equivocate(enum kc_dkg_purpose purpose)
{
    struct world *w = started_for(purpose, KC_CURVE_ED25519);
    struct kc_dkg *twin = calloc(1, sizeof *twin);
    struct kc_dkg_offer offer;
    struct kc_dkg_deal deal;
    struct kc_dkg_confirmation confirmation;
    struct kc_fresh fresh = next_fresh();
    uint32_t suspect = 99;
    assert_int_equal(kc_dkg_start(twin, &offer, &w->setup, CHEAT,
                         purpose == KC_DKG_RESHARE ? &w->shares[CHEAT] : NULL, &fresh),
        KC_OK);
    for (uint32_t to = 0; to < PARTIES; to++)
        for (uint32_t from = 0; from < PARTIES; from++)
            if (to != from)
                assert_int_equal(kc_dkg_receive_offer(w->parties[to], from,
                                     from == CHEAT && to == OTHER ? &offer : &w->offers[from]),
                    KC_OK);
    for (uint32_t from = 0; from < PARTIES; from++)
        if (from != CHEAT)
            assert_int_equal(kc_dkg_receive_offer(twin, from, &w->offers[from]), KC_OK);
    make_deals(w);
    assert_int_equal(kc_dkg_make_deal(twin, &deal), KC_OK);
    for (uint32_t from = 0; from < PARTIES; from++) {
        if (w->setup.parties[from].dealer == 0)
            continue;
        if (from != HONEST)
            assert_int_equal(kc_dkg_receive_deal(w->parties[HONEST], from, &w->deals[from]), KC_OK);
        if (from == HONEST || from == 3) /* these deal under the offer that they saw */
            assert_int_equal(kc_dkg_receive_deal(w->parties[OTHER], from, &w->deals[from]), KC_OK);
    }
    assert_int_equal(kc_dkg_receive_deal(w->parties[OTHER], CHEAT, &deal), KC_OK);
    assert_int_equal(kc_dkg_confirm(w->parties[OTHER], &confirmation), KC_OK);
    assert_int_equal(
        kc_dkg_receive_confirmation(w->parties[HONEST], OTHER, &confirmation, &suspect),
        KC_ERR_CONTRIBUTION);
    assert_int_equal(suspect, CHEAT);
    assert_int_equal(kc_dkg_finish(w->parties[HONEST], &w->results[HONEST]), KC_ERR_SESSION);
    free(twin);
    free_world(w);
}

static void an_equivocation_is_found_and_its_sender_named(void **state)
{
    (void)state;
    FOR_EACH_PURPOSE(purpose)
    equivocate(purpose);
}

static void a_confirmation_of_another_count_is_the_senders(void **state)
{
    (void)state;
    FOR_EACH_PURPOSE(purpose)
    {
        struct world *w = started_for(purpose, KC_CURVE_ED25519);
        uint32_t suspect = 99;
        give_offers(w);
        make_deals(w);
        give_deals(w);
        assert_int_equal(kc_dkg_confirm(w->parties[CHEAT], &w->confirmations[CHEAT]), KC_OK);
        w->confirmations[CHEAT].count--;
        assert_int_equal(kc_dkg_receive_confirmation(
                             w->parties[HONEST], CHEAT, &w->confirmations[CHEAT], &suspect),
            KC_ERR_CONTRIBUTION);
        assert_int_equal(suspect, CHEAT);
        free_world(w);
    }
}

/* What a party says of itself differs from what it sent: it sent two things, or it lies now. */
static void a_confirmation_with_a_wrong_hash_names_whose_messages_differ(void **state)
{
    (void)state;
    FOR_EACH_PURPOSE(purpose)
    {
        struct world *w = started_for(purpose, KC_CURVE_ED25519), *before;
        uint32_t suspect = 99;
        give_offers(w);
        make_deals(w);
        give_deals(w);
        assert_int_equal(kc_dkg_confirm(w->parties[CHEAT], &w->confirmations[CHEAT]), KC_OK);
        w->confirmations[CHEAT].hashes[CHEAT][0] ^= 1;
        assert_int_equal(kc_dkg_receive_confirmation(
                             w->parties[HONEST], CHEAT, &w->confirmations[CHEAT], &suspect),
            KC_ERR_CONTRIBUTION);
        assert_int_equal(suspect, CHEAT);
        before = make_world(&w->setup); /* one of another session, replayed */
        run(before, w->shares);
        assert_int_equal(kc_dkg_receive_confirmation(
                             w->parties[HONEST], CHEAT, &before->confirmations[CHEAT], &suspect),
            KC_ERR_CONTRIBUTION);
        free_world(before);
        free_world(w);
    }
}

/* The deal of another session, where the sealing keys were others: it opens to nothing right. */
static void a_deal_of_another_session_is_shown_to_all_and_its_dealer_named(void **state)
{
    (void)state;
    FOR_EACH_PURPOSE(purpose)
    {
        struct world *before = dealt(purpose, KC_CURVE_ED448, false);
        struct world *w = make_world(&before->setup);
        struct kc_dkg_complaint complaint;
        struct kc_fresh fresh = next_fresh();
        uint32_t culprit = 99;
        start(w, before->shares);
        give_offers(w);
        assert_int_equal(kc_dkg_receive_deal(w->parties[HONEST], CHEAT, &before->deals[CHEAT]),
            KC_ERR_CONTRIBUTION);
        assert_int_equal(kc_dkg_receive_deal(w->parties[OTHER], CHEAT, &before->deals[CHEAT]),
            KC_ERR_CONTRIBUTION);
        assert_int_equal(kc_dkg_complain(w->parties[HONEST], &complaint, CHEAT, &fresh), KC_OK);
        assert_int_equal(kc_dkg_judge(w->parties[OTHER], HONEST, &complaint, &culprit), KC_OK);
        assert_int_equal(culprit, CHEAT);
        free_world(before);
        free_world(w);
    }
}

/* A dealer of a reshare deals something else than its share: it would move the key. */
static void a_reshare_of_another_value_is_refused(void **state)
{
    (void)state;
    struct world *old = generated(KC_CURVE_X25519, 2, 3);
    struct kc_dkg_setup before = with_results(old), setup;
    struct kc_scalar shares[KC_DKG_PARTIES_MAX];
    uint8_t session[32] = {1};
    assert_int_equal(kc_dkg_setup_refresh(&setup, &before, 0x7, session), KC_OK);
    struct world *w = make_world(&setup), *lie = make_world(&setup);
    memcpy(lie->setup.session, w->setup.session, sizeof w->setup.session);
    collect_shares(old, shares);
    start(w, shares);
    lie->setup.purpose = KC_DKG_GENERATE; /* any value, in the right form */
    start(lie, NULL);
    assert_int_equal(
        kc_dkg_receive_offer(w->parties[HONEST], CHEAT, &lie->offers[CHEAT]), KC_ERR_CONTRIBUTION);
    /* With the right proofs: the cheat's state is changed between its two steps. */
    struct kc_dkg_offer *offer = &w->offers[CHEAT];
    struct kc_scalar value = next_scalar(KC_CURVE_X25519);
    offer->commitments[0] = base_times(&value);
    offer->possession = prove_as_cheat(w, 2, &value, &offer->commitments[0]);
    assert_int_equal(kc_dkg_receive_offer(w->parties[HONEST], CHEAT, offer), KC_ERR_CONTRIBUTION);
    free_world(w);
    free_world(lie);
    free_world(old);
}

/* One that only receives sends a deal. */
static void a_deal_of_a_party_that_does_not_deal_is_refused(void **state)
{
    (void)state;
    struct world *old = generated(KC_CURVE_ED25519, 2, 3);
    struct kc_dkg_setup before = with_results(old), setup;
    struct kc_scalar shares[KC_DKG_PARTIES_MAX];
    uint8_t session[32] = {1};
    assert_int_equal(kc_dkg_setup_refresh(&setup, &before, 0x3, session), KC_OK);
    struct world *w = make_world(&setup);
    collect_shares(old, shares);
    start(w, shares);
    give_offers(w);
    make_deals(w);
    assert_int_equal(kc_dkg_make_deal(w->parties[2], &w->deals[2]), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_dkg_receive_deal(w->parties[0], 2, &w->deals[1]), KC_ERR_CONTRIBUTION);
    free_world(w);
    free_world(old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_offer_is_the_senders),
        cmocka_unit_test(a_rogue_key_is_refused),
        cmocka_unit_test(an_offer_of_another_session_is_refused),
        cmocka_unit_test(a_second_message_of_one_sender_is_refused),
        cmocka_unit_test(messages_out_of_their_phase_are_refused),
        cmocka_unit_test(a_sender_that_is_no_party_is_refused),
        cmocka_unit_test(a_wrong_share_is_shown_to_all_and_its_dealer_named),
        cmocka_unit_test(a_false_complaint_names_its_sender),
        cmocka_unit_test(a_complaint_about_other_messages_than_the_judges_names_nobody),
        cmocka_unit_test(complaints_about_or_by_nobody_are_refused),
        cmocka_unit_test(nobody_finishes_after_a_wrong_share),
        cmocka_unit_test(a_deal_with_too_few_or_too_many_shares_is_the_senders),
        cmocka_unit_test(an_equivocation_is_found_and_its_sender_named),
        cmocka_unit_test(a_confirmation_of_another_count_is_the_senders),
        cmocka_unit_test(a_confirmation_with_a_wrong_hash_names_whose_messages_differ),
        cmocka_unit_test(a_deal_of_another_session_is_shown_to_all_and_its_dealer_named),
        cmocka_unit_test(a_reshare_of_another_value_is_refused),
        cmocka_unit_test(a_deal_of_a_party_that_does_not_deal_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
