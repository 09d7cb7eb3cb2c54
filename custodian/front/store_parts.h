/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the front end's store, for store.c and store_change.c. Statements are prepared once;
 * whoever steps one resets it.
 */
#ifndef KC_CUSTODIAN_FRONT_STORE_PARTS_H
#define KC_CUSTODIAN_FRONT_STORE_PARTS_H

#include "custodian/front/store.h"
#include "custodian/store/sql.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <sys/types.h>

#define KC_FRONT_PATH_SIZE 1280

enum kc_front_statement {
    KC_FRONT_GET_ACCOUNT,
    KC_FRONT_ADD_ACCOUNT,
    KC_FRONT_REPLACE_ACCOUNT,
    KC_FRONT_COUNT_ACCOUNTS,
    KC_FRONT_REMOVE_ACCOUNT,
    KC_FRONT_REMOVE_FRAMES,
    KC_FRONT_REMOVE_REVOKED,
    KC_FRONT_LAST_FRAME,
    KC_FRONT_FRAMES,
    KC_FRONT_LINKS,
    KC_FRONT_PUT_FRAME,
    KC_FRONT_IS_REVOKED,
    KC_FRONT_ADD_REVOKED,
    KC_FRONT_GET_ANSWER,
    KC_FRONT_PUT_ANSWER,
    KC_FRONT_FORGET_ANSWERS,
    KC_FRONT_STATEMENTS
};

#define KC_FRONT_FILES 2 /* the database, and its log of what was written lately */

/* A file that is open, by its name when it was opened. */
struct kc_front_file {
    char path[KC_FRONT_PATH_SIZE];
    dev_t device;
    ino_t number;
};

struct kc_front_store {
    pthread_mutex_t lock;
    struct kc_front_file files[KC_FRONT_FILES];
    sqlite3 *database;
    sqlite3_stmt *statements[KC_FRONT_STATEMENTS];
    uint32_t accounts_max;
};

/* A statement, reset, with its parameters bound from ?1 on: T text (const char *), B octets (struct kc_span),
 * I number (uint64_t). */
sqlite3_stmt *kc_front_store_bind(
    struct kc_front_store *store, enum kc_front_statement statement, const char *kinds, ...);

/* Steps a statement of which no row is expected, and resets it. */
enum kc_error kc_front_store_run(sqlite3_stmt *statement);

/* Whether the files that are open are still those that the next start would find: what is written into
 * others is lost with this process. */
bool kc_front_store_is_in_place(const struct kc_front_store *store);

/* As kc_front_store_status, with the lock held. */
enum kc_error kc_front_store_last(struct kc_front_store *store, const char *address,
    const char *container, struct kc_front_status *status);

#endif
