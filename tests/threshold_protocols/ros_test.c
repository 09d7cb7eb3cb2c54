/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attack on the ROS problem (Benhamouda, Lepoint, Loss, Orru, Raykova 2021) with the service as
 * the attacker: all messages of the honest party are fixed before, and it signs each just once.
 *
 * The service chooses between two commitments in each of 253 open sessions, so between challenges
 * c_i^0 and c_i^1. With w_i = 2^i / (c_i^1 - c_i^0), the sum of w_i c_i^(b_i) is any number it
 * likes by choice of the bits b_i; so it is the challenge of a message that nobody agreed to, under
 * R = sum of w_i R_i. The sum of the w_i s_i is the response to it.
 */
#include "tests/threshold_protocols/naive_signer.h"
#include "tests/threshold_protocols/support.h"
#include "threshold/combination.h"
#include "threshold/eddsa.h"
#include "threshold/frost_binding.h"

#include <stdlib.h>
#include <string.h>

#define SESSIONS NAIVE_SESSIONS
#define CURVE KC_CURVE_ED25519

static const struct kc_signed_message forged = {.message = {(const uint8_t *)"all to me", 9}};

/* What the attack needs to know of each session. */
struct attack {
    struct kc_scalar zero[SESSIONS], one[SESSIONS]; /* challenges c^0, c^1 */
    struct kc_scalar weights[SESSIONS];             /* w */
    struct kc_point commitments[SESSIONS];          /* what the honest party committed to */
    struct kc_point sum;                            /* R */
    uint8_t encoded[KC_POINT_SIZE_MAX];
    struct kc_scalar challenge; /* of the forged message */
    uint8_t bits[KC_SCALAR_SIZE_MAX];
};

static void weigh(struct attack *a)
{
    struct kc_scalar power = small_scalar(CURVE, 1), difference;
    struct kc_term terms[SESSIONS];
    for (size_t i = 0; i < SESSIONS; i++) {
        kc_scalar_subtract(&difference, &a->one[i], &a->zero[i]);
        kc_scalar_invert(&difference, &difference);
        kc_scalar_multiply(&a->weights[i], &power, &difference);
        kc_scalar_add(&power, &power, &power);
        terms[i] = (struct kc_term){&a->weights[i], &a->commitments[i], false};
    }
    assert_int_equal(kc_combination_variable_time(&a->sum, NULL, terms, SESSIONS), KC_OK);
    kc_point_encode(&a->sum, a->encoded);
}

/* The bits of challenge - sum of w_i c_i^0. */
static void choose_bits(struct attack *a, const struct kc_point *group)
{
    struct kc_scalar target, term;
    uint8_t public[KC_POINT_SIZE_MAX];
    kc_point_encode(group, public);
    assert_int_equal(kc_eddsa_challenge(&a->challenge, CURVE, a->encoded, public, &forged), KC_OK);
    target = a->challenge;
    for (size_t i = 0; i < SESSIONS; i++) {
        kc_scalar_multiply(&term, &a->weights[i], &a->zero[i]);
        kc_scalar_subtract(&target, &target, &term);
    }
    kc_scalar_encode(&target, a->bits);
}

static bool bit(const struct attack *a, size_t i)
{
    return (a->bits[i / 8] >> (i % 8) & 1) != 0;
}

/* The sum of w_i s_i, and the attacker's own part: challenge times its own share. */
static struct kc_scalar add_up(
    const struct attack *a, const struct kc_scalar responses[], const struct kc_scalar *own)
{
    struct kc_scalar sum, term;
    kc_scalar_multiply(&sum, &a->challenge, own);
    for (size_t i = 0; i < SESSIONS; i++) {
        kc_scalar_multiply(&term, &a->weights[i], &responses[i]);
        kc_scalar_add(&sum, &sum, &term);
    }
    return sum;
}

static enum kc_error verify_forgery(const struct attack *a, const struct kc_scalar responses[],
    const struct kc_scalar *own, const struct kc_point *group)
{
    uint8_t signature[KC_SIGNATURE_SIZE_MAX];
    struct kc_scalar sum = add_up(a, responses, own);
    kc_eddsa_encode(signature, a->encoded, &sum);
    return kc_signature_verify(group, &forged, signature, 64);
}

static void the_naive_signer_is_made_to_sign_what_it_never_saw(void **state)
{
    (void)state;
    struct naive_signer *signer = calloc(1, sizeof *signer);
    struct attack *a = calloc(1, sizeof *a);
    struct kc_scalar share = next_scalar(CURVE), own = next_scalar(CURVE), responses[SESSIONS];
    struct kc_point choice[2] = {next_point(CURVE), next_point(CURVE)};
    struct kc_point parts[] = {base_times(&share), base_times(&own)};
    assert_int_equal(kc_point_sum(&signer->group, parts, 2), KC_OK);
    signer->share = share;
    for (size_t i = 0; i < SESSIONS; i++) {
        a->commitments[i] = *naive_open(signer, i);
        a->zero[i] = naive_challenge(signer, i, &choice[0]);
        a->one[i] = naive_challenge(signer, i, &choice[1]);
    }
    weigh(a);
    choose_bits(a, &signer->group);
    for (size_t i = 0; i < SESSIONS; i++)
        responses[i] = naive_finish(signer, i, &choice[bit(a, i)]);
    assert_int_equal(verify_forgery(a, responses, &own, &signer->group), KC_OK);
    free(signer);
    free(a);
}

/*
 * As many sessions wanted of ours, with messages fixed before: the first party's commitment is one
 * object for a share, and opening it again ends what was open. So of 253 answers one is taken.
 */
static void our_two_party_signer_has_no_second_open_session(void **state)
{
    (void)state;
    static const size_t answered[] = {0, 1, SESSIONS / 2, SESSIONS - 2, SESSIONS - 1};
    struct kc_scalar share = next_scalar(CURVE), other_share = next_scalar(CURVE);
    struct kc_point parts[] = {base_times(&share), base_times(&other_share)}, group, r[SESSIONS];
    struct kc_signature_commitment commitment = {0};
    uint8_t own[KC_POINT_SIZE_MAX], other[KC_POINT_SIZE_MAX], public[KC_POINT_SIZE_MAX];
    uint8_t texts[SESSIONS][8], signature[KC_SIGNATURE_SIZE_MAX];
    assert_int_equal(kc_point_sum(&group, parts, 2), KC_OK);
    kc_point_encode(&parts[0], own);
    kc_point_encode(&parts[1], other);
    kc_point_encode(&group, public);
    const struct kc_signer first = {&share, NULL, own, public};
    const struct kc_signer second = {&other_share, NULL, other, public};
    for (size_t k = 0; k < sizeof answered / sizeof *answered; k++) {
        struct kc_signed_message messages[SESSIONS];
        struct kc_signature_contribution contribution;
        struct kc_fresh fresh = next_fresh();
        for (size_t i = 0; i < SESSIONS; i++) {
            memcpy(texts[i], &i, sizeof texts[i]);
            messages[i] = (struct kc_signed_message){.message = {texts[i], sizeof texts[i]}};
            fresh.counter++;
            assert_int_equal(
                kc_signature_open(&commitment, &r[i], &first, &messages[i], &fresh), KC_OK);
        }
        size_t at = answered[k];
        assert_int_equal(
            kc_signature_contribute(&contribution, &second, &r[at], &messages[at], &fresh), KC_OK);
        enum kc_error error = kc_signature_finish(
            signature, &commitment, &first, &group, &messages[at], &contribution, &parts[1]);
        assert_int_equal(error, at == SESSIONS - 1 ? KC_OK : KC_ERR_SESSION); /* the last only */
    }
}

/* One session of FROST, in which the attacker is signer 2 and makes the package. */
struct frost_session {
    struct kc_frost_nonces nonces;
    struct kc_frost_commitment honest;
    struct kc_frost_commitment list[2][2]; /* with the attacker's commitment 0 or 1 */
    uint8_t message[8];
    struct kc_scalar factors[2]; /* the honest signer's binding factor with either */
};

static struct kc_frost_package package_of(const struct frost_session *session, size_t choice)
{
    return (struct kc_frost_package){
        session->list[choice], 2, {session->message, sizeof session->message}};
}

static void open_frost(struct frost_session *session, const struct kc_frost_signer *signer,
    size_t number, const struct kc_point choice[2], struct kc_scalar challenges[2])
{
    struct kc_fresh fresh = next_fresh();
    const struct kc_span name = {(const uint8_t *)&number, sizeof number};
    memcpy(session->message, &number, sizeof session->message);
    assert_int_equal(
        kc_frost_commit(&session->nonces, &session->honest, signer, name, &fresh), KC_OK);
    for (size_t b = 0; b < 2; b++) {
        struct kc_frost_binding binding;
        session->list[b][0] = session->honest;
        session->list[b][1] = (struct kc_frost_commitment){2, choice[b], choice[b]};
        const struct kc_frost_package package = package_of(session, b);
        assert_int_equal(kc_frost_bind(&binding, KC_FROST_ED25519, signer->group, &package), KC_OK);
        challenges[b] = binding.challenge;
        session->factors[b] = binding.factors[0];
    }
}

/*
 * The same attack, with as many sessions open: they are allowed. R must be fixed before the bits,
 * but the honest commitment D + [rho]E changes with the bit, so what is signed is another R.
 */
static void the_same_attack_on_frost_makes_no_signature(void **state)
{
    (void)state;
    struct shared_key key;
    struct frost_session *sessions = calloc(SESSIONS, sizeof *sessions);
    struct attack *a = calloc(1, sizeof *a);
    struct kc_scalar responses[SESSIONS], challenges[2], own;
    struct kc_point choice[2] = {next_point(CURVE), next_point(CURVE)};
    make_shared_key(&key, CURVE, 2, 2, NULL);
    const struct kc_frost_signer signer = {KC_FROST_ED25519, 1, &key.shares[0], &key.group};
    for (size_t i = 0; i < SESSIONS; i++) {
        open_frost(&sessions[i], &signer, i, choice, challenges);
        a->zero[i] = challenges[0];
        a->one[i] = challenges[1];
        const struct kc_term terms[] = {{NULL, &sessions[i].honest.hiding, false},
            {&sessions[i].factors[0], &sessions[i].honest.binding, false}};
        assert_int_equal(kc_combination_variable_time(&a->commitments[i], NULL, terms, 2), KC_OK);
    }
    weigh(a);
    choose_bits(a, &key.group);
    struct kc_scalar actual_factors[SESSIONS], lambda;
    for (size_t i = 0; i < SESSIONS; i++) {
        const struct kc_frost_package package = package_of(&sessions[i], bit(a, i));
        const struct kc_span name = {(const uint8_t *)&i, sizeof i};
        assert_int_equal(
            kc_frost_sign(&responses[i], &sessions[i].nonces, &signer, name, &package), KC_OK);
        kc_scalar_multiply(&actual_factors[i], &a->weights[i], &sessions[i].factors[bit(a, i)]);
    }
    /* The attacker's share, weighted as in a set of two. */
    assert_int_equal(kc_share_coefficient(&lambda, CURVE, key.indices, 2, 1), KC_OK);
    kc_scalar_multiply(&own, &key.shares[1], &lambda);
    assert_int_equal(verify_forgery(a, responses, &own, &key.group), KC_ERR_SIGNATURE);

    /* All of the attack but R is right: with the R that was signed the equation holds. */
    struct kc_term terms[2 * SESSIONS];
    for (size_t i = 0; i < SESSIONS; i++) {
        terms[2 * i] = (struct kc_term){&a->weights[i], &sessions[i].honest.hiding, false};
        terms[2 * i + 1] = (struct kc_term){&actual_factors[i], &sessions[i].honest.binding, false};
    }
    struct kc_point actual;
    assert_int_equal(
        kc_combination_variable_time(&actual, NULL, terms, sizeof terms / sizeof *terms), KC_OK);
    assert_false(kc_point_equal(&actual, &a->sum));
    struct kc_scalar sum = add_up(a, responses, &own);
    assert_true(kc_eddsa_holds(&sum, &actual, &a->challenge, &key.group));
    free(sessions);
    free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_naive_signer_is_made_to_sign_what_it_never_saw),
        cmocka_unit_test(our_two_party_signer_has_no_second_open_session),
        cmocka_unit_test(the_same_attack_on_frost_makes_no_signature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
