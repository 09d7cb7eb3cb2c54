/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/store_parts.h"

#include <string.h>

/* --- accounts --- */

static enum kc_error count_accounts(struct kc_front_store *store, uint64_t *count)
{
    sqlite3_stmt *row = kc_front_store_bind(store, KC_FRONT_COUNT_ACCOUNTS, "");
    int code = sqlite3_step(row);
    if (code == SQLITE_ROW)
        *count = (uint64_t)sqlite3_column_int64(row, 0);
    sqlite3_reset(row);
    return kc_sql_translate(code);
}

static enum kc_error add_account(struct kc_front_store *store, const struct kc_front_change *change)
{
    const struct kc_front_account *account = change->add;
    uint64_t count = 0;
    enum kc_error error = count_accounts(store, &count);
    if (error != KC_OK || (count >= store->accounts_max && !change->replaces))
        return error != KC_OK ? error : KC_ERR_LIMIT;
    sqlite3_stmt *row = kc_front_store_bind(store,
        change->replaces ? KC_FRONT_REPLACE_ACCOUNT : KC_FRONT_ADD_ACCOUNT, "TTIIB",
        change->address, account->udf, (uint64_t)account->is_group, account->created,
        (struct kc_span){account->profile, account->profile_size});
    int code = sqlite3_step(row);
    if (code != SQLITE_DONE)
        code = sqlite3_extended_errcode(store->database);
    sqlite3_reset(row);
    return code == SQLITE_CONSTRAINT_PRIMARYKEY ? KC_ERR_EXISTS : kc_sql_translate(code);
}

static enum kc_error remove_account(struct kc_front_store *store, const char *address)
{
    static const enum kc_front_statement all[] = {
        KC_FRONT_REMOVE_ACCOUNT, KC_FRONT_REMOVE_FRAMES, KC_FRONT_REMOVE_REVOKED};
    enum kc_error error = KC_OK;
    for (size_t i = 0; error == KC_OK && i < sizeof all / sizeof *all; i++)
        error = kc_front_store_run(kc_front_store_bind(store, all[i], "T", address));
    return error;
}

/* --- frames --- */

/* Where links of earlier frames come from. */
struct links {
    struct kc_front_store *store;
    const char *address, *container;
    int column; /* 0 chain, 1 tree */
    uint8_t link[KC_LINK_SIZE];
};

static const uint8_t *earlier(const void *context, uint64_t frame)
{
    /* what is returned lives until the next call: kc_link_* looks at one at a time */
    struct links *links = *(struct links *const *)context;
    const uint8_t *found = NULL;
    sqlite3_stmt *row = kc_front_store_bind(
        links->store, KC_FRONT_LINKS, "TTI", links->address, links->container, frame);
    if (sqlite3_step(row) == SQLITE_ROW &&
        sqlite3_column_bytes(row, links->column) == KC_LINK_SIZE) {
        memcpy(links->link, sqlite3_column_blob(row, links->column), KC_LINK_SIZE);
        found = links->link;
    }
    sqlite3_reset(row);
    return found;
}

static enum kc_error append(
    struct kc_front_store *store, const char *address, const struct kc_front_append *frame)
{
    struct links links = {store, address, frame->container, 0, {0}}, *context = &links;
    struct kc_front_status last;
    uint8_t chain[KC_LINK_SIZE], tree[KC_LINK_SIZE];

    enum kc_error error = kc_front_store_last(store, address, frame->container, &last);
    if (error != KC_OK)
        return error;
    bool is_next = frame->number == last.count;
    if (!is_next && !(frame->number == 0 && last.count == 1))
        return KC_ERR_CONFLICT;
    error = kc_link_chain(frame->number, frame->digest, earlier, &context, chain);
    links.column = 1;
    if (error == KC_OK)
        error = kc_link_merkle(frame->number, frame->digest, earlier, &context, tree);
    if (error != KC_OK)
        return error == KC_ERR_RECORD_DAMAGED ? KC_ERR_STORE_DAMAGED : error;
    return kc_front_store_run(kc_front_store_bind(store, KC_FRONT_PUT_FRAME, "TTIBBB", address,
        frame->container, frame->number, (struct kc_span){chain, sizeof chain},
        (struct kc_span){tree, sizeof tree}, frame->envelope));
}

/* --- all of it --- */

static enum kc_error keep_answer(
    struct kc_front_store *store, const char *address, const struct kc_front_kept_answer *answer)
{
    uint64_t oldest = answer->now > KC_FRONT_ANSWER_S ? answer->now - KC_FRONT_ANSWER_S : 0;
    enum kc_error error =
        kc_front_store_run(kc_front_store_bind(store, KC_FRONT_FORGET_ANSWERS, "I", oldest));
    if (error != KC_OK)
        return error;
    return kc_front_store_run(kc_front_store_bind(store, KC_FRONT_PUT_ANSWER, "TBBIBI", address,
        answer->id, (struct kc_span){answer->digest, KC_LINK_SIZE}, (uint64_t)answer->status,
        answer->text, answer->now));
}

static enum kc_error change_all(struct kc_front_store *store, const struct kc_front_change *change)
{
    enum kc_error error = KC_OK;
    if (change->remove)
        error = remove_account(store, change->address);
    if (error == KC_OK && change->add)
        error = add_account(store, change);
    for (size_t i = 0; error == KC_OK && i < change->frame_count; i++)
        error = append(store, change->address, &change->frames[i]);
    for (size_t i = 0; error == KC_OK && i < change->revoked_count; i++)
        error = kc_front_store_run(kc_front_store_bind(
            store, KC_FRONT_ADD_REVOKED, "TT", change->address, change->revoked[i]));
    if (error == KC_OK && change->answer)
        error = keep_answer(store, change->address, change->answer);
    return error;
}

enum kc_error kc_front_store_put(struct kc_front_store *store, const struct kc_front_change *change)
{
    pthread_mutex_lock(&store->lock);
    enum kc_error error = kc_front_store_is_in_place(store) ? KC_OK : KC_ERR_STORE;
    if (error == KC_OK)
        error =
            kc_sql_translate(sqlite3_exec(store->database, "BEGIN IMMEDIATE", NULL, NULL, NULL));
    if (error == KC_OK)
        error = change_all(store, change);
    if (error == KC_OK)
        error = kc_sql_translate(sqlite3_exec(store->database, "COMMIT", NULL, NULL, NULL));
    /* a full disk, among others, has ended the transaction by itself */
    if (error != KC_OK && !sqlite3_get_autocommit(store->database))
        (void)sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
    pthread_mutex_unlock(&store->lock);
    return error;
}
