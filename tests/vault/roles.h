/* SPDX-License-Identifier: Apache-2.0 */
/* Three custodians, each with one role: the administrator's, the device's and the service's. What fails
 * here fails the running test. */
#ifndef KC_TESTS_VAULT_ROLES_H
#define KC_TESTS_VAULT_ROLES_H

#include "custodian/mesh/capability.h"
#include "custodian/mesh/envelope_make.h"
#include "custodian/vault/core.h"
#include "tests/mesh/sample.h"
#include "tests/vault/bench.h"

#define HOST "example.com"
#define ADDRESS "alice@example.com"
#define GROUP_ADDRESS "team@example.com"

/* An account's administrator, a device and the service that the account is bound at. */
struct roles {
    struct bench *administrator, *device, *service;
    char *service_profile, *assignment;
    char *account, *account_profile;
    char *device_udf, *device_profile;
    const char *asked; /* address of the account that requests name */
    struct kc_mesh_source source;
};

/* CMocka's fixtures: *state is a struct roles. */
int roles_setup(void **state);
int roles_teardown(void **state);

/* One custodian more. */
struct bench *roles_custodian_new(void);

/* An account or a group as it was made, and bound; all given. */
struct made {
    char *udf, *profile, *assignment;
};

/* It is made at one custodian and bound at the service, by the request as it was written. */
struct made roles_make(struct roles *r, struct bench *bench, struct ask *ask);
void made_done(struct made *made);

/* Enrols who is known by a profile. */
void roles_enrol(struct bench *bench, const char *label, const char *profile);

/* Connects the device with rights as they are written; the service takes its part. */
void roles_connect(struct roles *r, const char *rights);
void service_take(struct roles *r, enum kc_operation operation, const char *request);

/* --- requests --- */

struct kc_span span_of(const char *text);
void ask_document(struct ask *ask, enum kc_field field, const char *text);
void ask_pin(struct ask *ask);
char *document_of(const struct answer *answer, enum kc_field field); /* given: free */

/* --- working together --- */

/* The device's record of a key: a share, or a composite key that signs. */
const struct kc_record *device_key(const struct roles *r, uint8_t role, uint8_t use);

/* The id of the service's share of an account's key; given: free. */
char *capability_id(struct roles *r, const char *account);

/* Asks the service; the status, and its contribution. */
uint64_t roles_operate(struct roles *r, const char *capability, const struct sample_key *peer,
    uint8_t contribution[KC_POINT_SIZE_MAX]);

/* Whether what a share and the service agree on is what the whole key of a profile does. */
bool completes(struct roles *r, const char *capability, struct bench *bench, const char *share,
    const char *profile);

/* The same of the device's share of its account's key. */
bool decrypts(struct roles *r, const char *capability);

#endif
