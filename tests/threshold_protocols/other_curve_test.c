/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of another curve are refused wherever a protocol takes some: none of them reaches the
 * group's operations, which would end the process.
 */
#include "tests/threshold_protocols/dkg_world.h"

#include "threshold/frost_binding.h"
#include "threshold/possession.h"
#include "threshold/proof.h"
#include "threshold/repair.h"

#include <string.h>

#define CURVE KC_CURVE_ED25519
#define OTHER_CURVE KC_CURVE_ED448
#define SPAN ((struct kc_span){(const uint8_t *)"octets", 6})

static void a_proof_of_possession_is_refused(void **state)
{
    (void)state;
    struct kc_scalar secret = next_scalar(CURVE);
    struct kc_point public = base_times(&secret);
    struct kc_fresh fresh = next_fresh();
    struct kc_possession proof, altered;
    assert_int_equal(kc_possession_prove(&proof, &secret, &public, SPAN, &fresh), KC_OK);
    altered = proof;
    altered.commitment = next_point(OTHER_CURVE);
    assert_int_equal(kc_possession_verify(&altered, &public, SPAN), KC_ERR_CONTRIBUTION);
    altered = proof;
    altered.response = next_scalar(OTHER_CURVE);
    assert_int_equal(kc_possession_verify(&altered, &public, SPAN), KC_ERR_CONTRIBUTION);
}

/* Each point and scalar of a statement and its proof in turn, alone and in a batch. */
static void each_part_of_a_contributions_proof_is_refused(void **state)
{
    (void)state;
    struct kc_scalar share = next_scalar(CURVE);
    struct kc_point holder = base_times(&share), peer = next_point(CURVE), contribution;
    struct kc_point other = next_point(OTHER_CURVE);
    struct kc_fresh fresh = next_fresh();
    struct kc_proof proof;
    uint8_t random[KC_PROOF_RANDOM_SIZE] = {0};
    assert_int_equal(kc_point_multiply(&contribution, &share, &peer), KC_OK);
    const struct kc_proof_statement statement = {
        KC_PROOF_AGREEMENT, &holder, NULL, NULL, &peer, &contribution, SPAN, SPAN};
    assert_int_equal(kc_proof_make(&proof, &statement, &share, &fresh), KC_OK);
    for (int part = 0; part < 5; part++) {
        struct kc_proof_statement statements[2] = {statement, statement};
        struct kc_proof proofs[2] = {proof, proof};
        size_t wrong = 99;
        if (part == 0)
            statements[1].peer = &other;
        else if (part == 1)
            statements[1].contribution = &other;
        else if (part == 2)
            proofs[1].base_commitment = other;
        else if (part == 3)
            proofs[1].peer_commitment = other;
        else
            proofs[1].response = next_scalar(OTHER_CURVE);
        assert_int_equal(kc_proof_verify(&statements[1], &proofs[1]), KC_ERR_CONTRIBUTION);
        assert_int_equal(
            kc_proof_verify_batch(statements, proofs, 2, random, &wrong), KC_ERR_CONTRIBUTION);
        assert_int_equal(wrong, 1);
    }
}

static void a_share_for_a_reshare_is_refused(void **state)
{
    (void)state;
    struct world *old = generated(CURVE, 2, 3);
    struct kc_dkg_setup setup = with_results(old);
    struct kc_scalar share = next_scalar(OTHER_CURVE);
    struct kc_fresh fresh = next_fresh();
    struct kc_dkg_offer offer;
    setup.purpose = KC_DKG_RESHARE;
    assert_int_equal(
        kc_dkg_start(old->parties[0], &offer, &setup, 0, &share, &fresh), KC_ERR_BAD_ARGUMENT);
    free_world(old);
}

static void an_offer_is_refused(void **state)
{
    (void)state;
    struct world *w = started(CURVE);
    struct kc_dkg_offer offer = w->offers[CHEAT];
    offer.seal_key = next_point(OTHER_CURVE);
    assert_int_equal(offer_to_honest(w, &offer), KC_ERR_CONTRIBUTION);
    offer = w->offers[CHEAT];
    offer.commitments[1] = next_point(OTHER_CURVE);
    assert_int_equal(offer_to_honest(w, &offer), KC_ERR_CONTRIBUTION);
    free_world(w);
}

static void a_deal_is_refused(void **state)
{
    (void)state;
    struct world *w = started(CURVE);
    give_offers(w);
    make_deals(w);
    w->deals[CHEAT].sealed[HONEST] = next_scalar(OTHER_CURVE);
    assert_int_equal(
        kc_dkg_receive_deal(w->parties[HONEST], CHEAT, &w->deals[CHEAT]), KC_ERR_CONTRIBUTION);
    free_world(w);
}

static void help_for_a_repair_is_refused(void **state)
{
    (void)state;
    struct world *old = generated(CURVE, THRESHOLD, PARTIES), *masks;
    struct kc_dkg_setup setup = with_results(old);
    struct kc_repair repair;
    struct kc_scalar other = next_scalar(OTHER_CURVE), sealed;
    setup.purpose = KC_DKG_MASK;
    setup.lost = setup.parties[3].holder;
    setup.parties[3].dealer = setup.parties[3].holder = 0;
    masks = make_world(&setup);
    run(masks, NULL);
    assert_int_equal(kc_repair_init(&repair, masks->parties[HONEST]), KC_OK);
    assert_int_equal(kc_repair_help(&repair, &other, &sealed), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_repair_receive(&repair, OTHER, &other), KC_ERR_CONTRIBUTION);
    free_world(masks);
    free_world(old);
}

/* Two signers of two; the second is looked at. */
struct signing {
    struct shared_key key;
    struct kc_frost_signer signers[2];
    struct kc_frost_nonces nonces[2];
    struct kc_frost_commitment commitments[2];
    struct kc_frost_package package;
    struct kc_scalar responses[2];
};

static void round_one(struct signing *s)
{
    make_shared_key(&s->key, CURVE, 2, 2, NULL);
    for (uint32_t i = 0; i < 2; i++) {
        struct kc_fresh fresh = next_fresh();
        s->signers[i] =
            (struct kc_frost_signer){KC_FROST_ED25519, i + 1, &s->key.shares[i], &s->key.group};
        assert_int_equal(
            kc_frost_commit(&s->nonces[i], &s->commitments[i], &s->signers[i], SPAN, &fresh),
            KC_OK);
    }
    s->package = (struct kc_frost_package){s->commitments, 2, SPAN};
}

static enum kc_error sign(struct signing *s, size_t i)
{
    return kc_frost_sign(&s->responses[i], &s->nonces[i], &s->signers[i], SPAN, &s->package);
}

static void a_frost_signer_with_a_group_key_of_it_is_refused(void **state)
{
    (void)state;
    struct signing s;
    struct kc_point other = next_point(OTHER_CURVE);
    struct kc_fresh fresh = next_fresh();
    round_one(&s);
    s.signers[1].group = &other;
    assert_int_equal(kc_frost_commit(&s.nonces[1], &s.commitments[1], &s.signers[1], SPAN, &fresh),
        KC_ERR_BAD_ARGUMENT);
}

static void a_frost_commitment_is_refused_by_its_signer(void **state)
{
    (void)state;
    struct signing s;
    round_one(&s);
    s.commitments[1].hiding = next_point(OTHER_CURVE);
    assert_int_equal(sign(&s, 1), KC_ERR_BAD_ARGUMENT);
    round_one(&s);
    s.commitments[1].binding = next_point(OTHER_CURVE);
    assert_int_equal(sign(&s, 1), KC_ERR_BAD_ARGUMENT);
}

static void a_frost_package_is_refused_by_who_aggregates(void **state)
{
    (void)state;
    struct signing s;
    struct kc_frost_binding binding;
    struct kc_point other = next_point(OTHER_CURVE);
    round_one(&s);
    assert_int_equal(
        kc_frost_bind(&binding, KC_FROST_ED25519, &other, &s.package), KC_ERR_BAD_ARGUMENT);
    s.commitments[1].binding = other;
    assert_int_equal(
        kc_frost_bind(&binding, KC_FROST_ED25519, &s.key.group, &s.package), KC_ERR_BAD_ARGUMENT);
}

static void a_frost_share_is_its_senders(void **state)
{
    (void)state;
    struct signing s;
    struct kc_point other = next_point(OTHER_CURVE);
    uint8_t signature[KC_FROST_SIGNATURE_SIZE_MAX];
    size_t size;
    uint32_t culprits = 0;
    round_one(&s);
    assert_int_equal(sign(&s, 0), KC_OK);
    assert_int_equal(sign(&s, 1), KC_OK);
    assert_int_equal(kc_frost_verify_share(
                         KC_FROST_ED25519, &s.key.group, &s.package, 1, &other, &s.responses[1]),
        KC_ERR_CONTRIBUTION);
    s.responses[1] = next_scalar(OTHER_CURVE);
    assert_int_equal(kc_frost_verify_share(
                         KC_FROST_ED25519, &s.key.group, &s.package, 1, &other, &s.responses[1]),
        KC_ERR_CONTRIBUTION);
    assert_int_equal(kc_frost_verify_share(KC_FROST_ED25519, &s.key.group, &s.package, 1,
                         &s.key.publics[1], &s.responses[1]),
        KC_ERR_CONTRIBUTION);
    assert_int_equal(kc_frost_aggregate(signature, &size, KC_FROST_ED25519, &s.key.group,
                         &s.package, s.key.publics, s.responses, &culprits),
        KC_ERR_CONTRIBUTION);
    assert_int_equal(culprits, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_proof_of_possession_is_refused),
        cmocka_unit_test(each_part_of_a_contributions_proof_is_refused),
        cmocka_unit_test(a_share_for_a_reshare_is_refused),
        cmocka_unit_test(an_offer_is_refused),
        cmocka_unit_test(a_deal_is_refused),
        cmocka_unit_test(help_for_a_repair_is_refused),
        cmocka_unit_test(a_frost_signer_with_a_group_key_of_it_is_refused),
        cmocka_unit_test(a_frost_commitment_is_refused_by_its_signer),
        cmocka_unit_test(a_frost_package_is_refused_by_who_aggregates),
        cmocka_unit_test(a_frost_share_is_its_senders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
