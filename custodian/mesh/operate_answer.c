/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/operate_parts.h"

#include <stdlib.h>
#include <string.h>

#define RESPONSE_ROOM ((size_t)1024)
#define RESULT_ROOM ((size_t)1024) /* without the envelopes in it */
#define SHARE_ROOM ((size_t)256)   /* a verification share */

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
    if (result->proof_size > 0)
        kc_object_write_octets(w, "Proof", (struct kc_span){result->proof, result->proof_size});
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

static void key_write(
    struct kc_object_writer *w, const char *field, const struct kc_public_key *key)
{
    kc_object_write_tagged(w, field, KC_OBJECT_PublicKeyECDH);
    kc_object_write_text(w, "crv", key->algorithm);
    kc_object_write_octets(w, "Public", (struct kc_span){key->octets, key->size});
    kc_object_write_end(w);
}

static void envelope_write(struct kc_object_writer *w, const char *field, const char *text)
{
    kc_object_write_source(w, field, (struct kc_span){(const uint8_t *)text, strlen(text)});
}

static void dealt_write(struct kc_object_writer *w, const struct kc_operate_dealt *dealt)
{
    bool made = dealt->whole.size > 0;
    kc_object_write_tagged(
        w, NULL, made ? KC_OBJECT_CryptographicResultGenerate : KC_OBJECT_CryptographicResultShare);
    if (made)
        key_write(w, "PublicKey", &dealt->whole);
    envelope_write(w, "EncryptedServiceShare", dealt->envelopes[0]);
    kc_object_write_list(w, "EncryptedShares");
    for (size_t i = 1; i < dealt->count; i++)
        envelope_write(w, NULL, dealt->envelopes[i]);
    kc_object_write_end(w);
    kc_object_write_list(w, "PublicShares");
    for (size_t i = 0; i < dealt->count; i++)
        key_write(w, NULL, &dealt->verification[i]);
    kc_object_write_end(w);
    kc_object_write_end(w);
}

static void result_write(struct kc_object_writer *w, const struct kc_operate_result *result)
{
    if (result->code == KC_OPERATE_ACCEPTED && result->class == KC_MESH_DECRYPT) {
        agreement_write(w, result);
    } else if (result->code == KC_OPERATE_ACCEPTED && result->class == KC_MESH_SIGN) {
        signature_write(w, result);
    } else if (result->code == KC_OPERATE_ACCEPTED) {
        dealt_write(w, result->dealt);
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

/* Octets at most of a response. */
static size_t room_of(const struct kc_operate_reply *reply)
{
    size_t room = RESPONSE_ROOM;
    for (size_t i = 0; i < reply->result_count; i++) {
        const struct kc_operate_dealt *dealt = reply->results[i].dealt;
        room += RESULT_ROOM;
        for (size_t j = 0; dealt != NULL && j < dealt->count; j++)
            room += strlen(dealt->envelopes[j]) + SHARE_ROOM;
    }
    return room;
}

enum kc_error kc_operate_reply_write(const struct kc_operate_state *state, uint64_t now_ms,
    const struct kc_operate_reply *reply, struct kc_operate_answer *answer)
{
    struct kc_object_writer w;
    struct kc_operate_answer made = {.code = reply->code, .status = codes[reply->code].status};
    size_t room_size = room_of(reply);
    uint8_t *room = malloc(room_size);
    if (room == NULL)
        return KC_ERR_NO_MEMORY;
    for (size_t i = 0; i < reply->result_count; i++)
        made.results[made.result_count++] = reply->results[i].code;
    kc_object_writer_init(&w, room, room_size);
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
