/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who connects to the desk for the listener: a process for each local user that a remote custodian
 * is given, which runs as that user and does nothing but connect. So the kernel says on the desk's
 * socket who is asking, and the vault decides about it as about any local user.
 */
#ifndef KC_CUSTODIAN_LISTENER_RELAY_H
#define KC_CUSTODIAN_LISTENER_RELAY_H

#include "custodian/config.h"

struct kc_relays;

/*
 * Starts them; for a process that has neither threads nor secrets yet, and is root if the others
 * are to become others. They end with it.
 *
 * config  borrowed
 *
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_relays_start(const struct kc_config *config, struct kc_relays **relays);

/*
 * A new connection to the desk, as the user of a remote custodian; blocking mode, given. Any thread.
 *
 * remote  its place in the configuration
 *
 * KC_ERR_DAEMON_ABSENT  the desk does not take it
 */
KC_CHECKED enum kc_error kc_relays_connect(
    struct kc_relays *relays, size_t remote, int *descriptor);

#endif
