/* SPDX-License-Identifier: Apache-2.0 */
/* FROST on Ed448 with 2 of 3 holders, each step as bench-threshold runs it. */
#include "tests/bench/bench_threshold.h"

#include "threshold/frost.h"
#include "threshold/shamir.h"

#include <string.h>

#define HOLDERS 3
#define SIGNERS 2

static const struct kc_span session = {(const uint8_t *)"bench", 5};

/* The state after each step of a signature: what the next one starts from. */
static struct {
    struct kc_point group, publics[SIGNERS];
    struct kc_scalar shares[HOLDERS], responses[SIGNERS];
    struct kc_frost_signer signers[SIGNERS];
    struct kc_frost_nonces nonces[SIGNERS];
    struct kc_frost_commitment commitments[SIGNERS];
    struct kc_frost_package package;
} frost;

static struct kc_fresh next_fresh(void)
{
    static uint64_t counter;
    struct kc_fresh fresh = {.counter = ++counter};
    return fresh;
}

static void commit(size_t i)
{
    struct kc_fresh fresh = next_fresh();
    must(kc_frost_commit(
             &frost.nonces[i], &frost.commitments[i], &frost.signers[i], session, &fresh) == KC_OK);
}

void bench_frost_prepare(void)
{
    static const uint32_t indices[HOLDERS] = {1, 2, 3};
    struct kc_scalar secret;
    struct kc_point commitments[SIGNERS];
    uint8_t uniform[KC_UNIFORM_SIZE];
    memset(uniform, 7, sizeof uniform);
    must(kc_scalar_random(&secret, KC_CURVE_ED448, uniform) == KC_OK);
    memset(uniform, 8, sizeof uniform);
    must(kc_shamir_split(frost.shares, commitments, &secret, indices, HOLDERS, SIGNERS, uniform,
             sizeof uniform) == KC_OK);
    frost.group = commitments[0];
    for (size_t i = 0; i < SIGNERS; i++) {
        frost.signers[i] =
            (struct kc_frost_signer){KC_FROST_ED448, indices[i], &frost.shares[i], &frost.group};
        must(kc_point_multiply_base(&frost.publics[i], &frost.shares[i]) == KC_OK);
        commit(i);
    }
    frost.package = (struct kc_frost_package){frost.commitments, SIGNERS, bench_message.message};
    for (size_t i = 0; i < SIGNERS; i++) {
        struct kc_frost_nonces again = frost.nonces[i]; /* a copy is dead: the benchmark wakes it */
        again.self = &again;
        must(kc_frost_sign(
                 &frost.responses[i], &again, &frost.signers[i], session, &frost.package) == KC_OK);
    }
}

void frost_commit(const struct material *m)
{
    (void)m;
    struct kc_frost_nonces nonces;
    struct kc_frost_commitment commitment;
    struct kc_fresh fresh = next_fresh();
    must(kc_frost_commit(&nonces, &commitment, &frost.signers[0], session, &fresh) == KC_OK);
    kc_frost_nonces_wipe(&nonces);
}

void frost_sign(const struct material *m)
{
    (void)m;
    struct kc_frost_nonces again = frost.nonces[0];
    struct kc_scalar response;
    again.self = &again;
    must(kc_frost_sign(&response, &again, &frost.signers[0], session, &frost.package) == KC_OK);
}

void frost_verify_share(const struct material *m)
{
    (void)m;
    must(kc_frost_verify_share(KC_FROST_ED448, &frost.group, &frost.package, 0, &frost.publics[0],
             &frost.responses[0]) == KC_OK);
}

void frost_aggregate(const struct material *m)
{
    (void)m;
    uint8_t signature[KC_FROST_SIGNATURE_SIZE_MAX];
    size_t size;
    uint32_t culprits;
    must(kc_frost_aggregate(signature, &size, KC_FROST_ED448, &frost.group, &frost.package,
             frost.publics, frost.responses, &culprits) == KC_OK);
}
