/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/proven.h"

#include "base/writer.h"
#include "proto/hkdf.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE 64 /* SHA-512 */
#define ROOM 512     /* an algorithm, a key, a digest and a signature, each behind its size */

struct kc_proven {
    kc_dare_verify verify;
    size_t count;
    pthread_mutex_t lock; /* over the names */
    uint8_t (*names)[NAME_SIZE];
};

enum kc_error kc_proven_new(size_t count, kc_dare_verify verify, struct kc_proven **proven)
{
    struct kc_proven *made = calloc(1, sizeof *made);
    if (made == NULL)
        return KC_ERR_NO_MEMORY;
    *made = (struct kc_proven){.verify = verify, .count = count};
    made->names = calloc(count, sizeof *made->names); /* zero is nobody's name */
    if (made->names == NULL) {
        free(made);
        return KC_ERR_NO_MEMORY;
    }
    pthread_mutex_init(&made->lock, NULL);
    *proven = made;
    return KC_OK;
}

void kc_proven_free(struct kc_proven *proven)
{
    if (proven == NULL)
        return;
    pthread_mutex_destroy(&proven->lock);
    free(proven->names);
    free(proven);
}

/* All that the answer depends on. */
static enum kc_error name_of(const struct kc_public_key *key,
    const uint8_t digest[KC_DARE_DIGEST_SIZE], struct kc_span signature, uint8_t name[NAME_SIZE])
{
    uint8_t room[ROOM];
    struct kc_writer w;
    kc_writer_init(&w, room, sizeof room);
    kc_writer_text(&w, key->algorithm);
    kc_writer_span(&w, key->octets, key->size);
    kc_writer_span(&w, digest, KC_DARE_DIGEST_SIZE);
    kc_writer_span(&w, signature.bytes, signature.size);
    enum kc_error error = kc_writer_finish(&w);
    return error == KC_OK ? kc_hash_digest(KC_HASH_SHA512, (struct kc_span){room, w.size}, name)
                          : error;
}

/* The one place that a name can have: who makes many that meet there makes their own slow. */
static uint8_t *place_of(const struct kc_proven *proven, const uint8_t name[NAME_SIZE])
{
    uint64_t number;
    memcpy(&number, name, sizeof number);
    return proven->names[number % proven->count];
}

static bool has(struct kc_proven *proven, const uint8_t name[NAME_SIZE])
{
    pthread_mutex_lock(&proven->lock);
    bool found = memcmp(place_of(proven, name), name, NAME_SIZE) == 0;
    pthread_mutex_unlock(&proven->lock);
    return found;
}

static void keep(struct kc_proven *proven, const uint8_t name[NAME_SIZE])
{
    pthread_mutex_lock(&proven->lock);
    memcpy(place_of(proven, name), name, NAME_SIZE);
    pthread_mutex_unlock(&proven->lock);
}

enum kc_error kc_proven_verify(void *memory, const struct kc_public_key *key,
    const uint8_t digest[KC_DARE_DIGEST_SIZE], struct kc_span signature)
{
    struct kc_proven *proven = memory;
    uint8_t name[NAME_SIZE];
    enum kc_error error = name_of(key, digest, signature, name);
    if (error != KC_OK || has(proven, name))
        return error;
    error = proven->verify(key, digest, signature);
    if (error == KC_OK)
        keep(proven, name);
    return error;
}
