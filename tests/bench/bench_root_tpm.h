/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bench-root measures on a software TPM: the root, and the bare calls of the
 * library's ESAPI that do the same work: with an empty password, and with a salted session that
 * encrypts. Each has a software TPM of its own, as one serves one connection. Whatever fails ends
 * the program.
 */
#ifndef KC_TESTS_BENCH_ROOT_TPM_H
#define KC_TESTS_BENCH_ROOT_TPM_H

#include "tests/bench/bench_root_own.h"
#include "tests/support/swtpm.h"
#include "tpm/command.h"

#include <tss2/tss2_esys.h>

/* A root on a TPM. */
struct kc_bench_tpm {
    struct kc_swtpm swtpm;
    struct kc_bench_own own;
};

void kc_bench_tpm_init(struct kc_bench_tpm *bench);
void kc_bench_tpm_done(struct kc_bench_tpm *bench);

/* The library on a TPM. */
struct kc_bench_esys {
    struct kc_swtpm swtpm;
    TSS2_TCTI_CONTEXT *tcti;
    ESYS_CONTEXT *esys;
    ESYS_TR srk, key;
    TPM2B_ECC_POINT peer; /* who is agreed with */
    ESYS_TR authority;    /* ESYS_TR_PASSWORD, or a session */
    TPM2B_PUBLIC *public;
    TPM2B_PRIVATE *private;
};

/* use: of its key, to sign or to agree; beside it and what is opened a TPM has no room for more. */
void kc_bench_esys_init(struct kc_bench_esys *bench, bool with_session, enum kc_use use);
void kc_bench_esys_done(struct kc_bench_esys *bench);
void kc_bench_esys_seal(void *bench);
void kc_bench_esys_unseal(void *bench);
void kc_bench_esys_random(void *bench);
void kc_bench_esys_sign(void *bench);
void kc_bench_esys_agree(void *bench);

#endif
