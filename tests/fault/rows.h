/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a custodian's store, changed behind its back. */
#ifndef KC_TESTS_FAULT_ROWS_H
#define KC_TESTS_FAULT_ROWS_H

#include "tests/support/custodian.h"

#include <sqlite3.h>

#define COLUMNS_MAX 40

struct rows {
    sqlite3 *database;
    char columns[COLUMNS_MAX][32];
    int column_count;
};

/* Opens the store of a custodian that is stopped or whose desk is held; rows_close saves. */
void rows_open(const struct kc_custodian *custodian, struct rows *rows);
void rows_close(struct rows *rows);

/* Runs SQL, printf form; %Q is a quoted text. */
void rows_run(struct rows *rows, const char *format, ...);

/* Changes one value to another of its type: a number's lowest bit, a text's last character, a
 * blob's last octet; what is empty gets one. kind: 0 for any. */
void rows_flip(struct rows *rows, int kind, const char *id, int column);

/* Puts a copy of the folder of a store that is not open aside under a name, with what the TPM holds;
 * and brings both back, or the store alone, which is then older than the TPM says. */
void rows_save(struct kc_custodian *custodian, const char *name);
void rows_restore(struct kc_custodian *custodian, const char *name);
void rows_restore_store(const struct kc_custodian *custodian, const char *name);

/* Ends the desk and keeps it from coming back, while the vault runs on with all that it knows. */
void desk_hold(const struct kc_custodian *custodian);
void desk_release(const struct kc_custodian *custodian);

#endif
