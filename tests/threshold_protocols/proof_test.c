/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/threshold_protocols/support.h"

#include "threshold/agreement.h"
#include "threshold/proof.h"
#include "threshold/share.h"
#include "threshold/transcript.h"
#include "threshold/wire.h"

#include <string.h>

#define KEY_ID ((struct kc_span){(const uint8_t *)"key", 3})
#define REQUEST ((struct kc_span){(const uint8_t *)"request", 7})

/* One holder's contribution with its proof; all that the statement borrows. */
struct contribution {
    struct kc_scalar share, coefficient, offset;
    struct kc_point holder, peer, point;
    struct kc_proof_statement statement;
    struct kc_proof proof;
};

static void state_it(struct contribution *c)
{
    c->statement = (struct kc_proof_statement){KC_PROOF_AGREEMENT, &c->holder, &c->coefficient,
        &c->offset, &c->peer, &c->point, KEY_ID, REQUEST};
}

static void make(struct contribution *c, enum kc_curve curve)
{
    struct kc_fresh fresh = next_fresh();
    c->share = next_scalar(curve);
    c->coefficient = next_scalar(curve);
    c->offset = next_scalar(curve);
    c->holder = base_times(&c->share);
    c->peer = next_point(curve);
    assert_int_equal(
        kc_agreement_contribute(&c->point, &c->share, &c->coefficient, &c->offset, &c->peer),
        KC_OK);
    state_it(c);
    assert_int_equal(kc_proof_make(&c->proof, &c->statement, &c->share, &fresh), KC_OK);
}

static void an_honest_contribution_is_proved(void **state)
{
    (void)state;
    FOR_EACH_GROUP(curve)
    {
        struct contribution c;
        make(&c, curve);
        assert_int_equal(kc_proof_verify(&c.statement, &c.proof), KC_OK);
    }
}

static void no_coefficient_is_one_and_no_offset_is_zero(void **state)
{
    (void)state;
    FOR_EACH_GROUP(curve)
    {
        struct contribution c;
        struct kc_fresh fresh = next_fresh();
        make(&c, curve);
        assert_int_equal(kc_agreement_contribute(&c.point, &c.share, NULL, NULL, &c.peer), KC_OK);
        c.statement.coefficient = c.statement.offset = NULL;
        assert_int_equal(kc_proof_make(&c.proof, &c.statement, &c.share, &fresh), KC_OK);
        assert_int_equal(kc_proof_verify(&c.statement, &c.proof), KC_OK);
        struct kc_scalar one = small_scalar(curve, 1), zero = small_scalar(curve, 0);
        c.statement.coefficient = &one;
        c.statement.offset = &zero;
        assert_int_equal(kc_proof_verify(&c.statement, &c.proof), KC_OK);
    }
}

static void each_part_of_the_statement_and_of_the_proof_counts(void **state)
{
    (void)state;
    FOR_EACH_GROUP(curve)
    for (int part = 0; part < 11; part++) {
        struct contribution c;
        make(&c, curve);
        switch (part) {
        case 0:
            c.holder = other_point(&c.holder);
            break;
        case 1:
            c.coefficient = other_scalar(&c.coefficient);
            break;
        case 2:
            c.offset = other_scalar(&c.offset);
            break;
        case 3:
            c.peer = other_point(&c.peer);
            break;
        case 4:
            c.point = other_point(&c.point);
            break;
        case 5:
            c.statement.key_id.size--;
            break;
        case 6:
            c.statement.request_digest.size--;
            break;
        case 7:
            c.statement.use = KC_PROOF_COMPLAINT;
            break;
        case 8:
            c.proof.base_commitment = other_point(&c.proof.base_commitment);
            break;
        case 9:
            c.proof.peer_commitment = other_point(&c.proof.peer_commitment);
            break;
        case 10:
            c.proof.response = other_scalar(&c.proof.response);
            break;
        default:
            fail();
        }
        assert_int_equal(kc_proof_verify(&c.statement, &c.proof), KC_ERR_CONTRIBUTION);
    }
}

/* What lets a cheat pass if only the first, or only the second, equation were looked at. */
static void both_equations_are_needed(void **state)
{
    (void)state;
    struct contribution c;
    struct kc_fresh fresh = next_fresh();
    make(&c, KC_CURVE_X448);
    struct kc_scalar wrong_share = other_scalar(&c.share);
    assert_int_equal(
        kc_agreement_contribute(&c.point, &wrong_share, &c.coefficient, &c.offset, &c.peer), KC_OK);
    assert_int_equal(kc_proof_make(&c.proof, &c.statement, &c.share, &fresh), KC_OK);
    assert_int_equal(kc_proof_verify(&c.statement, &c.proof), KC_ERR_CONTRIBUTION);
    assert_int_equal(kc_proof_make(&c.proof, &c.statement, &wrong_share, &fresh), KC_OK);
    assert_int_equal(kc_proof_verify(&c.statement, &c.proof), KC_ERR_CONTRIBUTION);
}

static void a_proof_of_another_curve_is_refused(void **state)
{
    (void)state;
    struct contribution c, other;
    make(&c, KC_CURVE_X448);
    make(&other, KC_CURVE_ED448);
    assert_int_equal(kc_proof_verify(&c.statement, &other.proof), KC_ERR_CONTRIBUTION);
    c.statement.contribution = &other.point;
    assert_int_equal(kc_proof_verify(&c.statement, &c.proof), KC_ERR_CONTRIBUTION);
}

static void the_nonce_hangs_on_everything_even_when_the_random_source_is_dead(void **state)
{
    (void)state;
    struct contribution c;
    struct kc_fresh dead = {.counter = 1};
    struct kc_proof one, other;
    make(&c, KC_CURVE_ED25519);
    assert_int_equal(kc_proof_make(&one, &c.statement, &c.share, &dead), KC_OK);
    dead.counter = 2;
    assert_int_equal(kc_proof_make(&other, &c.statement, &c.share, &dead), KC_OK);
    assert_false(kc_point_equal(&one.base_commitment, &other.base_commitment));
    dead.counter = 1;
    c.offset = other_scalar(&c.offset);
    assert_int_equal(kc_proof_make(&other, &c.statement, &c.share, &dead), KC_OK);
    assert_false(kc_point_equal(&one.base_commitment, &other.base_commitment));
}

#define BATCH 19 /* more than one equation */

struct batch {
    struct contribution items[BATCH];
    struct kc_proof_statement statements[BATCH];
    struct kc_proof proofs[BATCH];
};

static void make_batch(struct batch *batch, enum kc_curve curve)
{
    for (size_t i = 0; i < BATCH; i++) {
        make(&batch->items[i], curve);
        batch->statements[i] = batch->items[i].statement;
        batch->proofs[i] = batch->items[i].proof;
    }
}

static enum kc_error verify_batch(const struct batch *batch, size_t count, size_t *wrong)
{
    uint8_t random[KC_PROOF_RANDOM_SIZE];
    next_random(random, sizeof random);
    return kc_proof_verify_batch(batch->statements, batch->proofs, count, random, wrong);
}

static void a_batch_of_right_ones_is_right(void **state)
{
    (void)state;
    FOR_EACH_GROUP(curve)
    {
        struct batch batch;
        size_t wrong = 77;
        make_batch(&batch, curve);
        for (size_t count = 1; count <= BATCH; count += 6)
            assert_int_equal(verify_batch(&batch, count, &wrong), KC_OK);
        assert_int_equal(wrong, 77);
    }
}

static void a_batch_names_the_first_wrong_one(void **state)
{
    (void)state;
    FOR_EACH_GROUP(curve)
    {
        struct batch batch;
        make_batch(&batch, curve);
        for (size_t i = 0; i < BATCH; i += 3) {
            size_t wrong = 77;
            struct kc_proof right = batch.proofs[i];
            batch.proofs[i].response = other_scalar(&right.response);
            assert_int_equal(verify_batch(&batch, BATCH, &wrong), KC_ERR_CONTRIBUTION);
            assert_int_equal(wrong, i);
            batch.proofs[i] = right;
        }
    }
}

/* Errors that cancel where weights are equal: +1 here and -1 there, in either equation. */
static void errors_that_cancel_without_weights_are_noticed(void **state)
{
    (void)state;
    struct batch batch;
    size_t wrong = 77;
    make_batch(&batch, KC_CURVE_X25519);
    struct kc_scalar one = small_scalar(KC_CURVE_X25519, 1);
    batch.items[3].peer = batch.items[5].peer; /* so that the second equations cancel too */
    for (size_t i = 3; i <= 5; i += 2) {
        struct contribution *c = &batch.items[i];
        struct kc_fresh fresh = next_fresh();
        assert_int_equal(
            kc_agreement_contribute(&c->point, &c->share, &c->coefficient, &c->offset, &c->peer),
            KC_OK);
        assert_int_equal(kc_proof_make(&batch.proofs[i], &c->statement, &c->share, &fresh), KC_OK);
    }
    assert_int_equal(verify_batch(&batch, BATCH, &wrong), KC_OK);
    kc_scalar_add(&batch.proofs[3].response, &batch.proofs[3].response, &one);
    kc_scalar_subtract(&batch.proofs[5].response, &batch.proofs[5].response, &one);
    assert_int_equal(verify_batch(&batch, BATCH, &wrong), KC_ERR_CONTRIBUTION);
    assert_int_equal(wrong, 3);
}

/* A pair whose errors are chosen with the weights in sight still fails: weights hang on them. */
static void weights_depend_on_what_they_weigh(void **state)
{
    (void)state;
    struct batch batch;
    uint8_t random[KC_PROOF_RANDOM_SIZE] = {0}; /* known to the cheat */
    size_t wrong = 77;
    make_batch(&batch, KC_CURVE_ED25519);
    batch.proofs[0].base_commitment = other_point(&batch.proofs[0].base_commitment);
    assert_int_equal(kc_proof_verify_batch(batch.statements, batch.proofs, 2, random, &wrong),
        KC_ERR_CONTRIBUTION);
    assert_int_equal(wrong, 0);
}

static struct kc_point base_of(enum kc_curve curve)
{
    struct kc_scalar one = small_scalar(curve, 1);
    return base_times(&one);
}

/* The challenge, hashed as proof.h says it is. */
static struct kc_scalar challenge_of(const struct contribution *c, const struct kc_proof *proof)
{
    struct kc_transcript transcript;
    struct kc_scalar challenge;
    struct kc_point base = base_of(c->holder.curve);
    kc_transcript_init(&transcript, "custodian threshold contribution 1");
    kc_transcript_number(&transcript, KC_PROOF_AGREEMENT);
    kc_transcript_number(&transcript, (uint64_t)c->holder.curve);
    kc_transcript_point(&transcript, &base);
    kc_transcript_point(&transcript, &c->holder);
    kc_transcript_scalar(&transcript, &c->coefficient);
    kc_transcript_scalar(&transcript, &c->offset);
    kc_transcript_point(&transcript, &c->peer);
    kc_transcript_point(&transcript, &c->point);
    kc_transcript_span(&transcript, KEY_ID);
    kc_transcript_span(&transcript, REQUEST);
    kc_transcript_point(&transcript, &proof->base_commitment);
    kc_transcript_point(&transcript, &proof->peer_commitment);
    assert_int_equal(kc_transcript_finish_scalar(&transcript, &challenge, c->holder.curve), KC_OK);
    return challenge;
}

static void add_to(struct kc_point *point, const struct kc_point *addend)
{
    const struct kc_point parts[] = {*point, *addend};
    if (addend->curve == point->curve)
        assert_int_equal(kc_point_sum(point, parts, 2), KC_OK);
}

/* A proof by one who knows the share, but that is wrong by a point in either equation. */
static struct kc_proof wrong_by(
    const struct contribution *c, const struct kc_point *in_first, const struct kc_point *in_second)
{
    struct kc_scalar nonce = next_scalar(c->holder.curve), challenge, effective;
    struct kc_proof proof = {.base_commitment = base_times(&nonce)};
    assert_int_equal(kc_point_multiply(&proof.peer_commitment, &nonce, &c->peer), KC_OK);
    add_to(&proof.base_commitment, in_first);
    add_to(&proof.peer_commitment, in_second);
    challenge = challenge_of(c, &proof);
    kc_scalar_multiply(&effective, &c->coefficient, &c->share);
    kc_scalar_add(&effective, &effective, &c->offset);
    kc_scalar_multiply(&proof.response, &challenge, &effective);
    kc_scalar_add(&proof.response, &proof.response, &nonce);
    return proof;
}

/* In one equation alone: by a point here, by its negative there. */
static void each_equation_of_a_batch_has_weights_of_its_own(void **state)
{
    (void)state;
    static const struct kc_point nothing;
    FOR_EACH_GROUP(curve)
    {
        struct batch batch;
        struct kc_point error = base_of(curve), opposite;
        size_t wrong = 77;
        make_batch(&batch, curve);
        kc_point_negate(&opposite, &error);
        batch.proofs[0] = wrong_by(&batch.items[0], &nothing, &nothing); /* by nothing: right */
        assert_int_equal(verify_batch(&batch, BATCH, &wrong), KC_OK);
        batch.proofs[0] = wrong_by(&batch.items[0], &error, &nothing);
        batch.proofs[1] = wrong_by(&batch.items[1], &opposite, &nothing);
        assert_int_equal(verify_batch(&batch, BATCH, &wrong), KC_ERR_CONTRIBUTION);
        assert_int_equal(wrong, 0);
        batch.proofs[0] = batch.items[0].proof;
        batch.proofs[1] = wrong_by(&batch.items[1], &nothing, &error);
        batch.proofs[2] = wrong_by(&batch.items[2], &nothing, &opposite);
        assert_int_equal(verify_batch(&batch, BATCH, &wrong), KC_ERR_CONTRIBUTION);
        assert_int_equal(wrong, 1);
        batch.proofs[1] = wrong_by(&batch.items[1], &error, &opposite); /* one against the other */
        batch.proofs[2] = batch.items[2].proof;
        assert_int_equal(verify_batch(&batch, BATCH, &wrong), KC_ERR_CONTRIBUTION);
        assert_int_equal(wrong, 1);
    }
}

static void a_batch_of_mixed_curves_is_judged_one_by_one(void **state)
{
    (void)state;
    struct batch batch;
    size_t wrong = 77;
    make_batch(&batch, KC_CURVE_ED25519);
    struct contribution other;
    make(&other, KC_CURVE_X448);
    batch.statements[1] = other.statement;
    batch.proofs[1] = other.proof;
    assert_int_equal(verify_batch(&batch, 3, &wrong), KC_OK);
    batch.proofs[1].response = other_scalar(&other.proof.response);
    assert_int_equal(verify_batch(&batch, 3, &wrong), KC_ERR_CONTRIBUTION);
    assert_int_equal(wrong, 1);
}

/* A key agreed on by 3 of 5, with all contributions proved: the liar is named, whoever it is, and
 * without it the others' contributions are the agreement of the whole key. */
static void a_liar_among_the_holders_of_a_key_is_named(void **state)
{
    (void)state;
    static const uint32_t indices[] = {4, 1, 9, 300, 70000};
    FOR_EACH_GROUP(curve)
    {
        struct shared_key key;
        struct kc_proof_statement statements[3];
        struct kc_proof proofs[3];
        struct kc_scalar coefficients[3];
        struct kc_point peer = next_point(curve), contributions[3], right;
        uint8_t agreed[KC_POINT_SIZE_MAX], whole[KC_POINT_SIZE_MAX], random[KC_PROOF_RANDOM_SIZE];
        size_t wrong = 77;
        make_shared_key(&key, curve, 3, 5, indices);
        next_random(random, sizeof random);
        for (size_t i = 0; i < 3; i++) {
            struct kc_fresh fresh = next_fresh();
            assert_int_equal(kc_share_coefficient(&coefficients[i], curve, indices, 3, i), KC_OK);
            assert_int_equal(kc_agreement_contribute(
                                 &contributions[i], &key.shares[i], &coefficients[i], NULL, &peer),
                KC_OK);
            statements[i] = (struct kc_proof_statement){KC_PROOF_AGREEMENT, &key.publics[i],
                &coefficients[i], NULL, &peer, &contributions[i], KEY_ID, REQUEST};
            assert_int_equal(
                kc_proof_make(&proofs[i], &statements[i], &key.shares[i], &fresh), KC_OK);
        }
        for (size_t liar = 0; liar < 3; liar++) {
            right = contributions[liar];
            contributions[liar] = other_point(&right);
            assert_int_equal(
                kc_proof_verify_batch(statements, proofs, 3, random, &wrong), KC_ERR_CONTRIBUTION);
            assert_int_equal(wrong, liar);
            contributions[liar] = right;
        }
        assert_int_equal(kc_proof_verify_batch(statements, proofs, 3, random, &wrong), KC_OK);
        assert_int_equal(kc_agreement_combine(agreed, contributions, 3), KC_OK);
        assert_int_equal(kc_agreement_agree(whole, &key.secret, &peer), KC_OK);
        assert_memory_equal(agreed, whole, kc_curve_info(curve)->agreed_size);
    }
}

static size_t write_proof(uint8_t *bytes, const struct kc_proof *proof)
{
    struct kc_writer w;
    kc_writer_init(&w, bytes, KC_PROOF_SIZE_MAX);
    kc_proof_write(&w, proof);
    assert_int_equal(kc_writer_finish(&w), KC_OK);
    return w.size;
}

static void a_proof_is_read_as_it_was_written(void **state)
{
    (void)state;
    FOR_EACH_GROUP(curve)
    {
        struct contribution c;
        struct kc_proof read;
        uint8_t bytes[KC_PROOF_SIZE_MAX];
        struct kc_reader r;
        make(&c, curve);
        size_t size = write_proof(bytes, &c.proof);
        kc_reader_init(&r, bytes, size);
        assert_int_equal(kc_proof_read(&r, curve, &read), KC_OK);
        assert_int_equal(kc_reader_finish(&r), KC_OK);
        assert_int_equal(kc_proof_verify(&c.statement, &read), KC_OK);
        for (size_t cut = 0; cut < size; cut++) {
            kc_reader_init(&r, bytes, cut);
            assert_int_equal(kc_proof_read(&r, curve, &read), KC_ERR_BAD_REQUEST);
        }
    }
}

/* (0, -1), of order two, for T1 or T2: the batch's torsion case ends at the reader. */
static void a_proof_with_a_point_of_small_order_is_not_read(void **state)
{
    (void)state;
    static const uint8_t order_two[32] = {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};
    struct contribution c;
    struct kc_proof read;
    uint8_t bytes[KC_PROOF_SIZE_MAX], altered[KC_PROOF_SIZE_MAX];
    make(&c, KC_CURVE_ED25519);
    size_t size = write_proof(bytes, &c.proof);
    for (size_t at = 0; at <= 32; at += 32) {
        struct kc_reader r;
        memcpy(altered, bytes, size);
        memcpy(altered + at, order_two, sizeof order_two);
        kc_reader_init(&r, altered, size);
        assert_int_equal(kc_proof_read(&r, KC_CURVE_ED25519, &read), KC_ERR_POINT_SMALL_ORDER);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_honest_contribution_is_proved),
        cmocka_unit_test(no_coefficient_is_one_and_no_offset_is_zero),
        cmocka_unit_test(each_part_of_the_statement_and_of_the_proof_counts),
        cmocka_unit_test(both_equations_are_needed),
        cmocka_unit_test(a_proof_of_another_curve_is_refused),
        cmocka_unit_test(the_nonce_hangs_on_everything_even_when_the_random_source_is_dead),
        cmocka_unit_test(a_batch_of_right_ones_is_right),
        cmocka_unit_test(a_batch_names_the_first_wrong_one),
        cmocka_unit_test(errors_that_cancel_without_weights_are_noticed),
        cmocka_unit_test(weights_depend_on_what_they_weigh),
        cmocka_unit_test(each_equation_of_a_batch_has_weights_of_its_own),
        cmocka_unit_test(a_batch_of_mixed_curves_is_judged_one_by_one),
        cmocka_unit_test(a_liar_among_the_holders_of_a_key_is_named),
        cmocka_unit_test(a_proof_is_read_as_it_was_written),
        cmocka_unit_test(a_proof_with_a_point_of_small_order_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
