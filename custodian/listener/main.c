/* SPDX-License-Identifier: Apache-2.0 */
/* custodian-listener: the listener as a process. */
#include "custodian/listener/listener.h"
#include "custodian/log.h"
#include "custodian/process.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* It accepts connections, makes none, and opens no file. */
static const struct kc_syscall allowed[] = {
    KC_SYSCALL(accept4),
    KC_SYSCALL(read), /* libssl's */
    KC_SYSCALL(write),
    KC_SYSCALL(close),
    KC_SYSCALL_WHERE(setsockopt, 1, IPPROTO_TCP), /* small messages leave at once */
    KC_SYSCALL(memfd_create), /* a message that the desk takes as a descriptor */
    KC_SYSCALL_WHERE(fcntl, 1, F_ADD_SEALS),
    KC_SYSCALL_WHERE(fcntl, 1, F_GET_SEALS),
    KC_SYSCALL(fstat),
    KC_SYSCALL(newfstatat),
    KC_SYSCALL(pread64),
};

static enum kc_error load(const struct kc_config *config, struct kc_tls **tls)
{
    const char *problem = NULL;
    enum kc_error error = kc_tls_new(&config->tls, true, tls, &problem);
    if (error != KC_OK)
        kc_log(KC_LOG_ERROR, "start-failed", kc_log_error(error), kc_log_text("detail", problem));
    return error;
}

/* The relays come first: they get no TLS key, and need root. */
static enum kc_error start(void)
{
    struct kc_config *config = NULL;
    struct kc_relays *relays = NULL;
    struct kc_tls *tls = NULL;
    int descriptor = -1;
    enum kc_error error = kc_process_start(KC_PROCESS_LISTENER, &config);
    if (error == KC_OK)
        error = kc_relays_start(config, &relays);
    if (error == KC_OK)
        error = load(config, &tls);
    if (error == KC_OK)
        error = kc_listener_open(&config->listen, &descriptor);
    if (error == KC_OK)
        error = kc_process_drop_rights(KC_PROCESS_LISTENER, config);
    if (error == KC_OK)
        error = kc_listener_start(config, relays, tls, descriptor);
    if (error == KC_OK)
        error = kc_process_filter(allowed, sizeof allowed / sizeof *allowed);
    return error;
}

int main(void)
{
    struct pollfd wait = {.fd = KC_FD_CONTROL, .events = POLLIN};
    enum kc_error error = start();
    if (error != KC_OK)
        return (int)kc_error_row(error)->class;
    kc_process_ready();
    for (;;)
        if (poll(&wait, 1, -1) > 0 && kc_process_control().type == KC_CONTROL_STOP)
            _exit(0); /* requests under way are the other side's to repeat */
}
