/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever speaks HTTPS is a command of its own, such as curl: this one has no network in it. */
#include "custodian/cli/operate.h"
#include "custodian/cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MAX ((size_t)KC_DATA_SIZE_MAX)

/* The request as a file without a name, to be read from its beginning; -1 with errno. */
static int request_open(const struct kc_cli_octets *request)
{
    int file = memfd_create("request", MFD_CLOEXEC);
    if (file >= 0 && write(file, request->bytes, request->size) == (ssize_t)request->size &&
        lseek(file, 0, SEEK_SET) == 0)
        return file;
    if (file >= 0)
        close(file);
    return -1;
}

/* Starts it between two descriptors, which are closed here. */
static enum kc_error start(const char *command, int input, int output, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    char shell[] = "sh", option[] = "-c", *line = strdup(command);
    char *const words[] = {shell, option, line, NULL};
    enum kc_error error = KC_ERR_UNAVAILABLE;
    if (line != NULL && posix_spawn_file_actions_init(&actions) == 0) {
        if (posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO) == 0 &&
            posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO) == 0 &&
            posix_spawnp(pid, shell, &actions, NULL, words, environ) == 0)
            error = KC_OK;
        posix_spawn_file_actions_destroy(&actions);
    }
    free(line);
    close(input);
    close(output);
    return error;
}

/* All that it writes; what is beyond the limit is left where it is. */
static void answer_read(int from, struct kc_cli_octets *answer)
{
    ssize_t count;
    answer->size = 0;
    do {
        count = read(from, answer->bytes + answer->size, ANSWER_MAX - answer->size);
        if (count > 0)
            answer->size += (size_t)count;
    } while (count > 0 || (count < 0 && errno == EINTR));
    close(from);
}

/* How it ended; -1: not by itself. */
static int end_of(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static enum kc_error exchange(
    const struct kc_cli *cli, const struct kc_cli_octets *request, struct kc_cli_octets *answer)
{
    pid_t pid;
    int ends[2];
    int input = request_open(request);
    if (input < 0)
        return kc_cli_fail(cli, KC_ERR_UNAVAILABLE, "--post: %s", strerror(errno));
    if (pipe2(ends, O_CLOEXEC) != 0) {
        close(input);
        return kc_cli_fail(cli, KC_ERR_UNAVAILABLE, "--post: %s", strerror(errno));
    }
    enum kc_error error = start(cli->values[KC_CLI_POST], input, ends[1], &pid);
    if (error != KC_OK) {
        close(ends[0]);
        return kc_cli_fail(cli, error, "--post: the shell cannot be started");
    }
    answer_read(ends[0], answer);
    int status = end_of(pid);
    if (status != 0)
        return kc_cli_refuse(
            cli, KC_ERR_UNAVAILABLE, "the command of --post ended with status %d", status);
    return answer->size > 0
               ? KC_OK
               : kc_cli_refuse(cli, KC_ERR_UNAVAILABLE, "the command of --post wrote no answer");
}

enum kc_error kc_cli_post(
    const struct kc_cli *cli, const struct kc_cli_octets *request, struct kc_cli_octets *answer)
{
    KC_AUTO_OCTETS room = {NULL, 0};
    enum kc_error error = kc_cli_octets_new(cli, ANSWER_MAX, &room);
    if (error != KC_OK)
        return error;
    kc_cli_wait_begin(cli, "the service's answer");
    error = exchange(cli, request, &room);
    kc_cli_wait_end();
    if (error == KC_OK) {
        *answer = room;
        room = (struct kc_cli_octets){NULL, 0};
    }
    return error;
}
