/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each kind of key may sign in an envelope.
 *
 * A DARE signature covers a digest and no word about what it is for: a signature that was got for
 * one object is one over any other with the same octets, and the same call makes them all. So each
 * key signs just the objects that are its own, told by the tag inside the payload, which is signed.
 */
#ifndef KC_CUSTODIAN_MESH_PURPOSE_H
#define KC_CUSTODIAN_MESH_PURPOSE_H

#include "proto/object.h"

enum kc_mesh_purpose {
    KC_MESH_PURPOSE_NONE,        /* it signs nothing */
    KC_MESH_PURPOSE_APPLICATION, /* whatever is no object of the Mesh */
    KC_MESH_PURPOSE_DEVICE,      /* requests and messages */
    KC_MESH_PURPOSE_ACCOUNT,     /* messages and contacts */
    KC_MESH_PURPOSE_ADMINISTRATOR, /* connections, activations, entries of catalogs, messages, shares */
    KC_MESH_PURPOSE_PROFILE,       /* its profile, what is bound by it, and its escrow */
    KC_MESH_PURPOSE_HOST,          /* responses, but of Operate: those are made in the vault */
};

/* Of a key that is derived from a seed, by its name: "BaseDeviceSign". */
enum kc_mesh_purpose kc_mesh_purpose_of_name(const char *key_name);

/*
 * Whether a key may sign a payload.
 *
 * type  written on KC_OK: what the payload is; KC_OBJECT_NONE: no object of the Mesh
 *
 * KC_ERR_REFUSED  it may not
 */
KC_CHECKED enum kc_error kc_mesh_purpose_check(
    enum kc_mesh_purpose purpose, struct kc_span payload, enum kc_object_type *type);

#endif
