/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening an envelope with a key here: which of its entries that is, and, for a share, the other
 * one's contribution, of a custodian or of a Mesh service.
 */
#ifndef KC_CUSTODIAN_CLI_OPENING_H
#define KC_CUSTODIAN_CLI_OPENING_H

#include "custodian/cli/keys.h"
#include "proto/dare_envelope.h"

/* What opens the envelope: a key here, and the entry that is for it. */
struct kc_cli_opening {
    struct kc_cli_key key;
    const struct kc_dare_recipient *entry;
    uint8_t peer[KC_UDF_PUBLIC_MAX]; /* the entry's ephemeral key, in the signed encoding */
    size_t peer_size;
    uint8_t contribution[KC_UDF_PUBLIC_MAX]; /* the service's, for a share */
    size_t contribution_size;
};

/*
 * Finds the entry for the key that --key names, or the first one that any key here can open.
 *
 * envelope  borrowed for as long as the opening is used
 *
 * KC_ERR_REFUSED, KC_ERR_ENVELOPE  there is none; reported
 */
KC_CHECKED enum kc_error kc_cli_opening_find(
    struct kc_cli *cli, const struct kc_dare_envelope *envelope, struct kc_cli_opening *opening);

/* The same for a key that is known. */
KC_CHECKED enum kc_error kc_cli_opening_of_key(struct kc_cli *cli,
    const struct kc_dare_envelope *envelope, const struct kc_cli_key *key,
    struct kc_cli_opening *opening);

/* For a share, asks whom --service, or --post or --response name for the other one's contribution;
 * nobody if none is given. Errors are reported. */
KC_CHECKED enum kc_error kc_cli_opening_ask(struct kc_cli *cli, struct kc_cli_opening *opening);

#endif
