/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service's part of Operate is done with: an account that was bound, and capabilities on
 * its keys, each read from what the account's own keys signed.
 */
#ifndef KC_CUSTODIAN_MESH_CAPABILITY_H
#define KC_CUSTODIAN_MESH_CAPABILITY_H

#include "proto/public_key.h"
#include "proto/udf_key.h"
#include "threshold/key.h"

#define KC_MESH_ADDRESS_SIZE 256 /* characters, terminator included */
#define KC_MESH_ID_SIZE 160

/* An account at this service. */
struct kc_mesh_account {
    char address[KC_MESH_ADDRESS_SIZE]; /* canonical: lower case */
    char udf[KC_UDF_ID_SIZE];           /* of the profile key */
    struct kc_public_key profile, administrator;
    struct kc_public_key encryption, signature; /* the whole keys; algorithm empty: it has none */
};

/*
 * Reads the profile that binds an account: signed by its own key, and for this service.
 *
 * profile      the enveloped ProfileUser or ProfileGroup
 * service_udf  of this service; NULL: for whichever, as of a member of a group
 *
 * KC_ERR_BAD_REQUEST, KC_ERR_ENVELOPE, KC_ERR_TOO_LARGE, KC_ERR_SIGNATURE
 *                 as kc_signed_object_open_profile
 * KC_ERR_REFUSED  it is for another service
 */
KC_CHECKED enum kc_error kc_mesh_account_read(
    struct kc_span profile, const char *service_udf, struct kc_mesh_account *account);

/* The canonical form of an account's address: A to Z in lower case. False: it does not fit. */
KC_CHECKED bool kc_mesh_address(const char *said, char address[KC_MESH_ADDRESS_SIZE]);

enum kc_mesh_class {
    KC_MESH_DECRYPT = 1, /* KeyAgreement */
    KC_MESH_SIGN = 2,    /* Sign */
};

/* A share of an account's key, and who may have it used. */
struct kc_mesh_capability {
    char id[KC_MESH_ID_SIZE];
    enum kc_mesh_class class;
    char account_udf[KC_UDF_ID_SIZE];
    char grantee[KC_UDF_DIGEST_TEXT_SIZE];      /* UDF of a device's or a user's key */
    char grantee_account[KC_MESH_ADDRESS_SIZE]; /* canonical; only narrows; or empty */
    struct kc_scalar share;                     /* secret; it names the curve */
    uint8_t own[KC_POINT_SIZE_MAX];             /* the verification share */
    uint8_t group[KC_POINT_SIZE_MAX]; /* the whole public key, from the account's profile */
    bool has_coefficient;             /* it is a t-of-n share */
    struct kc_scalar coefficient;     /* Lagrange's, for the declared set of holders */
    bool allows_offset;               /* by policy, never by the entry itself */
    bool has_member;                  /* it is for a member whose account is elsewhere */
    struct kc_mesh_account member;    /* whose profile the administrator pinned */
    int64_t epoch;
};

/*
 * Reads an entry of the access catalog, and opens the share in it.
 *
 * entry        the enveloped CatalogedAccess, signed by the account's administrator, as is the
 *              share, whose envelope is encrypted to the service and has the signer's witness
 * service_udf  of this service: an entry that names a service names this one
 * service_key  what shares are encrypted to
 * capability   given: kc_mesh_capability_wipe
 *
 * KC_ERR_SIGNATURE     the administrator did not sign it, or not the share
 * KC_ERR_DECRYPTION    the share is not for this service
 * KC_ERR_CONTRIBUTION  the share does not fit its verification share, or is no scalar of the curve
 * KC_ERR_REFUSED       of a class that is not offered, for another service, about a key that is not
 *                      the account's, or to a grantee that is no fingerprint
 * KC_ERR_BAD_REQUEST, KC_ERR_ENVELOPE, KC_ERR_TOO_LARGE  it has not the form
 */
KC_CHECKED enum kc_error kc_mesh_capability_read(struct kc_span entry,
    const struct kc_mesh_account *account, const char *service_udf,
    const struct kc_key *service_key, struct kc_mesh_capability *capability);

void kc_mesh_capability_wipe(struct kc_mesh_capability *capability);

#endif
