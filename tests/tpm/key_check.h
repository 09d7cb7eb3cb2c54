/* SPDX-License-Identifier: Apache-2.0 */
/* What a root computed with a resident key, compared with libcrypto. What differs fails the test. */
#ifndef KC_TESTS_TPM_KEY_CHECK_H
#define KC_TESTS_TPM_KEY_CHECK_H

#include "tpm/root.h"

#include <openssl/evp.h>

/* input: digest or message, as in kc_root_key_sign. Digests are of SHA-256's size. */
void key_check_signature(enum kc_algorithm algorithm, enum kc_root_scheme scheme,
    const struct kc_root_made *made, struct kc_span input, const uint8_t *signature, size_t size);

/* Somebody to agree with. */
struct key_check_peer {
    enum kc_algorithm algorithm;
    EVP_PKEY *key;
    uint8_t public_key[KC_ROOT_PUBLIC_MAX];
    size_t public_size;
};

struct key_check_peer key_check_peer_make(enum kc_algorithm algorithm);
void key_check_peer_done(struct key_check_peer *peer);

/* whole: the agreed point is uncompressed, else its x or u alone. */
void key_check_agreed(const struct key_check_peer *peer, const struct kc_root_made *made,
    const uint8_t *agreed, size_t size, bool whole);

void key_check_encrypt(const struct kc_root_made *made, enum kc_root_scheme scheme,
    struct kc_span plaintext, uint8_t ciphertext[static KC_ROOT_RESULT_MAX]);

#endif
