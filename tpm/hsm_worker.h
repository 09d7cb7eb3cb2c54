/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one thread that calls a PKCS#11 module. A call into a module can block for ever; so the
 * thread is waited for just until a deadline, and what it works on stays its own until it is done.
 *
 * Used by one other thread, the caller of the root.
 */
#ifndef KC_TPM_HSM_WORKER_H
#define KC_TPM_HSM_WORKER_H

#include "base/error.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

/* What the thread does, each with the context, which is its own while it does it. */
struct kc_hsm_duties {
    void (*work)(void *context);    /* when it is asked to */
    void (*discard)(void *context); /* after work whose caller did not wait so long */
    void (*finish)(void *context);  /* before it ends */
    void (*release)(void *context); /* frees the context, with the worker in it: the last step */
};

struct kc_hsm_worker {
    const struct kc_hsm_duties *duties;
    void *context;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wanted, done; /* that the thread waits for, and its caller */
    atomic_bool is_working;      /* the context is the thread's */
    bool is_abandoned;           /* nobody waits for the result */
    bool shall_end;
    atomic_bool has_ended;
    bool releases;      /* the thread is the one that releases */
    unsigned impatient; /* calls for which the caller sleeps at once; the caller's own */
};

/*
 * Starts the thread; the worker lies in its context.
 *
 * KC_ERR_NO_MEMORY  there is no thread to be had
 */
KC_CHECKED enum kc_error kc_hsm_worker_start(
    struct kc_hsm_worker *worker, const struct kc_hsm_duties *duties, void *context);

/* Whether the context is the caller's: the thread has nothing to do. */
bool kc_hsm_worker_is_idle(struct kc_hsm_worker *worker);

/*
 * Has the work done, and waits for it. The worker must be idle.
 *
 * Returns whether it was done in time, deadline_ms milliseconds. If not, the context is the
 * thread's until kc_hsm_worker_is_idle.
 */
KC_CHECKED bool kc_hsm_worker_run(struct kc_hsm_worker *worker, uint32_t deadline_ms);

/*
 * Ends the thread and releases the context. A thread that is not ready in time is left behind, and
 * releases the context itself once it is.
 */
void kc_hsm_worker_end(struct kc_hsm_worker *worker, uint32_t deadline_ms);

#endif
