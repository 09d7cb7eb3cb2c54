/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/liar.h"

#include "custodian/tls/frame.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define PART_SIZE 32 /* Ed25519; the last in its answer */

static struct liar {
    struct kc_tls *tls;
    int listening;
    struct sockaddr_un custodian;
} liar;

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    perror(what);
    abort();
}

static bool is_about(const uint8_t *message, size_t size, const char *operation)
{
    return memmem(message, size, operation, strlen(operation)) != NULL;
}

/* Asks the real one, and lies about what it says. */
static enum kc_error answer(uint8_t *message, size_t *size, struct kc_descriptors *descriptors)
{
    struct kc_descriptors none = {.count = 0};
    bool lies = is_about(message, *size, "frost-contribute");
    int custodian = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    require(custodian >= 0 && connect(custodian, (const struct sockaddr *)&liar.custodian,
                                  sizeof liar.custodian) == 0,
        liar.custodian.sun_path);
    enum kc_error error = kc_transport_send(custodian, message, *size, descriptors);
    if (error == KC_OK)
        error = kc_transport_wait(custodian, message, KC_MESSAGE_SIZE_MAX, size, &none);
    if (error == KC_OK && lies && *size > PART_SIZE)
        message[*size - PART_SIZE] ^= 1;
    kc_descriptors_close(descriptors);
    kc_descriptors_close(&none);
    close(custodian);
    return error;
}

static void serve(int socket, uint8_t *message)
{
    struct kc_tls_link *link = NULL;
    int64_t deadline = kc_tls_now_ms() + PATIENCE_MS;
    enum kc_error error = kc_tls_accept(liar.tls, socket, deadline, &link);
    if (error == KC_OK)
        error = kc_tls_greet(link, KC_GREETING_SERVED, deadline);
    while (error == KC_OK) {
        struct kc_descriptors descriptors = {.count = 0};
        size_t size = 0;
        error = kc_frame_receive(link, message, &size, 1, &descriptors, deadline);
        if (error == KC_OK)
            error = answer(message, &size, &descriptors);
        if (error == KC_OK)
            error = kc_frame_send(link, message, size, NULL, deadline);
    }
    kc_tls_link_free(link);
}

static void *work(void *context)
{
    uint8_t *message = malloc(KC_MESSAGE_SIZE_MAX);
    (void)context;
    require(message != NULL, "memory");
    for (;;) {
        int socket = accept4(liar.listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (socket >= 0)
            serve(socket, message);
    }
    return NULL;
}

void liar_start(unsigned port, const char *folder, const char *name, const char *socket_path)
{
    struct kc_config_tls files = {.revocations = ""};
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const char *problem = NULL;
    int yes = 1;
    pthread_t thread;
    snprintf(files.certificate, sizeof files.certificate, "%s/%s.pem", folder, name);
    snprintf(files.key, sizeof files.key, "%s/%s.key", folder, name);
    snprintf(files.authorities, sizeof files.authorities, "%s/authority.pem", folder);
    require(kc_tls_new(&files, true, &liar.tls, &problem) == KC_OK, "certificate");
    liar.custodian.sun_family = AF_UNIX;
    snprintf(liar.custodian.sun_path, sizeof liar.custodian.sun_path, "%s", socket_path);
    liar.listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(liar.listening >= 0 &&
                setsockopt(liar.listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
                bind(liar.listening, (const struct sockaddr *)&address, sizeof address) == 0 &&
                listen(liar.listening, 8) == 0,
        "listen");
    require(pthread_create(&thread, NULL, work, NULL) == 0, "thread");
    require(pthread_detach(thread) == 0, "detach");
}
