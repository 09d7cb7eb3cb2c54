/* SPDX-License-Identifier: Apache-2.0 */
/* Keys sealed to what a policy's key approves: new PCR values need a signature, no new sealing. */
#include "tests/tpm/fixture.h"
#include "tpm/pcr.h"
#include "tpm/policy_counter.h"
#include "tpm/policy_file.h"
#include "tpm/policy_session.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MASK (1u << 7 | 1u << 11)

struct blob {
    uint8_t bytes[KC_ROOT_BLOB_MAX];
    size_t size;
};

struct approved {
    struct fixture *fixture;
    EVP_PKEY *key;
    struct kc_policy_settings policy;
};

static EVP_PKEY *new_key(uint8_t point[static KC_POLICY_POINT_SIZE])
{
    size_t size = 0;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    assert_non_null(key);
    assert_int_equal(EVP_PKEY_get_octet_string_param(
                         key, OSSL_PKEY_PARAM_PUB_KEY, point, KC_POLICY_POINT_SIZE, &size),
        1);
    assert_int_equal(size, KC_POLICY_POINT_SIZE);
    return key;
}

static int make(void **state)
{
    struct approved *a = calloc(1, sizeof *a);
    void *fixture = NULL;
    assert_non_null(a);
    assert_int_equal(make_fixture(&fixture), 0);
    a->fixture = fixture;
    a->key = new_key(a->policy.key);
    a->fixture->settings.policy = &a->policy;
    *state = a;
    return 0;
}

static int drop(void **state)
{
    struct approved *a = *state;
    void *fixture = a->fixture;
    EVP_PKEY_free(a->key);
    drop_fixture(&fixture);
    free(a);
    return 0;
}

/* Any of the functions on a connected TPM. */
static void on_tpm(struct approved *a,
    enum kc_error (*operation)(struct kc_tpm2 *tpm, void *arguments), void *arguments)
{
    struct kc_root *root = make_root(&a->fixture->settings);
    enum kc_error error = kc_tpm2_run(kc_tpm2_of(root), operation, arguments);
    if (error != KC_OK)
        fail_msg("%s: %s", kc_error_name(error), kc_root_cause(root));
    kc_root_free(root);
}

static enum kc_error predict(struct kc_tpm2 *tpm, void *arguments)
{
    struct kc_signed_policy *policy = arguments;
    struct kc_policy_counter counter;
    enum kc_error error = kc_policy_counter_make(tpm);
    if (error == KC_OK)
        error = kc_policy_counter_read(tpm, &counter);
    if (error == KC_OK)
        error = kc_pcr_read(tpm, MASK, &policy->pcrs);
    memcpy(policy->host, tpm->pin, sizeof policy->host);
    memcpy(policy->counter, counter.index.name.name, sizeof policy->counter);
    policy->version += counter.value;
    return error;
}

static enum kc_error withdraw(struct kc_tpm2 *tpm, void *arguments)
{
    (void)arguments;
    return kc_policy_counter_up(tpm);
}

static void sign(EVP_PKEY *key, struct kc_signed_policy *policy)
{
    uint8_t digest[KC_POLICY_SIZE], der[80];
    const uint8_t *next = der;
    size_t size = sizeof der;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    assert_int_equal(kc_policy_to_be_signed(policy, digest), KC_OK);
    assert_int_equal(EVP_PKEY_sign_init(context), 1);
    assert_int_equal(EVP_PKEY_sign(context, der, &size, digest, sizeof digest), 1);
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &next, (long)size);
    assert_non_null(signature);
    BN_bn2binpad(ECDSA_SIG_get0_r(signature), policy->signature, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(signature), policy->signature + 32, 32);
    policy->is_signed = true;
    ECDSA_SIG_free(signature);
    EVP_PKEY_CTX_free(context);
}

/* Signs the PCRs as they are now, as many versions above the counter. */
static struct kc_signed_policy *approve(struct approved *a, uint64_t above)
{
    struct kc_signed_policy *policy = &a->policy.policies[a->policy.count];
    *policy = (struct kc_signed_policy){.version = above};
    on_tpm(a, predict, policy);
    sign(a->key, policy);
    a->policy.count++;
    return policy;
}

static struct blob seal(struct approved *a)
{
    struct blob blob = {.size = 0};
    struct kc_root *root = make_root(&a->fixture->settings);
    enum kc_error error =
        kc_root_seal(root, fixture_key, KC_ROOT_ABOUT_NOTHING, blob.bytes, &blob.size);
    if (error != KC_OK)
        fail_msg("sealing: %s: %s", kc_error_name(error), kc_root_cause(root));
    kc_root_free(root);
    return blob;
}

static enum kc_error open_blob(struct approved *a, const struct blob *blob)
{
    uint8_t key[KC_ROOT_KEY_SIZE] = {0};
    struct kc_root *root = make_root(&a->fixture->settings);
    enum kc_error error = kc_root_unseal(root, blob->bytes, blob->size, key);
    if (error == KC_OK)
        assert_memory_equal(key, fixture_key, sizeof key);
    else
        assert_string_not_equal(kc_root_cause(root), "");
    kc_root_free(root);
    return error;
}

static void boot_another_kernel(struct approved *a)
{
    assert_true(kc_swtpm_run(&a->fixture->tpm,
        "tpm2_pcrextend "
        "11:sha256=0101010101010101010101010101010101010101010101010101010101010101"));
}

static void a_key_opens_with_the_values_that_were_signed(void **state)
{
    struct approved *a = *state;
    approve(a, 0);
    struct blob blob = seal(a);
    assert_int_equal(open_blob(a, &blob), KC_OK);
    boot_another_kernel(a);
    assert_int_equal(open_blob(a, &blob), KC_ERR_ROOT_POLICY);
}

static void a_new_kernel_needs_a_signature_and_no_new_sealing(void **state)
{
    struct approved *a = *state;
    approve(a, 0);
    struct blob blob = seal(a);
    boot_another_kernel(a);
    approve(a, 1);
    assert_int_equal(open_blob(a, &blob), KC_OK);
}

static void an_older_kernels_signed_policy_is_refused_after_it_was_withdrawn(void **state)
{
    struct approved *a = *state;
    approve(a, 0);
    struct kc_signed_policy next = a->policy.policies[0];
    struct blob blob = seal(a);
    /* the next kernel is approved before it is booted, both are valid meanwhile */
    next.version++;
    memset(next.pcrs.value[11], 0x42, KC_PCR_SIZE);
    sign(a->key, &next);
    a->policy.policies[a->policy.count++] = next;
    assert_int_equal(open_blob(a, &blob), KC_OK);
    on_tpm(a, withdraw, NULL);
    assert_int_equal(open_blob(a, &blob), KC_ERR_ROOT_POLICY);
    /* also when what is signed now is kept from it */
    a->policy.count = 1;
    assert_int_equal(open_blob(a, &blob), KC_ERR_ROOT_POLICY);
    approve(a, 0);
    assert_int_equal(open_blob(a, &blob), KC_OK);
}

static void a_policy_that_was_not_signed_by_the_key_is_refused(void **state)
{
    struct approved *a = *state;
    struct kc_signed_policy *policy = approve(a, 0);
    struct blob blob = seal(a);
    uint8_t point[KC_POLICY_POINT_SIZE];
    EVP_PKEY *other = new_key(point);
    sign(other, policy);
    assert_int_equal(open_blob(a, &blob), KC_ERR_ROOT_POLICY);
    memcpy(a->policy.key, point, sizeof point); /* whoever changes the configured key too */
    assert_int_equal(open_blob(a, &blob), KC_ERR_ROOT_POLICY);
    EVP_PKEY_free(other);
}

static void a_version_or_host_that_was_not_signed_is_refused(void **state)
{
    struct approved *a = *state;
    struct kc_signed_policy *policy = approve(a, 0);
    const struct kc_signed_policy good = *policy;
    struct blob blob = seal(a);
    policy->version += 100;
    assert_int_equal(open_blob(a, &blob), KC_ERR_ROOT_POLICY);
    *policy = good;
    policy->host[KC_ROOT_NAME_SIZE - 1] ^= 1;
    sign(a->key, policy); /* a good signature, for another host */
    assert_int_equal(open_blob(a, &blob), KC_ERR_ROOT_POLICY);
    memcpy(policy->host, good.host, sizeof good.host);
    assert_int_equal(open_blob(a, &blob), KC_ERR_ROOT_POLICY);
    *policy = good;
    assert_int_equal(open_blob(a, &blob), KC_OK);
}

static void the_counter_only_counts_up_and_is_not_the_custodians_to_give_back(void **state)
{
    struct approved *a = *state;
    approve(a, 0);
    struct blob blob = seal(a);
    on_tpm(a, withdraw, NULL);
    assert_true(kc_swtpm_run(&a->fixture->tpm, "tpm2_nvundefine 0x1804b50"));
    assert_int_equal(open_blob(a, &blob), KC_ERR_ROOT_POLICY);
    struct kc_signed_policy policy = {.version = 0};
    on_tpm(a, predict, &policy); /* makes a new one: it goes on where the old one was */
    assert_true(policy.version > a->policy.policies[0].version);
    assert_int_equal(open_blob(a, &blob), KC_ERR_ROOT_POLICY);
}

static void a_policy_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct kc_signed_policy policy = {.version = 12345678901, .pcrs.mask = 1u << 23 | 1u << 1};
    struct kc_signed_policy read[2];
    char text[2 * KC_POLICY_TEXT_MAX];
    size_t count = 0;
    unsigned line = 0;
    memset(policy.host, 0xa5, sizeof policy.host);
    memset(policy.counter, 0x5a, sizeof policy.counter);
    memset(policy.pcrs.value[1], 1, KC_PCR_SIZE);
    memset(policy.pcrs.value[23], 23, KC_PCR_SIZE);
    kc_policy_file_write(&policy, text);
    policy.is_signed = true;
    memset(policy.signature, 7, sizeof policy.signature);
    kc_policy_file_write(&policy, text + strlen(text));
    assert_int_equal(kc_policy_file_read(text, read, 2, &count, &line), KC_OK);
    assert_int_equal(count, 2);
    assert_false(read[0].is_signed);
    assert_memory_equal(&read[1], &policy, sizeof policy);
    assert_int_equal(kc_policy_file_read(text, read, 1, &count, &line), KC_ERR_CONFIG);
}

static void a_text_that_is_no_policy_is_refused_with_its_line(void **state)
{
    (void)state;
    struct kc_signed_policy policy = {.pcrs.mask = 1u << 3}, read[2];
    char good[KC_POLICY_TEXT_MAX];
    size_t count = 0;
    unsigned line = 0;
    kc_policy_file_write(&policy, good);
    assert_int_equal(kc_policy_file_read(good, read, 2, &count, &line), KC_OK);
    for (size_t i = 0; good[i]; i++) {
        char bad[KC_POLICY_TEXT_MAX];
        memcpy(bad, good, sizeof bad);
        bad[i] = '#';
        assert_int_equal(kc_policy_file_read(bad, read, 2, &count, &line), KC_ERR_CONFIG);
        assert_true(line >= 1 && line <= 7);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_key_opens_with_the_values_that_were_signed),
        TEST(a_new_kernel_needs_a_signature_and_no_new_sealing),
        TEST(an_older_kernels_signed_policy_is_refused_after_it_was_withdrawn),
        TEST(a_policy_that_was_not_signed_by_the_key_is_refused),
        TEST(a_version_or_host_that_was_not_signed_is_refused),
        TEST(the_counter_only_counts_up_and_is_not_the_custodians_to_give_back),
        cmocka_unit_test(a_policy_is_read_as_it_was_written),
        cmocka_unit_test(a_text_that_is_no_policy_is_refused_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
