/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/sealer.h"

#include "base/writer.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_SIZE crypto_aead_xchacha20poly1305_ietf_ABYTES
#define PURPOSE "derived secret, 1"

_Static_assert(KC_SEALED_SIZE_MAX == NONCE_SIZE + KC_SEALED_SECRET_MAX + TAG_SIZE, "the layout");

struct kc_sealer {
    struct kc_entropy *entropy;
    uint8_t *key; /* in the arena */
};

enum kc_error kc_sealer_new(struct kc_entropy *entropy, struct kc_sealer **sealer)
{
    struct kc_sealer *made = calloc(1, sizeof *made);
    uint8_t *key = kc_arena_allocate(KEY_SIZE);
    enum kc_error error = made && key ? kc_entropy_fill(entropy, key, KEY_SIZE) : KC_ERR_NO_MEMORY;
    if (error != KC_OK) {
        kc_arena_free(key);
        free(made);
        return error;
    }
    *made = (struct kc_sealer){.entropy = entropy, .key = key};
    *sealer = made;
    return KC_OK;
}

void kc_sealer_free(struct kc_sealer *sealer)
{
    if (!sealer)
        return;
    kc_arena_free(sealer->key);
    free(sealer);
}

struct associated {
    uint8_t bytes[sizeof PURPOSE - 1 + sizeof(uint64_t)];
};

static struct associated associated_of(uid_t user)
{
    struct associated associated = {0};
    struct kc_writer w;
    kc_writer_init(&w, associated.bytes, sizeof associated.bytes);
    kc_writer_bytes(&w, PURPOSE, sizeof PURPOSE - 1);
    kc_writer_u64(&w, user);
    return associated;
}

enum kc_error kc_sealer_seal(struct kc_sealer *sealer, uid_t user, struct kc_span secret,
    uint8_t sealed[static KC_SEALED_SIZE_MAX], size_t *size)
{
    uint8_t nonce[NONCE_SIZE];
    unsigned long long cipher_size;
    struct associated associated = associated_of(user);
    enum kc_error error = kc_entropy_fill(sealer->entropy, nonce, sizeof nonce);
    if (error != KC_OK)
        return error;
    memcpy(sealed, nonce, sizeof nonce);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE_SIZE, &cipher_size, secret.bytes,
        secret.size, associated.bytes, sizeof associated.bytes, NULL, nonce, sealer->key);
    *size = NONCE_SIZE + (size_t)cipher_size;
    return KC_OK;
}

enum kc_error kc_sealer_open(
    struct kc_sealer *sealer, uid_t user, struct kc_span sealed, struct kc_secret *secret)
{
    KC_AUTO_SECRET opened = {0};
    unsigned long long opened_size;
    struct associated associated = associated_of(user);
    if (sealed.size <= NONCE_SIZE + TAG_SIZE || sealed.size > KC_SEALED_SIZE_MAX)
        return KC_ERR_REFUSED;
    enum kc_error error = kc_secret_init(&opened, sealed.size - NONCE_SIZE - TAG_SIZE);
    if (error != KC_OK)
        return error;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(opened.bytes, &opened_size, NULL,
            sealed.bytes + NONCE_SIZE, sealed.size - NONCE_SIZE, associated.bytes,
            sizeof associated.bytes, sealed.bytes, sealer->key) != 0)
        return KC_ERR_REFUSED;
    *secret = kc_secret_take(&opened);
    return KC_OK;
}
