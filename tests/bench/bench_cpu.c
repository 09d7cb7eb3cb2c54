/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench_cpu.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PATH_SIZE 320

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* Who listens: the supervisor, whose children the others are. */
static pid_t find_listener(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct ucred peer;
    socklen_t size = sizeof peer;
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        fail(path);
    close(fd);
    return peer.pid;
}

static pid_t find_child(pid_t parent, const char *name)
{
    char path[PATH_SIZE], comm[32];
    int child;
    pid_t found = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
    FILE *children = fopen(path, "r");
    while (children && fscanf(children, "%d", &child) == 1) {
        snprintf(path, sizeof path, "/proc/%d/comm", child);
        FILE *file = fopen(path, "r");
        if (file && fscanf(file, "%31s", comm) == 1 && strcmp(comm, name) == 0)
            found = child;
        if (file)
            fclose(file);
    }
    if (children)
        fclose(children);
    if (found == 0)
        fail(name);
    return found;
}

void kc_cpu_find(struct kc_cpu_source *source, const char *socket)
{
    pid_t supervisor = find_listener(socket);
    source->desk = find_child(supervisor, "custodian-desk");
    source->vault = find_child(supervisor, "custodian-vault");
}

/* The first number of schedstat is nanoseconds on a core: stat counts in clock ticks. */
static double read_thread(pid_t process, const char *thread)
{
    char path[PATH_SIZE];
    double nanoseconds = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", (int)process, thread);
    FILE *file = fopen(path, "r");
    if (file == NULL || fscanf(file, "%lf", &nanoseconds) != 1)
        fail(path);
    fclose(file);
    return nanoseconds / 1e3;
}

double kc_cpu_of(pid_t process)
{
    char path[PATH_SIZE];
    double sum = 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)process);
    DIR *threads = opendir(path);
    if (threads == NULL)
        fail(path);
    for (const struct dirent *thread; (thread = readdir(threads)) != NULL;)
        if (thread->d_name[0] != '.')
            sum += read_thread(process, thread->d_name);
    closedir(threads);
    return sum;
}

/* Threads that have ended count too. */
static double read_own(void)
{
    struct timespec spent;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return (double)spent.tv_sec * 1e6 + (double)spent.tv_nsec / 1e3;
}

struct kc_cpu kc_cpu_read(const struct kc_cpu_source *source)
{
    return (struct kc_cpu){read_own(), kc_cpu_of(source->desk), kc_cpu_of(source->vault)};
}

void kc_cpu_add(struct kc_cpu *sum, const struct kc_cpu *before, const struct kc_cpu *after)
{
    sum->client += after->client - before->client;
    sum->desk += after->desk - before->desk;
    sum->vault += after->vault - before->vault;
}
