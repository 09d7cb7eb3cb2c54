/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for keyrings to come or go. They do when a vault starts with another configuration; so a
 * state is a vault, and its number is told to whoever asks.
 */
#include "custodian/desk/desk.h"

#include <time.h>

void kc_desk_watch_init(struct kc_desk *desk)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    /* another desk's numbers are others, so that a client of its does not wait for what has been */
    desk->seen = (uint64_t)now.tv_sec << 20 | (uint64_t)now.tv_nsec >> 10;
}

static void answer(struct kc_desk *desk, struct kc_call *call)
{
    struct kc_message message;
    kc_message_init(&message, call->request.operation);
    kc_values_set_number(&message.values, KC_FIELD_SEEN, desk->seen);
    kc_desk_finish(desk, call, &message, NULL);
}

static bool is_watched(const struct kc_desk *desk, const struct kc_connection *connection)
{
    for (size_t i = 0; i < desk->call_limit; i++)
        if (desk->calls[i] && desk->calls[i]->watching && desk->calls[i]->connection == connection)
            return true;
    return false;
}

void kc_desk_watch(struct kc_desk *desk, struct kc_call *call)
{
    const struct kc_values *values = &call->request.values;
    if (!kc_values_has(values, KC_FIELD_SEEN) ||
        values->value[KC_FIELD_SEEN].number != desk->seen) {
        answer(desk, call);
    } else if (is_watched(desk, call->connection)) {
        kc_desk_fail(desk, call, KC_ERR_LIMIT, NULL);
    } else {
        call->watching = true;
        desk->idle_count++;
    }
}

static void end_watch(struct kc_desk *desk, struct kc_call *call, enum kc_error error)
{
    call->watching = false;
    desk->idle_count--;
    if (error == KC_OK)
        answer(desk, call);
    else
        kc_desk_fail(desk, call, error, NULL);
}

void kc_desk_tell_watchers(struct kc_desk *desk)
{
    desk->seen++;
    for (size_t i = 0; i < desk->call_limit; i++)
        if (desk->calls[i] && desk->calls[i]->watching)
            end_watch(desk, desk->calls[i], KC_OK);
}

void kc_desk_forget_watches(struct kc_desk *desk)
{
    for (size_t i = 0; i < desk->call_limit; i++)
        if (desk->calls[i] && desk->calls[i]->watching && !desk->calls[i]->connection)
            end_watch(desk, desk->calls[i], KC_ERR_CONNECTION_LOST);
}

void kc_desk_end_watches(struct kc_desk *desk)
{
    for (size_t i = 0; i < desk->call_limit; i++)
        if (desk->calls[i] && desk->calls[i]->watching)
            end_watch(desk, desk->calls[i], KC_ERR_STOPPING);
}
