/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/store/sqlite.h"
#include "base/text.h"
#include "custodian/store/columns.h"
#include "custodian/store/sql.h"

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
#define PAGE_WEIGHT_MAX ((size_t)96 * 1024) /* bytes of packed records in a page, and one more */
#define FIXED_WEIGHT ((size_t)1024)         /* of what every record has, at most */

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
    uint8_t *bodies = malloc(PAGE_WEIGHT_MAX + KC_RECORD_BODY_MAX);
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

/* --- files that are to be a store --- */

/* By what begins every file of SQLite: its name, and at their places the two numbers that say whose
 * and of which schema it is. */
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

/* --- reading --- */

static int bind_span(sqlite3_stmt *statement, int number, struct kc_span text)
{
    return sqlite3_bind_text(
        statement, number, (const char *)text.bytes, (int)text.size, SQLITE_STATIC);
}

/* Bytes that a record takes in a message, or a few more. */
static size_t weight_of(const struct kc_record *record)
{
    return FIXED_WEIGHT + record->public_size + record->attributes_size + record->envelope_size +
           record->seal_size + record->secret_size + record->body.size;
}

/* Reads a row whose body stays when the statement goes on. */
static enum kc_error read_record(
    struct kc_store *store, sqlite3_stmt *statement, struct kc_record *record)
{
    enum kc_error error = kc_columns_read(statement, record);
    if (error != KC_OK || record->body.size == 0)
        return error;
    if (record->body.size > PAGE_WEIGHT_MAX + KC_RECORD_BODY_MAX - store->bodies_size)
        return KC_ERR_RECORD_DAMAGED;
    uint8_t *kept = store->bodies + store->bodies_size;
    memcpy(kept, record->body.bytes, record->body.size);
    record->body.bytes = kept;
    store->bodies_size += record->body.size;
    return KC_OK;
}

enum kc_error kc_store_get(
    struct kc_store *store, struct kc_span id, struct kc_record *records, size_t *count)
{
    size_t found = 0;
    enum kc_error error = KC_OK;
    int code = bind_span(store->get, 1, id);

    store->bodies_size = 0;
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(store->get);
        if (code != SQLITE_ROW)
            break;
        if (found == KC_STORE_SAME_ID_MAX ||
            read_record(store, store->get, &records[found]) != KC_OK)
            error = KC_ERR_RECORD_DAMAGED;
        else
            found++;
    }
    sqlite3_reset(store->get);
    sqlite3_clear_bindings(store->get);
    if (code != SQLITE_DONE)
        return kc_sql_translate(code) == KC_OK ? KC_ERR_STORE : kc_sql_translate(code);
    if (error == KC_OK)
        *count = found;
    return error;
}

static void add_condition(char *sql, bool wanted, const char *condition)
{
    if (wanted && !kc_text_append(sql, SQL_SIZE, condition))
        abort(); /* SQL_SIZE has room for all of them */
}

/* The filters are few and the combinations many: made when asked for. An id that could not be given
 * as `after` again is left out, so that paging always moves on. */
static int prepare_page(
    struct kc_store *store, const struct kc_store_filter *filter, sqlite3_stmt **statement)
{
    char sql[SQL_SIZE], names[KC_COLUMNS_SQL_SIZE];

    kc_columns_names(names);
    snprintf(sql, sizeof sql,
        "SELECT %s FROM records WHERE id > ?2"
        " AND length(CAST(id AS BLOB)) BETWEEN 1 AND %d AND instr(id, char(0)) = 0",
        names, KC_RECORD_ID_SIZE - 1);
    add_condition(sql, !filter->wrapped, " AND kind IN (?1, ?9)");
    add_condition(sql, filter->wrapped, " AND (kind = ?1 OR kind >= ?9)");
    add_condition(sql, filter->keyring.bytes, " AND keyring = ?3");
    add_condition(sql, filter->label.bytes, " AND label = ?4");
    add_condition(sql, filter->group.bytes, " AND \"group\" = ?5 AND \"group\" <> ''");
    add_condition(sql, filter->role != 0, " AND role = ?6");
    add_condition(sql, filter->state != 0, " AND state = ?7");
    add_condition(sql, true, " ORDER BY id LIMIT ?8");
    return sqlite3_prepare_v2(store->database, sql, -1, statement, NULL);
}

static int bind_page(
    sqlite3_stmt *statement, const struct kc_store_filter *filter, struct kc_span after)
{
    static const struct kc_span empty = {(const uint8_t *)"", 0};
    uint8_t other = filter->other_kind ? filter->other_kind : filter->kind;
    int code =
        sqlite3_bind_int(statement, 1, filter->wrapped ? (uint8_t)KC_KIND_KEY : filter->kind);
    if (code == SQLITE_OK)
        code = bind_span(statement, 2, after.bytes ? after : empty);
    if (code == SQLITE_OK && filter->keyring.bytes)
        code = bind_span(statement, 3, filter->keyring);
    if (code == SQLITE_OK && filter->label.bytes)
        code = bind_span(statement, 4, filter->label);
    if (code == SQLITE_OK && filter->group.bytes)
        code = bind_span(statement, 5, filter->group);
    if (code == SQLITE_OK && filter->role != 0)
        code = sqlite3_bind_int(statement, 6, filter->role);
    if (code == SQLITE_OK && filter->state != 0)
        code = sqlite3_bind_int(statement, 7, filter->state);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int(statement, 8, KC_STORE_PAGE_MAX);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int(statement, 9, filter->wrapped ? (uint8_t)KC_KIND_SEED : other);
    return code;
}

/* A page ends early with the record that makes it heavy: more would not fit a message. */
static int read_page(struct kc_store *store, sqlite3_stmt *statement, struct kc_store_page *page)
{
    int code = SQLITE_ROW;
    size_t rows = 0, weight = 0;

    store->bodies_size = 0;
    while (weight < PAGE_WEIGHT_MAX && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const unsigned char *id = sqlite3_column_text(statement, kc_column_number("id") - 1);
        rows++;
        snprintf(page->last, sizeof page->last, "%s", id ? (const char *)id : "");
        if (read_record(store, statement, &page->records[page->count]) == KC_OK)
            weight += weight_of(&page->records[page->count++]);
        else
            page->damaged++;
    }
    page->end = code == SQLITE_DONE && rows < KC_STORE_PAGE_MAX;
    return code;
}

/* Records of one id, of several kinds, come on one page: the next one begins after the id. */
static void leave_whole(struct kc_store_page *page)
{
    size_t count = page->count;
    while (count > 0 && strcmp(page->records[count - 1].id, page->last) == 0)
        count--;
    if (page->end || count == 0) /* a page has more than there can be of one id */
        return;
    page->count = count;
    memcpy(page->last, page->records[count - 1].id, sizeof page->last);
}

enum kc_error kc_store_page(struct kc_store *store, const struct kc_store_filter *filter,
    struct kc_span after, struct kc_store_page *page)
{
    sqlite3_stmt *statement = NULL;

    page->count = page->damaged = 0;
    page->last[0] = '\0';
    int code = prepare_page(store, filter, &statement);
    if (code == SQLITE_OK)
        code = bind_page(statement, filter, after);
    if (code == SQLITE_OK)
        code = read_page(store, statement, page);
    if (filter->wrapped)
        leave_whole(page);
    sqlite3_finalize(statement);
    return kc_sql_translate(code);
}

/* --- writing --- */

static enum kc_error insert_error(int code)
{
    if (code == SQLITE_CONSTRAINT_UNIQUE)
        return KC_ERR_LABEL_TAKEN;
    if (code == SQLITE_CONSTRAINT_PRIMARYKEY)
        return KC_ERR_EXISTS;
    return kc_sql_translate(code);
}

static enum kc_error put_record(struct kc_store *store, const struct kc_record *record)
{
    bool is_new = record->version == 1;
    sqlite3_stmt *statement = is_new ? store->insert : store->update;

    int code = kc_columns_bind(statement, record);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code != SQLITE_DONE)
        code = sqlite3_extended_errcode(store->database);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    if (code != SQLITE_DONE)
        return insert_error(code);
    return sqlite3_changes(store->database) == 1 ? KC_OK : KC_ERR_CONFLICT;
}

static enum kc_error put_node(struct kc_store *store, const struct kc_store_node *node)
{
    sqlite3_stmt *statement = store->put_node;
    int code = sqlite3_bind_int64(statement, 1, node->number);
    if (code == SQLITE_OK)
        code = sqlite3_bind_blob(
            statement, 2, node->content.bytes, (int)node->content.size, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return kc_sql_translate(code);
}

/* *place: of the record whose error it is. */
static enum kc_error put_all(
    struct kc_store *store, const struct kc_store_change *change, size_t *place)
{
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < change->count; i++) {
        error = put_record(store, &change->records[i]);
        if (error == KC_ERR_EXISTS || error == KC_ERR_CONFLICT || error == KC_ERR_LABEL_TAKEN)
            *place = i;
    }
    for (size_t i = 0; error == KC_OK && i < change->node_count; i++)
        error = put_node(store, &change->nodes[i]);
    return error;
}

static uint64_t new_keys(const struct kc_store_change *change)
{
    uint64_t keys = 0;
    for (size_t i = 0; i < change->count; i++)
        keys += change->records[i].version == 1 && change->records[i].kind == KC_KIND_KEY;
    return keys;
}

static enum kc_error put(
    struct kc_store *store, const struct kc_store_change *change, size_t *place)
{
    *place = SIZE_MAX;
    enum kc_error error = kc_sql_translate(kc_sql_run(store->database, "BEGIN IMMEDIATE"));
    if (error == KC_OK)
        error = put_all(store, change, place);
    if (error == KC_OK)
        error = kc_sql_translate(kc_sql_run(store->database, "COMMIT"));
    /* a full disk, among others, has ended the transaction by itself */
    if (error != KC_OK && !sqlite3_get_autocommit(store->database))
        (void)kc_sql_run(store->database, "ROLLBACK");
    if (error == KC_OK)
        store->key_count += new_keys(change);
    return error;
}

/* A change matters more than a backup. */
enum kc_error kc_store_put(
    struct kc_store *store, const struct kc_store_change *change, size_t *place)
{
    enum kc_error error = put(store, change, place);
    bool is_again = error == KC_ERR_STORE_FULL && kc_store_release(store);
    return is_again ? put(store, change, place) : error;
}

static struct kc_span read_node(sqlite3_stmt *statement, struct kc_writer *room)
{
    const void *content = sqlite3_column_blob(statement, 0);
    size_t size = (size_t)sqlite3_column_bytes(statement, 0), start = room->size;
    if (!content || size > room->limit - room->size)
        return (struct kc_span){NULL, 0};
    kc_writer_bytes(room, content, size);
    return (struct kc_span){room->bytes + start, size};
}

enum kc_error kc_store_nodes(
    struct kc_store *store, struct kc_store_node *nodes, size_t count, struct kc_writer *room)
{
    int code = SQLITE_DONE;
    for (size_t i = 0; (code == SQLITE_DONE || code == SQLITE_ROW) && i < count; i++) {
        code = sqlite3_bind_int64(store->get_node, 1, nodes[i].number);
        if (code == SQLITE_OK)
            code = sqlite3_step(store->get_node);
        nodes[i].content =
            code == SQLITE_ROW ? read_node(store->get_node, room) : (struct kc_span){NULL, 0};
        sqlite3_reset(store->get_node);
    }
    return kc_sql_translate(code);
}

enum kc_error kc_store_check_writable(struct kc_store *store)
{
    /* synced: a write that stays in memory would prove nothing */
    return kc_sql_translate(touch(store));
}

uint64_t kc_store_key_count(const struct kc_store *store)
{
    return store->key_count;
}
