/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures in files: their forms, and whether they are good. */
#ifndef KC_CUSTODIAN_CLI_VERIFY_H
#define KC_CUSTODIAN_CLI_VERIFY_H

#include "custodian/cli/public.h"

#define KC_CLI_DER_MAX 112

/* An ECDSA signature of r and s, of the same size, as the ECDSA-Sig-Value (RFC 3279, 2.2.3) that other
 * programs read. *written lends from der. KC_ERR_NO_MEMORY */
KC_CHECKED enum kc_error kc_cli_signature_der(
    struct kc_span flat, uint8_t der[static KC_CLI_DER_MAX], struct kc_span *written);

/* Verifies by the options --scheme, --context, --hash, --mgf-hash, --salt-size and --hashed. Errors are
 * reported. */
KC_CHECKED enum kc_error kc_cli_signature_check(const struct kc_cli *cli,
    const struct kc_cli_public *public, struct kc_span message, struct kc_span signature);

#endif
