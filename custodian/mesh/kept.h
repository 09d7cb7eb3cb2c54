/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compact forms in which a service keeps what it once read from signed documents: a request may
 * name 64 capabilities, and all of them go to the vault in one message. Who keeps them authenticates
 * them; a share is not in its capability's form, but is kept as a secret.
 */
#ifndef KC_CUSTODIAN_MESH_KEPT_H
#define KC_CUSTODIAN_MESH_KEPT_H

#include "base/reader.h"
#include "base/writer.h"
#include "custodian/mesh/capability.h"

#define KC_MESH_ACCOUNT_KEPT_MAX 704     /* octets of an account */
#define KC_MESH_CAPABILITY_KEPT_MAX 1472 /* octets of a capability, with the member's account */

void kc_mesh_account_keep(struct kc_writer *w, const struct kc_mesh_account *account);
void kc_mesh_capability_keep(struct kc_writer *w, const struct kc_mesh_capability *capability);

/* Reads what was kept; anything else fails the reader. A capability's share is zero. */
void kc_mesh_account_kept(struct kc_reader *r, struct kc_mesh_account *account);
void kc_mesh_capability_kept(struct kc_reader *r, struct kc_mesh_capability *capability);

/* The texts of a capability, lent from where it is kept; the reader stands anywhere after it. */
struct kc_mesh_capability_texts {
    struct kc_span id, account_udf, grantee;
};
void kc_mesh_capability_kept_texts(struct kc_reader *r, struct kc_mesh_capability_texts *texts);

#endif
