/* SPDX-License-Identifier: Apache-2.0 */
/* The connection to the custodian that all of the module's calls share. */
#ifndef KC_PKCS11_DAEMON_H
#define KC_PKCS11_DAEMON_H

#include "proto/socket/client.h"

/* Makes the client, without connecting. With the module's lock held, as the next. */
KC_CHECKED enum kc_error kc_daemon_open(void);

/* Lets go of the client. A call that another thread has under way ends in its own time. */
void kc_daemon_close(void);

/* In the child of a fork, which has none of its parent's other threads: their calls are none that are
 * under way. With the module's lock held. */
void kc_daemon_go_on_in_child(void);

/*
 * Asks the custodian for what does not matter if it is done twice: a connection that turns out to be
 * lost is made again and the request repeated, once. Logins end with their connection: all slots are
 * told so. Not with the module's lock held.
 *
 * answer  on KC_OK only; given to the caller: kc_client_answer_free
 *
 * Errors as of kc_client_call; KC_ERR_DAEMON_ABSENT also when the module is not initialized.
 */
KC_CHECKED enum kc_error kc_daemon_call(
    struct kc_client_request *request, struct kc_client_answer **answer);

/*
 * The same for a request that changes something: it is sent once. To be sure that there is a
 * connection to send it on, the desk is reached first.
 */
KC_CHECKED enum kc_error kc_daemon_change(
    struct kc_client_request *request, struct kc_client_answer **answer);

/* Asks the desk for nothing: a connection that was lost, and the logins with it, is found out about.
 * Errors as of kc_daemon_call. */
KC_CHECKED enum kc_error kc_daemon_reach(void);

#endif
