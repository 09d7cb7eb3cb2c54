/* SPDX-License-Identifier: Apache-2.0 */
/* custodian-courier: the courier as a process. */
#include "custodian/courier/courier.h"
#include "custodian/log.h"
#include "custodian/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANY(name)                                                                                  \
    {                                                                                              \
        .number = SCMP_SYS(name)                                                                   \
    }
#define WHERE(name, position, value)                                                               \
    {                                                                                              \
        .number = SCMP_SYS(name), .compared = 1, .arguments = {                                    \
            {position, SCMP_CMP_EQ, value, 0}                                                      \
        }                                                                                          \
    }

/* It connects to sockets in the file system, opens no file and listens nowhere. */
static const struct kc_syscall allowed[] = {
    WHERE(socket, 0, AF_UNIX),
    ANY(connect),
    ANY(close),
    ANY(dup3), /* a new end of the desk's edge */
    ANY(getsockopt),
    WHERE(setsockopt, 2, SO_SNDTIMEO), /* how long a connect may take */
    WHERE(fcntl, 1, F_GETFL),
    WHERE(fcntl, 1, F_SETFL),
};

static enum kc_error start(struct kc_courier **courier)
{
    struct kc_config *config = NULL;
    enum kc_error error = kc_process_start(KC_PROCESS_COURIER, &config);
    if (error == KC_OK)
        error = kc_process_drop_rights(KC_PROCESS_COURIER, config);
    if (error == KC_OK)
        error = kc_courier_new(config, KC_FD_COURIER_DESK, courier);
    if (error == KC_OK)
        error = kc_process_filter(allowed, sizeof allowed / sizeof *allowed);
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
