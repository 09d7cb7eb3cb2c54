/* SPDX-License-Identifier: Apache-2.0 */
/* The ways to a TPM besides a device and swtpm's sockets: a program, a resource manager on D-Bus,
 * and a capture of the traffic. */
#include "tests/support/tabrmd.h"
#include "tests/tpm/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void seal_and_unseal(struct kc_root *root)
{
    uint8_t blob[KC_ROOT_BLOB_MAX], key[KC_ROOT_KEY_SIZE];
    size_t blob_size = 0;
    enum kc_error error = kc_root_seal(root, fixture_key, KC_ROOT_ABOUT_NOTHING, blob, &blob_size);
    if (error != KC_OK)
        fail_msg("sealing: %s: %s", kc_error_name(error), kc_root_cause(root));
    assert_int_equal(kc_root_unseal(root, blob, blob_size, key), KC_OK);
    assert_memory_equal(key, fixture_key, sizeof key);
}

/* --- a program --- */

static void a_program_may_be_the_way_to_a_tpm(void **state)
{
    struct fixture *f = *state;
    char tcti[256];
    snprintf(tcti, sizeof tcti, "cmd:tpm2_send -T %s", f->tpm.tcti);
    f->settings.tcti = tcti;
    struct kc_root *root = make_root(&f->settings);
    seal_and_unseal(root);
    kc_root_disconnect(root); /* the program ends with its input: there is room for another */
    seal_and_unseal(root);
    kc_root_free(root);
}

static void a_program_that_ends_is_unavailable_until_it_is_started_again(void **state)
{
    struct fixture *f = *state;
    char tcti[256];
    snprintf(tcti, sizeof tcti, "cmd:cd %s && exec sh -c 'echo $$ > relay; exec tpm2_send -T %s'",
        f->tpm.folder, f->tpm.tcti);
    f->settings.tcti = tcti;
    struct kc_root *root = make_root(&f->settings);
    seal_and_unseal(root);
    assert_true(kc_swtpm_run(&f->tpm, "kill -9 $(cat relay)"));
    seal_and_unseal(root);
    kc_root_free(root);
    f->settings.connects_once = true;
    root = make_root(&f->settings);
    seal_and_unseal(root);
    assert_true(kc_swtpm_run(&f->tpm, "kill -9 $(cat relay)"));
    assert_int_equal(kc_root_connect(root), KC_OK); /* nothing was asked, nothing noticed */
    uint8_t random[8];
    assert_int_equal(kc_root_random(root, random, sizeof random), KC_ERR_ROOT_UNAVAILABLE);
    assert_int_equal(kc_root_random(root, random, sizeof random), KC_ERR_ROOT_UNAVAILABLE);
    kc_root_free(root);
}

static void a_program_that_is_not_there_is_unavailable(void **state)
{
    struct fixture *f = *state;
    static const char *const programs[] = {"cmd:/nowhere/at/all", "cmd:true", "cmd:echo no TPM"};
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        f->settings.tcti = programs[i];
        struct kc_root *root = make_root(&f->settings);
        enum kc_error error = kc_root_connect(root);
        assert_true(error == KC_ERR_ROOT_UNAVAILABLE || error == KC_ERR_ROOT_ANSWER);
        kc_root_free(root);
    }
}

/* --- a capture --- */

static bool file_holds(const char *path, const uint8_t *wanted, size_t size)
{
    static uint8_t bytes[1 << 20];
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    size_t read = fread(bytes, 1, sizeof bytes, file);
    assert_true(read > 0 && read < sizeof bytes);
    fclose(file);
    return memmem(bytes, read, wanted, size) != NULL;
}

static void a_capture_of_the_traffic_holds_no_secret(void **state)
{
    struct fixture *f = *state;
    char tcti[256], path[128];
    uint8_t random[KC_ROOT_RANDOM_MAX];
    snprintf(tcti, sizeof tcti, "pcap:%s", f->tpm.tcti);
    snprintf(path, sizeof path, "%s/traffic.pcap", f->tpm.folder);
    setenv("TCTI_PCAP_FILE", path, 1);
    f->settings.tcti = tcti;
    f->settings.pcr_mask = 1u << 7;
    struct kc_root *root = make_root(&f->settings);
    seal_and_unseal(root);
    assert_int_equal(kc_root_random(root, random, sizeof random), KC_OK);
    kc_root_free(root);
    unsetenv("TCTI_PCAP_FILE");
    for (size_t i = 0; i + 8 <= sizeof fixture_key; i++)
        assert_false(file_holds(path, fixture_key + i, 8));
    assert_false(file_holds(path, random, 16));
    assert_true(file_holds(path, f->srk_name, sizeof f->srk_name)); /* this is the traffic */
}

/* --- a resource manager --- */

static void through_tabrmd_the_tpm_is_shared(void **state)
{
    struct fixture *f = *state;
    struct kc_tabrmd tabrmd;
    kc_tabrmd_start(&tabrmd, &f->tpm);
    f->settings.tcti = "tabrmd:";
    struct kc_root *root = make_root(&f->settings);
    seal_and_unseal(root);
    assert_true(kc_swtpm_run(&f->tpm, "TPM2TOOLS_TCTI=tabrmd: tpm2_createprimary -c primary"));
    seal_and_unseal(root);
    struct kc_root_status status;
    assert_int_equal(kc_root_status(root, &status), KC_OK);
    kc_root_free(root);
    kc_tabrmd_stop(&tabrmd);
}

static void without_its_resource_manager_the_tpm_is_unavailable(void **state)
{
    struct fixture *f = *state;
    setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/at/all", 1);
    f->settings.tcti = "tabrmd:bus_name=com.example.Nobody";
    struct kc_root *root = make_root(&f->settings);
    assert_int_equal(kc_root_connect(root), KC_ERR_ROOT_UNAVAILABLE);
    kc_root_free(root);
    unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_fixture, drop_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_program_may_be_the_way_to_a_tpm),
        TEST(a_program_that_ends_is_unavailable_until_it_is_started_again),
        TEST(a_program_that_is_not_there_is_unavailable),
        TEST(a_capture_of_the_traffic_holds_no_secret),
        TEST(through_tabrmd_the_tpm_is_shared),
        TEST(without_its_resource_manager_the_tpm_is_unavailable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
