/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/processes.h"

#include "tests/support/cmocka.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

const char *const process_names[PROCESSES] = {
    "custodian-desk", "custodian-vault", "custodian-root", "custodiand"};

bool shell(const char *format, ...)
{
    char command[1024];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    assert_in_range(size, 1, sizeof command - 1);
    return system(command) == 0; /* NOLINT(cert-env33-c): the test's own command */
}

/* --- which, and their ends --- */

/* As the log says it: a process that is being started is not yet known by its name. */
pid_t find_process(const struct kc_custodian *custodian, enum process process)
{
    char wanted[64], line[512];
    pid_t found = 0;
    if (process == SUPERVISOR)
        return custodian->pid;
    snprintf(wanted, sizeof wanted,
        "process-started name=%s pid=", strchr(process_names[process], '-') + 1);
    FILE *log = fopen(custodian->log, "re");
    assert_non_null(log);
    while (fgets(line, sizeof line, log)) {
        const char *said = strstr(line, wanted);
        if (said && strchr(said, '\n'))
            found = (pid_t)strtol(said + strlen(wanted), NULL, 10);
    }
    fclose(log);
    return found;
}

void await_restart(const struct kc_custodian *custodian, enum process process, pid_t old)
{
    char events[1024];
    int changes = inotify_init1(IN_CLOEXEC);
    assert_true(inotify_add_watch(changes, custodian->log, IN_MODIFY) >= 0);
    while (find_process(custodian, process) == old)
        assert_true(read(changes, events, sizeof events) > 0);
    close(changes);
}

static void await_end(pid_t pid)
{
    struct pollfd gone = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
    if (gone.fd < 0)
        return; /* it was reaped */
    assert_int_equal(poll(&gone, 1, 20000), 1);
    close(gone.fd);
}

void kill_process(struct kc_custodian *custodian, enum process process)
{
    pid_t pid = find_process(custodian, process);
    kill(pid, SIGKILL);
    await_end(pid);
    if (process != SUPERVISOR) {
        await_restart(custodian, process, pid);
        return;
    }
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    custodian->pid = 0;
    for (enum process child = DESK; child < SUPERVISOR; child++)
        await_end(find_process(custodian, child)); /* they end with it */
}

/* --- what /proc tells --- */

void read_status(pid_t pid, const char *name, char value[static 128])
{
    char path[64], line[256];
    size_t size = strlen(name);
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *status = fopen(path, "re");
    value[0] = '\0';
    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, name, size) == 0 && line[size] == ':') {
            const char *start = line + size + 1;
            while (isspace((unsigned char)*start))
                start++;
            snprintf(value, 128, "%.*s", (int)strcspn(start, "\n"), start);
        }
    if (status)
        fclose(status);
}

size_t count_descriptors(pid_t pid)
{
    char path[64];
    size_t count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

/* --- where octets are --- */

static void append(struct image *image, int file, off_t start, size_t size)
{
    image->octets = realloc(image->octets, image->size + size);
    assert_non_null(image->octets);
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(file, image->octets + image->size, size - done, start + (off_t)done);
        if (got <= 0)
            return; /* a guard, or what not even root may see */
        done += (size_t)got;
        image->size += (size_t)got;
    }
}

/* What is locked, not inherited and in no image. */
static bool is_arena(const char *flags)
{
    return strstr(flags, " lo") && strstr(flags, " dd") && strstr(flags, " dc");
}

/* Of a mapping /proc/PID/smaps has its own line, then lines about it, the last one its flags. */
struct image image_of_process(pid_t pid, bool with_arena)
{
    char path[64], line[512], name[512] = "";
    unsigned long start = 0, end = 0, from, to;
    struct image image = {NULL, 0};
    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    int memory = open(path, O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof path, "/proc/%d/smaps", pid);
    FILE *maps = fopen(path, "re");
    assert_true(memory >= 0 && maps);
    while (fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
            start = from;
            end = to;
            memcpy(name, line, sizeof name);
        } else if (strncmp(line, "VmFlags:", 8) == 0 && !strstr(name, "[v") &&
                   (with_arena || !is_arena(line))) {
            append(&image, memory, (off_t)start, end - start);
        }
    }
    fclose(maps);
    close(memory);
    return image;
}

struct image image_of_file(const char *path)
{
    struct image image = {NULL, 0};
    int file = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(file >= 0);
    append(&image, file, 0, (size_t)lseek(file, 0, SEEK_END));
    close(file);
    return image;
}

void image_free(struct image *image)
{
    free(image->octets);
    *image = (struct image){NULL, 0};
}

bool image_has(const struct image *image, const void *octets, size_t size)
{
    return memmem(image->octets, image->size, octets, size) != NULL;
}

static size_t write_hexadecimal(const uint8_t *octets, size_t size, bool upper, char *text)
{
    for (size_t i = 0; i < size; i++)
        sprintf(text + 2 * i, upper ? "%02X" : "%02x", octets[i]);
    return 2 * size;
}

/* Without the last group: it depends on what follows. */
static size_t write_base64(const uint8_t *octets, size_t size, bool url, char *text)
{
    EVP_EncodeBlock((unsigned char *)text, octets, (int)(size / 3 * 3));
    size_t length = size / 3 * 4;
    for (size_t i = 0; url && i < length; i++)
        text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
    return length;
}

bool image_has_in_any_form(const struct image *image, const uint8_t *octets, size_t size)
{
    char text[256];
    assert_in_range(size, 8, 100);
    bool found = image_has(image, octets, size);
    for (int variant = 0; !found && variant < 2; variant++) {
        found = image_has(image, text, write_hexadecimal(octets, size, variant, text));
        for (size_t shift = 0; !found && shift < 3; shift++)
            found =
                image_has(image, text, write_base64(octets + shift, size - shift, variant, text));
    }
    return found;
}

bool file_has(const char *path, const char *text)
{
    struct image image = image_of_file(path);
    bool found = image_has(&image, text, strlen(text));
    image_free(&image);
    return found;
}
