/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the holders of a dealt key sign with the scheme `quorum`: that they hold it. The text is fixed by
 * what they have in common (quorum.h), and nobody signs it in another way, so a signature of it is by
 * shares of just that quorum.
 */
#ifndef KC_CUSTODIAN_VAULT_FROST_H
#define KC_CUSTODIAN_VAULT_FROST_H

#include "custodian/vault/core.h"

/*
 * Whether the request's commitments and parts are such a signature, by the holders of a quorum of the
 * same key as a share's.
 *
 * KC_ERR_BAD_ARGUMENT  it is no quorum of that key, or they are not of its form; the field is the detail
 * KC_ERR_CONTRIBUTION  no
 */
KC_CHECKED enum kc_error kc_frost_check_quorum(
    struct kc_call *call, const struct kc_record *share, struct kc_span quorum);

#endif
