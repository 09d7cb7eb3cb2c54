/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Distributed key generation, refresh and reshare: t-of-n shares that no dealer ever saw whole
 * (Pedersen 1991; two rounds and proofs of possession as in FROST).
 *
 * One protocol, three purposes. Each dealer shares a value with a polynomial of degree t - 1, and
 * each holder adds what it got:
 *   generate  every party deals a random value and holds a share; the key is the sum of the values
 *   reshare   a quorum of old holders deals its shares, weighted by Lagrange coefficients: the same
 *             key in new shares, for other holders, or (refresh) for the same ones with the same t
 *   mask      holders deal polynomials that vanish at one index: what repair.h builds on
 *
 * Messages, each to all parties over a channel that authenticates senders:
 *   1. kc_dkg_start gives an offer; each offer goes to kc_dkg_receive_offer
 *   2. kc_dkg_make_deal gives a dealer's deal; each deal goes to kc_dkg_receive_deal. If that
 *      refuses the share inside, kc_dkg_complain; everybody judges with kc_dkg_judge, and the
 *      protocol starts anew without the culprit
 *   3. kc_dkg_confirm gives a confirmation; each goes to kc_dkg_receive_confirmation
 *   4. kc_dkg_finish
 * One's own messages are taken in when they are made. No I/O, no clock: a deadline is the caller's.
 *
 * After a reshare a mix of old and new shares below a threshold of either is useless; a full
 * threshold of old shares remains the key, until the old holders destroy theirs. Only a new key
 * helps against those who do not.
 */
#ifndef KC_THRESHOLD_DKG_H
#define KC_THRESHOLD_DKG_H

#include "base/language.h"
#include "threshold/dkg_message.h"
#include "threshold/signature.h"

KC_C_BEGIN

enum kc_dkg_purpose { KC_DKG_GENERATE = 1, KC_DKG_RESHARE = 2, KC_DKG_MASK = 3 };

/* One party. Indices are those of shares: as a dealer of its old share, as a holder of its new. */
struct kc_dkg_party {
    uint32_t dealer;           /* 0: does not deal */
    uint32_t holder;           /* 0: gets no share */
    struct kc_point KC_PUBLIC; /* reshare, mask: a dealer's old verification share */
};

/* What all parties agree on beforehand; a different setup is a different session. */
struct kc_dkg_setup {
    enum kc_curve curve;
    enum kc_dkg_purpose purpose;
    size_t threshold; /* of the new shares: 1..holders; mask: at least 2 */
    size_t party_count;
    struct kc_dkg_party parties[KC_DKG_PARTIES_MAX];
    uint8_t session[32];   /* never the same for two sessions */
    struct kc_point group; /* reshare, mask: the public key */
    uint32_t lost;         /* mask: the index where all masks vanish; no holder's */
};

/*
 * Fills in the setup of a refresh: the same key, holders and threshold.
 *
 * old      threshold, group and party_count holders with verification shares
 * dealers  bit i: party i deals. At least threshold of them
 *
 * KC_ERR_BAD_ARGUMENT  fewer than the threshold
 */
KC_CHECKED enum kc_error kc_dkg_setup_refresh(struct kc_dkg_setup *setup,
    const struct kc_dkg_setup *old, uint32_t dealers, const uint8_t session[KC_AT_LEAST(32)]);

enum kc_dkg_phase { KC_DKG_ENDED = 0, KC_DKG_OFFERS = 1, KC_DKG_DEALS = 2, KC_DKG_CONFIRMS = 3 };

/*
 * One party's state: some 100 KiB, in secret memory, of the caller. Not copied, not serialised.
 * Bit i of a set is the party at position i.
 */
struct kc_dkg {
    enum kc_dkg_phase phase;
    struct kc_dkg_setup setup;
    uint8_t digest[32];                           /* of the setup */
    uint32_t own;                                 /* position */
    struct kc_scalar seal_secret;                 /* secret */
    struct kc_scalar coefficients[KC_SHARES_MAX]; /* secret: a dealer's polynomial */
    struct kc_scalar share;                       /* secret: the sum of what came so far */
    uint32_t offers, deals, confirmations;        /* sets: whose have been taken in */
    uint32_t refused;                             /* set: whose share for this party is wrong */
    struct kc_dkg_offer offer[KC_DKG_PARTIES_MAX];
    struct kc_dkg_deal deal[KC_DKG_PARTIES_MAX];
};

/* What comes out. */
struct kc_dkg_result {
    struct kc_scalar share;                      /* secret; zero for who holds nothing */
    struct kc_point group;                       /* not for masks */
    struct kc_point publics[KC_DKG_PARTIES_MAX]; /* verification share of each holder */
    /* Hash of the setup and of all messages that made the key: the same at every party, for the
     * record, and to compare afterwards. */
    uint8_t transcript[KC_DKG_HASH_SIZE];
};

/*
 * Begins, and makes this party's offer.
 *
 * dkg    in place; one that is open is wiped first. End it with kc_dkg_finish or kc_dkg_wipe
 * own    this party's position
 * share  a dealer's old share, for a reshare; else NULL
 * fresh  polynomial, sealing key and proofs are hashed from it, the setup and the share
 *
 * Constant time in share and all that is made here.
 *
 * KC_ERR_BAD_ARGUMENT  the setup: counts, zero or repeated indices, a dealer that does not fit the
 *                      purpose, verification shares that are not of the group key; or the share is
 *                      not that of the setup
 * KC_ERR_INTERNAL      libcrypto failed
 */
KC_CHECKED enum kc_error kc_dkg_start(struct kc_dkg *dkg, struct kc_dkg_offer *offer,
    const struct kc_dkg_setup *setup, uint32_t own, const struct kc_scalar *share,
    const struct kc_fresh *fresh);

/*
 * Takes in a party's offer.
 *
 * KC_ERR_CONTRIBUTION  the sender's doing: a proof is wrong (of another session, or a rogue key),
 *                      the number of commitments, or what they commit to
 * KC_ERR_EXISTS        there is one from this sender already
 * KC_ERR_SESSION       not in this phase
 */
KC_CHECKED enum kc_error kc_dkg_receive_offer(
    struct kc_dkg *dkg, uint32_t sender, const struct kc_dkg_offer *offer);

/*
 * A dealer's deal, once all offers are there. Given twice it is the same.
 *
 * KC_ERR_SESSION       an offer is missing
 * KC_ERR_BAD_ARGUMENT  this party does not deal
 */
KC_CHECKED enum kc_error kc_dkg_make_deal(struct kc_dkg *dkg, struct kc_dkg_deal *deal);

/*
 * Takes in a dealer's deal.
 *
 * KC_ERR_CONTRIBUTION  the sender's doing: the count is wrong, or the share for this party (then
 *                      kc_dkg_complain can show it)
 * KC_ERR_EXISTS, KC_ERR_SESSION  as kc_dkg_receive_offer, or an offer is missing
 */
KC_CHECKED enum kc_error kc_dkg_receive_deal(
    struct kc_dkg *dkg, uint32_t sender, const struct kc_dkg_deal *deal);

/*
 * Shows that the share from a dealer is wrong. The share becomes public.
 *
 * KC_ERR_BAD_ARGUMENT  it is not wrong
 */
KC_CHECKED enum kc_error kc_dkg_complain(const struct kc_dkg *dkg,
    struct kc_dkg_complaint *complaint, uint32_t accused, const struct kc_fresh *fresh);

/*
 * Judges a complaint; every party comes to the same verdict.
 *
 * culprit  the accused, if its share was wrong; else the accuser, whose complaint is false
 *
 * KC_ERR_BAD_ARGUMENT  accuser or accused are not parties that got and dealt, or the accused's deal
 *                      has not been taken in
 * KC_ERR_CONFLICT      the accuser has other messages of the accused than this party: the accused
 *                      sent two different ones, which shows when the signed messages are compared,
 *                      or else the accuser lies
 */
KC_CHECKED enum kc_error kc_dkg_judge(const struct kc_dkg *dkg, uint32_t accuser,
    const struct kc_dkg_complaint *complaint, uint32_t *culprit);

/*
 * What this party has from each one, once all deals are there and right.
 *
 * KC_ERR_SESSION  a deal is missing, or one was wrong
 */
KC_CHECKED enum kc_error kc_dkg_confirm(
    struct kc_dkg *dkg, struct kc_dkg_confirmation *confirmation);

/*
 * Takes in a confirmation: all parties have the same messages from everybody.
 *
 * suspect  whose messages differ; written only with KC_ERR_CONTRIBUTION. Either it sent two
 *          different ones, which both receivers can show as it signed them, or the sender of the
 *          confirmation lies. Position of the sender itself if the confirmation has a wrong count
 *
 * KC_ERR_CONTRIBUTION  see suspect
 * KC_ERR_EXISTS, KC_ERR_SESSION  as kc_dkg_receive_offer
 */
KC_CHECKED enum kc_error kc_dkg_receive_confirmation(struct kc_dkg *dkg, uint32_t sender,
    const struct kc_dkg_confirmation *confirmation, uint32_t *suspect);

/*
 * Ends with a result. The state is wiped on every return except KC_ERR_SESSION.
 *
 * KC_ERR_SESSION            a confirmation is missing
 * KC_ERR_POINT_SMALL_ORDER  the key, or a holder's verification share, is the identity
 */
KC_CHECKED enum kc_error kc_dkg_finish(struct kc_dkg *dkg, struct kc_dkg_result *result);

/* Ends without one. */
void kc_dkg_wipe(struct kc_dkg *dkg);

/* Whether all offers, deals and confirmations are there: what repair.h waits for. */
KC_CHECKED bool kc_dkg_complete(const struct kc_dkg *dkg);

/* The verification share of a holder's sum, once all offers are there. For repair.h. Errors as
 * kc_shamir_public. */
KC_CHECKED enum kc_error kc_dkg_holder_public(
    const struct kc_dkg *dkg, uint32_t index, struct kc_point *out);

KC_C_END

#endif
