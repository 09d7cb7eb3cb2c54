/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/socket/server.h"

#include "proto/socket/cbor.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* In a thread no assertion of CMocka can be used: what must not fail ends the test program. */
static void must(bool good)
{
    if (!good)
        abort();
}

static void *serve(void *argument)
{
    struct server *server = argument;
    sem_post(&server->begun);
    for (server_script *const *script = server->scripts; *script; script++) {
        int connection = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
        must(connection >= 0);
        (*script)(connection);
        close(connection);
    }
    return NULL;
}

/* When it returns the thread has begun: one that is just made allocates, and would leave the allocator
 * locked in who is forked then. */
void server_start(struct server *server, server_script *const *scripts)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(server->folder, "/tmp/custodian-client-test-XXXXXX");
    must(mkdtemp(server->folder) != NULL);
    snprintf(server->path, sizeof server->path, "%s/socket", server->folder);
    strcpy(address.sun_path, server->path);
    server->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    must(bind(server->listener, (struct sockaddr *)&address, sizeof address) == 0);
    must(listen(server->listener, 8) == 0);
    memset(server->scripts, 0, sizeof server->scripts);
    for (size_t i = 0; i < SERVER_SCRIPTS && scripts[i]; i++)
        server->scripts[i] = scripts[i];
    must(sem_init(&server->begun, 0, 0) == 0);
    must(pthread_create(&server->thread, NULL, serve, server) == 0);
    while (sem_wait(&server->begun) != 0) {
    }
}

void server_stop(struct server *server)
{
    pthread_join(server->thread, NULL);
    close(server->listener);
    unlink(server->path);
    rmdir(server->folder);
}

bool server_receive(int connection, struct received *request)
{
    struct pollfd wanted = {.fd = connection, .events = POLLIN};
    size_t size = 0;
    const char *detail;
    must(poll(&wanted, 1, -1) == 1);
    if (kc_transport_receive(connection, request->bytes, sizeof request->bytes, &size,
            &request->descriptors) != KC_OK)
        return false;
    must(kc_cbor_request_decode(request->bytes, size, request->descriptors.count, request->batch,
             &request->message, &detail) == KC_OK);
    return true;
}

static void transmit(
    int connection, const void *bytes, size_t size, const struct kc_descriptors *descriptors)
{
    struct pollfd wanted = {.fd = connection, .events = POLLOUT};
    while (kc_transport_send(connection, bytes, size, descriptors) == KC_ERR_LIMIT)
        must(poll(&wanted, 1, -1) == 1);
}

void server_send(int connection, const void *bytes, size_t size)
{
    transmit(connection, bytes, size, NULL);
}

void server_answer(int connection, const struct kc_message *answer)
{
    uint8_t bytes[4096];
    size_t size = 0;
    must(kc_cbor_answer_encode(answer, bytes, sizeof bytes, &size) == KC_OK);
    transmit(connection, bytes, size, NULL);
}

void server_answer_passing(int connection, const struct kc_message *answer, int descriptor)
{
    uint8_t bytes[4096];
    size_t size = 0;
    struct kc_descriptors descriptors = {.fd = {descriptor}, .count = 1};
    must(kc_cbor_answer_encode(answer, bytes, sizeof bytes, &size) == KC_OK);
    transmit(connection, bytes, size, &descriptors);
}
