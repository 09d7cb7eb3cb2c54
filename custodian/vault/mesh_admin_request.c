/* SPDX-License-Identifier: Apache-2.0 */
/* What an administrator is told of the service, and what he tells it. */
#include "custodian/vault/key.h"
#include "custodian/vault/mesh_admin.h"

#include <stdlib.h>
#include <string.h>

static enum kc_error lacks(struct kc_call *call, enum kc_field field)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[field].name);
    return KC_ERR_BAD_ARGUMENT;
}

static enum kc_error provider_read(struct kc_call *call, const struct kc_mesh_account *account,
    struct kc_span account_profile, struct kc_mesh_provider *provider)
{
    char udf[KC_UDF_ID_SIZE];
    KC_AUTO_DATA profile = {0}, assignment = {0};
    enum kc_error error = kc_mesh_account_service(account_profile, udf);
    if (error == KC_OK && udf[0] == '\0')
        error = KC_ERR_REFUSED; /* any service could say that it is the account's */
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_PROFILE, &profile);
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_RESPONSE, &assignment);
    return error == KC_OK ? kc_mesh_provider_read(
                                profile.span, udf, assignment.span, account->address, provider)
                          : error;
}

enum kc_error kc_call_provider(struct kc_call *call, const struct kc_mesh_account *account,
    struct kc_span account_profile, bool is_needed, struct kc_provided *provided)
{
    *provided = (struct kc_provided){0};
    kc_call_text(call, KC_FIELD_SERVICE, provided->address, sizeof provided->address);
    if (!kc_call_has(call, KC_FIELD_PROFILE))
        return is_needed ? lacks(call, KC_FIELD_PROFILE) : KC_OK;
    enum kc_error error = provider_read(call, account, account_profile, &provided->provider);
    provided->is_there = error == KC_OK;
    return error;
}

bool kc_call_service_carries_messages(const struct kc_call *call)
{
    return kc_call_has(call, KC_FIELD_MESSAGES) &&
           call->in.message.values.value[KC_FIELD_MESSAGES].number != 0;
}

static enum kc_error set_text(struct kc_call *call, enum kc_field field, const char *text)
{
    return kc_call_set_data(call, field, (struct kc_span){(const uint8_t *)text, strlen(text)});
}

enum kc_error kc_call_answer_transact(struct kc_call *call, const char *service,
    const struct kc_mesh_account *account, const struct kc_key *administrator,
    const struct kc_mesh_changes *changes)
{
    char *text;
    size_t size;
    struct kc_mesh_source source = kc_call_mesh_source(call);
    struct kc_mesh_asker asker = {administrator, service, account->address};
    enum kc_error error = kc_mesh_transact_make(&source, &asker, changes, &text, &size);
    if (error != KC_OK)
        return error;
    error = set_text(call, KC_FIELD_REQUEST, text);
    free(text);
    return error;
}

enum kc_error kc_call_answer_document(struct kc_call *call, const char *text)
{
    return set_text(call, KC_FIELD_DOCUMENT, text);
}
