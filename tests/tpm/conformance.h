/* SPDX-License-Identifier: Apache-2.0 */
/* What every kind of root has to do, as cases that run over any of them. */
#ifndef KC_TESTS_TPM_CONFORMANCE_H
#define KC_TESTS_TPM_CONFORMANCE_H

#include "tpm/root.h"

/* A kind of hardware; the tests know one piece of it at a time. */
struct conformance_hardware {
    const char *name;         /* of the group of tests */
    const char *manufacturer; /* as its status has it */
    void (*make)(void);       /* a fresh piece of hardware, not provisioned */
    void (*drop)(void);
    void (*stop)(void);    /* it goes away */
    void (*start)(void);   /* it comes back */
    void (*replace)(void); /* while it is away: what comes back is another */
    /* Counts what roots left in it, besides the one key that provisioning makes. */
    size_t (*count_remains)(void);
    /* A root on it. name: the pin, or NULL */
    struct kc_root *(*root)(const uint8_t *name);

    /* of resident keys */
    unsigned column;         /* its column in the table of docs/roots.md, from 0 */
    bool gives_whole_points; /* an agreement answers x and y, not x or u alone */
    bool wants_auth;         /* each use needs the key's authorisation value */
    bool keeps_keys;         /* they are objects in the hardware, not in their blobs */
};

/* Makes the hardware a root's; fails the test with the cause. */
void conformance_provision(
    const struct conformance_hardware *hardware, uint8_t provisioned[static KC_ROOT_NAME_SIZE]);

/* What a root's last call failed with, in the words of its hardware: of a test that fails it says why. */
void conformance_tell_cause(const struct kc_root *root);

/* Runs all cases; returns how many failed. */
int conformance_run(const struct conformance_hardware *hardware);

/* The same of resident keys. */
int conformance_keys_run(const struct conformance_hardware *hardware);

#endif
