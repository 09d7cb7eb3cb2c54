/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the store on SQLite. */
#ifndef KC_CUSTODIAN_STORE_SQLITE_H
#define KC_CUSTODIAN_STORE_SQLITE_H

#include "custodian/store/store.h"

#include <sqlite3.h>

/* Bytes of the packed records of a page; one more record follows. */
#define KC_STORE_PAGE_WEIGHT_MAX ((size_t)96 * 1024)

struct kc_store {
    sqlite3 *database;
    sqlite3_stmt *get, *insert, *update, *get_node, *put_node;
    uint8_t *bodies; /* of the records that were read last: KC_STORE_PAGE_WEIGHT_MAX and one more */
    size_t bodies_size;
    int folder, file; /* open, for fstat and fstatvfs */
    uint64_t key_count;
    bool is_held; /* the file stays as it is, and what is stored goes into the log: hold.c */
};

/* From here on moves the log into the file when it has grown enough, or as much as the disk has left. */
void kc_store_watch_log(struct kc_store *store);

#endif
