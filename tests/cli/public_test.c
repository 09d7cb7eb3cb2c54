/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys in PEM: OpenSSL's are read, ours are read by OpenSSL, and the
 * sign of a point is kept. */
#include "custodian/cli/public.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

static const char *const algorithms[] = {"Ed25519", "Ed448", "X25519", "X448"};
#define ALGORITHM_COUNT (sizeof algorithms / sizeof *algorithms)

static bool agrees(const char *algorithm)
{
    return algorithm[0] == 'X';
}

static struct kc_span span_of(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

/* A key of OpenSSL's, as PEM text. */
static void make_pem(const char *algorithm, char text[512])
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, algorithm);
    BIO *memory = BIO_new(BIO_s_mem());
    char *pem;
    assert_int_equal(PEM_write_bio_PUBKEY(memory, key), 1);
    long size = BIO_get_mem_data(memory, &pem);
    snprintf(text, 512, "%.*s", (int)size, pem);
    BIO_free(memory);
    EVP_PKEY_free(key);
}

static void reads_and_writes_what_openssl_writes_and_reads(void **state)
{
    (void)state;
    for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
        char pem[512], again[KC_CLI_PUBLIC_TEXT_SIZE];
        struct kc_cli_public public;
        make_pem(algorithms[i], pem);
        assert_int_equal(kc_cli_public_parse(span_of(pem), &public), KC_OK);
        assert_string_equal(public.algorithm, algorithms[i]);
        assert_int_equal(public.whole, !agrees(algorithms[i]));
        assert_int_equal(kc_cli_public_write(&public, false, again), KC_OK);
        assert_string_equal(again, pem);
    }
}

static void keeps_the_sign_of_a_point_beside_the_block(void **state)
{
    (void)state;
    for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
        char pem[512], text[KC_CLI_PUBLIC_TEXT_SIZE];
        struct kc_cli_public public, again;
        if (!agrees(algorithms[i]))
            continue;
        make_pem(algorithms[i], pem);
        assert_int_equal(kc_cli_public_parse(span_of(pem), &public), KC_OK);
        public.octets[public.size - 1] = 0x80;
        assert_int_equal(kc_cli_public_write(&public, true, text), KC_OK);
        assert_int_equal(kc_cli_public_parse(span_of(text), &again), KC_OK);
        assert_true(again.whole);
        assert_memory_equal(again.octets, public.octets, public.size);
        BIO *memory = BIO_new_mem_buf(text, -1); /* OpenSSL skips the line before the block */
        EVP_PKEY *key = PEM_read_bio_PUBKEY(memory, NULL, NULL, NULL);
        assert_non_null(key);
        EVP_PKEY_free(key);
        BIO_free(memory);
    }
}

static void refuses_a_sign_line_of_another_key(void **state)
{
    (void)state;
    char one[512], other[512], text[KC_CLI_PUBLIC_TEXT_SIZE], mixed[1024];
    struct kc_cli_public public;
    make_pem("X448", one);
    make_pem("X448", other);
    assert_int_equal(kc_cli_public_parse(span_of(one), &public), KC_OK);
    assert_int_equal(kc_cli_public_write(&public, true, text), KC_OK);
    snprintf(mixed, sizeof mixed, "%.*s\n%s", (int)strcspn(text, "\n"), text, other);
    assert_int_equal(kc_cli_public_parse(span_of(mixed), &public), KC_ERR_BAD_ARGUMENT);
}

static void names_the_key_with_the_other_sign(void **state)
{
    (void)state;
    char pem[512], id[KC_UDF_ID_SIZE], other[KC_UDF_ID_SIZE];
    struct kc_cli_public public;
    make_pem("X448", pem);
    assert_int_equal(kc_cli_public_parse(span_of(pem), &public), KC_OK);
    assert_int_equal(kc_cli_public_other_id(&public, other), KC_OK);
    public.octets[public.size - 1] ^= 0x80;
    assert_int_equal(
        kc_udf_key_fingerprint(public.algorithm, kc_cli_public_span(&public), id), KC_OK);
    assert_string_equal(other, id);
}

/* Made by openssl, read, and written again: the same text. */
static void reads_and_writes_keys_of_the_other_algorithms(void **state)
{
    (void)state;
    static const char *const names[] = {"P-256", "P-384", "RSA-2048"};
    for (size_t i = 0; i < 3; i++) {
        EVP_PKEY *key = i < 2 ? EVP_EC_gen(names[i]) : EVP_RSA_gen(2048);
        BIO *memory = BIO_new(BIO_s_mem());
        char *pem, text[KC_CLI_PUBLIC_TEXT_SIZE];
        struct kc_cli_public public;
        assert_int_equal(PEM_write_bio_PUBKEY(memory, key), 1);
        long size = BIO_get_mem_data(memory, &pem);
        assert_int_equal(
            kc_cli_public_parse((struct kc_span){(const uint8_t *)pem, (size_t)size}, &public),
            KC_OK);
        assert_string_equal(public.algorithm, names[i]);
        assert_int_equal(kc_cli_public_write(&public, false, text), KC_OK);
        assert_int_equal(strlen(text), size);
        assert_memory_equal(text, pem, (size_t)size);
        BIO_free(memory);
        EVP_PKEY_free(key);
    }
}

static void refuses_keys_of_other_kinds_and_bad_points(void **state)
{
    (void)state;
    struct kc_cli_public public;
    static const char p521[] = "-----BEGIN PUBLIC KEY-----\n"
                               "MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQAvE4TfoS0L5q0DZyo3GfJoeMa+9ne\n"
                               "yd+bdgovZUIbI+ZuEUuuw3QZmHdsA64eqE/wz49ioTObEyQ2TPAXjX3d4jkAqHVi\n"
                               "AXgc4u0RhCy8V5utFNBobhv6EC5P9iOgbqTw6YnmQ5RPcoEUx9Ub+xKHmiu1rQuR\n"
                               "q/m3XPwHSODh1o+Rc9g=\n"
                               "-----END PUBLIC KEY-----\n";
    static const char zero[] = "-----BEGIN PUBLIC KEY-----\n"
                               "MCowBQYDK2VuAyEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
                               "-----END PUBLIC KEY-----\n"; /* X25519, u = 0: of order two */
    assert_int_equal(kc_cli_public_parse(span_of(p521), &public), KC_ERR_BAD_ALGORITHM);
    assert_int_equal(kc_cli_public_parse(span_of(zero), &public), KC_ERR_POINT_SMALL_ORDER);
    assert_int_equal(kc_cli_public_parse(span_of("no PEM"), &public), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_cli_public_parse(span_of(""), &public), KC_ERR_BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_what_openssl_writes_and_reads),
        cmocka_unit_test(keeps_the_sign_of_a_point_beside_the_block),
        cmocka_unit_test(refuses_a_sign_line_of_another_key),
        cmocka_unit_test(names_the_key_with_the_other_sign),
        cmocka_unit_test(reads_and_writes_keys_of_the_other_algorithms),
        cmocka_unit_test(refuses_keys_of_other_kinds_and_bad_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
