/* SPDX-License-Identifier: Apache-2.0 */
/* Lists: of keys, a page at a time, and of keyrings. */
#include "custodian/vault/core.h"

#include <string.h>

static bool text_fits(const struct kc_call *call, enum kc_field field, const char *text)
{
    return !kc_call_has(call, field) ||
           (text && kc_values_text_is(&call->in.message.values, field, text));
}

static const char *algorithm_text(const struct kc_record *record)
{
    const struct kc_curve_info *info = kc_curve_info((enum kc_curve)record->algorithm);
    return info ? info->name : NULL;
}

static bool fits_filters(const struct kc_call *call, const struct kc_record *key)
{
    return text_fits(call, KC_FIELD_KEYRING, key->keyring) &&
           text_fits(call, KC_FIELD_LABEL, key->label) &&
           text_fits(call, KC_FIELD_GROUP, key->group) &&
           text_fits(call, KC_FIELD_ROLE, kc_role_text(key->role)) &&
           text_fits(call, KC_FIELD_STATE, kc_state_text(key->state)) &&
           text_fits(call, KC_FIELD_ALGORITHM, algorithm_text(key));
}

/* A record that is not believed is left out: it harms no other's listing. */
static bool is_listed(struct kc_call *call, const struct kc_record *record)
{
    return record->kind == KC_KIND_KEY && kc_call_believe(call, record) == KC_OK &&
           kc_call_sees(call, record) && fits_filters(call, record);
}

static enum kc_error list_page(struct kc_call *call, size_t count_max, size_t *looked_at)
{
    for (*looked_at = 0; *looked_at < call->record_count; (*looked_at)++) {
        const struct kc_record *record = &call->records[*looked_at];
        struct kc_values *item;
        if (!is_listed(call, record))
            continue;
        if (call->answer.item_count == count_max)
            return KC_OK;
        enum kc_error error = kc_call_add_item(call, &item);
        if (error != KC_OK)
            return error;
        kc_describe(item, record);
    }
    return KC_OK;
}

enum kc_error kc_vault_key_list(struct kc_call *call)
{
    size_t looked_at, count_max = KC_VAULT_RECORDS_MAX;
    if (kc_call_has(call, KC_FIELD_COUNT) &&
        call->in.message.values.value[KC_FIELD_COUNT].number < count_max)
        count_max = call->in.message.values.value[KC_FIELD_COUNT].number;
    enum kc_error error = count_max > 0 ? kc_call_allowed(call) : KC_ERR_BAD_ARGUMENT;
    if (error == KC_OK)
        error = list_page(call, count_max, &looked_at);
    if (error != KC_OK)
        return error;
    bool all = looked_at == call->record_count;
    kc_call_set_number(call, KC_FIELD_MORE, !all || call->in.record_count == KC_VAULT_RECORDS_MAX);
    if (looked_at > 0)
        kc_call_set_text(call, KC_FIELD_AFTER, call->records[looked_at - 1].id);
    call->answer.values.present |= KC_FIELD_BIT(KC_FIELD_ITEMS);
    return KC_OK;
}

/* Names of keyrings go into the answer as they are; there are at most KC_KEYRINGS_MAX. */
enum kc_error kc_vault_keyring_list(struct kc_call *call)
{
    const struct kc_policy *policy = &call->vault->config->policy;
    call->answer.values.present |= KC_FIELD_BIT(KC_FIELD_ITEMS);
    for (size_t i = 0; i < policy->keyring_count; i++) {
        struct kc_values *item;
        if (!kc_policy_sees_keyring(policy, &call->peer, policy->keyrings[i]))
            continue;
        enum kc_error error = kc_call_add_item(call, &item);
        if (error != KC_OK)
            return error;
        kc_values_set_text(item, KC_FIELD_KEYRING, policy->keyrings[i]);
    }
    return KC_OK;
}
