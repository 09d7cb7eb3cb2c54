/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service of the worked case inside a vault: the same seeds, and requests that the keys of the
 * case sign. Each ends the test if it fails.
 */
#ifndef KC_TESTS_VAULT_SERVICE_CASE_H
#define KC_TESTS_VAULT_SERVICE_CASE_H

#include "tests/mesh/operate_case.h"
#include "tests/vault/bench.h"

#define SERVICE "example.com"
#define ALICE "alice@example.com"
#define CASE_PROFILE "account.keys.Profile.scalar_le"

/* A vault whose clock is the case's; the service is there, with the seeds of the case. */
struct bench *service_new(void);

/* The same with alice bound, and all of her shares accepted. */
struct bench *service_with_shares(void);
struct bench *service_with_shares_at(uint64_t seconds);

/* CMocka's fixtures for the latter. */
int service_setup(void **state);
int service_teardown(void **state);

/* Signed requests; given: free. Each has an ID of its own, of the bench's time moved by shift_ms. */
char *service_bind_request(struct bench *bench, int64_t shift_ms);
/* With the profile of the case, made at another time, and with another AccountEncryption (as JSON, or
 * NULL). */
char *service_bind_later(struct bench *bench, const char *updated, const char *encryption);
/* With the profile of the case, of which one thing is replaced. */
char *service_bind_changed(struct bench *bench, const char *what, const char *with);
char *service_unbind_request(struct bench *bench, int64_t shift_ms);
/* Updates: what stands in the list, as JSON. */
char *service_transact(
    struct bench *bench, const char *updates, const char *signer, int64_t shift_ms);
char *service_accept_request(struct bench *bench);
/* A frame that deletes what has an id from "MMM_Access" or "MMM_Device". */
char *service_delete_request(struct bench *bench, const char *store, const char *id);

/* A flow of the case, signed anew with an ID of the bench's time. */
char *service_flow(struct bench *bench, const char *flow, int64_t shift_ms);

/* Operations, as a JSON list, which the device asks for by a connection (NULL: that of the case), and
 * another key signs as well (its place; NULL: none). */
char *service_operations(
    struct bench *bench, const char *operations, const char *connection, const char *also);

/* The enveloped entry of the access catalog, by its place; given: free. */
char *service_entry(size_t index);

/* Asks with a request; the answer is given. request: freed. */
struct answer *service_ask(struct bench *bench, enum kc_operation operation, char *request);
void service_expect(
    struct bench *bench, enum kc_operation operation, char *request, enum kc_error error);

/* Operates, and says what the requester is told. If it is 201, its results are verified. */
int service_operate(struct bench *bench, char *request);

/* The results of a request that is executed, verified; given: json_decref. */
json_t *service_results(struct bench *bench, char *request);

/* The same, and whether the first result is an error. */
bool service_refuses(struct bench *bench, char *request);

/* What a receipt or a response says, verified under the custodian's key; given: json_decref. */
json_t *service_opened(const struct answer *answer);

#endif
