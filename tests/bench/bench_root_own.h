/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bench-root measures of a root, whichever hardware it has: its operations, on a blob and two
 * resident keys of its own. Whatever fails ends the program.
 */
#ifndef KC_TESTS_BENCH_ROOT_OWN_H
#define KC_TESTS_BENCH_ROOT_OWN_H

#include "tpm/root.h"

struct kc_bench_own {
    struct kc_root *root;
    struct kc_root_made signer, agreer;
    uint8_t blob[KC_ROOT_BLOB_MAX];
    size_t blob_size;
};

/* What is sealed, and what is signed. */
extern uint8_t kc_bench_sealed_key[KC_ROOT_KEY_SIZE];

/*
 * make  a root of the hardware, not provisioned yet if there is no name
 */
void kc_bench_own_init(struct kc_bench_own *bench,
    struct kc_root *(*make)(void *context, const uint8_t *name), void *context);
void kc_bench_own_done(struct kc_bench_own *bench);
void kc_bench_own_seal(void *bench);
void kc_bench_own_unseal(void *bench);
void kc_bench_own_random(void *bench);
void kc_bench_own_sign(void *bench);
void kc_bench_own_agree(void *bench);

/* Ends the program if a step failed. */
void kc_bench_root_must(bool right, const char *step);

#endif
