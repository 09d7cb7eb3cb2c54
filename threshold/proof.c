/* SPDX-License-Identifier: Apache-2.0 */
#include "threshold/proof.h"

#include "threshold/combination.h"
#include "threshold/declassify.h"
#include "threshold/transcript.h"
#include "threshold/wire.h"

#define WEIGHT_SIZE 16    /* random octets of a weight */
#define TERMS_PER_PROOF 5 /* T1, Y, T2, Z, P */
#define PROOFS_AT_ONCE 16 /* as many are checked in one equation as have room on the stack */

/* An absent coefficient and the number 1 are the same statement, and hash alike. */
static struct kc_scalar coefficient_of(const struct kc_proof_statement *statement)
{
    struct kc_scalar one;
    kc_scalar_set(&one, statement->holder->curve, 1);
    return statement->coefficient != NULL ? *statement->coefficient : one;
}

static struct kc_scalar offset_of(const struct kc_proof_statement *statement)
{
    struct kc_scalar zero;
    kc_scalar_set(&zero, statement->holder->curve, 0);
    return statement->offset != NULL ? *statement->offset : zero;
}

/* B of each curve, encoded. */
static const uint8_t base_encodings[][KC_POINT_SIZE_MAX] = {
    [KC_CURVE_ED25519] = {0x58, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
        0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
        0x66, 0x66, 0x66, 0x66, 0x66},
    [KC_CURVE_X25519] = {9, [32] = 0x80},
    [KC_CURVE_ED448] = {0x14, 0xfa, 0x30, 0xf2, 0x5b, 0x79, 0x08, 0x98, 0xad, 0xc8, 0xd7, 0x4e,
        0x2c, 0x13, 0xbd, 0xfd, 0xc4, 0x39, 0x7c, 0xe6, 0x1c, 0xff, 0xd3, 0x3a, 0xd7, 0xc2, 0xa0,
        0x05, 0x1e, 0x9c, 0x78, 0x87, 0x40, 0x98, 0xa3, 0x6c, 0x73, 0x73, 0xea, 0x4b, 0x62, 0xc7,
        0xc9, 0x56, 0x37, 0x20, 0x76, 0x88, 0x24, 0xbc, 0xb6, 0x6e, 0x71, 0x46, 0x3f, 0x69, 0x00},
    [KC_CURVE_X448] = {5},
    [KC_CURVE_P256] = {0x03, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5,
        0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39,
        0x45, 0xd8, 0x98, 0xc2, 0x96},
};

static void hash_statement(
    struct kc_transcript *transcript, const struct kc_proof_statement *statement)
{
    struct kc_scalar coefficient = coefficient_of(statement), offset = offset_of(statement);
    enum kc_curve curve = statement->holder->curve;
    kc_transcript_number(transcript, (uint64_t)statement->use);
    kc_transcript_number(transcript, (uint64_t)curve);
    kc_transcript_encoded_point(transcript, curve, base_encodings[curve]);
    kc_transcript_point(transcript, statement->holder);
    kc_transcript_scalar(transcript, &coefficient);
    kc_transcript_scalar(transcript, &offset);
    kc_transcript_point(transcript, statement->peer);
    kc_transcript_point(transcript, statement->contribution);
    kc_transcript_span(transcript, statement->key_id);
    kc_transcript_span(transcript, statement->request_digest);
}

static enum kc_error hash_challenge(struct kc_scalar *challenge,
    const struct kc_proof_statement *statement, const struct kc_proof *proof)
{
    struct kc_transcript transcript;
    kc_transcript_init(&transcript, "custodian threshold contribution 1");
    hash_statement(&transcript, statement);
    kc_transcript_point(&transcript, &proof->base_commitment);
    kc_transcript_point(&transcript, &proof->peer_commitment);
    enum kc_error error =
        kc_transcript_finish_scalar(&transcript, challenge, statement->holder->curve);
    kc_declassify(challenge, sizeof *challenge); /* part of the proof, which is sent */
    return error;
}

static enum kc_error make_nonce(struct kc_scalar *nonce, const struct kc_proof_statement *statement,
    const struct kc_scalar *share, const struct kc_fresh *fresh)
{
    struct kc_transcript transcript;
    kc_transcript_init(&transcript, "custodian threshold contribution nonce 1");
    kc_transcript_scalar(&transcript, share);
    kc_transcript_fresh(&transcript, fresh);
    hash_statement(&transcript, statement);
    return kc_transcript_finish_scalar(&transcript, nonce, share->curve);
}

enum kc_error kc_proof_make(struct kc_proof *proof, const struct kc_proof_statement *statement,
    const struct kc_scalar *share, const struct kc_fresh *fresh)
{
    struct kc_scalar coefficient = coefficient_of(statement), offset = offset_of(statement);
    KC_AUTO_SCALAR nonce;
    KC_AUTO_SCALAR effective; /* w */
    struct kc_scalar challenge;
    struct kc_proof made;
    enum kc_error error = make_nonce(&nonce, statement, share, fresh);
    if (error != KC_OK ||
        (error = kc_point_multiply_base(&made.base_commitment, &nonce)) != KC_OK ||
        (error = kc_point_multiply(&made.peer_commitment, &nonce, statement->peer)) != KC_OK ||
        (error = hash_challenge(&challenge, statement, &made)) != KC_OK)
        return error;
    kc_scalar_multiply(&effective, &coefficient, share);
    kc_scalar_add(&effective, &effective, &offset);
    kc_scalar_multiply(&made.response, &challenge, &effective);
    kc_scalar_add(&made.response, &made.response, &nonce);
    kc_declassify(&made, sizeof made); /* it is sent */
    *proof = made;
    return KC_OK;
}

static bool of_one_curve(const struct kc_proof_statement *statement, const struct kc_proof *proof)
{
    enum kc_curve curve = statement->holder->curve;
    return proof->base_commitment.curve == curve && proof->peer_commitment.curve == curve &&
           proof->response.curve == curve && statement->peer->curve == curve &&
           statement->contribution->curve == curve;
}

/*
 * [z - e c]B = T1 + [e l]Y
 * [z]P = T2 + [e]Z
 */
enum kc_error kc_proof_verify(
    const struct kc_proof_statement *statement, const struct kc_proof *proof)
{
    struct kc_scalar challenge, of_base, of_holder;
    struct kc_scalar coefficient = coefficient_of(statement), offset = offset_of(statement);
    if (!of_one_curve(statement, proof))
        return KC_ERR_CONTRIBUTION;
    enum kc_error error = hash_challenge(&challenge, statement, proof);
    if (error != KC_OK)
        return error;
    kc_scalar_multiply(&of_base, &challenge, &offset);
    kc_scalar_subtract(&of_base, &proof->response, &of_base);
    kc_scalar_multiply(&of_holder, &challenge, &coefficient);
    const struct kc_term first[] = {
        {NULL, &proof->base_commitment, true}, {&of_holder, statement->holder, true}};
    const struct kc_term second[] = {{&proof->response, statement->peer, false},
        {NULL, &proof->peer_commitment, true}, {&challenge, statement->contribution, true}};
    return kc_combination_vanishes_variable_time(&of_base, first, 2) &&
                   kc_combination_vanishes_variable_time(NULL, second, 3)
               ? KC_OK
               : KC_ERR_CONTRIBUTION;
}

/* One proof's part of the weighted sum: a times its first equation plus b times its second. */
struct weighted {
    struct kc_scalar a, b;            /* of T1 and T2 */
    struct kc_scalar of_holder;       /* a e l */
    struct kc_scalar of_contribution; /* b e */
    struct kc_scalar of_peer;         /* b z */
};

static void weigh(struct weighted *weighted, struct kc_scalar *base,
    struct kc_term terms[TERMS_PER_PROOF], const struct kc_proof_statement *statement,
    const struct kc_proof *proof, const struct kc_scalar *challenge,
    const uint8_t weights[2 * WEIGHT_SIZE])
{
    enum kc_curve curve = statement->holder->curve;
    struct kc_scalar of_base;
    struct kc_scalar coefficient = coefficient_of(statement), offset = offset_of(statement);
    kc_scalar_reduce(&weighted->a, curve, weights, WEIGHT_SIZE);
    kc_scalar_reduce(&weighted->b, curve, weights + WEIGHT_SIZE, WEIGHT_SIZE);
    kc_scalar_multiply(&of_base, challenge, &offset);
    kc_scalar_subtract(&of_base, &proof->response, &of_base);
    kc_scalar_multiply(&of_base, &of_base, &weighted->a);
    kc_scalar_add(base, base, &of_base);
    kc_scalar_multiply(&weighted->of_contribution, &weighted->b, challenge);
    kc_scalar_multiply(&weighted->of_peer, &weighted->b, &proof->response);
    kc_scalar_multiply(&weighted->of_holder, &weighted->a, challenge);
    kc_scalar_multiply(&weighted->of_holder, &weighted->of_holder, &coefficient);
    terms[0] = (struct kc_term){&weighted->a, &proof->base_commitment, true};
    terms[1] = (struct kc_term){&weighted->of_holder, statement->holder, true};
    terms[2] = (struct kc_term){&weighted->b, &proof->peer_commitment, true};
    terms[3] = (struct kc_term){&weighted->of_contribution, statement->contribution, true};
    terms[4] = (struct kc_term){&weighted->of_peer, statement->peer, false};
}

/*
 * The weights depend on all that they weigh, as a challenge is hashed from all of its statement and
 * proof but the response: nobody can choose a proof to fit them.
 */
static enum kc_error make_weights(uint8_t weights[2 * WEIGHT_SIZE * PROOFS_AT_ONCE],
    const struct kc_scalar challenges[], const struct kc_proof proofs[], size_t count,
    const uint8_t random[static KC_PROOF_RANDOM_SIZE])
{
    struct kc_transcript transcript;
    kc_transcript_init(&transcript, "custodian threshold contribution weights 1");
    kc_transcript_bytes(&transcript, random, KC_PROOF_RANDOM_SIZE);
    for (size_t i = 0; i < count; i++) {
        kc_transcript_scalar(&transcript, &challenges[i]);
        kc_transcript_scalar(&transcript, &proofs[i].response);
    }
    return kc_transcript_finish(&transcript, weights, count * 2 * WEIGHT_SIZE);
}

static bool all_of_one_curve(
    const struct kc_proof_statement statements[], const struct kc_proof proofs[], size_t count)
{
    bool same = true;
    for (size_t i = 0; i < count; i++)
        same = same && of_one_curve(&statements[i], &proofs[i]) &&
               statements[i].holder->curve == statements[0].holder->curve;
    return same;
}

/* Whether the weighted sum of both equations of up to PROOFS_AT_ONCE proofs vanishes. */
static enum kc_error verify_together(const struct kc_proof_statement statements[],
    const struct kc_proof proofs[], size_t count, const uint8_t random[static KC_PROOF_RANDOM_SIZE],
    bool *good)
{
    uint8_t weights[2 * WEIGHT_SIZE * PROOFS_AT_ONCE];
    struct kc_scalar challenges[PROOFS_AT_ONCE], base;
    struct weighted weighted[PROOFS_AT_ONCE];
    struct kc_term terms[TERMS_PER_PROOF * PROOFS_AT_ONCE];
    enum kc_error error = KC_OK;
    *good = false;
    if (!all_of_one_curve(statements, proofs, count))
        return KC_OK;
    for (size_t i = 0; error == KC_OK && i < count; i++)
        error = hash_challenge(&challenges[i], &statements[i], &proofs[i]);
    if (error == KC_OK)
        error = make_weights(weights, challenges, proofs, count, random);
    if (error != KC_OK)
        return error;
    kc_scalar_set(&base, statements[0].holder->curve, 0);
    for (size_t i = 0; i < count; i++)
        weigh(&weighted[i], &base, terms + i * TERMS_PER_PROOF, &statements[i], &proofs[i],
            &challenges[i], weights + i * 2 * WEIGHT_SIZE);
    *good = kc_combination_vanishes_variable_time(&base, terms, count * TERMS_PER_PROOF);
    return KC_OK;
}

static enum kc_error find_wrong(const struct kc_proof_statement statements[],
    const struct kc_proof proofs[], size_t count, size_t *wrong)
{
    for (size_t i = 0; i < count; i++) {
        enum kc_error error = kc_proof_verify(&statements[i], &proofs[i]);
        if (error == KC_ERR_CONTRIBUTION)
            *wrong = i;
        if (error != KC_OK)
            return error;
    }
    return KC_OK;
}

enum kc_error kc_proof_verify_batch(const struct kc_proof_statement statements[],
    const struct kc_proof proofs[], size_t count, const uint8_t random[static KC_PROOF_RANDOM_SIZE],
    size_t *wrong)
{
    /* There is no faster way to many multiples on P-256 than one after the other. */
    if (count > 0 && statements[0].holder->curve == KC_CURVE_P256)
        return find_wrong(statements, proofs, count, wrong);
    for (size_t done = 0; done < count; done += PROOFS_AT_ONCE) {
        size_t now = count - done < PROOFS_AT_ONCE ? count - done : PROOFS_AT_ONCE;
        bool good;
        enum kc_error error = verify_together(statements + done, proofs + done, now, random, &good);
        if (error == KC_OK && !good)
            error = find_wrong(statements, proofs, count, wrong);
        if (error != KC_OK)
            return error;
    }
    return KC_OK;
}

void kc_proof_write(struct kc_writer *w, const struct kc_proof *proof)
{
    kc_wire_write_point(w, &proof->base_commitment);
    kc_wire_write_point(w, &proof->peer_commitment);
    kc_wire_write_scalar(w, &proof->response);
}

enum kc_error kc_proof_read(struct kc_reader *r, enum kc_curve curve, struct kc_proof *proof)
{
    struct kc_proof read;
    enum kc_error error = kc_wire_read_point(r, curve, &read.base_commitment);
    if (error == KC_OK)
        error = kc_wire_read_point(r, curve, &read.peer_commitment);
    if (error == KC_OK)
        error = kc_wire_read_scalar(r, curve, &read.response);
    if (error == KC_OK)
        *proof = read;
    return error;
}
