/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hardware root of this host, as the configuration and its files have it: the pin, the token's
 * PIN, the policies. What custodian-root serves, and what the host's owner works on with the
 * command.
 */
#ifndef KC_CUSTODIAN_ROOT_HOST_H
#define KC_CUSTODIAN_ROOT_HOST_H

#include "custodian/config.h"
#include "tpm/policy.h"
#include "tpm/root.h"

struct kc_root_host {
    const struct kc_config *config;        /* borrowed */
    const struct kc_config_root *settings; /* of this root */
    size_t number;                         /* among the configuration's roots */
    struct kc_root *root;                  /* not connected yet */
    bool is_pinned;
    uint8_t srk_name[KC_ROOT_NAME_SIZE];
    bool has_policy;
    struct kc_policy_settings policy;
};

/* What went wrong, for a log or a person. */
struct kc_root_trouble {
    const char *step; /* static text */
    char detail[KC_CONFIG_PROBLEM_SIZE];
};

/*
 * Reads the files and makes the root. That nothing is pinned is no error here.
 *
 * number   of the root, less than config->root_count
 * host     given: kc_root_host_close, also after an error
 * trouble  written on any error
 *
 * KC_ERR_CONFIG, KC_ERR_CONFIG_PERMISSIONS, KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_root_host_open(const struct kc_config *config, size_t number,
    struct kc_root_host *host, struct kc_root_trouble *trouble);

/*
 * Uses or makes the SRK and pins its Name; with a policy also makes the policies' counter. For the
 * host's owner.
 *
 * is_new  whether the pin was written now
 *
 * Of kc_root_provision, and KC_ERR_EXISTS, KC_ERR_FILE, KC_ERR_SANDBOX.
 */
KC_CHECKED enum kc_error kc_root_host_provision(
    struct kc_root_host *host, bool *is_new, struct kc_root_trouble *trouble);

void kc_root_host_close(struct kc_root_host *host);

#endif
