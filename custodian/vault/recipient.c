/* SPDX-License-Identifier: Apache-2.0 */
/* Recipients: the wrap keys of other custodians, enrolled by the operator. They are the anchors up
 * to which a share's way out is verified. */
#include "custodian/vault/access.h"
#include "custodian/vault/core.h"
#include "custodian/vault/find.h"
#include "custodian/vault/key.h"
#include "custodian/vault/operations.h"
#include "custodian/vault/pin.h"

#include <string.h>

static enum kc_error read_point(struct kc_call *call, struct kc_point *point)
{
    struct kc_span name = kc_call_field(call, KC_FIELD_ALGORITHM);
    struct kc_span public = kc_call_field(call, KC_FIELD_PUBLIC);
    const struct kc_curve_info *info = kc_curve_by_name((const char *)name.bytes, name.size);
    if (!info)
        return KC_ERR_BAD_ALGORITHM;
    return kc_point_decode(point, info->curve, public.bytes, public.size);
}

/* The record that there may be under this id: *found is NULL if the store has none. */
static enum kc_error find_former(
    struct kc_call *call, const struct kc_record *wanted, struct kc_record **found)
{
    struct kc_span id = {(const uint8_t *)wanted->id, strlen(wanted->id)};
    enum kc_error error = kc_call_record(call, KC_KIND_RECIPIENT, id, found);
    if (error != KC_ERR_REFUSED)
        return error;
    *found = NULL;
    return KC_OK;
}

static void describe(struct kc_values *values, const struct kc_record *record)
{
    kc_values_set_text(values, KC_FIELD_RECIPIENT, record->id);
    kc_values_set_text(values, KC_FIELD_LABEL, record->label);
    kc_values_set_text(
        values, KC_FIELD_ALGORITHM, kc_curve_info((enum kc_curve)record->algorithm)->name);
    kc_values_set_span(values, KC_FIELD_PUBLIC, record->public_key, record->public_size);
}

static enum kc_error store_recipient(struct kc_call *call, const struct kc_record *wanted)
{
    struct kc_record *staged;
    enum kc_error error = kc_call_stage(call, wanted, &staged);
    if (error == KC_OK)
        error = kc_keeper_protect(call->vault->keeper, staged, NULL);
    if (error != KC_OK)
        return error;
    describe(&call->answer.values, staged);
    call->wish = KC_WISH_COMMIT;
    return KC_OK;
}

/* A share that went to this custodian's own wrap key would end beside the other. A profile may be of
 * a device here: who administers an account connects his own, too. */
static enum kc_error check_new(
    struct kc_call *call, const struct kc_record *former, const struct kc_record *own)
{
    if (own && kc_curve_info((enum kc_curve)own->algorithm)->signs)
        own = NULL;
    if (own)
        kc_call_set_text(call, KC_FIELD_DETAIL, "public: a key of this custodian itself");
    return own                                          ? KC_ERR_BAD_ARGUMENT
           : former && former->state == KC_STATE_ACTIVE ? KC_ERR_EXISTS
                                                        : KC_OK;
}

enum kc_error kc_vault_recipient_add(struct kc_call *call)
{
    struct kc_record wanted = {.kind = KC_KIND_RECIPIENT,
        .state = KC_STATE_ACTIVE,
        .role = KC_ROLE_WRAP,
        .created = kc_call_now(call)};
    struct kc_record *former, *own;
    struct kc_point point;
    bool proven = false;
    enum kc_error error = kc_call_allowed(call);
    if (error == KC_OK)
        error = read_point(call, &point);
    if (error == KC_OK)
        error = kc_record_of_public(&wanted, &point);
    if (error == KC_OK && kc_curve_info(point.curve)->signs)
        wanted.role = KC_ROLE_BASE; /* what a profile is known by: nothing is enveloped to it */
    if (error == KC_OK)
        error = find_former(call, &wanted, &former);
    if (error == KC_OK)
        error = kc_call_own_key(call, wanted.id, &own);
    if (error == KC_OK)
        error = kc_call_operator(call, &proven);
    if (error != KC_OK || !proven)
        return error;
    error = check_new(call, former, own);
    if (error != KC_OK)
        return error;
    kc_call_text(call, KC_FIELD_LABEL, wanted.label, sizeof wanted.label);
    if (former) { /* enrolled again: one more version of the same record */
        wanted.version = former->version;
        memcpy(wanted.mac, former->mac, sizeof wanted.mac);
    }
    return store_recipient(call, &wanted);
}

static bool is_listed(struct kc_call *call, const struct kc_record *record)
{
    (void)call;
    return record->kind == KC_KIND_RECIPIENT && record->state == KC_STATE_ACTIVE;
}

static enum kc_error describe_item(
    struct kc_call *call, struct kc_values *item, const struct kc_record *record)
{
    (void)call;
    describe(item, record);
    kc_values_set_number(item, KC_FIELD_CREATED, record->created);
    return KC_OK;
}

enum kc_error kc_vault_recipient_list(struct kc_call *call)
{
    return kc_call_list(call, is_listed, describe_item);
}

enum kc_error kc_call_recipient(struct kc_call *call, struct kc_record **recipient)
{
    struct kc_record *found;
    struct kc_span id = kc_call_field(call, KC_FIELD_RECIPIENT);
    enum kc_error error = kc_call_record(call, KC_KIND_RECIPIENT, id, &found);
    if (error == KC_OK && found->state != KC_STATE_ACTIVE)
        error = KC_ERR_REFUSED;
    if (error == KC_OK)
        *recipient = found;
    return error;
}

enum kc_error kc_vault_recipient_remove(struct kc_call *call)
{
    struct kc_record *recipient = NULL, *staged;
    bool proven = false;
    enum kc_error error = kc_call_allowed(call);
    if (error != KC_OK)
        return error;
    enum kc_error found = kc_call_recipient(call, &recipient);
    if (call->wish == KC_WISH_NEED)
        return found;
    error = kc_call_operator(call, &proven);
    if (error != KC_OK || !proven)
        return error;
    if (found != KC_OK)
        return found;
    error = kc_call_stage(call, recipient, &staged);
    if (error != KC_OK)
        return error;
    staged->state = KC_STATE_DESTROYED;
    kc_call_set_number(call, KC_FIELD_VERSION, staged->version);
    call->wish = KC_WISH_COMMIT;
    return kc_keeper_protect(call->vault->keeper, staged, NULL);
}
