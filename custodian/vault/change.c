/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "custodian/vault/core.h"
#include "custodian/vault/fetch.h"
#include "custodian/vault/mesh.h"
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
    bool is_new = record->version == 0;
    if (!is_new && change->format < KC_RECORD_FORMAT_ROOT && change->seal_size > 0)
        KC_TEXT_COPY_ARRAY(change->root, KC_CONFIG_ROOT_NAME); /* all were of the only one */
    change->format = KC_RECORD_FORMAT;
    enum kc_error error = kc_map_issue(call->vault->ledger.map, change);
    if (error != KC_OK)
        return error;
    memcpy(call->before[call->change_count], record->mac, KC_MAP_TAG_SIZE);
    call->change_count++;
    *staged = change;
    return KC_OK;
}

enum kc_error kc_call_set_body(struct kc_call *call, struct kc_record *staged, struct kc_span body)
{
    if (body.size > KC_RECORD_BODY_MAX)
        return KC_ERR_TOO_LARGE;
    struct kc_call_body *copy = malloc(sizeof *copy + body.size + 1);
    if (!copy)
        return KC_ERR_NO_MEMORY;
    if (body.size > 0)
        memcpy(copy->bytes, body.bytes, body.size);
    copy->next = call->bodies;
    call->bodies = copy;
    staged->body = (struct kc_span){copy->bytes, body.size};
    return KC_OK;
}

enum kc_error kc_call_pack_body(
    struct kc_call *call, struct kc_record *staged, kc_call_pack *pack, const void *content)
{
    struct kc_writer w;
    uint8_t *room = malloc(KC_RECORD_BODY_MAX);
    if (!room)
        return KC_ERR_NO_MEMORY;
    kc_writer_init(&w, room, KC_RECORD_BODY_MAX);
    pack(&w, content);
    enum kc_error error = kc_writer_finish(&w);
    if (error == KC_OK)
        error = kc_call_set_body(call, staged, (struct kc_span){room, w.size});
    free(room);
    return error;
}

void kc_call_unstage_from(struct kc_call *call, size_t count)
{
    if (count >= call->change_count)
        return;
    for (size_t i = count; i < call->change_count; i++)
        kc_map_settle(call->vault->ledger.map, &call->changes[i], false);
    call->change_count = count;
    kc_vault_settled(call->vault);
}

void kc_call_unstage(struct kc_call *call)
{
    kc_call_unstage_from(call, 0);
    call->proof_staged = false;
}

bool kc_call_keep_proof(struct kc_call *call, enum kc_error error)
{
    if (!call->proof_staged)
        return false;
    kc_call_unstage_from(call, 1);
    call->proof_staged = call->erases = call->anchors = call->is_last = call->moves_home = false;
    call->generation = 0;
    call->outcome = error;
    call->wish = KC_WISH_COMMIT;
    kc_ledger_commit(call);
    return true;
}

/* --- what was stored --- */

/* A key's older version is no key any more, and what is not active has no open commitment. */
static void take_effect(struct kc_vault *vault, const struct kc_record *record)
{
    kc_map_settle(vault->ledger.map, record, true);
    kc_mesh_state_note(vault->mesh, record);
    if (record->kind == KC_KIND_VAULT)
        kc_keeper_changed(vault->keeper, record);
    if (record->kind == KC_KIND_ROOT)
        kc_ledger_note_replacement(vault, record);
    if (record->kind == KC_KIND_GENERATION && record->state == KC_STATE_ACTIVE)
        kc_ledger_keep_generation(vault, record);
    kc_cache_drop(vault->cache, record->id);
    kc_brought_drop(vault->brought, record->id);
    if (record->kind != KC_KIND_KEY)
        return;
    if (record->state != KC_STATE_ACTIVE)
        kc_vault_close_share(vault, record->id);
}

/* Whether there was one of this name to replace. */
static bool replace(struct kc_call *call, const struct kc_record *change)
{
    bool found = false;
    for (size_t i = 0; i < call->record_count; i++)
        if (call->records[i].kind == change->kind && strcmp(call->records[i].id, change->id) == 0) {
            call->records[i] = *change;
            found = true;
        }
    return found;
}

/* A call that goes on finds what it changed in place of, or with, what came with the request. */
static void renew(struct kc_call *call, const struct kc_record *change)
{
    bool is_there = call->page && replace(call->page, change);
    is_there = replace(call, change) || is_there;
    if (is_there || call->wish != KC_WISH_COMMIT_AGAIN)
        return;
    struct kc_record *more =
        realloc(call->records, (call->record_count + 1) * sizeof call->records[0]);
    if (!more)
        return; /* it will be asked for */
    call->records = more;
    call->records[call->record_count++] = *change;
}

void kc_call_settle(struct kc_call *call)
{
    for (size_t i = 0; i < call->change_count; i++) {
        take_effect(call->vault, &call->changes[i]);
        renew(call, &call->changes[i]);
        call->changed = true;
    }
    call->settled_count = call->change_count;
    call->change_count = 0;
    call->proof_staged = false;
}
