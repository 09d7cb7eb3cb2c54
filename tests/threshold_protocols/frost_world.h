/* SPDX-License-Identifier: Apache-2.0 */
/* Three of five holders of a key who sign with FROST, and what the coordinator has of them. */
#ifndef KC_TESTS_THRESHOLD_PROTOCOLS_FROST_WORLD_H
#define KC_TESTS_THRESHOLD_PROTOCOLS_FROST_WORLD_H

#include "tests/threshold_protocols/support.h"

#include "threshold/frost.h"

#define SUITES 4
extern const enum kc_frost_suite suites[SUITES];

#define SIGNERS 3
#define SESSION ((struct kc_span){(const uint8_t *)"session 1", 9})
#define MESSAGE ((struct kc_span){(const uint8_t *)"message", 7})

#define FOR_EACH_SUITE(suite)                                                                      \
    for (size_t suite##_at = 0; suite##_at < SUITES; suite##_at++)                                 \
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

enum kc_curve curve_of(enum kc_frost_suite suite);

/* A new key, and everybody's commitments. */
void round_one(struct signing *s, enum kc_frost_suite suite);

/* One signer's share, into the responses; and everybody's, each of which succeeds. */
enum kc_error sign(struct signing *s, size_t i);
void round_two(struct signing *s);

enum kc_error aggregate(struct signing *s, uint8_t *signature, uint32_t *culprits);

/* Verifies as any signature of the scheme; P-256 by its equation, as libcrypto has no verifier. */
enum kc_error verify(const struct signing *s, bool has_context, const uint8_t *signature);

#endif
