/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that an account's own keys sign, to its service: those that bind it by the profile's key,
 * those that change its catalogs by the administrator's. They are to be sent at once: the time is in
 * the ID.
 */
#ifndef KC_CUSTODIAN_MESH_TRANSACTION_MAKE_H
#define KC_CUSTODIAN_MESH_TRANSACTION_MAKE_H

#include "custodian/mesh/envelope_make.h"
#include "proto/object.h"

#define KC_MESH_FRAMES_MAX 8

/* Who asks whom. All lent. */
struct kc_mesh_asker {
    const struct kc_key *signer;
    const char *service; /* DNS name of the service that is addressed */
    const char *address; /* of the account */
};

/* What a Transact holds: enveloped objects, lent. */
struct kc_mesh_changes {
    struct kc_mesh_frame {
        const char *container; /* "MMM_Access" */
        const char *envelope;
    } frames[KC_MESH_FRAMES_MAX];
    size_t frame_count;
    const char *local;     /* a message to the account's own devices; NULL: none */
    const char *outbound;  /* a message to another account; NULL: none */
    const char *recipient; /* that account's address */
};

/* Adds a frame; NULL is none. There are never more than KC_MESH_FRAMES_MAX. */
void kc_mesh_changes_add(
    struct kc_mesh_changes *changes, const char *container, const char *envelope);

/*
 * Makes a TransactRequest, a BindRequest with the account's enveloped profile, or an UnbindRequest:
 * enveloped and signed.
 *
 * text  given, terminated: free
 *
 * KC_ERR_BAD_ARGUMENT  the service has no name
 * and the errors of kc_mesh_envelope_make
 */
KC_CHECKED enum kc_error kc_mesh_transact_make(const struct kc_mesh_source *source,
    const struct kc_mesh_asker *asker, const struct kc_mesh_changes *changes, char **text,
    size_t *size);
KC_CHECKED enum kc_error kc_mesh_bind_make(const struct kc_mesh_source *source,
    const struct kc_mesh_asker *asker, struct kc_span profile, char **text, size_t *size);
KC_CHECKED enum kc_error kc_mesh_unbind_make(const struct kc_mesh_source *source,
    const struct kc_mesh_asker *asker, char **text, size_t *size);

/* What a request of this module is known by, whatever its ID: a digest of all else in it. */
#define KC_MESH_CONTENT_SIZE 32

/*
 * Opens a request that was made here, whenever, and tells what it is known by.
 *
 * KC_ERR_BAD_REQUEST  it is none of those that are made here
 * Errors of kc_signed_object_open: another kind of request, or another's.
 */
KC_CHECKED enum kc_error kc_mesh_request_content(struct kc_span text, enum kc_object_type type,
    const struct kc_public_key *signer, uint8_t content[static KC_MESH_CONTENT_SIZE]);

/*
 * Makes it once more, as one that can be sent now: the same but for its ID. Whether it still is what
 * is to be done is for the caller.
 *
 * signer  who signed it: signs it again
 * again   given, terminated: free
 *
 * Errors of both kc_mesh_request_content and kc_mesh_envelope_make.
 */
KC_CHECKED enum kc_error kc_mesh_request_again(const struct kc_mesh_source *source,
    struct kc_span text, enum kc_object_type type, const struct kc_key *signer, char **again,
    size_t *size);

#endif
