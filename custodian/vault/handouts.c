/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/handouts.h"

#include "base/secret.h"

#include <pthread.h>
#include <string.h>

struct handout {
    uint64_t connection, deadline_ms;
    char id[KC_RECORD_ID_SIZE];
    struct kc_udf_share shares[KC_UDF_SHAMIR_SHARES_MAX]; /* secret */
    size_t count, next;                                   /* count 0: free */
};

struct kc_handouts {
    pthread_mutex_t lock;
    struct handout handouts[KC_HANDOUTS_MAX];
};

enum kc_error kc_handouts_new(struct kc_handouts **handouts)
{
    struct kc_handouts *made = kc_arena_allocate(sizeof *made);
    if (!made)
        return KC_ERR_NO_MEMORY;
    pthread_mutex_init(&made->lock, NULL);
    *handouts = made;
    return KC_OK;
}

void kc_handouts_free(struct kc_handouts *handouts)
{
    if (!handouts)
        return;
    pthread_mutex_destroy(&handouts->lock);
    kc_arena_free(handouts); /* wipes */
}

static struct handout *find(struct kc_handouts *handouts, uint64_t connection, const char *id)
{
    for (size_t i = 0; i < KC_HANDOUTS_MAX; i++) {
        struct handout *handout = &handouts->handouts[i];
        if (handout->count > 0 && handout->connection == connection && strcmp(handout->id, id) == 0)
            return handout;
    }
    return NULL;
}

static struct handout *find_free(struct kc_handouts *handouts)
{
    for (size_t i = 0; i < KC_HANDOUTS_MAX; i++)
        if (handouts->handouts[i].count == 0)
            return &handouts->handouts[i];
    return NULL;
}

enum kc_error kc_handouts_put(struct kc_handouts *handouts, uint64_t connection,
    uint64_t deadline_ms, const char *id, const struct kc_udf_share shares[], size_t count)
{
    pthread_mutex_lock(&handouts->lock);
    struct handout *handout = find_free(handouts);
    if (handout) {
        *handout =
            (struct handout){.connection = connection, .deadline_ms = deadline_ms, .count = count};
        memcpy(handout->shares, shares, count * sizeof shares[0]);
        memcpy(handout->id, id, strlen(id) + 1);
    }
    pthread_mutex_unlock(&handouts->lock);
    return handout ? KC_OK : KC_ERR_LIMIT;
}

size_t kc_handouts_left(struct kc_handouts *handouts, uint64_t connection, const char *id)
{
    pthread_mutex_lock(&handouts->lock);
    const struct handout *handout = find(handouts, connection, id);
    size_t left = handout ? handout->count - handout->next : 0;
    pthread_mutex_unlock(&handouts->lock);
    return left;
}

bool kc_handouts_take(struct kc_handouts *handouts, uint64_t connection, const char *id,
    size_t left, struct kc_udf_share *share)
{
    pthread_mutex_lock(&handouts->lock);
    struct handout *handout = find(handouts, connection, id);
    bool is_next = handout && handout->count - handout->next == left;
    if (is_next) {
        *share = handout->shares[handout->next];
        kc_wipe(&handout->shares[handout->next++], sizeof *share);
        if (handout->next == handout->count)
            kc_wipe(handout, sizeof *handout);
    }
    pthread_mutex_unlock(&handouts->lock);
    return is_next;
}

/* --- ends --- */

typedef bool is_over(const struct handout *handout, uint64_t value);

static void drop(struct kc_handouts *handouts, is_over *over, uint64_t value)
{
    pthread_mutex_lock(&handouts->lock);
    for (size_t i = 0; i < KC_HANDOUTS_MAX; i++)
        if (handouts->handouts[i].count > 0 && over(&handouts->handouts[i], value))
            kc_wipe(&handouts->handouts[i], sizeof handouts->handouts[i]);
    pthread_mutex_unlock(&handouts->lock);
}

static bool is_of_connection(const struct handout *handout, uint64_t connection)
{
    return handout->connection == connection;
}

static bool is_any(const struct handout *handout, uint64_t unused)
{
    (void)unused;
    return handout->count > 0;
}

static bool is_late(const struct handout *handout, uint64_t now_ms)
{
    return now_ms >= handout->deadline_ms;
}

void kc_handouts_drop_connection(struct kc_handouts *handouts, uint64_t connection)
{
    drop(handouts, is_of_connection, connection);
}

void kc_handouts_drop_all(struct kc_handouts *handouts)
{
    drop(handouts, is_any, 0);
}

void kc_handouts_expire(struct kc_handouts *handouts, uint64_t now_ms)
{
    drop(handouts, is_late, now_ms);
}

uint64_t kc_handouts_deadline(struct kc_handouts *handouts)
{
    uint64_t nearest = UINT64_MAX;
    pthread_mutex_lock(&handouts->lock);
    for (size_t i = 0; i < KC_HANDOUTS_MAX; i++)
        if (handouts->handouts[i].count > 0 && handouts->handouts[i].deadline_ms < nearest)
            nearest = handouts->handouts[i].deadline_ms;
    pthread_mutex_unlock(&handouts->lock);
    return nearest;
}
