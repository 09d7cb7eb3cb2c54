/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real desk, in its sandbox, between clients and a vault that are both the test: every message
 * is sent and awaited in turn, so that nothing depends on time.
 */
#ifndef KC_TESTS_DAEMON_DESK_FIXTURE_H
#define KC_TESTS_DAEMON_DESK_FIXTURE_H

#include "custodian/record.h"
#include "custodian/vault_message.h"
#include "proto/socket/transport.h"

#include <sys/types.h>

#define KC_DESK_CLIENTS_LIMIT 4

struct kc_test_desk {
    char folder[64], socket[96], store[96];
    pid_t pid;
    int control, vault, listen;

    /* the last message from the desk to the vault */
    struct kc_vault_message message;
    struct kc_values items[KC_ITEMS_MAX];
    struct kc_descriptors descriptors;
    struct kc_reader packet; /* what is left of it */
    uint8_t bytes[KC_VAULT_MESSAGE_MAX];
};

/* An answer that a client has received. */
struct kc_test_answer {
    struct kc_message message;
    struct kc_values items[KC_ITEMS_MAX];
    struct kc_message batch[KC_BATCH_MAX]; /* each with its operation, before it is received */
    size_t batch_count;
    struct kc_descriptors descriptors;
    uint8_t bytes[KC_MESSAGE_SIZE_MAX];
};

/* CMocka's set-up and tear-down; *state is the desk. */
int kc_test_desk_set_up(void **state);
int kc_test_desk_tear_down(void **state);

/* Ends with which status the desk ends: WEXITSTATUS, or 128 and the signal. */
int kc_test_desk_wait(struct kc_test_desk *desk);

/* Gives an order of the supervisor's; the descriptor is borrowed, -1: none. */
void kc_test_desk_order(struct kc_test_desk *desk, uint8_t type, uint8_t edge, int descriptor);

/* Awaits a CONNECT at the vault's end, and says CONNECTED. */
void kc_test_vault_connect(struct kc_test_desk *desk);

/* Connects, and introduces the client to the vault. */
int kc_test_connect(struct kc_test_desk *desk, uint64_t *connection);

/* Just connects. */
int kc_test_connect_alone(struct kc_test_desk *desk);

/* Awaits one message at the vault's end: desk->message. */
void kc_test_vault_expect(struct kc_test_desk *desk, enum kc_vault_type type);

/* Whether a message is there at the vault's end now. */
bool kc_test_vault_has_message(struct kc_test_desk *desk);

void kc_test_vault_send(struct kc_test_desk *desk, const struct kc_vault_message *message,
    const struct kc_descriptors *descriptors);

/* Answers a ticket with an error, or with nothing but KC_OK. */
void kc_test_vault_answer(
    struct kc_test_desk *desk, uint64_t ticket, enum kc_operation operation, enum kc_error error);

/* Asks for records to be stored, and awaits STORED. */
enum kc_error kc_test_vault_commit(
    struct kc_test_desk *desk, uint64_t ticket, const struct kc_record *records, size_t count);

void kc_test_send(
    int client, const struct kc_message *request, const struct kc_descriptors *descriptors);
void kc_test_send_bytes(int client, const void *bytes, size_t size);
void kc_test_ping(int client, uint64_t id, const char *through);
void kc_test_key_show(int client, uint64_t id, const char *key);

/* Asks for a key and awaits the request at the vault; its ticket. */
uint64_t kc_test_ask_for(struct kc_test_desk *desk, int client, const char *key);

/* Awaits an answer to an operation. */
void kc_test_receive(int client, enum kc_operation operation, struct kc_test_answer *answer);

/* Awaits an answer of which just id and error count. */
enum kc_error kc_test_receive_error(int client, enum kc_operation operation, uint64_t *id);

/* Awaits the end of the connection. */
bool kc_test_is_closed(int client);

/* A key's record of version 1. */
struct kc_record kc_test_key(const char *id, const char *label);

/* Lets a wait in a test that hangs end with a failure. */
void kc_test_await(int descriptor, short events);

#endif
