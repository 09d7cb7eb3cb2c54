/* SPDX-License-Identifier: Apache-2.0 */
/* What every store on SQLite does alike: the daemon's, and the front end's. */
#ifndef KC_CUSTODIAN_STORE_SQL_H
#define KC_CUSTODIAN_STORE_SQL_H

#include "base/error.h"

#include <sqlite3.h>

/* The one place where SQLite's codes become ours: KC_ERR_STORE..., as store.h lists them. */
KC_CHECKED enum kc_error kc_sql_translate(int code);

/* Runs statements that give nothing. Returns SQLite's code. */
int kc_sql_run(sqlite3 *database, const char *sql);

/* The number that one statement gives. Returns SQLite's code; SQLITE_DONE: it gives none. */
KC_CHECKED int kc_sql_number(sqlite3 *database, const char *sql, int *number);

#endif
