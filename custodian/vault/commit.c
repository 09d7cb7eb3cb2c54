/* SPDX-License-Identifier: Apache-2.0 */
/* Commits: the changes of many calls as one, with the nodes of the map and a new head. */
#include "custodian/vault/core.h"
#include "custodian/vault/fetch.h"
#include "custodian/vault/resident.h"

#include <stdlib.h>
#include <string.h>

#define FETCHES_MAX 3                                  /* for one change */
#define RECORDS_ROOM ((size_t)112 * 1024)              /* octets of records in a change */
#define ROOM (KC_VAULT_MESSAGE_MAX - (size_t)8 * 1024) /* octets of records and nodes */
#define SECONDS_PER_HOUR 3600

enum kc_error kc_ledger_init(struct kc_vault *vault)
{
    struct kc_ledger *ledger = &vault->ledger;
    ledger->packed = malloc(KC_VAULT_MESSAGE_MAX);
    ledger->message = malloc(sizeof *ledger->message);
    ledger->anchor = kc_arena_allocate(sizeof *ledger->anchor);
    if (!ledger->packed || !ledger->message || !ledger->anchor)
        return KC_ERR_NO_MEMORY;
    kc_ledger_open_later(vault);
    ledger->credited_at_ms = vault->outside->milliseconds(vault->outside->context);
    ledger->credit_ms = (uint64_t)vault->config->freshness.interval_s * 1000 *
                        (vault->config->freshness.burst > 0 ? vault->config->freshness.burst : 1);
    return kc_map_new(&ledger->map);
}

void kc_ledger_done(struct kc_vault *vault)
{
    kc_map_free(vault->ledger.map);
    kc_arena_free(vault->ledger.anchor);
    free(vault->ledger.packed);
    free(vault->ledger.message);
}

/* --- lists; the vault's lock is held --- */

/* Calls that the ledger has are counted, as limits count them. */
static void enter(struct kc_vault *vault, struct kc_call_list *list, struct kc_call *call)
{
    kc_call_list_append(list, call);
    vault->ledger.waiting++;
}

static struct kc_call *leave(struct kc_vault *vault, struct kc_call_list *list)
{
    struct kc_call *call = kc_call_list_take(list);
    vault->ledger.waiting -= call != NULL;
    return call;
}

/* The same for who does not hold the lock. */
static struct kc_call *leave_batch(struct kc_vault *vault)
{
    pthread_mutex_lock(&vault->lock);
    struct kc_call *call = leave(vault, &vault->ledger.batch);
    pthread_mutex_unlock(&vault->lock);
    return call;
}

/* All of `front` comes before what is in the list. */
static void put_in_front(struct kc_call_list *list, struct kc_call_list *front)
{
    struct kc_call *call;
    while ((call = kc_call_list_take(list)) != NULL)
        kc_call_list_append(front, call);
    *list = *front;
    *front = (struct kc_call_list){0};
}

static void take_out(struct kc_call_list *list, const struct kc_call *gone)
{
    struct kc_call_list rest = {0};
    struct kc_call *call;
    while ((call = kc_call_list_take(list)) != NULL)
        if (call != gone)
            kc_call_list_append(&rest, call);
    *list = rest;
}

/* --- the queue --- */

void kc_ledger_commit(struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    enum kc_error error = KC_OK;
    pthread_rwlock_rdlock(&vault->desk_lock);
    pthread_mutex_lock(&vault->lock);
    if (call->desk != vault->desk)
        error = KC_ERR_CONNECTION_LOST;
    else if (vault->pending_count + vault->ledger.waiting >= vault->config->limits.in_flight)
        error = KC_ERR_LIMIT;
    if (error == KC_OK)
        enter(vault, &vault->ledger.queue, call);
    pthread_mutex_unlock(&vault->lock);
    pthread_rwlock_unlock(&vault->desk_lock);
    if (error != KC_OK)
        kc_call_finish(call, error);
}

/* Packs the records of a call behind those of the change; false: there is no more room. */
static bool pack_records(struct kc_ledger *ledger, struct kc_call *call)
{
    struct kc_writer w;
    size_t count = ledger->record_count;
    if (count + call->change_count > KC_VAULT_CHANGES_MAX)
        return false;
    kc_writer_init(&w, ledger->packed, count == 0 ? ROOM : RECORDS_ROOM);
    w.size = ledger->packed_size;
    for (size_t i = 0; i < call->change_count; i++) {
        size_t start = w.size;
        kc_record_pack(&w, &call->changes[i]);
        ledger->records[count + i] = (struct kc_span){ledger->packed + start, w.size - start};
        ledger->owners[count + i] = call;
    }
    if (kc_writer_finish(&w) != KC_OK)
        return false;
    ledger->record_count += call->change_count;
    ledger->packed_size = w.size;
    return true;
}

/* Takes calls from the queue while their records fit; at most `most`. False: one is there that fits
 * into no change. */
static bool take_batch(struct kc_vault *vault, size_t most)
{
    struct kc_ledger *ledger = &vault->ledger;
    bool fits = true;
    size_t taken = 0; /* of those that fit */
    ledger->record_count = ledger->packed_size = 0;
    pthread_mutex_lock(&vault->lock);
    if (ledger->queue.first) /* all are of one desk: another finds the queue empty */
        ledger->desk = ledger->queue.first->desk;
    for (; fits && taken < most && ledger->queue.first; taken += fits) {
        fits = pack_records(ledger, ledger->queue.first);
        if (fits || taken == 0)
            kc_call_list_append(&ledger->batch, kc_call_list_take(&ledger->queue));
    }
    pthread_mutex_unlock(&vault->lock);
    return fits || taken > 0;
}

static size_t count_calls(const struct kc_call_list *list)
{
    size_t count = 0;
    for (const struct kc_call *call = list->first; call; call = call->next)
        count++;
    return count;
}

/* --- sending; all of it for the present desk, or nothing --- */

static bool send_as(
    struct kc_vault *vault, const struct kc_vault_message *message, enum kc_ledger_turn turn)
{
    pthread_rwlock_rdlock(&vault->desk_lock);
    bool is_present = vault->ledger.desk == vault->desk;
    if (is_present) {
        pthread_mutex_lock(&vault->lock);
        vault->ledger.turn = turn;
        pthread_mutex_unlock(&vault->lock);
        vault->outside->send(vault->outside->context, message, NULL);
    }
    pthread_rwlock_unlock(&vault->desk_lock);
    return is_present;
}

/* The desk that the change was for is gone. */
static void drop_batch(struct kc_vault *vault)
{
    struct kc_call *call;
    kc_map_end(vault->ledger.map, false);
    while ((call = leave_batch(vault)) != NULL)
        kc_call_free(call);
}

/* --- nodes that the change needs --- */

static void want(struct kc_vault_message *message, uint32_t number)
{
    for (size_t i = 0; i < message->node_count; i++)
        if (message->nodes[i].number == number)
            return;
    if (message->node_count < KC_VAULT_NODES_MAX)
        message->nodes[message->node_count++] = (struct kc_vault_node){.number = number};
}

static void want_missing(struct kc_ledger *ledger, struct kc_vault_message *message)
{
    for (const struct kc_call *call = ledger->batch.first; call; call = call->next)
        for (size_t i = 0; i < call->change_count; i++) {
            uint32_t numbers[KC_MAP_PATH_MAX];
            const struct kc_record *record = &call->changes[i];
            kc_map_hold(ledger->map, record->kind, record->id);
            size_t count = kc_map_missing(ledger->map, record->kind, record->id, numbers);
            for (size_t k = 0; k < count; k++)
                want(message, numbers[k]);
        }
}

/* True if the change waits for nodes. */
static bool fetch(struct kc_vault *vault, struct kc_vault_message *message, bool *is_gone)
{
    struct kc_ledger *ledger = &vault->ledger;
    *message = (struct kc_vault_message){.type = KC_VAULT_FETCH};
    want_missing(ledger, message);
    *is_gone = false;
    if (message->node_count == 0 || ledger->tries >= FETCHES_MAX)
        return false;
    ledger->tries++;
    *is_gone = !send_as(vault, message, KC_TURN_FETCHING);
    return !*is_gone;
}

/* --- building a change --- */

/* Where the vault's own secret goes, its head goes first. A root that can hold none takes the place of
 * another such. */
static enum kc_error copy_anchor(const struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    const struct kc_record *own = NULL;
    for (size_t i = 0; i < call->change_count; i++)
        if (call->changes[i].kind == KC_KIND_VAULT)
            own = &call->changes[i];
    if (!own)
        return KC_ERR_INTERNAL;
    enum kc_error error = kc_ledger_copy_anchor(vault, own->root);
    return error == KC_ERR_ROOT_UNFIT && !vault->ledger.detects ? KC_OK : error;
}

static enum kc_error apply_call(struct kc_ledger *ledger, const struct kc_call *call)
{
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < call->change_count; i++) {
        const struct kc_record *record = &call->changes[i];
        error = kc_map_apply(ledger->map, record, record->version == 1 ? NULL : call->before[i]);
        bool is_stale =
            kc_keeper_generation_of(record) != 0 &&
            kc_keeper_generation_of(record) != kc_keeper_generation(call->vault->keeper);
        bool is_left_behind = kc_ledger_is_left_behind(call->vault, record);
        if (error == KC_OK && (is_stale || is_left_behind))
            error = KC_ERR_CONFLICT; /* it would be lost with the generation or root that ends */
    }
    if (error == KC_OK && call->moves_home)
        error = copy_anchor(call);
    /* what the store should have and does not give is damaged */
    return error == KC_ERR_UNAVAILABLE ? KC_ERR_RECORD_DAMAGED : error;
}

/* Applies all calls of the batch; the one that cannot be is in *bad, and all is undone. */
static enum kc_error apply_batch(struct kc_ledger *ledger, struct kc_call **bad)
{
    enum kc_error error = KC_OK;
    for (struct kc_call *call = ledger->batch.first; error == KC_OK && call; call = call->next) {
        error = apply_call(ledger, call);
        *bad = error == KC_OK ? NULL : call;
    }
    if (error != KC_OK)
        kc_map_end(ledger->map, false);
    return error;
}

static enum kc_error make_head(struct kc_vault *vault)
{
    struct kc_ledger *ledger = &vault->ledger;
    uint64_t now = vault->outside->seconds(vault->outside->context);
    uint64_t rotate_after = (uint64_t)vault->config->freshness.rotate_after_h * SECONDS_PER_HOUR;
    struct kc_head next = ledger->head;
    next.number++;
    if (next.number < ledger->least)
        next.number = ledger->least;
    next.time = now;
    next.anchored = ledger->anchor->number;
    memcpy(next.previous, ledger->anchor->digest, sizeof next.previous);
    for (const struct kc_call *call = ledger->batch.first; call; call = call->next) {
        if (call->erases && next.due == 0 && rotate_after > 0)
            next.due = now + rotate_after;
        if (call->generation != 0) {
            next.generation = call->generation;
            next.bound = ledger->detects;
            next.due = 0;
        }
    }
    kc_map_root(ledger->map, next.root);
    enum kc_error error = kc_entropy_fill(vault->entropy, next.random, sizeof next.random);
    if (error == KC_OK)
        ledger->next = next;
    return error;
}

static enum kc_error write_message(struct kc_vault *vault, struct kc_vault_message *message)
{
    struct kc_ledger *ledger = &vault->ledger;
    struct kc_writer w;
    kc_writer_init(&w, ledger->packed, ROOM);
    w.size = ledger->packed_size;
    *message = (struct kc_vault_message){.type = KC_VAULT_COMMIT};
    enum kc_error error = make_head(vault);
    if (error == KC_OK)
        error = kc_map_changed(ledger->map, &w, message->nodes, &message->node_count);
    if (error == KC_OK &&
        (message->node_count == KC_VAULT_NODES_MAX || w.limit - w.size < KC_HEAD_SIZE))
        error = KC_ERR_TOO_LARGE;
    if (error != KC_OK)
        return error;
    uint8_t *octets = ledger->packed + w.size;
    kc_head_write(&ledger->next, kc_keeper_head_key(vault->keeper), octets);
    kc_head_digest(octets, ledger->next_digest);
    message->nodes[message->node_count++] =
        (struct kc_vault_node){KC_VAULT_NODE_HEAD, {octets, KC_HEAD_SIZE}};
    memcpy(message->records, ledger->records, sizeof ledger->records);
    message->record_count = ledger->record_count;
    for (const struct kc_call *call = ledger->batch.first;
         call && message->ticket_count < KC_VAULT_CHANGES_MAX; call = call->next)
        message->tickets[message->ticket_count++] = call->in.ticket;
    return KC_OK;
}

/* Puts the batch back, and says how many calls may be tried next. */
static void put_back(struct kc_vault *vault)
{
    pthread_mutex_lock(&vault->lock);
    put_in_front(&vault->ledger.queue, &vault->ledger.batch);
    pthread_mutex_unlock(&vault->lock);
}

/* The change of a call is not stored: what it made in the root for it goes. */
static void give_up(struct kc_call *call)
{
    if (call->wish == KC_WISH_COMMIT_AGAIN)
        kc_resident_not_stored(call);
    if (call->generation != 0 && call->in.message.operation == KC_OPERATION_STORE_ROTATE)
        kc_ledger_not_begun(call->vault, call->generation);
}

static void fail_one(struct kc_vault *vault, struct kc_call *call, enum kc_error error)
{
    pthread_mutex_lock(&vault->lock);
    take_out(&vault->ledger.batch, call);
    vault->ledger.waiting--;
    pthread_mutex_unlock(&vault->lock);
    put_back(vault);
    give_up(call);
    if (!kc_call_keep_proof(call, error))
        kc_call_finish(call, error);
}

static void fail_all(struct kc_vault *vault, enum kc_error error)
{
    struct kc_call *call;
    while ((call = leave_batch(vault)) != NULL) {
        give_up(call);
        kc_call_finish(call, error);
    }
}

/* What became of an attempt to send the batch. */
enum attempt { WAITS, AGAIN, SMALLER };

static enum attempt send_batch(struct kc_vault *vault, struct kc_vault_message *message)
{
    struct kc_ledger *ledger = &vault->ledger;
    struct kc_call *bad = NULL;
    bool is_gone;
    if (fetch(vault, message, &is_gone))
        return WAITS;
    enum kc_error error = is_gone ? KC_ERR_CONNECTION_LOST : apply_batch(ledger, &bad);
    if (bad) {
        fail_one(vault, bad, error);
        return AGAIN;
    }
    if (error == KC_OK)
        error = write_message(vault, message);
    if (error == KC_OK) {
        ledger->has_next = true;
        if (send_as(vault, message, KC_TURN_STORING))
            return WAITS;
        ledger->has_next = false;
        error = KC_ERR_CONNECTION_LOST;
    }
    if (error == KC_ERR_CONNECTION_LOST) {
        drop_batch(vault);
        return AGAIN;
    }
    kc_map_end(ledger->map, false);
    if (error == KC_ERR_TOO_LARGE && count_calls(&ledger->batch) > 1)
        return SMALLER;
    fail_all(vault, error);
    return AGAIN;
}

/* --- the turn --- */

bool kc_ledger_take_turn(struct kc_vault *vault, enum kc_ledger_turn from)
{
    pthread_mutex_lock(&vault->lock);
    bool taken = vault->ledger.turn == from;
    if (taken)
        vault->ledger.turn = KC_TURN_TAKEN;
    pthread_mutex_unlock(&vault->lock);
    return taken;
}

void kc_ledger_give_turn(struct kc_vault *vault)
{
    pthread_mutex_lock(&vault->lock);
    vault->ledger.turn = KC_TURN_FREE;
    pthread_mutex_unlock(&vault->lock);
}

/* Sends the batch that is there, or those that follow it; returns when one waits, or none is left.
 * The turn is taken, and given back in the latter case. */
static void go_on(struct kc_vault *vault)
{
    struct kc_ledger *ledger = &vault->ledger;
    enum attempt attempt = AGAIN;
    do {
        size_t most = SIZE_MAX;
        bool fits = true;
        if (attempt == SMALLER) {
            most = count_calls(&ledger->batch) / 2;
            put_back(vault);
        }
        if (!ledger->batch.first) {
            ledger->tries = 0;
            fits = take_batch(vault, most);
        }
        if (!ledger->batch.first)
            break;
        attempt = fits ? send_batch(vault, ledger->message) : AGAIN;
        if (!fits)
            fail_all(vault, KC_ERR_TOO_LARGE);
    } while (attempt != WAITS);
    if (attempt == WAITS)
        return;
    if (kc_ledger_is_due(vault))
        kc_ledger_anchor(vault); /* if it fails, it is tried again */
    kc_ledger_give_turn(vault);
}

bool kc_ledger_may_begin(const struct kc_vault *vault)
{
    return vault->ledger.turn == KC_TURN_FREE && vault->ledger.queue.first;
}

void kc_ledger_run(struct kc_vault *vault)
{
    bool taken = true;
    while (taken) {
        pthread_mutex_lock(&vault->lock);
        taken = kc_ledger_may_begin(vault);
        if (taken)
            vault->ledger.turn = KC_TURN_TAKEN;
        pthread_mutex_unlock(&vault->lock);
        if (taken)
            go_on(vault);
    }
}

/* --- the desk's answers --- */

enum kc_error kc_ledger_fetched(struct kc_vault *vault, const struct kc_vault_message *message)
{
    if (!kc_ledger_take_turn(vault, KC_TURN_FETCHING))
        return KC_ERR_BAD_REQUEST;
    if (message->error != KC_OK)
        fail_all(vault, message->error);
    for (size_t i = 0; i < message->node_count; i++)
        kc_map_offer(vault->ledger.map, message->nodes[i].number, message->nodes[i].content);
    go_on(vault);
    return KC_OK;
}

/* A receipt: in which head the change is, and which one is anchored. */
static void write_receipt(struct kc_call *call, uint64_t effective, uint64_t anchored)
{
    const struct kc_operation_row *row = &kc_operations[call->in.message.operation];
    if (!kc_field_set_has(&row->answer_optional, KC_FIELD_EFFECTIVE))
        return;
    kc_call_set_number(call, KC_FIELD_EFFECTIVE, effective);
    kc_call_set_number(call, KC_FIELD_ANCHORED, anchored);
    if (call->erases && call->vault->ledger.head.due != 0)
        kc_call_set_number(call, KC_FIELD_ERASE_BY, call->vault->ledger.head.due);
}

static bool waits_for_anchor(const struct kc_call *call)
{
    const struct kc_vault *vault = call->vault;
    bool asked = kc_call_has(call, KC_FIELD_WAIT) &&
                 call->in.message.values.value[KC_FIELD_WAIT].number != 0;
    return vault->ledger.is_dirty && (call->wish == KC_WISH_COMMIT || call->is_last) &&
           (asked || vault->config->freshness.interval_s == 0);
}

/* False: the desk has gone meanwhile, and who waited. */
static bool enter_anchoring(struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    pthread_mutex_lock(&vault->lock);
    bool is_present = call->desk == vault->desk;
    if (is_present)
        enter(vault, &vault->ledger.anchoring, call);
    pthread_mutex_unlock(&vault->lock);
    return is_present;
}

/* The change of a call is durable. */
static void settle_call(struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    struct kc_ledger *ledger = &vault->ledger;
    kc_call_settle(call);
    write_receipt(call, ledger->head.number, ledger->anchor->number);
    if (waits_for_anchor(call) && enter_anchoring(call))
        return;
    if (call->wish == KC_WISH_COMMIT)
        kc_call_finish(call, call->outcome);
    else
        kc_vault_resume(vault, &(struct kc_call_list){call, call});
}

/* An opening, or a change of generations, is not done before the root has it. */
static bool anchors_first(const struct kc_ledger *ledger)
{
    for (const struct kc_call *call = ledger->batch.first; call; call = call->next)
        if (call->anchors)
            return true;
    return false;
}

static void take_head(struct kc_vault *vault)
{
    struct kc_ledger *ledger = &vault->ledger;
    pthread_mutex_lock(&vault->lock);
    ledger->head = ledger->next;
    memcpy(ledger->digest, ledger->next_digest, sizeof ledger->digest);
    ledger->has_next = false;
    pthread_mutex_unlock(&vault->lock);
    kc_ledger_plan(vault);
}

/* From here on the new root has the anchor: the copy, and then the one that comes next. */
static void move_home(struct kc_ledger *ledger)
{
    for (struct kc_call *call = ledger->batch.first; call; call = call->next)
        for (size_t i = 0; call->moves_home && i < call->change_count; i++)
            if (call->changes[i].kind == KC_KIND_VAULT) {
                kc_keeper_changed(call->vault->keeper, &call->changes[i]);
                ledger->anchor->writes = 1;
                kc_ledger_drop_other_anchor(call->vault);
            }
}

static void note_operator(struct kc_ledger *ledger)
{
    for (struct kc_call *call = ledger->batch.first; call; call = call->next)
        for (size_t i = 0; i < call->change_count; i++)
            if (call->changes[i].kind == KC_KIND_OPERATOR)
                kc_ledger_note_operator(call->vault, &call->changes[i]);
}

static void settle_batch(struct kc_vault *vault)
{
    struct kc_ledger *ledger = &vault->ledger;
    struct kc_call *call;
    kc_map_end(ledger->map, true);
    take_head(vault);
    move_home(ledger);
    note_operator(ledger);
    enum kc_error error = anchors_first(ledger) ? kc_ledger_anchor(vault) : KC_OK;
    while ((call = leave_batch(vault)) != NULL) {
        if (call->anchors)
            call->anchor_error = error;
        settle_call(call);
    }
}

static bool is_of_one(enum kc_error error)
{
    return error == KC_ERR_EXISTS || error == KC_ERR_CONFLICT || error == KC_ERR_LABEL_TAKEN;
}

enum kc_error kc_ledger_stored(struct kc_vault *vault, enum kc_error error, uint32_t place)
{
    struct kc_ledger *ledger = &vault->ledger;
    if (!kc_ledger_take_turn(vault, KC_TURN_STORING))
        return KC_ERR_BAD_REQUEST;
    if (error == KC_OK) {
        settle_batch(vault);
    } else {
        kc_map_end(ledger->map, false);
        ledger->has_next = false;
        kc_ledger_drop_other_anchor(vault);
        if (is_of_one(error) && place < ledger->record_count)
            fail_one(vault, ledger->owners[place], error);
        else
            fail_all(vault, error);
    }
    kc_vault_settled(vault);
    go_on(vault);
    return KC_OK;
}

void kc_ledger_desk_gone(struct kc_vault *vault, struct kc_call_list *calls)
{
    struct kc_ledger *ledger = &vault->ledger;
    struct kc_call *call;
    pthread_mutex_lock(&vault->lock);
    bool waits = ledger->turn == KC_TURN_FETCHING || ledger->turn == KC_TURN_STORING;
    if (atomic_load(&ledger->state) == KC_LEDGER_OPEN)
        atomic_store(&ledger->state, KC_LEDGER_UNSETTLED);
    kc_ledger_open_later(vault);
    while (waits && (call = leave(vault, &ledger->batch)) != NULL)
        kc_call_list_append(calls, call);
    while ((call = leave(vault, &ledger->queue)) != NULL)
        kc_call_list_append(calls, call);
    while ((call = leave(vault, &ledger->anchoring)) != NULL)
        kc_call_list_append(calls, call);
    if (waits) {
        kc_map_end(ledger->map, false);
        ledger->turn = KC_TURN_FREE;
    }
    pthread_mutex_unlock(&vault->lock);
}
