/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mesh-operate. First all records that the request names are wished for, and believed; their names come
 * from octets that nobody is believed for, and choose only what the request is judged by. Then
 * kc_operate judges it. If it needs something durable, that an ID of its time may be taken or a block of
 * operations, it has done nothing yet: the change is stored, and it judges again.
 */
#include "custodian/vault/access.h"
#include "custodian/vault/fetch.h"
#include "custodian/vault/find.h"
#include "custodian/vault/key.h"
#include "custodian/vault/mesh.h"
#include "custodian/vault/operations.h"

#include "base/text.h"
#include "custodian/mesh/operate_names.h"

#include <stdlib.h>
#include <string.h>

#define EDGE_STEP_MS 10000 /* that the edge is moved ahead of what is taken */
#define SECONDS_PER_HOUR 3600

/* A capability that is named. */
struct held {
    struct kc_mesh_granted granted; /* secret: its share */
    struct kc_record *record;
    size_t reserved; /* operations that were taken for it */
    size_t used;     /* and those that an answer used up which has not left */
    bool is_short;   /* of them: a block is to be charged */
};

#define ASKED_MAX                                                                                  \
    12 /* three names of a device, along the chain of its account, and of the member's */

/* A device that was looked up, and had not been revoked. */
struct asked {
    char account_udf[KC_UDF_ID_SIZE], udf[KC_UDF_DIGEST_TEXT_SIZE];
};

/* A request on its way. */
struct serving {
    struct kc_call *call;
    struct kc_operate_names names;
    struct kc_record *service, *account; /* NULL: there is none that is bound */
    struct kc_mesh_bound bound;
    struct held *held; /* in the arena */
    size_t held_count;
    struct asked asked[ASKED_MAX];
    size_t asked_count;
    uint64_t now;
    uint64_t edge_ms;    /* that is to be stored first; 0: it is far enough */
    enum kc_error error; /* of what was looked up while it was judged */
};

static void serving_done(struct serving *serving)
{
    struct kc_mesh_state *state = serving->call->vault->mesh;
    for (size_t i = 0; i < serving->held_count; i++)
        if (serving->held[i].reserved > 0)
            kc_mesh_state_give(
                state, serving->held[i].record->id, serving->held[i].reserved, serving->now);
    kc_arena_free(serving->held);
    kc_operate_names_done(&serving->names);
}

/* --- what the request is judged by --- */

static const struct kc_mesh_account *find_account(void *context, const char *address)
{
    struct serving *serving = context;
    return serving->account && strcmp(serving->bound.account.address, address) == 0
               ? &serving->bound.account
               : NULL;
}

static struct held *held_of(struct serving *serving, const char *id)
{
    for (size_t i = 0; i < serving->held_count; i++)
        if (strcmp(serving->held[i].granted.capability.id, id) == 0)
            return &serving->held[i];
    return NULL;
}

static const struct kc_mesh_capability *find_capability(void *context, const char *id)
{
    const struct held *held = held_of(context, id);
    return held ? &held->granted.capability : NULL;
}

/* It is looked up again before the answer leaves. False: there is no room to note it. */
static bool note_asked(struct serving *serving, const char *account_udf, const char *udf)
{
    struct asked *asked = &serving->asked[serving->asked_count];
    if (serving->asked_count == ASKED_MAX ||
        !kc_text_copy(asked->account_udf, sizeof asked->account_udf, account_udf) ||
        !kc_text_copy(asked->udf, sizeof asked->udf, udf))
        return false;
    serving->asked_count++;
    return true;
}

/* Whoever cannot be looked up counts as revoked; the request is judged again then. */
static bool is_revoked(void *context, const char *account_udf, const char *udf)
{
    struct serving *serving = context;
    bool revoked = true;
    enum kc_error error =
        kc_call_is_revoked(serving->call, KC_MESH_REVOKED_DEVICE, account_udf, udf, &revoked);
    if (error != KC_OK && serving->error == KC_OK)
        serving->error = error;
    return revoked || !note_asked(serving, account_udf, udf);
}

static bool is_ready(void *context, uint64_t time_ms)
{
    struct serving *serving = context;
    uint64_t until_ms, now_ms = serving->now * 1000;
    if (kc_mesh_state_edge(serving->call->vault->mesh, &until_ms) && time_ms <= until_ms)
        return true;
    serving->edge_ms = (time_ms > now_ms ? time_ms : now_ms) + EDGE_STEP_MS;
    return false;
}

/* At a limit there is nothing to wait for: the charge fails. */
static bool is_reserved(void *context, const struct kc_mesh_capability *capability)
{
    struct serving *serving = context;
    struct kc_vault *vault = serving->call->vault;
    struct held *held = held_of(serving, capability->id);
    struct kc_mesh_usage usage = held->granted.usage;
    bool alarm;
    if (kc_mesh_state_take(vault->mesh, held->record->id, serving->now)) {
        held->reserved++;
        return true;
    }
    held->is_short = kc_mesh_usage_charge(&vault->config->operate, serving->now, &usage, &alarm);
    return !held->is_short;
}

static bool charge(void *context, const struct kc_mesh_capability *capability)
{
    struct held *held = held_of(context, capability->id);
    if (held->reserved == 0)
        return false;
    held->reserved--;
    held->used++;
    return true;
}

/* --- records --- */

static bool is_wishing(const struct kc_call *call)
{
    return call->wish != KC_WISH_ANSWER;
}

/* The account of the address; none is no error: the request is answered as what it is. */
static enum kc_error find_bound(struct serving *serving)
{
    struct kc_call *call = serving->call;
    if (serving->names.address[0] == '\0' || strlen(serving->names.address) >= KC_RECORD_TEXT_SIZE)
        return KC_OK;
    char service[KC_RECORD_TEXT_SIZE];
    kc_call_service_name(call, service);
    enum kc_error error =
        kc_call_account(call, service, serving->names.address, &serving->account, &serving->bound);
    if (error == KC_ERR_REFUSED || (error == KC_OK && !serving->bound.is_active)) {
        serving->account = NULL;
        return KC_OK;
    }
    return error;
}

static enum kc_error find_record(
    struct serving *serving, const char *name, struct kc_record **record)
{
    struct kc_call *call = serving->call;
    char id[KC_RECORD_ID_SIZE];
    kc_mesh_capability_record_id(serving->bound.account.udf, name, id);
    return kc_call_record(
        call, KC_KIND_CAPABILITY, (struct kc_span){(const uint8_t *)id, strlen(id)}, record);
}

/* Takes what may be used into what is held; others are as if they were not there. */
static enum kc_error hold(struct serving *serving, struct kc_record *record)
{
    struct held *held = &serving->held[serving->held_count];
    bool revoked = true;
    enum kc_error error = kc_mesh_granted_read(record, &held->granted);
    if (error != KC_OK || !held->granted.is_active ||
        held->granted.binding != serving->bound.binding)
        return error;
    error = kc_call_is_revoked(serving->call, KC_MESH_REVOKED_CAPABILITY,
        serving->bound.account.udf, held->granted.capability.id, &revoked);
    if (error != KC_OK || revoked)
        return error;
    held->record = record;
    const struct kc_config_operate *policy = &serving->call->vault->config->operate;
    held->granted.capability.allows_export = policy->exports != 0;
    held->granted.capability.allows_offset = policy->offsets != 0;
    error = kc_call_share(serving->call, serving->account, record, &held->granted.capability);
    if (error == KC_OK)
        serving->held_count++;
    return error;
}

/* All of them are wished for before any is waited for. */
static enum kc_error hold_all(struct serving *serving)
{
    enum kc_error first = KC_OK;
    if (!serving->account || serving->names.key_count == 0)
        return KC_OK;
    serving->held = kc_arena_allocate(serving->names.key_count * sizeof *serving->held);
    if (!serving->held)
        return KC_ERR_NO_MEMORY;
    for (size_t i = 0; i < serving->names.key_count; i++) {
        struct kc_record *record;
        enum kc_error error = find_record(serving, serving->names.keys[i], &record);
        if (error == KC_OK && !is_wishing(serving->call))
            error = hold(serving, record);
        if (error != KC_OK && error != KC_ERR_REFUSED && first == KC_OK)
            first = error;
    }
    return first;
}

/* Once in the life of the process. */
static enum kc_error find_edge(struct kc_call *call)
{
    struct kc_record *edge;
    uint64_t until_ms;
    if (kc_mesh_state_edge(call->vault->mesh, &until_ms))
        return KC_OK;
    static const char id[] = KC_RECORD_ID_EDGE;
    enum kc_error error = kc_call_record(
        call, KC_KIND_REVOCATION, (struct kc_span){(const uint8_t *)id, sizeof id - 1}, &edge);
    if (error == KC_OK)
        kc_mesh_state_note(call->vault->mesh, edge);
    if (error == KC_ERR_REFUSED)
        kc_mesh_state_no_edge(call->vault->mesh);
    return error == KC_ERR_REFUSED ? KC_OK : error;
}

static enum kc_error first_of(enum kc_error a, enum kc_error b)
{
    return a != KC_OK ? a : b;
}

/* Each wish is another way to the desk: so all is wished for together but for the capabilities, whose
 * names are of the account's. */
static enum kc_error find_all(struct serving *serving)
{
    struct kc_call *call = serving->call;
    enum kc_error error = kc_call_service(call, &serving->service);
    if (error == KC_OK || is_wishing(call))
        error = first_of(error, find_bound(serving));
    if (error == KC_OK || is_wishing(call))
        error = first_of(error, find_edge(call));
    return error == KC_OK ? hold_all(serving) : error;
}

/* --- what is to be durable first --- */

static enum kc_error stage_edge(struct serving *serving)
{
    struct kc_call *call = serving->call;
    static const char id[] = KC_RECORD_ID_EDGE;
    struct kc_record *former, *staged,
        wanted = {.kind = KC_KIND_REVOCATION,
            .state = KC_STATE_ACTIVE,
            .id = KC_RECORD_ID_EDGE,
            .created = serving->now};
    uint8_t octets[8];
    struct kc_writer w;
    enum kc_error error = kc_call_record(
        call, KC_KIND_REVOCATION, (struct kc_span){(const uint8_t *)id, sizeof id - 1}, &former);
    if (error == KC_OK)
        wanted = *former;
    if (error != KC_OK && error != KC_ERR_REFUSED)
        return error;
    kc_writer_init(&w, octets, sizeof octets);
    kc_writer_u64(&w, serving->edge_ms);
    error = kc_call_stage_or_wait(call, &wanted, &staged);
    if (error == KC_OK)
        error = kc_call_set_body(call, staged, (struct kc_span){octets, sizeof octets});
    return error == KC_OK ? kc_keeper_protect(call->vault->keeper, staged, NULL) : error;
}

static enum kc_error stage_charge(struct serving *serving, const struct held *held)
{
    struct kc_call *call = serving->call;
    struct kc_record *staged;
    struct kc_mesh_granted granted = held->granted; /* secret */
    bool alarm;
    if (!kc_mesh_usage_charge(&call->vault->config->operate, serving->now, &granted.usage, &alarm))
        return KC_OK;
    if (alarm) {
        const char *id = granted.capability.id;
        kc_call_tell(call, (struct kc_span){(const uint8_t *)id, strlen(id)}, "limit-near");
    }
    enum kc_error error = kc_call_stage_or_wait(call, held->record, &staged);
    if (error == KC_OK)
        error = kc_mesh_granted_write(call, staged, &granted);
    if (error == KC_OK)
        error = kc_call_protect_share(call, serving->account, staged, &granted.capability);
    kc_mesh_capability_wipe(&granted.capability);
    return error;
}

/* As much as a commit takes; the rest is found missing again. */
static enum kc_error store_first(struct serving *serving)
{
    struct kc_call *call = serving->call;
    enum kc_error error = serving->edge_ms != 0 ? stage_edge(serving) : KC_OK;
    for (size_t i = 0; error == KC_OK && i < serving->held_count; i++)
        if (serving->held[i].is_short && call->change_count < KC_CALL_CHANGES_MAX)
            error = stage_charge(serving, &serving->held[i]);
    return kc_call_commit_again(call, error, false);
}

/* What this call has charged and had stored is to be used. */
static void take_charged(struct kc_call *call)
{
    struct kc_mesh_granted granted;
    for (size_t i = 0; i < call->settled_count; i++)
        if (call->changes[i].kind == KC_KIND_CAPABILITY &&
            kc_mesh_granted_read(&call->changes[i], &granted) == KC_OK)
            kc_mesh_state_charged(call->vault->mesh, call->changes[i].id, &granted.usage);
    call->settled_count = 0;
}

/* --- the answer --- */

/* What it was judged by is not what it was: it is judged again. */
static enum kc_error has_changed(struct kc_call *call)
{
    kc_call_want_again(call);
    return KC_ERR_UNAVAILABLE;
}

/* Whether account, capabilities and device are as they were when the answer was computed: what was
 * acknowledged before it leaves counts for it. KC_ERR_UNAVAILABLE: it is to be judged again. */
static enum kc_error check_still(struct serving *serving)
{
    struct kc_call *call = serving->call;
    enum kc_error error = serving->account ? kc_call_believe(call, serving->account) : KC_OK;
    bool revoked = false;
    for (size_t i = 0; error == KC_OK && !revoked && i < serving->held_count; i++)
        error = kc_call_is_revoked(call, KC_MESH_REVOKED_CAPABILITY, serving->bound.account.udf,
            serving->held[i].granted.capability.id, &revoked);
    for (size_t i = 0; error == KC_OK && !revoked && i < serving->asked_count; i++)
        error = kc_call_is_revoked(call, KC_MESH_REVOKED_DEVICE, serving->asked[i].account_udf,
            serving->asked[i].udf, &revoked);
    return revoked || error == KC_ERR_CONFLICT ? has_changed(call) : error;
}

/* Nothing of it leaves: the request is as if it had not been judged yet. */
static void withdraw(struct serving *serving, struct kc_operate_answer *answer)
{
    for (size_t i = 0; i < serving->held_count; i++) {
        serving->held[i].reserved += serving->held[i].used;
        serving->held[i].used = 0;
    }
    kc_operate_withdraw(kc_mesh_state_replay(serving->call->vault->mesh), answer);
}

/* Shares that are made here are encrypted to the account's own key. */
static bool may_make_shares(const struct serving *serving)
{
    for (size_t i = 0; i < serving->held_count; i++)
        if (serving->held[i].granted.capability.class == KC_MESH_GENERATE)
            return true;
    return false;
}

static enum kc_error make_share_key(struct serving *serving, struct kc_public_key *public)
{
    KC_AUTO_KEY key = {0};
    enum kc_error error = kc_call_account_key(serving->call, serving->account, &key);
    return error == KC_OK ? kc_mesh_public_key(&key.public, public) : error;
}

static enum kc_error answer_by(struct serving *serving, const struct kc_key *response_key,
    struct kc_span body, struct kc_operate_answer *answer)
{
    struct kc_call *call = serving->call;
    struct kc_mesh_source source = kc_call_mesh_source(call);
    struct kc_public_key share_key;
    bool makes_shares = may_make_shares(serving);
    enum kc_error error = makes_shares ? make_share_key(serving, &share_key) : KC_OK;
    if (error != KC_OK)
        return error;
    const struct kc_operate_state state = {.context = serving,
        .service = serving->service->account,
        .member_connection_age_max =
            (uint64_t)call->vault->config->operate.member_age_h * SECONDS_PER_HOUR,
        .replay = kc_mesh_state_replay(call->vault->mesh),
        .proven = kc_mesh_state_proven(call->vault->mesh),
        .known_keys = kc_mesh_state_known_keys(call->vault->mesh),
        .response_key = response_key,
        .account = find_account,
        .capability = find_capability,
        .is_revoked = is_revoked,
        .is_ready = is_ready,
        .is_reserved = is_reserved,
        .charge = charge,
        .source = &source,
        .share_key = makes_shares ? &share_key : NULL};
    return kc_operate(&state, serving->now * 1000, body, answer);
}

static enum kc_error set_answer(struct kc_call *call, struct kc_operate_answer *answer)
{
    uint8_t *text = (uint8_t *)answer->text;
    answer->text = NULL;
    call->note = kc_operate_code_name(answer->code);
    kc_call_set_number(call, KC_FIELD_STATUS, (uint64_t)answer->status);
    return kc_call_give_octets(call, KC_FIELD_RESPONSE, text, answer->size);
}

static enum kc_error operate(struct serving *serving, struct kc_span body)
{
    struct kc_call *call = serving->call;
    struct kc_operate_answer answer = {0};
    KC_AUTO_KEY response_key = {0};
    enum kc_error error =
        kc_call_service_key(call, serving->service, KC_MESH_CUSTODIAN, &response_key);
    if (error == KC_OK)
        error = answer_by(serving, &response_key, body, &answer);
    if (is_wishing(call) ||
        serving->error != KC_OK) { /* nodes of the map first, or others' changes */
        withdraw(serving, &answer);
        return serving->error != KC_OK ? serving->error : KC_ERR_UNAVAILABLE;
    }
    if (error == KC_ERR_UNAVAILABLE)
        return store_first(serving);
    if (error == KC_OK && (error = check_still(serving)) != KC_OK)
        withdraw(serving, &answer);
    if (error == KC_OK)
        error = set_answer(call, &answer);
    kc_operate_answer_done(&answer);
    return error;
}

enum kc_error kc_vault_mesh_operate(struct kc_call *call)
{
    KC_AUTO_DATA body = {0};
    struct serving serving = {.call = call, .now = kc_call_now(call)};
    kc_call_restart(call);
    take_charged(call);
    enum kc_error error = kc_call_allowed(call);
    if (error == KC_OK)
        error = kc_call_fresh(call);
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_REQUEST, &body);
    if (error == KC_OK)
        error = kc_operate_names_read(body.span, &serving.names);
    if (error == KC_OK)
        error = find_all(&serving);
    if (error == KC_OK && !is_wishing(call))
        error = operate(&serving, body.span);
    serving_done(&serving);
    return error;
}
