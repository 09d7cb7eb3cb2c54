/* SPDX-License-Identifier: Apache-2.0 */
/* What splitting a key in two and dealing it to many have in common. */
#ifndef KC_CUSTODIAN_VAULT_SHARE_H
#define KC_CUSTODIAN_VAULT_SHARE_H

#include "custodian/vault/core.h"
#include "threshold/scalar.h"

/*
 * The record of a share of a key, but for the peer or the quorum.
 *
 * role    KC_ROLE_SHARE or KC_ROLE_QUORUM
 * group   the key's public half
 * public  the share's verification share
 */
KC_CHECKED enum kc_error kc_share_of(struct kc_record *share, const struct kc_record *key,
    enum kc_role role, const struct kc_point *group, const struct kc_point *public);

/* Stages a new share with its scalar, which is secret; its body must live in the call. */
KC_CHECKED enum kc_error kc_call_stage_share(struct kc_call *call, const struct kc_record *share,
    const struct kc_scalar *scalar, struct kc_record **staged);

/*
 * Keeps a share that came: it is allowed, is not here, and no other one of the same dealing is. Stages
 * it, describes it in the answer, and wishes for the commit. Its body must live in the call.
 *
 * KC_ERR_EXISTS  it is here already, or was; KC_ERR_BAD_ARGUMENT: another one is here;
 * KC_ERR_ENVELOPE: the request names another account
 */
KC_CHECKED enum kc_error kc_call_take_share(
    struct kc_call *call, struct kc_record *share, const struct kc_scalar *scalar);

/* Envelopes a share to a recipient's record. */
KC_CHECKED enum kc_error kc_call_envelope_share(struct kc_call *call, const struct kc_record *share,
    const struct kc_scalar *scalar, const struct kc_record *recipient, uint8_t *envelope,
    size_t limit, size_t *size);

#endif
