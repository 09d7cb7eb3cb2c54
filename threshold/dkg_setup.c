/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/dkg_setup.h"

#include "threshold/combination.h"
#include "threshold/declassify.h"
#include "threshold/shamir.h"
#include "threshold/transcript.h"

uint32_t kc_dkg_dealers(const struct kc_dkg_setup *setup)
{
    uint32_t set = 0;
    for (size_t i = 0; i < setup->party_count; i++)
        if (setup->parties[i].dealer != 0)
            set |= UINT32_C(1) << i;
    return set;
}

uint32_t kc_dkg_holders(const struct kc_dkg_setup *setup)
{
    uint32_t set = 0;
    for (size_t i = 0; i < setup->party_count; i++)
        if (setup->parties[i].holder != 0)
            set |= UINT32_C(1) << i;
    return set;
}

size_t kc_dkg_count(uint32_t set)
{
    return (size_t)__builtin_popcount(set);
}

size_t kc_dkg_place(uint32_t set, uint32_t position)
{
    return kc_dkg_count(set & ((UINT32_C(1) << position) - 1));
}

size_t kc_dkg_dealer_indices(
    const struct kc_dkg_setup *setup, uint32_t indices[static KC_DKG_PARTIES_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < setup->party_count; i++)
        if (setup->parties[i].dealer != 0)
            indices[count++] = setup->parties[i].dealer;
    return count;
}

static size_t holder_indices(
    const struct kc_dkg_setup *setup, uint32_t indices[static KC_DKG_PARTIES_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < setup->party_count; i++)
        if (setup->parties[i].holder != 0)
            indices[count++] = setup->parties[i].holder;
    return count;
}

enum kc_error kc_dkg_dealer_coefficient(
    const struct kc_dkg_setup *setup, uint32_t position, uint32_t at, struct kc_scalar *out)
{
    uint32_t indices[KC_DKG_PARTIES_MAX];
    size_t count = kc_dkg_dealer_indices(setup, indices);
    return kc_shamir_coefficient(
        out, setup->curve, indices, count, kc_dkg_place(kc_dkg_dealers(setup), position), at);
}

enum kc_error kc_dkg_old_public(const struct kc_dkg_setup *setup, uint32_t at, struct kc_point *out)
{
    struct kc_scalar coefficients[KC_DKG_PARTIES_MAX];
    struct kc_term terms[KC_DKG_PARTIES_MAX];
    size_t count = 0;
    for (uint32_t i = 0; i < setup->party_count; i++) {
        if (setup->parties[i].dealer == 0)
            continue;
        enum kc_error error = kc_dkg_dealer_coefficient(setup, i, at, &coefficients[count]);
        if (error != KC_OK)
            return error;
        terms[count] = (struct kc_term){&coefficients[count], &setup->parties[i].public, false};
        count++;
    }
    return count > 0 ? kc_combination_variable_time(out, NULL, terms, count) : KC_ERR_BAD_ARGUMENT;
}

/* Who deals and holds, by purpose. */
static bool party_fits(const struct kc_dkg_setup *setup, const struct kc_dkg_party *party)
{
    switch (setup->purpose) {
    case KC_DKG_GENERATE:
        return party->dealer != 0 && party->holder == party->dealer;
    case KC_DKG_RESHARE:
        return (party->dealer != 0 || party->holder != 0) &&
               (party->dealer == 0 || party->public.curve == setup->curve);
    case KC_DKG_MASK:
        return party->holder == party->dealer && party->dealer != setup->lost &&
               (party->dealer == 0 || party->public.curve == setup->curve);
    }
    return false;
}

static bool counts_good(const struct kc_dkg_setup *setup)
{
    uint32_t dealers[KC_DKG_PARTIES_MAX], holders[KC_DKG_PARTIES_MAX];
    if (kc_curve_info(setup->curve) == NULL || setup->party_count < 2 ||
        setup->party_count > KC_DKG_PARTIES_MAX)
        return false;
    for (size_t i = 0; i < setup->party_count; i++)
        if (!party_fits(setup, &setup->parties[i]))
            return false;
    size_t holder_count = holder_indices(setup, holders);
    return kc_shamir_indices_good(dealers, kc_dkg_dealer_indices(setup, dealers)) &&
           kc_shamir_indices_good(holders, holder_count) && setup->threshold >= 1 &&
           setup->threshold <= holder_count;
}

/* A mask that vanishes somewhere needs a degree of at least one, and one
 * party that lost a share. */
static bool mask_good(const struct kc_dkg_setup *setup)
{
    return setup->threshold >= 2 && setup->lost != 0 &&
           kc_dkg_count(kc_dkg_dealers(setup)) == setup->party_count - 1;
}

/* With too few dealers, or a wrong verification share, the sum is not the group key. */
enum kc_error kc_dkg_setup_check(const struct kc_dkg_setup *setup)
{
    struct kc_point group;
    if (!counts_good(setup) || (setup->purpose == KC_DKG_MASK && !mask_good(setup)))
        return KC_ERR_BAD_ARGUMENT;
    if (setup->purpose == KC_DKG_GENERATE)
        return KC_OK;
    if (setup->group.curve != setup->curve || kc_dkg_old_public(setup, 0, &group) != KC_OK ||
        !kc_declassify_answer(kc_point_equal(&group, &setup->group))) /* both are public */
        return KC_ERR_BAD_ARGUMENT;
    return KC_OK;
}

enum kc_error kc_dkg_setup_hash(uint8_t digest[static 32], const struct kc_dkg_setup *setup)
{
    struct kc_transcript transcript;
    kc_transcript_init(&transcript, "custodian threshold dkg setup 1");
    kc_transcript_bytes(&transcript, setup->session, sizeof setup->session);
    kc_transcript_number(&transcript, (uint64_t)setup->curve);
    kc_transcript_number(&transcript, (uint64_t)setup->purpose);
    kc_transcript_number(&transcript, setup->threshold);
    kc_transcript_number(&transcript, setup->party_count);
    kc_transcript_number(&transcript, setup->lost);
    for (size_t i = 0; i < setup->party_count; i++) {
        kc_transcript_number(&transcript, setup->parties[i].dealer);
        kc_transcript_number(&transcript, setup->parties[i].holder);
        if (setup->purpose != KC_DKG_GENERATE && setup->parties[i].dealer != 0)
            kc_transcript_point(&transcript, &setup->parties[i].public);
    }
    if (setup->purpose != KC_DKG_GENERATE)
        kc_transcript_point(&transcript, &setup->group);
    return kc_transcript_finish(&transcript, digest, 32);
}

enum kc_error kc_dkg_setup_refresh(struct kc_dkg_setup *setup, const struct kc_dkg_setup *old,
    uint32_t dealers, const uint8_t session[static 32])
{
    struct kc_dkg_setup made = *old;
    size_t count = 0;
    made.purpose = KC_DKG_RESHARE;
    made.lost = 0;
    for (uint32_t i = 0; i < KC_DKG_PARTIES_MAX; i++) {
        made.parties[i].dealer = kc_dkg_in(dealers, i) ? old->parties[i].holder : 0;
        if (i < old->party_count && made.parties[i].dealer != 0)
            count++;
    }
    if (count < old->threshold)
        return KC_ERR_BAD_ARGUMENT;
    for (size_t i = 0; i < sizeof made.session; i++)
        made.session[i] = session[i];
    *setup = made;
    return KC_OK;
}
