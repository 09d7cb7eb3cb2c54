/* SPDX-License-Identifier: Apache-2.0 */
/* Keys: describing them, agreeing with whole ones, and the states they go through. */
#include "custodian/vault/key.h"
#include "custodian/vault/access.h"
#include "custodian/vault/core.h"
#include "custodian/vault/derived.h"
#include "custodian/vault/evp.h"
#include "custodian/vault/operations.h"
#include "custodian/vault/quorum.h"
#include "custodian/vault/resident.h"
#include "proto/udf_digest.h"
#include "threshold/agreement.h"

#include <string.h>

enum kc_error kc_record_of_octets(
    struct kc_record *record, const struct kc_algorithm_info *info, struct kc_span public)
{
    char id[KC_UDF_ID_SIZE];
    enum kc_error error = kc_udf_key_fingerprint(info->name, public, id);
    if (error != KC_OK)
        return error;
    memset(record->id, 0, sizeof record->id);
    memcpy(record->id, id, strlen(id));
    memset(record->public_key, 0, sizeof record->public_key);
    memcpy(record->public_key, public.bytes, public.size);
    record->public_size = (uint16_t) public.size;
    record->algorithm = (uint8_t)info->algorithm;
    return KC_OK;
}

enum kc_error kc_record_of_public(struct kc_record *record, const struct kc_point *point)
{
    const struct kc_curve_info *curve = kc_curve_info(point->curve);
    const struct kc_algorithm_info *info = kc_algorithm_info((unsigned)point->curve);
    uint8_t encoded[KC_POINT_SIZE_MAX] = {0};
    kc_point_encode(point, encoded);
    enum kc_error error =
        kc_record_of_octets(record, info, (struct kc_span){encoded, curve->point_size});
    if (error == KC_OK)
        record->use = (uint8_t)info->use;
    return error;
}

/* --- describing --- */

static void describe_share(struct kc_values *values, const struct kc_record *record)
{
    size_t size = record->public_size;
    kc_values_set_text(values, KC_FIELD_GROUP, record->group);
    kc_values_set_span(values, KC_FIELD_GROUP_PUBLIC, record->group_public, size);
    if (record->role == KC_ROLE_SHARE)
        kc_values_set_span(values, KC_FIELD_PEER_PUBLIC, record->peer_public, size);
    else
        kc_values_set_number(values, KC_FIELD_HOLDER_COUNT, kc_quorum_holders(record));
    kc_values_set_text(values, KC_FIELD_CLASS, kc_role_text(record->class));
    kc_values_set_number(values, KC_FIELD_INDEX, record->index);
    kc_values_set_number(values, KC_FIELD_THRESHOLD, record->threshold);
    kc_values_set_number(values, KC_FIELD_DEALER, record->dealer);
}

/* Of a share that an administrator gave, the capability at the service that has the other. */
static void describe_capability(
    struct kc_call *call, struct kc_values *values, const struct kc_record *record)
{
    struct kc_derived derived;
    if (kc_derived_read(record, &derived) == KC_OK && derived.count == 1 &&
        derived.parts[0].kind == 0 && derived.parts[0].id[0] != '\0')
        kc_values_set_text(
            values, KC_FIELD_CAPABILITY, kc_call_print(call, "%s", derived.parts[0].id));
}

/* What programs gave with the key, and what holds of it for them. */
static void describe_for_programs(struct kc_values *values, const struct kc_record *record)
{
    if (record->identifier_size > 0)
        kc_values_set_span(
            values, KC_FIELD_IDENTIFIER, record->identifier, record->identifier_size);
    if (record->attributes_size > 0)
        kc_values_set_span(
            values, KC_FIELD_ATTRIBUTES, record->attributes, record->attributes_size);
    if (record->start != 0)
        kc_values_set_number(values, KC_FIELD_START, record->start);
    if (record->confirm != 0)
        kc_values_set_number(values, KC_FIELD_CONFIRM, 1);
}

/* A seal of before there were several roots is the one of that time. */
const char *kc_call_root_name(const struct kc_call *call, const struct kc_record *record)
{
    if (!kc_residence_has_root(record->residence))
        return kc_keeper_home_name(call->vault->keeper);
    return record->root[0] ? record->root : KC_CONFIG_ROOT_NAME;
}

enum kc_error kc_call_named_root(struct kc_call *call, struct kc_vault_root *root)
{
    char name[KC_CONFIG_ROOT_NAME_SIZE];
    kc_call_text(call, KC_FIELD_KEY_ROOT, name, sizeof name);
    if (kc_vault_root_find(call->vault->config, call->vault->outside, name, root) == KC_OK)
        return KC_OK;
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[KC_FIELD_KEY_ROOT].name);
    return KC_ERR_BAD_ARGUMENT;
}

void kc_call_describe(
    struct kc_call *call, struct kc_values *values, const struct kc_record *record)
{
    kc_values_set_text(values, KC_FIELD_KEY, record->id);
    kc_values_set_text(values, KC_FIELD_KEYRING, record->keyring);
    kc_values_set_text(values, KC_FIELD_LABEL, record->label);
    kc_values_set_text(values, KC_FIELD_ALGORITHM, kc_algorithm_info(record->algorithm)->name);
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
    describe_for_programs(values, record);
    kc_values_set_text(values, KC_FIELD_KEY_ROOT, kc_call_root_name(call, record));
    if (kc_call_needs_login(call, record))
        kc_values_set_number(values, KC_FIELD_LOGIN, 1);
    if (kc_role_is_part(record->role))
        describe_share(values, record);
    if (record->role == KC_ROLE_SHARE)
        describe_capability(call, values, record);
}

enum kc_error kc_vault_key_show(struct kc_call *call)
{
    struct kc_record *key;
    enum kc_error error = kc_call_key(call, &key);
    if (error == KC_OK)
        kc_call_describe(call, &call->answer.values, key);
    return error;
}

/* --- key-seal --- */

#define DER_SEQUENCE 0x30
#define DER_TWO_OCTETS 0x82 /* of length follow: a seal has more than 255 octets */

/* How many octets the DER has that a seal begins with; what is behind says how it opens, which is the
 * custodian's own. 0: a token made it. */
static size_t size_of_der(const struct kc_record *key)
{
    const uint8_t *seal = key->seal;
    if (key->seal_size < 4 || seal[0] != DER_SEQUENCE || seal[1] != DER_TWO_OCTETS)
        return 0;
    size_t size = 4 + ((size_t)seal[2] << 8 | seal[3]);
    return size <= key->seal_size ? size : 0;
}

enum kc_error kc_vault_key_seal(struct kc_call *call)
{
    struct kc_record *key;
    enum kc_error error = kc_call_key(call, &key);
    if (error != KC_OK)
        return error;
    size_t size = key->residence == KC_RESIDENCE_SEALED ? size_of_der(key) : 0;
    if (size == 0) {
        kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[KC_FIELD_RESIDENCE].name);
        return KC_ERR_BAD_ARGUMENT;
    }
    kc_call_set_octets(call, KC_FIELD_VALUE, key->seal, size);
    return KC_OK;
}

/* --- key-agree --- */

/* A peer in signed encoding, for X as u alone, for P-256 uncompressed. */
static enum kc_error read_peer(struct kc_call *call, enum kc_curve curve, struct kc_point *peer)
{
    struct kc_span span = kc_call_field(call, KC_FIELD_PEER);
    size_t unsigned_size = kc_curve_info(curve)->unsigned_size;
    if (unsigned_size > 0 && span.size == unsigned_size)
        return kc_point_decode_unsigned(peer, curve, span.bytes, span.size);
    return kc_resident_read_point(curve, span, peer);
}

static enum kc_error agree_alone(
    struct kc_call *call, const struct kc_record *key, const struct kc_point *peer, uint8_t *agreed)
{
    KC_AUTO_MATERIAL material = {0};
    enum kc_error error = kc_call_material(call, key, &material);
    return error == KC_OK ? kc_agreement_agree(agreed, &material.key.scalar, peer) : error;
}

static enum kc_error agree_on_curve(
    struct kc_call *call, const struct kc_record *key, uint8_t *agreed)
{
    struct kc_point peer;
    enum kc_error error = read_peer(call, (enum kc_curve)key->algorithm, &peer);
    if (error != KC_OK)
        return error;
    return key->role == KC_ROLE_SHARE ? kc_call_agree_with_other(call, key, &peer, agreed)
                                      : agree_alone(call, key, &peer, agreed);
}

static enum kc_error agree_by_libcrypto(
    struct kc_call *call, const struct kc_record *key, uint8_t *agreed)
{
    KC_AUTO_MATERIAL material = {0};
    enum kc_error error = kc_call_material(call, key, &material);
    if (error == KC_OK)
        error = kc_evp_agree(material.evp, kc_algorithm_info(key->algorithm),
            kc_call_field(call, KC_FIELD_PEER), agreed);
    return error;
}

enum kc_error kc_call_agree(struct kc_call *call, const struct kc_record *key,
    uint8_t agreed[static KC_ALGORITHM_AGREED_MAX], size_t *size)
{
    const struct kc_algorithm_info *info = kc_algorithm_info(key->algorithm);
    *size = info->agreed_size;
    if (key->role == KC_ROLE_SHARE)
        return agree_on_curve(call, key, agreed);
    if (kc_resident_is(key))
        return kc_resident_agree(call, key, agreed);
    return info->family == KC_FAMILY_CURVE ? agree_on_curve(call, key, agreed)
                                           : agree_by_libcrypto(call, key, agreed);
}

enum kc_error kc_vault_key_agree(struct kc_call *call)
{
    struct kc_record *key;
    uint8_t agreed[KC_ALGORITHM_AGREED_MAX]; /* secret */
    size_t size = 0;
    enum kc_error error = kc_call_key(call, &key);
    if (error == KC_OK)
        error = kc_call_agree(call, key, agreed, &size);
    if (error == KC_OK)
        error = kc_call_set_secret(call, KC_FIELD_SECRET, agreed, size);
    kc_wipe(agreed, sizeof agreed);
    return error;
}

/* --- changes --- */

/* The secret that stays with a change; a derived key has none, and `kept` is NULL. */
static enum kc_error open_kept(struct kc_call *call, const struct kc_record *key,
    struct kc_secret *secret, const struct kc_secret **kept)
{
    bool is_derived = key->residence == KC_RESIDENCE_DERIVED;
    *kept = is_derived ? NULL : secret;
    return is_derived ? KC_OK : kc_keeper_open(call->vault->keeper, key, secret);
}

/* Stages the request's key, and opens the secret that stays with it. */
static enum kc_error stage_key(struct kc_call *call, struct kc_record **staged,
    struct kc_secret *secret, const struct kc_secret **kept)
{
    struct kc_record *key;
    enum kc_error error = kc_call_key(call, &key);
    if (error == KC_OK)
        error = open_kept(call, key, secret, kept);
    return error == KC_OK ? kc_call_stage(call, key, staged) : error;
}

static enum kc_error commit_key(
    struct kc_call *call, struct kc_record *staged, const struct kc_secret *kept)
{
    kc_call_set_number(call, KC_FIELD_VERSION, staged->version);
    call->wish = KC_WISH_COMMIT;
    return kc_keeper_protect(call->vault->keeper, staged, kept);
}

enum kc_error kc_vault_key_update(struct kc_call *call)
{
    struct kc_record *staged;
    KC_AUTO_SECRET secret = {0};
    const struct kc_secret *kept = NULL;
    enum kc_error error = stage_key(call, &staged, &secret, &kept);
    if (error == KC_OK)
        error = kc_call_read_details(call, staged);
    if (error != KC_OK)
        return error;
    if (kc_call_has(call, KC_FIELD_LABEL))
        kc_call_text(call, KC_FIELD_LABEL, staged->label, sizeof staged->label);
    if (!kc_call_sees(call, staged))
        return KC_ERR_REFUSED; /* a rule for some labels gives no others */
    return commit_key(call, staged, kept);
}

/* --- states --- */

static enum kc_error set_state(struct kc_call *call, uint8_t state)
{
    struct kc_record *staged;
    KC_AUTO_SECRET secret = {0};
    const struct kc_secret *kept = NULL;
    enum kc_error error = stage_key(call, &staged, &secret, &kept);
    if (error != KC_OK)
        return error;
    staged->state = state;
    return commit_key(call, staged, kept);
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
    call->erases = true;
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
    /* before the record: what stays in the root would be known to nobody */
    if (error == KC_OK && kc_resident_is(key))
        error = kc_resident_destroy(call, key);
    if (error != KC_OK)
        return error;
    kc_call_set_number(call, KC_FIELD_VERSION, call->changes[0].version);
    call->wish = KC_WISH_COMMIT;
    return KC_OK;
}
