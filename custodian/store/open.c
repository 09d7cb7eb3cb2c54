/* SPDX-License-Identifier: Apache-2.0 */
/* The store's folder, file and schema: opening, closing and checking them. */
#include "custodian/store/columns.h"
#include "custodian/store/sql.h"
#include "custodian/store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define SCHEMA 6          /* PRAGMA user_version */
#define SCHEMA_UNSORTED 5 /* groups are not in the order of ids; is brought up to date when it */
#define SCHEMA_WITHOUT_ROOTS 4 /* is opened; this one too, which has no column for roots either */
#define APPLICATION 0x4b435331 /* PRAGMA application_id: "KCS1" */
#define SQL_SIZE (3 * KC_COLUMNS_SQL_SIZE)
#define PATH_SIZE 1280

/* --- the folder and the file --- */

static bool is_private(int descriptor, mode_t type, uid_t user)
{
    struct stat status;
    return fstat(descriptor, &status) == 0 && (status.st_mode & S_IFMT) == type &&
           status.st_uid == user && (status.st_mode & 077) == 0;
}

static int open_folder(const char *folder)
{
    return open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

enum kc_error kc_store_prepare(const char *folder, uid_t user, gid_t group)
{
    bool made = mkdir(folder, 0700) == 0;
    if (!made && errno != EEXIST)
        return KC_ERR_STORE_READ_ONLY;
    int descriptor = open_folder(folder);
    if (descriptor < 0)
        return KC_ERR_CONFIG_PERMISSIONS;
    bool given = !made || fchown(descriptor, user, group) == 0;
    bool good = given && is_private(descriptor, S_IFDIR, user);
    close(descriptor);
    return good ? KC_OK : KC_ERR_CONFIG_PERMISSIONS;
}

enum kc_error kc_store_check_permissions(const struct kc_store *store)
{
    uid_t user = geteuid();
    return is_private(store->folder, S_IFDIR, user) && is_private(store->file, S_IFREG, user)
               ? KC_OK
               : KC_ERR_CONFIG_PERMISSIONS;
}

enum kc_error kc_store_free_space(const struct kc_store *store, uint64_t *bytes)
{
    struct statvfs status;
    if (fstatvfs(store->folder, &status) < 0)
        return KC_ERR_STORE;
    *bytes = (uint64_t)status.f_bavail * status.f_frsize;
    return KC_OK;
}

/* --- opening --- */

/* Exclusive locking comes first: with it the index of the WAL is in this process's memory, and no
 * file is mapped or opened later. */
static const char settings[] = "PRAGMA locking_mode = EXCLUSIVE;"
                               "PRAGMA journal_mode = WAL;"
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA secure_delete = ON;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA mmap_size = 0;"
                               "PRAGMA trusted_schema = OFF;"
                               "PRAGMA cell_size_check = ON;";

/* With the ids, so that a page of a group that has very many records is found in their order. */
#define CREATE_GROUPS "CREATE INDEX groups ON records (\"group\", id) WHERE \"group\" <> '';"

static int create_schema(struct kc_store *store)
{
    char sql[SQL_SIZE], definitions[KC_COLUMNS_SQL_SIZE];

    kc_columns_definitions(definitions);
    snprintf(sql, sizeof sql,
        "BEGIN IMMEDIATE;"
        "CREATE TABLE records (%s, PRIMARY KEY (kind, id)) STRICT;"
        "CREATE INDEX ids ON records (id);" CREATE_GROUPS
        "CREATE UNIQUE INDEX labels ON records (kind, keyring, label)"
        " WHERE kind IN (%d, %d) AND state <> %d AND label <> '';"
        "CREATE TABLE nodes (number INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT;"
        "PRAGMA application_id = %d; PRAGMA user_version = %d;"
        "COMMIT;",
        definitions, KC_KIND_KEY, KC_KIND_RECIPIENT, KC_STATE_DESTROYED, APPLICATION, SCHEMA);
    return kc_sql_run(store->database, sql);
}

/* From an earlier schema: the column that names a record's root, which records of before have not; and
 * groups in the order of ids. */
static int update_schema(struct kc_store *store, int schema)
{
    char sql[320];
    snprintf(sql, sizeof sql,
        "BEGIN IMMEDIATE;"
        "%s"
        "DROP INDEX groups;" CREATE_GROUPS "PRAGMA user_version = %d;"
        "COMMIT;",
        schema == SCHEMA_WITHOUT_ROOTS
            ? "ALTER TABLE records ADD COLUMN \"root\" TEXT NOT NULL DEFAULT '';"
            : "",
        SCHEMA);
    return kc_sql_run(store->database, sql);
}

static bool is_earlier(int schema)
{
    return schema == SCHEMA_WITHOUT_ROOTS || schema == SCHEMA_UNSORTED;
}

/* A write at the start: the WAL is there and its folder synced before files can no longer be
 * opened, and a store that cannot be written is found out. */
static int touch(struct kc_store *store)
{
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA user_version = %d", SCHEMA);
    return kc_sql_run(store->database, sql);
}

static enum kc_error settle_schema(struct kc_store *store)
{
    int schema = 0, application = 0, tables = 0;
    int code = kc_sql_number(store->database, "PRAGMA user_version", &schema);
    if (code == SQLITE_OK)
        code = kc_sql_number(store->database, "PRAGMA application_id", &application);
    if (code == SQLITE_OK)
        code = kc_sql_number(store->database, "SELECT count(*) FROM sqlite_schema", &tables);
    if (code != SQLITE_OK)
        return kc_sql_translate(code);
    if (tables == 0)
        return kc_sql_translate(create_schema(store));
    if (application != APPLICATION)
        return KC_ERR_STORE_DAMAGED;
    if (is_earlier(schema))
        return kc_sql_translate(update_schema(store, schema));
    if (schema != SCHEMA)
        return KC_ERR_STORE_VERSION;
    return kc_sql_translate(touch(store));
}

static int prepare(struct kc_store *store, sqlite3_stmt **statement, const char *sql)
{
    return sqlite3_prepare_v3(store->database, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
}

static int prepare_statements(struct kc_store *store)
{
    char sql[SQL_SIZE], part[KC_COLUMNS_SQL_SIZE];

    kc_columns_names(part);
    snprintf(sql, sizeof sql, "SELECT %s FROM records WHERE id = ?1 LIMIT %d", part,
        KC_STORE_SAME_ID_MAX + 1);
    int code = prepare(store, &store->get, sql);

    char parameters[KC_COLUMNS_SQL_SIZE];
    kc_columns_parameters(parameters);
    snprintf(sql, sizeof sql, "INSERT INTO records (%s) VALUES (%s)", part, parameters);
    if (code == SQLITE_OK)
        code = prepare(store, &store->insert, sql);

    kc_columns_assignments(part);
    snprintf(sql, sizeof sql,
        "UPDATE records SET %s WHERE kind = ?%d AND id = ?%d AND version < ?%d", part,
        kc_column_number("kind"), kc_column_number("id"), kc_column_number("version"));
    if (code == SQLITE_OK)
        code = prepare(store, &store->update, sql);
    if (code == SQLITE_OK)
        code = prepare(store, &store->get_node, "SELECT content FROM nodes WHERE number = ?1");
    if (code == SQLITE_OK)
        code = prepare(store, &store->put_node, "REPLACE INTO nodes VALUES (?1, ?2)");
    return code;
}

static enum kc_error count_keys(struct kc_store *store)
{
    int count = 0;
    char sql[64];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM records WHERE kind = %d", KC_KIND_KEY);
    int code = kc_sql_number(store->database, sql, &count);
    store->key_count = (uint64_t)count;
    return kc_sql_translate(code);
}

static enum kc_error open_files(struct kc_store *store, const char *folder)
{
    char path[PATH_SIZE];

    store->folder = open_folder(folder);
    if (store->folder < 0 || !is_private(store->folder, S_IFDIR, geteuid()))
        return KC_ERR_CONFIG_PERMISSIONS;
    store->file =
        openat(store->folder, KC_STORE_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (store->file < 0)
        return errno == ENOSPC ? KC_ERR_STORE_FULL : KC_ERR_STORE_READ_ONLY;
    if (!is_private(store->file, S_IFREG, geteuid()))
        return KC_ERR_CONFIG_PERMISSIONS;
    snprintf(path, sizeof path, "%s/%s", folder, KC_STORE_FILE);
    return kc_sql_translate(sqlite3_open_v2(path, &store->database,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL));
}

/* SQLite opens the random source when it first needs a number, which after a crash is as late
 * as the first checkpoint. */
static void open_random_source(void)
{
    uint8_t unused;
    sqlite3_randomness(sizeof unused, &unused);
}

static enum kc_error open_database(struct kc_store *store, const char *folder)
{
    open_random_source();
    enum kc_error error = open_files(store, folder);
    if (error == KC_OK)
        error = kc_sql_translate(kc_sql_run(store->database, settings));
    if (error == KC_OK)
        error = settle_schema(store);
    if (error == KC_OK)
        kc_store_watch_log(store);
    if (error == KC_OK)
        error = kc_sql_translate(prepare_statements(store));
    if (error == KC_OK)
        error = count_keys(store);
    return error;
}

enum kc_error kc_store_open(const char *folder, struct kc_store **store, const char **detail)
{
    struct kc_store *made = calloc(1, sizeof *made);
    uint8_t *bodies = malloc(KC_STORE_PAGE_WEIGHT_MAX + KC_RECORD_BODY_MAX);
    if (!made || !bodies) {
        free(made);
        free(bodies);
        return KC_ERR_NO_MEMORY;
    }
    made->bodies = bodies;
    made->folder = made->file = -1;

    mode_t mask = umask(077);
    enum kc_error error = open_database(made, folder);
    umask(mask);
    *detail = NULL;
    if (error != KC_OK) {
        int code = made->database ? sqlite3_extended_errcode(made->database) : SQLITE_OK;
        bool is_its = code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE;
        *detail = is_its ? sqlite3_errstr(code) : kc_error_row(error)->sentence;
        kc_store_close(made);
        return error;
    }
    *store = made;
    return KC_OK;
}

void kc_store_close(struct kc_store *store)
{
    if (!store)
        return;
    sqlite3_finalize(store->get);
    sqlite3_finalize(store->insert);
    sqlite3_finalize(store->update);
    sqlite3_finalize(store->get_node);
    sqlite3_finalize(store->put_node);
    sqlite3_close(store->database);
    if (store->file >= 0)
        close(store->file);
    if (store->folder >= 0)
        close(store->folder);
    free(store->bodies);
    free(store);
}

enum kc_error kc_store_check_writable(struct kc_store *store)
{
    /* synced: a write that stays in memory would prove nothing */
    return kc_sql_translate(touch(store));
}

/* --- files that are to be a store --- */

/* A copy that was cut off has fewer pages than its header says. A page size of 1 is 65536. */
static bool has_all_pages(const uint8_t header[100], off_t size)
{
    struct kc_reader r;
    kc_reader_init(&r, header + 16, 2);
    uint64_t page_size = kc_reader_u16(&r);
    kc_reader_init(&r, header + 28, 4);
    uint64_t pages = kc_reader_u32(&r);
    return (uint64_t)size >= pages * (page_size == 1 ? 65536 : page_size);
}

/* By what begins every file of SQLite: its name, and at their places the two numbers that say whose
 * and of which schema it is. */
enum kc_error kc_store_check_file(int descriptor)
{
    uint8_t header[100];
    struct stat status;
    struct kc_reader r;
    if (fstat(descriptor, &status) < 0 || !S_ISREG(status.st_mode) ||
        pread(descriptor, header, sizeof header, 0) != sizeof header ||
        memcmp(header, "SQLite format 3", 16) != 0 || !has_all_pages(header, status.st_size))
        return KC_ERR_STORE_DAMAGED;
    kc_reader_init(&r, header + 60, 12);
    int schema = (int)kc_reader_u32(&r);
    (void)kc_reader_u32(&r);
    if (kc_reader_u32(&r) != APPLICATION)
        return KC_ERR_STORE_DAMAGED;
    return schema == SCHEMA || is_earlier(schema) ? KC_OK : KC_ERR_STORE_VERSION;
}
