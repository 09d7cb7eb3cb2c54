/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The map: which records the store holds, and in which version, as the vault knows it. A Merkle tree
 * over all records, keys and tombstones alike, whose root is in the store's head (head.h). A record
 * is believed to be current just if it is in the map, and to be absent just if it is not: so the
 * store cannot bring an older one back, nor hide one.
 *
 *   name    BLAKE2b-128 of kind and id, under a key of the vault's: nobody else can tell where in the
 *           tree a record goes, or find ids that meet there
 *   leaf    one of 65536, chosen by the first two octets of the name: entries of name and tag, the
 *           start of the record's MAC, in the order of their names
 *   node    16 children each, four levels over the leaves: their digests
 *   digest  BLAKE2b-256 of the number of the node and its content; zero for what is empty
 *
 * Nodes are numbered level by level: the root is 0, the children of n are 16n + 1 to 16n + 16. The
 * store keeps nodes; the vault keeps the digests (4 MiB with the places of leaves), the leaves that it
 * has seen (32 octets for each record in them), and which records it has seen to be current. What it lacks it says (kc_map_missing), and what is offered is taken if its
 * digest is the known one: the path is checked from the root down.
 *
 * A change goes in two steps. kc_map_issue gives a record its next version and marks it as changing.
 * Then kc_map_apply puts it into the tree, which belongs to the one change that is on its way to the
 * store, and kc_map_end says whether it got there. Thread-safe.
 */
#ifndef KC_CUSTODIAN_VAULT_MAP_H
#define KC_CUSTODIAN_VAULT_MAP_H

#include "custodian/record.h"
#include "custodian/vault_message.h"

#define KC_MAP_DIGEST_SIZE 32
#define KC_MAP_TAG_SIZE 16 /* octets of a record's MAC: enough to tell two records apart */
#define KC_MAP_PATH_MAX 5  /* nodes from the root to a leaf */
#define KC_MAP_KEY_SIZE 32

struct kc_map;

/* Makes an empty map, without its key; given. KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_map_new(struct kc_map **map);
void kc_map_free(struct kc_map *map);

/* The key of names; before anything else. */
void kc_map_set_key(struct kc_map *map, const uint8_t key[static KC_MAP_KEY_SIZE]);

/* The root of the tree that counts from here on. What was known is forgotten, but for what is being
 * changed. All zero: there is no record. */
void kc_map_set_root(struct kc_map *map, const uint8_t root[static KC_MAP_DIGEST_SIZE]);

/* --- looking --- */

enum kc_map_answer {
    KC_MAP_CURRENT,  /* this record is the newest of its name */
    KC_MAP_OTHER,    /* another one of its name is */
    KC_MAP_ABSENT,   /* there is none of this name */
    KC_MAP_UNKNOWN,  /* nodes are missing */
    KC_MAP_CHANGING, /* a change is on its way: look again when it has ended */
};

/* Whether an authentic record is the newest. */
enum kc_map_answer kc_map_see(struct kc_map *map, const struct kc_record *record);

/* Whether there is a record of this name at all: OTHER, ABSENT, UNKNOWN or CHANGING. */
enum kc_map_answer kc_map_find(struct kc_map *map, uint8_t kind, const char *id);

/* The nodes that are missing to know about a name, from the root down. Returns their count. */
size_t kc_map_missing(
    struct kc_map *map, uint8_t kind, const char *id, uint32_t numbers[static KC_MAP_PATH_MAX]);

/* Takes a node that came from the store, if it is the right one; parents are offered first. */
void kc_map_offer(struct kc_map *map, uint32_t number, struct kc_span content);

/* --- changing --- */

/*
 * Gives a record that is to be changed its next version, and marks it. The record comes with the
 * version and the MAC that it has now; one that is new, with version 0. Followed by kc_map_settle.
 *
 * KC_ERR_CONFLICT  it is being changed, or was, since this one was read
 * KC_ERR_LIMIT     too many are being changed
 */
KC_CHECKED enum kc_error kc_map_issue(struct kc_map *map, struct kc_record *record);

/* Whether a record of this name is marked. */
bool kc_map_is_changing(struct kc_map *map, uint8_t kind, const char *id);

/* Takes the mark away; stored: this record is the newest from here on. */
void kc_map_settle(struct kc_map *map, const struct kc_record *record, bool stored);

/*
 * Keeps the leaf that a name is in, if it is here, until the change ends: others that come for the
 * same change cannot take its place. Before kc_map_missing, for each record of the change.
 */
void kc_map_hold(struct kc_map *map, uint8_t kind, const char *id);

/*
 * Puts a changed record into the tree.
 *
 * before  the tag that it had; NULL: it is new
 *
 * KC_ERR_UNAVAILABLE  nodes are missing
 * KC_ERR_CONFLICT     the tree has another one than `before`
 * KC_ERR_EXISTS       it is not new
 * KC_ERR_LIMIT        the leaf, or the change, is full
 */
KC_CHECKED enum kc_error kc_map_apply(
    struct kc_map *map, const struct kc_record *record, const uint8_t *before);

/* The root with what was applied. */
void kc_map_root(struct kc_map *map, uint8_t root[static KC_MAP_DIGEST_SIZE]);

/*
 * The nodes that differ by what was applied, written behind each other into room.
 *
 * nodes  KC_VAULT_NODES_MAX of them; they lend from room
 *
 * KC_ERR_TOO_LARGE  they do not fit
 */
KC_CHECKED enum kc_error kc_map_changed(
    struct kc_map *map, struct kc_writer *room, struct kc_vault_node *nodes, size_t *count);

/* Bytes of all that kc_map_changed would write, at most. */
size_t kc_map_changed_size(struct kc_map *map);

/* Ends the change: stored, or to be undone. */
void kc_map_end(struct kc_map *map, bool stored);

#endif
