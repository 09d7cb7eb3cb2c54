/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts and groups that are administered here: those of which this vault has the seed.
 *
 * The seed is a record of KC_KIND_SEED, role account; its body is the profile, and `group` the id of
 * the seed that the encryption key comes of, once that was rotated. Whoever gets keys or shares of the
 * account is a record of KC_KIND_HOLDER, with nothing secret in it:
 *
 *   id     a digest of the account's UDF and the holder's
 *   group  the account's UDF
 *   body   struct kc_holder
 *   state  destroyed: it was taken off; its epochs are never given again
 *
 * A request to the service that came too late is signed again only if it is one of those that made the
 * holder what it is: since it was connected, or the one that took it off.
 *
 * Whom an administrator makes anything for is enrolled as a recipient before, by the key that its
 * profile is known by, and all of it needs the operator's PIN: it is an export.
 */
#ifndef KC_CUSTODIAN_VAULT_MESH_ADMIN_H
#define KC_CUSTODIAN_VAULT_MESH_ADMIN_H

#include "custodian/mesh/account_create.h"
#include "custodian/mesh/admin_activation.h"
#include "custodian/mesh/transaction_make.h"
#include "custodian/vault/seed.h"

/* --- mesh_admin_record.c --- */

/* An account as its administrator has it. Lent by its record. */
struct kc_administered {
    struct kc_record *seed;
    struct kc_record *encryption; /* the seed that its encryption key comes of: mostly the same */
    struct kc_mesh_account account;
    struct kc_span profile; /* enveloped */
    bool is_group;
};

/* The account that the request names: its seed believed, active and the policy's to this caller.
 * Errors of kc_call_seed; KC_ERR_REFUSED: it is no account's. */
KC_CHECKED enum kc_error kc_call_administered(
    struct kc_call *call, struct kc_administered *administered);

/* A leaf key of it by name. key: secret, KC_AUTO_KEY. Errors of kc_call_seed_key. */
KC_CHECKED enum kc_error kc_call_leaf(struct kc_call *call,
    const struct kc_administered *administered, const char *name, struct kc_key *key);

/* What a profile that takes the place of another is made with: its time is later in any case, as that
 * is what services go by. */
struct kc_mesh_source kc_call_later_source(struct kc_call *call, int64_t former);

/* Stages the account with another profile of the same keys but perhaps the encryption key, which then
 * comes of another seed: its id; NULL: as it was. Errors of kc_call_stage, kc_call_set_body and the
 * keeper. */
KC_CHECKED enum kc_error kc_call_restage_account(struct kc_call *call,
    const struct kc_administered *administered, struct kc_span profile,
    const char *encryption_seed);

#define KC_ADMINISTERED_REQUESTS_MAX 8

/* What the latest requests to the service are known by (transaction_make.h). */
struct kc_requests {
    uint8_t count;
    uint8_t content[KC_ADMINISTERED_REQUESTS_MAX][KC_MESH_CONTENT_SIZE]; /* the latest last */
};

/* Who holds keys or shares of an account, beside the service. */
struct kc_holder {
    bool is_member;                           /* of a group; else a device of the account */
    char udf[KC_UDF_ID_SIZE];                 /* of its profile key */
    char address[KC_MESH_ADDRESS_SIZE];       /* of a member */
    char grantee[KC_UDF_ID_SIZE];             /* whom the service knows it by */
    struct kc_public_key key;                 /* what its share is encrypted to */
    int64_t updated;                          /* of a member: when its profile was made */
    int64_t epoch;                            /* the last one that any of its shares had */
    uint8_t seed_digest[KC_DARE_DIGEST_SIZE]; /* of a device's activation seed; of a member zero */
    struct kc_mesh_split_kept splits[KC_MESH_SPLITS_MAX];
    char generator[KC_UDF_ID_SIZE]; /* of a device that may have keys made: that right's Id */
    struct kc_requests requests;
    struct kc_span profile; /* of a member, enveloped; lent */
};

/* The record of a holder that the field `recipient` names, whatever its state; NULL with KC_OK: there
 * never was one. Errors of kc_call_record but KC_ERR_REFUSED. */
KC_CHECKED enum kc_error kc_call_holder(struct kc_call *call,
    const struct kc_administered *administered, struct kc_record **record,
    struct kc_holder *holder);

/* Stages a holder: former is its record, or NULL. Errors of kc_call_stage and kc_call_set_body. */
KC_CHECKED enum kc_error kc_call_stage_holder(struct kc_call *call,
    const struct kc_administered *administered, const struct kc_record *former, uint8_t state,
    const struct kc_holder *holder);

/* Whether the holder that the request names was enrolled by the key that its profile is known by.
 * KC_ERR_REFUSED, and the errors of kc_call_record */
KC_CHECKED enum kc_error kc_call_enrolled(struct kc_call *call);

/* --- mesh_admin_request.c --- */

/* The service of an account as the request brings it: PROFILE, RESPONSE, SERVICE. */
struct kc_provided {
    struct kc_mesh_provider provider;
    bool is_there;
    char address[KC_RECORD_TEXT_SIZE]; /* DNS name */
};

/* Verifies it against the account's own profile. There being none is an error if it is needed:
 * KC_ERR_BAD_ARGUMENT. Others: kc_mesh_provider_read */
KC_CHECKED enum kc_error kc_call_provider(struct kc_call *call,
    const struct kc_mesh_account *account, struct kc_span account_profile, bool is_needed,
    struct kc_provided *provided);

/* Whether what is for a device or a member goes into the request, too. A service that carries no
 * messages refuses it then. */
bool kc_call_service_carries_messages(const struct kc_call *call);

/* Answers with the request to the service, signed, in the field REQUEST, and adds it to those that are
 * known. Errors of kc_mesh_transact_make and kc_call_set_data */
KC_CHECKED enum kc_error kc_call_answer_transact(struct kc_call *call, const char *service,
    const struct kc_mesh_account *account, const struct kc_key *administrator,
    const struct kc_mesh_changes *changes, struct kc_requests *requests);

/* Answers with a document, in the field DOCUMENT. */
KC_CHECKED enum kc_error kc_call_answer_document(struct kc_call *call, const char *text);

#endif
