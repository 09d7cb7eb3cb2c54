/* SPDX-License-Identifier: Apache-2.0 */
/* What an administrator is told of the service, and what he tells it: once, and again. */
#include "custodian/mesh/verify.h"
#include "custodian/vault/key.h"
#include "custodian/vault/mesh_admin.h"
#include "custodian/vault/operations.h"
#include "custodian/vault/pin.h"
#include "proto/signed_object.h"

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

/* The oldest is forgotten if there is no room. */
static enum kc_error request_add(
    struct kc_span text, const struct kc_public_key *administrator, struct kc_requests *requests)
{
    uint8_t content[KC_MESH_CONTENT_SIZE];
    enum kc_error error =
        kc_mesh_request_content(text, KC_OBJECT_TransactRequest, administrator, content);
    if (error != KC_OK)
        return error;
    if (requests->count == KC_ADMINISTERED_REQUESTS_MAX) {
        requests->count--;
        memmove(requests->content[0], requests->content[1],
            requests->count * sizeof requests->content[0]);
    }
    memcpy(requests->content[requests->count++], content, sizeof content);
    return KC_OK;
}

enum kc_error kc_call_answer_transact(struct kc_call *call, const char *service,
    const struct kc_mesh_account *account, const struct kc_key *administrator,
    const struct kc_mesh_changes *changes, struct kc_requests *requests)
{
    char *text;
    size_t size;
    struct kc_mesh_source source = kc_call_mesh_source(call);
    struct kc_mesh_asker asker = {administrator, service, account->address};
    enum kc_error error = kc_mesh_transact_make(&source, &asker, changes, &text, &size);
    if (error != KC_OK)
        return error;
    error = request_add(
        (struct kc_span){(const uint8_t *)text, size}, &account->administrator, requests);
    if (error == KC_OK)
        error = set_text(call, KC_FIELD_REQUEST, text);
    free(text);
    return error;
}

enum kc_error kc_call_answer_document(struct kc_call *call, const char *text)
{
    return set_text(call, KC_FIELD_DOCUMENT, text);
}

/* --- mesh-account-repeat --- */

/* A request that was made here, and may have come too late. */
struct repeated {
    struct kc_administered administered;
    struct kc_data request;
    enum kc_object_type type;
    const char *signer; /* name of the account's key */
};

/* Whether it is among those that made the holder what it is. What came after these has taken back what
 * an older one did. */
static enum kc_error transact_check(struct kc_call *call, const struct repeated *repeated)
{
    struct kc_record *record;
    struct kc_holder holder;
    uint8_t content[KC_MESH_CONTENT_SIZE];
    enum kc_error error = kc_call_holder(call, &repeated->administered, &record, &holder);
    if (error == KC_OK && record == NULL)
        error = KC_ERR_REFUSED;
    if (error == KC_OK)
        error = kc_mesh_request_content(repeated->request.span, repeated->type,
            &repeated->administered.account.administrator, content);
    if (error != KC_OK)
        return error;
    for (size_t i = 0; i < holder.requests.count; i++)
        if (memcmp(holder.requests.content[i], content, sizeof content) == 0)
            return KC_OK;
    return KC_ERR_EPOCH;
}

/* Whether it binds by the profile that the account has now. */
static enum kc_error bind_check(const struct repeated *repeated)
{
    struct kc_signed_object bind;
    struct kc_span kept = repeated->administered.profile;
    enum kc_error error = kc_signed_object_open(repeated->request.span, repeated->request.span.size,
        repeated->type, &repeated->administered.account.profile, kc_mesh_verify, &bind);
    if (error != KC_OK)
        return error;
    struct kc_span profile =
        kc_json_source(kc_object_member(&bind.object, "EnvelopedProfileAccount"));
    bool is_kept = profile.size == kept.size && memcmp(profile.bytes, kept.bytes, kept.size) == 0;
    kc_signed_object_done(&bind);
    return is_kept ? KC_OK : KC_ERR_EPOCH;
}

static enum kc_error repeated_read(struct kc_call *call, struct repeated *repeated)
{
    bool is_of_holder = kc_call_has(call, KC_FIELD_RECIPIENT);
    repeated->type = is_of_holder ? KC_OBJECT_TransactRequest : KC_OBJECT_BindRequest;
    repeated->signer = is_of_holder ? KC_MESH_NAME_ADMINISTRATOR : KC_MESH_NAME_PROFILE;
    enum kc_error error = kc_call_administered(call, &repeated->administered);
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_REQUEST, &repeated->request);
    if (error != KC_OK)
        return error;
    return is_of_holder ? transact_check(call, repeated) : bind_check(repeated);
}

static enum kc_error repeat(struct kc_call *call, const struct repeated *repeated)
{
    KC_AUTO_KEY signer = {0};
    char *again;
    size_t size;
    struct kc_mesh_source source = kc_call_mesh_source(call);
    enum kc_error error = kc_call_leaf(call, &repeated->administered, repeated->signer, &signer);
    if (error == KC_OK)
        error = kc_mesh_request_again(
            &source, repeated->request.span, repeated->type, &signer, &again, &size);
    if (error != KC_OK)
        return error;
    error = kc_call_answer_document(call, again);
    free(again);
    return error;
}

/* With the operator's proof, which comes last. */
static enum kc_error repeat_proven(struct kc_call *call, const struct repeated *repeated)
{
    bool proven = false;
    enum kc_error error = kc_call_operator(call, &proven);
    if (error != KC_OK || !proven)
        return error;
    error = repeat(call, repeated);
    if (error == KC_OK)
        call->wish = KC_WISH_COMMIT;
    return error;
}

enum kc_error kc_vault_mesh_account_repeat(struct kc_call *call)
{
    struct repeated repeated = {0};
    enum kc_error error = repeated_read(call, &repeated);
    if (error == KC_OK)
        error = repeat_proven(call, &repeated);
    kc_data_done(&repeated.request);
    return error;
}
