/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/cache.h"
#include "base/secret.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* Index 0 is no entry: in the buckets and in the list of use it is the end. */
struct entry {
    char id[KC_RECORD_ID_SIZE]; /* empty: free */
    uint32_t version;
    uint32_t packed_size;
    uint8_t *packed; /* the record that was believed */
    uint32_t next_in_bucket;
    uint32_t newer, older;
};

struct kc_cache {
    pthread_mutex_t lock;
    size_t bucket_count;
    uint32_t *bucket;
    uint32_t newest, oldest;
    size_t evp_count; /* entries whose keys are libcrypto's */
    struct entry *entry;
    struct kc_material *material; /* in the arena; the one at 0 is not used */
    uint8_t hash_key[crypto_shorthash_KEYBYTES];
};

void kc_material_wipe(struct kc_material *material)
{
    EVP_PKEY_free(material->evp);
    kc_wipe(material, sizeof *material);
}

/* --- the lists; the lock is held --- */

static uint32_t *bucket_of(struct kc_cache *c, const char *id)
{
    uint64_t hash;
    crypto_shorthash((uint8_t *)&hash, (const uint8_t *)id, strlen(id), c->hash_key);
    return &c->bucket[hash % c->bucket_count];
}

static uint32_t find(struct kc_cache *c, const char *id)
{
    uint32_t i = *bucket_of(c, id);
    while (i != 0 && strcmp(c->entry[i].id, id) != 0)
        i = c->entry[i].next_in_bucket;
    return i;
}

static void leave_list(struct kc_cache *c, uint32_t i)
{
    struct entry *e = &c->entry[i];
    *(e->newer ? &c->entry[e->newer].older : &c->newest) = e->older;
    *(e->older ? &c->entry[e->older].newer : &c->oldest) = e->newer;
}

static void enter_as_newest(struct kc_cache *c, uint32_t i)
{
    c->entry[i].newer = 0;
    c->entry[i].older = c->newest;
    *(c->newest ? &c->entry[c->newest].newer : &c->oldest) = i;
    c->newest = i;
}

static void enter_as_oldest(struct kc_cache *c, uint32_t i)
{
    c->entry[i].older = 0;
    c->entry[i].newer = c->oldest;
    *(c->oldest ? &c->entry[c->oldest].older : &c->newest) = i;
    c->oldest = i;
}

/* Wipes an entry and takes it out of its bucket; it stays in the list of use. */
static void empty(struct kc_cache *c, uint32_t i)
{
    if (c->entry[i].id[0] == 0)
        return;
    uint32_t *link = bucket_of(c, c->entry[i].id);
    while (*link != i)
        link = &c->entry[*link].next_in_bucket;
    *link = c->entry[i].next_in_bucket;
    c->entry[i].id[0] = 0;
    free(c->entry[i].packed);
    c->entry[i].packed = NULL;
    c->evp_count -= c->material[i].evp != NULL;
    kc_material_wipe(&c->material[i]);
}

static void drop(struct kc_cache *c, uint32_t i)
{
    empty(c, i);
    leave_list(c, i);
    enter_as_oldest(c, i);
}

/* Makes room among libcrypto's keys: the one that was not used for longest goes. */
static void limit_evp(struct kc_cache *c)
{
    uint32_t i = c->oldest;
    if (c->evp_count < KC_CACHE_EVP_MAX)
        return;
    while (!c->material[i].evp)
        i = c->entry[i].newer;
    drop(c, i);
}

/* A copy counts as a holder. */
static void copy_material(struct kc_material *to, const struct kc_material *from)
{
    *to = *from;
    if (to->evp)
        EVP_PKEY_up_ref(to->evp);
}

/* --- the interface --- */

enum kc_error kc_cache_new(size_t limit, struct kc_cache **cache)
{
    struct kc_material *material = kc_arena_allocate((limit + 1) * sizeof *material);
    if (!material) /* what limits most is asked for first */
        return KC_ERR_NO_MEMORY;
    struct kc_cache *c = calloc(1, sizeof *c);
    uint32_t *bucket = calloc(2 * limit, sizeof *bucket);
    struct entry *entry = calloc(limit + 1, sizeof *entry);
    if (!c || !bucket || !entry) {
        free(c);
        free(bucket);
        free(entry);
        kc_arena_free(material);
        return KC_ERR_NO_MEMORY;
    }
    *c = (struct kc_cache){
        .bucket_count = 2 * limit, .bucket = bucket, .entry = entry, .material = material};
    pthread_mutex_init(&c->lock, NULL);
    crypto_shorthash_keygen(c->hash_key);
    for (uint32_t i = 1; i <= limit; i++)
        enter_as_newest(c, i);
    *cache = c;
    return KC_OK;
}

void kc_cache_free(struct kc_cache *cache)
{
    if (!cache)
        return;
    for (uint32_t i = cache->newest; i != 0; i = cache->entry[i].older)
        empty(cache, i);
    kc_arena_free(cache->material);
    free(cache->bucket);
    free(cache->entry);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

bool kc_cache_get(
    struct kc_cache *cache, const struct kc_record *record, struct kc_material *material)
{
    pthread_mutex_lock(&cache->lock);
    uint32_t i = find(cache, record->id);
    bool found = i != 0 && cache->entry[i].version == record->version;
    if (found) {
        copy_material(material, &cache->material[i]);
        leave_list(cache, i);
        enter_as_newest(cache, i);
    }
    pthread_mutex_unlock(&cache->lock);
    return found;
}

static size_t pack(const struct kc_record *record, uint8_t packed[static KC_RECORD_SIZE_MAX])
{
    struct kc_writer w;
    kc_writer_init(&w, packed, KC_RECORD_SIZE_MAX);
    kc_record_pack(&w, record);
    if (kc_writer_finish(&w) != KC_OK)
        abort(); /* any record fits */
    return w.size;
}

bool kc_cache_knows(struct kc_cache *cache, const struct kc_record *record)
{
    uint8_t packed[KC_RECORD_SIZE_MAX];
    size_t size = pack(record, packed);
    pthread_mutex_lock(&cache->lock);
    uint32_t i = find(cache, record->id);
    bool known = i != 0 && cache->entry[i].packed_size == size &&
                 memcmp(cache->entry[i].packed, packed, size) == 0;
    pthread_mutex_unlock(&cache->lock);
    return known;
}

/* The lock is held. */
static void fill(struct kc_cache *cache, uint32_t i, const struct kc_record *record,
    const struct kc_material *material)
{
    struct entry *e = &cache->entry[i];
    memcpy(e->id, record->id, sizeof e->id);
    e->version = record->version;
    copy_material(&cache->material[i], material);
    cache->evp_count += material->evp != NULL;
    uint32_t *bucket = bucket_of(cache, record->id);
    e->next_in_bucket = *bucket;
    *bucket = i;
    leave_list(cache, i);
    enter_as_newest(cache, i);
}

void kc_cache_put(
    struct kc_cache *cache, const struct kc_record *record, const struct kc_material *material)
{
    uint8_t packed[KC_RECORD_SIZE_MAX];
    size_t size = pack(record, packed);
    uint8_t *copy = malloc(size);
    if (!copy)
        return; /* it is opened again next time */
    memcpy(copy, packed, size);
    pthread_mutex_lock(&cache->lock);
    uint32_t i = find(cache, record->id);
    if (i != 0)
        drop(cache, i);
    if (material->evp)
        limit_evp(cache);
    i = cache->oldest;
    empty(cache, i);
    cache->entry[i].packed = copy;
    cache->entry[i].packed_size = (uint32_t)size;
    fill(cache, i, record, material);
    pthread_mutex_unlock(&cache->lock);
}

void kc_cache_drop(struct kc_cache *cache, const char *id)
{
    pthread_mutex_lock(&cache->lock);
    uint32_t i = find(cache, id);
    if (i != 0)
        drop(cache, i);
    pthread_mutex_unlock(&cache->lock);
}
