/* SPDX-License-Identifier: Apache-2.0 */
/* What the mock computes: it wraps under its hardware's key, and has resident keys by libcrypto. */
#ifndef KC_TESTS_SUPPORT_MOCK_KEYS_H
#define KC_TESTS_SUPPORT_MOCK_KEYS_H

#include "tpm/root_kind.h"

#define KC_MOCK_WRAP_OVERHEAD 28 /* nonce and tag */

/* AES-256-GCM: nonce, ciphertext, tag. bound: what has to be the same to unwrap. Aborts without
 * memory. */
void kc_mock_wrap(
    const uint8_t key[static 32], struct kc_span bound, struct kc_span plaintext, uint8_t *wrapped);
KC_CHECKED bool kc_mock_unwrap(
    const uint8_t key[static 32], struct kc_span bound, struct kc_span wrapped, uint8_t *plaintext);

/* A resident key lives in its blob: algorithm, use, and the wrapped private part, bound to both and
 * to the authorisation value. Errors of kc_root_key_make, kc_root_key_sign and their like. */
KC_CHECKED enum kc_error kc_mock_key_make(const uint8_t hardware[static 32],
    enum kc_algorithm algorithm, enum kc_use use, const uint8_t *auth, struct kc_root_made *made);
KC_CHECKED enum kc_error kc_mock_key_use(const uint8_t hardware[static 32],
    const struct kc_root_use_of_key *use, uint8_t *result, size_t *result_size);

#endif
