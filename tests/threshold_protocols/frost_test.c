/* SPDX-License-Identifier: Apache-2.0 */
/* FROST with an adversary at each message. The RFC's vectors are played by vectors-check. */
#include "tests/threshold_protocols/support.h"

#include "threshold/eddsa.h"
#include "threshold/frost.h"
#include "threshold/frost_suite.h"

#include <string.h>

#define SIGNERS 3
#define SESSION ((struct kc_span){(const uint8_t *)"session 1", 9})
#define MESSAGE ((struct kc_span){(const uint8_t *)"message", 7})

static const enum kc_frost_suite suites[] = {
    KC_FROST_ED25519, KC_FROST_ED448, KC_FROST_P256, KC_FROST_ED25519_CONTEXT};

#define FOR_EACH_SUITE(suite)                                                                      \
    for (size_t suite##_at = 0; suite##_at < sizeof suites / sizeof *suites; suite##_at++)         \
        for (enum kc_frost_suite suite = suites[suite##_at], suite##_once = 1; suite##_once;       \
             suite##_once = 0)

/* Three of five holders, and the coordinator's package. */
struct signing {
    enum kc_frost_suite suite;
    struct shared_key key;
    struct kc_frost_signer signers[SIGNERS];
    struct kc_frost_nonces nonces[SIGNERS];
    struct kc_frost_commitment commitments[SIGNERS];
    struct kc_frost_package package;
    struct kc_point publics[SIGNERS];
    struct kc_scalar responses[SIGNERS];
};

static enum kc_curve curve_of(enum kc_frost_suite suite)
{
    if (suite == KC_FROST_P256)
        return KC_CURVE_P256;
    return suite == KC_FROST_ED448 ? KC_CURVE_ED448 : KC_CURVE_ED25519;
}

static void round_one(struct signing *s, enum kc_frost_suite suite)
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

static enum kc_error sign(struct signing *s, size_t i)
{
    return kc_frost_sign(&s->responses[i], &s->nonces[i], &s->signers[i], SESSION, &s->package);
}

static void round_two(struct signing *s)
{
    for (size_t i = 0; i < SIGNERS; i++)
        assert_int_equal(sign(s, i), KC_OK);
}

static enum kc_error aggregate(struct signing *s, uint8_t *signature, uint32_t *culprits)
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

static enum kc_error verify(const struct signing *s, bool has_context, const uint8_t *signature)
{
    if (s->suite == KC_FROST_P256)
        return verify_p256(s, signature);
    const struct kc_signed_message message = {
        .has_context = has_context, .message = s->package.message};
    return kc_signature_verify(
        &s->key.group, &message, signature, kc_curve_info(curve_of(s->suite))->signature_size);
}

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

/* The two Ed25519 suites have the same group: a share for one is none for the other. */
static void a_share_under_another_suite_is_wrong(void **state)
{
    (void)state;
    struct signing s;
    round_one(&s, KC_FROST_ED25519);
    round_two(&s);
    assert_int_equal(kc_frost_verify_share(KC_FROST_ED25519_CONTEXT, &s.key.group, &s.package, 0,
                         &s.publics[0], &s.responses[0]),
        KC_ERR_CONTRIBUTION);
}

static void every_wrong_share_is_named(void **state)
{
    (void)state;
    FOR_EACH_SUITE(suite)
    for (uint32_t set = 1; set < 1 << SIGNERS; set++) {
        struct signing s;
        uint8_t signature[KC_FROST_SIGNATURE_SIZE_MAX] = {77};
        uint32_t culprits = 0;
        round_one(&s, suite);
        round_two(&s);
        for (size_t i = 0; i < SIGNERS; i++)
            if (set >> i & 1)
                s.responses[i] = other_scalar(&s.responses[i]);
        assert_int_equal(aggregate(&s, signature, &culprits), KC_ERR_CONTRIBUTION);
        assert_int_equal(culprits, set);
        assert_int_equal(signature[0], 77);
    }
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

/* The coordinator shows one signer another commitment of someone else: equivocation. */
static void commitments_that_differ_between_signers_make_no_signature(void **state)
{
    (void)state;
    FOR_EACH_SUITE(suite)
    {
        struct signing s;
        uint8_t signature[KC_FROST_SIGNATURE_SIZE_MAX];
        uint32_t culprits = 0;
        round_one(&s, suite);
        struct kc_frost_commitment honest = s.commitments[1];
        assert_int_equal(sign(&s, 1), KC_OK);
        assert_int_equal(sign(&s, 2), KC_OK);
        s.commitments[1].hiding = other_point(&honest.hiding);
        assert_int_equal(sign(&s, 0), KC_OK);
        s.commitments[1] = honest;
        assert_int_equal(aggregate(&s, signature, &culprits), KC_ERR_CONTRIBUTION);
        assert_int_equal(culprits, 1); /* the one whose share is not of this list */
    }
}

static void a_message_that_differs_between_signers_makes_no_signature(void **state)
{
    (void)state;
    struct signing s;
    uint8_t signature[KC_FROST_SIGNATURE_SIZE_MAX];
    uint32_t culprits = 0;
    round_one(&s, KC_FROST_ED448);
    s.package.message.size--;
    assert_int_equal(sign(&s, 0), KC_OK);
    s.package.message.size++;
    assert_int_equal(sign(&s, 1), KC_OK);
    assert_int_equal(sign(&s, 2), KC_OK);
    assert_int_equal(aggregate(&s, signature, &culprits), KC_ERR_CONTRIBUTION);
    assert_int_equal(culprits, 1);
}

static void a_replayed_share_is_named(void **state)
{
    (void)state;
    struct signing first, second;
    uint8_t signature[KC_FROST_SIGNATURE_SIZE_MAX];
    uint32_t culprits = 0;
    round_one(&first, KC_FROST_ED25519);
    round_two(&first);
    second = first;
    for (size_t i = 0; i < SIGNERS; i++) { /* the same key again, with new commitments */
        struct kc_fresh fresh = next_fresh();
        second.signers[i].share = &second.key.shares[i == 0 ? 0 : i + 1];
        second.signers[i].group = &second.key.group;
        assert_int_equal(kc_frost_commit(&second.nonces[i], &second.commitments[i],
                             &second.signers[i], SESSION, &fresh),
            KC_OK);
    }
    second.package.commitments = second.commitments;
    round_two(&second);
    second.responses[2] = first.responses[2];
    assert_int_equal(aggregate(&second, signature, &culprits), KC_ERR_CONTRIBUTION);
    assert_int_equal(culprits, 4);
}

static bool all_zero(const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (((const uint8_t *)bytes)[i] != 0)
            return false;
    return true;
}

/* Whatever is wrong, the nonces are gone after it. */
static void nonces_are_consumed_and_wiped_on_every_path(void **state)
{
    (void)state;
    for (int path = 0; path < 9; path++) {
        struct signing s;
        struct kc_span session = SESSION;
        struct kc_frost_signer signer;
        struct kc_scalar response = small_scalar(KC_CURVE_ED25519, 77);
        const struct kc_scalar untouched = response;
        enum kc_error expected = KC_ERR_BAD_ARGUMENT;
        round_one(&s, KC_FROST_ED25519);
        signer = s.signers[0];
        switch (path) {
        case 0:
            expected = KC_OK;
            break;
        case 1:
            session.size--;
            expected = KC_ERR_SESSION;
            break;
        case 2:
            signer.index++;
            expected = KC_ERR_SESSION;
            break;
        case 3:
            signer.share = &s.key.shares[1];
            expected = KC_ERR_SESSION;
            break;
        case 4:
            signer.suite = KC_FROST_ED25519_CONTEXT;
            expected = KC_ERR_SESSION;
            break;
        case 5:
            s.commitments[0].binding = other_point(&s.commitments[0].binding);
            break;
        case 6:
            s.package.commitments++;
            s.package.count--;
            break;
        case 7:
            s.commitments[2].index = s.commitments[1].index;
            break;
        case 8:
            s.package.count = 1;
            break;
        default:
            fail();
        }
        assert_int_equal(
            kc_frost_sign(&response, &s.nonces[0], &signer, session, &s.package), expected);
        assert_true(all_zero(&s.nonces[0], sizeof s.nonces[0]));
        if (expected != KC_OK)
            assert_true(kc_scalar_equal(&response, &untouched));
        assert_int_equal(sign(&s, 0), KC_ERR_SESSION); /* again: nothing is there */
    }
}

static void a_copy_of_nonces_is_dead(void **state)
{
    (void)state;
    struct signing s;
    round_one(&s, KC_FROST_ED448);
    struct kc_frost_nonces copy = s.nonces[0];
    struct kc_scalar response;
    assert_int_equal(
        kc_frost_sign(&response, &copy, &s.signers[0], SESSION, &s.package), KC_ERR_SESSION);
    assert_true(all_zero(&copy, sizeof copy));
    assert_int_equal(sign(&s, 0), KC_OK);
}

static void nonces_that_are_wiped_do_not_sign(void **state)
{
    (void)state;
    struct signing s;
    round_one(&s, KC_FROST_ED448);
    kc_frost_nonces_wipe(&s.nonces[0]);
    assert_int_equal(sign(&s, 0), KC_ERR_SESSION);
}

/* Everything that goes into a nonce, alone, gives another one while the random source is dead. */
static void nonces_differ_if_anything_does(void **state)
{
    (void)state;
    struct signing s;
    struct kc_fresh dead = {.counter = 1};
    struct kc_frost_nonces nonces;
    struct kc_frost_commitment first, other;
    round_one(&s, KC_FROST_ED25519);
    struct kc_frost_signer signer = s.signers[0];
    assert_int_equal(kc_frost_commit(&nonces, &first, &signer, SESSION, &dead), KC_OK);
    assert_false(kc_point_equal(&first.hiding, &first.binding));
    for (int what = 0; what < 6; what++) {
        struct kc_span session = SESSION;
        struct kc_fresh fresh = dead;
        signer = s.signers[0];
        switch (what) {
        case 0:
            fresh.counter++;
            break;
        case 1:
            fresh.random[63] = 1;
            break;
        case 2:
            session.size--;
            break;
        case 3:
            signer.index++;
            break;
        case 4:
            signer.group = &s.key.publics[0];
            break;
        case 5:
            signer.suite = KC_FROST_ED25519_CONTEXT;
            break;
        default:
            fail();
        }
        assert_int_equal(kc_frost_commit(&nonces, &other, &signer, session, &fresh), KC_OK);
        assert_false(kc_point_equal(&first.hiding, &other.hiding));
        assert_false(kc_point_equal(&first.binding, &other.binding));
    }
    kc_frost_nonces_wipe(&nonces);
}

static void signers_without_index_session_or_of_another_curve_are_refused(void **state)
{
    (void)state;
    struct signing s;
    struct kc_frost_commitment commitment;
    struct kc_fresh fresh = next_fresh();
    struct kc_scalar other_share = next_scalar(KC_CURVE_ED448);
    for (int what = 0; what < 4; what++) {
        round_one(&s, KC_FROST_ED25519);
        struct kc_span session = SESSION;
        uint8_t longer[KC_FROST_SESSION_SIZE_MAX + 1] = {0};
        switch (what) {
        case 0:
            s.signers[0].index = 0;
            break;
        case 1:
            session.size = 0;
            break;
        case 2:
            session = (struct kc_span){longer, sizeof longer};
            break;
        case 3:
            s.signers[0].share = &other_share;
            break;
        default:
            fail();
        }
        assert_int_equal(kc_frost_commit(&s.nonces[0], &commitment, &s.signers[0], session, &fresh),
            KC_ERR_BAD_ARGUMENT);
        assert_true(all_zero(&s.nonces[0], sizeof s.nonces[0]));
    }
}

static void lists_that_are_none_are_refused_by_who_aggregates(void **state)
{
    (void)state;
    uint8_t signature[KC_FROST_SIGNATURE_SIZE_MAX];
    uint32_t culprits = 0;
    for (int what = 0; what < 5; what++) {
        struct signing s;
        round_one(&s, KC_FROST_ED25519);
        round_two(&s);
        struct kc_frost_commitment swapped = s.commitments[0];
        switch (what) {
        case 0:
            s.commitments[0] = s.commitments[1];
            s.commitments[1] = swapped;
            break;
        case 1:
            s.commitments[0].index = 0;
            break;
        case 2:
            s.package.count = 1;
            break;
        case 3:
            s.package.count = KC_FROST_SIGNERS_MAX + 1;
            break;
        case 4:
            s.commitments[0].hiding = next_point(KC_CURVE_ED448);
            break;
        default:
            fail();
        }
        assert_int_equal(aggregate(&s, signature, &culprits), KC_ERR_BAD_ARGUMENT);
    }
}

static void verification_shares_of_another_key_are_told_apart_from_wrong_responses(void **state)
{
    (void)state;
    struct signing s, other;
    uint8_t signature[KC_FROST_SIGNATURE_SIZE_MAX];
    uint32_t culprits = 0;
    round_one(&s, KC_FROST_ED25519);
    round_one(&other, KC_FROST_ED25519);
    for (size_t i = 0; i < SIGNERS; i++) { /* all sign with shares of another key, as recorded */
        s.signers[i].share = other.signers[i].share;
        s.publics[i] = other.publics[i];
        struct kc_fresh fresh = next_fresh();
        assert_int_equal(
            kc_frost_commit(&s.nonces[i], &s.commitments[i], &s.signers[i], SESSION, &fresh),
            KC_OK);
    }
    round_two(&s);
    assert_int_equal(aggregate(&s, signature, &culprits), KC_ERR_SIGNATURE);
    assert_int_equal(culprits, 0);
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
        cmocka_unit_test(a_share_under_another_suite_is_wrong),
        cmocka_unit_test(every_wrong_share_is_named),
        cmocka_unit_test(errors_that_cancel_make_a_right_signature),
        cmocka_unit_test(commitments_that_differ_between_signers_make_no_signature),
        cmocka_unit_test(a_message_that_differs_between_signers_makes_no_signature),
        cmocka_unit_test(a_replayed_share_is_named),
        cmocka_unit_test(nonces_are_consumed_and_wiped_on_every_path),
        cmocka_unit_test(a_copy_of_nonces_is_dead),
        cmocka_unit_test(nonces_that_are_wiped_do_not_sign),
        cmocka_unit_test(nonces_differ_if_anything_does),
        cmocka_unit_test(signers_without_index_session_or_of_another_curve_are_refused),
        cmocka_unit_test(lists_that_are_none_are_refused_by_who_aggregates),
        cmocka_unit_test(verification_shares_of_another_key_are_told_apart_from_wrong_responses),
        cmocka_unit_test(additive_shares_sign_with_frost),
        cmocka_unit_test(a_commitment_is_read_as_it_was_written),
        cmocka_unit_test(a_commitment_of_small_order_is_not_read),
        cmocka_unit_test(a_response_is_read_as_it_was_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
