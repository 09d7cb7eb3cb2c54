/* SPDX-License-Identifier: Apache-2.0 */
/* What the operator proves with the PIN, and whom the operator enrolled. */
#ifndef KC_CUSTODIAN_CLI_OPERATOR_H
#define KC_CUSTODIAN_CLI_OPERATOR_H

#include "custodian/cli/call.h"

/* Adds the operator's PIN, from --pin-file or the terminal, to a request. Errors are reported. */
KC_CHECKED enum kc_error kc_cli_call_pin(const struct kc_cli *cli, struct kc_cli_call *call);

/*
 * The id of an enrolled recipient that is named by id or label.
 *
 * KC_ERR_REFUSED, KC_ERR_BAD_ARGUMENT  none, or several; reported
 */
KC_CHECKED enum kc_error kc_cli_recipient_find(
    struct kc_cli *cli, const char *name, char recipient[65]);

#endif
