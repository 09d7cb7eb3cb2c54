/* SPDX-License-Identifier: Apache-2.0 */
/* The front end's store: what is acknowledged is there after a kill, and digests are those of a
 * sequence file. */
#include "custodian/front/catalog.h"
#include "custodian/front/store.h"
#include "tests/support/cmocka.h"

#include "proto/sequence.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#define ADDRESS "alice@example.com"

static char folder[64];
static struct kc_front_store *store;

static void open_again(void)
{
    const char *detail;
    kc_front_store_close(store);
    assert_int_equal(kc_front_store_open(folder, 3, &store, &detail), KC_OK);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/kc-front-store-XXXXXX");
    assert_non_null(mkdtemp(folder));
    store = NULL;
    open_again();
    return 0;
}

static int tear_down(void **state)
{
    char command[96];
    (void)state;
    kc_front_store_close(store);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command); /* NOLINT(cert-env33-c): a fixed command */
}

static uint8_t profile[] = "[{},\"profile\"]";

static enum kc_error add(const char *address, const char *udf)
{
    struct kc_front_account account = {
        .created = 7, .profile = profile, .profile_size = sizeof profile - 1};
    snprintf(account.udf, sizeof account.udf, "%s", udf);
    const struct kc_front_change change = {.address = address, .add = &account};
    return kc_front_store_put(store, &change);
}

/* Appends a frame whose payload is its number. */
static enum kc_error append(const char *container, uint64_t number)
{
    char *text;
    size_t size;
    uint8_t payload[8];
    memcpy(payload, &number, sizeof payload);
    struct kc_dare_envelope envelope = {.body = payload, .body_size = number ? 8 : 0};
    assert_int_equal(kc_dare_envelope_write(&envelope, &text, &size), KC_OK);
    const struct kc_front_append frame = {
        container, {(const uint8_t *)text, size}, envelope.digest, number};
    const struct kc_front_change change = {.address = ADDRESS, .frames = &frame, .frame_count = 1};
    enum kc_error error = kc_front_store_put(store, &change);
    free(text);
    return error;
}

static uint64_t count(const char *container)
{
    struct kc_front_status status;
    assert_int_equal(kc_front_store_status(store, ADDRESS, container, &status), KC_OK);
    return status.count;
}

static void an_account_is_what_was_put_and_there_is_one_at_an_address(void **state)
{
    struct kc_front_account account;
    (void)state;
    assert_int_equal(kc_front_store_account(store, ADDRESS, &account), KC_OK);
    assert_null(account.profile);
    assert_int_equal(add(ADDRESS, "MAAA"), KC_OK);
    assert_int_equal(add(ADDRESS, "MBBB"), KC_ERR_EXISTS);
    open_again();
    assert_int_equal(kc_front_store_account(store, ADDRESS, &account), KC_OK);
    assert_string_equal(account.udf, "MAAA");
    assert_int_equal(account.created, 7);
    assert_memory_equal(account.profile, profile, sizeof profile - 1);
    kc_front_account_done(&account);
}

static void there_are_as_many_accounts_as_may_be(void **state)
{
    (void)state;
    assert_int_equal(add("a@b", "M1"), KC_OK);
    assert_int_equal(add("b@b", "M2"), KC_OK);
    assert_int_equal(add("c@b", "M3"), KC_OK);
    assert_int_equal(add("d@b", "M4"), KC_ERR_LIMIT);
}

static void digests_are_those_of_a_sequence_file(void **state)
{
    static const struct {
        enum kc_sequence_type type;
        const char *container;
    } kinds[] = {{KC_SEQUENCE_MERKLE, "MMM_Access"}, {KC_SEQUENCE_CHAIN, "MMM_Device"}};
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        char path[96];
        struct kc_sequence sequence;
        struct kc_sequence_frame frame;
        struct kc_front_status status;
        snprintf(path, sizeof path, "%s/%zu.dare", folder, k);
        assert_int_equal(
            kc_sequence_create(path, kinds[k].type, (struct kc_span){NULL, 0}, &sequence), KC_OK);
        assert_int_equal(append(kinds[k].container, 0), KC_OK);
        for (uint64_t i = 1; i < 40; i++) {
            uint8_t payload[8];
            memcpy(payload, &i, sizeof payload);
            struct kc_dare_envelope envelope = {.body = payload, .body_size = 8};
            assert_int_equal(kc_sequence_append(&sequence, &envelope), KC_OK);
            assert_int_equal(append(kinds[k].container, i), KC_OK);
            assert_int_equal(kc_sequence_read(&sequence, i, &frame), KC_OK);
            assert_true(frame.has_link);
            assert_int_equal(
                kc_front_store_status(store, ADDRESS, kinds[k].container, &status), KC_OK);
            assert_int_equal(status.count, i + 1);
            assert_memory_equal(k == 0 ? status.tree : status.chain, frame.link, KC_LINK_SIZE);
            kc_sequence_frame_done(&frame);
        }
        kc_sequence_close(&sequence);
    }
}

static void a_frame_is_the_next_one_or_nothing_is_stored(void **state)
{
    (void)state;
    assert_int_equal(append("MMM_Access", 1), KC_ERR_CONFLICT);
    assert_int_equal(append("MMM_Access", 0), KC_OK);
    assert_int_equal(append("MMM_Access", 0), KC_OK); /* in place of the only one */
    assert_int_equal(append("MMM_Access", 1), KC_OK);
    assert_int_equal(append("MMM_Access", 1), KC_ERR_CONFLICT);
    assert_int_equal(append("MMM_Access", 0), KC_ERR_CONFLICT);
    assert_int_equal(append("MMM_Access", 3), KC_ERR_CONFLICT);
    assert_int_equal(count("MMM_Access"), 2);
}

static void all_of_a_change_is_stored_or_nothing(void **state)
{
    uint8_t digest[KC_LINK_SIZE] = {1};
    const struct kc_span envelope = {(const uint8_t *)"[]", 2};
    const struct kc_front_append frames[] = {
        {"MMM_Access", envelope, digest, 0}, {"MMM_Device", envelope, digest, 5}};
    const char *const revoked[] = {"MDEV"};
    const struct kc_front_change change = {.address = ADDRESS,
        .frames = frames,
        .frame_count = 2,
        .revoked = revoked,
        .revoked_count = 1};
    bool is_revoked = true;
    (void)state;
    assert_int_equal(kc_front_store_put(store, &change), KC_ERR_CONFLICT);
    assert_int_equal(count("MMM_Access"), 0);
    assert_int_equal(kc_front_store_is_revoked(store, ADDRESS, "MDEV", &is_revoked), KC_OK);
    assert_false(is_revoked);
}

static enum kc_error keep(const char *id, uint8_t mark, uint64_t now)
{
    uint8_t digest[KC_LINK_SIZE] = {mark};
    const struct kc_front_kept_answer answer = {
        {(const uint8_t *)id, strlen(id)}, digest, 201, {(const uint8_t *)"answer", 6}, now};
    const struct kc_front_change change = {.address = ADDRESS, .answer = &answer};
    return kc_front_store_put(store, &change);
}

static enum kc_error find(const char *id, uint8_t mark, bool *found)
{
    uint8_t digest[KC_LINK_SIZE] = {mark};
    int status = 0;
    char *text = NULL;
    size_t size = 0;
    enum kc_error error = kc_front_store_answer(store, ADDRESS,
        (struct kc_span){(const uint8_t *)id, strlen(id)}, digest, &status, &text, &size);
    *found = error == KC_OK && text;
    if (*found)
        assert_string_equal(text, "answer");
    free(text);
    return error;
}

static void an_answer_is_found_by_its_request_until_it_is_old(void **state)
{
    bool found = false;
    (void)state;
    assert_int_equal(keep("first", 1, 1000), KC_OK);
    assert_int_equal(find("first", 1, &found), KC_OK);
    assert_true(found);
    assert_int_equal(find("first", 2, &found), KC_ERR_CONFLICT); /* another request, the same ID */
    assert_int_equal(find("other", 1, &found), KC_OK);
    assert_false(found);
    assert_int_equal(keep("second", 1, 1000 + KC_FRONT_ANSWER_S + 1), KC_OK);
    assert_int_equal(find("first", 1, &found), KC_OK);
    assert_false(found);
}

static void an_account_that_is_removed_leaves_nothing_but_its_answers(void **state)
{
    const struct kc_front_change remove = {.address = ADDRESS, .remove = true};
    struct kc_front_account account;
    bool found = false;
    (void)state;
    assert_int_equal(add(ADDRESS, "MAAA"), KC_OK);
    assert_int_equal(append("MMM_Access", 0), KC_OK);
    assert_int_equal(keep("first", 1, 1000), KC_OK);
    assert_int_equal(kc_front_store_put(store, &remove), KC_OK);
    assert_int_equal(kc_front_store_account(store, ADDRESS, &account), KC_OK);
    assert_null(account.profile);
    assert_int_equal(count("MMM_Access"), 0);
    assert_int_equal(find("first", 1, &found), KC_OK);
    assert_true(found);
}

/* A child appends and says so; it is killed at whatever moment that is. */
static void what_was_acknowledged_is_there_after_a_kill(void **state)
{
    (void)state;
    kc_front_store_close(store);
    store = NULL;
    uint64_t stored = 0;
    for (size_t round = 0; round < 10; round++) {
        int told[2];
        assert_int_equal(pipe(told), 0);
        pid_t child = fork();
        if (child == 0) {
            open_again();
            for (uint64_t i = stored;; i++)
                if (append("MMM_Access", i) != KC_OK || write(told[1], &i, sizeof i) < 0)
                    _exit(1);
        }
        close(told[1]);
        uint64_t last = 0;
        for (size_t i = 0; i < 3 + round; i++)
            assert_int_equal(read(told[0], &last, sizeof last), sizeof last);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        uint64_t more;
        while (read(told[0], &more, sizeof more) == sizeof more)
            last = more;
        close(told[0]);
        open_again();
        stored = count("MMM_Access");
        assert_true(stored == last + 1 || stored == last + 2);
        kc_front_store_close(store);
        store = NULL;
    }
    open_again();
}

/* A small disk of its own, in a mount namespace that ends with the test. */
static bool mount_disk(void)
{
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", folder, "tmpfs", 0, "size=1m,mode=0700") == 0;
}

static void fill_disk(const char *path)
{
    static const uint8_t noise[4096];
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    while (fwrite(noise, 1, sizeof noise, file) == sizeof noise && fflush(file) == 0)
        continue;
    (void)fclose(file);
}

static void a_full_disk_takes_nothing_and_harms_nothing(void **state)
{
    char filler[96];
    uint64_t stored = 0;
    enum kc_error error = KC_OK;
    (void)state;
    kc_front_store_close(store);
    store = NULL;
    if (!mount_disk())
        skip();
    open_again();
    snprintf(filler, sizeof filler, "%s/filler", folder);
    fill_disk(filler);
    while (error == KC_OK && stored < 1000) {
        error = append("MMM_Access", stored);
        stored += error == KC_OK;
    }
    assert_int_equal(error, KC_ERR_STORE_FULL);
    assert_int_equal(count("MMM_Access"), stored);
    assert_int_equal(unlink(filler), 0);
    assert_int_equal(append("MMM_Access", stored), KC_OK);
    open_again();
    assert_int_equal(count("MMM_Access"), stored + 1);
    kc_front_store_close(store);
    store = NULL;
    assert_int_equal(umount(folder), 0);
}

static void a_store_of_another_kind_or_version_is_refused(void **state)
{
    char command[256];
    const char *detail;
    struct kc_front_store *other;
    (void)state;
    kc_front_store_close(store);
    store = NULL;
    snprintf(command, sizeof command, "sqlite3 %s/%s 'PRAGMA user_version = 99' >/dev/null", folder,
        KC_FRONT_STORE_FILE);
    if (system(command) != 0) /* NOLINT(cert-env33-c): a fixed command */
        skip();
    assert_int_equal(kc_front_store_open(folder, 1, &other, &detail), KC_ERR_STORE_VERSION);
    snprintf(command, sizeof command, "sqlite3 %s/%s 'PRAGMA application_id = 1' >/dev/null",
        folder, KC_FRONT_STORE_FILE);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a fixed command */
    assert_int_equal(kc_front_store_open(folder, 1, &other, &detail), KC_ERR_STORE_DAMAGED);
}

static struct kc_json text_value(struct kc_json_document *document, const char *text)
{
    assert_int_equal(
        kc_json_read((struct kc_span){(const uint8_t *)text, strlen(text)}, 100, document), KC_OK);
    return kc_json_root(document);
}

static void a_container_is_found_by_all_of_its_spellings(void **state)
{
    static const char *const names[][2] = {{"\"MMM_Access\"", "MMM_Access"},
        {"\"mmm_access\"", "MMM_Access"}, {"\"Capability\"", "MMM_Access"},
        {"\"mmm_CatalogTask\"", "MMM_Task"}, {"\"Inbound\"", "MMM_Inbound"}, {"\"MMM_\"", NULL},
        {"\"MMM_Other\"", NULL}, {"7", NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct kc_json_document document;
        const struct kc_container *found = kc_container_find(text_value(&document, names[i][0]));
        if (names[i][1])
            assert_string_equal(found->name, names[i][1]);
        else
            assert_null(found);
        kc_json_done(&document);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(an_account_is_what_was_put_and_there_is_one_at_an_address),
        CASE(there_are_as_many_accounts_as_may_be),
        CASE(digests_are_those_of_a_sequence_file),
        CASE(a_frame_is_the_next_one_or_nothing_is_stored),
        CASE(all_of_a_change_is_stored_or_nothing),
        CASE(an_answer_is_found_by_its_request_until_it_is_old),
        CASE(an_account_that_is_removed_leaves_nothing_but_its_answers),
        CASE(what_was_acknowledged_is_there_after_a_kill),
        CASE(a_full_disk_takes_nothing_and_harms_nothing),
        CASE(a_store_of_another_kind_or_version_is_refused),
        cmocka_unit_test(a_container_is_found_by_all_of_its_spellings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
