/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to a service but Operate, which an account's own keys sign: those that bind an account by
 * the key of its profile, all others by the administrator's. Each has had several names.
 *
 * In two steps. What is read first is believed in nothing: it says whose key the signature must
 * verify under. Only after that may anything be done for it.
 */
#ifndef KC_CUSTODIAN_MESH_SERVICE_REQUEST_H
#define KC_CUSTODIAN_MESH_SERVICE_REQUEST_H

#include "custodian/mesh/capability.h"
#include "custodian/mesh/replay.h"
#include "proto/dare_envelope.h"
#include "proto/transaction.h"

#define KC_MESH_REQUEST_MAX ((size_t)256 << 10) /* octets of a request */
#define KC_MESH_UPDATES_MAX 64                  /* frames of one store that a Transact holds */

enum kc_mesh_asking {
    KC_MESH_BIND = 1, /* BindAccount, CreateAccount, CreateGroup */
    KC_MESH_UNBIND,   /* UnbindAccount, DeleteAccount */
    KC_MESH_TRANSACT, /* Transact, Upload */
};

struct kc_mesh_request {
    struct kc_dare_envelope *envelope; /* owned; its text is borrowed */
    struct kc_json_document document;  /* of the payload */
    struct kc_request request;
    char address[KC_MESH_ADDRESS_SIZE]; /* of the account, canonical */
    uint8_t id[KC_REPLAY_ID_SIZE];
};

/*
 * Reads a request, of which nothing is verified yet.
 *
 * text     borrowed for as long as the request is used
 * request  given: kc_mesh_request_done
 *
 * KC_ERR_BAD_REQUEST  it asks for something else, is in no plain envelope, or lacks Service, ID, or
 *                     the account's address
 * KC_ERR_TOO_LARGE, KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_mesh_request_read(
    struct kc_span text, enum kc_mesh_asking asking, struct kc_mesh_request *request);

/* Fine with a zeroed one. */
void kc_mesh_request_done(struct kc_mesh_request *request);

/*
 * Verifies it: this key signed it, and for this service.
 *
 * KC_ERR_SIGNATURE  either is not so
 */
KC_CHECKED enum kc_error kc_mesh_request_verify(
    const struct kc_mesh_request *request, const struct kc_public_key *signer, const char *service);

/*
 * Verifies a request to bind an account, and reads whose it is: the profile in it is signed by its
 * own key, and that key signed the request.
 *
 * service_udf  the profile is for this service, if it says so
 *
 * KC_ERR_SIGNATURE    one of both is not so, or it is for another service's name
 * KC_ERR_REFUSED      the profile is for another service, or of another address
 * KC_ERR_BAD_REQUEST  there is no profile in it, or it is none
 */
KC_CHECKED enum kc_error kc_mesh_request_verify_bind(const struct kc_mesh_request *request,
    const char *service, const char *service_udf, struct kc_mesh_account *account);

/* Whether the profile in a request to bind has a key for escrow: without one, what it encrypts is lost
 * with its devices. */
bool kc_mesh_request_has_escrow(const struct kc_mesh_request *request);

/* Whether the time in its ID is near the clock's. */
bool kc_mesh_request_is_timely(const struct kc_mesh_request *request, uint64_t now_ms);

/* --- what a Transact holds --- */

enum kc_mesh_store { KC_MESH_ACCESS = 1, KC_MESH_DEVICE = 2 };

#define KC_MESH_ACCESS_2020 "Capability" /* what "Access" was called */

/* A store's name without what its spellings differ in, but for case: of "mmm_CatalogTask", "MMM_Task" and
 * "Task" the last. Whoever keeps stores and whoever judges what is in them means the same by a name. */
const char *kc_mesh_store_name(const char *said);

/* A frame of a catalog. All of it stands in the payload, and so under the request's signature: the
 * frame's own header too. */
struct kc_mesh_update {
    bool deletes;
    char id[KC_MESH_ID_SIZE]; /* of the entry, as the frame's header says; or empty */
    bool is_empty;            /* of the frame that begins a catalog */
    bool is_ours;             /* kc_mesh_update_known */
    struct kc_span frame;     /* the envelope; lent by the request */
};

/*
 * Finds the next frame of a store in a verified Transact.
 *
 * position  0 at first; moves on
 *
 * KC_ERR_REFUSED      there is no further one
 * KC_ERR_BAD_REQUEST  it has not the form, or deletes nothing that has a name
 * KC_ERR_TOO_LARGE    more than KC_MESH_UPDATES_MAX; KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_mesh_request_next(const struct kc_mesh_request *request,
    enum kc_mesh_store store, size_t *position, struct kc_mesh_update *update);

/* Which frames of the access catalog count, in their order: of those about one capability the last. Ours
 * are those that delete, and entries with a capability that a service has part in; others are for who
 * decides whom to let in. */
struct kc_mesh_frames {
    size_t count;
    bool counts[KC_MESH_UPDATES_MAX], is_ours[KC_MESH_UPDATES_MAX];
    char ids[KC_MESH_UPDATES_MAX][KC_MESH_ID_SIZE]; /* of the capability; empty: of none */
    bool deletes[KC_MESH_UPDATES_MAX];
};

/*
 * Looks over what a verified Transact asks for in the access catalog and that of devices, before any of
 * it is done: what is refused is refused whole.
 *
 * KC_ERR_REFUSED      a capability that it deletes comes again after that: it cannot come back
 * KC_ERR_BAD_REQUEST  a frame has not the form, or a device to be deleted is named by a fingerprint of
 *                     less than the usual precision
 * KC_ERR_SIGNATURE    the administrator did not sign an entry
 * KC_ERR_TOO_LARGE    more than KC_MESH_UPDATES_MAX; KC_ERR_NO_MEMORY
 */
KC_CHECKED enum kc_error kc_mesh_request_look(const struct kc_mesh_request *request,
    const struct kc_public_key *administrator, struct kc_mesh_frames *frames);

/* What the look over the same request found out about the frame at that place of the access catalog: its
 * id is that of the capability, if it is ours. */
void kc_mesh_update_known(
    const struct kc_mesh_frames *frames, size_t at, struct kc_mesh_update *update);

#endif
