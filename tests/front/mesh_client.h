/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Mesh service of a test's own, whole: custodian, front end, TLS; and those who use it over HTTPS:
 * accounts with their administrators and devices. What fails here fails the test.
 */
#ifndef KC_TESTS_FRONT_MESH_CLIENT_H
#define KC_TESTS_FRONT_MESH_CLIENT_H

#include "proto/socket/client.h"
#include "tests/front/mesh_front.h"
#include "tests/front/web.h"
#include "tests/mesh/admin_case.h"
#include "tests/support/custodian.h"

/* How far the clock of those who ask is ahead, as the service's may be. */
extern int64_t mesh_clock_ahead_s;

struct mesh_service {
    struct kc_custodian custodian;
    struct kc_client *owner; /* of the custodian's socket */
    struct mesh_front front;
    char tls_key[KC_UDF_ID_SIZE];
    char udf[KC_UDF_ID_SIZE];         /* of the service */
    char *profile_service;            /* enveloped */
    struct kc_public_key host, vault; /* who signs responses; OperateResponse and receipts */
};

/* Starts all of it. The front end runs as a user whom the custodian's policy allows no more than it
 * needs. limits: of the front end; settings: more of the custodian's, or "". */
void mesh_service_start(struct mesh_service *service, const char *limits, const char *settings);
void mesh_service_done(struct mesh_service *service);

/* Stops the front end, in order or not, and starts it again on the same port. */
void mesh_service_restart_front(struct mesh_service *service, bool in_order);

/* The same with the custodian behind it, in two steps; what the front end does in between is 503. */
void mesh_service_stop_custodian(struct mesh_service *service);
void mesh_service_start_custodian(struct mesh_service *service);

/* --- who uses it --- */

/* An account as its administrator has it; made, not bound. Keys follow from the number. */
struct mesh_party {
    const struct mesh_service *service;
    struct web web;
    struct admin_case c; /* its keys; provider as it was assigned, once bound */
    struct kc_mesh_account_keys keys;
    bool is_group;
    struct admin_device device; /* once connected */
    struct kc_mesh_connected connected;
    bool has_device;
};

void mesh_party_new(struct mesh_party *party, const struct mesh_service *service,
    const char *address, uint8_t number, bool is_group);
void mesh_party_free(struct mesh_party *party);

/* Makes the device's connection, with rights as they are written; nothing is sent. */
void mesh_party_connect(struct mesh_party *party, const char *rights);

/* --- requests --- */

/* A request that was written, before it is signed. */
struct mesh_request {
    struct kc_object_writer w;
    uint8_t room[160 * 1024];
};

/* Opens a request of a type, with its ID and Service. */
void mesh_request_begin(
    const struct mesh_party *party, struct mesh_request *request, enum kc_object_type type);

/* Who signs it. */
enum mesh_signer { MESH_PROFILE, MESH_ADMINISTRATOR, MESH_DEVICE };

/* Closes it; the enveloped text is given: free. */
char *mesh_request_seal(
    const struct mesh_party *party, struct mesh_request *request, enum mesh_signer signer);

/* What came of it: the payload, verified under the key that has to sign such a response. */
struct mesh_reply {
    int status;
    struct web_answer answer;
    struct kc_signed_object opened; /* if is_signed */
    bool is_signed;
};

/* Posts a text, and reads the answer to it. */
void mesh_post(struct mesh_party *party, const char *text, struct mesh_reply *reply);
void mesh_reply_done(struct mesh_reply *reply);

/* The same for who needs just the status; the text is freed. */
int mesh_send(struct mesh_party *party, char *text);

/* --- whole transactions: each returns the status --- */

/* Binds, and reads what the account is assigned. type: BindRequest, or an older name's. */
int mesh_bind(struct mesh_party *party, enum kc_object_type type);
char *mesh_bind_text(struct mesh_party *party, enum kc_object_type type);

/* One update of a store: frames, as enveloped texts. index: of the next frame, as it is expected; -1:
 * not said. The text is given: free. */
char *mesh_transact_text(const struct mesh_party *party, enum kc_object_type type,
    const char *container, int64_t index, const char *const *frames, size_t frame_count,
    enum mesh_signer signer);
int mesh_transact(struct mesh_party *party, const char *container, const char *frame);

/* The request that gives the service one more share of the account's encryption key, for the device;
 * given: free. */
char *mesh_capability_text(const struct mesh_party *party);

/* The entry that takes a capability out of the access catalog; given: free. */
char *mesh_deletion(const struct mesh_party *party, const struct kc_mesh_split_kept *split);

/* The frame that takes the device out of the catalog of devices. */
#define MESH_FRAME_SIZE 512
void mesh_device_deletion(const struct mesh_party *party, char frame[static MESH_FRAME_SIZE]);

/* How many frames a store has, by Status of the device; 0: none, or not told. */
int64_t mesh_frames(struct mesh_party *party, const char *container);

/* What the account and the device agree on with a point, through Operate at an account; 0 and
 * *agreed: it was done; else the Error's status: 201 for a refused operation. */
#define MESH_DONE 0
int mesh_decrypt(struct mesh_party *party, const char *address, const struct admin_share *share,
    const struct kc_point *peer, uint8_t *agreed);
char *mesh_decrypt_text(struct mesh_party *party, const char *address,
    const struct admin_share *share, const struct kc_point *peer);

/* Just the request for a contribution to a signature, with a commitment of whoever asks. */
char *mesh_sign_text(
    struct mesh_party *party, const uint8_t digest[64], const struct kc_point *commitment);

/* The entry for the service's share of the connected device's first key, for splitting and not for
 * decrypting; and the request to have it, or a key that is made, split with a part for the device.
 * operation: Share or Generate. Given: free. */
char *mesh_splitter(const struct mesh_party *party);
char *mesh_deal_text(struct mesh_party *party, enum kc_object_type operation, const char *key);

/* A signature of both over a digest. */
int mesh_sign(struct mesh_party *party, const uint8_t digest[64], uint8_t *signature);

#endif
