/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three custodians, each with one role: the administrator's, the device's and the service's. What one
 * writes the next one takes, as it is, and in the end the device decrypts with the service's part.
 */
#include "tests/vault/bench.h"

#include "custodian/mesh/capability.h"
#include "custodian/mesh/envelope_make.h"
#include "custodian/mesh/key_document.h"
#include "custodian/mesh/opening.h"
#include "custodian/mesh/replay.h"
#include "custodian/mesh/verify.h"
#include "custodian/vault/core.h"
#include "proto/identifier.h"
#include "proto/signed_object.h"
#include "tests/mesh/sample.h"
#include "tests/mesh/source.h"
#include "threshold/agreement.h"

#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)
#define HOST "example.com"
#define ADDRESS "alice@example.com"
#define GROUP_ADDRESS "team@example.com"

struct roles {
    struct bench *administrator, *device, *service;
    char *service_profile, *assignment;
    char *account, *account_profile;
    char *device_udf, *device_profile;
    const char *asked; /* address of the account that requests name */
    struct kc_mesh_source source;
};

static struct bench *custodian_new(void)
{
    struct bench *bench = bench_new();
    bench->seconds = SAMPLE_NOW;
    bench->config.operate = (struct kc_config_operate){.rate = 3600, .member_age_h = 24};
    bench_restart(bench);
    bench->seconds++;
    return bench;
}

static struct kc_span span_of(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

static void ask_document(struct ask *ask, enum kc_field field, const char *text)
{
    ask_octets(ask, field, text, strlen(text));
}

static void ask_pin(struct ask *ask)
{
    ask_secret(ask, KC_FIELD_PIN, BENCH_PIN, strlen(BENCH_PIN));
}

static char *document_of(const struct answer *answer, enum kc_field field)
{
    size_t size;
    return answer_octets(answer, field, &size);
}

/* --- what each makes first --- */

static void service_make(struct roles *r)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_SERVICE_CREATE);
    ask_text(&ask, KC_FIELD_SERVICE, HOST);
    struct answer *answer = bench_ask(r->service, &ask);
    struct kc_span profile = answer->items[0].value[KC_FIELD_DOCUMENT].span;
    r->service_profile = strndup((const char *)profile.bytes, profile.size);
    answer_done(answer);
}

static void device_make(struct roles *r)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_DEVICE_CREATE);
    ask_text(&ask, KC_FIELD_KEYRING, "main");
    ask_text(&ask, KC_FIELD_LABEL, "watch");
    struct answer *answer = bench_ask(r->device, &ask);
    r->device_udf = strdup(answer_text(answer, KC_FIELD_DEVICE));
    r->device_profile = document_of(answer, KC_FIELD_DOCUMENT);
    answer_done(answer);
}

/* An account or a group as it was made, and bound; all given. */
struct made {
    char *udf, *profile, *assignment;
};

static void made_done(struct made *made)
{
    free(made->udf);
    free(made->profile);
    free(made->assignment);
}

/* It is made at one custodian and bound at the service, by the request as it was written. */
static struct made make(struct roles *r, struct bench *bench, struct ask *ask)
{
    ask_text(ask, KC_FIELD_KEYRING, "main");
    ask_document(ask, KC_FIELD_PROFILE, r->service_profile);
    ask_text(ask, KC_FIELD_SERVICE, HOST);
    ask_pin(ask);
    struct answer *answer = bench_ask(bench, ask);
    char *bind = document_of(answer, KC_FIELD_REQUEST);
    struct made made = {.udf = strdup(answer_text(answer, KC_FIELD_ACCOUNT_UDF)),
        .profile = document_of(answer, KC_FIELD_DOCUMENT)};
    answer_done(answer);
    struct ask bound = ask_new(KC_OPERATION_MESH_ACCOUNT_BIND);
    ask_text(&bound, KC_FIELD_SERVICE, HOST);
    ask_document(&bound, KC_FIELD_REQUEST, bind);
    answer = bench_ask(r->service, &bound);
    made.assignment = document_of(answer, KC_FIELD_DOCUMENT);
    answer_done(answer);
    free(bind);
    return made;
}

static void account_make(struct roles *r)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ACCOUNT_CREATE);
    ask_text(&ask, KC_FIELD_LABEL, "alice");
    ask_text(&ask, KC_FIELD_ACCOUNT, ADDRESS);
    struct made made = make(r, r->administrator, &ask);
    r->account = made.udf;
    r->account_profile = made.profile;
    r->assignment = made.assignment;
}

static int setup(void **state)
{
    struct roles *r = calloc(1, sizeof *r);
    r->administrator = custodian_new();
    r->device = custodian_new();
    r->service = custodian_new();
    r->source = sample_source();
    r->asked = ADDRESS;
    bench_set_pin(r->administrator);
    service_make(r);
    device_make(r);
    account_make(r);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    struct roles *r = *state;
    bench_free(r->administrator);
    bench_free(r->device);
    bench_free(r->service);
    free(r->service_profile);
    free(r->assignment);
    free(r->account);
    free(r->account_profile);
    free(r->device_udf);
    free(r->device_profile);
    free(r);
    return 0;
}

/* --- the device is connected --- */

static void profile_key(const char *profile, struct kc_public_key *key)
{
    struct kc_signed_object opened;
    GOOD(kc_signed_object_open_profile(
        span_of(profile), strlen(profile), KC_OBJECT_Profile, NULL, kc_mesh_verify, &opened, key));
    kc_signed_object_done(&opened);
}

static void enrol(struct bench *bench, const char *label, const char *profile)
{
    struct kc_public_key key;
    profile_key(profile, &key);
    struct ask ask = ask_new(KC_OPERATION_RECIPIENT_ADD);
    ask_text(&ask, KC_FIELD_LABEL, label);
    ask_text(&ask, KC_FIELD_ALGORITHM, key.algorithm);
    ask_octets(&ask, KC_FIELD_PUBLIC, key.octets, key.size);
    ask_pin(&ask);
    bench_expect(bench, &ask, KC_OK);
}

/* What the service's front end says to a request: its nonce, and the witness. Given: free. */
static char *acknowledge(const struct roles *r, const char *request, char witness[KC_UDF_ID_SIZE])
{
    static const uint8_t server[16] = "server's nonce!";
    uint8_t client[KC_NONCE_SIZE_MAX], room[16384];
    size_t client_size = sizeof client, size;
    struct kc_public_key account, device;
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    struct kc_json_document document;
    struct kc_object read;
    struct kc_object_writer w;
    char *text;
    profile_key(r->account_profile, &account);
    profile_key(r->device_profile, &device);
    GOOD(kc_dare_envelope_read(span_of(request), envelope));
    GOOD(kc_object_parse((struct kc_span){envelope->body, envelope->body_size}, envelope->body_size,
        KC_OBJECT_RequestConnection, &document, &read, NULL));
    GOOD(kc_json_octets(kc_object_member(&read, "ClientNonce"), client, &client_size));
    kc_json_done(&document);
    kc_dare_envelope_done(envelope);
    free(envelope);
    GOOD(kc_connection_witness(&account, (struct kc_span){server, sizeof server}, &device,
        (struct kc_span){client, client_size}, witness));
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_AcknowledgeConnection);
    kc_object_write_text(&w, "MessageId", witness);
    kc_object_write_source(&w, "EnvelopedRequestConnection", span_of(request));
    kc_object_write_octets(&w, "ServerNonce", (struct kc_span){server, sizeof server});
    kc_object_write_text(&w, "Witness", witness);
    kc_object_write_end(&w);
    GOOD(kc_object_writer_finish(&w));
    struct kc_mesh_letter letter = {
        .payload = {room, w.json.out.size}, .type = "AcknowledgeConnection"};
    GOOD(kc_mesh_envelope_make(&r->source, &letter, &text, &size));
    return text;
}

/* The device's request as it is acknowledged; its id, given: free. */
static char *request_connection(struct roles *r, char witness[KC_UDF_ID_SIZE])
{
    struct ask ask = ask_new(KC_OPERATION_MESH_DEVICE_REQUEST);
    ask_text(&ask, KC_FIELD_DEVICE, r->device_udf);
    ask_text(&ask, KC_FIELD_ACCOUNT, ADDRESS);
    struct answer *answer = bench_ask(r->device, &ask);
    char *connection = strdup(answer_text(answer, KC_FIELD_CONNECTION));
    char *request = document_of(answer, KC_FIELD_DOCUMENT);
    answer_done(answer);
    char *acknowledged = acknowledge(r, request, witness);
    ask = ask_new(KC_OPERATION_MESH_DEVICE_CHECK);
    ask_text(&ask, KC_FIELD_CONNECTION, connection);
    ask_document(&ask, KC_FIELD_DOCUMENT, acknowledged);
    ask_document(&ask, KC_FIELD_PROFILE, r->account_profile);
    ask_text(&ask, KC_FIELD_WITNESS, witness);
    bench_expect(r->device, &ask, KC_OK);
    free(acknowledged);
    free(request);
    return connection;
}

static void service_take(struct roles *r, enum kc_operation operation, const char *request)
{
    struct ask ask = ask_new(operation);
    ask_text(&ask, KC_FIELD_SERVICE, HOST);
    ask_document(&ask, KC_FIELD_REQUEST, request);
    bench_expect(r->service, &ask, KC_OK);
}

static void connect(struct roles *r, const char *rights)
{
    char witness[KC_UDF_ID_SIZE];
    char *connection = request_connection(r, witness);
    enrol(r->administrator, "watch", r->device_profile);
    struct ask ask = ask_new(KC_OPERATION_MESH_ACCOUNT_ACTIVATE);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, r->account);
    ask_text(&ask, KC_FIELD_RECIPIENT, r->device_udf);
    ask_document(&ask, KC_FIELD_DOCUMENT, r->device_profile);
    ask_text(&ask, KC_FIELD_RIGHTS, rights);
    ask_text(&ask, KC_FIELD_CONNECTION, witness);
    ask_document(&ask, KC_FIELD_PROFILE, r->service_profile);
    ask_document(&ask, KC_FIELD_RESPONSE, r->assignment);
    ask_text(&ask, KC_FIELD_SERVICE, HOST);
    ask_pin(&ask);
    struct answer *answer = bench_ask(r->administrator, &ask);
    char *transact = document_of(answer, KC_FIELD_REQUEST);
    char *respond = document_of(answer, KC_FIELD_DOCUMENT);
    answer_done(answer);
    service_take(r, KC_OPERATION_MESH_CAPABILITY_ACCEPT, transact);
    ask = ask_new(KC_OPERATION_MESH_DEVICE_ACTIVATE);
    ask_text(&ask, KC_FIELD_CONNECTION, connection);
    ask_document(&ask, KC_FIELD_DOCUMENT, respond);
    ask_text(&ask, KC_FIELD_WITNESS, witness);
    bench_expect(r->device, &ask, KC_OK);
    free(transact);
    free(respond);
    free(connection);
}

/* --- the watch --- */

/* The device's record of a key: a share, or a composite key that signs. */
static const struct kc_record *device_key(const struct roles *r, uint8_t role, uint8_t use)
{
    for (size_t i = 0; i < r->device->record_count; i++) {
        const struct kc_record *record = &r->device->records[i];
        if (record->kind == KC_KIND_KEY && record->role == role && record->use == use &&
            record->state == KC_STATE_ACTIVE)
            return record;
    }
    fail_msg("the device has no such key");
    return NULL;
}

/* The id of the service's share, and the connection of the device: as it tells. */
static char *connection_of(struct roles *r)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_DEVICE_SHOW);
    ask_text(&ask, KC_FIELD_DEVICE, r->device_udf);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, r->account);
    struct answer *answer = bench_ask(r->device, &ask);
    char *connection = document_of(answer, KC_FIELD_DOCUMENT);
    answer_done(answer);
    return connection;
}

static char *capability_id(struct roles *r, const char *account)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_CAPABILITY_LIST);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, account);
    struct answer *answer = bench_ask(r->service, &ask);
    assert_true(answer->in.message.item_count > 0);
    struct kc_span id = answer->items[0].value[KC_FIELD_CAPABILITY].span;
    char *text = strndup((const char *)id.bytes, id.size);
    answer_done(answer);
    return text;
}

static void request_write(const struct roles *r, const char *capability,
    const struct sample_key *peer, struct kc_object_writer *w)
{
    uint8_t id[KC_REPLAY_ID_SIZE];
    uint64_t now_ms = (uint64_t)(SAMPLE_NOW + 1) * 1000;
    GOOD(r->source.random(NULL, id, sizeof id));
    for (size_t i = 0; i < 8; i++)
        id[i] = (uint8_t)(now_ms >> (8 * (7 - i)));
    kc_object_write_tagged(w, NULL, KC_OBJECT_OperateRequest);
    kc_object_write_octets(w, "ID", (struct kc_span){id, sizeof id});
    kc_object_write_text(w, "Service", HOST);
    kc_object_write_text(w, "AccountAddress", r->asked);
    kc_object_write_list(w, "Operations");
    kc_object_write_tagged(w, NULL, KC_OBJECT_CryptographicOperationKeyAgreement);
    kc_object_write_text(w, "KeyId", capability);
    kc_object_write_tagged(w, "PublicKey", KC_OBJECT_PublicKeyECDH);
    kc_object_write_text(w, "crv", peer->public.algorithm);
    kc_object_write_octets(w, "Public", (struct kc_span){peer->public.octets, peer->public.size});
    for (size_t i = 0; i < 4; i++)
        kc_object_write_end(w);
    GOOD(kc_object_writer_finish(w));
}

/* Signed by the device's composite key in its vault, with its connection. Given: free. */
static char *request_sign(struct roles *r, struct kc_span payload)
{
    char *text, *connection = connection_of(r);
    size_t size;
    struct ask ask = ask_new(KC_OPERATION_ENVELOPE_SIGN);
    ask_text(&ask, KC_FIELD_KEY, device_key(r, KC_ROLE_DEVICE, KC_USE_SIGN)->id);
    ask_octets(&ask, KC_FIELD_MESSAGE, payload.bytes, payload.size);
    struct answer *answer = bench_ask(r->device, &ask);
    struct kc_span signature = answer_value(answer, KC_FIELD_SIGNATURE)->span;
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    envelope->body = (uint8_t *)(uintptr_t)payload.bytes;
    envelope->body_size = payload.size;
    GOOD(kc_dare_envelope_digest(envelope));
    envelope->signature_count = 1;
    memcpy(envelope->signatures[0].octets, signature.bytes, signature.size);
    envelope->signatures[0].size = signature.size;
    envelope->signatures[0].manifest = span_of(connection);
    GOOD(kc_dare_envelope_write(envelope, &text, &size));
    free(envelope);
    answer_done(answer);
    free(connection);
    return text;
}

/* Asks the service; the status, and its contribution. */
static uint64_t operate(struct roles *r, const char *capability, const struct sample_key *peer,
    uint8_t contribution[KC_POINT_SIZE_MAX])
{
    uint8_t room[4096];
    size_t size = KC_POINT_SIZE_MAX;
    struct kc_object_writer w;
    struct kc_json_document document;
    struct kc_object response;
    kc_object_writer_init(&w, room, sizeof room);
    request_write(r, capability, peer, &w);
    char *request = request_sign(r, (struct kc_span){room, w.json.out.size});
    struct ask ask = ask_new(KC_OPERATION_MESH_OPERATE);
    ask_text(&ask, KC_FIELD_SERVICE, HOST);
    ask_document(&ask, KC_FIELD_REQUEST, request);
    struct answer *answer = bench_ask(r->service, &ask);
    uint64_t status = answer_value(answer, KC_FIELD_STATUS)->number;
    char *text = document_of(answer, KC_FIELD_RESPONSE);
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    GOOD(kc_dare_envelope_read(span_of(text), envelope));
    GOOD(kc_object_parse((struct kc_span){envelope->body, envelope->body_size}, envelope->body_size,
        KC_OBJECT_OperateResponse, &document, &response, NULL));
    struct kc_object result = kc_object_item(kc_object_member(&response, "Results"), 0);
    struct kc_object agreement = kc_object_inner(&result, "KeyAgreement");
    if (status == 201 && agreement.type != KC_OBJECT_NONE)
        GOOD(kc_json_octets(kc_object_member(&agreement, "Result"), contribution, &size));
    else
        status = status == 201 ? 0 : status; /* refused */
    kc_json_done(&document);
    kc_dare_envelope_done(envelope);
    free(envelope);
    free(text);
    free(request);
    answer_done(answer);
    return status;
}

/* Whether what a share and the service agree on is what the whole key of a profile does. */
static bool completes(struct roles *r, const char *capability, struct bench *bench,
    const char *share, const char *profile)
{
    uint8_t contribution[KC_POINT_SIZE_MAX], agreed[64], expected[KC_POINT_SIZE_MAX];
    struct sample_key peer = sample_key(KC_CURVE_X448, 77);
    struct kc_mesh_account account;
    struct kc_point whole;
    assert_int_equal(operate(r, capability, &peer, contribution), 201);
    struct ask ask = ask_new(KC_OPERATION_AGREEMENT_COMBINE);
    ask_text(&ask, KC_FIELD_KEY, share);
    ask_octets(&ask, KC_FIELD_PEER, peer.public.octets, peer.public.size);
    ask_octets(&ask, KC_FIELD_CONTRIBUTION, contribution, sizeof contribution);
    struct answer *answer = bench_ask(bench, &ask);
    size_t size = answer_secret(answer, KC_FIELD_SECRET, agreed);
    answer_done(answer);
    GOOD(kc_mesh_account_read(span_of(profile), NULL, &account));
    GOOD(
        kc_point_decode(&whole, KC_CURVE_X448, account.encryption.octets, account.encryption.size));
    GOOD(kc_agreement_agree(expected, &peer.pair.scalar, &whole));
    return memcmp(agreed, expected, size) == 0;
}

static bool decrypts(struct roles *r, const char *capability)
{
    return completes(r, capability, r->device, device_key(r, KC_ROLE_SHARE, KC_USE_AGREE)->id,
        r->account_profile);
}

static void a_watch_decrypts_with_its_account_s_service(void **state)
{
    struct roles *r = *state;
    connect(r, "encryption=threshold,signature=threshold");
    char *capability = capability_id(r, r->account);
    assert_true(decrypts(r, capability));
    free(capability);
}

static void a_watch_that_was_taken_off_gets_nothing_more(void **state)
{
    struct roles *r = *state;
    uint8_t contribution[KC_POINT_SIZE_MAX];
    struct sample_key peer = sample_key(KC_CURVE_X448, 77);
    connect(r, "encryption=threshold");
    char *capability = capability_id(r, r->account);
    assert_true(decrypts(r, capability));
    struct ask ask = ask_new(KC_OPERATION_MESH_ACCOUNT_DISCONNECT);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, r->account);
    ask_text(&ask, KC_FIELD_RECIPIENT, r->device_udf);
    ask_text(&ask, KC_FIELD_SERVICE, HOST);
    ask_pin(&ask);
    struct answer *answer = bench_ask(r->administrator, &ask);
    char *gone = document_of(answer, KC_FIELD_REQUEST);
    answer_done(answer);
    service_take(r, KC_OPERATION_MESH_CAPABILITY_REVOKE, gone);
    assert_int_not_equal(operate(r, capability, &peer, contribution), 201);
    free(gone);
    free(capability);
}

/* --- refresh --- */

/* What the administrator makes; the service takes its part, and the device's is given: free. */
static char *refresh(struct roles *r, const char *use, bool anew)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ACCOUNT_REFRESH);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, r->account);
    ask_text(&ask, KC_FIELD_RECIPIENT, r->device_udf);
    ask_text(&ask, KC_FIELD_USE, use);
    ask_document(&ask, KC_FIELD_PROFILE, r->service_profile);
    ask_document(&ask, KC_FIELD_RESPONSE, r->assignment);
    ask_text(&ask, KC_FIELD_SERVICE, HOST);
    ask_number(&ask, KC_FIELD_FORCE, anew);
    ask_pin(&ask);
    struct answer *answer = bench_ask(r->administrator, &ask);
    char *update = document_of(answer, KC_FIELD_REQUEST);
    char *document = document_of(answer, KC_FIELD_DOCUMENT);
    answer_done(answer);
    service_take(r, KC_OPERATION_MESH_CAPABILITY_ACCEPT, update);
    free(update);
    return document;
}

static struct ask refresh_ask(const struct roles *r, const char *document)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_DEVICE_REFRESH);
    ask_text(&ask, KC_FIELD_DEVICE, r->device_udf);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, r->account);
    ask_document(&ask, KC_FIELD_DOCUMENT, document);
    return ask;
}

static void both_sides_take_a_refresh_and_a_share_from_before_helps_nobody(void **state)
{
    struct roles *r = *state;
    connect(r, "encryption=threshold,signature=threshold");
    char *capability = capability_id(r, r->account);
    for (size_t anew = 0; anew < 2; anew++) {
        char *offset = refresh(r, "decrypt", anew == 1);
        assert_false(decrypts(r, capability)); /* the device's is from before */
        struct ask ask = refresh_ask(r, offset);
        bench_expect(r->device, &ask, KC_OK);
        assert_true(decrypts(r, capability));
        ask = refresh_ask(r, offset);
        bench_expect(r->device, &ask, KC_ERR_CONFLICT);
        free(offset);
    }
    char *offset = refresh(r, "sign", false);
    struct ask ask = refresh_ask(r, offset);
    bench_expect(r->device, &ask, KC_OK);
    assert_true(decrypts(r, capability));
    free(offset);
    free(capability);
}

static void a_device_takes_a_refresh_of_its_own_from_its_administrator_alone(void **state)
{
    struct roles *r = *state;
    connect(r, "encryption=threshold");
    char *offset = refresh(r, "decrypt", false);
    struct ask ask = refresh_ask(r, r->account_profile);
    bench_expect(r->device, &ask, KC_ERR_SIGNATURE);
    ask = refresh_ask(r, offset);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, r->device_udf);
    bench_expect(r->device, &ask, KC_ERR_REFUSED);
    r->device->seconds += 31 * 86400;
    ask = refresh_ask(r, offset);
    bench_expect(r->device, &ask, KC_ERR_REFUSED);
    free(offset);
}

static void a_device_that_dies_in_a_refresh_has_one_share_or_the_other(void **state)
{
    struct roles *r = *state;
    connect(r, "encryption=threshold");
    char *capability = capability_id(r, r->account);
    char *offset = refresh(r, "decrypt", false);
    bench_open(r->device);
    for (size_t stored = 0; stored < 2; stored++) {
        struct ask ask = refresh_ask(r, offset);
        r->device->holds_stored = true;
        uint64_t ticket = bench_send(r->device, &ask);
        bench_pump(r->device);
        assert_null(bench_take(r->device, ticket));
        r->device->holds_stored = false;
        if (stored == 1)
            bench_store_unheard(r->device);
        bench_restart(r->device);
        assert_int_equal(decrypts(r, capability), stored == 1);
    }
    free(offset);
    free(capability);
}

/* --- a member of a group --- */

/* A group of somebody else, who invited the account. */
struct group {
    struct bench *owner;
    struct made made;
    char *invitation;
};

/* Takes the account into the group; the service takes its part. */
static char *invite(struct roles *r, const struct group *group)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_GROUP_MEMBER_ADD);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, group->made.udf);
    ask_text(&ask, KC_FIELD_RECIPIENT, r->account);
    ask_document(&ask, KC_FIELD_DOCUMENT, r->account_profile);
    ask_document(&ask, KC_FIELD_PROFILE, r->service_profile);
    ask_document(&ask, KC_FIELD_RESPONSE, group->made.assignment);
    ask_text(&ask, KC_FIELD_SERVICE, HOST);
    ask_pin(&ask);
    struct answer *answer = bench_ask(group->owner, &ask);
    char *transact = document_of(answer, KC_FIELD_REQUEST);
    char *invitation = document_of(answer, KC_FIELD_DOCUMENT);
    answer_done(answer);
    service_take(r, KC_OPERATION_MESH_CAPABILITY_ACCEPT, transact);
    free(transact);
    return invitation;
}

static struct group group_new(struct roles *r)
{
    struct group group = {.owner = custodian_new()};
    struct ask ask = ask_new(KC_OPERATION_MESH_GROUP_CREATE);
    bench_set_pin(group.owner);
    ask_text(&ask, KC_FIELD_LABEL, "team");
    ask_text(&ask, KC_FIELD_ACCOUNT, GROUP_ADDRESS);
    group.made = make(r, group.owner, &ask);
    enrol(group.owner, "alice", r->account_profile);
    group.invitation = invite(r, &group);
    return group;
}

static void group_done(struct group *group)
{
    bench_free(group->owner);
    made_done(&group->made);
    free(group->invitation);
}

/* The key that the account's own profile names for encryption. */
static const char *member_key(const struct roles *r)
{
    struct kc_mesh_account account;
    GOOD(kc_mesh_account_read(span_of(r->account_profile), NULL, &account));
    for (size_t i = 0; i < r->administrator->record_count; i++) {
        const struct kc_record *record = &r->administrator->records[i];
        if (record->kind == KC_KIND_KEY && record->public_size == account.encryption.size &&
            memcmp(record->public_key, account.encryption.octets, account.encryption.size) == 0)
            return record->id;
    }
    fail_msg("the member has no encryption key");
    return NULL;
}

static struct ask join_ask(const struct roles *r, const struct group *group, const char *document)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_GROUP_JOIN);
    ask_text(&ask, KC_FIELD_KEY, member_key(r));
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, group->made.udf);
    ask_document(&ask, KC_FIELD_DOCUMENT, document);
    ask_text(&ask, KC_FIELD_LABEL, "team");
    return ask;
}

static struct ask join_first_ask(const struct roles *r, const struct group *group)
{
    struct ask ask = join_ask(r, group, group->invitation);
    ask_document(&ask, KC_FIELD_PROFILE, group->made.profile);
    return ask;
}

/* The id of the share that it gave. Given: free. */
static char *join(struct roles *r, struct ask *ask)
{
    struct answer *answer = bench_ask(r->administrator, ask);
    assert_string_equal(answer_text(answer, KC_FIELD_ACCOUNT), GROUP_ADDRESS);
    assert_string_equal(answer_text(answer, KC_FIELD_LABEL), "team");
    char *share = strdup(answer_text(answer, KC_FIELD_KEY));
    answer_done(answer);
    return share;
}

/* What is encrypted to a group, opened whole with a share and what the service contributes to it. */
static void check_opens(
    struct roles *r, const char *capability, const char *share, const char *profile)
{
    static const char text[] = "for the team";
    uint8_t contribution[KC_POINT_SIZE_MAX], opened[64];
    struct kc_mesh_account group;
    struct kc_mesh_opening opening;
    struct sample_key peer = {0};
    char *document;
    size_t size;
    GOOD(kc_mesh_account_read(span_of(profile), NULL, &group));
    struct kc_mesh_letter letter = {
        .payload = span_of(text), .recipients = &group.encryption, .recipient_count = 1};
    GOOD(kc_mesh_envelope_make(&r->source, &letter, &document, &size));
    GOOD(kc_mesh_opening_read(span_of(document), NULL, &group.encryption, &opening));
    GOOD(kc_mesh_public_key(&opening.ephemeral, &peer.public));
    kc_mesh_opening_done(&opening);
    assert_int_equal(operate(r, capability, &peer, contribution), 201);
    struct ask ask = ask_new(KC_OPERATION_ENVELOPE_OPEN);
    ask_text(&ask, KC_FIELD_KEY, share);
    ask_document(&ask, KC_FIELD_DOCUMENT, document);
    ask_octets(&ask, KC_FIELD_CONTRIBUTION, contribution, sizeof contribution);
    struct answer *answer = bench_ask(r->administrator, &ask);
    assert_int_equal(answer_secret(answer, KC_FIELD_OUTPUT, opened), strlen(text));
    assert_memory_equal(opened, text, strlen(text));
    answer_done(answer);
    free(document);
}

static void a_member_of_another_account_decrypts_with_the_group_s_service(void **state)
{
    struct roles *r = *state;
    struct group group = group_new(r);
    connect(r, "encryption=threshold");
    r->asked = GROUP_ADDRESS;
    struct ask ask = join_first_ask(r, &group);
    char *share = join(r, &ask);
    char *capability = capability_id(r, group.made.udf);
    assert_true(completes(r, capability, r->administrator, share, group.made.profile));
    check_opens(r, capability, share, group.made.profile);
    free(capability);
    free(share);
    group_done(&group);
}

static void a_member_takes_each_invitation_once_and_none_again_after_its_share_is_gone(void **state)
{
    struct roles *r = *state;
    struct group group = group_new(r);
    struct ask ask = join_first_ask(r, &group);
    char *share = join(r, &ask);
    ask = join_ask(r, &group, group.invitation);
    bench_expect(r->administrator, &ask, KC_ERR_EPOCH);
    ask = ask_new(KC_OPERATION_KEY_DESTROY);
    ask_text(&ask, KC_FIELD_KEY, share);
    bench_expect(r->administrator, &ask, KC_OK);
    ask = join_ask(r, &group, group.invitation);
    bench_expect(r->administrator, &ask, KC_ERR_EPOCH);
    free(share);
    group_done(&group);
}

/* The new profile is in the invitation, and needs no other word than the administrator's. */
static void a_member_s_share_of_a_rotated_key_takes_the_place_of_the_one_before(void **state)
{
    struct roles *r = *state;
    struct group group = group_new(r);
    struct ask ask = join_first_ask(r, &group);
    char *share = join(r, &ask);
    group.owner->seconds += 60;
    r->administrator->seconds += 60;
    r->service->seconds += 60;
    ask = ask_new(KC_OPERATION_MESH_GROUP_ROTATE);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, group.made.udf);
    ask_text(&ask, KC_FIELD_SERVICE, HOST);
    ask_pin(&ask);
    struct answer *answer = bench_ask(group.owner, &ask);
    char *bind = document_of(answer, KC_FIELD_REQUEST);
    answer_done(answer);
    service_take(r, KC_OPERATION_MESH_ACCOUNT_BIND, bind);
    char *invitation = invite(r, &group);
    ask = join_ask(r, &group, invitation);
    char *next = join(r, &ask);
    assert_string_not_equal(next, share);
    ask = ask_new(KC_OPERATION_KEY_SHOW);
    ask_text(&ask, KC_FIELD_KEY, share);
    answer = bench_ask(r->administrator, &ask);
    assert_string_equal(answer_text(answer, KC_FIELD_STATE), "destroyed");
    answer_done(answer);
    ask = join_first_ask(r, &group); /* the profile from before */
    bench_expect(r->administrator, &ask, KC_ERR_EPOCH);
    free(next);
    free(invitation);
    free(bind);
    free(share);
    group_done(&group);
}

static void an_invitation_is_taken_from_a_group_that_is_known_with_the_member_s_key(void **state)
{
    struct roles *r = *state;
    struct group group = group_new(r);
    struct ask ask = join_ask(r, &group, group.invitation);
    bench_expect(r->administrator, &ask, KC_ERR_BAD_ARGUMENT);
    ask = join_ask(r, &group, group.invitation);
    ask_document(&ask, KC_FIELD_PROFILE, r->account_profile);
    bench_expect(r->administrator, &ask, KC_ERR_SIGNATURE);
    ask = join_ask(r, &group, r->account_profile);
    ask_document(&ask, KC_FIELD_PROFILE, group.made.profile);
    bench_expect(r->administrator, &ask, KC_ERR_SIGNATURE);
    connect(r, "encryption=threshold"); /* the watch's is a share: it cannot open one */
    ask = join_first_ask(r, &group);
    ask_text(&ask, KC_FIELD_KEY, device_key(r, KC_ROLE_SHARE, KC_USE_AGREE)->id);
    bench_expect(r->device, &ask, KC_ERR_REFUSED);
    r->administrator->seconds += 31 * 86400;
    ask = join_first_ask(r, &group);
    bench_expect(r->administrator, &ask, KC_ERR_REFUSED);
    group_done(&group);
}

static void a_member_that_dies_as_it_joins_has_the_share_or_joins_again(void **state)
{
    struct roles *r = *state;
    struct group group = group_new(r);
    for (size_t stored = 0; stored < 2; stored++) {
        bench_open(r->administrator);
        struct ask ask = join_first_ask(r, &group);
        r->administrator->holds_stored = true;
        uint64_t ticket = bench_send(r->administrator, &ask);
        bench_pump(r->administrator);
        assert_null(bench_take(r->administrator, ticket));
        r->administrator->holds_stored = false;
        if (stored == 1)
            bench_store_unheard(r->administrator);
        bench_restart(r->administrator);
    }
    struct ask ask = join_first_ask(r, &group);
    bench_expect(r->administrator, &ask, KC_ERR_EPOCH);
    group_done(&group);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_watch_decrypts_with_its_account_s_service, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_watch_that_was_taken_off_gets_nothing_more, setup, teardown),
        cmocka_unit_test_setup_teardown(
            both_sides_take_a_refresh_and_a_share_from_before_helps_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_device_takes_a_refresh_of_its_own_from_its_administrator_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_device_that_dies_in_a_refresh_has_one_share_or_the_other, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_member_of_another_account_decrypts_with_the_group_s_service, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_member_takes_each_invitation_once_and_none_again_after_its_share_is_gone, setup,
            teardown),
        cmocka_unit_test_setup_teardown(
            a_member_s_share_of_a_rotated_key_takes_the_place_of_the_one_before, setup, teardown),
        cmocka_unit_test_setup_teardown(
            an_invitation_is_taken_from_a_group_that_is_known_with_the_member_s_key, setup,
            teardown),
        cmocka_unit_test_setup_teardown(
            a_member_that_dies_as_it_joins_has_the_share_or_joins_again, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
