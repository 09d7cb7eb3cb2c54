/* SPDX-License-Identifier: Apache-2.0 */
/* custodian-courier: the courier as a process. */
#include "custodian/courier/courier.h"
#include "custodian/log.h"
#include "custodian/process.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* It connects to sockets in the file system, and over TLS if a peer is reached so; it opens no file
 * and listens nowhere. The table's last rows are for TLS. */
static const struct kc_syscall allowed[] = {
    KC_SYSCALL_WHERE(socket, 0, AF_UNIX),
    KC_SYSCALL(connect),
    KC_SYSCALL(close),
    KC_SYSCALL(dup3), /* a new end of the desk's edge */
    KC_SYSCALL(getsockopt),
    KC_SYSCALL_WHERE(setsockopt, 2, SO_SNDTIMEO), /* how long a connect may take */
    KC_SYSCALL_WHERE(setsockopt, 2, SO_RCVTIMEO), /* how long a receiving may take */
    KC_SYSCALL_WHERE(fcntl, 1, F_GETFL),
    KC_SYSCALL_WHERE(fcntl, 1, F_SETFL),
    KC_SYSCALL_WHERE(socket, 0, AF_INET),
    KC_SYSCALL_WHERE(socket, 0, AF_INET6),
    KC_SYSCALL_WHERE(setsockopt, 1, IPPROTO_TCP), /* small messages leave at once */
    KC_SYSCALL(read),                             /* libssl's */
    KC_SYSCALL(write),
    KC_SYSCALL(pread64), /* a message that came as a descriptor */
    KC_SYSCALL(fstat),
    KC_SYSCALL(newfstatat),
    KC_SYSCALL_WHERE(fcntl, 1, F_GET_SEALS),
};
#define ROWS_FOR_TLS 9

static bool needs_tls(const struct kc_config *config)
{
    size_t i = 0;
    while (i < config->peer_count && !config->peers[i].address[0])
        i++;
    return i < config->peer_count;
}

static enum kc_error load(const struct kc_config *config, struct kc_tls **tls)
{
    const char *problem = NULL;
    enum kc_error error = kc_tls_new(&config->tls, false, tls, &problem);
    if (error != KC_OK)
        kc_log(KC_LOG_ERROR, "start-failed", kc_log_error(error), kc_log_text("detail", problem));
    return error;
}

static enum kc_error start(struct kc_courier **courier)
{
    struct kc_config *config = NULL;
    struct kc_tls *tls = NULL;
    size_t rows = sizeof allowed / sizeof *allowed;
    enum kc_error error = kc_process_start(KC_PROCESS_COURIER, &config);
    if (error == KC_OK && needs_tls(config))
        error = load(config, &tls);
    if (error == KC_OK)
        error = kc_process_drop_rights(KC_PROCESS_COURIER, config);
    if (error == KC_OK)
        error = kc_courier_new(config, tls, KC_FD_COURIER_DESK, courier);
    if (error == KC_OK)
        error = kc_process_filter(allowed, tls ? rows : rows - ROWS_FOR_TLS);
    return error;
}

static void obey(struct kc_courier *courier)
{
    struct kc_control order = kc_process_control();
    if (order.type == KC_CONTROL_STOP)
        _exit(0); /* a question under way is the vault's to give up */
    if (order.type == KC_CONTROL_EDGE)
        kc_courier_new_desk(courier, order.descriptor);
}

int main(void)
{
    struct kc_courier *courier = NULL;
    struct pollfd wait = {.fd = KC_FD_CONTROL, .events = POLLIN};

    enum kc_error error = start(&courier);
    if (error != KC_OK)
        return (int)kc_error_row(error)->class;
    kc_process_ready();
    for (;;)
        if (poll(&wait, 1, -1) > 0)
            obey(courier);
}
