/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope that a share travels in: encrypted to its holder, and signed by who made it. */
#ifndef KC_CUSTODIAN_MESH_SHARE_ENVELOPE_H
#define KC_CUSTODIAN_MESH_SHARE_ENVELOPE_H

#include "custodian/mesh/envelope_make.h"

/* What a share that comes must fit. All borrowed. */
struct kc_mesh_share_terms {
    const struct kc_public_key *signer; /* whose signature and witness it must have */
    const struct kc_key *key;           /* what it is encrypted to */
    const struct kc_public_key *own;    /* the verification share that it must have */
    int64_t now;                        /* seconds since 1970 */
};

/*
 * Opens a share.
 *
 * text   the envelope; in it is a KeyData with the private scalar, of a curve's name and "z"
 * share  secret; written only on KC_OK
 *
 * KC_ERR_SIGNATURE     signer did not sign it
 * KC_ERR_DECRYPTION    it is not encrypted to the key, or signed by who did not know the content
 * KC_ERR_CONTRIBUTION  it is another share
 * KC_ERR_REFUSED       it was to be taken up before now
 * KC_ERR_BAD_REQUEST, KC_ERR_ENVELOPE, KC_ERR_TOO_LARGE  it has not the form
 */
KC_CHECKED enum kc_error kc_mesh_share_open(
    struct kc_span text, const struct kc_mesh_share_terms *terms, struct kc_scalar *share);

/*
 * Seals a share to who is to hold it.
 *
 * recipient  an encryption key that the caller has verified
 * end        when it is not to be taken up any more, seconds since 1970
 * text       given, terminated: free
 *
 * Errors of kc_mesh_envelope_make; KC_ERR_SCALAR_RANGE: the share is zero.
 */
KC_CHECKED enum kc_error kc_mesh_share_seal(const struct kc_scalar *share,
    const struct kc_public_key *recipient, int64_t end, const struct kc_key *signer,
    const struct kc_mesh_source *source, char **text, size_t *size);

#endif
