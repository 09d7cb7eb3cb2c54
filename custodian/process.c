/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/process.h"

#include "custodian/log.h"

#include <errno.h>
#include <grp.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define DESCRIPTORS_BESIDE 64           /* those of the process itself */
#define LOCKED_MEMORY_SLACK (16u << 20) /* bytes beside the arena: stacks, what libraries lock */

static enum kc_error failed_step(const char *step, int cause)
{
    kc_log(KC_LOG_ERROR, "start-failed", kc_log_text("step", step), kc_log_errno(cause));
    return KC_ERR_SANDBOX;
}

/* Nothing of this process may be written to a disk by the kernel, or be read by a debugger. */
static enum kc_error forbid_images(void)
{
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) < 0)
        return failed_step("core-limit", errno);
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return failed_step("not-dumpable", errno);
    return KC_OK;
}

/* As far as it goes: whether it was enough is seen when the arena is locked. */
static void raise_locked_memory(const struct kc_config *config)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)config->arena_size + LOCKED_MEMORY_SLACK;

    if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0 || limit.rlim_cur >= wanted)
        return;
    struct rlimit more = {wanted, limit.rlim_max > wanted ? limit.rlim_max : wanted};
    if (setrlimit(RLIMIT_MEMLOCK, &more) == 0)
        return;
    more.rlim_cur = more.rlim_max = limit.rlim_max;
    (void)setrlimit(RLIMIT_MEMLOCK, &more);
}

/* In desk and vault each request in flight may hold its descriptors, each client its socket. Who
 * has too few loses a message for good, and that ends a process. */
static void raise_descriptors(const struct kc_config *config)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)config->limits.clients +
                    (rlim_t)config->limits.in_flight * KC_DESCRIPTORS_MAX + DESCRIPTORS_BESIDE;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* What the process starts beside itself, a command before a TPM or what a module runs, has none of its
 * edges: who held one could speak for it, and its neighbour would not see it end. */
static enum kc_error keep_descriptors(void)
{
    return close_range(KC_FD_CONTROL, ~0u, CLOSE_RANGE_CLOEXEC) == 0
               ? KC_OK
               : failed_step("close-on-exec", errno);
}

static enum kc_error read_configuration(struct kc_config **config)
{
    struct kc_config_problem problem = {""};
    char *text = NULL;
    enum kc_error error = kc_config_read(KC_FD_CONFIG, "configuration", &text, &problem);

    if (error == KC_OK)
        error = kc_config_parse("configuration", text, config, &problem);
    free(text);
    close(KC_FD_CONFIG);
    if (error != KC_OK)
        kc_log(
            KC_LOG_ERROR, "start-failed", kc_log_error(error), kc_log_text("detail", problem.text));
    return error;
}

enum kc_error kc_process_start(enum kc_process process, struct kc_config **config)
{
    static const char *const names[KC_PROCESSES] = {
        "desk", "vault", "root", "courier", "root-2", "root-3", "root-4", "listener"};
    static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE};

    kc_log_init(names[process]);
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], SIG_IGN);
    mallopt(M_ARENA_MAX, 1);
    enum kc_error error = forbid_images();
    if (error == KC_OK)
        error = keep_descriptors();
    if (error == KC_OK)
        error = read_configuration(config);
    bool has_secrets = process != KC_PROCESS_DESK && process != KC_PROCESS_COURIER;
    if (error == KC_OK && has_secrets)
        raise_locked_memory(*config);
    if (error == KC_OK && (process == KC_PROCESS_DESK || process == KC_PROCESS_VAULT))
        raise_descriptors(*config);
    return error;
}

static enum kc_error become(const struct kc_config_user *user)
{
    if (setgroups(0, NULL) < 0)
        return failed_step("groups", errno);
    if (setresgid(user->group, user->group, user->group) < 0)
        return failed_step("group", errno);
    if (setresuid(user->user, user->user, user->user) < 0)
        return failed_step("user", errno);
    if (setuid(0) == 0)
        return failed_step("no-way-back", EPERM);
    return KC_OK;
}

enum kc_error kc_process_drop_rights(enum kc_process process, const struct kc_config *config)
{
    return kc_process_become(&config->users[process], config);
}

enum kc_error kc_process_become(const struct kc_config_user *user, const struct kc_config *config)
{
    if (config->drops_rights) {
        enum kc_error error = become(user);
        if (error != KC_OK)
            return error;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return failed_step("no-new-privileges", errno);
    /* the kernel forgets both when the user changes */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return failed_step("end-with-supervisor", errno);
    return forbid_images();
}

enum kc_error kc_process_confine(const struct kc_config_user *user)
{
    signal(SIGPIPE, SIG_IGN);
    if (user && geteuid() == 0) {
        enum kc_error error = become(user);
        if (error != KC_OK)
            return error;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return failed_step("no-new-privileges", errno);
    return forbid_images();
}

static const struct kc_syscall common[] = {
    KC_SYSCALL(exit),
    KC_SYSCALL(exit_group),
    KC_SYSCALL(futex),
    KC_SYSCALL(rt_sigreturn),
    KC_SYSCALL(rt_sigprocmask),
    KC_SYSCALL(restart_syscall),
    KC_SYSCALL(rseq), /* a thread's first steps, which may come after the filter */
    KC_SYSCALL(set_robust_list),
    KC_SYSCALL(brk),
    KC_SYSCALL(munmap),
    KC_SYSCALL(mremap),
    KC_SYSCALL(madvise),
    KC_SYSCALL(getrandom),
    KC_SYSCALL(clock_gettime),
    KC_SYSCALL(gettimeofday),
    KC_SYSCALL(clock_nanosleep),
    KC_SYSCALL(sched_yield),
    KC_SYSCALL(sched_getaffinity),
    KC_SYSCALL(getpid),
    KC_SYSCALL(gettid),
    KC_SYSCALL(sendmsg),
    KC_SYSCALL(recvmsg),
    KC_SYSCALL(shutdown),
    KC_SYSCALL(poll),
    KC_SYSCALL(ppoll),
    KC_SYSCALL(epoll_wait),
    KC_SYSCALL(epoll_pwait),
    KC_SYSCALL(epoll_ctl),
    {SCMP_SYS(write), 1, {{0, SCMP_CMP_EQ, STDERR_FILENO, 0}}},
    {SCMP_SYS(mprotect), 1, {{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}}},
    {SCMP_SYS(mmap), 2,
        {{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0},
            {3, SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS}}},
};

/* Sanitizers and coverage make calls of their own: there the filter reports to the audit log. */
#ifdef KC_SANDBOX_REPORTS
#define OTHERWISE SCMP_ACT_LOG
#else
#define OTHERWISE SCMP_ACT_KILL_PROCESS
#endif

static int add_rules(scmp_filter_ctx filter, const struct kc_syscall *allowed, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int result = seccomp_rule_add_array(
            filter, SCMP_ACT_ALLOW, allowed[i].number, allowed[i].compared, allowed[i].arguments);
        if (result < 0)
            return result;
    }
    return 0;
}

enum kc_error kc_process_filter(const struct kc_syscall *allowed, size_t count)
{
    scmp_filter_ctx filter = seccomp_init(OTHERWISE);
    if (!filter)
        return failed_step("filter", ENOMEM);

    int result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1); /* all threads */
    if (result == 0)
        result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree, not a list */
    if (result == 0)
        result = add_rules(filter, common, sizeof common / sizeof *common);
    /* tgkill as far as abort() needs it */
    const struct scmp_arg_cmp itself = {0, SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0};
    if (result == 0)
        result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &itself);
    if (result == 0)
        result = add_rules(filter, allowed, count);
    if (result == 0)
        result = seccomp_load(filter);
    seccomp_release(filter);
    return result == 0 ? KC_OK : failed_step("filter", -result);
}

void kc_process_ready(void)
{
    uint8_t ready = 1;
    struct iovec part = {&ready, sizeof ready};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    /* a supervisor that is gone is seen by the next kc_process_control */
    (void)sendmsg(KC_FD_CONTROL, &message, MSG_NOSIGNAL);
}

static void end(const char *why)
{
    kc_log(KC_LOG_ERROR, "process-ends", kc_log_text("why", why));
    _exit(KC_CLASS_INTERNAL);
}

static int passed_descriptor(struct msghdr *message)
{
    const struct cmsghdr *control = CMSG_FIRSTHDR(message);
    int descriptor = -1;
    if (control && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS &&
        control->cmsg_len == CMSG_LEN(sizeof descriptor))
        memcpy(&descriptor, CMSG_DATA(control), sizeof descriptor);
    return descriptor;
}

struct kc_control kc_process_control(void)
{
    uint8_t order[2];
    _Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof(int))];
    struct iovec part = {order, sizeof order};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    struct kc_control control = {.type = KC_CONTROL_NONE, .descriptor = -1};

    ssize_t size = recvmsg(KC_FD_CONTROL, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return control;
    if (size <= 0)
        end("supervisor-gone");
    control.type = order[0];
    control.edge = order[1];
    control.descriptor = passed_descriptor(&message);
    bool good = size == sizeof order && control.edge < KC_EDGES &&
                (control.type == KC_CONTROL_EDGE ? control.descriptor >= 0
                                                 : control.type == KC_CONTROL_STOP);
    if (!good)
        end("malformed-order");
    return control;
}
