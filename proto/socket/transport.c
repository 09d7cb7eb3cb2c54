/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/socket/transport.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008u /* linux/memfd.h */
#endif

#define PASSED_MAX 253 /* SCM_MAX_FD of the kernel */
#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

/* Room for one control message with all descriptors, aligned as the kernel wants it. */
union control {
    struct cmsghdr header;
    uint8_t bytes[CMSG_SPACE(sizeof(int) * KC_DESCRIPTORS_MAX)];
};

static void close_now(int descriptor)
{
    close(descriptor);
}

static void (*close_one)(int descriptor) = close_now;

void kc_descriptors_close_with(void (*close_later)(int descriptor))
{
    close_one = close_later;
}

void kc_descriptors_close(struct kc_descriptors *descriptors)
{
    for (size_t i = 0; i < descriptors->count; i++)
        close_one(descriptors->fd[i]);
    descriptors->count = 0;
}

void kc_descriptors_close_own(struct kc_descriptors *descriptors)
{
    for (size_t i = 0; i < descriptors->count; i++)
        close(descriptors->fd[i]);
    descriptors->count = 0;
}

static void attach(
    struct msghdr *header, union control *control, const struct kc_descriptors *descriptors)
{
    const size_t size = sizeof(int) * descriptors->count;
    memset(control, 0, sizeof *control);
    header->msg_control = control;
    header->msg_controllen = CMSG_SPACE(size);
    struct cmsghdr *part = CMSG_FIRSTHDR(header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(part), descriptors->fd, size);
}

static enum kc_error send_error(int number)
{
    switch (number) {
    case EAGAIN:
    case ENOBUFS:
    case ETOOMANYREFS: /* too many descriptors on their way to the same user: passes */
        return KC_ERR_LIMIT;
    case EMSGSIZE:
        return KC_ERR_TOO_LARGE;
    default:
        return KC_ERR_CONNECTION_LOST;
    }
}

enum kc_error kc_transport_send(
    int socket, const void *bytes, size_t size, const struct kc_descriptors *descriptors)
{
    if (size == 0)
        return KC_ERR_TOO_LARGE;
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): an iovec has no const, sendmsg does not write */
    struct iovec vector = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
    union control control;
    if (descriptors && descriptors->count > 0)
        attach(&header, &control, descriptors);
    ssize_t sent;
    do
        sent = sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? send_error(errno) : KC_OK;
}

/* Room for as many as the kernel passes at once: what does not fit it would close itself, and this
 * thread would wait for that. */
union all_control {
    struct cmsghdr header;
    uint8_t bytes[CMSG_SPACE(sizeof(int) * PASSED_MAX)];
};

/* Takes the descriptors out of the control data; all of them, so that none is leaked. */
static void collect(struct msghdr *header, struct kc_descriptors *descriptors, bool *too_many)
{
    descriptors->count = 0;
    *too_many = false;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
            *too_many = descriptors->count == KC_DESCRIPTORS_MAX;
            if (*too_many)
                close_one(fd);
            else
                descriptors->fd[descriptors->count++] = fd;
        }
    }
}

static enum kc_error judge(ssize_t received, int flags)
{
    if (received == 0)
        return KC_ERR_CONNECTION_LOST;
    if (flags & MSG_TRUNC)
        return KC_ERR_TOO_LARGE;
    return flags & MSG_CTRUNC ? KC_ERR_BAD_REQUEST : KC_OK;
}

static bool is_passing(int number, bool gives_up)
{
    return number == ECONNRESET || (number == EINTR && !gives_up);
}

/* gives_up: when a signal comes */
static enum kc_error receive(int socket, int flags, bool gives_up, void *bytes, size_t limit,
    size_t *size, struct kc_descriptors *descriptors)
{
    struct iovec vector = {.iov_base = bytes, .iov_len = limit};
    union all_control control;
    struct msghdr header = {.msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control};
    ssize_t received;
    do /* a reset is told once, before the messages that the other side sent before it closed */
        received = recvmsg(socket, &header, MSG_CMSG_CLOEXEC | flags);
    while (received < 0 && is_passing(errno, gives_up));
    if (received < 0 && (errno == EAGAIN || errno == EINTR)) {
        *size = 0;
        descriptors->count = 0;
        return KC_OK;
    }
    if (received < 0)
        return KC_ERR_CONNECTION_LOST;

    struct kc_descriptors collected;
    bool too_many;
    collect(&header, &collected, &too_many);
    enum kc_error error = judge(received, header.msg_flags);
    if (error == KC_OK && too_many)
        error = KC_ERR_BAD_REQUEST;
    if (error != KC_OK) {
        kc_descriptors_close(&collected);
        return error;
    }
    *size = (size_t)received;
    *descriptors = collected;
    return KC_OK;
}

enum kc_error kc_transport_receive(
    int socket, void *bytes, size_t limit, size_t *size, struct kc_descriptors *descriptors)
{
    return receive(socket, MSG_DONTWAIT, false, bytes, limit, size, descriptors);
}

enum kc_error kc_transport_wait(
    int socket, void *bytes, size_t limit, size_t *size, struct kc_descriptors *descriptors)
{
    return receive(socket, 0, false, bytes, limit, size, descriptors);
}

enum kc_error kc_transport_wait_a_while(
    int socket, void *bytes, size_t limit, size_t *size, struct kc_descriptors *descriptors)
{
    return receive(socket, 0, true, bytes, limit, size, descriptors);
}

static bool write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        size -= (size_t)written;
    }
    return true;
}

/* Not executable, as hardened hosts demand; kernels before 6.3 do not know the flag. */
static int make_memfd(void)
{
    const unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    int fd = memfd_create("custodian", flags | MFD_NOEXEC_SEAL);
    return fd < 0 && errno == EINVAL ? memfd_create("custodian", flags) : fd;
}

enum kc_error kc_sealed_make(const void *bytes, size_t size, int *descriptor)
{
    int fd = make_memfd();
    if (fd < 0)
        return KC_ERR_NO_MEMORY;
    if (!write_all(fd, bytes, size) || fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) != 0) {
        close(fd);
        return KC_ERR_NO_MEMORY;
    }
    *descriptor = fd;
    return KC_OK;
}

enum kc_error kc_sealed_size(int descriptor, size_t limit, size_t *size)
{
    struct stat status;
    int seals = fcntl(descriptor, F_GET_SEALS); /* fails on whatever is not a memfd */
    if (seals < 0 || (seals & SEALS) != SEALS || fstat(descriptor, &status) != 0 ||
        !S_ISREG(status.st_mode) || status.st_size < 0)
        return KC_ERR_BAD_REQUEST;
    if ((uint64_t)status.st_size > limit)
        return KC_ERR_TOO_LARGE;
    *size = (size_t)status.st_size;
    return KC_OK;
}

/* Reads, never maps: a mapping would leave the octets in pages that are
 * neither locked nor wiped. */
static bool read_all(int fd, uint8_t *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(fd, bytes + done, size - done, (off_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

enum kc_error kc_sealed_read(int descriptor, void *bytes, size_t limit, size_t *size)
{
    size_t actual = 0;
    enum kc_error error = kc_sealed_size(descriptor, limit, &actual);
    if (error == KC_OK && !read_all(descriptor, bytes, actual))
        error = KC_ERR_BAD_REQUEST;
    if (error != KC_OK) {
        kc_wipe(bytes, limit);
        return error;
    }
    *size = actual;
    return KC_OK;
}
