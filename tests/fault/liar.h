/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A custodian that lies: stands on a port of 127.0.0.1 with the certificate of a real one, passes what it
 * is asked on to that one's socket, and alters the parts of signatures that it gives. It ends with the
 * test program. What fails here aborts.
 */
#ifndef KC_TESTS_FAULT_LIAR_H
#define KC_TESTS_FAULT_LIAR_H

/* folder/NAME.pem, .key, folder/authority.pem: as the real one's. socket: where that answers. */
void liar_start(unsigned port, const char *folder, const char *name, const char *socket);

#endif
