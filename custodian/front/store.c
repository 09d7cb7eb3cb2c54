/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "custodian/front/store_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SCHEMA 1               /* PRAGMA user_version */
#define APPLICATION 0x4b434d31 /* PRAGMA application_id: "KCM1" */

/* As the daemon's store: no file is mapped or opened after the start. */
static const char settings[] = "PRAGMA locking_mode = EXCLUSIVE;"
                               "PRAGMA journal_mode = WAL;"
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA mmap_size = 0;"
                               "PRAGMA trusted_schema = OFF;"
                               "PRAGMA cell_size_check = ON;";

static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE accounts (address TEXT PRIMARY KEY, udf TEXT NOT NULL, is_group INTEGER NOT NULL,"
    " created INTEGER NOT NULL, profile BLOB NOT NULL) STRICT;"
    "CREATE TABLE frames (address TEXT NOT NULL, container TEXT NOT NULL, number INTEGER NOT NULL,"
    " chain BLOB NOT NULL, tree BLOB NOT NULL, envelope BLOB NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX places ON frames (address, container, number);"
    "CREATE TABLE revoked (address TEXT NOT NULL, udf TEXT NOT NULL,"
    " PRIMARY KEY (address, udf)) STRICT;"
    "CREATE TABLE answers (address TEXT NOT NULL, id BLOB NOT NULL, digest BLOB NOT NULL,"
    " status INTEGER NOT NULL, text BLOB NOT NULL, at INTEGER NOT NULL,"
    " PRIMARY KEY (address, id)) STRICT;"
    "CREATE INDEX ages ON answers (at);";

static const char *const texts[KC_FRONT_STATEMENTS] = {
    [KC_FRONT_GET_ACCOUNT] =
        "SELECT udf, is_group, created, profile FROM accounts WHERE address = ?1",
    [KC_FRONT_ADD_ACCOUNT] = "INSERT INTO accounts VALUES (?1, ?2, ?3, ?4, ?5)",
    [KC_FRONT_REPLACE_ACCOUNT] = "REPLACE INTO accounts VALUES (?1, ?2, ?3, ?4, ?5)",
    [KC_FRONT_COUNT_ACCOUNTS] = "SELECT count(*) FROM accounts",
    [KC_FRONT_REMOVE_ACCOUNT] = "DELETE FROM accounts WHERE address = ?1",
    [KC_FRONT_REMOVE_FRAMES] = "DELETE FROM frames WHERE address = ?1",
    [KC_FRONT_REMOVE_REVOKED] = "DELETE FROM revoked WHERE address = ?1",
    [KC_FRONT_LAST_FRAME] = ("SELECT number, chain, tree FROM frames WHERE address = ?1 AND"
                             " container = ?2 ORDER BY number DESC LIMIT 1"),
    [KC_FRONT_FRAMES] = ("SELECT number, envelope FROM frames WHERE address = ?1 AND container = ?2"
                         " AND number >= ?3 AND number < ?4 ORDER BY number"),
    [KC_FRONT_LINKS] = ("SELECT chain, tree FROM frames WHERE address = ?1 AND container = ?2 AND"
                        " number = ?3"),
    [KC_FRONT_PUT_FRAME] = "REPLACE INTO frames VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [KC_FRONT_IS_REVOKED] = "SELECT 1 FROM revoked WHERE address = ?1 AND udf = ?2",
    [KC_FRONT_ADD_REVOKED] = "INSERT OR IGNORE INTO revoked VALUES (?1, ?2)",
    [KC_FRONT_GET_ANSWER] =
        "SELECT digest, status, text FROM answers WHERE address = ?1 AND id = ?2",
    [KC_FRONT_PUT_ANSWER] = "INSERT INTO answers VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [KC_FRONT_FORGET_ANSWERS] = "DELETE FROM answers WHERE at < ?1",
};

/* --- opening --- */

/* A write at the start: the WAL is there before files can no longer be opened, and a store that
 * cannot be written is found out. */
static int mark(struct kc_front_store *store)
{
    char sql[96];
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION,
        SCHEMA);
    return kc_sql_run(store->database, sql);
}

static enum kc_error settle_schema(struct kc_front_store *store)
{
    int version = 0, application = 0, tables = 0;
    int code = kc_sql_number(store->database, "PRAGMA user_version", &version);
    if (code == SQLITE_OK)
        code = kc_sql_number(store->database, "PRAGMA application_id", &application);
    if (code == SQLITE_OK)
        code = kc_sql_number(store->database, "SELECT count(*) FROM sqlite_schema", &tables);
    if (code == SQLITE_OK && tables == 0) {
        code = kc_sql_run(store->database, schema);
        if (code == SQLITE_OK)
            code = mark(store);
        return kc_sql_translate(code == SQLITE_OK ? kc_sql_run(store->database, "COMMIT") : code);
    }
    if (code != SQLITE_OK)
        return kc_sql_translate(code);
    if (application != APPLICATION)
        return KC_ERR_STORE_DAMAGED;
    return version == SCHEMA ? kc_sql_translate(mark(store)) : KC_ERR_STORE_VERSION;
}

static enum kc_error prepare_statements(struct kc_front_store *store)
{
    int code = SQLITE_OK;
    for (size_t i = 0; code == SQLITE_OK && i < KC_FRONT_STATEMENTS; i++)
        code = sqlite3_prepare_v3(
            store->database, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &store->statements[i], NULL);
    return kc_sql_translate(code);
}

/* The log is there since the first write, and is the same file until the database is closed. */
static enum kc_error remember_files(struct kc_front_store *store)
{
    for (size_t i = 0; i < KC_FRONT_FILES; i++) {
        struct kc_front_file *file = &store->files[i];
        struct stat status;
        if (stat(file->path, &status) < 0)
            return KC_ERR_STORE;
        file->device = status.st_dev;
        file->number = status.st_ino;
    }
    return KC_OK;
}

bool kc_front_store_is_in_place(const struct kc_front_store *store)
{
    bool same = true;
    for (size_t i = 0; same && i < KC_FRONT_FILES; i++) {
        const struct kc_front_file *file = &store->files[i];
        struct stat status;
        same = stat(file->path, &status) == 0 && status.st_dev == file->device &&
               status.st_ino == file->number;
    }
    return same;
}

static enum kc_error open_database(struct kc_front_store *store, const char *folder)
{
    static const char *const names[KC_FRONT_FILES] = {
        KC_FRONT_STORE_FILE, KC_FRONT_STORE_FILE "-wal"};
    const char *path = store->files[0].path;
    uint8_t unused;
    sqlite3_randomness(sizeof unused, &unused); /* opens the random source now */
    for (size_t i = 0; i < KC_FRONT_FILES; i++)
        snprintf(store->files[i].path, sizeof store->files[i].path, "%s/%s", folder, names[i]);
    mode_t mask = umask(077);
    enum kc_error error = kc_sql_translate(sqlite3_open_v2(path, &store->database,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
        NULL));
    if (error == KC_OK)
        error = kc_sql_translate(kc_sql_run(store->database, settings));
    umask(mask);
    if (error == KC_OK)
        error = settle_schema(store);
    if (error == KC_OK)
        error = remember_files(store);
    return error == KC_OK ? prepare_statements(store) : error;
}

enum kc_error kc_front_store_open(
    const char *folder, uint32_t accounts, struct kc_front_store **store, const char **detail)
{
    struct kc_front_store *made = calloc(1, sizeof *made);
    if (!made)
        return KC_ERR_NO_MEMORY;
    pthread_mutex_init(&made->lock, NULL);
    made->accounts_max = accounts;
    enum kc_error error = open_database(made, folder);
    *detail = error == KC_OK ? NULL : sqlite3_errstr(sqlite3_errcode(made->database));
    if (error != KC_OK) {
        kc_front_store_close(made);
        return error;
    }
    *store = made;
    return KC_OK;
}

void kc_front_store_close(struct kc_front_store *store)
{
    if (!store)
        return;
    for (size_t i = 0; i < KC_FRONT_STATEMENTS; i++)
        sqlite3_finalize(store->statements[i]);
    sqlite3_close(store->database);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

/* --- statements --- */

sqlite3_stmt *kc_front_store_bind(
    struct kc_front_store *store, enum kc_front_statement which, const char *kinds, ...)
{
    sqlite3_stmt *statement = store->statements[which];
    va_list arguments;
    sqlite3_reset(statement);
    va_start(arguments, kinds);
    for (int i = 1; *kinds; i++, kinds++) {
        if (*kinds == 'T')
            sqlite3_bind_text(statement, i, va_arg(arguments, const char *), -1, SQLITE_STATIC);
        if (*kinds == 'I')
            sqlite3_bind_int64(statement, i, (sqlite3_int64)va_arg(arguments, uint64_t));
        if (*kinds == 'B') {
            struct kc_span span = va_arg(arguments, struct kc_span);
            sqlite3_bind_blob(statement, i, span.bytes ? (const void *)span.bytes : "",
                (int)span.size, SQLITE_STATIC);
        }
    }
    va_end(arguments);
    return statement;
}

enum kc_error kc_front_store_run(sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    sqlite3_reset(statement);
    return kc_sql_translate(code);
}

static struct kc_span column(sqlite3_stmt *statement, int i)
{
    return (struct kc_span){
        sqlite3_column_blob(statement, i), (size_t)sqlite3_column_bytes(statement, i)};
}

/* A copy, terminated. NULL: no memory. */
static uint8_t *copy(struct kc_span span)
{
    uint8_t *made = malloc(span.size + 1);
    if (!made)
        return NULL;
    if (span.size > 0)
        memcpy(made, span.bytes, span.size);
    made[span.size] = '\0';
    return made;
}

/* --- reading --- */

static enum kc_error take_account(
    sqlite3_stmt *row, const char *address, struct kc_front_account *account)
{
    struct kc_front_account read = {.is_group = sqlite3_column_int(row, 1) != 0,
        .created = (uint64_t)sqlite3_column_int64(row, 2)};
    const char *udf = (const char *)sqlite3_column_text(row, 0);
    struct kc_span profile = column(row, 3);
    if (!udf || !kc_text_copy(read.udf, sizeof read.udf, udf) ||
        !kc_text_copy(read.address, sizeof read.address, address))
        return KC_ERR_STORE_DAMAGED;
    read.profile = copy(profile);
    read.profile_size = profile.size;
    if (!read.profile)
        return KC_ERR_NO_MEMORY;
    *account = read;
    return KC_OK;
}

enum kc_error kc_front_store_account(
    struct kc_front_store *store, const char *address, struct kc_front_account *account)
{
    pthread_mutex_lock(&store->lock);
    sqlite3_stmt *row = kc_front_store_bind(store, KC_FRONT_GET_ACCOUNT, "T", address);
    int code = sqlite3_step(row);
    enum kc_error error = kc_sql_translate(code);
    if (code == SQLITE_ROW)
        error = take_account(row, address, account);
    else if (error == KC_OK)
        *account = (struct kc_front_account){.is_group = false};
    sqlite3_reset(row);
    pthread_mutex_unlock(&store->lock);
    return error;
}

void kc_front_account_done(struct kc_front_account *account)
{
    free(account->profile);
    *account = (struct kc_front_account){.is_group = false};
}

enum kc_error kc_front_store_is_revoked(
    struct kc_front_store *store, const char *address, const char *udf, bool *is_revoked)
{
    pthread_mutex_lock(&store->lock);
    sqlite3_stmt *row = kc_front_store_bind(store, KC_FRONT_IS_REVOKED, "TT", address, udf);
    int code = sqlite3_step(row);
    sqlite3_reset(row);
    pthread_mutex_unlock(&store->lock);
    enum kc_error error = kc_sql_translate(code);
    if (error == KC_OK)
        *is_revoked = code == SQLITE_ROW;
    return error;
}

enum kc_error kc_front_store_last(struct kc_front_store *store, const char *address,
    const char *container, struct kc_front_status *status)
{
    struct kc_front_status read = {.count = 0};
    sqlite3_stmt *row = kc_front_store_bind(store, KC_FRONT_LAST_FRAME, "TT", address, container);
    int code = sqlite3_step(row);
    enum kc_error error = kc_sql_translate(code);
    if (code == SQLITE_ROW) {
        struct kc_span chain = column(row, 1), tree = column(row, 2);
        read.count = (uint64_t)sqlite3_column_int64(row, 0) + 1;
        if (chain.size != KC_LINK_SIZE || tree.size != KC_LINK_SIZE) {
            error = KC_ERR_STORE_DAMAGED;
        } else {
            memcpy(read.chain, chain.bytes, KC_LINK_SIZE);
            memcpy(read.tree, tree.bytes, KC_LINK_SIZE);
        }
    }
    sqlite3_reset(row);
    if (error == KC_OK)
        *status = read;
    return error;
}

enum kc_error kc_front_store_status(struct kc_front_store *store, const char *address,
    const char *container, struct kc_front_status *status)
{
    pthread_mutex_lock(&store->lock);
    enum kc_error error = kc_front_store_last(store, address, container, status);
    pthread_mutex_unlock(&store->lock);
    return error;
}

enum kc_error kc_front_store_frames(struct kc_front_store *store, const char *address,
    const char *container, uint64_t first, uint64_t end, kc_front_frame_see see, void *context)
{
    pthread_mutex_lock(&store->lock);
    sqlite3_stmt *row =
        kc_front_store_bind(store, KC_FRONT_FRAMES, "TTII", address, container, first, end);
    int code = sqlite3_step(row);
    while (
        code == SQLITE_ROW && see(context, (uint64_t)sqlite3_column_int64(row, 0), column(row, 1)))
        code = sqlite3_step(row);
    sqlite3_reset(row);
    pthread_mutex_unlock(&store->lock);
    return kc_sql_translate(code);
}

static enum kc_error take_answer(
    sqlite3_stmt *row, const uint8_t digest[KC_LINK_SIZE], int *status, char **text, size_t *size)
{
    struct kc_span kept = column(row, 0), answer = column(row, 2);
    if (kept.size != KC_LINK_SIZE || memcmp(kept.bytes, digest, KC_LINK_SIZE) != 0)
        return KC_ERR_CONFLICT;
    char *made = (char *)copy(answer);
    if (!made)
        return KC_ERR_NO_MEMORY;
    *status = sqlite3_column_int(row, 1);
    *text = made;
    *size = answer.size;
    return KC_OK;
}

enum kc_error kc_front_store_answer(struct kc_front_store *store, const char *address,
    struct kc_span id, const uint8_t digest[KC_LINK_SIZE], int *status, char **text, size_t *size)
{
    pthread_mutex_lock(&store->lock);
    sqlite3_stmt *row = kc_front_store_bind(store, KC_FRONT_GET_ANSWER, "TB", address, id);
    int code = sqlite3_step(row);
    enum kc_error error = kc_sql_translate(code);
    if (code == SQLITE_ROW)
        error = take_answer(row, digest, status, text, size);
    else if (error == KC_OK)
        *text = NULL;
    sqlite3_reset(row);
    pthread_mutex_unlock(&store->lock);
    return error;
}
