/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encryption in DARE envelopes (draft-hallambaker-mesh-dare): from the octets that two keys agree
 * on to the wrapped base seed, and from the base seed to the content. Pure functions.
 *
 *     Z    agreed octets: X448 and X25519 the u coordinate; an Ed25519 key used so: the point
 *     KEK  HKDF-SHA-512(Z, no salt, kek_info)            the wrapped seed: RFC 3394
 *     PRK  HKDF-Extract-SHA-256(Salt, seed)              key and IV: Expand "encrypt", "iv"
 *
 * The content is AES-256-CBC with PKCS#7 padding. It has no integrity of its own: whoever can
 * change an envelope can change what it decrypts to, unless it is signed.
 *
 * Agreed octets, keys, seeds and plaintext are secret: borrowed, or wiped by the caller.
 */
#ifndef KC_PROTO_DARE_H
#define KC_PROTO_DARE_H

#include "base/error.h"
#include "base/reader.h"

#include <stdint.h>

#define KC_DARE_SEED_SIZE 32
#define KC_DARE_KEK_SIZE 32
#define KC_DARE_WRAPPED_SIZE 40
#define KC_DARE_SALT_SIZE 16 /* octets that are made; up to KC_DARE_SALT_MAX are read */
#define KC_DARE_SALT_MAX 1024
#define KC_DARE_BLOCK_SIZE 16
#define KC_DARE_WITNESS_SIZE 32
#define KC_DARE_KEK_INFO                                                                           \
    "master" /* what is made; older envelopes have it empty, and do not say so */

/* The key encryption key. KC_ERR_BAD_ARGUMENT: no agreed octets. */
KC_CHECKED enum kc_error kc_dare_kek(
    struct kc_span agreed, struct kc_span kek_info, uint8_t kek[KC_DARE_KEK_SIZE]);

/* Wraps a seed (AES-256, RFC 3394); kek and seed are secret. KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_dare_wrap(const uint8_t kek[KC_DARE_KEK_SIZE],
    const uint8_t seed[KC_DARE_SEED_SIZE], uint8_t wrapped[KC_DARE_WRAPPED_SIZE]);

/* The reverse; the caller wipes the seed. KC_ERR_DECRYPTION: not wrapped under this key. */
KC_CHECKED enum kc_error kc_dare_unwrap(const uint8_t kek[KC_DARE_KEK_SIZE],
    const uint8_t wrapped[KC_DARE_WRAPPED_SIZE], uint8_t seed[KC_DARE_SEED_SIZE]);

/* The seed from what was agreed on: with the info that is made, then with the empty one of older
 * envelopes, as nothing in them tells which. KC_ERR_DECRYPTION: neither. */
KC_CHECKED enum kc_error kc_dare_unwrap_agreed(struct kc_span agreed,
    const uint8_t wrapped[KC_DARE_WRAPPED_SIZE], uint8_t seed[KC_DARE_SEED_SIZE]);

struct kc_dare_content {
    uint8_t pseudo_random_key[32];
    uint8_t key[32];
    uint8_t iv[16];
};

/* What encrypts the content. Secret. */
KC_CHECKED enum kc_error kc_dare_content_derive(
    const uint8_t seed[KC_DARE_SEED_SIZE], struct kc_span salt, struct kc_dare_content *content);

/* Octets of ciphertext for plaintext of a size: the next whole block above it. */
static inline size_t kc_dare_ciphertext_size(size_t plaintext_size)
{
    return (plaintext_size / KC_DARE_BLOCK_SIZE + 1) * KC_DARE_BLOCK_SIZE;
}

/* Writes kc_dare_ciphertext_size octets. KC_ERR_TOO_LARGE: more than INT_MAX less a block. */
KC_CHECKED enum kc_error kc_dare_content_encrypt(
    const struct kc_dare_content *content, struct kc_span plaintext, uint8_t *ciphertext);

/*
 * Decrypts.
 *
 * plaintext       room for ciphertext.size octets; wiped on failure
 * plaintext_size  octets written
 *
 * KC_ERR_DECRYPTION  for whatever reason: there is one answer, so that nobody learns from it
 */
KC_CHECKED enum kc_error kc_dare_content_decrypt(const struct kc_dare_content *content,
    struct kc_span ciphertext, uint8_t *plaintext, size_t *plaintext_size);

/* The witness that whoever signed an encrypted envelope knew its content key. */
KC_CHECKED enum kc_error kc_dare_witness(const struct kc_dare_content *content,
    struct kc_span signature, uint8_t witness[KC_DARE_WITNESS_SIZE]);

#endif
