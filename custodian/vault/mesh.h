/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service's part of the Mesh inside the vault: services, their accounts, capabilities, and what
 * was revoked. The handlers fetch records and stage changes; custodian/mesh/ reads, decides and writes
 * documents.
 *
 * Records. Their ids are made from names by a hash, so that any name fits, and the same name of two
 * accounts never meets:
 *
 *   SERVICE     account: the DNS name; secret: three seeds; body: the documents it shows
 *   ACCOUNT     account: the address; group: the service's id; secret: a seed of its own, which its
 *               encryption key and the key over its shares come of: so that with it, when the account
 *               is unbound, all of its shares are gone at once; body: its keys, from its profile
 *   CAPABILITY  group: UDF of the account, by which it is listed; public_key: the verification share; secret: the share,
 *               encrypted once more under the account's key; body: its terms, and what was charged
 *   REVOCATION  nothing but its id: that there is one is the statement, and the map proves it. No
 *               operation removes one. One of them is the edge: up to which time, in its body, IDs of
 *               requests may have been taken, so that none of them is after a crash
 */
#ifndef KC_CUSTODIAN_VAULT_MESH_H
#define KC_CUSTODIAN_VAULT_MESH_H

#include "custodian/mesh/kept.h"
#include "custodian/mesh/service_document.h"
#include "custodian/mesh/service_request.h"
#include "custodian/vault/core.h"

#define KC_RECORD_ID_EDGE "replay-edge"

/* --- mesh_record.c: ids and bodies --- */

enum kc_mesh_revoked {
    KC_MESH_REVOKED_DEVICE,     /* by a UDF of its profile or of one of its keys */
    KC_MESH_REVOKED_CAPABILITY, /* by its Id */
    KC_MESH_REVOKED_SHARE,      /* by its verification share, in hexadecimal */
};

void kc_mesh_service_record_id(const char *name, char id[static KC_RECORD_ID_SIZE]);
void kc_mesh_account_record_id(
    const char *service, const char *address, char id[static KC_RECORD_ID_SIZE]);
void kc_mesh_capability_record_id(
    const char *account_udf, const char *capability, char id[static KC_RECORD_ID_SIZE]);
void kc_mesh_revocation_id(enum kc_mesh_revoked what, const char *account_udf, const char *name,
    char id[static KC_RECORD_ID_SIZE]);

/* What a record of an account holds. */
struct kc_mesh_bound {
    struct kc_mesh_account account;
    uint32_t binding;    /* which one this is of the address: 1, 2... */
    uint64_t unbound_ms; /* time of the last request that unbound it; 0: there was none */
    bool is_active;
};

/* KC_ERR_RECORD_DAMAGED: it is none, which the vault did not make. */
KC_CHECKED enum kc_error kc_mesh_bound_read(
    const struct kc_record *record, struct kc_mesh_bound *bound);
KC_CHECKED enum kc_error kc_mesh_bound_write(
    struct kc_call *call, struct kc_record *staged, const struct kc_mesh_bound *bound);

/* What was charged to a capability, in blocks that are stored before they are used. */
struct kc_mesh_usage {
    uint64_t window;    /* when the present one began, seconds since 1970 */
    uint64_t in_window; /* operations that were charged in it */
    uint64_t total;     /* ever */
    uint32_t block;     /* of those, what was charged last: who had it stored may use them */
};

struct kc_mesh_granted {
    struct kc_mesh_capability capability; /* its share is zero; see kc_call_share */
    uint32_t binding;                     /* of the account, under which it was accepted */
    struct kc_mesh_usage usage;
    bool is_active;
};

/* Reads, and writes, the body of a capability's record. KC_ERR_RECORD_DAMAGED; errors of
 * kc_call_set_body */
KC_CHECKED enum kc_error kc_mesh_granted_read(
    const struct kc_record *record, struct kc_mesh_granted *granted);
KC_CHECKED enum kc_error kc_mesh_granted_write(
    struct kc_call *call, struct kc_record *staged, const struct kc_mesh_granted *granted);

/* Its texts, lent by the body. */
KC_CHECKED enum kc_error kc_mesh_granted_texts(
    const struct kc_record *record, struct kc_mesh_capability_texts *texts);

/* --- mesh_service.c --- */

/* The canonical form of the name in the field SERVICE, as a service's record has it. */
void kc_call_service_name(const struct kc_call *call, char name[static KC_RECORD_TEXT_SIZE]);

/* The service that the request names: believed, and the policy's to this caller. The field is made
 * canonical. KC_ERR_REFUSED, and the errors of kc_call_record */
KC_CHECKED enum kc_error kc_call_service(struct kc_call *call, struct kc_record **service);

/* A key of a service; that of the custodian is kept in the cache. key: secret, KC_AUTO_KEY. Errors of
 * kc_keeper_open. */
KC_CHECKED enum kc_error kc_call_service_key(struct kc_call *call, const struct kc_record *service,
    enum kc_mesh_service_key which, struct kc_key *key);

/* UDF of the service's profile, lent by the record's body; terminated by copying. */
KC_CHECKED enum kc_error kc_mesh_service_udf(
    const struct kc_record *service, char udf[static KC_UDF_ID_SIZE]);

/* Stages a service that is new, of these seeds. */
KC_CHECKED enum kc_error kc_call_stage_service(struct kc_call *call, const char *name,
    const struct kc_mesh_service_seeds *seeds, struct kc_record **staged);

/* Answers with a receipt for a request, signed by the custodian's key, in the field RESPONSE. */
struct kc_mesh_told {
    const char *account_udf, *done;
    const char *const *subjects;
    size_t subject_count;
};
KC_CHECKED enum kc_error kc_call_set_receipt(struct kc_call *call, const struct kc_record *service,
    const struct kc_mesh_request *request, const struct kc_mesh_told *told);

/* --- mesh_account.c --- */

/* The account of an address at the service of a canonical name, whether it is bound or was;
 * KC_ERR_REFUSED: there never was one. And the errors of kc_call_record. */
KC_CHECKED enum kc_error kc_call_account(struct kc_call *call, const char *service,
    const char *address, struct kc_record **account, struct kc_mesh_bound *bound);

/* An account's own encryption key. key: secret, KC_AUTO_KEY. */
KC_CHECKED enum kc_error kc_call_account_key(
    struct kc_call *call, const struct kc_record *account, struct kc_key *key);

/* A request that the administrator of the account in it signed, for this service, now. */
struct kc_mesh_verified {
    struct kc_record *service, *account;
    struct kc_mesh_bound bound;
    struct kc_mesh_request request; /* kc_mesh_request_done */
    bool has_escrow;                /* of one that binds: its profile has an escrow key */
};

/*
 * Verifies the field REQUEST. data is what the request lends from.
 *
 * KC_ERR_SIGNATURE     the account's administrator did not sign it for this service; also if there is no
 *                      such account
 * KC_ERR_STALE         it is too old, or from the future
 * KC_ERR_BAD_ARGUMENT  it has not the form
 * and the errors of kc_call_record, kc_call_allowed, kc_call_fresh
 */
KC_CHECKED enum kc_error kc_call_verify_request(struct kc_call *call, struct kc_data *data,
    enum kc_mesh_asking asking, struct kc_mesh_verified *verified);
void kc_mesh_verified_done(struct kc_mesh_verified *verified);
#define KC_AUTO_VERIFIED __attribute__((cleanup(kc_mesh_verified_done))) struct kc_mesh_verified

/* kc_call_stage and kc_call_destroy; what others are changing just now is waited for:
 * KC_ERR_UNAVAILABLE. */
KC_CHECKED enum kc_error kc_call_stage_or_wait(
    struct kc_call *call, const struct kc_record *record, struct kc_record **staged);
KC_CHECKED enum kc_error kc_call_destroy_or_wait(
    struct kc_call *call, const struct kc_record *record);

/*
 * What was staged is to be stored, and the handler goes on after it; or the error of staging it.
 *
 * is_last  it then answers: a client that waits for the anchor waits here
 */
KC_CHECKED enum kc_error kc_call_commit_again(
    struct kc_call *call, enum kc_error error, bool is_last);

/* A request's error as the handler's: what has not the form is the caller's bad argument. */
KC_CHECKED enum kc_error kc_call_request_error(struct kc_call *call, enum kc_error error);

/* --- mesh_transact.c: what an administrator changes in catalogs --- */

/* What a request was about, for the receipt. */
struct kc_mesh_subjects {
    const char *names[KC_MESH_UPDATES_MAX];
    size_t count;
    char texts[KC_MESH_UPDATES_MAX][KC_MESH_ID_SIZE];
};

/* KC_ERR_TOO_LARGE: there are too many. */
KC_CHECKED enum kc_error kc_call_add_subject(struct kc_mesh_subjects *subjects, const char *name);

/* Stages what a frame asks for, unless it was done before: at most KC_MESH_FRAME_CHANGES. */
#define KC_MESH_FRAME_CHANGES 3
typedef enum kc_error kc_mesh_take(struct kc_call *call, const struct kc_mesh_verified *verified,
    struct kc_mesh_update *update, struct kc_mesh_subjects *subjects);

/*
 * Does what a signed Transact asks for in one store, as many frames with one commit as fit, and answers
 * with a receipt when all of it is stored. What a crash leaves is done by the same request again.
 */
KC_CHECKED enum kc_error kc_call_transact(
    struct kc_call *call, enum kc_mesh_store store, kc_mesh_take *take, const char *done);

/* --- mesh_revoke.c --- */

/* Whether something was revoked, by the map alone. May wish for nodes: KC_ERR_UNAVAILABLE. */
KC_CHECKED enum kc_error kc_call_is_revoked(struct kc_call *call, enum kc_mesh_revoked what,
    const char *account_udf, const char *name, bool *is_revoked);

/* Stages the revocation of something that was not. Errors of kc_call_stage. */
KC_CHECKED enum kc_error kc_call_stage_revocation(
    struct kc_call *call, enum kc_mesh_revoked what, const char *account_udf, const char *name);

/* The name that a share is revoked by. */
#define KC_MESH_SHARE_NAME_SIZE (2 * KC_POINT_SIZE_MAX + 1)
void kc_mesh_share_name(
    const struct kc_mesh_capability *capability, char name[static KC_MESH_SHARE_NAME_SIZE]);

/* --- mesh_capability.c --- */

/* Fills the columns of an active capability in: all but what it has of any record (format, version,
 * when it was made), its body and its secret. */
void kc_mesh_capability_describe(
    const struct kc_mesh_capability *capability, struct kc_record *record);

/* Opens the share of a capability that was believed, of an account that was: capability->share. Secret:
 * kc_mesh_capability_wipe. KC_ERR_RECORD_DAMAGED */
KC_CHECKED enum kc_error kc_call_share(struct kc_call *call, const struct kc_record *account,
    const struct kc_record *record, struct kc_mesh_capability *capability);

/* Protects a staged capability, with its share. */
KC_CHECKED enum kc_error kc_call_protect_share(struct kc_call *call,
    const struct kc_record *account, struct kc_record *staged,
    const struct kc_mesh_capability *capability);

/* --- mesh_state.c: what is in memory besides records --- */

struct kc_mesh_state;

/* KC_ERR_NO_MEMORY, KC_ERR_RANDOM */
KC_CHECKED enum kc_error kc_mesh_state_new(const struct kc_config_operate *limits, uint64_t started,
    struct kc_entropy *entropy, struct kc_mesh_state **state);
void kc_mesh_state_free(struct kc_mesh_state *state);

struct kc_replay *kc_mesh_state_replay(struct kc_mesh_state *state);
struct kc_proven *kc_mesh_state_proven(struct kc_mesh_state *state);
struct kc_known_keys *kc_mesh_state_known_keys(struct kc_mesh_state *state);

/* A record was stored, or seen at the start: what is in memory follows it at once. */
void kc_mesh_state_note(struct kc_mesh_state *state, const struct kc_record *record);

/* Up to which time IDs may be taken, milliseconds since 1970; false: the record of the edge was not
 * seen yet. */
bool kc_mesh_state_edge(struct kc_mesh_state *state, uint64_t *until_ms);
/* There is no record of it: nothing was taken ever. */
void kc_mesh_state_no_edge(struct kc_mesh_state *state);

/* A block that was charged to a capability is stored, and is to be used. id: of its record. */
void kc_mesh_state_charged(
    struct kc_mesh_state *state, const char *id, const struct kc_mesh_usage *usage);

/* Takes one operation out of what was charged and stored; false: there is none left. */
bool kc_mesh_state_take(struct kc_mesh_state *state, const char *id, uint64_t now);
/* Gives back what was taken and not used; to memory alone. */
void kc_mesh_state_give(struct kc_mesh_state *state, const char *id, size_t count, uint64_t now);

/* Charges a block; false: the limit is reached. *alarm: it is near. */
bool kc_mesh_usage_charge(
    const struct kc_config_operate *limits, uint64_t now, struct kc_mesh_usage *usage, bool *alarm);

#endif
