/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/versions.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE 16 /* octets of the hash of kind and id */
#define MAC_SIZE 16  /* octets of the record's MAC: enough to tell two records apart */
#define ROOM_MIN 64

struct entry {
    uint8_t name[NAME_SIZE];
    uint8_t mac[MAC_SIZE]; /* of the newest */
    uint32_t newest;
    uint32_t issued; /* the highest number given to a change; 0: this entry is not in use */
    bool changing;
};

/* Open addressing; entries are never removed, and at most half of the room is used. */
struct kc_versions {
    pthread_mutex_t lock;
    size_t limit, count, room;
    struct entry *entries;
};

enum kc_error kc_versions_new(size_t limit, struct kc_versions **versions)
{
    struct kc_versions *v = calloc(1, sizeof *v);
    struct entry *entries = calloc(ROOM_MIN, sizeof *entries);
    if (!v || !entries) {
        free(v);
        free(entries);
        return KC_ERR_NO_MEMORY;
    }
    *v = (struct kc_versions){.limit = limit, .room = ROOM_MIN, .entries = entries};
    pthread_mutex_init(&v->lock, NULL);
    *versions = v;
    return KC_OK;
}

void kc_versions_free(struct kc_versions *versions)
{
    if (!versions)
        return;
    pthread_mutex_destroy(&versions->lock);
    free(versions->entries);
    free(versions);
}

/* --- the table; the lock is held --- */

static void name_of(const struct kc_record *record, uint8_t name[static NAME_SIZE])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, NAME_SIZE);
    crypto_generichash_update(&state, &record->kind, 1);
    crypto_generichash_update(&state, (const uint8_t *)record->id, strlen(record->id));
    crypto_generichash_final(&state, name, NAME_SIZE);
}

/* The entry of a name, or the unused one where it belongs. */
static struct entry *place(struct entry *entries, size_t room, const uint8_t *name)
{
    uint64_t start;
    memcpy(&start, name, sizeof start);
    size_t i = (size_t)start & (room - 1);
    while (entries[i].issued != 0 && memcmp(entries[i].name, name, NAME_SIZE) != 0)
        i = (i + 1) & (room - 1);
    return &entries[i];
}

static bool grow(struct kc_versions *v)
{
    size_t room = v->room * 2;
    struct entry *entries = calloc(room, sizeof *entries);
    if (!entries)
        return false;
    for (size_t i = 0; i < v->room; i++)
        if (v->entries[i].issued != 0)
            *place(entries, room, v->entries[i].name) = v->entries[i];
    free(v->entries);
    v->entries = entries;
    v->room = room;
    return true;
}

static struct entry *find(struct kc_versions *v, const struct kc_record *record)
{
    uint8_t name[NAME_SIZE];
    name_of(record, name);
    struct entry *entry = place(v->entries, v->room, name);
    return entry->issued != 0 ? entry : NULL;
}

static void note(struct entry *entry, const struct kc_record *record)
{
    entry->newest = record->version;
    if (entry->issued < record->version)
        entry->issued = record->version;
    memcpy(entry->mac, record->mac, MAC_SIZE);
}

/* An entry that says what the record says; NULL if the limit is reached. */
static struct entry *add(struct kc_versions *v, const struct kc_record *record)
{
    if (v->count >= v->limit || (v->count >= v->room / 2 && !grow(v)))
        return NULL;
    uint8_t name[NAME_SIZE];
    name_of(record, name);
    struct entry *entry = place(v->entries, v->room, name);
    memcpy(entry->name, name, NAME_SIZE);
    note(entry, record);
    v->count++;
    return entry;
}

/* --- the interface --- */

static enum kc_error see(struct kc_versions *v, const struct kc_record *record)
{
    struct entry *entry = find(v, record);
    if (!entry)
        return record->version == 1 || add(v, record) ? KC_OK : KC_ERR_LIMIT;
    if (record->version > entry->newest) {
        note(entry, record);
        return KC_OK;
    }
    bool same = record->version == entry->newest && memcmp(entry->mac, record->mac, MAC_SIZE) == 0;
    return same ? KC_OK : KC_ERR_CONFLICT;
}

enum kc_error kc_versions_see(struct kc_versions *versions, const struct kc_record *record)
{
    pthread_mutex_lock(&versions->lock);
    enum kc_error error = see(versions, record);
    pthread_mutex_unlock(&versions->lock);
    return error;
}

static enum kc_error issue(struct kc_versions *v, struct kc_record *record)
{
    struct entry *entry = find(v, record);
    if (entry && (entry->changing || record->version != entry->newest))
        return KC_ERR_CONFLICT;
    if (!entry && record->version == 0) {
        record->version = 1;
        return KC_OK;
    }
    if (!entry && !(entry = add(v, record)))
        return KC_ERR_LIMIT;
    if (entry->issued == UINT32_MAX)
        return KC_ERR_LIMIT;
    entry->changing = true;
    record->version = ++entry->issued;
    return KC_OK;
}

enum kc_error kc_versions_issue(struct kc_versions *versions, struct kc_record *record)
{
    pthread_mutex_lock(&versions->lock);
    enum kc_error error = issue(versions, record);
    pthread_mutex_unlock(&versions->lock);
    return error;
}

void kc_versions_settle(struct kc_versions *versions, const struct kc_record *record, bool stored)
{
    pthread_mutex_lock(&versions->lock);
    struct entry *entry = find(versions, record);
    if (entry) {
        entry->changing = false;
        if (stored && record->version > entry->newest)
            note(entry, record);
    }
    pthread_mutex_unlock(&versions->lock);
}
