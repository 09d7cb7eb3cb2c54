/* SPDX-License-Identifier: Apache-2.0 */
/* Objects: certificates, public keys and data that programs keep in a keyring beside their keys. */
#include "custodian/vault/access.h"
#include "custodian/vault/core.h"
#include "custodian/vault/evp.h"
#include "custodian/vault/find.h"
#include "custodian/vault/key.h"
#include "custodian/vault/operations.h"
#include "proto/udf.h"

#include <string.h>

#define ID_SIZE 17 /* octets of an id that is random, 136 bits: it never meets another's */

static void describe(struct kc_values *values, const struct kc_record *object)
{
    kc_values_set_text(values, KC_FIELD_OBJECT, object->id);
    kc_values_set_text(values, KC_FIELD_KIND, kc_object_text(object->object));
    kc_values_set_text(values, KC_FIELD_KEYRING, object->keyring);
    kc_values_set_number(values, KC_FIELD_VERSION, object->version);
    kc_values_set_number(values, KC_FIELD_CREATED, object->created);
    kc_values_set_span(values, KC_FIELD_VALUE, object->body.bytes, object->body.size);
    if (object->label[0] != 0)
        kc_values_set_text(values, KC_FIELD_LABEL, object->label);
    if (object->identifier_size > 0)
        kc_values_set_span(
            values, KC_FIELD_IDENTIFIER, object->identifier, object->identifier_size);
    if (object->attributes_size > 0)
        kc_values_set_span(
            values, KC_FIELD_ATTRIBUTES, object->attributes, object->attributes_size);
}

/* The object that the request names: believed, there, and the policy's to this caller. */
static enum kc_error find_object(struct kc_call *call, struct kc_record **object)
{
    struct kc_record *found;
    enum kc_error error =
        kc_call_record(call, KC_KIND_OBJECT, kc_call_field(call, KC_FIELD_OBJECT), &found);
    if (error == KC_OK && found->state != KC_STATE_ACTIVE)
        error = KC_ERR_REFUSED;
    if (error == KC_OK)
        error = kc_call_allowed_object(call, found);
    if (error == KC_OK)
        *object = found;
    return error;
}

/* Stages an object as the request wants it. */
static enum kc_error stage(
    struct kc_call *call, const struct kc_record *object, struct kc_record **staged)
{
    enum kc_error error = kc_call_stage(call, object, staged);
    if (error == KC_OK)
        error = kc_call_read_details(call, *staged);
    if (error == KC_OK && kc_call_has(call, KC_FIELD_LABEL))
        kc_call_text(call, KC_FIELD_LABEL, (*staged)->label, sizeof(*staged)->label);
    if (error == KC_OK && kc_call_has(call, KC_FIELD_VALUE))
        (*staged)->body = kc_call_field(call, KC_FIELD_VALUE); /* as long as the call */
    return error;
}

static enum kc_error commit(struct kc_call *call, struct kc_record *staged)
{
    kc_call_set_number(call, KC_FIELD_VERSION, staged->version);
    call->wish = KC_WISH_COMMIT;
    return kc_keeper_protect(call->vault->keeper, staged, NULL);
}

/* --- the operations --- */

static enum kc_error make_id(struct kc_call *call, struct kc_record *object)
{
    uint8_t octets[ID_SIZE];
    enum kc_error error = kc_entropy_fill(call->vault->entropy, octets, sizeof octets);
    return error == KC_OK ? kc_udf_present(KC_UDF_NONCE, (struct kc_span){octets, sizeof octets},
                                KC_UDF_BITS, object->id, sizeof object->id)
                          : error;
}

enum kc_error kc_vault_object_import(struct kc_call *call)
{
    struct kc_record wanted = {.kind = KC_KIND_OBJECT,
        .state = KC_STATE_ACTIVE,
        .created = kc_call_now(call),
        .object = kc_object_find(kc_call_field(call, KC_FIELD_KIND))};
    struct kc_record *staged;
    kc_call_text(call, KC_FIELD_KEYRING, wanted.keyring, sizeof wanted.keyring);
    kc_call_text(call, KC_FIELD_LABEL, wanted.label, sizeof wanted.label);
    if (wanted.object == KC_OBJECT_CLASS_NONE) {
        kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[KC_FIELD_KIND].name);
        return KC_ERR_BAD_ARGUMENT; /* keys are made here, or come as shares */
    }
    enum kc_error error = kc_call_allowed_object(call, &wanted);
    if (error == KC_OK)
        error = make_id(call, &wanted);
    if (error == KC_OK)
        error = stage(call, &wanted, &staged);
    if (error != KC_OK)
        return error;
    describe(&call->answer.values, staged);
    return commit(call, staged);
}

enum kc_error kc_vault_object_show(struct kc_call *call)
{
    struct kc_record *object;
    enum kc_error error = find_object(call, &object);
    if (error == KC_OK)
        describe(&call->answer.values, object);
    return error;
}

enum kc_error kc_vault_object_update(struct kc_call *call)
{
    struct kc_record *object, *staged;
    enum kc_error error = find_object(call, &object);
    if (error == KC_OK)
        error = stage(call, object, &staged);
    return error == KC_OK ? commit(call, staged) : error;
}

/* What stays is a tombstone: that there was an object, not what it was. */
enum kc_error kc_vault_object_destroy(struct kc_call *call)
{
    struct kc_record *object, *staged;
    enum kc_error error = find_object(call, &object);
    if (error == KC_OK)
        error = kc_call_stage(call, object, &staged);
    if (error != KC_OK)
        return error;
    staged->state = KC_STATE_DESTROYED;
    staged->attributes_size = staged->identifier_size = 0;
    memset(staged->attributes, 0, sizeof staged->attributes);
    memset(staged->identifier, 0, sizeof staged->identifier);
    staged->body = (struct kc_span){NULL, 0};
    return commit(call, staged);
}

/* --- object-list --- */

/* Keys for programs: none that signs for the Mesh; the service's half of one for a program that is named
 * as one that contributes. */
static bool is_programs_key(const struct kc_call *call, const struct kc_record *record)
{
    if (record->kind != KC_KIND_KEY)
        return false;
    if (record->role != KC_ROLE_SHARE)
        return record->role == KC_ROLE_APPLICATION;
    return record->class == KC_ROLE_APPLICATION &&
           (record->index == KC_PARTY_FIRST || kc_call_contributes(call, record));
}

static bool is_listed(struct kc_call *call, const struct kc_record *record)
{
    bool is_object = record->kind == KC_KIND_OBJECT;
    return (is_object || is_programs_key(call, record)) && record->state == KC_STATE_ACTIVE &&
           kc_call_text_fits(call, KC_FIELD_KEYRING, record->keyring) &&
           kc_call_text_fits(call, KC_FIELD_LABEL, record->label) &&
           kc_call_text_fits(
               call, KC_FIELD_KIND, is_object ? kc_object_text(record->object) : "key") &&
           (is_object ? kc_call_allowed_object(call, record) == KC_OK : kc_call_sees(call, record));
}

/* Programs know a point of P-256 by its two coordinates; a share's record has it compressed, as what
 * computes with it does. */
static void describe_group_public(
    struct kc_call *call, struct kc_values *item, const struct kc_record *share)
{
    const struct kc_algorithm_info *info = kc_algorithm_info(share->algorithm);
    struct kc_span compressed = {share->group_public, share->public_size};
    if (share->role != KC_ROLE_SHARE || share->algorithm != KC_ALGORITHM_P256)
        return;
    uint8_t *whole = kc_call_keep(call, info->public_size);
    if (kc_evp_read_peer(info, compressed, whole) == KC_OK)
        kc_values_set_span(item, KC_FIELD_GROUP_PUBLIC, whole, info->public_size);
}

static void describe_key(struct kc_call *call, struct kc_values *item, const struct kc_record *key)
{
    kc_call_describe(call, item, key);
    describe_group_public(call, item, key);
    item->present = kc_field_set_and(item->present, kc_operations[KC_OPERATION_OBJECT_LIST].item);
    kc_values_set_text(item, KC_FIELD_KIND, "key");
}

static enum kc_error describe_item(
    struct kc_call *call, struct kc_values *item, const struct kc_record *record)
{
    if (record->kind == KC_KIND_OBJECT)
        describe(item, record);
    else
        describe_key(call, item, record);
    return KC_OK;
}

enum kc_error kc_vault_object_list(struct kc_call *call)
{
    return kc_call_list(call, is_listed, describe_item);
}
