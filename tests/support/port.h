/* SPDX-License-Identifier: Apache-2.0 */
/* Ports that tests listen on. */
#ifndef KC_TESTS_SUPPORT_PORT_H
#define KC_TESTS_SUPPORT_PORT_H

#include <stdint.h>

/*
 * A port of 127.0.0.1, another one each time, that is this program's to its end: nobody else gets it
 * while a daemon that listens there is not yet started, or is started again. Who listens there says
 * SO_REUSEADDR.
 */
uint16_t kc_test_own_port(void);

#endif
