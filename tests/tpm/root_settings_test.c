/* SPDX-License-Identifier: Apache-2.0 */
/* The root's settings and its pin, as the host's owner wrote them. */
#include "custodian/root/login.h"
#include "custodian/root/pin.h"
#include "custodian/root/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void pcrs_are_numbers_of_the_sha256_bank(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t mask;
        enum kc_error error;
    } cases[] = {
        {"", 0, KC_OK},
        {"sha256:0", 1, KC_OK},
        {"sha256:0,7", 0x81, KC_OK},
        {"sha256:23,23", 1u << 23, KC_OK},
        {"sha256:", 0, KC_ERR_CONFIG},
        {"sha256:24", 0, KC_ERR_CONFIG},
        {"sha256:-1", 0, KC_ERR_CONFIG},
        {"sha256:0,", 0, KC_ERR_CONFIG},
        {"sha256:,0", 0, KC_ERR_CONFIG},
        {"sha256:0 7", 0, KC_ERR_CONFIG},
        {"sha256:18446744073709551616", 0, KC_ERR_CONFIG},
        {"sha1:0", 0, KC_ERR_CONFIG},
        {"0,7", 0, KC_ERR_CONFIG},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct kc_config_root config = {.tcti = "device:/dev/tpmrm0", .timeout_s = 3};
        struct kc_root_settings settings = {.pcr_mask = 0};
        strcpy(config.pcrs, cases[i].text);
        assert_int_equal(kc_root_settings_read(&config, NULL, &settings), cases[i].error);
        assert_int_equal(settings.pcr_mask, cases[i].mask);
        if (cases[i].error == KC_OK)
            assert_int_equal(settings.deadline_ms, 3000);
    }
}

static char folder[] = "/tmp/kc-pin-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/kc-pin-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/srk.name", folder);
    return 0;
}

static int drop_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder); /* fails if anything else was left there */
}

static void write_file(const char *text, size_t size)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void a_pin_is_read_as_it_was_written(void **state)
{
    (void)state;
    uint8_t name[KC_ROOT_NAME_SIZE], read[KC_ROOT_NAME_SIZE];
    struct kc_config_problem problem;
    struct stat status;
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = (uint8_t)(i * 37 + 0xa1);
    assert_int_equal(kc_root_pin_read(path, read, &problem), KC_ERR_ROOT_NOT_PROVISIONED);
    assert_int_equal(kc_root_pin_write(path, name), KC_OK);
    assert_int_equal(kc_root_pin_read(path, read, &problem), KC_OK);
    assert_memory_equal(read, name, sizeof name);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0644);
}

static void a_pin_that_is_there_is_left_alone(void **state)
{
    (void)state;
    uint8_t first[KC_ROOT_NAME_SIZE] = {1}, second[KC_ROOT_NAME_SIZE] = {2};
    uint8_t read[KC_ROOT_NAME_SIZE];
    struct kc_config_problem problem;
    assert_int_equal(kc_root_pin_write(path, first), KC_OK);
    assert_int_equal(kc_root_pin_write(path, second), KC_ERR_EXISTS);
    assert_int_equal(kc_root_pin_read(path, read, &problem), KC_OK);
    assert_memory_equal(read, first, sizeof first);
}

static void a_pin_in_no_folder_cannot_be_written(void **state)
{
    (void)state;
    uint8_t name[KC_ROOT_NAME_SIZE] = {1};
    assert_int_equal(kc_root_pin_write("/nowhere/at/all/srk.name", name), KC_ERR_FILE);
}

static void what_is_no_pin_is_refused(void **state)
{
    (void)state;
    char good[2 * KC_ROOT_NAME_SIZE + 3];
    uint8_t name[KC_ROOT_NAME_SIZE];
    struct kc_config_problem problem = {""};
    size_t size = 2 * KC_ROOT_NAME_SIZE;
    memset(good, 'a', sizeof good);
    good[size] = '\n';
    write_file(good, size + 1);
    assert_int_equal(kc_root_pin_read(path, name, &problem), KC_OK);
    for (size_t cut = 0; cut <= size; cut++) {
        write_file(good, cut);
        assert_int_equal(kc_root_pin_read(path, name, &problem), KC_ERR_CONFIG);
        assert_string_not_equal(problem.text, "");
    }
    write_file(good, size + 2);
    assert_int_equal(kc_root_pin_read(path, name, &problem), KC_ERR_CONFIG);
    static const char not_digits[] = {'A', 'g', '/', ':', '`', ' ', '\n'};
    for (size_t i = 0; i < sizeof not_digits; i++) {
        good[5] = not_digits[i];
        write_file(good, size + 1);
        assert_int_equal(kc_root_pin_read(path, name, &problem), KC_ERR_CONFIG);
    }
}

static void a_pin_that_others_could_have_written_is_not_believed(void **state)
{
    (void)state;
    uint8_t name[KC_ROOT_NAME_SIZE] = {1};
    struct kc_config_problem problem;
    assert_int_equal(kc_root_pin_write(path, name), KC_OK);
    assert_int_equal(chmod(path, 0664), 0);
    assert_int_equal(kc_root_pin_read(path, name, &problem), KC_ERR_CONFIG_PERMISSIONS);
}

/* --- the PIN of a token --- */

static enum kc_error read_login(struct kc_secret *pin)
{
    struct kc_config_problem problem = {""};
    enum kc_error error = kc_root_login_read(path, pin, &problem);
    assert_int_equal(error == KC_OK, problem.text[0] == 0);
    return error;
}

static void a_tokens_pin_is_the_file_without_its_line_feed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
    } cases[] = {{"1234\n", 4}, {"1234", 4}, {" 12\n34\n\n", 7}, {"1", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        KC_AUTO_SECRET pin = {0};
        write_file(cases[i].text, strlen(cases[i].text));
        assert_int_equal(chmod(path, 0600), 0);
        assert_int_equal(read_login(&pin), KC_OK);
        assert_int_equal(pin.size, cases[i].size);
        assert_memory_equal(pin.bytes, cases[i].text, pin.size);
        assert_true(kc_arena_holds(pin.bytes));
    }
}

static void a_tokens_pin_of_no_octets_or_too_many_is_refused(void **state)
{
    (void)state;
    char text[KC_HSM_PIN_MAX + 2];
    struct kc_secret pin = {0};
    memset(text, '7', sizeof text);
    assert_int_equal(read_login(&pin), KC_ERR_CONFIG); /* no such file */
    static const size_t wrong[] = {0, KC_HSM_PIN_MAX + 1, KC_HSM_PIN_MAX + 2};
    for (size_t i = 0; i < 3; i++) {
        write_file(text, wrong[i]);
        assert_int_equal(chmod(path, 0600), 0);
        assert_int_equal(read_login(&pin), KC_ERR_CONFIG);
    }
    write_file("\n", 1);
    assert_int_equal(read_login(&pin), KC_ERR_CONFIG);
    write_file(text, KC_HSM_PIN_MAX);
    assert_int_equal(read_login(&pin), KC_OK);
    kc_secret_done(&pin);
}

static void a_tokens_pin_that_others_can_read_is_refused(void **state)
{
    (void)state;
    static const mode_t wrong[] = {0640, 0604, 0620, 0602, 0610};
    struct kc_secret pin = {0};
    write_file("1234\n", 5);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(chmod(path, wrong[i]), 0);
        assert_int_equal(read_login(&pin), KC_ERR_CONFIG_PERMISSIONS);
        assert_null(pin.bytes);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, drop_folder)

int main(void)
{
    if (kc_arena_init((size_t)64 * 1024) != KC_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pcrs_are_numbers_of_the_sha256_bank),
        TEST(a_pin_is_read_as_it_was_written),
        TEST(a_pin_that_is_there_is_left_alone),
        TEST(a_pin_in_no_folder_cannot_be_written),
        TEST(what_is_no_pin_is_refused),
        TEST(a_pin_that_others_could_have_written_is_not_believed),
        TEST(a_tokens_pin_is_the_file_without_its_line_feed),
        TEST(a_tokens_pin_of_no_octets_or_too_many_is_refused),
        TEST(a_tokens_pin_that_others_can_read_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
