/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing rows. */
#include "custodian/store/sqlite.h"

#include "base/text.h"
#include "custodian/store/columns.h"
#include "custodian/store/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SQL_SIZE (3 * KC_COLUMNS_SQL_SIZE)
#define FIXED_WEIGHT ((size_t)1024) /* of what every record has, at most */

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
    if (record->body.size > KC_STORE_PAGE_WEIGHT_MAX + KC_RECORD_BODY_MAX - store->bodies_size)
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
    while (weight < KC_STORE_PAGE_WEIGHT_MAX && (code = sqlite3_step(statement)) == SQLITE_ROW) {
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

uint64_t kc_store_key_count(const struct kc_store *store)
{
    return store->key_count;
}
