/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures that verified, so that one which comes with every request is computed once: that of an
 * administrator under a device's connection.
 *
 * Whether a key made a signature over a digest never changes, and is all that is remembered: by the
 * SHA-512 of the key, the digest and the signature, in full. What is believed because of it, whose the
 * device is, until when, and whether it was revoked, is read and judged each time.
 *
 * What does not verify is not remembered. Nothing in it is secret. Thread-safe.
 */
#ifndef KC_CUSTODIAN_MESH_PROVEN_H
#define KC_CUSTODIAN_MESH_PROVEN_H

#include "proto/dare_envelope.h"

struct kc_proven;

/*
 * count   signatures at most, 64 octets each: a newer one takes the place of an older one
 * verify  what computes
 * proven  given: kc_proven_free
 *
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_proven_new(
    size_t count, kc_dare_verify verify, struct kc_proven **proven);
void kc_proven_free(struct kc_proven *proven);

/* Whether it verifies, as `verify` says: of a kc_dare_memory. Errors of `verify`;
 * KC_ERR_TOO_LARGE: no signature is that long; KC_ERR_NO_MEMORY. */
KC_CHECKED enum kc_error kc_proven_verify(void *memory, const struct kc_public_key *key,
    const uint8_t digest[KC_DARE_DIGEST_SIZE], struct kc_span signature);

#endif
