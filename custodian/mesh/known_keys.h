/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys by which signatures verified, made ready for the next ones (threshold/signature_key.h): that of a
 * device, which signs each of its requests.
 *
 * What is remembered of a key depends on its octets alone. A key is kept once a signature by it
 * verified. Nothing in it is secret. Thread-safe.
 */
#ifndef KC_CUSTODIAN_MESH_KNOWN_KEYS_H
#define KC_CUSTODIAN_MESH_KNOWN_KEYS_H

#include "proto/dare_envelope.h"

struct kc_known_keys;

/*
 * count  keys at most, less than 1 KiB each: a newer one takes the place of an older one
 * keys   given: kc_known_keys_free
 *
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_known_keys_new(size_t count, struct kc_known_keys **keys);
void kc_known_keys_free(struct kc_known_keys *keys);

/* As kc_mesh_verify, with its errors: of a kc_dare_memory. */
KC_CHECKED enum kc_error kc_known_keys_verify(void *memory, const struct kc_public_key *key,
    const uint8_t digest[KC_DARE_DIGEST_SIZE], struct kc_span signature);

#endif
