/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs are TSS2 PRIVATE KEYs: other people's tools load and open them. */
#include "tests/tpm/fixture.h"

#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The key is what the DER's own length says; how it opens stands behind it. */
static void write_pem(const struct fixture *f, const uint8_t *blob, size_t blob_size)
{
    assert_true(blob_size > 4 && blob[0] == 0x30 && blob[1] == 0x82);
    size_t size = 4 + ((size_t)blob[2] << 8 | blob[3]);
    assert_true(size <= blob_size);
    char path[128];
    snprintf(path, sizeof path, "%s/sealed.pem", f->tpm.folder);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(PEM_write(file, "TSS2 PRIVATE KEY", "", blob, (long)size) > 0);
    assert_int_equal(fclose(file), 0);
}

static void assert_tools_open(struct fixture *f, const char *unseal)
{
    uint8_t blob[KC_ROOT_BLOB_MAX];
    char command[512];
    size_t size = 0;
    struct kc_root *root = make_root(&f->settings);
    assert_int_equal(kc_root_seal(root, fixture_key, KC_ROOT_ABOUT_NOTHING, blob, &size), KC_OK);
    kc_root_free(root);
    write_pem(f, blob, size);
    assert_true(kc_swtpm_run(&f->tpm, "tpm2_load -r sealed.pem -c sealed.ctx"));
    snprintf(command, sizeof command,
        "%s -c sealed.ctx -o opened && head -c %d opened >key && "
        "printf '%%s' '%.32s' | cmp - key",
        unseal, KC_ROOT_KEY_SIZE, (const char *)fixture_key);
    assert_true(kc_swtpm_run(&f->tpm, command));
}

static void tpm2_tools_load_and_open_what_was_sealed(void **state)
{
    assert_tools_open(*state, "tpm2_unseal");
}

static void tpm2_tools_open_what_is_bound_to_pcrs_with_their_policy_alone(void **state)
{
    struct fixture *f = *state;
    f->settings.pcr_mask = 1u << 7;
    assert_tools_open(f, "! tpm2_unseal -c sealed.ctx && tpm2_unseal -p pcr:sha256:7");
}

static void openssl_reads_the_form(void **state)
{
    struct fixture *f = *state;
    uint8_t blob[KC_ROOT_BLOB_MAX];
    size_t size = 0;
    assert_int_equal(kc_root_seal(f->root, fixture_key, KC_ROOT_ABOUT_NOTHING, blob, &size), KC_OK);
    kc_root_disconnect(f->root);
    write_pem(f, blob, size);
    assert_true(
        kc_swtpm_run(&f->tpm, "openssl asn1parse -in sealed.pem | grep -q 2.23.133.10.1.5"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_fixture, drop_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tpm2_tools_load_and_open_what_was_sealed),
        TEST(tpm2_tools_open_what_is_bound_to_pcrs_with_their_policy_alone),
        TEST(openssl_reads_the_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
