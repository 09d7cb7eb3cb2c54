/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/supervisor/rights.h"

#include "custodian/log.h"

#include <errno.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* chown: the store's folder to the desk; the two about files: the TPM's device, which may belong to
 * a group; kill, users: what a supervisor does; memory: the vault's limit before it drops. */
static const unsigned kept[] = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_KILL, CAP_SETGID,
    CAP_SETUID, CAP_SYS_RESOURCE, CAP_IPC_LOCK};

static enum kc_error failed(const char *step, int cause)
{
    kc_log(KC_LOG_ERROR, "start-failed", kc_log_text("step", step), kc_log_errno(cause));
    return KC_ERR_SANDBOX;
}

static uint64_t kept_set(void)
{
    uint64_t set = 0;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        set |= UINT64_C(1) << kept[i];
    return set;
}

/* The bounding set too: it is what an exec as root would give back. */
static enum kc_error drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];

    for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
         capability++)
        if ((kept_set() >> capability & 1) == 0 && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
            return failed("bounding-set", errno);
    if (syscall(SYS_capget, &header, data) < 0)
        return failed("capabilities", errno);
    for (unsigned i = 0; i < 2; i++) {
        uint32_t mask = (uint32_t)(kept_set() >> (32 * i));
        data[i].permitted &= mask;
        data[i].effective &= mask;
        data[i].inheritable = 0;
    }
    return syscall(SYS_capset, &header, data) == 0 ? KC_OK : failed("capabilities", errno);
}

static const int refused[] = {SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev), SCMP_SYS(kcmp), SCMP_SYS(pidfd_getfd), SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(io_uring_setup), SCMP_SYS(keyctl),
    SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(init_module), SCMP_SYS(finit_module),
    SCMP_SYS(delete_module), SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(reboot),
    SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(setns),
    SCMP_SYS(unshare), SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime), SCMP_SYS(personality), SCMP_SYS(mknod), SCMP_SYS(mknodat)};

static enum kc_error refuse_calls(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (!filter)
        return failed("filter", ENOMEM);
    int result = 0;
    for (size_t i = 0; result == 0 && i < sizeof refused / sizeof *refused; i++)
        result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
    if (result == 0)
        result = seccomp_load(filter);
    seccomp_release(filter);
    return result == 0 ? KC_OK : failed("filter", -result);
}

enum kc_error kc_supervisor_give_up_rights(void)
{
    const struct rlimit none = {0, 0};

    if (geteuid() == 0) {
        enum kc_error error = drop_capabilities();
        if (error != KC_OK)
            return error;
    }
    if (setrlimit(RLIMIT_CORE, &none) < 0)
        return failed("core-limit", errno);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return failed("no-new-privileges", errno);
    return refuse_calls();
}
