/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The refresh of a split key, as the holder takes it whose share is not the service's: what the
 * administrator sends is an offset, and where it leads is fixed by the administrator's signature
 * (split.h). The service's side is kc_mesh_capability_update.
 */
#ifndef KC_CUSTODIAN_MESH_SHARE_REFRESH_H
#define KC_CUSTODIAN_MESH_SHARE_REFRESH_H

#include "custodian/mesh/capability.h"

/* A share, and what is known of it. */
struct kc_mesh_share_state {
    char subject[KC_UDF_ID_SIZE]; /* UDF of the whole key */
    enum kc_mesh_class class;
    int64_t epoch;            /* 0: it came with the activation */
    struct kc_public_key own; /* the verification share */
    struct kc_scalar share;   /* secret: kc_scalar_wipe */
};

/* Which key an entry is about, once its signature is verified. Errors of kc_mesh_share_refresh. */
KC_CHECKED enum kc_error kc_mesh_refresh_subject(
    struct kc_span entry, const struct kc_mesh_account *account, char subject[KC_UDF_ID_SIZE]);

/*
 * Reads a refresh: the entry has an offset to the share, or a share in its place.
 *
 * entry    the enveloped CatalogedAccess
 * account  whose administrator must have signed it
 * key      what the offset is encrypted to
 * now      seconds since 1970
 * before   the share as it stands
 * after    of a later epoch; when it is kept, the share before is to be destroyed at once
 *
 * KC_ERR_EPOCH         it is not of a later epoch
 * KC_ERR_REFUSED       for another share or another class; or too late
 * KC_ERR_CONTRIBUTION  s'*B is not the verification share before plus d*B, or not what is published
 * KC_ERR_SIGNATURE     the administrator did not sign it, or not what is enveloped
 * KC_ERR_DECRYPTION    that is not for this key
 * KC_ERR_BAD_REQUEST, KC_ERR_ENVELOPE, KC_ERR_TOO_LARGE  it has not the form
 */
KC_CHECKED enum kc_error kc_mesh_share_refresh(struct kc_span entry,
    const struct kc_mesh_account *account, const struct kc_key *key, int64_t now,
    const struct kc_mesh_share_state *before, struct kc_mesh_share_state *after);

#endif
