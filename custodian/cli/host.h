/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hardware root as the host's owner works on it: by the configuration, without the daemon. A
 * TPM that serves one connection is busy while the daemon runs.
 */
#ifndef KC_CUSTODIAN_CLI_HOST_H
#define KC_CUSTODIAN_CLI_HOST_H

#include "custodian/cli/cli.h"
#include "custodian/root/host.h"
#include "tpm/tpm2.h"

struct kc_cli_host {
    struct kc_config *config;
    struct kc_root_host host;
};

/* Reads the configuration (--config) alone. Given: kc_config_free. Errors are reported. */
KC_CHECKED enum kc_error kc_cli_host_config(const struct kc_cli *cli, struct kc_config **config);

static inline void kc_cli_host_config_done(struct kc_config **config)
{
    kc_config_free(*config);
}

#define KC_AUTO_HOST_CONFIG __attribute__((cleanup(kc_cli_host_config_done))) struct kc_config *

/* Reads the configuration (--config) and makes the root. Given: kc_cli_host_done, also after an
 * error. Errors are reported. */
KC_CHECKED enum kc_error kc_cli_host_open(const struct kc_cli *cli, struct kc_cli_host *host);
void kc_cli_host_done(struct kc_cli_host *host);

#define KC_AUTO_HOST __attribute__((cleanup(kc_cli_host_done))) struct kc_cli_host

/* Runs an operation on the TPM. KC_ERR_CONFIG: the root is none. Errors are reported. */
KC_CHECKED enum kc_error kc_cli_host_run(const struct kc_cli *cli, struct kc_cli_host *host,
    enum kc_error (*operation)(struct kc_tpm2 *tpm, void *arguments), void *arguments);

#endif
