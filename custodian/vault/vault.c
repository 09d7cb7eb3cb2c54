/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/ask.h"
#include "custodian/vault/fetch.h"
#include "custodian/vault/handouts.h"
#include "custodian/vault/mesh.h"
#include "custodian/vault/operations.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define BROUGHT_MAX 8192           /* records that the desk need not bring again, */
#define BROUGHT_OCTETS_MAX 8388608 /* and octets of them */
#define CLIENTS_LEAVING 8          /* room for those whose DISCONNECT other workers still have */

/* What an operation needs of the store. */
enum needs {
    NOTHING,
    STORE,          /* it makes, believes or opens records */
    STORE_IF_THERE, /* it tells of the store, whatever its state */
};

/* Every operation that the vault does. */
struct operation_row {
    kc_handler *handler;
    enum needs needs;
};

static const struct operation_row operations[KC_OPERATIONS] = {
    [KC_OPERATION_PING] = {kc_vault_ping, NOTHING},
    [KC_OPERATION_STATUS] = {kc_vault_status, STORE_IF_THERE},
    [KC_OPERATION_DOCTOR] = {kc_vault_doctor, STORE_IF_THERE},
    [KC_OPERATION_RANDOM] = {kc_vault_random, NOTHING},
    [KC_OPERATION_KEYRING_LIST] = {kc_vault_keyring_list, NOTHING},
    [KC_OPERATION_KEY_GENERATE] = {kc_vault_key_generate, STORE},
    [KC_OPERATION_KEY_LIST] = {kc_vault_key_list, STORE},
    [KC_OPERATION_KEY_SHOW] = {kc_vault_key_show, STORE},
    [KC_OPERATION_KEY_SIGN] = {kc_vault_key_sign, STORE},
    [KC_OPERATION_KEY_AGREE] = {kc_vault_key_agree, STORE},
    [KC_OPERATION_KEY_DISABLE] = {kc_vault_key_disable, STORE},
    [KC_OPERATION_KEY_ENABLE] = {kc_vault_key_enable, STORE},
    [KC_OPERATION_KEY_DESTROY] = {kc_vault_key_destroy, STORE},
    [KC_OPERATION_SHARE_SPLIT] = {kc_vault_share_split, STORE},
    [KC_OPERATION_SHARE_ENVELOPE] = {kc_vault_share_envelope, STORE},
    [KC_OPERATION_SHARE_ACCEPT] = {kc_vault_share_accept, STORE},
    [KC_OPERATION_AGREEMENT_CONTRIBUTE] = {kc_vault_agreement_contribute, STORE},
    [KC_OPERATION_AGREEMENT_COMBINE] = {kc_vault_agreement_combine, STORE},
    [KC_OPERATION_DECRYPT] = {kc_vault_decrypt, STORE},
    [KC_OPERATION_SIGNATURE_COMMIT] = {kc_vault_signature_commit, STORE},
    [KC_OPERATION_SIGNATURE_CONTRIBUTE] = {kc_vault_signature_contribute, STORE},
    [KC_OPERATION_SIGNATURE_FINISH] = {kc_vault_signature_finish, STORE},
    [KC_OPERATION_SIGNATURE_ABORT] = {kc_vault_signature_abort, STORE},
    [KC_OPERATION_SHARE_DEAL] = {kc_vault_share_deal, STORE},
    [KC_OPERATION_SHARE_DEALT] = {kc_vault_share_dealt, STORE},
    [KC_OPERATION_SHARE_REDEAL] = {kc_vault_share_redeal, STORE},
    [KC_OPERATION_SHARE_GATHER] = {kc_vault_share_gather, STORE},
    [KC_OPERATION_SHARE_RETIRE] = {kc_vault_share_retire, STORE},
    [KC_OPERATION_FROST_COMMIT] = {kc_vault_frost_commit, STORE},
    [KC_OPERATION_FROST_CONTRIBUTE] = {kc_vault_frost_contribute, STORE},
    [KC_OPERATION_FROST_AGGREGATE] = {kc_vault_frost_aggregate, STORE},
    [KC_OPERATION_FROST_ABORT] = {kc_vault_frost_abort, STORE},
    [KC_OPERATION_OPERATOR_PIN] = {kc_vault_operator_pin, STORE},
    [KC_OPERATION_RECIPIENT_ADD] = {kc_vault_recipient_add, STORE},
    [KC_OPERATION_RECIPIENT_LIST] = {kc_vault_recipient_list, STORE},
    [KC_OPERATION_RECIPIENT_REMOVE] = {kc_vault_recipient_remove, STORE},
    [KC_OPERATION_KEY_UPDATE] = {kc_vault_key_update, STORE},
    [KC_OPERATION_KEY_DECRYPT] = {kc_vault_key_decrypt, STORE},
    [KC_OPERATION_OBJECT_IMPORT] = {kc_vault_object_import, STORE},
    [KC_OPERATION_OBJECT_LIST] = {kc_vault_object_list, STORE},
    [KC_OPERATION_OBJECT_SHOW] = {kc_vault_object_show, STORE},
    [KC_OPERATION_OBJECT_UPDATE] = {kc_vault_object_update, STORE},
    [KC_OPERATION_OBJECT_DESTROY] = {kc_vault_object_destroy, STORE},
    [KC_OPERATION_KEYRING_SHOW] = {kc_vault_keyring_show, STORE},
    [KC_OPERATION_KEYRING_PIN_INIT] = {kc_vault_keyring_pin_init, STORE},
    [KC_OPERATION_KEYRING_PIN_CHANGE] = {kc_vault_keyring_pin_change, STORE},
    [KC_OPERATION_KEYRING_PIN_REMOVE] = {kc_vault_keyring_pin_remove, STORE},
    [KC_OPERATION_KEYRING_LOGIN] = {kc_vault_keyring_login, STORE},
    [KC_OPERATION_KEYRING_LOGOUT] = {kc_vault_keyring_logout, NOTHING},
    [KC_OPERATION_VERIFY] = {kc_vault_verify, NOTHING},
    [KC_OPERATION_SECRET_DERIVE] = {kc_vault_secret_derive, STORE},
    [KC_OPERATION_SECRET_ENCRYPT] = {kc_vault_secret_encrypt, NOTHING},
    [KC_OPERATION_SECRET_DECRYPT] = {kc_vault_secret_decrypt, NOTHING},
    [KC_OPERATION_SHARE_JOIN] = {kc_vault_share_join, STORE},
    [KC_OPERATION_SHARE_FORM] = {kc_vault_share_form, STORE},
    [KC_OPERATION_ATTEST] = {kc_vault_attest, STORE},
    [KC_OPERATION_ATTEST_ENROL] = {kc_vault_attest_enrol, STORE},
    [KC_OPERATION_ATTEST_ACTIVATE] = {kc_vault_attest_activate, NOTHING},
    [KC_OPERATION_STORE_ROTATE] = {kc_vault_store_rotate, STORE},
    [KC_OPERATION_KEY_SEAL] = {kc_vault_key_seal, STORE},
    [KC_OPERATION_ROOT_REPLACE] = {kc_vault_root_replace, STORE},
    [KC_OPERATION_STORE_ACCEPT] = {kc_vault_store_accept, STORE_IF_THERE},
    [KC_OPERATION_STORE_BACKUP] = {kc_vault_store_backup, NOTHING},
    [KC_OPERATION_MESH_SERVICE_CREATE] = {kc_vault_mesh_service_create, STORE},
    [KC_OPERATION_MESH_SERVICE_SHOW] = {kc_vault_mesh_service_show, STORE},
    [KC_OPERATION_MESH_HOST_SIGN] = {kc_vault_mesh_host_sign, STORE},
    [KC_OPERATION_MESH_ACCOUNT_BIND] = {kc_vault_mesh_account_bind, STORE},
    [KC_OPERATION_MESH_ACCOUNT_UNBIND] = {kc_vault_mesh_account_unbind, STORE},
    [KC_OPERATION_MESH_ACCOUNT_LIST] = {kc_vault_mesh_account_list, STORE},
    [KC_OPERATION_MESH_ACCOUNT_SHOW] = {kc_vault_mesh_account_show, STORE},
    [KC_OPERATION_MESH_CAPABILITY_ACCEPT] = {kc_vault_mesh_capability_accept, STORE},
    [KC_OPERATION_MESH_CAPABILITY_REVOKE] = {kc_vault_mesh_capability_revoke, STORE},
    [KC_OPERATION_MESH_DEVICE_REVOKE] = {kc_vault_mesh_device_revoke, STORE},
    [KC_OPERATION_MESH_CAPABILITY_WITHDRAW] = {kc_vault_mesh_capability_withdraw, STORE},
    [KC_OPERATION_MESH_DEVICE_WITHDRAW] = {kc_vault_mesh_device_withdraw, STORE},
    [KC_OPERATION_MESH_CAPABILITY_LIST] = {kc_vault_mesh_capability_list, STORE},
    [KC_OPERATION_MESH_OPERATE] = {kc_vault_mesh_operate, STORE},
    [KC_OPERATION_ENVELOPE_OPEN] = {kc_vault_envelope_open, STORE},
    [KC_OPERATION_ENVELOPE_VERIFY] = {kc_vault_envelope_verify, NOTHING},
    [KC_OPERATION_ENVELOPE_SIGN] = {kc_vault_envelope_sign, STORE},
    [KC_OPERATION_ENVELOPE_SEAL] = {kc_vault_envelope_seal, STORE},
    [KC_OPERATION_MESH_ESCROW_CREATE] = {kc_vault_mesh_escrow_create, STORE},
    [KC_OPERATION_MESH_ESCROW_SHARE] = {kc_vault_mesh_escrow_share, STORE},
    [KC_OPERATION_MESH_ESCROW_SHOW] = {kc_vault_mesh_escrow_show, STORE},
    [KC_OPERATION_MESH_ESCROW_VERIFY] = {kc_vault_mesh_escrow_verify, STORE},
    [KC_OPERATION_MESH_ESCROW_RECOVER] = {kc_vault_mesh_escrow_recover, STORE},
    [KC_OPERATION_MESH_ESCROW_RETIRE] = {kc_vault_mesh_escrow_retire, STORE},
    [KC_OPERATION_MESH_ESCROW_SEAL] = {kc_vault_mesh_escrow_seal, STORE},
    [KC_OPERATION_MESH_ESCROW_OPEN] = {kc_vault_mesh_escrow_open, STORE},
    [KC_OPERATION_MESH_ACCOUNT_CREATE] = {kc_vault_mesh_account_create, STORE},
    [KC_OPERATION_MESH_ACCOUNT_ACTIVATE] = {kc_vault_mesh_account_activate, STORE},
    [KC_OPERATION_MESH_ACCOUNT_REFRESH] = {kc_vault_mesh_account_refresh, STORE},
    [KC_OPERATION_MESH_ACCOUNT_DISCONNECT] = {kc_vault_mesh_account_disconnect, STORE},
    [KC_OPERATION_MESH_GROUP_CREATE] = {kc_vault_mesh_group_create, STORE},
    [KC_OPERATION_MESH_GROUP_MEMBER_ADD] = {kc_vault_mesh_group_member_add, STORE},
    [KC_OPERATION_MESH_GROUP_MEMBER_REMOVE] = {kc_vault_mesh_group_member_remove, STORE},
    [KC_OPERATION_MESH_GROUP_JOIN] = {kc_vault_mesh_group_join, STORE},
    [KC_OPERATION_MESH_GROUP_ROTATE] = {kc_vault_mesh_group_rotate, STORE},
    [KC_OPERATION_MESH_ACCOUNT_MOVE] = {kc_vault_mesh_account_move, STORE},
    [KC_OPERATION_MESH_ACCOUNT_CLOSE] = {kc_vault_mesh_account_close, STORE},
    [KC_OPERATION_KEY_DERIVE] = {kc_vault_key_derive, STORE},
    [KC_OPERATION_MESH_ACCOUNT_PROFILE] = {kc_vault_mesh_account_profile, STORE},
    [KC_OPERATION_MESH_DEVICE_CREATE] = {kc_vault_mesh_device_create, STORE},
    [KC_OPERATION_MESH_DEVICE_INSTALL] = {kc_vault_mesh_device_install, STORE},
    [KC_OPERATION_MESH_DEVICE_LIST] = {kc_vault_mesh_device_list, STORE},
    [KC_OPERATION_MESH_DEVICE_SHOW] = {kc_vault_mesh_device_show, STORE},
    [KC_OPERATION_MESH_DEVICE_DESTROY] = {kc_vault_mesh_device_destroy, STORE},
    [KC_OPERATION_MESH_DEVICE_REQUEST] = {kc_vault_mesh_device_request, STORE},
    [KC_OPERATION_MESH_DEVICE_CHECK] = {kc_vault_mesh_device_check, STORE},
    [KC_OPERATION_MESH_DEVICE_ACTIVATE] = {kc_vault_mesh_device_activate, STORE},
    [KC_OPERATION_MESH_DEVICE_CANCEL] = {kc_vault_mesh_device_cancel, STORE},
    [KC_OPERATION_MESH_DEVICE_LEAVE] = {kc_vault_mesh_device_leave, STORE},
    [KC_OPERATION_MESH_DEVICE_REFRESH] = {kc_vault_mesh_device_refresh, STORE},
    [KC_OPERATION_MESH_PIN_CREATE] = {kc_vault_mesh_pin_create, STORE},
    [KC_OPERATION_MESH_PIN_CHECK] = {kc_vault_mesh_pin_check, STORE},
    [KC_OPERATION_MESH_PIN_VERIFY] = {kc_vault_mesh_pin_verify, STORE},
    [KC_OPERATION_MESH_PIN_CLOSE] = {kc_vault_mesh_pin_close, STORE},
    [KC_OPERATION_MESH_EARL_CREATE] = {kc_vault_mesh_earl_create, STORE},
    [KC_OPERATION_MESH_EARL_PUBLISH] = {kc_vault_mesh_earl_publish, STORE},
    [KC_OPERATION_MESH_EARL_CLAIM] = {kc_vault_mesh_earl_claim, STORE},
    [KC_OPERATION_MESH_EARL_OPEN] = {kc_vault_mesh_earl_open, NOTHING},
    [KC_OPERATION_MESH_EARL_CHECK] = {kc_vault_mesh_earl_check, STORE},
};

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

/* --- calls --- */

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
    const struct operation_row *row = &operations[call->in.message.operation];
    if (!row->handler)
        return KC_ERR_UNKNOWN_OPERATION;
    enum kc_error error = check_request(call);
    if (error == KC_OK)
        error = admit(call);
    if (error == KC_OK && row->needs != NOTHING) {
        error = kc_ledger_open(call, row->needs == STORE && !call->opens);
        if (call->wish != KC_WISH_ANSWER)
            return KC_OK;
        if (row->needs == STORE_IF_THERE) {
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

/* Runs a call until it ends or waits; it is not the caller's any more. */
static void run(struct kc_call *call)
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

static void run_all(struct kc_vault *vault)
{
    struct kc_call *call;
    do {
        pthread_mutex_lock(&vault->lock);
        call = kc_call_list_take(&vault->runnable);
        pthread_mutex_unlock(&vault->lock);
        if (call)
            run(call);
    } while (call);
}

/* What the packet has brought is committed together; a change that fails at once lets others go on. */
static void begin_changes(struct kc_vault *vault)
{
    bool goes_on = true;
    while (goes_on) {
        kc_ledger_run(vault);
        pthread_mutex_lock(&vault->lock);
        goes_on = vault->runnable.first != NULL;
        pthread_mutex_unlock(&vault->lock);
        run_all(vault);
    }
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
        run(call);
        run_all(vault);
        begin_changes(vault);
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

/* The desk's answers: of a call by its ticket, or of the ledger. */
static enum kc_error take_answer(struct kc_call *call)
{
    struct kc_vault *vault = call->vault;
    enum kc_error error = KC_OK;
    if (call->desk != kc_vault_desk(vault))
        kc_call_free(call);
    else if (call->in.type == KC_VAULT_FETCHED && call->in.ticket != 0)
        error = kc_vault_fetched(call);
    else {
        error = call->in.type == KC_VAULT_STORED
                    ? kc_ledger_stored(vault, call->in.error, call->in.place)
                    : kc_ledger_fetched(vault, &call->in);
        kc_call_free(call);
    }
    return error;
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
            run(call);
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
        run_all(vault);
    } while (error == KC_OK && left.size > 0);
    begin_changes(vault);
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
    run_all(vault);
    begin_changes(vault);
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
        run(call);
    run_all(vault);
    kc_ledger_expire(vault);
    begin_changes(vault);
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

bool kc_vault_stop(struct kc_vault *vault)
{
    atomic_store(&vault->stopping, true);
    pthread_mutex_lock(&vault->lock);
    bool idle = vault->pending_count == 0 && vault->ledger.waiting == 0 && !vault->waiting.first &&
                !vault->settling.first && !vault->runnable.first && !vault->slow.first;
    pthread_mutex_unlock(&vault->lock);
    if (idle)
        kc_ledger_stop(vault);
    return idle && kc_sessions_waiting(vault->sessions) == 0;
}
