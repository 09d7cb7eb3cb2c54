/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replacing a root by another: what the one has sealed, the other seals anew, while both are there
 * (docs/roots.md). A ceremony that the operator begins, with his PIN; how far it is, is in the store,
 * so that it goes on after whatever happened. Each record names one root at any time.
 *
 *   begin    the record of the replacement; from here on nothing new goes under the former root
 *   keys     each sealed key under the new root, a few with a commit
 *   own      in one commit: the vault's own secret, the wrapping keys. The turn holder has put a copy
 *            of the anchor into the new root just before: whichever of both the next start finds in
 *            the store's record, the root that it names has the anchor of that store
 *   head     the former root's anchor is removed, if it is not yet: from here on an older store, which
 *            names the former root, is refused by it
 *   retire   the token's wrapping key is destroyed, unless keys stay that are resident in it
 *
 * One request does so much in about half a second, and says whether there is more.
 */
#include "base/text.h"
#include "custodian/vault/access.h"
#include "custodian/vault/core.h"
#include "custodian/vault/fetch.h"
#include "custodian/vault/find.h"
#include "custodian/vault/operations.h"
#include "custodian/vault/pin.h"
#include "custodian/vault/root.h"

#include <string.h>

#define PER_COMMIT 4 /* keys: a slow TPM takes a second for them */

/* --- what is under way --- */

struct kc_replacement kc_ledger_replacement(struct kc_vault *vault)
{
    pthread_mutex_lock(&vault->lock);
    struct kc_replacement replacement = vault->ledger.replacement;
    pthread_mutex_unlock(&vault->lock);
    return replacement;
}

static struct kc_replacement read_record(const struct kc_record *record)
{
    struct kc_replacement read = {.step = record->index, .leaves = record->threshold != 0};
    memcpy(read.from, record->label, sizeof read.from - 1);
    memcpy(read.to, record->account, sizeof read.to - 1);
    return read;
}

static const char *root_name_of(const struct kc_record *record)
{
    return record->root[0] ? record->root : KC_CONFIG_ROOT_NAME;
}

bool kc_ledger_is_left_behind(struct kc_vault *vault, const struct kc_record *record)
{
    struct kc_replacement now = kc_ledger_replacement(vault);
    return now.from[0] != 0 && record->version == 1 && record->seal_size > 0 &&
           strcmp(root_name_of(record), now.from) == 0;
}

/* --- the other side --- */

static void remove_anchor(struct kc_vault *vault, const char *name)
{
    struct kc_vault_root root;
    if (strcmp(kc_keeper_home_name(vault->keeper), name) == 0)
        return; /* never the one that is in use */
    enum kc_error error = kc_vault_root_find(vault->config, vault->outside, name, &root);
    if (error == KC_OK)
        error = kc_vault_root_head_remove(root, kc_keeper_authorisation(vault->keeper));
    (void)error; /* of a root that is away: it is tried again with each start */
}

static void drop_other(struct kc_vault *vault, const struct kc_replacement *replacement)
{
    bool was_home = strcmp(kc_keeper_home_name(vault->keeper), replacement->from) == 0;
    bool is_home = strcmp(kc_keeper_home_name(vault->keeper), replacement->to) == 0;
    if (was_home && replacement->step == KC_REPLACEMENT_KEYS)
        remove_anchor(vault, replacement->to);
    else if (is_home)
        remove_anchor(vault, replacement->from);
}

void kc_ledger_drop_other_anchor(struct kc_vault *vault)
{
    struct kc_replacement now = kc_ledger_replacement(vault);
    if (now.from[0] != 0)
        drop_other(vault, &now);
}

void kc_ledger_note_replacement(struct kc_vault *vault, const struct kc_record *record)
{
    struct kc_ledger *ledger = &vault->ledger;
    struct kc_replacement read = read_record(record), next = {.step = 0};
    if (record->state == KC_STATE_ACTIVE)
        next = read;
    else if (read.step != 0)
        drop_other(vault, &read);
    pthread_mutex_lock(&vault->lock);
    if (next.from[0] == 0 || ledger->replacement.from[0] == 0)
        memset(ledger->replaced_until, 0, sizeof ledger->replaced_until);
    ledger->replacement = next;
    pthread_mutex_unlock(&vault->lock);
}

/* --- the record --- */

static enum kc_error find_record(struct kc_call *call, struct kc_record **record)
{
    static const struct kc_span id = {
        (const uint8_t *)KC_RECORD_ID_REPLACEMENT, sizeof KC_RECORD_ID_REPLACEMENT - 1};
    enum kc_error error = kc_call_record(call, KC_KIND_ROOT, id, record);
    if (error == KC_ERR_REFUSED)
        *record = NULL;
    return error == KC_ERR_REFUSED ? KC_OK : error;
}

/* The step after RETIRE is 0: it is over. An ended one keeps the step that it ended at. */
static enum kc_error stage_step(
    struct kc_call *call, const struct kc_replacement *replacement, uint8_t step, bool ends)
{
    struct kc_record none = {.kind = KC_KIND_ROOT, .id = KC_RECORD_ID_REPLACEMENT};
    struct kc_record *former, *staged;
    enum kc_error error = find_record(call, &former);
    if (error == KC_OK)
        error = kc_call_stage(call, former ? former : &none, &staged);
    if (error != KC_OK)
        return error;
    if (!former || former->state != KC_STATE_ACTIVE)
        staged->created = kc_call_now(call);
    memset(staged->label, 0, sizeof staged->label);
    memset(staged->account, 0, sizeof staged->account);
    memcpy(staged->label, replacement->from, sizeof replacement->from);
    memcpy(staged->account, replacement->to, sizeof replacement->to);
    staged->state = ends ? KC_STATE_DESTROYED : KC_STATE_ACTIVE;
    staged->index = step;
    staged->threshold = replacement->leaves;
    return kc_keeper_protect(call->vault->keeper, staged, NULL);
}

static enum kc_error commit_step(
    struct kc_call *call, const struct kc_replacement *replacement, uint8_t step)
{
    enum kc_error error = stage_step(call, replacement, step, false);
    if (error == KC_OK)
        call->wish = KC_WISH_COMMIT_AGAIN;
    return error;
}

static enum kc_error commit_end(
    struct kc_call *call, const struct kc_replacement *replacement, uint8_t step)
{
    enum kc_error error = stage_step(call, replacement, step, true);
    if (error == KC_OK)
        call->wish = KC_WISH_COMMIT_AGAIN;
    call->has_ended = call->anchors = error == KC_OK; /* what is said to be done stays done */
    return error;
}

static void tell(struct kc_call *call, const char *step)
{
    kc_call_set_number(call, KC_FIELD_MORE, !call->has_ended);
    kc_call_set_text(call, KC_FIELD_STEP, step);
    kc_call_set_number(call, KC_FIELD_RECORDS, call->moved);
}

/* --- pages of all keys --- */

/* Whether the root that is being replaced has a part in it. */
static bool is_of_former(const struct kc_record *record, const struct kc_replacement *replacement)
{
    return kc_residence_has_root(record->residence) && record->seal_size > 0 &&
           record->state != KC_STATE_DESTROYED &&
           strcmp(root_name_of(record), replacement->from) == 0;
}

/* What is on a page is believed before it counts; what is damaged stays so. *counts: it is believed
 * and of the former root. */
static enum kc_error look_at(
    struct kc_call *call, size_t place, const struct kc_replacement *replacement, bool *counts)
{
    const struct kc_record *record = &call->page->records[place];
    *counts = false;
    if (!is_of_former(record, replacement))
        return KC_OK;
    enum kc_error error = kc_call_believe(call, record);
    if (error == KC_OK && place >= call->page_looked) {
        call->page_looked = place + 1;
        call->fetches = 0; /* each may need as many fetches as a call of its own */
    }
    *counts = error == KC_OK;
    return error == KC_ERR_RECORD_DAMAGED ? KC_OK : error;
}

/* --- begin --- */

static enum kc_error wrong_field(struct kc_call *call, enum kc_field field)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[field].name);
    return KC_ERR_BAD_ARGUMENT;
}

static enum kc_error find_root(struct kc_call *call, enum kc_field field,
    char name[KC_RECORD_ROOT_SIZE], struct kc_vault_root *root)
{
    kc_call_text(call, field, name, KC_RECORD_ROOT_SIZE);
    bool is_there = name[0] != 0 && kc_vault_root_find(call->vault->config, call->vault->outside,
                                        name, root) == KC_OK;
    return is_there ? KC_OK : wrong_field(call, field);
}

/* Two names of one piece of hardware: its head would be removed while it is in use. */
static enum kc_error check_hardware(struct kc_vault_root from, struct kc_vault_root to)
{
    struct kc_root_status former = {.srk_handle = 0}, next = {.srk_handle = 0};
    enum kc_error error = kc_vault_root_status(from, &former);
    if (error == KC_OK)
        error = kc_vault_root_status(to, &next);
    if (error == KC_OK && memcmp(former.srk_name, next.srk_name, sizeof next.srk_name) == 0)
        error = KC_ERR_BAD_ARGUMENT;
    return error;
}

/* The new root of the vault itself is to hold the head, if the former one does. */
static enum kc_error check_head(
    struct kc_call *call, struct kc_vault_root from, struct kc_vault_root to)
{
    struct kc_vault *vault = call->vault;
    uint8_t octets[KC_ROOT_HEAD_SIZE]; /* secret, if there were any */
    if (from.number != kc_keeper_home(vault->keeper).number)
        return KC_OK;
    enum kc_error error =
        kc_vault_root_head_read(to, kc_keeper_authorisation(vault->keeper), octets);
    kc_wipe(octets, sizeof octets);
    bool is_fit = error == KC_OK || error == KC_ERR_ROOT_HEAD ||
                  (error == KC_ERR_ROOT_UNFIT && !vault->ledger.detects);
    return is_fit ? KC_OK : error;
}

/* Resident keys cannot move: they are told before anything is done. */
static enum kc_error look_for_residents(
    struct kc_call *call, const struct kc_replacement *replacement)
{
    for (size_t i = 0; call->page && i < call->page->record_count; i++) {
        bool counts;
        enum kc_error error = look_at(call, i, replacement, &counts);
        if (error == KC_ERR_CONFLICT)
            return kc_call_want_page_again(call);
        if (error != KC_OK)
            return call->wish != KC_WISH_ANSWER ? KC_OK : error;
        if (counts && call->page->records[i].residence == KC_RESIDENCE_RESIDENT) {
            kc_call_set_text(call, KC_FIELD_DETAIL,
                kc_call_print(call, "resident in it: %s", call->page->records[i].id));
            return KC_ERR_ROOT_KEYS;
        }
    }
    call->has_looked = call->page && call->page->record_count == 0;
    if (!call->has_looked)
        kc_call_want_next_page(call, "");
    return KC_OK;
}

/* It was done, and nobody heard of it; or it was given up, when all was done but to tell. The former
 * root is retired, and not the pinned one any more. */
static bool was_done(const struct kc_record *former, const struct kc_replacement *wanted)
{
    return former && former->state == KC_STATE_DESTROYED &&
           (former->index == 0 ||
               (former->index == KC_REPLACEMENT_RETIRE && former->threshold == 0)) &&
           strcmp(former->label, wanted->from) == 0 && strcmp(former->account, wanted->to) == 0;
}

static enum kc_error begin(struct kc_call *call)
{
    struct kc_replacement wanted = {.step = KC_REPLACEMENT_KEYS,
        .leaves = kc_values_text_is(&call->in.message.values, KC_FIELD_MODE, "leave")};
    struct kc_vault_root from, to;
    struct kc_record *former = NULL;
    bool proven = false;
    enum kc_error error = find_root(call, KC_FIELD_KEY_ROOT, wanted.from, &from);
    if (error == KC_OK)
        error = find_root(call, KC_FIELD_NEW_ROOT, wanted.to, &to);
    if (error == KC_OK && from.number == to.number)
        error = wrong_field(call, KC_FIELD_NEW_ROOT);
    if (error == KC_OK)
        error = find_record(call, &former);
    bool is_first_look = !call->has_looked && !call->page;
    if (error == KC_OK && is_first_look)
        error = check_hardware(from, to);
    if (error == KC_ERR_ROOT_CHANGED && was_done(former, &wanted)) {
        call->has_ended = true;
        tell(call, "done");
        return KC_OK;
    }
    if (error == KC_OK && is_first_look)
        error = check_head(call, from, to);
    if (error == KC_OK && !wanted.leaves && !call->has_looked)
        error = look_for_residents(call, &wanted);
    if (error != KC_OK || call->wish != KC_WISH_ANSWER)
        return error;
    error = kc_call_operator(call, &proven);
    return error == KC_OK && proven ? commit_step(call, &wanted, KC_REPLACEMENT_KEYS) : error;
}

/* --- keys --- */

static enum kc_error move_one(
    struct kc_call *call, const struct kc_record *record, const struct kc_replacement *replacement)
{
    struct kc_keeper *keeper = call->vault->keeper;
    KC_AUTO_SECRET secret = {0};
    struct kc_record *staged;
    enum kc_error error = kc_keeper_open(keeper, record, &secret);
    if (error == KC_ERR_RECORD_DAMAGED)
        return KC_OK;
    if (error == KC_OK)
        error = kc_call_stage(call, record, &staged);
    if (error != KC_OK)
        return error;
    staged->seal_size = 0; /* another sealing key, by the other root */
    memset(staged->seal, 0, sizeof staged->seal);
    memcpy(staged->root, replacement->to, sizeof staged->root);
    return kc_keeper_protect(keeper, staged, &secret);
}

/* Stages a few of the page's; *is_done: there are none left on it. */
static enum kc_error move_some(
    struct kc_call *call, const struct kc_replacement *replacement, bool *is_done)
{
    *is_done = false;
    for (size_t i = 0; i < call->page->record_count && call->change_count < PER_COMMIT; i++) {
        bool counts;
        enum kc_error error = look_at(call, i, replacement, &counts);
        bool is_resident = call->page->records[i].residence == KC_RESIDENCE_RESIDENT;
        if (error == KC_OK && counts && !is_resident)
            error = move_one(call, &call->page->records[i], replacement);
        if (error == KC_ERR_CONFLICT && call->change_count == 0)
            return kc_call_want_page_again(call);
        if (error == KC_ERR_CONFLICT)
            break; /* what is staged first */
        if (error != KC_OK)
            return call->wish != KC_WISH_ANSWER ? KC_OK : error;
    }
    *is_done = call->change_count == 0;
    call->moved += call->change_count;
    if (call->change_count > 0)
        call->wish = KC_WISH_COMMIT_AGAIN;
    return KC_OK;
}

/* From here on this page is not looked at again. */
static void note_page(struct kc_call *call)
{
    const struct kc_call *page = call->page;
    struct kc_ledger *ledger = &call->vault->ledger;
    const char *last = page->records[page->record_count - 1].id;
    pthread_mutex_lock(&call->vault->lock);
    memset(ledger->replaced_until, 0, sizeof ledger->replaced_until);
    memcpy(ledger->replaced_until, last, strlen(last));
    pthread_mutex_unlock(&call->vault->lock);
}

static enum kc_error move_own(struct kc_call *call, const struct kc_replacement *replacement);

static enum kc_error move_keys(struct kc_call *call, const struct kc_replacement *replacement)
{
    char until[KC_RECORD_ID_SIZE];
    bool is_done = false;
    pthread_mutex_lock(&call->vault->lock);
    memcpy(until, call->vault->ledger.replaced_until, sizeof until);
    pthread_mutex_unlock(&call->vault->lock);
    if (!call->has_looked_for_keys) { /* what begin looked at may have changed since */
        call->has_looked_for_keys = true;
        kc_call_want_page(call, until);
        return KC_OK;
    }
    if (call->page->record_count == 0)
        return move_own(call, replacement);
    if (call->moved > 0 && kc_call_has_had_its_time(call)) {
        tell(call, "keys");
        return KC_OK;
    }
    enum kc_error error = move_some(call, replacement, &is_done);
    if (error != KC_OK || !is_done)
        return error;
    note_page(call);
    if (kc_call_has_had_its_time(call))
        tell(call, "keys");
    else
        kc_call_want_next_page(call, until);
    return KC_OK;
}

/* --- the vault's own --- */

static enum kc_error move_record(
    struct kc_call *call, const struct kc_record *record, const struct kc_replacement *replacement)
{
    struct kc_record *staged;
    enum kc_error error = kc_call_stage(call, record, &staged);
    return error == KC_OK ? kc_keeper_reseal(call->vault->keeper, staged, replacement->to) : error;
}

static enum kc_error move_generations(
    struct kc_call *call, const struct kc_replacement *replacement)
{
    struct kc_record generations[KC_GENERATIONS];
    enum kc_error error = KC_OK;
    pthread_mutex_lock(&call->vault->lock);
    memcpy(generations, call->vault->ledger.generations, sizeof generations);
    pthread_mutex_unlock(&call->vault->lock);
    for (size_t i = 0; error == KC_OK && i < KC_GENERATIONS; i++) {
        bool is_of_former = generations[i].id[0] != 0 && generations[i].state == KC_STATE_ACTIVE &&
                            strcmp(root_name_of(&generations[i]), replacement->from) == 0;
        if (is_of_former)
            error = move_record(call, &generations[i], replacement);
    }
    return error;
}

static bool is_home(const struct kc_call *call, const char *name)
{
    return strcmp(kc_keeper_home_name(call->vault->keeper), name) == 0;
}

static enum kc_error move_own(struct kc_call *call, const struct kc_replacement *replacement)
{
    enum kc_error error = stage_step(call, replacement, KC_REPLACEMENT_HEAD, false);
    if (error == KC_OK && is_home(call, replacement->from)) {
        struct kc_record own = kc_keeper_record(call->vault->keeper);
        call->moves_home = true;
        error = move_record(call, &own, replacement);
    }
    if (error == KC_OK && call->moves_home)
        error = move_generations(call, replacement);
    if (error != KC_OK) {
        call->moves_home = false;
        return error;
    }
    call->anchors = call->moves_home;
    call->wish = KC_WISH_COMMIT_AGAIN;
    return KC_OK;
}

/* --- what is left in the former root --- */

static enum kc_error remove_head(struct kc_call *call, const struct kc_replacement *replacement)
{
    struct kc_vault *vault = call->vault;
    struct kc_vault_root from;
    if (is_home(call, replacement->from))
        return KC_ERR_INTERNAL; /* never the head that is in use */
    enum kc_error error =
        kc_vault_root_find(vault->config, vault->outside, replacement->from, &from);
    if (error == KC_OK)
        error = kc_vault_root_head_remove(from, kc_keeper_authorisation(vault->keeper));
    /* none, or not this store's: nothing of it is there */
    if (error == KC_ERR_ROOT_HEAD || error == KC_ERR_ROOT_HEAD_TAKEN)
        error = KC_OK;
    return error == KC_OK ? commit_step(call, replacement, KC_REPLACEMENT_RETIRE) : error;
}

/* A token whose wrapping key is gone already is not the pinned one any more. */
static enum kc_error retire(struct kc_call *call, const struct kc_replacement *replacement)
{
    struct kc_vault *vault = call->vault;
    struct kc_vault_root from;
    enum kc_error error =
        kc_vault_root_find(vault->config, vault->outside, replacement->from, &from);
    if (error == KC_OK && !replacement->leaves)
        error = kc_vault_root_retire(from);
    if (error == KC_ERR_ROOT_CHANGED || error == KC_ERR_ROOT_NOT_PROVISIONED)
        error = KC_OK;
    return error == KC_OK ? commit_end(call, replacement, 0) : error;
}

/* --- all of it --- */

/* It ends as it stands: each key names the root that it is of. */
static enum kc_error abandon(struct kc_call *call, const struct kc_replacement *replacement)
{
    struct kc_record *former;
    bool proven = false;
    enum kc_error error = find_record(call, &former);
    if (error == KC_OK)
        error = kc_call_operator(call, &proven);
    return error == KC_OK && proven ? commit_end(call, replacement, replacement->step) : error;
}

static bool is_another(const struct kc_call *call, const struct kc_replacement *replacement)
{
    const struct kc_values *values = &call->in.message.values;
    return (kc_call_has(call, KC_FIELD_KEY_ROOT) &&
               !kc_values_text_is(values, KC_FIELD_KEY_ROOT, replacement->from)) ||
           (kc_call_has(call, KC_FIELD_NEW_ROOT) &&
               !kc_values_text_is(values, KC_FIELD_NEW_ROOT, replacement->to));
}

static enum kc_error go_on(struct kc_call *call, const struct kc_replacement *replacement)
{
    struct kc_record *record;
    enum kc_error error = find_record(call, &record);
    if (error != KC_OK)
        return error;
    switch ((enum kc_replacement_step)replacement->step) {
    case KC_REPLACEMENT_KEYS:
        return move_keys(call, replacement);
    case KC_REPLACEMENT_HEAD:
        return remove_head(call, replacement);
    case KC_REPLACEMENT_RETIRE:
        return retire(call, replacement);
    }
    return KC_ERR_INTERNAL;
}

enum kc_error kc_vault_root_replace(struct kc_call *call)
{
    struct kc_replacement now = kc_ledger_replacement(call->vault);
    bool abandons = kc_values_text_is(&call->in.message.values, KC_FIELD_MODE, "abandon");
    enum kc_error error = kc_call_allowed(call);
    if (error == KC_OK && call->anchors)
        error = call->anchor_error; /* the new root has a copy from before: it goes on later */
    call->anchors = call->moves_home = false;
    if (error != KC_OK)
        return error;
    if (call->began_ms == 0)
        call->began_ms = kc_call_now_ms(call);
    if (call->has_ended) {
        tell(call, "done");
        return KC_OK;
    }
    if (now.from[0] == 0)
        return abandons ? KC_ERR_REFUSED : begin(call);
    if (is_another(call, &now)) {
        kc_call_set_text(call, KC_FIELD_DETAIL,
            kc_call_print(call, "%s is being replaced by %s", now.from, now.to));
        return KC_ERR_CONFLICT;
    }
    return abandons ? abandon(call, &now) : go_on(call, &now);
}
