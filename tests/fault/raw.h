/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as a client that keeps no rules sends them. */
#ifndef KC_TESTS_FAULT_RAW_H
#define KC_TESTS_FAULT_RAW_H

#include "tests/fault/client.h"

/* Connects; what is sent or received after it fails the test after 20 s. */
int raw_connect(const struct kc_custodian *custodian);

/* Sends a message with descriptors (borrowed). */
void raw_send(int socket, const void *bytes, size_t size, const int *descriptors, size_t count);

/* Whether it could be sent without waiting. */
bool raw_try_send(int socket, const void *bytes, size_t size);

/* Writes a ping as far as the vault; returns its size. */
size_t raw_ping(uint64_t id, uint8_t bytes[static 256]);

/* The error of the next answer; KC_ERR_CONNECTION_LOST if the connection was closed instead. Its
 * descriptors are closed. */
enum kc_error raw_answer(int socket);

#endif
