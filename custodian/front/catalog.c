/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/catalog.h"

#include "custodian/mesh/service_request.h"

#include <string.h>
#include <strings.h>

#define NAME_SIZE 64

static const struct kc_container containers[] = {
    {"MMM_Access", KC_MESH_ACCESS_2020, false, true, true, KC_CONTAINER_ACCESS},
    {"MMM_Device", NULL, false, true, false, KC_CONTAINER_DEVICES},
    {"MMM_Publication", NULL, false, true, true, KC_CONTAINER_FREE},
    {"MMM_Member", NULL, false, false, true, KC_CONTAINER_FREE},
    {"MMM_Contact", NULL, false, false, false, KC_CONTAINER_FREE},
    {"MMM_Application", NULL, false, false, false, KC_CONTAINER_FREE},
    {"MMM_Bookmark", NULL, false, false, false, KC_CONTAINER_FREE},
    {"MMM_Credential", NULL, false, false, false, KC_CONTAINER_FREE},
    {"MMM_Network", NULL, false, false, false, KC_CONTAINER_FREE},
    {"MMM_Task", NULL, false, false, false, KC_CONTAINER_FREE},
    {"MMM_Inbound", NULL, true, true, true, KC_CONTAINER_FREE},
    {"MMM_Outbound", NULL, true, true, true, KC_CONTAINER_FREE},
    {"MMM_Local", NULL, true, true, true, KC_CONTAINER_FREE},
};

const struct kc_container *kc_container_find(struct kc_json name)
{
    char text[NAME_SIZE];
    if (kc_json_text(name, text, sizeof text) != KC_OK)
        return NULL;
    const char *bare = kc_mesh_store_name(text);
    for (size_t i = 0; i < sizeof containers / sizeof *containers; i++)
        if (strcasecmp(bare, kc_mesh_store_name(containers[i].name)) == 0 ||
            (containers[i].other && strcasecmp(bare, containers[i].other) == 0))
            return &containers[i];
    return NULL;
}

int kc_containers_check(struct kc_json list, const char *member)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < kc_json_count(list); i++) {
        struct kc_json item = kc_json_item(list, i);
        struct kc_json name = member ? kc_json_member(item, member) : item;
        status = kc_json_kind(name) != KC_JSON_STRING ? 400 : kc_container_find(name) ? 0 : 404;
    }
    return status;
}

const struct kc_container *kc_container_at(size_t place)
{
    return place < sizeof containers / sizeof *containers ? &containers[place] : NULL;
}

enum kc_error kc_container_first_frame(
    char **text, size_t *size, uint8_t digest[KC_DARE_DIGEST_SIZE])
{
    static const char info[] =
        "{\"DataEncoding\":\"JSON\",\"ContainerType\":\"Merkle\",\"Index\":0}";
    static uint8_t meta[] = "{\"cty\":\"application/mmm-catalog\"}";
    struct kc_dare_envelope envelope = {.content_meta = meta,
        .content_meta_size = sizeof meta - 1,
        .sequence_info = {(const uint8_t *)info, sizeof info - 1}};
    enum kc_error error = kc_dare_envelope_write(&envelope, text, size);
    if (error == KC_OK)
        memcpy(digest, envelope.digest, KC_DARE_DIGEST_SIZE);
    return error;
}

bool kc_container_is_first(const struct kc_dare_envelope *envelope)
{
    struct kc_json_document document = {.nodes = NULL};
    int64_t index = -1;
    if (envelope->body_size > 0 ||
        kc_json_read(envelope->sequence_info, envelope->sequence_info.size, &document) != KC_OK)
        return false;
    bool is_first =
        kc_json_integer(kc_json_member(kc_json_root(&document), "Index"), &index) == KC_OK &&
        index == 0;
    kc_json_done(&document);
    return is_first;
}

bool kc_container_deletes(const struct kc_dare_envelope *envelope, char id[KC_DARE_KID_SIZE])
{
    struct kc_json_document document = {.nodes = NULL};
    struct kc_span meta = {envelope->content_meta, envelope->content_meta_size};
    id[0] = '\0';
    if (kc_json_read(meta, meta.size, &document) != KC_OK)
        return false;
    struct kc_json root = kc_json_root(&document);
    bool deletes = kc_json_is_text(kc_json_member(root, "Event"), "Delete");
    if (kc_json_text(kc_json_member(root, "UniqueId"), id, KC_DARE_KID_SIZE) != KC_OK)
        id[0] = '\0';
    kc_json_done(&document);
    return deletes;
}
