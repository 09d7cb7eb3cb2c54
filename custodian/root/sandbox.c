/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/root/sandbox.h"

#include "custodian/log.h"
#include "custodian/process.h"
#include "tpm/address.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/mman.h>
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
#define WHERE_BITS(name, position, bits, value)                                                    \
    {                                                                                              \
        .number = SCMP_SYS(name), .compared = 1, .arguments = {                                    \
            {position, SCMP_CMP_MASKED_EQ, bits, value}                                            \
        }                                                                                          \
    }

/* A TPM that went away is connected again inside the sandbox, so the
 * calls for that stay allowed. */
static const struct kc_syscall for_socket[] = {
    ANY(read),
    ANY(close),
    WHERE(socket, 0, AF_UNIX),
    WHERE(socket, 0, AF_INET),
    WHERE(socket, 0, AF_INET6),
    ANY(connect),
    WHERE(getsockopt, 2, SO_ERROR),
    ANY(sendto),
};

static const struct kc_syscall for_device[] = {
    ANY(read),
    ANY(close),
    ANY(write),
    WHERE(openat, 2, O_RDWR | O_CLOEXEC | O_NONBLOCK),
};

/*
 * What a PKCS#11 module may need when it is initialised again, after its token was away: files and
 * devices as far as the process's user may open them, sockets to a token's daemon or appliance,
 * libraries that it loads late, threads. No other program, no other user, no memory that is both
 * writable and executable. docs/operations.md has this list for the host's owner.
 */
static const struct kc_syscall for_module[] = {
    ANY(read),
    ANY(readv),
    ANY(pread64),
    ANY(write),
    ANY(writev),
    ANY(pwrite64),
    ANY(close),
    ANY(open),
    ANY(openat),
    ANY(lseek),
    ANY(stat),
    ANY(fstat),
    ANY(lstat),
    ANY(newfstatat),
    ANY(statx),
    ANY(statfs),
    ANY(fstatfs),
    ANY(access),
    ANY(faccessat),
    ANY(faccessat2),
    ANY(readlink),
    ANY(readlinkat),
    ANY(getcwd),
    ANY(getdents64),
    ANY(mkdir),
    ANY(mkdirat),
    ANY(rmdir),
    ANY(unlink),
    ANY(unlinkat),
    ANY(rename),
    ANY(renameat),
    ANY(renameat2),
    ANY(chmod),
    ANY(fchmod),
    ANY(umask),
    ANY(ftruncate),
    ANY(fsync),
    ANY(fdatasync),
    ANY(flock),
    ANY(fcntl),
    ANY(dup),
    ANY(ioctl),
    ANY(pipe2),
    ANY(eventfd2),
    ANY(epoll_create1),
    ANY(select),
    ANY(pselect6),
    ANY(nanosleep),
    WHERE(socket, 0, AF_UNIX),
    WHERE(socket, 0, AF_INET),
    WHERE(socket, 0, AF_INET6),
    WHERE(socket, 0, AF_NETLINK), /* the C library's resolver, and libusb */
    ANY(connect),
    ANY(bind),
    ANY(getsockname),
    ANY(getpeername),
    ANY(getsockopt),
    ANY(setsockopt),
    ANY(sendto),
    ANY(sendmmsg),
    ANY(recvfrom),
    WHERE_BITS(mmap, 2, PROT_EXEC, 0),
    WHERE_BITS(mmap, 2, PROT_WRITE, 0),
    WHERE_BITS(mprotect, 2, PROT_WRITE, 0),
    WHERE_BITS(clone, 0, CLONE_THREAD, CLONE_THREAD),
    ANY(clone3), /* refused softly, see below */
    ANY(rt_sigaction),
    ANY(sigaltstack),
    WHERE_BITS(prlimit64, 2, UINT64_MAX, 0), /* asks, and sets nothing */
    ANY(getuid),
    ANY(geteuid),
    ANY(getgid),
    ANY(getegid),
    ANY(getppid),
    ANY(getpgrp),
    ANY(getrusage),
    ANY(times),
    ANY(time),
    ANY(clock_getres),
    ANY(sysinfo),
    ANY(uname),
};

/*
 * The arguments of clone3 are out of a filter's sight. Told that the kernel does not have it, the C
 * library makes its threads with clone. A filter of its own, as it has another answer.
 */
static enum kc_error refuse_clone3(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int result = filter ? seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) : -ENOMEM;
    if (result == 0)
        result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    if (result == 0)
        result = seccomp_load(filter);
    seccomp_release(filter);
    if (result == 0)
        return KC_OK;
    kc_log(KC_LOG_ERROR, "start-failed", kc_log_text("step", "filter"), kc_log_errno(-result));
    return KC_ERR_SANDBOX;
}

bool kc_root_sandbox_is_wide(const struct kc_config_root *settings)
{
    struct kc_address address;
    return settings->pkcs11[0] || (kc_address_parse(settings->tcti, &address) == KC_OK &&
                                      address.kind == KC_ADDRESS_LIBRARY);
}

enum kc_error kc_root_sandbox_enter(const struct kc_config_root *settings)
{
    if (kc_root_sandbox_is_wide(settings)) {
        enum kc_error error = refuse_clone3();
        return error == KC_OK
                   ? kc_process_filter(for_module, sizeof for_module / sizeof for_module[0])
                   : error;
    }
    struct kc_address address;
    if (kc_address_parse(settings->tcti, &address) != KC_OK)
        return KC_ERR_CONFIG;
    return address.kind == KC_ADDRESS_DEVICE
               ? kc_process_filter(for_device, sizeof for_device / sizeof for_device[0])
               : kc_process_filter(for_socket, sizeof for_socket / sizeof for_socket[0]);
}
