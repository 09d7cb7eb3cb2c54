/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service's part of Operate is done with: an account that was bound, and capabilities on
 * its keys, each read from what the account's own keys signed.
 */
#ifndef KC_CUSTODIAN_MESH_CAPABILITY_H
#define KC_CUSTODIAN_MESH_CAPABILITY_H

#include "proto/public_key.h"
#include "proto/signed_object.h"
#include "proto/udf_key.h"
#include "threshold/key.h"

#define KC_MESH_ADDRESS_SIZE 256 /* characters, terminator included */
#define KC_MESH_ID_SIZE 160

/* An account at this service. */
struct kc_mesh_account {
    char address[KC_MESH_ADDRESS_SIZE]; /* canonical: lower case */
    char udf[KC_UDF_ID_SIZE];           /* of the profile key */
    int64_t updated;                    /* when the profile was made; 0: it does not say */
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

/*
 * The name that a device is revoked under, and looked for: its fingerprint in the usual precision, of
 * whatever precision, case and grouping it was said in. False: it is no fingerprint, or of a lesser
 * precision, which several devices may have.
 */
KC_CHECKED bool kc_mesh_device_name(const char *said, char name[KC_UDF_ID_SIZE]);

/* Whether a text can be what a device is revoked as: it has such a name, or is no fingerprint at all. */
KC_CHECKED bool kc_mesh_device_is_said(const char *said);

/* The canonical form of an account's address: A to Z in lower case. False: it does not fit. */
KC_CHECKED bool kc_mesh_address(const char *said, char address[KC_MESH_ADDRESS_SIZE]);

/*
 * Opens an entry of the access catalog, which an administrator signed: CatalogedAccess, or
 * CatalogedCapability as it was called in 2020.
 *
 * entry   borrowed for as long as the object is used
 * opened  given: kc_signed_object_done
 *
 * Errors of kc_signed_object_open.
 */
KC_CHECKED enum kc_error kc_mesh_access_open(struct kc_span entry, size_t size_max,
    const struct kc_public_key *administrator, struct kc_signed_object *opened);

/* This service, as capabilities are for it. All borrowed. */
struct kc_mesh_service {
    const char *udf;                       /* of its profile */
    const struct kc_key *key;              /* what shares are encrypted to */
    const struct kc_public_key *custodian; /* signs shares that were made here; NULL: none are */
    int64_t now;                           /* seconds since 1970 */
};

enum kc_mesh_class {
    KC_MESH_DECRYPT = 1,  /* KeyAgreement */
    KC_MESH_SIGN = 2,     /* Sign */
    KC_MESH_GENERATE = 3, /* Share, Generate */
};

/* A share of an account's key, and who may have it used. */
struct kc_mesh_capability {
    char id[KC_MESH_ID_SIZE];
    enum kc_mesh_class class;
    char account_udf[KC_UDF_ID_SIZE];
    char grantee[KC_UDF_DIGEST_TEXT_SIZE];      /* UDF of a device's or a user's key */
    char grantee_account[KC_MESH_ADDRESS_SIZE]; /* canonical; only narrows; or empty */
    bool has_share;                             /* all have one but some of KC_MESH_GENERATE */
    struct kc_scalar share;                     /* secret; it names the curve */
    uint8_t own[KC_POINT_SIZE_MAX];             /* the verification share */
    uint8_t group[KC_POINT_SIZE_MAX]; /* the whole public key, from the account's profile */
    bool has_coefficient;             /* it is a t-of-n share */
    struct kc_scalar coefficient;     /* Lagrange's, for the declared set of holders */
    bool allows_offset;               /* by policy, never by the entry itself */
    bool allows_export; /* the same: so many shares may leave as the key can be used with */
    bool has_member;    /* it is for a member whose account is elsewhere */
    struct kc_mesh_account member; /* whose profile the administrator pinned */
    int64_t epoch;
};

/*
 * Reads an entry of the access catalog, and opens the share in it.
 *
 * entry        the enveloped CatalogedAccess, signed by the account's administrator; its share is
 *              encrypted to the service, and signed with a witness by that administrator, or by
 *              this custodian if the share was made here (operate.h)
 * service      an entry that names a service names this one
 * capability   given: kc_mesh_capability_wipe
 *
 * KC_ERR_SIGNATURE     the administrator did not sign it, or nobody who may the share
 * KC_ERR_DECRYPTION    the share is not for this service
 * KC_ERR_CONTRIBUTION  the share does not fit its verification share, or is no scalar of the curve
 * KC_ERR_REFUSED       of a class that is not offered, for another service, about a key that is not
 *                      the account's, or to a grantee that is no fingerprint; a share that was
 *                      made here is to be accepted within a day
 * KC_ERR_BAD_REQUEST, KC_ERR_ENVELOPE, KC_ERR_TOO_LARGE  it has not the form
 */
KC_CHECKED enum kc_error kc_mesh_capability_read(struct kc_span entry,
    const struct kc_mesh_account *account, const struct kc_mesh_service *service,
    struct kc_mesh_capability *capability);

/*
 * Reads the entry that takes the place of one of the same id, of a later epoch: with another share,
 * or with the same key refreshed. For that it has in place of the share an EnvelopedKeyOffset d: the
 * new share is the old one plus d, and each other holder's is changed so that the sum remains.
 *
 * before  whose share is to be destroyed when the new one is stored
 *
 * KC_ERR_EXISTS        the refresh that made `before` what it is: it was taken already
 * KC_ERR_CONFLICT      of an epoch that is not later, or with an older profile of the member
 * KC_ERR_REFUSED       also: of another id, account or class, or about another key
 * KC_ERR_CONTRIBUTION  also: the new verification share is not the old one plus d*B, or d is zero
 * Others as kc_mesh_capability_read.
 */
KC_CHECKED enum kc_error kc_mesh_capability_update(struct kc_span entry,
    const struct kc_mesh_account *account, const struct kc_mesh_service *service,
    const struct kc_mesh_capability *before, struct kc_mesh_capability *capability);

void kc_mesh_capability_wipe(struct kc_mesh_capability *capability);

#endif
