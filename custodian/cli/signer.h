/* SPDX-License-Identifier: Apache-2.0 */
/* Who is to have signed an envelope. */
#ifndef KC_CUSTODIAN_CLI_SIGNER_H
#define KC_CUSTODIAN_CLI_SIGNER_H

#include "custodian/cli/public.h"
#include "proto/dare_envelope.h"

/*
 * The key of who is named: the key in a file (public.h); of the enveloped profile in a file, whichever
 * of its keys signed the envelope; by its fingerprint in full, a key that stands in the envelope
 * itself, as that of a profile or of a device whose connection is with its signature; or a key of the
 * custodian. That it signed is for the caller to verify. Errors are reported.
 */
KC_CHECKED enum kc_error kc_cli_signer_find(struct kc_cli *cli, const char *name,
    const struct kc_dare_envelope *envelope, struct kc_cli_public *public);

#endif
