/* SPDX-License-Identifier: Apache-2.0 */
/* A custodian with a device, and the account whose administrator connects it. Everything fails the
 * running test by itself. */
#ifndef KC_TESTS_MESH_DEVICE_HOME_H
#define KC_TESTS_MESH_DEVICE_HOME_H

#include "tests/mesh/administrator.h"
#include "tests/vault/bench.h"

struct home {
    struct bench *bench;
    struct administrator *administrator;
    char device[KC_UDF_ID_SIZE];
    char keys[KC_MESH_DEVICE_KEYS][KC_UDF_ID_SIZE]; /* ids of the base keys */
    struct kc_point base[KC_MESH_DEVICE_KEYS];
    struct kc_public_key profile_key;

    /* of the last request */
    char connection[KC_UDF_ID_SIZE];
    char *request, *acknowledgement; /* owned */
    struct kc_mesh_connecting_device known;
    char witness[KC_UDF_ID_SIZE], response_id[KC_UDF_ID_SIZE];
};

/* A bench with the device "pot" in the keyring "main". */
int home_setup(void **state);
int home_teardown(void **state);

struct ask home_create_ask(const char *label);

/* Asks for a connection; pin and account_udf may be NULL. */
void home_request(struct home *home, const char *pin, const char *account_udf);

/* The AcknowledgeConnection of it. */
void home_acknowledge(struct home *home);
struct ask home_check_ask(struct home *home, const char *witness);

/* Request, acknowledgement and check, with the witness compared; what the administrator says next
 * answers it. */
void home_prepare(struct home *home);

/* The administrator's response, as he is set; NULL for witness: it is not said again. */
struct ask home_activate_ask(struct home *home, const char *witness);

/* Prepares, and is activated. */
void home_join(struct home *home);

struct ask home_leave_ask(const struct home *home);

/* The record of the connection; NULL: there is none. */
struct kc_record *home_composite(const struct home *home);

/* The id of a key by its label; "" if there is none that is not destroyed. */
void home_key(const struct home *home, const char *label, char id[KC_RECORD_ID_SIZE]);
struct kc_record *home_key_record(const struct home *home, const char *label);

/* Whether a key opens an envelope that is encrypted to it, and the error if not. */
enum kc_error home_open(const struct home *home, const char *key);

/* All that is stored, to compare: versions and states of all records. */
struct home_state {
    size_t record_count;
    uint64_t versions;
};
struct home_state home_state(const struct home *home);

/* Asks for what must fail, and change nothing. */
void home_expect_nothing(struct home *home, struct ask *ask, enum kc_error error);

#endif
