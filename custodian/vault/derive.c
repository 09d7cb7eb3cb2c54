/* SPDX-License-Identifier: Apache-2.0 */
/* key-derive: a named key of a seed that is here, such as the key of an account's store. */
#include "custodian/mesh/account_create.h"
#include "custodian/vault/derived.h"
#include "custodian/vault/operations.h"

#include <string.h>

static enum kc_error wrong_name(struct kc_call *call)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[KC_FIELD_DETAIL].name);
    return KC_ERR_BAD_ARGUMENT;
}

enum kc_error kc_vault_key_derive(struct kc_call *call)
{
    struct kc_record *seed, wanted, *staged;
    KC_AUTO_KEY key = {0};
    char name[KC_MESH_KEY_NAME_SIZE];
    enum kc_error error = kc_call_seed(call, kc_call_field(call, KC_FIELD_KEY), &seed);
    if (error == KC_OK)
        error = kc_call_wanted_key(call, seed, KC_RESIDENCE_DERIVED, &wanted);
    if (error != KC_OK)
        return error;
    if (kc_call_field(call, KC_FIELD_DETAIL).size >= sizeof name)
        return wrong_name(call);
    kc_call_text(call, KC_FIELD_DETAIL, name, sizeof name);
    error = kc_call_seed_key(call, seed, name, &key);
    if (error == KC_ERR_BAD_ARGUMENT || strcmp(name, KC_MESH_NAME_ESCROW) == 0)
        return wrong_name(call); /* what is escrowed opens in mesh-escrow-open alone */
    if (error == KC_OK)
        error = kc_call_key_place(call, &key.public, &wanted);
    if (error != KC_OK)
        return error;
    struct kc_derived derived = kc_derived_of(KC_KIND_SEED, seed->id, name);
    error = kc_call_seed_named(call, seed, name);
    if (error == KC_OK)
        error = kc_call_stage_key(call, &wanted, &derived, &key.public, NULL, &staged);
    if (error != KC_OK)
        return error;
    kc_call_describe_made(call, staged);
    call->wish = KC_WISH_COMMIT;
    return KC_OK;
}
