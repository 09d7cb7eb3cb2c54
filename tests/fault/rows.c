/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/rows.h"

#include "tests/fault/processes.h"
#include "tests/support/cmocka.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void rows_run(struct rows *rows, const char *format, ...)
{
    char *problem = NULL;
    va_list arguments;
    va_start(arguments, format);
    char *sql = sqlite3_vmprintf(format, arguments);
    va_end(arguments);
    if (sqlite3_exec(rows->database, sql, NULL, NULL, &problem) != SQLITE_OK)
        fail_msg("%s: %s", sql, problem);
    sqlite3_free(sql);
}

static sqlite3_stmt *prepare(struct rows *rows, char *sql)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(rows->database, sql, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(rows->database));
    sqlite3_free(sql);
    return statement;
}

static void read_columns(struct rows *rows)
{
    sqlite3_stmt *names = prepare(rows, sqlite3_mprintf("PRAGMA table_info(records)"));
    rows->column_count = 0;
    while (sqlite3_step(names) == SQLITE_ROW) {
        assert_in_range(rows->column_count, 0, COLUMNS_MAX - 1);
        snprintf(rows->columns[rows->column_count++], sizeof rows->columns[0], "%s",
            (const char *)sqlite3_column_text(names, 1));
    }
    sqlite3_finalize(names);
    assert_true(rows->column_count > 20);
}

void rows_open(const struct kc_custodian *custodian, struct rows *rows)
{
    char path[128];
    snprintf(path, sizeof path, "%s/store/custodian.db", custodian->folder);
    assert_int_equal(
        sqlite3_open_v2(path, &rows->database, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    read_columns(rows);
}

/* The journal is emptied and removed with the last connection. */
void rows_close(struct rows *rows)
{
    assert_int_equal(sqlite3_close(rows->database), SQLITE_OK);
}

/* --- flipping --- */

static void bind_flipped(sqlite3_stmt *update, sqlite3_stmt *row)
{
    char octets[2048] = {0};
    int size = sqlite3_column_bytes(row, 0);
    assert_in_range(size, 0, sizeof octets - 1);
    if (sqlite3_column_type(row, 0) == SQLITE_INTEGER) {
        sqlite3_bind_int64(update, 1, sqlite3_column_int64(row, 0) ^ 1);
        return;
    }
    if (size > 0)
        memcpy(octets, sqlite3_column_blob(row, 0), (size_t)size);
    else
        octets[size++] = 'x';
    octets[size - 1] = (char)(octets[size - 1] ^ 1);
    if (sqlite3_column_type(row, 0) == SQLITE_TEXT)
        sqlite3_bind_text(update, 1, octets, size, SQLITE_TRANSIENT);
    else
        sqlite3_bind_blob(update, 1, octets, size, SQLITE_TRANSIENT);
}

void rows_flip(struct rows *rows, int kind, const char *id, int column)
{
    sqlite3_stmt *row = prepare(rows,
        sqlite3_mprintf("SELECT \"%w\", rowid FROM records WHERE id = %Q AND (kind = %d OR 0 = %d)",
            rows->columns[column], id, kind, kind));
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    sqlite3_stmt *update =
        prepare(rows, sqlite3_mprintf("UPDATE records SET \"%w\" = ?1 WHERE rowid = %lld",
                          rows->columns[column], sqlite3_column_int64(row, 1)));
    bind_flipped(update, row);
    assert_int_equal(sqlite3_step(row), SQLITE_DONE);
    sqlite3_finalize(row);
    assert_int_equal(sqlite3_step(update), SQLITE_DONE);
    assert_int_equal(sqlite3_changes(rows->database), 1);
    sqlite3_finalize(update);
}

/* --- files and processes --- */

void rows_save(struct kc_custodian *custodian, const char *name)
{
    const char *folder = custodian->folder;
    assert_true(shell("rm -rf %s/%s && cp -a %s/store %s/%s", folder, name, folder, folder, name));
    kc_swtpm_kill(&custodian->tpm);
    assert_true(shell("cp -a %s/tpm2-00.permall %s/%s.tpm", custodian->tpm.folder, folder, name));
    kc_swtpm_start(&custodian->tpm);
}

void rows_restore_store(const struct kc_custodian *custodian, const char *name)
{
    const char *folder = custodian->folder;
    assert_true(shell("rm -rf %s/store && cp -a %s/%s %s/store", folder, folder, name, folder));
}

void rows_restore(struct kc_custodian *custodian, const char *name)
{
    const char *folder = custodian->folder;
    rows_restore_store(custodian, name);
    kc_swtpm_kill(&custodian->tpm);
    assert_true(shell("cp -a %s/%s.tpm %s/tpm2-00.permall", folder, name, custodian->tpm.folder));
    kc_swtpm_start(&custodian->tpm);
}

/* A supervisor that stands still starts nothing. */
void desk_hold(const struct kc_custodian *custodian)
{
    pid_t desk = find_process(custodian, DESK);
    struct pollfd gone = {.fd = (int)syscall(SYS_pidfd_open, desk, 0), .events = POLLIN};
    assert_true(gone.fd >= 0);
    assert_int_equal(kill(custodian->pid, SIGSTOP), 0);
    assert_int_equal(kill(desk, SIGKILL), 0);
    assert_int_equal(poll(&gone, 1, 20000), 1);
    close(gone.fd);
}

void desk_release(const struct kc_custodian *custodian)
{
    pid_t desk = find_process(custodian, DESK);
    assert_int_equal(kill(custodian->pid, SIGCONT), 0);
    await_restart(custodian, DESK, desk);
}
