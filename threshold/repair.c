/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/repair.h"

#include "base/wipe.h"
#include "threshold/declassify.h"
#include "threshold/dkg_setup.h"
#include "threshold/transcript.h"

#include <string.h>

static uint32_t helpers(const struct kc_repair *repair)
{
    return kc_dkg_dealers(&repair->dkg->setup);
}

enum kc_error kc_repair_init(struct kc_repair *repair, struct kc_dkg *dkg)
{
    if (!kc_dkg_complete(dkg) || dkg->setup.purpose != KC_DKG_MASK)
        return KC_ERR_SESSION;
    *repair = (struct kc_repair){.dkg = dkg};
    while (kc_dkg_in(helpers(repair), repair->lost)) /* the setup has one that is none */
        repair->lost++;
    return KC_OK;
}

static struct kc_parcel_name name_of(const struct kc_repair *repair, uint32_t from)
{
    struct kc_parcel_name name = {.kind = KC_PARCEL_HELP, .from = from, .to = repair->lost};
    memcpy(name.session, repair->dkg->digest, sizeof name.session);
    return name;
}

static const struct kc_point *seal_key(const struct kc_repair *repair, uint32_t position)
{
    return &repair->dkg->offer[position].seal_key;
}

static bool own_share(const struct kc_dkg *dkg, const struct kc_scalar *share)
{
    struct kc_point public;
    return share->curve == dkg->setup.curve && kc_point_multiply_base(&public, share) == KC_OK &&
           /* both are public */
           kc_declassify_answer(kc_point_equal(&public, &dkg->setup.parties[dkg->own].public));
}

enum kc_error kc_repair_help(
    struct kc_repair *repair, const struct kc_scalar *share, struct kc_scalar *sealed)
{
    struct kc_dkg *dkg = repair->dkg;
    if (!kc_dkg_in(helpers(repair), dkg->own) || !own_share(dkg, share))
        return KC_ERR_BAD_ARGUMENT;
    struct kc_parcel_name name = name_of(repair, dkg->own);
    KC_AUTO_SCALAR value;
    struct kc_scalar made;
    kc_scalar_add(&value, share, &dkg->share);
    enum kc_error error =
        kc_parcel_seal(&made, &value, &dkg->seal_secret, seal_key(repair, repair->lost), &name);
    if (error != KC_OK)
        return error;
    repair->sealed[dkg->own] = made;
    repair->helps |= UINT32_C(1) << dkg->own;
    *sealed = made;
    return KC_OK;
}

/* Whether the value is the sender's share plus its mask, by their public halves. */
static bool value_right(
    const struct kc_repair *repair, uint32_t sender, const struct kc_scalar *value)
{
    const struct kc_dkg_party *party = &repair->dkg->setup.parties[sender];
    struct kc_point parts[2], expected, got;
    parts[0] = party->public;
    return kc_dkg_holder_public(repair->dkg, party->holder, &parts[1]) == KC_OK &&
           kc_point_sum(&expected, parts, 2) == KC_OK &&
           kc_point_multiply_base(&got, value) == KC_OK &&
           kc_declassify_answer(kc_point_equal(&got, &expected)); /* accepted or refused */
}

/* Opens and checks the help of a sender; what helpers only store. */
static enum kc_error open_help(struct kc_repair *repair, uint32_t sender)
{
    const struct kc_dkg *dkg = repair->dkg;
    if (dkg->own != repair->lost)
        return KC_OK;
    struct kc_parcel_name name = name_of(repair, sender);
    enum kc_error error = kc_parcel_open(&repair->values[sender], &repair->sealed[sender],
        &dkg->seal_secret, seal_key(repair, sender), &name);
    if (error != KC_OK)
        return error;
    return value_right(repair, sender, &repair->values[sender]) ? KC_OK : KC_ERR_CONTRIBUTION;
}

enum kc_error kc_repair_receive(
    struct kc_repair *repair, uint32_t sender, const struct kc_scalar *sealed)
{
    if (!kc_dkg_in(helpers(repair), sender) || sealed->curve != repair->dkg->setup.curve)
        return KC_ERR_CONTRIBUTION;
    if (kc_dkg_in(repair->helps, sender))
        return KC_ERR_EXISTS;
    repair->sealed[sender] = *sealed;
    enum kc_error error = open_help(repair, sender);
    if (error != KC_OK && error != KC_ERR_CONTRIBUTION)
        return error;
    repair->helps |= UINT32_C(1) << sender;
    if (error == KC_ERR_CONTRIBUTION)
        repair->refused |= UINT32_C(1) << sender;
    return error;
}

static enum kc_error hash_help(
    uint8_t hash[static KC_DKG_HASH_SIZE], const struct kc_repair *repair, uint32_t position)
{
    struct kc_transcript transcript;
    kc_transcript_init(&transcript, "custodian threshold repair help 1");
    kc_transcript_bytes(&transcript, repair->dkg->digest, sizeof repair->dkg->digest);
    kc_transcript_number(&transcript, position);
    kc_transcript_scalar(&transcript, &repair->sealed[position]);
    return kc_transcript_finish(&transcript, hash, KC_DKG_HASH_SIZE);
}

enum kc_error kc_repair_complain(const struct kc_repair *repair, struct kc_dkg_complaint *complaint,
    uint32_t accused, const struct kc_fresh *fresh)
{
    if (!kc_dkg_in(repair->refused, accused))
        return KC_ERR_BAD_ARGUMENT;
    struct kc_parcel_name name = name_of(repair, accused);
    struct kc_dkg_complaint made = {.accused = accused};
    enum kc_error error = kc_parcel_reveal(&made.revealed, &repair->dkg->seal_secret,
        seal_key(repair, repair->lost), seal_key(repair, accused), &name, fresh);
    if (error == KC_OK)
        error = hash_help(made.hash, repair, accused);
    if (error == KC_OK)
        *complaint = made;
    return error;
}

enum kc_error kc_repair_judge(
    const struct kc_repair *repair, const struct kc_dkg_complaint *complaint, uint32_t *culprit)
{
    uint32_t accused = complaint->accused;
    if (!kc_dkg_in(repair->helps, accused))
        return KC_ERR_BAD_ARGUMENT;
    struct kc_parcel_name name = name_of(repair, accused);
    struct kc_scalar value; /* public: it was revealed */
    uint8_t hash[KC_DKG_HASH_SIZE];
    enum kc_error error = hash_help(hash, repair, accused);
    if (error != KC_OK)
        return error;
    if (memcmp(hash, complaint->hash, sizeof hash) != 0)
        return KC_ERR_CONFLICT;
    error = kc_parcel_open_revealed(&value, &repair->sealed[accused], &complaint->revealed,
        seal_key(repair, repair->lost), seal_key(repair, accused), &name);
    if (error != KC_OK && error != KC_ERR_CONTRIBUTION)
        return error;
    bool right = error != KC_OK || value_right(repair, accused, &value);
    *culprit = right ? repair->lost : accused;
    return KC_OK;
}

static enum kc_error interpolate(const struct kc_repair *repair, struct kc_scalar *share)
{
    const struct kc_dkg_setup *setup = &repair->dkg->setup;
    struct kc_scalar coefficient;
    KC_AUTO_SCALAR term;
    enum kc_error error = KC_OK;
    kc_scalar_set(share, setup->curve, 0);
    for (uint32_t i = 0; error == KC_OK && i < setup->party_count; i++) {
        if (!kc_dkg_in(helpers(repair), i))
            continue;
        error = kc_dkg_dealer_coefficient(setup, i, setup->lost, &coefficient);
        if (error != KC_OK)
            break;
        kc_scalar_multiply(&term, &repair->values[i], &coefficient);
        kc_scalar_add(share, share, &term);
    }
    return error;
}

enum kc_error kc_repair_finish(struct kc_repair *repair, struct kc_scalar *share)
{
    if (repair->dkg->own != repair->lost || repair->helps != helpers(repair) ||
        repair->refused != 0)
        return KC_ERR_SESSION;
    KC_AUTO_SCALAR sum;
    struct kc_point expected, public;
    enum kc_error error = interpolate(repair, &sum);
    if (error == KC_OK &&
        (kc_dkg_old_public(&repair->dkg->setup, repair->dkg->setup.lost, &expected) != KC_OK ||
            kc_point_multiply_base(&public, &sum) != KC_OK ||
            /* right or refused; both points are public */
            !kc_declassify_answer(kc_point_equal(&public, &expected))))
        error = KC_ERR_CONTRIBUTION;
    if (error == KC_OK)
        *share = sum;
    kc_repair_wipe(repair);
    return error;
}

void kc_repair_wipe(struct kc_repair *repair)
{
    if (repair->dkg != NULL)
        kc_dkg_wipe(repair->dkg);
    kc_wipe(repair, sizeof *repair);
}
