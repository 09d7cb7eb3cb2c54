/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service's part of Operate: from the octets of a request to the octets of its answer.
 *
 * Whoever brings the octets is not trusted. The request is believed because a device signed it,
 * which the account's administrator connected; everything that it is checked against is the
 * caller's own authenticated state. Nothing here waits, stores or logs.
 *
 * What a requester learns: any defect of who it is has one answer, and so has any reason for which
 * a key is not used for it. The audit log has the difference (enum kc_operate_code).
 */
#ifndef KC_CUSTODIAN_MESH_OPERATE_H
#define KC_CUSTODIAN_MESH_OPERATE_H

#include "custodian/mesh/capability.h"
#include "custodian/mesh/envelope_make.h"
#include "custodian/mesh/known_keys.h"
#include "custodian/mesh/proven.h"
#include "custodian/mesh/replay.h"
#include "threshold/signature.h"

#define KC_OPERATE_BODY_MAX ((size_t)128 << 10) /* octets of a request */
#define KC_OPERATE_OPERATIONS_MAX 64            /* in a request; it has one at least */
#define KC_OPERATE_MEMBER_AGE 86400             /* seconds */
#define KC_OPERATE_SHARES_MAX 16                /* of a key that is split by Share or Generate */
#define KC_OPERATE_SHARE_LIFE 86400             /* seconds in which such a share is accepted */

enum kc_operate_code {
    KC_OPERATE_ACCEPTED,
    KC_OPERATE_BAD_REQUEST,       /* 400: nothing was executed */
    KC_OPERATE_NOT_AUTHENTICATED, /* 401 */
    KC_OPERATE_STALE,             /* 401 */
    KC_OPERATE_REPLAYED,          /* 401 */
    KC_OPERATE_REFUSED,           /* 201, and below: of an operation */
    KC_OPERATE_BAD_POINT,
    KC_OPERATE_BAD_SCALAR,
    KC_OPERATE_BUSY,  /* 503 */
    KC_OPERATE_QUOTA, /* 429: the limit of one of the keys is reached; nothing is answered */
};

/* As in the audit log: "bad-request". */
const char *kc_operate_code_name(enum kc_operate_code code);

/* What a request is answered by. All is borrowed for the call, and believed. */
struct kc_operate_state {
    void *context;
    const char *service;                /* DNS name */
    uint64_t connection_age_max;        /* seconds since a ConnectionDevice was made; 0: any, as
                                          the account says here which devices it revoked */
    uint64_t member_connection_age_max; /* the same of a member's device, whose account says that
                                           elsewhere: KC_OPERATE_MEMBER_AGE unless configured */
    struct kc_replay *replay;           /* over all accounts */
    struct kc_proven *proven;          /* of administrators' signatures; NULL: none is remembered */
    struct kc_known_keys *known_keys;  /* of devices; NULL: none is remembered */
    const struct kc_key *response_key; /* CustodianSignature of the ConnectionHost; signs with Ed */

    /* By canonical address, by id; NULL: there is none, or it is not active. */
    const struct kc_mesh_account *(*account)(void *context, const char *address);
    const struct kc_mesh_capability *(*capability)(void *context, const char *id);

    /* Whether the administrator revoked a device, by a UDF of its profile or of one of its keys. */
    bool (*is_revoked)(void *context, const char *account_udf, const char *udf);

    /* What must be durable before it counts on it: that an ID of this time is not taken again after
     * a crash, and that an operation is charged. False: not yet, and nothing is done. Asked when the
     * requester is known, the second for each operation that it may have. NULL: all is ready. */
    bool (*is_ready)(void *context, uint64_t time_ms);
    bool (*is_reserved)(void *context, const struct kc_mesh_capability *capability);

    /* Charges one operation that the requester may have, before it is executed, whatever comes of
     * it. False: the limit is reached. */
    bool (*charge)(void *context, const struct kc_mesh_capability *capability);

    /* Whatever error: the request is answered as busy. Its time is not looked at. */
    const struct kc_mesh_source *source;

    /* What this service's own shares are encrypted to of those that Share and Generate make; NULL:
     * they are refused. Others are for the requester's own connection, and the member of the capability. */
    const struct kc_public_key *share_key;
};

struct kc_operate_answer {
    enum kc_operate_code code; /* of the request; if it was executed, of the first that failed */
    int status;                /* what the requester is told, also by HTTP */
    size_t result_count;       /* 0 unless the status is 201 */
    enum kc_operate_code results[KC_OPERATE_OPERATIONS_MAX];
    char *text; /* the response, enveloped and signed, terminated */
    size_t size;
    bool took_id; /* the request's, for kc_operate_withdraw */
    uint8_t id[KC_REPLAY_ID_SIZE];
};

/*
 * Answers a request.
 *
 * body    what came, as it came
 * answer  given: kc_operate_answer_done
 *
 * KC_ERR_UNAVAILABLE  is_ready or is_reserved said no: nothing was done, no ID taken
 * KC_ERR_NO_MEMORY, KC_ERR_INTERNAL, KC_ERR_TOO_LARGE  there is no answer, nothing may be sent; the
 *                                                      ID may have been taken
 */
KC_CHECKED enum kc_error kc_operate(const struct kc_operate_state *state, uint64_t now_ms,
    struct kc_span body, struct kc_operate_answer *answer);

/*
 * Drops an answer that was sent to nobody, because what it was judged by has changed since: the same
 * request may be judged again.
 *
 * replay  of the state that it was judged by
 * answer  freed; fine with a zeroed one
 */
void kc_operate_withdraw(struct kc_replay *replay, struct kc_operate_answer *answer);

/* Fine with a zeroed one. */
void kc_operate_answer_done(struct kc_operate_answer *answer);

#endif
