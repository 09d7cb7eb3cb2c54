/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/dkg.h"

#include "base/wipe.h"
#include "threshold/combination.h"
#include "threshold/declassify.h"
#include "threshold/dkg_setup.h"
#include "threshold/dkg_state.h"
#include "threshold/shamir.h"
#include "threshold/transcript.h"

#include <string.h>

/* What a proof of possession is of. */
enum role { ROLE_SEAL = 1, ROLE_VALUE = 2 };

struct role_context {
    uint8_t octets[32 + 2]; /* setup's digest, position, role */
};

static struct role_context context_of(const struct kc_dkg *dkg, uint32_t position, enum role role)
{
    struct role_context context;
    memcpy(context.octets, dkg->digest, 32);
    context.octets[32] = (uint8_t)position;
    context.octets[33] = (uint8_t)role;
    return context;
}

static struct kc_span span_of(const struct role_context *context)
{
    return (struct kc_span){context->octets, sizeof context->octets};
}

/* A secret of this session, by number. */
static enum kc_error make_secret(struct kc_scalar *out, const struct kc_dkg *dkg,
    const struct kc_scalar *share, const struct kc_fresh *fresh, size_t number)
{
    struct kc_transcript transcript;
    kc_transcript_init(&transcript, "custodian threshold dkg secret 1");
    kc_transcript_bytes(&transcript, dkg->digest, sizeof dkg->digest);
    kc_transcript_number(&transcript, dkg->own);
    kc_transcript_fresh(&transcript, fresh);
    kc_transcript_number(&transcript, share != NULL);
    if (share != NULL)
        kc_transcript_scalar(&transcript, share);
    kc_transcript_number(&transcript, number);
    return kc_transcript_finish_scalar(&transcript, out, dkg->setup.curve);
}

/* f = (x - lost) h for a random h of degree t - 2, which is in coefficients 0..t-2. */
static void vanish_at_lost(struct kc_dkg *dkg)
{
    struct kc_scalar lost;
    KC_AUTO_SCALAR term;
    size_t top = dkg->setup.threshold - 1;
    kc_scalar_set(&lost, dkg->setup.curve, dkg->setup.lost);
    dkg->coefficients[top] = dkg->coefficients[top - 1];
    for (size_t k = top; k-- > 0;) {
        kc_scalar_multiply(&term, &dkg->coefficients[k], &lost);
        kc_scalar_negate(&dkg->coefficients[k], &term);
        if (k > 0)
            kc_scalar_add(&dkg->coefficients[k], &dkg->coefficients[k], &dkg->coefficients[k - 1]);
    }
}

static enum kc_error make_polynomial(
    struct kc_dkg *dkg, const struct kc_scalar *share, const struct kc_fresh *fresh)
{
    struct kc_scalar weight;
    enum kc_error error = KC_OK;
    for (size_t k = 0; error == KC_OK && k < dkg->setup.threshold; k++)
        error = make_secret(&dkg->coefficients[k], dkg, share, fresh, k + 1);
    if (error != KC_OK)
        return error;
    if (dkg->setup.purpose == KC_DKG_MASK)
        vanish_at_lost(dkg);
    if (dkg->setup.purpose != KC_DKG_RESHARE)
        return KC_OK;
    error = kc_dkg_dealer_coefficient(&dkg->setup, dkg->own, 0, &weight);
    if (error == KC_OK)
        kc_scalar_multiply(&dkg->coefficients[0], share, &weight);
    return error;
}

static enum kc_error offer_value(
    struct kc_dkg *dkg, struct kc_dkg_offer *offer, const struct kc_fresh *fresh)
{
    struct role_context context = context_of(dkg, dkg->own, ROLE_VALUE);
    for (size_t k = 0; k < dkg->setup.threshold; k++) {
        enum kc_error error = kc_point_multiply_base(&offer->commitments[k], &dkg->coefficients[k]);
        if (error != KC_OK)
            return error;
    }
    offer->count = dkg->setup.threshold;
    kc_declassify(offer->commitments, sizeof offer->commitments); /* they are sent */
    return kc_possession_prove(&offer->possession, &dkg->coefficients[0], &offer->commitments[0],
        span_of(&context), fresh);
}

static enum kc_error make_offer(struct kc_dkg *dkg, struct kc_dkg_offer *offer,
    const struct kc_scalar *share, const struct kc_fresh *fresh)
{
    struct role_context context = context_of(dkg, dkg->own, ROLE_SEAL);
    enum kc_error error = make_secret(&dkg->seal_secret, dkg, NULL, fresh, 0);
    if (error != KC_OK ||
        (error = kc_point_multiply_base(&offer->seal_key, &dkg->seal_secret)) != KC_OK)
        return error;
    kc_declassify(&offer->seal_key, sizeof offer->seal_key); /* it is sent */
    error = kc_possession_prove(
        &offer->seal_possession, &dkg->seal_secret, &offer->seal_key, span_of(&context), fresh);
    if (error != KC_OK || !kc_dkg_deals(dkg, dkg->own))
        return error;
    error = make_polynomial(dkg, share, fresh);
    return error != KC_OK ? error : offer_value(dkg, offer, fresh);
}

/* A share is given just where it is dealt, and is the one that all know the public half of. */
static bool share_fits(
    const struct kc_dkg_setup *setup, uint32_t own, const struct kc_scalar *share)
{
    struct kc_point public;
    bool wanted = setup->purpose == KC_DKG_RESHARE && setup->parties[own].dealer != 0;
    if (!wanted || share == NULL)
        return !wanted && share == NULL;
    return share->curve == setup->curve && kc_point_multiply_base(&public, share) == KC_OK &&
           kc_declassify_answer(kc_point_equal(&public, &setup->parties[own].public)); /* public */
}

enum kc_error kc_dkg_start(struct kc_dkg *dkg, struct kc_dkg_offer *offer,
    const struct kc_dkg_setup *setup, uint32_t own, const struct kc_scalar *share,
    const struct kc_fresh *fresh)
{
    kc_dkg_wipe(dkg);
    enum kc_error error = kc_dkg_setup_check(setup);
    if (error != KC_OK)
        return error;
    if (own >= setup->party_count || !share_fits(setup, own, share))
        return KC_ERR_BAD_ARGUMENT;
    dkg->setup = *setup;
    dkg->own = own;
    dkg->phase = KC_DKG_OFFERS;
    kc_scalar_set(&dkg->share, setup->curve, 0);
    struct kc_dkg_offer made = {.count = 0};
    error = kc_dkg_setup_hash(dkg->digest, setup);
    if (error == KC_OK)
        error = make_offer(dkg, &made, share, fresh);
    if (error == KC_OK)
        error = kc_dkg_receive_offer(dkg, own, &made);
    if (error == KC_OK)
        *offer = made;
    else
        kc_dkg_wipe(dkg);
    return error;
}

/* Reshare: what is dealt is the weighted old share. Mask: the polynomial vanishes at the index. */
static bool commits_to_its_purpose(
    const struct kc_dkg *dkg, uint32_t sender, const struct kc_dkg_offer *offer)
{
    struct kc_point point;
    struct kc_scalar weight;
    switch (dkg->setup.purpose) {
    case KC_DKG_GENERATE:
        return true;
    case KC_DKG_RESHARE:
        if (kc_dkg_dealer_coefficient(&dkg->setup, sender, 0, &weight) != KC_OK)
            return false;
        const struct kc_term terms[] = {{&weight, &dkg->setup.parties[sender].public, false},
            {NULL, &offer->commitments[0], true}};
        return kc_combination_vanishes_variable_time(NULL, terms, 2);
    case KC_DKG_MASK:
        return kc_shamir_public(&point, offer->commitments, offer->count, dkg->setup.lost) ==
               KC_ERR_POINT_SMALL_ORDER;
    }
    return false;
}

static bool of_curve(const struct kc_dkg *dkg, const struct kc_dkg_offer *offer)
{
    bool same = offer->seal_key.curve == dkg->setup.curve;
    for (size_t k = 0; k < offer->count; k++)
        same = same && offer->commitments[k].curve == dkg->setup.curve;
    return same;
}

static enum kc_error check_offer(
    const struct kc_dkg *dkg, uint32_t sender, const struct kc_dkg_offer *offer)
{
    struct role_context context = context_of(dkg, sender, ROLE_SEAL);
    if (offer->count != (kc_dkg_deals(dkg, sender) ? dkg->setup.threshold : 0) ||
        !of_curve(dkg, offer))
        return KC_ERR_CONTRIBUTION;
    enum kc_error error =
        kc_possession_verify(&offer->seal_possession, &offer->seal_key, span_of(&context));
    if (error != KC_OK || offer->count == 0)
        return error;
    context = context_of(dkg, sender, ROLE_VALUE);
    error = kc_possession_verify(&offer->possession, &offer->commitments[0], span_of(&context));
    if (error != KC_OK)
        return error;
    return commits_to_its_purpose(dkg, sender, offer) ? KC_OK : KC_ERR_CONTRIBUTION;
}

enum kc_error kc_dkg_receive_offer(
    struct kc_dkg *dkg, uint32_t sender, const struct kc_dkg_offer *offer)
{
    enum kc_error error =
        kc_dkg_admit(dkg, KC_DKG_OFFERS, kc_dkg_everybody(dkg), dkg->offers, sender);
    if (error != KC_OK || (error = check_offer(dkg, sender, offer)) != KC_OK)
        return error;
    dkg->offer[sender] = *offer;
    dkg->offers |= UINT32_C(1) << sender;
    if (dkg->offers == kc_dkg_everybody(dkg))
        dkg->phase = KC_DKG_DEALS;
    return KC_OK;
}

static struct kc_parcel_name name_of(const struct kc_dkg *dkg, uint32_t from, uint32_t to)
{
    struct kc_parcel_name name = {.kind = KC_PARCEL_SHARE, .from = from, .to = to};
    memcpy(name.session, dkg->digest, sizeof name.session);
    return name;
}

static enum kc_error seal_shares(const struct kc_dkg *dkg, struct kc_dkg_deal *deal)
{
    uint32_t holders = kc_dkg_holders(&dkg->setup);
    enum kc_error error = KC_OK;
    KC_AUTO_SCALAR value;
    deal->count = 0;
    for (uint32_t to = 0; error == KC_OK && to < dkg->setup.party_count; to++) {
        if (!kc_dkg_in(holders, to))
            continue;
        struct kc_parcel_name name = name_of(dkg, dkg->own, to);
        kc_shamir_evaluate(
            &value, dkg->coefficients, dkg->setup.threshold, dkg->setup.parties[to].holder);
        error = kc_parcel_seal(&deal->sealed[deal->count++], &value, &dkg->seal_secret,
            &dkg->offer[to].seal_key, &name);
    }
    return error;
}

enum kc_error kc_dkg_make_deal(struct kc_dkg *dkg, struct kc_dkg_deal *deal)
{
    struct kc_dkg_deal made = {.count = 0};
    if (dkg->phase != KC_DKG_DEALS)
        return KC_ERR_SESSION;
    if (!kc_dkg_deals(dkg, dkg->own))
        return KC_ERR_BAD_ARGUMENT;
    enum kc_error error = KC_OK;
    if (!kc_dkg_in(dkg->deals, dkg->own) && (error = seal_shares(dkg, &made)) == KC_OK)
        error = kc_dkg_receive_deal(dkg, dkg->own, &made);
    if (error == KC_OK)
        *deal = dkg->deal[dkg->own];
    return error;
}

/* Opens this party's share of a deal, checks it and adds it. */
static enum kc_error add_share(struct kc_dkg *dkg, uint32_t sender)
{
    uint32_t holders = kc_dkg_holders(&dkg->setup);
    if (!kc_dkg_in(holders, dkg->own))
        return KC_OK;
    struct kc_parcel_name name = name_of(dkg, sender, dkg->own);
    KC_AUTO_SCALAR value;
    enum kc_error error =
        kc_parcel_open(&value, &dkg->deal[sender].sealed[kc_dkg_place(holders, dkg->own)],
            &dkg->seal_secret, &dkg->offer[sender].seal_key, &name);
    if (error == KC_OK)
        error = kc_shamir_check(&value, dkg->setup.parties[dkg->own].holder,
            dkg->offer[sender].commitments, dkg->setup.threshold);
    if (error == KC_OK)
        kc_scalar_add(&dkg->share, &dkg->share, &value);
    return error;
}

static bool deal_fits(const struct kc_dkg *dkg, const struct kc_dkg_deal *deal)
{
    if (deal->count != kc_dkg_count(kc_dkg_holders(&dkg->setup)))
        return false;
    for (size_t i = 0; i < deal->count; i++)
        if (deal->sealed[i].curve != dkg->setup.curve)
            return false;
    return true;
}

enum kc_error kc_dkg_receive_deal(
    struct kc_dkg *dkg, uint32_t sender, const struct kc_dkg_deal *deal)
{
    uint32_t dealers = kc_dkg_dealers(&dkg->setup);
    enum kc_error error = kc_dkg_admit(dkg, KC_DKG_DEALS, dealers, dkg->deals, sender);
    if (error != KC_OK)
        return error;
    if (!deal_fits(dkg, deal))
        return KC_ERR_CONTRIBUTION;
    dkg->deal[sender] = *deal;
    if ((error = add_share(dkg, sender)) != KC_OK && error != KC_ERR_CONTRIBUTION)
        return error;
    dkg->deals |= UINT32_C(1) << sender;
    if (error == KC_ERR_CONTRIBUTION)
        dkg->refused |= UINT32_C(1) << sender;
    else if (dkg->deals == dealers && dkg->refused == 0)
        dkg->phase = KC_DKG_CONFIRMS;
    return error;
}

enum kc_error kc_dkg_complain(const struct kc_dkg *dkg, struct kc_dkg_complaint *complaint,
    uint32_t accused, const struct kc_fresh *fresh)
{
    if (!kc_dkg_in(dkg->refused, accused))
        return KC_ERR_BAD_ARGUMENT;
    struct kc_parcel_name name = name_of(dkg, accused, dkg->own);
    struct kc_dkg_complaint made = {.accused = accused};
    enum kc_error error = kc_parcel_reveal(&made.revealed, &dkg->seal_secret,
        &dkg->offer[dkg->own].seal_key, &dkg->offer[accused].seal_key, &name, fresh);
    if (error == KC_OK)
        error = kc_dkg_hash_party(made.hash, dkg, accused);
    if (error == KC_OK)
        *complaint = made;
    return error;
}

/* Whether accuser and this party have the same messages of the accused. */
static enum kc_error compare_hash(
    const struct kc_dkg *dkg, const struct kc_dkg_complaint *complaint)
{
    uint8_t hash[KC_DKG_HASH_SIZE];
    enum kc_error error = kc_dkg_hash_party(hash, dkg, complaint->accused);
    if (error != KC_OK)
        return error;
    return memcmp(hash, complaint->hash, sizeof hash) == 0 ? KC_OK : KC_ERR_CONFLICT;
}

enum kc_error kc_dkg_judge(const struct kc_dkg *dkg, uint32_t accuser,
    const struct kc_dkg_complaint *complaint, uint32_t *culprit)
{
    uint32_t accused = complaint->accused, holders = kc_dkg_holders(&dkg->setup);
    if (!kc_dkg_in(dkg->deals, accused) || !kc_dkg_in(holders, accuser))
        return KC_ERR_BAD_ARGUMENT;
    struct kc_parcel_name name = name_of(dkg, accused, accuser);
    struct kc_scalar value; /* public: it was revealed */
    enum kc_error error = compare_hash(dkg, complaint);
    if (error != KC_OK)
        return error;
    error = kc_parcel_open_revealed(&value,
        &dkg->deal[accused].sealed[kc_dkg_place(holders, accuser)], &complaint->revealed,
        &dkg->offer[accuser].seal_key, &dkg->offer[accused].seal_key, &name);
    if (error == KC_OK)
        error = kc_shamir_check(&value, dkg->setup.parties[accuser].holder,
                    dkg->offer[accused].commitments, dkg->setup.threshold) == KC_OK
                    ? KC_ERR_CONTRIBUTION
                    : KC_OK;
    if (error != KC_OK && error != KC_ERR_CONTRIBUTION)
        return error;
    *culprit = error == KC_OK ? accused : accuser;
    return KC_OK;
}

void kc_dkg_wipe(struct kc_dkg *dkg)
{
    kc_wipe(dkg, sizeof *dkg);
}
