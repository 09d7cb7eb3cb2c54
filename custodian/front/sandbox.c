/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/sandbox.h"

#include "proto/hkdf.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* It connects to the custodian's socket alone: connect is for a socket that it made itself, and it
 * makes none but AF_UNIX. */
static const struct kc_syscall allowed[] = {
    /* clients */
    KC_SYSCALL(accept4),
    KC_SYSCALL(recvfrom),
    KC_SYSCALL(sendto),
    KC_SYSCALL(sendfile),
    KC_SYSCALL(read),
    KC_SYSCALL(readv),
    KC_SYSCALL(write),
    KC_SYSCALL(writev),
    KC_SYSCALL(close),
    KC_SYSCALL(getpeername),
    KC_SYSCALL(getsockname),
    KC_SYSCALL(getsockopt),
    KC_SYSCALL(setsockopt),
    KC_SYSCALL(fcntl),
    /* the custodian */
    KC_SYSCALL_WHERE(socket, 0, AF_UNIX),
    KC_SYSCALL(connect),
    KC_SYSCALL(memfd_create),
    KC_SYSCALL(ftruncate),
    KC_SYSCALL(dup3),
    /* the store */
    KC_SYSCALL(pread64),
    KC_SYSCALL(pwrite64),
    KC_SYSCALL(fsync),
    KC_SYSCALL(fdatasync),
    KC_SYSCALL(fstat),
    KC_SYSCALL(newfstatat),
    KC_SYSCALL(lseek),
    KC_SYSCALL(geteuid),
    KC_SYSCALL(getuid),
    /* threads: their names, and those that wait */
    KC_SYSCALL_WHERE(prctl, 0, PR_SET_NAME),
    KC_SYSCALL(rt_sigtimedwait),
    KC_SYSCALL(rt_sigaction),
    KC_SYSCALL(clock_getres),
    KC_SYSCALL(times),
    KC_SYSCALL(getrusage),
    KC_SYSCALL(munlock),
};

enum kc_error kc_front_sandbox(void)
{
    uint8_t unused[KC_HASH_SIZE_MAX];
    /* libcrypto reads its configuration when it is first used */
    enum kc_error error = kc_hash_digest(KC_HASH_SHA512, (struct kc_span){unused, 0}, unused);
    if (error != KC_OK)
        return error;
    return kc_process_filter(allowed, sizeof allowed / sizeof *allowed);
}
