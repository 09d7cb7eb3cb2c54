/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the key generation (dkg.h) ask of its state. */
#ifndef KC_THRESHOLD_DKG_STATE_H
#define KC_THRESHOLD_DKG_STATE_H

#include "threshold/dkg.h"

/* Whether the party at a position deals. */
bool kc_dkg_deals(const struct kc_dkg *dkg, uint32_t position);

/* The set of all parties. */
uint32_t kc_dkg_everybody(const struct kc_dkg *dkg);

/*
 * Whether a message of this phase may come from the sender now.
 *
 * allowed, had  sets: who may send one, and who has
 *
 * KC_ERR_SESSION       another phase
 * KC_ERR_CONTRIBUTION  the sender has none to send
 * KC_ERR_EXISTS        it has sent one
 */
KC_CHECKED enum kc_error kc_dkg_admit(const struct kc_dkg *dkg, enum kc_dkg_phase phase,
    uint32_t allowed, uint32_t had, uint32_t sender);

/* The hash of all that came from one party. KC_ERR_INTERNAL: libcrypto failed. */
KC_CHECKED enum kc_error kc_dkg_hash_party(
    uint8_t hash[static KC_DKG_HASH_SIZE], const struct kc_dkg *dkg, uint32_t position);

#endif
