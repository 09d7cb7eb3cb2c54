/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/front/mesh_front.h"

#include "tests/support/port.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM KC_BUILD_DIR "/custodian-mesh"
#define READY_FD 9
#define USER 64810 /* of a front end that root starts; numbers need no entry anywhere */

static void require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "front end: %s: %s\n", what, strerror(errno));
    abort();
}

/* The kernel forgets who wants it to end when it becomes another user: it is ended here. */
static pid_t running;

static void end_running(void)
{
    if (running > 0)
        kill(running, SIGKILL);
}

void mesh_front_init(struct mesh_front *front)
{
    static bool is_registered;
    if (!is_registered)
        require(atexit(end_running) == 0, "atexit");
    is_registered = true;
    *front = (struct mesh_front){.folder = "/tmp/kc-front-XXXXXX", .port = kc_test_own_port()};
    require(mkdtemp(front->folder) != NULL && chmod(front->folder, 0755) == 0, "mkdtemp");
    snprintf(front->config, sizeof front->config, "%s/mesh.conf", front->folder);
    snprintf(front->log, sizeof front->log, "%s/log", front->folder);
    snprintf(front->certificate, sizeof front->certificate, "%s/certificate.pem", front->folder);
}

/* What a case says nothing about does not end because the machine is slow. */
static void write_limits(FILE *file, const char *limits)
{
    static const char *const patient[][2] = {{"request_deadline_s", "600"},
        {"handshake_deadline_ms", "30000"}, {"custodian_deadline_ms", "30000"}};
    fprintf(file, "limits = { %s", limits);
    for (size_t i = 0; i < sizeof patient / sizeof *patient; i++)
        if (!strstr(limits, patient[i][0]))
            fprintf(file, " %s = %s;", patient[i][0], patient[i][1]);
    fputs(" };\n", file);
}

static void write_config(
    const struct mesh_front *front, const char *custodian, const char *key, const char *limits)
{
    FILE *file = fopen(front->config, "w");
    require(file != NULL, front->config);
    fprintf(file,
        "service = \"example.com\";\nhosts = [ \"localhost\" ];\naddress = \"127.0.0.1\";\n"
        "port = %u;\ncustodian = \"%s\";\nstore = \"%s/store\";\n",
        (unsigned)front->port, custodian, front->folder);
    write_limits(file, limits);
    if (geteuid() == 0)
        fprintf(file, "user = %d;\n", USER);
    if (key)
        fprintf(file, "tls = { certificate = \"%s\"; key = \"%s\"; };\n", front->certificate, key);
    require(fclose(file) == 0, front->config);
}

/* Starts it; the line that it writes when it serves, or an empty one. */
static void spawn(struct mesh_front *front, const char *custodian, const char *key,
    const char *limits, char line[static 16])
{
    int ready[2];
    posix_spawn_file_actions_t actions;
    write_config(front, custodian, key, limits);
    const char *const arguments[] = {"setpriv", "--pdeathsig", "KILL", PROGRAM, "--config",
        front->config, "--ready-fd", "9", NULL};
    require(pipe2(ready, O_CLOEXEC) == 0, "pipe");
    require(posix_spawn_file_actions_init(&actions) == 0 &&
                posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, front->log,
                    O_WRONLY | O_CREAT | O_APPEND, 0600) == 0 &&
                posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO) == 0 &&
                posix_spawn_file_actions_adddup2(&actions, ready[1], READY_FD) == 0 &&
                posix_spawnp(&front->pid, "setpriv", &actions, NULL,
                    (char *const *)(uintptr_t)arguments, environ) == 0,
        "start " PROGRAM);
    posix_spawn_file_actions_destroy(&actions);
    running = front->pid;
    close(ready[1]);
    ssize_t size = read(ready[0], line, 15);
    line[size > 0 ? size : 0] = '\0';
    close(ready[0]);
}

void mesh_front_start(
    struct mesh_front *front, const char *custodian, const char *key, const char *limits)
{
    char line[16];
    spawn(front, custodian, key, limits, line);
    require(line[0] != '\0', "it did not start: the log says why");
    front->port = (uint16_t)atoi(line);
}

static int wait_for_end(struct mesh_front *front)
{
    int status = 0;
    require(waitpid(front->pid, &status, 0) == front->pid, "waitpid");
    running = front->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int mesh_front_refuses(
    struct mesh_front *front, const char *custodian, const char *key, const char *limits)
{
    char line[16];
    pid_t other = running;
    spawn(front, custodian, key, limits, line);
    int status = wait_for_end(front);
    running = other;
    require(line[0] == '\0', "it started");
    return status;
}

int mesh_front_stop(struct mesh_front *front)
{
    kill(front->pid, SIGTERM);
    return wait_for_end(front);
}

void mesh_front_kill(struct mesh_front *front)
{
    kill(front->pid, SIGKILL);
    require(waitpid(front->pid, NULL, 0) == front->pid, "waitpid");
    running = front->pid = 0;
}

void mesh_front_done(struct mesh_front *front)
{
    char command[128];
    if (front->pid > 0)
        mesh_front_kill(front);
    snprintf(command, sizeof command, "rm -rf '%s'", front->folder);
    require(system(command) == 0, "remove the folder"); /* NOLINT(cert-env33-c): a fixed command */
}

bool mesh_front_has_logged(const struct mesh_front *front, const char *text)
{
    static char log[65536];
    FILE *file = fopen(front->log, "r");
    require(file != NULL, front->log);
    log[fread(log, 1, sizeof log - 1, file)] = '\0';
    fclose(file);
    return strstr(log, text) != NULL;
}
