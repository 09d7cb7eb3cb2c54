/* SPDX-License-Identifier: Apache-2.0 */
/* A daemon that is not one: a thread that does with each connection what a test says. */
#ifndef KC_TESTS_SOCKET_SERVER_H
#define KC_TESTS_SOCKET_SERVER_H

#include "proto/socket/message.h"
#include "proto/socket/transport.h"

#include <pthread.h>
#include <semaphore.h>

/* What to do with one connection; it is closed after. */
typedef void server_script(int connection);

#define SERVER_SCRIPTS 3

struct server {
    char folder[64];
    char path[80];
    int listener;
    pthread_t thread;
    sem_t begun;                                /* the thread has */
    server_script *scripts[SERVER_SCRIPTS + 1]; /* one for each connection, then NULL */
};

/* Listens in a new folder and serves as many connections as there are
 * scripts, one after the other. */
void server_start(struct server *server, server_script *const *scripts);

/* Waits for the last script to end, and removes the folder. */
void server_stop(struct server *server);

/* A request as the server received it. */
struct received {
    uint8_t bytes[KC_MESSAGE_SIZE_MAX];
    struct kc_message message;
    struct kc_message batch[KC_BATCH_MAX];
    struct kc_descriptors descriptors; /* for the test to close */
};

/* Waits for the next request; false: the client is gone. */
bool server_receive(int connection, struct received *request);

/* Sends an answer. */
void server_answer(int connection, const struct kc_message *answer);
void server_answer_passing(int connection, const struct kc_message *answer, int descriptor);

/* Sends octets as they are. */
void server_send(int connection, const void *bytes, size_t size);

#endif
