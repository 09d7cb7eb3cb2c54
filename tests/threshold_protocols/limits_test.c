/* SPDX-License-Identifier: Apache-2.0 */
/* Counts, thresholds, positions and sizes just outside their limits. */
#include "tests/threshold_protocols/support.h"

#include "threshold/digest.h"
#include "threshold/eddsa.h"
#include "threshold/frost_binding.h"
#include "threshold/pedersen.h"
#include "threshold/shamir.h"
#include "threshold/udf_shamir.h"

#include <string.h>

#define CURVE KC_CURVE_ED25519
#define MESSAGE ((struct kc_span){(const uint8_t *)"octets", 6})

/* What (t - 1) times the size of a scalar's randomness is for a threshold of none. */
#define SIZE_FOR_NO_THRESHOLD ((size_t)0 - KC_UNIFORM_SIZE)

static const uint32_t indices[17] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17};

static void no_indices_are_no_set(void **state)
{
    (void)state;
    struct kc_scalar secret, none[1] = {small_scalar(CURVE, 1)};
    struct kc_point group = next_point(CURVE);
    assert_false(kc_shamir_indices_good(indices, 0));
    assert_true(kc_shamir_indices_good(indices, 16));
    assert_false(kc_shamir_indices_good(indices, 17));
    assert_int_equal(kc_shamir_combine(&secret, indices, none, 0, &group), KC_ERR_BAD_ARGUMENT);
}

static void a_threshold_of_none_is_refused(void **state)
{
    (void)state;
    uint8_t uniform[KC_UNIFORM_SIZE] = {1};
    struct kc_scalar secret = next_scalar(CURVE), shares[2];
    struct kc_pedersen_share hidden[2];
    struct kc_point commitments[2];
    assert_int_equal(kc_shamir_split(shares, commitments, &secret, indices, 2, 0, uniform,
                         SIZE_FOR_NO_THRESHOLD),
        KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_pedersen_split(hidden, commitments, &secret, indices, 2, 0, uniform,
                         SIZE_FOR_NO_THRESHOLD),
        KC_ERR_BAD_ARGUMENT);
}

static void hidden_shares_have_distinct_indices(void **state)
{
    (void)state;
    static const uint32_t twice[] = {3, 3};
    uint8_t uniform[KC_UNIFORM_SIZE] = {1};
    struct kc_scalar secret = next_scalar(CURVE);
    struct kc_pedersen_share hidden[2];
    struct kc_point commitments[2];
    assert_int_equal(
        kc_pedersen_split(hidden, commitments, &secret, twice, 2, 1, uniform, sizeof uniform),
        KC_ERR_BAD_ARGUMENT);
}

static void a_verification_share_has_an_index_and_a_threshold(void **state)
{
    (void)state;
    struct kc_point commitments[17], public;
    for (size_t i = 0; i < 17; i++)
        commitments[i] = next_point(CURVE);
    assert_int_equal(kc_shamir_public(&public, commitments, 0, 1), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_shamir_public(&public, commitments, 16, 1), KC_OK);
    assert_int_equal(kc_shamir_public(&public, commitments, 17, 1), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_shamir_public(&public, commitments, 2, 0), KC_ERR_BAD_ARGUMENT);
}

static void a_coefficient_is_of_a_position_within_the_set(void **state)
{
    (void)state;
    struct kc_scalar out;
    assert_int_equal(kc_shamir_coefficient(&out, CURVE, indices, 3, 3, 0), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_share_coefficient(&out, CURVE, indices, 3, 3), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_share_coefficient(&out, CURVE, indices, 16, 3), KC_OK);
    assert_int_equal(kc_share_coefficient(&out, CURVE, indices, 17, 3), KC_ERR_BAD_ARGUMENT);
}

static void more_signers_than_there_may_be_are_refused(void **state)
{
    (void)state;
    struct kc_frost_commitment commitments[17];
    struct kc_frost_package package = {commitments, 16, MESSAGE};
    struct kc_frost_binding binding;
    struct kc_point group = next_point(CURVE);
    for (size_t i = 0; i < 17; i++)
        commitments[i] = (struct kc_frost_commitment){
            .index = indices[i], .hiding = next_point(CURVE), .binding = next_point(CURVE)};
    assert_int_equal(kc_frost_bind(&binding, KC_FROST_ED25519, &group, &package), KC_OK);
    package.count = 17;
    assert_int_equal(
        kc_frost_bind(&binding, KC_FROST_ED25519, &group, &package), KC_ERR_BAD_ARGUMENT);
    package.count = 2;
    struct kc_scalar response = next_scalar(CURVE);
    assert_int_equal(
        kc_frost_verify_share(KC_FROST_ED25519, &group, &package, 2, &group, &response),
        KC_ERR_BAD_ARGUMENT);
}

/* The signer's own commitment under another index, or with another D, is not its own. */
static void a_signer_finds_its_own_commitment_or_does_not_sign(void **state)
{
    (void)state;
    for (int what = 0; what < 3; what++) {
        struct shared_key key;
        struct kc_frost_nonces nonces;
        struct kc_frost_commitment commitments[2];
        const struct kc_frost_package package = {commitments, 2, MESSAGE};
        struct kc_scalar response;
        struct kc_fresh fresh = next_fresh();
        make_shared_key(&key, CURVE, 2, 2, NULL);
        const struct kc_frost_signer signer = {KC_FROST_ED25519, 1, &key.shares[0], &key.group};
        assert_int_equal(
            kc_frost_commit(&nonces, &commitments[0], &signer, MESSAGE, &fresh), KC_OK);
        commitments[1] = (struct kc_frost_commitment){9, next_point(CURVE), next_point(CURVE)};
        if (what == 0)
            commitments[0].index = 2;
        else if (what == 1)
            commitments[0].hiding = other_point(&commitments[0].hiding);
        assert_int_equal(kc_frost_sign(&response, &nonces, &signer, MESSAGE, &package),
            what < 2 ? KC_ERR_BAD_ARGUMENT : KC_OK);
    }
}

static void a_share_of_octets_has_a_size_and_a_threshold(void **state)
{
    (void)state;
    static uint8_t octets[16 * 1024];
    struct kc_udf_share share, shares[17];
    uint8_t random[KC_UDF_SHAMIR_RANDOM_SIZE] = {0}, secret[KC_UDF_SHAMIR_SECRET_MAX];
    octets[0] = 1;
    assert_int_equal(kc_udf_shamir_evaluate(&share, octets, 16, 15, 1), KC_OK);
    assert_int_equal(kc_udf_shamir_evaluate(&share, octets, 16, 16, 1), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_udf_shamir_evaluate(&share, octets, 16, 0, 1), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_udf_shamir_evaluate(&share, octets, 0, 2, 1), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_udf_shamir_evaluate(&share, octets, 65, 2, 1), KC_ERR_BAD_ARGUMENT);
    assert_int_equal(
        kc_udf_shamir_split(shares, 2, 2, (struct kc_span){octets, sizeof octets}, random),
        KC_ERR_BAD_ARGUMENT);
    assert_int_equal(kc_udf_shamir_recover(secret, NULL, 0), KC_ERR_BAD_ARGUMENT);
    for (unsigned i = 0; i < 17; i++) { /* of a constant: each share is the secret */
        shares[i] = (struct kc_udf_share){.size = 17};
        shares[i].octets[0] = (uint8_t)(1 << 4 | i % 16);
    }
    assert_int_equal(kc_udf_shamir_recover(secret, shares, 16), KC_OK);
    assert_int_equal(kc_udf_shamir_recover(secret, shares, 17), KC_ERR_BAD_ARGUMENT);
}

static void hashes_of_eddsa_are_for_curves_that_sign(void **state)
{
    (void)state;
    uint8_t digest[KC_DIGEST_SIZE_MAX];
    const struct kc_span part = MESSAGE;
    assert_int_equal(kc_digest(digest, KC_CURVE_X25519, &part, 1), KC_ERR_BAD_ALGORITHM);
    assert_int_equal(kc_digest(digest, KC_CURVE_P256, &part, 1), KC_ERR_BAD_ALGORITHM);
}

/* They do not occur; an equation that holds with one is not taken for a signature. */
static void a_zero_response_or_challenge_counts_as_wrong(void **state)
{
    (void)state;
    struct kc_scalar zero = small_scalar(CURVE, 0), k = next_scalar(CURVE);
    struct kc_point public = next_point(CURVE), r;
    assert_int_equal(kc_point_multiply(&r, &k, &public), KC_OK);
    kc_point_negate(&r, &r);
    assert_false(kc_eddsa_holds(&zero, &r, &k, &public));
    r = base_times(&k);
    assert_false(kc_eddsa_holds(&k, &r, &zero, &public));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_indices_are_no_set),
        cmocka_unit_test(a_threshold_of_none_is_refused),
        cmocka_unit_test(hidden_shares_have_distinct_indices),
        cmocka_unit_test(a_verification_share_has_an_index_and_a_threshold),
        cmocka_unit_test(a_coefficient_is_of_a_position_within_the_set),
        cmocka_unit_test(more_signers_than_there_may_be_are_refused),
        cmocka_unit_test(a_signer_finds_its_own_commitment_or_does_not_sign),
        cmocka_unit_test(a_share_of_octets_has_a_size_and_a_threshold),
        cmocka_unit_test(hashes_of_eddsa_are_for_curves_that_sign),
        cmocka_unit_test(a_zero_response_or_challenge_counts_as_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
