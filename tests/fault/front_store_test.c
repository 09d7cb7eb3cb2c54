/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store of a front end that is lost, cut off, damaged, not to be written, or on a full disk: what
 * the program says, and that what docs/mesh.md says of it is so. Its custodian has all that counts.
 */
#include "tests/fault/processes.h"
#include "tests/front/fixture.h"
#include "tests/support/shell.h"

#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

static bool has_disk;

/* --- fixture --- */

/* The front end's folder is on a small disk of its own, in a mount namespace that ends with the test. */
static bool mount_disk(const char *path)
{
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           shell("cp -a %s %s.kept", path, path) &&
           mount("none", path, "tmpfs", 0, "size=2m,mode=0755") == 0 &&
           shell("cp -a %s.kept/. %s && rm -r %s.kept", path, path, path);
}

static void start_front(void)
{
    mesh_front_start(&service.front, service.custodian.socket, service.tls_key, "rate = 0;");
}

static void restart_front(void)
{
    web_close(&alice.web);
    start_front();
    web_open(&alice.web, service.front.port, service.front.certificate);
}

static int set_up(void **state)
{
    (void)start_service(state);
    mesh_front_kill(&service.front);
    has_disk = mount_disk(service.front.folder);
    start_front();
    kc_shell_init();
    kc_shell_define("F=%s; S=$F/store; D=$S/custodian-mesh.db", service.front.folder);
    kc_shell_define("front() { timeout 5 " KC_BUILD_DIR "/custodian-mesh --config $F/mesh.conf; }");
    return 0;
}

static int tear_down(void **state)
{
    kc_shell_done();
    mesh_front_kill(&service.front);
    if (has_disk)
        assert_int_equal(umount(service.front.folder), 0);
    return stop_service(state);
}

/* All of the store is in its first file then. */
static void close_store(void)
{
    char path[128];
    sqlite3 *database;
    snprintf(path, sizeof path, "%s/store/custodian-mesh.db", service.front.folder);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(database, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

/* Puts the store away while nothing runs, and has it back. */
static void stop_and_keep(void)
{
    mesh_front_kill(&service.front);
    close_store();
    HOLDS("rm -rf $F/kept && cp -a $S $F/kept");
}

static void put_back(void)
{
    HOLDS("rm -rf $S && cp -a $F/kept $S");
    restart_front();
    assert_int_equal(mesh_frames(&alice, "MMM_Access"), 3);
}

/* --- at the start --- */

static void a_store_that_cannot_be_used_ends_the_start_and_says_why(void **state)
{
    (void)state;
    connect_with_shares(&alice);
    stop_and_keep();
    SAYS(7, "store-damaged", "truncate -s $(($(stat -c %s $D) / 2)) $D; front");
    SAYS(7, "store-damaged",
        "cp $F/kept/custodian-mesh.db $D; printf nothing | dd of=$D conv=notrunc; front");
    SAYS(7, "store-version",
        "cp $F/kept/custodian-mesh.db $D;"
        " printf '\\0\\0\\0\\143' | dd of=$D bs=1 seek=60 conv=notrunc; front");
    put_back();
    agrees(&alice, true);
}

static void a_store_that_cannot_be_written_ends_the_start_and_says_why(void **state)
{
    (void)state;
    connect_with_shares(&alice);
    stop_and_keep();
    SAYS(7, "store-read-only", "chmod 400 $D; front");
    SAYS(7, "store-read-only", "chmod 600 $D; chmod 500 $S; front");
    HOLDS("chmod 700 $S");
    put_back();
}

/* Pages in the middle: it is found out when they are read, and nothing is done by them. */
static void a_store_that_is_damaged_inside_says_so_when_it_is_asked(void **state)
{
    (void)state;
    connect_with_shares(&alice);
    stop_and_keep();
    HOLDS("dd if=/dev/urandom of=$D bs=4096 seek=2 count=$(($(stat -c %s $D) / 4096 - 2)) "
          "conv=notrunc");
    restart_front();
    char *text = about(KC_OBJECT_StatusRequest, alice_address, MESH_ADMINISTRATOR);
    assert_int_equal(mesh_send(&alice, text), 503);
    assert_true(mesh_front_has_logged(&service.front, "store-damaged"));
    mesh_front_kill(&service.front);
    put_back();
}

/* --- lost --- */

static void expect_frames(int64_t count)
{
    assert_int_equal(mesh_frames(&alice, "MMM_Access"), count);
}

static void transact(const char *container, const char *frame, int status)
{
    assert_int_equal(mesh_transact(&alice, container, frame), status);
}

/* As docs/mesh.md has it. */
static void what_is_lost_is_bound_and_uploaded_again_and_nothing_revoked_comes_back(void **state)
{
    (void)state;
    connect_with_shares(&alice);
    char *deletion = mesh_deletion(&alice, &alice.connected.splits[1]);
    transact("MMM_Access", deletion, 201);
    mesh_front_kill(&service.front);
    HOLDS("rm -rf $S");
    restart_front();
    expect_frames(0);
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    expect_frames(1);
    agrees(&alice, true); /* its share was never away */
    transact("MMM_Access", alice.connected.entries[0], 201);
    transact("MMM_Access", alice.connected.entries[1], 403);
    transact("MMM_Access", deletion, 201);
    expect_frames(3);
    agrees(&alice, true);
    free(deletion);
}

/* By the vault, which knows it; the front end itself knows it from the catalog alone. */
static void a_deleted_device_is_refused_though_the_store_is_lost(void **state)
{
    char frame[MESH_FRAME_SIZE];
    uint8_t agreed[KC_POINT_SIZE_MAX];
    struct sample_key peer = sample_key(KC_CURVE_X448, 200);
    (void)state;
    connect_with_shares(&alice);
    transact("MMM_Device", alice.connected.cataloged, 201);
    mesh_device_deletion(&alice, frame);
    transact("MMM_Device", frame, 201);
    mesh_front_kill(&service.front);
    HOLDS("rm -rf $S");
    restart_front();
    assert_int_equal(mesh_bind(&alice, KC_OBJECT_BindRequest), 201);
    int status =
        mesh_decrypt(&alice, alice_address, &alice.device.decrypt, &peer.pair.public, agreed);
    assert_int_equal(status, 401);
    transact("MMM_Device", frame, 201);
    assert_int_equal(
        mesh_send(&alice, about(KC_OBJECT_StatusRequest, alice_address, MESH_DEVICE)), 401);
}

/* --- taken away, and full, while it runs --- */

/* What is written into a file that nobody finds any more would be lost, and was told to be stored. */
static void a_store_that_is_taken_away_stores_nothing_more(void **state)
{
    (void)state;
    connect_with_shares(&alice);
    HOLDS("rm -rf $F/kept; mv $S $F/kept");
    transact("MMM_Contact", "[{\"ContentMetaData\":\"e30\"},\"ZW50cnk\"]", 503);
    mesh_front_kill(&service.front);
    put_back();
    transact("MMM_Contact", "[{\"ContentMetaData\":\"e30\"},\"ZW50cnk\"]", 201);
}

static void fill_disk(void)
{
    HOLDS("! dd if=/dev/zero of=$F/filler bs=4096");
}

static void on_a_full_disk_it_stores_nothing_and_says_so(void **state)
{
    size_t done = 0;
    int status = 201;
    (void)state;
    if (!has_disk)
        skip();
    connect_with_shares(&alice);
    fill_disk();
    for (; status == 201 && done < 1000; done += status == 201)
        status =
            mesh_transact(&alice, "MMM_Contact", "[{\"ContentMetaData\":\"e30\"},\"ZW50cnk\"]");
    assert_int_equal(status, 503);
    assert_true(mesh_front_has_logged(&service.front, "store-full"));
    char *deletion = mesh_deletion(&alice, &alice.connected.splits[0]);
    char *text = mesh_transact_text(&alice, KC_OBJECT_TransactRequest, "MMM_Access", -1,
        (const char *const[]){deletion}, 1, MESH_ADMINISTRATOR);
    char *again = strdup(text);
    assert_int_equal(mesh_send(&alice, text), 503);
    agrees(&alice, false); /* the custodian has done it */
    expect_frames(3);
    mesh_front_kill(&service.front);
    SAYS(7, "store-full", "front");
    HOLDS("rm $F/filler");
    restart_front();
    assert_int_equal(mesh_send(&alice, again), 201);
    expect_frames(4);
    free(deletion);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_store_that_cannot_be_used_ends_the_start_and_says_why),
        CASE(a_store_that_cannot_be_written_ends_the_start_and_says_why),
        CASE(a_store_that_is_damaged_inside_says_so_when_it_is_asked),
        CASE(what_is_lost_is_bound_and_uploaded_again_and_nothing_revoked_comes_back),
        CASE(a_deleted_device_is_refused_though_the_store_is_lost),
        CASE(a_store_that_is_taken_away_stores_nothing_more),
        CASE(on_a_full_disk_it_stores_nothing_and_says_so),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
