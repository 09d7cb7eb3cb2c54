/* SPDX-License-Identifier: Apache-2.0 */
/* Documents and secrets of an answer, of whatever size, and the keys that a request names. */
#ifndef KC_CUSTODIAN_CLI_DOCUMENT_H
#define KC_CUSTODIAN_CLI_DOCUMENT_H

#include "custodian/cli/call.h"
#include "custodian/cli/file.h"
#include "custodian/cli/keys.h"

/* A DATA or SECRET field of the answer, terminated besides. Errors are reported. */
KC_CHECKED enum kc_error kc_cli_call_read(
    const struct kc_cli_call *call, enum kc_field field, struct kc_cli_octets *octets);

/* Writes such a field to a file. Errors are reported. */
KC_CHECKED enum kc_error kc_cli_call_write(
    const struct kc_cli_call *call, enum kc_field field, const char *path, mode_t mode);

/* Adds who --to names, as recipients; text is given (free) and has to live as long as the call, and
 * is untouched without --to. Errors are reported. */
KC_CHECKED enum kc_error kc_cli_call_recipients(
    struct kc_cli *cli, struct kc_cli_call *call, char **text);

/* Adds the key of who is to have signed an envelope (signer.h), as algorithm and public, which lives as
 * long as the call. Errors are reported. */
KC_CHECKED enum kc_error kc_cli_call_signer(struct kc_cli *cli, struct kc_cli_call *call,
    const char *name, struct kc_span text, struct kc_cli_public *public);

/* Adds a file's octets as a DATA field; octets have to live as long as the call. Reported. */
KC_CHECKED enum kc_error kc_cli_call_file(
    struct kc_cli_call *call, enum kc_field field, const char *path, struct kc_cli_octets *octets);

#endif
