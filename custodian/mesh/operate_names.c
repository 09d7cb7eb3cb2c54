/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/operate_names.h"

#include "proto/transaction.h"

#include <stdlib.h>
#include <string.h>

static void add_key(struct kc_operate_names *names, const struct kc_object *operation)
{
    char id[KC_MESH_ID_SIZE];
    if (kc_json_text(kc_object_member(operation, "KeyId"), id, sizeof id) != KC_OK)
        return;
    for (size_t i = 0; i < names->key_count; i++)
        if (strcmp(names->keys[i], id) == 0)
            return;
    memcpy(names->keys[names->key_count++], id, strlen(id) + 1);
}

static enum kc_error take(const struct kc_object *request, struct kc_operate_names *names)
{
    char said[KC_MESH_ADDRESS_SIZE];
    struct kc_json operations = kc_object_member(request, "Operations");
    size_t count = kc_json_count(operations);
    if (kc_json_text(kc_object_member(request, "AccountAddress"), said, sizeof said) != KC_OK ||
        !kc_mesh_address(said, names->address))
        names->address[0] = '\0';
    if (count == 0 || count > KC_OPERATE_OPERATIONS_MAX)
        return KC_OK;
    names->keys = calloc(count, sizeof *names->keys);
    if (names->keys == NULL)
        return KC_ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        struct kc_object operation = kc_object_item(operations, i);
        add_key(names, &operation);
    }
    return KC_OK;
}

static enum kc_error payload_read(struct kc_span payload, struct kc_operate_names *names)
{
    struct kc_json_document document = {0};
    struct kc_request request;
    enum kc_error error = kc_request_parse(payload, payload.size, &document, &request, NULL);
    if (error == KC_OK && request.transaction == KC_TRANSACTION_Operate)
        error = take(&request.object, names);
    kc_json_done(&document);
    return error == KC_ERR_NO_MEMORY ? error : KC_OK;
}

enum kc_error kc_operate_names_read(struct kc_span body, struct kc_operate_names *names)
{
    *names = (struct kc_operate_names){0};
    if (body.size > KC_OPERATE_BODY_MAX)
        return KC_OK;
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    if (envelope == NULL)
        return KC_ERR_NO_MEMORY;
    enum kc_error error = kc_dare_envelope_read(body, envelope);
    if (error == KC_OK && envelope->salt_size == 0 && envelope->body != NULL)
        error = payload_read((struct kc_span){envelope->body, envelope->body_size}, names);
    kc_dare_envelope_done(envelope);
    free(envelope);
    if (error == KC_ERR_NO_MEMORY)
        kc_operate_names_done(names);
    return error == KC_ERR_NO_MEMORY ? error : KC_OK;
}

void kc_operate_names_done(struct kc_operate_names *names)
{
    free(names->keys);
    *names = (struct kc_operate_names){0};
}
