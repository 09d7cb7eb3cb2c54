/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/core.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct turn {
    struct turn *next;
    char share[KC_RECORD_ID_SIZE];
    struct kc_session *open; /* NULL: a call holds the turn */
    struct kc_call_list line;
};

struct kc_sessions {
    pthread_mutex_t lock;
    struct turn *turns;
    size_t limit;   /* of turns and calls in line together */
    size_t held;    /* turns */
    size_t waiting; /* calls in line */
    size_t open;
    size_t octets; /* that open sessions keep */
};

enum kc_error kc_session_new(const struct kc_signed_message *message, struct kc_session **session)
{
    size_t context_size = message->has_context ? message->context.size : 0;
    size_t size = context_size + message->message.size;
    struct kc_session *s = kc_arena_allocate(sizeof *s);
    uint8_t *octets = malloc(size + 1);
    if (!s || !octets) {
        kc_arena_free(s);
        free(octets);
        return KC_ERR_NO_MEMORY;
    }
    if (context_size > 0)
        memcpy(octets, message->context.bytes, context_size);
    if (message->message.size > 0)
        memcpy(octets + context_size, message->message.bytes, message->message.size);
    s->octets = octets;
    s->octet_count = size;
    s->message = *message;
    s->message.context = (struct kc_span){octets, context_size};
    s->message.message = (struct kc_span){octets + context_size, message->message.size};
    *session = s;
    return KC_OK;
}

void kc_session_free(struct kc_session *session)
{
    if (!session)
        return;
    kc_signature_commitment_wipe(&session->commitment);
    free(session->octets);
    kc_arena_free(session);
}

enum kc_error kc_sessions_new(size_t limit, struct kc_sessions **sessions)
{
    struct kc_sessions *s = calloc(1, sizeof *s);
    if (!s)
        return KC_ERR_NO_MEMORY;
    pthread_mutex_init(&s->lock, NULL);
    s->limit = limit;
    *sessions = s;
    return KC_OK;
}

/* --- turns; the lock is held --- */

static struct turn *find(struct kc_sessions *s, const char *share)
{
    for (struct turn *t = s->turns; t; t = t->next)
        if (strcmp(t->share, share) == 0)
            return t;
    return NULL;
}

static void remove_turn(struct kc_sessions *s, struct turn *turn)
{
    struct turn **link = &s->turns;
    while (*link != turn)
        link = &(*link)->next;
    *link = turn->next;
    s->held--;
    free(turn);
}

/* The session ends here: the turn is then nobody's, until pass. */
static struct kc_session *detach(struct kc_sessions *s, struct turn *turn)
{
    struct kc_session *session = turn->open;
    turn->open = NULL;
    s->open--;
    s->octets -= session->octet_count;
    return session;
}

/* Passes the turn to the next in line, or ends it. */
static void pass(struct kc_sessions *s, struct turn *turn, struct kc_call_list *runnable)
{
    struct kc_call *next = kc_call_list_take(&turn->line);
    if (!next) {
        remove_turn(s, turn);
        return;
    }
    s->waiting--;
    next->has_turn = true;
    kc_call_list_append(runnable, next);
}

static void close_open(struct kc_sessions *s, struct turn *turn, struct kc_call_list *runnable)
{
    kc_session_free(detach(s, turn));
    pass(s, turn, runnable);
}

static enum kc_error enter(struct kc_sessions *s, struct kc_call *call, bool *taken)
{
    if (s->held + s->waiting >= s->limit)
        return KC_ERR_LIMIT;
    struct turn *turn = find(s, call->turn);
    if (turn) {
        *taken = false;
        kc_call_list_append(&turn->line, call);
        s->waiting++;
        return KC_OK;
    }
    turn = calloc(1, sizeof *turn);
    if (!turn)
        return KC_ERR_NO_MEMORY;
    memcpy(turn->share, call->turn, sizeof turn->share);
    turn->next = s->turns;
    s->turns = turn;
    s->held++;
    call->has_turn = true;
    *taken = true;
    return KC_OK;
}

/* --- the interface --- */

enum kc_error kc_sessions_enter(struct kc_sessions *sessions, struct kc_call *call, bool *taken)
{
    pthread_mutex_lock(&sessions->lock);
    enum kc_error error = enter(sessions, call, taken);
    pthread_mutex_unlock(&sessions->lock);
    return error;
}

enum kc_error kc_sessions_open(struct kc_sessions *sessions, struct kc_session *session)
{
    pthread_mutex_lock(&sessions->lock);
    struct turn *turn = find(sessions, session->share);
    bool fits = session->octet_count <= KC_SESSION_OCTETS_MAX - sessions->octets;
    if (!turn || turn->open)
        abort(); /* opened without a turn: two commitments of a share would be open */
    if (fits) {
        turn->open = session;
        sessions->open++;
        sessions->octets += session->octet_count;
    }
    pthread_mutex_unlock(&sessions->lock);
    return fits ? KC_OK : KC_ERR_LIMIT;
}

struct kc_session *kc_sessions_take(
    struct kc_sessions *sessions, struct kc_span handle, uint64_t connection, const char *share)
{
    pthread_mutex_lock(&sessions->lock);
    struct turn *turn = find(sessions, share);
    bool fits = turn && turn->open && turn->open->connection == connection &&
                handle.size == KC_SESSION_HANDLE_SIZE &&
                sodium_memcmp(handle.bytes, turn->open->handle, handle.size) == 0;
    struct kc_session *session = fits ? detach(sessions, turn) : NULL;
    pthread_mutex_unlock(&sessions->lock);
    return session;
}

void kc_sessions_leave(
    struct kc_sessions *sessions, const char *share, struct kc_call_list *runnable)
{
    pthread_mutex_lock(&sessions->lock);
    struct turn *turn = find(sessions, share);
    if (turn && !turn->open)
        pass(sessions, turn, runnable);
    pthread_mutex_unlock(&sessions->lock);
}

void kc_sessions_close_share(
    struct kc_sessions *sessions, const char *share, struct kc_call_list *runnable)
{
    pthread_mutex_lock(&sessions->lock);
    struct turn *turn = find(sessions, share);
    if (turn && turn->open)
        close_open(sessions, turn, runnable);
    pthread_mutex_unlock(&sessions->lock);
}

/* Which sessions to close. */
struct choice {
    bool all;
    uint64_t connection;
    uint64_t now_ms; /* 0: not by time */
};

static bool chosen(const struct choice *choice, const struct kc_session *session)
{
    if (choice->all)
        return true;
    if (choice->now_ms > 0)
        return session->deadline_ms <= choice->now_ms;
    return session->connection == choice->connection;
}

static void close_chosen(
    struct kc_sessions *s, const struct choice *choice, struct kc_call_list *runnable)
{
    for (struct turn *turn = s->turns, *next; turn; turn = next) {
        next = turn->next;
        if (turn->open && chosen(choice, turn->open))
            close_open(s, turn, runnable);
    }
}

void kc_sessions_close_connection(
    struct kc_sessions *sessions, uint64_t connection, struct kc_call_list *runnable)
{
    pthread_mutex_lock(&sessions->lock);
    close_chosen(sessions, &(struct choice){.connection = connection}, runnable);
    pthread_mutex_unlock(&sessions->lock);
}

void kc_sessions_close_all(struct kc_sessions *sessions, struct kc_call_list *runnable)
{
    pthread_mutex_lock(&sessions->lock);
    close_chosen(sessions, &(struct choice){.all = true}, runnable);
    pthread_mutex_unlock(&sessions->lock);
}

/* Moves the calls that waited too long out of a line. */
static void thin_out(
    struct kc_sessions *s, struct turn *turn, uint64_t now_ms, struct kc_call_list *late)
{
    struct kc_call_list stay = {0};
    struct kc_call *call;
    while ((call = kc_call_list_take(&turn->line)) != NULL) {
        bool too_late = call->wait_until_ms <= now_ms;
        s->waiting -= too_late;
        kc_call_list_append(too_late ? late : &stay, call);
    }
    turn->line = stay;
}

void kc_sessions_expire(struct kc_sessions *sessions, uint64_t now_ms,
    struct kc_call_list *runnable, struct kc_call_list *late)
{
    pthread_mutex_lock(&sessions->lock);
    for (struct turn *turn = sessions->turns; turn; turn = turn->next)
        thin_out(sessions, turn, now_ms, late);
    close_chosen(sessions, &(struct choice){.now_ms = now_ms}, runnable);
    pthread_mutex_unlock(&sessions->lock);
}

uint64_t kc_sessions_deadline(struct kc_sessions *sessions)
{
    uint64_t nearest = UINT64_MAX;
    pthread_mutex_lock(&sessions->lock);
    for (const struct turn *turn = sessions->turns; turn; turn = turn->next) {
        if (turn->open && turn->open->deadline_ms < nearest)
            nearest = turn->open->deadline_ms;
        for (const struct kc_call *call = turn->line.first; call; call = call->next)
            if (call->wait_until_ms < nearest)
                nearest = call->wait_until_ms;
    }
    pthread_mutex_unlock(&sessions->lock);
    return nearest;
}

size_t kc_sessions_count(struct kc_sessions *sessions)
{
    pthread_mutex_lock(&sessions->lock);
    size_t count = sessions->open;
    pthread_mutex_unlock(&sessions->lock);
    return count;
}

size_t kc_sessions_waiting(struct kc_sessions *sessions)
{
    pthread_mutex_lock(&sessions->lock);
    size_t count = sessions->waiting;
    pthread_mutex_unlock(&sessions->lock);
    return count;
}

void kc_sessions_free(struct kc_sessions *sessions)
{
    if (!sessions)
        return;
    for (struct turn *turn = sessions->turns, *next; turn; turn = next) {
        next = turn->next;
        kc_session_free(turn->open);
        struct kc_call *call;
        while ((call = kc_call_list_take(&turn->line)) != NULL)
            kc_call_free(call);
        free(turn);
    }
    pthread_mutex_destroy(&sessions->lock);
    free(sessions);
}
