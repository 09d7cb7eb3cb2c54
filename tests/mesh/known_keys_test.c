/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that verify again and again: what is known of one is of no use to another. */
#include "tests/support/cmocka.h"

#include "custodian/mesh/envelope_make.h"
#include "custodian/mesh/known_keys.h"
#include "custodian/mesh/verify.h"

#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

struct signer {
    struct kc_public_key public;
    uint8_t digest[KC_DARE_DIGEST_SIZE], octets[KC_SIGNATURE_SIZE_MAX];
    size_t size;
};

static struct signer signer_of(enum kc_curve curve, uint8_t number)
{
    struct kc_key key;
    uint8_t seed[KC_SEED_SIZE_MAX] = {number};
    const struct kc_curve_info *info = kc_curve_info(curve);
    struct signer signer = {.digest = {number}, .size = info->signature_size};
    GOOD(kc_key_from_seed(&key, curve, seed, info->seed_size));
    GOOD(kc_mesh_public_key(&key.public, &signer.public));
    struct kc_signed_message message = kc_mesh_signed_message(curve, signer.digest);
    GOOD(kc_signature_sign(signer.octets, &key, &message, NULL));
    return signer;
}

static enum kc_error verify(struct kc_known_keys *keys, const struct signer *signer)
{
    return kc_known_keys_verify(
        keys, &signer->public, signer->digest, (struct kc_span){signer->octets, signer->size});
}

static void a_key_that_is_known_verifies_what_it_signed_and_nothing_else(void **state)
{
    (void)state;
    static const enum kc_curve curves[] = {KC_CURVE_ED25519, KC_CURVE_ED448};
    struct kc_known_keys *keys;
    GOOD(kc_known_keys_new(16, &keys));
    for (size_t i = 0; i < 2; i++) {
        struct signer signer = signer_of(curves[i], 1), altered = signer, longer = signer;
        GOOD(verify(keys, &signer));
        GOOD(verify(keys, &signer));
        altered.digest[63] ^= 1;
        assert_int_equal(verify(keys, &altered), KC_ERR_SIGNATURE);
        altered = signer;
        altered.octets[signer.size - 2] ^= 1;
        assert_int_equal(verify(keys, &altered), KC_ERR_SIGNATURE);
        longer.public.size++;
        assert_int_equal(verify(keys, &longer), KC_ERR_POINT_ENCODING);
        GOOD(verify(keys, &signer));
    }
    kc_known_keys_free(keys);
}

/* All of them meet in one place. */
static void a_key_in_the_place_of_another_is_not_taken_for_it(void **state)
{
    (void)state;
    struct kc_known_keys *keys;
    GOOD(kc_known_keys_new(1, &keys));
    for (uint8_t round = 0; round < 2; round++)
        for (uint8_t i = 1; i < 4; i++) {
            struct signer signer = signer_of(KC_CURVE_ED448, i);
            struct signer other = signer_of(KC_CURVE_ED448, (uint8_t)(i + 1));
            GOOD(verify(keys, &signer));
            other.public = signer.public;
            assert_int_equal(verify(keys, &other), KC_ERR_SIGNATURE);
        }
    struct signer last = signer_of(KC_CURVE_ED448, 3), first = signer_of(KC_CURVE_ED448, 1);
    GOOD(verify(keys, &last));
    last.public = first.public;
    assert_int_equal(verify(keys, &last), KC_ERR_SIGNATURE);
    kc_known_keys_free(keys);
}

static void no_key_is_known_that_may_not_be_used(void **state)
{
    (void)state;
    struct kc_known_keys *keys;
    struct signer signer = signer_of(KC_CURVE_ED448, 1);
    GOOD(kc_known_keys_new(1, &keys));
    memset(signer.public.octets, 0, sizeof signer.public.octets);
    signer.public.octets[0] = 1; /* the identity */
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(verify(keys, &signer), KC_ERR_POINT_SMALL_ORDER);
    strcpy(signer.public.algorithm, "X448");
    assert_int_equal(verify(keys, &signer), KC_ERR_BAD_ALGORITHM);
    strcpy(signer.public.algorithm, "P-256");
    assert_int_equal(verify(keys, &signer), KC_ERR_BAD_ALGORITHM);
    kc_known_keys_free(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_that_is_known_verifies_what_it_signed_and_nothing_else),
        cmocka_unit_test(a_key_in_the_place_of_another_is_not_taken_for_it),
        cmocka_unit_test(no_key_is_known_that_may_not_be_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
