/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/seen.h"

#include <stdlib.h>
#include <string.h>

#define WAYS 4 /* places for a name */
#define SETS (1 << 14)

/* What is known of an entry. */
enum state {
    FREE,
    CURRENT,          /* the tag is the current one */
    CHANGING,         /* so it is, and it is being changed */
    CHANGING_UNKNOWN, /* it is being changed, and what is current is in the tree */
};

struct entry {
    uint8_t name[KC_SEEN_NAME_SIZE];
    uint8_t tag[KC_SEEN_TAG_SIZE];
    uint8_t state;
};

struct kc_seen {
    struct entry entries[SETS][WAYS];
    uint8_t next[SETS]; /* the way that makes room next */
};

enum kc_error kc_seen_new(struct kc_seen **seen)
{
    struct kc_seen *s = calloc(1, sizeof *s);
    if (!s)
        return KC_ERR_NO_MEMORY;
    *seen = s;
    return KC_OK;
}

void kc_seen_free(struct kc_seen *seen)
{
    free(seen);
}

void kc_seen_forget(struct kc_seen *seen)
{
    for (size_t set = 0; set < SETS; set++)
        for (size_t way = 0; way < WAYS; way++) {
            struct entry *entry = &seen->entries[set][way];
            entry->state = entry->state >= CHANGING ? CHANGING_UNKNOWN : FREE;
        }
}

/* Names are as good as random; their first octets choose the leaf, so others choose here. */
static size_t set_of(const uint8_t *name)
{
    return ((size_t)name[4] << 8 | name[5]) & (SETS - 1);
}

static struct entry *find(struct kc_seen *seen, const uint8_t *name)
{
    struct entry *set = seen->entries[set_of(name)];
    for (size_t way = 0; way < WAYS; way++)
        if (set[way].state != FREE && memcmp(set[way].name, name, KC_SEEN_NAME_SIZE) == 0)
            return &set[way];
    return NULL;
}

enum kc_seen_answer kc_seen_look(struct kc_seen *seen, const uint8_t *name, const uint8_t *tag)
{
    const struct entry *entry = find(seen, name);
    if (!entry)
        return KC_SEEN_UNKNOWN;
    if (entry->state == CHANGING_UNKNOWN)
        return KC_SEEN_CHANGING;
    if (tag && memcmp(entry->tag, tag, KC_SEEN_TAG_SIZE) == 0)
        return KC_SEEN_CURRENT;
    return tag && entry->state == CHANGING ? KC_SEEN_CHANGING : KC_SEEN_OTHER;
}

/* A place for a new name; NULL: all are being changed. */
static struct entry *make_room(struct kc_seen *seen, const uint8_t *name)
{
    size_t set = set_of(name);
    for (size_t i = 0; i < WAYS; i++) {
        size_t way = seen->next[set]++ % WAYS;
        struct entry *entry = &seen->entries[set][way];
        if (entry->state >= CHANGING)
            continue;
        memcpy(entry->name, name, KC_SEEN_NAME_SIZE);
        return entry;
    }
    return NULL;
}

void kc_seen_keep(struct kc_seen *seen, const uint8_t *name, const uint8_t *tag)
{
    struct entry *entry = find(seen, name);
    if (entry || !(entry = make_room(seen, name)))
        return;
    memcpy(entry->tag, tag, KC_SEEN_TAG_SIZE);
    entry->state = CURRENT;
}

enum kc_error kc_seen_begin(struct kc_seen *seen, const uint8_t *name, const uint8_t *tag)
{
    struct entry *entry = find(seen, name);
    if (entry &&
        (entry->state != CURRENT || !tag || memcmp(entry->tag, tag, KC_SEEN_TAG_SIZE) != 0))
        return KC_ERR_CONFLICT;
    if (entry) {
        entry->state = CHANGING;
        return KC_OK;
    }
    entry = make_room(seen, name);
    if (!entry)
        return KC_ERR_LIMIT;
    entry->state = CHANGING_UNKNOWN;
    return KC_OK;
}

bool kc_seen_is_changing(struct kc_seen *seen, const uint8_t *name)
{
    const struct entry *entry = find(seen, name);
    return entry && entry->state >= CHANGING;
}

void kc_seen_end(struct kc_seen *seen, const uint8_t *name, const uint8_t *tag)
{
    struct entry *entry = find(seen, name);
    if (!entry)
        return;
    if (tag) {
        memcpy(entry->tag, tag, KC_SEEN_TAG_SIZE);
        entry->state = CURRENT;
    } else {
        entry->state = entry->state == CHANGING ? CURRENT : FREE;
    }
}
