/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures of DARE envelopes: the EdDSA schemes that they use, over the digest of the body.
 */
#ifndef KC_CUSTODIAN_MESH_VERIFY_H
#define KC_CUSTODIAN_MESH_VERIFY_H

#include "proto/dare_envelope.h"
#include "threshold/signature.h"

/* What is signed for a curve: Ed448 as it is, Ed25519 with a context that is there and empty. */
struct kc_signed_message kc_mesh_signed_message(
    enum kc_curve curve, const uint8_t digest[KC_DARE_DIGEST_SIZE]);

/*
 * A kc_dare_verify. All is public: in variable time.
 *
 * KC_ERR_BAD_ALGORITHM  no key for signatures
 * KC_ERR_POINT_...      the key is no point that may be used
 * KC_ERR_SIGNATURE      it does not verify
 */
KC_CHECKED enum kc_error kc_mesh_verify(const struct kc_public_key *key,
    const uint8_t digest[KC_DARE_DIGEST_SIZE], struct kc_span signature);

#endif
