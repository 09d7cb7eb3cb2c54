/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/front/sandbox.h"

#include "proto/hkdf.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define ANY(name)                                                                                  \
    {                                                                                              \
        .number = SCMP_SYS(name)                                                                   \
    }
#define WHERE(name, position, value)                                                               \
    {                                                                                              \
        .number = SCMP_SYS(name), .compared = 1, .arguments = {                                    \
            {position, SCMP_CMP_EQ, value, 0}                                                      \
        }                                                                                          \
    }

/* It connects to the custodian's socket alone: connect is for a socket that it made itself, and it
 * makes none but AF_UNIX. */
static const struct kc_syscall allowed[] = {
    /* clients */
    ANY(accept4),
    ANY(recvfrom),
    ANY(sendto),
    ANY(sendfile),
    ANY(read),
    ANY(readv),
    ANY(write),
    ANY(writev),
    ANY(close),
    ANY(getpeername),
    ANY(getsockname),
    ANY(getsockopt),
    ANY(setsockopt),
    ANY(fcntl),
    /* the custodian */
    WHERE(socket, 0, AF_UNIX),
    ANY(connect),
    ANY(memfd_create),
    ANY(ftruncate),
    ANY(dup3),
    /* the store */
    ANY(pread64),
    ANY(pwrite64),
    ANY(fsync),
    ANY(fdatasync),
    ANY(fstat),
    ANY(newfstatat),
    ANY(lseek),
    ANY(geteuid),
    ANY(getuid),
    /* threads: their names, and those that wait */
    WHERE(prctl, 0, PR_SET_NAME),
    ANY(rt_sigtimedwait),
    ANY(rt_sigaction),
    ANY(clock_getres),
    ANY(times),
    ANY(getrusage),
    ANY(munlock),
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
