/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/desk/cache.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

struct place {
    char id[KC_RECORD_ID_SIZE];
    struct kc_job_records records;
};

struct kc_desk_cache {
    size_t mask; /* places - 1 */
    struct place place[];
};

enum kc_error kc_desk_cache_new(size_t places, struct kc_desk_cache **cache)
{
    size_t count = 1;
    while (count < places)
        count *= 2;
    struct kc_desk_cache *made = calloc(1, sizeof *made + count * sizeof(struct place));
    if (!made)
        return KC_ERR_NO_MEMORY;
    made->mask = count - 1;
    *cache = made;
    return KC_OK;
}

void kc_desk_cache_free(struct kc_desk_cache *cache)
{
    for (size_t i = 0; cache && i <= cache->mask; i++)
        kc_job_records_free(&cache->place[i].records);
    free(cache);
}

/* FNV-1a. Ids that are made to meet in one place cost their makers the store's time. */
static size_t place_of(const struct kc_desk_cache *cache, const char *id)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *id; id++)
        hash = (hash ^ (uint8_t)*id) * UINT64_C(0x100000001b3);
    return (size_t)(hash ^ hash >> 32) & cache->mask;
}

void kc_desk_cache_put(
    struct kc_desk_cache *cache, const char *id, const struct kc_job_records *records)
{
    struct place *place = &cache->place[place_of(cache, id)];

    kc_job_records_free(&place->records);
    place->id[0] = '\0';
    if (records->count > 0 && kc_text_copy(place->id, sizeof place->id, id) &&
        !kc_job_records_append(&place->records, records))
        place->id[0] = '\0';
}

bool kc_desk_cache_add_to(
    const struct kc_desk_cache *cache, const char *id, struct kc_job_records *records)
{
    const struct place *place = &cache->place[place_of(cache, id)];
    return strcmp(place->id, id) == 0 && kc_job_records_append(records, &place->records);
}

void kc_desk_cache_forget(struct kc_desk_cache *cache, const char *id)
{
    struct place *place = &cache->place[place_of(cache, id)];
    if (strcmp(place->id, id) == 0)
        place->id[0] = '\0';
}
