/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tpm/root_child.h"

#include "custodian/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define REPLY_TIMEOUT_S 600 /* this, and the other: for what hangs */
#define ROOT_TIMEOUT_S 600
#define IMPATIENT_S 2

void root_child_path(const struct kc_swtpm *tpm, const char *name, char path[static 128])
{
    snprintf(path, 128, "%s/%s", tpm->folder, name);
}

static int open_config(const struct kc_swtpm *tpm, const char *tcti, unsigned timeout_s)
{
    char path[128];
    root_child_path(tpm, "custodian.conf", path);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fprintf(file,
        "socket = \"%s/socket\"; store = \"%s/store\"; keyrings = [ \"a\" ]; policy = ();\n"
        "users: { desk = 64001; vault = 64002; root = 64003; };\n"
        "root: { tcti = \"%s\"; srk_name_file = \"%s/srk.name\"; timeout_s = %u; };\n",
        tpm->folder, tpm->folder, tcti, tpm->folder, timeout_s);
    assert_int_equal(fclose(file), 0);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(descriptor >= 0);
    return descriptor;
}

/* In the child: the descriptors as the supervisor gives them, from copies
 * that are out of the way. */
static void become_root(
    const struct kc_swtpm *tpm, int control, int config, int vault, const char *argument)
{
    char log[128];
    root_child_path(tpm, "root.log", log);
    int from[] = {open("/dev/null", O_RDWR | O_CLOEXEC),
        open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), control, config, vault};
    static const int to[] = {
        STDIN_FILENO, STDERR_FILENO, KC_FD_CONTROL, KC_FD_CONFIG, KC_FD_ROOT_VAULT};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (size_t i = 0; i < 5; i++)
        from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 20);
    for (size_t i = 0; i < 5; i++)
        dup2(from[i], to[i]);
    close_range(KC_FD_ROOT_VAULT + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC); /* what the test was given */
    execl(KC_BUILD_DIR "/custodian-root", "custodian-root", argument, (char *)NULL);
    _exit(127);
}

static void start(struct root_child *child, const struct kc_swtpm *tpm, const char *tcti,
    unsigned timeout_s, const char *argument)
{
    int control[2], vault[2];
    const struct timeval timeout = {REPLY_TIMEOUT_S, 0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, vault), 0);
    int config = open_config(tpm, tcti, timeout_s);
    child->pid = fork();
    assert_true(child->pid >= 0);
    if (child->pid == 0)
        become_root(tpm, control[1], config, vault[1], argument);
    close(config);
    close(control[1]);
    close(vault[1]);
    child->control = control[0];
    child->vault = vault[0];
    setsockopt(child->control, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(child->vault, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
}

int root_child_provision(const struct kc_swtpm *tpm, const char *tcti)
{
    struct root_child child;
    start(&child, tpm, tcti, ROOT_TIMEOUT_S, "--provision");
    return root_child_wait(&child);
}

static void await_ready(struct root_child *child)
{
    uint8_t ready = 0;
    assert_int_equal(recv(child->control, &ready, 1, 0), 1);
}

void root_child_start(struct root_child *child, const struct kc_swtpm *tpm, const char *tcti)
{
    start(child, tpm, tcti, ROOT_TIMEOUT_S, NULL);
    await_ready(child);
}

void root_child_start_impatient(struct root_child *child, const struct kc_swtpm *tpm)
{
    start(child, tpm, tpm->tcti, IMPATIENT_S, NULL);
    await_ready(child);
}

int root_child_wait(struct root_child *child)
{
    int status = 0;
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    close(child->control);
    close(child->vault);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void send_order(struct root_child *child, uint8_t type, uint8_t edge, int descriptor)
{
    uint8_t order[2] = {type, edge};
    _Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec part = {order, sizeof order};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor >= 0) {
        message.msg_control = room;
        message.msg_controllen = sizeof room;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof descriptor);
        memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    assert_int_equal(sendmsg(child->control, &message, 0), sizeof order);
}

void root_child_restart_vault(struct root_child *child)
{
    int vault[2];
    const struct timeval timeout = {REPLY_TIMEOUT_S, 0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, vault), 0);
    close(child->vault);
    child->vault = vault[0];
    setsockopt(child->vault, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    send_order(child, KC_CONTROL_EDGE, KC_EDGE_VAULT_ROOT, vault[1]);
    close(vault[1]);
}

int root_child_stop(struct root_child *child)
{
    send_order(child, KC_CONTROL_STOP, 0, -1);
    return root_child_wait(child);
}

struct kc_root_reply root_child_ask(struct root_child *child, const struct kc_root_request *request)
{
    uint8_t packet[KC_ROOT_REQUEST_MAX];
    size_t size = 0;
    struct kc_root_reply reply;
    assert_int_equal(kc_root_request_write(request, packet, &size), KC_OK);
    assert_int_equal(send(child->vault, packet, size, 0), size);
    ssize_t got = recv(child->vault, child->packet, sizeof child->packet, 0);
    assert_true(got > 0);
    assert_int_equal(kc_root_reply_read(child->packet, (size_t)got, request, &reply), KC_OK);
    return reply;
}
