/* SPDX-License-Identifier: Apache-2.0 */
/* The profile of an account: what its own key says of all the others. */
#ifndef KC_CUSTODIAN_MESH_ACCOUNT_CREATE_H
#define KC_CUSTODIAN_MESH_ACCOUNT_CREATE_H

#include "custodian/mesh/envelope_make.h"

/* Leaf keys of an account, all lent. */
struct kc_mesh_account_keys {
    const struct kc_key *profile, *administrator, *encryption;
    const struct kc_key *authentication, *signature,
        *escrow; /* NULL: none; a group has the last alone */
};

/* Names that the seed of an account makes them by. */
#define KC_MESH_NAME_PROFILE "CompleteAccountProfile"
#define KC_MESH_NAME_ADMINISTRATOR "CompleteAccountAdminSign"
#define KC_MESH_NAME_ENCRYPTION "CompleteAccountEncrypt" /* and a store's name: of that store */
#define KC_MESH_NAME_AUTHENTICATION "CompleteAccountAuthenticate"
#define KC_MESH_NAME_SIGNATURE "CompleteAccountSign"
#define KC_MESH_NAME_ESCROW "CompleteAccountEscrow"

/*
 * Makes a ProfileUser or a ProfileGroup, signed by its profile key.
 *
 * address      of the account: canonical, with a user and a host
 * service_udf  of the one service that may bind it; NULL: whichever
 * text         given, terminated: free
 *
 * KC_ERR_BAD_ARGUMENT   the address is none, or service_udf no fingerprint
 * KC_ERR_BAD_ALGORITHM  a key is on a curve that does not fit its purpose
 * and the errors of kc_mesh_envelope_make
 */
KC_CHECKED enum kc_error kc_mesh_profile_make(const struct kc_mesh_source *source, bool is_group,
    const struct kc_mesh_account_keys *keys, const char *address, const char *service_udf,
    char **text, size_t *size);

#endif
