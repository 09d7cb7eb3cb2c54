/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/pkcs11/fake_answers.h"

#include "proto/socket/cbor.h"
#include "proto/socket/transport.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS_MAX 64

static char folder[64];
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static pthread_t thread;
static int listener = -1;
static int wake = -1; /* written to end the thread */
static sem_t begun;   /* the thread has */

/* An answer that is kept. */
static struct {
    uint8_t bytes[256];
    size_t size;
    sem_t there;
} held;

static bool hold(const void *bytes, size_t size)
{
    fake_must(size <= sizeof held.bytes, "the size of what is kept");
    fake.holds = false;
    memcpy(held.bytes, bytes, size);
    held.size = size;
    sem_post(&held.there);
    return true;
}

static bool release(int client)
{
    size_t size = held.size;
    held.size = 0;
    return size == 0 || kc_transport_send(client, held.bytes, size, NULL) == KC_OK;
}

void fake_wait_held(void)
{
    while (sem_wait(&held.there) != 0) {
    }
}

/* Answers one message. False: the client is gone, or is to be dropped. */
static bool serve(int client)
{
    static uint8_t in[KC_MESSAGE_SIZE_MAX], out[KC_MESSAGE_SIZE_MAX];
    static struct fake_reply reply; /* large; the one thread's own */
    struct kc_descriptors descriptors = {.count = 0};
    struct kc_message request;
    const char *detail;
    size_t size;
    if (kc_transport_receive(client, in, sizeof in, &size, &descriptors) != KC_OK)
        return false;
    if (size == 0)
        return true;
    enum kc_error error =
        kc_cbor_request_decode(in, size, descriptors.count, NULL, &request, &detail);
    kc_message_init(&reply.message, request.operation);
    reply.message.items = reply.items;
    reply.descriptors.count = 0;
    fake_must(error == KC_OK, "the module's request");
    fake_answer(&request, &descriptors, &reply);
    kc_descriptors_close(&descriptors);
    if (!kc_field_set_empty(&kc_operations[request.operation].item) && reply.message.error == KC_OK)
        kc_field_set_add(&reply.message.values.present, KC_FIELD_ITEMS);
    reply.message.id = request.id;
    bool goes_on = fake.cut == 0;
    if (goes_on) {
        error = kc_cbor_answer_encode(&reply.message, out, sizeof out, &size);
        fake_must(error == KC_OK, "the fake's answer");
        goes_on = fake.holds && request.operation == KC_OPERATION_RANDOM
                      ? hold(out, size)
                      : kc_transport_send(client, out, size, &reply.descriptors) == KC_OK;
        if (goes_on && request.operation == KC_OPERATION_KEYRING_LIST)
            goes_on = release(client);
    } else {
        fake.cut--;
    }
    kc_descriptors_close(&reply.descriptors);
    return goes_on;
}

static void *run(void *unused)
{
    struct pollfd polls[2 + CLIENTS_MAX] = {
        {.fd = wake, .events = POLLIN},
        {.fd = listener, .events = POLLIN},
    };
    nfds_t count = 2;
    sem_post(&begun);
    for (;;) {
        fake_must(poll(polls, count, -1) > 0, "poll");
        if (polls[0].revents != 0)
            break;
        for (nfds_t i = count - 1; i >= 2; i--) {
            if (polls[i].revents == 0 || serve(polls[i].fd))
                continue;
            close(polls[i].fd);
            polls[i] = polls[--count];
        }
        if (polls[1].revents != 0 && count < 2 + CLIENTS_MAX)
            polls[count++] = (struct pollfd){
                .fd = accept4(polls[1].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK),
                .events = POLLIN,
            };
    }
    for (nfds_t i = 1; i < count; i++)
        close(polls[i].fd);
    return unused;
}

/* From its beginning on the thread allocates nothing: who is forked meanwhile has no allocator that
 * it left locked. */
void fake_daemon_resume(void)
{
    listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    fake_must(listener >= 0, "socket");
    fake_must(bind(listener, (struct sockaddr *)&address, sizeof address) == 0, "bind");
    fake_must(listen(listener, CLIENTS_MAX) == 0, "listen");
    wake = eventfd(0, EFD_CLOEXEC);
    fake_must(wake >= 0, "eventfd");
    fake_must(sem_init(&begun, 0, 0) == 0, "semaphore");
    fake_must(pthread_create(&thread, NULL, run, NULL) == 0, "thread");
    while (sem_wait(&begun) != 0) {
    }
}

void fake_daemon_pause(void)
{
    fake_must(eventfd_write(wake, 1) == 0, "eventfd");
    fake_must(pthread_join(thread, NULL) == 0, "join");
    close(wake);
    unlink(address.sun_path);
}

void fake_daemon_prepare(void)
{
    fake_reset();
    fake_must(sem_init(&held.there, 0, 0) == 0, "semaphore");
    strcpy(folder, "/tmp/kc-fake-XXXXXX");
    fake_must(mkdtemp(folder) != NULL, "mkdtemp");
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", folder);
    setenv("CUSTODIAN_SOCKET", address.sun_path, 1);
}

void fake_daemon_start(void)
{
    fake_daemon_prepare();
    fake_daemon_resume();
}

void fake_daemon_stop(void)
{
    fake_daemon_pause();
    rmdir(folder);
}
