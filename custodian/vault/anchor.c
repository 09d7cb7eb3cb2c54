/* SPDX-License-Identifier: Apache-2.0 */
/* The anchor: when the head is written into the root, and doing it. */
#include "custodian/vault/core.h"
#include "custodian/vault/root.h"

#include <string.h>

#define GATHER_MS 200 /* for which a change waits for others before it is anchored */
#define RETRY_MS 2000 /* after the root did not take it */

static uint64_t now_ms(const struct kc_vault *vault)
{
    return vault->outside->milliseconds(vault->outside->context);
}

/* --- credit --- */

static uint64_t price_ms(const struct kc_vault *vault)
{
    return (uint64_t)vault->config->freshness.interval_s * 1000;
}

static uint64_t credit_max_ms(const struct kc_vault *vault)
{
    uint64_t burst = vault->config->freshness.burst;
    return price_ms(vault) * (burst > 0 ? burst : 1);
}

/* The vault's lock is held. */
static void earn(struct kc_vault *vault)
{
    struct kc_ledger *ledger = &vault->ledger;
    uint64_t now = now_ms(vault), most = credit_max_ms(vault);
    uint64_t earned = now > ledger->credited_at_ms ? now - ledger->credited_at_ms : 0;
    ledger->credit_ms = earned < most - ledger->credit_ms ? ledger->credit_ms + earned : most;
    ledger->credited_at_ms = now;
}

/* When the next write can be paid. The lock is held. */
static uint64_t affordable_at(struct kc_vault *vault)
{
    const struct kc_ledger *ledger = &vault->ledger;
    earn(vault);
    uint64_t price = price_ms(vault);
    return ledger->credited_at_ms + (price > ledger->credit_ms ? price - ledger->credit_ms : 0);
}

void kc_ledger_plan(struct kc_vault *vault)
{
    struct kc_ledger *ledger = &vault->ledger;
    pthread_mutex_lock(&vault->lock);
    if (!ledger->is_dirty)
        ledger->anchor_at_ms = now_ms(vault) + GATHER_MS;
    ledger->is_dirty = ledger->detects;
    pthread_mutex_unlock(&vault->lock);
}

bool kc_ledger_is_due(struct kc_vault *vault)
{
    struct kc_ledger *ledger = &vault->ledger;
    pthread_mutex_lock(&vault->lock);
    uint64_t now = now_ms(vault);
    bool is_open = kc_ledger_is_open(vault); /* an opening anchors by itself */
    bool is_waited_for = ledger->anchoring.first != NULL;
    bool due = is_open && ledger->is_dirty && affordable_at(vault) <= now &&
               (is_waited_for || ledger->anchor_at_ms <= now);
    if (due)
        ledger->credit_ms -= price_ms(vault);
    pthread_mutex_unlock(&vault->lock);
    return due;
}

uint64_t kc_ledger_deadline(struct kc_vault *vault)
{
    struct kc_ledger *ledger = &vault->ledger;
    uint64_t deadline = UINT64_MAX;
    pthread_mutex_lock(&vault->lock);
    if (ledger->is_dirty && ledger->turn == KC_TURN_FREE && kc_ledger_is_open(vault)) {
        uint64_t affordable = affordable_at(vault);
        deadline = ledger->anchoring.first ? 0 : ledger->anchor_at_ms;
        if (deadline < affordable)
            deadline = affordable;
    }
    pthread_mutex_unlock(&vault->lock);
    return deadline;
}

/* --- writing --- */

static enum kc_error write_anchor(struct kc_vault *vault, const struct kc_anchor *anchor)
{
    uint8_t octets[KC_ROOT_HEAD_SIZE]; /* secret */
    const uint8_t *authorisation = kc_keeper_authorisation(vault->keeper);
    struct kc_vault_root root = kc_keeper_home(vault->keeper);
    kc_anchor_write(anchor, octets);
    enum kc_error error = vault->ledger.has_anchor
                              ? kc_vault_root_head_write(root, authorisation, octets)
                              : kc_vault_root_head_make(root, authorisation, octets);
    kc_wipe(octets, sizeof octets);
    return error;
}

void kc_ledger_note_operator(struct kc_vault *vault, const struct kc_record *record)
{
    struct kc_anchor *anchor = vault->ledger.anchor;
    if (record->secret_size == sizeof anchor->operator_pin)
        memcpy(anchor->operator_pin, record->secret, sizeof anchor->operator_pin);
}

/* Before the vault's own secret goes there: with the head that follows, it is the anchor of the
 * store that names the new root. It begins to count its writes. */
enum kc_error kc_ledger_copy_anchor(struct kc_vault *vault, const char *name)
{
    struct kc_anchor copy = *vault->ledger.anchor; /* secret */
    uint8_t octets[KC_ROOT_HEAD_SIZE];             /* secret */
    const uint8_t *authorisation = kc_keeper_authorisation(vault->keeper);
    struct kc_vault_root root;
    copy.writes = 1;
    kc_anchor_write(&copy, octets);
    enum kc_error error = kc_vault_root_find(vault->config, vault->outside, name, &root);
    if (error == KC_OK)
        error = kc_vault_root_head_make(root, authorisation, octets);
    if (error == KC_ERR_EXISTS) /* an earlier try left it */
        error = kc_vault_root_head_write(root, authorisation, octets);
    kc_wipe(&copy, sizeof copy);
    kc_wipe(octets, sizeof octets);
    return error;
}

/* Answers those who waited, or lets them go on: the receipt says how far the anchor is. */
static void finish_waiting(struct kc_vault *vault)
{
    struct kc_ledger *ledger = &vault->ledger;
    pthread_mutex_lock(&vault->lock);
    struct kc_call_list waiting = {ledger->anchoring.first, ledger->anchoring.last};
    ledger->anchoring = (struct kc_call_list){0};
    for (const struct kc_call *call = waiting.first; call; call = call->next)
        ledger->waiting--;
    pthread_mutex_unlock(&vault->lock);
    struct kc_call *call;
    while ((call = kc_call_list_take(&waiting)) != NULL) {
        kc_call_set_number(call, KC_FIELD_ANCHORED, ledger->anchor->number);
        if (call->wish == KC_WISH_COMMIT)
            kc_call_finish(call, call->outcome);
        else
            kc_vault_resume(vault, &(struct kc_call_list){call, call});
    }
}

enum kc_error kc_ledger_anchor(struct kc_vault *vault)
{
    struct kc_ledger *ledger = &vault->ledger;
    enum kc_error error = KC_OK;
    if (ledger->detects) {
        struct kc_anchor next = *ledger->anchor; /* secret */
        next.number = ledger->head.number;
        next.writes++;
        next.failures = 0;
        next.wait_until = 0;
        memcpy(next.digest, ledger->digest, sizeof next.digest);
        error = write_anchor(vault, &next);
        pthread_mutex_lock(&vault->lock);
        if (error == KC_OK) {
            *ledger->anchor = next;
            ledger->has_anchor = true;
            ledger->is_dirty = false;
        } else {
            ledger->anchor_at_ms = now_ms(vault) + RETRY_MS;
        }
        pthread_mutex_unlock(&vault->lock);
        kc_wipe(&next, sizeof next);
    }
    finish_waiting(vault);
    return error;
}

void kc_ledger_expire(struct kc_vault *vault)
{
    if (!kc_ledger_take_turn(vault, KC_TURN_FREE))
        return; /* whoever has it looks when he is done */
    if (kc_ledger_is_due(vault))
        kc_ledger_anchor(vault); /* if it fails, it is tried again */
    kc_ledger_give_turn(vault);
}

void kc_ledger_stop(struct kc_vault *vault)
{
    if (!kc_ledger_take_turn(vault, KC_TURN_FREE))
        return;
    if (vault->ledger.is_dirty && kc_ledger_knows_head(vault))
        kc_ledger_anchor(vault); /* the next start finds the head that was made from it */
    kc_ledger_give_turn(vault);
}
