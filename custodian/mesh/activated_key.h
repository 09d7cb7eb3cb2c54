/* SPDX-License-Identifier: Apache-2.0 */
/* Part of activation.h: the keys of an account that an activation gives, whole or as shares. */
#ifndef KC_CUSTODIAN_MESH_ACTIVATED_KEY_H
#define KC_CUSTODIAN_MESH_ACTIVATED_KEY_H

#include "custodian/mesh/activation.h"
#include "proto/object.h"

/*
 * Reads all of them.
 *
 * activation  an ActivationAccount, or an ActivationCommon; decrypted, its signature verified
 * profile     the account's
 * base        the device's, secret: a CompositePrivate names one, to which its PrivateSalt is added
 *
 * KC_ERR_CONTRIBUTION  a key is not the profile's, nor a share of it; or its public half is not its
 *                      own, or the public halves that are said of its share are not these
 * KC_ERR_BAD_REQUEST   a key without a private half, or of an unknown kind
 * KC_ERR_LIMIT         there are more than KC_MESH_ACTIVATED_KEYS_MAX
 */
KC_CHECKED enum kc_error kc_mesh_activated_keys_read(const struct kc_object *activation,
    const struct kc_object *profile, const struct kc_mesh_device_keys *base,
    struct kc_mesh_activated *activated);

#endif
