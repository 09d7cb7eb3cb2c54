/* SPDX-License-Identifier: Apache-2.0 */
/* A device's side of a refresh: its share becomes another one, and the one before is gone. */
#include "custodian/mesh/share_refresh.h"
#include "custodian/vault/key.h"
#include "custodian/vault/mesh_device.h"
#include "custodian/vault/operations.h"

#include <string.h>

struct refresh {
    struct kc_record *device, *record; /* of the connection */
    struct kc_composite composite;
    struct kc_record *keys[KC_DEVICE_KEYS_MAX];
    struct kc_mesh_account account;
    struct kc_data document;
    struct kc_key encryption;                 /* secret: the composite key */
    size_t place;                             /* of the share among the keys */
    struct kc_mesh_share_state before, after; /* secret */
};

static void refresh_done(struct refresh *r)
{
    kc_data_done(&r->document);
    kc_key_wipe(&r->encryption);
    kc_scalar_wipe(&r->before.share);
    kc_scalar_wipe(&r->after.share);
}

static enum kc_error find_connection(struct kc_call *call, struct refresh *r)
{
    char account_udf[KC_RECORD_ID_SIZE];
    kc_call_text(call, KC_FIELD_ACCOUNT_UDF, account_udf, sizeof account_udf);
    enum kc_error error = kc_call_device(call, &r->device);
    if (error == KC_OK)
        error = kc_call_composite(call, r->device->id, account_udf, &r->record, &r->composite);
    if (error == KC_OK && (!r->record || r->record->state != KC_STATE_ACTIVE))
        error = KC_ERR_REFUSED;
    if (error == KC_OK)
        error = kc_call_find_keys(call, r->composite.keys, r->composite.key_count, r->keys);
    if (error == KC_OK &&
        kc_mesh_account_read(r->composite.account_profile, NULL, &r->account) != KC_OK)
        error = KC_ERR_RECORD_DAMAGED;
    return error;
}

/* The key that what comes from the administrator is encrypted to. */
static enum kc_error open_encryption(struct kc_call *call, struct refresh *r)
{
    for (size_t i = 0; i < r->composite.key_count; i++) {
        struct kc_derived derived;
        const struct kc_record *key = r->keys[i];
        if (!key || key->role != KC_ROLE_DEVICE || key->state != KC_STATE_ACTIVE)
            continue;
        enum kc_error error = kc_derived_read(key, &derived);
        if (error != KC_OK)
            return error;
        if (strcmp(derived.parts[0].name, kc_mesh_device_names[KC_MESH_DEVICE_ENCRYPT]) == 0)
            return kc_call_derived_key(call, key, &r->encryption);
    }
    return KC_ERR_REFUSED;
}

/* The share of the key that the document is about. */
static enum kc_error open_share(struct kc_call *call, struct refresh *r)
{
    KC_AUTO_MATERIAL material = {0};
    enum kc_error error = kc_mesh_refresh_subject(r->document.span, &r->account, r->before.subject);
    if (error != KC_OK)
        return error;
    while (r->place < r->composite.key_count) {
        const struct kc_record *key = r->keys[r->place];
        if (key && key->role == KC_ROLE_SHARE && key->state == KC_STATE_ACTIVE &&
            strcmp(key->group, r->before.subject) == 0)
            break;
        r->place++;
    }
    if (r->place == r->composite.key_count)
        return KC_ERR_REFUSED;
    const struct kc_record *key = r->keys[r->place];
    error = kc_call_material(call, key, &material);
    if (error != KC_OK)
        return error;
    r->before.share = material.key.scalar;
    r->before.class = key->use == KC_USE_SIGN ? KC_MESH_SIGN : KC_MESH_DECRYPT;
    r->before.epoch = (int64_t)r->composite.epochs[r->place];
    return kc_mesh_public_key(&material.key.public, &r->before.own);
}

/* The other share's verification share is what is left of the whole key. */
static enum kc_error describe(const struct refresh *r, struct kc_record *wanted)
{
    struct kc_point points[2], own, peer;
    enum kc_curve curve = r->after.share.curve;
    enum kc_error error = kc_point_multiply_base(&own, &r->after.share);
    if (error == KC_OK)
        error = kc_point_decode(
            &points[0], curve, wanted->group_public, kc_curve_info(curve)->point_size);
    if (error == KC_OK) {
        kc_point_negate(&points[1], &own);
        error = kc_point_sum(&peer, points, 2);
    }
    if (error != KC_OK)
        return KC_ERR_CONTRIBUTION;
    kc_point_encode(&peer, wanted->peer_public);
    wanted->version = 0;
    wanted->seal_size = wanted->secret_size = 0;
    memset(wanted->mac, 0, sizeof wanted->mac);
    return kc_record_of_public(wanted, &own);
}

static enum kc_error stage_share(struct kc_call *call, struct refresh *r)
{
    struct kc_record wanted = *r->keys[r->place], *staged;
    KC_AUTO_SECRET secret = {0};
    uint8_t encoded[KC_SCALAR_SIZE_MAX]; /* secret */
    enum kc_error error = describe(r, &wanted);
    if (error == KC_OK)
        error = kc_secret_init(&secret, kc_curve_info(r->after.share.curve)->scalar_size);
    if (error != KC_OK)
        return error;
    kc_scalar_encode(&r->after.share, encoded);
    memcpy(secret.bytes, encoded, secret.size);
    kc_wipe(encoded, sizeof encoded);
    error = kc_call_destroy(call, r->keys[r->place]); /* first: the new one has its label */
    if (error == KC_OK)
        error = kc_call_stage(call, &wanted, &staged);
    if (error == KC_OK)
        error = kc_call_set_body(call, staged, wanted.body);
    if (error == KC_OK)
        error = kc_keeper_protect(call->vault->keeper, staged, &secret);
    if (error != KC_OK)
        return error;
    memcpy(r->composite.keys[r->place], staged->id, sizeof staged->id);
    r->composite.epochs[r->place] = (uint64_t)r->after.epoch;
    kc_call_set_text(call, KC_FIELD_KEY, staged->id);
    return KC_OK;
}

static enum kc_error stage_connection(struct kc_call *call, const struct refresh *r)
{
    struct kc_record *staged = NULL;
    KC_AUTO_SECRET secret = {0};
    struct kc_keeper *keeper = call->vault->keeper;
    enum kc_error error = kc_keeper_open(keeper, r->record, &secret);
    if (error == KC_OK)
        error = kc_call_stage(call, r->record, &staged);
    if (error == KC_OK)
        error = kc_call_put_composite(call, staged, &r->composite);
    return error == KC_OK ? kc_keeper_protect(keeper, staged, &secret) : error;
}

enum kc_error kc_vault_mesh_device_refresh(struct kc_call *call)
{
    __attribute__((cleanup(refresh_done))) struct refresh r = {0};
    enum kc_error error = find_connection(call, &r);
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_DOCUMENT, &r.document);
    if (error == KC_OK)
        error = open_encryption(call, &r);
    if (error == KC_OK)
        error = open_share(call, &r);
    if (error == KC_OK)
        error = kc_mesh_share_refresh(r.document.span, &r.account, &r.encryption,
            (int64_t)kc_call_now(call), &r.before, &r.after);
    if (error == KC_OK)
        error = stage_share(call, &r);
    if (error == KC_OK)
        error = stage_connection(call, &r);
    if (error == KC_OK)
        call->wish = KC_WISH_COMMIT;
    return error;
}
