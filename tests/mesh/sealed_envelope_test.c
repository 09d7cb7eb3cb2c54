/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes in all four forms: plain, signed, encrypted, signed and encrypted. */
#include "tests/mesh/sample.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

static const uint8_t plaintext[] = "Purchase equipment for $6,000?";
static const uint8_t seed[KC_DARE_SEED_SIZE] = {1, 2, 3};
static const uint8_t agreed[] = "what two keys agreed on";

struct form {
    bool encrypted, is_signed, witnessed;
};

static void encrypt(struct kc_dare_envelope *envelope, struct kc_dare_content *content)
{
    struct kc_dare_recipient *recipient = &envelope->recipients[0];
    uint8_t kek[KC_DARE_KEK_SIZE];
    envelope->salt_size = KC_DARE_SALT_SIZE;
    envelope->recipient_count = 1;
    snprintf(recipient->kid, sizeof recipient->kid, "%s", "MC26-ABWY-V347-CYLP-BL4I-OJK2-USAM");
    GOOD(kc_dare_kek((struct kc_span){agreed, sizeof agreed},
        (struct kc_span){(const uint8_t *)KC_DARE_KEK_INFO, 6}, kek));
    GOOD(kc_dare_wrap(kek, seed, recipient->wrapped));
    GOOD(kc_dare_content_derive(
        seed, (struct kc_span){envelope->salt, envelope->salt_size}, content));
    envelope->body_size = kc_dare_ciphertext_size(sizeof plaintext);
    GOOD(kc_dare_content_encrypt(
        content, (struct kc_span){plaintext, sizeof plaintext}, envelope->body));
}

/* Writes an envelope of a form and reads it again. */
static struct kc_dare_envelope *make(struct form form, const struct sample_key *signer)
{
    static uint8_t body[100];
    struct kc_dare_content content;
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope),
                            *read = calloc(1, sizeof *read);
    char *text;
    size_t size;
    envelope->body = body;
    envelope->body_size = sizeof plaintext;
    memcpy(body, plaintext, sizeof plaintext);
    if (form.encrypted)
        encrypt(envelope, &content);
    GOOD(kc_dare_envelope_digest(envelope));
    if (form.is_signed)
        sample_sign(envelope, signer, (struct kc_span){NULL, 0});
    struct kc_dare_signature *signature = &envelope->signatures[0];
    if (form.witnessed) {
        signature->has_witness = true;
        GOOD(kc_dare_witness(
            &content, (struct kc_span){signature->octets, signature->size}, signature->witness));
    }
    GOOD(kc_dare_envelope_write(envelope, &text, &size));
    GOOD(kc_dare_envelope_read((struct kc_span){(uint8_t *)text, size}, read));
    free(text);
    free(envelope);
    return read;
}

static void done(struct kc_dare_envelope *envelope)
{
    kc_dare_envelope_done(envelope);
    free(envelope);
}

static enum kc_error decrypt(
    const struct kc_dare_envelope *envelope, const struct kc_dare_signature *signature)
{
    uint8_t out[100] = {0}, base[KC_DARE_SEED_SIZE];
    size_t size = 0;
    GOOD(kc_dare_unwrap_agreed(
        (struct kc_span){agreed, sizeof agreed}, envelope->recipients[0].wrapped, base));
    enum kc_error error = kc_dare_envelope_decrypt(envelope, signature, base, out, &size);
    if (error == KC_OK) {
        assert_int_equal(size, sizeof plaintext);
        assert_memory_equal(out, plaintext, size);
    } else {
        static const uint8_t zeros[100];
        assert_memory_equal(out, zeros, sizeof out);
    }
    return error;
}

static void opens_what_is_plain_or_signed(void **state)
{
    (void)state;
    struct sample_key key = sample_key(KC_CURVE_ED448, 1), other = sample_key(KC_CURVE_ED448, 2);
    const struct kc_dare_signature *signature;
    struct kc_dare_envelope *envelope = make((struct form){0}, NULL);
    assert_int_equal(envelope->body_size, sizeof plaintext);
    assert_int_equal(kc_dare_envelope_verify(envelope, &key.public, kc_mesh_verify, &signature),
        KC_ERR_SIGNATURE);
    done(envelope);
    envelope = make((struct form){.is_signed = true}, &key);
    GOOD(kc_dare_envelope_verify(envelope, &key.public, kc_mesh_verify, &signature));
    assert_int_equal(kc_dare_envelope_verify(envelope, &other.public, kc_mesh_verify, &signature),
        KC_ERR_SIGNATURE);
    done(envelope);
}

static void opens_what_is_encrypted(void **state)
{
    (void)state;
    struct kc_dare_envelope *envelope = make((struct form){.encrypted = true}, NULL);
    assert_string_equal(envelope->recipients[0].algorithm, "");
    GOOD(decrypt(envelope, NULL));
    done(envelope);
}

static void opens_what_is_signed_and_encrypted_with_a_witness(void **state)
{
    (void)state;
    struct sample_key key = sample_key(KC_CURVE_ED25519, 1);
    const struct kc_dare_signature *signature;
    struct kc_dare_envelope *envelope =
        make((struct form){.encrypted = true, .is_signed = true, .witnessed = true}, &key);
    GOOD(kc_dare_envelope_verify(envelope, &key.public, kc_mesh_verify, &signature));
    GOOD(decrypt(envelope, signature));
    done(envelope);
}

static void refuses_a_signature_over_ciphertext_without_a_witness(void **state)
{
    (void)state;
    struct sample_key key = sample_key(KC_CURVE_ED448, 1);
    struct kc_dare_envelope *envelope =
        make((struct form){.encrypted = true, .is_signed = true}, &key);
    assert_int_equal(decrypt(envelope, &envelope->signatures[0]), KC_ERR_DECRYPTION);
    done(envelope);
}

/* Somebody strips the signature and signs the ciphertext himself: he does not know the seed. */
static void refuses_a_signature_that_replaced_another(void **state)
{
    (void)state;
    struct sample_key key = sample_key(KC_CURVE_ED448, 1), thief = sample_key(KC_CURVE_ED448, 2);
    const struct kc_dare_signature *signature;
    struct kc_dare_envelope *envelope =
        make((struct form){.encrypted = true, .is_signed = true, .witnessed = true}, &key);
    struct kc_dare_signature before = envelope->signatures[0];
    envelope->signature_count = 0;
    sample_sign(envelope, &thief, (struct kc_span){NULL, 0});
    envelope->signatures[0].has_witness = true;
    memcpy(envelope->signatures[0].witness, before.witness, sizeof before.witness);
    GOOD(kc_dare_envelope_verify(envelope, &thief.public, kc_mesh_verify, &signature));
    assert_int_equal(decrypt(envelope, signature), KC_ERR_DECRYPTION);
    done(envelope);
}

/* Flips each bit of the last two blocks: the padding's, and what changes it. */
static void gives_one_answer_for_each_change_of_a_ciphertext(void **state)
{
    (void)state;
    struct kc_dare_envelope *envelope = make((struct form){.encrypted = true}, NULL);
    unsigned refused = 0;
    for (size_t bit = 0; bit < 8 * envelope->body_size; bit++) {
        uint8_t out[100];
        size_t size;
        envelope->body[bit / 8] ^= (uint8_t)(1 << bit % 8);
        enum kc_error error = kc_dare_envelope_decrypt(envelope, NULL, seed, out, &size);
        assert_true(error == KC_OK || error == KC_ERR_DECRYPTION);
        refused += error != KC_OK;
        envelope->body[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(refused > 100);
    done(envelope);
}

static void unwraps_with_the_current_info_and_with_the_older_empty_one(void **state)
{
    (void)state;
    struct kc_span z = {agreed, sizeof agreed};
    static const char *const infos[] = {"master", "", "dare-master"};
    for (size_t i = 0; i < 3; i++) {
        uint8_t kek[KC_DARE_KEK_SIZE], wrapped[KC_DARE_WRAPPED_SIZE], base[KC_DARE_SEED_SIZE] = {0};
        struct kc_span info = {(const uint8_t *)infos[i], strlen(infos[i])};
        GOOD(kc_dare_kek(z, info, kek));
        GOOD(kc_dare_wrap(kek, seed, wrapped));
        enum kc_error error = kc_dare_unwrap_agreed(z, wrapped, base);
        assert_int_equal(error, i < 2 ? KC_OK : KC_ERR_DECRYPTION);
        if (error == KC_OK)
            assert_memory_equal(base, seed, sizeof base);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_what_is_plain_or_signed),
        cmocka_unit_test(opens_what_is_encrypted),
        cmocka_unit_test(opens_what_is_signed_and_encrypted_with_a_witness),
        cmocka_unit_test(refuses_a_signature_over_ciphertext_without_a_witness),
        cmocka_unit_test(refuses_a_signature_that_replaced_another),
        cmocka_unit_test(gives_one_answer_for_each_change_of_a_ciphertext),
        cmocka_unit_test(unwraps_with_the_current_info_and_with_the_older_empty_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
