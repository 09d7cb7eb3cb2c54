/* SPDX-License-Identifier: Apache-2.0 */
/* Logging in to a keyring before something else is asked for on the same connection. */
#ifndef KC_CUSTODIAN_CLI_KEYRING_H
#define KC_CUSTODIAN_CLI_KEYRING_H

#include "custodian/cli/keys.h"

/*
 * Does what --login asks for; nothing without it.
 *
 * keyring  its name
 * key      to be used next: if each of its uses has to be confirmed, this one is; NULL: none
 *
 * Errors are reported.
 */
KC_CHECKED enum kc_error kc_cli_login(struct kc_cli *cli, struct kc_client *client,
    const char *keyring, const struct kc_cli_key *key);

#endif
