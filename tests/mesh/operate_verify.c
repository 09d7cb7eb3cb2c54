/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/mesh/operate_verify.h"

#include "custodian/mesh/verify.h"
#include "proto/signed_object.h"
#include "proto/transaction.h"
#include "threshold/eddsa.h"

#include <stdlib.h>
#include <string.h>

/* A request that was accepted, read again. */
struct request {
    struct kc_dare_envelope *envelope;
    struct kc_json_document document;
    struct kc_request request;
};

static bool request_open(struct kc_span text, struct request *request)
{
    *request = (struct request){.envelope = calloc(1, sizeof *request->envelope)};
    if (request->envelope == NULL || kc_dare_envelope_read(text, request->envelope) != KC_OK)
        return false;
    struct kc_span payload = {request->envelope->body, request->envelope->body_size};
    return kc_request_parse(payload, payload.size, &request->document, &request->request, NULL) ==
           KC_OK;
}

static void request_done(struct request *request)
{
    kc_json_done(&request->document);
    if (request->envelope != NULL)
        kc_dare_envelope_done(request->envelope);
    free(request->envelope);
}

static size_t octets_of(
    const struct kc_object *object, const char *name, uint8_t *octets, size_t room)
{
    return kc_json_octets(kc_object_member(object, name), octets, &room) == KC_OK ? room : 0;
}

static bool point_of(
    const struct kc_object *object, const char *name, enum kc_curve curve, struct kc_point *point)
{
    uint8_t octets[KC_POINT_SIZE_MAX];
    size_t size = octets_of(object, name, octets, sizeof octets);
    return kc_point_decode(point, curve, octets, size) == KC_OK;
}

/* l, or 1. */
static struct kc_scalar coefficient_of(const struct kc_mesh_capability *capability)
{
    struct kc_scalar one;
    kc_scalar_set(&one, capability->share.curve, 1);
    return capability->has_coefficient ? capability->coefficient : one;
}

static bool offset_add(struct kc_scalar *scalar, const struct kc_object *operation)
{
    uint8_t octets[KC_SCALAR_SIZE_MAX];
    struct kc_scalar offset;
    size_t size = octets_of(operation, "KeyOffset", octets, sizeof octets);
    if (size == 0)
        return true;
    if (kc_scalar_decode(&offset, scalar->curve, octets, size) != KC_OK)
        return false;
    kc_scalar_add(scalar, scalar, &offset);
    return true;
}

static bool agreement_holds(const struct kc_mesh_capability *capability,
    const struct kc_object *operation, const struct kc_object *result)
{
    struct kc_point peer, given, due;
    struct kc_scalar scalar = coefficient_of(capability);
    enum kc_curve curve = capability->share.curve;
    struct kc_object key = kc_object_inner(operation, "PublicKey");
    struct kc_object agreement = kc_object_inner(result, "KeyAgreement");
    kc_scalar_multiply(&scalar, &scalar, &capability->share);
    if (!offset_add(&scalar, operation))
        return false;
    return point_of(&key, "Public", curve, &peer) &&
           point_of(&agreement, "Result", curve, &given) &&
           kc_point_multiply(&due, &scalar, &peer) == KC_OK && kc_point_equal(&due, &given) != 0;
}

/* S_s*B = (R - PartialR) + k*l*A_s */
static bool signature_holds(const struct kc_mesh_capability *capability,
    const struct kc_object *operation, const struct kc_object *result)
{
    static uint8_t data[KC_OPERATE_BODY_MAX], context[KC_CONTEXT_SIZE_MAX];
    uint8_t s_octets[KC_POINT_SIZE_MAX] = {0}, r_octets[KC_POINT_SIZE_MAX];
    struct kc_point r, partial, own, other, parts[2];
    struct kc_scalar s, k, coefficient = coefficient_of(capability);
    enum kc_curve curve = capability->share.curve;
    const struct kc_curve_info *info = kc_curve_info(curve);
    struct kc_signed_message message = {
        .has_context = kc_json_is_there(kc_object_member(operation, "Context"))};
    message.message = (struct kc_span){data, octets_of(operation, "Data", data, sizeof data)};
    message.context =
        (struct kc_span){context, octets_of(operation, "Context", context, sizeof context)};
    if (kc_json_is_there(kc_object_member(operation, "PreHash")) &&
        kc_json_boolean(kc_object_member(operation, "PreHash"), &message.prehash) != KC_OK)
        return false;
    if (octets_of(result, "S", s_octets, sizeof s_octets) != info->point_size ||
        kc_scalar_decode(&s, curve, s_octets, info->scalar_size) != KC_OK ||
        !point_of(result, "R", curve, &r) || !point_of(operation, "PartialR", curve, &partial) ||
        kc_point_decode(&own, curve, capability->own, info->point_size) != KC_OK)
        return false;
    kc_point_encode(&r, r_octets);
    kc_point_negate(&partial, &partial);
    parts[0] = r;
    parts[1] = partial;
    if (kc_eddsa_challenge(&k, curve, r_octets, capability->group, &message) != KC_OK ||
        kc_point_sum(&other, parts, 2) != KC_OK)
        return false;
    kc_scalar_multiply(&k, &k, &coefficient);
    return kc_eddsa_holds(&s, &other, &k, &own);
}

static bool result_holds(const struct operate_service *service, const struct kc_object *operation,
    const struct kc_object *result)
{
    char id[KC_MESH_ID_SIZE];
    /* Shares that were made are for who opens them. */
    if (result->type == KC_OBJECT_CryptographicResult ||
        result->type == KC_OBJECT_CryptographicResultShare ||
        result->type == KC_OBJECT_CryptographicResultGenerate)
        return true;
    if (kc_json_text(kc_object_member(operation, "KeyId"), id, sizeof id) != KC_OK)
        return false;
    const struct kc_mesh_capability *capability = operate_service_capability(service, id);
    if (capability == NULL)
        return false;
    return result->type == KC_OBJECT_CryptographicResultSign
               ? signature_holds(capability, operation, result)
               : agreement_holds(capability, operation, result);
}

static const char *results_verify(const struct operate_service *service,
    const struct request *request, const struct kc_object *response)
{
    struct kc_json operations = kc_object_member(&request->request.object, "Operations");
    struct kc_json results = kc_object_member(response, "Results");
    if (kc_json_count(results) != kc_json_count(operations))
        return "not one result for each operation";
    for (size_t i = 0; i < kc_json_count(results); i++) {
        struct kc_object operation = kc_object_item(operations, i);
        struct kc_object result = kc_object_item(results, i);
        if (!result_holds(service, &operation, &result))
            return "a contribution is wrong";
    }
    return NULL;
}

/* Whether a response that was executed is for this request. */
static const char *binding_verify(const struct request *request, const struct kc_object *response)
{
    uint8_t digest[KC_DARE_DIGEST_SIZE], id[KC_REPLAY_ID_SIZE], echoed[KC_REPLAY_ID_SIZE];
    if (octets_of(response, "RequestDigest", digest, sizeof digest) != sizeof digest ||
        memcmp(digest, request->envelope->digest, sizeof digest) != 0)
        return "it is not bound to the request";
    return octets_of(&request->request.object, "ID", id, sizeof id) == sizeof id &&
                   octets_of(response, "ID", echoed, sizeof echoed) == sizeof echoed &&
                   memcmp(id, echoed, sizeof id) == 0
               ? NULL
               : "it has another ID";
}

static const char *executed_verify(
    const struct operate_service *service, struct kc_span text, const struct kc_object *response)
{
    struct request request;
    const char *wrong = "the request cannot be read";
    if (request_open(text, &request)) {
        wrong = binding_verify(&request, response);
        if (wrong == NULL)
            wrong = results_verify(service, &request, response);
    }
    request_done(&request);
    return wrong;
}

const char *operate_verify(const struct operate_service *service, struct kc_span request,
    const struct kc_operate_answer *answer, json_t **results)
{
    struct kc_signed_object response;
    int64_t status;
    const char *wrong = "its status is another";
    struct kc_span text = {(const uint8_t *)answer->text, answer->size};
    if (kc_signed_object_open(text, text.size, KC_OBJECT_OperateResponse, &service->response_public,
            kc_mesh_verify, &response) != KC_OK)
        return "the custodian's key did not sign it";
    struct kc_span source = kc_json_source(kc_object_member(&response.object, "Results"));
    *results = source.size > 0 ? json_loadb((const char *)source.bytes, source.size, 0, NULL)
                               : json_array();
    if (kc_json_integer(kc_object_member(&response.object, "Status"), &status) == KC_OK &&
        status == answer->status)
        wrong =
            answer->result_count > 0 ? executed_verify(service, request, &response.object) : NULL;
    kc_signed_object_done(&response);
    return wrong;
}

bool operate_request_time(struct kc_span request, uint64_t *time_ms)
{
    struct request read;
    uint8_t id[KC_REPLAY_ID_SIZE];
    bool is_said = request_open(request, &read) &&
                   octets_of(&read.request.object, "ID", id, sizeof id) == sizeof id;
    if (is_said)
        *time_ms = kc_replay_time(id);
    request_done(&read);
    return is_said;
}
