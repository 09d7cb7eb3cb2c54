/* SPDX-License-Identifier: Apache-2.0 */
/* Part of admin_activation.h: the documents that connect a device. */
#ifndef KC_CUSTODIAN_MESH_DEVICE_DOCUMENTS_H
#define KC_CUSTODIAN_MESH_DEVICE_DOCUMENTS_H

#include "custodian/mesh/admin_activation.h"

/* A key of the account that the device gets, whole or a share of it. */
struct kc_mesh_given {
    const struct kc_key *key;              /* lent; NULL: not given */
    struct kc_scalar share;                /* secret */
    const struct kc_public_key *share_own; /* NULL: it gets the whole key */
    const char *service_id;                /* of the service's share */
};

/* Writes, envelopes and signs all documents for a device into `made`, whose composite keys stand.
 * Errors of kc_mesh_envelope_make. */
KC_CHECKED enum kc_error kc_mesh_device_documents(const struct kc_mesh_source *source,
    const struct kc_mesh_connecting *connecting, struct kc_span seed,
    const struct kc_mesh_given given[KC_MESH_RESOURCE_COUNT], struct kc_mesh_connected *made);

#endif
