/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/closer.h"

#include "custodian/log.h"
#include "proto/socket/transport.h"

#include <pthread.h>
#include <unistd.h>

#define THREADS 4
#define WAITING_MAX 2048 /* descriptors: below what a process may have open */
#define STACK_SIZE ((size_t)64 * 1024)

static struct {
    pthread_mutex_t lock;
    pthread_cond_t more;
    bool started;
    size_t first, count; /* a ring */
    int waiting[WAITING_MAX];
} closer = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

static int take(void)
{
    pthread_mutex_lock(&closer.lock);
    while (closer.count == 0)
        pthread_cond_wait(&closer.more, &closer.lock);
    int descriptor = closer.waiting[closer.first];
    closer.first = (closer.first + 1) % WAITING_MAX;
    closer.count--;
    pthread_mutex_unlock(&closer.lock);
    return descriptor;
}

static void *work(void *none)
{
    for (;;)
        close(take());
    return none;
}

static _Noreturn void end(void)
{
    kc_log(KC_LOG_ERROR, "process-ends", kc_log_text("why", "descriptors-do-not-close"));
    _exit(KC_CLASS_INTERNAL);
}

void kc_close_later(int descriptor)
{
    if (!closer.started) {
        close(descriptor);
        return;
    }
    pthread_mutex_lock(&closer.lock);
    if (closer.count == WAITING_MAX)
        end();
    closer.waiting[(closer.first + closer.count++) % WAITING_MAX] = descriptor;
    pthread_cond_signal(&closer.more);
    pthread_mutex_unlock(&closer.lock);
}

enum kc_error kc_closer_start(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0)
        return KC_ERR_NO_MEMORY;
    bool good = pthread_attr_setstacksize(&attributes, STACK_SIZE) == 0 &&
                pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0;
    for (size_t i = 0; good && i < THREADS; i++)
        good = pthread_create(&thread, &attributes, work, NULL) == 0;
    pthread_attr_destroy(&attributes);
    if (!good)
        return KC_ERR_NO_MEMORY;
    closer.started = true;
    kc_descriptors_close_with(kc_close_later);
    return KC_OK;
}
