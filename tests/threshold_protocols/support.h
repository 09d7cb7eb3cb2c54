/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the protocols share besides what those of the groups do: shared keys. */
#ifndef KC_TESTS_THRESHOLD_PROTOCOLS_SUPPORT_H
#define KC_TESTS_THRESHOLD_PROTOCOLS_SUPPORT_H

#include "tests/threshold/support.h"

#define FOR_EACH_GROUP(curve)                                                                      \
    for (enum kc_curve curve = KC_CURVE_ED25519; curve <= KC_CURVE_P256;                           \
         curve = (enum kc_curve)(curve + 1))

struct kc_point next_point(enum kc_curve curve);

/* The point and one more base point: valid, and wrong. */
struct kc_point other_point(const struct kc_point *point);
struct kc_scalar other_scalar(const struct kc_scalar *scalar);

/* A secret key with Shamir shares of it at chosen indices. */
#define HOLDERS_MAX 16
struct shared_key {
    struct kc_scalar secret;
    struct kc_point group;
    size_t threshold, count;
    uint32_t indices[HOLDERS_MAX];
    struct kc_scalar shares[HOLDERS_MAX];
    struct kc_point commitments[HOLDERS_MAX]; /* threshold of them */
    struct kc_point publics[HOLDERS_MAX];     /* verification shares */
};

/* indices NULL: 1..count */
void make_shared_key(struct shared_key *key, enum kc_curve curve, size_t threshold, size_t count,
    const uint32_t *indices);

#endif
