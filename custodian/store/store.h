/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: records, kept so that what was said to be stored survives the loss of power.
 *
 * It believes nothing and authenticates nothing: the vault does. A row that is malformed in some
 * column is that record's trouble alone. The implementation is SQLite (WAL, synced commits), one
 * column per field of struct kc_record under the field's name, so that a person can look and a test
 * can change any of them; the file is <folder>/custodian.db.
 *
 * Records lend their bodies from the store, until something is read from it again.
 *
 * One thread at a time. All errors of the library are translated here:
 *
 * KC_ERR_STORE_FULL       no space left
 * KC_ERR_STORE_READ_ONLY  not writable, or not to be opened
 * KC_ERR_STORE_DAMAGED    not a database, not a custodian's, or corrupt
 * KC_ERR_STORE_VERSION    a custodian's of another schema; it is left as it is
 * KC_ERR_STORE            anything else, such as a failed read or a store that another process has
 */
#ifndef KC_CUSTODIAN_STORE_H
#define KC_CUSTODIAN_STORE_H

#include "custodian/record.h"

#include <sys/types.h>

#define KC_STORE_FILE "custodian.db"
#define KC_STORE_FORMER "custodian.db.former" /* what was there before a restore */
#define KC_STORE_PAGE_MAX 24   /* records of a page: leaves room for others in a message */
#define KC_STORE_SAME_ID_MAX 4 /* records of one id: one of each kind */

struct kc_store;

/*
 * Makes the folder (mode 0700, that owner) if it is not there; for a process that can still give
 * things to others.
 *
 * KC_ERR_CONFIG_PERMISSIONS  it is there, and is another's, or open to others
 * KC_ERR_STORE_READ_ONLY     it could not be made
 */
KC_CHECKED enum kc_error kc_store_prepare(const char *folder, uid_t user, gid_t group);

/*
 * Opens the store, or makes an empty one (mode 0600); no other process can open it then. Every file
 * is open when this returns, so that a process can give up opening files after it.
 *
 * store   given: kc_store_close
 * detail  static text of what failed, for the log; NULL on KC_OK
 */
KC_CHECKED enum kc_error kc_store_open(
    const char *folder, struct kc_store **store, const char **detail);

/*
 * Writes all of a store to a file: ciphertext and what is public, as the store itself. For a process
 * that runs as the store's owner while no custodian has the store.
 *
 * to  open for writing; synced when this returns
 *
 * KC_ERR_STORE_READ_ONLY  there is no store
 * KC_ERR_STORE            a custodian has it
 */
KC_CHECKED enum kc_error kc_store_backup(const char *folder, int to);

/*
 * Holds the store's file as it is, with all that is stored now, while changes go on; a store that is
 * held already is held anew. It ends with kc_store_release, or by itself when the
 * changes have 1 GiB, or more than the disk has left.
 */
KC_CHECKED enum kc_error kc_store_hold(struct kc_store *store);

/* Ends it. Whether the store was held until now. */
bool kc_store_release(struct kc_store *store);

/* The same as kc_store_backup for a store that another process holds; whether it did until the end,
 * that process knows. */
KC_CHECKED enum kc_error kc_store_backup_held(const char *folder, int to);

/*
 * Puts such a file in the store's place; what was there stays as KC_STORE_FORMER, or
 * with .2, .3 and so on behind it if there is one from before. Whether it is the
 * newest the vault finds out (docs/freshness.md).
 *
 * from  open for reading, a regular file
 *
 * KC_ERR_STORE_DAMAGED  it is no custodian's store, or not all of one; nothing was changed
 * KC_ERR_STORE          a custodian has the store
 */
KC_CHECKED enum kc_error kc_store_restore(const char *folder, int from);

/* The parts of both: all of a store that is open; all of a file; whether a file is a store's. */
KC_CHECKED enum kc_error kc_store_copy_to(struct kc_store *store, int to);
KC_CHECKED enum kc_error kc_store_copy_bytes(int from, int to);
KC_CHECKED enum kc_error kc_store_check_file(int descriptor);

/* NULL is fine. */
void kc_store_close(struct kc_store *store);

/*
 * Reads the records with an id, whatever their kind.
 *
 * records  room for KC_STORE_SAME_ID_MAX
 * count    how many there are: 0 is no error
 *
 * KC_ERR_RECORD_DAMAGED  a column of one of them is malformed
 */
KC_CHECKED enum kc_error kc_store_get(
    struct kc_store *store, struct kc_span id, struct kc_record *records, size_t *count);

/* What a page shows: the records that fit everything that is set. */
struct kc_store_filter {
    uint8_t kind, other_kind;             /* enum kc_record_kind; other_kind 0: just one */
    bool wrapped;                         /* in place of these: all of kc_kind_is_wrapped */
    uint8_t role, state;                  /* 0: any */
    struct kc_span keyring, label, group; /* bytes NULL: any */
};

struct kc_store_page {
    struct kc_record records[KC_STORE_PAGE_MAX]; /* in the order of their ids */
    size_t count;
    size_t damaged;               /* rows left out because a column is malformed */
    char last[KC_RECORD_ID_SIZE]; /* the last id looked at; empty if none was */
    bool end;                     /* there is nothing after it */
};

/* Reads the first KC_STORE_PAGE_MAX records after an id (empty: from the start), or fewer if these are
 * as much as a message to the vault holds. */
KC_CHECKED enum kc_error kc_store_page(struct kc_store *store, const struct kc_store_filter *filter,
    struct kc_span after, struct kc_store_page *page);

/* A part of the map of all records, which the vault makes and checks; the store looks into none. */
struct kc_store_node {
    uint32_t number;
    struct kc_span content; /* empty: there is none */
};

/* Records and nodes to be stored together, or not at all. */
struct kc_store_change {
    const struct kc_record *records;
    size_t count;
    const struct kc_store_node *nodes; /* each takes the place of the one with its number */
    size_t node_count;
};

/*
 * Stores a change, and syncs. KC_OK: it is durable.
 *
 * place  for the following errors, of the record that they are of; else SIZE_MAX
 *
 * KC_ERR_EXISTS       version 1, and there is one of its kind and id
 * KC_ERR_CONFLICT     another version, and what is stored is not of a lower one
 * KC_ERR_LABEL_TAKEN  another key that is not destroyed has the keyring and label, or another
 *                     recipient that is not removed has the label
 */
KC_CHECKED enum kc_error kc_store_put(
    struct kc_store *store, const struct kc_store_change *change, size_t *place);

/*
 * Reads nodes by their numbers, and writes what they hold into room, behind each other.
 *
 * nodes  numbers are given; contents are lent from room, empty for those that there are not, and
 *        that found no place in it
 */
KC_CHECKED enum kc_error kc_store_nodes(
    struct kc_store *store, struct kc_store_node *nodes, size_t count, struct kc_writer *room);

/* How many records of keys there are. */
uint64_t kc_store_key_count(const struct kc_store *store);

/* Bytes that the store's disk has left for this user. */
KC_CHECKED enum kc_error kc_store_free_space(const struct kc_store *store, uint64_t *bytes);

/* Whether a change could be written now: one is made that changes nothing, and synced. */
KC_CHECKED enum kc_error kc_store_check_writable(struct kc_store *store);

/* Whether owner and mode of folder and file are as kc_store_open left them: KC_OK, or
 * KC_ERR_CONFIG_PERMISSIONS. */
KC_CHECKED enum kc_error kc_store_check_permissions(const struct kc_store *store);

#endif
