/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/admin_activation.h"

#include <string.h>

#define GENERATE KC_MESH_RESOURCE_COUNT /* no key of the account: a right at its service */

static const struct {
    const char *name;
    bool may_be_shared;
} words[] = {
    [KC_MESH_RESOURCE_PROFILE] = {"profile", false},
    [KC_MESH_RESOURCE_ADMINISTRATOR] = {"administrator", false},
    [KC_MESH_RESOURCE_ENCRYPTION] = {"encryption", true},
    [KC_MESH_RESOURCE_AUTHENTICATION] = {"authentication", false},
    [KC_MESH_RESOURCE_SIGNATURE] = {"signature", true},
    [GENERATE] = {"generate", false},
};
#define WORD_COUNT (sizeof words / sizeof *words)

static bool is(struct kc_span span, const char *text)
{
    return span.size == strlen(text) && memcmp(span.bytes, text, span.size) == 0;
}

/* Cuts off what stands before a character; all of it if there is none. */
static struct kc_span cut(struct kc_span *rest, char at)
{
    const uint8_t *end = rest->size > 0 ? memchr(rest->bytes, at, rest->size) : NULL;
    size_t size = end != NULL ? (size_t)(end - rest->bytes) : rest->size;
    struct kc_span first = {rest->bytes, size};
    size_t skipped = end != NULL ? size + 1 : size;
    *rest = (struct kc_span){rest->bytes + skipped, rest->size - skipped};
    return first;
}

static const char *const right_names[] = {[KC_MESH_RIGHT_NONE] = "none",
    [KC_MESH_RIGHT_DIRECT] = "direct",
    [KC_MESH_RIGHT_THRESHOLD] = "threshold"};

static bool right_read(struct kc_span said, enum kc_mesh_right *right)
{
    for (size_t i = 0; i < sizeof right_names / sizeof *right_names; i++) {
        if (is(said, right_names[i])) {
            *right = (enum kc_mesh_right)i;
            return true;
        }
    }
    return false;
}

static bool is_store_name(struct kc_span name)
{
    if (name.size < 5 || name.size >= KC_MESH_STORE_NAME_SIZE || memcmp(name.bytes, "MMM_", 4) != 0)
        return false;
    for (size_t i = 4; i < name.size; i++) {
        uint8_t c = name.bytes[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
            return false;
    }
    return true;
}

static enum kc_error store_add(
    struct kc_mesh_rights *rights, struct kc_span name, enum kc_mesh_right right)
{
    if (right != KC_MESH_RIGHT_DIRECT || !is_store_name(name) ||
        rights->store_count == KC_MESH_STORES_MAX)
        return KC_ERR_BAD_ARGUMENT;
    for (size_t i = 0; i < rights->store_count; i++)
        if (is(name, rights->stores[i].name))
            return KC_ERR_BAD_ARGUMENT;
    struct kc_mesh_store_right *added = &rights->stores[rights->store_count++];
    memset(added, 0, sizeof *added);
    memcpy(added->name, name.bytes, name.size);
    return KC_OK;
}

/* Which of the words it is; WORD_COUNT: a store, if anything. */
static size_t place_of(struct kc_span name)
{
    size_t place = 0;
    while (place < WORD_COUNT && !is(name, words[place].name))
        place++;
    return place;
}

/* seen: a bit for each word that was said. */
static enum kc_error right_add(struct kc_mesh_rights *rights, struct kc_span word, unsigned *seen)
{
    struct kc_span rest = word;
    struct kc_span name = cut(&rest, '=');
    enum kc_mesh_right right = KC_MESH_RIGHT_DIRECT;
    if (name.size != word.size && !right_read(rest, &right))
        return KC_ERR_BAD_ARGUMENT;
    size_t place = place_of(name);
    if (place == WORD_COUNT)
        return store_add(rights, name, right);
    if ((*seen >> place & 1) != 0 ||
        (right == KC_MESH_RIGHT_THRESHOLD && !words[place].may_be_shared))
        return KC_ERR_BAD_ARGUMENT;
    *seen |= 1u << place;
    if (place == GENERATE)
        rights->may_generate = right == KC_MESH_RIGHT_DIRECT;
    else
        rights->of[place] = right;
    return KC_OK;
}

enum kc_error kc_mesh_rights_read(struct kc_span text, struct kc_mesh_rights *rights)
{
    struct kc_mesh_rights read = {0};
    struct kc_span rest = text;
    unsigned seen = 0;
    while (rest.size > 0) {
        enum kc_error error = right_add(&read, cut(&rest, ','), &seen);
        if (error != KC_OK)
            return error;
    }
    *rights = read;
    return KC_OK;
}

bool kc_mesh_rights_need_service(const struct kc_mesh_rights *rights)
{
    for (size_t i = 0; i < KC_MESH_RESOURCE_COUNT; i++)
        if (rights->of[i] == KC_MESH_RIGHT_THRESHOLD)
            return true;
    return rights->may_generate;
}
