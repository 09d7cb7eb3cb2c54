/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/front/mesh_client.h"

#include "custodian/mesh/capability_make.h"
#include "custodian/mesh/replay.h"
#include "tests/support/cmocka.h"
#include "threshold/agreement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

/* --- parties --- */

int64_t mesh_clock_ahead_s;

static uint64_t now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (uint64_t)(time.tv_sec + mesh_clock_ahead_s) * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static void keys_make(struct mesh_party *party, uint8_t number)
{
    struct admin_case *c = &party->c;
    struct sample_key *signing[] = {
        &c->profile, &c->administrator, &c->signature, &c->device_profile, &c->device_signature};
    struct sample_key *agreeing[] = {&c->encryption, &c->authentication, &c->escrow, &c->store,
        &c->device_encryption, &c->device_authentication};
    for (size_t i = 0; i < sizeof signing / sizeof *signing; i++)
        *signing[i] = sample_key(KC_CURVE_ED448, (uint8_t)(number + i));
    for (size_t i = 0; i < sizeof agreeing / sizeof *agreeing; i++)
        *agreeing[i] = sample_key(KC_CURVE_X448, (uint8_t)(number + i));
    party->keys = (struct kc_mesh_account_keys){.profile = &c->profile.pair,
        .administrator = &c->administrator.pair,
        .encryption = &c->encryption.pair};
    if (!party->is_group) {
        party->keys.authentication = &c->authentication.pair;
        party->keys.signature = &c->signature.pair;
        party->keys.escrow = &c->escrow.pair;
    }
}

void mesh_party_new(struct mesh_party *party, const struct mesh_service *service,
    const char *address, uint8_t number, bool is_group)
{
    size_t size;
    memset(party, 0, sizeof *party);
    party->service = service;
    party->is_group = is_group;
    party->c.source = sample_source();
    party->c.source.now = (uint64_t)time(NULL);
    keys_make(party, number);
    struct admin_case *c = &party->c;
    GOOD(kc_mesh_profile_make(
        &c->source, is_group, &party->keys, address, service->udf, &c->account_text, &size));
    GOOD(kc_mesh_account_read(admin_span(c->account_text), service->udf, &c->account));
    c->device_text = admin_profile_device(&c->device_profile, &c->device_encryption.public,
        &c->device_signature.public, &c->device_authentication.public, &c->device_profile);
    GOOD(kc_mesh_device_read(admin_span(c->device_text), c->device_profile.public.udf, &c->device));
    web_open(&party->web, service->front.port, service->front.certificate);
}

void mesh_party_free(struct mesh_party *party)
{
    web_close(&party->web);
    if (party->has_device) {
        admin_device_done(&party->device);
        kc_mesh_connected_done(&party->connected);
    }
    free(party->c.account_text);
    free(party->c.device_text);
}

void mesh_party_connect(struct mesh_party *party, const char *rights)
{
    struct kc_mesh_rights read;
    struct kc_mesh_connecting connecting = admin_connecting(&party->c, rights, &read);
    GOOD(kc_mesh_connect_device(&party->c.source, &connecting, &party->connected));
    admin_activate(&party->c, party->connected.cataloged, &party->device);
    party->has_device = true;
}

/* --- requests --- */

void mesh_request_begin(
    const struct mesh_party *party, struct mesh_request *request, enum kc_object_type type)
{
    uint8_t id[KC_REPLAY_ID_SIZE];
    uint64_t now = now_ms();
    (void)party;
    assert_int_equal(getrandom(id, sizeof id, 0), sizeof id);
    for (size_t i = 0; i < 8; i++)
        id[i] = (uint8_t)(now >> (8 * (7 - i)));
    kc_object_writer_init(&request->w, request->room, sizeof request->room);
    kc_object_write_tagged(&request->w, NULL, type);
    kc_object_write_octets(&request->w, "ID", (struct kc_span){id, sizeof id});
    kc_object_write_text(&request->w, "Service", ADMIN_SERVICE);
}

char *mesh_request_seal(
    const struct mesh_party *party, struct mesh_request *request, enum mesh_signer who)
{
    struct sample_key signer = who == MESH_PROFILE ? party->c.profile : party->c.administrator;
    struct kc_span manifest = {NULL, 0};
    if (who == MESH_DEVICE) {
        signer.pair = party->device.signature;
        GOOD(kc_mesh_public_key(&party->device.signature.public, &signer.public));
        manifest = admin_span(party->device.connection);
    }
    kc_object_write_end(&request->w);
    return (char *)(uintptr_t)sample_envelope(&request->w, &signer, manifest).bytes;
}

void mesh_post(struct mesh_party *party, const char *text, struct mesh_reply *reply)
{
    memset(reply, 0, sizeof *reply);
    web_post(&party->web, text, strlen(text), &reply->answer);
    reply->status = reply->answer.status;
    struct kc_span body = {(const uint8_t *)reply->answer.body, reply->answer.size};
    const struct kc_public_key *signers[] = {&party->service->host, &party->service->vault};
    for (size_t i = 0; !reply->is_signed && body.size > 0 && body.bytes[0] == '[' && i < 2; i++)
        reply->is_signed = kc_signed_object_open(body, body.size, KC_OBJECT_MeshResponse,
                               signers[i], kc_mesh_verify, &reply->opened) == KC_OK &&
                           (i == 1) == (reply->opened.object.type == KC_OBJECT_OperateResponse);
}

void mesh_reply_done(struct mesh_reply *reply)
{
    if (reply->is_signed)
        kc_signed_object_done(&reply->opened);
    web_answer_done(&reply->answer);
}

/* What succeeded is signed by who has to sign it. */
int mesh_send(struct mesh_party *party, char *text)
{
    struct mesh_reply reply;
    mesh_post(party, text, &reply);
    int status = reply.status;
    assert_true(status != 201 || reply.is_signed);
    mesh_reply_done(&reply);
    free(text);
    return status;
}

/* --- Bind --- */

char *mesh_bind_text(struct mesh_party *party, enum kc_object_type type)
{
    struct mesh_request request;
    mesh_request_begin(party, &request, type);
    kc_object_write_text(&request.w, "AccountAddress", party->c.account.address);
    kc_object_write_source(&request.w,
        type == KC_OBJECT_BindRequest     ? "EnvelopedProfileAccount"
        : type == KC_OBJECT_CreateRequest ? "SignedAssertionAccount"
                                          : "SignedProfileGroup",
        admin_span(party->c.account_text));
    return mesh_request_seal(party, &request, MESH_PROFILE);
}

int mesh_bind(struct mesh_party *party, enum kc_object_type type)
{
    struct mesh_reply reply;
    struct kc_span assignment = {NULL, 0};
    char *text = mesh_bind_text(party, type);
    mesh_post(party, text, &reply);
    free(text);
    int status = reply.status;
    if (status == 201) {
        assert_true(reply.is_signed);
        if (type == KC_OBJECT_BindRequest)
            assignment = kc_json_source(
                kc_object_member(&reply.opened.object, "EnvelopedAccountHostAssignment"));
        GOOD(kc_mesh_provider_read(admin_span(party->service->profile_service), party->service->udf,
            assignment, party->c.account.address, &party->c.provider));
    }
    mesh_reply_done(&reply);
    return status;
}

/* --- Transact --- */

char *mesh_transact_text(const struct mesh_party *party, enum kc_object_type type,
    const char *container, int64_t index, const char *const *frames, size_t frame_count,
    enum mesh_signer signer)
{
    struct mesh_request request;
    mesh_request_begin(party, &request, type);
    kc_object_write_text(&request.w, "Account", party->c.account.address);
    kc_object_write_list(&request.w, "Updates");
    kc_object_write_object(&request.w, NULL, KC_OBJECT_ContainerUpdate);
    kc_object_write_text(&request.w, "Container", container);
    if (index >= 0)
        kc_object_write_integer(&request.w, "Index", index);
    kc_object_write_list(&request.w, "Envelopes");
    for (size_t i = 0; i < frame_count; i++)
        kc_object_write_source(&request.w, NULL, admin_span(frames[i]));
    for (size_t i = 0; i < 3; i++)
        kc_object_write_end(&request.w);
    return mesh_request_seal(party, &request, signer);
}

int mesh_transact(struct mesh_party *party, const char *container, const char *frame)
{
    return mesh_send(party, mesh_transact_text(party, KC_OBJECT_TransactRequest, container, -1,
                                &frame, 1, MESH_ADMINISTRATOR));
}

char *mesh_capability_text(const struct mesh_party *party)
{
    struct kc_mesh_split split;
    char id[KC_UDF_ID_SIZE], *entry;
    size_t size;
    GOOD(kc_mesh_split_make(&party->c.source, &party->c.encryption.pair, &split));
    GOOD(kc_mesh_capability_id(&party->c.source, id));
    const struct kc_mesh_grant grant = {.administrator = &party->c.administrator.pair,
        .recipient = &party->c.provider.encryption,
        .class = KC_MESH_DECRYPT,
        .id = id,
        .subject = &party->c.encryption.public,
        .own = &split.service_own,
        .share = &split.service,
        .epoch = 1,
        .service_udf = party->service->udf,
        .grantee = party->c.device.udf};
    GOOD(kc_mesh_capability_make(&party->c.source, &grant, &entry, &size));
    char *text = mesh_transact_text(party, KC_OBJECT_TransactRequest, "MMM_Access", -1,
        (const char *const[]){entry}, 1, MESH_ADMINISTRATOR);
    kc_mesh_split_wipe(&split);
    free(entry);
    return text;
}

char *mesh_deletion(const struct mesh_party *party, const struct kc_mesh_split_kept *split)
{
    char *text;
    size_t size;
    GOOD(kc_mesh_capability_withdraw(&party->c.source, &party->c.administrator.pair, split->id,
        split->class, split->epoch, &text, &size));
    return text;
}

void mesh_device_deletion(const struct mesh_party *party, char frame[static MESH_FRAME_SIZE])
{
    char meta[256], encoded[384];
    struct kc_json_writer w;
    snprintf(meta, sizeof meta, "{\"UniqueId\":\"%s\",\"Event\":\"Delete\"}", party->c.device.udf);
    kc_json_writer_init(&w, encoded, sizeof encoded);
    kc_json_write_octets(&w, admin_span(meta));
    snprintf(frame, MESH_FRAME_SIZE, "[{\"ContentMetaData\":%.*s},\"\"]", (int)w.out.size, encoded);
}

int64_t mesh_frames(struct mesh_party *party, const char *container)
{
    struct mesh_request request;
    struct mesh_reply reply;
    int64_t count = 0;
    mesh_request_begin(party, &request, KC_OBJECT_StatusRequest);
    kc_object_write_text(&request.w, "Account", party->c.account.address);
    char *text =
        mesh_request_seal(party, &request, party->has_device ? MESH_DEVICE : MESH_ADMINISTRATOR);
    mesh_post(party, text, &reply);
    free(text);
    struct kc_json list = {.document = NULL};
    if (reply.is_signed)
        list = kc_object_member(&reply.opened.object, "ContainerStatus");
    for (size_t i = 0; i < kc_json_count(list); i++) {
        struct kc_json item = kc_json_item(list, i);
        if (kc_json_is_text(kc_json_member(item, "Container"), container))
            GOOD(kc_json_integer(kc_json_member(item, "Index"), &count));
    }
    mesh_reply_done(&reply);
    return count;
}

/* --- Operate --- */

static void operate_begin(struct mesh_party *party, struct mesh_request *request,
    const char *address, enum kc_object_type operation, const char *key)
{
    mesh_request_begin(party, request, KC_OBJECT_OperateRequest);
    kc_object_write_text(&request->w, "AccountAddress", address);
    kc_object_write_list(&request->w, "Operations");
    kc_object_write_tagged(&request->w, NULL, operation);
    kc_object_write_text(&request->w, "KeyId", key);
}

static char *operate_seal(struct mesh_party *party, struct mesh_request *request)
{
    kc_object_write_end(&request->w);
    kc_object_write_end(&request->w);
    return mesh_request_seal(party, request, MESH_DEVICE);
}

static void point_read(struct kc_json value, enum kc_curve curve, struct kc_point *point)
{
    uint8_t octets[KC_POINT_SIZE_MAX];
    size_t size = sizeof octets;
    GOOD(kc_json_octets(value, octets, &size));
    GOOD(kc_point_decode(point, curve, octets, size));
}

/* The only result of a reply; type NONE: it was refused. */
static struct kc_object result_of(const struct mesh_reply *reply)
{
    struct kc_object result = {KC_OBJECT_NONE, {.document = NULL}};
    if (reply->status != 201)
        return result;
    assert_true(reply->is_signed);
    result = kc_object_item(kc_object_member(&reply->opened.object, "Results"), 0);
    if (kc_json_is_there(kc_object_member(&result, "Error")))
        result.type = KC_OBJECT_NONE;
    return result;
}

char *mesh_decrypt_text(struct mesh_party *party, const char *address,
    const struct admin_share *share, const struct kc_point *peer)
{
    struct mesh_request request;
    uint8_t octets[KC_POINT_SIZE_MAX];
    const struct kc_curve_info *info = kc_curve_info(peer->curve);
    operate_begin(
        party, &request, address, KC_OBJECT_CryptographicOperationKeyAgreement, share->service_id);
    kc_point_encode(peer, octets);
    kc_object_write_tagged(&request.w, "PublicKey", KC_OBJECT_PublicKeyECDH);
    kc_object_write_text(&request.w, "crv", info->name);
    kc_object_write_octets(&request.w, "Public", (struct kc_span){octets, info->point_size});
    kc_object_write_end(&request.w);
    return operate_seal(party, &request);
}

int mesh_decrypt(struct mesh_party *party, const char *address, const struct admin_share *share,
    const struct kc_point *peer, uint8_t *agreed)
{
    struct mesh_reply reply;
    char *text = mesh_decrypt_text(party, address, share, peer);
    mesh_post(party, text, &reply);
    free(text);
    int status = reply.status;
    struct kc_object result = result_of(&reply);
    if (result.type != KC_OBJECT_NONE) {
        struct kc_point contributions[2];
        struct kc_object agreement = kc_object_inner(&result, "KeyAgreement");
        point_read(kc_object_member(&agreement, "Result"), peer->curve, &contributions[0]);
        GOOD(kc_agreement_contribute(&contributions[1], &share->share, NULL, NULL, peer));
        GOOD(kc_agreement_combine(agreed, contributions, 2));
        status = MESH_DONE;
    }
    mesh_reply_done(&reply);
    return status;
}

char *mesh_splitter(const struct mesh_party *party)
{
    static const char was[] = "CapabilityDecryptServiced", now[] = "CapabilityKeyGenerate";
    static uint8_t room[20000];
    struct kc_object_writer w;
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    GOOD(kc_dare_envelope_read(admin_span(party->connected.entries[0]), envelope));
    char *text = strndup((const char *)envelope->body, envelope->body_size);
    const char *at = strstr(text, was);
    assert_non_null(at);
    kc_object_writer_init(&w, room, sizeof room);
    w.json.out.size = (size_t)snprintf(
        (char *)room, sizeof room, "%.*s%s%s", (int)(at - text), text, now, at + sizeof was - 1);
    free(text);
    kc_dare_envelope_done(envelope);
    free(envelope);
    return (char *)(uintptr_t)sample_envelope(
        &w, &party->c.administrator, (struct kc_span){NULL, 0})
        .bytes;
}

char *mesh_deal_text(struct mesh_party *party, enum kc_object_type operation, const char *key)
{
    struct mesh_request request;
    uint8_t octets[KC_POINT_SIZE_MAX];
    const struct kc_curve_info *info = kc_curve_info(KC_CURVE_X448);
    operate_begin(party, &request, party->c.account.address, operation, key);
    if (operation == KC_OBJECT_CryptographicOperationGenerate)
        kc_object_write_text(&request.w, "Algorithm", "X448");
    kc_point_encode(&party->device.encryption.public, octets);
    kc_object_write_list(&request.w, "PublicKeys");
    kc_object_write_tagged(&request.w, NULL, KC_OBJECT_PublicKeyECDH);
    kc_object_write_text(&request.w, "crv", info->name);
    kc_object_write_octets(&request.w, "Public", (struct kc_span){octets, info->point_size});
    kc_object_write_end(&request.w);
    kc_object_write_end(&request.w);
    return operate_seal(party, &request);
}

/* R and S of a service are sums; what it contributed is R less ours. */
static void contribution_read(const struct kc_object *result, const struct kc_point *ours,
    struct kc_signature_contribution *contribution)
{
    uint8_t octets[KC_POINT_SIZE_MAX];
    size_t size = sizeof octets;
    struct kc_point sum[2];
    point_read(kc_object_member(result, "R"), ours->curve, &sum[0]);
    kc_point_negate(&sum[1], ours);
    GOOD(kc_point_sum(&contribution->commitment, sum, 2));
    GOOD(kc_json_octets(kc_object_member(result, "S"), octets, &size));
    GOOD(kc_scalar_decode(
        &contribution->response, ours->curve, octets, kc_curve_info(ours->curve)->scalar_size));
}

char *mesh_sign_text(
    struct mesh_party *party, const uint8_t digest[64], const struct kc_point *commitment)
{
    struct mesh_request request;
    uint8_t octets[KC_POINT_SIZE_MAX];
    kc_point_encode(commitment, octets);
    operate_begin(party, &request, party->c.account.address, KC_OBJECT_CryptographicOperationSign,
        party->device.sign.service_id);
    kc_object_write_octets(&request.w, "Data", (struct kc_span){digest, 64});
    kc_object_write_octets(&request.w, "PartialR",
        (struct kc_span){octets, kc_curve_info(commitment->curve)->point_size});
    return operate_seal(party, &request);
}

int mesh_sign(struct mesh_party *party, const uint8_t digest[64], uint8_t *signature)
{
    struct mesh_reply reply;
    struct kc_fresh fresh;
    struct kc_point ours;
    struct kc_signature_commitment commitment = {0};
    const struct admin_share *share = &party->device.sign;
    const struct sample_key *whole = &party->c.signature;
    struct kc_signer signer = {&share->share, NULL, share->own.octets, whole->public.octets};
    struct kc_signed_message message = kc_mesh_signed_message(KC_CURVE_ED448, digest);
    GOOD(kc_mesh_fresh(&party->c.source, &fresh));
    GOOD(kc_signature_open(&commitment, &ours, &signer, &message, &fresh));
    char *text = mesh_sign_text(party, digest, &ours);
    mesh_post(party, text, &reply);
    free(text);
    int status = reply.status;
    struct kc_object result = result_of(&reply);
    if (result.type != KC_OBJECT_NONE) {
        struct kc_signature_contribution contribution;
        contribution_read(&result, &ours, &contribution);
        GOOD(kc_signature_finish(
            signature, &commitment, &signer, &whole->pair.public, &message, &contribution, NULL));
        status = MESH_DONE;
    }
    kc_signature_commitment_wipe(&commitment);
    mesh_reply_done(&reply);
    return status;
}
