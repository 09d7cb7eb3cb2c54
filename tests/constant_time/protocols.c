/* SPDX-License-Identifier: Apache-2.0 */
/* Shares, proofs, FROST, key generation and what follows from it. */
#include "tests/constant_time/secret.h"

#include "base/secret.h"
#include "threshold/agreement.h"
#include "threshold/declassify.h"
#include "threshold/frost.h"
#include "threshold/pedersen.h"
#include "threshold/proof.h"
#include "threshold/repair.h"
#include "threshold/shamir.h"
#include "threshold/udf_shamir.h"

#include <stdlib.h>
#include <string.h>

#define HOLDERS 3
#define SPAN ((struct kc_span){(const uint8_t *)"octets", 6})

static const uint32_t indices[HOLDERS] = {2, 4, 9};

static void must_refuse(enum kc_error error)
{
    if (error != KC_ERR_CONTRIBUTION)
        exit(3);
}

static struct kc_point public_of(const struct kc_scalar *scalar)
{
    struct kc_point point;
    must(kc_point_multiply_base(&point, scalar));
    kc_declassify(&point, sizeof point); /* a public key */
    return point;
}

static void shamir(enum kc_curve curve)
{
    struct kc_scalar whole = secret_scalar(curve, 1), shares[HOLDERS], again;
    struct kc_point commitments[2], group = public_of(&whole);
    uint8_t uniform[3 * KC_UNIFORM_SIZE];
    memset(uniform, 2, sizeof uniform);
    secret(uniform, sizeof uniform);
    must(kc_shamir_split(
        shares, commitments, &whole, indices, HOLDERS, 2, uniform, KC_UNIFORM_SIZE));
    for (size_t i = 0; i < HOLDERS; i++)
        must(kc_shamir_check(&shares[i], indices[i], commitments, 2));
    must(kc_shamir_combine(&again, indices, shares, 2, &group));
    shares[0].limb[0] ^= 1; /* the way of refusing takes secrets too */
    must_refuse(kc_shamir_check(&shares[0], indices[0], commitments, 2));
    must_refuse(kc_shamir_combine(&again, indices, shares, 2, &group));

    struct kc_pedersen_share hidden[HOLDERS];
    must(kc_pedersen_split(
        hidden, commitments, &whole, indices, HOLDERS, 2, uniform, 3 * KC_UNIFORM_SIZE));
    must(kc_pedersen_check(&hidden[0], indices[0], commitments, 2));
    hidden[0].blinding.limb[0] ^= 1;
    must_refuse(kc_pedersen_check(&hidden[0], indices[0], commitments, 2));
}

static void proofs(enum kc_curve curve)
{
    struct kc_scalar share = secret_scalar(curve, 3), peer_secret = secret_scalar(curve, 4);
    struct kc_point holder = public_of(&share), peer = public_of(&peer_secret), contribution;
    struct kc_fresh source = fresh(1);
    struct kc_possession possession;
    struct kc_proof proof;
    size_t wrong;
    uint8_t random[KC_PROOF_RANDOM_SIZE] = {5};
    must(kc_possession_prove(&possession, &share, &holder, SPAN, &source));
    must(kc_possession_verify(&possession, &holder, SPAN));
    must(kc_agreement_contribute(&contribution, &share, NULL, NULL, &peer));
    /* The contribution stays secret: who verifies it must not show it either. */
    const struct kc_proof_statement statement = {
        KC_PROOF_AGREEMENT, &holder, NULL, NULL, &peer, &contribution, SPAN, SPAN};
    must(kc_proof_make(&proof, &statement, &share, &source));
    must(kc_proof_verify(&statement, &proof));
    must(kc_proof_verify_batch(&statement, &proof, 1, random, &wrong));
    proof.response.limb[0] ^= 1;
    must_refuse(kc_proof_verify_batch(&statement, &proof, 1, random, &wrong));
}

static void udf_shares(void)
{
    uint8_t octets[33], random[KC_UDF_SHAMIR_RANDOM_SIZE] = {7}, again[KC_UDF_SHAMIR_SECRET_MAX];
    struct kc_udf_share shares[3];
    memset(octets, 6, sizeof octets);
    secret(octets, sizeof octets);
    secret(random, sizeof random);
    must(kc_udf_shamir_split(shares, 3, 2, (struct kc_span){octets, sizeof octets}, random));
    for (size_t i = 0; i < 3; i++) /* the first octet says threshold and index, not the secret */
        secret(shares[i].octets + 1, sizeof octets);
    must(kc_udf_shamir_recover(again, shares, 3));
    struct kc_udf_share share;
    uint8_t coefficients[2 * 33];
    memset(coefficients, 8, sizeof coefficients);
    secret(coefficients, sizeof coefficients);
    must(kc_udf_shamir_evaluate(&share, coefficients, 33, 2, 3));
    shares[2].octets[1] ^= 1;
    must_refuse(kc_udf_shamir_recover(again, shares, 3));
}

static void frost(enum kc_frost_suite suite, enum kc_curve curve)
{
    struct kc_scalar parts[2] = {secret_scalar(curve, 8), secret_scalar(curve, 9)}, whole;
    struct kc_scalar shares[2], responses[2];
    must(kc_share_combine(&whole, parts, 2));
    struct kc_point group = public_of(&whole), publics[2];
    struct kc_frost_nonces nonces[2], dropped;
    struct kc_frost_commitment commitments[2];
    const struct kc_frost_package package = {commitments, 2, SPAN};
    uint8_t signature[KC_FROST_SIGNATURE_SIZE_MAX];
    size_t size;
    uint32_t culprits;
    for (size_t i = 0; i < 2; i++) {
        struct kc_fresh source = fresh(i);
        must(kc_frost_from_additive(&shares[i], &parts[i], indices, 2, i));
        publics[i] = public_of(&shares[i]);
        const struct kc_frost_signer signer = {suite, indices[i], &shares[i], &group};
        must(kc_frost_commit(&dropped, &commitments[i], &signer, SPAN, &source));
        must(kc_frost_commit(&nonces[i], &commitments[i], &signer, SPAN, &source));
    }
    kc_frost_nonces_wipe(&dropped);
    for (size_t i = 0; i < 2; i++) {
        const struct kc_frost_signer signer = {suite, indices[i], &shares[i], &group};
        must(kc_frost_sign(&responses[i], &nonces[i], &signer, SPAN, &package));
    }
    must(kc_frost_aggregate(
        signature, &size, suite, &group, &package, publics, responses, &culprits));
}

static struct kc_dkg parties[HOLDERS];

/* All three phases; shares are those of the dealers, or NULL. */
static void run_dkg(const struct kc_dkg_setup *setup, const struct kc_scalar *shares)
{
    struct kc_dkg_offer offers[HOLDERS];
    struct kc_dkg_deal deals[HOLDERS];
    struct kc_dkg_confirmation confirmations[HOLDERS];
    uint32_t suspect, count = (uint32_t)setup->party_count;
    for (uint32_t i = 0; i < count; i++) {
        struct kc_fresh source = fresh(i);
        must(kc_dkg_start(
            &parties[i], &offers[i], setup, i, shares != NULL ? &shares[i] : NULL, &source));
    }
    for (uint32_t i = 0; i < count * count; i++)
        if (i / count != i % count)
            must(kc_dkg_receive_offer(&parties[i / count], i % count, &offers[i % count]));
    for (uint32_t i = 0; i < count; i++)
        if (setup->parties[i].dealer != 0)
            must(kc_dkg_make_deal(&parties[i], &deals[i]));
    for (uint32_t i = 0; i < count * count; i++)
        if (i / count != i % count && setup->parties[i % count].dealer != 0)
            must(kc_dkg_receive_deal(&parties[i / count], i % count, &deals[i % count]));
    for (uint32_t i = 0; i < count; i++)
        must(kc_dkg_confirm(&parties[i], &confirmations[i]));
    for (uint32_t i = 0; i < count * count; i++)
        if (i / count != i % count)
            must(kc_dkg_receive_confirmation(
                &parties[i / count], i % count, &confirmations[i % count], &suspect));
}

/* The third holder's share, with help of the two others. */
static void repair(const struct kc_dkg_setup *old, const struct kc_scalar shares[])
{
    struct kc_dkg_setup setup = *old;
    struct kc_repair repairs[HOLDERS];
    struct kc_scalar helps[HOLDERS], share;
    setup.purpose = KC_DKG_MASK;
    setup.lost = indices[2];
    setup.parties[2].dealer = setup.parties[2].holder = 0;
    run_dkg(&setup, NULL);
    for (uint32_t i = 0; i < HOLDERS; i++)
        must(kc_repair_init(&repairs[i], &parties[i]));
    for (uint32_t i = 0; i < 2; i++) {
        must(kc_repair_help(&repairs[i], &shares[i], &helps[i]));
        must(kc_repair_receive(&repairs[2], i, &helps[i]));
    }
    must(kc_repair_finish(&repairs[2], &share));
    kc_repair_wipe(&repairs[0]);
}

/* Help that is wrong, and shown to be. */
static void repair_complaint(const struct kc_dkg_setup *old, const struct kc_scalar shares[])
{
    struct kc_dkg_setup setup = *old;
    struct kc_repair repairs[HOLDERS];
    struct kc_dkg_complaint made;
    struct kc_scalar help;
    uint32_t culprit;
    setup.purpose = KC_DKG_MASK;
    setup.lost = indices[2];
    setup.parties[2].dealer = setup.parties[2].holder = 0;
    run_dkg(&setup, NULL);
    for (uint32_t i = 0; i < HOLDERS; i++)
        must(kc_repair_init(&repairs[i], &parties[i]));
    must(kc_repair_help(&repairs[0], &shares[0], &help));
    help.limb[0] ^= 1;
    must_refuse(kc_repair_receive(&repairs[2], 0, &help));
    must(kc_repair_receive(&repairs[1], 0, &help));
    struct kc_fresh source = fresh(4);
    must(kc_repair_complain(&repairs[2], &made, 0, &source));
    must(kc_repair_judge(&repairs[1], &made, &culprit));
    for (uint32_t i = 0; i < HOLDERS; i++)
        kc_repair_wipe(&repairs[i]);
}

static void generation(enum kc_curve curve)
{
    struct kc_dkg_setup setup = {
        .curve = curve, .purpose = KC_DKG_GENERATE, .threshold = 2, .party_count = HOLDERS};
    struct kc_dkg_result results[HOLDERS];
    struct kc_scalar shares[HOLDERS];
    uint8_t session[32] = {10};
    for (uint32_t i = 0; i < HOLDERS; i++)
        setup.parties[i].dealer = setup.parties[i].holder = indices[i];
    run_dkg(&setup, NULL);
    for (uint32_t i = 0; i < HOLDERS; i++) {
        must(kc_dkg_finish(&parties[i], &results[i]));
        shares[i] = results[i].share;
        setup.parties[i].public = results[0].publics[i];
    }
    setup.group = results[0].group;
    repair(&setup, shares);
    repair_complaint(&setup, shares);
    must(kc_dkg_setup_refresh(&setup, &setup, 7, session));
    run_dkg(&setup, shares);
    for (uint32_t i = 0; i < HOLDERS; i++)
        must(kc_dkg_finish(&parties[i], &results[i]));
}

static void complaint(void)
{
    struct kc_dkg_setup setup = {.curve = KC_CURVE_ED448,
        .purpose = KC_DKG_GENERATE,
        .threshold = 2,
        .party_count = 2,
        .parties = {{.dealer = 1, .holder = 1}, {.dealer = 2, .holder = 2}}};
    struct kc_dkg_offer offers[2];
    struct kc_dkg_deal deal;
    struct kc_dkg_complaint made;
    uint32_t culprit;
    for (uint32_t i = 0; i < 2; i++) {
        struct kc_fresh source = fresh(i);
        must(kc_dkg_start(&parties[i], &offers[i], &setup, i, NULL, &source));
    }
    for (uint32_t i = 0; i < 2; i++)
        must(kc_dkg_receive_offer(&parties[i], 1 - i, &offers[1 - i]));
    must(kc_dkg_make_deal(&parties[1], &deal));
    deal.sealed[0].limb[0] ^= 1;
    must_refuse(kc_dkg_receive_deal(&parties[0], 1, &deal));
    struct kc_fresh source = fresh(3);
    must(kc_dkg_complain(&parties[0], &made, 1, &source));
    must(kc_dkg_judge(&parties[0], 0, &made, &culprit));
    kc_dkg_wipe(&parties[0]);
    kc_dkg_wipe(&parties[1]);
}

void constant_time_protocols(void)
{
    for (int i = KC_CURVE_ED25519; i <= KC_CURVE_P256; i++) {
        shamir((enum kc_curve)i);
        proofs((enum kc_curve)i);
        generation((enum kc_curve)i);
    }
    udf_shares();
    complaint();
    frost(KC_FROST_ED25519, KC_CURVE_ED25519);
    frost(KC_FROST_ED25519_CONTEXT, KC_CURVE_ED25519);
    frost(KC_FROST_ED448, KC_CURVE_ED448);
    frost(KC_FROST_P256, KC_CURVE_P256);
}
