/* SPDX-License-Identifier: Apache-2.0 */
/* A record and the columns of its row. Private to the store. */
#ifndef KC_CUSTODIAN_STORE_COLUMNS_H
#define KC_CUSTODIAN_STORE_COLUMNS_H

#include "custodian/record.h"

#include <sqlite3.h>

/* The columns in their order, as SQL: their definitions, their names, their parameters, and
 * assignments of the parameters. Parameter n is column n, counted from 1. */
#define KC_COLUMNS_SQL_SIZE ((size_t)2048)

void kc_columns_definitions(char sql[static KC_COLUMNS_SQL_SIZE]);
void kc_columns_names(char sql[static KC_COLUMNS_SQL_SIZE]);
void kc_columns_parameters(char sql[static KC_COLUMNS_SQL_SIZE]);
void kc_columns_assignments(char sql[static KC_COLUMNS_SQL_SIZE]);

/* The number of a column's parameter, for a condition. 0: no such column. */
int kc_column_number(const char *name);

/* Binds a record to the parameters. Texts and blobs are borrowed until the statement is reset.
 * Returns SQLite's code. */
KC_CHECKED int kc_columns_bind(sqlite3_stmt *statement, const struct kc_record *record);

/* Reads the row of a statement that selected kc_columns_names; the body is lent by the statement
 * until its next step. KC_ERR_RECORD_DAMAGED: a value is of another type, too long or out of range. */
KC_CHECKED enum kc_error kc_columns_read(sqlite3_stmt *statement, struct kc_record *record);

#endif
