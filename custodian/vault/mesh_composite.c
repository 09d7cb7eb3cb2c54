/* SPDX-License-Identifier: Apache-2.0 */
/* A device's connection to an account: its record, its keys, and its end. */
#include "custodian/vault/find.h"
#include "custodian/vault/key.h"
#include "custodian/vault/mesh_device.h"
#include "custodian/vault/operations.h"

#include <stdio.h>
#include <string.h>

/* --- the record --- */

enum kc_error kc_mesh_composite_id(
    const char *device, const char *account_udf, char id[KC_UDF_ID_SIZE])
{
    char both[2 * KC_RECORD_ID_SIZE];
    struct kc_udf_digest digest;
    int size = snprintf(both, sizeof both, "%s %s", device, account_udf);
    struct kc_span span = {(const uint8_t *)both, (size_t)size};
    enum kc_error error =
        kc_udf_content_digest(KC_HASH_SHA512, span, "custodian/composite", &digest);
    return error == KC_OK ? kc_udf_digest_present(&digest, KC_UDF_BITS, id, KC_UDF_ID_SIZE) : error;
}

static void pack(struct kc_writer *w, const void *content)
{
    const struct kc_composite *composite = content;
    kc_writer_text(w, composite->device);
    kc_writer_text(w, composite->account_udf);
    kc_writer_u64(w, composite->epoch);
    kc_writer_u32(w, (uint32_t)composite->key_count);
    for (size_t i = 0; i < composite->key_count; i++) {
        kc_writer_text(w, composite->keys[i]);
        kc_writer_u64(w, composite->epochs[i]);
    }
    kc_writer_span(w, composite->connection.bytes, composite->connection.size);
    kc_writer_span(w, composite->account_profile.bytes, composite->account_profile.size);
}

static enum kc_error unpack(struct kc_span body, struct kc_composite *composite)
{
    struct kc_reader r;
    kc_reader_init(&r, body.bytes, body.size);
    kc_reader_text(&r, composite->device, sizeof composite->device);
    kc_reader_text(&r, composite->account_udf, sizeof composite->account_udf);
    composite->epoch = kc_reader_u64(&r);
    composite->key_count = kc_reader_count(&r, KC_DEVICE_KEYS_MAX, sizeof(uint32_t));
    for (size_t i = 0; i < composite->key_count; i++) {
        kc_reader_text(&r, composite->keys[i], sizeof composite->keys[i]);
        composite->epochs[i] = kc_reader_u64(&r);
    }
    composite->connection = kc_reader_span(&r, KC_RECORD_BODY_MAX);
    composite->account_profile = kc_reader_span(&r, KC_RECORD_BODY_MAX);
    return kc_reader_finish(&r) == KC_OK ? KC_OK : KC_ERR_RECORD_DAMAGED;
}

enum kc_error kc_call_composite(struct kc_call *call, const char *device, const char *account_udf,
    struct kc_record **record, struct kc_composite *composite)
{
    char id[KC_UDF_ID_SIZE];
    enum kc_error error = kc_mesh_composite_id(device, account_udf, id);
    if (error == KC_OK)
        error = kc_call_record(
            call, KC_KIND_COMPOSITE, (struct kc_span){(const uint8_t *)id, strlen(id)}, record);
    if (error == KC_ERR_REFUSED) {
        *record = NULL;
        return KC_OK;
    }
    return error == KC_OK ? unpack((*record)->body, composite) : error;
}

enum kc_error kc_call_accreditation(
    struct kc_call *call, const struct kc_record *key, struct kc_span *connection)
{
    struct kc_derived derived;
    struct kc_record *record;
    struct kc_composite composite;
    enum kc_error error = kc_derived_read(key, &derived);
    if (error == KC_OK && derived.count != KC_DERIVED_PARTS_MAX)
        error = KC_ERR_RECORD_DAMAGED;
    if (error != KC_OK)
        return error;
    const char *id = derived.parts[1].id;
    error = kc_call_record(
        call, KC_KIND_COMPOSITE, (struct kc_span){(const uint8_t *)id, strlen(id)}, &record);
    if (error == KC_OK && record->state != KC_STATE_ACTIVE)
        error = KC_ERR_REFUSED;
    if (error == KC_OK)
        error = unpack(record->body, &composite);
    if (error == KC_OK)
        *connection = composite.connection;
    return error;
}

enum kc_error kc_call_put_composite(
    struct kc_call *call, struct kc_record *staged, const struct kc_composite *composite)
{
    return kc_call_pack_body(call, staged, pack, composite);
}

/* --- the keys that it brought --- */

enum kc_error kc_call_find_keys(struct kc_call *call, const char (*ids)[KC_RECORD_ID_SIZE],
    size_t count, struct kc_record **found)
{
    enum kc_error outcome = KC_OK;
    for (size_t i = 0; i < count; i++) {
        enum kc_error error = kc_call_own_key(call, ids[i], &found[i]);
        if (error != KC_OK)
            outcome = error;
        if (error != KC_OK && call->wish != KC_WISH_NEED)
            return error;
    }
    return outcome;
}

/* Stages the end of keys, those that are still there. */
static enum kc_error end_keys(
    struct kc_call *call, struct kc_record *const found[KC_DEVICE_KEYS_MAX], size_t count)
{
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < count; i++)
        if (found[i] && found[i]->state != KC_STATE_DESTROYED)
            error = kc_call_destroy(call, found[i]);
    return error;
}

/* --- mesh-device-leave --- */

/* The activation's seed goes; what stays tells that there was a connection, and how new it was. */
static enum kc_error end_connection(
    struct kc_call *call, const struct kc_record *record, struct kc_composite *composite)
{
    struct kc_record *staged;
    enum kc_error error = kc_call_destroy(call, record);
    if (error != KC_OK)
        return error;
    staged = &call->changes[call->change_count - 1];
    composite->key_count = 0;
    composite->connection = composite->account_profile = (struct kc_span){NULL, 0};
    error = kc_call_put_composite(call, staged, composite);
    return error == KC_OK ? kc_keeper_protect(call->vault->keeper, staged, NULL) : error;
}

enum kc_error kc_vault_mesh_device_leave(struct kc_call *call)
{
    struct kc_record *device, *record, *found[KC_DEVICE_KEYS_MAX] = {NULL};
    struct kc_composite composite = {0};
    char account_udf[KC_RECORD_ID_SIZE];
    enum kc_error error = kc_call_device(call, &device);
    kc_call_text(call, KC_FIELD_ACCOUNT_UDF, account_udf, sizeof account_udf);
    if (error == KC_OK)
        error = kc_call_composite(call, device->id, account_udf, &record, &composite);
    if (error == KC_OK && (!record || record->state != KC_STATE_ACTIVE))
        error = KC_ERR_REFUSED;
    if (error == KC_OK)
        error = kc_call_find_keys(call, composite.keys, composite.key_count, found);
    if (error == KC_OK)
        error = end_keys(call, found, composite.key_count);
    if (error == KC_OK)
        error = end_connection(call, record, &composite);
    if (error != KC_OK)
        return error;
    kc_call_set_number(call, KC_FIELD_VERSION, call->changes[call->change_count - 1].version);
    error = kc_call_device_account(call, device, account_udf, false);
    call->wish = KC_WISH_COMMIT;
    return error;
}
