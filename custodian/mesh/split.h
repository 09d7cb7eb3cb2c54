/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An account's key split between a service and one holder, and how the split is refreshed.
 *
 * s = x + y mod L, the service's share random: neither share alone says anything about the key. Each
 * holder has a split of its own, so that taking one away touches no other. A refresh adds d to the
 * service's share and takes it from the holder's: one share from before and one from after open
 * nothing, while both from before still are the key.
 */
#ifndef KC_CUSTODIAN_MESH_SPLIT_H
#define KC_CUSTODIAN_MESH_SPLIT_H

#include "custodian/mesh/envelope_make.h"

struct kc_mesh_split {
    struct kc_scalar service, holder;             /* secret */
    struct kc_public_key service_own, holder_own; /* verification shares; with their ids */
};

/*
 * Splits a key.
 *
 * split  kc_mesh_split_wipe
 *
 * KC_ERR_CONTRIBUTION  the shares do not make the key again: nothing may leave
 * KC_ERR_RANDOM
 */
KC_CHECKED enum kc_error kc_mesh_split_make(
    const struct kc_mesh_source *source, const struct kc_key *whole, struct kc_mesh_split *split);

/*
 * Makes the offsets of a refresh: service holds d, holder -d, and the verification shares are those
 * after it.
 *
 * service_own, holder_own  the verification shares before
 * whole                    the public key that they belong to
 *
 * KC_ERR_CONTRIBUTION  the shares before, or those after, are not of this key
 * KC_ERR_POINT_...     they are no points that may be used
 * KC_ERR_RANDOM
 */
KC_CHECKED enum kc_error kc_mesh_split_refresh(const struct kc_mesh_source *source,
    const struct kc_public_key *service_own, const struct kc_public_key *holder_own,
    const struct kc_point *whole, struct kc_mesh_split *offsets);

void kc_mesh_split_wipe(struct kc_mesh_split *split);
#define KC_AUTO_MESH_SPLIT __attribute__((cleanup(kc_mesh_split_wipe))) struct kc_mesh_split

/* The point of a public key in a document, whole. KC_ERR_BAD_ALGORITHM, KC_ERR_POINT_... */
KC_CHECKED enum kc_error kc_mesh_point(const struct kc_public_key *key, struct kc_point *point);

#endif
