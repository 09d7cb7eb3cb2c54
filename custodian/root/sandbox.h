/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls that root is left with: few for a TPM, more for code of others: a PKCS#11
 * module, or a transport of the TPM's library. */
#ifndef KC_CUSTODIAN_ROOT_SANDBOX_H
#define KC_CUSTODIAN_ROOT_SANDBOX_H

#include "custodian/config.h"

/* From here on any other system call ends the process. KC_ERR_SANDBOX */
KC_CHECKED enum kc_error kc_root_sandbox_enter(const struct kc_config_root *settings);

/* Whether the wider list is the one that is needed. */
bool kc_root_sandbox_is_wide(const struct kc_config_root *settings);

#endif
