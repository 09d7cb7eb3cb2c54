/* SPDX-License-Identifier: Apache-2.0 */
/* Erasing by its date: the vault asks itself for what store-rotate does, when something that was
 * destroyed is to be erased, or when a rotation was interrupted. Whether it is, the store says: so if
 * nobody opens the ledger, the vault does. */
#include "custodian/vault/core.h"

#include <string.h>

#define LOOK_MS ((uint64_t)3600 * 1000) /* at most between two looks: clocks are set */
#define AGAIN_MS ((uint64_t)600 * 1000) /* after a rotation began, before another is tried */
#define OPEN_MS ((uint64_t)60 * 1000)   /* after the start, if nobody uses the store by then */

void kc_ledger_keep_generation(struct kc_vault *vault, const struct kc_record *record)
{
    struct kc_ledger *ledger = &vault->ledger;
    pthread_mutex_lock(&vault->lock);
    struct kc_record *place = &ledger->generations[0];
    if (place->id[0] != 0 && strcmp(place->id, record->id) != 0)
        place = &ledger->generations[1];
    if (place->id[0] != 0 && strcmp(place->id, record->id) != 0) /* the older one has ended */
        ledger->generations[0] = ledger->generations[1];
    *place = *record;
    place->body = (struct kc_span){0};
    pthread_mutex_unlock(&vault->lock);
}

void kc_ledger_note_moving(struct kc_vault *vault, bool is_moving)
{
    struct kc_ledger *ledger = &vault->ledger;
    pthread_mutex_lock(&vault->lock);
    if (is_moving && !ledger->is_moving && kc_ledger_is_open(vault)) /* by who has just begun */
        ledger->erase_at_ms = vault->outside->milliseconds(vault->outside->context) + AGAIN_MS;
    ledger->is_moving = is_moving;
    pthread_mutex_unlock(&vault->lock);
}

void kc_ledger_not_begun(struct kc_vault *vault, uint32_t number)
{
    struct kc_anchor *anchor = vault->ledger.anchor;
    for (size_t i = 0; i < KC_GENERATIONS; i++)
        if (anchor->generations[i].number == number)
            kc_wipe(&anchor->generations[i], sizeof anchor->generations[i]);
    kc_ledger_note_moving(vault, false);
}

/* When the ledger opens for it, if nobody has opened it by then: what is due is written in the store.
 * UINT64_MAX: never. */
static uint64_t open_at(const struct kc_vault *vault)
{
    bool is_refused = atomic_load(&vault->ledger.state) == KC_LEDGER_ROLLED_BACK;
    return is_refused ? UINT64_MAX : vault->ledger.open_at_ms;
}

/* UINT64_MAX: nothing is to be erased. */
static uint64_t rotate_at(const struct kc_vault *vault)
{
    const struct kc_ledger *ledger = &vault->ledger;
    uint64_t now_ms = vault->outside->milliseconds(vault->outside->context);
    uint64_t now = vault->outside->seconds(vault->outside->context);
    uint64_t due = ledger->head.due, wait = 0;
    if (ledger->replacement.from[0] != 0 || (due == 0 && !ledger->is_moving))
        return UINT64_MAX;
    if (!ledger->is_moving && due > now)
        wait = due - now < LOOK_MS / 1000 ? (due - now) * 1000 : LOOK_MS;
    return now_ms + wait > ledger->erase_at_ms ? now_ms + wait : ledger->erase_at_ms;
}

/* The lock is held. */
static uint64_t erase_at(const struct kc_vault *vault)
{
    if (vault->ledger.is_erasing || atomic_load(&vault->stopping) ||
        vault->config->freshness.rotate_after_h == 0)
        return UINT64_MAX;
    return kc_ledger_is_open(vault) ? rotate_at(vault) : open_at(vault);
}

void kc_ledger_open_later(struct kc_vault *vault)
{
    vault->ledger.open_at_ms = vault->outside->milliseconds(vault->outside->context) + OPEN_MS;
}

uint64_t kc_ledger_erase_deadline(struct kc_vault *vault)
{
    pthread_mutex_lock(&vault->lock);
    uint64_t deadline = erase_at(vault);
    pthread_mutex_unlock(&vault->lock);
    return deadline;
}

/* Takes the time for it. */
static bool is_due(struct kc_vault *vault, bool *opens)
{
    struct kc_ledger *ledger = &vault->ledger;
    pthread_mutex_lock(&vault->lock);
    uint64_t now = vault->outside->milliseconds(vault->outside->context);
    bool due = erase_at(vault) <= now;
    *opens = !kc_ledger_is_open(vault);
    if (due && *opens)
        ledger->open_at_ms = now + LOOK_MS;
    else if (due)
        ledger->erase_at_ms = now + AGAIN_MS;
    ledger->is_erasing = ledger->is_erasing || due;
    pthread_mutex_unlock(&vault->lock);
    return due;
}

struct kc_call *kc_ledger_begin_erasing(struct kc_vault *vault)
{
    struct kc_call *call;
    bool opens;
    if (!is_due(vault, &opens))
        return NULL;
    if (kc_call_new_own(vault, KC_OPERATION_STORE_ROTATE, &call) != KC_OK) {
        kc_ledger_erasing_ended(vault);
        return NULL;
    }
    call->opens = opens;
    return call;
}

void kc_ledger_erasing_ended(struct kc_vault *vault)
{
    pthread_mutex_lock(&vault->lock);
    vault->ledger.is_erasing = false;
    pthread_mutex_unlock(&vault->lock);
}
