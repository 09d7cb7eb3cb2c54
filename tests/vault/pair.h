/* SPDX-License-Identifier: Apache-2.0 */
/* Two custodians, of which one has the other share of what the other splits. */
#ifndef KC_TESTS_VAULT_PAIR_H
#define KC_TESTS_VAULT_PAIR_H

#include "tests/vault/bench.h"

struct pair {
    struct bench *device, *service;
    struct halves halves; /* of pair_split; NULL without */
};

/* CMocka's fixtures: *state is a struct pair. */
int pair_setup(void **state);
int pair_teardown(void **state);

/* The device splits a new key to the service. */
void pair_split(struct pair *pair, const char *algorithm, const char *role);

#endif
