/* SPDX-License-Identifier: Apache-2.0 */
/* The root process, in its sandbox, with the test as its supervisor and vault. */
#include "base/error.h"
#include "tests/support/tpm_proxy.h"
#include "tests/tpm/root_child.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* No text: it must not be in any memory by chance. */
static const uint8_t key[KC_ROOT_KEY_SIZE] = {0x9e, 0xf4, 0xd1, 0x3b, 0x6a, 0x07, 0xc2, 0x58, 0x80,
    0xe3, 0x1f, 0xb5, 0x49, 0x7d, 0xa6, 0xc2, 0x0b, 0x65, 0xf8, 0x91, 0x3e, 0xd4, 0x27, 0x7c, 0xa9,
    0x50, 0x0d, 0xe6, 0xb7, 0x1c, 0x8f, 0x43};

struct blob {
    uint8_t bytes[KC_ROOT_BLOB_MAX];
    size_t size;
};

/* Provisioned, the process not started yet. */
static int make_tpm(void **state)
{
    struct kc_swtpm *tpm = malloc(sizeof *tpm);
    assert_non_null(tpm);
    kc_swtpm_init(tpm);
    assert_int_equal(root_child_provision(tpm, tpm->tcti), 0);
    *state = tpm;
    return 0;
}

static int drop_tpm(void **state)
{
    kc_swtpm_done(*state);
    free(*state);
    return 0;
}

static struct blob ask_to_seal(struct root_child *child)
{
    const struct kc_root_request request = {
        .type = KC_ROOT_REQUEST_SEAL, .id = 1, .key = key, .about = key};
    struct kc_root_reply reply = root_child_ask(child, &request);
    assert_int_equal(reply.error, KC_OK);
    struct blob blob = {.size = reply.payload.size};
    memcpy(blob.bytes, reply.payload.bytes, blob.size);
    return blob;
}

static enum kc_error ask_to_unseal(struct root_child *child, const struct blob *blob)
{
    const struct kc_root_request request = {
        .type = KC_ROOT_REQUEST_UNSEAL, .id = 2, .blob = {blob->bytes, blob->size}};
    struct kc_root_reply reply = root_child_ask(child, &request);
    if (reply.error == KC_OK)
        assert_memory_equal(reply.payload.bytes, key, sizeof key);
    return reply.error;
}

/* The process pauses between its tries, so it may still say no for a moment. */
static enum kc_error ask_until_available(struct root_child *child, const struct blob *blob)
{
    enum kc_error error = KC_ERR_ROOT_UNAVAILABLE;
    for (int i = 0; i < 1000000 && error == KC_ERR_ROOT_UNAVAILABLE; i++)
        error = ask_to_unseal(child, blob);
    return error;
}

static void it_does_what_the_vault_asks(void **state)
{
    struct kc_swtpm *tpm = *state;
    struct root_child child;
    root_child_start(&child, tpm, tpm->tcti);
    struct blob blob = ask_to_seal(&child);
    assert_int_equal(ask_to_unseal(&child, &blob), KC_OK);
    blob.bytes[blob.size - 1] ^= 1;
    assert_int_equal(ask_to_unseal(&child, &blob), KC_ERR_RECORD_DAMAGED);

    const struct kc_root_request random = {
        .type = KC_ROOT_REQUEST_RANDOM, .id = 3, .random_size = 48};
    assert_int_equal(root_child_ask(&child, &random).error, KC_OK);

    const struct kc_root_request ask = {.type = KC_ROOT_REQUEST_STATUS, .id = 4};
    struct kc_root_status status;
    assert_int_equal(kc_root_status_read(root_child_ask(&child, &ask).payload, &status), KC_OK);
    assert_non_null(strstr(status.manufacturer, "IBM"));
    assert_int_equal(root_child_stop(&child), 0);
}

/* Searches what the host's administrator can read of a process. */
static bool is_in_memory_of(pid_t pid, const uint8_t *secret, size_t size)
{
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(path, "re");
    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    int memory = open(path, O_RDONLY | O_CLOEXEC);
    bool found = false;
    assert_non_null(maps);
    assert_true(memory >= 0);
    while (!found && fgets(line, sizeof line, maps)) {
        unsigned long start = 0, end = 0;
        char rights[5];
        assert_int_equal(sscanf(line, "%lx-%lx %4s", &start, &end, rights), 3);
        uint8_t *copy = rights[0] == 'r' ? malloc(end - start) : NULL;
        ssize_t got = copy ? pread(memory, copy, end - start, (off_t)start) : 0;
        found = got > 0 && memmem(copy, (size_t)got, secret, size);
        free(copy);
    }
    fclose(maps);
    close(memory);
    return found;
}

static void its_memory_shows_no_key_even_to_the_administrator(void **state)
{
    struct kc_swtpm *tpm = *state;
    struct root_child child;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* its heap is the sanitizer's, with terabytes of shadow */
#endif
    if (geteuid() != 0)
        skip(); /* nobody else can look */
    root_child_start(&child, tpm, tpm->tcti);
    struct blob blob = ask_to_seal(&child);
    assert_int_equal(ask_to_unseal(&child, &blob), KC_OK);
    for (size_t i = 0; i < sizeof key; i += 8)
        assert_false(is_in_memory_of(child.pid, key + i, 8));
    static const uint8_t there[] = "device:"; /* a text that the process does hold */
    assert_true(is_in_memory_of(child.pid, there, sizeof there));
    assert_int_equal(root_child_stop(&child), 0);
}

/* Whether /proc/PID/status has this line. */
static bool has_status(pid_t pid, const char *wanted)
{
    char path[64], line[256];
    bool found = false;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *status = fopen(path, "re");
    assert_non_null(status);
    while (!found && fgets(line, sizeof line, status))
        found = strncmp(line, wanted, strlen(wanted)) == 0;
    fclose(status);
    return found;
}

static void it_has_no_rights_but_the_ones_it_needs(void **state)
{
    struct kc_swtpm *tpm = *state;
    struct root_child child;
    char path[64];
    size_t descriptors = 0;
    root_child_start(&child, tpm, tpm->tcti);
    (void)ask_to_seal(&child);
    assert_true(has_status(child.pid, "NoNewPrivs:\t1"));
    assert_true(has_status(child.pid, "Seccomp:\t2"));
    if (geteuid() == 0) {
        assert_true(has_status(child.pid, "Uid:\t64003\t64003\t64003\t64003"));
        assert_true(has_status(child.pid, "CapEff:\t0000000000000000"));
        snprintf(path, sizeof path, "/proc/%d/fd", (int)child.pid);
        DIR *folder = opendir(path);
        assert_non_null(folder);
        for (const struct dirent *entry; (entry = readdir(folder));)
            descriptors += entry->d_name[0] != '.';
        closedir(folder);
        assert_int_equal(descriptors, 6); /* 0, 1, 2, the supervisor, the vault, the TPM */
    }
    assert_int_equal(root_child_stop(&child), 0);
}

static void a_malformed_request_ends_it(void **state)
{
    struct kc_swtpm *tpm = *state;
    static const uint8_t too_long[KC_ROOT_REQUEST_MAX + 1] = {KC_ROOT_REQUEST_UNSEAL};
    static const struct {
        const void *packet;
        size_t size;
    } cases[] = {{"\x09\0\0\0\1", 5}, {"\4\0\0\0\1\1", 6}, {"\4", 1}, {too_long, sizeof too_long}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct root_child child;
        root_child_start(&child, tpm, tpm->tcti);
        assert_int_equal(send(child.vault, cases[i].packet, cases[i].size, 0), cases[i].size);
        assert_int_equal(root_child_wait(&child), KC_CLASS_INTERNAL);
    }
}

static void it_starts_without_a_tpm_and_finds_it_when_it_comes(void **state)
{
    struct kc_swtpm *tpm = *state;
    struct root_child child;
    root_child_start(&child, tpm, tpm->tcti);
    struct blob blob = ask_to_seal(&child);
    assert_int_equal(root_child_stop(&child), 0);
    kc_swtpm_kill(tpm);
    root_child_start(&child, tpm, tpm->tcti);
    assert_int_equal(ask_to_unseal(&child, &blob), KC_ERR_ROOT_UNAVAILABLE);
    kc_swtpm_start(tpm);
    assert_int_equal(ask_until_available(&child, &blob), KC_OK);
    assert_int_equal(root_child_stop(&child), 0);
}

static void a_tpm_that_went_away_is_found_again(void **state)
{
    struct kc_swtpm *tpm = *state;
    struct root_child child;
    root_child_start(&child, tpm, tpm->tcti);
    struct blob blob = ask_to_seal(&child);
    kc_swtpm_kill(tpm);
    assert_int_equal(ask_to_unseal(&child, &blob), KC_ERR_ROOT_UNAVAILABLE);
    kc_swtpm_start(tpm);
    assert_int_equal(ask_until_available(&child, &blob), KC_OK);
    assert_int_equal(root_child_stop(&child), 0);
    root_child_start_impatient(&child, tpm);
    assert_int_equal(ask_until_available(&child, &blob), KC_OK);
    kc_swtpm_freeze(tpm);
    assert_int_equal(ask_to_unseal(&child, &blob), KC_ERR_ROOT_UNAVAILABLE);
    kc_swtpm_thaw(tpm);
    assert_int_equal(ask_until_available(&child, &blob), KC_OK);
    assert_int_equal(root_child_stop(&child), 0);
}

static void another_tpm_in_its_place_is_refused(void **state)
{
    struct kc_swtpm *tpm = *state;
    struct root_child child;
    root_child_start(&child, tpm, tpm->tcti);
    struct blob blob = ask_to_seal(&child);
    kc_swtpm_kill(tpm);
    kc_swtpm_forget(tpm);
    kc_swtpm_start(tpm);
    assert_int_equal(ask_to_unseal(&child, &blob), KC_ERR_ROOT_CHANGED);
    assert_int_equal(root_child_stop(&child), 0);
}

static void it_works_over_tcp_too(void **state)
{
    struct kc_swtpm *tpm = *state;
    struct kc_tpm_proxy proxy;
    struct root_child child;
    kc_tpm_proxy_init_tcp(&proxy, tpm);
    root_child_start(&child, tpm, proxy.tcti);
    struct blob blob = ask_to_seal(&child);
    kc_swtpm_kill(tpm);
    assert_int_equal(ask_to_unseal(&child, &blob), KC_ERR_ROOT_UNAVAILABLE);
    kc_swtpm_start(tpm);
    assert_int_equal(ask_until_available(&child, &blob), KC_OK);
    assert_int_equal(root_child_stop(&child), 0);
    kc_tpm_proxy_done(&proxy);
}

static size_t claim_no_size(struct kc_tpm_proxy *proxy, const uint8_t *command, size_t command_size,
    uint8_t *answer, size_t answer_size)
{
    (void)proxy;
    (void)command;
    (void)command_size;
    answer[5] = 9;
    return answer_size;
}

/* No TPM's device is to be had in a test: a terminal is one that carries octets as well. */
static void it_works_on_a_device_too(void **state)
{
    struct kc_swtpm *tpm = *state;
    struct kc_tpm_proxy proxy;
    struct root_child child;
    kc_tpm_proxy_init_device(&proxy, tpm);
    root_child_start(&child, tpm, proxy.tcti);
    struct blob blob = ask_to_seal(&child);
    assert_int_equal(ask_to_unseal(&child, &blob), KC_OK);
    proxy.hook = claim_no_size;
    assert_int_equal(ask_to_unseal(&child, &blob), KC_ERR_ROOT_ANSWER);
    proxy.hook = NULL;
    assert_int_equal(ask_to_unseal(&child, &blob), KC_OK); /* opened anew, in the sandbox */
    assert_int_equal(root_child_stop(&child), 0);
    kc_tpm_proxy_done(&proxy);
}

static void a_restarted_vault_gets_a_new_edge(void **state)
{
    struct kc_swtpm *tpm = *state;
    struct root_child child;
    root_child_start(&child, tpm, tpm->tcti);
    struct blob blob = ask_to_seal(&child);
    root_child_restart_vault(&child);
    assert_int_equal(ask_to_unseal(&child, &blob), KC_OK);
    root_child_restart_vault(&child);
    assert_int_equal(ask_to_unseal(&child, &blob), KC_OK);
    assert_int_equal(root_child_stop(&child), 0);
}

static void stopping_leaves_nothing_in_the_tpm(void **state)
{
    struct kc_swtpm *tpm = *state;
    struct root_child child;
    root_child_start(&child, tpm, tpm->tcti);
    (void)ask_to_seal(&child);
    assert_int_equal(root_child_stop(&child), 0);
    assert_int_equal(kc_swtpm_count_lines(tpm, "tpm2_getcap handles-transient"), 0);
    assert_int_equal(kc_swtpm_count_lines(tpm, "tpm2_getcap handles-loaded-session"), 0);
}

static void it_ends_when_its_supervisor_is_gone(void **state)
{
    struct kc_swtpm *tpm = *state;
    struct root_child child;
    root_child_start(&child, tpm, tpm->tcti);
    shutdown(child.control, SHUT_RDWR);
    assert_int_equal(root_child_wait(&child), KC_CLASS_INTERNAL);
}

static void without_a_pin_it_says_so(void **state)
{
    struct kc_swtpm *tpm = *state;
    struct root_child child;
    char path[128];
    root_child_path(tpm, "srk.name", path);
    assert_int_equal(unlink(path), 0);
    root_child_start(&child, tpm, tpm->tcti);
    const struct kc_root_request request = {
        .type = KC_ROOT_REQUEST_SEAL, .id = 1, .key = key, .about = key};
    assert_int_equal(root_child_ask(&child, &request).error, KC_ERR_ROOT_NOT_PROVISIONED);
    assert_int_equal(root_child_stop(&child), 0);
}

static void a_pin_that_others_can_write_is_not_believed(void **state)
{
    struct kc_swtpm *tpm = *state;
    char path[128];
    root_child_path(tpm, "srk.name", path);
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(root_child_provision(tpm, tpm->tcti), KC_CLASS_CONFIG);
}

/* The pin's octets as they are in the file. */
static size_t read_pin(const struct kc_swtpm *tpm, char text[static 80])
{
    char path[128];
    root_child_path(tpm, "srk.name", path);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    size_t size = fread(text, 1, 80, file);
    fclose(file);
    return size;
}

static void provisioning_pins_once_and_never_another(void **state)
{
    struct kc_swtpm *tpm = *state;
    char first[80], again[80], path[128];
    struct stat status;
    assert_int_equal(read_pin(tpm, first), 2 * KC_ROOT_NAME_SIZE + 1);
    assert_memory_equal(first, "000b", 4);
    root_child_path(tpm, "srk.name", path);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0644);

    assert_int_equal(root_child_provision(tpm, tpm->tcti), 0);
    kc_swtpm_kill(tpm);
    kc_swtpm_forget(tpm);
    kc_swtpm_start(tpm);
    assert_int_equal(root_child_provision(tpm, tpm->tcti), KC_CLASS_HARDWARE);
    assert_int_equal(read_pin(tpm, again), 2 * KC_ROOT_NAME_SIZE + 1);
    assert_memory_equal(again, first, 2 * KC_ROOT_NAME_SIZE + 1);
    assert_int_equal(kc_swtpm_count_lines(tpm, "ls | grep srk"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_tpm, drop_tpm)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_does_what_the_vault_asks),
        TEST(its_memory_shows_no_key_even_to_the_administrator),
        TEST(it_has_no_rights_but_the_ones_it_needs),
        TEST(a_malformed_request_ends_it),
        TEST(it_starts_without_a_tpm_and_finds_it_when_it_comes),
        TEST(a_tpm_that_went_away_is_found_again),
        TEST(another_tpm_in_its_place_is_refused),
        TEST(it_works_over_tcp_too),
        TEST(it_works_on_a_device_too),
        TEST(a_restarted_vault_gets_a_new_edge),
        TEST(stopping_leaves_nothing_in_the_tpm),
        TEST(it_ends_when_its_supervisor_is_gone),
        TEST(without_a_pin_it_says_so),
        TEST(a_pin_that_others_can_write_is_not_believed),
        TEST(provisioning_pins_once_and_never_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
