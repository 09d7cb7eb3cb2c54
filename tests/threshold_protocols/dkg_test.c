/* SPDX-License-Identifier: Apache-2.0 */
/* Key generation, refresh and reshare among honest parties, and what they start from. */
#include "tests/threshold_protocols/dkg_world.h"

#include "threshold/frost.h"
#include "threshold/shamir.h"

#include <stdlib.h>
#include <string.h>

static void a_key_is_generated_that_no_one_has(void **state)
{
    (void)state;
    FOR_EACH_GROUP(curve)
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

static void a_refresh_keeps_the_key_and_makes_a_mix_of_shares_useless(void **state)
{
    (void)state;
    FOR_EACH_GROUP(curve)
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
    FOR_EACH_GROUP(curve)
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

static void all_parties_have_one_hash_of_what_made_the_key(void **state)
{
    (void)state;
    struct world *first = generated(KC_CURVE_X25519, 2, 3),
                 *second = generated(KC_CURVE_X25519, 2, 3);
    for (size_t i = 1; i < 3; i++)
        assert_memory_equal(first->results[0].transcript, first->results[i].transcript,
            sizeof first->results[0].transcript);
    assert_memory_not_equal(first->results[0].transcript, second->results[0].transcript,
        sizeof first->results[0].transcript);
    free_world(first);
    free_world(second);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_generated_that_no_one_has),
        cmocka_unit_test(the_smallest_and_the_largest_group_work),
        cmocka_unit_test(a_generated_key_signs_with_frost),
        cmocka_unit_test(a_refresh_keeps_the_key_and_makes_a_mix_of_shares_useless),
        cmocka_unit_test(a_reshare_moves_the_key_to_another_set_and_threshold),
        cmocka_unit_test(all_parties_have_one_hash_of_what_made_the_key),
        cmocka_unit_test(setups_that_do_not_hold_together_are_refused),
        cmocka_unit_test(everything_secret_is_gone_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
