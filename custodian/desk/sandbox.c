/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/desk/sandbox.h"

#include "custodian/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int highest_open(void)
{
    int highest = -1;
    DIR *folder = opendir("/proc/self/fd");
    const struct dirent *entry;

    while (folder && (entry = readdir(folder))) {
        int number = (int)strtol(entry->d_name, NULL, 10); /* "." and ".." are 0 */
        if (number > highest && number != dirfd(folder))
            highest = number;
    }
    if (folder)
        closedir(folder);
    return highest;
}

/* open() gives the lowest free number: the holes are full when it gives one above the highest. */
static bool fill_holes(int highest)
{
    int number;
    do
        number = open("/dev/null", O_RDONLY | O_CLOEXEC);
    while (number >= 0 && number < highest);
    if (number < 0)
        return false;
    close(number);
    return true;
}

#define UP_TO(name, most)                                                                          \
    {                                                                                              \
        SCMP_SYS(name), 1,                                                                         \
        {                                                                                          \
            {                                                                                      \
                0, SCMP_CMP_LE, (scmp_datum_t)(most), 0                                            \
            }                                                                                      \
        }                                                                                          \
    }
#define LOCK(command, most)                                                                        \
    {                                                                                              \
        SCMP_SYS(fcntl), 2,                                                                        \
        {                                                                                          \
            {0, SCMP_CMP_LE, (scmp_datum_t)(most), 0},                                             \
            {                                                                                      \
                1, SCMP_CMP_EQ, (command), 0                                                       \
            }                                                                                      \
        }                                                                                          \
    }

static enum kc_error filter(int highest)
{
    const struct kc_syscall allowed[] = {
        UP_TO(read, highest),
        UP_TO(write, highest),
        UP_TO(pread64, highest),
        UP_TO(pwrite64, highest),
        UP_TO(fsync, highest),
        UP_TO(fdatasync, highest),
        UP_TO(ftruncate, highest),
        UP_TO(fstat, highest),
        UP_TO(fstatfs, highest),
        LOCK(F_SETLK, highest),
        LOCK(F_GETLK, highest),
        {SCMP_SYS(close), 1, {{0, SCMP_CMP_GT, (scmp_datum_t)highest, 0}}},
        {SCMP_SYS(accept4), 1, {{0, SCMP_CMP_LE, (scmp_datum_t)highest, 0}}},
        {SCMP_SYS(getsockopt), 2,
            {{1, SCMP_CMP_EQ, SOL_SOCKET, 0}, {2, SCMP_CMP_EQ, SO_PEERCRED, 0}}},
        {SCMP_SYS(newfstatat), 0, {{0}}}, /* SQLite looks whether its file was moved */
        {SCMP_SYS(geteuid), 0, {{0}}},
    };
    return kc_process_filter(allowed, sizeof allowed / sizeof *allowed);
}

enum kc_error kc_desk_sandbox(int *lowest)
{
    int highest = highest_open();
    if (highest < 0 || !fill_holes(highest))
        return KC_ERR_SANDBOX;
    enum kc_error error = filter(highest);
    if (error == KC_OK)
        *lowest = highest + 1;
    return error;
}
