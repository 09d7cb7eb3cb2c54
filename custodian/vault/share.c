/* SPDX-License-Identifier: Apache-2.0 */
/* Splitting a key between two custodians, and taking a share that another one split. */
#include "threshold/share.h"
#include "custodian/vault/access.h"
#include "custodian/vault/envelope.h"
#include "custodian/vault/find.h"
#include "custodian/vault/key.h"
#include "custodian/vault/operations.h"
#include "custodian/vault/pin.h"
#include "custodian/vault/quorum.h"
#include "custodian/vault/share.h"

#include <string.h>

/* --- any share --- */

enum kc_error kc_share_of(struct kc_record *share, const struct kc_record *key, enum kc_role role,
    const struct kc_point *group, const struct kc_point *public)
{
    struct kc_record named = {0};
    *share = (struct kc_record){.kind = KC_KIND_KEY,
        .role = (uint8_t)role,
        .residence = KC_RESIDENCE_WRAPPED,
        .state = KC_STATE_ACTIVE,
        .expiry = key->expiry,
        .start = key->start,
        .confirm = key->confirm,
        .identifier_size = key->identifier_size,
        .attributes_size = key->attributes_size,
        .class = key->role,
        .dealer = 1};
    memcpy(share->keyring, key->keyring, sizeof share->keyring);
    memcpy(share->label, key->label, sizeof share->label);
    memcpy(share->account, key->account, sizeof share->account);
    memcpy(share->identifier, key->identifier, sizeof share->identifier);
    memcpy(share->attributes, key->attributes, sizeof share->attributes);
    enum kc_error error = kc_record_of_share(&named, group);
    memcpy(share->group, named.id, sizeof share->group);
    memcpy(share->group_public, named.public_key, sizeof share->group_public);
    if (error == KC_OK)
        error = kc_record_of_share(share, public);
    share->use = key->use;
    return error;
}

enum kc_error kc_call_stage_share(struct kc_call *call, const struct kc_record *share,
    const struct kc_scalar *scalar, struct kc_record **staged)
{
    KC_AUTO_SECRET secret = {0};
    uint8_t encoded[KC_SCALAR_SIZE_MAX]; /* secret */
    enum kc_error error = kc_secret_init(&secret, kc_curve_info(scalar->curve)->scalar_size);
    if (error != KC_OK)
        return error;
    kc_scalar_encode(scalar, encoded);
    memcpy(secret.bytes, encoded, secret.size);
    kc_wipe(encoded, sizeof encoded);
    error = kc_call_stage(call, share, staged);
    return error == KC_OK ? kc_keeper_protect(call->vault->keeper, *staged, &secret) : error;
}

enum kc_error kc_call_envelope_share(struct kc_call *call, const struct kc_record *share,
    const struct kc_scalar *scalar, const struct kc_record *recipient, uint8_t *envelope,
    size_t limit, size_t *size)
{
    struct kc_point point;
    enum kc_error error = kc_point_decode(
        &point, (enum kc_curve)recipient->algorithm, recipient->public_key, recipient->public_size);
    if (error == KC_OK)
        error =
            kc_envelope_seal(call->vault->entropy, share, scalar, &point, envelope, limit, size);
    return error;
}

/* --- share-split --- */

/* A split key: s = x + y. */
struct halves {
    struct kc_scalar scalar[2]; /* secret: x, y */
    struct kc_point public[2];
};

static void wipe_halves(struct halves *halves)
{
    kc_wipe(halves, sizeof *halves);
}

static enum kc_error split(struct kc_call *call, const struct kc_key *key, struct halves *halves)
{
    uint8_t uniform[KC_UNIFORM_SIZE]; /* secret */
    enum kc_error error = kc_entropy_fill(call->vault->entropy, uniform, sizeof uniform);
    if (error == KC_OK)
        error = kc_share_split(halves->scalar, 2, &key->scalar, uniform, sizeof uniform);
    for (size_t i = 0; error == KC_OK && i < 2; i++)
        error = kc_point_multiply_base(&halves->public[i], &halves -> scalar[i]);
    kc_wipe(uniform, sizeof uniform);
    return error;
}

/* The record of one half; `other` is the other one's verification share. */
static enum kc_error describe_half(struct kc_record *share, const struct kc_record *key,
    const struct kc_point *group, uint8_t index, const struct kc_point *own,
    const struct kc_point *other)
{
    enum kc_error error = kc_share_of(share, key, KC_ROLE_SHARE, group, own);
    share->index = index;
    share->threshold = 2;
    kc_point_encode(other, share->peer_public);
    return error;
}

/* The envelope goes into the record of the half that stays: what leaves cannot be lost on the way. */
static enum kc_error envelope_half(struct kc_call *call, const struct kc_record *share,
    const struct kc_scalar *scalar, const struct kc_record *recipient, struct kc_record *own)
{
    size_t size = 0;
    enum kc_error error = kc_call_envelope_share(
        call, share, scalar, recipient, own->envelope, sizeof own->envelope, &size);
    own->envelope_size = (uint16_t)size;
    return error;
}

static void answer_split(struct kc_call *call, const struct kc_record *own)
{
    size_t size = own->public_size;
    kc_call_set_text(call, KC_FIELD_KEY, kc_call_print(call, "%s", own->id));
    kc_call_set_text(call, KC_FIELD_GROUP, kc_call_print(call, "%s", own->group));
    kc_call_set_octets(call, KC_FIELD_GROUP_PUBLIC, own->group_public, size);
    kc_call_set_octets(call, KC_FIELD_PUBLIC, own->public_key, size);
    kc_call_set_octets(call, KC_FIELD_PEER_PUBLIC, own->peer_public, size);
    kc_call_set_octets(call, KC_FIELD_ENVELOPE, own->envelope, own->envelope_size);
}

/* Makes both halves, keeps one, envelopes the other. */
static enum kc_error make_halves(struct kc_call *call, const struct kc_record *key,
    const struct kc_record *recipient, const struct kc_key *whole)
{
    __attribute__((cleanup(wipe_halves))) struct halves halves = {0};
    struct kc_record own, leaving, *staged;
    const struct kc_point *public = halves.public, *group = &whole->public;
    enum kc_error error = split(call, whole, &halves);
    if (error == KC_OK)
        error = describe_half(&own, key, group, KC_PARTY_FIRST, &public[0], &public[1]);
    if (error == KC_OK)
        error = describe_half(&leaving, key, group, KC_PARTY_SERVICE, &public[1], &public[0]);
    if (error != KC_OK)
        return error;
    own.created = leaving.created = kc_call_now(call);
    if (kc_call_has(call, KC_FIELD_LABEL))
        kc_call_text(call, KC_FIELD_LABEL, own.label, sizeof own.label);
    error = envelope_half(call, &leaving, &halves.scalar[1], recipient, &own);
    if (error == KC_OK)
        error = kc_call_stage_share(call, &own, &halves.scalar[0], &staged);
    if (error == KC_OK)
        answer_split(call, &own);
    return error;
}

enum kc_error kc_vault_share_split(struct kc_call *call)
{
    struct kc_record *key, *recipient;
    KC_AUTO_MATERIAL material = {0};
    bool proven = false;
    enum kc_error error = kc_call_key(call, &key);
    if (error == KC_OK)
        error = kc_call_recipient(call, &recipient);
    if (error == KC_OK && recipient->role != KC_ROLE_WRAP)
        error = KC_ERR_REFUSED;
    if (error == KC_OK)
        error = kc_call_material(call, key, &material);
    if (error == KC_OK)
        error = kc_call_operator(call, &proven);
    if (error != KC_OK || !proven)
        return error;
    error = kc_call_destroy(call, key); /* before the share, which may take its label over */
    if (error == KC_OK)
        error = make_halves(call, key, recipient, &material.key);
    call->wish = KC_WISH_COMMIT;
    return error;
}

/* --- share-envelope --- */

enum kc_error kc_vault_share_envelope(struct kc_call *call)
{
    struct kc_record *key;
    enum kc_error error = kc_call_key(call, &key);
    if (error != KC_OK)
        return error;
    kc_values_set_span(&call->answer.values, KC_FIELD_ENVELOPE, key->envelope, key->envelope_size);
    return KC_OK;
}

/* --- share-accept --- */

/* What an envelope may bring: the service's half of a key that could be split, or one of the shares
 * of a key that was dealt. */
static bool is_fit(const struct kc_record *share)
{
    bool is_party = share->index == KC_PARTY_SERVICE && share->threshold == 2;
    return (is_party || share->role == KC_ROLE_QUORUM) && share->dealer <= 1 &&
           share->group[0] != 0 &&
           (share->class == KC_ROLE_ACCOUNT || share->class == KC_ROLE_APPLICATION);
}

/* The group's id is that of its public half, and the share's verification share its own. */
static enum kc_error check_names(
    const struct kc_record *share, const struct kc_point *group, const struct kc_scalar *scalar)
{
    struct kc_point own;
    struct kc_record named = {0}, derived = {0};
    enum kc_error error = kc_point_multiply_base(&own, scalar);
    if (error == KC_OK)
        error = kc_record_of_share(&named, group);
    if (error == KC_OK)
        error = kc_record_of_share(&derived, &own);
    bool good = error == KC_OK && strcmp(named.id, share->group) == 0 &&
                memcmp(derived.public_key, share->public_key, sizeof derived.public_key) == 0;
    return good ? KC_OK : KC_ERR_ENVELOPE;
}

/* The share is the value of the polynomial that is committed to, at its index; the polynomial's value
 * at zero is the group's key. */
static enum kc_error check_dealt(const struct kc_record *share, const struct kc_scalar *scalar)
{
    struct kc_quorum quorum;
    enum kc_error error = kc_quorum_read(share, &quorum);
    if (error == KC_OK)
        error = kc_shamir_check(scalar, share->index, quorum.commitments, quorum.threshold);
    return error == KC_OK ? check_names(share, &quorum.commitments[0], scalar) : KC_ERR_ENVELOPE;
}

/* The share opens what its public values promise: y*B is its verification share, and with the
 * peer's gives the group key, whose fingerprint is the group's id. */
static enum kc_error check_half(const struct kc_record *share, const struct kc_scalar *scalar)
{
    enum kc_curve curve = (enum kc_curve)share->algorithm;
    struct kc_point group, peer;
    enum kc_error error = kc_point_decode(&group, curve, share->group_public, share->public_size);
    if (error == KC_OK)
        error = kc_point_decode(&peer, curve, share->peer_public, share->public_size);
    if (error == KC_OK)
        error = kc_share_check(scalar, &peer, 1, &group);
    return error == KC_OK ? check_names(share, &group, scalar) : KC_ERR_ENVELOPE;
}

static enum kc_error name_share(struct kc_record *share)
{
    struct kc_point own;
    enum kc_error error = kc_point_decode(
        &own, (enum kc_curve)share->algorithm, share->public_key, share->public_size);
    if (error == KC_OK)
        error = kc_record_of_share(share, &own);
    share->use = (uint8_t)kc_algorithm_info(share->algorithm)->use;
    return error;
}

/* The account is the envelope's; a request that names another one is refused. */
static enum kc_error check_account(const struct kc_call *call, const struct kc_record *share)
{
    bool fits = !kc_call_has(call, KC_FIELD_ACCOUNT) ||
                kc_values_text_is(&call->in.message.values, KC_FIELD_ACCOUNT, share->account);
    return fits ? KC_OK : KC_ERR_ENVELOPE;
}

static enum kc_error open_envelope(struct kc_call *call, const struct kc_record *wrap,
    struct kc_record *share, struct kc_scalar *scalar)
{
    KC_AUTO_MATERIAL material = {0};
    enum kc_error error = kc_call_material(call, wrap, &material);
    if (error == KC_OK)
        error =
            kc_envelope_open(kc_call_field(call, KC_FIELD_ENVELOPE), &material.key, share, scalar);
    if (error == KC_OK && !is_fit(share))
        error = KC_ERR_ENVELOPE;
    if (error == KC_OK)
        error =
            share->role == KC_ROLE_QUORUM ? check_dealt(share, scalar) : check_half(share, scalar);
    return error;
}

/* Whether a verification share's own share is here. May wish for its record. */
static enum kc_error is_here(struct kc_call *call, const struct kc_point *public, bool *here)
{
    struct kc_record named = {0}, *found = NULL;
    enum kc_error error = kc_record_of_share(&named, public);
    if (error == KC_OK)
        error = kc_call_own_key(call, named.id, &found);
    *here = error == KC_OK && found && found->state != KC_STATE_DESTROYED;
    return error;
}

/* The other party's share. */
static enum kc_error find_peer(struct kc_call *call, const struct kc_record *share, bool *here)
{
    struct kc_point peer;
    enum kc_error error = kc_point_decode(
        &peer, (enum kc_curve)share->algorithm, share->peer_public, share->public_size);
    return error == KC_OK ? is_here(call, &peer, here) : error;
}

/* A share of any other holder. All their records are wished for at once. */
static enum kc_error find_holder(struct kc_call *call, const struct kc_record *share, bool *here)
{
    struct kc_quorum quorum;
    enum kc_error first = kc_quorum_read(share, &quorum);
    for (uint32_t i = 1; first == KC_OK || call->wish == KC_WISH_NEED; i++) {
        struct kc_point public;
        bool is_other_here = false;
        if (i > quorum.holders)
            break;
        if (i == share->index)
            continue;
        enum kc_error error = kc_quorum_public(&quorum, i, &public);
        if (error == KC_OK)
            error = is_here(call, &public, &is_other_here);
        if (error != KC_OK)
            first = error;
        *here = *here || is_other_here;
    }
    return first;
}

/* Accepted once, and not where another share of the key is: several in one place are nearer to the
 * whole key, or all of it. */
static enum kc_error check_place(struct kc_call *call, const struct kc_record *share)
{
    struct kc_record *present;
    bool is_other_here = false;
    enum kc_error error = share->role == KC_ROLE_QUORUM ? find_holder(call, share, &is_other_here)
                                                        : find_peer(call, share, &is_other_here);
    if (error == KC_OK)
        error = kc_call_own_key(call, share->id, &present);
    if (error != KC_OK)
        return error;
    if (is_other_here) {
        kc_call_set_text(call, KC_FIELD_DETAIL,
            share->role == KC_ROLE_QUORUM
                ? "envelope: another share of the key is in this custodian"
                : "envelope: the first share is in this custodian");
        return KC_ERR_BAD_ARGUMENT;
    }
    return present ? KC_ERR_EXISTS : KC_OK;
}

enum kc_error kc_call_take_share(
    struct kc_call *call, struct kc_record *share, const struct kc_scalar *scalar)
{
    struct kc_record *staged;
    enum kc_error error = check_account(call, share);
    if (error == KC_OK)
        error = kc_call_allowed_new(call, share); /* of the role that it has */
    if (error == KC_OK)
        error = name_share(share);
    if (error == KC_OK)
        error = check_place(call, share);
    if (error == KC_OK)
        error = kc_call_stage_share(call, share, scalar, &staged);
    if (error != KC_OK)
        return error;
    kc_call_describe(call, &call->answer.values, staged);
    call->wish = KC_WISH_COMMIT;
    return KC_OK;
}

enum kc_error kc_vault_share_accept(struct kc_call *call)
{
    struct kc_record *wrap;
    KC_AUTO_SCALAR scalar = {0};
    struct kc_record share = {.kind = KC_KIND_KEY,
        .role = KC_ROLE_SHARE,
        .residence = KC_RESIDENCE_WRAPPED,
        .state = KC_STATE_ACTIVE};
    kc_call_text(call, KC_FIELD_KEYRING, share.keyring, sizeof share.keyring);
    kc_call_text(call, KC_FIELD_LABEL, share.label, sizeof share.label);
    enum kc_error error = kc_call_key(call, &wrap);
    if (error == KC_OK)
        error = kc_call_allowed_new(call, &share);
    if (error == KC_OK)
        error = kc_call_fresh(call);
    if (error == KC_OK)
        error = open_envelope(call, wrap, &share, &scalar);
    return error == KC_OK ? kc_call_take_share(call, &share, &scalar) : error;
}
