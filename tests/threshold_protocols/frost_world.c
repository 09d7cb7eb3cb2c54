/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/threshold_protocols/frost_world.h"

#include "threshold/eddsa.h"
#include "threshold/frost_suite.h"

#include <string.h>

const enum kc_frost_suite suites[SUITES] = {
    KC_FROST_ED25519, KC_FROST_ED448, KC_FROST_P256, KC_FROST_ED25519_CONTEXT};

enum kc_curve curve_of(enum kc_frost_suite suite)
{
    if (suite == KC_FROST_P256)
        return KC_CURVE_P256;
    return suite == KC_FROST_ED448 ? KC_CURVE_ED448 : KC_CURVE_ED25519;
}

void round_one(struct signing *s, enum kc_frost_suite suite)
{
    static const uint32_t indices[] = {2, 3, 5, 70000, 9};
    static const size_t holders[SIGNERS] = {0, 2, 3};
    memset(s, 0, sizeof *s);
    s->suite = suite;
    make_shared_key(&s->key, curve_of(suite), SIGNERS, 5, indices);
    for (size_t i = 0; i < SIGNERS; i++) {
        size_t holder = holders[i];
        struct kc_fresh fresh = next_fresh();
        s->signers[i] =
            (struct kc_frost_signer){suite, indices[holder], &s->key.shares[holder], &s->key.group};
        s->publics[i] = s->key.publics[holder];
        assert_int_equal(
            kc_frost_commit(&s->nonces[i], &s->commitments[i], &s->signers[i], SESSION, &fresh),
            KC_OK);
    }
    s->package = (struct kc_frost_package){s->commitments, SIGNERS, MESSAGE};
}

enum kc_error sign(struct signing *s, size_t i)
{
    return kc_frost_sign(&s->responses[i], &s->nonces[i], &s->signers[i], SESSION, &s->package);
}

void round_two(struct signing *s)
{
    for (size_t i = 0; i < SIGNERS; i++)
        assert_int_equal(sign(s, i), KC_OK);
}

enum kc_error aggregate(struct signing *s, uint8_t *signature, uint32_t *culprits)
{
    size_t size = 0;
    enum kc_error error = kc_frost_aggregate(
        signature, &size, s->suite, &s->key.group, &s->package, s->publics, s->responses, culprits);
    size_t expected =
        s->suite == KC_FROST_P256 ? 65 : kc_curve_info(curve_of(s->suite))->signature_size;
    assert_int_equal(size, error == KC_OK ? expected : 0);
    return error;
}

/* Schnorr on P-256, with the same hashes: libcrypto has no verifier for it. */
static enum kc_error verify_p256(const struct signing *s, const uint8_t *signature)
{
    struct kc_point r, parts[2], left, right;
    struct kc_scalar response, challenge;
    struct kc_reader reader;
    uint8_t public[KC_POINT_SIZE_MAX];
    kc_reader_init(&reader, signature + 33, 32);
    kc_point_encode(&s->key.group, public);
    const struct kc_span hashed[] = {{signature, 33}, {public, 33}, s->package.message};
    assert_int_equal(kc_point_decode(&r, KC_CURVE_P256, signature, 33), KC_OK);
    assert_int_equal(kc_frost_read_scalar(&reader, KC_FROST_P256, &response), KC_OK);
    assert_int_equal(
        kc_frost_hash_scalar(&challenge, KC_FROST_P256, KC_FROST_H2, hashed, 3), KC_OK);
    parts[0] = r;
    assert_int_equal(kc_point_multiply(&parts[1], &challenge, &s->key.group), KC_OK);
    assert_int_equal(kc_point_sum(&right, parts, 2), KC_OK);
    left = base_times(&response);
    return kc_point_equal(&left, &right) ? KC_OK : KC_ERR_SIGNATURE;
}

enum kc_error verify(const struct signing *s, bool has_context, const uint8_t *signature)
{
    if (s->suite == KC_FROST_P256)
        return verify_p256(s, signature);
    const struct kc_signed_message message = {
        .has_context = has_context, .message = s->package.message};
    return kc_signature_verify(
        &s->key.group, &message, signature, kc_curve_info(curve_of(s->suite))->signature_size);
}
