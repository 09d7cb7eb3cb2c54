/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/supervisor/children.h"

#include "base/text.h"
#include "custodian/log.h"
#include "custodian/vault_message.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define DESCRIPTORS_MAX 16                     /* of a process at its start; one above the last */
#define EDGE_BUFFER (8 * KC_VAULT_MESSAGE_MAX) /* bytes, asked for: the kernel may give less */
#define LIVED_LONG_MS 1000
#define BACK_OFF_FIRST_MS 100
#define BACK_OFF_MOST_MS 5000
#define BACK_OFF_SERVED_MS 500 /* most, for one that had done its work: it can start */

uint64_t kc_children_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

enum kc_error kc_children_init(struct kc_children *children, const struct kc_process_row *processes,
    const struct kc_edge_row *edges)
{
    *children = (struct kc_children){.processes = processes, .edges = edges};
    children->config = children->listen = -1;
    for (size_t i = 0; i < KC_PROCESSES; i++)
        children->child[i].control = -1;
    for (size_t i = 0; i < KC_EDGES; i++)
        children->waiting[i][0] = children->waiting[i][1] = -1;

    ssize_t size = readlink("/proc/self/exe", children->folder, sizeof children->folder - 1);
    char *slash = size > 0 ? strrchr(children->folder, '/') : NULL;
    if (!slash)
        return KC_ERR_SANDBOX;
    *slash = '\0';
    return KC_OK;
}

static void close_end(int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
    *descriptor = -1;
}

static bool make_pair(int pair[2])
{
    int size = EDGE_BUFFER;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
        return false;
    for (size_t i = 0; i < 2; i++)
        if (setsockopt(pair[i], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) < 0)
            (void)setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    return true;
}

static bool send_order(int control, enum kc_control_type type, enum kc_edge edge, int descriptor)
{
    uint8_t order[2] = {(uint8_t)type, (uint8_t)edge};
    _Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec part = {order, sizeof order};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    if (descriptor >= 0) {
        message.msg_control = room;
        message.msg_controllen = sizeof room;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        *header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof descriptor),
            .cmsg_level = SOL_SOCKET,
            .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    return sendmsg(control, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof order;
}

/* A neighbour that does not take its new end would wait for ever on the old one: it is ended, and
 * starts again with an edge of its own. */
static void give_end(struct kc_children *children, enum kc_edge edge, size_t side)
{
    const struct kc_child *neighbour = &children->child[children->edges[edge].end[side].process];
    int *end = &children->waiting[edge][side];

    if (neighbour->pid == 0)
        return; /* he finds it waiting when he starts */
    if (!send_order(neighbour->control, KC_CONTROL_EDGE, edge, *end))
        kill(neighbour->pid, SIGKILL);
    close_end(end);
}

/* Makes sure that every end of this process is waiting for it. */
static bool make_edges(struct kc_children *children, enum kc_process process)
{
    for (enum kc_edge edge = 0; edge < KC_EDGES; edge++) {
        for (size_t side = 0; side < 2; side++) {
            if (children->edges[edge].end[side].process != process ||
                children->child[children->edges[edge].end[1 - side].process].absent ||
                children->waiting[edge][side] >= 0)
                continue;
            int pair[2];
            if (!make_pair(pair))
                return false;
            close_end(&children->waiting[edge][1 - side]);
            children->waiting[edge][side] = pair[0];
            children->waiting[edge][1 - side] = pair[1];
            give_end(children, edge, 1 - side);
        }
    }
    return true;
}

/* In the new process: moves what it gets to its fixed numbers, through numbers that are out of the
 * way, and closes all else. */
static void settle_descriptors(const int wanted[DESCRIPTORS_MAX])
{
    int moved[DESCRIPTORS_MAX];
    unsigned last = STDERR_FILENO;

    for (int i = 0; i < DESCRIPTORS_MAX; i++)
        moved[i] = wanted[i] < 0 ? -1 : fcntl(wanted[i], F_DUPFD_CLOEXEC, DESCRIPTORS_MAX);
    for (int i = 0; i < DESCRIPTORS_MAX; i++) {
        if (wanted[i] < 0)
            continue;
        if (moved[i] < 0 || dup2(moved[i], i) < 0)
            _exit(KC_CLASS_CONFIG);
        last = (unsigned)i;
    }
    if (close_range(last + 1, ~0u, 0) < 0)
        _exit(KC_CLASS_CONFIG);
}

static void wanted_descriptors(const struct kc_children *children, enum kc_process process,
    int control, int wanted[DESCRIPTORS_MAX])
{
    for (int i = 0; i < DESCRIPTORS_MAX; i++)
        wanted[i] = -1;
    wanted[STDERR_FILENO] = STDERR_FILENO;
    wanted[KC_FD_CONTROL] = control;
    wanted[KC_FD_CONFIG] = children->config;
    if (process == KC_PROCESS_DESK)
        wanted[KC_FD_DESK_LISTEN] = children->listen;
    for (enum kc_edge edge = 0; edge < KC_EDGES; edge++)
        for (size_t side = 0; side < 2; side++) {
            const struct kc_edge_end *end = &children->edges[edge].end[side];
            if (end->process == process)
                wanted[end->descriptor] = children->waiting[edge][side];
        }
}

/* The environment has what the log needs, and nothing by which a library could be told to write
 * secrets down. Sanitizers are told not to look for leaks: they would need to trace. */
static void execute(const struct kc_children *children, enum kc_process process)
{
    char path[PATH_MAX + 64], journal[64] = "JOURNAL_STREAM=";
    const char *stream = getenv("JOURNAL_STREAM");
    char number[8] = "";
    char leaks[] = "ASAN_OPTIONS=detect_leaks=0";
    bool journaled = stream && kc_text_append(journal, sizeof journal, stream);
    char *const environment[] = {leaks, journaled ? journal : NULL, NULL};
    sigset_t none;
    const char *own = children->processes[process].number;
    char *const arguments[] = {
        path, own ? number : children->argument, own ? children->argument : NULL, NULL};

    snprintf(number, sizeof number, "%s", own ? own : "");
    snprintf(path, sizeof path, "%s/%s", children->folder, children->processes[process].program);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(path, arguments, environment);
    kc_log(KC_LOG_ERROR, "start-failed", kc_log_text("program", path), kc_log_errno(errno));
    _exit(KC_CLASS_CONFIG);
}

static pid_t fork_process(
    const struct kc_children *children, enum kc_process process, const int control[2])
{
    pid_t pid = fork();
    if (pid == 0) {
        int wanted[DESCRIPTORS_MAX];
        wanted_descriptors(children, process, control[1], wanted);
        wanted[STDIN_FILENO] = wanted[STDOUT_FILENO] = open("/dev/null", O_RDWR | O_CLOEXEC);
        settle_descriptors(wanted);
        execute(children, process);
    }
    return pid;
}

static void close_ends_of(struct kc_children *children, enum kc_process process)
{
    for (enum kc_edge edge = 0; edge < KC_EDGES; edge++)
        for (size_t side = 0; side < 2; side++)
            if (children->edges[edge].end[side].process == process)
                close_end(&children->waiting[edge][side]);
}

enum kc_error kc_children_start(struct kc_children *children, enum kc_process process)
{
    struct kc_child *child = &children->child[process];
    int control[2] = {-1, -1};

    if (!make_edges(children, process) || !make_pair(control)) {
        kc_log(KC_LOG_ERROR, "start-failed", kc_log_errno(errno));
        return KC_ERR_SANDBOX;
    }
    pid_t pid = fork_process(children, process, control);
    close(control[1]);
    close_ends_of(children, process);
    if (pid < 0) {
        close(control[0]);
        kc_log(KC_LOG_ERROR, "start-failed", kc_log_errno(errno));
        return KC_ERR_SANDBOX;
    }
    child->pid = pid;
    child->control = control[0];
    child->ready = false;
    child->started_ms = kc_children_now_ms();
    kc_log(KC_LOG_INFO, "process-started", kc_log_text("name", children->processes[process].name),
        kc_log_number("pid", (uint64_t)pid));
    return KC_OK;
}

void kc_children_ended(struct kc_children *children, enum kc_process process)
{
    struct kc_child *child = &children->child[process];
    uint64_t now = kc_children_now_ms(), delay = 0;
    uint64_t most = child->ready ? BACK_OFF_SERVED_MS : BACK_OFF_MOST_MS;

    if (now - child->started_ms >= LIVED_LONG_MS)
        child->failures = 0;
    if (child->failures > 0)
        delay = (uint64_t)BACK_OFF_FIRST_MS << (child->failures < 8 ? child->failures - 1 : 7);
    child->failures++;
    child->restart_at_ms = now + (delay < most ? delay : most);
    child->pid = 0;
    close_end(&child->control);
}

void kc_children_stop(struct kc_children *children, enum kc_process process)
{
    const struct kc_child *child = &children->child[process];
    if (child->pid != 0 && !send_order(child->control, KC_CONTROL_STOP, 0, -1))
        kill(child->pid, SIGKILL);
}

enum kc_process kc_children_find(const struct kc_children *children, pid_t pid)
{
    enum kc_process process = 0;
    while (process < KC_PROCESSES && children->child[process].pid != pid)
        process++;
    return process;
}
