/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packed records that were read from the store lately, so that most requests need not wait for its
 * thread. Bounded: each id has one place, which it shares with others. Private to the desk.
 */
#ifndef KC_CUSTODIAN_DESK_CACHE_H
#define KC_CUSTODIAN_DESK_CACHE_H

#include "custodian/desk/store.h"

struct kc_desk_cache;

/* places  rounded up to a power of two. KC_ERR_NO_MEMORY. */
KC_CHECKED enum kc_error kc_desk_cache_new(size_t places, struct kc_desk_cache **cache);
void kc_desk_cache_free(struct kc_desk_cache *cache);

/* Keeps the records of an id; none are not kept. Without memory it keeps nothing. */
void kc_desk_cache_put(
    struct kc_desk_cache *cache, const char *id, const struct kc_job_records *records);

/* Adds the records of an id; false if they are not there, or cannot be added. */
bool kc_desk_cache_add_to(
    const struct kc_desk_cache *cache, const char *id, struct kc_job_records *records);

/* The records of this id are no longer what the store has. */
void kc_desk_cache_forget(struct kc_desk_cache *cache, const char *id);

#endif
