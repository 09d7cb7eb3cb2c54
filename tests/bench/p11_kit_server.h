/* SPDX-License-Identifier: Apache-2.0 */
/* p11-kit's server before SoftHSM; one at a time. */
#ifndef KC_TESTS_BENCH_P11_KIT_SERVER_H
#define KC_TESTS_BENCH_P11_KIT_SERVER_H

#include "tests/support/softhsm.h"

#include <stdbool.h>

/* Starts it, and sets the environment by which p11-kit's client finds it. False: there is no p11-kit,
 * or the server does not come. */
bool p11_kit_server_start(const struct kc_softhsm *hsm);

/* Fine if there is none. It would outlive the program, and whoever waits for the end of its output
 * with it: so this comes before every end. */
void p11_kit_server_stop(void);

#endif
