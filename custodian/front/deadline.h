/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a connection may take to bring a request or to take an answer, all in all: a client that
 * sends an octet now and then is never idle, and would keep its place for good.
 *
 * A thread of its own shuts down the sockets that are late; whoever serves them notices that and
 * closes them. A connection is set down before its socket is closed, so that no number is shut down
 * that is another file's by then.
 */
#ifndef KC_CUSTODIAN_FRONT_DEADLINE_H
#define KC_CUSTODIAN_FRONT_DEADLINE_H

#include "base/error.h"

#include <stdint.h>

struct kc_deadlines;

/*
 * most     connections at once
 * seconds  that each may take
 *
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_deadlines_new(
    uint32_t most, uint32_t seconds, struct kc_deadlines **made);

/* Ends the thread. NULL is fine. */
void kc_deadlines_free(struct kc_deadlines *deadlines);

/* Takes a connection up, its time running; returns its place, or SIZE_MAX: there are too many. */
size_t kc_deadline_open(struct kc_deadlines *deadlines, int socket);

/* Sets its time to all of it again, or stops it (running false). SIZE_MAX is fine. */
void kc_deadline_set(struct kc_deadlines *deadlines, size_t place, bool running);

/* Sets it down: its socket may be closed after this. SIZE_MAX is fine. */
void kc_deadline_close(struct kc_deadlines *deadlines, size_t place);

#endif
