/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"

#include "custodian/store/store.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct place {
    char folder[64]; /* of the store */
    char file[96];
    struct kc_store *store;
};

static struct kc_store *open_store(const struct place *place)
{
    struct kc_store *store = NULL;
    const char *detail = NULL;
    assert_int_equal(kc_store_open(place->folder, &store, &detail), KC_OK);
    return store;
}

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    strcpy(place->folder, "/tmp/kc-store.XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->file, sizeof place->file, "%s/" KC_STORE_FILE, place->folder);
    place->store = open_store(place);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    char command[128];
    kc_store_close(place->store);
    snprintf(command, sizeof command, "rm -rf '%s'", place->folder);
    int status = system(command);
    free(place);
    return status;
}

static void close_store(struct place *place)
{
    kc_store_close(place->store);
    place->store = NULL;
}

/* Changes the file as a person with a tool would, while no custodian has it. */
static void change(struct place *place, const char *sql)
{
    sqlite3 *database = NULL;
    close_store(place);
    assert_int_equal(sqlite3_open(place->file, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
    place->store = open_store(place);
}

static struct kc_record key(const char *id, const char *label)
{
    struct kc_record record = {.format = KC_RECORD_FORMAT,
        .kind = KC_KIND_KEY,
        .algorithm = 1,
        .role = KC_ROLE_APPLICATION,
        .use = KC_USE_SIGN,
        .residence = KC_RESIDENCE_WRAPPED,
        .state = KC_STATE_ACTIVE,
        .version = 1,
        .created = 1700000000,
        .public_size = 32,
        .seal_size = 3,
        .seal = {1, 2, 3},
        .secret_size = 5,
        .secret = {9, 8, 7, 6, 5},
        .mac = {42}};
    strcpy(record.id, id);
    strcpy(record.keyring, "device");
    strcpy(record.label, label);
    memset(record.public_key, 7, 32);
    return record;
}

static enum kc_error put(struct kc_store *store, struct kc_record record)
{
    const struct kc_store_change one = {.records = &record, .count = 1};
    size_t place;
    return kc_store_put(store, &one, &place);
}

static struct kc_span span(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

static struct kc_record get(struct kc_store *store, const char *id)
{
    struct kc_record records[KC_STORE_SAME_ID_MAX];
    size_t count = 0;
    assert_int_equal(kc_store_get(store, span(id), records, &count), KC_OK);
    assert_int_equal(count, 1);
    return records[0];
}

static void gives_back_every_field(void **state)
{
    struct place *place = *state;
    struct kc_record record = key("id", "label");
    strcpy(record.account, "alice@example.com");
    strcpy(record.group, "group");
    strcpy(record.root, "sixteen-octets-1");
    memset(record.group_public, 1, sizeof record.group_public);
    memset(record.peer_public, 2, sizeof record.peer_public);
    record.expiry = INT64_MAX;
    record.class = KC_ROLE_ACCOUNT;
    record.index = 255;
    record.threshold = 2;
    record.dealer = 1;
    record.envelope_size = sizeof record.envelope;
    memset(record.envelope, 3, sizeof record.envelope);
    record.failures = UINT32_MAX;
    record.wait_until = 1;
    record.has_operator = 1;
    assert_int_equal(put(place->store, record), KC_OK);
    close_store(place);
    place->store = open_store(place);
    struct kc_record read = get(place->store, "id");
    assert_memory_equal(&read, &record, sizeof record);
}

static void finds_nothing_without_an_error(void **state)
{
    struct place *place = *state;
    struct kc_record records[KC_STORE_SAME_ID_MAX];
    size_t count = 99;
    assert_int_equal(kc_store_get(place->store, span("none"), records, &count), KC_OK);
    assert_int_equal(count, 0);
}

static void gives_all_kinds_of_one_id(void **state)
{
    struct place *place = *state;
    struct kc_record records[KC_STORE_SAME_ID_MAX], recipient = key("same", "a");
    size_t count = 0;
    recipient.kind = KC_KIND_RECIPIENT;
    assert_int_equal(put(place->store, key("same", "a")), KC_OK);
    assert_int_equal(put(place->store, recipient), KC_OK);
    assert_int_equal(kc_store_get(place->store, span("same"), records, &count), KC_OK);
    assert_int_equal(count, 2);
}

static void refuses_a_second_first_version(void **state)
{
    struct place *place = *state;
    assert_int_equal(put(place->store, key("id", "a")), KC_OK);
    assert_int_equal(put(place->store, key("id", "b")), KC_ERR_EXISTS);
    assert_string_equal(get(place->store, "id").label, "a");
}

static void replaces_just_a_lower_version(void **state)
{
    struct place *place = *state;
    struct kc_record record = key("id", "a");
    assert_int_equal(put(place->store, record), KC_OK);
    record.version = 3;
    assert_int_equal(put(place->store, record), KC_OK);
    assert_int_equal(put(place->store, record), KC_ERR_CONFLICT);
    record.version = 2;
    assert_int_equal(put(place->store, record), KC_ERR_CONFLICT);
    assert_int_equal(get(place->store, "id").version, 3);
    strcpy(record.id, "missing");
    assert_int_equal(put(place->store, record), KC_ERR_CONFLICT);
}

static void keeps_labels_apart_until_a_key_is_destroyed(void **state)
{
    struct place *place = *state;
    struct kc_record first = key("first", "label"), other = key("other", "label");
    assert_int_equal(put(place->store, first), KC_OK);
    assert_int_equal(put(place->store, key("second", "label")), KC_ERR_LABEL_TAKEN);
    strcpy(other.keyring, "elsewhere");
    assert_int_equal(put(place->store, other), KC_OK);
    first.version = 2;
    first.state = KC_STATE_DESTROYED;
    assert_int_equal(put(place->store, first), KC_OK);
    assert_int_equal(put(place->store, key("second", "label")), KC_OK);
}

static void keeps_labels_of_recipients_apart_until_one_is_removed(void **state)
{
    struct place *place = *state;
    struct kc_record first = key("first", "label"), second = key("second", "label");
    first.kind = second.kind = KC_KIND_RECIPIENT;
    assert_int_equal(put(place->store, key("key", "label")), KC_OK); /* keys are apart from them */
    assert_int_equal(put(place->store, first), KC_OK);
    assert_int_equal(put(place->store, second), KC_ERR_LABEL_TAKEN);
    first.version = 2;
    first.state = KC_STATE_DESTROYED;
    assert_int_equal(put(place->store, first), KC_OK);
    assert_int_equal(put(place->store, second), KC_OK);
}

static void lets_keys_have_no_label(void **state)
{
    struct place *place = *state;
    assert_int_equal(put(place->store, key("a", "")), KC_OK);
    assert_int_equal(put(place->store, key("b", "")), KC_OK);
}

static void stores_all_of_a_change_or_nothing(void **state)
{
    struct place *place = *state;
    struct kc_record first[] = {key("a", "a")}, change[] = {key("b", "b"), key("c", "a")};
    static const uint8_t content[] = "a node";
    const struct kc_store_node node = {7, {content, sizeof content}};
    struct kc_store_node read = {.number = 7};
    struct kc_record records[KC_STORE_SAME_ID_MAX];
    uint8_t bytes[64];
    struct kc_writer room;
    size_t count = 99, at = 99;

    assert_int_equal(
        kc_store_put(place->store, &(struct kc_store_change){first, 1, NULL, 0}, &at), KC_OK);
    assert_int_equal(
        kc_store_put(place->store, &(struct kc_store_change){change, 2, &node, 1}, &at),
        KC_ERR_LABEL_TAKEN);
    assert_int_equal(at, 1);
    assert_int_equal(kc_store_get(place->store, span("b"), records, &count), KC_OK);
    assert_int_equal(count, 0);
    kc_writer_init(&room, bytes, sizeof bytes);
    assert_int_equal(kc_store_nodes(place->store, &read, 1, &room), KC_OK);
    assert_int_equal(read.content.size, 0);
    assert_int_equal(kc_store_key_count(place->store), 1);
    close_store(place);
    place->store = open_store(place);
    assert_int_equal(kc_store_key_count(place->store), 1);
}

static void gives_nodes_as_they_were_stored_last(void **state)
{
    struct place *place = *state;
    static const uint8_t old[] = "old", new[] = "newer";
    const struct kc_store_node first[] = {{0, {old, 3}}, {UINT32_MAX, {old, 3}}};
    const struct kc_store_node second = {UINT32_MAX, {new, 5}};
    struct kc_store_node read[] = {{.number = 5}, {.number = UINT32_MAX}, {.number = 0}};
    uint8_t bytes[8];
    struct kc_writer room;
    size_t at;

    assert_int_equal(
        kc_store_put(place->store, &(struct kc_store_change){NULL, 0, first, 2}, &at), KC_OK);
    assert_int_equal(
        kc_store_put(place->store, &(struct kc_store_change){NULL, 0, &second, 1}, &at), KC_OK);
    close_store(place);
    place->store = open_store(place);
    kc_writer_init(&room, bytes, sizeof bytes);
    assert_int_equal(kc_store_nodes(place->store, read, 3, &room), KC_OK);
    assert_int_equal(read[0].content.size, 0);
    assert_int_equal(read[1].content.size, 5);
    assert_memory_equal(read[1].content.bytes, new, 5);
    assert_int_equal(read[2].content.size, 3);
    assert_memory_equal(read[2].content.bytes, old, 3);
    kc_writer_init(&room, bytes, 4); /* what finds no room is left out */
    assert_int_equal(kc_store_nodes(place->store, read, 3, &room), KC_OK);
    assert_int_equal(read[1].content.size, 0);
    assert_int_equal(read[2].content.size, 3);
}

static void put_many(struct place *place, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char id[32];
        snprintf(id, sizeof id, "id-%03zu", i);
        assert_int_equal(put(place->store, key(id, id)), KC_OK);
    }
}

static void pages_in_the_order_of_ids(void **state)
{
    struct place *place = *state;
    static struct kc_store_page page;
    struct kc_store_filter filter = {.kind = KC_KIND_KEY};
    size_t seen = 0;

    put_many(place, KC_STORE_PAGE_MAX + 3);
    page.end = false;
    page.last[0] = '\0';
    while (!page.end) {
        char after[KC_RECORD_ID_SIZE];
        strcpy(after, page.last);
        assert_int_equal(kc_store_page(place->store, &filter, span(after), &page), KC_OK);
        for (size_t i = 0; i < page.count; i++)
            assert_int_equal(atoi(page.records[i].id + 3), seen++);
    }
    assert_int_equal(seen, KC_STORE_PAGE_MAX + 3);
}

static size_t count_page(struct place *place, struct kc_store_filter filter)
{
    static struct kc_store_page page;
    assert_int_equal(kc_store_page(place->store, &filter, span(""), &page), KC_OK);
    return page.count;
}

static void filters_by_every_column_given(void **state)
{
    struct place *place = *state;
    struct kc_record share = key("share", "share"), recipient = key("recipient", "r");
    share.role = KC_ROLE_SHARE;
    strcpy(share.group, "g");
    recipient.kind = KC_KIND_RECIPIENT;
    put_many(place, 3);
    assert_int_equal(put(place->store, share), KC_OK);
    assert_int_equal(put(place->store, recipient), KC_OK);
    const struct kc_store_filter key_filter = {.kind = KC_KIND_KEY};
    struct kc_store_filter f = key_filter;
    assert_int_equal(count_page(place, f), 4);
    f.role = KC_ROLE_SHARE;
    assert_int_equal(count_page(place, f), 1);
    f = key_filter, f.group = span("g");
    assert_int_equal(count_page(place, f), 1);
    f = key_filter, f.label = span("id-001");
    assert_int_equal(count_page(place, f), 1);
    f = key_filter, f.keyring = span("nowhere");
    assert_int_equal(count_page(place, f), 0);
    f = key_filter, f.state = KC_STATE_DISABLED;
    assert_int_equal(count_page(place, f), 0);
    assert_int_equal(count_page(place, (struct kc_store_filter){.kind = KC_KIND_RECIPIENT}), 1);
}

/* Values that no record can hold, column by column. */
static const char *const malformed[] = {
    "UPDATE records SET label = printf('%200c', 'x') WHERE id = 'id-001'",
    "UPDATE records SET label = 'a' || char(0) || 'b' WHERE id = 'id-001'",
    "UPDATE records SET version = 4294967296 WHERE id = 'id-001'",
    "UPDATE records SET state = -1 WHERE id = 'id-001'",
    "UPDATE records SET role = 256 WHERE id = 'id-001'",
    "UPDATE records SET mac = x'00' WHERE id = 'id-001'",
    "UPDATE records SET public_key = zeroblob(529) WHERE id = 'id-001'",
    "UPDATE records SET secret = zeroblob(1857) WHERE id = 'id-001'",
    "UPDATE records SET seal = zeroblob(1025) WHERE id = 'id-001'",
};

static void refuses_a_malformed_row_and_nothing_else(void **state)
{
    struct place *place = *state;
    static struct kc_store_page page;
    struct kc_store_filter filter = {.kind = KC_KIND_KEY};
    struct kc_record records[KC_STORE_SAME_ID_MAX];

    put_many(place, 3);
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        size_t count;
        change(place, "DELETE FROM records WHERE id = 'id-001'");
        assert_int_equal(put(place->store, key("id-001", "id-001")), KC_OK);
        change(place, malformed[i]);
        assert_int_equal(
            kc_store_get(place->store, span("id-001"), records, &count), KC_ERR_RECORD_DAMAGED);
        assert_int_equal(kc_store_page(place->store, &filter, span(""), &page), KC_OK);
        assert_int_equal(page.count, 2);
        assert_int_equal(page.damaged, 1);
        assert_true(page.end);
    }
}

static void skips_an_id_that_no_page_could_start_after(void **state)
{
    struct place *place = *state;
    put_many(place, 2);
    change(place, "UPDATE records SET id = printf('%100c', 'x') WHERE id = 'id-000'");
    assert_int_equal(count_page(place, (struct kc_store_filter){.kind = KC_KIND_KEY}), 1);
}

static void lets_no_other_process_in(void **state)
{
    struct place *place = *state;
    pid_t pid = fork();
    if (pid == 0) {
        struct kc_store *second = NULL;
        const char *detail = NULL;
        _exit(kc_store_open(place->folder, &second, &detail) == KC_ERR_STORE ? 0 : 1);
    }
    int status = 1;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

static void maps_no_shared_memory(void **state)
{
    struct place *place = *state;
    char path[128];
    struct stat status;
    assert_int_equal(put(place->store, key("id", "a")), KC_OK);
    snprintf(path, sizeof path, "%s-shm", place->file);
    assert_int_equal(stat(path, &status), -1);
}

static void keeps_its_files_private(void **state)
{
    struct place *place = *state;
    struct stat status;
    assert_int_equal(stat(place->file, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(kc_store_check_permissions(place->store), KC_OK);
    assert_int_equal(chmod(place->file, 0644), 0);
    assert_int_equal(kc_store_check_permissions(place->store), KC_ERR_CONFIG_PERMISSIONS);
}

static enum kc_error open_error(const struct place *place)
{
    struct kc_store *store = NULL;
    const char *detail = NULL;
    enum kc_error error = kc_store_open(place->folder, &store, &detail);
    kc_store_close(store);
    return error;
}

static void refuses_a_folder_that_others_can_enter(void **state)
{
    struct place *place = *state;
    close_store(place);
    assert_int_equal(chmod(place->folder, 0755), 0);
    assert_int_equal(open_error(place), KC_ERR_CONFIG_PERMISSIONS);
}

static void overwrite(const struct place *place, off_t offset, size_t size)
{
    int file = open(place->file, O_WRONLY);
    uint8_t junk[4096];
    memset(junk, 0xa5, sizeof junk);
    assert_int_equal(pwrite(file, junk, size, offset), size);
    close(file);
}

static void refuses_a_file_that_is_no_store(void **state)
{
    struct place *place = *state;
    close_store(place);
    overwrite(place, 0, 100);
    assert_int_equal(open_error(place), KC_ERR_STORE_DAMAGED);
}

/* Records of before there were several roots name none. */
static void brings_a_store_without_roots_up_to_date(void **state)
{
    struct place *place = *state;
    assert_int_equal(put(place->store, key("id", "label")), KC_OK);
    change(place, "ALTER TABLE records DROP COLUMN root; PRAGMA user_version = 4");
    assert_string_equal(get(place->store, "id").label, "label");
    assert_string_equal(get(place->store, "id").root, "");
    struct kc_record next = get(place->store, "id");
    next.version++;
    strcpy(next.root, "hsm");
    assert_int_equal(put(place->store, next), KC_OK);
    assert_string_equal(get(place->store, "id").root, "hsm");
}

/* A page of a group that has very many records is to be found in the order of ids, not sorted. */
static void brings_groups_that_are_not_in_the_order_of_ids_up_to_date(void **state)
{
    struct place *place = *state;
    sqlite3_stmt *statement;
    sqlite3 *database;
    assert_int_equal(put(place->store, key("id", "label")), KC_OK);
    change(place, "DROP INDEX groups; PRAGMA user_version = 5;"
                  "CREATE INDEX groups ON records (\"group\") WHERE \"group\" <> ''");
    assert_string_equal(get(place->store, "id").label, "label");
    close_store(place);
    assert_int_equal(sqlite3_open(place->file, &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database,
                         "EXPLAIN QUERY PLAN SELECT * FROM records WHERE \"group\" = 'g'"
                         " AND \"group\" <> '' AND id > '' ORDER BY id LIMIT 24",
                         -1, &statement, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_non_null(strstr((const char *)sqlite3_column_text(statement, 3), "INDEX groups"));
    assert_int_equal(sqlite3_step(statement), SQLITE_DONE); /* no B-tree for the order */
    sqlite3_finalize(statement);
    sqlite3_close(database);
}

/* What the MAC of a record of a format without roots does not cover, such a record must not have. */
static void refuses_a_root_in_a_format_without(void **state)
{
    struct place *place = *state;
    struct kc_record records[KC_STORE_SAME_ID_MAX];
    size_t count;
    assert_int_equal(put(place->store, key("id", "label")), KC_OK);
    change(place, "UPDATE records SET format = 3, root = 'hsm'");
    assert_int_equal(
        kc_store_get(place->store, span("id"), records, &count), KC_ERR_RECORD_DAMAGED);
}

static void refuses_a_store_of_another_schema(void **state)
{
    struct place *place = *state;
    sqlite3 *database = NULL;
    close_store(place);
    assert_int_equal(sqlite3_open(place->file, &database), SQLITE_OK);
    sqlite3_exec(database, "PRAGMA user_version = 1", NULL, NULL, NULL);
    sqlite3_close(database);
    assert_int_equal(open_error(place), KC_ERR_STORE_VERSION);
}

/* What the MAC of a record of the first format does not cover, such a record must not have. */
static void refuses_what_the_first_format_has_not(void **state)
{
    struct place *place = *state;
    static const char *const changes[] = {"start = 1", "confirm = 1", "object = 1",
        "identifier = x'00'", "attributes = x'00'", "body = x'00'", "public_key = zeroblob(58)"};
    assert_int_equal(put(place->store, key("id-001", "id-001")), KC_OK);
    change(place, "UPDATE records SET format = 2");
    assert_int_equal(get(place->store, "id-001").format, KC_RECORD_FORMAT_FIRST);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct kc_record records[KC_STORE_SAME_ID_MAX];
        char sql[96];
        size_t count;
        change(place, "UPDATE records SET start = 0, confirm = 0, object = 0, identifier = x'',"
                      " attributes = x'', body = x'', public_key = zeroblob(32)");
        snprintf(sql, sizeof sql, "UPDATE records SET %s", changes[i]);
        change(place, sql);
        assert_int_equal(
            kc_store_get(place->store, span("id-001"), records, &count), KC_ERR_RECORD_DAMAGED);
    }
}

static uint8_t large_body[KC_RECORD_BODY_MAX];

/* As many records as a message to the vault holds, whatever their bodies. */
static void a_page_of_large_records_ends_early_and_goes_on(void **state)
{
    struct place *place = *state;
    static struct kc_store_page page;
    struct kc_store_filter filter = {.kind = KC_KIND_KEY, .other_kind = KC_KIND_OBJECT};
    char after[KC_RECORD_ID_SIZE] = "";
    size_t seen = 0, pages = 0;
    for (size_t i = 0; i < 20; i++) {
        char id[16];
        snprintf(id, sizeof id, "id-%03zu", i);
        struct kc_record record = key(id, id);
        record.kind = i % 2 ? KC_KIND_KEY : KC_KIND_OBJECT;
        memset(large_body, (int)i, sizeof large_body);
        record.body = (struct kc_span){large_body, sizeof large_body};
        assert_int_equal(put(place->store, record), KC_OK);
    }
    do {
        assert_int_equal(kc_store_page(place->store, &filter, span(after), &page), KC_OK);
        assert_true(page.count > 0 && page.count < 10);
        for (size_t i = 0; i < page.count; i++, seen++) {
            assert_int_equal(page.records[i].body.size, sizeof large_body);
            assert_int_equal(page.records[i].body.bytes[100], seen);
        }
        strcpy(after, page.last);
        pages++;
    } while (!page.end);
    assert_int_equal(seen, 20);
    assert_true(pages >= 3);
}

/* What has a secret under a generation, of all kinds together; and records of one id are never parted
 * by the end of a page, as the next one begins after it. */
static void pages_of_all_that_is_wrapped_part_no_id(void **state)
{
    struct place *place = *state;
    static struct kc_store_page page;
    static const uint8_t kinds[] = {
        KC_KIND_KEY, KC_KIND_SEED, KC_KIND_COMPOSITE, KC_KIND_OBJECT, KC_KIND_PIN};
    struct kc_store_filter filter = {.wrapped = true};
    char after[KC_RECORD_ID_SIZE] = "";
    size_t seen = 0;
    for (size_t i = 0; i < 5 * 20; i++) {
        char id[16];
        snprintf(id, sizeof id, "id-%03zu", i / 5);
        struct kc_record record = key(id, id);
        record.kind = kinds[i % 5];
        assert_int_equal(put(place->store, record), KC_OK);
    }
    do {
        assert_int_equal(kc_store_page(place->store, &filter, span(after), &page), KC_OK);
        assert_int_equal(page.count % 3, 0);
        for (size_t i = 0; i < page.count; i++, seen++)
            assert_true(kc_kind_is_wrapped(page.records[i].kind));
        strcpy(after, page.last);
    } while (!page.end);
    assert_int_equal(seen, 3 * 20);
}

static void says_that_a_corrupt_page_is_damage(void **state)
{
    struct place *place = *state;
    struct kc_record records[KC_STORE_SAME_ID_MAX];
    struct stat status;
    size_t count;
    put_many(place, 40);
    change(place, "PRAGMA wal_checkpoint(TRUNCATE)");
    close_store(place);
    assert_int_equal(stat(place->file, &status), 0);
    for (off_t page = 4096; page < status.st_size; page += 4096)
        overwrite(place, page, 4096);
    struct kc_store *store = NULL;
    const char *detail = NULL;
    enum kc_error error = kc_store_open(place->folder, &store, &detail);
    if (error == KC_OK)
        error = kc_store_get(store, span("id-001"), records, &count);
    kc_store_close(store);
    assert_int_equal(error, KC_ERR_STORE_DAMAGED);
}

/* A disk of its own, so that it can be full and read-only. Needs the right to mount. */
static bool on_small_disk(struct place *place)
{
    close_store(place);
    if (mount("none", place->folder, "tmpfs", 0, "size=256k,mode=0700") < 0) {
        place->store = open_store(place);
        return false;
    }
    place->store = open_store(place);
    return true;
}

static void leave_small_disk(struct place *place)
{
    close_store(place);
    assert_int_equal(umount(place->folder), 0);
}

static void says_that_the_disk_is_full_and_goes_on_when_it_is_not(void **state)
{
    struct place *place = *state;
    enum kc_error error = KC_OK;
    struct kc_record record = key("big", "big");
    char filler[128];
    if (!on_small_disk(place))
        skip();
    record.seal_size = KC_RECORD_SEAL_MAX;
    assert_int_equal(put(place->store, key("first", "first")), KC_OK);
    snprintf(
        filler, sizeof filler, "dd if=/dev/zero of=%s/filler bs=1k 2>/dev/null", place->folder);
    assert_int_not_equal(system(filler), 0);
    for (size_t i = 0; error == KC_OK && i < 100; i++) {
        snprintf(record.id, sizeof record.id, "id-%zu", i);
        strcpy(record.label, record.id);
        error = put(place->store, record);
    }
    assert_int_equal(error, KC_ERR_STORE_FULL);
    assert_string_equal(get(place->store, "first").label, "first");
    snprintf(filler, sizeof filler, "%s/filler", place->folder);
    assert_int_equal(unlink(filler), 0);
    assert_int_equal(put(place->store, record), KC_OK);
    leave_small_disk(place);
}

static void says_that_the_disk_is_read_only(void **state)
{
    struct place *place = *state;
    if (!on_small_disk(place))
        skip();
    close_store(place);
    assert_int_equal(mount("none", place->folder, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
    assert_int_equal(open_error(place), KC_ERR_STORE_READ_ONLY);
    assert_int_equal(mount("none", place->folder, "tmpfs", MS_REMOUNT, NULL), 0);
    place->store = open_store(place);
    leave_small_disk(place);
}

/* What put says is durable is there after a kill: -9 leaves the WAL as it is. */
static void keeps_what_was_acknowledged_through_a_kill(void **state)
{
    struct place *place = *state;
    int pipes[2], status;
    size_t acknowledged = 0;
    close_store(place);
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct kc_store *store = open_store(place);
        for (size_t i = 0;; i++) {
            char id[16];
            snprintf(id, sizeof id, "id-%03zu", i);
            if (put(store, key(id, id)) != KC_OK || write(pipes[1], "", 1) != 1)
                _exit(1);
        }
    }
    close(pipes[1]);
    for (char octet; acknowledged < 20 && read(pipes[0], &octet, 1) == 1;)
        acknowledged++;
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    close(pipes[0]);
    place->store = open_store(place);
    assert_int_equal(acknowledged, 20);
    for (size_t i = 0; i < acknowledged; i++) {
        char id[16];
        snprintf(id, sizeof id, "id-%03zu", i);
        assert_string_equal(get(place->store, id).label, id);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(gives_back_every_field),
        CASE(finds_nothing_without_an_error),
        CASE(gives_all_kinds_of_one_id),
        CASE(refuses_a_second_first_version),
        CASE(replaces_just_a_lower_version),
        CASE(keeps_labels_apart_until_a_key_is_destroyed),
        CASE(keeps_labels_of_recipients_apart_until_one_is_removed),
        CASE(lets_keys_have_no_label),
        CASE(stores_all_of_a_change_or_nothing),
        CASE(gives_nodes_as_they_were_stored_last),
        CASE(pages_in_the_order_of_ids),
        CASE(filters_by_every_column_given),
        CASE(refuses_a_malformed_row_and_nothing_else),
        CASE(skips_an_id_that_no_page_could_start_after),
        CASE(lets_no_other_process_in),
        CASE(maps_no_shared_memory),
        CASE(keeps_its_files_private),
        CASE(refuses_a_folder_that_others_can_enter),
        CASE(refuses_a_file_that_is_no_store),
        CASE(brings_a_store_without_roots_up_to_date),
        CASE(brings_groups_that_are_not_in_the_order_of_ids_up_to_date),
        CASE(refuses_a_root_in_a_format_without),
        CASE(refuses_a_store_of_another_schema),
        CASE(refuses_what_the_first_format_has_not),
        CASE(a_page_of_large_records_ends_early_and_goes_on),
        CASE(pages_of_all_that_is_wrapped_part_no_id),
        CASE(says_that_a_corrupt_page_is_damage),
        CASE(says_that_the_disk_is_full_and_goes_on_when_it_is_not),
        CASE(says_that_the_disk_is_read_only),
        CASE(keeps_what_was_acknowledged_through_a_kill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
