/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that work on jobs which wait for others, and a queue before them of fixed length.
 */
#ifndef KC_CUSTODIAN_FRONT_WORKERS_H
#define KC_CUSTODIAN_FRONT_WORKERS_H

#include "base/error.h"

#include <stdint.h>

struct kc_workers;

/*
 * count    threads
 * pending  jobs that wait at most
 * work     is called by one of the threads for each job
 *
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_workers_new(
    uint32_t count, uint32_t pending, void (*work)(void *job), struct kc_workers **made);

/* KC_ERR_LIMIT  as many wait as may; KC_ERR_STOPPING  kc_workers_drain was called */
KC_CHECKED enum kc_error kc_workers_put(struct kc_workers *workers, void *job);

/* Takes no more jobs, and waits until those that it has are done, or for a time. True: they are. */
bool kc_workers_drain(struct kc_workers *workers, uint32_t deadline_ms);

/* Ends the threads, after their jobs. NULL is fine. */
void kc_workers_free(struct kc_workers *workers);

#endif
