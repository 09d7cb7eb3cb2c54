/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/workers.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct kc_workers {
    pthread_mutex_t lock;
    pthread_cond_t more, idle;
    void (*work)(void *job);
    bool draining, ending;
    size_t thread_count, busy;
    pthread_t *threads;
    size_t first, waiting, most; /* of the ring */
    void **ring;
};

static void *run(void *argument)
{
    struct kc_workers *workers = argument;
    pthread_mutex_lock(&workers->lock);
    for (;;) {
        while (workers->waiting == 0 && !workers->ending)
            pthread_cond_wait(&workers->more, &workers->lock);
        if (workers->waiting == 0)
            break;
        void *job = workers->ring[workers->first];
        workers->first = (workers->first + 1) % workers->most;
        workers->waiting--;
        workers->busy++;
        pthread_mutex_unlock(&workers->lock);
        workers->work(job);
        pthread_mutex_lock(&workers->lock);
        workers->busy--;
        if (workers->busy == 0 && workers->waiting == 0)
            pthread_cond_broadcast(&workers->idle);
    }
    pthread_mutex_unlock(&workers->lock);
    return NULL;
}

static void init(struct kc_workers *workers)
{
    pthread_condattr_t attributes;
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->more, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&workers->idle, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum kc_error kc_workers_new(
    uint32_t count, uint32_t pending, void (*work)(void *job), struct kc_workers **made)
{
    struct kc_workers *new = calloc(1, sizeof *new);
    if (!new)
        return KC_ERR_NO_MEMORY;
    init(new);
    new->work = work;
    new->most = pending;
    new->ring = calloc(pending, sizeof *new->ring);
    new->threads = calloc(count, sizeof *new->threads);
    bool good = new->ring &&new->threads;
    while (good && new->thread_count < count) {
        good = pthread_create(&new->threads[new->thread_count], NULL, run, new) == 0;
        new->thread_count += good;
    }
    if (!good) {
        kc_workers_free(new);
        return KC_ERR_NO_MEMORY;
    }
    *made = new;
    return KC_OK;
}

enum kc_error kc_workers_put(struct kc_workers *workers, void *job)
{
    enum kc_error error = KC_OK;
    pthread_mutex_lock(&workers->lock);
    if (workers->draining) {
        error = KC_ERR_STOPPING;
    } else if (workers->waiting == workers->most) {
        error = KC_ERR_LIMIT;
    } else {
        workers->ring[(workers->first + workers->waiting++) % workers->most] = job;
        pthread_cond_signal(&workers->more);
    }
    pthread_mutex_unlock(&workers->lock);
    return error;
}

bool kc_workers_drain(struct kc_workers *workers, uint32_t deadline_ms)
{
    struct timespec until;
    int late = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += deadline_ms / 1000;
    until.tv_nsec += (long)(deadline_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&workers->lock);
    workers->draining = true;
    while (late == 0 && (workers->busy > 0 || workers->waiting > 0))
        late = pthread_cond_timedwait(&workers->idle, &workers->lock, &until);
    bool done = workers->busy == 0 && workers->waiting == 0;
    pthread_mutex_unlock(&workers->lock);
    return done;
}

void kc_workers_free(struct kc_workers *workers)
{
    if (!workers)
        return;
    pthread_mutex_lock(&workers->lock);
    workers->draining = workers->ending = true;
    pthread_cond_broadcast(&workers->more);
    pthread_mutex_unlock(&workers->lock);
    for (size_t i = 0; i < workers->thread_count; i++)
        pthread_join(workers->threads[i], NULL);
    pthread_cond_destroy(&workers->more);
    pthread_cond_destroy(&workers->idle);
    pthread_mutex_destroy(&workers->lock);
    free(workers->threads);
    free(workers->ring);
    free(workers);
}
