/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures by one key: the published ones, and what verification refuses. */
#include "tests/threshold/support.h"

#include "threshold/eddsa.h"
#include "threshold/element.h"
#include "threshold/signature_key.h"

#include <string.h>

/* RFC 8032 7.1 to 7.5 */
static const struct published {
    const char *name;
    enum kc_curve curve;
    bool prehash;
    const char *context; /* NULL: none */
    const char *seed, *message, *signature;
} published[] = {
    {"7.1, test 1", KC_CURVE_ED25519, false, NULL,
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"7.1, test 2", KC_CURVE_ED25519, false, NULL,
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"7.2, foo", KC_CURVE_ED25519, false, "foo",
        "0305334e381af78f141cb666f6199f57bc3495335a256a95bd2a55bf546663f6",
        "f726936d19c800494e3fdaff20b276a8",
        "55a4cc2f70a54e04288c5f4cd1e45a7bb520b36292911876cada7323198dd87a"
        "8b36950b95130022907a7fb7c4e9b2d5f6cca685a587b4b21f4b888e4e7edb0d"},
    {"7.3, abc", KC_CURVE_ED25519, true, NULL,
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42", "616263",
        "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41"
        "31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406"},
    {"7.4, blank", KC_CURVE_ED448, false, NULL,
        "6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3"
        "528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b",
        "",
        "533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f"
        "2b233f034f628281f2fd7a22ddd47d7828c59bd0a21bfd3980ff0d2028d4b18a"
        "9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4db"
        "b61149f05a7363268c71d95808ff2e652600"},
    {"7.4, 1 octet with context", KC_CURVE_ED448, false, "foo",
        "c4eab05d357007c632f3dbb48489924d552b08fe0c353a0d4a1f00acda2c463a"
        "fbea67c5e8d2877c5e3bc397a659949ef8021e954e0a12274e",
        "03",
        "d4f8f6131770dd46f40867d6fd5d5055de43541f8c5e35abbcd001b32a89f7d2"
        "151f7647f11d8ca2ae279fb842d607217fce6e042f6815ea000c85741de5c8da"
        "1144a6a1aba7f96de42505d7a7298524fda538fccbbb754f578c1cad10d54d0d"
        "5428407e85dcbc98a49155c13764e66c3c00"},
    {"7.5, abc", KC_CURVE_ED448, true, NULL,
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42"
        "ef7822e0d5104127dc05d6dbefde69e3ab2cec7c867c6e2c49",
        "616263",
        "822f6901f7480f3d5f562c592994d9693602875614483256505600bbc281ae38"
        "1f54d6bce2ea911574932f52a4e6cadd78769375ec3ffd1b801a0d9b3f4030cd"
        "433964b6457ea39476511214f97469b57dd32dbc560a9a94d00bff07620464a3"
        "ad203df7dc7ce360c3cd3696d9d9fab90f00"},
    {"7.5, abc with context", KC_CURVE_ED448, true, "foo",
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42"
        "ef7822e0d5104127dc05d6dbefde69e3ab2cec7c867c6e2c49",
        "616263",
        "c32299d46ec8ff02b54540982814dce9a05812f81962b649d528095916a2aa48"
        "1065b1580423ef927ecf0af5888f90da0f6a9a85ad5dc3f280d91224ba9911a3"
        "653d00e484e2ce232521481c8658df304bb7745a73514cdb9bf3e15784ab7128"
        "4f8d0704a608c54a6b62d97beb511d132100"},
};

static struct kc_signed_message message_of(const struct published *p, uint8_t *buffer, size_t limit)
{
    struct kc_signed_message message = {
        .prehash = p->prehash,
        .has_context = p->context != NULL,
        .message = {buffer, from_hex(buffer, limit, p->message)},
    };
    if (p->context != NULL)
        message.context = (struct kc_span){(const uint8_t *)p->context, strlen(p->context)};
    return message;
}

static struct kc_key next_key(enum kc_curve curve)
{
    uint8_t seed[KC_SEED_SIZE_MAX];
    struct kc_key key;
    next_random(seed, sizeof seed);
    assert_int_equal(kc_key_from_seed(&key, curve, seed, kc_curve_info(curve)->seed_size), KC_OK);
    return key;
}

/* As the key is, and made ready for many: the same comes of both. */
static enum kc_error verify_both_ways(const struct kc_point *public_point,
    const struct kc_signed_message *message, const uint8_t *signature, size_t signature_size)
{
    uint8_t encoded[KC_POINT_SIZE_MAX];
    struct kc_signature_key key;
    kc_point_encode(public_point, encoded);
    enum kc_error alone = kc_signature_verify(public_point, message, signature, signature_size);
    enum kc_error ready = kc_signature_key_decode(
        &key, public_point->curve, encoded, kc_curve_info(public_point->curve)->point_size);
    if (ready == KC_OK)
        ready = kc_signature_key_verify(&key, message, signature, signature_size);
    assert_int_equal(ready, alone);
    return alone;
}

static void a_key_that_verifies_again_and_again_is_a_point_that_may_be_used(void **state)
{
    (void)state;
    struct kc_signature_key key;
    uint8_t identity[KC_POINT_SIZE_MAX] = {1};
    assert_int_equal(
        kc_signature_key_decode(&key, KC_CURVE_ED448, identity, 57), KC_ERR_POINT_SMALL_ORDER);
    assert_int_equal(
        kc_signature_key_decode(&key, KC_CURVE_ED25519, identity, 31), KC_ERR_POINT_ENCODING);
    assert_int_equal(
        kc_signature_key_decode(&key, KC_CURVE_X448, identity, 57), KC_ERR_BAD_ALGORITHM);
}

static void makes_and_verifies_the_published_signatures(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
        const struct kc_curve_info *info = kc_curve_info(published[i].curve);
        uint8_t seed[KC_SEED_SIZE_MAX], text[32], signature[KC_SIGNATURE_SIZE_MAX];
        struct kc_key key;
        size_t size = from_hex(seed, sizeof seed, published[i].seed);
        assert_int_equal(kc_key_from_seed(&key, info->curve, seed, size), KC_OK);
        struct kc_signed_message message = message_of(&published[i], text, sizeof text);
        assert_int_equal(kc_signature_sign(signature, &key, &message, NULL), KC_OK);
        assert_hex(signature, info->signature_size, published[i].signature);
        assert_int_equal(
            verify_both_ways(&key.public, &message, signature, info->signature_size), KC_OK);
    }
}

static void every_flipped_bit_is_refused(void **state)
{
    (void)state;
    static const enum kc_curve curves[] = {KC_CURVE_ED25519, KC_CURVE_ED448};
    for (size_t c = 0; c < 2; c++) {
        size_t size = kc_curve_info(curves[c])->signature_size;
        struct kc_key key = next_key(curves[c]);
        struct kc_signed_message message = plain_message("octets");
        uint8_t signature[KC_SIGNATURE_SIZE_MAX];
        assert_int_equal(kc_signature_sign(signature, &key, &message, NULL), KC_OK);
        for (size_t bit = 0; bit < 8 * size; bit++) {
            signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_int_equal(
                verify_both_ways(&key.public, &message, signature, size), KC_ERR_SIGNATURE);
            signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        assert_int_equal(verify_both_ways(&key.public, &message, signature, size), KC_OK);
    }
}

static void refuses_another_key_message_variant_or_size(void **state)
{
    (void)state;
    struct kc_key key = next_key(KC_CURVE_ED25519), other = next_key(KC_CURVE_ED25519);
    struct kc_signed_message message = plain_message("octets"), changed;
    uint8_t signature[KC_SIGNATURE_SIZE_MAX];
    assert_int_equal(kc_signature_sign(signature, &key, &message, NULL), KC_OK);
    assert_int_equal(verify_both_ways(&other.public, &message, signature, 64), KC_ERR_SIGNATURE);
    assert_int_equal(verify_both_ways(&key.public, &message, signature, 63), KC_ERR_SIGNATURE);
    changed = plain_message("octetS");
    assert_int_equal(verify_both_ways(&key.public, &changed, signature, 64), KC_ERR_SIGNATURE);
    changed = message;
    changed.has_context = true; /* an empty context is not none */
    assert_int_equal(verify_both_ways(&key.public, &changed, signature, 64), KC_ERR_SIGNATURE);
    changed = message;
    changed.prehash = true;
    assert_int_equal(verify_both_ways(&key.public, &changed, signature, 64), KC_ERR_SIGNATURE);
}

/* The same signature with S + L would verify in the equation: only the range refuses it. */
static void refuses_s_that_is_not_below_the_order(void **state)
{
    (void)state;
    static const enum kc_curve curves[] = {KC_CURVE_ED25519, KC_CURVE_ED448};
    for (size_t c = 0; c < 2; c++) {
        const struct kc_curve_info *info = kc_curve_info(curves[c]);
        struct kc_key key = next_key(curves[c]);
        struct kc_signed_message message = plain_message("octets");
        uint8_t signature[KC_SIGNATURE_SIZE_MAX], order[KC_SCALAR_SIZE_MAX];
        assert_int_equal(kc_signature_sign(signature, &key, &message, NULL), KC_OK);
        order_bytes(order, curves[c]);
        unsigned carry = 0;
        for (size_t i = 0; i < info->scalar_size; i++) {
            carry += (unsigned)signature[info->point_size + i] + order[i];
            signature[info->point_size + i] = (uint8_t)carry;
            carry >>= 8;
        }
        assert_int_equal(carry, 0);
        assert_int_equal(verify_both_ways(&key.public, &message, signature, info->signature_size),
            KC_ERR_SIGNATURE);
    }
}

/* With R the identity and S = k a the equation holds, for who has the key. It
 * is refused all the same. */
static void refuses_the_identity_as_r(void **state)
{
    (void)state;
    static const enum kc_curve curves[] = {KC_CURVE_ED25519, KC_CURVE_ED448};
    for (size_t c = 0; c < 2; c++) {
        uint8_t identity[KC_POINT_SIZE_MAX] = {1}, public[KC_POINT_SIZE_MAX],
                signature[KC_SIGNATURE_SIZE_MAX];
        struct kc_key key = next_key(curves[c]);
        struct kc_signed_message message = plain_message("octets");
        struct kc_scalar k, s, zero = small_scalar(curves[c], 0);
        kc_point_encode(&key.public, public);
        assert_int_equal(kc_eddsa_challenge(&k, curves[c], identity, public, &message), KC_OK);
        kc_eddsa_response(&s, &zero, &k, NULL, &key.scalar);
        kc_eddsa_encode(signature, identity, &s);
        assert_int_equal(verify_both_ways(&key.public, &message, signature,
                             kc_curve_info(curves[c])->signature_size),
            KC_ERR_SIGNATURE);
    }
}

/* (0, -1) */
static struct kc_point of_order_two(enum kc_curve curve)
{
    struct kc_point point;
    kc_element_identity(&point, curve);
    if (curve == KC_CURVE_ED25519) {
        kc_field25519_negate(&point.on25519.y, &kc_field25519_one);
        kc_field25519_multiply(&point.on25519.y, &point.on25519.y, &kc_field25519_one);
    } else {
        kc_field448_negate(&point.on448.y, &kc_field448_one);
        kc_field448_multiply(&point.on448.y, &point.on448.y, &kc_field448_one);
    }
    return point;
}

/* With R plus a point of small order the equation holds after multiplication by the cofactor: some verifiers accept that. */
static void refuses_what_holds_only_with_the_cofactor(void **state)
{
    (void)state;
    static const enum kc_curve curves[] = {KC_CURVE_ED25519, KC_CURVE_ED448};
    for (size_t c = 0; c < 2; c++)
        for (int honest = 0; honest < 2; honest++) {
            struct kc_key key = next_key(curves[c]);
            struct kc_scalar nonce = next_scalar(curves[c]), k, s;
            struct kc_point r = base_times(&nonce), small = of_order_two(curves[c]);
            struct kc_signed_message message = plain_message("octets");
            uint8_t r_bytes[KC_POINT_SIZE_MAX], public[KC_POINT_SIZE_MAX],
                signature[KC_SIGNATURE_SIZE_MAX];
            if (!honest)
                kc_element_add(&r, &r, &small);
            kc_point_encode(&r, r_bytes);
            kc_point_encode(&key.public, public);
            assert_int_equal(kc_eddsa_challenge(&k, curves[c], r_bytes, public, &message), KC_OK);
            kc_eddsa_response(&s, &nonce, &k, NULL, &key.scalar);
            kc_eddsa_encode(signature, r_bytes, &s);
            assert_int_equal(verify_both_ways(&key.public, &message, signature,
                                 kc_curve_info(curves[c])->signature_size),
                honest ? KC_OK : KC_ERR_SIGNATURE);
        }
}

static void a_key_without_a_seed_signs_with_a_fresh_nonce(void **state)
{
    (void)state;
    static const enum kc_curve curves[] = {KC_CURVE_ED25519, KC_CURVE_ED448};
    for (size_t c = 0; c < 2; c++) {
        size_t size = kc_curve_info(curves[c])->signature_size;
        struct kc_scalar scalar = next_scalar(curves[c]);
        struct kc_key key;
        struct kc_signed_message message = plain_message("octets");
        struct kc_fresh fresh = next_fresh();
        uint8_t one[KC_SIGNATURE_SIZE_MAX], other[KC_SIGNATURE_SIZE_MAX];
        assert_int_equal(kc_key_from_scalar(&key, &scalar), KC_OK);
        assert_int_equal(kc_signature_sign(one, &key, &message, NULL), KC_ERR_BAD_ARGUMENT);
        assert_int_equal(kc_signature_sign(one, &key, &message, &fresh), KC_OK);
        assert_int_equal(verify_both_ways(&key.public, &message, one, size), KC_OK);
        fresh.counter++; /* a dead random source alone repeats no nonce */
        assert_int_equal(kc_signature_sign(other, &key, &message, &fresh), KC_OK);
        assert_int_equal(verify_both_ways(&key.public, &message, other, size), KC_OK);
        assert_memory_not_equal(one, other, kc_curve_info(curves[c])->point_size);
    }
}

static void refuses_curves_and_contexts_that_do_not_sign(void **state)
{
    (void)state;
    static const uint8_t long_context[KC_CONTEXT_SIZE_MAX + 1];
    struct kc_scalar scalar = next_scalar(KC_CURVE_X448);
    struct kc_key agreeing, key = next_key(KC_CURVE_ED448);
    struct kc_signed_message message = plain_message("octets");
    struct kc_fresh fresh = next_fresh();
    uint8_t signature[KC_SIGNATURE_SIZE_MAX] = {0x55};
    assert_int_equal(kc_key_from_scalar(&agreeing, &scalar), KC_OK);
    assert_int_equal(
        kc_signature_sign(signature, &agreeing, &message, &fresh), KC_ERR_BAD_ALGORITHM);
    assert_int_equal(
        verify_both_ways(&agreeing.public, &message, signature, 114), KC_ERR_BAD_ALGORITHM);
    agreeing.scalar.curve = (enum kc_curve)99;
    assert_int_equal(
        kc_signature_sign(signature, &agreeing, &message, &fresh), KC_ERR_BAD_ALGORITHM);
    message.context = (struct kc_span){long_context, 1}; /* not announced */
    assert_int_equal(kc_signature_sign(signature, &key, &message, NULL), KC_ERR_BAD_ARGUMENT);
    message.has_context = true;
    message.context.size = sizeof long_context;
    assert_int_equal(kc_signature_sign(signature, &key, &message, NULL), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(verify_both_ways(&key.public, &message, signature, 114), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(signature[0], 0x55); /* untouched */
    message.context.size = KC_CONTEXT_SIZE_MAX;
    assert_int_equal(kc_signature_sign(signature, &key, &message, NULL), KC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_and_verifies_the_published_signatures),
        cmocka_unit_test(a_key_that_verifies_again_and_again_is_a_point_that_may_be_used),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(refuses_another_key_message_variant_or_size),
        cmocka_unit_test(refuses_s_that_is_not_below_the_order),
        cmocka_unit_test(refuses_the_identity_as_r),
        cmocka_unit_test(refuses_what_holds_only_with_the_cofactor),
        cmocka_unit_test(a_key_without_a_seed_signs_with_a_fresh_nonce),
        cmocka_unit_test(refuses_curves_and_contexts_that_do_not_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
