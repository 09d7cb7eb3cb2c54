/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope that a share comes to the service in: encrypted to the service, and signed by who
 * made the share. */
#ifndef KC_CUSTODIAN_MESH_SHARE_ENVELOPE_H
#define KC_CUSTODIAN_MESH_SHARE_ENVELOPE_H

#include "proto/public_key.h"
#include "threshold/key.h"

/*
 * Opens a share.
 *
 * text    the envelope; in it is a KeyData with the private scalar, of a curve's name and "z"
 * signer  whose signature and witness it must have
 * key     what it is encrypted to
 * own     the verification share that it must have
 * share   secret; written only on KC_OK
 *
 * KC_ERR_SIGNATURE     signer did not sign it
 * KC_ERR_DECRYPTION    it is not encrypted to the key, or signed by who did not know the content
 * KC_ERR_CONTRIBUTION  it is another share
 * KC_ERR_BAD_REQUEST, KC_ERR_ENVELOPE, KC_ERR_TOO_LARGE  it has not the form
 */
KC_CHECKED enum kc_error kc_mesh_share_open(struct kc_span text, const struct kc_public_key *signer,
    const struct kc_key *key, const struct kc_public_key *own, struct kc_scalar *share);

#endif
