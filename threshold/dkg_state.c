/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/dkg_state.h"

#include "threshold/dkg_setup.h"
#include "threshold/transcript.h"

bool kc_dkg_deals(const struct kc_dkg *dkg, uint32_t position)
{
    return kc_dkg_in(kc_dkg_dealers(&dkg->setup), position);
}

uint32_t kc_dkg_everybody(const struct kc_dkg *dkg)
{
    return (UINT32_C(1) << dkg->setup.party_count) - 1;
}

enum kc_error kc_dkg_admit(const struct kc_dkg *dkg, enum kc_dkg_phase phase, uint32_t allowed,
    uint32_t had, uint32_t sender)
{
    if (dkg->phase != phase)
        return KC_ERR_SESSION;
    if (!kc_dkg_in(allowed, sender))
        return KC_ERR_CONTRIBUTION;
    return kc_dkg_in(had, sender) ? KC_ERR_EXISTS : KC_OK;
}

enum kc_error kc_dkg_hash_party(
    uint8_t hash[static KC_DKG_HASH_SIZE], const struct kc_dkg *dkg, uint32_t position)
{
    uint8_t octets[KC_DKG_MESSAGE_SIZE_MAX];
    struct kc_writer w;
    struct kc_transcript transcript;
    kc_transcript_init(&transcript, "custodian threshold dkg party 1");
    kc_transcript_bytes(&transcript, dkg->digest, sizeof dkg->digest);
    kc_transcript_number(&transcript, position);
    kc_writer_init(&w, octets, sizeof octets);
    kc_dkg_offer_write(&w, &dkg->offer[position]);
    kc_transcript_bytes(&transcript, octets, w.size);
    kc_writer_init(&w, octets, sizeof octets);
    kc_dkg_deal_write(&w, &dkg->deal[position]);
    kc_transcript_bytes(&transcript, octets, w.size);
    return kc_transcript_finish(&transcript, hash, KC_DKG_HASH_SIZE);
}
