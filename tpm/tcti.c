/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/tcti.h"

#include "base/reader.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <tss2/tss2_tctildr.h>
#include <unistd.h>

#define HEADER_SIZE 10 /* tag u16, size u32, code u32 */

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
    return tcti->writes ? write(tcti->fd, bytes, size) : send(tcti->fd, bytes, size, MSG_NOSIGNAL);
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

/* A transport of others: whether it keeps to the time left is up to it. */
static TSS2_RC exchange_by_library(
    struct kc_tcti *tcti, const uint8_t *command, size_t size, int64_t deadline)
{
    size_t answer_size = sizeof tcti->answer;
    TSS2_RC code = Tss2_Tcti_Transmit(tcti->library, size, command);
    if (code != TSS2_RC_SUCCESS)
        return code;
    int64_t left = deadline - kc_tcti_now_ms();
    code =
        Tss2_Tcti_Receive(tcti->library, &answer_size, tcti->answer, left > 0 ? (int32_t)left : 0);
    if (code == TSS2_TCTI_RC_TRY_AGAIN)
        return TSS2_TCTI_RC_IO_ERROR;
    if (code != TSS2_RC_SUCCESS)
        return code;
    if (answer_size < HEADER_SIZE || answer_size > sizeof tcti->answer ||
        claimed_size(tcti->answer, answer_size) != answer_size)
        return TSS2_TCTI_RC_MALFORMED_RESPONSE;
    tcti->answer_size = answer_size;
    return TSS2_RC_SUCCESS;
}

TSS2_RC kc_tcti_exchange(
    struct kc_tcti *tcti, const uint8_t *command, size_t size, int64_t deadline)
{
    tcti->answer_size = 0;
    if (tcti->library)
        return exchange_by_library(tcti, command, size, deadline);
    TSS2_RC code = send_all(tcti, command, size, deadline);
    return code == TSS2_RC_SUCCESS ? read_answer(tcti, deadline) : code;
}

/* --- a connection --- */

/* What is left, as a timeout of a socket's, for which 0 is for ever. */
static struct timeval time_left(int64_t deadline)
{
    int64_t left = deadline - kc_tcti_now_ms();
    if (left < 1)
        left = 1;
    return (struct timeval){.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};
}

/* The connect blocks: where others are in line before a unix socket one that does not is refused at
 * once, and nothing tells when there is room. All after it does not block. */
static bool connect_by(int fd, const struct kc_address *address, int64_t deadline)
{
    struct timeval patience = time_left(deadline);
    return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0 &&
           connect(fd, &address->socket, address->socket_size) == 0 &&
           fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
}

static int open_socket(const struct kc_address *address, int64_t deadline)
{
    int fd = socket(address->socket.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && !connect_by(fd, address, deadline)) {
        close(fd);
        return -1;
    }
    return fd;
}

/*
 * Starts a shell that leaves the command behind, with `fd` as its input and output, and waits for
 * that shell alone. Not by fork: the memory of the process is not inherited by one.
 */
static bool run_in_background(char *text, int fd)
{
    static char shell[] = "sh", option[] = "-c", line[] = "exec 3<&0; eval \"$0\" <&3 3<&- &";
    char *const arguments[] = {shell, option, line, text, NULL};
    posix_spawn_file_actions_t actions;
    pid_t child = 0;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return false;
    bool started = posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO) == 0 &&
                   posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO) == 0 &&
                   posix_spawn(&child, "/bin/sh", &actions, NULL, arguments, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    while (started && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
    return started;
}

/* The command's input and output are the other end of a socket; it ends when its input does. */
static int spawn(const char *command)
{
    char text[KC_ADDRESS_TEXT_SIZE];
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return -1;
    bool started = kc_text_copy(text, sizeof text, command) && run_in_background(text, ends[1]) &&
                   fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
    close(ends[1]);
    if (started)
        return ends[0];
    close(ends[0]);
    return -1;
}

static int open_descriptor(const struct kc_address *address, int64_t deadline)
{
    if (address->kind == KC_ADDRESS_DEVICE)
        return open(address->text, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (address->kind == KC_ADDRESS_COMMAND)
        return spawn(address->text);
    return open_socket(address, deadline);
}

enum kc_error kc_tcti_open(struct kc_tcti *tcti, const struct kc_address *address, int64_t deadline)
{
    TSS2_TCTI_CONTEXT *library = NULL;
    int fd = -1;
    if (address->kind == KC_ADDRESS_LIBRARY) {
        if (Tss2_TctiLdr_Initialize(address->text, &library) != TSS2_RC_SUCCESS)
            return KC_ERR_ROOT_UNAVAILABLE;
    } else if ((fd = open_descriptor(address, deadline)) < 0) {
        return KC_ERR_ROOT_UNAVAILABLE;
    }
    tcti->library = library;
    tcti->fd = fd;
    tcti->writes = address->kind == KC_ADDRESS_DEVICE;
    tcti->answer_size = 0;
    return KC_OK;
}

void kc_tcti_close(struct kc_tcti *tcti)
{
    Tss2_TctiLdr_Finalize(&tcti->library);
    if (tcti->fd >= 0)
        close(tcti->fd);
    tcti->fd = -1;
}
