/* SPDX-License-Identifier: Apache-2.0 */
/* custodian-root as a child of the test, which is its supervisor and its vault. */
#ifndef KC_TESTS_TPM_ROOT_CHILD_H
#define KC_TESTS_TPM_ROOT_CHILD_H

#include "custodian/root_message.h"
#include "tests/support/swtpm.h"

struct root_child {
    pid_t pid;
    int control;                           /* the supervisor's end */
    int vault;                             /* the vault's end */
    uint8_t packet[KC_ROOT_REPLY_MAX + 1]; /* the last reply */
};

/* Where the pin and the log are: in the TPM's folder. */
void root_child_path(const struct kc_swtpm *tpm, const char *name, char path[static 128]);

/* Runs custodian-root --provision to its end; returns its exit status. */
int root_child_provision(const struct kc_swtpm *tpm, const char *tcti);

/* Starts it and waits until it says that it is ready. */
void root_child_start(struct root_child *child, const struct kc_swtpm *tpm, const char *tcti);

/* The same with a short timeout_s, for a TPM that is silent. */
void root_child_start_impatient(struct root_child *child, const struct kc_swtpm *tpm);

/* Waits for its end; returns the exit status, or minus the signal. */
int root_child_wait(struct root_child *child);

/* Gives it a new end to the vault, as when the vault was restarted. */
void root_child_restart_vault(struct root_child *child);

/* Orders it to stop; returns its exit status. */
int root_child_stop(struct root_child *child);

/* One request and its reply, which must be well formed. Its payload is in child->packet. */
struct kc_root_reply root_child_ask(
    struct root_child *child, const struct kc_root_request *request);

#endif
