/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Closes what clients passed. Closing can take as long as a client wants: a socket that lingers, a
 * file of a file system of his own, or a socket in whose queue such a descriptor waits. So threads
 * of their own do it, and nobody waits for them.
 */
#ifndef KC_CUSTODIAN_CLOSER_H
#define KC_CUSTODIAN_CLOSER_H

#include "base/error.h"

/*
 * Starts the threads, once, before the process's filter. From here on kc_descriptors_close closes
 * later too. Not started, as in a test of parts, closing is done at once.
 *
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_closer_start(void);

/*
 * Gives a descriptor away to be closed. If too many wait, because what is being closed does not end,
 * the process does: its end closes all without lingering, and it is started again.
 */
void kc_close_later(int descriptor);

#endif
