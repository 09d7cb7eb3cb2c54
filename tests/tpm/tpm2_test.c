/* SPDX-License-Identifier: Apache-2.0 */
/* A root on a software TPM, in everyday life. */
#include "tests/tpm/fixture.h"
#include "tpm/tss_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include <cmocka.h>

struct blob {
    uint8_t bytes[KC_ROOT_BLOB_MAX];
    size_t size;
};

static struct blob seal(struct kc_root *root)
{
    struct blob blob = {.size = 0};
    assert_int_equal(
        kc_root_seal(root, fixture_key, KC_ROOT_ABOUT_NOTHING, blob.bytes, &blob.size), KC_OK);
    return blob;
}

static void assert_opens(struct kc_root *root, const struct blob *blob)
{
    uint8_t key[KC_ROOT_KEY_SIZE] = {0};
    assert_int_equal(kc_root_unseal(root, blob->bytes, blob->size, key), KC_OK);
    assert_memory_equal(key, fixture_key, sizeof key);
}

static void assert_refused(struct kc_root *root, const struct blob *blob, enum kc_error error)
{
    uint8_t key[KC_ROOT_KEY_SIZE] = {0};
    static const uint8_t untouched[KC_ROOT_KEY_SIZE] = {0};
    assert_int_equal(kc_root_unseal(root, blob->bytes, blob->size, key), error);
    assert_memory_equal(key, untouched, sizeof key);
}

static void provisioning_makes_a_key_once_and_uses_it_then(void **state)
{
    struct fixture *f = *state;
    struct kc_root_settings settings = {.tcti = f->tpm.tcti};
    struct kc_root *owner = make_root(&settings);
    uint8_t again[KC_ROOT_NAME_SIZE];
    assert_int_equal(kc_root_provision(owner, again), KC_OK);
    assert_memory_equal(again, f->srk_name, sizeof again);
    kc_root_free(owner);
    assert_int_equal(kc_swtpm_count_lines(&f->tpm, "tpm2_getcap handles-persistent"), 1);
}

static void provisioning_uses_an_rsa_storage_key_of_others(void **state)
{
    struct fixture *f = *state;
    assert_true(kc_swtpm_run(&f->tpm, "tpm2_createprimary -G rsa2048:aes128cfb -c primary && "
                                      "tpm2_evictcontrol -c primary 0x81000002"));
    struct kc_root_settings settings = {.tcti = f->tpm.tcti, .srk_handle = 0x81000002};
    struct kc_root *root = make_root(&settings);
    uint8_t name[KC_ROOT_NAME_SIZE];
    assert_int_equal(kc_root_provision(root, name), KC_OK);
    kc_root_free(root);
    settings.srk_name = name;
    root = make_root(&settings);
    struct blob blob = seal(root);
    assert_opens(root, &blob);
    kc_root_free(root);
}

static void provisioning_refuses_a_handle_that_holds_something_else(void **state)
{
    struct fixture *f = *state;
    assert_true(
        kc_swtpm_run(&f->tpm, "tpm2_createprimary -G ecc256:ecdsa -c signer "
                              "-a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign' && "
                              "tpm2_evictcontrol -c signer 0x81000002"));
    struct kc_root_settings settings = {.tcti = f->tpm.tcti, .srk_handle = 0x81000002};
    struct kc_root *root = make_root(&settings);
    uint8_t name[KC_ROOT_NAME_SIZE];
    assert_int_equal(kc_root_provision(root, name), KC_ERR_ROOT_HANDLE);
    kc_root_free(root);
    assert_int_equal(kc_swtpm_count_lines(&f->tpm, "tpm2_getcap handles-persistent"), 2);
}

/* With the owner's value set, the owner makes the key, and the custodian uses it. */
static void provisioning_makes_nothing_that_the_owner_has_to_make(void **state)
{
    struct fixture *f = *state;
    struct kc_root_settings settings = {.tcti = f->tpm.tcti, .srk_handle = 0x81000002};
    struct kc_root *root = make_root(&settings);
    uint8_t name[KC_ROOT_NAME_SIZE];
    assert_true(kc_swtpm_run(&f->tpm, "tpm2_changeauth -c owner secret"));
    assert_int_equal(kc_root_provision(root, name), KC_ERR_ROOT_UNFIT);
    kc_root_disconnect(root);
    assert_true(kc_swtpm_run(&f->tpm,
        "tpm2_createprimary -C o -P secret -G ecc256:aes128cfb -c srk "
        "-a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt' && "
        "tpm2_evictcontrol -C o -P secret -c srk 0x81000002"));
    assert_int_equal(kc_root_provision(root, name), KC_OK);
    kc_root_free(root);
}

static void provisioning_refuses_a_storage_key_that_wants_an_authorisation(void **state)
{
    struct fixture *f = *state;
    assert_true(kc_swtpm_run(&f->tpm, "tpm2_createprimary -G ecc -p human -c primary && "
                                      "tpm2_evictcontrol -c primary 0x81000002"));
    struct kc_root_settings settings = {.tcti = f->tpm.tcti, .srk_handle = 0x81000002};
    struct kc_root *root = make_root(&settings);
    uint8_t name[KC_ROOT_NAME_SIZE];
    assert_int_equal(kc_root_provision(root, name), KC_ERR_ROOT_HANDLE);
    kc_root_free(root);
}

static void provisioning_with_a_pin_makes_nothing_in_another_tpm(void **state)
{
    struct fixture *f = *state;
    uint8_t name[KC_ROOT_NAME_SIZE];
    kc_swtpm_kill(&f->tpm);
    kc_swtpm_forget(&f->tpm);
    kc_swtpm_start(&f->tpm);
    assert_int_equal(kc_root_provision(f->root, name), KC_ERR_ROOT_CHANGED);
    assert_int_equal(kc_swtpm_count_lines(&f->tpm, "tpm2_getcap handles-persistent"), 0);
}

static void without_a_pin_nothing_is_sealed(void **state)
{
    struct fixture *f = *state;
    struct kc_root_settings settings = {.tcti = f->tpm.tcti};
    struct kc_root *root = make_root(&settings);
    struct blob blob = {.size = 0};
    assert_int_equal(kc_root_seal(root, fixture_key, KC_ROOT_ABOUT_NOTHING, blob.bytes, &blob.size),
        KC_ERR_ROOT_NOT_PROVISIONED);
    kc_root_free(root);
}

static void another_tpm_is_not_the_pinned_root(void **state)
{
    struct fixture *f = *state;
    struct blob blob = seal(f->root);
    kc_swtpm_kill(&f->tpm);
    kc_swtpm_forget(&f->tpm);
    kc_swtpm_start(&f->tpm);
    assert_refused(f->root, &blob, KC_ERR_ROOT_CHANGED); /* no key there */

    struct kc_root_settings settings = {.tcti = f->tpm.tcti};
    struct kc_root *owner = make_root(&settings);
    uint8_t name[KC_ROOT_NAME_SIZE];
    assert_int_equal(kc_root_provision(owner, name), KC_OK);
    kc_root_free(owner);
    assert_refused(f->root, &blob, KC_ERR_ROOT_CHANGED); /* another key there */
    assert_string_not_equal(kc_root_cause(f->root), "");

    settings.srk_name = name;
    struct kc_root *other = make_root(&settings);
    assert_refused(other, &blob, KC_ERR_RECORD_DAMAGED); /* another root's blob */
    kc_root_free(other);
}

static void a_sealed_key_outlives_the_process_and_the_tpm(void **state)
{
    struct fixture *f = *state;
    struct blob blob = seal(f->root);
    assert_opens(f->root, &blob);
    kc_root_free(f->root);
    kc_swtpm_kill(&f->tpm);
    kc_swtpm_start(&f->tpm);
    f->root = make_root(&f->settings);
    assert_opens(f->root, &blob);
}

static void a_blob_with_any_octet_changed_is_refused(void **state)
{
    struct fixture *f = *state;
    struct blob blob = seal(f->root);
    for (size_t i = 0; i < blob.size; i++) {
        blob.bytes[i] ^= 1;
        uint8_t key[KC_ROOT_KEY_SIZE];
        enum kc_error error = kc_root_unseal(f->root, blob.bytes, blob.size, key);
        if (error != KC_ERR_RECORD_DAMAGED)
            fail_msg("octet %zu: %s: %s", i, kc_error_name(error), kc_root_cause(f->root));
        blob.bytes[i] ^= 1;
    }
    assert_opens(f->root, &blob);
}

/* The key itself; behind it is what other tools do not look at. */
static size_t size_of_der(const struct blob *blob)
{
    assert_true(blob->bytes[0] == 0x30 && blob->bytes[1] == 0x82);
    return 4 + ((size_t)blob->bytes[2] << 8 | blob->bytes[3]);
}

static void a_blob_with_octets_missing_or_added_is_refused(void **state)
{
    struct fixture *f = *state;
    struct blob blob = seal(f->root);
    size_t size = blob.size, der_size = size_of_der(&blob);
    for (blob.size = 0; blob.size < size; blob.size++) {
        if (blob.size != der_size)
            assert_refused(f->root, &blob, KC_ERR_RECORD_DAMAGED);
    }
    blob.size = size + 1;
    assert_refused(f->root, &blob, KC_ERR_RECORD_DAMAGED);
    blob.bytes[der_size] = 0; /* no part has this number */
    blob.size = der_size + 1;
    assert_refused(f->root, &blob, KC_ERR_RECORD_DAMAGED);
}

static void a_blob_of_before_creation_data_were_kept_opens(void **state)
{
    struct fixture *f = *state;
    struct blob blob = seal(f->root);
    assert_true(blob.size > size_of_der(&blob));
    blob.size = size_of_der(&blob);
    assert_opens(f->root, &blob);
}

/* Reads a file of the TPM's folder. */
static void read_file(const struct fixture *f, const char *name, struct blob *file)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", f->tpm.folder, name);
    FILE *stream = fopen(path, "re");
    assert_non_null(stream);
    file->size = fread(file->bytes, 1, sizeof file->bytes, stream);
    fclose(stream);
}

/* What tpm2_create wrote, as a blob. */
static struct blob blob_of_files(const struct fixture *f)
{
    struct blob public = {.size = 0}, private = {.size = 0}, blob = {.size = sizeof blob.bytes};
    struct kc_tss_key key = {.parent = KC_ROOT_SRK_HANDLE};
    read_file(f, "pub", &public);
    read_file(f, "priv", &private);
    assert_int_equal(
        Tss2_MU_TPM2B_PUBLIC_Unmarshal(public.bytes, public.size, NULL, &key.public), 0);
    assert_int_equal(
        Tss2_MU_TPM2B_PRIVATE_Unmarshal(private.bytes, private.size, NULL, &key.private), 0);
    assert_int_equal(kc_tss_key_write(&key, blob.bytes, &blob.size), KC_OK);
    return blob;
}

/* A blob that tpm2-tools made under our own SRK: key, then another Name. */
static void a_blob_that_names_another_root_is_refused(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *payload;
        enum kc_error error;
    } cases[] = {
        {"head -c 66 /dev/zero", KC_ERR_ROOT_CHANGED},
        {"head -c 65 /dev/zero", KC_ERR_RECORD_DAMAGED},
    };
    for (size_t i = 0; i < 2; i++) {
        char command[512];
        snprintf(command, sizeof command,
            "rm -f pub priv; %s | tpm2_create -C 0x81000001 -i - -u pub -r priv "
            "-a 'fixedtpm|fixedparent|noda|userwithauth'",
            cases[i].payload);
        assert_true(kc_swtpm_run(&f->tpm, command));
        struct blob blob = blob_of_files(f);
        assert_refused(f->root, &blob, cases[i].error);
        kc_root_disconnect(f->root);
    }
}

static void keys_sealed_to_pcrs_open_until_one_changes(void **state)
{
    struct fixture *f = *state;
    f->settings.pcr_mask = 1u << 7 | 1u << 16;
    struct kc_root *root = make_root(&f->settings);
    struct blob blob = seal(root);
    assert_opens(root, &blob);
    kc_root_disconnect(root);
    assert_opens(f->root, &blob); /* the blob says itself what it was sealed to */
    kc_root_disconnect(f->root);
    for (size_t i = 1; i < blob.size; i++) {
        uint8_t key[KC_ROOT_KEY_SIZE];
        blob.bytes[i] ^= 0x10;
        assert_int_not_equal(kc_root_unseal(root, blob.bytes, blob.size, key), KC_OK);
        blob.bytes[i] ^= 0x10;
    }
    kc_root_disconnect(root);
    assert_true(kc_swtpm_run(&f->tpm, "tpm2_pcrextend 16:sha256=$(printf %064d 1)"));
    assert_refused(root, &blob, KC_ERR_ROOT_POLICY);
    struct blob later = seal(root);
    assert_opens(root, &later);
    kc_root_free(root);
}

static enum kc_error sign(
    struct kc_root *root, const struct kc_root_made *made, const uint8_t *auth)
{
    static const struct kc_span digest = {(const uint8_t *)"a digest of thirty-two octets...", 32};
    uint8_t signature[KC_ROOT_RESULT_MAX];
    size_t size = 0;
    const struct kc_root_key key = {auth, {made->blob, made->blob_size}};
    return kc_root_key_sign(root, &key, KC_ROOT_ECDSA, digest, signature, &size);
}

/* The PCRs are asked for, and the authorisation value still. */
static void resident_keys_bound_to_pcrs_sign_until_one_changes(void **state)
{
    struct fixture *f = *state;
    static const uint8_t auth[KC_ROOT_AUTH_SIZE] = "its own", wrong[KC_ROOT_AUTH_SIZE] = "another";
    static const uint8_t tag[KC_ROOT_KEY_TAG_SIZE] = {0};
    struct kc_root_made made;
    f->settings.pcr_mask = 1u << 7 | 1u << 16;
    struct kc_root *root = make_root(&f->settings);
    assert_int_equal(
        kc_root_key_make(root, KC_ALGORITHM_P256, KC_USE_SIGN, auth, tag, &made), KC_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(sign(root, &made, auth), KC_OK);
    assert_int_equal(sign(root, &made, wrong), KC_ERR_RECORD_DAMAGED);
    assert_int_equal(sign(root, &made, auth), KC_OK);
    kc_root_disconnect(root);
    assert_int_equal(sign(f->root, &made, auth), KC_OK); /* the blob says itself what it needs */
    kc_root_disconnect(f->root);
    assert_true(kc_swtpm_run(&f->tpm, "tpm2_pcrextend 16:sha256=$(printf %064d 1)"));
    assert_int_equal(sign(root, &made, auth), KC_ERR_ROOT_POLICY);
    assert_int_equal(
        kc_root_key_make(root, KC_ALGORITHM_P256, KC_USE_SIGN, auth, tag, &made), KC_OK);
    assert_int_equal(sign(root, &made, auth), KC_OK);
    kc_root_free(root);
}

static void random_octets_differ_and_come_in_every_size(void **state)
{
    struct fixture *f = *state;
    uint8_t first[KC_ROOT_RANDOM_MAX], second[KC_ROOT_RANDOM_MAX];
    static const uint8_t none[KC_ROOT_RANDOM_MAX] = {0};
    for (size_t size = 1; size <= KC_ROOT_RANDOM_MAX; size += 21) {
        memset(first, 0, sizeof first);
        assert_int_equal(kc_root_random(f->root, first, size), KC_OK);
        assert_memory_equal(first + size, none, sizeof none - size);
    }
    assert_int_equal(kc_root_random(f->root, second, sizeof second), KC_OK);
    assert_memory_not_equal(first, second, 32);
    assert_memory_not_equal(first + 32, none, 32);
    assert_int_equal(kc_root_random(f->root, first, 0), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_root_random(f->root, first, KC_ROOT_RANDOM_MAX + 1), KC_ERR_BAD_ARGUMENT);
}

static void the_status_says_what_the_tpm_is(void **state)
{
    struct fixture *f = *state;
    struct kc_root_status status;
    assert_int_equal(kc_root_status(f->root, &status), KC_OK);
    assert_string_equal(status.manufacturer, "IBM SW TPM");
    assert_int_equal(strspn(status.firmware, "0123456789."), strlen(status.firmware));
    assert_int_equal(status.srk_handle, KC_ROOT_SRK_HANDLE);
    assert_memory_equal(status.srk_name, f->srk_name, sizeof f->srk_name);
    assert_true(status.pcr_banks & KC_ROOT_BANK_SHA256);
    assert_int_equal(status.lockout_max_tries, 3);
    assert_int_equal(status.lockout_counter, 0);
    assert_false(status.in_lockout);
}

static void hundreds_of_operations_leave_nothing_in_the_tpm(void **state)
{
    struct fixture *f = *state;
    f->settings.pcr_mask = 1u << 7;
    struct kc_root *root = make_root(&f->settings);
    struct blob blob = seal(root);
    uint8_t random[KC_ROOT_RANDOM_MAX];
    for (int i = 0; i < 100; i++) {
        assert_opens(root, &blob);
        (void)seal(root);
        assert_int_equal(kc_root_random(root, random, sizeof random), KC_OK);
    }
    kc_root_free(root);
    assert_int_equal(kc_swtpm_count_lines(&f->tpm, "tpm2_getcap handles-transient"), 0);
    assert_int_equal(kc_swtpm_count_lines(&f->tpm, "tpm2_getcap handles-loaded-session"), 0);
    assert_int_equal(kc_swtpm_count_lines(&f->tpm, "tpm2_getcap handles-saved-session"), 0);
}

static void the_tpm_is_shut_down_in_order(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(kc_root_connect(f->root), KC_OK);
    kc_root_disconnect(f->root);
    kc_swtpm_kill(&f->tpm);
    kc_swtpm_start(&f->tpm);
    /* safe: the clock did not go back, as the shutdown before was an orderly one */
    assert_true(kc_swtpm_run(&f->tpm, "tpm2_readclock | grep -q 'safe: yes'"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_fixture, drop_fixture)

/* --- the head --- */

static void an_index_that_others_made_is_neither_written_nor_removed(void **state)
{
    static const uint8_t auth[KC_ROOT_AUTH_SIZE] = {1}, head[KC_ROOT_HEAD_SIZE] = "a head";
    static const char *const others[] = {
        "tpm2_nvdefine 0x01804b43 -s 128 -a 'ownerread|ownerwrite|authread|authwrite|no_da'",
        "tpm2_nvdefine 0x01804b43 -s 64 -a 'authread|authwrite|no_da'",
        "tpm2_nvdefine 0x01804b43 -s 128 -a 'authread|authwrite'",
        "tpm2_nvdefine 0x01804b43 -s 128 -a 'authread|authwrite|no_da' -p another"};
    struct fixture *fixture = *state;
    uint8_t content[KC_ROOT_HEAD_SIZE];
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_true(kc_swtpm_run(&fixture->tpm, others[i]));
        assert_int_equal(kc_root_head_make(fixture->root, auth, head), KC_ERR_ROOT_HEAD_TAKEN);
        assert_int_not_equal(kc_root_head_read(fixture->root, auth, content), KC_OK);
        assert_int_not_equal(kc_root_head_write(fixture->root, auth, head), KC_OK);
        kc_root_disconnect(fixture->root);
        assert_true(kc_swtpm_run(&fixture->tpm, "tpm2_nvundefine 0x01804b43"));
    }
}

static void where_the_owner_has_an_authorisation_there_is_no_head(void **state)
{
    static const uint8_t auth[KC_ROOT_AUTH_SIZE] = {1}, head[KC_ROOT_HEAD_SIZE] = "a head";
    struct fixture *fixture = *state;
    assert_true(kc_swtpm_run(&fixture->tpm, "tpm2_changeauth -c owner secret"));
    assert_int_equal(kc_root_head_make(fixture->root, auth, head), KC_ERR_ROOT_UNFIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(provisioning_makes_a_key_once_and_uses_it_then),
        TEST(provisioning_uses_an_rsa_storage_key_of_others),
        TEST(provisioning_refuses_a_handle_that_holds_something_else),
        TEST(provisioning_makes_nothing_that_the_owner_has_to_make),
        TEST(provisioning_refuses_a_storage_key_that_wants_an_authorisation),
        TEST(provisioning_with_a_pin_makes_nothing_in_another_tpm),
        TEST(without_a_pin_nothing_is_sealed),
        TEST(another_tpm_is_not_the_pinned_root),
        TEST(a_sealed_key_outlives_the_process_and_the_tpm),
        TEST(a_blob_with_any_octet_changed_is_refused),
        TEST(a_blob_with_octets_missing_or_added_is_refused),
        TEST(a_blob_of_before_creation_data_were_kept_opens),
        TEST(a_blob_that_names_another_root_is_refused),
        TEST(keys_sealed_to_pcrs_open_until_one_changes),
        TEST(random_octets_differ_and_come_in_every_size),
        TEST(resident_keys_bound_to_pcrs_sign_until_one_changes),
        TEST(the_status_says_what_the_tpm_is),
        TEST(an_index_that_others_made_is_neither_written_nor_removed),
        TEST(where_the_owner_has_an_authorisation_there_is_no_head),
        TEST(hundreds_of_operations_leave_nothing_in_the_tpm),
        TEST(the_tpm_is_shut_down_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
