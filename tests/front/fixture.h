/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests of a whole service begin with: one service for all cases of a program, and an account of
 * its own for each case. What fails here fails the test.
 */
#ifndef KC_TESTS_FRONT_FIXTURE_H
#define KC_TESTS_FRONT_FIXTURE_H

#include "tests/front/mesh_client.h"
#include "tests/support/cmocka.h"

#define GOOD(call) assert_int_equal(call, KC_OK)
#define HELLO "{\"HelloRequest\":{}}"

extern struct mesh_service service;
extern struct mesh_party alice;
extern char alice_address[64];

/* Of a program: the service. */
int start_service(void **state);
int stop_service(void **state);

/* Of a case: alice has another address and other keys each time, and is not bound. */
int new_account(void **state);
int free_account(void **state);

/* A case with an account of its own. */
#define CASE(name) cmocka_unit_test_setup_teardown(name, new_account, free_account)

/* Runs a program's cases before the one service. */
#define RUN_WITH_SERVICE(tests)                                                                    \
    (signal(SIGPIPE, SIG_IGN), cmocka_run_group_tests(tests, start_service, stop_service))

/* Binds her, with a device that has shares of both keys, whose other halves the service has. */
void connect_with_shares(struct mesh_party *party);

/* Whether what the device and the service agree on together is what the account's key would. */
void agrees(struct mesh_party *party, bool is_expected);

/* The same after the custodian was started again, when requests are too old for some seconds. */
void agrees_again(struct mesh_party *party);

/* A request that the account has to be named in, and nothing else. */
char *about(enum kc_object_type type, const char *account, enum mesh_signer signer);

/* Binds alice by a profile that is later than now by so many seconds, with this encryption key; the
 * status. */
int bind_later(const struct kc_public_key *encryption, int64_t later_s);

/* Hello on a connection that is there; it has to be answered. */
void says_hello(struct web *web);

#endif
