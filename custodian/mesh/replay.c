/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/replay.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SWEEP_MS 1000

struct entry {
    struct entry *next;
    uint8_t id[KC_REPLAY_ID_SIZE];
};

struct kc_replay {
    pthread_mutex_t lock; /* over the edge and the IDs */
    uint64_t edge_ms, hash_key;
    uint64_t swept_ms; /* the edge when all buckets were swept last */
    size_t id_max, id_count, bucket_count;
    struct entry **buckets;
};

enum kc_error kc_replay_new(
    uint64_t edge_ms, size_t id_max, uint64_t hash_key, struct kc_replay **replay)
{
    struct kc_replay *made = calloc(1, sizeof *made);
    if (made == NULL)
        return KC_ERR_NO_MEMORY;
    *made = (struct kc_replay){
        .edge_ms = edge_ms, .hash_key = hash_key, .id_max = id_max, .bucket_count = id_max / 2 + 1};
    pthread_mutex_init(&made->lock, NULL);
    made->buckets = calloc(made->bucket_count, sizeof(struct entry *));
    if (made->buckets == NULL) {
        pthread_mutex_destroy(&made->lock);
        free(made);
        return KC_ERR_NO_MEMORY;
    }
    *replay = made;
    return KC_OK;
}

/* Drops the entries of one bucket from before a time. */
static void bucket_sweep(struct kc_replay *replay, struct entry **link, uint64_t before_ms)
{
    while (*link != NULL) {
        struct entry *entry = *link;
        if (kc_replay_time(entry->id) >= before_ms) {
            link = &entry->next;
            continue;
        }
        *link = entry->next;
        free(entry);
        replay->id_count--;
    }
}

/* Looks at all of them: not for each request while there is no room, but when some may be gone. */
static void sweep(struct kc_replay *replay)
{
    if (replay->edge_ms < replay->swept_ms + SWEEP_MS)
        return;
    replay->swept_ms = replay->edge_ms;
    for (size_t i = 0; i < replay->bucket_count; i++)
        bucket_sweep(replay, &replay->buckets[i], replay->edge_ms);
}

void kc_replay_free(struct kc_replay *replay)
{
    if (replay == NULL)
        return;
    for (size_t i = 0; i < replay->bucket_count; i++) {
        while (replay->buckets[i] != NULL) {
            struct entry *entry = replay->buckets[i];
            replay->buckets[i] = entry->next;
            free(entry);
        }
    }
    free(replay->buckets);
    pthread_mutex_destroy(&replay->lock);
    free(replay);
}

static uint64_t read_u64(const uint8_t *octets)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | octets[i];
    return value;
}

uint64_t kc_replay_time(const uint8_t id[KC_REPLAY_ID_SIZE])
{
    return read_u64(id);
}

void kc_replay_begin_after(struct kc_replay *replay, uint64_t time_ms)
{
    pthread_mutex_lock(&replay->lock);
    if (time_ms >= replay->edge_ms && time_ms < UINT64_MAX)
        replay->edge_ms = time_ms + 1;
    pthread_mutex_unlock(&replay->lock);
}

bool kc_replay_is_timely(struct kc_replay *replay, uint64_t now_ms, uint64_t time_ms)
{
    uint64_t apart = now_ms > time_ms ? now_ms - time_ms : time_ms - now_ms;
    uint64_t edge = now_ms > KC_REPLAY_SKEW_MS ? now_ms - KC_REPLAY_SKEW_MS : 0;
    pthread_mutex_lock(&replay->lock);
    if (edge > replay->edge_ms)
        replay->edge_ms = edge;
    bool is_timely = apart <= KC_REPLAY_SKEW_MS && time_ms >= replay->edge_ms;
    pthread_mutex_unlock(&replay->lock);
    return is_timely;
}

/* Each word is mixed in by a product with a secret odd factor, of which the upper half is kept. */
static struct entry **bucket_of(struct kc_replay *replay, const uint8_t *id)
{
    uint64_t hash = replay->hash_key;
    for (size_t at = 0; at < KC_REPLAY_ID_SIZE; at += 8) {
        hash = (hash ^ read_u64(id + at)) * (replay->hash_key | 1);
        hash ^= hash >> 32;
    }
    return &replay->buckets[hash % replay->bucket_count];
}

/* The lock is held. What the edge has passed since the caller looked may be forgotten already. */
static enum kc_error take(struct kc_replay *replay, const uint8_t id[KC_REPLAY_ID_SIZE])
{
    if (kc_replay_time(id) < replay->edge_ms)
        return KC_ERR_CONFLICT;
    struct entry **bucket = bucket_of(replay, id);
    bucket_sweep(replay, bucket, replay->edge_ms);
    for (const struct entry *entry = *bucket; entry != NULL; entry = entry->next)
        if (memcmp(entry->id, id, KC_REPLAY_ID_SIZE) == 0)
            return KC_ERR_CONFLICT;
    if (replay->id_count >= replay->id_max)
        sweep(replay);
    if (replay->id_count >= replay->id_max)
        return KC_ERR_LIMIT;
    struct entry *entry = malloc(sizeof *entry);
    if (entry == NULL)
        return KC_ERR_NO_MEMORY;
    entry->next = *bucket;
    memcpy(entry->id, id, KC_REPLAY_ID_SIZE);
    *bucket = entry;
    replay->id_count++;
    return KC_OK;
}

enum kc_error kc_replay_take(struct kc_replay *replay, const uint8_t id[KC_REPLAY_ID_SIZE])
{
    pthread_mutex_lock(&replay->lock);
    enum kc_error error = take(replay, id);
    pthread_mutex_unlock(&replay->lock);
    return error;
}

void kc_replay_give_back(struct kc_replay *replay, const uint8_t id[KC_REPLAY_ID_SIZE])
{
    pthread_mutex_lock(&replay->lock);
    struct entry **link = bucket_of(replay, id);
    while (*link != NULL && memcmp((*link)->id, id, KC_REPLAY_ID_SIZE) != 0)
        link = &(*link)->next;
    struct entry *entry = *link;
    if (entry != NULL) { /* else the window has passed it */
        *link = entry->next;
        free(entry);
        replay->id_count--;
    }
    pthread_mutex_unlock(&replay->lock);
}
