/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/core.h"
#include "threshold/share.h"

#include <string.h>

/* --- which key may do what ---
 *
 *   operation             role                                  use     state
 *   key-show, key-list    any                                   any     any
 *   key-disable           any                                   any     active
 *   key-enable            any                                   any     disabled
 *   key-destroy           any                                   any     active, disabled
 *   key-sign              application                           sign    active
 *   key-agree             application, base                     agree   active
 *   decrypt               application, base, account, share 1   agree   active
 *   share-split           application, account                  any     active
 *   share-envelope        share 1                               any     active
 *   share-accept          wrap                                  agree   active
 *   agreement-contribute  share 2                               agree   active
 *   agreement-combine     share 1                               agree   active
 *   signature-contribute  share 2                               sign    active
 *   signature-commit, -finish, -abort   share 1                 sign    active
 *
 * Each party has its part: the one whose contribution leaves (2, the service) never completes, so
 * the service cannot make the first party its helper.
 *
 * Keys that sign Mesh envelopes and requests (base, account) never sign raw octets: an application
 * could have a request signed that way. A whole account key agrees only inside decrypt, where what
 * comes out is a base seed. Wrap keys do nothing but take shares. Base keys are the device's own
 * and are not split.
 */

#define ROLE(name) (1u << KC_ROLE_##name)
#define ROLE_ANY (ROLE(BASE) | ROLE(ACCOUNT) | ROLE(APPLICATION) | ROLE(WRAP) | ROLE(SHARE))
#define STATE(name) (1u << KC_STATE_##name)
#define STATE_ANY (STATE(ACTIVE) | STATE(DISABLED) | STATE(DESTROYED))

struct fit {
    unsigned roles;
    uint8_t use; /* KC_USE_NONE: any */
    unsigned states;
    bool expires;  /* not after the key's expiry */
    uint8_t party; /* of a share: its index; KC_PARTY_ANY */
};

#define SHARE(party, use)                                                                          \
    {                                                                                              \
        ROLE(SHARE), KC_USE_##use, STATE(ACTIVE), true, KC_PARTY_##party                           \
    }

static const struct fit fits[KC_OPERATIONS] = {
    [KC_OPERATION_KEY_SHOW] = {ROLE_ANY, KC_USE_NONE, STATE_ANY, false, KC_PARTY_ANY},
    [KC_OPERATION_KEY_DISABLE] = {ROLE_ANY, KC_USE_NONE, STATE(ACTIVE), false, KC_PARTY_ANY},
    [KC_OPERATION_KEY_ENABLE] = {ROLE_ANY, KC_USE_NONE, STATE(DISABLED), false, KC_PARTY_ANY},
    [KC_OPERATION_KEY_DESTROY] = {ROLE_ANY, KC_USE_NONE, STATE(ACTIVE) | STATE(DISABLED), false,
        KC_PARTY_ANY},
    [KC_OPERATION_KEY_SIGN] = {ROLE(APPLICATION), KC_USE_SIGN, STATE(ACTIVE), true, KC_PARTY_ANY},
    [KC_OPERATION_KEY_AGREE] = {ROLE(APPLICATION) | ROLE(BASE), KC_USE_AGREE, STATE(ACTIVE), true,
        KC_PARTY_ANY},
    [KC_OPERATION_DECRYPT] = {ROLE(APPLICATION) | ROLE(BASE) | ROLE(ACCOUNT) | ROLE(SHARE),
        KC_USE_AGREE, STATE(ACTIVE), true, KC_PARTY_FIRST},
    [KC_OPERATION_SHARE_SPLIT] = {ROLE(APPLICATION) | ROLE(ACCOUNT), KC_USE_NONE, STATE(ACTIVE),
        true, KC_PARTY_ANY},
    [KC_OPERATION_SHARE_ENVELOPE] = SHARE(FIRST, NONE),
    [KC_OPERATION_SHARE_ACCEPT] = {ROLE(WRAP), KC_USE_AGREE, STATE(ACTIVE), true, KC_PARTY_ANY},
    [KC_OPERATION_AGREEMENT_CONTRIBUTE] = SHARE(SERVICE, AGREE),
    [KC_OPERATION_AGREEMENT_COMBINE] = SHARE(FIRST, AGREE),
    [KC_OPERATION_SIGNATURE_COMMIT] = SHARE(FIRST, SIGN),
    [KC_OPERATION_SIGNATURE_CONTRIBUTE] = SHARE(SERVICE, SIGN),
    [KC_OPERATION_SIGNATURE_FINISH] = SHARE(FIRST, SIGN),
    [KC_OPERATION_SIGNATURE_ABORT] = SHARE(FIRST, SIGN),
};

static bool has_expired(const struct kc_call *call, const struct kc_record *key)
{
    return key->expiry != 0 && kc_call_now(call) >= key->expiry;
}

static bool fits_operation(const struct kc_call *call, const struct kc_record *key)
{
    const struct fit *fit = &fits[call->in.message.operation];
    return (fit->roles >> key->role & 1) != 0 &&
           (fit->use == KC_USE_NONE || fit->use == key->use) &&
           (fit->party == KC_PARTY_ANY || key->role != KC_ROLE_SHARE || fit->party == key->index) &&
           (fit->states >> key->state & 1) != 0 && !(fit->expires && has_expired(call, key));
}

/* --- the policy --- */

static bool allows(const struct kc_call *call, const struct kc_record *key, const char *id)
{
    struct kc_policy_key about = {key->keyring, key->label, id, key->role};
    return kc_policy_allows(
        &call->vault->config->policy, &call->peer, call->in.message.operation, &about);
}

enum kc_error kc_call_allowed(const struct kc_call *call)
{
    bool allowed = kc_policy_allows(
        &call->vault->config->policy, &call->peer, call->in.message.operation, NULL);
    return allowed ? KC_OK : KC_ERR_REFUSED;
}

enum kc_error kc_call_allowed_new(const struct kc_call *call, const struct kc_record *record)
{
    return allows(call, record, "") ? KC_OK : KC_ERR_REFUSED;
}

bool kc_call_sees(const struct kc_call *call, const struct kc_record *record)
{
    return allows(call, record, record->id);
}

/* --- records --- */

#define ASK_AGAIN_MAX 3 /* times that the desk is asked for a newer record */

static bool is_id(struct kc_span text, const char *id)
{
    return text.size == strlen(id) && memcmp(text.bytes, id, text.size) == 0;
}

static size_t times_looked_for(const struct kc_call *call, const char *id)
{
    size_t times = 0;
    for (size_t i = 0; i < call->in.id_count; i++)
        times += is_id(call->in.ids[i], id);
    return times;
}

bool kc_call_looked_for(const struct kc_call *call, const char *id)
{
    return times_looked_for(call, id) > 0;
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
    return error == KC_OK ? kc_versions_see(call->vault->versions, record) : error;
}

/* The desk may have read the record before it stored another: so it is asked once more, and again,
 * as what many change at once, the operator's record, may be overtaken more than once. */
static enum kc_error ask_again(struct kc_call *call, const char *id)
{
    if (times_looked_for(call, id) == ASK_AGAIN_MAX || call->in.id_count == KC_VAULT_IDS_MAX)
        return KC_ERR_RECORD_DAMAGED;
    call->needed = id;
    call->wish = KC_WISH_NEED;
    return KC_ERR_UNAVAILABLE;
}

/* The desk sends a request alone and gives the records that it is asked for. What the store was
 * looked through for and does not have, there is not. */
static enum kc_error ask_first(struct kc_call *call, struct kc_span id)
{
    const char *text = kc_call_print(call, "%.*s", (int)id.size, (const char *)id.bytes);
    if (kc_call_looked_for(call, text))
        return KC_ERR_REFUSED;
    call->needed = text;
    call->wish = KC_WISH_NEED;
    return KC_ERR_UNAVAILABLE;
}

enum kc_error kc_call_record(
    struct kc_call *call, uint8_t kind, struct kc_span id, struct kc_record **record)
{
    struct kc_record *found = find(call, kind, id);
    if (!found && !call->damaged && id.size > 0 && id.size < KC_RECORD_ID_SIZE)
        return ask_first(call, id);
    if (!found)
        return call->damaged ? KC_ERR_RECORD_DAMAGED : KC_ERR_REFUSED;
    enum kc_error error = kc_call_believe(call, found);
    if (error == KC_ERR_CONFLICT)
        return ask_again(call, found->id);
    if (error == KC_OK)
        *record = found;
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

enum kc_error kc_call_key(struct kc_call *call, struct kc_record **key)
{
    struct kc_record *found;
    struct kc_span id = kc_call_field(call, KC_FIELD_KEY);
    enum kc_error error = kc_call_record(call, KC_KIND_KEY, id, &found);
    if (error != KC_OK)
        return error;
    if (!kc_call_sees(call, found) || !fits_operation(call, found))
        return KC_ERR_REFUSED;
    *key = found;
    return KC_OK;
}

/* --- material --- */

static bool keeps_seed(const struct kc_record *record, const struct kc_curve_info *info)
{
    return info->signs && record->role != KC_ROLE_SHARE;
}

static enum kc_error make_key(
    const struct kc_record *record, const struct kc_secret *secret, struct kc_key *key)
{
    const struct kc_curve_info *info = kc_curve_info((enum kc_curve)record->algorithm);
    if (!info)
        return KC_ERR_RECORD_DAMAGED;
    if (keeps_seed(record, info))
        return kc_key_from_seed(key, info->curve, secret->bytes, secret->size);
    KC_AUTO_SCALAR scalar;
    enum kc_error error = kc_scalar_decode(&scalar, info->curve, secret->bytes, secret->size);
    return error == KC_OK ? kc_key_from_scalar(key, &scalar) : error;
}

static bool is_public(const struct kc_record *record, const struct kc_point *point)
{
    uint8_t encoded[KC_POINT_SIZE_MAX] = {0};
    kc_point_encode(point, encoded);
    return record->public_size == kc_curve_info(point->curve)->point_size &&
           memcmp(encoded, record->public_key, record->public_size) == 0;
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

/* A record that was believed holds what the vault put there; another answer is damage. */
static enum kc_error open_material(
    struct kc_call *call, const struct kc_record *record, struct kc_material *material)
{
    KC_AUTO_SECRET secret = {0};
    enum kc_error error = kc_keeper_open(call->vault->keeper, record, &secret);
    if (error != KC_OK)
        return error;
    KC_AUTO_MATERIAL m = {0};
    bool good = make_key(record, &secret, &m.key) == KC_OK && is_public(record, &m.key.public) &&
                (record->role != KC_ROLE_SHARE || check_share(record, &m) == KC_OK);
    if (good)
        *material = m;
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
    if (kc_versions_see(vault->versions, record) != KC_OK)
        kc_cache_drop(vault->cache, record->id); /* it was changed while it was opened */
    return KC_OK;
}
