/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a service makes and signs: its own profile and host's, what it assigns to accounts, receipts,
 * and responses. All of its keys come of three seeds.
 */
#ifndef KC_CUSTODIAN_MESH_SERVICE_DOCUMENT_H
#define KC_CUSTODIAN_MESH_SERVICE_DOCUMENT_H

#include "custodian/mesh/envelope_make.h"
#include "proto/udf.h"

#define KC_MESH_SERVICE_CURVE KC_CURVE_ED448 /* of its keys that sign; X448 of the others */

/* Secret, lent. Specifier and random octets each. */
struct kc_mesh_service_seeds {
    struct kc_span service;   /* ProfileService: of the service wherever it runs */
    struct kc_span host;      /* ProfileHost: of this host */
    struct kc_span custodian; /* of one algorithm: the key that OperateResponse and receipts have */
};

enum kc_mesh_service_key {
    KC_MESH_SERVICE_PROFILE,
    KC_MESH_SERVICE_ENCRYPTION, /* what shares are encrypted to, unless to an account's own */
    KC_MESH_SERVICE_SIGNATURE,
    KC_MESH_HOST_SIGNATURE, /* responses */
    KC_MESH_CUSTODIAN,
};

/* key: secret, KC_AUTO_KEY. KC_ERR_BAD_ARGUMENT: the seed is of another type. */
KC_CHECKED enum kc_error kc_mesh_service_key(
    const struct kc_mesh_service_seeds *seeds, enum kc_mesh_service_key which, struct kc_key *key);

/* Documents of a service, enveloped and signed: texts, terminated. */
struct kc_mesh_service_documents {
    char udf[KC_UDF_ID_SIZE]; /* of ProfileService */
    char *profile_service, *profile_host, *connection_host;
};

/* documents: given, kc_mesh_service_documents_done. Errors of kc_mesh_envelope_make. */
KC_CHECKED enum kc_error kc_mesh_service_documents_make(const struct kc_mesh_source *source,
    const struct kc_mesh_service_seeds *seeds, struct kc_mesh_service_documents *documents);
void kc_mesh_service_documents_done(struct kc_mesh_service_documents *documents);

/*
 * The AccountHostAssignment of an account, signed by the service.
 *
 * access  what shares for this account are encrypted to
 * text    given, terminated: free
 */
KC_CHECKED enum kc_error kc_mesh_assignment_make(const struct kc_mesh_source *source,
    const struct kc_key *signer, const char *address, const char *host,
    const struct kc_public_key *access, char **text, size_t *size);

/* What was done for a request, when it could not be undone any more. All borrowed. */
struct kc_mesh_receipt {
    const uint8_t *request_digest; /* KC_DARE_DIGEST_SIZE octets */
    const char *service, *account_udf;
    const char *done; /* "bound", "unbound", "accepted", "revoked" */
    const char *const *subjects;
    size_t subject_count;
    uint64_t effective; /* number of the store's head that has it */
    uint64_t anchored;  /* up to which nothing can be rolled back unnoticed */
};

/* text: given, terminated: free. */
KC_CHECKED enum kc_error kc_mesh_receipt_make(const struct kc_mesh_source *source,
    const struct kc_key *signer, const struct kc_mesh_receipt *receipt, char **text, size_t *size);

/*
 * Signs the payload of a response by the host's key.
 *
 * KC_ERR_REFUSED      it is no response, or one that only the custodian's own key may sign
 * KC_ERR_BAD_REQUEST  it is no object of the Mesh
 */
KC_CHECKED enum kc_error kc_mesh_response_sign(const struct kc_mesh_source *source,
    const struct kc_key *signer, struct kc_span payload, char **text, size_t *size);

#endif
