/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that libcrypto works with: P-256, P-384 and RSA, made, kept and used by the vault. */
#include "tests/vault/bench.h"

#include "base/secret.h"
#include "custodian/vault/core.h"
#include "custodian/vault/unpad.h"
#include "proto/udf_digest.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

/* --- asking --- */

static struct ask generate_ask(const char *algorithm, const char *use, const char *label)
{
    struct ask ask = ask_new(KC_OPERATION_KEY_GENERATE);
    ask_text(&ask, KC_FIELD_ALGORITHM, algorithm);
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_LABEL, label);
    if (use)
        ask_text(&ask, KC_FIELD_USE, use);
    return ask;
}

static char *generate(struct bench *bench, const char *algorithm, const char *use)
{
    static unsigned int made;
    char label[32];
    snprintf(label, sizeof label, "key %u", ++made);
    struct ask ask = generate_ask(algorithm, use, label);
    struct answer *answer = bench_ask(bench, &ask);
    char *id = strdup(answer_text(answer, KC_FIELD_KEY));
    answer_done(answer);
    return id;
}

static struct ask sign_ask(const char *key, const char *scheme, const void *message, size_t size)
{
    struct ask ask = ask_new(KC_OPERATION_KEY_SIGN);
    ask_text(&ask, KC_FIELD_KEY, key);
    ask_octets(&ask, KC_FIELD_MESSAGE, message, size);
    if (scheme)
        ask_text(&ask, KC_FIELD_SCHEME, scheme);
    return ask;
}

static struct ask decrypt_ask(
    const char *key, const char *scheme, const uint8_t *ciphertext, size_t size)
{
    struct ask ask = ask_new(KC_OPERATION_KEY_DECRYPT);
    ask_text(&ask, KC_FIELD_KEY, key);
    ask_text(&ask, KC_FIELD_SCHEME, scheme);
    ask_octets(&ask, KC_FIELD_CIPHERTEXT, ciphertext, size);
    return ask;
}

/* The public half as somebody else reads it: out of the block that the id is a digest of. */
static EVP_PKEY *public_of(struct bench *bench, const char *id)
{
    const struct kc_record *record = bench_record(bench, KC_KIND_KEY, id);
    uint8_t info[KC_UDF_KEY_INFO_MAX];
    const uint8_t *at = info;
    size_t size;
    assert_int_equal(kc_udf_key_info(kc_algorithm_info(record->algorithm)->name,
                         (struct kc_span){record->public_key, record->public_size}, info, &size),
        KC_OK);
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)size);
    assert_non_null(key);
    assert_ptr_equal(at, info + size);
    return key;
}

/* --- signatures --- */

static size_t to_der(struct kc_span flat, uint8_t *der)
{
    ECDSA_SIG *signature = ECDSA_SIG_new();
    size_t half = flat.size / 2;
    ECDSA_SIG_set0(signature, BN_bin2bn(flat.bytes, (int)half, NULL),
        BN_bin2bn(flat.bytes + half, (int)half, NULL));
    int size = i2d_ECDSA_SIG(signature, &der);
    ECDSA_SIG_free(signature);
    assert_true(size > 0);
    return (size_t)size;
}

/* padding: 0 for ECDSA. salt: of PSS. */
static bool verifies(EVP_PKEY *key, int padding, const EVP_MD *md, const EVP_MD *mgf, int salt,
    struct kc_span signature, const char *message)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *inner;
    uint8_t der[160];
    assert_int_equal(EVP_DigestVerifyInit(context, &inner, md, NULL, key), 1);
    if (padding == 0)
        signature = (struct kc_span){der, to_der(signature, der)};
    else
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(inner, padding), 1);
    if (padding == RSA_PKCS1_PSS_PADDING) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(inner, mgf), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(inner, salt), 1);
    }
    bool good = EVP_DigestVerify(context, signature.bytes, signature.size, (const uint8_t *)message,
                    strlen(message)) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

#define MESSAGE "to be signed"

static void ecdsa_over_a_message_is_what_openssl_verifies(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *algorithm, *hash;
        size_t size;
    } cases[] = {{"P-256", "SHA-256", 64}, {"P-256", "SHA-512", 64}, {"P-384", "SHA-384", 96},
        {"P-384", "SHA-256", 96}};
    for (size_t i = 0; i < 4; i++) {
        char *id = generate(bench, cases[i].algorithm, NULL);
        EVP_PKEY *key = public_of(bench, id);
        struct ask ask = sign_ask(id, i % 2 ? "ecdsa" : NULL, MESSAGE, strlen(MESSAGE));
        ask_text(&ask, KC_FIELD_HASH, cases[i].hash);
        struct answer *answer = bench_ask(bench, &ask);
        struct kc_span signature = answer_value(answer, KC_FIELD_SIGNATURE)->span;
        assert_int_equal(signature.size, cases[i].size);
        assert_true(
            verifies(key, 0, EVP_get_digestbyname(cases[i].hash), NULL, 0, signature, MESSAGE));
        answer_done(answer);
        EVP_PKEY_free(key);
        free(id);
    }
}

static void ecdsa_over_a_digest_is_the_same_signature(void **state)
{
    struct bench *bench = *state;
    char *id = generate(bench, "P-256", "sign");
    EVP_PKEY *key = public_of(bench, id);
    uint8_t digest[32];
    assert_int_equal(EVP_Digest(MESSAGE, strlen(MESSAGE), digest, NULL, EVP_sha256(), NULL), 1);
    struct ask ask = sign_ask(id, "ecdsa", digest, sizeof digest);
    ask_number(&ask, KC_FIELD_HASHED, 1);
    struct answer *answer = bench_ask(bench, &ask);
    assert_true(verifies(
        key, 0, EVP_sha256(), NULL, 0, answer_value(answer, KC_FIELD_SIGNATURE)->span, MESSAGE));
    answer_done(answer);
    EVP_PKEY_free(key);
    free(id);
}

static void rsa_signs_pkcs1_and_pss(void **state)
{
    struct bench *bench = *state;
    char *id = generate(bench, "RSA-2048", NULL);
    EVP_PKEY *key = public_of(bench, id);
    static const struct {
        const char *scheme, *hash, *mgf;
        int salt; /* -1: not said */
        int padding, expected;
    } cases[] = {{"pkcs1", "SHA-256", NULL, -1, RSA_PKCS1_PADDING, 0},
        {"pkcs1", "SHA-512", NULL, -1, RSA_PKCS1_PADDING, 0},
        {"pss", "SHA-256", NULL, -1, RSA_PKCS1_PSS_PADDING, 32},
        {"pss", "SHA-384", "SHA-256", 20, RSA_PKCS1_PSS_PADDING, 20},
        {"pss", "SHA-256", NULL, 0, RSA_PKCS1_PSS_PADDING, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ask ask = sign_ask(id, cases[i].scheme, MESSAGE, strlen(MESSAGE));
        ask_text(&ask, KC_FIELD_HASH, cases[i].hash);
        if (cases[i].mgf)
            ask_text(&ask, KC_FIELD_MGF_HASH, cases[i].mgf);
        if (cases[i].salt >= 0)
            ask_number(&ask, KC_FIELD_SALT_SIZE, (uint64_t)cases[i].salt);
        struct answer *answer = bench_ask(bench, &ask);
        struct kc_span signature = answer_value(answer, KC_FIELD_SIGNATURE)->span;
        const EVP_MD *md = EVP_get_digestbyname(cases[i].hash);
        assert_int_equal(signature.size, 256);
        assert_true(verifies(key, cases[i].padding, md,
            cases[i].mgf ? EVP_get_digestbyname(cases[i].mgf) : md, cases[i].expected, signature,
            MESSAGE));
        answer_done(answer);
    }
    EVP_PKEY_free(key);
    free(id);
}

/* What TLS 1.2 and ssh clients of PKCS #11 do: they make the DigestInfo, or nothing of the kind. */
static void rsa_pads_what_it_is_given(void **state)
{
    struct bench *bench = *state;
    char *id = generate(bench, "RSA-2048", "sign");
    EVP_PKEY *key = public_of(bench, id);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    struct ask ask = sign_ask(id, "pkcs1", "any octets", 10);
    struct answer *answer = bench_ask(bench, &ask);
    struct kc_span signature = answer_value(answer, KC_FIELD_SIGNATURE)->span;
    uint8_t recovered[256];
    size_t size = sizeof recovered;
    assert_int_equal(EVP_PKEY_verify_recover_init(context), 1);
    assert_int_equal(
        EVP_PKEY_verify_recover(context, recovered, &size, signature.bytes, signature.size), 1);
    assert_int_equal(size, 10);
    assert_memory_equal(recovered, "any octets", 10);
    answer_done(answer);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    free(id);
}

static void expect_wrong(struct bench *bench, struct ask *ask, const char *detail)
{
    struct answer *answer = bench_ask(bench, ask);
    assert_string_equal(kc_error_name(answer->error), "bad-argument");
    assert_true(kc_values_text_is(&answer->in.message.values, KC_FIELD_DETAIL, detail));
    answer_done(answer);
}

static void a_scheme_that_does_not_fit_is_named(void **state)
{
    struct bench *bench = *state;
    static const uint8_t octets[300] = {1};
    char *p256 = generate(bench, "P-256", NULL), *rsa = generate(bench, "RSA-2048", NULL);
    char *ed = generate(bench, "Ed25519", NULL);
    const struct {
        const char *key, *scheme, *hash;
        enum kc_field extra; /* KC_FIELDS: none */
        size_t size;
        const char *detail;
    } cases[] = {
        {p256, "pss", "SHA-256", KC_FIELDS, 10, "scheme"},
        {p256, "ecdsa", NULL, KC_FIELDS, 32, "hash"},
        {p256, "ecdsa", "SHA-1", KC_FIELDS, 32, "hash"},
        {p256, "ecdsa", "SHA-256", KC_FIELD_SALT_SIZE, 32, "salt_size"},
        {p256, "ecdsa", "SHA-256", KC_FIELD_CONTEXT, 32, "context"},
        {p256, "ecdsa", NULL, KC_FIELD_HASHED, 65, "message"},
        {p256, "ecdsa", NULL, KC_FIELD_HASHED, 0, "message"},
        {p256, "ecdsa", "SHA-256", KC_FIELD_HASHED, 31, "message"},
        {rsa, NULL, "SHA-256", KC_FIELDS, 10, "scheme"},
        {rsa, "ecdsa", "SHA-256", KC_FIELDS, 10, "scheme"},
        {rsa, "oaep", "SHA-256", KC_FIELDS, 10, "scheme"},
        {rsa, "pss", NULL, KC_FIELDS, 10, "hash"},
        {rsa, "pss", "SHA-256", KC_FIELD_SALT_SIZE, 10, "message"},
        {rsa, "pkcs1", "SHA-256", KC_FIELD_SALT_SIZE, 10, "salt_size"},
        {rsa, "pkcs1", NULL, KC_FIELDS, 246, "message"},
        {ed, "ecdsa", NULL, KC_FIELDS, 10, "scheme"},
        {ed, "plain", "SHA-256", KC_FIELDS, 10, "scheme"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ask ask = sign_ask(cases[i].key, cases[i].scheme, octets, cases[i].size);
        if (cases[i].hash)
            ask_text(&ask, KC_FIELD_HASH, cases[i].hash);
        if (cases[i].extra == KC_FIELD_CONTEXT)
            ask_octets(&ask, KC_FIELD_CONTEXT, "c", 1);
        else if (cases[i].extra != KC_FIELDS)
            ask_number(&ask, cases[i].extra, cases[i].extra == KC_FIELD_HASHED ? 1 : 300);
        expect_wrong(bench, &ask, cases[i].detail);
    }
    free(p256);
    free(rsa);
    free(ed);
}

/* --- decrypting --- */

static void encrypt(EVP_PKEY *key, int padding, const EVP_MD *md, const EVP_MD *mgf,
    const char *label, const char *plain, uint8_t ciphertext[256])
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    size_t size = 256;
    assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, padding), 1);
    if (md) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(context, md), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(context, mgf), 1);
    }
    if (label)
        assert_int_equal(
            EVP_PKEY_CTX_set0_rsa_oaep_label(context, OPENSSL_strdup(label), (int)strlen(label)),
            1);
    assert_int_equal(
        EVP_PKEY_encrypt(context, ciphertext, &size, (const uint8_t *)plain, strlen(plain)), 1);
    EVP_PKEY_CTX_free(context);
}

static void expect_plain(struct bench *bench, struct ask *ask, const char *plain)
{
    uint8_t octets[64];
    struct answer *answer = bench_ask(bench, ask);
    assert_int_equal(answer_secret(answer, KC_FIELD_SECRET, octets), strlen(plain));
    assert_memory_equal(octets, plain, strlen(plain));
    answer_done(answer);
}

static void decrypts_oaep(void **state)
{
    struct bench *bench = *state;
    char *id = generate(bench, "RSA-2048", "decrypt");
    EVP_PKEY *key = public_of(bench, id);
    static const struct {
        const char *hash, *mgf, *label;
    } cases[] = {{"SHA-1", NULL, NULL}, {"SHA-256", NULL, "a label"}, {"SHA-256", "SHA-1", NULL},
        {"SHA-512", "SHA-512", "x"}};
    uint8_t ciphertext[256];
    for (size_t i = 0; i < 4; i++) {
        const EVP_MD *md = EVP_get_digestbyname(cases[i].hash);
        encrypt(key, RSA_PKCS1_OAEP_PADDING, md,
            cases[i].mgf ? EVP_get_digestbyname(cases[i].mgf) : md, cases[i].label, "plain text",
            ciphertext);
        struct ask ask = decrypt_ask(id, "oaep", ciphertext, sizeof ciphertext);
        ask_text(&ask, KC_FIELD_HASH, cases[i].hash);
        if (cases[i].mgf)
            ask_text(&ask, KC_FIELD_MGF_HASH, cases[i].mgf);
        if (cases[i].label)
            ask_octets(&ask, KC_FIELD_OAEP_LABEL, cases[i].label, strlen(cases[i].label));
        expect_plain(bench, &ask, "plain text");
    }
    struct ask other = decrypt_ask(id, "oaep", ciphertext, sizeof ciphertext), little = other;
    ask_text(&other, KC_FIELD_HASH, "SHA-512");
    bench_expect(bench, &other, KC_ERR_DECRYPTION); /* another label */
    ask_octets(&little, KC_FIELD_CIPHERTEXT, ciphertext, 255);
    ask_text(&little, KC_FIELD_HASH, "SHA-512");
    bench_expect(bench, &little, KC_ERR_DECRYPTION);
    memset(ciphertext, 0xff, sizeof ciphertext); /* more than the modulus */
    struct ask large = decrypt_ask(id, "oaep", ciphertext, sizeof ciphertext);
    ask_text(&large, KC_FIELD_HASH, "SHA-512");
    bench_expect(bench, &large, KC_ERR_DECRYPTION);
    EVP_PKEY_free(key);
    free(id);
}

static size_t decrypt_pkcs1(
    struct bench *bench, const char *id, const uint8_t ciphertext[256], uint8_t plain[512])
{
    size_t size = 0;
    struct ask ask = decrypt_ask(id, "pkcs1", ciphertext, 256);
    struct answer *answer = bench_ask(bench, &ask);
    size_t index = answer_value(answer, KC_FIELD_SECRET)->number;
    assert_int_equal(kc_sealed_read(answer->sent.descriptors.fd[index], plain, 512, &size), KC_OK);
    answer_done(answer);
    return size;
}

static void a_wrong_padding_of_pkcs1_is_no_error_and_always_the_same(void **state)
{
    struct bench *bench = *state;
    char *id = generate(bench, "RSA-2048", "decrypt");
    EVP_PKEY *key = public_of(bench, id);
    uint8_t ciphertext[256], first[512], second[512];
    encrypt(key, RSA_PKCS1_PADDING, NULL, NULL, NULL, "plain text", ciphertext);
    assert_int_equal(decrypt_pkcs1(bench, id, ciphertext, first), 10);
    assert_memory_equal(first, "plain text", 10);
    encrypt(key, RSA_PKCS1_PADDING, NULL, NULL, NULL, "", ciphertext);
    assert_int_equal(decrypt_pkcs1(bench, id, ciphertext, first), 0);

    size_t sizes[8];
    bool differ = false;
    for (uint8_t i = 0; i < 8; i++) {
        memset(ciphertext, 1 + i, sizeof ciphertext); /* decrypts to anything but a padding */
        sizes[i] = decrypt_pkcs1(bench, id, ciphertext, first);
        assert_int_equal(decrypt_pkcs1(bench, id, ciphertext, second), sizes[i]);
        assert_memory_equal(first, second, sizes[i]);
        assert_true(sizes[i] <= 245);
        differ = differ || sizes[i] != sizes[0];
    }
    assert_true(differ);
    bench_restart(bench);
    assert_int_equal(decrypt_pkcs1(bench, id, ciphertext, second), sizes[7]);
    assert_memory_equal(first, second, sizes[7]);
    EVP_PKEY_free(key);
    free(id);
}

/* A block of 0, type and octets up to a separator, unpadded: whether what comes is its own rest. */
static bool unpads(uint8_t first, uint8_t type, size_t separator)
{
    uint8_t encoded[256], before[256];
    static const uint8_t secret[32] = {7};
    size_t start = 0;
    memset(encoded, 0xaa, sizeof encoded);
    encoded[0] = first;
    encoded[1] = type;
    if (separator < sizeof encoded)
        encoded[separator] = 0;
    memcpy(before, encoded, sizeof before);
    assert_int_equal(kc_unpad_pkcs1(encoded, sizeof encoded, (struct kc_span){secret, 32},
                         (struct kc_span){(const uint8_t *)"ciphertext", 10}, &start),
        KC_OK);
    assert_in_range(start, 11, sizeof encoded);
    return start == separator + 1 && memcmp(encoded, before, sizeof before) == 0;
}

static void a_padding_has_eight_octets_that_are_not_zero(void **state)
{
    (void)state;
    assert_true(unpads(0, 2, 10));
    assert_true(unpads(0, 2, 100));
    assert_true(unpads(0, 2, 255)); /* an empty message */
    assert_false(unpads(0, 2, 9));
    assert_false(unpads(0, 2, 2));
    assert_false(unpads(0, 2, 256)); /* no separator */
    assert_false(unpads(0, 1, 100));
    assert_false(unpads(1, 2, 100));
}

static void a_decryption_names_its_scheme(void **state)
{
    struct bench *bench = *state;
    static const uint8_t octets[256] = {0};
    char *id = generate(bench, "RSA-2048", "decrypt");
    struct ask pss = decrypt_ask(id, "pss", octets, 256),
               none = decrypt_ask(id, "oaep", octets, 256),
               hash = decrypt_ask(id, "pkcs1", octets, 256), label = hash;
    expect_wrong(bench, &pss, "scheme");
    expect_wrong(bench, &none, "hash");
    ask_text(&hash, KC_FIELD_HASH, "SHA-256");
    expect_wrong(bench, &hash, "hash");
    ask_octets(&label, KC_FIELD_OAEP_LABEL, "l", 1);
    expect_wrong(bench, &label, "oaep_label");
    free(id);
}

/* --- agreeing --- */

static void check_agreement(struct bench *bench, const char *algorithm, size_t half)
{
    char *id = generate(bench, algorithm, "agree");
    EVP_PKEY *key = public_of(bench, id), *peer = EVP_EC_gen(algorithm);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(peer, NULL);
    uint8_t point[97], compressed[49], ours[64], theirs[64];
    size_t size, theirs_size = sizeof theirs;
    assert_int_equal(EVP_PKEY_derive_init(context), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(context, key), 1);
    assert_int_equal(EVP_PKEY_derive(context, theirs, &theirs_size), 1);
    assert_int_equal(
        EVP_PKEY_get_octet_string_param(peer, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &size),
        1);
    assert_int_equal(size, 1 + 2 * half);
    compressed[0] = 2 | (point[2 * half] & 1);
    memcpy(compressed + 1, point + 1, half);
    for (unsigned int i = 0; i < 2; i++) {
        struct ask ask = ask_new(KC_OPERATION_KEY_AGREE);
        ask_text(&ask, KC_FIELD_KEY, id);
        ask_octets(&ask, KC_FIELD_PEER, i ? compressed : point, i ? half + 1 : size);
        struct answer *answer = bench_ask(bench, &ask);
        assert_int_equal(answer_secret(answer, KC_FIELD_SECRET, ours), half);
        assert_memory_equal(ours, theirs, half);
        answer_done(answer);
    }
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(key);
    free(id);
}

static void agrees_with_openssl_on_nist_curves(void **state)
{
    check_agreement(*state, "P-256", 32);
    check_agreement(*state, "P-384", 48);
}

static void a_peer_must_be_a_point_of_the_curve(void **state)
{
    struct bench *bench = *state;
    char *id = generate(bench, "P-256", "agree");
    uint8_t point[65];
    const struct kc_record *record = bench_record(bench, KC_KIND_KEY, id);
    memcpy(point, record->public_key, sizeof point);
    point[64] ^= 1; /* not on the curve */
    uint8_t hybrid[65], large[65] = {4}, zero[1] = {0}, compressed[33] = {5};
    memcpy(hybrid, record->public_key, sizeof hybrid);
    hybrid[0] = (uint8_t)(6 | (hybrid[64] & 1));
    memset(large + 1, 0xff, 64); /* not below the field's prime */
    const struct {
        const uint8_t *octets;
        size_t size;
        enum kc_error error;
    } cases[] = {{point, 65, KC_ERR_POINT_NOT_ON_CURVE}, {large, 65, KC_ERR_POINT_NOT_ON_CURVE},
        {hybrid, 65, KC_ERR_POINT_ENCODING}, {zero, 1, KC_ERR_POINT_ENCODING},
        {zero, 0, KC_ERR_POINT_ENCODING}, {point, 64, KC_ERR_POINT_ENCODING},
        {compressed, 33, KC_ERR_POINT_ENCODING}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ask ask = ask_new(KC_OPERATION_KEY_AGREE);
        ask_text(&ask, KC_FIELD_KEY, id);
        ask_octets(&ask, KC_FIELD_PEER, cases[i].octets, cases[i].size);
        bench_expect(bench, &ask, cases[i].error);
    }
    free(id);
}

/* --- what they may be --- */

static void each_algorithm_has_its_uses(void **state)
{
    struct bench *bench = *state;
    static const char *const wrong[][2] = {{"P-256", "decrypt"}, {"RSA-2048", "agree"},
        {"Ed25519", "agree"}, {"X448", "sign"}, {"Ed448", "decrypt"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct ask ask = generate_ask(wrong[i][0], wrong[i][1], "x");
        bench_expect(bench, &ask, KC_ERR_BAD_ALGORITHM);
    }
    static const char *const roles[] = {"base", "account", "wrap"};
    for (size_t i = 0; i < 3; i++) {
        struct ask ask = generate_ask("P-256", "agree", "x");
        ask_text(&ask, KC_FIELD_ROLE, roles[i]);
        bench_expect(bench, &ask, KC_ERR_BAD_ALGORITHM);
    }
}

static void a_key_is_for_its_one_use(void **state)
{
    struct bench *bench = *state;
    static const uint8_t octets[256] = {0};
    char *agrees = generate(bench, "P-256", "agree"), *signs = generate(bench, "P-256", "sign");
    char *rsa_signs = generate(bench, "RSA-2048", "sign");
    char *decrypts = generate(bench, "RSA-2048", "decrypt");
    struct ask sign = sign_ask(agrees, "ecdsa", octets, 32);
    ask_number(&sign, KC_FIELD_HASHED, 1);
    bench_expect(bench, &sign, KC_ERR_REFUSED);
    struct ask agree = ask_new(KC_OPERATION_KEY_AGREE);
    ask_text(&agree, KC_FIELD_KEY, signs);
    ask_octets(&agree, KC_FIELD_PEER, octets, 65);
    bench_expect(bench, &agree, KC_ERR_REFUSED);
    struct ask rsa_sign = sign_ask(decrypts, "pkcs1", octets, 32);
    bench_expect(bench, &rsa_sign, KC_ERR_REFUSED);
    struct ask decrypt = decrypt_ask(rsa_signs, "pkcs1", octets, 256);
    bench_expect(bench, &decrypt, KC_ERR_REFUSED);
    free(agrees);
    free(signs);
    free(rsa_signs);
    free(decrypts);
}

/* The Mesh's operations are for its own curves, whatever use a key has. */
static void keys_of_other_curves_take_no_part_in_the_mesh(void **state)
{
    struct bench *bench = *state;
    static const uint8_t wrapped[40] = {0};
    bench_set_pin(bench);
    struct bench *service = bench_new();
    char *wrap = bench_enrol(service, bench, "X448");
    char *id = generate(bench, "P-256", "agree");
    struct ask split = ask_new(KC_OPERATION_SHARE_SPLIT);
    ask_text(&split, KC_FIELD_KEY, id);
    ask_text(&split, KC_FIELD_RECIPIENT, wrap);
    ask_secret(&split, KC_FIELD_PIN, BENCH_PIN, strlen(BENCH_PIN));
    bench_expect(bench, &split, KC_ERR_REFUSED);
    struct ask decrypt = ask_new(KC_OPERATION_DECRYPT);
    ask_text(&decrypt, KC_FIELD_KEY, id);
    ask_octets(&decrypt, KC_FIELD_PEER, wrapped, 33);
    ask_octets(&decrypt, KC_FIELD_WRAPPED, wrapped, 40);
    bench_expect(bench, &decrypt, KC_ERR_REFUSED);
    bench_free(service);
    free(wrap);
    free(id);
}

static void the_largest_key_fits_and_survives_a_restart(void **state)
{
    struct bench *bench = *state;
    char *id = generate(bench, "RSA-4096", NULL);
    const struct kc_record *record = bench_record(bench, KC_KIND_KEY, id);
    assert_int_equal(record->public_size, 526);
    bench_restart(bench);
    EVP_PKEY *key = public_of(bench, id);
    struct ask ask = sign_ask(id, "pss", MESSAGE, strlen(MESSAGE));
    ask_text(&ask, KC_FIELD_HASH, "SHA-512");
    struct answer *answer = bench_ask(bench, &ask);
    assert_true(verifies(key, RSA_PKCS1_PSS_PADDING, EVP_sha512(), EVP_sha512(), 64,
        answer_value(answer, KC_FIELD_SIGNATURE)->span, MESSAGE));
    answer_done(answer);
    EVP_PKEY_free(key);
    free(id);
}

/* More of them than are kept open: each is opened again when its turn comes, and nothing is lost. */
static void more_keys_than_are_kept_open_still_sign(void **state)
{
    struct bench *bench = *state;
    char *ids[20]; /* the bench keeps 16 open */
    for (size_t i = 0; i < 20; i++)
        ids[i] = generate(bench, i % 2 ? "P-256" : "Ed25519", NULL);
    for (unsigned int round = 0; round < 2; round++)
        for (size_t i = 0; i < 20; i++) {
            struct ask ask = sign_ask(ids[i], i % 2 ? "ecdsa" : NULL, MESSAGE, strlen(MESSAGE));
            if (i % 2)
                ask_text(&ask, KC_FIELD_HASH, "SHA-256");
            bench_expect(bench, &ask, KC_OK);
        }
    for (size_t i = 0; i < 20; i++)
        free(ids[i]);
}

/* --- times --- */

static void a_key_is_used_from_its_start_to_its_expiry(void **state)
{
    struct bench *bench = *state;
    struct ask make = generate_ask("P-256", NULL, "timed");
    ask_number(&make, KC_FIELD_START, bench->seconds + 100);
    ask_number(&make, KC_FIELD_EXPIRY, bench->seconds + 200);
    struct answer *answer = bench_ask(bench, &make);
    char *id = strdup(answer_text(answer, KC_FIELD_KEY));
    assert_int_equal(answer_value(answer, KC_FIELD_START)->number, bench->seconds + 100);
    answer_done(answer);
    static const struct {
        uint64_t later;
        enum kc_error error;
    } times[] = {{99, KC_ERR_REFUSED}, {100, KC_OK}, {199, KC_OK}, {200, KC_ERR_REFUSED}};
    uint64_t now = bench->seconds;
    for (size_t i = 0; i < 4; i++) {
        bench->seconds = now + times[i].later;
        struct ask ask = sign_ask(id, "ecdsa", MESSAGE, strlen(MESSAGE));
        ask_text(&ask, KC_FIELD_HASH, "SHA-256");
        bench_expect(bench, &ask, times[i].error);
    }
    struct ask never = generate_ask("P-256", NULL, "never");
    ask_number(&never, KC_FIELD_START, 200);
    ask_number(&never, KC_FIELD_EXPIRY, 200);
    expect_wrong(bench, &never, "expiry");
    free(id);
}

static void what_a_key_is_called_can_be_changed(void **state)
{
    struct bench *bench = *state;
    char *id = generate(bench, "P-256", NULL), *other = generate(bench, "Ed25519", NULL);
    struct ask update = ask_new(KC_OPERATION_KEY_UPDATE);
    ask_text(&update, KC_FIELD_KEY, id);
    ask_text(&update, KC_FIELD_LABEL, "renamed");
    ask_octets(&update, KC_FIELD_IDENTIFIER, "\x01\x02", 2);
    ask_octets(&update, KC_FIELD_ATTRIBUTES, "attributes", 10);
    ask_number(&update, KC_FIELD_EXPIRY, bench->seconds + 10);
    bench_expect(bench, &update, KC_OK);
    struct ask show = ask_new(KC_OPERATION_KEY_SHOW);
    ask_text(&show, KC_FIELD_KEY, id);
    struct answer *answer = bench_ask(bench, &show);
    assert_string_equal(answer_text(answer, KC_FIELD_LABEL), "renamed");
    assert_memory_equal(answer_value(answer, KC_FIELD_IDENTIFIER)->span.bytes, "\x01\x02", 2);
    assert_memory_equal(answer_value(answer, KC_FIELD_ATTRIBUTES)->span.bytes, "attributes", 10);
    assert_int_equal(answer_value(answer, KC_FIELD_EXPIRY)->number, bench->seconds + 10);
    assert_int_equal(answer_value(answer, KC_FIELD_VERSION)->number, 2);
    answer_done(answer);

    struct ask sign = sign_ask(id, "ecdsa", MESSAGE, strlen(MESSAGE)), taken = update;
    ask_text(&sign, KC_FIELD_HASH, "SHA-256");
    bench_expect(bench, &sign, KC_OK);
    ask_text(&taken, KC_FIELD_KEY, other);
    bench_expect(bench, &taken, KC_ERR_LABEL_TAKEN);
    char *account = bench_generate(bench, "Ed25519", "account", "account");
    ask_text(&taken, KC_FIELD_KEY, account);
    bench_expect(bench, &taken, KC_ERR_REFUSED);
    free(account);
    free(id);
    free(other);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(ecdsa_over_a_message_is_what_openssl_verifies),
        CASE(ecdsa_over_a_digest_is_the_same_signature),
        CASE(rsa_signs_pkcs1_and_pss),
        CASE(rsa_pads_what_it_is_given),
        CASE(a_scheme_that_does_not_fit_is_named),
        CASE(decrypts_oaep),
        CASE(a_wrong_padding_of_pkcs1_is_no_error_and_always_the_same),
        CASE(a_padding_has_eight_octets_that_are_not_zero),
        CASE(a_decryption_names_its_scheme),
        CASE(agrees_with_openssl_on_nist_curves),
        CASE(a_peer_must_be_a_point_of_the_curve),
        CASE(each_algorithm_has_its_uses),
        CASE(a_key_is_for_its_one_use),
        CASE(keys_of_other_curves_take_no_part_in_the_mesh),
        CASE(the_largest_key_fits_and_survives_a_restart),
        CASE(more_keys_than_are_kept_open_still_sign),
        CASE(a_key_is_used_from_its_start_to_its_expiry),
        CASE(what_a_key_is_called_can_be_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
