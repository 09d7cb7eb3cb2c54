/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/vault/service_case.h"

#include "custodian/mesh/verify.h"
#include "custodian/vault/mesh.h"
#include "proto/base64url.h"
#include "proto/signed_object.h"
#include "tests/mesh/operate_verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define GOOD(call) assert_int_equal(call, KC_OK)
#define TEXT_MAX ((size_t)100000)

/* --- the service --- */

static struct kc_udf seed_at(const char *path)
{
    struct kc_udf seed;
    const char *text = json_string_value(case_at(case_base, path));
    GOOD(kc_udf_parse_canonical((struct kc_span){(const uint8_t *)text, strlen(text)}, &seed));
    return seed;
}

/* As mesh-service-create does, with seeds that are known. */
static void import_service(struct bench *bench)
{
    struct kc_udf service = seed_at("service.seed"), host = seed_at("service.host.seed");
    struct kc_udf custodian = seed_at("service.host.custodian_seed");
    const struct kc_mesh_service_seeds seeds = {{service.data, service.data_size},
        {host.data, host.data_size}, {custodian.data, custodian.data_size}};
    struct kc_call *call;
    struct kc_record *staged;
    GOOD(kc_call_new_own(bench->vault, KC_OPERATION_MESH_SERVICE_CREATE, &call));
    GOOD(kc_call_stage_service(call, SERVICE, &seeds, &staged));
    call->wish = KC_WISH_COMMIT;
    kc_ledger_commit(call);
    kc_ledger_run(bench->vault);
    bench_pump(bench);
}

/* The vault started long before. */
static struct bench *service_new_at(uint64_t seconds)
{
    struct bench *bench = bench_new();
    bench->seconds = seconds;
    bench->config.operate = (struct kc_config_operate){.rate = 3600, .member_age_h = 24};
    bench_open(bench);
    import_service(bench);
    return bench;
}

struct bench *service_new(void)
{
    return service_new_at(CASE_NOW / 1000);
}

struct bench *service_with_shares_at(uint64_t seconds)
{
    struct bench *bench = service_new_at(seconds);
    service_expect(bench, KC_OPERATION_MESH_ACCOUNT_BIND, service_bind_request(bench, 0), KC_OK);
    service_expect(
        bench, KC_OPERATION_MESH_CAPABILITY_ACCEPT, service_accept_request(bench), KC_OK);
    return bench;
}

struct bench *service_with_shares(void)
{
    return service_with_shares_at(CASE_NOW / 1000);
}

int service_setup(void **state)
{
    *state = service_with_shares();
    return 0;
}

int service_teardown(void **state)
{
    bench_free(*state);
    return 0;
}

/* --- requests --- */

static void make_id(const struct bench *bench, int64_t shift_ms, char id[64])
{
    uint8_t octets[KC_REPLAY_ID_SIZE];
    uint64_t time_ms = bench->seconds * 1000 + (uint64_t)shift_ms;
    assert_int_equal(getrandom(octets, sizeof octets, 0), sizeof octets);
    for (size_t i = 0; i < 8; i++)
        octets[i] = (uint8_t)(time_ms >> (56 - 8 * i));
    kc_base64url_encode((struct kc_span){octets, sizeof octets}, id);
}

/* profile  enveloped; freed */
static char *bind_request(struct bench *bench, char *profile, int64_t shift_ms)
{
    char id[64], *payload = malloc(TEXT_MAX);
    make_id(bench, shift_ms, id);
    snprintf(payload, TEXT_MAX,
        "{\"BindRequest\":{\"ID\":\"%s\",\"Service\":\"%s\",\"AccountAddress\":\"%s\","
        "\"EnvelopedProfileAccount\":%s}}",
        id, SERVICE, ALICE, profile);
    char *request = case_seal(payload, CASE_PROFILE, NULL);
    free(profile);
    free(payload);
    return request;
}

char *service_bind_request(struct bench *bench, int64_t shift_ms)
{
    const json_t *profile = case_at(case_base, "account.ProfileUser");
    return bind_request(bench, json_dumps(profile, JSON_COMPACT), shift_ms);
}

char *service_bind_changed(struct bench *bench, const char *what, const char *with)
{
    static char profile[CASE_TEXT_MAX];
    case_payload_of("account.ProfileUser", profile);
    case_edit(profile, what, with);
    return bind_request(bench, case_seal(profile, CASE_PROFILE, NULL), 0);
}

char *service_bind_later(struct bench *bench, const char *updated, const char *encryption)
{
    static char profile[CASE_TEXT_MAX];
    char members[1000];
    case_payload_of("account.ProfileUser", profile);
    snprintf(members, sizeof members, "\"Updated\":\"%s\",\"AccountAddress\"", updated);
    case_edit(profile, "\"AccountAddress\"", members);
    if (encryption != NULL) {
        snprintf(members, sizeof members, "\"AccountEncryption\":%s,\"Former\"", encryption);
        case_edit(profile, "\"AccountEncryption\"", members);
    }
    return bind_request(bench, case_seal(profile, CASE_PROFILE, NULL), 0);
}

char *service_unbind_request(struct bench *bench, int64_t shift_ms)
{
    char id[64], payload[300];
    make_id(bench, shift_ms, id);
    snprintf(payload, sizeof payload,
        "{\"UnbindRequest\":{\"ID\":\"%s\",\"Service\":\"%s\",\"Account\":\"%s\"}}", id, SERVICE,
        ALICE);
    return case_seal(payload, CASE_ADMINISTRATOR, NULL);
}

char *service_transact(
    struct bench *bench, const char *updates, const char *signer, int64_t shift_ms)
{
    char id[64], *payload = malloc(TEXT_MAX);
    make_id(bench, shift_ms, id);
    snprintf(payload, TEXT_MAX,
        "{\"TransactRequest\":{\"ID\":\"%s\",\"Service\":\"%s\",\"Account\":\"%s\",\"Updates\":[%s]"
        "}}",
        id, SERVICE, ALICE, updates);
    char *request = case_seal(payload, signer, NULL);
    free(payload);
    return request;
}

char *service_entry(size_t index)
{
    return json_dumps(json_object_get(json_array_get(case_at(case_base, "access"), index), "entry"),
        JSON_COMPACT);
}

char *service_accept_request(struct bench *bench)
{
    char *updates = malloc(TEXT_MAX);
    size_t size =
        (size_t)snprintf(updates, TEXT_MAX, "{\"Container\":\"MMM_Access\",\"Envelopes\":[");
    for (size_t i = 0; i < json_array_size(case_at(case_base, "access")); i++) {
        char *entry = service_entry(i);
        size += (size_t)snprintf(updates + size, TEXT_MAX - size, "%s%s", i > 0 ? "," : "", entry);
        free(entry);
    }
    snprintf(updates + size, TEXT_MAX - size, "]}");
    char *request = service_transact(bench, updates, CASE_ADMINISTRATOR, 0);
    free(updates);
    return request;
}

char *service_delete_request(struct bench *bench, const char *store, const char *id)
{
    char meta[200], encoded[300], updates[600];
    snprintf(meta, sizeof meta, "{\"UniqueId\":\"%s\",\"Event\":\"Delete\"}", id);
    kc_base64url_encode((struct kc_span){(const uint8_t *)meta, strlen(meta)}, encoded);
    snprintf(updates, sizeof updates,
        "{\"Container\":\"%s\",\"Envelopes\":[[{\"ContentMetaData\":\"%s\"},\"\"]]}", store,
        encoded);
    return service_transact(bench, updates, CASE_ADMINISTRATOR, 0);
}

char *service_flow(struct bench *bench, const char *flow, int64_t shift_ms)
{
    static char payload[CASE_TEXT_MAX];
    char id[64], *manifest = case_manifest();
    make_id(bench, shift_ms, id);
    case_payload(flow, payload);
    char *place = strstr(payload, "\"ID\":\"");
    assert_non_null(place);
    memcpy(place + 6, id, strlen(id)); /* as long as the one that stood there */
    char *request = case_seal(payload, CASE_DEVICE, manifest);
    free(manifest);
    return request;
}

char *service_operations(
    struct bench *bench, const char *operations, const char *connection, const char *also)
{
    static char payload[CASE_TEXT_MAX];
    char id[64], *manifest = connection != NULL ? strdup(connection) : case_manifest();
    struct kc_key device = case_key(CASE_DEVICE), other;
    if (also != NULL)
        other = case_key(also);
    make_id(bench, 0, id);
    snprintf(payload, sizeof payload,
        "{\"OperateRequest\":{\"ID\":\"%s\",\"Service\":\"%s\",\"AccountAddress\":\"%s\","
        "\"Operations\":%s}}",
        id, SERVICE, ALICE, operations);
    char *request = case_seal_also(payload, &device, manifest, also != NULL ? &other : NULL);
    free(manifest);
    return request;
}

/* --- asking --- */

struct answer *service_ask(struct bench *bench, enum kc_operation operation, char *request)
{
    struct ask ask = ask_new(operation);
    ask_text(&ask, KC_FIELD_SERVICE, SERVICE);
    ask_octets(&ask, KC_FIELD_REQUEST, request, strlen(request));
    struct answer *answer = bench_ask(bench, &ask);
    free(request);
    return answer;
}

void service_expect(
    struct bench *bench, enum kc_operation operation, char *request, enum kc_error error)
{
    struct answer *answer = service_ask(bench, operation, request);
    assert_string_equal(kc_error_name(answer->error), kc_error_name(error));
    answer_done(answer);
}

static struct kc_operate_answer as_answer(const struct answer *answer)
{
    struct kc_span text = answer_value(answer, KC_FIELD_RESPONSE)->span;
    struct kc_operate_answer given = {
        .status = (int)answer_value(answer, KC_FIELD_STATUS)->number, .size = text.size};
    given.text = malloc(text.size + 1);
    memcpy(given.text, text.bytes, text.size);
    given.text[text.size] = '\0';
    return given;
}

/* The status; *results are given. */
static int operate(struct bench *bench, char *request, json_t **results)
{
    char *copy = strdup(request);
    struct answer *answer = service_ask(bench, KC_OPERATION_MESH_OPERATE, request);
    struct kc_operate_answer given = as_answer(answer);
    const char *wrong = operate_verify(
        &case_service, (struct kc_span){(const uint8_t *)copy, strlen(copy)}, &given, results);
    int status = given.status;
    if (wrong != NULL && status == 201)
        fail_msg("%s", wrong);
    kc_operate_answer_done(&given);
    answer_done(answer);
    free(copy);
    return status;
}

int service_operate(struct bench *bench, char *request)
{
    json_t *results = NULL;
    int status = operate(bench, request, &results);
    json_decref(results);
    return status;
}

json_t *service_results(struct bench *bench, char *request)
{
    json_t *results = NULL;
    assert_int_equal(operate(bench, request, &results), 201);
    return results;
}

bool service_refuses(struct bench *bench, char *request)
{
    json_t *results = NULL;
    int status = operate(bench, request, &results);
    bool refuses =
        status == 201 && json_object_get(json_array_get(results, 0), "CryptographicResult") != NULL;
    json_decref(results);
    return refuses;
}

json_t *service_opened(const struct answer *answer)
{
    struct kc_signed_object opened;
    struct kc_span text = answer_value(answer, KC_FIELD_RESPONSE)->span;
    GOOD(kc_signed_object_open(
        text, text.size, KC_OBJECT_NONE, &case_service.response_public, kc_mesh_verify, &opened));
    json_t *payload =
        json_loadb((const char *)opened.envelope->body, opened.envelope->body_size, 0, NULL);
    kc_signed_object_done(&opened);
    assert_non_null(payload);
    return payload;
}
