/* SPDX-License-Identifier: Apache-2.0 */
/* Keys in documents: public ones, and scalars on their way in an encrypted one. */
#ifndef KC_CUSTODIAN_MESH_KEY_DOCUMENT_H
#define KC_CUSTODIAN_MESH_KEY_DOCUMENT_H

#include "proto/object.h"
#include "proto/public_key.h"
#include "threshold/key.h"

#define KC_MESH_KEY_DOCUMENT_MAX 1024 /* octets of a KeyData that these write */

/* A KeyData field with the public half. */
void kc_mesh_write_public(
    struct kc_object_writer *w, const char *field, const struct kc_public_key *key);

/*
 * A KeyData with a scalar, as it is: curve "X448z". What is written is secret.
 *
 * field   NULL: the outermost object, tagged
 * public  of the scalar: the verification share, if it is a share
 */
void kc_mesh_write_scalar(struct kc_object_writer *w, const char *field,
    const struct kc_public_key *public, const struct kc_scalar *scalar);

/* The same, outermost, of a share that is to be taken up before a time: seconds since 1970. */
void kc_mesh_write_scalar_until(struct kc_object_writer *w, const struct kc_public_key *public,
    const struct kc_scalar *scalar, int64_t end);

/*
 * Reads what the two above write, and the share in a KeyShare.
 *
 * public  whose scalar it must be
 * scalar  secret; written only on KC_OK
 *
 * KC_ERR_CONTRIBUTION  none is in it, or it is another key's
 */
KC_CHECKED enum kc_error kc_mesh_read_scalar(
    const struct kc_object *key_data, const struct kc_public_key *public, struct kc_scalar *scalar);

/* A share of a key, for who holds it. All lent. */
struct kc_mesh_key_share {
    const struct kc_public_key *whole, *own;  /* the whole key, and the verification share */
    const struct kc_scalar *share;            /* secret */
    const char *service_id, *service_address; /* of the other share */
};

/* A KeyData field with a share: PublicParameters is the verification share, PrivateParameters a
 * KeyShare with the whole key and where the other share is. What is written is secret. */
void kc_mesh_write_share(
    struct kc_object_writer *w, const char *field, const struct kc_mesh_key_share *share);

#endif
