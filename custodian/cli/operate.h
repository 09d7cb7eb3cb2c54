/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other share's part, from the Mesh service that has it: the request that a device signs
 * (Operate), and what is in the answer. Either carried by a command that --post names, or as files.
 */
#ifndef KC_CUSTODIAN_CLI_OPERATE_H
#define KC_CUSTODIAN_CLI_OPERATE_H

#include "custodian/cli/answer.h"
#include "custodian/cli/keys.h"

/*
 * Writes the request for a contribution to an agreement.
 *
 * share  here; the other one is the service's
 * peer   the point, in the signed encoding
 * text   given: the request, signed by the device
 *
 * KC_ERR_USAGE  the share is of no account of the Mesh, or no device can sign
 * Errors are reported.
 */
KC_CHECKED enum kc_error kc_cli_operate_agree(struct kc_cli *cli, const struct kc_cli_key *share,
    struct kc_span peer, struct kc_cli_octets *text);

/*
 * The contribution in the answer to it.
 *
 * contribution  KC_UDF_PUBLIC_MAX octets
 *
 * Errors of kc_cli_answer_result; reported.
 */
KC_CHECKED enum kc_error kc_cli_operate_agreed(const struct kc_cli *cli,
    const struct kc_cli_key *share, struct kc_span answer, uint8_t *contribution, size_t *size);

/* Writes the request for a contribution to a signature over a digest, to a commitment of the first
 * party. Errors as kc_cli_operate_agree. */
KC_CHECKED enum kc_error kc_cli_operate_sign(struct kc_cli *cli, const struct kc_cli_key *share,
    const uint8_t digest[KC_DARE_DIGEST_SIZE], struct kc_span commitment,
    struct kc_cli_octets *text);

/* What the service contributed: its own commitment, and its part. */
struct kc_cli_contribution {
    uint8_t commitment[KC_POINT_SIZE_MAX], part[KC_POINT_SIZE_MAX];
    size_t commitment_size, part_size;
};

/* Reads it from the answer, which has the sum of both commitments. Errors as kc_cli_operate_agreed. */
KC_CHECKED enum kc_error kc_cli_operate_signed(const struct kc_cli *cli,
    const struct kc_cli_key *share, struct kc_span commitment, struct kc_span answer,
    struct kc_cli_contribution *contribution);

/*
 * Has the shell run the command of --post: the request is its standard input, the answer what it
 * writes to standard output.
 *
 * answer  given
 *
 * KC_ERR_UNAVAILABLE  it cannot be run, fails, or writes nothing; reported
 */
KC_CHECKED enum kc_error kc_cli_post(
    const struct kc_cli *cli, const struct kc_cli_octets *request, struct kc_cli_octets *answer);

#endif
