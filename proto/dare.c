/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/dare.h"

#include "base/ct.h"
#include "base/secret.h"
#include "proto/hkdf.h"

#include <limits.h>
#include <openssl/evp.h>
#include <string.h>

enum kc_error kc_dare_kek(
    struct kc_span agreed, struct kc_span kek_info, uint8_t kek[KC_DARE_KEK_SIZE])
{
    if (agreed.size == 0)
        return KC_ERR_BAD_ARGUMENT;
    return kc_hkdf(
        KC_HASH_SHA512, agreed, (struct kc_span){NULL, 0}, kek_info, kek, KC_DARE_KEK_SIZE);
}

/* Runs a cipher over all of its input at once. */
static bool cipher_run(const EVP_CIPHER *cipher, bool encrypt, const uint8_t *key,
    const uint8_t *iv, struct kc_span in, uint8_t *out, size_t *out_size)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (context == NULL)
        return false;
    int size = 0, last = 0;
    EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    bool done = EVP_CipherInit_ex(context, cipher, NULL, key, iv, encrypt) == 1 &&
                EVP_CipherUpdate(context, out, &size, in.bytes, (int)in.size) == 1 &&
                EVP_CipherFinal_ex(context, out + size, &last) == 1;
    EVP_CIPHER_CTX_free(context);
    *out_size = (size_t)size + (size_t)last;
    return done;
}

enum kc_error kc_dare_wrap(const uint8_t kek[KC_DARE_KEK_SIZE],
    const uint8_t seed[KC_DARE_SEED_SIZE], uint8_t wrapped[KC_DARE_WRAPPED_SIZE])
{
    uint8_t out[KC_DARE_WRAPPED_SIZE + 8];
    size_t size;
    struct kc_span in = {seed, KC_DARE_SEED_SIZE};
    if (!cipher_run(EVP_aes_256_wrap(), true, kek, NULL, in, out, &size) ||
        size != KC_DARE_WRAPPED_SIZE)
        return KC_ERR_NO_MEMORY;
    memcpy(wrapped, out, KC_DARE_WRAPPED_SIZE);
    return KC_OK;
}

enum kc_error kc_dare_unwrap(const uint8_t kek[KC_DARE_KEK_SIZE],
    const uint8_t wrapped[KC_DARE_WRAPPED_SIZE], uint8_t seed[KC_DARE_SEED_SIZE])
{
    uint8_t out[KC_DARE_WRAPPED_SIZE + 8];
    size_t size;
    struct kc_span in = {wrapped, KC_DARE_WRAPPED_SIZE};
    bool good = cipher_run(EVP_aes_256_wrap(), false, kek, NULL, in, out, &size) &&
                size == KC_DARE_SEED_SIZE;
    if (good)
        memcpy(seed, out, KC_DARE_SEED_SIZE);
    kc_wipe(out, sizeof out);
    return good ? KC_OK : KC_ERR_DECRYPTION;
}

enum kc_error kc_dare_unwrap_agreed(struct kc_span agreed,
    const uint8_t wrapped[KC_DARE_WRAPPED_SIZE], uint8_t seed[KC_DARE_SEED_SIZE])
{
    static const uint8_t info[] = KC_DARE_KEK_INFO;
    const struct kc_span infos[] = {{info, sizeof info - 1}, {NULL, 0}};
    enum kc_error error = KC_ERR_DECRYPTION;
    for (size_t i = 0; i < 2 && error != KC_OK; i++) {
        uint8_t kek[KC_DARE_KEK_SIZE];
        error = kc_dare_kek(agreed, infos[i], kek);
        if (error == KC_OK)
            error = kc_dare_unwrap(kek, wrapped, seed);
        kc_wipe(kek, sizeof kek);
    }
    return error;
}

enum kc_error kc_dare_content_derive(
    const uint8_t seed[KC_DARE_SEED_SIZE], struct kc_span salt, struct kc_dare_content *content)
{
    static const uint8_t encrypt[] = "encrypt", iv[] = "iv";
    struct kc_dare_content derived;
    uint8_t extracted[KC_HASH_SIZE_MAX];
    struct kc_span seed_octets = {seed, KC_DARE_SEED_SIZE};
    struct kc_span prk = {extracted, sizeof derived.pseudo_random_key};
    enum kc_error error = kc_hmac(KC_HASH_SHA256, salt, seed_octets, extracted);
    if (error == KC_OK)
        error = kc_hkdf_expand(KC_HASH_SHA256, prk, (struct kc_span){encrypt, sizeof encrypt - 1},
            derived.key, sizeof derived.key);
    if (error == KC_OK)
        error = kc_hkdf_expand(KC_HASH_SHA256, prk, (struct kc_span){iv, sizeof iv - 1}, derived.iv,
            sizeof derived.iv);
    if (error == KC_OK) {
        memcpy(derived.pseudo_random_key, prk.bytes, prk.size);
        *content = derived;
    }
    kc_wipe(extracted, sizeof extracted);
    kc_wipe(&derived, sizeof derived);
    return error;
}

enum kc_error kc_dare_content_encrypt(
    const struct kc_dare_content *content, struct kc_span plaintext, uint8_t *ciphertext)
{
    size_t size;
    if (plaintext.size > INT_MAX - KC_DARE_BLOCK_SIZE)
        return KC_ERR_TOO_LARGE;
    bool done = cipher_run(
        EVP_aes_256_cbc(), true, content->key, content->iv, plaintext, ciphertext, &size);
    return done ? KC_OK : KC_ERR_NO_MEMORY;
}

/* All of the last octet's count of octets must have its value, 1..16: told without a branch, as the
 * octets are secret. A mask, and the count. */
static kc_mask padding_is_good(const uint8_t last[KC_DARE_BLOCK_SIZE], size_t *count)
{
    uint64_t padding = last[KC_DARE_BLOCK_SIZE - 1], wrong = 0;
    for (uint64_t i = 0; i < KC_DARE_BLOCK_SIZE; i++) {
        kc_mask is_padding = kc_ct_mask_bit((i - padding) >> 63);
        wrong |= is_padding & (last[KC_DARE_BLOCK_SIZE - 1 - i] ^ padding);
    }
    wrong |= ~kc_ct_mask_bit((KC_DARE_BLOCK_SIZE - padding) >> 63 ^ 1);
    wrong |= kc_ct_is_zero(padding);
    *count = (size_t)padding;
    return kc_ct_is_zero(wrong);
}

/* Decrypts whole blocks, padding included. */
static bool blocks_decrypt(
    const struct kc_dare_content *content, struct kc_span ciphertext, uint8_t *plaintext)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int size = 0, last = 0;
    if (context == NULL)
        return false;
    bool done =
        EVP_DecryptInit_ex(context, EVP_aes_256_cbc(), NULL, content->key, content->iv) == 1 &&
        EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
        EVP_DecryptUpdate(context, plaintext, &size, ciphertext.bytes, (int)ciphertext.size) == 1 &&
        EVP_DecryptFinal_ex(context, plaintext + size, &last) == 1;
    EVP_CIPHER_CTX_free(context);
    return done && (size_t)size + (size_t)last == ciphertext.size;
}

enum kc_error kc_dare_content_decrypt(const struct kc_dare_content *content,
    struct kc_span ciphertext, uint8_t *plaintext, size_t *plaintext_size)
{
    if (ciphertext.size == 0 || ciphertext.size % KC_DARE_BLOCK_SIZE != 0 ||
        ciphertext.size > INT_MAX)
        return KC_ERR_DECRYPTION;
    size_t padding = 0;
    bool done = blocks_decrypt(content, ciphertext, plaintext);
    kc_mask good = kc_ct_mask_bit(done);
    if (done)
        good &= padding_is_good(plaintext + ciphertext.size - KC_DARE_BLOCK_SIZE, &padding);
    /* That it failed is told; where and how is not. */
    if (good == 0) {
        kc_wipe(plaintext, ciphertext.size);
        return KC_ERR_DECRYPTION;
    }
    *plaintext_size = ciphertext.size - padding;
    return KC_OK;
}

enum kc_error kc_dare_witness(const struct kc_dare_content *content, struct kc_span signature,
    uint8_t witness[KC_DARE_WITNESS_SIZE])
{
    struct kc_span prk = {content->pseudo_random_key, sizeof content->pseudo_random_key};
    return kc_hkdf_expand(KC_HASH_SHA256, prk, signature, witness, KC_DARE_WITNESS_SIZE);
}
