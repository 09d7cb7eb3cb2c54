/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration says about the hardware root, as the hardware root takes it. */
#ifndef KC_CUSTODIAN_ROOT_SETTINGS_H
#define KC_CUSTODIAN_ROOT_SETTINGS_H

#include "base/secret.h"
#include "custodian/config.h"
#include "tpm/root.h"

/*
 * config    borrowed for as long as the settings are used
 * srk_name  the pin, or NULL; borrowed likewise
 *
 * KC_ERR_CONFIG  root.pcrs is not a list such as "sha256:0,7": that bank, numbers 0..23
 */
KC_CHECKED enum kc_error kc_root_settings_read(const struct kc_config_root *config,
    const uint8_t *srk_name, struct kc_root_settings *settings);

/* Whether a lost connection needs a new process: under the filter no program can be started. */
bool kc_root_connects_once(const struct kc_config_root *config);

/*
 * Makes the root that the configuration names. Given to the caller.
 *
 * srk_name  the pin, or NULL; borrowed for the call
 * policy    for a TPM, or NULL; borrowed for the call
 * pin       secret: the token's PIN; borrowed for the call; empty for a TPM
 *
 * KC_ERR_CONFIG  a setting is out of its range; `setting` then names those that it may be
 */
KC_CHECKED enum kc_error kc_root_make(const struct kc_config_root *config, const uint8_t *srk_name,
    const struct kc_policy_settings *policy, const struct kc_secret *pin, struct kc_root **root,
    const char **setting);

#endif
