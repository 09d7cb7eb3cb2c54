/* SPDX-License-Identifier: Apache-2.0 */
/* What was revoked: that it was is told by the map alone, so that nothing needs to be brought for it. */
#include "custodian/vault/access.h"
#include "custodian/vault/fetch.h"
#include "custodian/vault/find.h"
#include "custodian/vault/mesh.h"
#include "custodian/vault/operations.h"

#include "proto/udf.h"

#include <sodium.h>
#include <string.h>

enum kc_error kc_call_is_revoked(struct kc_call *call, enum kc_mesh_revoked what,
    const char *account_udf, const char *name, bool *is_revoked)
{
    char id[KC_RECORD_ID_SIZE];
    kc_mesh_revocation_id(what, account_udf, name, id);
    switch (kc_map_find(call->vault->ledger.map, KC_KIND_REVOCATION, id)) {
    case KC_MAP_ABSENT:
        *is_revoked = false;
        return KC_OK;
    case KC_MAP_CURRENT:
    case KC_MAP_OTHER:
        *is_revoked = true;
        return KC_OK;
    case KC_MAP_UNKNOWN:
        return kc_call_want_path(call, KC_KIND_REVOCATION, id);
    case KC_MAP_CHANGING: /* it is being revoked just now: what is answered comes after that */
        break;
    }
    if (call->wish != KC_WISH_FETCH && call->wish != KC_WISH_NEED)
        kc_call_want_settled(call, KC_KIND_REVOCATION, id);
    return KC_ERR_UNAVAILABLE;
}

enum kc_error kc_call_stage_revocation(
    struct kc_call *call, enum kc_mesh_revoked what, const char *account_udf, const char *name)
{
    struct kc_record *staged,
        revocation = {
            .kind = KC_KIND_REVOCATION, .state = KC_STATE_ACTIVE, .created = kc_call_now(call)};
    kc_mesh_revocation_id(what, account_udf, name, revocation.id);
    enum kc_error error = kc_call_stage_or_wait(call, &revocation, &staged);
    return error == KC_OK ? kc_keeper_protect(call->vault->keeper, staged, NULL) : error;
}

void kc_mesh_share_name(
    const struct kc_mesh_capability *capability, char name[static KC_MESH_SHARE_NAME_SIZE])
{
    const struct kc_curve_info *info =
        capability->has_share ? kc_curve_info(capability->share.curve) : NULL;
    size_t size = info ? info->point_size : 0;
    (void)sodium_bin2hex(name, KC_MESH_SHARE_NAME_SIZE, capability->own, size);
}

/* --- capabilities --- */

/* The record of a capability; NULL with KC_OK: there is none. */
static enum kc_error find_capability(struct kc_call *call, const char *account_udf,
    const char *name, struct kc_record **record, struct kc_mesh_granted *granted)
{
    char id[KC_RECORD_ID_SIZE];
    kc_mesh_capability_record_id(account_udf, name, id);
    enum kc_error error = kc_call_record(
        call, KC_KIND_CAPABILITY, (struct kc_span){(const uint8_t *)id, strlen(id)}, record);
    if (error == KC_ERR_REFUSED)
        *record = NULL;
    if (error != KC_OK)
        return error == KC_ERR_REFUSED ? KC_OK : error;
    return kc_mesh_granted_read(*record, granted);
}

static enum kc_error stage_share(
    struct kc_call *call, const char *account_udf, const struct kc_mesh_capability *capability)
{
    char name[KC_MESH_SHARE_NAME_SIZE];
    bool is_revoked = false;
    if (!capability->has_share)
        return KC_OK;
    kc_mesh_share_name(capability, name);
    enum kc_error error =
        kc_call_is_revoked(call, KC_MESH_REVOKED_SHARE, account_udf, name, &is_revoked);
    return error == KC_OK && !is_revoked
               ? kc_call_stage_revocation(call, KC_MESH_REVOKED_SHARE, account_udf, name)
               : error;
}

/* The share goes, and neither it nor the Id can come back: also an Id that was never here, as what it
 * would have brought may still be on its way. */
static enum kc_error revoke_capability(
    struct kc_call *call, const char *account_udf, const char *name)
{
    struct kc_record *record;
    struct kc_mesh_granted granted;
    bool is_revoked = false;
    enum kc_error error =
        kc_call_is_revoked(call, KC_MESH_REVOKED_CAPABILITY, account_udf, name, &is_revoked);
    if (error != KC_OK || is_revoked)
        return error;
    error = find_capability(call, account_udf, name, &record, &granted);
    if (error == KC_OK && record && granted.is_active)
        error = kc_call_destroy_or_wait(call, record);
    if (error == KC_OK && record)
        error = stage_share(call, account_udf, &granted.capability);
    if (error == KC_OK)
        error = kc_call_stage_revocation(call, KC_MESH_REVOKED_CAPABILITY, account_udf, name);
    return error;
}

/* A fingerprint of less than the usual precision names no device: it would be said to be done. */
static enum kc_error revoke_device(struct kc_call *call, const char *account_udf, const char *said)
{
    bool is_revoked = false;
    char name[KC_UDF_ID_SIZE];
    const char *udf = kc_mesh_device_name(said, name) ? name : said;
    if (!kc_mesh_device_is_said(said))
        return KC_ERR_BAD_REQUEST;
    enum kc_error error =
        kc_call_is_revoked(call, KC_MESH_REVOKED_DEVICE, account_udf, udf, &is_revoked);
    return error == KC_OK && !is_revoked
               ? kc_call_stage_revocation(call, KC_MESH_REVOKED_DEVICE, account_udf, udf)
               : error;
}

/* --- mesh-capability-revoke, mesh-device-revoke: as the account's administrator signed --- */

typedef enum kc_error revoking(struct kc_call *call, const char *account_udf, const char *name);

static enum kc_error take_deletion(struct kc_call *call, const struct kc_mesh_verified *verified,
    struct kc_mesh_update *update, struct kc_mesh_subjects *subjects, revoking *revoke)
{
    if (!update->deletes)
        return KC_OK;
    enum kc_error error = revoke(call, verified->bound.account.udf, update->id);
    return error == KC_OK ? kc_call_add_subject(subjects, update->id) : error;
}

static enum kc_error take_capability(struct kc_call *call, const struct kc_mesh_verified *verified,
    struct kc_mesh_update *update, struct kc_mesh_subjects *subjects)
{
    return take_deletion(call, verified, update, subjects, revoke_capability);
}

static enum kc_error take_device(struct kc_call *call, const struct kc_mesh_verified *verified,
    struct kc_mesh_update *update, struct kc_mesh_subjects *subjects)
{
    return take_deletion(call, verified, update, subjects, revoke_device);
}

enum kc_error kc_vault_mesh_capability_revoke(struct kc_call *call)
{
    return kc_call_transact(call, KC_MESH_ACCESS, take_capability, "revoked");
}

enum kc_error kc_vault_mesh_device_revoke(struct kc_call *call)
{
    return kc_call_transact(call, KC_MESH_DEVICE, take_device, "revoked");
}

/* --- mesh-capability-withdraw, mesh-device-withdraw: by the owner of this custodian --- */

/* Revocations are found by names as they are written: a UDF in another form would revoke nothing, and
 * it would be said to be done. */
static bool is_udf(const struct kc_call *call, enum kc_field field)
{
    struct kc_udf udf;
    return kc_udf_parse_canonical(kc_call_field(call, field), &udf) == KC_OK;
}

/* The field that names nothing that could be revoked; KC_FIELDS: there is none. */
static enum kc_field find_wrong(const struct kc_call *call, enum kc_field field)
{
    if (kc_call_field(call, KC_FIELD_ACCOUNT_UDF).size >= KC_UDF_ID_SIZE ||
        !is_udf(call, KC_FIELD_ACCOUNT_UDF))
        return KC_FIELD_ACCOUNT_UDF;
    return field == KC_FIELD_DEVICE && !is_udf(call, field) ? field : KC_FIELDS;
}

/* Only takes away, so the policy alone allows it; but never whoever merely carries requests. */
static enum kc_error withdraw(struct kc_call *call, enum kc_field field, revoking *revoke)
{
    char udf[KC_UDF_ID_SIZE], name[KC_MESH_ID_SIZE];
    kc_call_text(call, KC_FIELD_ACCOUNT_UDF, udf, sizeof udf);
    kc_call_text(call, field, name, sizeof name);
    enum kc_error error = kc_call_allowed(call);
    enum kc_field wrong = find_wrong(call, field);
    if (error == KC_OK && wrong != KC_FIELDS) {
        kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[wrong].name);
        return KC_ERR_BAD_ARGUMENT;
    }
    if (error == KC_OK)
        error = revoke(call, udf, name);
    if (error == KC_OK && call->change_count > 0)
        call->wish = KC_WISH_COMMIT;
    return error;
}

enum kc_error kc_vault_mesh_capability_withdraw(struct kc_call *call)
{
    return withdraw(call, KC_FIELD_CAPABILITY, revoke_capability);
}

enum kc_error kc_vault_mesh_device_withdraw(struct kc_call *call)
{
    return withdraw(call, KC_FIELD_DEVICE, revoke_device);
}
