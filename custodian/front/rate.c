/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/rate.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SETS 1024 /* a power of two */
#define WAYS 8
#define TOKEN                                                                                      \
    1000 /* units of a bucket: at a rate of r a second it gains r of them each millisecond */

struct bucket {
    uint64_t address;
    uint64_t at_ms; /* when units was true; 0: not in use */
    uint64_t units;
};

struct kc_rate {
    pthread_mutex_t lock;
    uint64_t rate, most; /* units a millisecond, units at most */
    uint64_t key;        /* where addresses come to lie is not theirs to choose */
    struct bucket buckets[SETS][WAYS];
};

enum kc_error kc_rate_new(uint32_t rate, uint32_t burst, struct kc_rate **made)
{
    struct kc_rate *new = calloc(1, sizeof *new);
    if (!new)
        return KC_ERR_NO_MEMORY;
    if (getrandom(&new->key, sizeof new->key, 0) != sizeof new->key) {
        free(new);
        return KC_ERR_RANDOM;
    }
    pthread_mutex_init(&new->lock, NULL);
    new->rate = rate;
    new->most = (uint64_t)burst *TOKEN;
    *made = new;
    return KC_OK;
}

void kc_rate_free(struct kc_rate *rate)
{
    if (!rate)
        return;
    pthread_mutex_destroy(&rate->lock);
    free(rate);
}

uint64_t kc_address_prefix(const struct sockaddr *address)
{
    uint64_t number = 0;
    if (address->sa_family == AF_INET)
        number = ((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr;
    if (address->sa_family == AF_INET6) {
        const struct in6_addr *six =
            &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(six)) {
            uint32_t four;
            memcpy(&four, six->s6_addr + 12, sizeof four);
            number = four;
        } else {
            memcpy(&number, six->s6_addr, sizeof number);
            number |= UINT64_C(1) << 63;
        }
    }
    return number ? number : 1;
}

/* A mixer with a secret added, not a hash: it spreads, no more. */
static size_t place(const struct kc_rate *rate, uint64_t address)
{
    uint64_t mixed = (address ^ rate->key) * UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 32)) * (rate->key | 1);
    return (size_t)(mixed >> 54) & (SETS - 1);
}

static uint64_t units_now(const struct kc_rate *rate, const struct bucket *bucket, uint64_t now_ms)
{
    if (bucket->at_ms == 0)
        return rate->most;
    uint64_t passed = now_ms > bucket->at_ms ? now_ms - bucket->at_ms : 0;
    if (passed > rate->most / rate->rate)
        return rate->most;
    uint64_t units = bucket->units + passed * rate->rate;
    return units < rate->most ? units : rate->most;
}

/* The bucket of an address, brought up to now; for one that has none, the fullest of its set. */
static struct bucket *find(struct kc_rate *rate, const struct sockaddr *from, uint64_t now_ms)
{
    uint64_t address = kc_address_prefix(from);
    struct bucket *set = rate->buckets[place(rate, address)], *fullest = &set[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].at_ms && set[i].address == address) {
            set[i].units = units_now(rate, &set[i], now_ms);
            set[i].at_ms = now_ms;
            return &set[i];
        }
        if (units_now(rate, &set[i], now_ms) > units_now(rate, fullest, now_ms))
            fullest = &set[i];
    }
    *fullest = (struct bucket){address, now_ms, rate->most};
    return fullest;
}

static bool ask(
    struct kc_rate *rate, const struct sockaddr *address, uint64_t now_ms, uint64_t units)
{
    if (rate->rate == 0)
        return true;
    pthread_mutex_lock(&rate->lock);
    struct bucket *bucket = find(rate, address, now_ms ? now_ms : 1);
    bool has = bucket->units >= TOKEN;
    if (has)
        bucket->units -= units;
    pthread_mutex_unlock(&rate->lock);
    return has;
}

bool kc_rate_take(struct kc_rate *rate, const struct sockaddr *address, uint64_t now_ms)
{
    return ask(rate, address, now_ms, TOKEN);
}

bool kc_rate_has(struct kc_rate *rate, const struct sockaddr *address, uint64_t now_ms)
{
    return ask(rate, address, now_ms, 0);
}
