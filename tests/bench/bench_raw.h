/* SPDX-License-Identifier: Apache-2.0 */
/* The same operations in this process, on one thread: what the vault computes, without the way. */
#ifndef KC_TESTS_BENCH_RAW_H
#define KC_TESTS_BENCH_RAW_H

#include "tests/bench/bench_setup.h"
#include "threshold/point.h"
#include "threshold/scalar.h"

#include <openssl/evp.h>

/* A share or a key of this process's own, for one subject. */
struct kc_raw {
    const struct kc_subject *subject;
    EVP_PKEY *key, *peer; /* of a whole key; kept until the program ends */
    struct kc_scalar share;
    uint8_t own[KC_POINT_SIZE_MAX], group[KC_POINT_SIZE_MAX];
    uint64_t counter;
};

void kc_raw_init(struct kc_raw *raw, const struct kc_subject *subject);

/* Reads and validates the point of the request, makes the contribution, writes it; with a whole key:
 * what libcrypto does, its point read before. */
void kc_raw_run(struct kc_raw *raw);

/* A random point of the curve's group, encoded. */
void kc_bench_random_point(enum kc_curve curve, uint8_t out[static KC_POINT_SIZE_MAX]);

#endif
