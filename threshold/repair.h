/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Repair: a threshold of holders gives a holder its lost share back, and nobody learns anything
 * else (Herzberg, Jarecki, Krawczyk, Yung 1995).
 *
 * The helpers first run dkg.h with purpose mask; the party that lost its share takes part with both
 * indices 0. Each helper then has a value of a random polynomial that vanishes at the lost index.
 * It sends its share plus that value, sealed; the sums lie on a polynomial that is the key's at the
 * lost index only. A helper that sends a wrong one is named, and others can judge that.
 */
#ifndef KC_THRESHOLD_REPAIR_H
#define KC_THRESHOLD_REPAIR_H

#include "base/language.h"
#include "threshold/dkg.h"

KC_C_BEGIN

/* One party's state after kc_dkg_complete. Help goes to all parties, so that all can judge. */
struct kc_repair {
    struct kc_dkg *dkg; /* borrowed; wiped by kc_repair_finish and kc_repair_wipe */
    uint32_t lost;      /* position of who lost its share */
    uint32_t helps;     /* set: whose help has been taken in */
    uint32_t refused;   /* set: whose was wrong; known to who lost the share */
    struct kc_scalar sealed[KC_DKG_PARTIES_MAX];
    struct kc_scalar values[KC_DKG_PARTIES_MAX]; /* secret; with who lost the share */
};

/* Begins. KC_ERR_SESSION: the protocol before it is not complete, or was for another purpose. */
KC_CHECKED enum kc_error kc_repair_init(struct kc_repair *repair, struct kc_dkg *dkg);

/*
 * A helper's help, to be sent to all (a scalar).
 *
 * share  the helper's own
 *
 * KC_ERR_BAD_ARGUMENT  this party is no helper, or that is not its share
 * KC_ERR_INTERNAL      libcrypto failed
 */
KC_CHECKED enum kc_error kc_repair_help(
    struct kc_repair *repair, const struct kc_scalar *share, struct kc_scalar *sealed);

/*
 * Takes in a helper's help.
 *
 * KC_ERR_CONTRIBUTION  for who lost the share: it is wrong, the sender's doing; for all: the sender
 *                      is no helper
 * KC_ERR_EXISTS        there is one from this sender already
 */
KC_CHECKED enum kc_error kc_repair_receive(
    struct kc_repair *repair, uint32_t sender, const struct kc_scalar *sealed);

/* As kc_dkg_complain, by who lost the share. */
KC_CHECKED enum kc_error kc_repair_complain(const struct kc_repair *repair,
    struct kc_dkg_complaint *complaint, uint32_t accused, const struct kc_fresh *fresh);

/* As kc_dkg_judge; the accuser is who lost the share. */
KC_CHECKED enum kc_error kc_repair_judge(
    const struct kc_repair *repair, const struct kc_dkg_complaint *complaint, uint32_t *culprit);

/*
 * The share, for who lost it. All is wiped on every return except KC_ERR_SESSION.
 *
 * KC_ERR_SESSION       help is missing, or some was wrong
 * KC_ERR_CONTRIBUTION  the share does not fit its verification share
 */
KC_CHECKED enum kc_error kc_repair_finish(struct kc_repair *repair, struct kc_scalar *share);

/* Ends without one: for helpers always. */
void kc_repair_wipe(struct kc_repair *repair);

KC_C_END

#endif
