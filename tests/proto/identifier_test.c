/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"

#include "proto/earl.h"
#include "proto/udf_key.h"

#include <stdio.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

/* A key of the examples: profile of an account. */
static const uint8_t octets[57] = {0x5b, 0xd1, 0x95, 0xbc, 0x04, 0xc1, 0x84, 0x84, 0x1b, 0x65, 0x94,
    0x0d, 0xe0, 0x63, 0x69, 0xdd, 0xf4, 0x47, 0xa1, 0x0b, 0x46, 0x9a, 0xf0, 0xdc, 0xc4, 0x99, 0x60,
    0xbf, 0xf7, 0x6e, 0x02, 0x62, 0x40, 0x0c, 0x05, 0x78, 0xe9, 0xcc, 0xd6, 0x88, 0x5e, 0xb0, 0x35,
    0x84, 0xe4, 0xf7, 0xbc, 0xb9, 0x2d, 0x8c, 0x06, 0xd9, 0xfd, 0x3c, 0xd7, 0xb7, 0x80};
static const struct kc_span public = {octets, sizeof octets};

#define FINGERPRINT "MC4V-7LMA-EB4A-JWZQ-ZFZR-DR3G-VSXO"

static void names_a_key_by_each_content_type_that_was_ever_used(void **state)
{
    (void)state;
    char text[KC_UDF_DIGEST_TEXT_SIZE];
    for (const char *const *type = kc_udf_key_content_types; *type != NULL; type++) {
        GOOD(kc_udf_key_fingerprint_as("Ed448", public, *type, 140, text, sizeof text));
        assert_true(kc_udf_names_key(text, "Ed448", public));
        GOOD(kc_udf_key_fingerprint_as("Ed448", public, *type, 280, text, sizeof text));
        assert_true(kc_udf_names_key(text, "Ed448", public));
    }
    assert_true(kc_udf_names_key(FINGERPRINT, "Ed448", public));
    GOOD(kc_udf_key_fingerprint_as("Ed448", public, "text/plain", 140, text, sizeof text));
    assert_false(kc_udf_names_key(text, "Ed448", public));
}

static void names_no_key_by_a_prefix_or_an_alias(void **state)
{
    (void)state;
    static const char *const aliases[] = {"MC4V-7LMA-EB4A-JWZQ-ZFZR-DR3G",
        "MC4V-7LMA-EB4A-JWZQ-ZFZR-DR3G-VSX", "mc4v-7lma-eb4a-jwzq-zfzr-dr3g-vsxo",
        "MC4V7LMAEB4AJWZQZFZRDR3GVSXO", " MC4V-7LMA-EB4A-JWZQ-ZFZR-DR3G-VSXO",
        "MC4V-7LMA-EB4A-JWZQ-ZFZR-DR3G-VSXP", "MC4V-7LMA-EB4A-JWZQ-ZFZR-DR3G-VSXO-", "",
        "NC4V-7LMA-EB4A-JWZQ-ZFZR-DR3G-VSXO"};
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (kc_udf_names_key(aliases[i], "Ed448", public))
            fail_msg("%s", aliases[i]);
    assert_false(kc_udf_names_key(FINGERPRINT, "X448", public));
}

static void lets_a_person_type_a_prefix_of_100_bits(void **state)
{
    (void)state;
    assert_true(kc_udf_may_mean("mc4v 7lma eb4a jwzq zfzr", FINGERPRINT));
    assert_true(kc_udf_may_mean(FINGERPRINT, "MC4V-7LMA-EB4A-JWZQ-ZFZR-DR3G"));
    assert_false(kc_udf_may_mean("MC4V-7LMA-EB4A-JWZQ-ZFZ", FINGERPRINT));
    assert_false(kc_udf_may_mean("MC4V-7LMA-EB4A-JWZQ-ZFZQ", FINGERPRINT));
    assert_false(kc_udf_may_mean("MC4V-7LMA-EB4A-JWZQ-ZF!R", FINGERPRINT));
}

static void compares_addresses_without_the_case_of_a_to_z_alone(void **state)
{
    (void)state;
    char canonical[KC_ACCOUNT_SIZE], longest[KC_ACCOUNT_SIZE + 1];
    GOOD(kc_account_canonical("Alice@EXAMPLE.com", canonical));
    assert_string_equal(canonical, "alice@example.com");
    GOOD(kc_account_canonical("\xc3\x84pfel@example.com", canonical));
    assert_string_equal(canonical, "\xc3\x84pfel@example.com");
    memset(longest, 'a', sizeof longest);
    longest[KC_ACCOUNT_SIZE] = '\0';
    assert_int_equal(kc_account_canonical(longest, canonical), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_account_canonical("", canonical), KC_ERR_BAD_ARGUMENT);
}

static void takes_nothing_but_an_authenticator_for_a_pin(void **state)
{
    (void)state;
    char salted[KC_UDF_ID_SIZE], id[KC_UDF_ID_SIZE];
    uint8_t witness[KC_PIN_WITNESS_SIZE], digest[64] = {0};
    struct kc_span nonce = {digest, 16}, none = {digest, 0}, huge = {digest, 65};
    assert_int_equal(kc_pin_salt(FINGERPRINT, "Device", salted), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_pin_salt("not base32!", "Device", salted), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_pin_salt("AA", "Device", salted), KC_ERR_BAD_ARGUMENT);
    GOOD(kc_pin_salt("AAJP-KPYV-NSB4-GIYL-AM", "Device", salted));
    assert_int_equal(kc_pin_id("AAJP-KPYV-NSB4-GIYL-AM", "a@b", id), KC_ERR_BAD_ARGUMENT);
    GOOD(kc_pin_witness(salted, "a@b", nonce, digest, witness));
    assert_int_equal(kc_pin_witness(salted, "a@b", none, digest, witness), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_pin_witness(salted, "a@b", huge, digest, witness), KC_ERR_BAD_ARGUMENT);
}

static void makes_ids_only_of_udfs(void **state)
{
    (void)state;
    char id[KC_UDF_ID_SIZE];
    assert_int_equal(kc_make_id("", KC_ID_OF_ENVELOPE, id), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_make_id("N!", KC_ID_OF_ENVELOPE, id), KC_ERR_BAD_ARGUMENT);
    GOOD(kc_make_id("NBF4-4PTH-UTSC-RYHZ-EQMK-BVH7-MU3F", KC_ID_OF_ENVELOPE, id));
    assert_string_equal(id, "MD22-62AQ-PVVT-NPUS-ATUC-MQH4-PWV2");
}

/* --- locators --- */

#define SECRET "EALU-LAUT-XB5I-I2ZV-M2VN-NKAW-QLYX-JTS7-64DV-44NF-7YS7-2SHB-7ZE7-4"

static void reads_the_uris_that_it_prints_and_no_others(void **state)
{
    (void)state;
    static const char *const good[] = {"mcu://maker@example.com/" SECRET,
        "mmm://alice@example.com/" SECRET, "udf://example.com/" SECRET,
        "mcu://alice@example.com/AAJP-KPYV-NSB4-GIYL-AM"};
    static const char *const bad[] = {"", "mcu:", "mcu://", "http://a@b/" SECRET, "mcu://a@b",
        "mcu://a@b/", "mcu:///" SECRET, "mcu://a/" SECRET, "mcu://@b/" SECRET, "mcu://a@/" SECRET,
        "mcu://a@b@c/" SECRET, "mcu://a b@c/" SECRET, "mcu://a@b/x/" SECRET,
        "mcu://a@b/" FINGERPRINT, "udf://a@b/" SECRET, "udf://b/AAJP-KPYV-NSB4-GIYL-AM",
        "mcu://a@b/EA", "mcus://a@b/" SECRET};
    struct kc_mesh_uri uri;
    char text[KC_URI_SIZE];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        GOOD(kc_mesh_uri_parse(good[i], &uri));
        GOOD(kc_mesh_uri_print(&uri, text, sizeof text));
        assert_string_equal(text, good[i]);
        assert_int_equal(kc_mesh_uri_print(&uri, text, strlen(good[i])), KC_ERR_TOO_LARGE);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (kc_mesh_uri_parse(bad[i], &uri) != KC_ERR_BAD_ARGUMENT)
            fail_msg("%s", bad[i]);
}

/* Computed by other code from the formulas: HKDF-SHA-512, HMAC-SHA-512, and the id of a key. */
static void derives_what_service_and_device_keep_and_what_a_claimant_sends(void **state)
{
    (void)state;
    char id[KC_UDF_ID_SIZE], service[KC_EARL_SECRET_TEXT], device[KC_EARL_SECRET_TEXT];
    char claim[KC_UDF_ID_SIZE];
    GOOD(kc_earl_publication_id(SECRET, id));
    assert_string_equal(id, "EBQH-UV3B-XIGG-LDEM-IOEL-5M4L-ONED");
    GOOD(kc_earl_authenticator(SECRET, KC_EARL_SERVICE, service));
    assert_string_equal(
        service, "EBVN-PQ5L-KCHH-UAQL-MDQP-7HZM-CSLE-FYA3-6TI7-V4YP-L4TX-54X2-4ZWC-6");
    GOOD(kc_earl_authenticator(SECRET, KC_EARL_DEVICE, device));
    assert_string_not_equal(device, service);
    GOOD(kc_earl_claim(service, "Alice@example.com", claim));
    assert_string_equal(claim, "ABNQ-F7VV-6T6T-ORWN-QNRC-2HWP-6S5O");
}

static void derives_nothing_from_what_is_no_secret(void **state)
{
    (void)state;
    char text[KC_EARL_SECRET_TEXT], id[KC_UDF_ID_SIZE];
    assert_int_equal(kc_earl_publication_id(FINGERPRINT, id), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_earl_authenticator(FINGERPRINT, KC_EARL_DEVICE, text), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_earl_claim(FINGERPRINT, "a@b", id), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_earl_claim(SECRET, "", id), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_earl_secret_of_seed(SECRET, "a@b", text), KC_ERR_BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_a_key_by_each_content_type_that_was_ever_used),
        cmocka_unit_test(names_no_key_by_a_prefix_or_an_alias),
        cmocka_unit_test(lets_a_person_type_a_prefix_of_100_bits),
        cmocka_unit_test(compares_addresses_without_the_case_of_a_to_z_alone),
        cmocka_unit_test(takes_nothing_but_an_authenticator_for_a_pin),
        cmocka_unit_test(makes_ids_only_of_udfs),
        cmocka_unit_test(reads_the_uris_that_it_prints_and_no_others),
        cmocka_unit_test(derives_what_service_and_device_keep_and_what_a_claimant_sends),
        cmocka_unit_test(derives_nothing_from_what_is_no_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
