/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/sequence_type.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *name, *link;
    bool has_positions;
} types[] = {
    [KC_SEQUENCE_LIST] = {"List", NULL, false},
    [KC_SEQUENCE_DIGEST] = {"Digest", NULL, false},
    [KC_SEQUENCE_CHAIN] = {"Chain", "ChainDigest", false},
    [KC_SEQUENCE_TREE] = {"Tree", NULL, true},
    [KC_SEQUENCE_MERKLE] = {"Merkle", "TreeDigest", true},
};

#define TYPES (sizeof types / sizeof *types)

const char *kc_sequence_type_name(enum kc_sequence_type type)
{
    return (size_t)type < TYPES ? types[type].name : NULL;
}

bool kc_sequence_type_find(const char *name, enum kc_sequence_type *type)
{
    for (size_t i = 0; i < TYPES; i++)
        if (strcmp(types[i].name, name) == 0) {
            *type = (enum kc_sequence_type)i;
            return true;
        }
    return false;
}

const char *kc_sequence_type_link(enum kc_sequence_type type)
{
    return types[type].link;
}

bool kc_sequence_type_has_positions(enum kc_sequence_type type)
{
    return types[type].has_positions;
}

enum kc_error kc_sequence_type_link_make(enum kc_sequence_type type, uint64_t frame,
    const uint8_t payload[KC_LINK_SIZE], kc_link_earlier earlier, const void *context,
    uint8_t link[KC_LINK_SIZE])
{
    return type == KC_SEQUENCE_CHAIN ? kc_link_chain(frame, payload, earlier, context, link)
                                     : kc_link_merkle(frame, payload, earlier, context, link);
}
