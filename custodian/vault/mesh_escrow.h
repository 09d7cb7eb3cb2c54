/* SPDX-License-Identifier: Apache-2.0 */
/* Records of KC_KIND_ESCROW, for mesh_escrow.c and mesh_recover.c. */
#ifndef KC_CUSTODIAN_VAULT_MESH_ESCROW_H
#define KC_CUSTODIAN_VAULT_MESH_ESCROW_H

#include "custodian/mesh/recovery.h"
#include "custodian/vault/core.h"

/* The body: when shares were last verified, and the recovery record. */
struct kc_escrow_body {
    uint64_t verified; /* seconds since 1970; 0: never */
    struct kc_span record;
};

/* KC_ERR_RECORD_DAMAGED */
KC_CHECKED enum kc_error kc_escrow_body_read(
    const struct kc_record *escrow, struct kc_escrow_body *body);

/* The escrow that the request names: believed, and the policy's to this caller. Errors of
 * kc_call_record. */
KC_CHECKED enum kc_error kc_call_escrow(struct kc_call *call, struct kc_record **escrow);

/* Opens the record of a seed for what recovers it; but for `profile`. Secret: wiped by the caller.
 * Errors of kc_keeper_open. */
KC_CHECKED enum kc_error kc_call_open_recovery_seed(
    struct kc_call *call, const struct kc_record *record, struct kc_recovery_seed *seed);

/* What was split, of the request's shares. Secret: wiped by the caller. Errors of
 * kc_recovery_combine. */
KC_CHECKED enum kc_error kc_call_combine_shares(
    struct kc_call *call, uint8_t secret[static KC_UDF_SHAMIR_SECRET_MAX], size_t *size);

/* The escrow here whose shares these are: its id is made of what they give. KC_ERR_RECOVERY: there is
 * none; and the errors of kc_call_record. */
KC_CHECKED enum kc_error kc_call_escrow_of_shares(
    struct kc_call *call, struct kc_span secret, struct kc_record **escrow);

#endif
