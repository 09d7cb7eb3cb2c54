/* SPDX-License-Identifier: Apache-2.0 */
/* Resident keys, as cases that run over any kind of root. */
#include "tests/tpm/conformance.h"
#include "tests/tpm/key_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t auth[KC_ROOT_AUTH_SIZE] = "an authorisation, no human's PIN";
static const uint8_t tag[KC_ROOT_KEY_TAG_SIZE] = "a maker, life 1";
static const uint8_t other_tag[KC_ROOT_KEY_TAG_SIZE] = "a maker, life 2";
static const uint8_t foreign_tag[KC_ROOT_KEY_TAG_SIZE] = "another maker's";
static const struct kc_span digest = {(const uint8_t *)"thirty-two octets, as SHA-256 has", 32};
static const struct kc_span message = {(const uint8_t *)"a message of any size", 21};

static const struct conformance_hardware *hardware;
static uint8_t name[KC_ROOT_NAME_SIZE];
static struct kc_root *root;

/* What may live where: one row for each operation on an algorithm. */
static const struct trial {
    enum kc_algorithm algorithm;
    enum kc_use use;
    enum kc_root_scheme scheme; /* 0: agree */
    const char *what;
} trials[] = {
    {KC_ALGORITHM_P256, KC_USE_SIGN, KC_ROOT_ECDSA, "P-256 | sign, ECDSA"},
    {KC_ALGORITHM_P256, KC_USE_AGREE, 0, "P-256 | agree"},
    {KC_ALGORITHM_P384, KC_USE_SIGN, KC_ROOT_ECDSA, "P-384 | sign, ECDSA"},
    {KC_ALGORITHM_P384, KC_USE_AGREE, 0, "P-384 | agree"},
    {KC_ALGORITHM_RSA2048, KC_USE_SIGN, KC_ROOT_RSA_PKCS1, "RSA-2048 | sign, PKCS #1 v1.5"},
    {KC_ALGORITHM_RSA2048, KC_USE_SIGN, KC_ROOT_RSA_PSS, "RSA-2048 | sign, PSS"},
    {KC_ALGORITHM_RSA2048, KC_USE_DECRYPT, KC_ROOT_RSA_PKCS1, "RSA-2048 | decrypt, PKCS #1 v1.5"},
    {KC_ALGORITHM_RSA2048, KC_USE_DECRYPT, KC_ROOT_RSA_OAEP,
        "RSA-2048 | decrypt, OAEP with SHA-256"},
    {KC_ALGORITHM_ED25519, KC_USE_SIGN, KC_ROOT_EDDSA, "Ed25519 | sign, EdDSA"},
    {KC_ALGORITHM_ED448, KC_USE_SIGN, KC_ROOT_EDDSA, "Ed448 | sign, EdDSA"},
    {KC_ALGORITHM_X25519, KC_USE_AGREE, 0, "X25519 | agree"},
    {KC_ALGORITHM_X448, KC_USE_AGREE, 0, "X448 | agree"},
};

#define TRIAL_COUNT (sizeof trials / sizeof trials[0])

static int set_up(void **state)
{
    (void)state;
    hardware->make();
    conformance_provision(hardware, name);
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

static void assert_done(enum kc_error error, const char *what)
{
    if (error != KC_OK)
        fail_msg("%s: %s: %s", what, kc_error_name(error), kc_root_cause(root));
}

static struct kc_root_made make(enum kc_algorithm algorithm, enum kc_use use)
{
    struct kc_root_made made = {.blob_size = 0};
    assert_done(kc_root_key_make(root, algorithm, use, auth, tag, &made), "making a key");
    return made;
}

static struct kc_root_key key_of(const struct kc_root_made *made)
{
    return (struct kc_root_key){auth, {made->blob, made->blob_size}};
}

static enum kc_error sign_digest(const struct kc_root_key *key)
{
    uint8_t signature[KC_ROOT_RESULT_MAX];
    size_t size = 0;
    return kc_root_key_sign(root, key, KC_ROOT_ECDSA, digest, signature, &size);
}

static void assert_signs(const struct kc_root_made *made)
{
    uint8_t signature[KC_ROOT_RESULT_MAX];
    size_t size = 0;
    struct kc_root_key key = key_of(made);
    assert_done(kc_root_key_sign(root, &key, KC_ROOT_ECDSA, digest, signature, &size), "signing");
    assert_string_equal(kc_root_cause(root), "");
    key_check_signature(KC_ALGORITHM_P256, KC_ROOT_ECDSA, made, digest, signature, size);
}

/* --- each algorithm and operation --- */

static enum kc_error try_sign(const struct trial *trial, const struct kc_root_made *made)
{
    uint8_t signature[KC_ROOT_RESULT_MAX];
    size_t size = 0;
    struct kc_root_key key = key_of(made);
    struct kc_span input = trial->scheme == KC_ROOT_EDDSA ? message : digest;
    enum kc_error error = kc_root_key_sign(root, &key, trial->scheme, input, signature, &size);
    if (error == KC_OK)
        key_check_signature(trial->algorithm, trial->scheme, made, input, signature, size);
    return error;
}

static enum kc_error try_agree(const struct trial *trial, const struct kc_root_made *made)
{
    uint8_t agreed[KC_ROOT_RESULT_MAX];
    size_t size = 0;
    struct kc_root_key key = key_of(made);
    struct key_check_peer peer = key_check_peer_make(trial->algorithm);
    enum kc_error error = kc_root_key_agree(
        root, &key, (struct kc_span){peer.public_key, peer.public_size}, agreed, &size);
    if (error == KC_OK)
        key_check_agreed(&peer, made, agreed, size, hardware->gives_whole_points);
    key_check_peer_done(&peer);
    return error;
}

static enum kc_error try_decrypt(const struct trial *trial, const struct kc_root_made *made)
{
    uint8_t ciphertext[KC_ROOT_RESULT_MAX], plaintext[KC_ROOT_RESULT_MAX];
    size_t size = 0;
    struct kc_root_key key = key_of(made);
    key_check_encrypt(made, trial->scheme, digest, ciphertext);
    struct kc_span input = {ciphertext, sizeof ciphertext};
    enum kc_error error = kc_root_key_decrypt(root, &key, trial->scheme, input, plaintext, &size);
    if (error != KC_OK)
        return error;
    assert_int_equal(size, digest.size);
    assert_memory_equal(plaintext, digest.bytes, size);
    memset(ciphertext, 0, sizeof ciphertext); /* one to any power is one, which is no padding: */
    ciphertext[sizeof ciphertext - 1] = 1;    /* of altered octets one in 2^16 would have it */
    error = kc_root_key_decrypt(root, &key, trial->scheme, input, plaintext, &size);
    assert_int_equal(error, KC_ERR_DECRYPTION);
    return KC_OK;
}

static enum kc_error try_out(const struct trial *trial)
{
    struct kc_root_made made;
    enum kc_error error = kc_root_key_make(root, trial->algorithm, trial->use, auth, tag, &made);
    if (error != KC_OK)
        return error;
    if (trial->use == KC_USE_AGREE)
        return try_agree(trial, &made);
    return trial->use == KC_USE_SIGN ? try_sign(trial, &made) : try_decrypt(trial, &made);
}

/* The row of docs/roots.md that starts with this algorithm and operation; the column's cell. */
static bool document_says(const char *what, const char *result)
{
    char line[400], wanted[120];
    bool is_there = false;
    FILE *file = fopen(KC_SOURCE_DIR "/docs/roots.md", "r");
    assert_non_null(file);
    snprintf(wanted, sizeof wanted, "| %s |", what);
    while (!is_there && fgets(line, sizeof line, file)) {
        if (strncmp(line, wanted, strlen(wanted)) != 0)
            continue;
        char *cell = line + strlen(wanted);
        for (unsigned i = 0; i < hardware->column && cell; i++)
            cell = strchr(cell, '|') ? strchr(cell, '|') + 1 : NULL;
        size_t size = cell ? strcspn(cell, "|") : 0;
        is_there = size == strlen(result) + 2 && strncmp(cell + 1, result, size - 2) == 0;
    }
    fclose(file);
    return is_there;
}

static void resident_keys_live_where_the_document_says_and_compute_what_libcrypto_does(void **state)
{
    (void)state;
    unsigned wrong = 0;
    for (size_t i = 0; i < TRIAL_COUNT; i++) {
        enum kc_error error = try_out(&trials[i]);
        if (error != KC_OK && error != KC_ERR_ROOT_UNFIT)
            assert_done(error, trials[i].what);
        const char *result = error != KC_OK                  ? "no"
                             : trials[i].use != KC_USE_AGREE ? "yes"
                             : hardware->gives_whole_points  ? "whole point"
                                                             : "one coordinate";
        if (document_says(trials[i].what, result))
            continue;
        print_error(
            "docs/roots.md: | %s | column %u: %s\n", trials[i].what, hardware->column, result);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static void resident_keys_of_a_wrong_use_or_scheme_are_refused(void **state)
{
    (void)state;
    struct kc_root_made made = make(KC_ALGORITHM_P256, KC_USE_AGREE), untouched = made;
    struct kc_root_key key = key_of(&made);
    uint8_t result[KC_ROOT_RESULT_MAX];
    size_t size = 0;
    assert_int_equal(kc_root_key_make(root, KC_ALGORITHM_X25519, KC_USE_SIGN, auth, tag, &made),
        KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_root_key_make(root, KC_ALGORITHM_ED448, KC_USE_AGREE, auth, tag, &made),
        KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_root_key_make(root, (enum kc_algorithm)99, KC_USE_SIGN, auth, tag, &made),
        KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_root_key_make(root, KC_ALGORITHM_RSA4096, KC_USE_SIGN, auth, tag, &made),
        KC_ERR_ROOT_UNFIT);
    assert_memory_equal(&made, &untouched, sizeof made);
    assert_int_equal(sign_digest(&key), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(
        kc_root_key_agree(root, &key, digest, result, &size), KC_ERR_BAD_ARGUMENT); /* no point */

    struct kc_root_made signer = make(KC_ALGORITHM_P256, KC_USE_SIGN);
    struct kc_root_key signing = key_of(&signer);
    struct kc_span short_input = {digest.bytes, 31};
    assert_int_equal(kc_root_key_sign(root, &signing, KC_ROOT_ECDSA, short_input, result, &size),
        KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_root_key_sign(root, &signing, KC_ROOT_RSA_PSS, digest, result, &size),
        KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_root_key_decrypt(root, &signing, KC_ROOT_RSA_OAEP, digest, result, &size),
        KC_ERR_BAD_ARGUMENT);
    assert_int_equal(size, 0);
    assert_signs(&signer);
}

/* --- what a blob and an authorisation are good for --- */

static void a_resident_key_outlives_the_root_and_the_hardware(void **state)
{
    (void)state;
    struct kc_root_made made = make(KC_ALGORITHM_P256, KC_USE_SIGN);
    struct kc_root_key key = key_of(&made);
    assert_done(kc_root_key_keep(root, &key), "keeping");
    assert_signs(&made);
    kc_root_disconnect(root);
    assert_signs(&made);
    kc_root_free(root);
    hardware->stop();
    hardware->start();
    root = hardware->root(name);
    assert_signs(&made);
}

static void a_resident_key_whose_blob_was_altered_is_refused(void **state)
{
    (void)state;
    struct kc_root_made made = make(KC_ALGORITHM_P256, KC_USE_SIGN);
    struct kc_root_key key = key_of(&made);
    for (size_t i = 0; i < made.blob_size; i++) {
        made.blob[i] ^= 1;
        assert_int_equal(sign_digest(&key), KC_ERR_RECORD_DAMAGED);
        made.blob[i] ^= 1;
    }
    for (size_t size = 0; size < made.blob_size; size += 7) {
        key.blob.size = size;
        assert_int_equal(sign_digest(&key), KC_ERR_RECORD_DAMAGED);
    }
    assert_signs(&made);
}

static void a_sealed_blob_is_no_resident_key_and_the_other_way_round(void **state)
{
    (void)state;
    uint8_t sealing_key[KC_ROOT_KEY_SIZE] = {1}, blob[KC_ROOT_BLOB_MAX];
    size_t size = 0;
    struct kc_root_made made = make(KC_ALGORITHM_P256, KC_USE_SIGN);
    assert_done(kc_root_seal(root, sealing_key, KC_ROOT_ABOUT_NOTHING, blob, &size), "sealing");
    struct kc_root_key sealed = {auth, {blob, size}};
    assert_int_equal(sign_digest(&sealed), KC_ERR_RECORD_DAMAGED);
    assert_int_equal(
        kc_root_unseal(root, made.blob, made.blob_size, sealing_key), KC_ERR_RECORD_DAMAGED);
}

static void a_resident_key_of_another_root_is_refused(void **state)
{
    (void)state;
    uint8_t other_name[KC_ROOT_NAME_SIZE];
    struct kc_root_made made = make(KC_ALGORITHM_P256, KC_USE_SIGN);
    struct kc_root_key key = key_of(&made);
    hardware->stop();
    hardware->replace();
    hardware->start();
    assert_int_equal(sign_digest(&key), KC_ERR_ROOT_CHANGED);
    conformance_provision(hardware, other_name);
    kc_root_free(root);
    root = hardware->root(other_name);
    enum kc_error error = sign_digest(&key);
    assert_true(error == KC_ERR_RECORD_DAMAGED || error == KC_ERR_ROOT_KEY);
}

/* Ten tries: three would lock a TPM whose keys counted them. */
static void a_wrong_authorisation_is_refused_and_locks_nobody_out(void **state)
{
    (void)state;
    static const uint8_t wrong[KC_ROOT_AUTH_SIZE] = "another one";
    struct kc_root_status status;
    struct kc_root_made made = make(KC_ALGORITHM_P256, KC_USE_SIGN);
    struct kc_root_key key = {wrong, {made.blob, made.blob_size}};
    for (int i = 0; i < 10; i++)
        assert_int_equal(sign_digest(&key), hardware->wants_auth ? KC_ERR_RECORD_DAMAGED : KC_OK);
    assert_signs(&made);
    assert_done(kc_root_status(root, &status), "status");
    assert_int_equal(status.lockout_counter, 0);
    assert_false(status.in_lockout);
}

/* --- what stays in the hardware --- */

static void a_destroyed_resident_key_leaves_nothing(void **state)
{
    (void)state;
    struct kc_root_made made = make(KC_ALGORITHM_P256, KC_USE_SIGN);
    struct kc_root_key key = key_of(&made);
    assert_signs(&made);
    assert_done(kc_root_key_destroy(root, &key), "destroying");
    assert_done(kc_root_key_destroy(root, &key), "destroying again");
    if (hardware->keeps_keys)
        assert_int_equal(sign_digest(&key), KC_ERR_ROOT_KEY);
    kc_root_disconnect(root);
    assert_int_equal(hardware->count_remains(), 0);
}

static bool find_left(const uint8_t *of, uint32_t number, struct kc_root_made *left)
{
    assert_done(kc_root_key_left(root, of, number, left), "looking for what was left");
    return left->blob_size > 0;
}

/* What a maker left that died before its record was stored: found by the next, and by its tag not
 * by itself; a kept one is none. */
static void resident_keys_that_were_left_are_found_and_kept_ones_are_not(void **state)
{
    (void)state;
    struct kc_root_made left;
    struct kc_root_made orphan = make(KC_ALGORITHM_P256, KC_USE_SIGN);
    struct kc_root_made kept = make(KC_ALGORITHM_P256, KC_USE_AGREE);
    struct kc_root_key kept_key = key_of(&kept), orphan_key = key_of(&orphan);
    assert_done(kc_root_key_keep(root, &kept_key), "keeping");
    assert_false(find_left(tag, 0, &left));
    assert_false(find_left(foreign_tag, 0, &left));
    assert_int_equal(find_left(other_tag, 0, &left), hardware->keeps_keys);
    if (hardware->keeps_keys) {
        assert_int_equal(left.algorithm, KC_ALGORITHM_P256);
        assert_int_equal(left.use, KC_USE_SIGN);
        assert_int_equal(left.blob_size, orphan.blob_size);
        assert_memory_equal(left.blob, orphan.blob, left.blob_size);
        assert_int_equal(left.public_size, orphan.public_size);
        assert_memory_equal(left.public_key, orphan.public_key, left.public_size);
    }
    assert_false(find_left(other_tag, 1, &left));
    assert_done(kc_root_key_destroy(root, &orphan_key), "destroying");
    assert_false(find_left(other_tag, 0, &left));
    assert_done(kc_root_key_destroy(root, &kept_key), "destroying");
    kc_root_disconnect(root);
    assert_int_equal(hardware->count_remains(), 0);
}

/* More keys than a TPM has room for, in turns, with other operations between. */
static void many_resident_keys_are_used_in_turns(void **state)
{
    (void)state;
    enum { KEYS = 5, ROUNDS = 8 };
    struct kc_root_made made[KEYS];
    uint8_t sealing_key[KC_ROOT_KEY_SIZE] = {7}, opened[KC_ROOT_KEY_SIZE], blob[KC_ROOT_BLOB_MAX];
    size_t size = 0;
    assert_done(kc_root_seal(root, sealing_key, KC_ROOT_ABOUT_NOTHING, blob, &size), "sealing");
    for (size_t i = 0; i < KEYS; i++)
        made[i] = make(KC_ALGORITHM_P256, KC_USE_SIGN);
    for (size_t i = 0; i < (size_t)KEYS * ROUNDS; i++) {
        assert_signs(&made[i % KEYS]);
        assert_done(kc_root_unseal(root, blob, size, opened), "opening");
    }
    for (size_t i = 0; i < KEYS; i++) {
        struct kc_root_key key = key_of(&made[i]);
        assert_done(kc_root_key_destroy(root, &key), "destroying");
    }
    kc_root_disconnect(root);
    assert_int_equal(hardware->count_remains(), 0);
}

static void resident_keys_are_found_again_after_the_root_went_away(void **state)
{
    (void)state;
    struct kc_root_made made = make(KC_ALGORITHM_P256, KC_USE_SIGN);
    struct kc_root_key key = key_of(&made);
    assert_signs(&made);
    hardware->stop();
    assert_int_equal(sign_digest(&key), KC_ERR_ROOT_UNAVAILABLE);
    hardware->start();
    assert_signs(&made);
    hardware->stop();
    hardware->start();
    assert_signs(&made); /* without having missed it */
}

#define TEST(case) cmocka_unit_test_setup_teardown(case, set_up, tear_down)

int conformance_keys_run(const struct conformance_hardware *chosen)
{
    const struct CMUnitTest tests[] = {
        TEST(resident_keys_live_where_the_document_says_and_compute_what_libcrypto_does),
        TEST(resident_keys_of_a_wrong_use_or_scheme_are_refused),
        TEST(a_resident_key_outlives_the_root_and_the_hardware),
        TEST(a_resident_key_whose_blob_was_altered_is_refused),
        TEST(a_sealed_blob_is_no_resident_key_and_the_other_way_round),
        TEST(a_resident_key_of_another_root_is_refused),
        TEST(a_wrong_authorisation_is_refused_and_locks_nobody_out),
        TEST(a_destroyed_resident_key_leaves_nothing),
        TEST(resident_keys_that_were_left_are_found_and_kept_ones_are_not),
        TEST(many_resident_keys_are_used_in_turns),
        TEST(resident_keys_are_found_again_after_the_root_went_away),
    };
    hardware = chosen;
    return cmocka_run_group_tests_name(hardware->name, tests, NULL, NULL);
}
