/* SPDX-License-Identifier: Apache-2.0 */
/* Encryption to recipients: the envelope's form, its refusals, and a published envelope. */
#include "proto/base64url.h"
#include "proto/dare_envelope.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t seed[KC_DARE_SEED_SIZE] = "thirty-two octets of a base seed";

static struct kc_span span_of(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

static struct kc_dare_content content_keys(void)
{
    struct kc_dare_content content;
    assert_int_equal(kc_dare_content_derive(seed, span_of("sixteen of salt!"), &content), KC_OK);
    return content;
}

static void decrypts_what_it_encrypts_at_every_size_around_a_block(void **state)
{
    (void)state;
    struct kc_dare_content content = content_keys();
    uint8_t plaintext[49], ciphertext[64], again[64];
    memset(plaintext, 'p', sizeof plaintext);
    for (size_t size = 0; size <= sizeof plaintext; size++) {
        size_t again_size, ciphertext_size = kc_dare_ciphertext_size(size);
        assert_true(ciphertext_size > size && ciphertext_size % 16 == 0);
        assert_int_equal(
            kc_dare_content_encrypt(&content, (struct kc_span){plaintext, size}, ciphertext),
            KC_OK);
        assert_int_equal(kc_dare_content_decrypt(&content,
                             (struct kc_span){ciphertext, ciphertext_size}, again, &again_size),
            KC_OK);
        assert_int_equal(again_size, size);
        assert_memory_equal(again, plaintext, size);
    }
}

static void gives_one_answer_for_whatever_is_wrong_with_a_ciphertext(void **state)
{
    (void)state;
    struct kc_dare_content content = content_keys();
    uint8_t ciphertext[32], plaintext[32];
    size_t size;
    assert_int_equal(
        kc_dare_content_encrypt(&content, span_of("just over one block"), ciphertext), KC_OK);
    assert_int_equal(
        kc_dare_content_decrypt(&content, (struct kc_span){ciphertext, 0}, plaintext, &size),
        KC_ERR_DECRYPTION);
    assert_int_equal(
        kc_dare_content_decrypt(&content, (struct kc_span){ciphertext, 31}, plaintext, &size),
        KC_ERR_DECRYPTION);
    ciphertext[15] ^= 0xff; /* changes the last octet of the padding */
    assert_int_equal(
        kc_dare_content_decrypt(&content, (struct kc_span){ciphertext, 32}, plaintext, &size),
        KC_ERR_DECRYPTION);
    static const uint8_t zeros[32];
    assert_memory_equal(plaintext, zeros, sizeof zeros);
}

static void unwraps_only_under_the_key_that_wrapped(void **state)
{
    (void)state;
    uint8_t kek[KC_DARE_KEK_SIZE], other[KC_DARE_KEK_SIZE], wrapped[KC_DARE_WRAPPED_SIZE];
    uint8_t unwrapped[KC_DARE_SEED_SIZE] = "untouched";
    assert_int_equal(kc_dare_kek(span_of("agreed"), span_of(KC_DARE_KEK_INFO), kek), KC_OK);
    assert_int_equal(kc_dare_kek(span_of("agreed"), span_of(""), other), KC_OK);
    assert_int_equal(kc_dare_wrap(kek, seed, wrapped), KC_OK);
    assert_int_equal(kc_dare_unwrap(other, wrapped, unwrapped), KC_ERR_DECRYPTION);
    assert_string_equal((char *)unwrapped, "untouched");
    assert_int_equal(kc_dare_unwrap(kek, wrapped, unwrapped), KC_OK);
    assert_memory_equal(unwrapped, seed, sizeof seed);
    assert_int_equal(kc_dare_kek(span_of(""), span_of(""), kek), KC_ERR_BAD_ARGUMENT);
}

/* dare-12, section 13.3: an envelope to an Ed25519 key, as printed. */
#define HEADER                                                                                     \
    "{\"enc\":\"A256CBC\",\"kid\":\"EBQO-I7V7-SMIU-R5H6-T3E5-3QXK-T42M\","                         \
    "\"Salt\":\"0VLqWgR3EM9BZ1MkHNuEVQ\",\"recipients\":["
#define RECIPIENT                                                                                  \
    "{\"kid\":\"MC26-ABWY-V347-CYLP-BL4I-OJK2-USAM\",\"epk\":{\"PublicKeyECDH\":{"                 \
    "\"crv\":\"Ed25519\",\"Public\":\"xy9IcR8Bw-_dhFAo40Yq6Gs50aHb3n1rWn_WqdsL5e0\"}},"            \
    "\"wmk\":\"cJ0sCeJuErbVczFrYR6DFJ7MhzkZ3kLObz_-Nod4WhtNfwisVwsLlw\"}"
#define BODY                                                                                       \
    "\"ALOi_L3u0jl4Ke5yeUmXDJHBCFTZXffKs0WZNMwRMfR1PX25vSXcXPyxeEBJptXvmYd-OQLqZuzVfJxZw_nJjw\""
#define FOREIGN "{\"kid\":\"rsa\",\"wmk\":\"AAAA\"}"

static void reads_a_published_envelope(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "[" HEADER RECIPIENT "]}," BODY "]",
        "{\"DareEnvelope\":[" HEADER FOREIGN "," RECIPIENT "]}," BODY ",{}]}",
    };
    for (size_t i = 0; i < 2; i++) {
        struct kc_dare_envelope envelope = {0};
        assert_int_equal(kc_dare_envelope_read(span_of(texts[i]), &envelope), KC_OK);
        assert_int_equal(envelope.recipient_count, 1);
        assert_string_equal(envelope.recipients[0].kid, "MC26-ABWY-V347-CYLP-BL4I-OJK2-USAM");
        assert_string_equal(envelope.recipients[0].algorithm, "Ed25519");
        assert_int_equal(envelope.recipients[0].ephemeral_size, 32);
        assert_int_equal(envelope.salt_size, 16);
        assert_int_equal(envelope.body_size, 64);
        kc_dare_envelope_done(&envelope);
    }
}

static void refuses_what_is_no_envelope(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "not JSON",
        "{}",
        "[]",
        "[" HEADER RECIPIENT "]},7]",
        "{\"DareEnvelope\":[" HEADER RECIPIENT "]}," BODY ",{}],\"x\":1}",
        "[" HEADER RECIPIENT "]},\"====\"]",
        "[" HEADER RECIPIENT "]}," BODY ",{},{}]",
        "[" HEADER RECIPIENT "]}," BODY ",7]",
        "[" HEADER RECIPIENT "]}," BODY ",{\"PayloadDigest\":\"AAAA\"}]",
        "[" HEADER RECIPIENT "],\"enc\":\"A256CBC\"}," BODY "]",
        "[{\"enc\":\"A256GCM\",\"Salt\":\"0VLqWgR3EM9BZ1MkHNuEVQ\",\"recipients\":[" RECIPIENT
        "]}," BODY "]",
        "[{\"enc\":\"A256CBC\",\"Salt\":\"0VLq\",\"recipients\":[" RECIPIENT "]}," BODY "]",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct kc_dare_envelope envelope = {0};
        if (kc_dare_envelope_read(span_of(texts[i]), &envelope) != KC_ERR_ENVELOPE)
            fail_msg("accepted %s", texts[i]);
    }
}

static void refuses_nesting_beyond_the_limit(void **state)
{
    (void)state;
    struct kc_dare_envelope envelope = {0};
    assert_int_equal(
        kc_dare_envelope_read(span_of("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]"), &envelope),
        KC_ERR_TOO_LARGE);
    assert_int_equal(kc_dare_envelope_read(span_of("[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"), &envelope),
        KC_ERR_ENVELOPE);
}

static void fill(struct kc_dare_envelope *envelope, uint8_t *body, size_t body_size)
{
    memset(envelope, 0, sizeof *envelope);
    strcpy(envelope->kid, "EBQO-I7V7-SMIU-R5H6-T3E5-3QXK-T42M");
    envelope->salt_size = KC_DARE_SALT_SIZE;
    envelope->recipient_count = 2;
    for (size_t i = 0; i < 2; i++) {
        struct kc_dare_recipient *r = &envelope->recipients[i];
        strcpy(r->kid, i == 0 ? "one" : "two");
        strcpy(r->algorithm, i == 0 ? "X448" : "X25519");
        r->ephemeral_size = i == 0 ? 57 : 33;
        memset(r->ephemeral, 0x5a, r->ephemeral_size);
        memset(r->wrapped, 0xa5, sizeof r->wrapped);
    }
    envelope->body = body;
    envelope->body_size = body_size;
}

static void reads_what_it_writes(void **state)
{
    (void)state;
    uint8_t body[32] = "a ciphertext of two whole blocks";
    struct kc_dare_envelope envelope, again = {0};
    char *text;
    size_t text_size;
    fill(&envelope, body, sizeof body);
    assert_int_equal(kc_dare_envelope_write(&envelope, &text, &text_size), KC_OK);
    assert_int_equal(text_size, strlen(text));
    assert_int_equal(kc_dare_envelope_read(span_of(text), &again), KC_OK);
    assert_int_equal(again.body_size, sizeof body);
    assert_memory_equal(again.body, body, sizeof body);
    assert_memory_equal(again.recipients, envelope.recipients, sizeof again.recipients);
    assert_string_equal(again.kid, envelope.kid);
    kc_dare_envelope_done(&again);
    free(text);
}

static void sees_that_a_body_is_damaged(void **state)
{
    (void)state;
    uint8_t body[32] = "a ciphertext of two whole blocks";
    struct kc_dare_envelope envelope, again = {0};
    char *text, encoded[64];
    size_t text_size;
    fill(&envelope, body, sizeof body);
    assert_int_equal(kc_dare_envelope_write(&envelope, &text, &text_size), KC_OK);
    kc_base64url_encode((struct kc_span){body, sizeof body}, encoded);
    char *place = strstr(text, encoded);
    assert_non_null(place);
    *place = *place == 'A' ? 'B' : 'A';
    assert_int_equal(kc_dare_envelope_read(span_of(text), &again), KC_ERR_ENVELOPE);
    free(text);
}

static void reads_base64url_with_wrapped_lines_and_nothing_else(void **state)
{
    (void)state;
    uint8_t octets[3];
    size_t size = sizeof octets;
    assert_int_equal(kc_base64url_decode(span_of("_-\n 8A"), octets, &size), KC_OK);
    assert_int_equal(size, 3);
    static const char *const refused[] = {"A", "AB", "ABC", "AAA=", "AA+A", "AA/A", "AAAAA"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        size = sizeof octets;
        assert_int_equal(
            kc_base64url_decode(span_of(refused[i]), octets, &size), KC_ERR_BAD_ARGUMENT);
    }
    size = 2;
    assert_int_equal(kc_base64url_decode(span_of("AAAA"), octets, &size), KC_ERR_TOO_LARGE);
}

static enum kc_error decode_one_by_one(const char *text, uint8_t *octets, size_t *size)
{
    struct kc_base64url_decoder decoder;
    kc_base64url_decoder_init(&decoder, octets, *size);
    for (; *text != '\0'; text++)
        kc_base64url_decoder_push(&decoder, *text);
    *size = decoder.size;
    return kc_base64url_decoder_finish(&decoder);
}

static void reads_eight_characters_at_once_as_one_by_one(void **state)
{
    (void)state;
    for (size_t place = 0; place < 11; place++)
        for (unsigned c = 1; c < 256; c++) {
            char text[] = "AZaz09-_w9A";
            uint8_t octets[9], expected[9];
            size_t size = sizeof octets, expected_size = sizeof expected;
            text[place] = (char)c;
            enum kc_error error = kc_base64url_decode(span_of(text), octets, &size);
            assert_int_equal(error, decode_one_by_one(text, expected, &expected_size));
            if (error != KC_OK)
                continue;
            assert_int_equal(size, expected_size);
            assert_memory_equal(octets, expected, size);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decrypts_what_it_encrypts_at_every_size_around_a_block),
        cmocka_unit_test(gives_one_answer_for_whatever_is_wrong_with_a_ciphertext),
        cmocka_unit_test(unwraps_only_under_the_key_that_wrapped),
        cmocka_unit_test(reads_a_published_envelope),
        cmocka_unit_test(refuses_what_is_no_envelope),
        cmocka_unit_test(refuses_nesting_beyond_the_limit),
        cmocka_unit_test(reads_what_it_writes),
        cmocka_unit_test(sees_that_a_body_is_damaged),
        cmocka_unit_test(reads_base64url_with_wrapped_lines_and_nothing_else),
        cmocka_unit_test(reads_eight_characters_at_once_as_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
