/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All parties of a key generation, refresh, reshare or mask in one place, and the messages between
 * them, so that a test can change one.
 */
#ifndef KC_TESTS_THRESHOLD_PROTOCOLS_DKG_WORLD_H
#define KC_TESTS_THRESHOLD_PROTOCOLS_DKG_WORLD_H

#include "tests/threshold_protocols/support.h"

#include "threshold/dkg.h"

struct world {
    struct kc_dkg_setup setup;
    struct kc_dkg *parties[KC_DKG_PARTIES_MAX];
    struct kc_dkg_offer offers[KC_DKG_PARTIES_MAX];
    struct kc_dkg_deal deals[KC_DKG_PARTIES_MAX];
    struct kc_dkg_confirmation confirmations[KC_DKG_PARTIES_MAX];
    struct kc_dkg_result results[KC_DKG_PARTIES_MAX];
    struct kc_scalar shares[KC_DKG_PARTIES_MAX]; /* old ones, of a reshare's dealers */
};

/* In a new session of its own. Free it with free_world. */
struct world *make_world(const struct kc_dkg_setup *setup);
void free_world(struct world *w);

/* Parties with the indices 2, 5, 8, .. */
struct kc_dkg_setup generation(enum kc_curve curve, size_t threshold, size_t count);

/* The steps of all parties, each of which succeeds. */
void start(
    struct world *w, const struct kc_scalar *shares); /* those of a reshare's dealers, or NULL */
void give_offers(struct world *w);
void make_deals(struct world *w);
void give_deals(struct world *w);
void confirm(struct world *w);
void run(struct world *w, const struct kc_scalar *shares); /* all of these */
void finish(struct world *w);

/* A generation from start to end. */
struct world *generated(enum kc_curve curve, size_t threshold, size_t count);

/* Everybody has the same public halves, each holder's share fits, and t of them are the key. */
void assert_results_fit(struct world *w, struct kc_scalar *secret);

/* The setup in which the holders of a generation are dealers, too. */
struct kc_dkg_setup with_results(const struct world *w);
void collect_shares(const struct world *w, struct kc_scalar *shares);

/* Tests with a cheat: it is party 1 of 4, and party 0 looks at its messages. */
enum { HONEST = 0, CHEAT = 1, OTHER = 2, PARTIES = 4, THRESHOLD = 3 };

/*
 * Offers are made: of a generation; or of any purpose, a reshare being a refresh by all, and masks
 * being for party 3.
 */
struct world *started(enum kc_curve curve);
struct world *started_for(enum kc_dkg_purpose purpose, enum kc_curve curve);

/* Then the cheat's deals are given to all, a wrong one to the honest party if wanted. */
struct world *dealt(enum kc_dkg_purpose purpose, enum kc_curve curve, bool wrong);

#define FOR_EACH_PURPOSE(purpose)                                                                  \
    for (enum kc_dkg_purpose purpose = KC_DKG_GENERATE; purpose <= KC_DKG_MASK;                    \
         purpose = (enum kc_dkg_purpose)(purpose + 1))

enum kc_error offer_to_honest(struct world *w, const struct kc_dkg_offer *offer);

/* A proof of possession as the cheat makes it in this session: role 1, sealing key; 2, the value. */
struct kc_possession prove_as_cheat(
    const struct world *w, int role, const struct kc_scalar *secret, const struct kc_point *public);

#endif
