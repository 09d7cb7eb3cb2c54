/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each remote may have at once and in a minute, so that none takes what is the others', and how
 * often refusals are told, so that none fills the log. Thread-safe; times are milliseconds of a clock
 * that only goes forward.
 */
#ifndef KC_CUSTODIAN_LISTENER_QUOTA_H
#define KC_CUSTODIAN_LISTENER_QUOTA_H

#include "custodian/config.h"

#include <pthread.h>

#define KC_REFUSALS_A_MINUTE 10 /* lines; of more just the number is told */

struct kc_remote_use {
    uint32_t connections;
    uint64_t minute;   /* number of the minute that is counted */
    uint32_t requests; /* in it */
};

struct kc_quotas {
    const struct kc_config_listen *listen; /* borrowed */
    pthread_mutex_t lock;
    struct kc_remote_use uses[KC_CONFIG_REMOTES_MAX];
    uint64_t minute; /* of refusals */
    uint32_t told;
    uint64_t unsaid; /* since the last line */
};

void kc_quotas_init(struct kc_quotas *quotas, const struct kc_config_listen *listen);

/* A connection of a remote, by its place in the configuration: false, it has as many as it may. Each
 * that entered leaves. */
bool kc_quotas_enter(struct kc_quotas *quotas, size_t remote);
void kc_quotas_leave(struct kc_quotas *quotas, size_t remote);

/* A request of a remote: false, it has made as many in this minute as it may. */
bool kc_quotas_take(struct kc_quotas *quotas, size_t remote, int64_t now_ms);

/* Whether a refusal is told, and, if it is, how many before it were not. */
bool kc_quotas_tell(struct kc_quotas *quotas, int64_t now_ms, uint64_t *unsaid);

#endif
