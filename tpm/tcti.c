/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/tcti.h"

#include "base/reader.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HEADER_SIZE 10 /* tag u16, size u32, code u32 */

/* --- the setting --- */

static const char *after_prefix(const char *text, const char *prefix)
{
    size_t size = strlen(prefix);
    return strncmp(text, prefix, size) == 0 ? text + size : NULL;
}

/* Copies a text of 1 octet up to what the field can hold with its zero. */
static bool copy_text(char *field, size_t field_size, const char *text, size_t size)
{
    if (size == 0 || size >= field_size)
        return false;
    memcpy(field, text, size);
    field[size] = 0;
    return true;
}

static bool parse_device(const char *text, struct kc_tcti_address *address)
{
    address->is_device = true;
    return text[0] == '/' && copy_text(address->path, sizeof address->path, text, strlen(text));
}

static bool parse_unix(const char *text, struct kc_tcti_address *address)
{
    address->unix_socket.sun_family = AF_UNIX;
    address->socket_size = sizeof address->unix_socket;
    return text[0] == '/' && copy_text(address->unix_socket.sun_path,
                                 sizeof address->unix_socket.sun_path, text, strlen(text));
}

static bool parse_port(const char *text, in_port_t *port)
{
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '1' || text[0] > '9' || *end != 0 || value > UINT16_MAX)
        return false;
    *port = htons((uint16_t)value);
    return true;
}

static bool parse_tcp(const char *text, struct kc_tcti_address *address)
{
    char host[INET6_ADDRSTRLEN];
    in_port_t port;
    const char *comma = strchr(text, ',');
    const char *digits = comma ? after_prefix(comma, ",port=") : NULL;
    if (!digits || !parse_port(digits, &port) ||
        !copy_text(host, sizeof host, text, (size_t)(comma - text)))
        return false;
    const char *number = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    if (inet_pton(AF_INET, number, &address->ipv4.sin_addr) == 1) {
        address->ipv4.sin_family = AF_INET;
        address->ipv4.sin_port = port;
        address->socket_size = sizeof address->ipv4;
        return true;
    }
    if (inet_pton(AF_INET6, number, &address->ipv6.sin6_addr) != 1)
        return false;
    address->ipv6.sin6_family = AF_INET6;
    address->ipv6.sin6_port = port;
    address->socket_size = sizeof address->ipv6;
    return true;
}

static const struct {
    const char *prefix;
    bool (*parse)(const char *text, struct kc_tcti_address *address);
} forms[] = {
    {"device:", parse_device},
    {"swtpm:path=", parse_unix},
    {"swtpm:host=", parse_tcp},
};

enum kc_error kc_tcti_parse(const char *text, struct kc_tcti_address *address)
{
    for (size_t i = 0; text && i < sizeof forms / sizeof forms[0]; i++) {
        struct kc_tcti_address parsed = {0};
        const char *rest = after_prefix(text, forms[i].prefix);
        if (!rest)
            continue;
        if (!forms[i].parse(rest, &parsed))
            return KC_ERR_CONFIG;
        *address = parsed;
        return KC_OK;
    }
    return KC_ERR_CONFIG;
}

/* --- waiting --- */

int64_t kc_tcti_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits until the descriptor can do it; false at the deadline. */
static bool wait_for(int fd, short events, int64_t deadline)
{
    struct pollfd p = {.fd = fd, .events = events};
    for (;;) {
        int64_t left = deadline - kc_tcti_now_ms();
        if (left <= 0)
            return false;
        int count = poll(&p, 1, (int)left);
        if (count > 0)
            return true;
        if (count < 0 && errno != EINTR)
            return false;
    }
}

/* --- commands and answers --- */

static ssize_t send_some(const struct kc_tcti *tcti, const uint8_t *bytes, size_t size)
{
    return tcti->is_device ? write(tcti->fd, bytes, size)
                           : send(tcti->fd, bytes, size, MSG_NOSIGNAL);
}

/* After a failed read or write: whether to try again, else why not. */
static TSS2_RC after_failure(const struct kc_tcti *tcti, short events, int64_t deadline)
{
    if (errno == EINTR)
        return TSS2_RC_SUCCESS;
    if (errno != EAGAIN)
        return TSS2_TCTI_RC_NO_CONNECTION;
    return wait_for(tcti->fd, events, deadline) ? TSS2_RC_SUCCESS : TSS2_TCTI_RC_IO_ERROR;
}

static TSS2_RC send_all(
    const struct kc_tcti *tcti, const uint8_t *command, size_t size, int64_t deadline)
{
    for (size_t done = 0; done < size;) {
        ssize_t count = send_some(tcti, command + done, size - done);
        TSS2_RC code = count < 0 ? after_failure(tcti, POLLOUT, deadline) : TSS2_RC_SUCCESS;
        if (code != TSS2_RC_SUCCESS)
            return code;
        if (count > 0)
            done += (size_t)count;
    }
    return TSS2_RC_SUCCESS;
}

/* The size that an answer's header claims, or 0 if there is no whole header yet. */
static size_t claimed_size(const uint8_t *answer, size_t size)
{
    struct kc_reader r;
    kc_reader_init(&r, answer, size);
    (void)kc_reader_u16(&r);
    size_t claimed = kc_reader_u32(&r);
    return size < HEADER_SIZE ? 0 : claimed;
}

/* Reads one whole answer, a device's at once: older kernels drop what a first read leaves. */
static TSS2_RC read_answer(struct kc_tcti *tcti, int64_t deadline)
{
    size_t done = 0, claimed = 0;
    while (done < HEADER_SIZE || done < claimed) {
        ssize_t count = read(tcti->fd, tcti->answer + done, sizeof tcti->answer - done);
        TSS2_RC code = count < 0 ? after_failure(tcti, POLLIN, deadline) : TSS2_RC_SUCCESS;
        if (count == 0)
            code = TSS2_TCTI_RC_NO_CONNECTION;
        if (code != TSS2_RC_SUCCESS)
            return code;
        if (count > 0)
            done += (size_t)count;
        claimed = claimed_size(tcti->answer, done);
        if (done >= HEADER_SIZE && (claimed < done || claimed > sizeof tcti->answer))
            return TSS2_TCTI_RC_MALFORMED_RESPONSE;
    }
    tcti->answer_size = done;
    return TSS2_RC_SUCCESS;
}

TSS2_RC kc_tcti_exchange(
    struct kc_tcti *tcti, const uint8_t *command, size_t size, int64_t deadline)
{
    tcti->answer_size = 0;
    TSS2_RC code = send_all(tcti, command, size, deadline);
    return code == TSS2_RC_SUCCESS ? read_answer(tcti, deadline) : code;
}

/* --- a connection --- */

/* A non-blocking connect: 0, or -1. */
static int connect_by(int fd, const struct kc_tcti_address *address, int64_t deadline)
{
    if (connect(fd, &address->socket, address->socket_size) == 0)
        return 0;
    int failure = 0;
    socklen_t size = sizeof failure;
    if (errno != EINPROGRESS || !wait_for(fd, POLLOUT, deadline) ||
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size) != 0)
        return -1;
    return failure == 0 ? 0 : -1;
}

static int open_socket(const struct kc_tcti_address *address, int64_t deadline)
{
    int fd = socket(address->socket.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect_by(fd, address, deadline) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

enum kc_error kc_tcti_open(
    struct kc_tcti *tcti, const struct kc_tcti_address *address, int64_t deadline)
{
    int fd = address->is_device ? open(address->path, O_RDWR | O_CLOEXEC | O_NONBLOCK)
                                : open_socket(address, deadline);
    if (fd < 0)
        return KC_ERR_ROOT_UNAVAILABLE;
    tcti->fd = fd;
    tcti->is_device = address->is_device;
    tcti->answer_size = 0;
    return KC_OK;
}

void kc_tcti_close(struct kc_tcti *tcti)
{
    if (tcti->fd >= 0)
        close(tcti->fd);
    tcti->fd = -1;
}
