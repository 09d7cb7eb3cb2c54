/* SPDX-License-Identifier: Apache-2.0 */
/* A device is connected to an account: make-activation of the design. */
#include "custodian/vault/key.h"
#include "custodian/vault/mesh_admin.h"
#include "custodian/vault/operations.h"
#include "custodian/vault/pin.h"
#include "proto/identifier.h"

#include <stdio.h>
#include <string.h>

/* What the request asks for, read and verified. */
struct asked {
    struct kc_administered administered;
    struct kc_data profile; /* the device's, enveloped */
    struct kc_mesh_device device;
    struct kc_mesh_rights rights;
    struct kc_provided provided;
    struct kc_record *former; /* of the device, or NULL */
    struct kc_holder holder;  /* what it says */
    char acknowledged[KC_RECORD_ID_SIZE];
    struct kc_requests requests; /* that is made of it */
};

static enum kc_error wrong(struct kc_call *call, enum kc_field field)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[field].name);
    return KC_ERR_BAD_ARGUMENT;
}

/* The profile is its own key's, and that key is the one that was enrolled. */
static enum kc_error device_read(struct kc_call *call, struct asked *asked)
{
    char udf[KC_RECORD_ID_SIZE];
    kc_call_text(call, KC_FIELD_RECIPIENT, udf, sizeof udf);
    enum kc_error error = kc_call_enrolled(call);
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_DOCUMENT, &asked->profile);
    return error == KC_OK ? kc_mesh_device_read(asked->profile.span, udf, &asked->device) : error;
}

static enum kc_error rights_read(struct kc_call *call, struct asked *asked)
{
    enum kc_error error = kc_mesh_rights_read(kc_call_field(call, KC_FIELD_RIGHTS), &asked->rights);
    if (error != KC_OK)
        return wrong(call, KC_FIELD_RIGHTS);
    return kc_call_provider(call, &asked->administered.account, asked->administered.profile,
        kc_mesh_rights_need_service(&asked->rights), &asked->provided);
}

/* One connection at a time: a device that has keys of the account gets no others beside them. */
static enum kc_error former_check(struct kc_call *call, struct asked *asked)
{
    enum kc_error error =
        kc_call_holder(call, &asked->administered, &asked->former, &asked->holder);
    if (error == KC_OK && asked->former && asked->former->state == KC_STATE_ACTIVE)
        error = KC_ERR_EXISTS;
    return error;
}

/* What no device would take as the answer to its request is not made: the id is a witness, of which
 * all 28 characters count. */
static enum kc_error connection_read(struct kc_call *call, struct asked *asked)
{
    char answer[KC_UDF_ID_SIZE];
    if (!kc_call_has(call, KC_FIELD_CONNECTION))
        return KC_OK;
    kc_call_text(call, KC_FIELD_CONNECTION, asked->acknowledged, sizeof asked->acknowledged);
    bool is_witness = strlen(asked->acknowledged) == KC_UDF_ID_SIZE - 1 &&
                      kc_make_id(asked->acknowledged, KC_ID_OF_RESPONSE, answer) == KC_OK;
    return is_witness ? KC_OK : wrong(call, KC_FIELD_CONNECTION);
}

static enum kc_error asked_read(struct kc_call *call, struct asked *asked)
{
    enum kc_error error = kc_call_administered(call, &asked->administered);
    if (error == KC_OK && asked->administered.is_group)
        error = wrong(call, KC_FIELD_ACCOUNT_UDF);
    if (error == KC_OK)
        error = device_read(call, asked);
    if (error == KC_OK)
        error = rights_read(call, asked);
    if (error == KC_OK)
        error = former_check(call, asked);
    return error == KC_OK ? connection_read(call, asked) : error;
}

/* --- the keys that it takes --- */

struct taken {
    struct kc_key of[KC_MESH_RESOURCE_COUNT], stores[KC_MESH_STORES_MAX]; /* secret */
};

static void taken_wipe(struct taken *taken)
{
    kc_wipe(taken, sizeof *taken);
}

/* Those that are given, and the administrator's, which signs all. */
static enum kc_error keys_take(struct kc_call *call, struct asked *asked, struct taken *taken,
    const struct kc_key *keys[KC_MESH_RESOURCE_COUNT])
{
    static const char *const names[] = {[KC_MESH_RESOURCE_PROFILE] = KC_MESH_NAME_PROFILE,
        [KC_MESH_RESOURCE_ADMINISTRATOR] = KC_MESH_NAME_ADMINISTRATOR,
        [KC_MESH_RESOURCE_ENCRYPTION] = KC_MESH_NAME_ENCRYPTION,
        [KC_MESH_RESOURCE_AUTHENTICATION] = KC_MESH_NAME_AUTHENTICATION,
        [KC_MESH_RESOURCE_SIGNATURE] = KC_MESH_NAME_SIGNATURE};
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < KC_MESH_RESOURCE_COUNT; i++) {
        if (i != KC_MESH_RESOURCE_ADMINISTRATOR && asked->rights.of[i] == KC_MESH_RIGHT_NONE)
            continue;
        error = kc_call_leaf(call, &asked->administered, names[i], &taken->of[i]);
        keys[i] = &taken->of[i];
    }
    for (size_t i = 0; error == KC_OK && i < asked->rights.store_count; i++) {
        char name[KC_MESH_KEY_NAME_SIZE];
        (void)snprintf(
            name, sizeof name, "%s%s", KC_MESH_NAME_ENCRYPTION, asked->rights.stores[i].name);
        error = kc_call_leaf(call, &asked->administered, name, &taken->stores[i]);
        asked->rights.stores[i].key = &taken->stores[i];
    }
    return error;
}

/* --- what is kept and told --- */

static enum kc_error holder_stage(
    struct kc_call *call, const struct asked *asked, const struct kc_mesh_connected *made)
{
    struct kc_holder holder = {
        .epoch = asked->former ? asked->holder.epoch + 1 : 1, .key = made->encryption};
    memcpy(holder.udf, asked->device.udf, sizeof holder.udf);
    memcpy(holder.grantee, made->authentication.udf, sizeof holder.grantee);
    memcpy(holder.seed_digest, made->seed_digest, sizeof holder.seed_digest);
    memcpy(holder.splits, made->splits, sizeof holder.splits);
    memcpy(holder.generator, made->generator_id, sizeof holder.generator);
    holder.requests = asked->requests;
    return kc_call_stage_holder(
        call, &asked->administered, asked->former, KC_STATE_ACTIVE, &holder);
}

static enum kc_error answer(struct kc_call *call, struct asked *asked,
    const struct kc_mesh_connected *made, const struct kc_key *administrator)
{
    struct kc_mesh_changes changes = {
        .local = kc_call_service_carries_messages(call) ? made->respond : NULL};
    enum kc_error error = KC_OK;
    kc_mesh_changes_add(&changes, "MMM_Device", made->cataloged);
    for (size_t i = 0; i < KC_MESH_SPLITS_MAX; i++)
        kc_mesh_changes_add(&changes, "MMM_Access", made->entries[i]);
    kc_mesh_changes_add(&changes, "MMM_Access", made->generator);
    if (made->generator != NULL)
        kc_call_set_octets(call, KC_FIELD_CAPABILITY, (const uint8_t *)made->generator_id,
            strlen(made->generator_id));
    if (asked->provided.address[0] != '\0')
        error = kc_call_answer_transact(call, asked->provided.address, &asked->administered.account,
            administrator, &changes, &asked->requests);
    return error == KC_OK
               ? kc_call_answer_document(call, made->respond ? made->respond : made->cataloged)
               : error;
}

static enum kc_error connect(
    struct kc_call *call, struct asked *asked, struct kc_mesh_connected *made)
{
    __attribute__((cleanup(taken_wipe))) struct taken taken = {0};
    struct kc_mesh_source source = kc_call_mesh_source(call);
    struct kc_mesh_connecting connecting = {.account = &asked->administered.account,
        .account_profile = asked->administered.profile,
        .device = &asked->device,
        .device_profile = asked->profile.span,
        .rights = &asked->rights,
        .provider = asked->provided.is_there ? &asked->provided.provider : NULL,
        .service_address = asked->provided.address,
        .acknowledged = asked->acknowledged[0] != '\0' ? asked->acknowledged : NULL,
        .epoch = asked->former ? asked->holder.epoch + 1 : 1};
    enum kc_error error = keys_take(call, asked, &taken, connecting.keys);
    if (error == KC_OK)
        error = kc_mesh_connect_device(&source, &connecting, made);
    return error == KC_OK
               ? answer(call, asked, made, connecting.keys[KC_MESH_RESOURCE_ADMINISTRATOR])
               : error;
}

/* With the operator's proof, which comes last before anything is made. */
static enum kc_error activate(struct kc_call *call, struct asked *asked)
{
    struct kc_mesh_connected made = {0};
    bool proven = false;
    enum kc_error error = kc_call_operator(call, &proven);
    if (error != KC_OK || !proven)
        return error;
    error = connect(call, asked, &made);
    if (error != KC_OK) {
        kc_mesh_connected_done(&made);
        return error;
    }
    error = holder_stage(call, asked, &made);
    kc_mesh_connected_done(&made);
    if (error == KC_OK)
        call->wish = KC_WISH_COMMIT;
    return error;
}

enum kc_error kc_vault_mesh_account_activate(struct kc_call *call)
{
    struct asked asked = {0};
    enum kc_error error = asked_read(call, &asked);
    if (error == KC_OK)
        error = activate(call, &asked);
    kc_data_done(&asked.profile);
    return error;
}
