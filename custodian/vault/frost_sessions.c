/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/frost_sessions.h"

#include "base/secret.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct kc_frost_sessions {
    pthread_mutex_t lock;
    struct kc_frost_session *first;
    size_t count, limit;
};

enum kc_error kc_frost_session_new(struct kc_frost_session **session)
{
    struct kc_frost_session *made = kc_arena_allocate(sizeof *made);
    if (!made)
        return KC_ERR_NO_MEMORY;
    memset(made, 0, sizeof *made);
    *session = made;
    return KC_OK;
}

void kc_frost_session_free(struct kc_frost_session *session)
{
    if (!session)
        return;
    kc_frost_nonces_wipe(&session->nonces);
    kc_arena_free(session);
}

enum kc_error kc_frost_sessions_new(size_t limit, struct kc_frost_sessions **sessions)
{
    struct kc_frost_sessions *s = calloc(1, sizeof *s);
    if (!s)
        return KC_ERR_NO_MEMORY;
    pthread_mutex_init(&s->lock, NULL);
    s->limit = limit;
    *sessions = s;
    return KC_OK;
}

/* --- the list; the lock is held --- */

/* Which sessions: of a share, of a user, past a time, or all. */
struct choice {
    const char *share;    /* NULL: of any */
    const uint32_t *user; /* NULL: anybody's */
    uint64_t until_ms;
};

static bool chosen(const struct choice *choice, const struct kc_frost_session *session)
{
    return session->deadline_ms <= choice->until_ms &&
           (!choice->user || *choice->user == session->user) &&
           (!choice->share || strcmp(choice->share, session->share) == 0);
}

static struct kc_frost_session *detach(struct kc_frost_sessions *s, struct kc_frost_session **link)
{
    struct kc_frost_session *session = *link;
    *link = session->next;
    s->count--;
    return session;
}

static void end_chosen(struct kc_frost_sessions *s, const struct choice *choice)
{
    for (struct kc_frost_session **link = &s->first; *link;) {
        if (chosen(choice, *link))
            kc_frost_session_free(detach(s, link));
        else
            link = &(*link)->next;
    }
}

static bool has_room(const struct kc_frost_sessions *s, const struct kc_frost_session *wanted)
{
    size_t theirs = 0;
    for (const struct kc_frost_session *at = s->first; at; at = at->next)
        theirs += at->user == wanted->user;
    return s->count < s->limit && theirs < s->limit - s->limit / 2;
}

static bool is_asked_for(
    const struct kc_frost_session *session, struct kc_span handle, const char *share, uint32_t user)
{
    return session->user == user && strcmp(session->share, share) == 0 &&
           handle.size == sizeof session->handle &&
           sodium_memcmp(handle.bytes, session->handle, handle.size) == 0;
}

/* --- the interface --- */

static void end_all_of(struct kc_frost_sessions *s, const struct choice *choice)
{
    pthread_mutex_lock(&s->lock);
    end_chosen(s, choice);
    pthread_mutex_unlock(&s->lock);
}

enum kc_error kc_frost_sessions_put(
    struct kc_frost_sessions *sessions, struct kc_frost_session *session)
{
    const struct choice former = {
        .share = session->share, .user = &session->user, .until_ms = UINT64_MAX};
    pthread_mutex_lock(&sessions->lock);
    end_chosen(sessions, &former);
    bool fits = has_room(sessions, session);
    if (fits) {
        session->next = sessions->first;
        sessions->first = session;
        sessions->count++;
    }
    pthread_mutex_unlock(&sessions->lock);
    return fits ? KC_OK : KC_ERR_LIMIT;
}

struct kc_frost_session *kc_frost_sessions_take(
    struct kc_frost_sessions *sessions, struct kc_span handle, const char *share, uint32_t user)
{
    struct kc_frost_session *session = NULL;
    pthread_mutex_lock(&sessions->lock);
    struct kc_frost_session **link = &sessions->first;
    while (*link && !is_asked_for(*link, handle, share, user))
        link = &(*link)->next;
    if (*link)
        session = detach(sessions, link);
    pthread_mutex_unlock(&sessions->lock);
    return session;
}

void kc_frost_sessions_close_share(struct kc_frost_sessions *sessions, const char *share)
{
    end_all_of(sessions, &(struct choice){.share = share, .until_ms = UINT64_MAX});
}

void kc_frost_sessions_expire(struct kc_frost_sessions *sessions, uint64_t now_ms)
{
    end_all_of(sessions, &(struct choice){.until_ms = now_ms});
}

uint64_t kc_frost_sessions_deadline(struct kc_frost_sessions *sessions)
{
    uint64_t nearest = UINT64_MAX;
    pthread_mutex_lock(&sessions->lock);
    for (const struct kc_frost_session *at = sessions->first; at; at = at->next)
        nearest = at->deadline_ms < nearest ? at->deadline_ms : nearest;
    pthread_mutex_unlock(&sessions->lock);
    return nearest;
}

size_t kc_frost_sessions_count(struct kc_frost_sessions *sessions)
{
    pthread_mutex_lock(&sessions->lock);
    size_t count = sessions->count;
    pthread_mutex_unlock(&sessions->lock);
    return count;
}

void kc_frost_sessions_free(struct kc_frost_sessions *sessions)
{
    if (!sessions)
        return;
    end_all_of(sessions, &(struct choice){.until_ms = UINT64_MAX});
    pthread_mutex_destroy(&sessions->lock);
    free(sessions);
}
