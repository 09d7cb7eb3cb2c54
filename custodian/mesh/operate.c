/* SPDX-License-Identifier: Apache-2.0 */
#include "custodian/mesh/operate_parts.h"

#include "base/secret.h"
#include "base/text.h"
#include "custodian/mesh/verify.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A request on its way. */
struct flow {
    const struct kc_operate_state *state;
    uint64_t now_ms;
    struct kc_span body;

    uint8_t digest[KC_DARE_DIGEST_SIZE]; /* of the payload */
    bool has_digest;
    uint8_t *payload; /* owned */
    size_t payload_size;
    struct kc_json_document document; /* of the payload */
    struct kc_request request;
    uint8_t id[KC_REPLAY_ID_SIZE];
    bool has_id;
    struct kc_operate_requester requester;

    struct kc_operate_result *results; /* owned, one for each operation */
    size_t operation_count, result_count;
    bool took_id;
    bool waits; /* for what must be durable first */
};

/* --- what stands there, before anybody is believed --- */

/* Whether a body that is well formed is not what the envelope says that it was. */
static bool was_altered(struct kc_json body, struct kc_json said)
{
    uint8_t digest[KC_DARE_DIGEST_SIZE];
    size_t digest_size = sizeof digest, size = kc_json_octets_max(body) + 1;
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    uint8_t *octets = malloc(size);
    bool altered = false;
    if (envelope != NULL && octets != NULL && kc_json_is_there(said) &&
        kc_json_octets(body, octets, &size) == KC_OK) {
        envelope->body = octets;
        envelope->body_size = size;
        altered =
            kc_dare_envelope_digest(envelope) == KC_OK &&
            (kc_json_octets(said, digest, &digest_size) != KC_OK || digest_size != sizeof digest ||
                memcmp(digest, envelope->digest, sizeof digest) != 0);
    }
    free(octets);
    free(envelope);
    return altered;
}

/* What no envelope can be read from: one whose body was altered on its way, or a request that
 * should have been in one, has no signature that holds; all else has not the form. */
static enum kc_operate_code unreadable(struct kc_span body)
{
    struct kc_json_document document = {0};
    if (kc_json_read(body, KC_OPERATE_BODY_MAX, &document) != KC_OK)
        return KC_OPERATE_BAD_REQUEST;
    struct kc_json root = kc_json_root(&document), enveloped = kc_json_member(root, "DareEnvelope");
    if (kc_json_is_there(enveloped))
        root = enveloped;
    bool is_bare = kc_json_is_there(kc_json_member(root, "OperateRequest")) ||
                   kc_json_is_there(kc_json_member(root, "Operate"));
    bool is_altered =
        kc_json_kind(root) == KC_JSON_ARRAY && kc_json_count(root) == 3 &&
        was_altered(kc_json_item(root, 1), kc_json_member(kc_json_item(root, 2), "PayloadDigest"));
    kc_json_done(&document);
    return is_bare || is_altered ? KC_OPERATE_NOT_AUTHENTICATED : KC_OPERATE_BAD_REQUEST;
}

/* Takes the payload out of the envelope. */
static enum kc_operate_code payload_take(struct flow *flow, struct kc_dare_envelope *envelope)
{
    enum kc_error error = kc_dare_envelope_read(flow->body, envelope);
    if (error != KC_OK)
        return error == KC_ERR_NO_MEMORY ? KC_OPERATE_BUSY : unreadable(flow->body);
    bool is_plain = envelope->salt_size == 0;
    if (is_plain) {
        memcpy(flow->digest, envelope->digest, sizeof flow->digest);
        flow->has_digest = true;
        flow->payload = envelope->body;
        flow->payload_size = envelope->body_size;
        envelope->body = NULL;
    }
    kc_dare_envelope_done(envelope);
    return is_plain && flow->payload != NULL ? KC_OPERATE_ACCEPTED : KC_OPERATE_BAD_REQUEST;
}

static enum kc_operate_code payload_parse(struct flow *flow)
{
    struct kc_span payload = {flow->payload, flow->payload_size};
    enum kc_error error =
        kc_request_parse(payload, payload.size, &flow->document, &flow->request, NULL);
    if (error == KC_ERR_NO_MEMORY)
        return KC_OPERATE_BUSY;
    return error == KC_OK && flow->request.transaction == KC_TRANSACTION_Operate
               ? KC_OPERATE_ACCEPTED
               : KC_OPERATE_BAD_REQUEST;
}

static enum kc_operate_code body_read(struct flow *flow)
{
    if (flow->body.size > KC_OPERATE_BODY_MAX)
        return KC_OPERATE_BAD_REQUEST;
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    if (envelope == NULL)
        return KC_OPERATE_BUSY;
    enum kc_operate_code code = payload_take(flow, envelope);
    free(envelope);
    return code != KC_OPERATE_ACCEPTED ? code : payload_parse(flow);
}

/* --- form --- */

static bool is_there(const struct flow *flow, const char *field)
{
    return kc_json_kind(kc_object_member(&flow->request.object, field)) == KC_JSON_STRING;
}

/* What must be there to know whom to ask about the requester; and the ID, which every answer repeats. */
static enum kc_operate_code address_check(struct flow *flow)
{
    size_t size = sizeof flow->id;
    flow->has_id =
        kc_json_octets(kc_object_member(&flow->request.object, "ID"), flow->id, &size) == KC_OK &&
        size == sizeof flow->id;
    return is_there(flow, "Service") && is_there(flow, "AccountAddress") ? KC_OPERATE_ACCEPTED
                                                                         : KC_OPERATE_BAD_REQUEST;
}

static enum kc_operate_code form_check(struct flow *flow)
{
    const struct kc_object *request = &flow->request.object;
    return flow->has_id && kc_operate_has_form(flow->state, kc_object_member(request, "Operations"))
               ? KC_OPERATE_ACCEPTED
               : KC_OPERATE_BAD_REQUEST;
}

/* --- who asks --- */

/* The account whose keys the request is verified under: a wrong one only makes that fail. */
static const struct kc_mesh_account *account_find(const struct flow *flow)
{
    char said[KC_MESH_ADDRESS_SIZE], address[KC_MESH_ADDRESS_SIZE];
    struct kc_json value = kc_object_member(&flow->request.object, "AccountAddress");
    return kc_json_text(value, said, sizeof said) == KC_OK && kc_mesh_address(said, address)
               ? flow->state->account(flow->state->context, address)
               : NULL;
}

static bool is_for_us(const struct flow *flow)
{
    char service[KC_MESH_ADDRESS_SIZE];
    struct kc_json value = kc_object_member(&flow->request.object, "Service");
    return kc_json_text(value, service, sizeof service) == KC_OK &&
           strcasecmp(service, flow->state->service) == 0;
}

static bool revoked(const struct flow *flow, const char *udf)
{
    const struct kc_operate_state *state = flow->state;
    return state->is_revoked(state->context, flow->requester.home->udf, udf);
}

/* A member's device may have been revoked elsewhere since: so its connection is recent, and not from
 * before the profile that was pinned. */
static bool is_fresh_enough(const struct flow *flow, const struct kc_object *connection)
{
    int64_t updated, now = (int64_t)(flow->now_ms / 1000);
    bool is_member = flow->requester.home != flow->requester.account;
    uint64_t age_max =
        is_member ? flow->state->member_connection_age_max : flow->state->connection_age_max;
    if (age_max == 0 && !is_member)
        return true;
    if (kc_json_time(kc_object_member(connection, "Updated"), &updated) != KC_OK ||
        updated > now + KC_REPLAY_SKEW_MS / 1000 ||
        (is_member && updated < flow->requester.home->updated))
        return false;
    return age_max == 0 || updated >= now || (uint64_t)(now - updated) <= age_max;
}

/* A key that a connection may lack. */
static bool connected_key(
    const struct kc_object *connection, const char *name, struct kc_public_key *key)
{
    return !kc_json_is_there(kc_object_member(connection, name)) ||
           kc_object_key(connection, name, key) == KC_OK;
}

static bool is_account_of(const struct kc_object *connection, const struct kc_mesh_account *home)
{
    char said[KC_MESH_ADDRESS_SIZE], address[KC_MESH_ADDRESS_SIZE];
    struct kc_json account = kc_object_member(connection, "Account");
    return !kc_json_is_there(account) ||
           (kc_json_text(account, said, sizeof said) == KC_OK && kc_mesh_address(said, address) &&
               strcmp(address, home->address) == 0);
}

/* The device's fingerprint, canonical; it may be longer than the one that it is revoked under. */
static bool subject_read(const struct kc_object *connection, char name[KC_UDF_ID_SIZE])
{
    char subject[KC_UDF_DIGEST_TEXT_SIZE];
    struct kc_udf udf;
    return kc_json_text(kc_object_member(connection, "Subject"), subject, sizeof subject) ==
               KC_OK &&
           kc_udf_parse_canonical(
               (struct kc_span){(const uint8_t *)subject, strlen(subject)}, &udf) == KC_OK &&
           kc_mesh_device_name(subject, name);
}

/* What the administrator says about the device, if it still stands. */
static bool connection_holds(struct flow *flow, const struct kc_object *connection)
{
    char subject[KC_UDF_ID_SIZE];
    struct kc_operate_requester *requester = &flow->requester;
    return is_account_of(connection, requester->home) &&
           connected_key(connection, "Authentication", &requester->authentication) &&
           connected_key(connection, "Encryption", &requester->encryption) &&
           subject_read(connection, subject) && is_fresh_enough(flow, connection) &&
           !revoked(flow, subject) && !revoked(flow, requester->signature.udf) &&
           !revoked(flow, requester->authentication.udf);
}

/* Whether the administrator signed the request beside the device: for what is an export. */
static bool has_administrator(
    const struct kc_dare_envelope *envelope, const struct kc_mesh_account *account)
{
    const struct kc_dare_signature *signature;
    return envelope->signature_count > 1 &&
           kc_dare_envelope_verify(envelope, &account->administrator, kc_mesh_verify, &signature) ==
               KC_OK;
}

/* Verifies along the chain from one account's administrator. */
static enum kc_operate_code chain_verify(
    struct flow *flow, const struct kc_mesh_account *account, const struct kc_mesh_account *home)
{
    struct kc_accredited_request verified;
    struct kc_proven *proven = flow->state->proven;
    struct kc_known_keys *known_keys = flow->state->known_keys;
    struct kc_accreditation accreditation = {.account_udf = home->udf,
        .administrator = &home->administrator,
        .connections = {proven != NULL ? kc_proven_verify : NULL, proven},
        .devices = {known_keys != NULL ? kc_known_keys_verify : NULL, known_keys}};
    enum kc_error error = kc_accredited_request_verify(
        flow->body, KC_OPERATE_BODY_MAX, &accreditation, kc_mesh_verify, &verified);
    if (error != KC_OK)
        return error == KC_ERR_NO_MEMORY ? KC_OPERATE_BUSY : KC_OPERATE_NOT_AUTHENTICATED;
    flow->requester = (struct kc_operate_requester){.account = account,
        .home = home,
        .signature = verified.device,
        .is_administrator = has_administrator(verified.request.envelope, account),
        .digest = {flow->digest, sizeof flow->digest},
        .now = flow->now_ms / 1000};
    bool holds = connection_holds(flow, &verified.connection.object);
    kc_accredited_request_done(&verified);
    return holds ? KC_OPERATE_ACCEPTED : KC_OPERATE_NOT_AUTHENTICATED;
}

/* The member that the first key is for: as the account, it only chooses what must verify. */
static const struct kc_mesh_account *member_find(const struct flow *flow)
{
    struct kc_object first =
        kc_object_item(kc_object_member(&flow->request.object, "Operations"), 0);
    const struct kc_mesh_capability *capability = kc_operate_capability(flow->state, &first);
    return capability != NULL && capability->has_member ? &capability->member : NULL;
}

static enum kc_operate_code requester_verify(struct flow *flow)
{
    const struct kc_mesh_account *account = account_find(flow);
    if (account == NULL || !is_for_us(flow))
        return KC_OPERATE_NOT_AUTHENTICATED;
    enum kc_operate_code code = chain_verify(flow, account, account);
    const struct kc_mesh_account *member = member_find(flow);
    return code == KC_OPERATE_NOT_AUTHENTICATED && member != NULL
               ? chain_verify(flow, account, member)
               : code;
}

/* --- whether it was asked before --- */

static enum kc_operate_code time_check(const struct flow *flow)
{
    return kc_replay_is_timely(flow->state->replay, flow->now_ms, kc_replay_time(flow->id))
               ? KC_OPERATE_ACCEPTED
               : KC_OPERATE_STALE;
}

/* Whether all that must be durable is: every operation that the requester may have is asked for, so
 * that one commit brings what they all need. */
static bool is_prepared(const struct flow *flow)
{
    const struct kc_operate_state *state = flow->state;
    struct kc_json operations = kc_object_member(&flow->request.object, "Operations");
    bool ready =
        state->is_ready == NULL || state->is_ready(state->context, kc_replay_time(flow->id));
    for (size_t i = 0; state->is_reserved != NULL && i < kc_json_count(operations); i++) {
        struct kc_object operation = kc_object_item(operations, i);
        const struct kc_mesh_capability *capability =
            kc_operate_granted(state, &flow->requester, &operation);
        if (capability != NULL && !state->is_reserved(state->context, capability))
            ready = false;
    }
    return ready;
}

static enum kc_operate_code replay_check(struct flow *flow)
{
    enum kc_error error = kc_replay_take(flow->state->replay, flow->id);
    flow->took_id = error == KC_OK;
    return error == KC_OK             ? KC_OPERATE_ACCEPTED
           : error == KC_ERR_CONFLICT ? KC_OPERATE_REPLAYED
                                      : KC_OPERATE_BUSY;
}

/* --- execution --- */

static enum kc_operate_code execute(struct flow *flow)
{
    struct kc_json operations = kc_object_member(&flow->request.object, "Operations");
    enum kc_operate_code first = KC_OPERATE_ACCEPTED;
    size_t count = kc_json_count(operations);
    flow->operation_count = count;
    flow->results = calloc(count, sizeof *flow->results);
    if (flow->results == NULL)
        return KC_OPERATE_BUSY;
    for (; flow->result_count < count; flow->result_count++) {
        struct kc_object operation = kc_object_item(operations, flow->result_count);
        struct kc_operate_result *result = &flow->results[flow->result_count];
        kc_operate_perform(flow->state, &flow->requester, &operation, result);
        if (result->code == KC_OPERATE_BUSY || result->code == KC_OPERATE_QUOTA)
            return result->code;
        if (first == KC_OPERATE_ACCEPTED)
            first = result->code;
    }
    return first;
}

/* Each step is reached only if those before it let the request pass. */
static enum kc_operate_code judge(struct flow *flow)
{
    enum kc_operate_code code = body_read(flow);
    if (code == KC_OPERATE_ACCEPTED)
        code = address_check(flow);
    if (code == KC_OPERATE_ACCEPTED)
        code = requester_verify(flow);
    if (code == KC_OPERATE_ACCEPTED)
        code = form_check(flow);
    if (code == KC_OPERATE_ACCEPTED)
        code = time_check(flow);
    flow->waits = code == KC_OPERATE_ACCEPTED && !is_prepared(flow);
    if (flow->waits)
        return KC_OPERATE_BUSY;
    if (code == KC_OPERATE_ACCEPTED)
        code = replay_check(flow);
    return code == KC_OPERATE_ACCEPTED ? execute(flow) : code;
}

static void flow_done(struct flow *flow)
{
    kc_json_done(&flow->document);
    kc_room_free(flow->payload);
    for (size_t i = 0; flow->results != NULL && i < flow->operation_count; i++)
        kc_operate_result_done(&flow->results[i]);
    free(flow->results);
}

enum kc_error kc_operate(const struct kc_operate_state *state, uint64_t now_ms, struct kc_span body,
    struct kc_operate_answer *answer)
{
    struct flow flow = {.state = state, .now_ms = now_ms, .body = body};
    struct kc_operate_reply reply = {.code = judge(&flow)};
    bool executed = reply.code == KC_OPERATE_ACCEPTED ||
                    (reply.code >= KC_OPERATE_REFUSED && reply.code < KC_OPERATE_BUSY);
    if (flow.has_id)
        reply.id = (struct kc_span){flow.id, sizeof flow.id};
    if (flow.has_digest)
        reply.digest = (struct kc_span){flow.digest, sizeof flow.digest};
    reply.results = flow.results;
    reply.result_count = executed ? flow.result_count : 0;
    enum kc_error error =
        flow.waits ? KC_ERR_UNAVAILABLE : kc_operate_reply_write(state, now_ms, &reply, answer);
    if (error == KC_OK) {
        answer->took_id = flow.took_id;
        memcpy(answer->id, flow.id, sizeof answer->id);
    }
    flow_done(&flow);
    return error;
}

void kc_operate_withdraw(struct kc_replay *replay, struct kc_operate_answer *answer)
{
    if (answer->took_id)
        kc_replay_give_back(replay, answer->id);
    kc_operate_answer_done(answer);
}
