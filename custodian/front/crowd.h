/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many connections each address has at once. An address of IPv6 is its first 64 bits
 * (kc_address_prefix): who has one of these has all that are in it. Any number of threads.
 */
#ifndef KC_CUSTODIAN_FRONT_CROWD_H
#define KC_CUSTODIAN_FRONT_CROWD_H

#include "base/error.h"

#include <stdint.h>
#include <sys/socket.h>

struct kc_crowd;

/*
 * places   connections at once, of all; their numbers are below it
 * of_each  of one address
 *
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_crowd_new(uint32_t places, uint32_t of_each, struct kc_crowd **made);
void kc_crowd_free(struct kc_crowd *crowd);

/* Whether an address may have one more. */
bool kc_crowd_admits(struct kc_crowd *crowd, const struct sockaddr *address);

/* A connection of an address has a place, and has it no more. A place that there is none of is fine. */
void kc_crowd_enter(struct kc_crowd *crowd, size_t place, const struct sockaddr *address);
void kc_crowd_leave(struct kc_crowd *crowd, size_t place);

#endif
