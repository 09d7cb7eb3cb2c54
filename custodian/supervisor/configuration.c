/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/supervisor/configuration.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The processes get the octets that were checked, sealed: an edit while the custodian runs cannot
 * give two of them different configurations. */
static int seal(const char *text)
{
    size_t size = strlen(text);
    int descriptor = memfd_create("configuration", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (descriptor < 0)
        return -1;
    if (write(descriptor, text, size) != (ssize_t)size ||
        fcntl(descriptor, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

enum kc_error kc_configuration_load(
    const char *path, struct kc_config **config, int *sealed, struct kc_config_problem *problem)
{
    char *text = NULL;
    int file = -1;
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

    enum kc_error error = kc_config_open(path, &file, problem);
    if (error == KC_OK)
        error = kc_config_read(file, path, &text, problem);
    if (error == KC_OK)
        error = kc_config_parse(name, text, config, problem);
    if (error == KC_OK && (*sealed = seal(text)) < 0)
        error = KC_ERR_NO_MEMORY;
    free(text);
    if (file >= 0)
        close(file);
    return error;
}

/* Whether a part of two configurations is the same. Both were zero before they were read. */
#define SAME(part) (memcmp(&now->part, &next->part, sizeof now->part) == 0)

static bool same_users(const struct kc_config *now, const struct kc_config *next)
{
    for (size_t i = 0; i < KC_CONFIG_PROCESSES; i++)
        if (now->users[i].user != next->users[i].user ||
            now->users[i].group != next->users[i].group)
            return false;
    return true;
}

/* Octets between the fields were zero before both were read; a difference there would refuse, no more. */
static bool same_roots(const struct kc_config *now, const struct kc_config *next)
{
    /* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c): see above */
    return SAME(root_count) && memcmp(now->roots, next->roots, sizeof now->roots) == 0;
}

enum kc_error kc_configuration_check_change(
    const struct kc_config *now, const struct kc_config *next, struct kc_config_problem *problem)
{
    const char *changed =
        !SAME(socket) || !SAME(socket_mode)               ? "socket"
        : !SAME(store)                                    ? "store"
        : !SAME(arena_size)                               ? "arena_size"
        : !same_users(now, next)                          ? "users"
        : !same_roots(now, next)                          ? "root"
        : !SAME(limits)                                   ? "limits"
        : (now->peer_count > 0) != (next->peer_count > 0) ? "whether there are peers"
        : (now->listen.address[0] != 0) != (next->listen.address[0] != 0) ? "whether it listens"
                                                                          : NULL;
    if (!changed)
        return KC_OK;
    snprintf(problem->text, sizeof problem->text, "%s was changed: that needs a restart", changed);
    return KC_ERR_CONFIG;
}
