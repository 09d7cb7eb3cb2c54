/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of the access catalog, as capability.h reads them: a share of an account's key on its way
 * to who is to hold it, and what is to be known with it.
 */
#ifndef KC_CUSTODIAN_MESH_CAPABILITY_MAKE_H
#define KC_CUSTODIAN_MESH_CAPABILITY_MAKE_H

#include "custodian/mesh/capability.h"
#include "custodian/mesh/envelope_make.h"
#include "proto/object.h"

/* What an administrator says of one share, or of the right to have keys made, KC_MESH_GENERATE, which
 * has none. All lent. */
struct kc_mesh_grant {
    const struct kc_key *administrator; /* of the account: signs the entry and the share */
    enum kc_mesh_class class;
    const char *id; /* of this share at who holds it; of the right at the service */

    /* of a share */
    const struct kc_public_key *recipient; /* what it is encrypted to */
    const struct kc_public_key *subject;   /* the whole key */
    const struct kc_public_key *own;       /* the verification share */
    const struct kc_scalar *share;         /* secret; or the offset that is to be added to it */
    bool is_offset;
    int64_t epoch; /* of this share: a refresh adds one */
    const char *service_udf;

    /* of what the service has */
    const char *grantee;            /* who may have it used: a fingerprint, in full */
    const char *grantee_account;    /* address that narrows it; NULL: none */
    struct kc_span grantee_profile; /* of a member whose account is elsewhere; or empty */

    /* of the holder's: what it asks the service for; NULL: it is the service's */
    const char *service_id, *service_address;
};

/* A new id for a capability: random, of type N. KC_ERR_RANDOM */
KC_CHECKED enum kc_error kc_mesh_capability_id(
    const struct kc_mesh_source *source, char id[KC_UDF_ID_SIZE]);

/*
 * Makes the entry: enveloped CatalogedAccess, its event "New" or, for an offset, "Update".
 *
 * text  given, terminated: free
 *
 * KC_ERR_BAD_ARGUMENT  the whole key does not fit the class
 * and the errors of kc_mesh_envelope_make
 */
KC_CHECKED enum kc_error kc_mesh_capability_make(const struct kc_mesh_source *source,
    const struct kc_mesh_grant *grant, char **text, size_t *size);

/* The same without the envelope around it: a Capability in an open list or a field. Errors as above. */
KC_CHECKED enum kc_error kc_mesh_capability_write(const struct kc_mesh_source *source,
    const struct kc_mesh_grant *grant, struct kc_object_writer *w, const char *field);

/*
 * Makes the entry that takes a capability away: its payload names the id and says that it is not
 * active, as what stands in a header alone nobody signed. Event "Delete". Errors of
 * kc_mesh_envelope_make.
 */
KC_CHECKED enum kc_error kc_mesh_capability_withdraw(const struct kc_mesh_source *source,
    const struct kc_key *administrator, const char *id, enum kc_mesh_class class, int64_t epoch,
    char **text, size_t *size);

#endif
