/* SPDX-License-Identifier: Apache-2.0 */
/* Those that an administrator makes keys for: a device and a service, each read from the profile
 * that its own key signed, and just the one that is expected. */
#ifndef KC_CUSTODIAN_MESH_PEER_H
#define KC_CUSTODIAN_MESH_PEER_H

#include "proto/public_key.h"
#include "proto/udf_key.h"

struct kc_mesh_device {
    char udf[KC_UDF_ID_SIZE]; /* of the profile key */
    struct kc_public_key profile;
    struct kc_public_key encryption, signature, authentication; /* base keys; whole points */
};

/*
 * Reads a ProfileDevice.
 *
 * udf  whose it must be, in full
 *
 * KC_ERR_SIGNATURE      not signed by its own key, or another device's
 * KC_ERR_BAD_ALGORITHM  a key is on a curve that does not fit its purpose
 * KC_ERR_POINT_...      a key is no point that may be added to another
 * KC_ERR_BAD_REQUEST, KC_ERR_ENVELOPE, KC_ERR_TOO_LARGE  it has not the form
 */
KC_CHECKED enum kc_error kc_mesh_device_read(
    struct kc_span profile, const char *udf, struct kc_mesh_device *device);

struct kc_mesh_provider {
    char udf[KC_UDF_ID_SIZE];
    struct kc_public_key signature;  /* ServiceSignature */
    struct kc_public_key encryption; /* what shares are encrypted to */
};

/*
 * Reads a ProfileService, and who accepts shares for one account there.
 *
 * udf         of the service, from the account's own profile
 * assignment  AccountHostAssignment that ServiceSignature signed: its AccessEncrypt takes the place
 *             of ServiceEncryption; or empty
 * address     of the account, which the assignment must be for
 *
 * Errors of kc_mesh_device_read; KC_ERR_REFUSED: the assignment is for another account.
 */
KC_CHECKED enum kc_error kc_mesh_provider_read(struct kc_span profile, const char *udf,
    struct kc_span assignment, const char *address, struct kc_mesh_provider *service);

/* The service that an account's own profile names, or an empty text. Errors of kc_mesh_device_read. */
KC_CHECKED enum kc_error kc_mesh_account_service(struct kc_span profile, char udf[KC_UDF_ID_SIZE]);

#endif
