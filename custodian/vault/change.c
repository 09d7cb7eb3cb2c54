/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/core.h"
#include "custodian/vault/resident.h"

#include <stdlib.h>
#include <string.h>

enum kc_error kc_call_stage(
    struct kc_call *call, const struct kc_record *record, struct kc_record **staged)
{
    if (call->change_count == KC_CALL_CHANGES_MAX)
        return KC_ERR_INTERNAL;
    if (!call->changes)
        call->changes = calloc(KC_CALL_CHANGES_MAX, sizeof call->changes[0]);
    if (!call->changes)
        return KC_ERR_NO_MEMORY;
    struct kc_record *change = &call->changes[call->change_count];
    *change = *record;
    change->format = KC_RECORD_FORMAT;
    enum kc_error error = kc_versions_issue(call->vault->versions, change);
    if (error != KC_OK)
        return error;
    call->change_count++;
    *staged = change;
    return KC_OK;
}

enum kc_error kc_call_set_body(struct kc_call *call, struct kc_record *staged, struct kc_span body)
{
    uint8_t **kept = &call->bodies[staged - call->changes];
    if (body.size > KC_RECORD_BODY_MAX)
        return KC_ERR_TOO_LARGE;
    uint8_t *copy = malloc(body.size + 1);
    if (!copy)
        return KC_ERR_NO_MEMORY;
    if (body.size > 0)
        memcpy(copy, body.bytes, body.size);
    free(*kept);
    *kept = copy;
    staged->body = (struct kc_span){copy, body.size};
    return KC_OK;
}

void kc_call_unstage(struct kc_call *call)
{
    for (size_t i = 0; i < call->change_count; i++)
        kc_versions_settle(call->vault->versions, &call->changes[i], false);
    call->change_count = 0;
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
    if (vault->pending_count >= vault->config->limits.in_flight)
        return KC_ERR_LIMIT;
    for (const struct kc_call *other = list->first; other; other = other->next)
        if (other->in.ticket == call->in.ticket)
            return KC_ERR_CONFLICT;
    kc_call_list_append(list, call);
    vault->pending_count++;
    return KC_OK;
}

static struct kc_call *unpend(struct kc_vault *vault, uint64_t ticket)
{
    struct kc_call_list others = {0};
    struct kc_call *found = NULL, *call;
    struct kc_call_list *list = bucket(vault, ticket);
    while ((call = kc_call_list_take(list)) != NULL) {
        if (call->in.ticket == ticket)
            found = call;
        else
            kc_call_list_append(&others, call);
    }
    *list = others;
    vault->pending_count -= found != NULL;
    return found;
}

/* --- COMMIT --- */

static enum kc_error pack_changes(
    const struct kc_call *call, struct kc_vault_message *out, uint8_t *packed, size_t size)
{
    struct kc_writer w;
    kc_writer_init(&w, packed, size);
    for (size_t i = 0; i < call->change_count; i++) {
        size_t start = w.size;
        kc_record_pack(&w, &call->changes[i]);
        out->records[i] = (struct kc_span){packed + start, w.size - start};
    }
    out->record_count = call->change_count;
    return kc_writer_finish(&w);
}

/* Once it is in the table and sent, another thread may have the call. */
static enum kc_error pend_and_send(struct kc_call *call, const struct kc_vault_message *out)
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
        vault->outside->send(vault->outside->context, out, NULL);
    pthread_rwlock_unlock(&vault->desk_lock);
    return error;
}

void kc_call_commit(struct kc_call *call)
{
    size_t size = call->change_count * KC_RECORD_SIZE_MAX;
    uint8_t *packed = malloc(size + 1); /* ciphertexts, nothing secret */
    struct kc_vault_message out;
    out.type = KC_VAULT_COMMIT;
    out.ticket = call->in.ticket;
    enum kc_error error = packed ? pack_changes(call, &out, packed, size) : KC_ERR_NO_MEMORY;
    if (error == KC_OK)
        error = pend_and_send(call, &out);
    free(packed);
    if (error != KC_OK)
        kc_call_finish(call, error);
}

/* --- STORED --- */

/* A key's older version is no key any more, and what is not active has no open commitment. */
static void take_effect(struct kc_vault *vault, const struct kc_record *record)
{
    kc_versions_settle(vault->versions, record, true);
    if (record->kind == KC_KIND_VAULT)
        kc_keeper_changed(vault->keeper, record);
    if (record->kind != KC_KIND_KEY)
        return;
    kc_cache_drop(vault->cache, record->id);
    if (record->state != KC_STATE_ACTIVE)
        kc_vault_close_share(vault, record->id);
}

/* A call that goes on finds what it changed in place of what came with the request. */
static void renew(struct kc_call *call, const struct kc_record *change)
{
    for (size_t i = 0; i < call->record_count; i++)
        if (call->records[i].kind == change->kind && strcmp(call->records[i].id, change->id) == 0)
            call->records[i] = *change;
}

static void settle(struct kc_call *call)
{
    for (size_t i = 0; i < call->change_count; i++) {
        take_effect(call->vault, &call->changes[i]);
        renew(call, &call->changes[i]);
        call->changed = true;
    }
    call->change_count = 0;
}

/* The root secret that this call made is in the store, or is not: those who waited look again. */
static enum kc_error end_making(struct kc_call *call, enum kc_error error)
{
    struct kc_vault *vault = call->vault;
    if (error == KC_OK)
        error = kc_keeper_load(vault->keeper, &call->changes[0]);
    pthread_mutex_lock(&vault->lock);
    vault->making = false;
    struct kc_call_list waiting = vault->waiting;
    vault->waiting = (struct kc_call_list){0};
    pthread_mutex_unlock(&vault->lock);
    kc_vault_resume(vault, &waiting);
    return error;
}

enum kc_error kc_vault_stored(struct kc_vault *vault, uint64_t ticket, enum kc_error error)
{
    pthread_mutex_lock(&vault->lock);
    struct kc_call *call = unpend(vault, ticket);
    pthread_mutex_unlock(&vault->lock);
    if (!call)
        return KC_ERR_BAD_REQUEST;
    if (call->wish == KC_WISH_ROOT_SECRET)
        error = end_making(call, error);
    if (error == KC_OK)
        settle(call);
    if (error != KC_OK && call->wish == KC_WISH_COMMIT_AGAIN)
        kc_resident_not_stored(call);
    if (error != KC_OK || call->wish == KC_WISH_COMMIT) {
        kc_call_finish(call, error == KC_OK ? call->outcome : error);
        return KC_OK;
    }
    kc_vault_resume(vault, &(struct kc_call_list){call, call});
    return KC_OK;
}
