/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of Mesh seeds: those of the example's device, and that nothing is derived by other names. */
#include "custodian/mesh/seed.h"
#include "proto/udf.h"
#include "proto/udf_digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char device_seed[] =
    "ZAAQ-AO3M-SYLX-X7ET-MZHC-BURC-V2OE-ZWUX-ZWPF-KAL4-6C3G-6IPV-2D76-MT4N";

static struct kc_span octets_of(const char *text, struct kc_udf *udf)
{
    assert_int_equal(
        kc_udf_parse((struct kc_span){(const uint8_t *)text, strlen(text)}, udf), KC_OK);
    assert_int_equal(udf->type, KC_UDF_SEED);
    return (struct kc_span){udf->data, udf->data_size};
}

static void expect_key(struct kc_span seed, const char *name, const char *algorithm, const char *id)
{
    KC_AUTO_KEY key = {0};
    uint8_t public[KC_POINT_SIZE_MAX];
    char text[KC_UDF_ID_SIZE];
    assert_int_equal(
        kc_mesh_seed_key(seed, KC_CURVE_ED448, KC_DERIVATION_CURRENT, name, &key), KC_OK);
    const struct kc_curve_info *info = kc_curve_info(key.scalar.curve);
    assert_string_equal(info->name, algorithm);
    kc_point_encode(&key.public, public);
    assert_int_equal(
        kc_udf_key_fingerprint(info->name, (struct kc_span){public, info->point_size}, text),
        KC_OK);
    assert_string_equal(text, id);
}

static void the_keys_of_the_preconfigured_device_come_of_its_seed(void **state)
{
    struct kc_udf udf;
    struct kc_span seed = octets_of(device_seed, &udf);
    (void)state;
    assert_int_equal(kc_mesh_seed_type(seed), KC_MESH_SEED_PROFILE_DEVICE);
    expect_key(seed, "BaseDeviceProfile", "Ed448", "MC6H-2IFS-4OXA-U2YQ-QZ6Y-RZWX-JC3Q");
    expect_key(seed, "BaseDeviceEncrypt", "X448", "MANW-A7ZE-RUCN-GL2B-7TKX-V2UF-KTG2");
    expect_key(seed, "BaseDeviceSign", "Ed448", "MBUQ-HUMZ-HZOR-EAAA-DDBH-UMG5-T36K");
    expect_key(seed, "BaseDeviceAuthenticate", "X448", "MA6J-3TFO-COXV-TPNF-COAF-DLZO-L7OZ");
}

static void nothing_is_derived_by_a_name_outside_the_list(void **state)
{
    static const char *const names[] = {"", "Base", "BaseDevice", "BaseDeviceSigns",
        "baseDeviceSign", "BaseAccountSign", "BaseDeviceEscrow", "ActivationDeviceSign",
        "BaseDeviceEncryptMMM_Contact", "BaseDeviceProfile "};
    struct kc_udf udf;
    struct kc_span seed = octets_of(device_seed, &udf);
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        KC_AUTO_KEY key = {0};
        assert_int_equal(
            kc_mesh_seed_key(seed, KC_CURVE_ED448, KC_DERIVATION_CURRENT, names[i], &key),
            KC_ERR_BAD_ARGUMENT);
    }
}

static void each_seed_has_the_names_of_its_code(void **state)
{
    static const struct {
        unsigned type;
        const char *name;
        enum kc_use use;
    } rows[] = {
        {256, "BaseDeviceProfile", KC_USE_SIGN},
        {257, "ActivationDeviceEncrypt", KC_USE_AGREE},
        {257, "ActivationDeviceProfile", KC_USE_NONE},
        {258, "CompleteAccountAdminSign", KC_USE_SIGN},
        {258, "CompleteAccountEscrow", KC_USE_AGREE},
        {258, "CompleteAccountEncryptMMM_Contact", KC_USE_AGREE},
        {258, "CompleteAccountEncryptMMM_", KC_USE_NONE},
        {258, "CompleteAccountEncryptMMM_a/b", KC_USE_NONE},
        {258, "CompleteAccountSignMMM_Contact", KC_USE_NONE},
        {259, "ActivationMemberSign", KC_USE_SIGN},
        {260, "BaseServiceSign", KC_USE_SIGN},
        {260, "BaseHostAuthenticate", KC_USE_AGREE},
        {261, "ActivationHostEncrypt", KC_USE_AGREE},
        {262, "BaseDeviceSign", KC_USE_NONE},
        {0, "BaseDeviceSign", KC_USE_NONE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(kc_mesh_key_use(rows[i].type, rows[i].name), rows[i].use);
}

static void a_name_that_is_too_long_is_none(void **state)
{
    char name[KC_MESH_KEY_NAME_SIZE + 1] = "CompleteAccountEncryptMMM_";
    memset(name + strlen(name), 'a', sizeof name - 1 - strlen(name));
    (void)state;
    name[sizeof name - 1] = '\0';
    assert_int_equal(kc_mesh_key_use(258, name), KC_USE_NONE);
    name[sizeof name - 2] = '\0';
    assert_int_equal(kc_mesh_key_use(258, name), KC_USE_AGREE);
}

/* The specifier of a seed for one algorithm; such a seed makes one key, without a name. */
static void a_seed_of_one_algorithm_makes_one_key(void **state)
{
    uint8_t octets[34] = {0, 4};
    struct kc_span seed = {octets, sizeof octets};
    KC_AUTO_KEY current = {0};
    KC_AUTO_KEY legacy = {0};
    (void)state;
    assert_int_equal(
        kc_mesh_seed_key(seed, KC_CURVE_ED448, KC_DERIVATION_CURRENT, "", &current), KC_OK);
    assert_int_equal(
        kc_mesh_seed_key(seed, KC_CURVE_ED448, KC_DERIVATION_LEGACY, "", &legacy), KC_OK);
    assert_memory_not_equal(&current.scalar, &legacy.scalar, sizeof current.scalar);
    assert_int_equal(
        kc_mesh_seed_key(seed, KC_CURVE_ED448, KC_DERIVATION_CURRENT, "BaseDeviceSign", &current),
        KC_ERR_BAD_ARGUMENT);
}

static void keys_that_do_not_sign_are_on_the_sibling_of_the_curve(void **state)
{
    (void)state;
    assert_int_equal(kc_mesh_key_curve(KC_USE_SIGN, KC_CURVE_ED25519), KC_CURVE_ED25519);
    assert_int_equal(kc_mesh_key_curve(KC_USE_AGREE, KC_CURVE_ED25519), KC_CURVE_X25519);
    assert_int_equal(kc_mesh_key_curve(KC_USE_SIGN, KC_CURVE_ED448), KC_CURVE_ED448);
    assert_int_equal(kc_mesh_key_curve(KC_USE_AGREE, KC_CURVE_ED448), KC_CURVE_X448);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_keys_of_the_preconfigured_device_come_of_its_seed),
        cmocka_unit_test(nothing_is_derived_by_a_name_outside_the_list),
        cmocka_unit_test(each_seed_has_the_names_of_its_code),
        cmocka_unit_test(a_name_that_is_too_long_is_none),
        cmocka_unit_test(a_seed_of_one_algorithm_makes_one_key),
        cmocka_unit_test(keys_that_do_not_sign_are_on_the_sibling_of_the_curve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
