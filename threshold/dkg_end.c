/* SPDX-License-Identifier: Apache-2.0 */
/* How a key generation ends: confirmations, and the result. */
#include "base/wipe.h"
#include "threshold/dkg_setup.h"
#include "threshold/dkg_state.h"
#include "threshold/shamir.h"
#include "threshold/transcript.h"

#include <string.h>

static enum kc_error hash_parties(
    struct kc_dkg_confirmation *confirmation, const struct kc_dkg *dkg)
{
    enum kc_error error = KC_OK;
    confirmation->count = dkg->setup.party_count;
    for (uint32_t i = 0; error == KC_OK && i < dkg->setup.party_count; i++)
        error = kc_dkg_hash_party(confirmation->hashes[i], dkg, i);
    return error;
}

enum kc_error kc_dkg_confirm(struct kc_dkg *dkg, struct kc_dkg_confirmation *confirmation)
{
    struct kc_dkg_confirmation made = {.count = 0};
    if (dkg->phase != KC_DKG_CONFIRMS)
        return KC_ERR_SESSION;
    enum kc_error error = hash_parties(&made, dkg);
    if (error != KC_OK)
        return error;
    dkg->confirmations |= UINT32_C(1) << dkg->own;
    *confirmation = made;
    return KC_OK;
}

enum kc_error kc_dkg_receive_confirmation(struct kc_dkg *dkg, uint32_t sender,
    const struct kc_dkg_confirmation *confirmation, uint32_t *suspect)
{
    struct kc_dkg_confirmation own = {.count = 0};
    enum kc_error error =
        kc_dkg_admit(dkg, KC_DKG_CONFIRMS, kc_dkg_everybody(dkg), dkg->confirmations, sender);
    if (error == KC_ERR_CONTRIBUTION ||
        (error == KC_OK && confirmation->count != dkg->setup.party_count)) {
        *suspect = sender;
        return KC_ERR_CONTRIBUTION;
    }
    if (error != KC_OK || (error = hash_parties(&own, dkg)) != KC_OK)
        return error;
    for (uint32_t i = 0; i < own.count; i++)
        if (memcmp(own.hashes[i], confirmation->hashes[i], KC_DKG_HASH_SIZE) != 0) {
            *suspect = i;
            return KC_ERR_CONTRIBUTION;
        }
    dkg->confirmations |= UINT32_C(1) << sender;
    return KC_OK;
}

bool kc_dkg_complete(const struct kc_dkg *dkg)
{
    return dkg->phase == KC_DKG_CONFIRMS && dkg->confirmations == kc_dkg_everybody(dkg);
}

/* The commitments of all dealers added: those of the polynomial whose values the holders have. */
static enum kc_error add_commitments(struct kc_point sums[], const struct kc_dkg *dkg)
{
    enum kc_error error = KC_OK;
    for (size_t k = 0; error == KC_OK && k < dkg->setup.threshold; k++) {
        struct kc_point points[KC_DKG_PARTIES_MAX];
        size_t count = 0;
        for (uint32_t i = 0; i < dkg->setup.party_count; i++)
            if (kc_dkg_deals(dkg, i))
                points[count++] = dkg->offer[i].commitments[k];
        error = kc_point_sum(&sums[k], points, count);
    }
    return error;
}

enum kc_error kc_dkg_holder_public(const struct kc_dkg *dkg, uint32_t index, struct kc_point *out)
{
    struct kc_point sums[KC_SHARES_MAX];
    if (dkg->offers != kc_dkg_everybody(dkg) || dkg->phase == KC_DKG_ENDED)
        return KC_ERR_SESSION;
    enum kc_error error = add_commitments(sums, dkg);
    return error != KC_OK ? error : kc_shamir_public(out, sums, dkg->setup.threshold, index);
}

static enum kc_error make_result(struct kc_dkg_result *made, const struct kc_dkg *dkg)
{
    struct kc_point sums[KC_SHARES_MAX];
    enum kc_error error = add_commitments(sums, dkg);
    for (uint32_t i = 0; error == KC_OK && i < dkg->setup.party_count; i++)
        if (dkg->setup.parties[i].holder != 0)
            error = kc_shamir_public(
                &made->publics[i], sums, dkg->setup.threshold, dkg->setup.parties[i].holder);
    made->group = sums[0];
    made->share = dkg->share;
    return error;
}

/* All that made this key, in one hash: the setup and what came from each party. */
static enum kc_error hash_session(
    uint8_t transcript_hash[static KC_DKG_HASH_SIZE], const struct kc_dkg *dkg)
{
    struct kc_transcript transcript;
    struct kc_dkg_confirmation all = {.count = 0};
    enum kc_error error = hash_parties(&all, dkg);
    if (error != KC_OK)
        return error;
    kc_transcript_init(&transcript, "custodian threshold dkg session 1");
    kc_transcript_bytes(&transcript, dkg->digest, sizeof dkg->digest);
    for (size_t i = 0; i < all.count; i++)
        kc_transcript_bytes(&transcript, all.hashes[i], sizeof all.hashes[i]);
    return kc_transcript_finish(&transcript, transcript_hash, KC_DKG_HASH_SIZE);
}

enum kc_error kc_dkg_finish(struct kc_dkg *dkg, struct kc_dkg_result *result)
{
    if (!kc_dkg_complete(dkg))
        return KC_ERR_SESSION;
    struct kc_dkg_result made = {0}; /* share: secret */
    enum kc_error error = make_result(&made, dkg);
    if (error == KC_OK && (error = hash_session(made.transcript, dkg)) == KC_OK)
        *result = made;
    kc_wipe(&made, sizeof made);
    kc_dkg_wipe(dkg);
    return error;
}
