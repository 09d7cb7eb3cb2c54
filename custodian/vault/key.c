/* SPDX-License-Identifier: Apache-2.0 */
/* Keys: making, describing, using whole ones, and the states they go through. */
#include "custodian/vault/core.h"
#include "proto/udf_digest.h"
#include "threshold/agreement.h"

#include <string.h>

enum kc_error kc_record_of_public(struct kc_record *record, const struct kc_point *point)
{
    const struct kc_curve_info *info = kc_curve_info(point->curve);
    uint8_t encoded[KC_POINT_SIZE_MAX] = {0};
    char id[KC_UDF_ID_SIZE];
    kc_point_encode(point, encoded);
    enum kc_error error =
        kc_udf_key_fingerprint(info->name, (struct kc_span){encoded, info->point_size}, id);
    if (error != KC_OK)
        return error;
    memset(record->id, 0, sizeof record->id);
    memcpy(record->id, id, strlen(id));
    memset(record->public_key, 0, sizeof record->public_key);
    memcpy(record->public_key, encoded, info->point_size);
    record->public_size = (uint16_t)info->point_size;
    record->algorithm = (uint8_t)info->curve;
    record->use = info->signs ? KC_USE_SIGN : KC_USE_AGREE;
    return KC_OK;
}

/* --- describing --- */

static void describe_share(struct kc_values *values, const struct kc_record *record)
{
    size_t size = record->public_size;
    kc_values_set_text(values, KC_FIELD_GROUP, record->group);
    kc_values_set_span(values, KC_FIELD_GROUP_PUBLIC, record->group_public, size);
    kc_values_set_span(values, KC_FIELD_PEER_PUBLIC, record->peer_public, size);
    kc_values_set_text(values, KC_FIELD_CLASS, kc_role_text(record->class));
    kc_values_set_number(values, KC_FIELD_INDEX, record->index);
    kc_values_set_number(values, KC_FIELD_THRESHOLD, record->threshold);
    kc_values_set_number(values, KC_FIELD_DEALER, record->dealer);
}

void kc_describe(struct kc_values *values, const struct kc_record *record)
{
    kc_values_set_text(values, KC_FIELD_KEY, record->id);
    kc_values_set_text(values, KC_FIELD_KEYRING, record->keyring);
    kc_values_set_text(values, KC_FIELD_LABEL, record->label);
    kc_values_set_text(
        values, KC_FIELD_ALGORITHM, kc_curve_info((enum kc_curve)record->algorithm)->name);
    kc_values_set_text(values, KC_FIELD_ROLE, kc_role_text(record->role));
    kc_values_set_text(values, KC_FIELD_USE, kc_use_text(record->use));
    kc_values_set_text(values, KC_FIELD_RESIDENCE, kc_residence_text(record->residence));
    kc_values_set_text(values, KC_FIELD_STATE, kc_state_text(record->state));
    kc_values_set_number(values, KC_FIELD_VERSION, record->version);
    kc_values_set_number(values, KC_FIELD_CREATED, record->created);
    kc_values_set_span(values, KC_FIELD_PUBLIC, record->public_key, record->public_size);
    if (record->expiry != 0)
        kc_values_set_number(values, KC_FIELD_EXPIRY, record->expiry);
    if (record->account[0] != 0)
        kc_values_set_text(values, KC_FIELD_ACCOUNT, record->account);
    if (record->role == KC_ROLE_SHARE)
        describe_share(values, record);
}

void kc_call_describe(struct kc_call *call, const struct kc_record *record)
{
    kc_describe(&call->answer.values, record);
}

enum kc_error kc_vault_key_show(struct kc_call *call)
{
    struct kc_record *key;
    enum kc_error error = kc_call_key(call, &key);
    if (error == KC_OK)
        kc_call_describe(call, key);
    return error;
}

/* --- key-generate --- */

/* What the request says of the key; public half and secret come later. */
static enum kc_error read_wanted(
    struct kc_call *call, struct kc_record *wanted, const struct kc_curve_info **info)
{
    struct kc_span algorithm = kc_call_field(call, KC_FIELD_ALGORITHM);
    *info = kc_curve_by_name((const char *)algorithm.bytes, algorithm.size);
    if (!*info)
        return KC_ERR_BAD_ALGORITHM;
    wanted->kind = KC_KIND_KEY;
    wanted->role = kc_call_has(call, KC_FIELD_ROLE)
                       ? kc_role_find(kc_call_field(call, KC_FIELD_ROLE))
                       : KC_ROLE_APPLICATION;
    wanted->residence = kc_call_has(call, KC_FIELD_RESIDENCE)
                            ? kc_residence_find(kc_call_field(call, KC_FIELD_RESIDENCE))
                            : KC_RESIDENCE_SEALED;
    kc_call_text(call, KC_FIELD_KEYRING, wanted->keyring, sizeof wanted->keyring);
    kc_call_text(call, KC_FIELD_LABEL, wanted->label, sizeof wanted->label);
    kc_call_text(call, KC_FIELD_ACCOUNT, wanted->account, sizeof wanted->account);
    wanted->state = KC_STATE_ACTIVE;
    wanted->created = kc_call_now(call);
    if (wanted->role == KC_ROLE_SHARE) {
        kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[KC_FIELD_ROLE].name);
        return KC_ERR_BAD_ARGUMENT; /* a split alone makes shares */
    }
    return wanted->role == KC_ROLE_WRAP && (*info)->signs ? KC_ERR_BAD_ALGORITHM : KC_OK;
}

/* A whole signing key keeps its seed, as RFC 8032 makes the nonce's prefix from it; any other its
 * scalar. */
static enum kc_error make_secret(struct kc_call *call, const struct kc_curve_info *info,
    struct kc_key *key, struct kc_secret *secret)
{
    KC_AUTO_SECRET seed = {0};
    struct kc_entropy *entropy = call->vault->entropy;
    enum kc_error error = kc_secret_init(&seed, info->seed_size);
    if (error == KC_OK)
        error = kc_entropy_stir(entropy);
    if (error == KC_OK)
        error = kc_entropy_fill(entropy, seed.bytes, seed.size);
    if (error == KC_OK)
        error = kc_key_from_seed(key, info->curve, seed.bytes, seed.size);
    if (error != KC_OK)
        return error;
    if (!info->signs) {
        uint8_t encoded[KC_SCALAR_SIZE_MAX]; /* secret */
        kc_scalar_encode(&key->scalar, encoded);
        seed.size = info->scalar_size; /* not more than the seed's */
        memcpy(seed.bytes, encoded, seed.size);
        kc_wipe(encoded, sizeof encoded);
    }
    *secret = kc_secret_take(&seed);
    return KC_OK;
}

enum kc_error kc_vault_key_generate(struct kc_call *call)
{
    struct kc_record wanted = {0}, *staged;
    const struct kc_curve_info *info;
    KC_AUTO_SECRET secret = {0};
    KC_AUTO_KEY key = {0};
    enum kc_error error = read_wanted(call, &wanted, &info);
    if (error == KC_OK)
        error = kc_call_allowed_new(call, &wanted);
    if (error == KC_OK)
        error = make_secret(call, info, &key, &secret);
    if (error == KC_OK)
        error = kc_record_of_public(&wanted, &key.public);
    if (error == KC_OK)
        error = kc_call_stage(call, &wanted, &staged);
    if (error == KC_OK)
        error = kc_keeper_protect(call->vault->keeper, staged, &secret);
    if (error != KC_OK)
        return error;
    kc_call_describe(call, staged);
    call->wish = KC_WISH_COMMIT;
    return KC_OK;
}

/* --- key-agree --- */

/* A peer in signed encoding or, for X, as u alone. */
static enum kc_error read_peer(struct kc_call *call, enum kc_curve curve, struct kc_point *peer)
{
    struct kc_span span = kc_call_field(call, KC_FIELD_PEER);
    size_t unsigned_size = kc_curve_info(curve)->unsigned_size;
    if (unsigned_size > 0 && span.size == unsigned_size)
        return kc_point_decode_unsigned(peer, curve, span.bytes, span.size);
    return kc_point_decode(peer, curve, span.bytes, span.size);
}

enum kc_error kc_vault_key_agree(struct kc_call *call)
{
    struct kc_record *key;
    KC_AUTO_MATERIAL material = {0};
    struct kc_point peer;
    uint8_t agreed[KC_POINT_SIZE_MAX]; /* secret */
    enum kc_error error = kc_call_key(call, &key);
    if (error == KC_OK)
        error = read_peer(call, (enum kc_curve)key->algorithm, &peer);
    if (error == KC_OK)
        error = kc_call_material(call, key, &material);
    if (error == KC_OK)
        error = kc_agreement_agree(agreed, &material.key.scalar, &peer);
    if (error == KC_OK)
        error = kc_call_set_secret(
            call, KC_FIELD_SECRET, agreed, kc_curve_info(peer.curve)->agreed_size);
    kc_wipe(agreed, sizeof agreed);
    return error;
}

/* --- states --- */

static enum kc_error set_state(struct kc_call *call, uint8_t state)
{
    struct kc_record *key, *staged;
    KC_AUTO_SECRET secret = {0};
    struct kc_keeper *keeper = call->vault->keeper;
    enum kc_error error = kc_call_key(call, &key);
    if (error == KC_OK)
        error = kc_keeper_open(keeper, key, &secret);
    if (error == KC_OK)
        error = kc_call_stage(call, key, &staged);
    if (error != KC_OK)
        return error;
    staged->state = state;
    kc_call_set_number(call, KC_FIELD_VERSION, staged->version);
    call->wish = KC_WISH_COMMIT;
    return kc_keeper_protect(keeper, staged, &secret);
}

enum kc_error kc_vault_key_disable(struct kc_call *call)
{
    return set_state(call, KC_STATE_DISABLED);
}

enum kc_error kc_vault_key_enable(struct kc_call *call)
{
    return set_state(call, KC_STATE_ACTIVE);
}

enum kc_error kc_call_destroy(struct kc_call *call, const struct kc_record *key)
{
    struct kc_record *staged;
    enum kc_error error = kc_call_stage(call, key, &staged);
    if (error != KC_OK)
        return error;
    staged->state = KC_STATE_DESTROYED;
    staged->seal_size = 0;
    staged->secret_size = 0;
    staged->envelope_size = 0;
    memset(staged->envelope, 0, sizeof staged->envelope);
    memset(staged->seal, 0, sizeof staged->seal);
    memset(staged->secret, 0, sizeof staged->secret);
    return kc_keeper_protect(call->vault->keeper, staged, NULL);
}

enum kc_error kc_vault_key_destroy(struct kc_call *call)
{
    struct kc_record *key;
    enum kc_error error = kc_call_key(call, &key);
    if (error == KC_OK)
        error = kc_call_destroy(call, key);
    if (error != KC_OK)
        return error;
    kc_call_set_number(call, KC_FIELD_VERSION, call->changes[0].version);
    call->wish = KC_WISH_COMMIT;
    return KC_OK;
}
