/* SPDX-License-Identifier: Apache-2.0 */
/* The socket that clients connect to. */
#ifndef KC_CUSTODIAN_FRONT_LISTEN_H
#define KC_CUSTODIAN_FRONT_LISTEN_H

#include "custodian/front/settings.h"

/* Binds the address, which root alone may be able to; returns a socket that listens, or -1 with
 * errno. */
int kc_listen(const struct kc_front_settings *settings);

/* The port that it listens on; 0: it does not. */
uint16_t kc_listen_port(int listening);

#endif
