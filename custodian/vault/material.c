/* SPDX-License-Identifier: Apache-2.0 */
/* Opening keys. */
#include "custodian/vault/derived.h"
#include "custodian/vault/evp.h"
#include "custodian/vault/key.h"
#include "threshold/share.h"

#include <string.h>

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
