/* SPDX-License-Identifier: Apache-2.0 */
/* FROST among honest signers, and its octets. The RFC's vectors are played by vectors-check. */
#include "tests/threshold_protocols/frost_world.h"

#include "threshold/frost_suite.h"

#include <string.h>

static void the_signature_verifies_like_any_of_its_scheme(void **state)
{
    (void)state;
    FOR_EACH_SUITE(suite)
    {
        struct signing s;
        uint8_t signature[KC_FROST_SIGNATURE_SIZE_MAX];
        uint32_t culprits = 0;
        round_one(&s, suite);
        round_two(&s);
        for (size_t i = 0; i < SIGNERS; i++)
            assert_int_equal(kc_frost_verify_share(suite, &s.key.group, &s.package, i,
                                 &s.publics[i], &s.responses[i]),
                KC_OK);
        assert_int_equal(aggregate(&s, signature, &culprits), KC_OK);
        assert_int_equal(verify(&s, suite == KC_FROST_ED25519_CONTEXT, signature), KC_OK);
    }
}

static void the_envelope_suite_makes_no_plain_signature_and_the_plain_one_no_envelope(void **state)
{
    (void)state;
    struct signing s;
    uint8_t signature[KC_FROST_SIGNATURE_SIZE_MAX];
    uint32_t culprits = 0;
    round_one(&s, KC_FROST_ED25519_CONTEXT);
    round_two(&s);
    assert_int_equal(aggregate(&s, signature, &culprits), KC_OK);
    assert_int_equal(verify(&s, false, signature), KC_ERR_SIGNATURE);
    round_one(&s, KC_FROST_ED25519);
    round_two(&s);
    assert_int_equal(aggregate(&s, signature, &culprits), KC_OK);
    assert_int_equal(verify(&s, true, signature), KC_ERR_SIGNATURE);
    assert_int_equal(kc_frost_check_envelope(KC_FROST_ED25519), KC_ERR_BAD_ALGORITHM);
    assert_int_equal(kc_frost_check_envelope(KC_FROST_P256), KC_ERR_BAD_ALGORITHM);
    assert_int_equal(kc_frost_check_envelope(KC_FROST_ED25519_CONTEXT), KC_OK);
    assert_int_equal(kc_frost_check_envelope(KC_FROST_ED448), KC_OK);
}

/* One adds what the other takes away: the signature is right, and nobody is named. */
static void errors_that_cancel_make_a_right_signature(void **state)
{
    (void)state;
    struct signing s;
    uint8_t signature[KC_FROST_SIGNATURE_SIZE_MAX];
    uint32_t culprits = 0;
    round_one(&s, KC_FROST_ED448);
    round_two(&s);
    struct kc_scalar one = small_scalar(KC_CURVE_ED448, 1);
    kc_scalar_add(&s.responses[0], &s.responses[0], &one);
    kc_scalar_subtract(&s.responses[1], &s.responses[1], &one);
    assert_int_equal(aggregate(&s, signature, &culprits), KC_OK);
    assert_int_equal(verify(&s, false, signature), KC_OK);
}

static void additive_shares_sign_with_frost(void **state)
{
    (void)state;
    FOR_EACH_SUITE(suite)
    {
        static const uint32_t indices[SIGNERS] = {4, 8, 15};
        struct signing s;
        struct kc_scalar additive[SIGNERS], entered[SIGNERS];
        uint8_t uniform[(SIGNERS - 1) * KC_UNIFORM_SIZE], signature[KC_FROST_SIGNATURE_SIZE_MAX];
        uint32_t culprits = 0;
        round_one(&s, suite);
        next_random(uniform, sizeof uniform);
        assert_int_equal(
            kc_share_split(additive, SIGNERS, &s.key.secret, uniform, sizeof uniform), KC_OK);
        for (size_t i = 0; i < SIGNERS; i++) {
            struct kc_fresh fresh = next_fresh();
            struct kc_point public = base_times(&additive[i]);
            assert_int_equal(
                kc_frost_from_additive(&entered[i], &additive[i], indices, SIGNERS, i), KC_OK);
            assert_int_equal(
                kc_frost_public_from_additive(&s.publics[i], &public, indices, SIGNERS, i), KC_OK);
            s.signers[i].share = &entered[i];
            s.signers[i].index = indices[i];
            assert_int_equal(
                kc_frost_commit(&s.nonces[i], &s.commitments[i], &s.signers[i], SESSION, &fresh),
                KC_OK);
        }
        round_two(&s);
        assert_int_equal(aggregate(&s, signature, &culprits), KC_OK);
        assert_int_equal(verify(&s, suite == KC_FROST_ED25519_CONTEXT, signature), KC_OK);
    }
}

static void a_commitment_is_read_as_it_was_written(void **state)
{
    (void)state;
    FOR_EACH_SUITE(suite)
    {
        struct signing s;
        struct kc_frost_commitment read;
        uint8_t bytes[KC_FROST_COMMITMENT_SIZE_MAX];
        struct kc_writer w;
        struct kc_reader r;
        round_one(&s, suite);
        kc_writer_init(&w, bytes, sizeof bytes);
        kc_frost_commitment_write(&w, &s.commitments[0]);
        assert_int_equal(kc_writer_finish(&w), KC_OK);
        kc_reader_init(&r, bytes, w.size);
        assert_int_equal(kc_frost_commitment_read(&r, suite, &read), KC_OK);
        assert_int_equal(kc_reader_finish(&r), KC_OK);
        assert_int_equal(read.index, s.commitments[0].index);
        assert_true(kc_point_equal(&read.hiding, &s.commitments[0].hiding));
        assert_true(kc_point_equal(&read.binding, &s.commitments[0].binding));
        for (size_t cut = 0; cut < w.size; cut++) {
            kc_reader_init(&r, bytes, cut);
            assert_int_equal(kc_frost_commitment_read(&r, suite, &read), KC_ERR_BAD_REQUEST);
        }
    }
}

/* The identity, and a point of order two, as D and as E. */
static void a_commitment_of_small_order_is_not_read(void **state)
{
    (void)state;
    struct signing s;
    struct kc_frost_commitment read;
    uint8_t bytes[KC_FROST_COMMITMENT_SIZE_MAX], altered[KC_FROST_COMMITMENT_SIZE_MAX];
    struct kc_writer w;
    struct kc_reader r;
    round_one(&s, KC_FROST_ED25519);
    kc_writer_init(&w, bytes, sizeof bytes);
    kc_frost_commitment_write(&w, &s.commitments[0]);
    for (size_t at = 4; at <= 36; at += 32)
        for (int order = 1; order <= 2; order++) {
            memcpy(altered, bytes, w.size);
            memset(altered + at, order == 1 ? 0 : 0xff, 32);
            altered[at] = order == 1 ? 1 : 0xec;
            altered[at + 31] &= 0x7f;
            kc_reader_init(&r, altered, w.size);
            assert_int_equal(
                kc_frost_commitment_read(&r, KC_FROST_ED25519, &read), KC_ERR_POINT_SMALL_ORDER);
        }
    memset(bytes, 0, 4);
    kc_reader_init(&r, bytes, w.size);
    assert_int_equal(kc_frost_commitment_read(&r, KC_FROST_ED25519, &read), KC_ERR_BAD_REQUEST);
}

/* Ed448 has an octet more than a scalar needs: it is zero. */
static void a_response_is_read_as_it_was_written(void **state)
{
    (void)state;
    FOR_EACH_SUITE(suite)
    {
        struct kc_scalar response = next_scalar(curve_of(suite)), read;
        uint8_t bytes[KC_FROST_SCALAR_SIZE_MAX];
        struct kc_writer w;
        struct kc_reader r;
        kc_writer_init(&w, bytes, sizeof bytes);
        kc_frost_write_scalar(&w, suite, &response);
        kc_reader_init(&r, bytes, w.size);
        assert_int_equal(kc_frost_read_scalar(&r, suite, &read), KC_OK);
        assert_int_equal(kc_reader_finish(&r), KC_OK);
        assert_true(kc_scalar_equal(&read, &response));
        kc_reader_init(&r, bytes, w.size - 1);
        assert_int_equal(kc_frost_read_scalar(&r, suite, &read), KC_ERR_BAD_REQUEST);
        bytes[suite == KC_FROST_P256 ? 0 : w.size - 1] = 0xff;
        memset(bytes + (suite == KC_FROST_P256 ? 1 : 0), 0xff, 4);
        kc_reader_init(&r, bytes, w.size);
        assert_int_equal(kc_frost_read_scalar(&r, suite, &read), KC_ERR_SCALAR_RANGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_signature_verifies_like_any_of_its_scheme),
        cmocka_unit_test(the_envelope_suite_makes_no_plain_signature_and_the_plain_one_no_envelope),
        cmocka_unit_test(errors_that_cancel_make_a_right_signature),
        cmocka_unit_test(additive_shares_sign_with_frost),
        cmocka_unit_test(a_commitment_is_read_as_it_was_written),
        cmocka_unit_test(a_commitment_of_small_order_is_not_read),
        cmocka_unit_test(a_response_is_read_as_it_was_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
