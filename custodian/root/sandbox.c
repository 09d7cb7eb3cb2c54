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

/* A TPM that went away is connected again inside the sandbox, so the
 * calls for that stay allowed. */
static const struct kc_syscall for_socket[] = {
    KC_SYSCALL(read),
    KC_SYSCALL(close),
    KC_SYSCALL_WHERE(socket, 0, AF_UNIX),
    KC_SYSCALL_WHERE(socket, 0, AF_INET),
    KC_SYSCALL_WHERE(socket, 0, AF_INET6),
    KC_SYSCALL_WHERE(setsockopt, 2, SO_SNDTIMEO),
    KC_SYSCALL(connect),
    KC_SYSCALL_WHERE(fcntl, 1, F_SETFL),
    KC_SYSCALL(sendto),
};

static const struct kc_syscall for_device[] = {
    KC_SYSCALL(read),
    KC_SYSCALL(close),
    KC_SYSCALL(write),
    KC_SYSCALL_WHERE(openat, 2, O_RDWR | O_CLOEXEC | O_NONBLOCK),
};

/*
 * What a PKCS#11 module may need when it is initialised again, after its token was away: files and
 * devices as far as the process's user may open them, sockets to a token's daemon or appliance,
 * libraries that it loads late, threads. No other program, no other user, no memory that is both
 * writable and executable. docs/operations.md has this list for the host's owner.
 */
static const struct kc_syscall for_module[] = {
    KC_SYSCALL(read),
    KC_SYSCALL(readv),
    KC_SYSCALL(pread64),
    KC_SYSCALL(write),
    KC_SYSCALL(writev),
    KC_SYSCALL(pwrite64),
    KC_SYSCALL(close),
    KC_SYSCALL(open),
    KC_SYSCALL(openat),
    KC_SYSCALL(lseek),
    KC_SYSCALL(stat),
    KC_SYSCALL(fstat),
    KC_SYSCALL(lstat),
    KC_SYSCALL(newfstatat),
    KC_SYSCALL(statx),
    KC_SYSCALL(statfs),
    KC_SYSCALL(fstatfs),
    KC_SYSCALL(access),
    KC_SYSCALL(faccessat),
    KC_SYSCALL(faccessat2),
    KC_SYSCALL(readlink),
    KC_SYSCALL(readlinkat),
    KC_SYSCALL(getcwd),
    KC_SYSCALL(getdents64),
    KC_SYSCALL(mkdir),
    KC_SYSCALL(mkdirat),
    KC_SYSCALL(rmdir),
    KC_SYSCALL(unlink),
    KC_SYSCALL(unlinkat),
    KC_SYSCALL(rename),
    KC_SYSCALL(renameat),
    KC_SYSCALL(renameat2),
    KC_SYSCALL(chmod),
    KC_SYSCALL(fchmod),
    KC_SYSCALL(umask),
    KC_SYSCALL(ftruncate),
    KC_SYSCALL(fsync),
    KC_SYSCALL(fdatasync),
    KC_SYSCALL(flock),
    KC_SYSCALL(fcntl),
    KC_SYSCALL(dup),
    KC_SYSCALL(ioctl),
    KC_SYSCALL(pipe2),
    KC_SYSCALL(eventfd2),
    KC_SYSCALL(epoll_create1),
    KC_SYSCALL(select),
    KC_SYSCALL(pselect6),
    KC_SYSCALL(nanosleep),
    KC_SYSCALL_WHERE(socket, 0, AF_UNIX),
    KC_SYSCALL_WHERE(socket, 0, AF_INET),
    KC_SYSCALL_WHERE(socket, 0, AF_INET6),
    KC_SYSCALL_WHERE(socket, 0, AF_NETLINK), /* the C library's resolver, and libusb */
    KC_SYSCALL(connect),
    KC_SYSCALL(bind),
    KC_SYSCALL(getsockname),
    KC_SYSCALL(getpeername),
    KC_SYSCALL(getsockopt),
    KC_SYSCALL(setsockopt),
    KC_SYSCALL(sendto),
    KC_SYSCALL(sendmmsg),
    KC_SYSCALL(recvfrom),
    KC_SYSCALL_WHERE_BITS(mmap, 2, PROT_EXEC, 0),
    KC_SYSCALL_WHERE_BITS(mmap, 2, PROT_WRITE, 0),
    KC_SYSCALL_WHERE_BITS(mprotect, 2, PROT_WRITE, 0),
    KC_SYSCALL_WHERE_BITS(clone, 0, CLONE_THREAD, CLONE_THREAD),
    KC_SYSCALL(clone3), /* refused softly, see below */
    KC_SYSCALL(rt_sigaction),
    KC_SYSCALL(sigaltstack),
    KC_SYSCALL_WHERE_BITS(prlimit64, 2, UINT64_MAX, 0), /* asks, and sets nothing */
    KC_SYSCALL(getuid),
    KC_SYSCALL(geteuid),
    KC_SYSCALL(getgid),
    KC_SYSCALL(getegid),
    KC_SYSCALL(getppid),
    KC_SYSCALL(getpgrp),
    KC_SYSCALL(getrusage),
    KC_SYSCALL(times),
    KC_SYSCALL(time),
    KC_SYSCALL(clock_getres),
    KC_SYSCALL(sysinfo),
    KC_SYSCALL(uname),
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
