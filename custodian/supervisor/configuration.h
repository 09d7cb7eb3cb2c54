/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration as the supervisor reads it for its processes, and what of it may change while they
 * run. */
#ifndef KC_CUSTODIAN_SUPERVISOR_CONFIGURATION_H
#define KC_CUSTODIAN_SUPERVISOR_CONFIGURATION_H

#include "custodian/config.h"

/*
 * Reads a configuration.
 *
 * config   given: kc_config_free; NULL on failure, or what was read so far
 * sealed   given: a descriptor of the octets that were checked, which nobody can change
 * problem  says what is wrong, on most errors
 *
 * Errors of kc_config_open, kc_config_read and kc_config_parse; KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_configuration_load(
    const char *path, struct kc_config **config, int *sealed, struct kc_config_problem *problem);

/* Whether a running custodian can take the next configuration: only keyrings and policy may differ.
 * KC_ERR_CONFIG, with a problem that names the setting */
KC_CHECKED enum kc_error kc_configuration_check_change(
    const struct kc_config *now, const struct kc_config *next, struct kc_config_problem *problem);

#endif
