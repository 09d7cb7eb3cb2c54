/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes that are made are those that are read. */
#include "custodian/mesh/envelope_make.h"

#include "base/secret.h"
#include "custodian/mesh/opening.h"
#include "tests/mesh/sample.h"
#include "tests/mesh/source.h"
#include "tests/support/cmocka.h"
#include "threshold/agreement.h"

#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

static const char payload[] = "{\"MessageClaim\":{\"PublicationId\":\"NAAA\"}}";

static struct kc_dare_envelope *make(
    const struct kc_key *signer, const struct kc_public_key *recipients, size_t recipient_count)
{
    char *text;
    size_t size;
    struct kc_mesh_source source = sample_source();
    struct kc_mesh_letter letter = {.payload = {(const uint8_t *)payload, strlen(payload)},
        .type = "MessageClaim",
        .id = "MAAA",
        .unique_id = "NAAA",
        .event = "New",
        .signer = signer,
        .recipients = recipients,
        .recipient_count = recipient_count};
    GOOD(kc_mesh_envelope_make(&source, &letter, &text, &size));
    assert_int_equal(strlen(text), size);
    struct kc_dare_envelope *read = calloc(1, sizeof *read);
    GOOD(kc_dare_envelope_read((struct kc_span){(uint8_t *)text, size}, read));
    free(text);
    return read;
}

static void done(struct kc_dare_envelope *envelope)
{
    kc_dare_envelope_done(envelope);
    free(envelope);
}

static enum kc_error open_as(const struct kc_dare_envelope *envelope, size_t place,
    const struct sample_key *key, const struct kc_dare_signature *signature)
{
    uint8_t agreed[KC_POINT_SIZE_MAX], seed[KC_DARE_SEED_SIZE], plain[200];
    size_t size;
    struct kc_point ephemeral;
    const struct kc_dare_recipient *entry = &envelope->recipients[place];
    enum kc_curve curve = key->pair.scalar.curve;
    assert_string_equal(entry->kid, key->public.udf);
    GOOD(kc_point_decode(&ephemeral, curve, entry->ephemeral, entry->ephemeral_size));
    GOOD(kc_agreement_agree(agreed, &key->pair.scalar, &ephemeral));
    GOOD(kc_dare_unwrap_agreed(
        (struct kc_span){agreed, kc_curve_info(curve)->agreed_size}, entry->wrapped, seed));
    enum kc_error error = kc_dare_envelope_decrypt(envelope, signature, seed, plain, &size);
    if (error == KC_OK) {
        assert_int_equal(size, strlen(payload));
        assert_memory_equal(plain, payload, size);
    }
    return error;
}

static void what_is_signed_verifies_and_says_what_it_is(void **state)
{
    (void)state;
    static const char meta[] = "{\"UniqueId\":\"NAAA\",\"MessageType\":\"MessageClaim\",\"cty\":"
                               "\"application/mmm/object\",\"Event\":\"New\",\"Created\":"
                               "\"2026-03-02T12:00:05Z\"}";
    const enum kc_curve curves[] = {KC_CURVE_ED448, KC_CURVE_ED25519};
    for (size_t i = 0; i < 2; i++) {
        const struct kc_dare_signature *signature;
        struct sample_key key = sample_key(curves[i], 1), other = sample_key(curves[i], 2);
        struct kc_dare_envelope *envelope = make(&key.pair, NULL, 0);
        GOOD(kc_dare_envelope_verify(envelope, &key.public, kc_mesh_verify, &signature));
        assert_string_equal(signature->kid, key.public.udf);
        assert_int_equal(
            kc_dare_envelope_verify(envelope, &other.public, kc_mesh_verify, &signature),
            KC_ERR_SIGNATURE);
        assert_string_equal(envelope->id, "MAAA");
        assert_int_equal(envelope->content_meta_size, strlen(meta));
        assert_memory_equal(envelope->content_meta, meta, strlen(meta));
        assert_memory_equal(envelope->body, payload, strlen(payload));
        done(envelope);
    }
}

/* One of them without its sign octet: it does not enter what X curves agree on. */
static void each_recipient_opens_what_is_encrypted_and_signed(void **state)
{
    (void)state;
    const struct kc_dare_signature *signature;
    struct sample_key key = sample_key(KC_CURVE_ED448, 1), a = sample_key(KC_CURVE_X448, 2),
                      b = sample_key(KC_CURVE_X25519, 3);
    struct kc_public_key both[] = {a.public, b.public};
    both[0].size--;
    struct kc_dare_envelope *envelope = make(&key.pair, both, 2);
    assert_int_equal(envelope->recipient_count, 2);
    GOOD(kc_dare_envelope_verify(envelope, &key.public, kc_mesh_verify, &signature));
    assert_true(signature->has_witness);
    GOOD(open_as(envelope, 0, &a, signature));
    GOOD(open_as(envelope, 1, &b, signature));
    envelope->signatures[0].witness[0] ^= 1;
    assert_int_equal(open_as(envelope, 0, &a, signature), KC_ERR_DECRYPTION);
    done(envelope);
}

/* A PEM file has no place for it, so who seals to one has either sign or none. */
static void a_recipient_is_found_whatever_sign_the_sender_had(void **state)
{
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        char *text;
        size_t size;
        uint8_t *content;
        struct kc_public_key to;
        struct kc_mesh_source source = sample_source();
        struct sample_key key = sample_key(i < 3 ? KC_CURVE_X448 : KC_CURVE_X25519, 2);
        struct kc_public_key whole;
        GOOD(kc_mesh_public_key(&key.pair.public, &whole));
        struct kc_span octets = {whole.octets, whole.size - (i % 3 == 1)};
        whole.octets[whole.size - 1] ^= i % 3 == 2 ? 0x80 : 0;
        GOOD(kc_public_key_make(key.public.algorithm, octets, &to));
        struct kc_mesh_letter letter = {.payload = {(const uint8_t *)payload, strlen(payload)},
            .recipients = &to,
            .recipient_count = 1};
        GOOD(kc_mesh_envelope_make(&source, &letter, &text, &size));
        GOOD(kc_mesh_opening_whole(
            (struct kc_span){(uint8_t *)text, size}, NULL, &key.pair, 1000, &content, &size));
        assert_int_equal(size, strlen(payload));
        kc_room_free(content);
        free(text);
    }
}

static void no_envelope_is_made_for_a_key_that_is_no_point(void **state)
{
    (void)state;
    char *text;
    size_t size;
    struct kc_mesh_source source = sample_source();
    struct sample_key key = sample_key(KC_CURVE_X448, 2);
    struct kc_mesh_letter letter = {.payload = {(const uint8_t *)payload, strlen(payload)},
        .type = "MessageClaim",
        .recipients = &key.public,
        .recipient_count = 1};
    memset(key.public.octets, 0, sizeof key.public.octets);
    assert_int_equal(
        kc_mesh_envelope_make(&source, &letter, &text, &size), KC_ERR_POINT_SMALL_ORDER);
    memcpy(key.public.algorithm, "P-256", 6);
    assert_int_equal(kc_mesh_envelope_make(&source, &letter, &text, &size), KC_ERR_BAD_ALGORITHM);
    letter.recipient_count = KC_DARE_RECIPIENTS_MAX + 1;
    assert_int_equal(kc_mesh_envelope_make(&source, &letter, &text, &size), KC_ERR_TOO_LARGE);
}

static void nothing_is_made_without_randomness(void **state)
{
    (void)state;
    char *text;
    size_t size;
    struct sample_key key = sample_key(KC_CURVE_X448, 2), signer = sample_key(KC_CURVE_ED448, 2);
    struct kc_mesh_letter letter = {.payload = {(const uint8_t *)payload, strlen(payload)},
        .type = "MessageClaim",
        .signer = &signer.pair,
        .recipients = &key.public,
        .recipient_count = 1};
    for (unsigned given = 0; given < 4; given++) {
        struct kc_mesh_source source = sample_source_that_fails(given);
        assert_int_equal(kc_mesh_envelope_make(&source, &letter, &text, &size), KC_ERR_RANDOM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_signed_verifies_and_says_what_it_is),
        cmocka_unit_test(each_recipient_opens_what_is_encrypted_and_signed),
        cmocka_unit_test(a_recipient_is_found_whatever_sign_the_sender_had),
        cmocka_unit_test(no_envelope_is_made_for_a_key_that_is_no_point),
        cmocka_unit_test(nothing_is_made_without_randomness),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
