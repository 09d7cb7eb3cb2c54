/* SPDX-License-Identifier: Apache-2.0 */
/* Against libcrypto: the same keys, agreements and signatures, and its verification
 * of what two parties make. */
#include "tests/threshold/support.h"

#include "threshold/agreement.h"
#include "threshold/share.h"

#include <openssl/evp.h>
#include <string.h>

#define TEXT_SIZE 200

static int type_of(enum kc_curve curve)
{
    static const int types[] = {
        [KC_CURVE_ED25519] = EVP_PKEY_ED25519,
        [KC_CURVE_X25519] = EVP_PKEY_X25519,
        [KC_CURVE_ED448] = EVP_PKEY_ED448,
        [KC_CURVE_X448] = EVP_PKEY_X448,
    };
    return types[curve];
}

/* One seed, as a key here and as one there; their public halves are compared on the way. */
static EVP_PKEY *make_both(struct kc_key *key, enum kc_curve curve)
{
    const struct kc_curve_info *info = kc_curve_info(curve);
    uint8_t seed[KC_SEED_SIZE_MAX], ours[KC_POINT_SIZE_MAX], theirs[KC_POINT_SIZE_MAX];
    size_t size = sizeof theirs;
    next_random(seed, sizeof seed);
    EVP_PKEY *theirs_key =
        EVP_PKEY_new_raw_private_key(type_of(curve), NULL, seed, info->seed_size);
    assert_non_null(theirs_key);
    assert_int_equal(kc_key_from_seed(key, curve, seed, info->seed_size), KC_OK);
    assert_int_equal(EVP_PKEY_get_raw_public_key(theirs_key, theirs, &size), 1);
    if (info->signs)
        kc_point_encode(&key->public, ours);
    else
        kc_point_encode_unsigned(&key->public, ours);
    assert_memory_equal(ours, theirs, size);
    return theirs_key;
}

static void derive(uint8_t *agreed, EVP_PKEY *key, EVP_PKEY *peer)
{
    size_t size = KC_POINT_SIZE_MAX;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    assert_int_equal(EVP_PKEY_derive_init(context), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(context, peer), 1);
    assert_int_equal(EVP_PKEY_derive(context, agreed, &size), 1);
    EVP_PKEY_CTX_free(context);
}

static void agreement_by_shares_is_that_of_libcrypto(void **state)
{
    (void)state;
    static const enum kc_curve curves[] = {KC_CURVE_X25519, KC_CURVE_X448};
    for (size_t round = 0; round < 2 * rounds(); round++) {
        enum kc_curve curve = curves[round % 2];
        struct kc_key key, peer;
        EVP_PKEY *their_key = make_both(&key, curve), *their_peer = make_both(&peer, curve);
        struct kc_scalar shares[2];
        struct kc_point read, contributions[2];
        uint8_t uniform[KC_UNIFORM_SIZE], ours[KC_POINT_SIZE_MAX], theirs[KC_POINT_SIZE_MAX];
        next_random(uniform, sizeof uniform);
        kc_point_encode_unsigned(&peer.public, ours);
        assert_int_equal(
            kc_point_decode_unsigned(&read, curve, ours, kc_curve_info(curve)->unsigned_size),
            KC_OK);
        assert_int_equal(kc_share_split(shares, 2, &key.scalar, uniform, sizeof uniform), KC_OK);
        for (int i = 0; i < 2; i++)
            assert_int_equal(
                kc_agreement_contribute(&contributions[i], &shares[i], NULL, NULL, &read), KC_OK);
        assert_int_equal(kc_agreement_combine(ours, contributions, 2), KC_OK);
        derive(theirs, their_key, their_peer);
        assert_memory_equal(ours, theirs, kc_curve_info(curve)->agreed_size);
        EVP_PKEY_free(their_key);
        EVP_PKEY_free(their_peer);
    }
}

static bool libcrypto_verifies(
    EVP_PKEY *key, const uint8_t *signature, size_t size, const struct kc_signed_message *message)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(context, NULL, NULL, NULL, key), 1);
    int verified =
        EVP_DigestVerify(context, signature, size, message->message.bytes, message->message.size);
    EVP_MD_CTX_free(context);
    return verified == 1;
}

static void signatures_are_those_of_libcrypto(void **state)
{
    (void)state;
    static const enum kc_curve curves[] = {KC_CURVE_ED25519, KC_CURVE_ED448};
    uint8_t text[TEXT_SIZE];
    next_random(text, sizeof text);
    for (size_t round = 0; round < 2 * rounds(); round++) {
        enum kc_curve curve = curves[round % 2];
        size_t size = kc_curve_info(curve)->signature_size, their_size = size;
        struct kc_signed_message message = {.message = {text, round / 2 % TEXT_SIZE}};
        struct kc_key key;
        EVP_PKEY *theirs = make_both(&key, curve);
        uint8_t ours[KC_SIGNATURE_SIZE_MAX], signature[KC_SIGNATURE_SIZE_MAX];
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        assert_int_equal(EVP_DigestSignInit(context, NULL, NULL, NULL, theirs), 1);
        assert_int_equal(
            EVP_DigestSign(context, signature, &their_size, text, message.message.size), 1);
        EVP_MD_CTX_free(context);
        assert_int_equal(kc_signature_sign(ours, &key, &message, NULL), KC_OK);
        assert_memory_equal(ours, signature, size);
        assert_int_equal(kc_signature_verify(&key.public, &message, signature, size), KC_OK);
        signature[round / 2 % size] ^= (uint8_t)(1 << round / 2 / size % 8);
        assert_int_equal(kc_signature_verify(&key.public, &message, signature, size) == KC_OK,
            libcrypto_verifies(theirs, signature, size, &message));
        EVP_PKEY_free(theirs);
    }
}

static void libcrypto_accepts_what_two_parties_sign(void **state)
{
    (void)state;
    static const enum kc_curve curves[] = {KC_CURVE_ED25519, KC_CURVE_ED448};
    const struct kc_signed_message message = plain_message("octets");
    for (size_t round = 0; round < 2 * rounds(); round++) {
        enum kc_curve curve = curves[round % 2];
        size_t size = kc_curve_info(curve)->signature_size;
        struct kc_key key;
        EVP_PKEY *theirs = make_both(&key, curve);
        struct kc_scalar shares[2];
        uint8_t uniform[KC_UNIFORM_SIZE], group[KC_POINT_SIZE_MAX];
        uint8_t own[2][KC_POINT_SIZE_MAX], signature[KC_SIGNATURE_SIZE_MAX];
        struct kc_signer signers[2];
        next_random(uniform, sizeof uniform);
        assert_int_equal(kc_share_split(shares, 2, &key.scalar, uniform, sizeof uniform), KC_OK);
        kc_point_encode(&key.public, group);
        struct kc_point points[2], first;
        for (int i = 0; i < 2; i++) {
            points[i] = base_times(&shares[i]);
            kc_point_encode(&points[i], own[i]);
            signers[i] = (struct kc_signer){.share = &shares[i], .own = own[i], .group = group};
        }
        struct kc_fresh one = next_fresh(), two = next_fresh();
        struct kc_signature_commitment commitment = {0};
        struct kc_signature_contribution contribution;
        assert_int_equal(
            kc_signature_open(&commitment, &first, &signers[0], &message, &one), KC_OK);
        assert_int_equal(
            kc_signature_contribute(&contribution, &signers[1], &first, &message, &two), KC_OK);
        assert_int_equal(kc_signature_finish(signature, &commitment, &signers[0], &key.public,
                             &message, &contribution, &points[1]),
            KC_OK);
        assert_true(libcrypto_verifies(theirs, signature, size, &message));
        EVP_PKEY_free(theirs);
    }
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agreement_by_shares_is_that_of_libcrypto),
        cmocka_unit_test(signatures_are_those_of_libcrypto),
        cmocka_unit_test(libcrypto_accepts_what_two_parties_sign),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
