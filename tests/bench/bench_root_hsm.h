/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bench-root measures on SoftHSM: the root, and the bare PKCS#11 calls that do the
 * same work, in the same process and token. Whatever fails ends the program.
 */
#ifndef KC_TESTS_BENCH_ROOT_HSM_H
#define KC_TESTS_BENCH_ROOT_HSM_H

#include "tests/bench/bench_root_own.h"
#include "tests/support/softhsm.h"

#include <p11-kit/pkcs11.h>

struct kc_bench_hsm {
    struct kc_softhsm softhsm;
    struct kc_bench_own own;

    void *module;
    CK_FUNCTION_LIST *calls;
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE key;
    uint8_t sealed[128];
    CK_ULONG sealed_size;
    CK_OBJECT_HANDLE signing_key, agreeing_key; /* the objects of the same */
};

void kc_bench_hsm_init(struct kc_bench_hsm *bench);
void kc_bench_hsm_done(struct kc_bench_hsm *bench);
void kc_bench_pkcs11_seal(void *bench);
void kc_bench_pkcs11_unseal(void *bench);
void kc_bench_pkcs11_random(void *bench);
void kc_bench_pkcs11_sign(void *bench);
void kc_bench_pkcs11_agree(void *bench);

#endif
