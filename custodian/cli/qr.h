/* SPDX-License-Identifier: Apache-2.0 */
/* QR codes on a terminal. */
#ifndef KC_CUSTODIAN_CLI_QR_H
#define KC_CUSTODIAN_CLI_QR_H

#include "custodian/cli/cli.h"

/*
 * Prints a text as a QR code, two rows of dots in a line.
 *
 * KC_ERR_USAGE  this command was built without libqrencode; reported
 */
KC_CHECKED enum kc_error kc_cli_print_qr(const struct kc_cli *cli, const char *text);

#endif
