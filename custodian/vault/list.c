/* SPDX-License-Identifier: Apache-2.0 */
/* Lists: of keys, a page at a time, and of keyrings. */
#include "custodian/vault/access.h"
#include "custodian/vault/core.h"
#include "custodian/vault/find.h"
#include "custodian/vault/key.h"
#include "custodian/vault/operations.h"

#include <string.h>

static const char *algorithm_text(const struct kc_record *record)
{
    const struct kc_algorithm_info *info = kc_algorithm_info(record->algorithm);
    return info ? info->name : NULL;
}

static bool fits_filters(const struct kc_call *call, const struct kc_record *key)
{
    return kc_call_text_fits(call, KC_FIELD_KEYRING, key->keyring) &&
           kc_call_text_fits(call, KC_FIELD_LABEL, key->label) &&
           kc_call_text_fits(call, KC_FIELD_GROUP, key->group) &&
           kc_call_text_fits(call, KC_FIELD_ROLE, kc_role_text(key->role)) &&
           kc_call_text_fits(call, KC_FIELD_STATE, kc_state_text(key->state)) &&
           kc_call_text_fits(call, KC_FIELD_RESIDENCE, kc_residence_text(key->residence)) &&
           kc_call_text_fits(call, KC_FIELD_KEY_ROOT, kc_call_root_name(call, key)) &&
           kc_call_text_fits(call, KC_FIELD_ALGORITHM, algorithm_text(key));
}

static bool is_listed(struct kc_call *call, const struct kc_record *record)
{
    return record->kind == KC_KIND_KEY && kc_call_sees(call, record) && fits_filters(call, record);
}

static enum kc_error describe(
    struct kc_call *call, struct kc_values *item, const struct kc_record *key)
{
    kc_call_describe(call, item, key);
    return KC_OK;
}

enum kc_error kc_vault_key_list(struct kc_call *call)
{
    return kc_call_list(call, is_listed, describe);
}

/* Names of keyrings go into the answer as they are; there are at most KC_KEYRINGS_MAX. */
enum kc_error kc_vault_keyring_list(struct kc_call *call)
{
    const struct kc_policy *policy = &call->vault->config->policy;
    kc_field_set_add(&call->answer.values.present, KC_FIELD_ITEMS);
    for (size_t i = 0; i < policy->keyring_count; i++) {
        struct kc_values *item;
        if (!kc_policy_sees_keyring(policy, &call->peer, policy->keyrings[i]))
            continue;
        enum kc_error error = kc_call_add_item(call, &item);
        if (error != KC_OK)
            return error;
        kc_values_set_text(item, KC_FIELD_KEYRING, policy->keyrings[i]);
        kc_values_set_number(
            item, KC_FIELD_LOGIN, kc_policy_has_login(policy, &call->peer, policy->keyrings[i]));
    }
    return KC_OK;
}

/* --- all listings --- */

static void set_page(struct kc_call *call)
{
    kc_call_set_number(call, KC_FIELD_MORE, call->in.record_count == KC_VAULT_PAGE_MAX);
    if (call->record_count > 0)
        kc_call_set_text(call, KC_FIELD_AFTER, call->records[call->record_count - 1].id);
    kc_field_set_add(&call->answer.values.present, KC_FIELD_ITEMS);
}

enum kc_error kc_call_list(
    struct kc_call *call, kc_call_is_listed *listed, kc_call_describe_item *describe_item)
{
    enum kc_error error = kc_call_allowed(call);
    for (size_t i = 0; error == KC_OK && i < call->record_count; i++) {
        const struct kc_record *record = &call->records[i];
        struct kc_values *item;
        if (kc_call_believe(call, record) != KC_OK || !listed(call, record))
            continue;
        error = kc_call_add_item(call, &item);
        if (error == KC_OK)
            error = describe_item(call, item, record);
    }
    set_page(call);
    return error;
}
