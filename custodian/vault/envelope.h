/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A share on its way to another custodian: enveloped to its wrap key. The layout is fixed and
 * public (docs/share-envelope.md):
 *
 *   version u8: 1, or 2 of a dealt key's share
 *   recipient_algorithm u8, recipient span      enum kc_curve (X25519 or X448), signed encoding
 *   ephemeral span                              of the same curve
 *   algorithm u8, class u8, index u8, threshold u8, dealer u8, created u64,
 *   expiry u64
 *   group span, account span                    text
 *   group_public span, public span; then peer_public span, or quorum span (quorum.h)
 *   nonce [24], then XChaCha20-Poly1305 of the share's scalar; associated data: all before
 *
 * span: u32 size, octets. The key is HKDF-SHA-512 of the agreement between ephemeral and recipient:
 * salt empty, info "custodian share envelope, 1" || ephemeral || recipient, 32 octets.
 *
 * The envelope hides and binds the share; it does not say who made it. Whoever accepts one decides
 * that by who handed it over, and checks the share against the public values in it.
 */
#ifndef KC_CUSTODIAN_VAULT_ENVELOPE_H
#define KC_CUSTODIAN_VAULT_ENVELOPE_H

#include "base/secret.h"
#include "custodian/record.h"
#include "custodian/vault/entropy.h"
#include "threshold/key.h"

#define KC_ENVELOPE_SIZE_MAX 1536 /* of the second version; of the first KC_RECORD_ENVELOPE_MAX */

/*
 * Seals a share.
 *
 * share      record of the share as the recipient will have it: role, algorithm, class, index,
 *            threshold, dealer, created, expiry, group, account, the public keys, and the body of a
 *            dealt key's share
 * scalar     secret
 * recipient  wrap key
 * limit      room for the envelope, in octets
 *
 * KC_ERR_TOO_LARGE  it does not fit
 */
KC_CHECKED enum kc_error kc_envelope_seal(struct kc_entropy *entropy, const struct kc_record *share,
    const struct kc_scalar *scalar, const struct kc_point *recipient, uint8_t *envelope,
    size_t limit, size_t *size);

/*
 * Opens an envelope.
 *
 * wrap    the recipient's key
 * share   the fields that seal was given are set, nothing else is touched; the body lends from the
 *         envelope
 * scalar  secret; the caller wipes it
 *
 * KC_ERR_ENVELOPE  malformed, altered, or not for this key
 */
KC_CHECKED enum kc_error kc_envelope_open(struct kc_span envelope, const struct kc_key *wrap,
    struct kc_record *share, struct kc_scalar *scalar);

#endif
