/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/hsm_worker.h"

#include <time.h>

#define LOOK_ON_NS 100000L /* nanoseconds that the caller looks on before he sleeps */
#define IMPATIENT_CALLS 64

static long nanoseconds_between(const struct timespec *start, const struct timespec *end)
{
    return (long)(end->tv_sec - start->tv_sec) * 1000000000L + end->tv_nsec - start->tv_nsec;
}

static struct timespec after(uint32_t milliseconds)
{
    struct timespec moment;
    clock_gettime(CLOCK_MONOTONIC, &moment);
    moment.tv_sec += milliseconds / 1000;
    moment.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (moment.tv_nsec >= 1000000000) {
        moment.tv_sec++;
        moment.tv_nsec -= 1000000000;
    }
    return moment;
}

/* --- in the thread; the lock is held but while it works --- */

static void wait_for_work(struct kc_hsm_worker *worker)
{
    while (!worker->is_working && !worker->shall_end)
        pthread_cond_wait(&worker->wanted, &worker->lock);
}

/* Who waits is woken without the lock, which he would wait for again. */
static void do_work(struct kc_hsm_worker *worker)
{
    pthread_mutex_unlock(&worker->lock);
    worker->duties->work(worker->context);
    pthread_mutex_lock(&worker->lock);
    if (worker->is_abandoned)
        worker->duties->discard(worker->context);
    worker->is_abandoned = false;
    worker->is_working = false;
    pthread_mutex_unlock(&worker->lock);
    pthread_cond_signal(&worker->done);
    pthread_mutex_lock(&worker->lock);
}

static void *live(void *argument)
{
    struct kc_hsm_worker *worker = argument;
    pthread_mutex_lock(&worker->lock);
    for (wait_for_work(worker); !worker->shall_end; wait_for_work(worker))
        do_work(worker);
    pthread_mutex_unlock(&worker->lock);

    worker->duties->finish(worker->context);

    pthread_mutex_lock(&worker->lock);
    worker->has_ended = true;
    bool releases = worker->releases;
    pthread_cond_signal(&worker->done);
    pthread_mutex_unlock(&worker->lock);
    if (releases)
        worker->duties->release(worker->context);
    return NULL;
}

/* --- for the caller --- */

static enum kc_error make_lock(struct kc_hsm_worker *worker)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return KC_ERR_NO_MEMORY;
    bool done = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
                pthread_cond_init(&worker->done, &attributes) == 0 &&
                pthread_cond_init(&worker->wanted, NULL) == 0 &&
                pthread_mutex_init(&worker->lock, NULL) == 0;
    pthread_condattr_destroy(&attributes);
    return done ? KC_OK : KC_ERR_NO_MEMORY;
}

enum kc_error kc_hsm_worker_start(
    struct kc_hsm_worker *worker, const struct kc_hsm_duties *duties, void *context)
{
    *worker = (struct kc_hsm_worker){.duties = duties, .context = context};
    enum kc_error error = make_lock(worker);
    if (error == KC_OK && pthread_create(&worker->thread, NULL, live, worker) != 0)
        error = KC_ERR_NO_MEMORY;
    return error;
}

bool kc_hsm_worker_is_idle(struct kc_hsm_worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    bool is_idle = !worker->is_working;
    pthread_mutex_unlock(&worker->lock);
    return is_idle;
}

/* Waits until what the thread shall do is done, or it is too late; the lock is held. */
static bool wait_until(struct kc_hsm_worker *worker, const atomic_bool *flag, bool wanted,
    const struct timespec *deadline)
{
    int result = 0;
    while (*flag != wanted && result == 0)
        result = pthread_cond_timedwait(&worker->done, &worker->lock, deadline);
    return *flag == wanted;
}

/* To sleep and be woken costs as much as a short call into a module. So the caller looks on for that
 * long, and if it was in vain, sleeps at once the next times: a slow token costs no processor time. */
static void look_on(struct kc_hsm_worker *worker)
{
    struct timespec now, start;
    if (worker->impatient > 0) {
        worker->impatient--;
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &start);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while (worker->is_working && nanoseconds_between(&start, &now) < LOOK_ON_NS);
    if (worker->is_working)
        worker->impatient = IMPATIENT_CALLS;
}

bool kc_hsm_worker_run(struct kc_hsm_worker *worker, uint32_t deadline_ms)
{
    struct timespec deadline = after(deadline_ms);
    pthread_mutex_lock(&worker->lock);
    worker->is_working = true;
    pthread_mutex_unlock(&worker->lock);
    pthread_cond_signal(&worker->wanted);
    look_on(worker);
    pthread_mutex_lock(&worker->lock);
    bool in_time = wait_until(worker, &worker->is_working, false, &deadline);
    worker->is_abandoned = !in_time;
    pthread_mutex_unlock(&worker->lock);
    return in_time;
}

void kc_hsm_worker_end(struct kc_hsm_worker *worker, uint32_t deadline_ms)
{
    struct timespec deadline = after(deadline_ms);
    pthread_mutex_lock(&worker->lock);
    worker->shall_end = true;
    pthread_cond_signal(&worker->wanted);
    bool in_time = wait_until(worker, &worker->has_ended, true, &deadline);
    pthread_t thread = worker->thread;
    worker->releases = !in_time;
    pthread_mutex_unlock(&worker->lock);
    if (in_time) {
        pthread_join(thread, NULL);
        worker->duties->release(worker->context);
    } else {
        pthread_detach(thread);
    }
}
