/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/swtpm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "swtpm: %s: %s\n", what, strerror(errno));
    abort();
}

static bool accepts(const struct kc_swtpm *tpm)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, tpm->socket, sizeof address.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(fd >= 0, "socket");
    bool connected = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return connected;
}

/* Between the making of the socket and listening on it nothing tells: hence the short timeout. */
static void wait_until_it_accepts(const struct kc_swtpm *tpm, int inotify)
{
    char events[1024];
    while (!accepts(tpm)) {
        require(waitpid(tpm->pid, NULL, WNOHANG) == 0, "it ended at once; is it installed?");
        struct pollfd p = {.fd = inotify, .events = POLLIN};
        if (poll(&p, 1, 10) > 0)
            require(read(inotify, events, sizeof events) > 0, "inotify");
    }
}

/* Not by fork: a test whose heap is not inherited by one could not even find its environment. */
void kc_swtpm_start(struct kc_swtpm *tpm)
{
    char state[80], server[128], control[128], log[96];
    snprintf(state, sizeof state, "dir=%s", tpm->folder);
    snprintf(server, sizeof server, "type=unixio,path=%s,mode=0666", tpm->socket);
    snprintf(control, sizeof control, "type=unixio,path=%s.ctrl,mode=0666", tpm->socket);
    snprintf(log, sizeof log, "%s/log", tpm->folder);
    const char *const arguments[] = {"setpriv", "--pdeathsig", "KILL", "swtpm", "socket", "--tpm2",
        "--tpmstate", state, "--server", server, "--ctrl", control, "--flags",
        "not-need-init,startup-clear", NULL};
    unlink(tpm->socket);
    int inotify = inotify_init1(IN_CLOEXEC);
    require(inotify >= 0 && inotify_add_watch(inotify, tpm->folder, IN_CREATE) >= 0, "inotify");

    posix_spawn_file_actions_t actions;
    bool started = posix_spawn_file_actions_init(&actions) == 0 &&
                   posix_spawn_file_actions_addopen(
                       &actions, STDERR_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0600) == 0 &&
                   posix_spawnp(&tpm->pid, "setpriv", &actions, NULL,
                       (char *const *)(uintptr_t)arguments, environ) == 0;
    require(started, "start it");
    posix_spawn_file_actions_destroy(&actions);
    wait_until_it_accepts(tpm, inotify);
    close(inotify);
}

void kc_swtpm_init(struct kc_swtpm *tpm)
{
    *tpm = (struct kc_swtpm){.folder = "/tmp/kc-swtpm-XXXXXX"};
    require(mkdtemp(tpm->folder) != NULL && chmod(tpm->folder, 0711) == 0, "mkdtemp");
    snprintf(tpm->socket, sizeof tpm->socket, "%s/tpm", tpm->folder);
    snprintf(tpm->tcti, sizeof tpm->tcti, "swtpm:path=%s", tpm->socket);
    kc_swtpm_start(tpm);
}

void kc_swtpm_kill(struct kc_swtpm *tpm)
{
    if (tpm->pid == 0)
        return;
    kill(tpm->pid, SIGKILL);
    require(waitpid(tpm->pid, NULL, 0) == tpm->pid, "waitpid");
    tpm->pid = 0;
}

void kc_swtpm_done(struct kc_swtpm *tpm)
{
    kc_swtpm_kill(tpm);
    require(kc_swtpm_run(tpm, "rm -rf \"$PWD\""), "remove the folder");
}

void kc_swtpm_forget(struct kc_swtpm *tpm)
{
    require(kc_swtpm_run(tpm, "rm -f tpm2-*"), "remove the state");
}

void kc_swtpm_freeze(struct kc_swtpm *tpm)
{
    require(kill(tpm->pid, SIGSTOP) == 0, "SIGSTOP");
    require(waitpid(tpm->pid, NULL, WUNTRACED) == tpm->pid, "waitpid");
}

void kc_swtpm_thaw(struct kc_swtpm *tpm)
{
    require(kill(tpm->pid, SIGCONT) == 0, "SIGCONT");
}

static FILE *start_tool(struct kc_swtpm *tpm, const char *command, const char *redirection)
{
    char line[1024];
    int size = snprintf(line, sizeof line, "cd %s && export TPM2TOOLS_TCTI=%s && { %s ; } %s",
        tpm->folder, tpm->tcti, command, redirection);
    require(size > 0 && (size_t)size < sizeof line, "command line");
    FILE *output = popen(line, "re"); /* NOLINT(cert-env33-c): the test's own command */
    require(output != NULL, "popen");
    return output;
}

bool kc_swtpm_run(struct kc_swtpm *tpm, const char *command)
{
    return pclose(start_tool(tpm, command, ">/dev/null 2>&1")) == 0;
}

size_t kc_swtpm_count_lines(struct kc_swtpm *tpm, const char *command)
{
    FILE *output = start_tool(tpm, command, "2>/dev/null");
    size_t lines = 0;
    for (int c; (c = getc(output)) != EOF;)
        lines += c == '\n';
    require(pclose(output) == 0, command);
    return lines;
}
