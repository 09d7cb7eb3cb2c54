/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of operate.h: a request on its way, an operation and its result, the response. */
#ifndef KC_CUSTODIAN_MESH_OPERATE_PARTS_H
#define KC_CUSTODIAN_MESH_OPERATE_PARTS_H

#include "custodian/mesh/operate.h"
#include "proto/signed_object.h"
#include "proto/transaction.h"
#include "threshold/proof.h"

/* Who asks, once verified: all that a grantee is compared with. */
struct kc_operate_requester {
    const struct kc_mesh_account *account; /* the one that is addressed */
    const struct kc_mesh_account *home;    /* the one that accredits the device: mostly the same */
    struct kc_public_key signature;        /* the key that signed the request */
    struct kc_public_key authentication, encryption; /* of its ConnectionDevice; or empty */
    bool is_administrator; /* the addressed account's AdministratorSignature is there as well */
    struct kc_span digest; /* of the request's payload */
    uint64_t now;          /* seconds since 1970 */
};

/* --- operate_perform.c --- */

/* The capability that an operation names; NULL: none that is there. */
const struct kc_mesh_capability *kc_operate_capability(
    const struct kc_operate_state *state, const struct kc_object *operation);

/* The capability of an operation, if the requester may have it; NULL: whatever the reason. */
const struct kc_mesh_capability *kc_operate_granted(const struct kc_operate_state *state,
    const struct kc_operate_requester *requester, const struct kc_object *operation);

/* Whether all operations have the form that they must have, and no share signs twice. */
bool kc_operate_has_form(const struct kc_operate_state *state, struct kc_json operations);

/* Shares that an operation made: the service's first. */
struct kc_operate_dealt {
    size_t count;
    char *envelopes[KC_OPERATE_SHARES_MAX]; /* owned texts */
    struct kc_public_key verification[KC_OPERATE_SHARES_MAX];
    struct kc_public_key whole; /* of a key that was made; algorithm empty: none was */
};

struct kc_operate_result {
    enum kc_operate_code code;
    enum kc_mesh_class class; /* which of the following it is, if it was accepted */
    enum kc_curve curve;
    uint8_t point[KC_POINT_SIZE_MAX]; /* the contribution to an agreement; R */
    uint8_t s[KC_POINT_SIZE_MAX];     /* S_s, as long as a point of the curve */
    uint8_t proof[KC_PROOF_SIZE_MAX]; /* of the contribution, if it was asked for */
    size_t proof_size;
    struct kc_operate_dealt *dealt; /* owned; of Share and Generate */
};

/* Fine with a zeroed one. */
void kc_operate_result_done(struct kc_operate_result *result);

/* Executes one operation, if the requester may have it. */
void kc_operate_perform(const struct kc_operate_state *state,
    const struct kc_operate_requester *requester, const struct kc_object *operation,
    struct kc_operate_result *result);

/* --- operate_deal.c --- */

/* Share: splits the capability's share. Generate: makes a key and splits it. What leaves is less than
 * what the key can be used with, unless the administrator signed the request as well and the policy
 * allows it. */
enum kc_operate_code kc_operate_deal(const struct kc_operate_state *state,
    const struct kc_operate_requester *requester, const struct kc_mesh_capability *capability,
    const struct kc_object *operation, struct kc_operate_dealt **dealt);

void kc_operate_dealt_free(struct kc_operate_dealt *dealt);

/* --- operate_answer.c --- */

/* What a response says besides its results. */
struct kc_operate_reply {
    enum kc_operate_code code;
    struct kc_span id;     /* of the request, if it could be read */
    struct kc_span digest; /* of its payload, if it had one */
    const struct kc_operate_result *results;
    size_t result_count;
};

/* Writes, envelopes and signs a response. Errors of kc_operate. */
KC_CHECKED enum kc_error kc_operate_reply_write(const struct kc_operate_state *state,
    uint64_t now_ms, const struct kc_operate_reply *reply, struct kc_operate_answer *answer);

#endif
