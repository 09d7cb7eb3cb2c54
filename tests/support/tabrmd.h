/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The resource manager tpm2-abrmd before a test's software TPM, on a D-Bus of its own, which is the
 * system's bus for this process and its children. What fails here aborts the test program.
 */
#ifndef KC_TESTS_SUPPORT_TABRMD_H
#define KC_TESTS_SUPPORT_TABRMD_H

#include "tests/support/swtpm.h"

struct kc_tabrmd {
    struct kc_swtpm *tpm;
    char bus[128]; /* its address */
};

/* Any user can use it. It answers when this returns. */
void kc_tabrmd_start(struct kc_tabrmd *tabrmd, struct kc_swtpm *tpm);
void kc_tabrmd_stop(struct kc_tabrmd *tabrmd);

#endif
