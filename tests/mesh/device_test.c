/* SPDX-License-Identifier: Apache-2.0 */
/* A device's profile of its seed, and what a maker puts into a device. */
#include "tests/mesh/administrator.h"
#include "tests/support/cmocka.h"
#include "tests/vectors/example.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM 8192

static struct kc_span span_of(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

static void a_profile_of_the_seeds_keys_is_signed_by_the_first(void **state)
{
    struct kc_mesh_device_keys keys = administrator_device();
    struct kc_mesh_source source = administrator_source();
    char *text;
    size_t size;
    (void)state;
    assert_int_equal(
        kc_mesh_device_profile_make(&source, &keys, "coffee pot", &text, &size), KC_OK);
    assert_int_equal(strlen(text), size);
    assert_int_equal(kc_mesh_device_profile_check(span_of(text), &keys), KC_OK);
    assert_non_null(strstr(text, "MC6H-2IFS-4OXA-U2YQ-QZ6Y-RZWX-JC3Q"));
    free(text);
}

static void a_profile_with_one_other_key_is_another(void **state)
{
    struct kc_mesh_source source = administrator_source();
    (void)state;
    for (size_t i = 0; i < KC_MESH_DEVICE_KEYS; i++) {
        struct kc_mesh_device_keys own = administrator_device(), keys = own;
        enum kc_curve curve = keys.of[i].scalar.curve;
        char *text;
        size_t size;
        keys.of[i] = administrator_key(curve, 33);
        assert_int_equal(kc_mesh_device_profile_make(&source, &keys, NULL, &text, &size), KC_OK);
        assert_int_equal(kc_mesh_device_profile_check(span_of(text), &own), KC_ERR_PROFILE);
        free(text);
    }
}

static void keys_of_a_seed_that_is_no_devices_are_not_derived(void **state)
{
    struct kc_mesh_device_keys keys;
    uint8_t seed[34] = {1, 1};
    (void)state;
    assert_int_equal(
        kc_mesh_device_derive((struct kc_span){seed, sizeof seed}, KC_CURVE_ED448, &keys),
        KC_ERR_BAD_ARGUMENT);
}

/* --- the preconfiguration --- */

static char document[ROOM];

/* The example's, with one thing replaced. */
static struct kc_span preconfiguration(const char *what, const char *by)
{
    struct example example;
    example_open(&example, "2021-device-preconfiguration");
    struct kc_span source = kc_json_source(example_at(&example, "object"));
    assert_true(source.size < sizeof document);
    memcpy(document, source.bytes, source.size);
    document[source.size] = '\0';
    example_close(&example);
    if (what != NULL) {
        char *at = strstr(document, what);
        assert_non_null(at);
        assert_int_equal(strlen(what), strlen(by));
        memcpy(at, by, strlen(by));
    }
    return span_of(document);
}

static void the_makers_device_comes_with_its_keys_and_authenticators(void **state)
{
    struct kc_mesh_preconfigured read;
    struct kc_mesh_device_keys keys = administrator_device();
    char secret[KC_EARL_SECRET_TEXT], id[KC_UDF_ID_SIZE], service[KC_EARL_SECRET_TEXT];
    (void)state;
    assert_int_equal(kc_mesh_preconfiguration_read(preconfiguration(NULL, NULL), &read), KC_OK);
    assert_int_equal(read.signing, KC_CURVE_ED448);
    assert_int_equal(kc_mesh_device_profile_check(span_of(read.profile), &keys), KC_OK);
    assert_int_equal(
        kc_earl_secret_of_seed(administrator_device_seed, "maker@example.com", secret), KC_OK);
    assert_int_equal(kc_earl_publication_id(secret, id), KC_OK);
    assert_int_equal(kc_earl_authenticator(secret, KC_EARL_SERVICE, service), KC_OK);
    assert_true(read.has_publication);
    assert_string_equal(read.publication, id);
    assert_string_equal(read.service, service);
    assert_string_not_equal(read.device, service);
    kc_mesh_preconfigured_done(&read);
    assert_null(read.profile);
}

static void a_seed_that_does_not_make_the_profiles_keys_is_refused(void **state)
{
    struct kc_mesh_preconfigured read = {0};
    (void)state;
    assert_int_equal(
        kc_mesh_preconfiguration_read(preconfiguration("ZAAQ-AO3M", "ZAAQ-AO3N"), &read),
        KC_ERR_PROFILE);
    assert_int_equal(read.seed_size, 0);
}

static void a_profile_that_was_altered_is_refused(void **state)
{
    struct kc_mesh_preconfigured read = {0};
    (void)state;
    assert_int_equal(
        kc_mesh_preconfiguration_read(preconfiguration("TbXfDJHac9bh", "TbXfDJHac9bi"), &read),
        KC_ERR_SIGNATURE);
}

static void what_is_no_preconfiguration_is_refused(void **state)
{
    static const struct {
        const char *what, *by;
    } rows[] = {
        {"\"DevicePreconfiguration\"", "\"DevicePreconfiguratiom\""},
        {"ZAAQ-AO3M", "ZAAQ-AO30"},                 /* no UDF */
        {"ZAAQ-AO3M", "EAAQ-AO3M"},                 /* no seed */
        {"ZAAQ-AO3M", "ZAAQ-CO3M"},                 /* of an activation */
        {"mcu://maker", "mcu:/-maker"},             /* no URI */
        {"\"PrivateKeyUDF\"", "\"PrivateKeyUDG\""}, /* no seed at all */
        {"\"EnvelopedProfileDevice\"", "\"EnvelopedProfileDevicf\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kc_mesh_preconfigured read = {0};
        enum kc_error error =
            kc_mesh_preconfiguration_read(preconfiguration(rows[i].what, rows[i].by), &read);
        assert_true(error == KC_ERR_BAD_REQUEST || error == KC_ERR_ENVELOPE);
        assert_null(read.profile);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_profile_of_the_seeds_keys_is_signed_by_the_first),
        cmocka_unit_test(a_profile_with_one_other_key_is_another),
        cmocka_unit_test(keys_of_a_seed_that_is_no_devices_are_not_derived),
        cmocka_unit_test(the_makers_device_comes_with_its_keys_and_authenticators),
        cmocka_unit_test(a_seed_that_does_not_make_the_profiles_keys_is_refused),
        cmocka_unit_test(a_profile_that_was_altered_is_refused),
        cmocka_unit_test(what_is_no_preconfiguration_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
