/* SPDX-License-Identifier: Apache-2.0 */
/* Other configurations than the usual one of a test's custodian. */
#ifndef KC_TESTS_FAULT_SETTINGS_H
#define KC_TESTS_FAULT_SETTINGS_H

#include "tests/support/custodian.h"

#include <stdbool.h>

/* Changes the configuration of a custodian that is stopped: edit is a script of sed, more is added
 * at the end. */
void change_settings(const struct kc_custodian *custodian, const char *edit, const char *more);

/* How long a custodian waits for one of its peers, who has a deadline_ms already. It is started again,
 * as is its client. Tests that wait for what does not come take PEER_LATE_MS; in the others nobody waits
 * as long as PEER_DEADLINE_MS. */
#define PEER_DEADLINE_MS 15000
#define PEER_LATE_MS 1500
void set_peer_deadline(struct kc_custodian *custodian, struct kc_client **client, const char *peer,
    unsigned deadline_ms);

/* A run of the daemon that is to end by itself: its exit status, and what it wrote. */
struct run {
    int status;
    char output[4096];
};
struct run run_daemon(const struct kc_custodian *custodian, const char *options);

#endif
