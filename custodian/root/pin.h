/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pin: the Name of the hardware root's SRK, in a file of its own that only the host's owner
 * writes. One line of lower-case hexadecimal digits.
 */
#ifndef KC_CUSTODIAN_ROOT_PIN_H
#define KC_CUSTODIAN_ROOT_PIN_H

#include "custodian/config.h"
#include "tpm/root.h"

/*
 * Reads the pin; the file and its folder are protected as the configuration is.
 *
 * problem  written on any error but KC_ERR_ROOT_NOT_PROVISIONED
 *
 * KC_ERR_ROOT_NOT_PROVISIONED  there is no such file
 * KC_ERR_CONFIG                it cannot be read, or holds something else
 * KC_ERR_CONFIG_PERMISSIONS    others could have written it
 */
KC_CHECKED enum kc_error kc_root_pin_read(
    const char *path, uint8_t name[static KC_ROOT_NAME_SIZE], struct kc_config_problem *problem);

/*
 * Writes a pin where none is: all of it or nothing, durable when this returns, readable for all.
 *
 * KC_ERR_EXISTS  there is one; it is left as it is
 * KC_ERR_FILE    the file or its folder cannot be written
 */
KC_CHECKED enum kc_error kc_root_pin_write(
    const char *path, const uint8_t name[static KC_ROOT_NAME_SIZE]);

#endif
