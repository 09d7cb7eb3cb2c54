/* SPDX-License-Identifier: Apache-2.0 */
/* A software TPM that is provisioned, and a root on it. */
#ifndef KC_TESTS_TPM_FIXTURE_H
#define KC_TESTS_TPM_FIXTURE_H

#include "tests/support/swtpm.h"
#include "tpm/root.h"

/* No test with it waits for it: a loaded machine may take its time, most of all for RSA keys. */
#define FIXTURE_DEADLINE_MS 30000

struct fixture {
    struct kc_swtpm tpm;
    uint8_t srk_name[KC_ROOT_NAME_SIZE];
    struct kc_root_settings settings; /* with the pin */
    struct kc_root *root;             /* not connected yet */
};

/* For CMocka: a fresh one for each test, in *state. */
int make_fixture(void **state);
int drop_fixture(void **state);

/* Whether the root lives on when there is no memory; a module of others may not. */
extern const bool fixture_bears_a_full_heap;

/* A root with other settings. */
struct kc_root *make_root(const struct kc_root_settings *settings);

/* A sealing key of a test; never all zero. */
extern const uint8_t fixture_key[KC_ROOT_KEY_SIZE];

#endif
