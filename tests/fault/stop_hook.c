/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library for the processes of a custodian of a test, which the dynamic linker puts before the C
 * library: a process can be held at each of its writes, there to be killed. Writes are what the desk
 * and the front end do to their stores' files, the commands of the root to its TPM, and its answers;
 * each can be held before it is done, and what counts for good, a sync or a command, also just after.
 *
 * The supervisor clears the environment of what it starts; in it this library adds its own name
 * again. No program has anything for it, and none is changed: who may set the environment of the
 * supervisor is its owner. What it needs in a process is allowed there anyhow: a futex.
 */
#include "tests/fault/stop_page.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct stop_page *page; /* NULL: in a program that is none of these */
static enum stop_side side;

__attribute__((constructor)) static void start(void)
{
    static const char *const programs[STOP_SIDES] = {
        [STOP_DESK] = "custodian-desk",
        [STOP_ROOT] = "custodian-root",
        [STOP_FRONT] = "custodian-mesh",
    };
    const char *path = getenv(STOP_VARIABLE);
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *mapped = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped == MAP_FAILED)
        return;
    page = mapped;
    while (side < STOP_SIDES && strcmp(programs[side], program_invocation_short_name) != 0)
        side++;
}

/* A place where a process can be held, until the test lets it go on. */
static void pass(void)
{
    int cause = errno;
    uint32_t armed = atomic_load(&page->armed);
    while (armed > 0 && !atomic_compare_exchange_weak(&page->armed, &armed, armed - 1))
        ;
    if (armed == 1) {
        uint32_t going = atomic_load(&page->going);
        atomic_store(&page->stopped, 1 + side);
        atomic_fetch_add(&page->events, 1);
        syscall(SYS_futex, &page->events, FUTEX_WAKE, 1, NULL, NULL, 0);
        while (atomic_load(&page->going) == going)
            syscall(SYS_futex, &page->going, FUTEX_WAIT, going, NULL, NULL, 0);
    }
    errno = cause;
}

static bool keeps_a_store(void)
{
    return page && (side == STOP_DESK || side == STOP_FRONT);
}

/* --- a store's file --- */

ssize_t pwrite64(int file, const void *octets, size_t size, off64_t place)
{
    if (keeps_a_store())
        pass();
    return syscall(SYS_pwrite64, file, octets, size, place);
}

static int sync_file(long call, int file)
{
    if (keeps_a_store())
        pass();
    int result = (int)syscall(call, file);
    if (keeps_a_store())
        pass();
    return result;
}

int fdatasync(int file)
{
    return sync_file(SYS_fdatasync, file);
}

int fsync(int file)
{
    return sync_file(SYS_fsync, file);
}

int ftruncate64(int file, off64_t size)
{
    if (keeps_a_store())
        pass();
    return (int)syscall(SYS_ftruncate, file, size);
}

/* --- a hardware root --- */

/* The only messages of the root's are its answers to the vault, and that it is ready. */
ssize_t sendmsg(int socket, const struct msghdr *message, int flags)
{
    if (page && side == STOP_ROOT)
        pass();
    return syscall(SYS_sendmsg, socket, message, flags);
}

/* Nothing but the TPM, and the log, is written to with write() by the root. */
ssize_t write(int file, const void *octets, size_t size)
{
    bool is_command = page && side == STOP_ROOT && file > STDERR_FILENO;
    if (is_command)
        pass();
    ssize_t result = syscall(SYS_write, file, octets, size);
    if (is_command)
        pass();
    return result;
}

/* --- the clock, which the vault judges requests by --- */

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (page && clock == CLOCK_REALTIME)
        now->tv_sec += atomic_load(&page->clock_ms) / 1000;
    return result;
}

/* --- the supervisor's children --- */

#define VARIABLES 8

int execve(const char *path, char *const arguments[], char *const environment[])
{
    static char own[2][256];
    char *given[VARIABLES + 3] = {NULL};
    size_t count = 0;
    if (!page)
        return (int)syscall(SYS_execve, path, arguments, environment);
    while (count < VARIABLES && environment[count]) {
        given[count] = environment[count];
        count++;
    }
    snprintf(own[0], sizeof own[0], "LD_PRELOAD=%s", getenv("LD_PRELOAD"));
    snprintf(own[1], sizeof own[1], STOP_VARIABLE "=%s", getenv(STOP_VARIABLE));
    given[count++] = own[0];
    given[count] = own[1];
    return (int)syscall(SYS_execve, path, arguments, given);
}
