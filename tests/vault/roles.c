/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/vault/roles.h"

#include "custodian/mesh/key_document.h"
#include "custodian/mesh/opening.h"
#include "custodian/mesh/replay.h"
#include "custodian/mesh/verify.h"
#include "proto/identifier.h"
#include "proto/signed_object.h"
#include "tests/mesh/acknowledge.h"
#include "tests/mesh/source.h"
#include "threshold/agreement.h"

#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

struct bench *roles_custodian_new(void)
{
    struct bench *bench = bench_new();
    bench->seconds = SAMPLE_NOW;
    bench->config.operate = (struct kc_config_operate){.rate = 3600, .member_age_h = 24};
    bench_restart(bench);
    bench->seconds++;
    return bench;
}

struct kc_span span_of(const char *text)
{
    return (struct kc_span){(const uint8_t *)text, strlen(text)};
}

void ask_document(struct ask *ask, enum kc_field field, const char *text)
{
    ask_octets(ask, field, text, strlen(text));
}

void ask_pin(struct ask *ask)
{
    ask_secret(ask, KC_FIELD_PIN, BENCH_PIN, strlen(BENCH_PIN));
}

char *document_of(const struct answer *answer, enum kc_field field)
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

void made_done(struct made *made)
{
    free(made->udf);
    free(made->profile);
    free(made->assignment);
}

/* It is made at one custodian and bound at the service, by the request as it was written. */
struct made roles_make(struct roles *r, struct bench *bench, struct ask *ask)
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
    struct made made = roles_make(r, r->administrator, &ask);
    r->account = made.udf;
    r->account_profile = made.profile;
    r->assignment = made.assignment;
}

int roles_setup(void **state)
{
    struct roles *r = calloc(1, sizeof *r);
    r->administrator = roles_custodian_new();
    r->device = roles_custodian_new();
    r->service = roles_custodian_new();
    r->source = sample_source();
    r->asked = ADDRESS;
    bench_set_pin(r->administrator);
    service_make(r);
    device_make(r);
    account_make(r);
    *state = r;
    return 0;
}

int roles_teardown(void **state)
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

void roles_enrol(struct bench *bench, const char *label, const char *profile)
{
    struct kc_public_key key;
    acknowledge_profile_key(profile, &key);
    struct ask ask = ask_new(KC_OPERATION_RECIPIENT_ADD);
    ask_text(&ask, KC_FIELD_LABEL, label);
    ask_text(&ask, KC_FIELD_ALGORITHM, key.algorithm);
    ask_octets(&ask, KC_FIELD_PUBLIC, key.octets, key.size);
    ask_pin(&ask);
    bench_expect(bench, &ask, KC_OK);
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
    char *acknowledged = acknowledge(request, r->account_profile, r->device_profile, witness);
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

void service_take(struct roles *r, enum kc_operation operation, const char *request)
{
    struct ask ask = ask_new(operation);
    ask_text(&ask, KC_FIELD_SERVICE, HOST);
    ask_document(&ask, KC_FIELD_REQUEST, request);
    bench_expect(r->service, &ask, KC_OK);
}

void roles_connect(struct roles *r, const char *rights)
{
    char witness[KC_UDF_ID_SIZE];
    char *connection = request_connection(r, witness);
    roles_enrol(r->administrator, "watch", r->device_profile);
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
const struct kc_record *device_key(const struct roles *r, uint8_t role, uint8_t use)
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

char *capability_id(struct roles *r, const char *account)
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
uint64_t roles_operate(struct roles *r, const char *capability, const struct sample_key *peer,
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
bool completes(struct roles *r, const char *capability, struct bench *bench, const char *share,
    const char *profile)
{
    uint8_t contribution[KC_POINT_SIZE_MAX], agreed[64], expected[KC_POINT_SIZE_MAX];
    struct sample_key peer = sample_key(KC_CURVE_X448, 77);
    struct kc_mesh_account account;
    struct kc_point whole;
    assert_int_equal(roles_operate(r, capability, &peer, contribution), 201);
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

bool decrypts(struct roles *r, const char *capability)
{
    return completes(r, capability, r->device, device_key(r, KC_ROLE_SHARE, KC_USE_AGREE)->id,
        r->account_profile);
}
