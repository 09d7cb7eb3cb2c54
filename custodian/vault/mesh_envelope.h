/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes that handlers of other families make of what they wrote. */
#ifndef KC_CUSTODIAN_VAULT_MESH_ENVELOPE_H
#define KC_CUSTODIAN_VAULT_MESH_ENVELOPE_H

#include "custodian/vault/core.h"

/*
 * Seals a payload by the request's key, which has to be whole and one that signs such, to its
 * recipients; the answer's document is the envelope.
 *
 * payload  secret
 *
 * KC_ERR_BAD_ARGUMENT  the field that the detail names: of the recipients, or a split key
 * and the errors of envelope-seal
 */
KC_CHECKED enum kc_error kc_call_seal_payload(struct kc_call *call, struct kc_span payload);

/* The same signed alone; manifest: an envelope that accredits the key, or empty. */
KC_CHECKED enum kc_error kc_call_sign_payload(
    struct kc_call *call, struct kc_span payload, struct kc_span manifest);

/* Whether a share of a dealt key may sign a payload in an envelope, by the role that the whole key
 * had. KC_ERR_REFUSED, the field as detail */
KC_CHECKED enum kc_error kc_call_check_letter(
    struct kc_call *call, const struct kc_record *share, struct kc_span payload);

#endif
