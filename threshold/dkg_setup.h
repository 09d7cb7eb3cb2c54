/* SPDX-License-Identifier: Apache-2.0 */
/* What dkg.c and repair.c ask of a setup. */
#ifndef KC_THRESHOLD_DKG_SETUP_H
#define KC_THRESHOLD_DKG_SETUP_H

#include "threshold/dkg.h"

/* KC_ERR_BAD_ARGUMENT: not a setup that kc_dkg_start takes. */
KC_CHECKED enum kc_error kc_dkg_setup_check(const struct kc_dkg_setup *setup);

/* The hash of all of it. KC_ERR_INTERNAL: libcrypto failed. */
KC_CHECKED enum kc_error kc_dkg_setup_hash(
    uint8_t digest[static 32], const struct kc_dkg_setup *setup);

/* The set of parties that deal, and of those that hold. */
uint32_t kc_dkg_dealers(const struct kc_dkg_setup *setup);
uint32_t kc_dkg_holders(const struct kc_dkg_setup *setup);

/* How many are in a set. */
size_t kc_dkg_count(uint32_t set);

static inline bool kc_dkg_in(uint32_t set, uint32_t position)
{
    return position < KC_DKG_PARTIES_MAX && (set >> position & 1) != 0;
}

/* The place of a position within a set: how many are before it. */
size_t kc_dkg_place(uint32_t set, uint32_t position);

/* Old indices of the dealers, in the order of the parties; returns how many. */
size_t kc_dkg_dealer_indices(
    const struct kc_dkg_setup *setup, uint32_t indices[static KC_DKG_PARTIES_MAX]);

/* The Lagrange coefficient of a dealer among the dealers, at an index. */
KC_CHECKED enum kc_error kc_dkg_dealer_coefficient(
    const struct kc_dkg_setup *setup, uint32_t position, uint32_t at, struct kc_scalar *out);

/* The verification share at an index that the dealers' old ones make: at 0 the group key. */
KC_CHECKED enum kc_error kc_dkg_old_public(
    const struct kc_dkg_setup *setup, uint32_t at, struct kc_point *out);

#endif
