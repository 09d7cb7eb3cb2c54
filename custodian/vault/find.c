/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/find.h"

#include "custodian/vault/fetch.h"

#include <string.h>

#define ASK_AGAIN_MAX 3 /* times that the desk is asked for a newer record */

static bool is_id(struct kc_span text, const char *id)
{
    return text.size == strlen(id) && memcmp(text.bytes, id, text.size) == 0;
}

size_t kc_call_times_looked_for(const struct kc_call *call, const char *id)
{
    size_t times = 0;
    for (size_t i = 0; i < call->in.id_count; i++)
        times += is_id(call->in.ids[i], id);
    return times;
}

bool kc_call_looked_for(const struct kc_call *call, const char *id)
{
    return kc_call_times_looked_for(call, id) > 0;
}

/* The newest of that name: after a NEED the older one is still there. */
static struct kc_record *find(struct kc_call *call, uint8_t kind, struct kc_span id)
{
    struct kc_record *found = NULL;
    for (size_t i = 0; i < call->record_count; i++) {
        struct kc_record *record = &call->records[i];
        if (record->kind == kind && strlen(record->id) == id.size &&
            memcmp(record->id, id.bytes, id.size) == 0 &&
            (!found || record->version > found->version))
            found = record;
    }
    return found;
}

enum kc_error kc_call_believe(struct kc_call *call, const struct kc_record *record)
{
    enum kc_error error = kc_cache_knows(call->vault->cache, record)
                              ? KC_OK
                              : kc_keeper_believe(call->vault->keeper, record);
    if (error != KC_OK)
        return error;
    switch (kc_map_see(call->vault->ledger.map, record)) {
    case KC_MAP_CURRENT:
        return KC_OK;
    case KC_MAP_UNKNOWN:
        return kc_call_want_path(call, record->kind, record->id);
    case KC_MAP_CHANGING:
        if (call->wish != KC_WISH_FETCH)
            kc_call_want_settled(call, record->kind, record->id);
        return KC_ERR_UNAVAILABLE;
    case KC_MAP_OTHER:
    case KC_MAP_ABSENT:
        break;
    }
    return KC_ERR_CONFLICT;
}

/* The store has no record of this name. KC_ERR_REFUSED: so it is; KC_ERR_RECORD_DAMAGED: the map has
 * one. */
static enum kc_error check_absent(struct kc_call *call, uint8_t kind, const char *id)
{
    switch (kc_map_find(call->vault->ledger.map, kind, id)) {
    case KC_MAP_ABSENT:
        return KC_ERR_REFUSED;
    case KC_MAP_UNKNOWN:
        return kc_call_want_path(call, kind, id);
    case KC_MAP_CHANGING:
        kc_call_want_settled(call, kind, id);
        return KC_ERR_UNAVAILABLE;
    case KC_MAP_CURRENT:
    case KC_MAP_OTHER:
        break;
    }
    return KC_ERR_RECORD_DAMAGED;
}

void kc_call_need(struct kc_call *call, const char *id)
{
    if (call->wish != KC_WISH_NEED)
        call->needed_count = 0;
    call->wish = KC_WISH_NEED;
    if (call->needed_count < KC_VAULT_IDS_MAX)
        call->needed[call->needed_count++] = id;
}

/* The desk may have read the record before it stored another: so it is asked once more, and again,
 * as what many change at once, the operator's record, may be overtaken more than once. */
static enum kc_error ask_again(struct kc_call *call, const char *id)
{
    if (call->is_own || kc_call_times_looked_for(call, id) == ASK_AGAIN_MAX ||
        call->in.id_count == KC_VAULT_IDS_MAX)
        return KC_ERR_RECORD_DAMAGED;
    kc_call_need(call, id);
    return KC_ERR_UNAVAILABLE;
}

/* The desk sends a request alone and gives the records that it is asked for. */
static enum kc_error ask_first(struct kc_call *call, uint8_t kind, struct kc_span id)
{
    const char *text = kc_call_print(call, "%.*s", (int)id.size, (const char *)id.bytes);
    if (kc_call_looked_for(call, text)) {
        enum kc_error error = check_absent(call, kind, text);
        /* hidden, or made since the desk looked */
        return error == KC_ERR_RECORD_DAMAGED ? ask_again(call, text) : error;
    }
    kc_call_need(call, text);
    return KC_ERR_UNAVAILABLE;
}

/* Kinds of which a few are what very many requests are judged by. */
static bool is_asked_for_often(uint8_t kind)
{
    return kind == KC_KIND_SERVICE || kind == KC_KIND_ACCOUNT || kind == KC_KIND_CAPABILITY;
}

/* One that the desk has brought before, for this call or another; NULL: there is none. */
static struct kc_record *find_before(struct kc_call *call, uint8_t kind, struct kc_span id)
{
    char name[KC_RECORD_ID_SIZE] = {0};
    struct kc_brought_record *before = call->brought_before;
    memcpy(name, id.bytes, id.size);
    while (before && (before->record.kind != kind || !is_id(id, before->record.id)))
        before = before->next;
    if (!before && is_id(id, name)) {
        before = kc_brought_find(call->vault->brought, kind, name);
        if (!before)
            return NULL;
        before->next = call->brought_before;
        call->brought_before = before;
    }
    return before ? &before->record : NULL;
}

/* The record as it was brought before, if it still is the newest; else the desk is asked. */
static enum kc_error look_before_asking(
    struct kc_call *call, uint8_t kind, struct kc_span id, struct kc_record **record)
{
    struct kc_record *found = is_asked_for_often(kind) ? find_before(call, kind, id) : NULL;
    enum kc_error error = found ? kc_call_believe(call, found) : KC_ERR_CONFLICT;
    if (error == KC_OK)
        *record = found;
    return error == KC_OK || error == KC_ERR_UNAVAILABLE ? error : ask_first(call, kind, id);
}

enum kc_error kc_call_record(
    struct kc_call *call, uint8_t kind, struct kc_span id, struct kc_record **record)
{
    struct kc_record *found = find(call, kind, id);
    if (!found && !call->damaged && id.size > 0 && id.size < KC_RECORD_ID_SIZE)
        return look_before_asking(call, kind, id, record);
    if (!found)
        return call->damaged ? KC_ERR_RECORD_DAMAGED : KC_ERR_REFUSED;
    enum kc_error error = kc_call_believe(call, found);
    if (error == KC_ERR_CONFLICT)
        return ask_again(call, found->id);
    if (error == KC_OK)
        *record = found;
    if (error == KC_OK && is_asked_for_often(kind))
        kc_brought_keep(call->vault->brought, found);
    return error;
}

enum kc_error kc_call_own_key(struct kc_call *call, const char *id, struct kc_record **key)
{
    struct kc_span span = {(const uint8_t *)id, strlen(id)};
    enum kc_error error = kc_call_record(call, KC_KIND_KEY, span, key);
    if (error == KC_ERR_REFUSED)
        *key = NULL;
    return error == KC_ERR_REFUSED ? KC_OK : error;
}
