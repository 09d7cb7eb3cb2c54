/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures: by a whole key, and by the two parties of a split one. */
#include "custodian/mesh/verify.h"
#include "custodian/vault/access.h"
#include "custodian/vault/ask.h"
#include "custodian/vault/core.h"
#include "custodian/vault/key.h"
#include "custodian/vault/mesh_envelope.h"
#include "custodian/vault/operations.h"
#include "custodian/vault/resident.h"
#include "proto/hkdf.h"
#include "threshold/signature.h"

#include <string.h>

/* Whether a request has fields of schemes that are none of EdDSA's. */
static bool has_other_fields(const struct kc_values *values)
{
    return kc_values_has(values, KC_FIELD_HASH) || kc_values_has(values, KC_FIELD_MGF_HASH) ||
           kc_values_has(values, KC_FIELD_HASHED) || kc_values_has(values, KC_FIELD_SALT_SIZE);
}

static enum kc_error wrong_scheme(struct kc_call *call, enum kc_error error)
{
    kc_call_set_text(call, KC_FIELD_DETAIL, kc_fields[KC_FIELD_SCHEME].name);
    return error;
}

/* plain: no context, or an empty one; ctx: a context, perhaps empty; ph: prehashed, a context if there is one. */
static enum kc_error read_scheme(struct kc_call *call, struct kc_signed_message *message)
{
    const struct kc_values *values = &call->in.message.values;
    bool has_context = kc_call_has(call, KC_FIELD_CONTEXT);
    *message = (struct kc_signed_message){.context = kc_call_field(call, KC_FIELD_CONTEXT)};
    if (kc_values_text_is(values, KC_FIELD_SCHEME, "ctx"))
        message->has_context = true;
    else if (kc_values_text_is(values, KC_FIELD_SCHEME, "ph"))
        message->prehash = true, message->has_context = has_context;
    else if (message->context.size > 0 || has_other_fields(values) ||
             (kc_call_has(call, KC_FIELD_SCHEME) &&
                 !kc_values_text_is(values, KC_FIELD_SCHEME, "plain")))
        return wrong_scheme(call, KC_ERR_BAD_ARGUMENT);
    return KC_OK;
}

/* What is to be signed; it lends from data. */
static enum kc_error read_message(
    struct kc_call *call, struct kc_data *data, struct kc_signed_message *message)
{
    enum kc_error error = read_scheme(call, message);
    if (error == KC_OK)
        error = kc_call_data(call, KC_FIELD_MESSAGE, data);
    if (error == KC_OK)
        message->message = data->span;
    return error;
}

/* The payload of an envelope, whose digest is signed. */
static enum kc_error read_letter(struct kc_call *call, const struct kc_record *share,
    uint8_t digest[static KC_DARE_DIGEST_SIZE], struct kc_signed_message *message)
{
    KC_AUTO_DATA payload = {0};
    if (kc_call_has(call, KC_FIELD_CONTEXT))
        return wrong_scheme(call, KC_ERR_BAD_ARGUMENT);
    enum kc_error error = kc_call_data(call, KC_FIELD_MESSAGE, &payload);
    if (error == KC_OK)
        error = kc_call_check_letter(call, share, payload.span);
    if (error == KC_OK)
        error = kc_hash_digest(KC_HASH_SHA512, payload.span, digest);
    if (error == KC_OK)
        *message = kc_mesh_signed_message((enum kc_curve)share->algorithm, digest);
    return error;
}

/* A share signs what the whole key signed: one of the Mesh payloads of envelopes that are its own, and
 * nothing that it does not see. The message lends from data or digest. */
static enum kc_error read_share_message(struct kc_call *call, const struct kc_record *share,
    struct kc_data *data, uint8_t digest[static KC_DARE_DIGEST_SIZE],
    struct kc_signed_message *message)
{
    if (kc_values_text_is(&call->in.message.values, KC_FIELD_SCHEME, "envelope"))
        return read_letter(call, share, digest, message);
    return share->class == KC_ROLE_APPLICATION ? read_message(call, data, message)
                                               : wrong_scheme(call, KC_ERR_REFUSED);
}

/* Secret; the caller wipes it. */
static enum kc_error make_fresh(struct kc_call *call, struct kc_fresh *fresh)
{
    fresh->counter = kc_entropy_count(call->vault->entropy);
    return kc_entropy_fill(call->vault->entropy, fresh->random, sizeof fresh->random);
}

static struct kc_signer signer_of(const struct kc_material *material, const struct kc_record *key)
{
    return (struct kc_signer){
        .share = &material->key.scalar, .own = key->public_key, .group = key->group_public};
}

static void answer_signature(
    struct kc_call *call, const struct kc_record *key, const uint8_t *signature)
{
    kc_call_set_octets(call, KC_FIELD_SIGNATURE, signature,
        kc_curve_info((enum kc_curve)key->algorithm)->signature_size);
}

static void answer_point(struct kc_call *call, enum kc_field field, const struct kc_point *point)
{
    uint8_t encoded[KC_POINT_SIZE_MAX];
    kc_point_encode(point, encoded);
    kc_call_set_octets(call, field, encoded, kc_curve_info(point->curve)->point_size);
}

/* --- verify --- */

static enum kc_error verify_on_curve(struct kc_call *call, const struct kc_algorithm_info *info)
{
    struct kc_point public;
    struct kc_signed_message message;
    KC_AUTO_DATA data = {0};
    struct kc_span octets = kc_call_field(call, KC_FIELD_PUBLIC);
    struct kc_span signature = kc_call_field(call, KC_FIELD_SIGNATURE);
    enum kc_error error =
        kc_point_decode(&public, (enum kc_curve)info->algorithm, octets.bytes, octets.size);
    if (error == KC_OK)
        error = read_message(call, &data, &message);
    if (error == KC_OK)
        error = kc_signature_verify(&public, &message, signature.bytes, signature.size);
    return error;
}

/* No key of the custodian's is involved, and no secret. */
enum kc_error kc_vault_verify(struct kc_call *call)
{
    struct kc_span name = kc_call_field(call, KC_FIELD_ALGORITHM);
    const struct kc_algorithm_info *info =
        kc_algorithm_by_name((const char *)name.bytes, name.size);
    enum kc_error error = kc_call_allowed(call);
    if (error != KC_OK)
        return error;
    if (!info || info->signature_size == 0)
        return KC_ERR_BAD_ALGORITHM;
    return info->family == KC_FAMILY_CURVE ? verify_on_curve(call, info)
                                           : kc_call_verify_by_libcrypto(call, info);
}

/* --- the second party --- */

static enum kc_error contribute(struct kc_call *call, const struct kc_record *key,
    const struct kc_signed_message *message, struct kc_signature_contribution *contribution)
{
    struct kc_point first;
    struct kc_fresh fresh = {0}; /* secret */
    KC_AUTO_MATERIAL material = {0};
    struct kc_span span = kc_call_field(call, KC_FIELD_COMMITMENT);
    struct kc_signer signer = signer_of(&material, key);
    enum kc_error error =
        kc_point_decode(&first, (enum kc_curve)key->algorithm, span.bytes, span.size);
    if (error == KC_OK)
        error = kc_call_material(call, key, &material);
    if (error == KC_OK)
        error = make_fresh(call, &fresh);
    if (error == KC_OK)
        error = kc_signature_contribute(contribution, &signer, &first, message, &fresh);
    kc_wipe(&fresh, sizeof fresh);
    return error;
}

enum kc_error kc_vault_signature_contribute(struct kc_call *call)
{
    struct kc_record *key;
    struct kc_signed_message message;
    struct kc_signature_contribution contribution;
    KC_AUTO_DATA data = {0};
    enum kc_error error = kc_call_key(call, &key);
    if (error == KC_OK)
        error = read_message(call, &data, &message);
    if (error == KC_OK)
        error = contribute(call, key, &message, &contribution);
    if (error != KC_OK)
        return error;
    uint8_t response[KC_SCALAR_SIZE_MAX];
    kc_scalar_encode(&contribution.response, response);
    answer_point(call, KC_FIELD_COMMITMENT, &contribution.commitment);
    kc_call_set_octets(call, KC_FIELD_SIGNATURE_SHARE, response,
        kc_curve_info((enum kc_curve)key->algorithm)->scalar_size);
    return KC_OK;
}

/* --- the first party --- */

static enum kc_error open_commitment(struct kc_call *call, const struct kc_signer *signer,
    struct kc_session *session, struct kc_point *point)
{
    struct kc_fresh fresh = {0}; /* secret */
    enum kc_error error =
        kc_entropy_fill(call->vault->entropy, session->handle, sizeof session->handle);
    if (error == KC_OK)
        error = make_fresh(call, &fresh);
    if (error == KC_OK)
        error = kc_signature_open(&session->commitment, point, signer, &session->message, &fresh);
    kc_wipe(&fresh, sizeof fresh);
    return error;
}

/* From here on the turn is the session's. */
static enum kc_error keep_session(
    struct kc_call *call, const struct kc_record *key, struct kc_session *session)
{
    session->connection = call->in.connection;
    session->deadline_ms = kc_call_now_ms(call) + call->vault->config->limits.session_deadline_ms;
    memcpy(session->share, key->id, sizeof session->share);
    kc_call_set_octets(call, KC_FIELD_SESSION, session->handle, sizeof session->handle);
    enum kc_error error = kc_sessions_open(call->vault->sessions, session);
    if (error == KC_OK)
        call->has_turn = false;
    return error;
}

/* A session with an open commitment. Given, on KC_OK. */
static enum kc_error open_session(struct kc_call *call, const struct kc_record *key,
    const struct kc_signed_message *message, struct kc_session **session, struct kc_point *point)
{
    KC_AUTO_MATERIAL material = {0};
    struct kc_signer signer = signer_of(&material, key);
    enum kc_error error = kc_call_material(call, key, &material);
    if (error == KC_OK)
        error = kc_session_new(message, session);
    if (error != KC_OK)
        return error;
    error = open_commitment(call, &signer, *session, point);
    if (error != KC_OK)
        kc_session_free(*session);
    return error;
}

static enum kc_error commit_in_turn(
    struct kc_call *call, const struct kc_record *key, const struct kc_signed_message *message)
{
    struct kc_session *session;
    struct kc_point point;
    enum kc_error error = open_session(call, key, message, &session, &point);
    if (error != KC_OK)
        return error;
    error = keep_session(call, key, session);
    if (error == KC_OK)
        answer_point(call, KC_FIELD_COMMITMENT, &point);
    else
        kc_session_free(session);
    return error;
}

/* There is one open commitment of a share, everywhere: who wants one waits for the share's turn. */
static void wish_turn(struct kc_call *call, const struct kc_record *key)
{
    memcpy(call->turn, key->id, sizeof call->turn);
    call->wait_until_ms = kc_call_now_ms(call) + call->vault->config->limits.session_wait_ms;
    call->wish = KC_WISH_TURN;
}

enum kc_error kc_vault_signature_commit(struct kc_call *call)
{
    struct kc_record *key;
    struct kc_signed_message message;
    uint8_t digest[KC_DARE_DIGEST_SIZE];
    KC_AUTO_DATA data = {0};
    enum kc_error error = kc_call_key(call, &key);
    if (error == KC_OK)
        error = read_share_message(call, key, &data, digest, &message);
    if (error != KC_OK)
        return error;
    if (call->has_turn)
        return commit_in_turn(call, key, &message);
    wish_turn(call, key);
    return KC_OK;
}

/* Takes the session that the request names, and with it the turn: both end with this call, whatever
 * comes of it. */
static enum kc_error take_session(struct kc_call *call, struct kc_session **session)
{
    kc_call_text(call, KC_FIELD_KEY, call->turn, sizeof call->turn);
    *session = kc_sessions_take(call->vault->sessions, kc_call_field(call, KC_FIELD_SESSION),
        call->in.connection, call->turn);
    call->has_turn = *session != NULL;
    return *session ? KC_OK : KC_ERR_SESSION;
}

/* The session ends too when the key cannot be used any more, but not while that is not known yet. */
static enum kc_error take_key_and_session(
    struct kc_call *call, struct kc_record **key, struct kc_session **session)
{
    enum kc_error error = kc_call_key(call, key);
    if (error != KC_OK && call->wish != KC_WISH_ANSWER)
        return error;
    enum kc_error taken = take_session(call, session);
    if (error != KC_OK && taken == KC_OK)
        kc_session_free(*session);
    return error != KC_OK ? error : taken;
}

/* The other party's, in the request or in its own answer. */
static enum kc_error read_contribution(const struct kc_record *key, const struct kc_values *values,
    struct kc_signature_contribution *contribution)
{
    enum kc_curve curve = (enum kc_curve)key->algorithm;
    struct kc_span point = values->value[KC_FIELD_COMMITMENT].span;
    struct kc_span response = values->value[KC_FIELD_SIGNATURE_SHARE].span;
    enum kc_error error =
        kc_point_decode(&contribution->commitment, curve, point.bytes, point.size);
    if (error == KC_OK)
        error = kc_scalar_decode(&contribution->response, curve, response.bytes, response.size);
    return error;
}

static enum kc_error finish(struct kc_call *call, const struct kc_record *key,
    struct kc_session *session, const struct kc_values *values, uint8_t *signature)
{
    KC_AUTO_MATERIAL material = {0};
    struct kc_signature_contribution contribution;
    enum kc_error error = read_contribution(key, values, &contribution);
    if (error == KC_OK)
        error = kc_call_material(call, key, &material);
    if (error != KC_OK)
        return error;
    struct kc_signer signer = signer_of(&material, key);
    return kc_signature_finish(signature, &session->commitment, &signer, &material.group,
        &session->message, &contribution, &material.peer);
}

enum kc_error kc_vault_signature_finish(struct kc_call *call)
{
    struct kc_record *key;
    struct kc_session *session;
    uint8_t signature[KC_SIGNATURE_SIZE_MAX];
    enum kc_error error = take_key_and_session(call, &key, &session);
    if (error != KC_OK)
        return error;
    error = finish(call, key, session, &call->in.message.values, signature);
    if (error == KC_OK)
        answer_signature(call, key, signature);
    kc_session_free(session);
    return error;
}

enum kc_error kc_vault_signature_abort(struct kc_call *call)
{
    struct kc_record *key;
    struct kc_session *session;
    enum kc_error error = take_key_and_session(call, &key, &session);
    if (error == KC_OK)
        kc_session_free(session);
    return error;
}

/* --- whole signatures --- */

static enum kc_error sign_alone(struct kc_call *call, const struct kc_record *key,
    const struct kc_signed_message *message, uint8_t *signature)
{
    KC_AUTO_MATERIAL material = {0};
    struct kc_fresh fresh = {0}; /* secret; for a sum of keys, which has no prefix */
    enum kc_error error = kc_call_material(call, key, &material);
    if (error == KC_OK)
        error = make_fresh(call, &fresh);
    if (error == KC_OK)
        error = kc_signature_sign(signature, &material.key, message, &fresh);
    kc_wipe(&fresh, sizeof fresh);
    return error;
}

/* Says in a question what is to be signed. */
typedef void say(struct kc_call *call, const struct kc_signed_message *message);

/* The commitment is the call's: it ends with it, whatever comes of the question. */
static enum kc_error ask_for_contribution(struct kc_call *call, const struct kc_record *key,
    const struct kc_signed_message *message, say *say_message)
{
    struct kc_values *values;
    struct kc_point point;
    enum kc_error error =
        kc_call_begin_question(call, key, KC_OPERATION_SIGNATURE_CONTRIBUTE, &values);
    if (error == KC_OK)
        error = open_session(call, key, message, &call->session, &point);
    if (error != KC_OK)
        return error;
    say_message(call, message);
    uint8_t *encoded = kc_call_keep(call, KC_POINT_SIZE_MAX);
    kc_point_encode(&point, encoded);
    kc_values_set_span(
        values, KC_FIELD_COMMITMENT, encoded, kc_curve_info(point.curve)->point_size);
    call->wish = KC_WISH_ASK;
    return KC_ERR_UNAVAILABLE;
}

/* By both parties of a split key: the turn, the commitment, the peer's contribution, the signature,
 * each in a run of the handler. */
static enum kc_error sign_with_peer(struct kc_call *call, const struct kc_record *key,
    const struct kc_signed_message *message, say *say_message, uint8_t *signature)
{
    const struct kc_values *answer;
    if (!call->has_turn) {
        wish_turn(call, key);
        return KC_OK;
    }
    enum kc_error error = kc_call_peer_answer(call, &answer);
    if (error != KC_OK)
        return error;
    return answer ? finish(call, key, call->session, answer, signature)
                  : ask_for_contribution(call, key, message, say_message);
}

static enum kc_error sign(struct kc_call *call, const struct kc_record *key,
    const struct kc_signed_message *message, say *say_message, uint8_t *signature)
{
    return key->role == KC_ROLE_SHARE ? sign_with_peer(call, key, message, say_message, signature)
                                      : sign_alone(call, key, message, signature);
}

/* --- envelopes --- */

static void say_digest(struct kc_call *call, const struct kc_signed_message *message)
{
    struct kc_values *values = &call->question->request.values;
    uint8_t *kept = kc_call_keep(call, message->message.size);
    memcpy(kept, message->message.bytes, message->message.size);
    kc_values_set_span(values, KC_FIELD_MESSAGE, kept, message->message.size);
    if (message->has_context)
        kc_values_set_text(values, KC_FIELD_SCHEME, "ctx");
}

enum kc_error kc_call_sign_digest(struct kc_call *call, const struct kc_record *key,
    const uint8_t digest[static KC_DARE_DIGEST_SIZE],
    uint8_t signature[static KC_SIGNATURE_SIZE_MAX])
{
    struct kc_signed_message message =
        kc_mesh_signed_message((enum kc_curve)key->algorithm, digest);
    return sign(call, key, &message, say_digest, signature);
}

/* --- key-sign --- */

/* Passes on a field as it came. */
static void forward(struct kc_call *call, enum kc_field field)
{
    struct kc_values *values = &call->question->request.values;
    if (!kc_call_has(call, field))
        return;
    values->value[field] = call->in.message.values.value[field];
    kc_field_set_add(&values->present, field);
}

static void forward_message(struct kc_call *call, const struct kc_signed_message *message)
{
    (void)message; /* it is the request's */
    forward(call, KC_FIELD_MESSAGE);
    forward(call, KC_FIELD_SCHEME);
    forward(call, KC_FIELD_CONTEXT);
    call->question->descriptors = call->descriptors;
}

static enum kc_error sign_on_curve(struct kc_call *call, const struct kc_record *key)
{
    struct kc_signed_message message;
    uint8_t signature[KC_SIGNATURE_SIZE_MAX];
    KC_AUTO_DATA data = {0};
    enum kc_error error = read_message(call, &data, &message);
    if (error == KC_OK)
        error = sign(call, key, &message, forward_message, signature);
    if (error == KC_OK && call->wish == KC_WISH_ANSWER)
        answer_signature(call, key, signature);
    return error;
}

enum kc_error kc_vault_key_sign(struct kc_call *call)
{
    struct kc_record *key;
    enum kc_error error = kc_call_key(call, &key);
    if (error != KC_OK)
        return error;
    if (kc_resident_is(key))
        return kc_resident_sign(call, key);
    return kc_algorithm_info(key->algorithm)->family == KC_FAMILY_CURVE
               ? sign_on_curve(call, key)
               : kc_call_sign_by_libcrypto(call, key);
}
