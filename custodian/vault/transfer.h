/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes with a dealer's part of a new share, when holders deal a dealt key anew:
 *
 *   zero u8, session [16], dealers u16 (bit n: the holder with index n + 1), dealer u8 (index), then
 *   the dealer's quorum (quorum.h): its commitments, and as `former` that of the holders who deal
 *
 * A new share is the sum of all dealers' parts, and its quorum that of all commitments.
 */
#ifndef KC_CUSTODIAN_VAULT_TRANSFER_H
#define KC_CUSTODIAN_VAULT_TRANSFER_H

#include "custodian/vault/quorum.h"

#define KC_TRANSFER_SESSION_SIZE 16
#define KC_TRANSFER_SIZE_MAX (1 + KC_TRANSFER_SESSION_SIZE + 2 + 1 + KC_QUORUM_SIZE_MAX)

struct kc_transfer {
    uint8_t session[KC_TRANSFER_SESSION_SIZE];
    uint16_t dealers;
    uint8_t dealer;
    struct kc_quorum quorum;
};

void kc_transfer_write(struct kc_writer *w, const struct kc_transfer *transfer);

/* Reads the body of a part's record. KC_ERR_ENVELOPE: malformed, or the dealer is none of them */
KC_CHECKED enum kc_error kc_transfer_read(
    const struct kc_record *part, struct kc_transfer *transfer);

/* The bit of a holder; 0 of what is no index. */
static inline uint16_t kc_transfer_bit(uint8_t index)
{
    if (index < 1 || index > KC_QUORUM_HOLDERS_MAX)
        return 0;
    return (uint16_t)(1u << (index - 1u));
}

static inline bool kc_transfer_deals(uint16_t dealers, uint8_t index)
{
    return (dealers & kc_transfer_bit(index)) != 0;
}

#endif
