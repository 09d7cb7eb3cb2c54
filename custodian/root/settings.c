/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/root/settings.h"

#include "tpm/address.h"

#include <stdlib.h>
#include <string.h>

bool kc_root_connects_once(const struct kc_config_root *config)
{
    struct kc_address address;
    return kc_address_parse(config->tcti, &address) == KC_OK && address.kind == KC_ADDRESS_COMMAND;
}

enum kc_error kc_root_settings_read(
    const struct kc_config_root *config, const uint8_t *srk_name, struct kc_root_settings *settings)
{
    uint32_t pcr_mask = 0;
    if (config->pcrs[0] != 0 && kc_pcr_list_parse(config->pcrs, &pcr_mask) != KC_OK)
        return KC_ERR_CONFIG;
    *settings = (struct kc_root_settings){
        .tcti = config->tcti,
        .srk_handle = config->srk_handle,
        .head_handle = config->head_handle,
        .deadline_ms = config->timeout_s * 1000,
        .pcr_mask = pcr_mask,
        .srk_name = srk_name,
        .connects_once = kc_root_connects_once(config),
    };
    return KC_OK;
}

static enum kc_error make_tpm(const struct kc_config_root *config, const uint8_t *srk_name,
    const struct kc_policy_settings *policy, struct kc_root **root, const char **setting)
{
    struct kc_root_settings settings;
    *setting = "root.pcrs";
    enum kc_error error = kc_root_settings_read(config, srk_name, &settings);
    if (error != KC_OK)
        return error;
    settings.policy = policy;
    *setting = "root.tcti or root.srk_handle";
    return kc_tpm2_new(&settings, root);
}

static enum kc_error make_token(const struct kc_config_root *config, const uint8_t *srk_name,
    const struct kc_secret *pin, struct kc_root **root, const char **setting)
{
    const struct kc_hsm_settings settings = {
        .module = config->pkcs11,
        .token = config->token,
        .key_label = config->key_label,
        .pin = pin->bytes,
        .pin_size = pin->size,
        .deadline_ms = config->timeout_s * 1000,
        .name = srk_name,
    };
    *setting = "root.pkcs11, root.token or root.pin_file";
    return kc_hsm_new(&settings, root);
}

enum kc_error kc_root_make(const struct kc_config_root *config, const uint8_t *srk_name,
    const struct kc_policy_settings *policy, const struct kc_secret *pin, struct kc_root **root,
    const char **setting)
{
    return config->tcti[0] ? make_tpm(config, srk_name, policy, root, setting)
                           : make_token(config, srk_name, pin, root, setting);
}
