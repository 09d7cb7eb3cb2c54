/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/threshold_protocols/dkg_world.h"

#include "threshold/shamir.h"

#include <stdlib.h>
#include <string.h>

struct world *make_world(const struct kc_dkg_setup *setup)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->setup = *setup;
    next_random(w->setup.session, sizeof w->setup.session);
    for (size_t i = 0; i < setup->party_count; i++)
        assert_non_null(w->parties[i] = calloc(1, sizeof *w->parties[i]));
    return w;
}

void free_world(struct world *w)
{
    for (size_t i = 0; i < KC_DKG_PARTIES_MAX; i++)
        free(w->parties[i]);
    free(w);
}

struct kc_dkg_setup generation(enum kc_curve curve, size_t threshold, size_t count)
{
    struct kc_dkg_setup setup = {
        .curve = curve, .purpose = KC_DKG_GENERATE, .threshold = threshold, .party_count = count};
    for (uint32_t i = 0; i < count; i++)
        setup.parties[i].dealer = setup.parties[i].holder = 3 * i + 2;
    return setup;
}

void start(struct world *w, const struct kc_scalar *shares)
{
    for (uint32_t i = 0; i < w->setup.party_count; i++) {
        struct kc_fresh fresh = next_fresh();
        bool with_share = w->setup.purpose == KC_DKG_RESHARE && w->setup.parties[i].dealer != 0;
        assert_int_equal(kc_dkg_start(w->parties[i], &w->offers[i], &w->setup, i,
                             with_share ? &shares[i] : NULL, &fresh),
            KC_OK);
    }
}

void give_offers(struct world *w)
{
    for (uint32_t to = 0; to < w->setup.party_count; to++)
        for (uint32_t from = 0; from < w->setup.party_count; from++)
            if (from != to)
                assert_int_equal(
                    kc_dkg_receive_offer(w->parties[to], from, &w->offers[from]), KC_OK);
}

void make_deals(struct world *w)
{
    for (uint32_t i = 0; i < w->setup.party_count; i++)
        if (w->setup.parties[i].dealer != 0)
            assert_int_equal(kc_dkg_make_deal(w->parties[i], &w->deals[i]), KC_OK);
}

void give_deals(struct world *w)
{
    for (uint32_t to = 0; to < w->setup.party_count; to++)
        for (uint32_t from = 0; from < w->setup.party_count; from++)
            if (from != to && w->setup.parties[from].dealer != 0)
                assert_int_equal(kc_dkg_receive_deal(w->parties[to], from, &w->deals[from]), KC_OK);
}

void confirm(struct world *w)
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

void run(struct world *w, const struct kc_scalar *shares)
{
    start(w, shares);
    give_offers(w);
    make_deals(w);
    give_deals(w);
    confirm(w);
}

void finish(struct world *w)
{
    for (uint32_t i = 0; i < w->setup.party_count; i++)
        assert_int_equal(kc_dkg_finish(w->parties[i], &w->results[i]), KC_OK);
}

void assert_results_fit(struct world *w, struct kc_scalar *secret)
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

struct world *generated(enum kc_curve curve, size_t threshold, size_t count)
{
    struct kc_dkg_setup setup = generation(curve, threshold, count);
    struct world *w = make_world(&setup);
    run(w, NULL);
    finish(w);
    return w;
}

struct kc_dkg_setup with_results(const struct world *w)
{
    struct kc_dkg_setup setup = w->setup;
    setup.group = w->results[0].group;
    for (size_t i = 0; i < setup.party_count; i++)
        setup.parties[i].public = w->results[0].publics[i];
    return setup;
}

void collect_shares(const struct world *w, struct kc_scalar *shares)
{
    for (size_t i = 0; i < w->setup.party_count; i++)
        shares[i] = w->results[i].share;
}

struct world *started(enum kc_curve curve)
{
    return started_for(KC_DKG_GENERATE, curve);
}

struct world *started_for(enum kc_dkg_purpose purpose, enum kc_curve curve)
{
    struct kc_dkg_setup setup = generation(curve, THRESHOLD, PARTIES);
    struct kc_scalar shares[KC_DKG_PARTIES_MAX];
    if (purpose != KC_DKG_GENERATE) {
        struct world *old = generated(curve, THRESHOLD, PARTIES);
        setup = with_results(old);
        collect_shares(old, shares);
        free_world(old);
    }
    setup.purpose = purpose;
    if (purpose == KC_DKG_MASK) {
        setup.lost = setup.parties[3].holder;
        setup.parties[3].dealer = setup.parties[3].holder = 0;
    }
    struct world *w = make_world(&setup);
    if (purpose == KC_DKG_RESHARE)
        memcpy(w->shares, shares, sizeof shares);
    start(w, w->shares);
    return w;
}

enum kc_error offer_to_honest(struct world *w, const struct kc_dkg_offer *offer)
{
    return kc_dkg_receive_offer(w->parties[HONEST], CHEAT, offer);
}

struct world *dealt(enum kc_dkg_purpose purpose, enum kc_curve curve, bool wrong)
{
    struct world *w = started_for(purpose, curve);
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

struct kc_possession prove_as_cheat(
    const struct world *w, int role, const struct kc_scalar *secret, const struct kc_point *public)
{
    struct kc_possession proof;
    struct kc_fresh fresh = next_fresh();
    uint8_t context[34];
    memcpy(context, w->parties[CHEAT]->digest, 32);
    context[32] = CHEAT;
    context[33] = (uint8_t)role;
    assert_int_equal(kc_possession_prove(
                         &proof, secret, public, (struct kc_span){context, sizeof context}, &fresh),
        KC_OK);
    return proof;
}
