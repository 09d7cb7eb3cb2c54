/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A group's administrator: what is made when a member joins, and when it goes.
 *
 * A member decrypts with its own share of the group's key and the service's, through Operate. Both
 * shares are new for each member; the service's entry pins the member's profile, so that its devices
 * are known by the member's own administrator.
 */
#ifndef KC_CUSTODIAN_MESH_GROUP_H
#define KC_CUSTODIAN_MESH_GROUP_H

#include "custodian/mesh/holder.h"

/* Reads the profile of who is to be a member: another's account, signed by its own key, with an
 * encryption key.
 *
 * udf  whose it must be, in full
 *
 * KC_ERR_SIGNATURE  not signed by its own key, or another's
 * KC_ERR_REFUSED    it has no encryption key
 * Others as kc_mesh_account_read. */
KC_CHECKED enum kc_error kc_mesh_member_read(
    struct kc_span profile, const char *udf, struct kc_mesh_account *member);

struct kc_mesh_joining {
    const struct kc_mesh_account *group;
    struct kc_span group_profile; /* enveloped */
    const struct kc_mesh_account *member;
    struct kc_span member_profile;                   /* enveloped, of that member */
    const struct kc_key *administrator, *encryption; /* of the group */
    const struct kc_public_key *store; /* of MMM_Member, which the service does not read */
    const struct kc_mesh_provider *provider;
    const char *service_address;
    int64_t epoch;
};

struct kc_mesh_joined {
    struct kc_mesh_split_kept split;
    char *entry;      /* of MMM_Access; all are owned */
    char *cataloged;  /* CatalogedMember: of MMM_Member, encrypted to that store's key */
    char *invitation; /* GroupInvitation, encrypted to the member's key */
};

/*
 * Makes everything for one member.
 *
 * joined  kc_mesh_joined_done
 *
 * KC_ERR_BAD_ARGUMENT  the group itself cannot be its member
 * and the errors of kc_mesh_holder_split and kc_mesh_envelope_make
 */
KC_CHECKED enum kc_error kc_mesh_group_join(const struct kc_mesh_source *source,
    const struct kc_mesh_joining *joining, struct kc_mesh_joined *joined);

/* Fine with a zeroed one. */
void kc_mesh_joined_done(struct kc_mesh_joined *joined);

/* Makes the entry that takes a member off MMM_Member: its payload names the capabilities. entry is
 * given: free. Errors of kc_mesh_envelope_make. */
KC_CHECKED enum kc_error kc_mesh_group_leave(const struct kc_mesh_source *source,
    const struct kc_key *administrator, const struct kc_public_key *store, const char *address,
    const struct kc_mesh_split_kept *split, char **entry);

#endif
