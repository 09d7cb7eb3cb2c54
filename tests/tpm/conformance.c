/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tpm/conformance.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t sealing_key[KC_ROOT_KEY_SIZE] = "a key that is never put in clear";

static const struct conformance_hardware *hardware;
static uint8_t name[KC_ROOT_NAME_SIZE]; /* of the hardware */
static struct kc_root *root;            /* pinned to it, not connected yet */

struct blob {
    uint8_t bytes[KC_ROOT_BLOB_MAX];
    size_t size;
};

void conformance_provision(
    const struct conformance_hardware *chosen, uint8_t provisioned[static KC_ROOT_NAME_SIZE])
{
    struct kc_root *owner = chosen->root(NULL);
    enum kc_error error = kc_root_provision(owner, provisioned);
    if (error != KC_OK)
        fail_msg("provisioning: %s: %s", kc_error_name(error), kc_root_cause(owner));
    kc_root_free(owner);
}

void conformance_tell_cause(const struct kc_root *of)
{
    if (kc_root_cause(of)[0] != 0)
        print_message("the last call's cause: %s\n", kc_root_cause(of));
}

static void provision(uint8_t provisioned[static KC_ROOT_NAME_SIZE])
{
    conformance_provision(hardware, provisioned);
}

static int set_up(void **state)
{
    (void)state;
    hardware->make();
    provision(name);
    root = hardware->root(name);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    conformance_tell_cause(root);
    kc_root_free(root);
    hardware->drop();
    return 0;
}

static struct blob seal(struct kc_root *with)
{
    struct blob blob = {.size = 0};
    enum kc_error error =
        kc_root_seal(with, sealing_key, KC_ROOT_ABOUT_NOTHING, blob.bytes, &blob.size);
    if (error != KC_OK)
        fail_msg("sealing: %s: %s", kc_error_name(error), kc_root_cause(with));
    assert_string_equal(kc_root_cause(with), "");
    return blob;
}

static void assert_opens(struct kc_root *with, const struct blob *blob)
{
    uint8_t key[KC_ROOT_KEY_SIZE] = {0};
    enum kc_error error = kc_root_unseal(with, blob->bytes, blob->size, key);
    if (error != KC_OK)
        fail_msg("opening: %s: %s", kc_error_name(error), kc_root_cause(with));
    assert_memory_equal(key, sealing_key, sizeof key);
}

static void assert_refused(struct kc_root *with, const struct blob *blob, enum kc_error expected)
{
    static const uint8_t untouched[KC_ROOT_KEY_SIZE] = {0};
    uint8_t key[KC_ROOT_KEY_SIZE] = {0};
    enum kc_error error = kc_root_unseal(with, blob->bytes, blob->size, key);
    if (error != expected)
        fail_msg(
            "%s, not %s: %s", kc_error_name(error), kc_error_name(expected), kc_root_cause(with));
    assert_string_not_equal(kc_root_cause(with), "");
    assert_memory_equal(key, untouched, sizeof key);
}

/* --- the pin --- */

static void provisioning_again_finds_what_the_first_made(void **state)
{
    (void)state;
    uint8_t again[KC_ROOT_NAME_SIZE];
    provision(again);
    assert_memory_equal(again, name, sizeof again);
    assert_int_equal(kc_root_provision(root, again), KC_OK);
    assert_memory_equal(again, name, sizeof again);
    assert_int_equal(hardware->count_remains(), 0);
}

static void without_a_pin_nothing_is_done(void **state)
{
    (void)state;
    struct kc_root *unpinned = hardware->root(NULL);
    struct blob blob = {.size = 0};
    uint8_t random[8];
    assert_int_equal(kc_root_connect(unpinned), KC_ERR_ROOT_NOT_PROVISIONED);
    assert_int_equal(
        kc_root_seal(unpinned, sealing_key, KC_ROOT_ABOUT_NOTHING, blob.bytes, &blob.size),
        KC_ERR_ROOT_NOT_PROVISIONED);
    assert_int_equal(kc_root_random(unpinned, random, sizeof random), KC_ERR_ROOT_NOT_PROVISIONED);
    kc_root_free(unpinned);
}

static void a_pin_with_any_octet_changed_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof name; i++) {
        name[i] ^= 1;
        struct kc_root *wrong = hardware->root(name);
        name[i] ^= 1;
        uint8_t provisioned[KC_ROOT_NAME_SIZE];
        assert_int_equal(kc_root_connect(wrong), KC_ERR_ROOT_CHANGED);
        assert_string_not_equal(kc_root_cause(wrong), "");
        assert_int_equal(kc_root_provision(wrong, provisioned), KC_ERR_ROOT_CHANGED);
        kc_root_free(wrong);
    }
    assert_int_equal(hardware->count_remains(), 0);
}

static void another_one_in_its_place_is_refused(void **state)
{
    (void)state;
    uint8_t other_name[KC_ROOT_NAME_SIZE];
    struct blob blob = seal(root);
    hardware->stop();
    hardware->replace();
    hardware->start();
    assert_refused(root, &blob, KC_ERR_ROOT_CHANGED); /* no key there */
    assert_int_equal(kc_root_provision(root, other_name), KC_ERR_ROOT_CHANGED);
    provision(other_name);
    assert_memory_not_equal(other_name, name, sizeof name);
    assert_refused(root, &blob, KC_ERR_ROOT_CHANGED); /* another key there */
    kc_root_disconnect(root);

    struct kc_root *other = hardware->root(other_name);
    assert_refused(other, &blob, KC_ERR_RECORD_DAMAGED); /* another root's blob */
    kc_root_free(other);
}

/* --- sealing --- */

static void a_sealed_key_outlives_the_root_and_the_hardware(void **state)
{
    (void)state;
    struct blob blob = seal(root);
    assert_opens(root, &blob);
    kc_root_disconnect(root);
    assert_opens(root, &blob);
    kc_root_free(root);
    hardware->stop();
    hardware->start();
    root = hardware->root(name);
    assert_opens(root, &blob);
}

static void one_key_sealed_twice_makes_two_blobs(void **state)
{
    (void)state;
    struct blob first = seal(root), second = seal(root);
    assert_int_equal(first.size, second.size);
    assert_memory_not_equal(first.bytes, second.bytes, first.size);
    assert_opens(root, &first);
    assert_opens(root, &second);
}

static void a_blob_with_any_octet_changed_is_refused(void **state)
{
    (void)state;
    struct blob blob = seal(root);
    for (size_t i = 0; i < blob.size; i++) {
        blob.bytes[i] ^= 1;
        assert_refused(root, &blob, KC_ERR_RECORD_DAMAGED);
        blob.bytes[i] ^= 1;
    }
    assert_opens(root, &blob);
}

/* Where a TPM's key ends, and what the TPM said of its making begins: a blob without that is a whole one
 * of before it was kept. 0: it is not a TPM's. */
static size_t end_of_key(const struct blob *blob)
{
    bool is_der = blob->bytes[0] == 0x30 && blob->bytes[1] == 0x82;
    return is_der ? 4 + ((size_t)blob->bytes[2] << 8 | blob->bytes[3]) : 0;
}

static void a_blob_with_octets_missing_or_added_is_refused(void **state)
{
    (void)state;
    struct blob blob = seal(root);
    size_t size = blob.size, end = end_of_key(&blob);
    for (blob.size = 0; blob.size < size; blob.size++) {
        if (blob.size == 0 || blob.size != end)
            assert_refused(root, &blob, KC_ERR_RECORD_DAMAGED);
    }
    blob.size = size + 1;
    assert_refused(root, &blob, KC_ERR_RECORD_DAMAGED);
    blob.size = sizeof blob.bytes;
    assert_refused(root, &blob, KC_ERR_RECORD_DAMAGED);
}

/* --- the head --- */

static const uint8_t first_head[KC_ROOT_HEAD_SIZE] = "the first head of a store";
static const uint8_t second_head[KC_ROOT_HEAD_SIZE] = "and the second one";
static const uint8_t head_auth[KC_ROOT_AUTH_SIZE] = "what this store authorises with";
static const uint8_t other_auth[KC_ROOT_AUTH_SIZE] = "what another store would";

static void assert_head(struct kc_root *with, const uint8_t expected[static KC_ROOT_HEAD_SIZE])
{
    uint8_t content[KC_ROOT_HEAD_SIZE] = {0};
    enum kc_error error = kc_root_head_read(with, head_auth, content);
    if (error != KC_OK)
        fail_msg("reading: %s: %s", kc_error_name(error), kc_root_cause(with));
    assert_memory_equal(content, expected, sizeof content);
}

static void make_head(const uint8_t content[static KC_ROOT_HEAD_SIZE])
{
    enum kc_error error = kc_root_head_make(root, head_auth, content);
    if (error != KC_OK)
        fail_msg("making: %s: %s", kc_error_name(error), kc_root_cause(root));
}

static void write_head(const uint8_t content[static KC_ROOT_HEAD_SIZE])
{
    enum kc_error error = kc_root_head_write(root, head_auth, content);
    if (error != KC_OK)
        fail_msg("writing: %s: %s", kc_error_name(error), kc_root_cause(root));
}

static void a_head_is_read_as_it_was_written_last(void **state)
{
    (void)state;
    uint8_t content[KC_ROOT_HEAD_SIZE] = {0};
    assert_int_equal(kc_root_head_read(root, head_auth, content), KC_ERR_ROOT_HEAD);
    assert_int_equal(kc_root_head_write(root, head_auth, first_head), KC_ERR_ROOT_HEAD);
    make_head(first_head);
    assert_head(root, first_head);
    assert_int_equal(kc_root_head_make(root, head_auth, second_head), KC_ERR_EXISTS);
    assert_head(root, first_head);
    write_head(second_head);
    assert_head(root, second_head);
}

static void a_head_that_was_removed_is_gone_and_can_be_made_again(void **state)
{
    (void)state;
    uint8_t content[KC_ROOT_HEAD_SIZE];
    assert_int_equal(kc_root_head_remove(root, head_auth), KC_ERR_ROOT_HEAD);
    make_head(first_head);
    assert_int_equal(kc_root_head_remove(root, other_auth), KC_ERR_ROOT_HEAD_TAKEN);
    assert_head(root, first_head);
    assert_int_equal(kc_root_head_remove(root, head_auth), KC_OK);
    assert_int_equal(kc_root_head_read(root, head_auth, content), KC_ERR_ROOT_HEAD);
    make_head(second_head);
    assert_head(root, second_head);
}

static void a_head_outlives_the_root_and_the_hardware(void **state)
{
    (void)state;
    make_head(first_head);
    kc_root_disconnect(root);
    assert_head(root, first_head);
    kc_root_free(root);
    hardware->stop();
    hardware->start();
    root = hardware->root(name);
    assert_head(root, first_head);
    write_head(second_head);
    hardware->stop();
    hardware->start();
    assert_head(root, second_head);
}

static void the_head_of_another_store_is_neither_read_nor_overwritten(void **state)
{
    (void)state;
    uint8_t content[KC_ROOT_HEAD_SIZE] = {0};
    make_head(first_head);
    for (int i = 0; i < 40; i++) /* more often than any lockout allows */
        assert_int_equal(kc_root_head_read(root, other_auth, content), KC_ERR_ROOT_HEAD_TAKEN);
    assert_int_equal(kc_root_head_write(root, other_auth, second_head), KC_ERR_ROOT_HEAD_TAKEN);
    assert_int_equal(kc_root_head_make(root, other_auth, second_head), KC_ERR_ROOT_HEAD_TAKEN);
    assert_memory_equal(content, (uint8_t[KC_ROOT_HEAD_SIZE]){0}, sizeof content);
    assert_head(root, first_head);
}

static void a_replaced_root_has_no_head(void **state)
{
    (void)state;
    uint8_t content[KC_ROOT_HEAD_SIZE], other_name[KC_ROOT_NAME_SIZE];
    make_head(first_head);
    hardware->stop();
    hardware->replace();
    hardware->start();
    assert_int_equal(kc_root_head_read(root, head_auth, content), KC_ERR_ROOT_CHANGED);
    provision(other_name);
    struct kc_root *other = hardware->root(other_name);
    assert_int_equal(kc_root_head_read(other, head_auth, content), KC_ERR_ROOT_HEAD);
    kc_root_free(other);
}

/* --- the rest --- */

static void random_octets_differ_and_come_in_every_size(void **state)
{
    (void)state;
    static const uint8_t none[KC_ROOT_RANDOM_MAX] = {0};
    uint8_t first[KC_ROOT_RANDOM_MAX], second[KC_ROOT_RANDOM_MAX];
    for (size_t size = 1; size <= KC_ROOT_RANDOM_MAX; size++) {
        memset(first, 0, sizeof first);
        assert_int_equal(kc_root_random(root, first, size), KC_OK);
        assert_memory_equal(first + size, none, sizeof none - size);
    }
    assert_int_equal(kc_root_random(root, second, sizeof second), KC_OK);
    assert_memory_not_equal(first, second, 32);
    assert_memory_not_equal(first + 32, none, 32);
    assert_int_equal(kc_root_random(root, first, 0), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_root_random(root, first, KC_ROOT_RANDOM_MAX + 1), KC_ERR_BAD_ARGUMENT);
}

static void the_status_says_what_it_is(void **state)
{
    (void)state;
    struct kc_root_status status;
    assert_int_equal(kc_root_status(root, &status), KC_OK);
    assert_string_equal(status.manufacturer, hardware->manufacturer);
    assert_int_equal(strspn(status.firmware, "0123456789."), strlen(status.firmware));
    assert_memory_equal(status.srk_name, name, sizeof name);
    assert_int_equal(status.lockout_counter, 0);
    assert_false(status.in_lockout);
}

static void what_went_away_is_found_again(void **state)
{
    (void)state;
    uint8_t random[8];
    struct kc_root_status status;
    struct blob blob = seal(root);
    hardware->stop();
    assert_refused(root, &blob, KC_ERR_ROOT_UNAVAILABLE);
    assert_int_equal(kc_root_random(root, random, sizeof random), KC_ERR_ROOT_UNAVAILABLE);
    assert_int_equal(kc_root_status(root, &status), KC_ERR_ROOT_UNAVAILABLE);
    hardware->start();
    assert_opens(root, &blob);
    hardware->stop();
    hardware->start();
    assert_opens(root, &blob); /* without having missed it */
}

static size_t count_descriptors(void)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static void hundreds_of_operations_leave_nothing(void **state)
{
    (void)state;
    uint8_t random[KC_ROOT_RANDOM_MAX];
    struct kc_root_status status;
    size_t descriptors = 0;
    for (int i = 0; i < 100; i++) {
        struct blob blob = seal(root);
        assert_opens(root, &blob);
        assert_int_equal(kc_root_random(root, random, sizeof random), KC_OK);
        assert_int_equal(kc_root_status(root, &status), KC_OK);
        if (i == 0)
            descriptors = count_descriptors();
        if (i % 10 == 9)
            kc_root_disconnect(root);
    }
    assert_int_equal(kc_root_connect(root), KC_OK);
    assert_int_equal(count_descriptors(), descriptors);
    kc_root_disconnect(root);
    assert_int_equal(hardware->count_remains(), 0);
}

#define TEST(case) cmocka_unit_test_setup_teardown(case, set_up, tear_down)

int conformance_run(const struct conformance_hardware *chosen)
{
    const struct CMUnitTest tests[] = {
        TEST(provisioning_again_finds_what_the_first_made),
        TEST(without_a_pin_nothing_is_done),
        TEST(a_pin_with_any_octet_changed_is_refused),
        TEST(another_one_in_its_place_is_refused),
        TEST(a_sealed_key_outlives_the_root_and_the_hardware),
        TEST(one_key_sealed_twice_makes_two_blobs),
        TEST(a_blob_with_any_octet_changed_is_refused),
        TEST(a_blob_with_octets_missing_or_added_is_refused),
        TEST(a_head_is_read_as_it_was_written_last),
        TEST(a_head_that_was_removed_is_gone_and_can_be_made_again),
        TEST(a_head_outlives_the_root_and_the_hardware),
        TEST(the_head_of_another_store_is_neither_read_nor_overwritten),
        TEST(a_replaced_root_has_no_head),
        TEST(random_octets_differ_and_come_in_every_size),
        TEST(the_status_says_what_it_is),
        TEST(what_went_away_is_found_again),
        TEST(hundreds_of_operations_leave_nothing),
    };
    hardware = chosen;
    return cmocka_run_group_tests_name(hardware->name, tests, NULL, NULL);
}
