/* SPDX-License-Identifier: Apache-2.0 */
/* Mesh seeds: the keys that the drafts print, and the limits. */
#include "tests/threshold/support.h"

#include "threshold/derive.h"

#include <string.h>

static const struct {
    enum kc_curve curve;
    enum kc_derivation derivation;
    const char *seed, *key_name, *okm, *public;
} published[] = {
    /* draft-hallambaker-mesh-udf-13 s4.4 */
    {KC_CURVE_X25519, KC_DERIVATION_LEGACY, "00010d3d19de01d296b21f0a5da21c811a7c", "",
        "e72239e1ab77ac9cb46aa01227689e2814602fa87608385ed5e65de70cc842e8",
        "56b7cf066f96dda9a3dc2f53f55e87fcf6f307f58d200972ac63acb79381d66b80"},
    /* oracle (seed from draft-hallambaker-mesh-udf-13 s4.4) */
    {KC_CURVE_X25519, KC_DERIVATION_CURRENT, "00010d3d19de01d296b21f0a5da21c811a7c", "",
        "cfc537609e9ba084d2c1e31dfbadf939dec2614cbc33410b70d4af33320eb6cb",
        "ef5729e8b89260cb8081a70f7b6199ba518e5a6e77a5b59da61dee829a3e505080"},
    /* draft-hallambaker-mesh-udf-13 s4.4 */
    {KC_CURVE_X448, KC_DERIVATION_LEGACY, "00029600dac9d900e62795e3ba6d9d561570", "",
        "ae6a6d0bcc48c331e7550f52f99683c5157c8a748036b7e91724d7dda156763c150068b7"
        "23f5db32481b72c02eb02245a3b88067b388069f",
        "3029ce57aa87f00d836c58e87f805a7c18a34ba94e1d45ffe7a14ef5c0221c3827cd0f1d"
        "eb3c783f1126535f096a6b90bfaa468422e246c900"},
    /* draft-hallambaker-mesh-udf-13 s4.4 */
    {KC_CURVE_ED448, KC_DERIVATION_LEGACY, "00042f2154e15c5a8a2bbe4642b5259f1a3c", "",
        "df5a89b81d56924132d1b2c94f7469e3c9e55f2333a1ce225408ee53460f9b139d54952b"
        "f9d9772afa073c9d89ccc50e7e867e847c585d89",
        "b1a30c91616f7748f49640fa7d5fd6e0c497944e6de267c939a85f89536fbefef6530001"
        "b7bd4b825b83b53b2d95cc22f93657e6a9f7649a00"},
    /* oracle (seed from draft-hallambaker-mesh-udf-13 s4.4) */
    {KC_CURVE_ED448, KC_DERIVATION_CURRENT, "00042f2154e15c5a8a2bbe4642b5259f1a3c", "",
        "f9828f36a10c4115a5d64e8a476efae8655e80ceaa73a6351ef6ae6e4df2b854c905614e"
        "07d4333e6d7a3c8db3e78e3a8a42dac79736d3b6",
        "0b9e7f8aa229a5b85ab763b447bf26760717ac2fb15a2933ac4b9215fa527617222be0db"
        "4328ce925b0bf4b312a42310cb9ca5a9f1a593d200"},
    /* draft-hallambaker-threshold-06 s6 */
    {KC_CURVE_X448, KC_DERIVATION_CURRENT, "00024d46bf39751317", "",
        "77b4d2f112cce7ddf81a30801f2c19eaefe2b38a84af60110c12edc3b759aeccc9b4e49d"
        "39267c615f18f124fe63d64bbb905816436ec3a9",
        "a6961a77dc39415fd7daa50745ac8ea43eae8c77bd504ab02464cdea580aa3c7a780baa6"
        "10bd579afa0ce3eb2fc8bb523642b258c37b048b80"},
    /* draft-hallambaker-threshold-06 s6 */
    {KC_CURVE_ED25519, KC_DERIVATION_CURRENT, "00034d4620f5dedeea26", "",
        "1d04c01898f031ca3ba1f0c3ad2bfc3bcff1dcdc07fc615fb1637535cec4eab4",
        "d84e983ef72187ccc647cb6e5a571f79f5b922d9a800d36991e1b6e610ff5908"},
    /* made for these tests by an independent program */
    {KC_CURVE_X448, KC_DERIVATION_CURRENT,
        "0000d65fb02012cd89d08dadbccf99adb578326678d150ed9a2c769a927212fabf5c", "",
        "1e247ebeb27d54411a591df627f2f644b882533565b99beff07cc231925334db1275b1b6"
        "6e4e110fb782620c74c91a875ef5a63d1ff5627a",
        "f0d588ea47a99c846befc88bbca1010188549b7b72087c98ee89fd6ebfa6ceb3824eeec0"
        "89c3c949ecb58752a52896680e7685dc303fadc480"},
    /* made for these tests by an independent program */
    {KC_CURVE_ED25519, KC_DERIVATION_CURRENT,
        "0000d65fb02012cd89d08dadbccf99adb578326678d150ed9a2c769a927212fabf5c", "custodian/shared",
        "f4b1e108ceee444699933b214b414a6705e2b3a70089cdacb2b6eaec4b6b2a12",
        "0127e189d5331dde8a338d39dee52acbccc9115b969aed7fa39b84704293fc7b"},
};

static const struct kc_span no_name = {(const uint8_t *)"", 0};

static void derives_the_published_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
        const struct kc_curve_info *info = kc_curve_info(published[i].curve);
        uint8_t seed[64], okm[KC_OKM_SIZE_MAX], public[KC_POINT_SIZE_MAX];
        const struct kc_span span = {seed, from_hex(seed, sizeof seed, published[i].seed)};
        const struct kc_span name = {
            (const uint8_t *)published[i].key_name, strlen(published[i].key_name)};
        size_t okm_size;
        struct kc_key key;
        assert_int_equal(
            kc_derive_octets(okm, &okm_size, info->curve, published[i].derivation, span, name),
            KC_OK);
        assert_hex(okm, okm_size, published[i].okm);
        assert_int_equal(
            kc_derive_key(&key, info->curve, published[i].derivation, span, name), KC_OK);
        kc_point_encode(&key.public, public);
        assert_hex(public, info->point_size, published[i].public);
    }
}

static void another_name_is_another_key(void **state)
{
    (void)state;
    uint8_t seed[18] = {0, 1, 2}, name[] = "BaseDeviceSign";
    const struct kc_span span = {seed, sizeof seed}, sign = {name, sizeof name - 1};
    uint8_t one[KC_OKM_SIZE_MAX], other[KC_OKM_SIZE_MAX];
    size_t size;
    assert_int_equal(
        kc_derive_octets(one, &size, KC_CURVE_ED448, KC_DERIVATION_CURRENT, span, sign), KC_OK);
    assert_int_equal(
        kc_derive_octets(other, &size, KC_CURVE_ED448, KC_DERIVATION_CURRENT, span, no_name),
        KC_OK);
    assert_memory_not_equal(one, other, size);
}

static void refuses_what_is_outside_its_limits(void **state)
{
    (void)state;
    static const uint8_t bytes[KC_MESH_SEED_SIZE_MAX + 1];
    uint8_t okm[KC_OKM_SIZE_MAX];
    size_t size = 99;
    const struct kc_span good = {bytes, 18}, name = {bytes, 1},
                         bad_names[] = {{bytes, KC_KEY_NAME_SIZE_MAX + 1}},
                         bad_seeds[] = {{bytes, KC_MESH_SEED_SIZE_MIN - 1},
                             {bytes, KC_MESH_SEED_SIZE_MAX + 1}};
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(kc_derive_octets(okm, &size, KC_CURVE_X448, KC_DERIVATION_CURRENT,
                             bad_seeds[i], no_name),
            KC_ERR_BAD_ARGUMENT);
    assert_int_equal(
        kc_derive_octets(okm, &size, KC_CURVE_X448, KC_DERIVATION_CURRENT, good, bad_names[0]),
        KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_derive_octets(okm, &size, KC_CURVE_X448, KC_DERIVATION_LEGACY, good, name),
        KC_ERR_BAD_ARGUMENT);
    assert_int_equal(
        kc_derive_octets(okm, &size, KC_CURVE_X448, (enum kc_derivation)3, good, no_name),
        KC_ERR_BAD_ARGUMENT);
    assert_int_equal(
        kc_derive_octets(okm, &size, (enum kc_curve)9, KC_DERIVATION_CURRENT, good, no_name),
        KC_ERR_BAD_ARGUMENT);
    assert_int_equal(
        kc_derive_octets(okm, &size, KC_CURVE_P256, KC_DERIVATION_CURRENT, good, no_name),
        KC_ERR_BAD_ARGUMENT);
    assert_int_equal(size, 99); /* untouched */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derives_the_published_keys),
        cmocka_unit_test(another_name_is_another_key),
        cmocka_unit_test(refuses_what_is_outside_its_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
