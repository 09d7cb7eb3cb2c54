/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/operate_parts.h"

#include <stdlib.h>
#include <string.h>

#define RESPONSE_ROOM ((size_t)1024 + (size_t)512 * KC_OPERATE_OPERATIONS_MAX)

static const struct {
    const char *name;
    int status;
    const char *description; /* of the response; what tells causes apart stands in the audit log */
    const char *error;       /* of a result */
} codes[] = {
    [KC_OPERATE_ACCEPTED] = {"accepted", 201, "Operation completed successfully", NULL},
    [KC_OPERATE_BAD_REQUEST] = {"bad-request", 400, "The request does not have the required form",
        NULL},
    [KC_OPERATE_NOT_AUTHENTICATED] = {"not-authenticated", 401,
        "The signature or its accreditation does not verify", NULL},
    [KC_OPERATE_STALE] = {"stale", 401,
        "The request is too old or from the future; check the clock", NULL},
    [KC_OPERATE_REPLAYED] = {"replayed", 401, "This request was already handled", NULL},
    [KC_OPERATE_REFUSED] = {"refused", 201, NULL, "not allowed, or no such key"},
    [KC_OPERATE_BAD_POINT] = {"bad-point", 201, NULL, "invalid key"},
    [KC_OPERATE_BAD_SCALAR] = {"bad-scalar", 201, NULL, "invalid coefficient"},
    [KC_OPERATE_BUSY] = {"busy", 503, "Too many operations are pending", NULL},
    [KC_OPERATE_QUOTA] = {"quota", 429, "The limit for this key is reached", NULL},
};

const char *kc_operate_code_name(enum kc_operate_code code)
{
    return codes[code].name;
}

void kc_operate_answer_done(struct kc_operate_answer *answer)
{
    free(answer->text);
    *answer = (struct kc_operate_answer){0};
}

static void agreement_write(struct kc_object_writer *w, const struct kc_operate_result *result)
{
    const struct kc_curve_info *curve = kc_curve_info(result->curve);
    kc_object_write_tagged(w, NULL, KC_OBJECT_CryptographicResultKeyAgreement);
    kc_object_write_tagged(w, "KeyAgreement", KC_OBJECT_KeyAgreementECDH);
    kc_object_write_text(w, "Curve", curve->name);
    kc_object_write_octets(w, "Result", (struct kc_span){result->point, curve->point_size});
    kc_object_write_end(w);
    kc_object_write_end(w);
}

static void signature_write(struct kc_object_writer *w, const struct kc_operate_result *result)
{
    size_t size = kc_curve_info(result->curve)->point_size;
    kc_object_write_tagged(w, NULL, KC_OBJECT_CryptographicResultSign);
    kc_object_write_octets(w, "R", (struct kc_span){result->point, size});
    kc_object_write_octets(w, "S", (struct kc_span){result->s, size});
    kc_object_write_end(w);
}

static void result_write(struct kc_object_writer *w, const struct kc_operate_result *result)
{
    if (result->code == KC_OPERATE_ACCEPTED && result->class == KC_MESH_DECRYPT) {
        agreement_write(w, result);
    } else if (result->code == KC_OPERATE_ACCEPTED) {
        signature_write(w, result);
    } else { /* bare: of which kind it would have been tells nothing */
        kc_object_write_tagged(w, NULL, KC_OBJECT_CryptographicResult);
        kc_object_write_text(w, "Error", codes[result->code].error);
        kc_object_write_end(w);
    }
}

static enum kc_error payload_write(
    struct kc_object_writer *w, const struct kc_operate_reply *reply, int status)
{
    bool executed = status == codes[KC_OPERATE_ACCEPTED].status;
    enum kc_operate_code described = executed ? KC_OPERATE_ACCEPTED : reply->code;
    kc_object_write_tagged(w, NULL, KC_OBJECT_OperateResponse);
    kc_object_write_integer(w, "Status", status);
    kc_object_write_text(w, "StatusDescription", codes[described].description);
    if (reply->id.size > 0)
        kc_object_write_octets(w, "ID", reply->id);
    if (reply->digest.size > 0)
        kc_object_write_octets(w, "RequestDigest", reply->digest);
    if (executed) {
        kc_object_write_list(w, "Results");
        for (size_t i = 0; i < reply->result_count; i++)
            result_write(w, &reply->results[i]);
        kc_object_write_end(w);
    }
    kc_object_write_end(w);
    return kc_object_writer_finish(w);
}

enum kc_error kc_operate_reply_write(const struct kc_operate_state *state, uint64_t now_ms,
    const struct kc_operate_reply *reply, struct kc_operate_answer *answer)
{
    struct kc_object_writer w;
    struct kc_operate_answer made = {.code = reply->code, .status = codes[reply->code].status};
    uint8_t *room = malloc(RESPONSE_ROOM);
    if (room == NULL)
        return KC_ERR_NO_MEMORY;
    for (size_t i = 0; i < reply->result_count; i++)
        made.results[made.result_count++] = reply->results[i].code;
    kc_object_writer_init(&w, room, RESPONSE_ROOM);
    enum kc_error error = payload_write(&w, reply, made.status);
    if (error == KC_OK) {
        struct kc_mesh_source source = *state->source;
        const struct kc_mesh_letter letter = {.payload = {room, w.json.out.size},
            .type = "OperateResponse",
            .signer = state->response_key};
        source.now = now_ms / 1000;
        error = kc_mesh_envelope_make(&source, &letter, &made.text, &made.size);
    }
    free(room);
    if (error == KC_OK)
        *answer = made;
    return error;
}
