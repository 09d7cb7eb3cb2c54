/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/deadline.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define NEVER INT64_MAX
#define NO_SOCKET (-1)

struct timed {
    int socket;
    int64_t at_ms;
};

struct kc_deadlines {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    bool ending;
    int64_t span_ms;
    int64_t wakes_at; /* when the thread looks next */
    size_t count, next_free;
    struct timed timed[];
};

static int64_t now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Ends what is late; returns when the next one will be. */
static int64_t look(struct kc_deadlines *deadlines)
{
    int64_t now = now_ms(), next = NEVER;
    for (size_t i = 0; i < deadlines->count; i++) {
        struct timed *timed = &deadlines->timed[i];
        if (timed->socket == NO_SOCKET)
            continue;
        if (timed->at_ms <= now) {
            (void)shutdown(timed->socket, SHUT_RDWR);
            timed->at_ms = NEVER;
        }
        if (timed->at_ms < next)
            next = timed->at_ms;
    }
    return next;
}

static void *work(void *argument)
{
    struct kc_deadlines *deadlines = argument;
    pthread_mutex_lock(&deadlines->lock);
    while (!deadlines->ending) {
        deadlines->wakes_at = look(deadlines);
        int64_t at = deadlines->wakes_at;
        struct timespec until = {.tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000};
        if (at == NEVER)
            pthread_cond_wait(&deadlines->changed, &deadlines->lock);
        else
            (void)pthread_cond_timedwait(&deadlines->changed, &deadlines->lock, &until);
    }
    pthread_mutex_unlock(&deadlines->lock);
    return NULL;
}

static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum kc_error kc_deadlines_new(uint32_t most, uint32_t seconds, struct kc_deadlines **made)
{
    struct kc_deadlines *new = calloc(1, sizeof *new + most * sizeof new->timed[0]);
    if (!new)
        return KC_ERR_NO_MEMORY;
    pthread_mutex_init(&new->lock, NULL);
    init_condition(&new->changed);
    new->span_ms = (int64_t)seconds * 1000;
    new->wakes_at = NEVER;
    new->count = most;
    for (size_t i = 0; i < most; i++)
        new->timed[i].socket = NO_SOCKET;
    if (pthread_create(&new->thread, NULL, work, new) != 0) {
        free(new);
        return KC_ERR_NO_MEMORY;
    }
    *made = new;
    return KC_OK;
}

void kc_deadlines_free(struct kc_deadlines *deadlines)
{
    if (!deadlines)
        return;
    pthread_mutex_lock(&deadlines->lock);
    deadlines->ending = true;
    pthread_cond_signal(&deadlines->changed);
    pthread_mutex_unlock(&deadlines->lock);
    pthread_join(deadlines->thread, NULL);
    pthread_cond_destroy(&deadlines->changed);
    pthread_mutex_destroy(&deadlines->lock);
    free(deadlines);
}

/* All spans are the same, so that a new deadline is the last one: the thread is woken just if it
 * waits for none. */
static void run(struct kc_deadlines *deadlines, struct timed *timed)
{
    timed->at_ms = now_ms() + deadlines->span_ms;
    if (deadlines->wakes_at == NEVER)
        pthread_cond_signal(&deadlines->changed);
}

size_t kc_deadline_open(struct kc_deadlines *deadlines, int socket)
{
    size_t place = SIZE_MAX;
    pthread_mutex_lock(&deadlines->lock);
    for (size_t i = 0; place == SIZE_MAX && i < deadlines->count; i++) {
        size_t at = (deadlines->next_free + i) % deadlines->count;
        if (deadlines->timed[at].socket == NO_SOCKET)
            place = at;
    }
    if (place != SIZE_MAX) {
        deadlines->timed[place].socket = socket;
        deadlines->next_free = place + 1;
        run(deadlines, &deadlines->timed[place]);
    }
    pthread_mutex_unlock(&deadlines->lock);
    return place;
}

void kc_deadline_set(struct kc_deadlines *deadlines, size_t place, bool running)
{
    if (place == SIZE_MAX)
        return;
    pthread_mutex_lock(&deadlines->lock);
    if (running)
        run(deadlines, &deadlines->timed[place]);
    else
        deadlines->timed[place].at_ms = NEVER;
    pthread_mutex_unlock(&deadlines->lock);
}

void kc_deadline_close(struct kc_deadlines *deadlines, size_t place)
{
    if (place == SIZE_MAX)
        return;
    pthread_mutex_lock(&deadlines->lock);
    deadlines->timed[place].socket = NO_SOCKET;
    pthread_mutex_unlock(&deadlines->lock);
}
