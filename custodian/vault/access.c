/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/access.h"
#include "custodian/vault/core.h"
#include "custodian/vault/derived.h"
#include "custodian/vault/evp.h"
#include "custodian/vault/fetch.h"
#include "custodian/vault/pin.h"
#include "threshold/share.h"

#include <string.h>

/* --- which key may do what ---
 *
 *   operation             role                                  use     state
 *   key-show, key-list    any                                   any     any
 *   key-update            application, share, quorum            any     active, disabled
 *   key-disable           any                                   any     active
 *   key-enable            any                                   any     disabled
 *   key-destroy           any                                   any     active, disabled
 *   key-sign              application, share 1 of such          sign    active
 *   key-agree             application, share 1 of such, base    agree   active
 *   secret-derive         application, share 1 of such          agree   active
 *   key-decrypt           application                           decrypt active
 *   object-list           application, share 1 of such          any     active
 *   decrypt               application, base, account, device, share 1   agree   active
 *   envelope-open         application, base, account, device, share 1   agree   active
 *   envelope-sign, -seal, mesh-pin-create, mesh-earl-claim
 *                         application, base, account, device, share 1   sign    active
 *   mesh-group-join       account                               agree   active
 *   mesh-escrow-seal      any                                   any     active
 *   share-split           application, account                  any     active
 *   share-envelope        share 1                               any     active
 *   share-form            application, base, resident            agree   active
 *   share-accept          wrap                                  agree   active
 *   agreement-contribute  share 2                               agree   active
 *   agreement-combine     share 1                               agree   active
 *   signature-contribute  share 2                               sign    active
 *   signature-commit, -finish, -abort   share 1                 sign    active
 *   share-deal            application, account                  sign    active
 *   share-dealt           application, account                  sign    destroyed
 *   frost-commit, -contribute, -aggregate, -abort   quorum      sign    active
 *   share-redeal          quorum                                sign    active
 *   share-retire          quorum                                sign    active, disabled
 *   share-gather          wrap                                  agree   active
 *
 * Each party has its part: the one whose contribution leaves (2, the service) never completes, so
 * the service cannot make the first party its helper.
 *
 * A share of a dealt key does nothing but its part of a FROST signature, and is no party of the
 * two-party scheme, which would have it sign under a list of commitments that binds nothing.
 *
 * Keys that sign Mesh envelopes and requests (base, account) never sign raw octets: an application
 * could have a request signed that way. In envelopes each signs just the objects that are its own
 * (custodian/mesh/purpose.h), and an application's key none of them. A whole account key agrees only
 * inside decrypt and envelope-open, where what comes out is a base seed or the content. Wrap keys do nothing but take shares. Base keys are the device's own
 * and are not split, nor are the composite ones made of them. What is derived of a seed goes with the
 * seed, and is not destroyed, split or made a share alone.
 */

#define ROLE(name) (1u << KC_ROLE_##name)
#define ROLE_ANY                                                                                   \
    (ROLE(BASE) | ROLE(ACCOUNT) | ROLE(APPLICATION) | ROLE(WRAP) | ROLE(SHARE) | ROLE(DEVICE) |    \
        ROLE(QUORUM))
#define STATE(name) (1u << KC_STATE_##name)
#define STATE_ANY (STATE(ACTIVE) | STATE(DISABLED) | STATE(DESTROYED))

struct fit {
    unsigned roles;
    uint8_t use; /* KC_USE_NONE: any */
    unsigned states;
    bool expires;     /* not before the key's start, not after its expiry */
    uint8_t party;    /* of a share: its index; KC_PARTY_ANY */
    unsigned classes; /* of a share: roles that the split key had; 0: any */
    bool is_use;      /* a key that wants each use confirmed wants it of this one */
    bool is_mesh;     /* for keys on the curves of the Mesh */
    bool is_own;      /* for keys whose secret is their own, not derived of a seed */
};

#define SHARE(wanted, wanted_use, uses)                                                            \
    {                                                                                              \
        .roles = ROLE(SHARE), .use = KC_USE_##wanted_use, .states = STATE(ACTIVE),                 \
        .expires = true, .party = KC_PARTY_##wanted, .is_use = uses, .is_mesh = true               \
    }

#define ENVELOPE(wanted_use)                                                                       \
    {                                                                                              \
        .roles = ROLE(APPLICATION) | ROLE(BASE) | ROLE(ACCOUNT) | ROLE(DEVICE) | ROLE(SHARE),      \
        .use = KC_USE_##wanted_use, .states = STATE(ACTIVE), .expires = true, .is_use = true,      \
        .party = KC_PARTY_FIRST, .is_mesh = true                                                   \
    }

#define QUORUM(uses)                                                                               \
    {                                                                                              \
        .roles = ROLE(QUORUM), .use = KC_USE_SIGN, .states = STATE(ACTIVE), .expires = true,       \
        .is_use = uses                                                                             \
    }

static const struct fit fits[KC_OPERATIONS] = {
    [KC_OPERATION_KEY_SHOW] = {.roles = ROLE_ANY, .states = STATE_ANY},
    [KC_OPERATION_KEY_SEAL] = {.roles = ROLE_ANY, .states = STATE(ACTIVE) | STATE(DISABLED)},
    [KC_OPERATION_KEY_UPDATE] = {.roles = ROLE(APPLICATION) | ROLE(SHARE) | ROLE(QUORUM),
        .states = STATE(ACTIVE) | STATE(DISABLED)},
    [KC_OPERATION_KEY_DISABLE] = {.roles = ROLE_ANY, .states = STATE(ACTIVE)},
    [KC_OPERATION_KEY_ENABLE] = {.roles = ROLE_ANY, .states = STATE(DISABLED)},
    [KC_OPERATION_KEY_DESTROY] = {.roles = ROLE_ANY,
        .states = STATE(ACTIVE) | STATE(DISABLED),
        .is_own = true},
    [KC_OPERATION_KEY_SIGN] = {.roles = ROLE(APPLICATION) | ROLE(SHARE),
        .use = KC_USE_SIGN,
        .states = STATE(ACTIVE),
        .expires = true,
        .is_use = true,
        .party = KC_PARTY_FIRST,
        .classes = ROLE(APPLICATION)},
    [KC_OPERATION_KEY_AGREE] = {.roles = ROLE(APPLICATION) | ROLE(BASE) | ROLE(SHARE),
        .use = KC_USE_AGREE,
        .states = STATE(ACTIVE),
        .expires = true,
        .is_use = true,
        .party = KC_PARTY_FIRST,
        .classes = ROLE(APPLICATION)},
    [KC_OPERATION_SECRET_DERIVE] = {.roles = ROLE(APPLICATION) | ROLE(SHARE),
        .use = KC_USE_AGREE,
        .states = STATE(ACTIVE),
        .expires = true,
        .is_use = true,
        .party = KC_PARTY_FIRST,
        .classes = ROLE(APPLICATION)},
    [KC_OPERATION_KEY_DECRYPT] = {.roles = ROLE(APPLICATION),
        .use = KC_USE_DECRYPT,
        .states = STATE(ACTIVE),
        .expires = true,
        .is_use = true},
    [KC_OPERATION_DECRYPT] = ENVELOPE(AGREE),
    [KC_OPERATION_SHARE_SPLIT] = {.roles = ROLE(APPLICATION) | ROLE(ACCOUNT),
        .states = STATE(ACTIVE),
        .expires = true,
        .is_mesh = true,
        .is_own = true},
    [KC_OPERATION_SHARE_ENVELOPE] = SHARE(FIRST, NONE, false),
    [KC_OPERATION_SHARE_ACCEPT] = {.roles = ROLE(WRAP),
        .use = KC_USE_AGREE,
        .states = STATE(ACTIVE),
        .expires = true,
        .is_mesh = true},
    [KC_OPERATION_ATTEST] = {.roles = ROLE_ANY, .states = STATE(ACTIVE) | STATE(DISABLED)},
    [KC_OPERATION_SHARE_FORM] = {.roles = ROLE(APPLICATION) | ROLE(BASE),
        .use = KC_USE_AGREE,
        .states = STATE(ACTIVE),
        .expires = true,
        .is_own = true},
    [KC_OPERATION_AGREEMENT_CONTRIBUTE] = SHARE(SERVICE, AGREE, false),
    [KC_OPERATION_AGREEMENT_COMBINE] = SHARE(FIRST, AGREE, true),
    [KC_OPERATION_SIGNATURE_COMMIT] = SHARE(FIRST, SIGN, true),
    [KC_OPERATION_SIGNATURE_CONTRIBUTE] = SHARE(SERVICE, SIGN, false),
    [KC_OPERATION_SIGNATURE_FINISH] = SHARE(FIRST, SIGN, false),
    [KC_OPERATION_SIGNATURE_ABORT] = SHARE(FIRST, SIGN, false),
    [KC_OPERATION_SHARE_DEAL] = {.roles = ROLE(APPLICATION) | ROLE(ACCOUNT),
        .use = KC_USE_SIGN,
        .states = STATE(ACTIVE),
        .expires = true,
        .is_own = true},
    [KC_OPERATION_SHARE_DEALT] = {.roles = ROLE(APPLICATION) | ROLE(ACCOUNT),
        .use = KC_USE_SIGN,
        .states = STATE(DESTROYED),
        .is_own = true},
    [KC_OPERATION_FROST_COMMIT] = QUORUM(false),
    [KC_OPERATION_FROST_CONTRIBUTE] = QUORUM(true),
    [KC_OPERATION_FROST_AGGREGATE] = QUORUM(false),
    [KC_OPERATION_FROST_ABORT] = QUORUM(false),
    [KC_OPERATION_SHARE_REDEAL] = QUORUM(true),
    [KC_OPERATION_SHARE_RETIRE] = {.roles = ROLE(QUORUM),
        .use = KC_USE_SIGN,
        .states = STATE(ACTIVE) | STATE(DISABLED)},
    [KC_OPERATION_SHARE_GATHER] = {.roles = ROLE(WRAP),
        .use = KC_USE_AGREE,
        .states = STATE(ACTIVE),
        .expires = true,
        .is_mesh = true},
    [KC_OPERATION_ENVELOPE_OPEN] = ENVELOPE(AGREE),
    [KC_OPERATION_MESH_GROUP_JOIN] = {.roles = ROLE(ACCOUNT),
        .use = KC_USE_AGREE,
        .states = STATE(ACTIVE),
        .expires = true,
        .is_use = true,
        .is_mesh = true},
    [KC_OPERATION_MESH_ESCROW_SEAL] = {.roles = ROLE_ANY, .states = STATE(ACTIVE)},
    [KC_OPERATION_ENVELOPE_SIGN] = ENVELOPE(SIGN),
    [KC_OPERATION_ENVELOPE_SEAL] = ENVELOPE(SIGN),
    [KC_OPERATION_MESH_PIN_CREATE] = ENVELOPE(SIGN),
    [KC_OPERATION_MESH_EARL_CLAIM] = ENVELOPE(SIGN),
};

/* Before its start, or after its expiry. */
static bool is_out_of_time(const struct kc_call *call, const struct kc_record *key)
{
    uint64_t now = kc_call_now(call);
    return now < key->start || (key->expiry != 0 && now >= key->expiry);
}

static bool fits_family(const struct fit *fit, const struct kc_record *key)
{
    const struct kc_algorithm_info *info = kc_algorithm_info(key->algorithm);
    bool is_shared = kc_role_is_part(key->role); /* P-256 too: resident in hardware, or dealt */
    return info && (!fit->is_mesh || info->family == KC_FAMILY_CURVE || is_shared);
}

static bool fits_share(const struct fit *fit, const struct kc_record *key)
{
    return key->role != KC_ROLE_SHARE ||
           ((fit->party == KC_PARTY_ANY || fit->party == key->index) &&
               (fit->classes == 0 || (fit->classes >> key->class & 1) != 0));
}

static bool fits_operation(const struct kc_call *call, const struct kc_record *key)
{
    const struct fit *fit = &fits[call->in.message.operation];
    return (fit->roles >> key->role & 1) != 0 &&
           (fit->use == KC_USE_NONE || fit->use == key->use) && fits_share(fit, key) &&
           (fit->states >> key->state & 1) != 0 && fits_family(fit, key) &&
           !(fit->is_own && key->residence == KC_RESIDENCE_DERIVED) &&
           !(fit->expires && is_out_of_time(call, key));
}

/* --- the policy --- */

static enum kc_grant grant_by(const struct kc_call *call, const struct kc_peer *peer,
    enum kc_operation operation, const struct kc_record *key, const char *id)
{
    struct kc_policy_key about = {key->keyring, key->label, id, key->role};
    return kc_policy_grant(&call->vault->config->policy, peer, operation, &about);
}

static enum kc_grant grant(const struct kc_call *call, const struct kc_record *key, const char *id)
{
    return grant_by(call, &call->peer, call->in.message.operation, key, id);
}

static enum kc_error refusal(enum kc_grant given)
{
    return given == KC_GRANT_ALL ? KC_OK : given == KC_GRANT_LOGIN ? KC_ERR_LOGIN : KC_ERR_REFUSED;
}

enum kc_error kc_call_allowed(const struct kc_call *call)
{
    return refusal(kc_policy_grant(
        &call->vault->config->policy, &call->peer, call->in.message.operation, NULL));
}

enum kc_error kc_call_allowed_keyring(const struct kc_call *call)
{
    char keyring[KC_RECORD_TEXT_SIZE];
    kc_call_text(call, KC_FIELD_KEYRING, keyring, sizeof keyring);
    struct kc_policy_key about = {.keyring = keyring};
    return refusal(kc_policy_grant(
        &call->vault->config->policy, &call->peer, call->in.message.operation, &about));
}

enum kc_error kc_call_allowed_new(const struct kc_call *call, const struct kc_record *record)
{
    return refusal(grant(call, record, ""));
}

enum kc_error kc_call_allowed_record(const struct kc_call *call, const struct kc_record *record)
{
    return refusal(grant(call, record, record->id));
}

enum kc_error kc_call_allowed_object(const struct kc_call *call, const struct kc_record *object)
{
    struct kc_policy_key about = {object->keyring, object->label, object->id, KC_ROLE_APPLICATION};
    return refusal(kc_policy_grant(
        &call->vault->config->policy, &call->peer, call->in.message.operation, &about));
}

bool kc_call_sees(const struct kc_call *call, const struct kc_record *record)
{
    return grant(call, record, record->id) == KC_GRANT_ALL;
}

bool kc_call_contributes(const struct kc_call *call, const struct kc_record *share)
{
    struct kc_policy_key about = {share->keyring, share->label, share->id, share->role};
    return kc_policy_names(&call->vault->config->policy, &call->peer,
        share->use == KC_USE_SIGN ? KC_OPERATION_SIGNATURE_CONTRIBUTE
                                  : KC_OPERATION_AGREEMENT_CONTRIBUTE,
        &about);
}

bool kc_call_needs_login(const struct kc_call *call, const struct kc_record *key)
{
    static const enum kc_operation operations[] = {[KC_USE_SIGN] = KC_OPERATION_KEY_SIGN,
        [KC_USE_AGREE] = KC_OPERATION_KEY_AGREE,
        [KC_USE_DECRYPT] = KC_OPERATION_KEY_DECRYPT};
    struct kc_peer before = call->peer;
    before.logins = before.so_logins = 0;
    return key->use != KC_USE_NONE &&
           grant_by(call, &before, operations[key->use], key, key->id) == KC_GRANT_LOGIN;
}

/* --- records --- */

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
            call->wish = KC_WISH_SETTLED;
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
        call->wish = KC_WISH_SETTLED;
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

/* A call that starts again, as when its turn came, has what it took. What is passed on to another
 * holder's custodian uses the share there. */
static enum kc_error take_confirmation(struct kc_call *call, const struct kc_record *key)
{
    if (!key->confirm || !fits[call->in.message.operation].is_use || call->is_confirmed ||
        kc_call_has(call, KC_FIELD_PEER_NAME))
        return KC_OK;
    call->is_confirmed =
        kc_clients_take_confirmed(call->vault->clients, call->in.connection, key->id);
    return call->is_confirmed ? KC_OK : KC_ERR_CONFIRM;
}

enum kc_error kc_call_fresh(const struct kc_call *call)
{
    const struct kc_vault *vault = call->vault;
    bool is_fit = vault->ledger.detects || vault->config->freshness.required == 0;
    return is_fit ? KC_OK : KC_ERR_STORE_FRESHNESS;
}

enum kc_error kc_call_key_of(struct kc_call *call, struct kc_span id, struct kc_record **key)
{
    struct kc_record *found = NULL;
    enum kc_error error = kc_call_record(call, KC_KIND_KEY, id, &found);
    if (error == KC_OK && !found)
        error = KC_ERR_INTERNAL; /* what is not there is refused */
    if (error != KC_OK)
        return error;
    enum kc_grant given = grant(call, found, found->id);
    if (given == KC_GRANT_NONE || !fits_operation(call, found))
        return KC_ERR_REFUSED;
    error = refusal(given);
    if (error == KC_OK && fits[call->in.message.operation].party == KC_PARTY_SERVICE)
        error = kc_call_fresh(call);
    if (error == KC_OK)
        error = take_confirmation(call, found);
    if (error == KC_OK)
        *key = found;
    return error;
}

enum kc_error kc_call_key(struct kc_call *call, struct kc_record **key)
{
    return kc_call_key_of(call, kc_call_field(call, KC_FIELD_KEY), key);
}

/* --- material --- */

static bool keeps_seed(const struct kc_record *record, const struct kc_curve_info *info)
{
    return info->signs && !kc_role_is_part(record->role);
}

static bool is_public(const struct kc_record *record, const struct kc_point *point)
{
    uint8_t encoded[KC_POINT_SIZE_MAX] = {0};
    kc_point_encode(point, encoded);
    return record->public_size == kc_curve_info(point->curve)->point_size &&
           memcmp(encoded, record->public_key, record->public_size) == 0;
}

/* An account's key may have come as a scalar where one that is made here is a seed; both have 56 octets
 * on Ed448, and the public half tells. */
static enum kc_error make_key(
    const struct kc_record *record, const struct kc_secret *secret, struct kc_key *key)
{
    const struct kc_curve_info *info = kc_curve_info((enum kc_curve)record->algorithm);
    if (!info)
        return KC_ERR_RECORD_DAMAGED;
    if (keeps_seed(record, info) &&
        kc_key_from_seed(key, info->curve, secret->bytes, secret->size) == KC_OK &&
        is_public(record, &key->public))
        return KC_OK;
    KC_AUTO_SCALAR scalar;
    enum kc_error error = kc_scalar_decode(&scalar, info->curve, secret->bytes, secret->size);
    return error == KC_OK ? kc_key_from_scalar(key, &scalar) : error;
}

static enum kc_error check_share(const struct kc_record *record, struct kc_material *m)
{
    enum kc_curve curve = (enum kc_curve)record->algorithm;
    size_t size = record->public_size;
    enum kc_error error = kc_point_decode(&m->group, curve, record->group_public, size);
    if (error == KC_OK)
        error = kc_point_decode(&m->peer, curve, record->peer_public, size);
    if (error == KC_OK)
        error = kc_share_check(&m->key.scalar, &m->peer, 1, &m->group);
    return error;
}

static enum kc_error open_derived(
    struct kc_call *call, const struct kc_record *record, struct kc_material *material)
{
    KC_AUTO_MATERIAL m = {0};
    enum kc_error error = kc_call_derived_key(call, record, &m.key);
    if (error != KC_OK)
        return error;
    if (!is_public(record, &m.key.public))
        return KC_ERR_RECORD_DAMAGED;
    *material = m;
    return KC_OK;
}

/* A record that was believed holds what the vault put there; another answer is damage. */
static enum kc_error open_material(
    struct kc_call *call, const struct kc_record *record, struct kc_material *material)
{
    KC_AUTO_SECRET secret = {0};
    if (record->residence == KC_RESIDENCE_RESIDENT) { /* there is none to be had */
        kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[KC_FIELD_RESIDENCE].name);
        return KC_ERR_BAD_ARGUMENT;
    }
    if (record->residence == KC_RESIDENCE_DERIVED)
        return open_derived(call, record, material);
    enum kc_error error = kc_keeper_open(call->vault->keeper, record, &secret);
    if (error != KC_OK)
        return error;
    KC_AUTO_MATERIAL m = {0};
    const struct kc_algorithm_info *info = kc_algorithm_info(record->algorithm);
    if (!info)
        return KC_ERR_RECORD_DAMAGED;
    if (info->family != KC_FAMILY_CURVE && !kc_role_is_part(record->role))
        return kc_evp_open(info, (struct kc_span){record->public_key, record->public_size}, &secret,
            &material->evp);
    bool good = make_key(record, &secret, &m.key) == KC_OK && is_public(record, &m.key.public) &&
                (record->role != KC_ROLE_SHARE || check_share(record, &m) == KC_OK);
    if (good)
        *material = m; /* nothing in it is counted */
    return good ? KC_OK : KC_ERR_RECORD_DAMAGED;
}

enum kc_error kc_call_material(
    struct kc_call *call, const struct kc_record *record, struct kc_material *material)
{
    struct kc_vault *vault = call->vault;
    if (kc_cache_get(vault->cache, record, material))
        return KC_OK;
    enum kc_error error = open_material(call, record, material);
    if (error != KC_OK)
        return error;
    kc_cache_put(vault->cache, record, material);
    if (kc_map_see(vault->ledger.map, record) != KC_MAP_CURRENT)
        kc_cache_drop(vault->cache, record->id); /* it was changed while it was opened */
    return KC_OK;
}
