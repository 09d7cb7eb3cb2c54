/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/store/columns.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum column_type { NUMBER, TEXT, FIXED, SIZED, LENT };

/* size: bytes of the field. length: of a SIZED one, where the field is that says how many count. A
 * LENT one is a span. */
struct column {
    const char *name;
    enum column_type type;
    size_t offset, size, length;
};

#define FIELD(field) offsetof(struct kc_record, field), sizeof(((struct kc_record *)0)->field)
#define KC_NUMBER(field)                                                                           \
    {                                                                                              \
#field, NUMBER, FIELD(field), 0                                                            \
    }
#define KC_TEXT(field)                                                                             \
    {                                                                                              \
#field, TEXT, FIELD(field), 0                                                              \
    }
#define KC_FIXED(field)                                                                            \
    {                                                                                              \
#field, FIXED, FIELD(field), 0                                                             \
    }
#define KC_SIZED(field) KC_SIZED_BY(field, field##_size)
#define KC_SIZED_BY(field, size)                                                                   \
    {                                                                                              \
#field, SIZED, FIELD(field), offsetof(struct kc_record, size)                              \
    }
#define KC_LENT(field)                                                                             \
    {                                                                                              \
#field, LENT, FIELD(field), 0                                                              \
    }

/* In the order in which the schema grew. */
static const struct column columns[] = {
    KC_NUMBER(kind),
    KC_TEXT(id),
    KC_TEXT(keyring),
    KC_TEXT(label),
    KC_TEXT(account),
    KC_NUMBER(algorithm),
    KC_NUMBER(role),
    KC_NUMBER(use),
    KC_NUMBER(residence),
    KC_NUMBER(state),
    KC_NUMBER(version),
    KC_NUMBER(created),
    KC_NUMBER(expiry),
    KC_SIZED_BY(public_key, public_size),
    KC_TEXT(group),
    KC_FIXED(group_public),
    KC_FIXED(peer_public),
    KC_NUMBER(class),
    KC_NUMBER(index),
    KC_NUMBER(threshold),
    KC_NUMBER(dealer),
    KC_SIZED(envelope),
    KC_NUMBER(failures),
    KC_NUMBER(wait_until),
    KC_NUMBER(has_operator),
    KC_SIZED(seal),
    KC_SIZED(secret),
    KC_FIXED(mac),
    KC_NUMBER(format),
    KC_NUMBER(start),
    KC_NUMBER(confirm),
    KC_NUMBER(object),
    KC_SIZED(identifier),
    KC_SIZED(attributes),
    KC_LENT(body),
    KC_TEXT(root),
};
#define COLUMN_COUNT ((int)(sizeof columns / sizeof *columns))

/* --- SQL --- */

/* The columns are known when this is compiled: that they fit is a test's matter, not the run's. */
static void append(char *sql, const char *text)
{
    if (!kc_text_append(sql, KC_COLUMNS_SQL_SIZE, text))
        abort();
}

/* Writes the columns by a printf form that takes name, number of the parameter and SQL type. */
static void write_columns(char *sql, const char *separator,
    void (*form)(char *out, size_t limit, const struct column *column, int number))
{
    char part[96];
    sql[0] = '\0';
    for (int i = 0; i < COLUMN_COUNT; i++) {
        form(part, sizeof part, &columns[i], i + 1);
        if (i > 0)
            append(sql, separator);
        append(sql, part);
    }
}

static void definition(char *out, size_t limit, const struct column *column, int number)
{
    static const char *const types[] = {"INTEGER", "TEXT", "BLOB", "BLOB", "BLOB"};
    (void)number;
    snprintf(out, limit, "\"%s\" %s NOT NULL", column->name, types[column->type]);
}

static void name(char *out, size_t limit, const struct column *column, int number)
{
    (void)number;
    snprintf(out, limit, "\"%s\"", column->name);
}

static void parameter(char *out, size_t limit, const struct column *column, int number)
{
    (void)column;
    snprintf(out, limit, "?%d", number);
}

static void assignment(char *out, size_t limit, const struct column *column, int number)
{
    snprintf(out, limit, "\"%s\" = ?%d", column->name, number);
}

void kc_columns_definitions(char sql[static KC_COLUMNS_SQL_SIZE])
{
    write_columns(sql, ", ", definition);
}

void kc_columns_names(char sql[static KC_COLUMNS_SQL_SIZE])
{
    write_columns(sql, ", ", name);
}

void kc_columns_parameters(char sql[static KC_COLUMNS_SQL_SIZE])
{
    write_columns(sql, ", ", parameter);
}

void kc_columns_assignments(char sql[static KC_COLUMNS_SQL_SIZE])
{
    write_columns(sql, ", ", assignment);
}

int kc_column_number(const char *wanted)
{
    for (int i = 0; i < COLUMN_COUNT; i++)
        if (strcmp(columns[i].name, wanted) == 0)
            return i + 1;
    return 0;
}

/* --- values --- */

static uint64_t load_number(const void *field, size_t size)
{
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64 = 0;
    switch (size) {
    case sizeof u8:
        memcpy(&u8, field, size);
        return u8;
    case sizeof u16:
        memcpy(&u16, field, size);
        return u16;
    case sizeof u32:
        memcpy(&u32, field, size);
        return u32;
    default:
        memcpy(&u64, field, size);
        return u64;
    }
}

/* The number fits the size: the caller has checked. */
static void store_number(void *field, size_t size, uint64_t number)
{
    uint8_t u8 = (uint8_t)number;
    uint16_t u16 = (uint16_t)number;
    uint32_t u32 = (uint32_t)number;
    const void *from = size == sizeof u8    ? (const void *)&u8
                       : size == sizeof u16 ? (const void *)&u16
                       : size == sizeof u32 ? (const void *)&u32
                                            : (const void *)&number;
    memcpy(field, from, size);
}

static int bind_column(
    sqlite3_stmt *statement, int number, const struct column *column, const char *record)
{
    const char *field = record + column->offset;
    size_t size = column->size;
    struct kc_span span;

    switch (column->type) {
    case NUMBER:
        return sqlite3_bind_int64(
            statement, number, (sqlite3_int64)load_number(field, column->size));
    case TEXT:
        return sqlite3_bind_text(statement, number, field, -1, SQLITE_STATIC);
    case SIZED:
        size = load_number(record + column->length, sizeof(uint16_t));
        __attribute__((fallthrough));
    case FIXED:
        return sqlite3_bind_blob(statement, number, field, (int)size, SQLITE_STATIC);
    case LENT:
        memcpy(&span, field, sizeof span);
        return sqlite3_bind_blob(statement, number,
            span.size > 0 ? (const void *)span.bytes : field, (int)span.size, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

int kc_columns_bind(sqlite3_stmt *statement, const struct kc_record *record)
{
    for (int i = 0; i < COLUMN_COUNT; i++) {
        int code = bind_column(statement, i + 1, &columns[i], (const char *)record);
        if (code != SQLITE_OK)
            return code;
    }
    return SQLITE_OK;
}

static bool read_number(sqlite3_stmt *statement, int i, const struct column *column, char *record)
{
    sqlite3_int64 number = sqlite3_column_int64(statement, i);
    uint64_t most = column->size == 8 ? INT64_MAX : (UINT64_C(1) << (column->size * 8)) - 1;
    if (sqlite3_column_type(statement, i) != SQLITE_INTEGER || number < 0 ||
        (uint64_t)number > most)
        return false;
    store_number(record + column->offset, column->size, (uint64_t)number);
    return true;
}

static bool read_text(sqlite3_stmt *statement, int i, const struct column *column, char *record)
{
    if (sqlite3_column_type(statement, i) != SQLITE_TEXT)
        return false;
    const unsigned char *text = sqlite3_column_text(statement, i);
    size_t size = (size_t)sqlite3_column_bytes(statement, i);
    if (!text || size >= column->size || memchr(text, '\0', size))
        return false;
    memcpy(record + column->offset, text, size);
    return true;
}

static bool read_blob(sqlite3_stmt *statement, int i, const struct column *column, char *record)
{
    if (sqlite3_column_type(statement, i) != SQLITE_BLOB)
        return false;
    const void *blob = sqlite3_column_blob(statement, i);
    size_t size = (size_t)sqlite3_column_bytes(statement, i);
    if (column->type == FIXED ? size != column->size : size > column->size)
        return false;
    if (size > 0 && blob)
        memcpy(record + column->offset, blob, size);
    if (column->type == SIZED)
        store_number(record + column->length, sizeof(uint16_t), size);
    return size == 0 || blob;
}

static bool read_lent(sqlite3_stmt *statement, int i, const struct column *column, char *record)
{
    if (sqlite3_column_type(statement, i) != SQLITE_BLOB)
        return false;
    struct kc_span span = {sqlite3_column_blob(statement, i), 0};
    span.size = (size_t)sqlite3_column_bytes(statement, i);
    memcpy(record + column->offset, &span, sizeof span);
    return span.size <= KC_RECORD_BODY_MAX && (span.size == 0 || span.bytes);
}

/* The MAC of a record of an earlier format does not cover what came later: it has none of it. */
static bool is_of_its_format(const struct kc_record *record)
{
    if (record->format < KC_RECORD_FORMAT_ROOT && record->root[0] != 0)
        return false;
    return record->format != KC_RECORD_FORMAT_FIRST ||
           (record->start == 0 && record->confirm == 0 && record->object == 0 &&
               record->identifier_size == 0 && record->attributes_size == 0 &&
               record->body.size == 0 && record->public_size <= KC_RECORD_POINT_SIZE);
}

enum kc_error kc_columns_read(sqlite3_stmt *statement, struct kc_record *record)
{
    struct kc_record row = {.kind = 0};
    bool good = true;

    for (int i = 0; good && i < COLUMN_COUNT; i++) {
        const struct column *column = &columns[i];
        if (column->type == NUMBER)
            good = read_number(statement, i, column, (char *)&row);
        else if (column->type == TEXT)
            good = read_text(statement, i, column, (char *)&row);
        else if (column->type == LENT)
            good = read_lent(statement, i, column, (char *)&row);
        else
            good = read_blob(statement, i, column, (char *)&row);
    }
    if (!good || !is_of_its_format(&row))
        return KC_ERR_RECORD_DAMAGED;
    *record = row;
    return KC_OK;
}
