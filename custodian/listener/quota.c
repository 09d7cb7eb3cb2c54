/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/listener/quota.h"

#define MINUTE_MS 60000

void kc_quotas_init(struct kc_quotas *quotas, const struct kc_config_listen *listen)
{
    *quotas = (struct kc_quotas){.listen = listen};
    pthread_mutex_init(&quotas->lock, NULL);
}

/* Where it is not given: all for an only remote, else half, rounded up. */
static uint32_t connections_of(const struct kc_config_listen *listen, size_t remote)
{
    if (listen->remotes[remote].connections > 0)
        return listen->remotes[remote].connections;
    return listen->remote_count == 1 ? listen->connections
                                     : listen->connections - listen->connections / 2;
}

bool kc_quotas_enter(struct kc_quotas *quotas, size_t remote)
{
    struct kc_remote_use *use = &quotas->uses[remote];
    pthread_mutex_lock(&quotas->lock);
    bool has_room = use->connections < connections_of(quotas->listen, remote);
    use->connections += has_room;
    pthread_mutex_unlock(&quotas->lock);
    return has_room;
}

void kc_quotas_leave(struct kc_quotas *quotas, size_t remote)
{
    pthread_mutex_lock(&quotas->lock);
    quotas->uses[remote].connections--;
    pthread_mutex_unlock(&quotas->lock);
}

bool kc_quotas_take(struct kc_quotas *quotas, size_t remote, int64_t now_ms)
{
    uint32_t rate = quotas->listen->remotes[remote].rate;
    uint64_t minute = (uint64_t)now_ms / MINUTE_MS;
    struct kc_remote_use *use = &quotas->uses[remote];
    pthread_mutex_lock(&quotas->lock);
    if (use->minute != minute)
        use->requests = 0;
    use->minute = minute;
    bool may = rate == 0 || use->requests < rate;
    use->requests += rate > 0 && may;
    pthread_mutex_unlock(&quotas->lock);
    return may;
}

bool kc_quotas_tell(struct kc_quotas *quotas, int64_t now_ms, uint64_t *unsaid)
{
    uint64_t minute = (uint64_t)now_ms / MINUTE_MS;
    pthread_mutex_lock(&quotas->lock);
    if (quotas->minute != minute)
        quotas->told = 0;
    quotas->minute = minute;
    bool tells = quotas->told < KC_REFUSALS_A_MINUTE;
    if (tells) {
        quotas->told++;
        *unsaid = quotas->unsaid;
        quotas->unsaid = 0;
    } else {
        quotas->unsaid++;
    }
    pthread_mutex_unlock(&quotas->lock);
    return tells;
}
