/* SPDX-License-Identifier: Apache-2.0 */
/* A dealing: shares of a secret for several recipients, of whom any threshold have it (Shamir,
 * Feldman). Of a whole key, or of one holder's share when a dealt key is dealt anew. */
#ifndef KC_CUSTODIAN_VAULT_DEAL_H
#define KC_CUSTODIAN_VAULT_DEAL_H

#include "base/writer.h"
#include "custodian/vault/core.h"
#include "custodian/vault/quorum.h"

#define KC_DEALING_PACKED_MAX (32 + KC_QUORUM_SIZE_MAX)

struct kc_dealing {
    bool to_itself; /* a wrap key of this custodian may be a recipient */
    struct kc_record *recipients[KC_QUORUM_HOLDERS_MAX];
    size_t recipient_count;
    bool keeps; /* the first share stays; the recipients' come after it */
    struct kc_quorum quorum;
    struct kc_point group;                 /* public half of the dealt key */
    uint8_t packed[KC_DEALING_PACKED_MAX]; /* what goes with each share */
    size_t packed_size;
    struct kc_scalar shares[KC_QUORUM_HOLDERS_MAX]; /* secret */
};

void kc_dealing_wipe(struct kc_dealing *dealing);
#define KC_AUTO_DEALING __attribute__((cleanup(kc_dealing_wipe))) struct kc_dealing

/*
 * Reads recipients, threshold, and whether a share stays, from the request.
 *
 * KC_ERR_REFUSED       a recipient is not enrolled
 * KC_ERR_BAD_ARGUMENT  one is there twice, or numbers are not possible; the field is the detail
 */
KC_CHECKED enum kc_error kc_dealing_read(struct kc_call *call, struct kc_dealing *dealing);

/* Makes shares and commitments of a value, which is secret. */
KC_CHECKED enum kc_error kc_dealing_make(
    struct kc_call *call, const struct kc_scalar *value, struct kc_dealing *dealing);

/* Writes the recipients' envelopes, each as a span. key: that is dealt, or its share that is. */
KC_CHECKED enum kc_error kc_dealing_envelope(struct kc_call *call, const struct kc_record *key,
    const struct kc_dealing *dealing, struct kc_writer *w);

#endif
