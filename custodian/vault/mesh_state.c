/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service keeps in memory: which requests were seen, up to which time that may be relied on,
 * and how much of what was charged is left to be used. All of it is less after a crash, never more.
 */
#include "custodian/vault/mesh.h"

#include "custodian/mesh/known_keys.h"
#include "custodian/mesh/proven.h"
#include "custodian/mesh/verify.h"

#include <stdlib.h>
#include <string.h>

#define IDS_MAX 4194304     /* requests within the window: 14,000 a second for five minutes */
#define PROVEN_MAX 32768    /* devices whose connection is not verified again: 2 MiB */
#define KNOWN_KEYS_MAX 8192 /* devices whose key is ready to verify with */
#define SHARES_MAX 262144   /* capabilities whose rest of a block is remembered */
#define BUCKETS 65536
#define PERIOD_S 3600 /* that a rate is over */
#define BLOCK_MIN 64  /* operations charged at once, */
#define BLOCK_MAX 1024
#define ALARM_PERCENT 80

struct left {
    struct left *next;
    char id[KC_RECORD_ID_SIZE];
    uint64_t window; /* that the rest was charged in: after it, it is void */
    uint64_t count;
};

struct kc_mesh_state {
    const struct kc_config_operate *limits;
    struct kc_replay *replay;
    struct kc_proven *proven;
    struct kc_known_keys *known_keys;
    pthread_mutex_t lock; /* over what follows */
    bool has_edge;
    uint64_t until_ms, started_ms;
    struct left *buckets[BUCKETS];
    size_t count;
    size_t turn; /* of a bucket, to make room */
};

/* --- life --- */

enum kc_error kc_mesh_state_new(const struct kc_config_operate *limits, uint64_t started,
    struct kc_entropy *entropy, struct kc_mesh_state **state)
{
    uint64_t hash_key;
    struct kc_mesh_state *made = calloc(1, sizeof *made);
    if (!made)
        return KC_ERR_NO_MEMORY;
    made->limits = limits;
    made->started_ms = started * 1000;
    pthread_mutex_init(&made->lock, NULL);
    enum kc_error error = kc_entropy_fill(entropy, (uint8_t *)&hash_key, sizeof hash_key);
    if (error == KC_OK)
        error = kc_replay_new(made->started_ms, IDS_MAX, hash_key, &made->replay);
    if (error == KC_OK)
        error = kc_proven_new(PROVEN_MAX, kc_mesh_verify, &made->proven);
    if (error == KC_OK)
        error = kc_known_keys_new(KNOWN_KEYS_MAX, &made->known_keys);
    if (error == KC_OK)
        *state = made;
    else
        kc_mesh_state_free(made);
    return error;
}

void kc_mesh_state_free(struct kc_mesh_state *state)
{
    if (!state)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        while (state->buckets[i]) {
            struct left *left = state->buckets[i];
            state->buckets[i] = left->next;
            free(left);
        }
    kc_replay_free(state->replay);
    kc_proven_free(state->proven);
    kc_known_keys_free(state->known_keys);
    pthread_mutex_destroy(&state->lock);
    free(state);
}

struct kc_replay *kc_mesh_state_replay(struct kc_mesh_state *state)
{
    return state->replay;
}

struct kc_proven *kc_mesh_state_proven(struct kc_mesh_state *state)
{
    return state->proven;
}

struct kc_known_keys *kc_mesh_state_known_keys(struct kc_mesh_state *state)
{
    return state->known_keys;
}

/* --- the edge --- */

bool kc_mesh_state_edge(struct kc_mesh_state *state, uint64_t *until_ms)
{
    pthread_mutex_lock(&state->lock);
    bool has = state->has_edge;
    *until_ms = state->until_ms;
    pthread_mutex_unlock(&state->lock);
    return has;
}

void kc_mesh_state_no_edge(struct kc_mesh_state *state)
{
    pthread_mutex_lock(&state->lock);
    state->has_edge = true;
    pthread_mutex_unlock(&state->lock);
}

/* What is read first is what another process left: nothing up to there is known any more. */
static void note_edge(struct kc_mesh_state *state, const struct kc_record *record)
{
    struct kc_reader r;
    kc_reader_init(&r, record->body.bytes, record->body.size);
    uint64_t until_ms = kc_reader_u64(&r);
    if (r.failed)
        return;
    if (!state->has_edge)
        kc_replay_begin_after(state->replay, until_ms);
    state->has_edge = true;
    if (until_ms > state->until_ms)
        state->until_ms = until_ms;
}

/* --- what is left of blocks; the lock is held --- */

static struct left **place_of(struct kc_mesh_state *state, const char *id)
{
    size_t hash = 5381; /* ids are hashes already */
    for (const char *c = id; *c; c++)
        hash = hash * 33 + (uint8_t)*c;
    struct left **link = &state->buckets[hash % BUCKETS];
    while (*link && strcmp((*link)->id, id) != 0)
        link = &(*link)->next;
    return link;
}

/* When there are too many, those of one bucket after the other lose their rest: it is charged again. */
static void make_room(struct kc_mesh_state *state)
{
    for (; state->count >= SHARES_MAX; state->turn++) {
        struct left **bucket = &state->buckets[state->turn % BUCKETS];
        while (*bucket) {
            struct left *left = *bucket;
            *bucket = left->next;
            state->count--;
            free(left);
        }
    }
}

static struct left *find_or_make(struct kc_mesh_state *state, const char *id)
{
    struct left *found = *place_of(state, id);
    if (found)
        return found;
    make_room(state);
    struct left **link = place_of(state, id);
    struct left *left = calloc(1, sizeof *left);
    if (!left)
        return NULL;
    memcpy(left->id, id, strlen(id) + 1);
    *link = left;
    state->count++;
    return left;
}

static bool is_void(const struct left *left, uint64_t now)
{
    return now < left->window || now - left->window >= PERIOD_S;
}

/* What is no more is not used either. */
static void forget(struct kc_mesh_state *state, const char *id)
{
    struct left **link = place_of(state, id), *left = *link;
    if (!left)
        return;
    *link = left->next;
    state->count--;
    free(left);
}

void kc_mesh_state_note(struct kc_mesh_state *state, const struct kc_record *record)
{
    pthread_mutex_lock(&state->lock);
    if (record->kind == KC_KIND_REVOCATION && strcmp(record->id, KC_RECORD_ID_EDGE) == 0)
        note_edge(state, record);
    else if (record->kind == KC_KIND_CAPABILITY && record->state != KC_STATE_ACTIVE)
        forget(state, record->id);
    pthread_mutex_unlock(&state->lock);
}

void kc_mesh_state_charged(
    struct kc_mesh_state *state, const char *id, const struct kc_mesh_usage *usage)
{
    pthread_mutex_lock(&state->lock);
    struct left *left = find_or_make(state, id);
    if (left) {
        left->count = usage->block + (left->window == usage->window ? left->count : 0);
        left->window = usage->window;
    }
    pthread_mutex_unlock(&state->lock);
}

bool kc_mesh_state_take(struct kc_mesh_state *state, const char *id, uint64_t now)
{
    pthread_mutex_lock(&state->lock);
    struct left *left = *place_of(state, id);
    bool taken = left && left->count > 0 && !is_void(left, now);
    if (taken)
        left->count--;
    pthread_mutex_unlock(&state->lock);
    return taken;
}

void kc_mesh_state_give(struct kc_mesh_state *state, const char *id, size_t count, uint64_t now)
{
    pthread_mutex_lock(&state->lock);
    struct left *left = *place_of(state, id);
    if (left && !is_void(left, now))
        left->count += count;
    pthread_mutex_unlock(&state->lock);
}

/* --- charging --- */

static uint64_t room_in(uint64_t limit, uint64_t used)
{
    return limit == 0 ? UINT64_MAX : used < limit ? limit - used : 0;
}

/* A quarter of what was charged in this hour: who is asked for much does not wait for the store at each
 * 64 operations, and a crash voids no more than a part of what was used. */
static uint64_t block_of(const struct kc_mesh_usage *usage)
{
    uint64_t block = usage->in_window / 4;
    return block < BLOCK_MIN ? BLOCK_MIN : block > BLOCK_MAX ? BLOCK_MAX : block;
}

bool kc_mesh_usage_charge(
    const struct kc_config_operate *limits, uint64_t now, struct kc_mesh_usage *usage, bool *alarm)
{
    if (now < usage->window || now - usage->window >= PERIOD_S) {
        usage->window = now;
        usage->in_window = 0;
    }
    uint64_t rate = room_in(limits->rate, usage->in_window);
    uint64_t total = room_in(limits->total, usage->total);
    uint64_t room = rate < total ? rate : total, block = block_of(usage);
    usage->block = (uint32_t)(room < block ? room : block);
    usage->in_window += usage->block;
    usage->total += usage->block;
    *alarm =
        (limits->rate > 0 && usage->in_window * 100 >= limits->rate * (uint64_t)ALARM_PERCENT) ||
        (limits->total > 0 && usage->total * 100 >= limits->total * (uint64_t)ALARM_PERCENT);
    return usage->block > 0;
}
