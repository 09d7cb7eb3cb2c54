/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A software TPM of a test's own: its state and its socket are in a fresh folder below /tmp.
 *
 * Any user can connect. It serves one connection at a time; a second client waits for the first to
 * go. It dies with the test.
 */
#ifndef KC_TESTS_SUPPORT_SWTPM_H
#define KC_TESTS_SUPPORT_SWTPM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct kc_swtpm {
    char folder[64];
    char socket[96]; /* folder/tpm */
    char tcti[112];  /* swtpm:path=SOCKET: for the custodian and for tpm2-tools */
    pid_t pid;       /* 0: not running */
};

/* Makes the folder and starts the TPM; returns when it accepts connections. Aborts the test program
 * if that fails. */
void kc_swtpm_init(struct kc_swtpm *tpm);

/* Stops it and removes the folder. */
void kc_swtpm_done(struct kc_swtpm *tpm);

/* Kills it; start brings it back with the same state. */
void kc_swtpm_kill(struct kc_swtpm *tpm);
void kc_swtpm_start(struct kc_swtpm *tpm);

/* Throws the state away while it is not running: the next start is another TPM. */
void kc_swtpm_forget(struct kc_swtpm *tpm);

/* Stops it from running without closing anything (SIGSTOP), and lets it go on. */
void kc_swtpm_freeze(struct kc_swtpm *tpm);
void kc_swtpm_thaw(struct kc_swtpm *tpm);

/* Runs a shell command in the folder with tpm2-tools set up for this TPM; whether it exits 0. Its
 * output is dropped. */
bool kc_swtpm_run(struct kc_swtpm *tpm, const char *command);

/* Counts the lines that a command writes to stdout. */
size_t kc_swtpm_count_lines(struct kc_swtpm *tpm, const char *command);

#endif
