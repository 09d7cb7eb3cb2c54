/* SPDX-License-Identifier: Apache-2.0 */
/* The socket that clients connect to. The supervisor owns it, so that connections wait in its queue
 * while the desk is restarted. */
#ifndef KC_CUSTODIAN_SUPERVISOR_SOCKET_H
#define KC_CUSTODIAN_SUPERVISOR_SOCKET_H

#include "custodian/config.h"

/*
 * Binds and listens; makes the socket's folder (0755) if it is missing, and takes the place of a
 * socket that nobody answers on. *descriptor is given: non-blocking, close-on-exec.
 *
 * KC_ERR_CONFIG  it could not be done, or another custodian answers there; logged
 */
KC_CHECKED enum kc_error kc_supervisor_listen(const struct kc_config *config, int *descriptor);

#endif
