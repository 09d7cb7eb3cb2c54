/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's file, held as it is while changes go on. In the mode WAL a commit writes into the log
 * alone; it is the checkpoint that writes into the file. So while none is made, the file is all of
 * what was stored when it was held, and anyone who may read it can copy it.
 */
#include "custodian/store/sql.h"
#include "custodian/store/sqlite.h"

#define LOG_PAGES 1000                   /* that the log has when it is moved into the file */
#define LOG_PAGES_HELD ((int)256 * 1024) /* the same while it is held: 1 GiB */
#define PAGE_SIZE 4096                   /* octets: SQLite's own, which is not changed */

static enum kc_error empty_log(struct kc_store *store)
{
    return kc_sql_translate(
        sqlite3_wal_checkpoint_v2(store->database, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL));
}

/* Moving the log into the file may need as much room again as the log has: while there is room. */
static bool has_room(const struct kc_store *store, int pages)
{
    uint64_t bytes = 0;
    return kc_store_free_space(store, &bytes) == KC_OK && bytes / PAGE_SIZE >= (uint64_t)pages;
}

/* After each commit. One that has succeeded is not failed because the log could not be moved: it is
 * tried again with the next. */
static int look_at_log(void *context, sqlite3 *database, const char *name, int pages)
{
    struct kc_store *store = context;
    if (pages < (store->is_held ? LOG_PAGES_HELD : LOG_PAGES) && has_room(store, pages))
        return SQLITE_OK;
    store->is_held = false;
    (void)sqlite3_wal_checkpoint_v2(database, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return SQLITE_OK;
}

void kc_store_watch_log(struct kc_store *store)
{
    (void)sqlite3_wal_hook(store->database, look_at_log, store);
}

enum kc_error kc_store_hold(struct kc_store *store)
{
    enum kc_error error = empty_log(store);
    if (error == KC_OK)
        store->is_held = true;
    return error;
}

bool kc_store_release(struct kc_store *store)
{
    bool was_held = store->is_held;
    store->is_held = false;
    if (was_held) {
        enum kc_error error = empty_log(store);
        (void)error; /* what is in the log is stored: it is moved later */
    }
    return was_held;
}

/* With nothing in the log the file is all of the store; nobody else writes to it. */
enum kc_error kc_store_copy_to(struct kc_store *store, int to)
{
    enum kc_error error = empty_log(store);
    return error == KC_OK ? kc_store_copy_bytes(store->file, to) : error;
}
