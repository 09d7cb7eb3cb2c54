/* SPDX-License-Identifier: Apache-2.0 */
/* key-derive: a named key of a seed that is here, such as the key of an account's store. */
#include "custodian/vault/derived.h"

#include <string.h>

static enum kc_error wrong_name(struct kc_call *call)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[KC_FIELD_DETAIL].name);
    return KC_ERR_BAD_ARGUMENT;
}

/* Where a record of the key was destroyed, the new one is its next version. */
static enum kc_error find_place(
    struct kc_call *call, const struct kc_point *public, struct kc_record *wanted)
{
    struct kc_record named = {0}, *former = NULL;
    enum kc_error error = kc_record_of_public(&named, public);
    if (error == KC_OK)
        error = kc_call_own_key(call, named.id, &former);
    if (error != KC_OK || !former)
        return error;
    if (former->state != KC_STATE_DESTROYED)
        return KC_ERR_EXISTS;
    wanted->version = former->version;
    memcpy(wanted->mac, former->mac, sizeof wanted->mac);
    return KC_OK;
}

static enum kc_error read_wanted(
    struct kc_call *call, const struct kc_record *seed, struct kc_record *wanted)
{
    *wanted = (struct kc_record){.role = seed->role, .residence = KC_RESIDENCE_DERIVED};
    memcpy(wanted->keyring, seed->keyring, sizeof wanted->keyring);
    memcpy(wanted->account, seed->account, sizeof wanted->account);
    kc_call_text(call, KC_FIELD_LABEL, wanted->label, sizeof wanted->label);
    return kc_call_allowed_new(call, wanted);
}

enum kc_error kc_vault_key_derive(struct kc_call *call)
{
    struct kc_record *seed, wanted, *staged;
    KC_AUTO_KEY key = {0};
    char name[KC_MESH_KEY_NAME_SIZE];
    enum kc_error error = kc_call_seed(call, kc_call_field(call, KC_FIELD_KEY), &seed);
    if (error == KC_OK)
        error = read_wanted(call, seed, &wanted);
    if (error != KC_OK)
        return error;
    if (kc_call_field(call, KC_FIELD_DETAIL).size >= sizeof name)
        return wrong_name(call);
    kc_call_text(call, KC_FIELD_DETAIL, name, sizeof name);
    error = kc_call_seed_key(call, seed, name, &key);
    if (error == KC_ERR_BAD_ARGUMENT)
        return wrong_name(call);
    if (error == KC_OK)
        error = find_place(call, &key.public, &wanted);
    if (error != KC_OK)
        return error;
    struct kc_derived derived = kc_derived_of(KC_KIND_SEED, seed->id, name);
    error = kc_call_stage_key(call, &wanted, &derived, &key.public, NULL, &staged);
    if (error != KC_OK)
        return error;
    const struct kc_operation_row *row = &kc_operations[call->in.message.operation];
    kc_call_describe(call, &call->answer.values, staged);
    call->answer.values.present = kc_field_set_and(
        call->answer.values.present, kc_field_set_or(row->answer, row->answer_optional));
    call->wish = KC_WISH_COMMIT;
    return KC_OK;
}
