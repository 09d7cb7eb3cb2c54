/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/desk/desk.h"
#include "custodian/log.h"
#include "custodian/process.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum kc_error kc_desk_new(const struct kc_config *config, int listen, int vault, int courier,
    struct kc_store *store, enum kc_error store_error, struct kc_desk **desk)
{
    struct kc_desk *made = calloc(1, sizeof *made);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

    if (!made)
        return KC_ERR_NO_MEMORY;
    made->config = config;
    made->listen = listen;
    made->vault = vault;
    kc_desk_watch_init(made);
    made->courier = courier;
    /* each client may have a watch that waits */
    made->call_limit = (size_t)config->limits.in_flight + KC_BATCH_MAX + 1 + config->limits.clients;
    made->calls = calloc(made->call_limit, sizeof(struct kc_call *));
    made->clients = epoll_create1(EPOLL_CLOEXEC);
    if (!made->calls || made->clients < 0 ||
        epoll_ctl(made->clients, EPOLL_CTL_ADD, listen, &event) < 0 ||
        kc_desk_cache_new(config->limits.cache, &made->cache) != KC_OK ||
        kc_desk_store_new(store, store_error, &made->store) != KC_OK) {
        kc_desk_free(made);
        return KC_ERR_NO_MEMORY;
    }
    *desk = made;
    return KC_OK;
}

void kc_desk_free(struct kc_desk *desk)
{
    if (!desk)
        return;
    kc_desk_store_free(desk->store);
    kc_desk_cache_free(desk->cache);
    if (desk->clients >= 0)
        close(desk->clients);
    free(desk->calls);
    free(desk);
}

static void take_orders(struct kc_desk *desk)
{
    for (;;) {
        struct kc_control order = kc_process_control();
        switch (order.type) {
        case KC_CONTROL_NONE:
            return;
        case KC_CONTROL_EDGE:
            if (order.edge == KC_EDGE_DESK_COURIER)
                kc_desk_courier_replace(desk, order.descriptor);
            else
                kc_desk_vault_replace(desk, order.descriptor);
            break;
        case KC_CONTROL_STOP:
            desk->stopping = true;
            kc_desk_stop_listening(desk);
            kc_desk_end_watches(desk);
            break;
        }
    }
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Clients wait while the vault takes no more, or as much is in flight as may be. */
static void serve(struct kc_desk *desk, int timeout_ms)
{
    bool busy = desk->to_vault.first != NULL;
    struct pollfd waits[] = {
        {.fd = KC_FD_CONTROL, .events = POLLIN},
        {.fd = desk->vault, .events = (short)(POLLIN | (busy ? POLLOUT : 0))},
        {.fd = kc_desk_store_descriptor(desk->store), .events = POLLIN},
        {.fd = busy || !kc_desk_has_room(desk) ? -1 : desk->clients, .events = POLLIN},
        {.fd = desk->courier, .events = POLLIN},
    };

    if (poll(waits, sizeof waits / sizeof *waits, timeout_ms) <= 0)
        return;
    if (waits[0].revents)
        take_orders(desk);
    if (waits[2].revents)
        kc_desk_jobs_done(desk);
    if (waits[1].revents & POLLOUT)
        kc_desk_vault_writable(desk);
    if (waits[1].revents & ~POLLOUT)
        kc_desk_vault_readable(desk);
    if (waits[4].revents)
        kc_desk_courier_readable(desk);
    if (waits[3].revents && !desk->to_vault.first)
        kc_desk_clients_ready(desk);
    kc_desk_vault_flush(desk);
}

static bool in_flight(const struct kc_desk *desk)
{
    return desk->call_count > 0 || kc_desk_has_unsent_answers(desk);
}

void kc_desk_run(struct kc_desk *desk)
{
    while (!desk->stopping)
        serve(desk, -1);
    int64_t deadline = now_ms() + desk->config->limits.stop_deadline_ms;
    while (in_flight(desk) && now_ms() < deadline)
        serve(desk, (int)(deadline - now_ms()));
    kc_log(KC_LOG_INFO, "stopped", kc_log_number("in-flight", desk->call_count));
}
