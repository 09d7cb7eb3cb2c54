/* SPDX-License-Identifier: Apache-2.0 */
/* What a service answered to an agreement, checked by who asked: so that a wrong contribution is
 * known to be the service's. */
#ifndef KC_CUSTODIAN_MESH_CONTRIBUTION_H
#define KC_CUSTODIAN_MESH_CONTRIBUTION_H

#include "base/reader.h"
#include "threshold/key.h"

/* All borrowed; points as they are sent, with their sign. */
struct kc_mesh_contribution {
    enum kc_curve curve;
    struct kc_span own; /* the service's verification share, from one's own record */
    const struct kc_scalar *coefficient; /* NULL: 1 */
    const struct kc_scalar *offset;      /* NULL: 0 */
    struct kc_span peer;                 /* the point that was asked about */
    struct kc_span result;               /* KeyAgreementECDH.Result */
    const char *key_id;                  /* of the operation */
    struct kc_span request_digest;       /* SHA-512 of the request's payload */
    struct kc_span
        proof; /* CryptographicResultKeyAgreement.Proof: both commitments as points, and the
                             response (threshold/proof.h) */
};

/*
 * KC_ERR_CONTRIBUTION  it is wrong, or proved for another question
 * KC_ERR_POINT_..., KC_ERR_SCALAR_RANGE, KC_ERR_BAD_REQUEST  a value in it is none
 */
KC_CHECKED enum kc_error kc_mesh_contribution_check(const struct kc_mesh_contribution *said);

#endif
