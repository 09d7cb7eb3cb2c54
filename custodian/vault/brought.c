/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/brought.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct place {
    char id[KC_RECORD_ID_SIZE]; /* empty: free */
    uint8_t kind;
    uint8_t *packed; /* owned */
    size_t size;
};

struct kc_brought {
    pthread_mutex_t lock; /* over the places */
    size_t octets, octets_max;
    size_t turn; /* of a place, to make room */
    uint8_t hash_key[crypto_shorthash_KEYBYTES];
    size_t count;
    struct place places[];
};

enum kc_error kc_brought_new(size_t count, size_t octets, struct kc_brought **brought)
{
    struct kc_brought *made = calloc(1, sizeof *made + count * sizeof made->places[0]);
    if (!made)
        return KC_ERR_NO_MEMORY;
    made->count = count;
    made->octets_max = octets;
    pthread_mutex_init(&made->lock, NULL);
    crypto_shorthash_keygen(made->hash_key);
    *brought = made;
    return KC_OK;
}

/* --- places; the lock is held --- */

/* The one place that an id can have. */
static struct place *place_of(struct kc_brought *brought, const char *id)
{
    uint64_t hash;
    crypto_shorthash((uint8_t *)&hash, (const uint8_t *)id, strlen(id), brought->hash_key);
    return &brought->places[hash % brought->count];
}

static void empty(struct kc_brought *brought, struct place *place)
{
    brought->octets -= place->size;
    free(place->packed);
    *place = (struct place){0};
}

static void make_room(struct kc_brought *brought, size_t size)
{
    for (; brought->octets + size > brought->octets_max; brought->turn++)
        empty(brought, &brought->places[brought->turn % brought->count]);
}

void kc_brought_free(struct kc_brought *brought)
{
    if (!brought)
        return;
    for (size_t i = 0; i < brought->count; i++)
        empty(brought, &brought->places[i]);
    pthread_mutex_destroy(&brought->lock);
    free(brought);
}

/* --- the interface --- */

void kc_brought_keep(struct kc_brought *brought, const struct kc_record *record)
{
    uint8_t packed[KC_RECORD_SIZE_MAX], *copy;
    struct kc_writer w;
    kc_writer_init(&w, packed, sizeof packed);
    kc_record_pack(&w, record);
    if (kc_writer_finish(&w) != KC_OK || w.size > brought->octets_max || !(copy = malloc(w.size)))
        return; /* it is asked for again */
    memcpy(copy, packed, w.size);
    pthread_mutex_lock(&brought->lock);
    struct place *place = place_of(brought, record->id);
    empty(brought, place);
    make_room(brought, w.size);
    *place = (struct place){.kind = record->kind, .packed = copy, .size = w.size};
    memcpy(place->id, record->id, sizeof place->id);
    brought->octets += w.size;
    pthread_mutex_unlock(&brought->lock);
}

/* The lock is held. */
static struct kc_brought_record *copy_out(const struct place *place)
{
    struct kc_brought_record *copy = malloc(sizeof *copy + place->size);
    if (copy)
        memcpy(copy->packed, place->packed, place->size);
    return copy;
}

struct kc_brought_record *kc_brought_find(struct kc_brought *brought, uint8_t kind, const char *id)
{
    struct kc_brought_record *copy = NULL;
    size_t size = 0;
    pthread_mutex_lock(&brought->lock);
    const struct place *place = place_of(brought, id);
    if (place->kind == kind && strcmp(place->id, id) == 0) {
        copy = copy_out(place);
        size = place->size;
    }
    pthread_mutex_unlock(&brought->lock);
    if (copy && kc_record_unpack((struct kc_span){copy->packed, size}, &copy->record) != KC_OK) {
        free(copy);
        return NULL;
    }
    return copy;
}

void kc_brought_drop(struct kc_brought *brought, const char *id)
{
    pthread_mutex_lock(&brought->lock);
    struct place *place = place_of(brought, id);
    if (strcmp(place->id, id) == 0)
        empty(brought, place);
    pthread_mutex_unlock(&brought->lock);
}

void kc_brought_drop_all(struct kc_brought *brought)
{
    pthread_mutex_lock(&brought->lock);
    for (size_t i = 0; i < brought->count; i++)
        empty(brought, &brought->places[i]);
    pthread_mutex_unlock(&brought->lock);
}
