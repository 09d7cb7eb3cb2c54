/* SPDX-License-Identifier: Apache-2.0 */
/* Backup and restore: the store's file as it stands, while no custodian has it or one holds it. */
#include "custodian/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_SIZE ((size_t)256 * 1024)
#define RESTORED KC_STORE_FILE ".restored"
#define PATH_SIZE 1280

static enum kc_error store_error(void)
{
    return errno == ENOSPC || errno == EDQUOT ? KC_ERR_STORE_FULL : KC_ERR_STORE;
}

static enum kc_error write_all(int to, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(to, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return store_error();
        bytes += written;
        size -= (size_t)written;
    }
    return KC_OK;
}

/* The descriptors' offsets do not count in `from`: it is read from its start. */
enum kc_error kc_store_copy_bytes(int from, int to)
{
    uint8_t block[BLOCK_SIZE];
    off_t offset = 0;
    ssize_t got;
    enum kc_error error = KC_OK;
    while (error == KC_OK && (got = pread(from, block, sizeof block, offset)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        error = got < 0 ? KC_ERR_STORE : write_all(to, block, (size_t)got);
        offset += got;
    }
    return error == KC_OK && fsync(to) < 0 && errno != EINVAL ? store_error() : error;
}

static bool is_there(const char *folder)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/" KC_STORE_FILE, folder);
    return access(path, F_OK) == 0;
}

enum kc_error kc_store_backup(const char *folder, int to)
{
    struct kc_store *store = NULL;
    const char *detail;
    if (!is_there(folder))
        return KC_ERR_STORE_READ_ONLY;
    enum kc_error error = kc_store_open(folder, &store, &detail);
    if (error == KC_OK)
        error = kc_store_copy_to(store, to);
    kc_store_close(store);
    return error;
}

enum kc_error kc_store_backup_held(const char *folder, int to)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/" KC_STORE_FILE, folder);
    int from = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
    if (from < 0)
        return KC_ERR_STORE_READ_ONLY;
    enum kc_error error = kc_store_check_file(from);
    if (error == KC_OK)
        error = kc_store_copy_bytes(from, to);
    close(from);
    return error;
}

/* --- restore --- */

/* Whoever has the store open keeps it so: then there is nothing to be put in its place. What is in its
 * log is in the file after this. */
static enum kc_error settle_present(const char *folder)
{
    struct kc_store *store = NULL;
    const char *detail;
    enum kc_error error = kc_store_open(folder, &store, &detail);
    kc_store_close(store);
    /* one that is damaged is what a restore is for */
    return error == KC_ERR_STORE_DAMAGED || error == KC_ERR_STORE_VERSION ? KC_OK : error;
}

static enum kc_error write_restored(int folder, int from)
{
    (void)unlinkat(folder, RESTORED, 0);
    int to = openat(folder, RESTORED, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to < 0)
        return errno == ENOSPC ? KC_ERR_STORE_FULL : KC_ERR_STORE_READ_ONLY;
    enum kc_error error = kc_store_copy_bytes(from, to);
    close(to);
    return error;
}

/* What an earlier restore put aside stays too: it may be the newest store there is. */
static bool put_aside(int folder)
{
    char name[sizeof KC_STORE_FORMER + 12] = KC_STORE_FORMER;
    for (int number = 2; faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0; number++)
        snprintf(name, sizeof name, KC_STORE_FORMER ".%d", number);
    return renameat(folder, KC_STORE_FILE, folder, name) == 0 || errno == ENOENT;
}

static bool put_in_place(int folder)
{
    return put_aside(folder) && renameat(folder, RESTORED, folder, KC_STORE_FILE) == 0 &&
           fsync(folder) == 0;
}

enum kc_error kc_store_restore(const char *folder, int from)
{
    enum kc_error error = is_there(folder) ? settle_present(folder) : KC_OK;
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0)
        return KC_ERR_STORE_READ_ONLY;
    if (error == KC_OK)
        error = kc_store_check_file(from);
    if (error == KC_OK)
        error = write_restored(descriptor, from);
    if (error == KC_OK && !put_in_place(descriptor))
        error = KC_ERR_STORE_READ_ONLY;
    close(descriptor);
    return error;
}
