/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/crowd.h"

#include "custodian/front/rate.h"

#include <pthread.h>
#include <stdlib.h>

struct kc_crowd {
    pthread_mutex_t lock;
    uint32_t places, of_each;
    uint64_t prefixes[]; /* by place; 0: nobody has it */
};

enum kc_error kc_crowd_new(uint32_t places, uint32_t of_each, struct kc_crowd **made)
{
    struct kc_crowd *crowd = calloc(1, sizeof *crowd + places * sizeof crowd->prefixes[0]);
    if (!crowd)
        return KC_ERR_NO_MEMORY;
    pthread_mutex_init(&crowd->lock, NULL);
    crowd->places = places;
    crowd->of_each = of_each;
    *made = crowd;
    return KC_OK;
}

void kc_crowd_free(struct kc_crowd *crowd)
{
    if (!crowd)
        return;
    pthread_mutex_destroy(&crowd->lock);
    free(crowd);
}

bool kc_crowd_admits(struct kc_crowd *crowd, const struct sockaddr *address)
{
    uint64_t prefix = kc_address_prefix(address);
    uint32_t count = 0;
    pthread_mutex_lock(&crowd->lock);
    for (uint32_t i = 0; i < crowd->places; i++)
        count += crowd->prefixes[i] == prefix;
    pthread_mutex_unlock(&crowd->lock);
    return count < crowd->of_each;
}

static void set(struct kc_crowd *crowd, size_t place, uint64_t prefix)
{
    if (place >= crowd->places)
        return;
    pthread_mutex_lock(&crowd->lock);
    crowd->prefixes[place] = prefix;
    pthread_mutex_unlock(&crowd->lock);
}

void kc_crowd_enter(struct kc_crowd *crowd, size_t place, const struct sockaddr *address)
{
    set(crowd, place, kc_address_prefix(address));
}

void kc_crowd_leave(struct kc_crowd *crowd, size_t place)
{
    set(crowd, place, 0);
}
