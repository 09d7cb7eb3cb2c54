/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening the ledger: before a record is believed, the store's head is compared with the anchor in
 * the root. One call does it, step by step as it gets what it wishes for; the others wait for it.
 */
#include "custodian/vault/core.h"
#include "custodian/vault/fetch.h"
#include "custodian/vault/find.h"
#include "custodian/vault/pin.h"
#include "custodian/vault/root.h"

#include <stdio.h>
#include <string.h>

#define FIRST_GENERATION 1
#define LOOK_MAX 3 /* times that the desk is asked for the vault's record */

bool kc_ledger_is_open(const struct kc_vault *vault)
{
    return atomic_load(&vault->ledger.state) == KC_LEDGER_OPEN;
}

static bool is_state(const struct kc_vault *vault, enum kc_ledger_state state)
{
    return (enum kc_ledger_state)atomic_load(&vault->ledger.state) == state;
}

/* In a stop the desk goes first: what it stored until then is to be anchored all the same. But not if
 * a change was on its way to a desk that died: it may be stored, and was made from the former anchor;
 * beside a newer one the store would be taken for an older one. */
bool kc_ledger_knows_head(const struct kc_vault *vault)
{
    return kc_ledger_is_open(vault) ||
           (is_state(vault, KC_LEDGER_UNSETTLED) && !vault->ledger.has_next);
}

/* --- who opens --- */

/* What was done before a NEED stays done; now it is over. */
static void forget(struct kc_opening *opening)
{
    opening->has_octets = opening->is_making = opening->is_compared = opening->is_anchored =
        opening->is_older = false;
    opening->octets_size = 0;
}

/* False: another call does, and this one is to wait for it. */
static bool begin(struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    struct kc_opening *opening = &vault->ledger.opening;
    pthread_mutex_lock(&vault->lock);
    if (!atomic_load(&opening->call))
        atomic_store(&opening->call, call);
    bool is_its = atomic_load(&opening->call) == call;
    pthread_mutex_unlock(&vault->lock);
    return is_its;
}

void kc_ledger_leave(struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    struct kc_opening *opening = &vault->ledger.opening;
    struct kc_call_list waiting;
    if (atomic_load(&opening->call) != call)
        return;
    pthread_mutex_lock(&vault->lock);
    if (call->desk != vault->desk)
        forget(opening);
    atomic_store(&opening->call, NULL);
    waiting = vault->waiting;
    vault->waiting = (struct kc_call_list){0};
    pthread_mutex_unlock(&vault->lock);
    kc_vault_resume(vault, &waiting);
}

/* A thread may be at it for a call that waits in no list: that one forgets when it leaves, and
 * nobody else opens before. */
void kc_ledger_forget_opening(struct kc_vault *vault)
{
    if (!atomic_load(&vault->ledger.opening.call))
        forget(&vault->ledger.opening);
}

/* What was compared is the store of the desk that the call came from. */
static enum kc_error end(struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    vault->ledger.accepts = false;
    call->fetches = 0; /* what the call itself needs comes now */
    pthread_mutex_lock(&vault->lock);
    bool is_present = call->desk == vault->desk;
    if (is_present)
        atomic_store(&vault->ledger.state, KC_LEDGER_OPEN);
    pthread_mutex_unlock(&vault->lock);
    return is_present ? KC_OK : KC_ERR_CONNECTION_LOST;
}

/* --- the vault's own record --- */

static struct kc_record *find_own(struct kc_call *call)
{
    struct kc_record *found = NULL;
    for (size_t i = 0; i < call->record_count; i++) {
        struct kc_record *record = &call->records[i];
        if (record->kind == KC_KIND_VAULT && (!found || record->version > found->version))
            found = record;
    }
    return found;
}

/* A new store. What the root holds of another one stays, and is in the way. */
static enum kc_error make_store(struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    struct kc_ledger *ledger = &vault->ledger;
    struct kc_record none = {.id = KC_RECORD_ID_VAULT, .kind = KC_KIND_VAULT}, made, *staged;
    static const uint8_t nothing[KC_MAP_DIGEST_SIZE];
    uint8_t octets[KC_ROOT_HEAD_SIZE]; /* secret, if there were any */
    enum kc_error error = kc_keeper_make(vault->keeper, &made);
    if (error != KC_OK)
        return error;
    error = kc_vault_root_head_read(
        kc_keeper_home(vault->keeper), kc_keeper_authorisation(vault->keeper), octets);
    kc_wipe(octets, sizeof octets);
    if (error != KC_ERR_ROOT_HEAD && error != KC_ERR_ROOT_UNFIT)
        return error == KC_OK ? KC_ERR_ROOT_HEAD_TAKEN : error;
    kc_map_set_key(ledger->map, kc_keeper_name_key(vault->keeper));
    kc_map_set_root(ledger->map, nothing);
    ledger->head = (struct kc_head){0};
    kc_wipe(ledger->anchor, sizeof *ledger->anchor);
    ledger->has_anchor = ledger->detects = false;
    error = kc_call_stage(call, &none, &staged);
    if (error != KC_OK)
        return error;
    *staged = made;
    ledger->opening.is_making = true;
    call->wish = KC_WISH_COMMIT_AGAIN;
    return KC_OK;
}

/* *own: NULL if the call is to wish for something first. */
static enum kc_error load_own(struct kc_call *call, bool makes, struct kc_record **own)
{
    struct kc_vault *vault = call->vault;
    *own = find_own(call);
    if (*own) {
        enum kc_error error = kc_keeper_load(vault->keeper, *own);
        return error == KC_OK ? kc_keeper_believe(vault->keeper, *own) : error;
    }
    if (call->damaged)
        return KC_ERR_RECORD_DAMAGED;
    if (vault->ledger.opening.is_making)
        vault->ledger.made = true;
    vault->ledger.opening.is_making = false;
    size_t times = kc_call_times_looked_for(call, KC_RECORD_ID_VAULT);
    if (times == 0 || (vault->ledger.made && times < LOOK_MAX)) {
        kc_call_need(call, KC_RECORD_ID_VAULT);
        return KC_OK;
    }
    if (vault->ledger.made || kc_keeper_ready(vault->keeper)) /* it was there before */
        return KC_ERR_STORE_HEAD;
    return makes ? make_store(call) : KC_ERR_REFUSED;
}

/* --- the head against the anchor --- */

static void tell_rollback(struct kc_call *call)
{
    const struct kc_ledger *ledger = &call->vault->ledger;
    kc_call_set_text(call, KC_FIELD_DETAIL,
        kc_call_print(call, "the store is at %llu, the hardware root at %llu",
            (unsigned long long)ledger->found, (unsigned long long)ledger->anchor->number));
}

static enum kc_error roll_back(
    struct kc_call *call, const struct kc_head *head, const uint8_t *digest)
{
    struct kc_ledger *ledger = &call->vault->ledger;
    ledger->found = head->number;
    memcpy(ledger->found_digest, digest, sizeof ledger->found_digest);
    ledger->accepts = false;
    atomic_store(&ledger->state, KC_LEDGER_ROLLED_BACK);
    return KC_ERR_STORE_ROLLED_BACK;
}

/* The anchor of the root, if it can hold one. KC_ERR_ROOT_HEAD: it could, and does not. */
static enum kc_error read_anchor(struct kc_vault *vault)
{
    struct kc_ledger *ledger = &vault->ledger;
    uint8_t octets[KC_ROOT_HEAD_SIZE]; /* secret */
    enum kc_error error = kc_vault_root_head_read(
        kc_keeper_home(vault->keeper), kc_keeper_authorisation(vault->keeper), octets);
    ledger->has_anchor = error == KC_OK;
    ledger->detects = error == KC_OK || error == KC_ERR_ROOT_HEAD;
    kc_wipe(ledger->anchor, sizeof *ledger->anchor);
    if (error == KC_OK)
        error = kc_anchor_read(octets, ledger->anchor);
    kc_wipe(octets, sizeof octets);
    return error;
}

/* Whether the operator has confirmed this very head: who has the store could put another in its place
 * afterwards. */
static bool is_accepted(const struct kc_ledger *ledger, const uint8_t *digest)
{
    return ledger->accepts && memcmp(ledger->found_digest, digest, KC_HEAD_DIGEST_SIZE) == 0;
}

/* At the start: the head is what the root has, or was made from that and never acknowledged as
 * anchored. A store that is new has no anchor yet. */
static enum kc_error compare_with_anchor(
    struct kc_call *call, const struct kc_head *head, const uint8_t *digest)
{
    struct kc_vault *vault = call->vault;
    const struct kc_anchor *anchor = vault->ledger.anchor;
    enum kc_error error = read_anchor(vault);
    if (error == KC_ERR_ROOT_UNFIT)
        return head->bound ? KC_ERR_ROOT_HEAD : KC_OK;
    if (error == KC_ERR_ROOT_HEAD && head->anchored == 0)
        return KC_OK;
    if (error != KC_OK)
        return error;
    bool is_it = memcmp(anchor->digest, digest, KC_HEAD_DIGEST_SIZE) == 0;
    bool follows = memcmp(anchor->digest, head->previous, KC_HEAD_DIGEST_SIZE) == 0;
    if (is_it || follows)
        return KC_OK;
    vault->ledger.least = anchor->number + 1; /* beyond both, if the operator says so */
    vault->ledger.opening.is_older = is_accepted(&vault->ledger, digest);
    return vault->ledger.opening.is_older ? KC_OK : roll_back(call, head, digest);
}

/* Another desk has the store: it is the one that was, or the one with the change that was on its
 * way. */
static enum kc_error compare_with_former(
    struct kc_call *call, const struct kc_head *head, const uint8_t *digest)
{
    const struct kc_ledger *ledger = &call->vault->ledger;
    bool is_former = memcmp(ledger->digest, digest, KC_HEAD_DIGEST_SIZE) == 0;
    bool is_next =
        ledger->has_next && memcmp(ledger->next_digest, digest, KC_HEAD_DIGEST_SIZE) == 0;
    return is_former || is_next ? KC_OK : roll_back(call, head, digest);
}

static enum kc_error compare(struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    struct kc_ledger *ledger = &vault->ledger;
    const struct kc_opening *opening = &ledger->opening;
    uint8_t digest[KC_HEAD_DIGEST_SIZE];
    struct kc_head head;
    enum kc_error error = kc_head_read((struct kc_span){opening->octets, opening->octets_size},
        kc_keeper_head_key(vault->keeper), &head);
    if (error != KC_OK)
        return error;
    kc_head_digest(opening->octets, digest);
    bool is_former = is_state(vault, KC_LEDGER_UNSETTLED);
    error = is_former ? compare_with_former(call, &head, digest)
                      : compare_with_anchor(call, &head, digest);
    if (error != KC_OK)
        return error;
    pthread_mutex_lock(&vault->lock);
    ledger->head = head;
    memcpy(ledger->digest, digest, sizeof ledger->digest);
    ledger->has_next = false;
    pthread_mutex_unlock(&vault->lock);
    kc_map_set_key(ledger->map, kc_keeper_name_key(vault->keeper));
    kc_map_set_root(ledger->map, head.root);
    ledger->opening.is_compared = true;
    ledger->opening.is_anchored = is_former;
    return KC_OK;
}

/* --- generations --- */

static bool has_generation(const struct kc_anchor *anchor)
{
    for (size_t i = 0; i < KC_GENERATIONS; i++)
        if (anchor->generations[i].number != 0)
            return true;
    return false;
}

/* The part of a generation that the root holds is chosen when there is none yet. Where the root can
 * hold none it is zero, and stays so for that generation. */
static enum kc_error choose_secret(struct kc_vault *vault)
{
    struct kc_ledger *ledger = &vault->ledger;
    uint32_t number = ledger->head.generation ? ledger->head.generation : FIRST_GENERATION;
    ledger->anchor->generations[0].number = number;
    if (!ledger->detects && number > FIRST_GENERATION) /* secrets may be on their way from it */
        ledger->anchor->generations[1].number = number - 1;
    if (!ledger->detects || (ledger->head.generation != 0 && !ledger->head.bound))
        return KC_OK;
    return kc_entropy_fill(vault->entropy, ledger->anchor->generations[0].secret,
        sizeof ledger->anchor->generations[0].secret);
}

static void name_generation(struct kc_record *record, uint32_t number)
{
    *record = (struct kc_record){.kind = KC_KIND_GENERATION};
    snprintf(record->id, sizeof record->id, "generation-%u", (unsigned)number);
}

/* A new store gets its place in the root, or it shows that there is none to get. */
static enum kc_error make_anchor(struct kc_vault *vault)
{
    struct kc_ledger *ledger = &vault->ledger;
    if (!ledger->detects || ledger->has_anchor)
        return KC_OK;
    enum kc_error error = kc_ledger_anchor(vault);
    if (error != KC_ERR_ROOT_UNFIT)
        return error;
    ledger->detects = false;
    return KC_OK;
}

/* The first head of this start; in a new store with the first generation. */
static enum kc_error anchor(struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    struct kc_ledger *ledger = &vault->ledger;
    struct kc_record first, *staged;
    enum kc_error error = make_anchor(vault);
    if (error == KC_OK && ledger->head.generation == 0) {
        name_generation(&first, FIRST_GENERATION);
        error = kc_call_stage(call, &first, &staged);
        if (error == KC_OK)
            error = kc_keeper_make_generation(vault->keeper, staged);
        call->generation = FIRST_GENERATION;
    }
    if (error == KC_OK && !has_generation(ledger->anchor))
        error = choose_secret(vault);
    if (error != KC_OK)
        return error;
    call->anchors = true;
    call->wish = KC_WISH_COMMIT_AGAIN;
    return KC_OK;
}

/* One that the root has and the store does not know was never begun. */
static enum kc_error load_generation(struct kc_call *call, struct kc_generation *generation)
{
    struct kc_vault *vault = call->vault;
    struct kc_record named, *record;
    name_generation(&named, generation->number);
    const char *id = kc_call_print(call, "%s", named.id);
    enum kc_error error = kc_call_record(
        call, KC_KIND_GENERATION, (struct kc_span){(const uint8_t *)id, strlen(id)}, &record);
    bool was_not_begun =
        error == KC_ERR_REFUSED && generation->number > vault->ledger.head.generation;
    if (was_not_begun || (error == KC_OK && record->state != KC_STATE_ACTIVE)) {
        kc_wipe(generation, sizeof *generation); /* gone from the root with the next anchor */
        return KC_OK;
    }
    if (error == KC_OK)
        error = kc_keeper_load_generation(
            vault->keeper, generation->number, record, generation->secret);
    if (error == KC_OK)
        kc_ledger_keep_generation(vault, record);
    return error == KC_ERR_REFUSED ? KC_ERR_RECORD_DAMAGED : error;
}

static enum kc_error load_generations(struct kc_call *call)
{
    struct kc_anchor *anchor = call->vault->ledger.anchor;
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < KC_GENERATIONS; i++)
        if (anchor->generations[i].number != 0)
            error = load_generation(call, &anchor->generations[i]);
    if (error == KC_OK && call->wish == KC_WISH_ANSWER)
        kc_ledger_note_moving(
            call->vault, anchor->generations[0].number != 0 && anchor->generations[1].number != 0);
    return error;
}

/* Whether a root is being replaced: what began goes on, and nothing new is put under the former one. */
static enum kc_error load_replacement(struct kc_call *call)
{
    static const struct kc_span id = {
        (const uint8_t *)KC_RECORD_ID_REPLACEMENT, sizeof KC_RECORD_ID_REPLACEMENT - 1};
    struct kc_record *record;
    enum kc_error error = kc_call_record(call, KC_KIND_ROOT, id, &record);
    if (error == KC_OK) {
        kc_ledger_note_replacement(call->vault, record);
        kc_ledger_drop_other_anchor(call->vault);
    }
    return error == KC_ERR_REFUSED ? KC_OK : error;
}

/* --- all of it --- */

static enum kc_error open_step(struct kc_call *call, bool makes)
{
    struct kc_vault *vault = call->vault;
    struct kc_opening *opening = &vault->ledger.opening;
    struct kc_record *own;
    enum kc_error error = load_own(call, makes, &own);
    if (error != KC_OK || call->wish != KC_WISH_ANSWER)
        return error;
    if (!opening->has_octets) {
        kc_call_want_node(call, KC_VAULT_NODE_HEAD);
        return KC_OK;
    }
    if (!opening->is_compared && (error = compare(call)) != KC_OK)
        return error;
    error = kc_call_believe(call, own);
    if (error != KC_OK)
        return error == KC_ERR_CONFLICT ? KC_ERR_RECORD_DAMAGED : error;
    kc_keeper_changed(vault->keeper, own);
    error = kc_call_settle_operator(call, opening->is_older && !call->anchors);
    if (error != KC_OK || call->wish != KC_WISH_ANSWER)
        return error;
    if (!opening->is_anchored && !call->anchors)
        return anchor(call);
    if (!opening->is_anchored && (error = call->anchor_error) != KC_OK)
        return error;
    opening->is_anchored = true;
    call->anchors = false;
    error = load_generations(call);
    return error == KC_OK && call->wish == KC_WISH_ANSWER ? load_replacement(call) : error;
}

static enum kc_error answer_rolled_back(struct kc_call *call)
{
    tell_rollback(call);
    return KC_ERR_STORE_ROLLED_BACK;
}

enum kc_error kc_ledger_open(struct kc_call *call, bool makes)
{
    struct kc_vault *vault = call->vault;
    if (kc_ledger_is_open(vault))
        return KC_OK;
    if (is_state(vault, KC_LEDGER_ROLLED_BACK))
        return answer_rolled_back(call);
    if (!begin(call)) {
        call->wish = KC_WISH_OPENED;
        return KC_OK;
    }
    enum kc_error error = open_step(call, makes);
    if (call->wish != KC_WISH_ANSWER)
        return KC_OK;
    if (error == KC_OK)
        error = end(call);
    else if (error == KC_ERR_STORE_ROLLED_BACK)
        tell_rollback(call);
    forget(&vault->ledger.opening);
    kc_ledger_leave(call);
    return error;
}
