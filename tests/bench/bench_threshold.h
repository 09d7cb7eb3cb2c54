/* SPDX-License-Identifier: Apache-2.0 */
/* What bench-threshold measures: operations of ours, and those of other libraries beside them. */
#ifndef KC_TESTS_BENCH_THRESHOLD_H
#define KC_TESTS_BENCH_THRESHOLD_H

#include "threshold/key.h"
#include "threshold/signature.h"

#include <openssl/evp.h>

#define CURVES (KC_CURVE_X448 + 1)
#define BATCH 16

/* Everything that the operations take; made once. */
struct material {
    enum kc_curve curve;
    struct kc_key key;
    struct kc_point points[BATCH];
    uint8_t encoded[BATCH][KC_POINT_SIZE_MAX];
    uint8_t scalar_bytes[KC_SCALAR_SIZE_MAX];
    uint8_t signature[KC_SIGNATURE_SIZE_MAX];
    EVP_PKEY *libcrypto;
};

extern struct material material[CURVES];
extern const struct kc_signed_message bench_message;

/* The EVP_PKEY type of a curve. */
int bench_libcrypto_type(enum kc_curve curve);

/* One operation, whole. */
typedef void bench_run(const struct material *m);

/* Ends the program if an operation failed: what is measured shall have worked. */
void must(bool right);

bench_run contribute, contribute_each, contribute_together, multiply, multiply_base, check_subgroup,
    decode, sign, verify;

/* FROST, 2 of 3, on Ed448. bench_frost_prepare makes the shares, commitments and responses. */
void bench_frost_prepare(void);
bench_run frost_commit, frost_sign, frost_verify_share, frost_aggregate;

/* OpenSSL; libsodium and libdecaf on 25519 and 448. */
bench_run openssl_sign, openssl_verify, openssl_agree, sodium_contribute, sodium_base;
#ifdef KC_WITH_DECAF
bench_run decaf25519_contribute, decaf448_contribute, decaf_multiply, decaf_base;
#endif

/* Multiplications of points that the library made so far: by the base, by a secret, and terms of sums in variable time. */
struct bench_counts {
    unsigned base, variable, terms;
};
extern struct bench_counts bench_counts;

#endif
