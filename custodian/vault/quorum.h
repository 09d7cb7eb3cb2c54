/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all holders of a dealt key know: how many they are, how many of them sign, and Feldman's
 * commitments to the polynomial whose values are their shares. It is the body of a share's record,
 * and goes with the share in its envelope:
 *
 *   holders u8, then `threshold` points in their curve's encoding, the public key first; and if the
 *   key was dealt anew by holders, SHA-256 of what they had in this place
 */
#ifndef KC_CUSTODIAN_VAULT_QUORUM_H
#define KC_CUSTODIAN_VAULT_QUORUM_H

#include "custodian/record.h"
#include "threshold/shamir.h"

#define KC_QUORUM_HOLDERS_MAX 12 /* so that all envelopes of a key fit into a record */
#define KC_QUORUM_DIGEST_SIZE 32
#define KC_QUORUM_SIZE_MAX (1 + KC_QUORUM_HOLDERS_MAX * KC_POINT_SIZE_MAX + KC_QUORUM_DIGEST_SIZE)

struct kc_quorum {
    uint8_t holders;   /* 2..KC_QUORUM_HOLDERS_MAX; their indices are 1..holders */
    uint8_t threshold; /* 2..holders */
    struct kc_point commitments[KC_QUORUM_HOLDERS_MAX];
    bool has_former;
    uint8_t former[KC_QUORUM_DIGEST_SIZE]; /* of the quorum before it */
};

void kc_quorum_write(struct kc_writer *w, const struct kc_quorum *quorum);

/*
 * Reads a quorum with this threshold, of whatever key. Each point is fully validated.
 *
 * KC_ERR_RECORD_DAMAGED  malformed, or the threshold is not possible
 */
KC_CHECKED enum kc_error kc_quorum_parse(
    struct kc_span octets, enum kc_curve curve, uint8_t threshold, struct kc_quorum *quorum);

/*
 * Reads the body of a share's record, which says the same as its columns: index, threshold, group.
 * Each point is fully validated.
 *
 * KC_ERR_RECORD_DAMAGED  it does not, or is malformed
 */
KC_CHECKED enum kc_error kc_quorum_read(const struct kc_record *share, struct kc_quorum *quorum);

/* How many holders there are, of a share whose body was read before. */
uint8_t kc_quorum_holders(const struct kc_record *share);

/* The verification share of a holder. KC_ERR_POINT_SMALL_ORDER: the commitments have none for it */
KC_CHECKED enum kc_error kc_quorum_public(
    const struct kc_quorum *quorum, uint32_t index, struct kc_point *point);

/* What the next quorum of the key has as `former`. KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_quorum_digest(
    struct kc_span quorum, uint8_t digest[static KC_QUORUM_DIGEST_SIZE]);

/* Takes the next id off a list with a comma between; of an empty one an empty id. */
struct kc_span kc_ids_next(struct kc_span *left);

#endif
