/* SPDX-License-Identifier: Apache-2.0 */
/* What the operator does with the store: a new generation of the wrapping key, going on with a store
 * that was rolled back, and a backup. */
#include "custodian/vault/access.h"
#include "custodian/vault/core.h"
#include "custodian/vault/fetch.h"
#include "custodian/vault/find.h"
#include "custodian/vault/operations.h"
#include "custodian/vault/pin.h"
#include "custodian/vault/root.h"

#include <stdio.h>
#include <string.h>

#define MOVED_MAX 4 /* records of one commit: any of them fit a message */

/* --- a new generation --- */

/* The older of two, and the newer; of one it is both. */
static uint32_t oldest_of(const struct kc_anchor *anchor)
{
    uint32_t first = anchor->generations[0].number, second = anchor->generations[1].number;
    return first == 0 || (second != 0 && second < first) ? second : first;
}

static bool is_moving(const struct kc_anchor *anchor)
{
    return anchor->generations[0].number != 0 && anchor->generations[1].number != 0;
}

static enum kc_error find_generation(
    struct kc_call *call, uint32_t number, struct kc_record **record)
{
    const char *id = kc_call_print(call, "generation-%u", (unsigned)number);
    return kc_call_record(
        call, KC_KIND_GENERATION, (struct kc_span){(const uint8_t *)id, strlen(id)}, record);
}

/* The record of the next generation; one that an interrupted beginning left is made anew. */
static enum kc_error stage_next(struct kc_call *call, uint32_t number)
{
    struct kc_record *former = NULL, *staged, none = {.kind = KC_KIND_GENERATION};
    snprintf(none.id, sizeof none.id, "generation-%u", (unsigned)number);
    enum kc_error error = find_generation(call, number, &former);
    if (error != KC_OK && error != KC_ERR_REFUSED)
        return error;
    error = kc_call_stage(call, error == KC_OK ? former : &none, &staged);
    return error == KC_OK ? kc_keeper_make_generation(call->vault->keeper, staged) : error;
}

/* The root has its part of the next one before anything is put under it. */
static enum kc_error begin(struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    struct kc_anchor *anchor = vault->ledger.anchor;
    struct kc_generation *place = &anchor->generations[anchor->generations[0].number != 0];
    uint32_t number = oldest_of(anchor) + 1;
    enum kc_error error = stage_next(call, number);
    if (error == KC_OK && vault->ledger.detects)
        error = kc_entropy_fill(vault->entropy, place->secret, sizeof place->secret);
    if (error != KC_OK)
        return error;
    place->number = number;
    pthread_mutex_lock(&vault->lock);
    memset(vault->ledger.moved_until, 0, sizeof vault->ledger.moved_until);
    pthread_mutex_unlock(&vault->lock);
    kc_ledger_note_moving(vault, true);
    call->generation = number;
    call->anchors = true;
    call->wish = KC_WISH_COMMIT_AGAIN;
    return KC_OK;
}

/* The one whose record this call has just stored. */
static enum kc_error load_begun(struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    const struct kc_anchor *anchor = vault->ledger.anchor;
    const struct kc_record *begun = &call->changes[0];
    enum kc_error error = KC_ERR_INTERNAL;
    for (size_t i = 0; i < KC_GENERATIONS; i++)
        if (anchor->generations[i].number == call->generation)
            error = kc_keeper_load_generation(
                vault->keeper, call->generation, begun, anchor->generations[i].secret);
    if (error == KC_OK)
        kc_ledger_keep_generation(vault, begun);
    return error;
}

static enum kc_error load_newest(struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    const struct kc_anchor *anchor = vault->ledger.anchor;
    for (size_t i = 0; i < KC_GENERATIONS; i++) {
        const struct kc_generation *generation = &anchor->generations[i];
        struct kc_record *record;
        if (generation->number <= kc_keeper_generation(vault->keeper))
            continue;
        enum kc_error error = find_generation(call, generation->number, &record);
        return error == KC_OK ? kc_keeper_load_generation(
                                    vault->keeper, generation->number, record, generation->secret)
                              : error;
    }
    return KC_OK;
}

/* One record under the newest generation; what is damaged stays so. */
static enum kc_error move_one(struct kc_call *call, const struct kc_record *record)
{
    struct kc_keeper *keeper = call->vault->keeper;
    KC_AUTO_SECRET secret = {0};
    struct kc_record *staged;
    enum kc_error error = kc_keeper_open(keeper, record, &secret);
    if (error == KC_ERR_RECORD_DAMAGED)
        return KC_OK;
    if (error == KC_OK)
        error = kc_call_stage(call, record, &staged);
    return error == KC_OK ? kc_keeper_protect(keeper, staged, &secret) : error;
}

/* KC_ERR_CONFLICT: others change it, or have: what they made is to be looked at. */
static enum kc_error look_at(struct kc_call *call, size_t place)
{
    const struct kc_record *record = &call->page->records[place];
    uint32_t generation = kc_keeper_generation_of(record);
    if (generation == 0 || generation == kc_keeper_generation(call->vault->keeper))
        return KC_OK;
    enum kc_error error = kc_call_believe(call, record);
    if (error == KC_OK && place >= call->page_looked) {
        call->page_looked = place + 1;
        call->fetches = 0; /* each record may need as many fetches as a call of its own */
    }
    if (error == KC_OK)
        error = move_one(call, record);
    return error == KC_ERR_RECORD_DAMAGED ? KC_OK : error;
}

/* Stages as many as a commit takes. A record that is passed over now would be lost in the end. */
static enum kc_error move_some(struct kc_call *call)
{
    size_t count = call->page ? call->page->record_count : 0;
    for (size_t i = 0; i < count && call->change_count < MOVED_MAX; i++) {
        enum kc_error error = look_at(call, i);
        if (call->wish != KC_WISH_ANSWER)
            return KC_OK; /* nodes first, or others' changes */
        if (error == KC_ERR_CONFLICT && call->change_count == 0)
            return kc_call_want_page_again(call);
        if (error == KC_ERR_CONFLICT)
            break; /* what is staged first */
        if (error != KC_OK)
            return error;
    }
    call->moved += call->change_count;
    if (call->change_count > 0)
        call->wish = KC_WISH_COMMIT_AGAIN;
    return KC_OK;
}

/* All secrets are under the newest one: the root's part of the former goes, and nothing that was under
 * it opens any more. */
static enum kc_error end(struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    struct kc_anchor *anchor = vault->ledger.anchor;
    uint32_t number = oldest_of(anchor);
    struct kc_record *former, *staged;
    enum kc_error error = find_generation(call, number, &former);
    if (error == KC_OK)
        error = kc_call_stage(call, former, &staged);
    if (error != KC_OK)
        return error;
    staged->state = KC_STATE_DESTROYED;
    staged->seal_size = 0;
    memset(staged->seal, 0, sizeof staged->seal);
    error = kc_keeper_protect(vault->keeper, staged, NULL);
    if (error != KC_OK)
        return error;
    for (size_t i = 0; i < KC_GENERATIONS; i++)
        if (anchor->generations[i].number == number)
            kc_wipe(&anchor->generations[i], sizeof anchor->generations[i]);
    kc_keeper_forget_generation(vault->keeper, number);
    kc_ledger_note_moving(vault, false);
    call->anchors = true;
    call->has_ended = true;
    call->wish = KC_WISH_COMMIT_AGAIN;
    return KC_OK;
}

static void tell(struct kc_call *call)
{
    const struct kc_ledger *ledger = &call->vault->ledger;
    kc_call_set_number(call, KC_FIELD_MORE, !call->has_ended);
    kc_call_set_number(call, KC_FIELD_RECORDS, call->moved);
    kc_call_set_number(call, KC_FIELD_GENERATION, kc_keeper_generation(call->vault->keeper));
    kc_call_set_number(call, KC_FIELD_EFFECTIVE, ledger->head.number);
    kc_call_set_number(call, KC_FIELD_ANCHORED, ledger->anchor->number);
    if (call->has_ended)
        kc_call_set_number(call, KC_FIELD_ERASED, kc_call_now(call));
}

/* From here on the records of this page are not looked at again. */
static void note_page(struct kc_call *call)
{
    struct kc_ledger *ledger = &call->vault->ledger;
    const char *last = call->page->records[call->page->record_count - 1].id;
    pthread_mutex_lock(&call->vault->lock);
    memset(ledger->moved_until, 0, sizeof ledger->moved_until);
    memcpy(ledger->moved_until, last, strlen(last));
    pthread_mutex_unlock(&call->vault->lock);
}

static void want_page(struct kc_call *call)
{
    char until[KC_RECORD_ID_SIZE];
    pthread_mutex_lock(&call->vault->lock);
    memcpy(until, call->vault->ledger.moved_until, sizeof until);
    pthread_mutex_unlock(&call->vault->lock);
    kc_call_want_next_page(call, until);
}

/* Page after page; a page that came empty was the last. */
enum kc_error kc_vault_store_rotate(struct kc_call *call)
{
    const struct kc_anchor *anchor = call->vault->ledger.anchor;
    enum kc_error error = call->is_own ? KC_OK : kc_call_allowed(call);
    if (error == KC_OK && call->is_own && atomic_load(&call->vault->stopping))
        error = KC_ERR_STOPPING; /* it goes on with the next start */
    if (error == KC_OK && kc_ledger_replacement(call->vault).from[0] != 0)
        error = KC_ERR_CONFLICT; /* a root is being replaced: one after the other */
    if (error == KC_OK && call->anchors)
        error = call->anchor_error; /* what the root did not take is not begun, or not erased */
    if (error != KC_OK && call->anchors && call->generation != 0)
        kc_ledger_not_begun(call->vault, call->generation);
    if (call->began_ms == 0)
        call->began_ms = kc_call_now_ms(call);
    if (error == KC_OK && call->generation != 0)
        error = load_begun(call);
    call->anchors = false;
    call->generation = 0;
    if (error != KC_OK)
        return error;
    if (call->has_ended) {
        tell(call);
        return KC_OK;
    }
    if (!is_moving(anchor))
        return begin(call);
    struct kc_record *former;
    if ((error = load_newest(call)) != KC_OK ||
        (error = find_generation(call, oldest_of(anchor), &former)) != KC_OK ||
        (error = move_some(call)) != KC_OK || call->wish != KC_WISH_ANSWER)
        return error;
    if (call->page && call->page->record_count == 0)
        return end(call);
    if (call->page)
        note_page(call);
    if (call->page && kc_call_has_had_its_time(call))
        tell(call);
    else
        want_page(call);
    return KC_OK;
}

/* --- a store that was rolled back --- */

#define FREE_TRIES 3
#define WAIT_MAX 3600
#define WAIT_DOUBLINGS 12

/* Tries are counted in the root, before they are compared: the store's own count went back with it. */
static enum kc_error count_try(struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    struct kc_ledger *ledger = &vault->ledger;
    struct kc_anchor next = *ledger->anchor; /* secret */
    uint8_t octets[KC_ROOT_HEAD_SIZE];       /* secret */
    uint64_t now = kc_call_now(call);
    if (now < next.wait_until) {
        kc_call_set_text(call, KC_FIELD_DETAIL,
            kc_call_print(call, "wait %llu seconds", (unsigned long long)(next.wait_until - now)));
        kc_wipe(&next, sizeof next);
        return KC_ERR_OPERATOR_WAIT;
    }
    if (next.failures < UINT8_MAX)
        next.failures++;
    unsigned doublings = next.failures > FREE_TRIES ? next.failures - FREE_TRIES : 0;
    uint64_t wait = UINT64_C(1) << (doublings < WAIT_DOUBLINGS ? doublings : WAIT_DOUBLINGS);
    next.wait_until = next.failures < FREE_TRIES ? 0 : now + (wait < WAIT_MAX ? wait : WAIT_MAX);
    next.writes++;
    kc_anchor_write(&next, octets);
    enum kc_error error = kc_vault_root_head_write(
        kc_keeper_home(vault->keeper), kc_keeper_authorisation(vault->keeper), octets);
    if (error == KC_OK)
        *ledger->anchor = next;
    kc_wipe(octets, sizeof octets);
    kc_wipe(&next, sizeof next);
    return error;
}

/* With the PIN that the root knows: the store's own may be an older one too. */
static enum kc_error compare_pin(struct kc_call *call)
{
    KC_AUTO_SECRET pin = {0};
    const struct kc_anchor *anchor = call->vault->ledger.anchor;
    enum kc_error error = kc_call_has(call, KC_FIELD_PIN)
                              ? kc_call_secret(call, KC_FIELD_PIN, 8, 64, &pin)
                              : KC_ERR_OPERATOR_PROOF;
    if (error == KC_OK)
        error = count_try(call);
    if (error != KC_OK)
        return error;
    return kc_call_is_pin(call, anchor->operator_pin, &pin) ? KC_OK : KC_ERR_OPERATOR_PROOF;
}

/*
 * The next opening takes the store as it is, if it still is the one that was found, and gives it a
 * head beyond all that the root has seen.
 * Secrets under a generation that the root does not have any more stay lost.
 */
enum kc_error kc_vault_store_accept(struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    struct kc_ledger *ledger = &vault->ledger;
    enum kc_error error = kc_call_allowed(call);
    if (error != KC_OK)
        return error;
    if (atomic_load(&ledger->state) != KC_LEDGER_ROLLED_BACK) {
        kc_call_set_text(call, KC_FIELD_DETAIL,
            "there is nothing to accept: the store is no older than the hardware root says");
        return KC_ERR_REFUSED;
    }
    if (call->in.message.values.value[KC_FIELD_HEAD].number != ledger->found) {
        kc_call_set_text(call, KC_FIELD_DETAIL,
            kc_call_print(call, "confirm the head of the store, %llu; the hardware root is at %llu",
                (unsigned long long)ledger->found, (unsigned long long)ledger->anchor->number));
        return KC_ERR_BAD_ARGUMENT;
    }
    if ((error = compare_pin(call)) != KC_OK)
        return error;
    kc_call_set_number(call, KC_FIELD_HEAD, ledger->found);
    kc_call_set_number(call, KC_FIELD_ANCHORED, ledger->anchor->number);
    ledger->accepts = true;
    atomic_store(&ledger->state, KC_LEDGER_CLOSED);
    call->changed = true; /* it is told to the log */
    return KC_OK;
}

/* --- a backup --- */

/* The desk holds the store's file then, and releases it; what is in it needs no secret of ours. */
enum kc_error kc_vault_store_backup(struct kc_call *call)
{
    enum kc_error error = kc_call_allowed(call);
    call->changed = error == KC_OK; /* it is told to the log */
    return error;
}
