/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/opened.h"

#include "custodian/store/columns.h"
#include "custodian/vault/head.h"
#include "custodian/vault/keeper.h"
#include "custodian/vault/root.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static struct kc_root *root;
static void (*tell_one)(const struct opened *opened);
static size_t told;

static void tell(const char *what, const uint8_t *octets, size_t size)
{
    const struct opened opened = {what, octets, size};
    tell_one(&opened);
    told++;
}

/* --- the world of a keeper: the TPM, whose sealing keys are told --- */

static enum kc_error ask_root(void *context, size_t number, const struct kc_root_request *request,
    uint8_t packet[static KC_ROOT_REPLY_MAX], struct kc_root_reply *reply)
{
    (void)context;
    assert_int_equal(number, 0);
    size_t size = KC_ROOT_KEY_SIZE;
    *reply = (struct kc_root_reply){.id = request->id};
    if (request->type == KC_ROOT_REQUEST_RANDOM) {
        size = request->random_size;
        reply->error = kc_root_random(root, packet, size);
    } else if (request->type == KC_ROOT_REQUEST_HEAD_READ) {
        size = KC_ROOT_HEAD_SIZE;
        reply->error = kc_root_head_read(root, request->auth, packet);
        assert_int_equal(reply->error, KC_OK);
    } else {
        assert_int_equal(request->type, KC_ROOT_REQUEST_UNSEAL);
        reply->error = kc_root_unseal(root, request->blob.bytes, request->blob.size, packet);
        assert_int_equal(reply->error, KC_OK);
        tell("sealing key", packet, size);
    }
    reply->payload = (struct kc_span){packet, size};
    return reply->error;
}

static enum kc_error take_random(void *context, uint8_t *octets, size_t size)
{
    (void)context;
    return getrandom(octets, size, 0) == (ssize_t)size ? KC_OK : KC_ERR_RANDOM;
}

static uint64_t no_time(void *context)
{
    (void)context;
    return 0;
}

static const struct kc_config config = {.roots = {{.name = KC_CONFIG_ROOT_NAME}}, .root_count = 1};

static const struct kc_vault_outside outside = {
    .root = ask_root, .random = take_random, .seconds = no_time, .milliseconds = no_time};

/* --- the TPM and the rows --- */

static void connect_root(const struct kc_custodian *custodian)
{
    char path[128], text[2 * KC_ROOT_NAME_SIZE + 1];
    uint8_t name[KC_ROOT_NAME_SIZE];
    snprintf(path, sizeof path, "%s/srk.name", custodian->folder);
    FILE *pin = fopen(path, "re");
    assert_non_null(pin);
    assert_int_equal(fread(text, 1, sizeof text - 1, pin), sizeof text - 1);
    fclose(pin);
    for (size_t i = 0; i < sizeof name; i++)
        assert_int_equal(sscanf(text + 2 * i, "%2hhx", &name[i]), 1);
    const struct kc_root_settings settings = {.tcti = custodian->tpm.tcti, .srk_name = name};
    assert_int_equal(kc_tpm2_new(&settings, &root), KC_OK);
}

/* The part of a wrapping key that is in the TPM goes with the part in the record. */
static void open_generation(struct kc_keeper *keeper, const struct kc_record *record)
{
    uint8_t octets[KC_ROOT_HEAD_SIZE];
    struct kc_anchor anchor;
    assert_int_equal(
        kc_vault_root_head_read(kc_keeper_home(keeper), kc_keeper_authorisation(keeper), octets),
        KC_OK);
    assert_int_equal(kc_anchor_read(octets, &anchor), KC_OK);
    for (size_t i = 0; i < KC_GENERATIONS; i++) {
        char id[KC_RECORD_ID_SIZE];
        snprintf(id, sizeof id, "generation-%u", (unsigned)anchor.generations[i].number);
        if (strcmp(id, record->id) != 0)
            continue;
        tell("part of a wrapping key", anchor.generations[i].secret, KC_GENERATION_SECRET_SIZE);
        assert_int_equal(kc_keeper_load_generation(keeper, anchor.generations[i].number, record,
                             anchor.generations[i].secret),
            KC_OK);
    }
}

static void open_record(struct kc_keeper *keeper, const struct kc_record *record)
{
    KC_AUTO_SECRET secret = {0};
    assert_int_equal(kc_keeper_believe(keeper, record), KC_OK);
    if (record->kind == KC_KIND_GENERATION)
        open_generation(keeper, record);
    if (record->kind != KC_KIND_KEY || record->secret_size == 0)
        return;
    assert_int_equal(kc_keeper_open(keeper, record, &secret), KC_OK);
    tell(kc_role_text(record->role), secret.bytes, secret.size);
}

/* The vault's row first, then generations; keys are the last. */
static void open_rows(struct kc_keeper *keeper, sqlite3 *database)
{
    char names[KC_COLUMNS_SQL_SIZE], sql[KC_COLUMNS_SQL_SIZE + 64];
    sqlite3_stmt *rows;
    kc_columns_names(names);
    snprintf(sql, sizeof sql, "SELECT %s FROM records ORDER BY kind = 2, kind <> 1", names);
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &rows, NULL), SQLITE_OK);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        struct kc_record record;
        assert_int_equal(kc_columns_read(rows, &record), KC_OK);
        if (record.kind == KC_KIND_VAULT)
            assert_int_equal(kc_keeper_load(keeper, &record), KC_OK);
        else
            open_record(keeper, &record);
    }
    sqlite3_finalize(rows);
}

size_t open_store(const struct kc_custodian *custodian, void (*tell_each)(const struct opened *))
{
    char path[128];
    sqlite3 *database;
    struct kc_entropy *entropy;
    struct kc_keeper *keeper;
    tell_one = tell_each;
    told = 0;
    connect_root(custodian);
    assert_int_equal(kc_entropy_new(&outside, &entropy), KC_OK);
    assert_int_equal(kc_keeper_new(&config, &outside, entropy, &keeper), KC_OK);
    snprintf(path, sizeof path, "%s/store/custodian.db", custodian->folder);
    assert_int_equal(sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    open_rows(keeper, database);
    sqlite3_close(database);
    kc_keeper_free(keeper);
    kc_entropy_free(entropy);
    kc_root_free(root);
    return told;
}
