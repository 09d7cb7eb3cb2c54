/* SPDX-License-Identifier: Apache-2.0 */
/* A key of an account in escrow: enveloped to the account's EscrowEncryption. */
#ifndef KC_CUSTODIAN_MESH_ESCROW_KEY_H
#define KC_CUSTODIAN_MESH_ESCROW_KEY_H

#include "custodian/mesh/envelope_make.h"

/*
 * Envelopes the key of a store, or the encryption key of a group, to the escrow key. Never a
 * key that signs: who could recover it could sign in the account's name. A key that authenticates has
 * no name that is taken here.
 *
 * name    by which the account's seed makes the key: CompleteAccountEncrypt, or with a store's name
 * text    given, terminated: free
 *
 * KC_ERR_REFUSED  a key that signs, or of another name
 * and the errors of kc_mesh_envelope_make
 */
KC_CHECKED enum kc_error kc_mesh_escrow_key(const struct kc_mesh_source *source, const char *name,
    const struct kc_key *key, const struct kc_public_key *escrow,
    const struct kc_key *administrator, char **text, size_t *size);

#endif
