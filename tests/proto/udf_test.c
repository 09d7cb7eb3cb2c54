/* SPDX-License-Identifier: Apache-2.0 */
/* What the vectors cannot show: refusals, limits and the two ways to read. */
#include "proto/udf.h"
#include "proto/udf_digest.h"
#include "tests/support/cmocka.h"

#include <string.h>

static struct kc_span span_of(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

#define NONCE "ND5L-Y3E6-GDDZ-KICR-NPDL-5WWM-4QSA" /* udf-13, section 1.1.1 */

static void parses_what_it_presents_at_every_size(void **state)
{
    (void)state;
    uint8_t data[KC_UDF_DATA_MAX];
    char text[KC_UDF_TEXT_SIZE];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 37 + 11);
    for (size_t size = 0; size <= sizeof data; size++) {
        struct kc_udf udf;
        assert_int_equal(
            kc_udf_present(KC_UDF_SEED, (struct kc_span){data, size}, 0, text, sizeof text), KC_OK);
        assert_int_equal(kc_udf_parse_canonical(span_of(text), &udf), KC_OK);
        assert_int_equal(udf.type, KC_UDF_SEED);
        assert_int_equal(udf.data_size, size);
        assert_memory_equal(udf.data, data, size);
    }
}

static void reads_what_a_person_typed(void **state)
{
    (void)state;
    struct kc_udf udf;
    assert_int_equal(kc_udf_parse(span_of(" nd5ly3e6gddz-KICR\tNPDL5WWM 4qsa\n"), &udf), KC_OK);
    assert_int_equal(udf.type, KC_UDF_NONCE);
    assert_int_equal(udf.data_size, 16);
    assert_int_equal(kc_udf_parse_canonical(span_of(NONCE), &udf), KC_OK);
}

static void refuses_other_spellings_where_a_decision_rests_on_the_text(void **state)
{
    (void)state;
    static const char *const refused[] = {"", "-", "N", "nd5l-y3e6-gddz-kicr-npdl-5wwm-4qsa",
        "ND5LY3E6GDDZKICRNPDL5WWM4QSA", "ND5L-Y3E6-GDDZ-KICR-NPDL-5WWM-4QSB", NONCE "-", "-" NONCE,
        NONCE " ", NONCE "-AA", "ND5L--Y3E6-GDDZ-KICR-NPDL-5WWM-4QSA",
        "ND5L-Y3E6-GDDZ-KICR-NPDL-5WWM-4QS1", "ND5L-Y3E6-GDDZ-KICR-NPDL-5WWM-4QSA-AAAA-\xff"};
    struct kc_udf udf;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (kc_udf_parse_canonical(span_of(refused[i]), &udf) != KC_ERR_BAD_ARGUMENT)
            fail_msg("accepted \"%s\"", refused[i]);
}

static void refuses_a_shortened_fingerprint_for_a_decision(void **state)
{
    (void)state;
    struct kc_udf udf;
    assert_int_equal(
        kc_udf_parse_canonical(span_of("MD2N-37QO-NPB6-HEOJ-UYOK-6BWT-RZ2Z"), &udf), KC_OK);
    assert_int_equal(kc_udf_parse_canonical(span_of("MD2N-37QO-NPB6-HEOJ-UYOK-6BWT"), &udf),
        KC_ERR_BAD_ARGUMENT);
}

static void refuses_characters_and_sizes_out_of_range(void **state)
{
    (void)state;
    struct kc_udf udf = {.type = 7};
    uint8_t data[KC_UDF_DATA_MAX + 1] = {0};
    char text[KC_UDF_TEXT_SIZE] = "kept", long_text[4 * KC_UDF_TEXT_SIZE + 2];
    assert_int_equal(kc_udf_parse(span_of("ND5L-Y3E!"), &udf), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_udf_parse(span_of(""), &udf), KC_ERR_BAD_ARGUMENT);
    memset(long_text, 'A', sizeof long_text);
    long_text[sizeof long_text - 1] = '\0';
    assert_int_equal(kc_udf_parse(span_of(long_text), &udf), KC_ERR_BAD_ARGUMENT);
    long_text[500] = '\0';
    assert_int_equal(kc_udf_parse(span_of(long_text), &udf), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(udf.type, 7);
    assert_int_equal(kc_udf_present(0, (struct kc_span){data, sizeof data}, 0, text, sizeof text),
        KC_ERR_BAD_ARGUMENT);
    assert_int_equal(
        kc_udf_present(0, (struct kc_span){data, 16}, 137, text, sizeof text), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_udf_present(0, (struct kc_span){data, 16}, 0, text, KC_UDF_ID_SIZE - 1),
        KC_ERR_TOO_LARGE);
    assert_string_equal(text, "kept");
}

static void names_an_x25519_key_the_same_with_and_without_its_sign(void **state)
{
    (void)state;
    uint8_t public[33] = {9, 0};
    public[32] = 0x80;
    char with_sign[KC_UDF_ID_SIZE], without[KC_UDF_ID_SIZE];
    assert_int_equal(
        kc_udf_key_fingerprint("X25519", (struct kc_span){public, 33}, with_sign), KC_OK);
    assert_int_equal(
        kc_udf_key_fingerprint("X25519", (struct kc_span){public, 32}, without), KC_OK);
    assert_string_equal(with_sign, without);
}

static void refuses_a_key_of_another_size_or_algorithm(void **state)
{
    (void)state;
    uint8_t public[57] = {0};
    char id[KC_UDF_ID_SIZE];
    assert_int_equal(
        kc_udf_key_fingerprint("X448", (struct kc_span){public, 56}, id), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(
        kc_udf_key_fingerprint("Ed25519", (struct kc_span){public, 33}, id), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(
        kc_udf_key_fingerprint("P-521", (struct kc_span){public, 57}, id), KC_ERR_BAD_ALGORITHM);
}

static void refuses_a_content_type_that_is_too_long(void **state)
{
    (void)state;
    char type[KC_UDF_CONTENT_TYPE_MAX + 2];
    struct kc_udf_digest digest;
    memset(type, 'x', sizeof type);
    type[sizeof type - 1] = '\0';
    assert_int_equal(
        kc_udf_content_digest(KC_HASH_SHA512, span_of("a"), type, &digest), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_udf_content_digest(KC_HASH_SHA512, span_of("a"), type + 1, &digest), KC_OK);
    assert_int_equal(
        kc_udf_content_digest(KC_HASH_SHA256, span_of("a"), "x", &digest), KC_ERR_BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_what_it_presents_at_every_size),
        cmocka_unit_test(reads_what_a_person_typed),
        cmocka_unit_test(refuses_other_spellings_where_a_decision_rests_on_the_text),
        cmocka_unit_test(refuses_a_shortened_fingerprint_for_a_decision),
        cmocka_unit_test(refuses_characters_and_sizes_out_of_range),
        cmocka_unit_test(names_an_x25519_key_the_same_with_and_without_its_sign),
        cmocka_unit_test(refuses_a_key_of_another_size_or_algorithm),
        cmocka_unit_test(refuses_a_content_type_that_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
