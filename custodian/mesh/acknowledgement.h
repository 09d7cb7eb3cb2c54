/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service's answer to a device that asks for a connection: AcknowledgeConnection, with a nonce of
 * its own. Nobody signs it; what makes it good is the witness, which people compare (connection.h).
 */
#ifndef KC_CUSTODIAN_MESH_ACKNOWLEDGEMENT_H
#define KC_CUSTODIAN_MESH_ACKNOWLEDGEMENT_H

#include "custodian/mesh/envelope_make.h"
#include "proto/identifier.h"

/* What was acknowledged. */
struct kc_mesh_acknowledgement {
    char device_udf[KC_UDF_ID_SIZE]; /* of the device's profile */
    char account[KC_ACCOUNT_SIZE];   /* canonical */
    char witness[KC_UDF_ID_SIZE];    /* also the MessageId that the administrator answers */
    bool has_pin;         /* the device brings a proof of a PIN, which is not looked at */
    char *profile_device; /* enveloped, given: free */
    char *text;           /* the AcknowledgeConnection, enveloped; given: free */
    size_t profile_device_size, size;
};

/*
 * Acknowledges a request that the device's own profile signs.
 *
 * request  the RequestConnection, enveloped
 * profile  the account's, enveloped
 *
 * KC_ERR_SIGNATURE    the request, or one of the profiles, is not signed by its key
 * KC_ERR_PROFILE      the request is to another account
 * KC_ERR_BAD_REQUEST  it is no RequestConnection, or has no nonce
 * and the errors of kc_signed_object_open and kc_mesh_envelope_make
 */
KC_CHECKED enum kc_error kc_mesh_acknowledge_make(const struct kc_mesh_source *source,
    struct kc_span request, struct kc_span profile, struct kc_mesh_acknowledgement *made);

/* Fine with a zeroed one. */
void kc_mesh_acknowledgement_done(struct kc_mesh_acknowledgement *made);

#endif
