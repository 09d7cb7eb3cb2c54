/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/operate_parts.h"

#include "base/ct.h"
#include "base/wipe.h"
#include "threshold/agreement.h"
#include "threshold/eddsa.h"

#include <stdlib.h>
#include <string.h>

#define DATA_MAX KC_OPERATE_BODY_MAX /* octets that are signed */

/* --- form --- */

const struct kc_mesh_capability *kc_operate_capability(
    const struct kc_operate_state *state, const struct kc_object *operation)
{
    char id[KC_MESH_ID_SIZE];
    return kc_json_text(kc_object_member(operation, "KeyId"), id, sizeof id) == KC_OK
               ? state->capability(state->context, id)
               : NULL;
}

static bool has(const struct kc_object *operation, const char *field)
{
    enum kc_json_kind kind = kc_json_kind(kc_object_member(operation, field));
    return kind != KC_JSON_ABSENT && kind != KC_JSON_NULL;
}

static bool operation_has_form(const struct kc_object *operation)
{
    enum kc_object_type type = operation->type;
    if (type == KC_OBJECT_CryptographicOperationKeyAgreement)
        return has(operation, "PublicKey");
    if (type == KC_OBJECT_CryptographicOperationSign)
        return has(operation, "Data") && has(operation, "PartialR");
    return type == KC_OBJECT_CryptographicOperationShare ||
           type == KC_OBJECT_CryptographicOperationGenerate;
}

/* Whether two operations sign with one share, by whichever names they call it. */
static bool sign_alike(
    const struct kc_operate_state *state, const struct kc_object *a, const struct kc_object *b)
{
    char a_id[KC_MESH_ID_SIZE], b_id[KC_MESH_ID_SIZE];
    if (a->type != KC_OBJECT_CryptographicOperationSign || b->type != a->type)
        return false;
    if (kc_json_text(kc_object_member(a, "KeyId"), a_id, sizeof a_id) == KC_OK &&
        kc_json_text(kc_object_member(b, "KeyId"), b_id, sizeof b_id) == KC_OK &&
        strcmp(a_id, b_id) == 0)
        return true;
    const struct kc_mesh_capability *first = kc_operate_capability(state, a);
    const struct kc_mesh_capability *second = kc_operate_capability(state, b);
    return first != NULL && second != NULL &&
           memcmp(first->own, second->own, sizeof first->own) == 0;
}

bool kc_operate_has_form(const struct kc_operate_state *state, struct kc_json operations)
{
    size_t count = kc_json_count(operations);
    if (count < 1 || count > KC_OPERATE_OPERATIONS_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct kc_object operation = kc_object_item(operations, i);
        if (!operation_has_form(&operation))
            return false;
        for (size_t j = 0; j < i; j++) {
            struct kc_object other = kc_object_item(operations, j);
            if (sign_alike(state, &operation, &other))
                return false;
        }
    }
    return true;
}

/* --- authorisation --- */

static bool names(const char *udf, const struct kc_public_key *key)
{
    return key->size > 0 &&
           kc_udf_names_key(udf, key->algorithm, (struct kc_span){key->octets, key->size});
}

/* Whether an account may bring requesters for a capability: its own, or the member's. */
static bool is_home(
    const struct kc_mesh_capability *capability, const struct kc_operate_requester *requester)
{
    return requester->home == requester->account ||
           (capability->has_member && strcmp(capability->member.udf, requester->home->udf) == 0);
}

static bool is_granted(
    const struct kc_mesh_capability *capability, const struct kc_operate_requester *requester)
{
    if (strcmp(capability->account_udf, requester->account->udf) != 0 ||
        !is_home(capability, requester))
        return false;
    if (capability->grantee_account[0] != '\0' &&
        strcmp(capability->grantee_account, requester->home->address) != 0)
        return false;
    return names(capability->grantee, &requester->authentication) ||
           names(capability->grantee, &requester->signature) ||
           names(capability->grantee, &requester->home->profile);
}

static bool is_of_class(enum kc_object_type operation, enum kc_mesh_class class)
{
    return class == KC_MESH_DECRYPT ? operation == KC_OBJECT_CryptographicOperationKeyAgreement
           : class == KC_MESH_SIGN  ? operation == KC_OBJECT_CryptographicOperationSign
                                    : operation == KC_OBJECT_CryptographicOperationShare ||
                                         operation == KC_OBJECT_CryptographicOperationGenerate;
}

/* --- values --- */

/* What the share is multiplied by: Lagrange's coefficient of the declared set, and 1 for a share
 * that is added as it is. Nothing else is taken, so it is known before it is asked for. */
static enum kc_operate_code coefficient_check(
    const struct kc_mesh_capability *capability, const struct kc_object *operation)
{
    uint8_t octets[KC_SCALAR_SIZE_MAX];
    size_t size = sizeof octets;
    struct kc_scalar said, due = capability->coefficient;
    struct kc_json value = kc_object_member(operation, "KeyCoefficient");
    enum kc_curve curve = capability->share.curve;
    if (capability->class == KC_MESH_GENERATE)
        return has(operation, "KeyCoefficient") ? KC_OPERATE_BAD_SCALAR : KC_OPERATE_ACCEPTED;
    if (has(operation, "KeyOffset") && !capability->allows_offset)
        return KC_OPERATE_BAD_SCALAR;
    if (!has(operation, "KeyCoefficient"))
        return capability->has_coefficient ? KC_OPERATE_BAD_SCALAR : KC_OPERATE_ACCEPTED;
    if (!capability->has_coefficient)
        kc_scalar_set(&due, curve, 1);
    if (kc_json_octets(value, octets, &size) != KC_OK ||
        kc_scalar_decode(&said, curve, octets, size) != KC_OK || kc_scalar_equal(&said, &due) == 0)
        return KC_OPERATE_BAD_SCALAR;
    return KC_OPERATE_ACCEPTED;
}

/* 0 <= c < L; NULL: none. */
static enum kc_operate_code offset_read(const struct kc_object *operation, enum kc_curve curve,
    struct kc_scalar *offset, const struct kc_scalar **given)
{
    uint8_t octets[KC_SCALAR_SIZE_MAX];
    size_t size = sizeof octets;
    *given = NULL;
    if (!has(operation, "KeyOffset"))
        return KC_OPERATE_ACCEPTED;
    if (kc_json_octets(kc_object_member(operation, "KeyOffset"), octets, &size) != KC_OK ||
        kc_scalar_decode(offset, curve, octets, size) != KC_OK)
        return KC_OPERATE_BAD_SCALAR;
    *given = offset;
    return KC_OPERATE_ACCEPTED;
}

/* A point in a request: whole, with its sign. */
static bool point_read(struct kc_json value, enum kc_curve curve, struct kc_point *point)
{
    uint8_t octets[KC_POINT_SIZE_MAX];
    size_t size = sizeof octets;
    return kc_json_octets(value, octets, &size) == KC_OK &&
           kc_point_decode(point, curve, octets, size) == KC_OK;
}

static const struct kc_scalar *coefficient_of(const struct kc_mesh_capability *capability)
{
    return capability->has_coefficient ? &capability->coefficient : NULL;
}

/* --- key agreement --- */

/* That the contribution is of the share on record, for a requester that wants to know who is wrong. */
static enum kc_operate_code proof_make(const struct kc_operate_state *state,
    const struct kc_mesh_capability *capability, const struct kc_proof_statement *stated,
    struct kc_operate_result *result)
{
    struct kc_fresh fresh;
    struct kc_proof proof;
    struct kc_writer w;
    struct kc_point own;
    enum kc_curve curve = capability->share.curve;
    struct kc_proof_statement statement = *stated;
    statement.holder = &own;
    enum kc_error error =
        kc_point_decode(&own, curve, capability->own, kc_curve_info(curve)->point_size);
    if (error == KC_OK)
        error = kc_mesh_fresh(state->source, &fresh);
    if (error == KC_OK)
        error = kc_proof_make(&proof, &statement, &capability->share, &fresh);
    kc_wipe(&fresh, sizeof fresh);
    if (error != KC_OK)
        return KC_OPERATE_BUSY;
    kc_writer_init(&w, result->proof, sizeof result->proof);
    kc_proof_write(&w, &proof);
    result->proof_size = w.size;
    return KC_OPERATE_ACCEPTED;
}

static bool wants_proof(const struct kc_object *operation)
{
    bool wanted = false;
    struct kc_json value = kc_object_member(operation, "WithProof");
    return kc_json_boolean(value, &wanted) == KC_OK && wanted;
}

static enum kc_operate_code contribution_make(const struct kc_operate_state *state,
    const struct kc_operate_requester *requester, const struct kc_mesh_capability *capability,
    const struct kc_scalar *offset, const struct kc_point *peer, bool proved,
    struct kc_operate_result *result)
{
    KC_AUTO_POINT contribution;
    if (kc_agreement_contribute(
            &contribution, &capability->share, coefficient_of(capability), offset, peer) != KC_OK)
        return KC_OPERATE_BAD_SCALAR;
    kc_point_encode(&contribution, result->point);
    struct kc_proof_statement statement = {.use = KC_PROOF_AGREEMENT,
        .coefficient = coefficient_of(capability),
        .offset = offset,
        .peer = peer,
        .contribution = &contribution,
        .key_id = {(const uint8_t *)capability->id, strlen(capability->id)},
        .request_digest = requester->digest};
    return proved ? proof_make(state, capability, &statement, result) : KC_OPERATE_ACCEPTED;
}

static enum kc_operate_code agree(const struct kc_operate_state *state,
    const struct kc_operate_requester *requester, const struct kc_mesh_capability *capability,
    const struct kc_object *operation, struct kc_operate_result *result)
{
    struct kc_point peer;
    struct kc_scalar offset;
    const struct kc_scalar *given;
    enum kc_curve curve = capability->share.curve;
    struct kc_object key = kc_object_inner(operation, "PublicKey");
    enum kc_operate_code code = offset_read(operation, curve, &offset, &given);
    if (code != KC_OPERATE_ACCEPTED)
        return code;
    if (key.type != KC_OBJECT_PublicKeyECDH ||
        !kc_json_is_text(kc_object_member(&key, "crv"), kc_curve_info(curve)->name) ||
        !point_read(kc_object_member(&key, "Public"), curve, &peer))
        return KC_OPERATE_BAD_POINT;
    return contribution_make(
        state, requester, capability, given, &peer, wants_proof(operation), result);
}

/* --- signature --- */

/* The scheme is the share's: a request may name it, and must if its curve has two. */
static bool scheme_read(const struct kc_object *operation, enum kc_curve curve,
    struct kc_signed_message *message, uint8_t context[KC_CONTEXT_SIZE_MAX])
{
    size_t size = KC_CONTEXT_SIZE_MAX;
    message->has_context = has(operation, "Context");
    if (has(operation, "PreHash") &&
        kc_json_boolean(kc_object_member(operation, "PreHash"), &message->prehash) != KC_OK)
        return false;
    if (message->has_context &&
        kc_json_octets(kc_object_member(operation, "Context"), context, &size) != KC_OK)
        return false;
    message->context =
        message->has_context ? (struct kc_span){context, size} : (struct kc_span){NULL, 0};
    bool named = has(operation, "Algorithm");
    if (named &&
        !kc_json_is_text(kc_object_member(operation, "Algorithm"), kc_curve_info(curve)->name))
        return false;
    return curve != KC_CURVE_ED25519 || (named && message->has_context);
}

static enum kc_operate_code contribute(const struct kc_operate_state *state,
    const struct kc_mesh_capability *capability, const struct kc_point *first,
    const struct kc_signed_message *message, struct kc_operate_result *result)
{
    struct kc_fresh fresh;
    struct kc_signature_contribution part;
    struct kc_point sum;
    uint8_t signature[KC_SIGNATURE_SIZE_MAX];
    struct kc_signer signer = {
        &capability->share, coefficient_of(capability), capability->own, capability->group};
    size_t size = kc_curve_info(capability->share.curve)->point_size;
    if (kc_mesh_fresh(state->source, &fresh) != KC_OK)
        return KC_OPERATE_BUSY;
    enum kc_error error = kc_signature_contribute(&part, &signer, first, message, &fresh);
    kc_wipe(&fresh, sizeof fresh);
    if (error == KC_OK) {
        struct kc_point both[] = {*first, part.commitment};
        error = kc_point_sum(&sum, both, 2);
    }
    if (error != KC_OK)
        return error == KC_ERR_POINT_SMALL_ORDER ? KC_OPERATE_BAD_POINT : KC_OPERATE_REFUSED;
    kc_point_encode(&sum, result->point);
    kc_eddsa_encode(signature, result->point, &part.response);
    memcpy(result->s, signature + size, size);
    return KC_OPERATE_ACCEPTED;
}

static enum kc_operate_code sign(const struct kc_operate_state *state,
    const struct kc_mesh_capability *capability, const struct kc_object *operation,
    struct kc_operate_result *result)
{
    uint8_t context[KC_CONTEXT_SIZE_MAX];
    struct kc_signed_message message = {0};
    struct kc_point first;
    enum kc_curve curve = capability->share.curve;
    struct kc_json data = kc_object_member(operation, "Data");
    if (!scheme_read(operation, curve, &message, context))
        return KC_OPERATE_REFUSED;
    if (!point_read(kc_object_member(operation, "PartialR"), curve, &first))
        return KC_OPERATE_BAD_POINT;
    size_t size = kc_json_octets_max(data) + 1;
    uint8_t *octets = size <= DATA_MAX ? malloc(size) : NULL;
    if (octets == NULL)
        return KC_OPERATE_REFUSED;
    enum kc_operate_code code = KC_OPERATE_REFUSED;
    if (kc_json_octets(data, octets, &size) == KC_OK) {
        message.message = (struct kc_span){octets, size};
        code = contribute(state, capability, &first, &message, result);
    }
    free(octets);
    return code;
}

const struct kc_mesh_capability *kc_operate_granted(const struct kc_operate_state *state,
    const struct kc_operate_requester *requester, const struct kc_object *operation)
{
    const struct kc_mesh_capability *capability = kc_operate_capability(state, operation);
    bool granted = capability != NULL && is_granted(capability, requester) &&
                   is_of_class(operation->type, capability->class);
    return granted ? capability : NULL;
}

void kc_operate_perform(const struct kc_operate_state *state,
    const struct kc_operate_requester *requester, const struct kc_object *operation,
    struct kc_operate_result *result)
{
    const struct kc_mesh_capability *capability = kc_operate_granted(state, requester, operation);
    *result = (struct kc_operate_result){.code = KC_OPERATE_REFUSED};
    if (capability == NULL)
        return;
    if (!state->charge(state->context, capability)) {
        result->code = KC_OPERATE_QUOTA;
        return;
    }
    result->class = capability->class;
    result->curve = capability->share.curve;
    result->code = coefficient_check(capability, operation);
    if (result->code != KC_OPERATE_ACCEPTED)
        return;
    if (capability->class == KC_MESH_DECRYPT)
        result->code = agree(state, requester, capability, operation, result);
    else if (capability->class == KC_MESH_SIGN)
        result->code = sign(state, capability, operation, result);
    else
        result->code = kc_operate_deal(state, requester, capability, operation, &result->dealt);
}

void kc_operate_result_done(struct kc_operate_result *result)
{
    kc_operate_dealt_free(result->dealt);
    *result = (struct kc_operate_result){0};
}
