/* SPDX-License-Identifier: Apache-2.0 */
/* Key generation, refresh, reshare and repair among several parties, with one that cheats. */
#include "tests/threshold_protocols/support.h"

#include "threshold/dkg.h"
#include "threshold/frost.h"
#include "threshold/repair.h"
#include "threshold/shamir.h"

#include <stdlib.h>
#include <string.h>

/* All parties in one place, and the messages between them. */
struct world {
    struct kc_dkg_setup setup;
    struct kc_dkg *parties[KC_DKG_PARTIES_MAX];
    struct kc_dkg_offer offers[KC_DKG_PARTIES_MAX];
    struct kc_dkg_deal deals[KC_DKG_PARTIES_MAX];
    struct kc_dkg_confirmation confirmations[KC_DKG_PARTIES_MAX];
    struct kc_dkg_result results[KC_DKG_PARTIES_MAX];
};

static struct world *make_world(const struct kc_dkg_setup *setup)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->setup = *setup;
    next_random(w->setup.session, sizeof w->setup.session);
    for (size_t i = 0; i < setup->party_count; i++)
        assert_non_null(w->parties[i] = calloc(1, sizeof *w->parties[i]));
    return w;
}

static void free_world(struct world *w)
{
    for (size_t i = 0; i < KC_DKG_PARTIES_MAX; i++)
        free(w->parties[i]);
    free(w);
}

static struct kc_dkg_setup generation(enum kc_curve curve, size_t threshold, size_t count)
{
    struct kc_dkg_setup setup = {
        .curve = curve, .purpose = KC_DKG_GENERATE, .threshold = threshold, .party_count = count};
    for (uint32_t i = 0; i < count; i++)
        setup.parties[i].dealer = setup.parties[i].holder = 3 * i + 2;
    return setup;
}

/* shares: those of the dealers, by position; NULL for a generation */
static void start(struct world *w, const struct kc_scalar *shares)
{
    for (uint32_t i = 0; i < w->setup.party_count; i++) {
        struct kc_fresh fresh = next_fresh();
        bool with_share = w->setup.purpose == KC_DKG_RESHARE && w->setup.parties[i].dealer != 0;
        assert_int_equal(kc_dkg_start(w->parties[i], &w->offers[i], &w->setup, i,
                             with_share ? &shares[i] : NULL, &fresh),
            KC_OK);
    }
}

static void give_offers(struct world *w)
{
    for (uint32_t to = 0; to < w->setup.party_count; to++)
        for (uint32_t from = 0; from < w->setup.party_count; from++)
            if (from != to)
                assert_int_equal(
                    kc_dkg_receive_offer(w->parties[to], from, &w->offers[from]), KC_OK);
}

static void make_deals(struct world *w)
{
    for (uint32_t i = 0; i < w->setup.party_count; i++)
        if (w->setup.parties[i].dealer != 0)
            assert_int_equal(kc_dkg_make_deal(w->parties[i], &w->deals[i]), KC_OK);
}

static void give_deals(struct world *w)
{
    for (uint32_t to = 0; to < w->setup.party_count; to++)
        for (uint32_t from = 0; from < w->setup.party_count; from++)
            if (from != to && w->setup.parties[from].dealer != 0)
                assert_int_equal(kc_dkg_receive_deal(w->parties[to], from, &w->deals[from]), KC_OK);
}

static void confirm(struct world *w)
{
    uint32_t suspect = 0;
    for (uint32_t i = 0; i < w->setup.party_count; i++)
        assert_int_equal(kc_dkg_confirm(w->parties[i], &w->confirmations[i]), KC_OK);
    for (uint32_t to = 0; to < w->setup.party_count; to++)
        for (uint32_t from = 0; from < w->setup.party_count; from++)
            if (from != to)
                assert_int_equal(kc_dkg_receive_confirmation(
                                     w->parties[to], from, &w->confirmations[from], &suspect),
                    KC_OK);
}

static void run(struct world *w, const struct kc_scalar *shares)
{
    start(w, shares);
    give_offers(w);
    make_deals(w);
    give_deals(w);
    confirm(w);
}

static void finish(struct world *w)
{
    for (uint32_t i = 0; i < w->setup.party_count; i++)
        assert_int_equal(kc_dkg_finish(w->parties[i], &w->results[i]), KC_OK);
}

/* Everybody has the same public halves, each holder's share fits, and t of them are the key. */
static void assert_results_fit(struct world *w, struct kc_scalar *secret)
{
    uint32_t indices[KC_DKG_PARTIES_MAX];
    struct kc_scalar shares[KC_DKG_PARTIES_MAX];
    size_t count = 0;
    for (uint32_t i = 0; i < w->setup.party_count; i++) {
        assert_true(kc_point_equal(&w->results[i].group, &w->results[0].group));
        for (uint32_t j = 0; j < w->setup.party_count; j++)
            if (w->setup.parties[j].holder != 0)
                assert_true(kc_point_equal(&w->results[i].publics[j], &w->results[0].publics[j]));
        if (w->setup.parties[i].holder == 0)
            continue;
        struct kc_point public = base_times(&w->results[i].share);
        assert_true(kc_point_equal(&public, &w->results[i].publics[i]));
        indices[count] = w->setup.parties[i].holder;
        shares[count++] = w->results[i].share;
    }
    size_t t = w->setup.threshold;
    assert_int_equal(
        kc_shamir_combine(secret, indices + count - t, shares + count - t, t, &w->results[0].group),
        KC_OK);
    if (t > 1)
        assert_int_equal(kc_shamir_combine(secret, indices, shares, t - 1, &w->results[0].group),
            KC_ERR_CONTRIBUTION);
    assert_int_equal(kc_shamir_combine(secret, indices, shares, t, &w->results[0].group), KC_OK);
}

static struct world *generated(enum kc_curve curve, size_t threshold, size_t count)
{
    struct kc_dkg_setup setup = generation(curve, threshold, count);
    struct world *w = make_world(&setup);
    run(w, NULL);
    finish(w);
    return w;
}

static void a_key_is_generated_that_no_one_has(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        struct world *w = generated(curve, 3, 5);
        struct kc_scalar secret;
        assert_results_fit(w, &secret);
        free_world(w);
    }
}

static void the_smallest_and_the_largest_group_work(void **state)
{
    (void)state;
    static const struct {
        size_t threshold, count;
    } rows[] = {{1, 2}, {2, 2}, {16, 16}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *w = generated(KC_CURVE_ED25519, rows[i].threshold, rows[i].count);
        struct kc_scalar secret;
        assert_results_fit(w, &secret);
        free_world(w);
    }
}

static void a_generated_key_signs_with_frost(void **state)
{
    (void)state;
    struct world *w = generated(KC_CURVE_ED448, 2, 3);
    struct kc_frost_nonces nonces[2];
    struct kc_frost_commitment commitments[2];
    struct kc_frost_signer signers[2];
    struct kc_scalar responses[2];
    struct kc_point publics[2];
    const struct kc_span session = {(const uint8_t *)"s", 1};
    const struct kc_frost_package package = {commitments, 2, {(const uint8_t *)"message", 7}};
    uint8_t signature[KC_FROST_SIGNATURE_SIZE_MAX];
    size_t size;
    uint32_t culprits;
    for (uint32_t i = 0; i < 2; i++) {
        struct kc_fresh fresh = next_fresh();
        signers[i] = (struct kc_frost_signer){KC_FROST_ED448, w->setup.parties[i + 1].holder,
            &w->results[i + 1].share, &w->results[i + 1].group};
        publics[i] = w->results[0].publics[i + 1];
        assert_int_equal(
            kc_frost_commit(&nonces[i], &commitments[i], &signers[i], session, &fresh), KC_OK);
    }
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(
            kc_frost_sign(&responses[i], &nonces[i], &signers[i], session, &package), KC_OK);
    assert_int_equal(kc_frost_aggregate(signature, &size, KC_FROST_ED448, &w->results[0].group,
                         &package, publics, responses, &culprits),
        KC_OK);
    free_world(w);
}

/* The setup in which the holders of a generation are dealers, too. */
static struct kc_dkg_setup with_results(const struct world *w)
{
    struct kc_dkg_setup setup = w->setup;
    setup.group = w->results[0].group;
    for (size_t i = 0; i < setup.party_count; i++)
        setup.parties[i].public = w->results[0].publics[i];
    return setup;
}

static void collect_shares(const struct world *w, struct kc_scalar *shares)
{
    for (size_t i = 0; i < w->setup.party_count; i++)
        shares[i] = w->results[i].share;
}

static void a_refresh_keeps_the_key_and_makes_a_mix_of_shares_useless(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        struct world *old = generated(curve, 3, 4), *new;
        struct kc_dkg_setup before = with_results(old), setup;
        struct kc_scalar shares[KC_DKG_PARTIES_MAX], secret, same, mixed[3];
        uint8_t session[32] = {1};
        assert_int_equal(kc_dkg_setup_refresh(&setup, &before, 0x3, session), KC_ERR_BAD_ARGUMENT);
        assert_int_equal(kc_dkg_setup_refresh(&setup, &before, 0xd, session), KC_OK);
        assert_int_equal(setup.threshold, before.threshold);
        new = make_world(&setup);
        collect_shares(old, shares);
        run(new, shares);
        finish(new);
        assert_results_fit(old, &secret);
        assert_results_fit(new, &same);
        assert_true(kc_scalar_equal(&secret, &same));
        const uint32_t indices[] = {
            setup.parties[0].holder, setup.parties[1].holder, setup.parties[2].holder};
        for (int new_ones = 1; new_ones < 7; new_ones++) { /* each mix of old and new */
            for (int i = 0; i < 3; i++)
                mixed[i] = (new_ones >> i & 1 ? new : old)->results[i].share;
            assert_int_equal(
                kc_shamir_combine(&same, indices, mixed, 3, &before.group), KC_ERR_CONTRIBUTION);
        }
        free_world(old);
        free_world(new);
    }
}

/* 2 of 3 becomes 3 of 4: one old holder stays under a new index, two go, three come. */
static void a_reshare_moves_the_key_to_another_set_and_threshold(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        struct world *old = generated(curve, 2, 3), *new;
        struct kc_dkg_setup before = with_results(old), setup = {.curve = curve,
                                                            .purpose = KC_DKG_RESHARE,
                                                            .threshold = 3,
                                                            .party_count = 5,
                                                            .group = before.group};
        struct kc_scalar shares[KC_DKG_PARTIES_MAX], secret, same;
        for (uint32_t i = 0; i < 2; i++) {
            setup.parties[i] = before.parties[i];
            setup.parties[i].holder = i == 0 ? 0 : 100;
            shares[i] = old->results[i].share;
        }
        for (uint32_t i = 2; i < 5; i++)
            setup.parties[i].holder = i;
        new = make_world(&setup);
        run(new, shares);
        finish(new);
        assert_results_fit(old, &secret);
        assert_results_fit(new, &same);
        assert_true(kc_scalar_equal(&secret, &same));
        assert_true(kc_scalar_is_zero(&new->results[0].share)); /* who goes has none */
        free_world(old);
        free_world(new);
    }
}

static void setups_that_do_not_hold_together_are_refused(void **state)
{
    (void)state;
    struct world *old = generated(KC_CURVE_ED25519, 2, 3);
    struct kc_dkg dkg;
    struct kc_dkg_offer offer;
    struct kc_fresh fresh = next_fresh();
    for (int what = 0; what < 13; what++) {
        struct kc_dkg_setup setup = with_results(old);
        const struct kc_scalar *share = NULL;
        uint32_t own = 0;
        if (what >= 6) {
            setup.purpose = KC_DKG_RESHARE;
            share = &old->results[0].share;
        }
        switch (what) {
        case 0:
            setup.parties[1].dealer = setup.parties[1].holder = 0;
            break;
        case 1:
            setup.parties[1].dealer = setup.parties[1].holder = setup.parties[0].holder;
            break;
        case 2:
            setup.threshold = 0;
            break;
        case 3:
            setup.threshold = 4;
            break;
        case 4:
            own = 3;
            break;
        case 5:
            share = &old->results[0].share;
            break; /* a generation has none */
        case 6:
            share = NULL;
            break;
        case 7:
            share = &old->results[1].share;
            break;
        case 8:
            setup.parties[1].dealer = setup.parties[2].dealer = 0;
            break; /* too few */
        case 9:
            setup.group = other_point(&setup.group);
            break;
        case 10:
            setup.parties[1].public = other_point(&setup.parties[1].public);
            break;
        case 11:
            setup.party_count = KC_DKG_PARTIES_MAX + 1;
            break;
        case 12:
            setup.curve = (enum kc_curve)99;
            break;
        default:
            fail();
        }
        assert_int_equal(
            kc_dkg_start(&dkg, &offer, &setup, own, share, &fresh), KC_ERR_BAD_ARGUMENT);
        assert_int_equal(dkg.phase, KC_DKG_ENDED);
    }
    free_world(old);
}

/* The cheat is party 1 of 4; party 0 looks at its messages. */
enum { HONEST = 0, CHEAT = 1, OTHER = 2, PARTIES = 4, THRESHOLD = 3 };

static struct world *started(enum kc_curve curve)
{
    struct kc_dkg_setup setup = generation(curve, THRESHOLD, PARTIES);
    struct world *w = make_world(&setup);
    start(w, NULL);
    return w;
}

static enum kc_error offer_to_honest(struct world *w, const struct kc_dkg_offer *offer)
{
    return kc_dkg_receive_offer(w->parties[HONEST], CHEAT, offer);
}

static void a_wrong_offer_is_the_senders(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    for (int what = 0; what < 8; what++) {
        struct world *w = started(curve);
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
    struct kc_fresh fresh = next_fresh();
    uint8_t context[34];
    memcpy(context, w->parties[CHEAT]->digest, 32);
    context[32] = CHEAT;
    context[33] = 2;
    assert_int_equal(kc_possession_prove(&w->offers[CHEAT].possession, &mine, &rogue,
                         (struct kc_span){context, sizeof context}, &fresh),
        KC_OK);
    assert_int_equal(offer_to_honest(w, &w->offers[CHEAT]), KC_ERR_CONTRIBUTION);
    /* The same proof of the key that is the cheat's own would do. */
    w->offers[CHEAT].commitments[0] = parts[0];
    assert_int_equal(kc_possession_prove(&w->offers[CHEAT].possession, &mine, &parts[0],
                         (struct kc_span){context, sizeof context}, &fresh),
        KC_OK);
    assert_int_equal(offer_to_honest(w, &w->offers[CHEAT]), KC_OK);
    free_world(w);
}

static void an_offer_of_another_session_is_refused(void **state)
{
    (void)state;
    struct world *w = started(KC_CURVE_X448), *before = started(KC_CURVE_X448);
    assert_int_equal(offer_to_honest(w, &before->offers[CHEAT]), KC_ERR_CONTRIBUTION);
    assert_int_equal(offer_to_honest(w, &w->offers[CHEAT]), KC_OK);
    free_world(w);
    free_world(before);
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
    free_world(w);
}

/* Everybody has the deals; the one for the honest party may be wrong. */
static struct world *dealt(enum kc_curve curve, bool wrong)
{
    struct world *w = started(curve);
    give_offers(w);
    make_deals(w);
    if (wrong)
        w->deals[CHEAT].sealed[HONEST] = other_scalar(&w->deals[CHEAT].sealed[HONEST]);
    for (uint32_t to = 0; to < PARTIES; to++)
        if (to != CHEAT)
            assert_int_equal(kc_dkg_receive_deal(w->parties[to], CHEAT, &w->deals[CHEAT]),
                wrong && to == HONEST ? KC_ERR_CONTRIBUTION : KC_OK);
    return w;
}

static void a_wrong_share_is_shown_to_all_and_its_dealer_named(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        struct world *w = dealt(curve, true);
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
    FOR_EACH_CURVE(curve)
    {
        struct world *w = dealt(curve, false);
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
            kc_dkg_judge(w->parties[HONEST], 3, &complaint, &culprit), KC_OK);
        assert_int_equal(culprit, 3);
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
    struct world *w = dealt(KC_CURVE_ED25519, true);
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
    struct world *w = dealt(KC_CURVE_ED25519, true);
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
static void an_equivocation_is_found_and_its_sender_named(void **state)
{
    (void)state;
    struct world *w = started(KC_CURVE_ED25519);
    struct kc_dkg *twin = calloc(1, sizeof *twin);
    struct kc_dkg_offer offer;
    struct kc_dkg_deal deal;
    struct kc_dkg_confirmation confirmation;
    struct kc_fresh fresh = next_fresh();
    uint32_t suspect = 99;
    assert_int_equal(kc_dkg_start(twin, &offer, &w->setup, CHEAT, NULL, &fresh), KC_OK);
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

static void a_confirmation_of_another_count_is_the_senders(void **state)
{
    (void)state;
    struct world *w = started(KC_CURVE_ED25519);
    uint32_t suspect = 99;
    give_offers(w);
    make_deals(w);
    give_deals(w);
    assert_int_equal(kc_dkg_confirm(w->parties[CHEAT], &w->confirmations[CHEAT]), KC_OK);
    w->confirmations[CHEAT].count--;
    assert_int_equal(
        kc_dkg_receive_confirmation(w->parties[HONEST], CHEAT, &w->confirmations[CHEAT], &suspect),
        KC_ERR_CONTRIBUTION);
    assert_int_equal(suspect, CHEAT);
    free_world(w);
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
    lie->setup.session[0] = w->setup.session[0] ^ 1;
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
    struct kc_fresh fresh = next_fresh();
    uint8_t context[34];
    memcpy(context, w->parties[CHEAT]->digest, 32);
    context[32] = CHEAT;
    context[33] = 2;
    offer->commitments[0] = base_times(&value);
    assert_int_equal(kc_possession_prove(&offer->possession, &value, &offer->commitments[0],
                         (struct kc_span){context, sizeof context}, &fresh),
        KC_OK);
    assert_int_equal(kc_dkg_receive_offer(w->parties[HONEST], CHEAT, offer), KC_ERR_CONTRIBUTION);
    free_world(w);
    free_world(lie);
    free_world(old);
}

static void everything_secret_is_gone_at_the_end(void **state)
{
    (void)state;
    struct world *w = started(KC_CURVE_ED25519);
    static const struct kc_dkg zero;
    kc_dkg_wipe(w->parties[0]);
    assert_memory_equal(w->parties[0], &zero, sizeof zero);
    free_world(w);
    w = generated(KC_CURVE_ED25519, 2, 3);
    assert_memory_equal(w->parties[0], &zero, sizeof zero);
    free_world(w);
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

/* Each message of a generation as octets: all of it, every part of it, and one octet more. */
static void assert_reads(enum kc_curve curve, int kind, const uint8_t *octets, size_t size)
{
    union {
        struct kc_dkg_offer offer;
        struct kc_dkg_deal deal;
        struct kc_dkg_complaint complaint;
        struct kc_dkg_confirmation confirmation;
    } read;
    for (size_t taken = 0; taken <= size + 1; taken++) {
        const struct kc_span message = {octets, taken};
        enum kc_error error = kind == 0   ? kc_dkg_offer_read(&read.offer, curve, message)
                              : kind == 1 ? kc_dkg_deal_read(&read.deal, curve, message)
                              : kind == 2 ? kc_dkg_complaint_read(&read.complaint, curve, message)
                                          : kc_dkg_confirmation_read(&read.confirmation, message);
        assert_int_equal(error, taken == size ? KC_OK : KC_ERR_BAD_REQUEST);
    }
}

static void messages_are_read_whole_and_nothing_else(void **state)
{
    (void)state;
    FOR_EACH_CURVE(curve)
    {
        struct world *w = dealt(curve, true);
        struct kc_dkg_complaint complaint;
        struct kc_dkg_confirmation confirmation = {.count = PARTIES};
        struct kc_fresh fresh = next_fresh();
        uint8_t octets[KC_DKG_MESSAGE_SIZE_MAX + 1] = {0};
        assert_int_equal(kc_dkg_complain(w->parties[HONEST], &complaint, CHEAT, &fresh), KC_OK);
        for (int kind = 0; kind < 4; kind++) {
            struct kc_writer writer;
            kc_writer_init(&writer, octets, sizeof octets - 1);
            if (kind == 0)
                kc_dkg_offer_write(&writer, &w->offers[CHEAT]);
            else if (kind == 1)
                kc_dkg_deal_write(&writer, &w->deals[CHEAT]);
            else if (kind == 2)
                kc_dkg_complaint_write(&writer, &complaint);
            else
                kc_dkg_confirmation_write(&writer, &confirmation);
            assert_int_equal(kc_writer_finish(&writer), KC_OK);
            assert_reads(curve, kind, octets, writer.size);
            if (kind == 1) { /* the last share is not below L */
                memset(octets + writer.size - 32, 0xff, 32);
                struct kc_dkg_deal deal;
                assert_int_equal(
                    kc_dkg_deal_read(&deal, curve, (struct kc_span){octets, writer.size}),
                    KC_ERR_SCALAR_RANGE);
            }
        }
        free_world(w);
    }
}

/* As long as a count of 17 says, and longer than any message may be. */
static void counts_above_their_limit_are_refused(void **state)
{
    (void)state;
    struct world *w = started(KC_CURVE_X448);
    struct kc_dkg_offer offer;
    struct kc_dkg_deal deal;
    struct kc_dkg_confirmation confirmation;
    uint8_t octets[2 * KC_DKG_MESSAGE_SIZE_MAX] = {KC_DKG_PARTIES_MAX + 1};
    struct kc_writer writer;
    assert_int_equal(kc_dkg_deal_read(&deal, KC_CURVE_X448,
                         (struct kc_span){octets, 1 + (KC_DKG_PARTIES_MAX + 1) * 56}),
        KC_ERR_BAD_REQUEST);
    assert_int_equal(kc_dkg_confirmation_read(&confirmation,
                         (struct kc_span){octets, 1 + (KC_DKG_PARTIES_MAX + 1) * 32}),
        KC_ERR_BAD_REQUEST);
    kc_writer_init(&writer, octets, sizeof octets);
    w->offers[0].count = 0;
    kc_dkg_offer_write(&writer, &w->offers[0]);
    octets[writer.size - 1] = KC_SHARES_MAX + 1;
    for (size_t i = 0; i < KC_SHARES_MAX + 2; i++) { /* and the commitment of its possession */
        uint8_t point[KC_POINT_SIZE_MAX];
        kc_point_encode(&w->offers[0].seal_key, point);
        kc_writer_bytes(&writer, point, sizeof point);
    }
    for (int i = 0; i < 56; i++)
        kc_writer_u8(&writer, 0);
    assert_int_equal(
        kc_dkg_offer_read(&offer, KC_CURVE_X448, (struct kc_span){octets, writer.size}),
        KC_ERR_BAD_REQUEST);
    free_world(w);
}

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
    FOR_EACH_CURVE(curve)
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
    FOR_EACH_CURVE(curve)
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
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_generated_that_no_one_has),
        cmocka_unit_test(the_smallest_and_the_largest_group_work),
        cmocka_unit_test(a_generated_key_signs_with_frost),
        cmocka_unit_test(a_refresh_keeps_the_key_and_makes_a_mix_of_shares_useless),
        cmocka_unit_test(a_reshare_moves_the_key_to_another_set_and_threshold),
        cmocka_unit_test(setups_that_do_not_hold_together_are_refused),
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
        cmocka_unit_test(a_reshare_of_another_value_is_refused),
        cmocka_unit_test(everything_secret_is_gone_at_the_end),
        cmocka_unit_test(a_deal_of_a_party_that_does_not_deal_is_refused),
        cmocka_unit_test(messages_are_read_whole_and_nothing_else),
        cmocka_unit_test(counts_above_their_limit_are_refused),
        cmocka_unit_test(a_lost_share_is_repaired_as_it_was),
        cmocka_unit_test(wrong_help_is_shown_to_all_and_its_sender_named),
        cmocka_unit_test(a_false_complaint_about_help_names_who_lost_the_share),
        cmocka_unit_test(only_helpers_help_and_with_their_own_share),
        cmocka_unit_test(a_mask_that_does_not_vanish_is_refused),
        cmocka_unit_test(repair_waits_for_masks_that_are_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
