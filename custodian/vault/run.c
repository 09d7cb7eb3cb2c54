/* SPDX-License-Identifier: Apache-2.0 */
/* How calls run, wait and go on. */
#include "custodian/vault/ask.h"
#include "custodian/vault/fetch.h"
#include "custodian/vault/operations.h"

#include <string.h>

void kc_call_send(struct kc_call *call, const struct kc_vault_message *message,
    const struct kc_descriptors *descriptors)
{
    struct kc_vault *vault = call->vault;
    pthread_rwlock_rdlock(&vault->desk_lock);
    if (call->desk == vault->desk)
        vault->outside->send(vault->outside->context, message, descriptors);
    pthread_rwlock_unlock(&vault->desk_lock);
}

static enum kc_error find_peer(struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    enum kc_error error = KC_ERR_REFUSED;
    pthread_rwlock_rdlock(&vault->desk_lock);
    if (call->desk == vault->desk)
        error = kc_clients_find(vault->clients, call->in.connection, &call->peer);
    pthread_rwlock_unlock(&vault->desk_lock);
    call->known = error == KC_OK;
    return error;
}

/* Who asks; the vault itself does while the store is open, or to open it. */
static enum kc_error admit(struct kc_call *call)
{
    if (call->is_own)
        return call->opens || kc_ledger_is_open(call->vault) ? KC_OK : KC_ERR_CONNECTION_LOST;
    return find_peer(call);
}

static enum kc_error check_request(struct kc_call *call)
{
    const char *detail = NULL;
    enum kc_error error = kc_request_check(&call->in.message, &detail);
    if (error != KC_OK && detail)
        kc_call_set_text(call, KC_FIELD_DETAIL, detail);
    return error;
}

static enum kc_error perform(struct kc_call *call)
{
    const struct kc_vault_operation *row = &kc_vault_operations[call->in.message.operation];
    if (!row->handler)
        return KC_ERR_UNKNOWN_OPERATION;
    enum kc_error error = check_request(call);
    if (error == KC_OK)
        error = admit(call);
    if (error == KC_OK && row->needs != KC_NEEDS_NOTHING) {
        error = kc_ledger_open(call, row->needs == KC_NEEDS_STORE && !call->opens);
        if (call->wish != KC_WISH_ANSWER)
            return KC_OK;
        if (row->needs == KC_NEEDS_STORE_IF_THERE) {
            kc_call_restart(call); /* without the detail of an error */
            error = KC_OK;
        }
    }
    if (error == KC_OK && call->opens)
        call->note = "opened";
    else if (error == KC_OK)
        error = row->handler(call);
    return error;
}

/* Asks for more records than those that the desk has looked for already, which it names again: so
 * the requests of one ticket look for more each time, and end. Of a call of the vault's own there is
 * no request to send again: it waits for the records. */
static void send_need(struct kc_call *call)
{
    if (call->in.id_count + call->needed_count > KC_VAULT_IDS_MAX) {
        kc_call_finish(call, KC_ERR_INTERNAL);
        return;
    }
    struct kc_vault_message out;
    out.type = KC_VAULT_NEED;
    out.ticket = call->in.ticket;
    memcpy(out.ids, call->in.ids, sizeof out.ids);
    out.id_count = call->in.id_count;
    for (size_t i = 0; i < call->needed_count; i++)
        out.ids[out.id_count++] =
            (struct kc_span){(const uint8_t *)call->needed[i], strlen(call->needed[i])};
    if (!call->is_own) {
        kc_call_send(call, &out, NULL);
        kc_call_free(call);
        return;
    }
    enum kc_error error = kc_call_pend_and_send(call, &out, NULL);
    if (error != KC_OK)
        kc_call_finish(call, error);
}

/* Another call opens the ledger: this one goes on when that is done. */
static void wait_opened(struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    pthread_mutex_lock(&vault->lock);
    kc_call_list_append(
        atomic_load(&vault->ledger.opening.call) ? &vault->waiting : &vault->runnable, call);
    pthread_mutex_unlock(&vault->lock);
}

/* Takes the turn, or lets the call wait for it: true if it goes on now. */
static bool take_turn(struct kc_call *call)
{
    bool taken;
    enum kc_error error = kc_sessions_enter(call->vault->sessions, call, &taken);
    if (error == KC_OK)
        return taken;
    kc_call_finish(call, error);
    return false;
}

static void put_off(struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    pthread_mutex_lock(&vault->lock);
    kc_call_list_append(&vault->slow, call);
    pthread_mutex_unlock(&vault->lock);
}

/* What a call wishes for that it does not wait for here. An error that comes with the wish for more
 * is just what it would be without it. */
static void follow(struct kc_call *call, enum kc_error error, enum kc_call_wish wish)
{
    if (wish == KC_WISH_FETCH || wish == KC_WISH_SETTLED || wish == KC_WISH_OPENED)
        kc_call_restart(call);
    if (wish == KC_WISH_NEED)
        send_need(call);
    else if (wish == KC_WISH_ASK)
        kc_call_ask(call);
    else if (wish == KC_WISH_FETCH)
        kc_call_fetch(call);
    else if (wish == KC_WISH_SETTLED)
        kc_call_wait_settled(call);
    else if (wish == KC_WISH_OPENED)
        wait_opened(call);
    else if (error != KC_OK && kc_call_keep_proof(call, error))
        return;
    else if (error != KC_OK || wish == KC_WISH_ANSWER)
        kc_call_finish(call, error);
    else if (wish == KC_WISH_SLOW)
        put_off(call);
    else if (wish == KC_WISH_COMMIT || wish == KC_WISH_COMMIT_AGAIN)
        kc_ledger_commit(call);
}

void kc_call_run(struct kc_call *call)
{
    bool goes_on;
    do {
        call->wish = KC_WISH_ANSWER;
        enum kc_error error = perform(call);
        enum kc_call_wish wish = call->wish;
        goes_on = error == KC_OK && wish == KC_WISH_TURN && take_turn(call);
        if (wish != KC_WISH_TURN || error != KC_OK)
            follow(call, error, wish);
    } while (goes_on);
}

void kc_vault_resume(struct kc_vault *vault, struct kc_call_list *calls)
{
    struct kc_call *call;
    pthread_mutex_lock(&vault->lock);
    while ((call = kc_call_list_take(calls)) != NULL)
        kc_call_list_append(&vault->runnable, call);
    pthread_mutex_unlock(&vault->lock);
}

void kc_vault_run_all(struct kc_vault *vault)
{
    struct kc_call *call;
    do {
        pthread_mutex_lock(&vault->lock);
        call = kc_call_list_take(&vault->runnable);
        pthread_mutex_unlock(&vault->lock);
        if (call)
            kc_call_run(call);
    } while (call);
}

static bool has_work(struct kc_vault *vault)
{
    pthread_mutex_lock(&vault->lock);
    bool has = vault->runnable.first || kc_ledger_may_begin(vault);
    pthread_mutex_unlock(&vault->lock);
    return has;
}

/* A change that fails at once lets others go on. What this thread runs may be another's, which has
 * left meanwhile: so it leaves when nothing is to be done, and not when nothing more is to be done
 * by itself. */
void kc_vault_begin_changes(struct kc_vault *vault)
{
    do {
        kc_ledger_run(vault);
        kc_vault_run_all(vault);
    } while (has_work(vault));
}

/* The next slow call, if nobody does one; NULL: there is nothing to do here any more. */
static struct kc_call *next_slow(struct kc_vault *vault, bool mine)
{
    struct kc_call *call = NULL;
    pthread_mutex_lock(&vault->lock);
    if (mine || !vault->is_slow) {
        call = kc_call_list_take(&vault->slow);
        vault->is_slow = call != NULL;
    }
    pthread_mutex_unlock(&vault->lock);
    return call;
}

bool kc_vault_do_slow(struct kc_vault *vault)
{
    struct kc_call *call = next_slow(vault, false);
    bool any = call != NULL;
    for (; call; call = next_slow(vault, true)) {
        call->is_slow = true;
        kc_call_run(call);
        kc_vault_run_all(vault);
        kc_vault_begin_changes(vault);
    }
    return any;
}

void kc_vault_leave(struct kc_vault *vault, const char *share)
{
    struct kc_call_list next = {0};
    kc_sessions_leave(vault->sessions, share, &next);
    kc_vault_resume(vault, &next);
}

void kc_vault_close_share(struct kc_vault *vault, const char *share)
{
    struct kc_call_list next = {0};
    kc_sessions_close_share(vault->sessions, share, &next);
    kc_frost_sessions_close_share(vault->frost, share);
    kc_vault_resume(vault, &next);
}
