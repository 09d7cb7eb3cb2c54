/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands about shares, and about signatures by their holders, have in common. */
#ifndef KC_CUSTODIAN_CLI_FROST_H
#define KC_CUSTODIAN_CLI_FROST_H

#include "custodian/cli/call.h"
#include "custodian/cli/file.h"
#include "custodian/cli/keys.h"
#include "threshold/curve.h"

#define KC_CLI_INDEX_SIZE 4 /* octets of a holder's index, before its commitments and its part */

#define KC_CLI_PROOF_MAX 4096 /* octets of what `share prove` writes: quorum, commitments, parts */

const struct kc_curve_info *kc_cli_frost_curve(const struct kc_cli_key *key);

/* The share of a dealt key that the first argument names. Errors as kc_cli_key_find. */
KC_CHECKED enum kc_error kc_cli_frost_find(struct kc_cli *cli, struct kc_cli_key *key);

/*
 * Has this custodian take a share, as the options say, and prints its description. Errors are reported.
 *
 * field  what the octets are: the envelope that it came in, or the parts of all dealers
 */
KC_CHECKED enum kc_error kc_cli_share_take(struct kc_cli *cli, enum kc_operation operation,
    enum kc_field field, const struct kc_cli_octets *octets);

/* A request about a share, and what is signed with it; NULL: nothing yet. Errors are reported. */
KC_CHECKED enum kc_error kc_cli_frost_begin(struct kc_cli *cli, struct kc_cli_call *call,
    enum kc_operation operation, const struct kc_cli_key *key, const struct kc_cli_octets *message);

/* Sorts commitments, or parts, that begin with their holder's index. size: of each */
void kc_cli_frost_sort(struct kc_cli_octets *list, size_t size);

#endif
