/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of distributed key generation and what follows from it (dkg.h, repair.h), as
 * structs and as octets.
 *
 * A message does not say who sent it: the caller knows, as it authenticates every sender, and
 * gives the sender's position with the message. Layouts are fixed by curve; lists have an octet
 * for their count before them. Reading checks every point and scalar fully.
 */
#ifndef KC_THRESHOLD_DKG_MESSAGE_H
#define KC_THRESHOLD_DKG_MESSAGE_H

#include "base/language.h"
#include "threshold/parcel.h"
#include "threshold/possession.h"
#include "threshold/share.h"

KC_C_BEGIN

#define KC_DKG_PARTIES_MAX KC_SHARES_MAX

/* Round one: a sealing key; from a dealer also the commitments to its polynomial. */
struct kc_dkg_offer {
    struct kc_point seal_key; /* E */
    struct kc_possession seal_possession;
    size_t count; /* of commitments: the threshold, or 0 from who deals nothing */
    struct kc_point commitments[KC_SHARES_MAX];
    struct kc_possession possession; /* of commitments[0]; only with commitments */
};

/* Round two: a dealer's sealed shares, for each holder in the order of the parties. */
struct kc_dkg_deal {
    size_t count;
    struct kc_scalar sealed[KC_DKG_PARTIES_MAX];
};

#define KC_DKG_HASH_SIZE 32

/* A holder shows that a dealer's share, or a helper's help, was wrong. */
struct kc_dkg_complaint {
    uint32_t accused;               /* position */
    uint8_t hash[KC_DKG_HASH_SIZE]; /* of what the accuser has from the accused */
    struct kc_parcel_key revealed;
};

/* The end: hashes of what this party has from each one, itself included. */
struct kc_dkg_confirmation {
    size_t count; /* of parties */
    uint8_t hashes[KC_DKG_PARTIES_MAX][KC_DKG_HASH_SIZE];
};

/* Octets of the largest message of all: an offer. */
#define KC_DKG_MESSAGE_SIZE_MAX                                                                    \
    (2 + (KC_SHARES_MAX + 3) * KC_POINT_SIZE_MAX + 2 * KC_SCALAR_SIZE_MAX)

void kc_dkg_offer_write(struct kc_writer *w, const struct kc_dkg_offer *offer);
void kc_dkg_deal_write(struct kc_writer *w, const struct kc_dkg_deal *deal);
void kc_dkg_complaint_write(struct kc_writer *w, const struct kc_dkg_complaint *complaint);
void kc_dkg_confirmation_write(struct kc_writer *w, const struct kc_dkg_confirmation *confirmation);

/*
 * Each reads one whole message.
 *
 * KC_ERR_BAD_REQUEST  too short, too long, or a count above its limit
 * KC_ERR_POINT_*, KC_ERR_SCALAR_RANGE  a value is not what it must be
 */
KC_CHECKED enum kc_error kc_dkg_offer_read(
    struct kc_dkg_offer *offer, enum kc_curve curve, struct kc_span message);
KC_CHECKED enum kc_error kc_dkg_deal_read(
    struct kc_dkg_deal *deal, enum kc_curve curve, struct kc_span message);
KC_CHECKED enum kc_error kc_dkg_complaint_read(
    struct kc_dkg_complaint *complaint, enum kc_curve curve, struct kc_span message);
KC_CHECKED enum kc_error kc_dkg_confirmation_read(
    struct kc_dkg_confirmation *confirmation, struct kc_span message);

KC_C_END

#endif
