/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often an address may ask: a bucket of tokens for each, one token a request, filled at a
 * steady rate. An address of IPv6 is its first 64 bits, which is what one customer has.
 *
 * The table is of fixed size: when more addresses come than it holds, those whose buckets are
 * fullest are forgotten, which favours nobody. Any number of threads.
 */
#ifndef KC_CUSTODIAN_FRONT_RATE_H
#define KC_CUSTODIAN_FRONT_RATE_H

#include "base/error.h"

#include <stdint.h>
#include <sys/socket.h>

struct kc_rate;

/* What of an address is one customer's; never 0. What is no address of a network is all one. */
uint64_t kc_address_prefix(const struct sockaddr *address);

/*
 * rate   tokens a second; 0: everything is allowed
 * burst  tokens at most, at least 1
 *
 * KC_ERR_NO_MEMORY, KC_ERR_RANDOM
 */
KC_CHECKED enum kc_error kc_rate_new(uint32_t rate, uint32_t burst, struct kc_rate **made);
void kc_rate_free(struct kc_rate *rate);

/* Takes a token of an address. False: it has none. now_ms is of a clock that never goes back. */
bool kc_rate_take(struct kc_rate *rate, const struct sockaddr *address, uint64_t now_ms);

/* Whether an address has a token. */
bool kc_rate_has(struct kc_rate *rate, const struct sockaddr *address, uint64_t now_ms);

#endif
