/* SPDX-License-Identifier: Apache-2.0 */
/* A key of an account in escrow: enveloped to the account's EscrowEncryption, and signed by its
 * administrator; and taken out of that envelope again. */
#ifndef KC_CUSTODIAN_MESH_ESCROW_KEY_H
#define KC_CUSTODIAN_MESH_ESCROW_KEY_H

#include "custodian/mesh/envelope_make.h"

#define KC_ESCROW_KEY_MAX 4096 /* octets of an envelope that is read */

/*
 * Whether a key may be escrowed: one that decrypts what an account or a group stores. Never a key
 * that signs: who could recover it could sign in the account's name. None that authenticates either,
 * and not the escrow key itself.
 *
 * name  by which the account's seed makes the key: CompleteAccountEncrypt, or with a store's name
 */
bool kc_mesh_may_be_escrowed(const char *name, enum kc_curve curve);

/*
 * Envelopes a key to the escrow key.
 *
 * name    as above
 * text    given, terminated: free
 *
 * KC_ERR_ESCROW_KEY  it may not be escrowed
 * and the errors of kc_mesh_envelope_make
 */
KC_CHECKED enum kc_error kc_mesh_escrow_key(const struct kc_mesh_source *source, const char *name,
    const struct kc_key *key, const struct kc_public_key *escrow,
    const struct kc_key *administrator, char **text, size_t *size);

/*
 * Takes a key out of such an envelope.
 *
 * escrow         the account's escrow key
 * administrator  who must have signed
 * key            secret: KC_AUTO_KEY; written only on KC_OK
 *
 * KC_ERR_TOO_LARGE     more than KC_ESCROW_KEY_MAX octets
 * KC_ERR_SIGNATURE     the administrator did not sign it
 * KC_ERR_DECRYPTION    it is not encrypted to the escrow key, or no envelope
 * KC_ERR_BAD_REQUEST   no key is in it
 * KC_ERR_CONTRIBUTION  its private half is not of the public one, or is missing
 * KC_ERR_ESCROW_KEY    it is a key that signs
 */
KC_CHECKED enum kc_error kc_mesh_escrow_key_open(struct kc_span text, const struct kc_key *escrow,
    const struct kc_public_key *administrator, struct kc_key *key);

#endif
