/* SPDX-License-Identifier: Apache-2.0 */
/* Derived secrets that clients use and do not read, and signatures verified by any public key. */
#include "tests/vault/bench.h"

#include "custodian/vault/sealer.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t base_point[32] = {9};
static uint8_t iv[16];

struct sealed {
    uint8_t octets[KC_SEALED_SIZE_MAX];
    size_t size;
};

static struct ask derive_ask(const char *key, const void *peer, size_t peer_size)
{
    struct ask ask = ask_new(KC_OPERATION_SECRET_DERIVE);
    ask_text(&ask, KC_FIELD_KEY, key);
    ask_octets(&ask, KC_FIELD_PEER, peer, peer_size);
    return ask;
}

static struct sealed derive(struct bench *bench, uint64_t size)
{
    struct sealed sealed;
    char *key = bench_generate(bench, "X25519", "application", "dh");
    struct ask ask = derive_ask(key, base_point, 32);
    if (size > 0)
        ask_number(&ask, KC_FIELD_SIZE, size);
    struct answer *answer = bench_ask(bench, &ask);
    struct kc_span span = answer_value(answer, KC_FIELD_SEALED)->span;
    assert_true(span.size <= sizeof sealed.octets);
    memcpy(sealed.octets, span.bytes, span.size);
    sealed.size = span.size;
    answer_done(answer);
    free(key);
    return sealed;
}

static struct ask cipher_ask(enum kc_operation operation, const char *cipher,
    const struct sealed *sealed, const void *message, size_t size)
{
    struct ask ask = ask_new(operation);
    ask_text(&ask, KC_FIELD_CIPHER, cipher);
    ask_octets(&ask, KC_FIELD_IV, iv, sizeof iv);
    ask_octets(&ask, KC_FIELD_MESSAGE, message, size);
    if (sealed)
        ask_octets(&ask, KC_FIELD_SEALED, sealed->octets, sealed->size);
    return ask;
}

static size_t run(struct bench *bench, enum kc_operation operation, const char *cipher,
    const struct sealed *sealed, const void *message, size_t size, uint8_t output[64])
{
    struct ask ask = cipher_ask(operation, cipher, sealed, message, size);
    struct answer *answer = bench_ask(bench, &ask);
    size_t made = answer_secret(answer, KC_FIELD_OUTPUT, output);
    answer_done(answer);
    return made;
}

static void enciphers_and_back(void **state)
{
    static const char *const ciphers[] = {"AES-GCM", "AES-CBC-PAD"};
    struct sealed sealed = derive(*state, 0);
    for (size_t i = 0; i < 2; i++) {
        uint8_t cipher[64], back[64];
        size_t size =
            run(*state, KC_OPERATION_SECRET_ENCRYPT, ciphers[i], &sealed, "plain", 5, cipher);
        assert_int_equal(size, i == 0 ? 21 : 16);
        assert_int_equal(
            run(*state, KC_OPERATION_SECRET_DECRYPT, ciphers[i], &sealed, cipher, size, back), 5);
        assert_memory_equal(back, "plain", 5);
    }
}

static void a_secret_that_the_client_has_does_the_same(void **state)
{
    uint8_t key[32] = {5}, cipher[64], back[64];
    struct ask ask = cipher_ask(KC_OPERATION_SECRET_ENCRYPT, "AES-GCM", NULL, "plain", 5);
    ask_secret(&ask, KC_FIELD_SECRET, key, sizeof key);
    struct answer *answer = bench_ask(*state, &ask);
    size_t size = answer_secret(answer, KC_FIELD_OUTPUT, cipher);
    answer_done(answer);
    ask = cipher_ask(KC_OPERATION_SECRET_DECRYPT, "AES-GCM", NULL, cipher, size);
    ask_secret(&ask, KC_FIELD_SECRET, key, sizeof key);
    answer = bench_ask(*state, &ask);
    assert_int_equal(answer_secret(answer, KC_FIELD_OUTPUT, back), 5);
    answer_done(answer);
}

static void tells_nothing_of_what_was_altered(void **state)
{
    struct sealed sealed = derive(*state, 0);
    uint8_t cipher[64];
    size_t size = run(*state, KC_OPERATION_SECRET_ENCRYPT, "AES-GCM", &sealed, "plain", 5, cipher);
    for (size_t i = 0; i < size; i++) {
        cipher[i] ^= 1;
        struct ask ask = cipher_ask(KC_OPERATION_SECRET_DECRYPT, "AES-GCM", &sealed, cipher, size);
        bench_expect(*state, &ask, KC_ERR_DECRYPTION);
        cipher[i] ^= 1;
    }
    struct ask ask = cipher_ask(KC_OPERATION_SECRET_DECRYPT, "AES-GCM", &sealed, cipher, 15);
    bench_expect(*state, &ask, KC_ERR_BAD_ARGUMENT);
}

static void believes_only_what_this_vault_sealed(void **state)
{
    struct sealed sealed = derive(*state, 0);
    for (size_t i = 0; i < sealed.size; i++) {
        sealed.octets[i] ^= 1;
        struct ask ask = cipher_ask(KC_OPERATION_SECRET_ENCRYPT, "AES-GCM", &sealed, "m", 1);
        bench_expect(*state, &ask, KC_ERR_REFUSED);
        sealed.octets[i] ^= 1;
    }
    struct sealed cut = sealed;
    cut.size = 20;
    struct ask ask = cipher_ask(KC_OPERATION_SECRET_ENCRYPT, "AES-GCM", &cut, "m", 1);
    bench_expect(*state, &ask, KC_ERR_REFUSED);
    bench_restart(*state); /* its key died with it */
    ask = cipher_ask(KC_OPERATION_SECRET_ENCRYPT, "AES-GCM", &sealed, "m", 1);
    bench_expect(*state, &ask, KC_ERR_REFUSED);
}

static void refuses_what_does_not_fit(void **state)
{
    struct sealed sealed = derive(*state, 20); /* no size of an AES key */
    struct ask ask = cipher_ask(KC_OPERATION_SECRET_ENCRYPT, "AES-GCM", &sealed, "m", 1);
    bench_expect(*state, &ask, KC_ERR_BAD_ARGUMENT);
    ask = cipher_ask(KC_OPERATION_SECRET_ENCRYPT, "AES-GCM", NULL, "m", 1); /* none */
    bench_expect(*state, &ask, KC_ERR_BAD_ARGUMENT);
    char *key = bench_generate(*state, "X25519", "application", "two");
    ask = derive_ask(key, base_point, 32);
    ask_number(&ask, KC_FIELD_SIZE, 33);
    bench_expect(*state, &ask, KC_ERR_BAD_ARGUMENT);
    ask = derive_ask(key, (uint8_t[32]){0}, 32);
    bench_expect(*state, &ask, KC_ERR_POINT_SMALL_ORDER);
    free(key);
    key = bench_generate(*state, "Ed25519", "application", "three");
    ask = derive_ask(key, base_point, 32);
    bench_expect(*state, &ask, KC_ERR_REFUSED);
    free(key);
    key = bench_generate(*state, "X25519", "base", "four"); /* not for applications */
    ask = derive_ask(key, base_point, 32);
    bench_expect(*state, &ask, KC_ERR_REFUSED);
    free(key);
}

static void what_is_sealed_is_one_users(void **state)
{
    (void)state;
    struct bench *bench = *state;
    struct kc_entropy *entropy;
    struct kc_sealer *sealer;
    uint8_t sealed[KC_SEALED_SIZE_MAX];
    size_t size;
    assert_int_equal(kc_entropy_new(&bench->outside, &entropy), KC_OK);
    assert_int_equal(kc_sealer_new(entropy, &sealer), KC_OK);
    assert_int_equal(kc_sealer_seal(sealer, 1000,
                         (struct kc_span){(const uint8_t *)"sixteen octets..", 16}, sealed, &size),
        KC_OK);
    struct kc_secret secret = {0};
    assert_int_equal(
        kc_sealer_open(sealer, 1001, (struct kc_span){sealed, size}, &secret), KC_ERR_REFUSED);
    assert_int_equal(kc_sealer_open(sealer, 1000, (struct kc_span){sealed, size}, &secret), KC_OK);
    assert_memory_equal(secret.bytes, "sixteen octets..", 16);
    kc_secret_done(&secret);
    kc_sealer_free(sealer);
    kc_entropy_free(entropy);
}

/* --- verify --- */

static struct ask verify_ask(
    const char *algorithm, struct kc_span public, const uint8_t *signature, size_t size)
{
    struct ask ask = ask_new(KC_OPERATION_VERIFY);
    ask_text(&ask, KC_FIELD_ALGORITHM, algorithm);
    ask_octets(&ask, KC_FIELD_PUBLIC, public.bytes, public.size);
    ask_octets(&ask, KC_FIELD_MESSAGE, "message", 7);
    ask_octets(&ask, KC_FIELD_SIGNATURE, signature, size);
    return ask;
}

static void verifies_by_the_public_key_alone(void **state)
{
    struct bench *bench = *state;
    static const char *const algorithms[] = {"Ed25519", "P-256", "RSA-2048"};
    for (size_t i = 0; i < 3; i++) {
        uint8_t signature[512];
        char *key = bench_generate(bench, algorithms[i], "application", algorithms[i]);
        struct kc_record *record = bench_record(bench, KC_KIND_KEY, key);
        struct kc_span public = {record->public_key, record->public_size};
        struct ask ask = ask_new(KC_OPERATION_KEY_SIGN);
        ask_text(&ask, KC_FIELD_KEY, key);
        ask_octets(&ask, KC_FIELD_MESSAGE, "message", 7);
        if (i > 0)
            ask_text(&ask, KC_FIELD_HASH, "SHA-256");
        if (i == 2)
            ask_text(&ask, KC_FIELD_SCHEME, "pkcs1");
        struct answer *answer = bench_ask(bench, &ask);
        struct kc_span made = answer_value(answer, KC_FIELD_SIGNATURE)->span;
        size_t size = made.size;
        memcpy(signature, made.bytes, size);
        answer_done(answer);
        for (int altered = 0; altered < 3; altered++) {
            signature[size - 1] ^= altered == 1;
            ask = verify_ask(algorithms[i], public, signature, size - (altered == 2));
            if (i > 0)
                ask_text(&ask, KC_FIELD_HASH, "SHA-256");
            if (i == 2)
                ask_text(&ask, KC_FIELD_SCHEME, "pkcs1");
            bench_expect(bench, &ask, altered == 0 ? KC_OK : KC_ERR_SIGNATURE);
        }
        free(key);
    }
    uint8_t nothing[97] = {4};
    struct ask ask = verify_ask("P-384", (struct kc_span){nothing, 97}, nothing, 96);
    ask_text(&ask, KC_FIELD_HASH, "SHA-384");
    bench_expect(bench, &ask, KC_ERR_POINT_NOT_ON_CURVE);
    ask = verify_ask("X25519", (struct kc_span){nothing, 33}, nothing, 64);
    bench_expect(bench, &ask, KC_ERR_BAD_ALGORITHM);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(enciphers_and_back),
        CASE(a_secret_that_the_client_has_does_the_same),
        CASE(tells_nothing_of_what_was_altered),
        CASE(believes_only_what_this_vault_sealed),
        CASE(refuses_what_does_not_fit),
        CASE(what_is_sealed_is_one_users),
        CASE(verifies_by_the_public_key_alone),
    };
    return cmocka_run_group_tests_name("vault secrets and verification", tests, NULL, NULL);
}
