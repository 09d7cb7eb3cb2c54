/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures by two parties: what comes out verifies, and each way of going wrong is
 * refused and leaves no nonce. */
#include "tests/threshold/support.h"

#include "threshold/share.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* A key, split in two, with what each party has in its record. */
struct parties {
    enum kc_curve curve;
    struct kc_scalar shares[2], coefficients[2];
    struct kc_point group, own[2], weighted[2];
    uint8_t group_bytes[KC_POINT_SIZE_MAX], own_bytes[2][KC_POINT_SIZE_MAX];
    struct kc_signer first, second;
    struct kc_signature_commitment commitment;
};

static struct kc_signer signer_of(const struct parties *p, int i)
{
    return (struct kc_signer){
        .share = &p->shares[i], .own = p->own_bytes[i], .group = p->group_bytes};
}

static void finish_setup(struct parties *p)
{
    for (int i = 0; i < 2; i++) {
        p->own[i] = base_times(&p->shares[i]);
        kc_point_encode(&p->own[i], p->own_bytes[i]);
        assert_int_equal(
            kc_point_multiply(&p->weighted[i], &p->coefficients[i], &p->own[i]), KC_OK);
    }
    assert_int_equal(kc_point_sum(&p->group, p->weighted, 2), KC_OK);
    kc_point_encode(&p->group, p->group_bytes);
    p->first = signer_of(p, 0);
    p->second = signer_of(p, 1);
}

static void split_key(struct parties *p, enum kc_curve curve)
{
    *p = (struct parties){.curve = curve};
    for (int i = 0; i < 2; i++) {
        p->shares[i] = next_scalar(curve);
        p->coefficients[i] = small_scalar(curve, 1);
    }
    finish_setup(p);
}

/* Two of three Shamir shares, by their coefficients. */
static void split_key_by_shamir(struct parties *p, enum kc_curve curve)
{
    static const uint32_t indices[] = {1, 3};
    struct kc_scalar secret = next_scalar(curve), slope = next_scalar(curve);
    *p = (struct parties){.curve = curve};
    for (size_t i = 0; i < 2; i++) {
        struct kc_scalar x = small_scalar(curve, indices[i]);
        kc_scalar_multiply(&p->shares[i], &slope, &x);
        kc_scalar_add(&p->shares[i], &p->shares[i], &secret);
        assert_int_equal(kc_share_coefficient(&p->coefficients[i], curve, indices, 2, i), KC_OK);
    }
    finish_setup(p);
    p->first.coefficient = &p->coefficients[0];
    p->second.coefficient = &p->coefficients[1];
    struct kc_point whole = base_times(&secret);
    assert_true(kc_point_equal(&whole, &p->group));
}

static struct kc_signature_contribution exchange(
    struct parties *p, const struct kc_signed_message *message)
{
    struct kc_fresh one = next_fresh(), two = next_fresh();
    struct kc_signature_contribution contribution;
    struct kc_point first;
    assert_int_equal(kc_signature_open(&p->commitment, &first, &p->first, message, &one), KC_OK);
    assert_int_equal(
        kc_signature_contribute(&contribution, &p->second, &first, message, &two), KC_OK);
    return contribution;
}

static enum kc_error finish(uint8_t *signature, struct parties *p,
    const struct kc_signed_message *message, const struct kc_signature_contribution *contribution)
{
    return kc_signature_finish(
        signature, &p->commitment, &p->first, &p->group, message, contribution, &p->weighted[1]);
}

static void assert_no_nonce_left(const struct kc_signature_commitment *commitment)
{
    static const struct kc_signature_commitment nothing;
    assert_memory_equal(commitment, &nothing, sizeof nothing);
}

static const enum kc_curve signing_curves[] = {KC_CURVE_ED25519, KC_CURVE_ED448};

#define FOR_EACH_SIGNING_CURVE(p)                                                                  \
    for (size_t c_ = 0; c_ < 2 && (split_key(p, signing_curves[c_]), true); c_++)

static void both_together_sign_in_every_variant(void **state)
{
    (void)state;
    static struct parties p;
    for (int variant = 0; variant < 8; variant++) {
        enum kc_curve curve = signing_curves[variant & 1];
        size_t size = kc_curve_info(curve)->signature_size;
        struct kc_signed_message message = plain_message("octets");
        message.prehash = variant & 2;
        message.has_context = variant & 4;
        for (int round = 0; round < 6; round++) {
            (round % 2 ? split_key_by_shamir : split_key)(&p, curve);
            if (message.has_context)
                message.context = (struct kc_span){(const uint8_t *)"context", round == 0 ? 0 : 7};
            struct kc_signature_contribution contribution = exchange(&p, &message);
            uint8_t signature[KC_SIGNATURE_SIZE_MAX];
            assert_int_equal(finish(signature, &p, &message, &contribution), KC_OK);
            assert_int_equal(kc_signature_verify(&p.group, &message, signature, size), KC_OK);
            assert_no_nonce_left(&p.commitment);
        }
    }
}

static void a_wrong_contribution_names_the_second_party(void **state)
{
    (void)state;
    static struct parties p;
    struct kc_signed_message message = plain_message("octets");
    FOR_EACH_SIGNING_CURVE(&p)
    {
        uint8_t signature[KC_SIGNATURE_SIZE_MAX] = {0x55};
        struct kc_signature_contribution contribution = exchange(&p, &message);
        struct kc_scalar one = small_scalar(p.curve, 1);
        kc_scalar_add(&contribution.response, &contribution.response, &one);
        assert_int_equal(finish(signature, &p, &message, &contribution), KC_ERR_CONTRIBUTION);
        assert_no_nonce_left(&p.commitment);

        contribution = exchange(&p, &message);
        contribution.commitment = p.group;
        assert_int_equal(finish(signature, &p, &message, &contribution), KC_ERR_CONTRIBUTION);

        contribution = exchange(&p, &message);
        kc_scalar_add(&contribution.response, &contribution.response, &one);
        assert_int_equal(kc_signature_finish(signature, &p.commitment, &p.first, &p.group, &message,
                             &contribution, NULL),
            KC_ERR_SIGNATURE); /* nobody to name */
        assert_int_equal(signature[0], 0x55);
    }
}

static void a_wrong_share_of_ones_own_blames_nobody(void **state)
{
    (void)state;
    static struct parties p;
    struct kc_signed_message message = plain_message("octets");
    FOR_EACH_SIGNING_CURVE(&p)
    {
        uint8_t signature[KC_SIGNATURE_SIZE_MAX] = {0x55};
        p.shares[0] = next_scalar(p.curve);
        struct kc_signature_contribution contribution = exchange(&p, &message);
        assert_int_equal(finish(signature, &p, &message, &contribution), KC_ERR_SIGNATURE);
        assert_no_nonce_left(&p.commitment);
        assert_int_equal(signature[0], 0x55);
    }
}

static void a_commitment_is_used_once(void **state)
{
    (void)state;
    static struct parties p;
    struct kc_signed_message message = plain_message("octets");
    FOR_EACH_SIGNING_CURVE(&p)
    {
        uint8_t signature[KC_SIGNATURE_SIZE_MAX];
        struct kc_signature_contribution contribution = exchange(&p, &message);
        assert_int_equal(finish(signature, &p, &message, &contribution), KC_OK);
        assert_int_equal(finish(signature, &p, &message, &contribution), KC_ERR_SESSION);
        contribution = exchange(&p, &message);
        kc_signature_commitment_wipe(&p.commitment); /* abort */
        assert_no_nonce_left(&p.commitment);
        assert_int_equal(finish(signature, &p, &message, &contribution), KC_ERR_SESSION);
    }
}

static void a_copy_of_a_commitment_is_dead(void **state)
{
    (void)state;
    static struct parties p;
    struct kc_signed_message message = plain_message("octets");
    FOR_EACH_SIGNING_CURVE(&p)
    {
        uint8_t signature[KC_SIGNATURE_SIZE_MAX];
        struct kc_signature_contribution contribution = exchange(&p, &message);
        struct kc_signature_commitment copy = p.commitment;
        assert_int_equal(kc_signature_finish(signature, &copy, &p.first, &p.group, &message,
                             &contribution, &p.weighted[1]),
            KC_ERR_SESSION);
        assert_no_nonce_left(&copy);
    }
}

static void a_commitment_serves_only_what_it_was_opened_for(void **state)
{
    (void)state;
    static struct parties p;
    static struct kc_scalar other_scalar;
    for (int change = 0; change < 7; change++) {
        FOR_EACH_SIGNING_CURVE(&p)
        {
            struct kc_signed_message message = plain_message("octets"), changed = message;
            struct kc_signer signer = p.first;
            uint8_t signature[KC_SIGNATURE_SIZE_MAX], bytes[KC_POINT_SIZE_MAX] = {1};
            struct kc_signature_contribution contribution = exchange(&p, &message);
            other_scalar = next_scalar(p.curve);
            if (change == 0)
                changed = plain_message("octetS");
            else if (change == 1)
                changed.has_context = true;
            else if (change == 2)
                changed.prehash = true;
            else if (change == 3)
                signer.share = &other_scalar;
            else if (change == 4)
                signer.coefficient = &other_scalar;
            else if (change == 5)
                signer.group = bytes;
            else
                signer.own = bytes;
            assert_int_equal(kc_signature_finish(signature, &p.commitment, &signer, &p.group,
                                 &changed, &contribution, &p.weighted[1]),
                KC_ERR_SESSION);
            assert_no_nonce_left(&p.commitment);
        }
    }
}

static void a_second_r_that_cancels_the_first_is_refused(void **state)
{
    (void)state;
    static struct parties p;
    struct kc_signed_message message = plain_message("octets");
    FOR_EACH_SIGNING_CURVE(&p)
    {
        uint8_t signature[KC_SIGNATURE_SIZE_MAX];
        struct kc_fresh fresh = next_fresh();
        struct kc_signature_contribution contribution = {.response = p.shares[1]};
        struct kc_point first;
        assert_int_equal(
            kc_signature_open(&p.commitment, &first, &p.first, &message, &fresh), KC_OK);
        kc_point_negate(&contribution.commitment, &first);
        assert_int_equal(finish(signature, &p, &message, &contribution), KC_ERR_POINT_SMALL_ORDER);
        assert_no_nonce_left(&p.commitment);
    }
}

static void refuses_parties_of_other_curves_and_zero_scalars(void **state)
{
    (void)state;
    static struct parties p;
    struct kc_signed_message message = plain_message("octets");
    struct kc_fresh fresh = next_fresh();
    FOR_EACH_SIGNING_CURVE(&p)
    {
        struct kc_scalar zero = small_scalar(p.curve, 0), foreign = next_scalar(KC_CURVE_X448);
        struct kc_point out, foreign_point = base_times(&foreign);
        struct kc_signature_contribution contribution;
        struct kc_signer signer = p.first;
        signer.share = &zero;
        assert_int_equal(
            kc_signature_open(&p.commitment, &out, &signer, &message, &fresh), KC_ERR_SCALAR_RANGE);
        assert_no_nonce_left(&p.commitment);
        signer = p.second;
        signer.coefficient = &zero;
        assert_int_equal(
            kc_signature_contribute(&contribution, &signer, &p.group, &message, &fresh),
            KC_ERR_SCALAR_RANGE);
        signer.coefficient = &foreign;
        assert_int_equal(
            kc_signature_contribute(&contribution, &signer, &p.group, &message, &fresh),
            KC_ERR_BAD_ALGORITHM);
        assert_int_equal(
            kc_signature_contribute(&contribution, &p.second, &foreign_point, &message, &fresh),
            KC_ERR_BAD_ALGORITHM);
        signer.share = &foreign;
        assert_int_equal(kc_signature_open(&p.commitment, &out, &signer, &message, &fresh),
            KC_ERR_BAD_ALGORITHM);
        foreign.curve = (enum kc_curve)99;
        assert_int_equal(kc_signature_open(&p.commitment, &out, &signer, &message, &fresh),
            KC_ERR_BAD_ALGORITHM);
    }
}

/* A contribution whose parts are of another curve, and keys that are. */
static void a_contribution_of_another_curve_is_refused(void **state)
{
    (void)state;
    static struct parties p;
    struct kc_signed_message message = plain_message("octets");
    FOR_EACH_SIGNING_CURVE(&p)
    for (int part = 0; part < 4; part++) {
        enum kc_curve other = p.curve == KC_CURVE_ED448 ? KC_CURVE_ED25519 : KC_CURVE_ED448;
        struct kc_scalar foreign = next_scalar(other);
        struct kc_point foreign_point = base_times(&foreign);
        uint8_t signature[KC_SIGNATURE_SIZE_MAX];
        struct kc_signature_contribution contribution = exchange(&p, &message);
        if (part == 0)
            contribution.commitment = foreign_point;
        else if (part == 1)
            contribution.response = foreign;
        assert_int_equal(kc_signature_finish(signature, &p.commitment, &p.first,
                             part == 2 ? &foreign_point : &p.group, &message, &contribution,
                             part == 3 ? &foreign_point : &p.weighted[1]),
            KC_ERR_BAD_ALGORITHM);
        assert_no_nonce_left(&p.commitment);
    }
}

/* The answer to an earlier R. */
static void a_replayed_contribution_names_the_second_party(void **state)
{
    (void)state;
    static struct parties p;
    struct kc_signed_message message = plain_message("octets");
    FOR_EACH_SIGNING_CURVE(&p)
    {
        uint8_t signature[KC_SIGNATURE_SIZE_MAX];
        struct kc_signature_contribution earlier = exchange(&p, &message);
        (void)exchange(&p, &message);
        assert_int_equal(finish(signature, &p, &message, &earlier), KC_ERR_CONTRIBUTION);
        assert_no_nonce_left(&p.commitment);
    }
}

/* The second party keeps no state: what it answers to the same R twice are two nonces. */
static void a_replayed_first_message_gets_another_nonce(void **state)
{
    (void)state;
    static struct parties p;
    struct kc_signed_message message = plain_message("octets");
    FOR_EACH_SIGNING_CURVE(&p)
    {
        struct kc_signature_contribution once, again;
        struct kc_fresh fresh = {.counter = 1}; /* a dead random source */
        assert_int_equal(
            kc_signature_contribute(&once, &p.second, &p.group, &message, &fresh), KC_OK);
        fresh.counter++;
        assert_int_equal(
            kc_signature_contribute(&again, &p.second, &p.group, &message, &fresh), KC_OK);
        assert_false(kc_point_equal(&once.commitment, &again.commitment));
    }
}

/* In memory that a fork does not inherit, as the vault's is; elsewhere both would have the nonce. */
static void a_fork_has_no_nonce_of_its_parents(void **state)
{
    (void)state;
    static struct parties p;
    struct kc_signed_message message = plain_message("octets");
    split_key(&p, KC_CURVE_ED25519);
    struct kc_signature_commitment *open =
        mmap(NULL, sizeof *open, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(open, MAP_FAILED);
    assert_int_equal(madvise(open, sizeof *open, MADV_WIPEONFORK), 0);
    struct kc_fresh one = next_fresh(), two = next_fresh();
    struct kc_signature_contribution contribution;
    struct kc_point first;
    uint8_t signature[KC_SIGNATURE_SIZE_MAX];
    assert_int_equal(kc_signature_open(open, &first, &p.first, &message, &one), KC_OK);
    assert_int_equal(
        kc_signature_contribute(&contribution, &p.second, &first, &message, &two), KC_OK);
    fflush(NULL);
    pid_t child = fork();
    assert_int_not_equal(child, -1);
    if (child == 0)
        _exit(kc_signature_finish(signature, open, &p.first, &p.group, &message, &contribution,
                  &p.weighted[1]) == KC_ERR_SESSION
                  ? 0
                  : 1);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
    assert_int_equal(kc_signature_finish(signature, open, &p.first, &p.group, &message,
                         &contribution, &p.weighted[1]),
        KC_OK);
    munmap(open, sizeof *open);
}

/* The inputs of a nonce; each change of one must give another R. */
struct inputs {
    struct kc_signer signer;
    struct kc_point first;
    struct kc_signed_message message;
    struct kc_fresh fresh;
};

static struct kc_point point_of_first(const struct inputs *in)
{
    struct kc_signature_commitment commitment = {0};
    struct kc_point point;
    assert_int_equal(
        kc_signature_open(&commitment, &point, &in->signer, &in->message, &in->fresh), KC_OK);
    kc_signature_commitment_wipe(&commitment);
    return point;
}

static struct kc_point point_of_second(const struct inputs *in)
{
    struct kc_signature_contribution contribution;
    assert_int_equal(
        kc_signature_contribute(&contribution, &in->signer, &in->first, &in->message, &in->fresh),
        KC_OK);
    return contribution.commitment;
}

#define CHANGES 9

static void change_input(struct inputs *in, int which, const struct parties *p)
{
    static const uint8_t other_point[KC_POINT_SIZE_MAX] = {1};
    switch (which) {
    case 0:
        in->fresh.counter++;
        break;
    case 1:
        in->fresh.random[KC_FRESH_RANDOM_SIZE - 1] ^= 1;
        break;
    case 2:
        in->message.message.size--;
        break;
    case 3:
        in->message.has_context = true;
        break;
    case 4:
        in->message.prehash = true;
        break;
    case 5:
        in->signer.share = &p->shares[1];
        break;
    case 6:
        in->signer.coefficient = &p->coefficients[0]; /* 1: the same equation, another request */
        break;
    case 7:
        in->signer.own = other_point;
        break;
    default:
        in->signer.group = other_point;
    }
}

/* Rule: a random source that fails and repeats does not repeat a nonce, unless
 * every input is the same too. */
static void every_input_changes_the_nonce(void **state)
{
    (void)state;
    static struct parties p;
    FOR_EACH_SIGNING_CURVE(&p)
    {
        const struct inputs in = {.signer = p.first,
            .first = p.own[1],
            .message = plain_message("octets"),
            .fresh = next_fresh()};
        struct kc_point first = point_of_first(&in), again = point_of_first(&in);
        struct kc_point second = point_of_second(&in);
        assert_true(kc_point_equal(&first, &again));
        assert_false(kc_point_equal(&first, &second)); /* the step itself is an input */
        for (int which = 0; which < CHANGES; which++) {
            struct inputs changed = in;
            change_input(&changed, which, &p);
            struct kc_point other = point_of_first(&changed);
            assert_false(kc_point_equal(&first, &other));
            other = point_of_second(&changed);
            assert_false(kc_point_equal(&second, &other));
        }
        struct inputs changed = in;
        changed.first = p.group;
        struct kc_point other = point_of_second(&changed);
        assert_false(kc_point_equal(&second, &other));
        /* Not only whether there is a coefficient: which one. */
        changed = in;
        changed.signer.coefficient = &p.coefficients[0];
        second = point_of_second(&changed);
        changed.signer.coefficient = &p.shares[1];
        other = point_of_second(&changed);
        assert_false(kc_point_equal(&second, &other));
    }
}

/* A whole key's signature and a first party's commitment, all inputs the same: what
 * they are for is an input. */
static void what_a_nonce_is_for_changes_it(void **state)
{
    (void)state;
    static struct parties p;
    struct kc_signed_message message = plain_message("octets");
    const struct kc_fresh fresh = next_fresh();
    FOR_EACH_SIGNING_CURVE(&p)
    {
        size_t size = kc_curve_info(p.curve)->point_size;
        struct kc_key key;
        uint8_t signature[KC_SIGNATURE_SIZE_MAX], r[KC_POINT_SIZE_MAX];
        assert_int_equal(kc_key_from_scalar(&key, &p.shares[0]), KC_OK);
        assert_int_equal(kc_signature_sign(signature, &key, &message, &fresh), KC_OK);
        struct kc_signer signer = p.first;
        signer.group = signer.own;
        struct kc_point first;
        assert_int_equal(
            kc_signature_open(&p.commitment, &first, &signer, &message, &fresh), KC_OK);
        kc_point_encode(&first, r);
        assert_memory_not_equal(r, signature, size);
    }
}

static void refuses_a_context_that_is_not_announced_or_too_long(void **state)
{
    (void)state;
    static const uint8_t context[KC_CONTEXT_SIZE_MAX + 1];
    static struct parties p;
    const struct kc_fresh fresh = next_fresh();
    FOR_EACH_SIGNING_CURVE(&p)
    {
        for (int announced = 0; announced < 2; announced++) {
            struct kc_signed_message message = plain_message("octets");
            message.has_context = announced;
            message.context = (struct kc_span){context, announced ? sizeof context : 1};
            struct kc_signature_contribution contribution;
            struct kc_point first;
            assert_int_equal(kc_signature_open(&p.commitment, &first, &p.first, &message, &fresh),
                KC_ERR_BAD_ARGUMENT);
            assert_no_nonce_left(&p.commitment);
            assert_int_equal(
                kc_signature_contribute(&contribution, &p.second, &p.group, &message, &fresh),
                KC_ERR_BAD_ARGUMENT);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_together_sign_in_every_variant),
        cmocka_unit_test(a_wrong_contribution_names_the_second_party),
        cmocka_unit_test(a_wrong_share_of_ones_own_blames_nobody),
        cmocka_unit_test(a_commitment_is_used_once),
        cmocka_unit_test(a_copy_of_a_commitment_is_dead),
        cmocka_unit_test(a_commitment_serves_only_what_it_was_opened_for),
        cmocka_unit_test(a_second_r_that_cancels_the_first_is_refused),
        cmocka_unit_test(refuses_parties_of_other_curves_and_zero_scalars),
        cmocka_unit_test(a_contribution_of_another_curve_is_refused),
        cmocka_unit_test(a_replayed_contribution_names_the_second_party),
        cmocka_unit_test(a_replayed_first_message_gets_another_nonce),
        cmocka_unit_test(a_fork_has_no_nonce_of_its_parents),
        cmocka_unit_test(every_input_changes_the_nonce),
        cmocka_unit_test(what_a_nonce_is_for_changes_it),
        cmocka_unit_test(refuses_a_context_that_is_not_announced_or_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
