/* SPDX-License-Identifier: Apache-2.0 */
/* A root whose TPM, or what stands before it, does not behave. */
#include "tests/support/tpm_proxy.h"
#include "tests/tpm/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define COMMANDS_MAX 32 /* more than connecting and one operation need */
#define RC_RETRY 0x922u

struct faulty {
    struct fixture *fixture;
    struct kc_tpm_proxy proxy;
    struct kc_root *root; /* through the proxy */
    uint8_t blob[KC_ROOT_BLOB_MAX];
    size_t blob_size;
};

static int make_faulty(void **state)
{
    struct faulty *f = calloc(1, sizeof *f);
    void *fixture = NULL;
    assert_non_null(f);
    assert_int_equal(make_fixture(&fixture), 0);
    f->fixture = fixture;
    kc_tpm_proxy_init(&f->proxy, &f->fixture->tpm);
    f->fixture->settings.tcti = f->proxy.tcti;
    f->fixture->settings.pcr_mask = 1u << 7; /* the longer way: with a policy session */
    f->root = make_root(&f->fixture->settings);
    assert_int_equal(
        kc_root_seal(f->root, fixture_key, KC_ROOT_ABOUT_NOTHING, f->blob, &f->blob_size), KC_OK);
    *state = f;
    return 0;
}

static int drop_faulty(void **state)
{
    struct faulty *f = *state;
    void *fixture = f->fixture;
    kc_root_free(f->root);
    kc_tpm_proxy_done(&f->proxy);
    drop_fixture(&fixture);
    free(f);
    return 0;
}

/* Opens the blob; a key that comes out must be the right one. */
static enum kc_error unseal(struct faulty *f)
{
    uint8_t key[KC_ROOT_KEY_SIZE] = {0};
    enum kc_error error = kc_root_unseal(f->root, f->blob, f->blob_size, key);
    if (error == KC_OK)
        assert_memory_equal(key, fixture_key, sizeof key);
    else
        assert_string_not_equal(kc_root_cause(f->root), "");
    return error;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- the setting --- */

static void only_a_complete_address_is_accepted(void **state)
{
    (void)state;
    static const char *const bad[] = {
        NULL,
        "",
        "swtpm",
        "swtpm:",
        "swtpm:path=",
        "swtpm:path=relative",
        "swtpm:port=2321",
        "swtpm:host=127.0.0.1",
        "swtpm:host=127.0.0.1,port=",
        "swtpm:host=127.0.0.1,port=0",
        "swtpm:host=127.0.0.1,port=65536",
        "swtpm:host=127.0.0.1,port=2321x",
        "swtpm:host=tpm.example,port=2321",
        "swtpm:host=,port=2321",
        "device",
        "device:",
        "device:tpm0",
        "/dev/tpmrm0",
        "tabrmd",
        "tabrmd:bus_type=other",
        "tabrmd:bus_name=",
        "tabrmd:bus_name=a b",
        "tabrmd:bus_type=session,",
        "cmd:",
        "pcap:",
        "pcap:cmd:cat",
        "pcap:pcap:tabrmd:",
        "pcap:swtpm:",
        "mssim:host=127.0.0.1,port=2321",
    };
    static const char *const good[] = {"device:/dev/tpmrm0", "swtpm:path=/run/tpm",
        "swtpm:host=127.0.0.1,port=2321", "swtpm:host=::1,port=1", "swtpm:host=localhost,port=9",
        "tabrmd:", "tabrmd:bus_name=com.example.Tpm,bus_type=session", "cmd:tpm2_send",
        "pcap:device:/dev/tpm0"};
    setenv("TSS2_TCTI", "device:/dev/tpm0", 1); /* what others look at counts for nothing */
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct kc_root *root = NULL;
        assert_int_equal(
            kc_tpm2_new(&(struct kc_root_settings){.tcti = bad[i]}, &root), KC_ERR_CONFIG);
        assert_null(root);
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        kc_root_free(make_root(&(struct kc_root_settings){.tcti = good[i]}));
    unsetenv("TSS2_TCTI");
}

static void settings_out_of_range_are_refused(void **state)
{
    (void)state;
    static const struct kc_root_settings bad[] = {
        {.tcti = "device:/dev/tpm0", .srk_handle = 0x80000001},
        {.tcti = "device:/dev/tpm0", .srk_handle = 0x01500000},
        {.tcti = "device:/dev/tpm0", .pcr_mask = 1u << KC_ROOT_PCR_COUNT},
        {.tcti = "device:/dev/tpm0", .deadline_ms = 3600001},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct kc_root *root = NULL;
        assert_int_equal(kc_tpm2_new(&bad[i], &root), KC_ERR_CONFIG);
    }
}

static void the_library_logs_nothing_whatever_the_environment_says(void **state)
{
    struct faulty *f = *state;
    setenv("TSS2_LOG", "all+trace", 1);
    struct kc_root *root = make_root(&f->fixture->settings);
    assert_string_equal(getenv("TSS2_LOG"), "all+none");
    kc_root_free(root);
}

/* --- the TPM --- */

static void lockout_is_reported_and_does_not_stop_us(void **state)
{
    struct fixture *f = *state;
    uint8_t blob[KC_ROOT_BLOB_MAX], key[KC_ROOT_KEY_SIZE];
    size_t blob_size = 0;
    struct kc_root_status status;
    assert_int_equal(
        kc_root_seal(f->root, fixture_key, KC_ROOT_ABOUT_NOTHING, blob, &blob_size), KC_OK);
    kc_root_disconnect(f->root);
    assert_true(kc_swtpm_run(&f->tpm,
        "tpm2_nvdefine 0x1500001 -s 8 -a 'authread|authwrite' -p right && "
        "for i in 1 2 3 4; do ! tpm2_nvread 0x1500001 -P wrong || exit 1; done"));
    assert_int_equal(kc_root_status(f->root, &status), KC_OK);
    assert_true(status.in_lockout);
    assert_int_equal(status.lockout_counter, status.lockout_max_tries);
    assert_true(status.lockout_interval > 0);
    assert_int_equal(kc_root_unseal(f->root, blob, blob_size, key), KC_OK);
    assert_memory_equal(key, fixture_key, sizeof key);
    assert_int_equal(
        kc_root_seal(f->root, fixture_key, KC_ROOT_ABOUT_NOTHING, blob, &blob_size), KC_OK);
}

static void a_parent_under_lockout_is_named_as_that(void **state)
{
    struct fixture *f = *state;
    assert_true(kc_swtpm_run(&f->tpm,
        "tpm2_createprimary -G ecc -c primary -a "
        "'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|decrypt' && "
        "tpm2_evictcontrol -c primary 0x81000002 && "
        "tpm2_nvdefine 0x1500001 -s 8 -a 'authread|authwrite' -p right"));
    struct kc_root_settings settings = {.tcti = f->tpm.tcti, .srk_handle = 0x81000002};
    uint8_t name[KC_ROOT_NAME_SIZE], blob[KC_ROOT_BLOB_MAX];
    size_t blob_size = 0;
    struct kc_root *root = make_root(&settings);
    assert_int_equal(kc_root_provision(root, name), KC_OK);
    kc_root_free(root);
    assert_true(kc_swtpm_run(
        &f->tpm, "for i in 1 2 3 4; do ! tpm2_nvread 0x1500001 -P wrong || exit 1; done"));
    settings.srk_name = name;
    root = make_root(&settings);
    assert_int_equal(kc_root_seal(root, fixture_key, KC_ROOT_ABOUT_NOTHING, blob, &blob_size),
        KC_ERR_ROOT_LOCKOUT);
    kc_root_free(root);
}

/* Starts a session and leaves it there, as a process does that ends badly. */
static void leak_a_session(const struct kc_swtpm *tpm)
{
    static const uint8_t start_session[] = {
        0x80, 0x01, 0, 0, 0, 43, 0, 0, 0x01, 0x76,                    /* StartAuthSession */
        0x40, 0, 0, 0x07, 0x40, 0, 0, 0x07,                           /* no salt, not bound */
        0, 16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, /* nonce */
        0, 0, 0, 0, 0x10, 0, 0x0b,                                    /* HMAC, no cipher, SHA-256 */
    };
    _Static_assert(sizeof start_session == 43, "the size in the header");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, tpm->socket, sizeof address.sun_path - 1);
    uint8_t answer[256];
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(write(fd, start_session, sizeof start_session), sizeof start_session);
    assert_true(read(fd, answer, sizeof answer) > 10);
    assert_memory_equal(answer + 6, "\0\0\0\0", 4);
    close(fd);
}

static void what_others_left_in_the_tpm_is_flushed_at_the_start(void **state)
{
    struct fixture *f = *state;
    assert_true(kc_swtpm_run(&f->tpm, "tpm2_createprimary -c primary"));
    assert_int_not_equal(kc_swtpm_count_lines(&f->tpm, "tpm2_getcap handles-transient"), 0);
    for (int i = 0; i < 3; i++)
        leak_a_session(&f->tpm);
    assert_int_equal(kc_swtpm_count_lines(&f->tpm, "tpm2_getcap handles-loaded-session"), 3);
    uint8_t blob[KC_ROOT_BLOB_MAX];
    size_t blob_size = 0;
    assert_int_equal(
        kc_root_seal(f->root, fixture_key, KC_ROOT_ABOUT_NOTHING, blob, &blob_size), KC_OK);
    kc_root_disconnect(f->root);
    assert_int_equal(kc_swtpm_count_lines(&f->tpm, "tpm2_getcap handles-loaded-session"), 0);
    assert_int_equal(kc_swtpm_count_lines(&f->tpm, "tpm2_getcap handles-transient"), 0);
}

/* --- the connection --- */

static void a_tpm_that_died_is_unavailable_until_it_is_back(void **state)
{
    struct faulty *f = *state;
    kc_swtpm_kill(&f->fixture->tpm);
    assert_int_equal(unseal(f), KC_ERR_ROOT_UNAVAILABLE);
    assert_string_not_equal(kc_root_cause(f->root), "");
    assert_int_equal(unseal(f), KC_ERR_ROOT_UNAVAILABLE);
    kc_swtpm_start(&f->fixture->tpm);
    assert_int_equal(unseal(f), KC_OK);
    assert_string_equal(kc_root_cause(f->root), "");
}

static void a_tpm_that_restarted_between_two_operations_is_not_noticed(void **state)
{
    struct faulty *f = *state;
    kc_swtpm_kill(&f->fixture->tpm);
    kc_swtpm_start(&f->fixture->tpm);
    assert_int_equal(unseal(f), KC_OK);
}

static void is_unavailable_at_the_deadline(struct kc_root *root)
{
    struct kc_root_status status;
    int64_t start = now_ms();
    assert_int_equal(kc_root_status(root, &status), KC_ERR_ROOT_UNAVAILABLE);
    int64_t took = now_ms() - start;
    assert_in_range(took, 300, FIXTURE_DEADLINE_MS / 2);
}

/* Connections that it has not accepted yet, though whoever made them has left. */
static void fill_queue(const struct kc_swtpm *tpm)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    bool has_room = true;
    strcpy(address.sun_path, tpm->socket);
    while (has_room) {
        int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        has_room = connect(made, (const struct sockaddr *)&address, sizeof address) == 0;
        close(made);
    }
}

static void a_silent_tpm_is_waited_for_no_longer_than_the_deadline(void **state)
{
    struct fixture *f = *state;
    f->settings.deadline_ms = 300;
    struct kc_root *root = make_root(&f->settings);
    struct kc_root_status status;
    while (kc_root_status(root, &status) != KC_OK) /* on a busy machine even this may be late */
        continue;
    kc_swtpm_freeze(&f->tpm);
    is_unavailable_at_the_deadline(root); /* connected */
    is_unavailable_at_the_deadline(root); /* in line for a connection */
    fill_queue(&f->tpm);
    is_unavailable_at_the_deadline(root); /* in line for a place in line */
    kc_swtpm_thaw(&f->tpm);
    while (kc_root_status(root, &status) != KC_OK)
        continue;
    kc_root_free(root);
}

/* Each hook does its harm to answer number 0 from now on; the test sets count to choose it. */
static bool is_the_one(struct kc_tpm_proxy *proxy)
{
    return proxy->count-- == 0;
}

static size_t lose(struct kc_tpm_proxy *proxy, const uint8_t *command, size_t command_size,
    uint8_t *answer, size_t answer_size)
{
    (void)command;
    (void)command_size;
    (void)answer;
    return is_the_one(proxy) ? 0 : answer_size;
}

static void a_connection_may_break_after_any_command(void **state)
{
    struct faulty *f = *state;
    f->proxy.hook = lose;
    for (unsigned i = 0; i < COMMANDS_MAX; i++) {
        kc_root_disconnect(f->root);
        f->proxy.count = i;
        enum kc_error error = unseal(f);
        if (error != KC_OK)
            assert_int_equal(error, KC_ERR_ROOT_UNAVAILABLE);
        f->proxy.count = UINT32_MAX;
        assert_int_equal(unseal(f), KC_OK);
    }
}

static bool say_retry(
    struct kc_tpm_proxy *proxy, const uint8_t *command, uint8_t *answer, size_t *answer_size)
{
    (void)command;
    *answer_size = kc_tpm_proxy_answer_code(answer, RC_RETRY);
    return is_the_one(proxy);
}

static void a_busy_tpm_is_asked_again(void **state)
{
    struct faulty *f = *state;
    f->proxy.answers = say_retry;
    for (unsigned i = 0; i < COMMANDS_MAX; i++) {
        kc_root_disconnect(f->root);
        f->proxy.count = i;
        assert_int_equal(unseal(f), KC_OK);
    }
}

static bool always_say_retry(
    struct kc_tpm_proxy *proxy, const uint8_t *command, uint8_t *answer, size_t *answer_size)
{
    (void)command;
    proxy->count++;
    *answer_size = kc_tpm_proxy_answer_code(answer, RC_RETRY);
    return true;
}

static void a_tpm_that_stays_busy_is_unavailable(void **state)
{
    struct faulty *f = *state;
    kc_root_free(f->root);
    f->fixture->settings.deadline_ms = 1000; /* is waited for */
    f->root = make_root(&f->fixture->settings);
    f->proxy.answers = always_say_retry;
    assert_int_equal(unseal(f), KC_ERR_ROOT_UNAVAILABLE);
    assert_in_range(f->proxy.count, 2, 100);
    f->proxy.answers = NULL;
    enum kc_error error;
    while ((error = unseal(f)) == KC_ERR_ROOT_UNAVAILABLE) /* late, on a busy machine */
        continue;
    assert_int_equal(error, KC_OK);
}

/* --- answers that cannot be right --- */

static size_t claim_more(struct kc_tpm_proxy *proxy, const uint8_t *command, size_t command_size,
    uint8_t *answer, size_t answer_size)
{
    (void)command;
    (void)command_size;
    if (is_the_one(proxy))
        answer[2] = 1;
    return answer_size;
}

static size_t claim_less(struct kc_tpm_proxy *proxy, const uint8_t *command, size_t command_size,
    uint8_t *answer, size_t answer_size)
{
    (void)command;
    (void)command_size;
    if (is_the_one(proxy))
        memcpy(answer + 2, (uint8_t[]){0, 0, 0, 9}, 4);
    return answer_size;
}

static size_t cut(struct kc_tpm_proxy *proxy, const uint8_t *command, size_t command_size,
    uint8_t *answer, size_t answer_size)
{
    (void)command;
    (void)command_size;
    if (!is_the_one(proxy) || answer_size <= 11)
        return answer_size;
    answer_size -= 1;
    memcpy(answer + 2, (uint8_t[]){0, 0, (uint8_t)(answer_size >> 8), (uint8_t)answer_size}, 4);
    return answer_size;
}

static size_t fill(struct kc_tpm_proxy *proxy, const uint8_t *command, size_t command_size,
    uint8_t *answer, size_t answer_size)
{
    (void)command;
    (void)command_size;
    if (is_the_one(proxy))
        memset(answer + 10, 0xff, answer_size - 10);
    return answer_size;
}

static size_t strip_sessions(struct kc_tpm_proxy *proxy, const uint8_t *command,
    size_t command_size, uint8_t *answer, size_t answer_size)
{
    (void)command;
    (void)command_size;
    if (is_the_one(proxy))
        answer[1] = 0x01; /* TPM_ST_NO_SESSIONS */
    return answer_size;
}

static void malformed_answers_give_an_error_and_never_a_wrong_key(void **state)
{
    struct faulty *f = *state;
    static kc_tpm_proxy_hook *const harms[] = {claim_more, claim_less, cut, fill, strip_sessions};
    for (size_t h = 0; h < sizeof harms / sizeof harms[0]; h++) {
        f->proxy.hook = harms[h];
        for (unsigned i = 0; i < COMMANDS_MAX; i++) {
            kc_root_disconnect(f->root);
            f->proxy.count = i;
            (void)unseal(f); /* harm to a command that asks nothing of worth may pass */
            f->proxy.count = UINT32_MAX;
            assert_int_equal(unseal(f), KC_OK);
        }
    }
}

/* Changes one octet of the answer to Unseal: count is which. */
static size_t change_unsealed(struct kc_tpm_proxy *proxy, const uint8_t *command,
    size_t command_size, uint8_t *answer, size_t answer_size)
{
    (void)command_size;
    if (kc_tpm_proxy_command_code(command) == 0x15e && proxy->count < answer_size - 10)
        answer[10 + proxy->count] ^= 1;
    return answer_size;
}

static void an_unsealed_answer_with_any_octet_changed_is_refused(void **state)
{
    struct faulty *f = *state;
    /* parameter size, 2 + 66 octets, nonce 2 + 32, attributes, HMAC 2 + 32 */
    static const unsigned size = 4 + 68 + 34 + 1 + 34;
    f->proxy.hook = change_unsealed;
    for (unsigned i = 0; i < size; i++) {
        f->proxy.count = i;
        assert_int_not_equal(unseal(f), KC_OK);
    }
    f->proxy.count = size;
    assert_int_equal(unseal(f), KC_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_fixture, drop_fixture)
#define FAULT(name) cmocka_unit_test_setup_teardown(name, make_faulty, drop_faulty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_complete_address_is_accepted),
        cmocka_unit_test(settings_out_of_range_are_refused),
        FAULT(the_library_logs_nothing_whatever_the_environment_says),
        TEST(lockout_is_reported_and_does_not_stop_us),
        TEST(a_parent_under_lockout_is_named_as_that),
        TEST(what_others_left_in_the_tpm_is_flushed_at_the_start),
        FAULT(a_tpm_that_died_is_unavailable_until_it_is_back),
        FAULT(a_tpm_that_restarted_between_two_operations_is_not_noticed),
        TEST(a_silent_tpm_is_waited_for_no_longer_than_the_deadline),
        FAULT(a_connection_may_break_after_any_command),
        FAULT(a_busy_tpm_is_asked_again),
        FAULT(a_tpm_that_stays_busy_is_unavailable),
        FAULT(malformed_answers_give_an_error_and_never_a_wrong_key),
        FAULT(an_unsealed_answer_with_any_octet_changed_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
