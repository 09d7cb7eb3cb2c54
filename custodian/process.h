/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every process of the custodian does at its start and at its end.
 *
 *     kc_process_start(KC_PROCESS_VAULT, &config)     the configuration; no core image, no signals
 *     ... what needs the rights of the start: the arena, the TPM's device ...
 *     kc_process_drop_rights(KC_PROCESS_VAULT, config)    its own user, no way back
 *     ... what the filter will not allow any more: files, threads ...
 *     kc_process_filter(calls, count)                 the system calls that it needs, no others
 *     kc_process_ready()
 *     loop: its edges, and KC_FD_CONTROL: kc_process_control(&order)
 *
 * A step that fails is logged here and ends the start. The supervisor starts and restarts the
 * processes and lists them and their edges in one table (supervisor/supervisor.c).
 */
#ifndef KC_CUSTODIAN_PROCESS_H
#define KC_CUSTODIAN_PROCESS_H

#include "custodian/config.h"

#include <seccomp.h>

enum kc_process {
    KC_PROCESS_DESK,
    KC_PROCESS_VAULT,
    KC_PROCESS_ROOT,
    KC_PROCESS_COURIER, /* just if the configuration names peers */
    KC_PROCESS_ROOT_2,  /* just if it names that many roots */
    KC_PROCESS_ROOT_3,
    KC_PROCESS_ROOT_4,
    KC_PROCESS_LISTENER, /* just if the configuration says listen */
    KC_PROCESSES
};

/* The process of a root, by the root's number in the configuration. */
static inline enum kc_process kc_process_of_root(size_t number)
{
    return number == 0 ? KC_PROCESS_ROOT
                       : (enum kc_process)((size_t)KC_PROCESS_ROOT_2 + number - 1);
}

/* An edge is a pair of SOCK_SEQPACKET sockets between two processes. */
enum kc_edge {
    KC_EDGE_DESK_VAULT,
    KC_EDGE_VAULT_ROOT,
    KC_EDGE_DESK_COURIER,
    KC_EDGE_VAULT_ROOT_2,
    KC_EDGE_VAULT_ROOT_3,
    KC_EDGE_VAULT_ROOT_4,
    KC_EDGES
};

/* The edge to a root, and the root that an edge leads to, by the number in the configuration;
 * KC_CONFIG_ROOTS_MAX: to none. */
static inline enum kc_edge kc_edge_to_root(size_t number)
{
    return number == 0 ? KC_EDGE_VAULT_ROOT
                       : (enum kc_edge)((size_t)KC_EDGE_VAULT_ROOT_2 + number - 1);
}
static inline size_t kc_edge_root(enum kc_edge edge)
{
    size_t number = 0;
    while (number < KC_CONFIG_ROOTS_MAX && kc_edge_to_root(number) != edge)
        number++;
    return number;
}

/*
 * The descriptors that a process is started with, besides 0 and 1 (/dev/null) and 2 (the log).
 * Edges are non-blocking and closed on exec; when a neighbour is restarted, a new end comes by
 * KC_CONTROL_EDGE under another number.
 */
enum kc_process_descriptor {
    KC_FD_CONTROL = 3,
    KC_FD_CONFIG = 4, /* the configuration as the supervisor read it; closed by kc_process_start */
    KC_FD_DESK_LISTEN = 5,
    KC_FD_DESK_VAULT = 6,
    KC_FD_DESK_COURIER = 7,
    KC_FD_VAULT_DESK = 5,
    KC_FD_VAULT_ROOT = 6, /* and those after it, one for each root */
    KC_FD_ROOT_VAULT = 5,
    KC_FD_COURIER_DESK = 5,
};

/*
 * Reads the configuration, starts the log, forbids core images and tracing, ignores the signals
 * that are the supervisor's (SIGTERM, SIGINT, SIGHUP) and SIGPIPE, keeps the C library to one heap
 * (others read files in /proc), lets vault and root lock arena_size bytes and some more, and desk
 * and vault have as many descriptors as their clients can make them hold, as far as they may.
 *
 * config  given: the process keeps it until its end, or kc_config_free
 */
KC_CHECKED enum kc_error kc_process_start(enum kc_process process, struct kc_config **config);

/*
 * Becomes the process's own user with no other groups, gains no privileges again, has no core
 * image, and ends when the supervisor does. Not started as root: only the latter three.
 *
 * KC_ERR_SANDBOX
 */
KC_CHECKED enum kc_error kc_process_drop_rights(
    enum kc_process process, const struct kc_config *config);

/* The same as a user who is none of the processes': for what a process starts beside itself. */
KC_CHECKED enum kc_error kc_process_become(
    const struct kc_config_user *user, const struct kc_config *config);

/*
 * The same for a program that the supervisor does not start (custodian-mesh): becomes the user, if
 * started as root, gains no privileges again, has no core image, ignores SIGPIPE.
 *
 * user  NULL: stays who it is
 *
 * KC_ERR_SANDBOX
 */
KC_CHECKED enum kc_error kc_process_confine(const struct kc_config_user *user);

/* One allowed system call: SCMP_SYS(name), if all of the compared arguments fit (SCMP_A0, ...). */
struct kc_syscall {
    int number;
    unsigned compared; /* 0..3 */
    struct scmp_arg_cmp arguments[3];
};

/* Rows of a table of them: whatever the arguments; where one has a value, or some of its bits have. */
#define KC_SYSCALL(name)                                                                           \
    {                                                                                              \
        .number = SCMP_SYS(name)                                                                   \
    }
#define KC_SYSCALL_WHERE(name, position, value)                                                    \
    {                                                                                              \
        .number = SCMP_SYS(name), .compared = 1, .arguments = {                                    \
            {position, SCMP_CMP_EQ, value, 0}                                                      \
        }                                                                                          \
    }
#define KC_SYSCALL_WHERE_BITS(name, position, bits, value)                                         \
    {                                                                                              \
        .number = SCMP_SYS(name), .compared = 1, .arguments = {                                    \
            {position, SCMP_CMP_MASKED_EQ, bits, value}                                            \
        }                                                                                          \
    }

/*
 * From here on any other system call, in any thread, ends the process.
 *
 * Allowed for all: exit, exit_group, futex, rt_sigreturn, rt_sigprocmask, tgkill within itself;
 * brk, munmap, mremap, madvise, mmap of anonymous memory and mprotect, both not executable;
 * getrandom, clock_gettime, gettimeofday, clock_nanosleep, sched_yield, sched_getaffinity, getpid,
 * gettid; sendmsg, recvmsg, shutdown; poll, ppoll, epoll_wait, epoll_pwait, epoll_ctl,
 * restart_syscall; rseq, set_robust_list; write to 2. What else a process needs it lists: read,
 * write, close, thread creation, files.
 *
 * KC_ERR_SANDBOX
 */
KC_CHECKED enum kc_error kc_process_filter(const struct kc_syscall *allowed, size_t count);

/* Tells the supervisor that this process does its work now. */
void kc_process_ready(void);

enum kc_control_type {
    KC_CONTROL_NONE = 0, /* nothing there now */
    KC_CONTROL_EDGE = 1, /* a neighbour was restarted: `descriptor` is the new end of `edge` */
    KC_CONTROL_STOP = 2, /* end what is in flight, then exit with status 0 */
};

struct kc_control {
    enum kc_control_type type;
    enum kc_edge edge;
    int descriptor; /* given: the receiver closes it */
};

/*
 * Receives one order from KC_FD_CONTROL, which is non-blocking; call it when that is readable. Does
 * not return if the supervisor is gone or the order is malformed: the process ends.
 */
struct kc_control kc_process_control(void);

#endif
