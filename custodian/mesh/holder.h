/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who holds a share of an account's key beside the service, and what an administrator makes for
 * both: at the split, at each refresh, and at the end.
 */
#ifndef KC_CUSTODIAN_MESH_HOLDER_H
#define KC_CUSTODIAN_MESH_HOLDER_H

#include "custodian/mesh/capability.h"
#include "custodian/mesh/envelope_make.h"
#include "custodian/mesh/peer.h"
#include "custodian/mesh/split.h"

/* A split as the administrator keeps it: nothing in it is secret. */
struct kc_mesh_split_kept {
    enum kc_mesh_class class; /* 0: there is none */
    int64_t epoch;
    char id[KC_UDF_ID_SIZE];        /* of the service's share: random, the holder's ServiceId */
    char holder_id[KC_UDF_ID_SIZE]; /* of the holder's: that of its verification share as it was
                                       split ("a user capability's MUST match the KeyData
                                       identifier", 001, 10.4.8); a refresh keeps it */
    struct kc_public_key subject, service_own, holder_own;
};
/* Who the parties of a split are. All lent. */
struct kc_mesh_parties {
    const struct kc_key *administrator;
    const struct kc_mesh_provider *provider;
    const char *service_address;        /* host name of the service */
    const struct kc_public_key *holder; /* what the holder's share is encrypted to */
    const char *grantee;                /* the holder: a fingerprint, in full */
    const char *grantee_account;        /* of a member whose account is elsewhere; or NULL */
    struct kc_span grantee_profile;     /* the same: enveloped; or empty */
};

/*
 * Splits a key between the service and a holder, and makes the service's entry.
 *
 * split  the holder's share in it is for the caller to send: kc_mesh_split_wipe
 * kept   class and epoch are given, the rest is written
 * entry  of MMM_Access; given: free
 *
 * Errors of kc_mesh_split_make and kc_mesh_capability_make.
 */
KC_CHECKED enum kc_error kc_mesh_holder_split(const struct kc_mesh_source *source,
    const struct kc_mesh_parties *parties, const struct kc_key *whole, struct kc_mesh_split *split,
    struct kc_mesh_split_kept *kept, char **entry);

/*
 * Refreshes a split: makes the entry that changes the service's share, and the one that changes the
 * holder's. One share from before and one from after open nothing.
 *
 * kept   as it stands; after it one epoch later, with the verification shares that follow
 * entries  for the service, for the holder; given: free
 *
 * Errors of kc_mesh_split_refresh and kc_mesh_capability_make; nothing is changed then.
 */
KC_CHECKED enum kc_error kc_mesh_holder_refresh(const struct kc_mesh_source *source,
    const struct kc_mesh_parties *parties, struct kc_mesh_split_kept *kept, char *entries[2]);

/*
 * Splits the key anew under the same ids: for another service, or where what a refresh made was
 * lost. Both shares go out whole, and no share from before goes with one of these.
 *
 * whole  the key that `kept` is a split of: KC_ERR_CONFLICT if it is another by now
 *
 * Else as kc_mesh_holder_refresh.
 */
KC_CHECKED enum kc_error kc_mesh_holder_renew(const struct kc_mesh_source *source,
    const struct kc_mesh_parties *parties, const struct kc_key *whole,
    struct kc_mesh_split_kept *kept, char *entries[2]);

#endif
