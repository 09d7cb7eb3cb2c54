/* SPDX-License-Identifier: Apache-2.0 */
/* A store whose disk is full or read-only: nothing is lost, and it goes on without a restart. */
#include "tests/fault/client.h"
#include "tests/fault/processes.h"
#include "tests/fault/settings.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define KEYS_MAX 4096
#define COMMAND KC_BUILD_DIR "/custodian "

static struct kc_custodian custodian;
static struct kc_client *client;
static char disk[80], filler[96];
static struct key keys[KEYS_MAX];
static size_t key_count;
static bool has_disk;

/* A small disk of its own, in a mount namespace that ends with the test. */
static bool mount_disk(void)
{
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", disk, "tmpfs", 0, "size=1m,mode=0755") == 0;
}

static int set_up(void **state)
{
    (void)state;
    char edit[256];
    kc_custodian_init(&custodian, "\"home\"");
    kc_custodian_stop(&custodian);
    snprintf(disk, sizeof disk, "%s/disk", custodian.folder);
    snprintf(filler, sizeof filler, "%s/filler", disk);
    assert_true(shell("mkdir %s", disk));
    has_disk = mount_disk();
    if (!has_disk)
        return 0;
    snprintf(edit, sizeof edit, "s|^store = .*|store = \"%s/store\";|", disk);
    change_settings(&custodian, edit, "");
    kc_custodian_start(&custodian);
    client = connect_to(&custodian);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kc_client_free(client);
    kc_custodian_stop(&custodian);
    if (has_disk)
        assert_int_equal(umount(disk), 0);
    kc_custodian_done(&custodian);
    return 0;
}

static void skip_without_disk(void)
{
    if (has_disk)
        return;
    print_message("[  SKIPPED ] a disk of its own can be mounted by root only\n");
    skip();
}

static enum kc_error add_key(void)
{
    static unsigned made;
    char label[32];
    assert_in_range(key_count, 0, KEYS_MAX - 1);
    snprintf(label, sizeof label, "key %u", made++);
    enum kc_error error =
        generate(client, "X25519", "application", "wrapped", label, &keys[key_count]);
    key_count += error == KC_OK;
    return error;
}

static void assert_all_keys_work(void)
{
    for (size_t i = 0; i < key_count; i++)
        assert_answer(use_key(client, &keys[i]), KC_OK);
}

static void fill_disk(void)
{
    static uint8_t octets[4096];
    int file = open(filler, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    while (write(file, octets, sizeof octets) > 0)
        continue;
    close(file);
}

static void assert_doctor_says(const char *check, const char *result)
{
    struct kc_client_answer *answer;
    bool said = false;
    assert_answer(ASK_NOTHING(client, DOCTOR, &answer), KC_OK);
    const struct kc_message *message = kc_client_answer_message(answer);
    for (size_t i = 0; i < message->item_count; i++)
        said = said || (kc_values_text_is(&message->items[i], KC_FIELD_CHECK, check) &&
                           kc_values_text_is(&message->items[i], KC_FIELD_RESULT, result));
    assert_true(said);
    kc_client_answer_free(answer);
}

static enum kc_error add_until_refused(void)
{
    enum kc_error error;
    while ((error = add_key()) == KC_OK)
        continue;
    return error;
}

static void a_full_store_says_so_loses_nothing_and_goes_on_with_room(void **state)
{
    (void)state;
    skip_without_disk();
    assert_answer(add_key(), KC_OK);
    fill_disk();
    assert_answer(add_until_refused(), KC_ERR_STORE_FULL);
    assert_answer(destroy_key(client, keys[0].id), KC_ERR_STORE_FULL);
    assert_doctor_says("store-writable", "fail");
    assert_all_keys_work(); /* what could not be destroyed too */
    assert_int_equal(unlink(filler), 0);
    assert_answer(add_key(), KC_OK);
    assert_answer(destroy_key(client, keys[0].id), KC_OK);
    assert_answer(use_key(client, &keys[0]), KC_ERR_REFUSED);
    keys[0] = keys[--key_count];
    assert_doctor_says("store-writable", "ok");
    assert_all_keys_work();
}

static void a_store_that_was_full_is_whole_after_a_kill(void **state)
{
    (void)state;
    skip_without_disk();
    fill_disk();
    assert_answer(add_until_refused(), KC_ERR_STORE_FULL);
    kc_client_free(client);
    kill_process(&custodian, SUPERVISOR);
    assert_int_equal(unlink(filler), 0);
    kc_custodian_start(&custodian);
    client = connect_to(&custodian);
    assert_all_keys_work();
    assert_answer(add_key(), KC_OK);
}

/* A backup is written to the disk that the store is on, and there is no room for it. */
static void a_backup_that_finds_no_room_is_removed_and_loses_nothing(void **state)
{
    (void)state;
    skip_without_disk();
    assert_answer(add_key(), KC_OK);
    fill_disk();
    assert_false(shell(COMMAND "store backup %s/backup --config %s/custodian.conf 2>%s/said", disk,
        custodian.folder, custodian.folder));
    assert_true(shell("grep -q store-full %s/said && [ ! -e %s/backup ]", custodian.folder, disk));
    assert_all_keys_work();
    assert_int_equal(unlink(filler), 0);
    assert_answer(add_key(), KC_OK);
    assert_true(shell(COMMAND "store backup %s/backup --config %s/custodian.conf && rm %s/backup",
        disk, custodian.folder, disk));
    assert_all_keys_work();
}

/* While a backup is made the log grows; before it could not be moved any more, the backup ends. */
static void changes_that_need_the_room_of_a_backup_are_stored_and_end_it(void **state)
{
    (void)state;
    skip_without_disk();
    enum kc_error error = KC_OK;
    assert_answer(ASK_NOTHING(client, STORE_BACKUP, NULL), KC_OK);
    for (int i = 0; error == KC_OK && i < 100; i++) /* more than the disk has room for in a log */
        error = add_key();
    assert_answer(error, KC_OK);
    assert_answer(ASK(client, STORE_BACKUP, NULL, TEXT(MODE, "end")), KC_ERR_STORE_BACKUP);
    assert_all_keys_work();
    assert_answer(ASK_NOTHING(client, STORE_BACKUP, NULL), KC_OK);
    assert_answer(ASK(client, STORE_BACKUP, NULL, TEXT(MODE, "end")), KC_OK);
}

static void a_disk_that_others_fill_during_a_backup_ends_it_and_loses_nothing(void **state)
{
    (void)state;
    skip_without_disk();
    assert_answer(ASK_NOTHING(client, STORE_BACKUP, NULL), KC_OK);
    assert_answer(add_key(), KC_OK);
    fill_disk();
    (void)add_until_refused();
    assert_answer(ASK(client, STORE_BACKUP, NULL, TEXT(MODE, "end")), KC_ERR_STORE_BACKUP);
    assert_all_keys_work();
    assert_int_equal(unlink(filler), 0);
    assert_answer(add_key(), KC_OK);
    assert_all_keys_work();
}

/* The files are open for writing already, so the disk itself has to refuse: a remount does if
 * nobody writes; the start finds it read-only. */
static void a_read_only_store_says_so_and_serves_again_when_it_is_not(void **state)
{
    (void)state;
    skip_without_disk();
    kc_client_free(client);
    kc_custodian_stop(&custodian);
    assert_int_equal(mount("none", disk, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
    kc_custodian_start(&custodian);
    client = connect_to(&custodian);
    assert_answer(add_key(), KC_ERR_STORE_READ_ONLY);
    assert_answer(use_key(client, &keys[0]), KC_ERR_STORE_READ_ONLY);
    assert_answer(ASK_NOTHING(client, STATUS, NULL), KC_OK);
    assert_doctor_says("store", "fail");
    kc_client_free(client);
    kc_custodian_stop(&custodian);
    assert_int_equal(mount("none", disk, "tmpfs", MS_REMOUNT, NULL), 0);
    kc_custodian_start(&custodian);
    client = connect_to(&custodian);
    assert_all_keys_work();
    assert_answer(add_key(), KC_OK);
}

static void a_store_of_another_owner_is_not_opened(void **state)
{
    (void)state;
    skip_without_disk();
    kc_client_free(client);
    kc_custodian_stop(&custodian);
    assert_true(shell("chmod 755 %s/store", disk));
    kc_custodian_start(&custodian);
    client = connect_to(&custodian);
    assert_answer(use_key(client, &keys[0]), KC_ERR_CONFIG_PERMISSIONS);
    kc_client_free(client);
    kc_custodian_stop(&custodian);
    assert_true(shell("chmod 700 %s/store", disk));
    kc_custodian_start(&custodian);
    client = connect_to(&custodian);
    assert_answer(use_key(client, &keys[0]), KC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_store_says_so_loses_nothing_and_goes_on_with_room),
        cmocka_unit_test(a_store_that_was_full_is_whole_after_a_kill),
        cmocka_unit_test(a_backup_that_finds_no_room_is_removed_and_loses_nothing),
        cmocka_unit_test(changes_that_need_the_room_of_a_backup_are_stored_and_end_it),
        cmocka_unit_test(a_disk_that_others_fill_during_a_backup_ends_it_and_loses_nothing),
        cmocka_unit_test(a_read_only_store_says_so_and_serves_again_when_it_is_not),
        cmocka_unit_test(a_store_of_another_owner_is_not_opened),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
