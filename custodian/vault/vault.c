/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/ask.h"
#include "custodian/vault/fetch.h"
#include "custodian/vault/handouts.h"
#include "custodian/vault/mesh.h"

#include <sodium.h>
#include <stdlib.h>

#define BROUGHT_MAX 8192           /* records that the desk need not bring again, */
#define BROUGHT_OCTETS_MAX 8388608 /* and octets of them */
#define CLIENTS_LEAVING 8          /* room for those whose DISCONNECT other workers still have */

/* --- life --- */

static enum kc_error make_parts(struct kc_vault *v)
{
    const struct kc_config *config = v->config;
    enum kc_error error = kc_entropy_new(v->outside, &v->entropy);
    if (error == KC_OK)
        error = kc_keeper_new(v->config, v->outside, v->entropy, &v->keeper);
    if (error == KC_OK)
        error =
            kc_clients_new(config->socket, config->limits.clients + CLIENTS_LEAVING, &v->clients);
    if (error == KC_OK)
        error = kc_ledger_init(v);
    if (error == KC_OK)
        error = kc_cache_new(config->limits.cache, &v->cache);
    if (error == KC_OK)
        error = kc_brought_new(BROUGHT_MAX, BROUGHT_OCTETS_MAX, &v->brought);
    if (error == KC_OK)
        error = kc_sessions_new(config->limits.sessions, &v->sessions);
    if (error == KC_OK)
        error = kc_frost_sessions_new(config->limits.sessions, &v->frost);
    if (error == KC_OK)
        error = kc_sealer_new(v->entropy, &v->sealer);
    if (error == KC_OK)
        error = kc_handouts_new(&v->handouts);
    if (error == KC_OK)
        error = kc_mesh_state_new(&config->operate, v->started, v->entropy, &v->mesh);
    return error;
}

enum kc_error kc_vault_new(const struct kc_config *config, const char *users,
    const struct kc_vault_outside *outside, struct kc_vault **vault)
{
    struct kc_vault *v = sodium_init() >= 0 ? calloc(1, sizeof *v) : NULL;
    if (!v)
        return KC_ERR_NO_MEMORY;
    v->config = config;
    v->users = users;
    v->outside = outside;
    v->started = outside->seconds(outside->context);
    v->desk = 1;
    randombytes_buf(v->resident.tag, sizeof v->resident.tag);
    pthread_mutex_init(&v->lock, NULL);
    pthread_rwlock_init(&v->desk_lock, NULL);
    enum kc_error error = make_parts(v);
    if (error == KC_OK)
        *vault = v;
    else
        kc_vault_free(v);
    return error;
}

static void free_list(struct kc_call_list *list)
{
    struct kc_call *call;
    while ((call = kc_call_list_take(list)) != NULL)
        kc_call_free(call);
}

void kc_vault_free(struct kc_vault *vault)
{
    if (!vault)
        return;
    if (vault->sessions)
        kc_vault_desk_gone(vault);
    kc_sessions_free(vault->sessions);
    kc_frost_sessions_free(vault->frost);
    kc_sealer_free(vault->sealer);
    kc_handouts_free(vault->handouts);
    kc_mesh_state_free(vault->mesh);
    kc_cache_free(vault->cache);
    kc_brought_free(vault->brought);
    kc_ledger_done(vault);
    kc_clients_free(vault->clients);
    kc_keeper_free(vault->keeper);
    kc_entropy_free(vault->entropy);
    pthread_rwlock_destroy(&vault->desk_lock);
    pthread_mutex_destroy(&vault->lock);
    free(vault);
}

/* --- packets --- */

static enum kc_error connect_client(struct kc_call *call)
{
    struct kc_descriptors *d = &call->descriptors;
    if (d->count != 1)
        return KC_ERR_BAD_REQUEST;
    d->count = 0; /* given away */
    return kc_clients_connect(call->vault->clients, call->in.connection, d->fd[0]);
}

static void tell_connected(struct kc_call *call)
{
    struct kc_vault_message out;
    out.type = KC_VAULT_CONNECTED;
    out.connection = call->in.connection;
    kc_call_send(call, &out, NULL);
}

static void disconnect_client(struct kc_vault *vault, uint64_t connection)
{
    struct kc_call_list next = {0};
    kc_clients_disconnect(vault->clients, connection);
    kc_handouts_drop_connection(vault->handouts, connection);
    kc_sessions_close_connection(vault->sessions, connection, &next);
    kc_vault_resume(vault, &next);
}

/* What is not a request; for the present desk. */
static enum kc_error take_notice(struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    enum kc_error error = KC_OK;
    pthread_rwlock_rdlock(&vault->desk_lock);
    if (call->desk == vault->desk && call->in.type == KC_VAULT_CONNECT)
        error = connect_client(call);
    else if (call->desk == vault->desk)
        disconnect_client(vault, call->in.connection);
    pthread_rwlock_unlock(&vault->desk_lock);
    if (error == KC_OK && call->in.type == KC_VAULT_CONNECT)
        tell_connected(call);
    kc_call_free(call);
    return error;
}

/* The desk's answers: of a call by its ticket, or of the ledger. What the desk was answering has
 * gone with it, if it goes meanwhile. */
static enum kc_error take_answer(struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    uint64_t desk = call->desk;
    enum kc_error error = KC_OK;
    if (desk != kc_vault_desk(vault))
        kc_call_free(call);
    else if (call->in.type == KC_VAULT_FETCHED && call->in.ticket != 0)
        error = kc_vault_fetched(call);
    else {
        error = call->in.type == KC_VAULT_STORED
                    ? kc_ledger_stored(vault, call->in.error, call->in.place)
                    : kc_ledger_fetched(vault, &call->in);
        kc_call_free(call);
    }
    return desk == kc_vault_desk(vault) ? error : KC_OK;
}

static enum kc_error take_message(struct kc_call *call)
{
    switch (call->in.type) {
    case KC_VAULT_CONNECT:
    case KC_VAULT_DISCONNECT:
        return take_notice(call);
    case KC_VAULT_STORED:
    case KC_VAULT_FETCHED:
        return take_answer(call);
    case KC_VAULT_ASKED:
        return kc_vault_asked(call->vault, call);
    case KC_VAULT_REQUEST:
        if (atomic_load(&call->vault->stopping))
            kc_call_finish(call, KC_ERR_STOPPING);
        else
            kc_call_run(call);
        return KC_OK;
    case KC_VAULT_ANSWER:
    case KC_VAULT_NEED:
    case KC_VAULT_COMMIT:
    case KC_VAULT_FETCH:
    case KC_VAULT_CONNECTED:
    case KC_VAULT_ASK:
        break; /* the vault's own words */
    }
    kc_call_free(call);
    return KC_ERR_BAD_REQUEST;
}

enum kc_error kc_vault_receive(struct kc_vault *vault, uint64_t desk, const void *bytes,
    size_t size, const struct kc_descriptors *descriptors)
{
    struct kc_span left = {bytes, size};
    struct kc_descriptors given = *descriptors;
    enum kc_error error;
    do {
        struct kc_call *call;
        size_t taken = 0;
        error = kc_call_new(vault, desk, left, &given, &call, &taken);
        given.count = 0; /* the first message's */
        if (error == KC_OK)
            error = take_message(call);
        left = (struct kc_span){left.bytes + taken, left.size - taken};
        kc_vault_run_all(vault);
    } while (error == KC_OK && left.size > 0);
    kc_vault_begin_changes(vault);
    return error;
}

/* --- the desk, clients and time --- */

uint64_t kc_vault_desk(struct kc_vault *vault)
{
    return atomic_load(&vault->desk);
}

/* Takes every call that waits for the desk, or for one that does. */
static struct kc_call_list take_waiting(struct kc_vault *vault)
{
    struct kc_call_list all = {0};
    struct kc_call *call;
    pthread_mutex_lock(&vault->lock);
    for (size_t i = 0; i < KC_PENDING_BUCKETS; i++)
        while ((call = kc_call_list_take(&vault->pending[i])) != NULL)
            kc_call_list_append(&all, call);
    while ((call = kc_call_list_take(&vault->waiting)) != NULL)
        kc_call_list_append(&all, call);
    while ((call = kc_call_list_take(&vault->slow)) != NULL)
        kc_call_list_append(&all, call);
    while ((call = kc_call_list_take(&vault->settling)) != NULL)
        kc_call_list_append(&all, call);
    vault->pending_count = vault->asking_count = 0;
    kc_ledger_forget_opening(vault);
    pthread_mutex_unlock(&vault->lock);
    return all;
}

static struct kc_call_list take_runnable(struct kc_vault *vault)
{
    pthread_mutex_lock(&vault->lock);
    struct kc_call_list runnable = vault->runnable;
    vault->runnable = (struct kc_call_list){0};
    pthread_mutex_unlock(&vault->lock);
    return runnable;
}

/* Closing a session and freeing a call let the next in line go on: until no line is left. */
static void drop_lines(struct kc_vault *vault)
{
    struct kc_call_list next = {0};
    kc_sessions_close_all(vault->sessions, &next);
    kc_vault_resume(vault, &next);
    for (next = take_runnable(vault); next.first; next = take_runnable(vault))
        free_list(&next);
}

void kc_vault_desk_gone(struct kc_vault *vault)
{
    pthread_rwlock_wrlock(&vault->desk_lock);
    vault->desk++;
    kc_clients_disconnect_all(vault->clients);
    kc_handouts_drop_all(vault->handouts);
    kc_brought_drop_all(vault->brought); /* the next desk may have another store before it */
    pthread_rwlock_unlock(&vault->desk_lock);
    struct kc_call_list all = take_waiting(vault);
    struct kc_call_list changes = {0};
    kc_ledger_desk_gone(vault, &changes);
    free_list(&all);
    free_list(&changes);
    drop_lines(vault);
}

int kc_vault_hangup_descriptor(const struct kc_vault *vault)
{
    return kc_clients_descriptor(vault->clients);
}

void kc_vault_hangups(struct kc_vault *vault)
{
    uint64_t connection;
    while (kc_clients_hung_up(vault->clients, &connection))
        disconnect_client(vault, connection);
    kc_vault_run_all(vault);
    kc_vault_begin_changes(vault);
}

void kc_vault_expire(struct kc_vault *vault)
{
    struct kc_call_list next = {0}, late = {0};
    struct kc_call *call;
    uint64_t now_ms = vault->outside->milliseconds(vault->outside->context);
    kc_sessions_expire(vault->sessions, now_ms, &next, &late);
    while ((call = kc_call_list_take(&late)) != NULL)
        kc_call_finish(call, KC_ERR_SESSION_WAIT);
    kc_vault_resume(vault, &next);
    kc_vault_expire_questions(vault, now_ms);
    kc_handouts_expire(vault->handouts, now_ms);
    kc_frost_sessions_expire(vault->frost, now_ms);
    if ((call = kc_ledger_begin_erasing(vault)) != NULL)
        kc_call_run(call);
    kc_vault_run_all(vault);
    kc_ledger_expire(vault);
    kc_vault_begin_changes(vault);
}

uint64_t kc_vault_deadline(struct kc_vault *vault)
{
    uint64_t sessions = kc_sessions_deadline(vault->sessions);
    uint64_t ledger = kc_ledger_deadline(vault);
    uint64_t questions = kc_vault_question_deadline(vault);
    uint64_t erasing = kc_ledger_erase_deadline(vault);
    uint64_t handouts = kc_handouts_deadline(vault->handouts);
    uint64_t frost = kc_frost_sessions_deadline(vault->frost);
    uint64_t nearest = sessions < ledger ? sessions : ledger;
    nearest = nearest < frost ? nearest : frost;
    nearest = nearest < handouts ? nearest : handouts;
    nearest = nearest < erasing ? nearest : erasing;
    return nearest < questions ? nearest : questions;
}

static bool is_idle(struct kc_vault *vault)
{
    pthread_mutex_lock(&vault->lock);
    bool idle = vault->pending_count == 0 && vault->ledger.waiting == 0 && !vault->waiting.first &&
                !vault->settling.first && !vault->runnable.first && !vault->slow.first;
    pthread_mutex_unlock(&vault->lock);
    return idle && kc_sessions_waiting(vault->sessions) == 0;
}

bool kc_vault_stop(struct kc_vault *vault)
{
    atomic_store(&vault->stopping, true);
    if (!is_idle(vault))
        return false;
    kc_ledger_stop(vault);
    kc_vault_begin_changes(vault); /* what came while it was anchored */
    return is_idle(vault);
}
