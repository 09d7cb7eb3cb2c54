/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provider as a program loads it, before a real custodian on a software TPM: which halves of a
 * key leave it, and that keys go on through threads, forks and restarts of the custodian.
 */
#include "proto/socket/client.h"
#include "tests/provider/support.h"
#include "tests/support/cmocka.h"
#include "tests/support/custodian.h"

#include <dirent.h>
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS 8
#define ROUNDS 20

static struct kc_custodian custodian;

/* --- set-up --- */

static int start(void **state)
{
    (void)state;
    kc_custodian_init(&custodian, "\"home\"");
    setenv("CUSTODIAN_SOCKET", custodian.socket, 1);
    generate_keys();
    generate("Ed448", "base", NULL, "base");
    generate("RSA-2048", "application", "decrypt", "opens");
    return load_provider() ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    unload_provider();
    kc_custodian_done(&custodian);
    return 0;
}

/* --- which half leaves --- */

static int count_params(const OSSL_PARAM params[], void *argument)
{
    int *count = argument;
    for (; params->key != NULL; params++) {
        assert_string_not_equal(params->key, OSSL_PKEY_PARAM_PRIV_KEY);
        assert_string_not_equal(params->key, OSSL_PKEY_PARAM_RSA_D);
        ++*count;
    }
    return 1;
}

static void exports_the_public_half_and_refuses_the_private_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < ALGORITHMS; i++) {
        int count = 0;
        EVP_PKEY *key = find_label(algorithms[i]);
        assert_ptr_equal(EVP_PKEY_get0_provider(key), provider);
        assert_int_equal(EVP_PKEY_export(key, EVP_PKEY_KEYPAIR, count_params, &count), 0);
        assert_int_equal(
            EVP_PKEY_export(key, OSSL_KEYMGMT_SELECT_PRIVATE_KEY, count_params, &count), 0);
        assert_int_equal(count, 0);
        assert_int_equal(EVP_PKEY_export(key, EVP_PKEY_PUBLIC_KEY, count_params, &count), 1);
        assert_true(count > 0);
        EVP_PKEY_free(key);
    }
}

static void no_route_gives_the_private_half(void **state)
{
    (void)state;
    for (size_t i = 0; i < ALGORITHMS; i++) {
        unsigned char *der = NULL, raw[64];
        size_t size = sizeof raw;
        BIGNUM *number = NULL;
        EVP_PKEY *key = find_label(algorithms[i]);
        assert_true(i2d_PrivateKey(key, &der) <= 0);
        assert_int_not_equal(EVP_PKEY_get_raw_private_key(key, raw, &size), 1);
        assert_int_not_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number), 1);
        assert_int_not_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_D, &number), 1);
        assert_null(EVP_PKEY2PKCS8(key));
        EVP_PKEY_free(key);
    }
}

static void is_equal_to_its_public_half_of_another_provider(void **state)
{
    (void)state;
    for (size_t i = 0; i < ALGORITHMS; i++) {
        EVP_PKEY *key = find_label(algorithms[i]), *public = public_of(key);
        EVP_PKEY *other = find_label(algorithms[(i + 1) % ALGORITHMS]);
        assert_int_equal(EVP_PKEY_eq(key, public), 1);
        assert_int_equal(EVP_PKEY_eq(public, key), 1);
        assert_int_not_equal(EVP_PKEY_eq(public, other), 1);
        EVP_PKEY_free(other);
        EVP_PKEY_free(public);
        EVP_PKEY_free(key);
    }
}

static void a_copy_of_the_parameters_takes_a_peers_public_key(void **state)
{
    (void)state;
    EVP_PKEY *key = find_label("P-256"), *public = public_of(key), *peer = EVP_PKEY_new();
    EVP_PKEY *software = EVP_PKEY_Q_keygen(library, NULL, "EC", "P-256");
    unsigned char *point = NULL;
    size_t size = EVP_PKEY_get1_encoded_public_key(software, &point);
    assert_int_equal(EVP_PKEY_copy_parameters(peer, key), 1);
    assert_int_equal(EVP_PKEY_set1_encoded_public_key(peer, point, size), 1);
    assert_int_equal(EVP_PKEY_eq(peer, software), 1);
    assert_int_not_equal(EVP_PKEY_set1_encoded_public_key(key, point, size), 1);
    assert_int_equal(EVP_PKEY_set_int_param(key, OSSL_PKEY_PARAM_EC_INCLUDE_PUBLIC, 1), 1);
    assert_int_equal(EVP_PKEY_eq(key, public), 1);
    assert_false(signs(peer, software));
    OPENSSL_free(point);
    EVP_PKEY_free(software);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(public);
    EVP_PKEY_free(key);
}

static void takes_no_private_key_in(void **state)
{
    (void)state;
    EVP_PKEY *key = NULL, *made = EVP_PKEY_Q_keygen(library, NULL, "ED25519");
    OSSL_PARAM *params;
    assert_int_equal(EVP_PKEY_todata(made, EVP_PKEY_KEYPAIR, &params), 1);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(library, "ED25519", "provider=custodian");
    assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
    assert_int_not_equal(EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params), 1);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    EVP_PKEY_free(made);
}

/* --- which keys there are --- */

static void offers_no_key_that_is_not_for_programs(void **state)
{
    (void)state;
    static const char *const uris[] = {"custodian:label=base", "custodian:label=absent",
        "custodian:label=", "custodian:", "custodian:label=Ed448;keyring=other",
        "custodian:label=Ed448;colour=red", "custodian:label=%zz", "custodian:label=%4",
        "custodian:label=Ed448;label=Ed448", "custodian:MAAA-AAAA"};
    for (size_t i = 0; i < sizeof uris / sizeof *uris; i++)
        if (find(uris[i]) != NULL)
            fail_msg("%s", uris[i]);
    EVP_PKEY *key = find("custodian:label=%45d448;keyring=home");
    assert_non_null(key);
    EVP_PKEY_free(key);
}

static void decodes_references_and_nothing_like_them(void **state)
{
    (void)state;
    static const char *const bad[] = {
        REFERENCE(
            "MCAMFWN1c3RvZGlhbjpsYWJlbD1QLTI1NgwHRWQyNTUxOQ=="),   /* P-256, said to be Ed25519 */
        REFERENCE("MB4MFWN1c3RvZGlhbjpsYWJlbD1QLTI1NgwFUC0yNTc="), /* P-257 */
        REFERENCE("MBcMFWN1c3RvZGlhbjpsYWJlbD1QLTI1Ng=="),         /* no algorithm */
        REFERENCE("MAA="), REFERENCE("BQA="), REFERENCE("")};
    EVP_PKEY *key = decode(REFERENCE_P_256);
    assert_non_null(key);
    assert_ptr_equal(EVP_PKEY_get0_provider(key), provider);
    EVP_PKEY_free(key);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_null(decode(bad[i]));
}

/* --- using them --- */

static void refuses_messages_and_paddings_that_the_custodian_does_not_sign(void **state)
{
    (void)state;
    EVP_PKEY *key = find_label("RSA-2048");
    unsigned char digest[32] = {0}, signature[256];
    size_t size = sizeof signature;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(library, key, NULL);
    assert_int_equal(EVP_PKEY_sign_init(context), 1);
    OSSL_PARAM padding[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, (char[]){"none"}, 0),
        OSSL_PARAM_construct_end()};
    assert_int_equal(EVP_PKEY_CTX_set_params(context, padding), 1);
    assert_int_not_equal(EVP_PKEY_sign(context, signature, &size, digest, sizeof digest), 1);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
}

static void agrees_and_decrypts(void **state)
{
    (void)state;
    EVP_PKEY *key = find_label("opens");
    assert_true(decrypts(key, 7));
    EVP_PKEY_free(key);
    for (size_t i = SIGNING; i < ALGORITHMS; i++) {
        key = find_label(algorithms[i]);
        assert_true(agrees(key, algorithms[i]));
        EVP_PKEY_free(key);
    }
}

static void goes_on_when_the_custodian_was_restarted(void **state)
{
    (void)state;
    EVP_PKEY *key = find_label("Ed25519"), *public = public_of(key);
    assert_true(signs(key, public));
    kc_custodian_stop(&custodian);
    ERR_clear_error();
    assert_false(signs(key, public));
    assert_string_equal(
        ERR_reason_error_string(ERR_peek_error()), kc_error_row(KC_ERR_DAEMON_ABSENT)->sentence);
    kc_custodian_start(&custodian);
    assert_true(signs(key, public));
    EVP_PKEY_free(public);
    EVP_PKEY_free(key);
}

static void signs_in_a_child_as_in_its_parent(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIGNING; i++) {
        int status;
        EVP_PKEY *key = find_label(algorithms[i]), *public = public_of(key);
        assert_true(signs(key, public));
        pid_t child = fork();
        if (child == 0)
            _exit(signs(key, public) && signs(key, public) ? 0 : 1);
        assert_true(signs(key, public));
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        EVP_PKEY_free(public);
        EVP_PKEY_free(key);
    }
}

struct shared {
    EVP_PKEY *key[SIGNING], *public[SIGNING];
    size_t failed[THREADS];
};

struct thread {
    struct shared *shared;
    size_t number;
};

static void *sign_often(void *argument)
{
    struct thread *thread = argument;
    struct shared *shared = thread->shared;
    for (size_t i = 0; i < ROUNDS; i++) {
        size_t which = (i + thread->number) % SIGNING;
        if (!signs(shared->key[which], shared->public[which]))
            shared->failed[thread->number]++;
    }
    return NULL;
}

static void threads_share_keys(void **state)
{
    (void)state;
    struct shared shared = {0};
    struct thread threads[THREADS];
    pthread_t ids[THREADS];
    for (size_t i = 0; i < SIGNING; i++) {
        shared.key[i] = find_label(algorithms[i]);
        shared.public[i] = public_of(shared.key[i]);
    }
    for (size_t i = 0; i < THREADS; i++) {
        threads[i] = (struct thread){&shared, i};
        assert_int_equal(pthread_create(&ids[i], NULL, sign_often, &threads[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(ids[i], NULL), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(shared.failed[i], 0);
    for (size_t i = 0; i < SIGNING; i++) {
        EVP_PKEY_free(shared.public[i]);
        EVP_PKEY_free(shared.key[i]);
    }
}

#define COPY "custodian-copy"

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* A library context with a copy of the provider, as the program itself holds the other. */
static OSSL_LIB_CTX *load_copy(OSSL_PROVIDER **copy, double *least_ms)
{
    OSSL_LIB_CTX *other = OSSL_LIB_CTX_new();
    OSSL_PROVIDER_set_default_search_path(other, ".");
    double before = now_ms();
    *copy = OSSL_PROVIDER_load(other, COPY);
    double ms = now_ms() - before;
    *least_ms = ms < *least_ms ? ms : *least_ms;
    assert_non_null(*copy);
    return other;
}

static void unload_copy(OSSL_LIB_CTX *other, OSSL_PROVIDER *copy)
{
    OSSL_PROVIDER_unload(copy);
    OSSL_LIB_CTX_free(other);
}

/* The least of several: the machine may do other things too. */
static void loads_in_less_than_five_milliseconds(void **state)
{
    (void)state;
    double least_ms = 1e9;
    if (getenv("KC_MEMCHECK") != NULL)
        skip();
    assert_int_equal(system("cp " KC_BUILD_DIR "/ossl-modules/custodian.so " COPY ".so"), 0);
    for (int i = 0; i < 10; i++) {
        OSSL_PROVIDER *copy;
        OSSL_LIB_CTX *other = load_copy(&copy, &least_ms);
        unload_copy(other, copy);
    }
    unlink(COPY ".so");
    assert_true(least_ms < 5);
}

static size_t open_descriptors(void)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static void unloading_leaves_nothing(void **state)
{
    (void)state;
    OSSL_PROVIDER *copy;
    double least_ms = 1e9;
    size_t before = open_descriptors();
    assert_int_equal(system("cp " KC_BUILD_DIR "/ossl-modules/custodian.so " COPY ".so"), 0);
    OSSL_LIB_CTX *other = load_copy(&copy, &least_ms);
    OSSL_STORE_CTX *store =
        OSSL_STORE_open_ex("custodian:label=Ed448", other, NULL, NULL, NULL, NULL, NULL, NULL);
    assert_non_null(store);
    OSSL_STORE_INFO *info = OSSL_STORE_load(store);
    assert_non_null(info);
    assert_int_equal(open_descriptors(), before + 1);
    OSSL_STORE_INFO_free(info);
    OSSL_STORE_close(store);
    unload_copy(other, copy);
    unlink(COPY ".so");
    assert_int_equal(open_descriptors(), before);
    assert_int_not_equal(system("grep -q " COPY " /proc/$PPID/maps"), 0);
}

static void offers_no_hashes_ciphers_or_random_numbers(void **state)
{
    (void)state;
    static const int operations[] = {
        OSSL_OP_DIGEST, OSSL_OP_CIPHER, OSSL_OP_MAC, OSSL_OP_KDF, OSSL_OP_RAND, OSSL_OP_KEM};
    int no_cache;
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        assert_null(OSSL_PROVIDER_query_operation(provider, operations[i], &no_cache));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exports_the_public_half_and_refuses_the_private_one),
        cmocka_unit_test(no_route_gives_the_private_half),
        cmocka_unit_test(is_equal_to_its_public_half_of_another_provider),
        cmocka_unit_test(a_copy_of_the_parameters_takes_a_peers_public_key),
        cmocka_unit_test(takes_no_private_key_in),
        cmocka_unit_test(offers_no_key_that_is_not_for_programs),
        cmocka_unit_test(decodes_references_and_nothing_like_them),
        cmocka_unit_test(refuses_messages_and_paddings_that_the_custodian_does_not_sign),
        cmocka_unit_test(agrees_and_decrypts),
        cmocka_unit_test(goes_on_when_the_custodian_was_restarted),
        cmocka_unit_test(signs_in_a_child_as_in_its_parent),
        cmocka_unit_test(threads_share_keys),
        cmocka_unit_test(loads_in_less_than_five_milliseconds),
        cmocka_unit_test(unloading_leaves_nothing),
        cmocka_unit_test(offers_no_hashes_ciphers_or_random_numbers),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
