/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HKDF (RFC 5869) and HMAC as libcrypto has them, with the errors of this project.
 *
 * Keys, pseudo-random keys and outputs are secret: borrowed, and wiped by the caller.
 */
#ifndef KC_PROTO_HKDF_H
#define KC_PROTO_HKDF_H

#include "base/error.h"
#include "base/reader.h"

#include <stdint.h>

enum kc_hash { KC_HASH_SHA256, KC_HASH_SHA512, KC_HASH_SHA3_512 };

#define KC_HASH_SIZE_MAX 64

/* 32 or 64 octets. */
size_t kc_hash_size(enum kc_hash hash);

/* The digest of the octets. KC_ERR_NO_MEMORY: libcrypto could not. */
KC_CHECKED enum kc_error kc_hash_digest(
    enum kc_hash hash, struct kc_span octets, uint8_t digest[KC_HASH_SIZE_MAX]);

/* HMAC of the octets; also HKDF-Extract, with the salt as key. kc_hash_size octets are written. */
KC_CHECKED enum kc_error kc_hmac(
    enum kc_hash hash, struct kc_span key, struct kc_span octets, uint8_t mac[KC_HASH_SIZE_MAX]);

/* HKDF-Expand. out_size is 1..255 times the hash size. KC_ERR_BAD_ARGUMENT: it is not. */
KC_CHECKED enum kc_error kc_hkdf_expand(enum kc_hash hash, struct kc_span pseudo_random_key,
    struct kc_span info, uint8_t *out, size_t out_size);

/* Extract, then Expand. An empty salt is as many zero octets as the hash has. */
KC_CHECKED enum kc_error kc_hkdf(enum kc_hash hash, struct kc_span key, struct kc_span salt,
    struct kc_span info, uint8_t *out, size_t out_size);

#endif
