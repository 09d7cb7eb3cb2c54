/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/purpose.h"

#include <string.h>

#define BASES_MAX 6

/* Objects and what is made from them; NONE ends a list. */
static const enum kc_object_type bases[][BASES_MAX] = {
    [KC_MESH_PURPOSE_DEVICE] = {KC_OBJECT_Request, KC_OBJECT_Message},
    [KC_MESH_PURPOSE_ACCOUNT] = {KC_OBJECT_Message, KC_OBJECT_Contact},
    [KC_MESH_PURPOSE_ADMINISTRATOR] = {KC_OBJECT_Connection, KC_OBJECT_Activation,
        KC_OBJECT_CatalogedEntry, KC_OBJECT_Message, KC_OBJECT_KeyData},
    [KC_MESH_PURPOSE_PROFILE] = {KC_OBJECT_Profile, KC_OBJECT_EscrowedKeySet, KC_OBJECT_BindRequest,
        KC_OBJECT_CreateRequest, KC_OBJECT_CreateGroupRequest},
    [KC_MESH_PURPOSE_HOST] = {KC_OBJECT_Response},
};

#define PURPOSES (sizeof bases / sizeof bases[0])

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

enum kc_mesh_purpose kc_mesh_purpose_of_name(const char *key_name)
{
    static const struct {
        const char *end;
        enum kc_mesh_purpose purpose;
    } ends[] = {{"Profile", KC_MESH_PURPOSE_PROFILE}, {"AdminSign", KC_MESH_PURPOSE_ADMINISTRATOR},
        {"DeviceSign", KC_MESH_PURPOSE_DEVICE}, {"AccountSign", KC_MESH_PURPOSE_ACCOUNT},
        {"HostSign", KC_MESH_PURPOSE_HOST}};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (ends_with(key_name, ends[i].end))
            return ends[i].purpose;
    return KC_MESH_PURPOSE_NONE;
}

static bool may_sign(enum kc_mesh_purpose purpose, enum kc_object_type type)
{
    if (type == KC_OBJECT_OperateResponse || purpose >= PURPOSES)
        return false;
    for (size_t i = 0; i < BASES_MAX && bases[purpose][i] != KC_OBJECT_NONE; i++)
        if (kc_object_type_is(type, bases[purpose][i]))
            return true;
    return false;
}

/* Whether anybody might read an object of the Mesh in it, even one with wrong members. */
static bool looks_like_object(struct kc_json root)
{
    struct kc_json_walk walk = kc_json_walk(root);
    if (kc_json_kind(root) != KC_JSON_OBJECT)
        return false;
    while (kc_json_walk_next(&walk))
        if (kc_object_type_find(walk.name) != KC_OBJECT_NONE)
            return true;
    return false;
}

static enum kc_error check_foreign(struct kc_span payload, enum kc_object_type *type)
{
    struct kc_json_document document = {0};
    bool is_json = kc_json_read(payload, payload.size, &document) == KC_OK;
    bool is_ours = is_json && looks_like_object(kc_json_root(&document));
    kc_json_done(&document);
    if (is_ours)
        return KC_ERR_REFUSED;
    *type = KC_OBJECT_NONE;
    return KC_OK;
}

enum kc_error kc_mesh_purpose_check(
    enum kc_mesh_purpose purpose, struct kc_span payload, enum kc_object_type *type)
{
    struct kc_json_document document = {0};
    struct kc_object object;
    struct kc_object_notes notes;
    if (purpose == KC_MESH_PURPOSE_APPLICATION)
        return check_foreign(payload, type);
    enum kc_error error =
        kc_object_parse(payload, payload.size, KC_OBJECT_NONE, &document, &object, &notes);
    if (error != KC_OK)
        return error == KC_ERR_NO_MEMORY ? error : KC_ERR_REFUSED;
    kc_json_done(&document);
    if (!may_sign(purpose, object.type))
        return KC_ERR_REFUSED;
    *type = object.type;
    return KC_OK;
}
