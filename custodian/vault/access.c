/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/access.h"
#include "custodian/vault/find.h"

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

/* --- the key of a request --- */

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
