/* SPDX-License-Identifier: Apache-2.0 */
/* What the operator of a Mesh service does, against a real daemon; what its front end brings is brought
 * here over the socket. */
#include "custodian/mesh/replay.h"
#include "custodian/mesh/verify.h"
#include "proto/signed_object.h"
#include "proto/socket/client.h"
#include "tests/mesh/admin_case.h"
#include "tests/support/cmocka.h"
#include "tests/support/custodian.h"
#include "tests/support/shell.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define GOOD(call) assert_int_equal(call, KC_OK)
#define FILE_MAX ((size_t)1 << 18)
#define SERVED "--service-profile service --host example.com -p pin"

static struct kc_custodian custodian;
static struct kc_client *front;
static struct admin_case *c;
static struct kc_public_key custodian_key;

static void file_write(const char *name, const void *octets, size_t size)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(octets, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* Given: free. */
static char *file_read(const char *name)
{
    char *text = calloc(1, FILE_MAX);
    FILE *file = fopen(name, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, FILE_MAX - 1, file) > 0);
    assert_int_equal(fclose(file), 0);
    return text;
}

static int start(void **state)
{
    (void)state;
    kc_custodian_init(&custodian, "\"device\"");
    kc_shell_init();
    kc_shell_define_custodian("C", custodian.socket);
    GOOD(kc_client_new(custodian.socket, &front));
    HOLDS("umask 077; printf 12345678 > pin");
    HOLDS("C operator pin --new-pin-file pin");
    c = admin_case_new();
    file_write("device", c->device_text, strlen(c->device_text));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    admin_case_free(c);
    kc_client_free(front);
    kc_shell_done();
    kc_custodian_done(&custodian);
    return 0;
}

/* Brings a request in a file; a document that is answered goes into another. */
static enum kc_error bring(enum kc_operation operation, const char *name, const char *document)
{
    struct kc_client_request request;
    struct kc_client_answer *answer;
    uint8_t *text = malloc(FILE_MAX);
    FILE *file = fopen(name, "r");
    assert_non_null(file);
    size_t size = fread(text, 1, FILE_MAX, file);
    assert_int_equal(fclose(file), 0);
    kc_client_request_init(&request, operation);
    kc_values_set_text(&request.message.values, KC_FIELD_SERVICE, "example.com");
    GOOD(kc_client_request_data(&request, &request.message.values, KC_FIELD_REQUEST, text, size));
    enum kc_error error = kc_client_call(front, &request, 30000, &answer);
    if (error == KC_OK && document != NULL) {
        GOOD(kc_client_answer_data(answer, &kc_client_answer_message(answer)->values,
            KC_FIELD_DOCUMENT, text, FILE_MAX, &size));
        file_write(document, text, size);
    }
    kc_client_answer_free(answer);
    kc_client_request_done(&request);
    free(text);
    return error;
}

/* --- the device's requests --- */

#define IN_FLIGHT 32

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* An agreement by the device's share with the service's, signed; given: free. */
static char *agreement(const struct admin_device *device)
{
    static uint8_t room[4096];
    uint8_t id[KC_REPLAY_ID_SIZE], point[KC_POINT_SIZE_MAX];
    struct sample_key signer = {.pair = device->signature};
    struct kc_object_writer w;
    uint64_t time_ms = now_ms();
    assert_int_equal(getrandom(id, sizeof id, 0), sizeof id);
    for (size_t i = 0; i < 8; i++)
        id[i] = (uint8_t)(time_ms >> (8 * (7 - i)));
    kc_point_encode(&device->encryption.public, point);
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_OperateRequest);
    kc_object_write_octets(&w, "ID", (struct kc_span){id, sizeof id});
    kc_object_write_text(&w, "Service", "example.com");
    kc_object_write_text(&w, "AccountAddress", "alice@example.com");
    kc_object_write_list(&w, "Operations");
    kc_object_write_tagged(&w, NULL, KC_OBJECT_CryptographicOperationKeyAgreement);
    kc_object_write_text(&w, "KeyId", device->decrypt.service_id);
    kc_object_write_tagged(&w, "PublicKey", KC_OBJECT_PublicKeyECDH);
    kc_object_write_text(&w, "crv", "X448");
    kc_object_write_octets(&w, "Public", (struct kc_span){point, 57});
    for (size_t i = 0; i < 4; i++)
        kc_object_write_end(&w);
    GOOD(kc_mesh_public_key(&device->signature.public, &signer.public));
    return (char *)(uintptr_t)sample_envelope(&w, &signer, admin_span(device->connection)).bytes;
}

static uint64_t send_agreement(const struct admin_device *device)
{
    struct kc_client_request request;
    uint64_t id;
    char *text = agreement(device);
    kc_client_request_init(&request, KC_OPERATION_MESH_OPERATE);
    kc_values_set_text(&request.message.values, KC_FIELD_SERVICE, "example.com");
    GOOD(kc_client_request_data(
        &request, &request.message.values, KC_FIELD_REQUEST, text, strlen(text)));
    GOOD(kc_client_send(front, &request, 30000, &id));
    kc_client_request_done(&request);
    free(text);
    return id;
}

/* Whether a request was answered with a contribution. */
static bool was_given(uint64_t id)
{
    struct kc_client_answer *answer;
    struct kc_signed_object opened;
    enum kc_error error = kc_client_receive(front, id, 30000, &answer);
    if (error == KC_ERR_REFUSED) { /* revoked while it was computed */
        kc_client_answer_free(answer);
        return false;
    }
    GOOD(error);
    const struct kc_values *values = &kc_client_answer_message(answer)->values;
    assert_int_equal(values->value[KC_FIELD_STATUS].number, 201);
    struct kc_span text = values->value[KC_FIELD_RESPONSE].span;
    GOOD(kc_signed_object_open(
        text, text.size, KC_OBJECT_OperateResponse, &custodian_key, kc_mesh_verify, &opened));
    struct kc_object result = kc_object_item(kc_object_member(&opened.object, "Results"), 0);
    bool given = result.type == KC_OBJECT_CryptographicResultKeyAgreement;
    kc_signed_object_done(&opened);
    kc_client_answer_free(answer);
    return given;
}

/* The device as its administrator made it, and what the service shows of itself. */
static void load_keys(struct admin_device *device)
{
    struct kc_signed_object opened;
    struct kc_public_key signer;
    char *text = file_read("alice");
    GOOD(kc_mesh_account_read(admin_span(text), NULL, &c->account));
    c->administrator.public = c->account.administrator;
    free(text);
    text = file_read("entry");
    admin_activate(c, text, device);
    free(text);
    HOLDS("C mesh service show example.com --json > documents");
    json_t *documents = json_load_file("documents", 0, NULL);
    char *host = json_dumps(json_object_get(documents, "ConnectionHost"), JSON_COMPACT);
    char *profile = json_dumps(json_object_get(documents, "ProfileService"), JSON_COMPACT);
    GOOD(kc_signed_object_open_profile(admin_span(profile), strlen(profile),
        KC_OBJECT_ProfileService, NULL, kc_mesh_verify, &opened, NULL));
    GOOD(kc_object_key(&opened.object, "ServiceSignature", &signer));
    kc_signed_object_done(&opened);
    GOOD(kc_signed_object_open(admin_span(host), strlen(host), KC_OBJECT_ConnectionHost, &signer,
        kc_mesh_verify, &opened));
    GOOD(kc_object_key(&opened.object, "CustodianSignature", &custodian_key));
    kc_signed_object_done(&opened);
    json_decref(documents);
    free(host);
    free(profile);
}

/* What was asked before the revocation may be answered; what is asked after it was acknowledged is
 * not, and that takes less than a second though others are in flight. */
static void check_revocation(const struct admin_device *device)
{
    uint64_t ids[IN_FLIGHT];
    char line[300];
    assert_true(was_given(send_agreement(device)));
    for (size_t i = 0; i < IN_FLIGHT; i++)
        ids[i] = send_agreement(device);
    snprintf(line, sizeof line, "C mesh capability revoke $(cat udf) %s --yes",
        device->decrypt.service_id);
    uint64_t start = now_ms();
    HOLDS(line);
    uint64_t took = now_ms() - start, after = send_agreement(device);
    assert_false(was_given(after));
    assert_true(took < 1000);
    for (size_t i = 0; i < IN_FLIGHT; i++)
        (void)was_given(ids[i]);
    snprintf(line, sizeof line, "C mesh capability list | grep %s | grep destroyed",
        device->decrypt.service_id);
    HOLDS(line);
}

static void a_service_is_made_serves_an_account_and_takes_away(void **state)
{
    (void)state;
    HOLDS("C mesh service create Example.COM -o service | grep 'example.com'");
    SAYS(4, "exists", "C mesh service create example.com");
    HOLDS("C mesh service show example.com --json | grep -q CustodianSignature || "
          "C mesh service show example.com --json | grep ConnectionHost");
    HOLDS("C mesh account create alice@example.com -l alice " SERVED
          " -o alice --request bind --json | sed -n 's/.*\"account_udf\": "
          "*\"\\([^\"]*\\)\".*/\\1/p' > udf");
    GOOD(bring(KC_OPERATION_MESH_ACCOUNT_BIND, "bind", "assignment"));
    HOLDS("C mesh account list | grep alice@example.com");
    HOLDS("C mesh account show Alice@example.com --host example.com | grep \"$(cat udf)\"");
    HOLDS("C recipient profile watch device -p pin");
    HOLDS("C mesh account activate $(cat udf) device -R watch --rights"
          " encryption=threshold,signature=threshold --assignment assignment " SERVED
          " -o entry --request transact");
    /* a service takes one update for a container */
    HOLDS("sed 's/^[^}]*},\"\\([^\"]*\\)\".*/\\1/' transact | tr '_-' '/+' | base64 -d 2> none |"
          " grep -o '\"Container\":\"MMM_Access\"' | wc -l | grep -x 1");
    GOOD(bring(KC_OPERATION_MESH_CAPABILITY_ACCEPT, "transact", NULL));
    GOOD(bring(KC_OPERATION_MESH_CAPABILITY_ACCEPT, "transact", NULL));
    HOLDS("C mesh capability list $(cat udf) | grep CapabilitySign");
    HOLDS("C mesh capability list --json | grep -c CapabilityDecryptServiced | grep -x 1");
    struct admin_device device;
    load_keys(&device);
    SAYS(2, "--yes", "C mesh capability revoke $(cat udf) N");
    check_revocation(&device);
    admin_device_done(&device);
    assert_int_equal(bring(KC_OPERATION_MESH_CAPABILITY_ACCEPT, "transact", NULL), KC_ERR_REFUSED);
    HOLDS("C mesh device revoke $(cat udf) MAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA --yes");
    SAYS(2, "bad-request",
        "echo '{}' > nothing; C mesh operate nothing --host example.com -o response > told");
    HOLDS("grep -q 400 told && grep -q signatures response");
    SAYS(2, "signature-invalid",
        "echo '{\"OperateRequest\":{}}' > bare; C mesh operate bare --host example.com");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_is_made_serves_an_account_and_takes_away),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
