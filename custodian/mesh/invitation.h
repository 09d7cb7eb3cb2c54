/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A group's member: what its administrator sends when somebody joins (group.h), as the member takes
 * it. All is believed because the administrator signed it, who stands in a profile that the member
 * knew before; the invitation's own copy of the profile may only be a later one of the same two keys.
 */
#ifndef KC_CUSTODIAN_MESH_INVITATION_H
#define KC_CUSTODIAN_MESH_INVITATION_H

#include "custodian/mesh/activation.h"
#include "custodian/mesh/capability.h"

/* What the member knows before. All lent. */
struct kc_mesh_inviting {
    const struct kc_mesh_account *group; /* of a profile that was verified */
    const struct kc_key *key;            /* the member's encryption key; secret */
    const char *address;                 /* of the member's account */
    int64_t epoch;                       /* of the last share that was taken; 0: there was none */
    int64_t now;                         /* seconds since 1970 */
};

/* Secret: kc_mesh_invited_done. */
struct kc_mesh_invited {
    struct kc_mesh_activated_key share;
    int64_t epoch;                      /* of the share */
    char address[KC_MESH_ADDRESS_SIZE]; /* of the group */
    char *profile;                      /* of the group, enveloped; owned, terminated */
    size_t profile_size;
};

/*
 * Reads a GroupInvitation.
 *
 * invited  given: kc_mesh_invited_done
 *
 * KC_ERR_SIGNATURE     the group's administrator did not sign it, or what is in it; or it brings a
 *                      profile that is not the group's, or has another administrator
 * KC_ERR_DECRYPTION    it is not encrypted to this key, or its share is not
 * KC_ERR_REFUSED       for another member, of another group, about another key; or too late
 * KC_ERR_EPOCH         its share is not later than the last one, or the profile older than the known
 * KC_ERR_CONTRIBUTION  the share is not that of its verification share, or none of the group's key
 * KC_ERR_BAD_REQUEST, KC_ERR_TOO_LARGE, KC_ERR_ENVELOPE, KC_ERR_POINT_...  it has not the form
 */
KC_CHECKED enum kc_error kc_mesh_invitation_read(
    struct kc_span text, const struct kc_mesh_inviting *inviting, struct kc_mesh_invited *invited);

/* Wipes and frees; fine with a zeroed one. */
void kc_mesh_invited_done(struct kc_mesh_invited *invited);

#endif
