/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A custodian of a test's own: the real daemon, on a software TPM or a software HSM, in a fresh
 * folder below /tmp.
 * The user who runs the test may do everything. What fails here aborts the test program; the daemon
 * and the TPM die with it.
 */
#ifndef KC_TESTS_SUPPORT_CUSTODIAN_H
#define KC_TESTS_SUPPORT_CUSTODIAN_H

#include "tests/support/softhsm.h"
#include "tests/support/swtpm.h"

struct kc_custodian {
    struct kc_swtpm tpm; /* one of these two, or both */
    struct kc_softhsm hsm;
    bool has_tpm, has_hsm, is_without_tpm;
    char keyrings[64];
    char folder[64];
    char socket[96]; /* folder/socket: where it answers */
    char config[96]; /* folder/custodian.conf: may be rewritten while it does not run */
    char log[96];    /* folder/log: what it writes to standard error */
    pid_t pid;       /* of the supervisor; 0: not running */
};

/*
 * Makes folder and configuration, provisions and starts; it answers when this returns.
 *
 * keyrings  as in the configuration: "\"home\", \"work\""
 */
void kc_custodian_init(struct kc_custodian *custodian, const char *keyrings);

/* The same on SoftHSM, whose environment variable the daemon does not inherit. */
void kc_custodian_init_softhsm(struct kc_custodian *custodian, const char *keyrings);

/* The same with two roots: "main", the TPM, and beside it "hsm", the token. */
void kc_custodian_init_both(struct kc_custodian *custodian, const char *keyrings);

/* Of one with two roots, while it does not run: takes the TPM out of the configuration; the token is
 * its only root, under its name. */
void kc_custodian_without_tpm(struct kc_custodian *custodian);

/* Stops it, and removes everything. */
void kc_custodian_done(struct kc_custodian *custodian);

/* Stops it in order, and starts it again on the same store and TPM. */
void kc_custodian_stop(struct kc_custodian *custodian);
void kc_custodian_start(struct kc_custodian *custodian);

/* The same with a client, which is freed before and is NULL until it connects again. */
struct kc_client;
void kc_custodian_stop_with(struct kc_custodian *custodian, struct kc_client **client);
void kc_custodian_start_with(struct kc_custodian *custodian, struct kc_client **client);
void kc_custodian_restart_with(struct kc_custodian *custodian, struct kc_client **client);

#endif
