/* SPDX-License-Identifier: Apache-2.0 */
/* FROST with an adversary at each message, and nonces that are wanted twice. */
#include "tests/threshold_protocols/frost_world.h"

#include "threshold/frost_suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* In memory that a fork does not inherit, as the vault's is; elsewhere both would have them. */
static void a_fork_has_no_nonces_of_its_parents(void **state)
{
    (void)state;
    struct signing s;
    struct kc_frost_nonces *nonces =
        mmap(NULL, sizeof *nonces, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(nonces, MAP_FAILED);
    assert_int_equal(madvise(nonces, sizeof *nonces, MADV_WIPEONFORK), 0);
    struct kc_fresh fresh = next_fresh();
    round_one(&s, KC_FROST_ED25519);
    assert_int_equal(
        kc_frost_commit(nonces, &s.commitments[0], &s.signers[0], SESSION, &fresh), KC_OK);
    fflush(NULL);
    pid_t child = fork();
    assert_int_not_equal(child, -1);
    if (child == 0)
        _exit(kc_frost_sign(&s.responses[0], nonces, &s.signers[0], SESSION, &s.package) ==
                      KC_ERR_SESSION
                  ? 0
                  : 1);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
    assert_int_equal(
        kc_frost_sign(&s.responses[0], nonces, &s.signers[0], SESSION, &s.package), KC_OK);
    munmap(nonces, sizeof *nonces);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_share_under_another_suite_is_wrong),
        cmocka_unit_test(every_wrong_share_is_named),
        cmocka_unit_test(commitments_that_differ_between_signers_make_no_signature),
        cmocka_unit_test(a_message_that_differs_between_signers_makes_no_signature),
        cmocka_unit_test(a_replayed_share_is_named),
        cmocka_unit_test(nonces_are_consumed_and_wiped_on_every_path),
        cmocka_unit_test(a_copy_of_nonces_is_dead),
        cmocka_unit_test(a_fork_has_no_nonces_of_its_parents),
        cmocka_unit_test(nonces_that_are_wiped_do_not_sign),
        cmocka_unit_test(nonces_differ_if_anything_does),
        cmocka_unit_test(signers_without_index_session_or_of_another_curve_are_refused),
        cmocka_unit_test(lists_that_are_none_are_refused_by_who_aggregates),
        cmocka_unit_test(verification_shares_of_another_key_are_told_apart_from_wrong_responses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
