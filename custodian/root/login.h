/* SPDX-License-Identifier: Apache-2.0 */
/* The PIN of an HSM's user, in a file of its own. */
#ifndef KC_CUSTODIAN_ROOT_LOGIN_H
#define KC_CUSTODIAN_ROOT_LOGIN_H

#include "base/secret.h"
#include "custodian/config.h"

/*
 * Reads the PIN: all of the file, but one line feed at its end. File and folder are protected as
 * the configuration is, and the file is readable for its owner alone.
 *
 * pin      given: in the arena; empty before the call
 * problem  written on KC_ERR_CONFIG and KC_ERR_CONFIG_PERMISSIONS; never holds what was read
 *
 * KC_ERR_CONFIG              it cannot be read, is empty, or has more than KC_HSM_PIN_MAX octets
 * KC_ERR_CONFIG_PERMISSIONS  others could read it, or could have written it
 * KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_root_login_read(
    const char *path, struct kc_secret *pin, struct kc_config_problem *problem);

#endif
