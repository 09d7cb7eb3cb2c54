/* SPDX-License-Identifier: Apache-2.0 */
/* Files: whole or not at all, with the mode asked for, and PINs. */
#include "custodian/cli/file.h"
#include "custodian/cli/write.h"
#include "tests/support/cmocka.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static struct kc_cli cli;

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/custodian-file-XXXXXX");
    memset(&cli, 0, sizeof cli);
    cli.values[KC_CLI_FORCE] = "";
    umask(022);
    return mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

static struct kc_span span_of(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

static void put(const char *path, const char *text)
{
    assert_int_equal(kc_cli_write(&cli, path, span_of(text), 0644), KC_OK);
}

static void assert_holds(const char *path, const char *text)
{
    struct kc_cli_octets octets = {NULL, 0};
    assert_int_equal(kc_cli_read(&cli, path, 1000, &octets), KC_OK);
    assert_int_equal(octets.size, strlen(text));
    assert_memory_equal(octets.bytes, text, octets.size);
    kc_cli_octets_done(&octets);
}

static void writes_secrets_for_the_owner_alone(void **state)
{
    (void)state;
    struct stat status;
    put("open", "old"); /* the old file's mode is not kept */
    assert_int_equal(kc_cli_write(&cli, "open", span_of("secret"), 0600), KC_OK);
    assert_int_equal(stat("open", &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_holds("open", "secret");
}

static void leaves_the_old_file_and_nothing_else_when_it_cannot_write(void **state)
{
    (void)state;
    put("kept", "old");
    assert_int_equal(kc_cli_write(&cli, "nowhere/file", span_of("new"), 0644), KC_ERR_FILE);
    assert_int_equal(mkdir("folder", 0755), 0);
    assert_int_equal(kc_cli_write(&cli, "folder", span_of("new"), 0644), KC_ERR_FILE);
    assert_int_equal(system("[ \"$(ls)\" = \"$(printf 'folder\\nkept')\" ]"), 0);
    assert_holds("kept", "old");
}

static void replaces_no_file_unless_that_is_asked_for(void **state)
{
    (void)state;
    put("kept", "old");
    cli.values[KC_CLI_FORCE] = NULL;
    assert_int_equal(kc_cli_write(&cli, "kept", span_of("new"), 0644), KC_ERR_FILE);
    assert_int_equal(symlink("absent", "link"), 0);
    assert_int_equal(kc_cli_write(&cli, "link", span_of("new"), 0644), KC_ERR_FILE);
    assert_int_equal(kc_cli_write(&cli, "/dev/null", span_of("new"), 0644), KC_OK);
    assert_holds("kept", "old");
}

static void keeps_the_octets_when_only_the_name_cannot_be_given(void **state)
{
    (void)state;
    struct kc_cli_target target;
    cli.values[KC_CLI_FORCE] = NULL;
    assert_int_equal(kc_cli_target_open(&cli, "late", 0644, 1000, &target), KC_OK);
    assert_int_equal(access("late", F_OK), -1);
    char *beside = strdup(target.beside);
    struct stat status;
    assert_int_equal(stat(beside, &status), 0);
    assert_int_equal(status.st_size, 1000); /* reserved */
    assert_int_equal(symlink("elsewhere", "late"), 0);
    assert_int_equal(kc_cli_target_write(&cli, &target, span_of("all there is")), KC_ERR_FILE);
    kc_cli_target_done(&target);
    assert_holds(beside, "all there is");
    free(beside);
}

static void refuses_a_file_whose_space_cannot_be_reserved(void **state)
{
    (void)state;
    struct kc_cli_target target;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){999, before.rlim_max});
    enum kc_error error = kc_cli_target_open(&cli, "large", 0644, 1000, &target);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(error, KC_ERR_FILE);
    assert_int_equal(system("[ -z \"$(ls)\" ]"), 0);
}

static void removes_a_new_file_that_nothing_was_written_to(void **state)
{
    (void)state;
    struct kc_cli_target target;
    assert_int_equal(kc_cli_target_open(&cli, "never", 0644, 1000, &target), KC_OK);
    kc_cli_target_done(&target);
    assert_int_equal(rmdir(folder), 0); /* it is empty */
    assert_int_equal(mkdir(folder, 0755), 0);
}

static void refuses_to_read_more_than_the_limit(void **state)
{
    (void)state;
    struct kc_cli_octets octets = {NULL, 0};
    put("four", "four");
    assert_int_equal(kc_cli_read(&cli, "four", 4, &octets), KC_OK);
    kc_cli_octets_done(&octets);
    assert_int_equal(kc_cli_read(&cli, "four", 3, &octets), KC_ERR_TOO_LARGE);
    assert_int_equal(kc_cli_read(&cli, "absent", 3, &octets), KC_ERR_FILE);
    assert_null(octets.bytes);
}

static void reads_files_that_need_a_larger_buffer(void **state)
{
    (void)state;
    size_t size = 300001;
    struct kc_cli_octets octets = {malloc(size), size}, again = {NULL, 0};
    for (size_t i = 0; i < size; i++)
        octets.bytes[i] = (uint8_t)(i * 7 + i / 251);
    assert_int_equal(kc_cli_write(&cli, "large", kc_cli_span(&octets), 0644), KC_OK);
    assert_int_equal(kc_cli_read(&cli, "large", size, &again), KC_OK);
    assert_int_equal(again.size, size);
    assert_memory_equal(again.bytes, octets.bytes, size);
    kc_cli_octets_done(&octets);
    kc_cli_octets_done(&again);
}

static void names_an_output_that_does_not_exist_yet(void **state)
{
    (void)state;
    char *path = NULL;
    assert_int_equal(kc_cli_output_path(&cli, "file", ".dare", true, &path), KC_OK);
    assert_string_equal(path, "file.dare");
    free(path);
    assert_int_equal(kc_cli_output_path(&cli, "file.dare", ".dare", false, &path), KC_OK);
    assert_string_equal(path, "file");
    free(path);
    assert_int_equal(kc_cli_output_path(&cli, "file", ".dare", false, &path), KC_ERR_USAGE);
    assert_int_equal(kc_cli_output_path(&cli, ".dare", ".dare", false, &path), KC_ERR_USAGE);
    assert_int_equal(kc_cli_output_path(&cli, "-", ".dare", true, &path), KC_ERR_USAGE);
    put("file", "old");
    cli.values[KC_CLI_FORCE] = NULL;
    assert_int_equal(kc_cli_output_path(&cli, "file.dare", ".dare", false, &path), KC_ERR_FILE);
    cli.values[KC_CLI_OUTPUT] = "file";
    assert_int_equal(kc_cli_output_path(&cli, "-", ".dare", true, &path), KC_ERR_FILE);
    cli.values[KC_CLI_FORCE] = "";
    assert_int_equal(kc_cli_output_path(&cli, "-", ".dare", true, &path), KC_OK);
    assert_string_equal(path, "file");
    free(path);
}

static void reads_a_pin_without_the_line_feed(void **state)
{
    (void)state;
    uint8_t pin[KC_CLI_PIN_MAX];
    size_t size = 0;
    cli.values[KC_CLI_PIN_FILE] = "pin";
    umask(077);
    put("pin", "12345678\n");
    assert_int_equal(
        kc_cli_read_pin(&cli, KC_CLI_PIN_FILE, "PIN", KC_CLI_PIN_ONCE, KC_CLI_PIN_MIN, pin, &size),
        KC_OK);
    assert_int_equal(size, 8);
    assert_memory_equal(pin, "12345678", 8);
}

static void refuses_a_pin_that_is_too_short_or_too_long(void **state)
{
    (void)state;
    static const char *const pins[] = {"", "1234567", "1234567\n",
        "12345678901234567890123456789012345678901234567890123456789012345",
        "123456789012345678901234567890123456789012345678901234567890123456789"};
    uint8_t pin[KC_CLI_PIN_MAX];
    size_t size;
    cli.values[KC_CLI_PIN_FILE] = "pin";
    umask(077);
    for (size_t i = 0; i < sizeof pins / sizeof *pins; i++) {
        put("pin", pins[i]);
        assert_int_equal(kc_cli_read_pin(&cli, KC_CLI_PIN_FILE, "PIN", KC_CLI_PIN_ONCE,
                             KC_CLI_PIN_MIN, pin, &size),
            KC_ERR_BAD_ARGUMENT);
    }
}

static void refuses_a_pin_in_a_file_that_others_may_use(void **state)
{
    (void)state;
    static const mode_t modes[] = {0640, 0604, 0620};
    uint8_t pin[KC_CLI_PIN_MAX];
    size_t size;
    cli.values[KC_CLI_PIN_FILE] = "pin";
    put("pin", "12345678");
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(chmod("pin", modes[i]), 0);
        assert_int_equal(kc_cli_read_pin(&cli, KC_CLI_PIN_FILE, "PIN", KC_CLI_PIN_ONCE,
                             KC_CLI_PIN_MIN, pin, &size),
            KC_ERR_BAD_ARGUMENT);
    }
    assert_int_equal(chmod("pin", 0400), 0);
    assert_int_equal(
        kc_cli_read_pin(&cli, KC_CLI_PIN_FILE, "PIN", KC_CLI_PIN_ONCE, KC_CLI_PIN_MIN, pin, &size),
        KC_OK);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(writes_secrets_for_the_owner_alone),
        CASE(leaves_the_old_file_and_nothing_else_when_it_cannot_write),
        CASE(replaces_no_file_unless_that_is_asked_for),
        CASE(keeps_the_octets_when_only_the_name_cannot_be_given),
        CASE(refuses_a_file_whose_space_cannot_be_reserved),
        CASE(removes_a_new_file_that_nothing_was_written_to),
        CASE(refuses_to_read_more_than_the_limit),
        CASE(reads_files_that_need_a_larger_buffer),
        CASE(names_an_output_that_does_not_exist_yet),
        CASE(reads_a_pin_without_the_line_feed),
        CASE(refuses_a_pin_that_is_too_short_or_too_long),
        CASE(refuses_a_pin_in_a_file_that_others_may_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
