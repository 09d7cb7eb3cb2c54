/* SPDX-License-Identifier: Apache-2.0 */
/* An administrator's vault, and those it has to do with: a device, a second person, the service. What fails
 * here fails the running test. */
#ifndef KC_TESTS_VAULT_ADMIN_WORLD_H
#define KC_TESTS_VAULT_ADMIN_WORLD_H

#include "tests/mesh/admin_case.h"
#include "tests/vault/bench.h"

#define ADDRESS "alice@example.com"
#define GROUP_ADDRESS "group@example.com"
#define ACKNOWLEDGED "NBF4-4PTH-UTSC-RYHZ-EQMK-BVH7-MU3F"

/* The device, the service and a second person are of the case; its account is the vault's. */
struct world {
    struct bench *bench;
    struct admin_case *c;
    char *bob;                     /* another account's profile, as it was made */
    struct sample_key bob_profile; /* what it is known by */
};

/* CMocka's fixtures: *state is a struct world. */
int world_setup(void **state);
int world_teardown(void **state);

/* Makes an account or a group, and takes it in place of the one of the case. Its UDF is given: free. */
char *world_create(struct world *w, enum kc_operation operation, const char *address);
void take_account(struct world *w, char *profile);

/* Enrols who is known by a profile's key. */
void enrol(struct world *w, const struct sample_key *profile, const char *label);
struct ask enrol_ask(const struct sample_key *profile, const char *label);

/* --- requests; all but the parts have what they need --- */

void ask_pin(struct ask *ask);
void ask_parties(struct ask *ask, const char *account, const char *holder);
void ask_service(const struct world *w, struct ask *ask);
struct ask create_ask(
    const struct world *w, enum kc_operation operation, const char *label, const char *address);
struct ask activate_ask(const struct world *w, const char *account, const char *rights);
struct ask refresh_ask(
    const struct world *w, const char *account, const char *holder, const char *use);
struct ask remove_ask(enum kc_operation operation, const char *account, const char *holder);
struct ask join_ask(const struct world *w, const char *group);

/* --- what a request to the service holds --- */

/* The frame at a position; given: free. Verified under the account's administrator. */
char *frame_at(
    const struct world *w, const struct answer *answer, size_t position, const char *container);
size_t frame_count(const struct world *w, const struct answer *answer);
void accept_frame(const struct world *w, const struct answer *answer, size_t position,
    struct admin_service *service);

/* What the peer agrees with the whole key. */
void check_decrypts(
    const struct world *w, const struct admin_service *service, const struct admin_device *device);

/* An account with a device that is connected with rights as they are written. */
struct connected {
    char *account;
    struct admin_device device;
    struct admin_service *service;
};

struct connected connect_device(struct world *w, const char *rights);
void connected_done(struct connected *made);

#endif
