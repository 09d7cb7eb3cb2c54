/* SPDX-License-Identifier: Apache-2.0 */
/* What a call waits for besides its own commit: nodes of the map, a page of keys, others' changes. */
#include "custodian/vault/fetch.h"
#include "custodian/vault/core.h"

#include <string.h>

#define AGAIN_MAX 8   /* times that one page is read again, as others change what is on it */
#define FETCHES_MAX 8 /* of nodes, for one call that does not get further by them */

/* --- wishing --- */

void kc_call_want_node(struct kc_call *call, uint32_t number)
{
    if (call->wish != KC_WISH_FETCH)
        call->wanted_count = 0;
    call->wish = KC_WISH_FETCH;
    for (size_t i = 0; i < call->wanted_count; i++)
        if (call->wanted[i] == number)
            return;
    if (call->wanted_count < KC_VAULT_NODES_MAX)
        call->wanted[call->wanted_count++] = number;
}

enum kc_error kc_call_want_path(struct kc_call *call, uint8_t kind, const char *id)
{
    uint32_t numbers[KC_MAP_PATH_MAX];
    if (call->fetches >= FETCHES_MAX)
        return KC_ERR_RECORD_DAMAGED;
    size_t count = kc_map_missing(call->vault->ledger.map, kind, id, numbers);
    for (size_t i = 0; i < count; i++)
        kc_call_want_node(call, numbers[i]);
    if (count == 0) /* they came in between */
        kc_call_want_again(call);
    return KC_ERR_UNAVAILABLE;
}

void kc_call_want_page(struct kc_call *call, const char *after)
{
    kc_call_want_node(call, KC_VAULT_NODE_HEAD); /* for nothing: a page comes with some node */
    call->wanted_count = 0;
    call->wants_page = true;
    memset(call->page_after, 0, sizeof call->page_after);
    memcpy(call->page_after, after, strlen(after));
}

enum kc_error kc_call_want_page_again(struct kc_call *call)
{
    char after[KC_RECORD_ID_SIZE];
    if (++call->page_again > AGAIN_MAX)
        return KC_ERR_CONFLICT;
    memcpy(after, call->page_after, sizeof after);
    kc_call_want_page(call, after);
    return KC_OK;
}

void kc_call_want_next_page(struct kc_call *call, const char *first)
{
    const struct kc_call *page = call->page;
    call->page_again = 0;
    kc_call_want_page(call, page ? page->records[page->record_count - 1].id : first);
}

/* --- the pending table; the vault's lock is held --- */

static struct kc_call_list *bucket(struct kc_vault *vault, uint64_t ticket)
{
    return &vault->pending[ticket % KC_PENDING_BUCKETS];
}

/* KC_ERR_LIMIT; KC_ERR_CONFLICT: the desk uses a ticket twice, and this one is not served. */
static enum kc_error pend(struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    struct kc_call_list *list = bucket(vault, call->in.ticket);
    if (vault->pending_count + vault->ledger.waiting >= vault->config->limits.in_flight)
        return KC_ERR_LIMIT;
    for (const struct kc_call *other = list->first; other; other = other->next)
        if (other->in.ticket == call->in.ticket)
            return KC_ERR_CONFLICT;
    kc_call_list_append(list, call);
    vault->pending_count++;
    vault->asking_count += call->wish == KC_WISH_ASK;
    return KC_OK;
}

static struct kc_call *unpend(struct kc_vault *vault, uint64_t ticket, bool asking)
{
    struct kc_call_list others = {0};
    struct kc_call *found = NULL, *call;
    struct kc_call_list *list = bucket(vault, ticket);
    while ((call = kc_call_list_take(list)) != NULL) {
        if (call->in.ticket == ticket && (call->wish == KC_WISH_ASK) == asking)
            found = call;
        else
            kc_call_list_append(&others, call);
    }
    *list = others;
    vault->pending_count -= found != NULL;
    vault->asking_count -= found != NULL && asking;
    return found;
}

struct kc_call *kc_vault_unpend(struct kc_vault *vault, uint64_t ticket, bool asking)
{
    pthread_mutex_lock(&vault->lock);
    struct kc_call *call = unpend(vault, ticket, asking);
    pthread_mutex_unlock(&vault->lock);
    return call;
}

/* --- FETCH --- */

enum kc_error kc_call_pend_and_send(struct kc_call *call, const struct kc_vault_message *out,
    const struct kc_descriptors *descriptors)
{
    struct kc_vault *vault = call->vault;
    pthread_rwlock_rdlock(&vault->desk_lock);
    enum kc_error error = call->desk == vault->desk ? KC_OK : KC_ERR_CONNECTION_LOST;
    if (error == KC_OK) {
        pthread_mutex_lock(&vault->lock);
        error = pend(call);
        pthread_mutex_unlock(&vault->lock);
    }
    if (error == KC_OK)
        vault->outside->send(vault->outside->context, out, descriptors);
    pthread_rwlock_unlock(&vault->desk_lock);
    return error;
}

void kc_call_fetch(struct kc_call *call)
{
    struct kc_vault_message out;
    char after[KC_RECORD_ID_SIZE];
    out.type = KC_VAULT_FETCH;
    out.ticket = call->in.ticket;
    out.id_count = 0;
    out.node_count = call->wanted_count;
    for (size_t i = 0; i < call->wanted_count; i++)
        out.nodes[i] = (struct kc_vault_node){.number = call->wanted[i]};
    if (call->wants_page) {
        memcpy(after, call->page_after, sizeof after);
        out.ids[out.id_count++] = (struct kc_span){(const uint8_t *)after, strlen(after)};
    } else {
        call->fetches++;
    }
    enum kc_error error = kc_call_pend_and_send(call, &out, NULL);
    if (error != KC_OK)
        kc_call_finish(call, error);
}

/* --- FETCHED --- */

static void take_head(struct kc_opening *opening, struct kc_span content)
{
    opening->octets_size =
        content.size < sizeof opening->octets ? content.size : sizeof opening->octets;
    if (content.size != sizeof opening->octets)
        opening->octets_size = 0; /* it is no head */
    else
        memcpy(opening->octets, content.bytes, content.size);
}

static void offer_nodes(struct kc_vault *vault, const struct kc_vault_message *message)
{
    for (size_t i = 0; i < message->node_count; i++)
        if (message->nodes[i].number != KC_VAULT_NODE_HEAD)
            kc_map_offer(vault->ledger.map, message->nodes[i].number, message->nodes[i].content);
}

static bool asked_for_head(const struct kc_call *call)
{
    return call->wanted_count == 1 && call->wanted[0] == KC_VAULT_NODE_HEAD;
}

static void take_opening(struct kc_call *call, const struct kc_vault_message *message)
{
    struct kc_opening *opening = &call->vault->ledger.opening;
    if (opening->call != call || !asked_for_head(call))
        return;
    opening->has_octets = true;
    opening->octets_size = 0;
    for (size_t i = 0; i < message->node_count; i++)
        if (message->nodes[i].number == KC_VAULT_NODE_HEAD)
            take_head(opening, message->nodes[i].content);
}

/* answer  given */
static void take_fetched(struct kc_call *call, struct kc_call *answer)
{
    struct kc_vault *vault = call->vault;
    offer_nodes(vault, &answer->in);
    take_opening(call, &answer->in);
    if (call->wish == KC_WISH_NEED)
        kc_call_take_needed(call, answer);
    else if (call->wants_page)
        kc_call_take_page(call, answer);
    else
        kc_call_free(answer);
    kc_vault_resume(vault, &(struct kc_call_list){call, call});
}

enum kc_error kc_vault_fetched(struct kc_call *answer)
{
    struct kc_vault *vault = answer->vault;
    enum kc_error outcome = answer->in.error;
    struct kc_call *call = kc_vault_unpend(vault, answer->in.ticket, false);
    if (call && outcome == KC_OK) {
        take_fetched(call, answer);
        return KC_OK;
    }
    kc_call_free(answer);
    if (call)
        kc_call_finish(call, outcome);
    return call ? KC_OK : KC_ERR_BAD_REQUEST;
}

/* --- changes of others --- */

void kc_call_want_settled(struct kc_call *call, uint8_t kind, const char *id)
{
    call->wish = KC_WISH_SETTLED;
    call->awaited_kind = kind;
    memset(call->awaited_id, 0, sizeof call->awaited_id);
    memcpy(call->awaited_id, id, strlen(id));
}

void kc_call_want_again(struct kc_call *call)
{
    kc_call_want_settled(call, 0, ""); /* which nobody changes */
}

/* The mark is looked for under the lock that kc_vault_settled takes once it is gone. A call that
 * waited for less than a mark would run again and again as long as that is there, which can be as
 * long as a root is silent; one that waited for more would not be woken. */
void kc_call_wait_settled(struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    pthread_mutex_lock(&vault->lock);
    bool waits = kc_map_is_changing(vault->ledger.map, call->awaited_kind, call->awaited_id);
    kc_call_list_append(waits ? &vault->settling : &vault->runnable, call);
    pthread_mutex_unlock(&vault->lock);
}

void kc_vault_settled(struct kc_vault *vault)
{
    struct kc_call *call;
    pthread_mutex_lock(&vault->lock);
    while ((call = kc_call_list_take(&vault->settling)) != NULL)
        kc_call_list_append(&vault->runnable, call);
    pthread_mutex_unlock(&vault->lock);
}
