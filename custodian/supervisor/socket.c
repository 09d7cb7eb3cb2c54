/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/supervisor/socket.h"

#include "base/text.h"
#include "custodian/log.h"

#include <errno.h>
#include <libgen.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static enum kc_error failed(const char *step, const char *path, int cause)
{
    kc_log(KC_LOG_ERROR, "socket-failed", kc_log_text("step", step), kc_log_text("path", path),
        kc_log_errno(cause));
    return KC_ERR_CONFIG;
}

static int make_socket(void)
{
    return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Just a socket that refuses is stale: any other answer, or a file of another kind, is somebody's.
 */
static enum kc_error remove_stale(const struct sockaddr_un *address)
{
    int probe = make_socket();
    if (probe < 0)
        return failed("make", address->sun_path, errno);
    int result = connect(probe, (const struct sockaddr *)address, sizeof *address);
    int cause = result == 0 ? EADDRINUSE : errno;
    close(probe);
    if (cause == ENOENT)
        return KC_OK;
    if (cause != ECONNREFUSED)
        return failed("in-use", address->sun_path, cause);

    struct stat status;
    if (lstat(address->sun_path, &status) < 0 || !S_ISSOCK(status.st_mode))
        return failed("in-use", address->sun_path, EEXIST);
    return unlink(address->sun_path) == 0 ? KC_OK : failed("remove", address->sun_path, errno);
}

static enum kc_error make_folder(const struct kc_config *config)
{
    char path[KC_CONFIG_SOCKET_PATH_SIZE];
    KC_TEXT_COPY_ARRAY(path, config->socket);
    const char *folder = dirname(path);
    mode_t mask = umask(022);
    int result = mkdir(folder, 0755);
    int cause = errno;
    umask(mask);
    return result == 0 || cause == EEXIST ? KC_OK : failed("folder", folder, cause);
}

/* Nobody can connect between bind and chmod: the mask leaves no rights, and listen comes last. */
static enum kc_error bind_and_listen(
    const struct kc_config *config, const struct sockaddr_un *address, int descriptor)
{
    mode_t mask = umask(0777);
    int result = bind(descriptor, (const struct sockaddr *)address, sizeof *address);
    int cause = errno;
    umask(mask);
    if (result < 0)
        return failed("bind", config->socket, cause);
    if (chmod(config->socket, config->socket_mode) < 0)
        return failed("mode", config->socket, errno);
    if (listen(descriptor, SOMAXCONN) < 0)
        return failed("listen", config->socket, errno);
    return KC_OK;
}

enum kc_error kc_supervisor_listen(const struct kc_config *config, int *descriptor)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    KC_TEXT_COPY_ARRAY(address.sun_path, config->socket);

    enum kc_error error = make_folder(config);
    if (error == KC_OK)
        error = remove_stale(&address);
    if (error != KC_OK)
        return error;
    int made = make_socket();
    if (made < 0)
        return failed("make", config->socket, errno);
    error = bind_and_listen(config, &address, made);
    if (error != KC_OK) {
        close(made);
        return error;
    }
    *descriptor = made;
    return KC_OK;
}
