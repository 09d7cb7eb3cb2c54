/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls that the front end needs, once it serves: no file is opened, nothing started. */
#ifndef KC_CUSTODIAN_FRONT_SANDBOX_H
#define KC_CUSTODIAN_FRONT_SANDBOX_H

#include "custodian/process.h"

/* KC_ERR_SANDBOX */
KC_CHECKED enum kc_error kc_front_sandbox(void);

#endif
