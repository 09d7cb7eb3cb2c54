/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/cli/write.h"

#include "custodian/cli/output.h"
#include "proto/dare_envelope.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_standard(const char *path)
{
    return strcmp(path, "-") == 0;
}

/* A device, a pipe or a folder: there is nothing that could be replaced. */
static bool is_special(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

/* Refuses a file that is there already, unless --force says to replace it. */
static enum kc_error check_absent(const struct kc_cli *cli, const char *path)
{
    struct stat status;
    if (kc_cli_given(cli, KC_CLI_FORCE) || is_standard(path) || lstat(path, &status) != 0 ||
        is_special(path))
        return KC_OK;
    return kc_cli_fail(cli, KC_ERR_FILE, "%s exists; --force replaces it", path);
}

/* Opens a new file beside the path, with the mode that the umask leaves. */
static int open_beside(const char *path, mode_t mode, char **beside)
{
    mode_t mask = umask(0);
    umask(mask);
    if (asprintf(beside, "%s.XXXXXX", path) < 0) {
        *beside = NULL;
        return -1;
    }
    int descriptor = mkostemp(*beside, O_CLOEXEC);
    if (descriptor >= 0 && fchmod(descriptor, mode & ~mask) == 0)
        return descriptor;
    int cause = errno;
    if (descriptor >= 0) {
        unlink(*beside);
        close(descriptor);
    }
    free(*beside);
    *beside = NULL;
    errno = cause;
    return -1;
}

/* Reserves the space of a new file. False: errno says why. */
static bool reserve(const struct kc_cli_target *target, size_t size)
{
    if (target->beside == NULL || size == 0)
        return true;
    errno = posix_fallocate(target->descriptor, 0, (off_t)size);
    return errno == 0;
}

enum kc_error kc_cli_target_open(const struct kc_cli *cli, const char *path, mode_t mode,
    size_t size, struct kc_cli_target *target)
{
    struct kc_cli_target opened = {.path = path, .descriptor = STDOUT_FILENO};
    enum kc_error error = check_absent(cli, path);
    if (error != KC_OK)
        return error;
    if (is_special(path) && !is_standard(path))
        opened.descriptor = open(path, O_WRONLY | O_CLOEXEC);
    else if (!is_standard(path))
        opened.descriptor = open_beside(path, mode, &opened.beside);
    if (opened.descriptor < 0 || !reserve(&opened, size)) {
        error = kc_cli_fail(cli, KC_ERR_FILE, "%s: %s", path, strerror(errno));
        kc_cli_target_done(&opened);
        return error;
    }
    *target = opened;
    return KC_OK;
}

static bool write_all(int descriptor, struct kc_span octets)
{
    size_t done = 0;
    while (done < octets.size) {
        ssize_t put = write(descriptor, octets.bytes + done, octets.size - done);
        if (put < 0 && errno != EINTR)
            return false;
        done += put > 0 ? (size_t)put : 0;
    }
    return true;
}

/* All octets are in the new file and nothing else, on the disk. */
static bool fill_beside(const struct kc_cli_target *target, struct kc_span octets)
{
    return write_all(target->descriptor, octets) &&
           ftruncate(target->descriptor, (off_t)octets.size) == 0 && fsync(target->descriptor) == 0;
}

/* Gives the new file its name. A file that came there meanwhile is replaced with --force only. */
static bool rename_beside(const struct kc_cli *cli, const struct kc_cli_target *target)
{
    if (!kc_cli_given(cli, KC_CLI_FORCE)) {
        if (renameat2(AT_FDCWD, target->beside, AT_FDCWD, target->path, RENAME_NOREPLACE) == 0)
            return true;
        if (errno != EINVAL && errno != ENOSYS) /* else a file system that cannot tell */
            return false;
    }
    return rename(target->beside, target->path) == 0;
}

static enum kc_error fail(
    const struct kc_cli *cli, const struct kc_cli_target *target, const char *path)
{
    return kc_cli_fail(cli, KC_ERR_FILE, "%s: %s%s%s", path, strerror(errno),
        target->rescue != NULL ? "; " : "", target->rescue != NULL ? target->rescue : "");
}

enum kc_error kc_cli_target_write(
    const struct kc_cli *cli, struct kc_cli_target *target, struct kc_span octets)
{
    enum kc_error error = KC_OK;
    if (target->beside == NULL)
        return write_all(target->descriptor, octets) ? KC_OK : fail(cli, target, target->path);
    if (!fill_beside(target, octets))
        return fail(cli, target, target->beside);
    if (!rename_beside(cli, target)) /* what was written may be all there is: it stays */
        error = kc_cli_fail(cli, KC_ERR_FILE, "%s: %s; the octets are in %s", target->path,
            strerror(errno), target->beside);
    free(target->beside);
    target->beside = NULL;
    return error;
}

void kc_cli_target_done(struct kc_cli_target *target)
{
    if (target->beside != NULL)
        unlink(target->beside);
    free(target->beside);
    if (target->descriptor > STDERR_FILENO)
        close(target->descriptor);
    *target = (struct kc_cli_target){.descriptor = -1};
}

void kc_cli_print_written(const struct kc_cli *cli, const char *path, size_t size)
{
    if (kc_cli_given(cli, KC_CLI_JSON))
        kc_cli_print_object(cli, json_pack("{s:s, s:I}", "output", path, "size", (json_int_t)size));
}

enum kc_error kc_cli_write(
    const struct kc_cli *cli, const char *path, struct kc_span octets, mode_t mode)
{
    struct kc_cli_target target = {.descriptor = -1};
    enum kc_error error = kc_cli_target_open(cli, path, mode, octets.size, &target);
    if (error != KC_OK)
        return error;
    error = kc_cli_target_write(cli, &target, octets);
    kc_cli_target_done(&target);
    if (error == KC_OK)
        kc_cli_print_written(cli, path, octets.size);
    return error;
}

enum kc_error kc_cli_write_envelope(
    const struct kc_cli *cli, const char *path, struct kc_dare_envelope *envelope)
{
    char *text;
    size_t size;
    enum kc_error error = kc_dare_envelope_write(envelope, &text, &size);
    if (error != KC_OK)
        return kc_cli_fail(cli, error, NULL);
    error = kc_cli_write(cli, path, (struct kc_span){(const uint8_t *)text, size}, 0644);
    free(text);
    return error;
}

/* The input's path with the suffix added or taken off; NULL: it does not end so, or no memory. */
static char *derived_path(const char *input, const char *suffix, bool add)
{
    size_t size = strlen(input), suffix_size = strlen(suffix);
    char *path;
    if (add)
        return asprintf(&path, "%s%s", input, suffix) < 0 ? NULL : path;
    if (size <= suffix_size || strcmp(input + size - suffix_size, suffix) != 0)
        return NULL;
    return strndup(input, size - suffix_size);
}

enum kc_error kc_cli_output_path(
    const struct kc_cli *cli, const char *input, const char *suffix, bool add, char **path)
{
    const char *output = cli->values[KC_CLI_OUTPUT];
    char *made = output != NULL ? strdup(output) : NULL;
    if (output == NULL && !is_standard(input))
        made = derived_path(input, suffix, add);
    if (made == NULL)
        return kc_cli_fail(cli, KC_ERR_USAGE, "--output FILE is missing");
    enum kc_error error = check_absent(cli, made);
    if (error == KC_OK)
        *path = made;
    else
        free(made);
    return error;
}
