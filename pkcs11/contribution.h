/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contributions of a service's share, by C_Sign:
 *
 * CKM_CUSTODIAN_SIGNATURE_CONTRIBUTE  Edwards keys; signs the message, in parts or at once; makes
 *     the party's commitment R and its share S, one behind the other, each as long as a coordinate
 * CKM_CUSTODIAN_AGREEMENT_CONTRIBUTE  Montgomery keys; "signs" the point P of the other side, in one
 *     part; makes (l*s + c)*P, u with the sign of v behind it
 *
 * The parameter is one flat run of octets: a CBOR map in the canonical form of the socket API, of its
 * fields: `commitment`, which has to be there, `scheme` and `context` of a signature; `coefficient`
 * and `offset` of an agreement, where no parameter at all is the empty map.
 */
#ifndef KC_PKCS11_CONTRIBUTION_H
#define KC_PKCS11_CONTRIBUTION_H

#include "pkcs11/signing.h"
#include "proto/socket/client.h"

/* Reads the parameter. CKR_MECHANISM_PARAM_INVALID. */
CK_RV kc_contribution_take(const CK_MECHANISM *mechanism, struct kc_signing *signing);

enum kc_operation kc_contribution_operation(CK_MECHANISM_TYPE mechanism);

/* Fills the request; message: borrowed until it was sent. */
CK_RV kc_contribution_fill(const struct kc_signing *signing, const void *message, size_t size,
    struct kc_client_request *request);

/* Reads the answer into output_size octets. CKR_DEVICE_ERROR: not of the right size. */
CK_RV kc_contribution_read(
    const struct kc_signing *signing, const struct kc_values *answer, CK_BYTE *octets);

#endif
