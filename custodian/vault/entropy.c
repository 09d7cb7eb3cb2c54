/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/entropy.h"
#include "base/secret.h"
#include "custodian/vault/root.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE crypto_generichash_KEYBYTES_MAX
#define BLOCK_SIZE crypto_generichash_BYTES_MAX

struct kc_entropy {
    pthread_mutex_t lock;
    const struct kc_vault_outside *outside;
    uint8_t *key; /* KEY_SIZE octets in the arena */
    uint64_t counter;
};

/* BLAKE2b(key, purpose || counter || octets): what each purpose gets says nothing of the others. */
static void mix(uint8_t out[static BLOCK_SIZE], const uint8_t key[static KEY_SIZE], uint8_t purpose,
    uint64_t counter, const uint8_t *octets, size_t size)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, key, KEY_SIZE, BLOCK_SIZE);
    crypto_generichash_update(&state, &purpose, 1);
    crypto_generichash_update(&state, (const uint8_t *)&counter, sizeof counter);
    crypto_generichash_update(&state, octets, size);
    crypto_generichash_final(&state, out, BLOCK_SIZE);
    kc_wipe(&state, sizeof state);
}

/* Replaces the key by one that the octets went into. The lock is held. */
static void turn(struct kc_entropy *entropy, const uint8_t *octets, size_t size)
{
    uint8_t next[KEY_SIZE]; /* secret */
    mix(next, entropy->key, 'k', ++entropy->counter, octets, size);
    memcpy(entropy->key, next, KEY_SIZE);
    kc_wipe(next, sizeof next);
}

static enum kc_error fill_from_kernel(
    const struct kc_vault_outside *outside, uint8_t *octets, size_t size)
{
    return outside->random(outside->context, octets, size);
}

enum kc_error kc_entropy_new(const struct kc_vault_outside *outside, struct kc_entropy **entropy)
{
    struct kc_entropy *e = calloc(1, sizeof *e);
    uint8_t *key = kc_arena_allocate(KEY_SIZE);
    enum kc_error error = e && key ? fill_from_kernel(outside, key, KEY_SIZE) : KC_ERR_NO_MEMORY;
    if (error != KC_OK) {
        kc_arena_free(key);
        free(e);
        return error;
    }
    pthread_mutex_init(&e->lock, NULL);
    e->outside = outside;
    e->key = key;
    *entropy = e;
    return KC_OK;
}

void kc_entropy_free(struct kc_entropy *entropy)
{
    if (!entropy)
        return;
    kc_arena_free(entropy->key);
    pthread_mutex_destroy(&entropy->lock);
    free(entropy);
}

enum kc_error kc_entropy_stir(struct kc_entropy *entropy, struct kc_vault_root root)
{
    uint8_t octets[KC_ROOT_RANDOM_MAX]; /* secret */
    enum kc_error error = kc_vault_root_random(root, octets, sizeof octets);
    if (error == KC_OK) {
        pthread_mutex_lock(&entropy->lock);
        turn(entropy, octets, sizeof octets);
        pthread_mutex_unlock(&entropy->lock);
    }
    kc_wipe(octets, sizeof octets);
    return error;
}

static void expand(const uint8_t key[static KEY_SIZE], uint8_t *octets, size_t size)
{
    uint8_t block[BLOCK_SIZE]; /* secret */
    for (uint64_t i = 0; size > 0; i++) {
        size_t part = size < sizeof block ? size : sizeof block;
        mix(block, key, 'o', i, NULL, 0);
        memcpy(octets, block, part);
        octets += part;
        size -= part;
    }
    kc_wipe(block, sizeof block);
}

enum kc_error kc_entropy_fill(struct kc_entropy *entropy, uint8_t *octets, size_t size)
{
    uint8_t fresh[KEY_SIZE], once[KEY_SIZE]; /* secret */
    enum kc_error error = fill_from_kernel(entropy->outside, fresh, sizeof fresh);
    if (error != KC_OK)
        return error;
    pthread_mutex_lock(&entropy->lock);
    mix(once, entropy->key, 'f', ++entropy->counter, fresh, sizeof fresh);
    turn(entropy, fresh, sizeof fresh);
    pthread_mutex_unlock(&entropy->lock);
    expand(once, octets, size);
    kc_wipe(fresh, sizeof fresh);
    kc_wipe(once, sizeof once);
    return KC_OK;
}

uint64_t kc_entropy_count(struct kc_entropy *entropy)
{
    pthread_mutex_lock(&entropy->lock);
    uint64_t count = ++entropy->counter;
    pthread_mutex_unlock(&entropy->lock);
    return count;
}
