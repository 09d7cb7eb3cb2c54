/* SPDX-License-Identifier: Apache-2.0 */
/* What the supervisor gives up, and with it the processes that it starts. */
#ifndef KC_CUSTODIAN_SUPERVISOR_RIGHTS_H
#define KC_CUSTODIAN_SUPERVISOR_RIGHTS_H

#include "base/error.h"

/*
 * Keeps of root's capabilities just those that starting, dropping users and reaping need; gains no
 * privileges again; has no core image; and refuses the system calls that change the kernel, look
 * into other processes or make namespaces. The processes inherit all of it and narrow it to an
 * allow-list of their own, which a process that must be able to exec cannot have.
 *
 * KC_ERR_SANDBOX  logged
 */
KC_CHECKED enum kc_error kc_supervisor_give_up_rights(void);

#endif
