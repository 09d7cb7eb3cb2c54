/* SPDX-License-Identifier: Apache-2.0 */
/* One client of one server, and calls that ask for random octets: the size tells requests apart, and the
 * octets their answers. */
#ifndef KC_TESTS_SOCKET_CALLER_H
#define KC_TESTS_SOCKET_CALLER_H

#include "proto/socket/client.h"
#include "tests/socket/server.h"

#define PATIENCE_MS 20000 /* longer than anything takes that works */

extern struct server server;
extern struct kc_client *client;

/* Starts the server and makes the client. */
void with_server(server_script *const *scripts);

/* Frees the client and waits for the server's end; a teardown. */
int without_server(void **state);

void ask_random(struct kc_client_request *request, uint64_t size);

/* Whether it is the answer to the request of that size; it may be NULL. */
bool is_random(const struct kc_client_answer *answer, uint64_t size);

/* One call. KC_ERR_INTERNAL: it brought another one's answer. */
KC_CHECKED enum kc_error call_random(uint64_t size, int deadline_ms);

/* --- what the server does --- */

/* As many octets as were asked for, all of the size's low byte. */
void answer_random(int connection, const struct kc_message *request);

void answers_everything(int connection);
void says_nothing(int connection);

#endif
