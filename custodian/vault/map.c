/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/vault/map.h"
#include "custodian/vault/seen.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define CHILDREN 16
#define DIGEST KC_MAP_DIGEST_SIZE
#define FIRST_LEAF 4369u /* 1 + 16 + 256 + 4096 */
#define LEAVES 65536u
#define NODES (FIRST_LEAF + LEAVES)
#define ENTRY_SIZE (KC_SEEN_NAME_SIZE + KC_MAP_TAG_SIZE)
#define LEAF_ENTRIES_MAX (KC_NODE_SIZE_MAX / ENTRY_SIZE)
#define CHANGED_LEAVES_MAX 64
#define CHANGED_NODES_MAX (CHANGED_LEAVES_MAX * KC_MAP_PATH_MAX)

_Static_assert(CHANGED_NODES_MAX < 1024, "the log of a change is small");

struct leaf {
    uint32_t number; /* 0: none */
    size_t count;    /* of entries */
    uint8_t *entries;
};

/* What a node's digest was before the present change. */
struct former {
    uint32_t number;
    uint8_t digest[DIGEST];
};

struct kc_map {
    pthread_mutex_t lock;
    uint8_t key[KC_MAP_KEY_SIZE];
    struct kc_seen *seen;
    bool loaded[FIRST_LEAF]; /* the digests of this node's children are known */
    uint8_t digests[NODES][DIGEST];
    struct leaf leaves[LEAVES]; /* those that were seen */

    /* the change that is on its way */
    struct leaf changed[CHANGED_LEAVES_MAX];
    size_t changed_count;
    struct former log[CHANGED_NODES_MAX];
    size_t log_count;
};

static const uint8_t zero[DIGEST];

/* --- life --- */

enum kc_error kc_map_new(struct kc_map **map)
{
    struct kc_map *m = calloc(1, sizeof *m);
    if (!m || kc_seen_new(&m->seen) != KC_OK) {
        free(m);
        return KC_ERR_NO_MEMORY;
    }
    pthread_mutex_init(&m->lock, NULL);
    *map = m;
    return KC_OK;
}

static void forget_leaf(struct leaf *leaf)
{
    free(leaf->entries);
    *leaf = (struct leaf){0};
}

static void forget_change(struct kc_map *m)
{
    for (size_t i = 0; i < m->changed_count; i++)
        forget_leaf(&m->changed[i]);
    m->changed_count = m->log_count = 0;
}

void kc_map_free(struct kc_map *map)
{
    if (!map)
        return;
    forget_change(map);
    for (size_t i = 0; i < LEAVES; i++)
        forget_leaf(&map->leaves[i]);
    kc_seen_free(map->seen);
    pthread_mutex_destroy(&map->lock);
    free(map);
}

void kc_map_set_key(struct kc_map *map, const uint8_t key[static KC_MAP_KEY_SIZE])
{
    pthread_mutex_lock(&map->lock);
    memcpy(map->key, key, sizeof map->key);
    pthread_mutex_unlock(&map->lock);
}

void kc_map_set_root(struct kc_map *map, const uint8_t root[static DIGEST])
{
    pthread_mutex_lock(&map->lock);
    forget_change(map);
    kc_seen_forget(map->seen);
    memset(map->loaded, 0, sizeof map->loaded);
    for (size_t i = 0; i < LEAVES; i++)
        forget_leaf(&map->leaves[i]);
    memcpy(map->digests[0], root, DIGEST);
    pthread_mutex_unlock(&map->lock);
}

/* --- the tree; the lock is held --- */

static void name_of(
    const struct kc_map *m, uint8_t kind, const char *id, uint8_t name[static KC_SEEN_NAME_SIZE])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, m->key, sizeof m->key, KC_SEEN_NAME_SIZE);
    crypto_generichash_update(&state, &kind, 1);
    crypto_generichash_update(&state, (const uint8_t *)id, strlen(id));
    crypto_generichash_final(&state, name, KC_SEEN_NAME_SIZE);
}

static uint32_t leaf_of(const uint8_t *name)
{
    return FIRST_LEAF + ((uint32_t)name[0] << 8 | name[1]);
}

static uint32_t parent_of(uint32_t number)
{
    return (number - 1) / CHILDREN;
}

static uint32_t first_child_of(uint32_t number)
{
    return CHILDREN * number + 1;
}

static bool is_zero(const uint8_t *digest)
{
    return memcmp(digest, zero, DIGEST) == 0;
}

/* digest  zero for what is empty */
static void digest_of(uint32_t number, const uint8_t *content, size_t size, uint8_t *digest)
{
    const uint8_t place[] = {
        (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
    crypto_generichash_state state;
    memset(digest, 0, DIGEST);
    if (size == 0)
        return;
    crypto_generichash_init(&state, NULL, 0, DIGEST);
    crypto_generichash_update(&state, place, sizeof place);
    crypto_generichash_update(&state, content, size);
    crypto_generichash_final(&state, digest, DIGEST);
}

static void digest_of_children(const struct kc_map *m, uint32_t number, uint8_t *digest)
{
    const uint8_t *children = m->digests[first_child_of(number)];
    bool is_empty = true;
    for (size_t i = 0; is_empty && i < CHILDREN; i++)
        is_empty = is_zero(children + i * DIGEST);
    digest_of(number, children, is_empty ? 0 : (size_t)CHILDREN * DIGEST, digest);
}

/* The digests of a node's children are known, or are so now, as it is known to be empty. */
static bool is_loaded(struct kc_map *m, uint32_t number)
{
    if (m->loaded[number])
        return true;
    if ((number > 0 && !is_loaded(m, parent_of(number))) || !is_zero(m->digests[number]))
        return false;
    memset(m->digests[first_child_of(number)], 0, (size_t)CHILDREN * DIGEST);
    m->loaded[number] = true;
    return true;
}

/* From the root to the leaf; the digest of each is known once its parent is loaded. */
static void path_to(uint32_t leaf, uint32_t path[static KC_MAP_PATH_MAX])
{
    path[KC_MAP_PATH_MAX - 1] = leaf;
    for (size_t i = KC_MAP_PATH_MAX - 1; i > 0; i--)
        path[i - 1] = parent_of(path[i]);
}

static bool has_path(struct kc_map *m, uint32_t leaf)
{
    uint32_t path[KC_MAP_PATH_MAX];
    path_to(leaf, path);
    for (size_t i = 0; i + 1 < KC_MAP_PATH_MAX; i++)
        if (!is_loaded(m, path[i]))
            return false;
    return true;
}

/* The place of a leaf, with number 0 if it was not seen. */
static struct leaf *place_of(struct kc_map *m, uint32_t number)
{
    return &m->leaves[number - FIRST_LEAF];
}

static void keep_leaf(struct kc_map *m, struct leaf leaf)
{
    struct leaf *place = place_of(m, leaf.number);
    forget_leaf(place);
    *place = leaf;
}

static struct leaf *find_changed(struct kc_map *m, uint32_t number)
{
    for (size_t i = 0; i < m->changed_count; i++)
        if (m->changed[i].number == number)
            return &m->changed[i];
    return NULL;
}

/* NULL: it is not here. An empty one is the static `none`. */
static const struct leaf *find_leaf(struct kc_map *m, uint32_t number)
{
    static const struct leaf none = {0};
    const struct leaf *changed = find_changed(m, number);
    if (changed)
        return changed;
    if (!has_path(m, number))
        return NULL;
    if (is_zero(m->digests[number]))
        return &none;
    const struct leaf *leaf = place_of(m, number);
    return leaf->number != 0 ? leaf : NULL;
}

static uint8_t *entry_at(const struct leaf *leaf, size_t i)
{
    return leaf->entries + i * ENTRY_SIZE;
}

/* Where a name is, or would go. */
static size_t position(const struct leaf *leaf, const uint8_t *name, bool *found)
{
    size_t i = 0;
    while (i < leaf->count && memcmp(entry_at(leaf, i), name, KC_SEEN_NAME_SIZE) < 0)
        i++;
    *found = i < leaf->count && memcmp(entry_at(leaf, i), name, KC_SEEN_NAME_SIZE) == 0;
    return i;
}

/* --- looking --- */

/* What the tree has under a name: NULL with ABSENT or UNKNOWN. */
static const uint8_t *tag_in_tree(
    struct kc_map *m, const uint8_t *name, enum kc_map_answer *otherwise)
{
    bool found;
    const struct leaf *leaf = find_leaf(m, leaf_of(name));
    *otherwise = leaf ? KC_MAP_ABSENT : KC_MAP_UNKNOWN;
    if (!leaf)
        return NULL;
    size_t i = position(leaf, name, &found);
    return found ? entry_at(leaf, i) + KC_SEEN_NAME_SIZE : NULL;
}

static enum kc_map_answer see(struct kc_map *m, const uint8_t *name, const uint8_t *tag)
{
    switch (kc_seen_look(m->seen, name, tag)) {
    case KC_SEEN_CURRENT:
        return KC_MAP_CURRENT;
    case KC_SEEN_OTHER:
        return KC_MAP_OTHER;
    case KC_SEEN_CHANGING:
        return KC_MAP_CHANGING;
    case KC_SEEN_UNKNOWN:
        break;
    }
    enum kc_map_answer answer;
    const uint8_t *current = tag_in_tree(m, name, &answer);
    if (!current)
        return answer;
    if (!tag || memcmp(current, tag, KC_MAP_TAG_SIZE) != 0)
        return KC_MAP_OTHER;
    kc_seen_keep(m->seen, name, tag);
    return KC_MAP_CURRENT;
}

enum kc_map_answer kc_map_see(struct kc_map *map, const struct kc_record *record)
{
    uint8_t name[KC_SEEN_NAME_SIZE];
    pthread_mutex_lock(&map->lock);
    name_of(map, record->kind, record->id, name);
    enum kc_map_answer answer = see(map, name, record->mac);
    pthread_mutex_unlock(&map->lock);
    return answer;
}

enum kc_map_answer kc_map_find(struct kc_map *map, uint8_t kind, const char *id)
{
    uint8_t name[KC_SEEN_NAME_SIZE];
    pthread_mutex_lock(&map->lock);
    name_of(map, kind, id, name);
    enum kc_map_answer answer = see(map, name, NULL);
    pthread_mutex_unlock(&map->lock);
    return answer;
}

size_t kc_map_missing(
    struct kc_map *map, uint8_t kind, const char *id, uint32_t numbers[static KC_MAP_PATH_MAX])
{
    uint8_t name[KC_SEEN_NAME_SIZE];
    uint32_t path[KC_MAP_PATH_MAX];
    size_t count = 0;
    pthread_mutex_lock(&map->lock);
    name_of(map, kind, id, name);
    path_to(leaf_of(name), path);
    if (!find_leaf(map, leaf_of(name)))
        for (size_t i = 0; i < KC_MAP_PATH_MAX; i++)
            if (path[i] >= FIRST_LEAF || !is_loaded(map, path[i]))
                numbers[count++] = path[i];
    pthread_mutex_unlock(&map->lock);
    return count;
}

/* --- offered nodes --- */

/* An inner node in the store: which children are not zero, and their digests. */
static bool read_children(struct kc_span content, uint8_t children[static CHILDREN * DIGEST])
{
    struct kc_reader r;
    kc_reader_init(&r, content.bytes, content.size);
    unsigned present = kc_reader_u16(&r);
    memset(children, 0, (size_t)CHILDREN * DIGEST);
    for (unsigned i = 0; i < CHILDREN; i++)
        if (present >> i & 1)
            kc_reader_copy(&r, children + (size_t)i * DIGEST, DIGEST);
    return kc_reader_finish(&r) == KC_OK;
}

static void take_children(struct kc_map *m, uint32_t number, struct kc_span content)
{
    uint8_t children[CHILDREN * DIGEST], digest[DIGEST];
    if (m->loaded[number] || !read_children(content, children))
        return;
    digest_of(number, children, sizeof children, digest);
    if (memcmp(digest, m->digests[number], DIGEST) != 0)
        return;
    memcpy(m->digests[first_child_of(number)], children, sizeof children);
    m->loaded[number] = true;
}

static void take_leaf(struct kc_map *m, uint32_t number, struct kc_span content)
{
    uint8_t digest[DIGEST];
    digest_of(number, content.bytes, content.size, digest);
    if (content.size == 0 || content.size % ENTRY_SIZE != 0 || find_changed(m, number) ||
        memcmp(digest, m->digests[number], DIGEST) != 0)
        return;
    uint8_t *entries = malloc(content.size);
    if (!entries)
        return; /* it stays missing */
    memcpy(entries, content.bytes, content.size);
    keep_leaf(
        m, (struct leaf){.number = number, .count = content.size / ENTRY_SIZE, .entries = entries});
}

void kc_map_offer(struct kc_map *map, uint32_t number, struct kc_span content)
{
    pthread_mutex_lock(&map->lock);
    bool is_known = number == 0 || (number < NODES && is_loaded(map, parent_of(number)));
    if (is_known && number < FIRST_LEAF)
        take_children(map, number, content);
    else if (is_known)
        take_leaf(map, number, content);
    pthread_mutex_unlock(&map->lock);
}

/* --- changing --- */

enum kc_error kc_map_issue(struct kc_map *map, struct kc_record *record)
{
    uint8_t name[KC_SEEN_NAME_SIZE];
    pthread_mutex_lock(&map->lock);
    name_of(map, record->kind, record->id, name);
    enum kc_error error = record->version == UINT32_MAX ? KC_ERR_LIMIT
                                                        : kc_seen_begin(map->seen, name,
                                                              record->version ? record->mac : NULL);
    pthread_mutex_unlock(&map->lock);
    if (error == KC_OK)
        record->version++;
    return error;
}

bool kc_map_is_changing(struct kc_map *map, uint8_t kind, const char *id)
{
    uint8_t name[KC_SEEN_NAME_SIZE];
    pthread_mutex_lock(&map->lock);
    name_of(map, kind, id, name);
    bool is_changing = kc_seen_is_changing(map->seen, name);
    pthread_mutex_unlock(&map->lock);
    return is_changing;
}

void kc_map_settle(struct kc_map *map, const struct kc_record *record, bool stored)
{
    uint8_t name[KC_SEEN_NAME_SIZE];
    pthread_mutex_lock(&map->lock);
    name_of(map, record->kind, record->id, name);
    kc_seen_end(map->seen, name, stored ? record->mac : NULL);
    pthread_mutex_unlock(&map->lock);
}

/* A leaf that belongs to the change, with room for one entry more. */
static struct leaf *open_leaf(struct kc_map *m, uint32_t number, const struct leaf *present)
{
    struct leaf *open = find_changed(m, number);
    size_t count = present->count;
    if (!open && m->changed_count == CHANGED_LEAVES_MAX)
        return NULL;
    uint8_t *entries = realloc(open ? open->entries : NULL, (count + 1) * ENTRY_SIZE);
    if (!entries)
        return NULL;
    if (!open) {
        open = &m->changed[m->changed_count++];
        *open = (struct leaf){.number = number, .count = count};
        if (count > 0)
            memcpy(entries, present->entries, count * ENTRY_SIZE);
    }
    open->entries = entries;
    return open;
}

static void log_digest(struct kc_map *m, uint32_t number)
{
    for (size_t i = 0; i < m->log_count; i++)
        if (m->log[i].number == number)
            return;
    struct former *former = &m->log[m->log_count++];
    former->number = number;
    memcpy(former->digest, m->digests[number], DIGEST);
}

static void digest_path(struct kc_map *m, const struct leaf *leaf)
{
    uint32_t number = leaf->number;
    log_digest(m, number);
    digest_of(number, leaf->entries, leaf->count * ENTRY_SIZE, m->digests[number]);
    while (number > 0) {
        number = parent_of(number);
        log_digest(m, number);
        digest_of_children(m, number, m->digests[number]);
    }
}

static void put_entry(
    struct leaf *leaf, size_t at, bool is_new, const uint8_t *name, const uint8_t *tag)
{
    uint8_t *entry = entry_at(leaf, at);
    if (is_new) {
        memmove(entry + ENTRY_SIZE, entry, (leaf->count - at) * ENTRY_SIZE);
        leaf->count++;
    }
    memcpy(entry, name, KC_SEEN_NAME_SIZE);
    memcpy(entry + KC_SEEN_NAME_SIZE, tag, KC_MAP_TAG_SIZE);
}

static enum kc_error apply(
    struct kc_map *m, const uint8_t *name, const uint8_t *tag, const uint8_t *before)
{
    bool found;
    uint32_t number = leaf_of(name);
    const struct leaf *present = find_leaf(m, number);
    if (!present)
        return KC_ERR_UNAVAILABLE;
    size_t at = position(present, name, &found);
    if (!before && found)
        return KC_ERR_EXISTS;
    if (before &&
        (!found || memcmp(entry_at(present, at) + KC_SEEN_NAME_SIZE, before, KC_MAP_TAG_SIZE) != 0))
        return KC_ERR_CONFLICT;
    if (!found && present->count == LEAF_ENTRIES_MAX)
        return KC_ERR_LIMIT;
    struct leaf *leaf = open_leaf(m, number, present);
    if (!leaf)
        return KC_ERR_LIMIT;
    put_entry(leaf, at, !found, name, tag);
    digest_path(m, leaf);
    return KC_OK;
}

void kc_map_hold(struct kc_map *map, uint8_t kind, const char *id)
{
    uint8_t name[KC_SEEN_NAME_SIZE];
    pthread_mutex_lock(&map->lock);
    name_of(map, kind, id, name);
    const struct leaf *present = find_leaf(map, leaf_of(name));
    if (present)
        (void)open_leaf(map, leaf_of(name), present); /* if it fails, so will kc_map_apply */
    pthread_mutex_unlock(&map->lock);
}

enum kc_error kc_map_apply(
    struct kc_map *map, const struct kc_record *record, const uint8_t *before)
{
    uint8_t name[KC_SEEN_NAME_SIZE];
    pthread_mutex_lock(&map->lock);
    name_of(map, record->kind, record->id, name);
    enum kc_error error = apply(map, name, record->mac, before);
    pthread_mutex_unlock(&map->lock);
    return error;
}

void kc_map_root(struct kc_map *map, uint8_t root[static DIGEST])
{
    pthread_mutex_lock(&map->lock);
    memcpy(root, map->digests[0], DIGEST);
    pthread_mutex_unlock(&map->lock);
}

static void write_children(const struct kc_map *m, uint32_t number, struct kc_writer *w)
{
    const uint8_t *children = m->digests[first_child_of(number)];
    unsigned present = 0;
    for (unsigned i = 0; i < CHILDREN; i++)
        if (!is_zero(children + (size_t)i * DIGEST))
            present |= 1u << i;
    kc_writer_u16(w, (uint16_t)present);
    for (unsigned i = 0; i < CHILDREN; i++)
        if (present >> i & 1)
            kc_writer_bytes(w, children + (size_t)i * DIGEST, DIGEST);
}

static void write_node(struct kc_map *m, uint32_t number, struct kc_writer *w)
{
    const struct leaf *leaf = find_changed(m, number);
    if (leaf)
        kc_writer_bytes(w, leaf->entries, leaf->count * ENTRY_SIZE);
    else
        write_children(m, number, w);
}

enum kc_error kc_map_changed(
    struct kc_map *map, struct kc_writer *room, struct kc_vault_node *nodes, size_t *count)
{
    pthread_mutex_lock(&map->lock);
    bool fits = map->log_count <= KC_VAULT_NODES_MAX;
    for (size_t i = 0; fits && i < map->log_count; i++) {
        size_t start = room->size;
        write_node(map, map->log[i].number, room);
        nodes[i] =
            (struct kc_vault_node){map->log[i].number, {room->bytes + start, room->size - start}};
    }
    *count = map->log_count;
    pthread_mutex_unlock(&map->lock);
    return fits ? kc_writer_finish(room) : KC_ERR_TOO_LARGE;
}

size_t kc_map_changed_size(struct kc_map *map)
{
    pthread_mutex_lock(&map->lock);
    size_t size = map->log_count * (2 + CHILDREN * DIGEST);
    for (size_t i = 0; i < map->changed_count; i++)
        size += map->changed[i].count * ENTRY_SIZE;
    pthread_mutex_unlock(&map->lock);
    return size;
}

static void keep_changed(struct kc_map *m)
{
    for (size_t i = 0; i < m->changed_count; i++)
        keep_leaf(m, m->changed[i]);
    m->changed_count = m->log_count = 0;
}

static void undo(struct kc_map *m)
{
    for (size_t i = 0; i < m->log_count; i++)
        memcpy(m->digests[m->log[i].number], m->log[i].digest, DIGEST);
    forget_change(m);
}

void kc_map_end(struct kc_map *map, bool stored)
{
    pthread_mutex_lock(&map->lock);
    if (stored)
        keep_changed(map);
    else
        undo(map);
    pthread_mutex_unlock(&map->lock);
}
