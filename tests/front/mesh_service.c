/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/front/mesh_client.h"
#include "tests/support/cmocka.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define GOOD(call) assert_int_equal(call, KC_OK)
#define FRONT_USER 64810
#define DEADLINE_MS 20000

/* --- the custodian --- */

/* The rule that docs/mesh.md has for a front end. */
static const char rule[] =
    ", { name = \"mesh\"; users = [ \"%d\" ]; keyrings = [ \"front\" ]; roles = [ \"application\" "
    "];"
    " operations = [ \"key-sign\" ]; },"
    " { name = \"mesh-service\"; users = [ \"%d\" ]; keyrings = [ \"*\" ];"
    " operations = [ \"mesh-service-show\", \"mesh-host-sign\", \"mesh-account-bind\","
    " \"mesh-account-unbind\", \"mesh-capability-accept\", \"mesh-capability-revoke\","
    " \"mesh-device-revoke\", \"mesh-operate\" ]; } );\n";

/* Puts more rules behind those of the test's custodian. */
static void allow_front(struct kc_custodian *custodian, const char *settings)
{
    static char text[65536];
    FILE *file = fopen(custodian->config, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    char *end = strrchr(text, ')');
    assert_non_null(end);
    *end = '\0';
    kc_custodian_stop(custodian);
    file = fopen(custodian->config, "w");
    assert_non_null(file);
    fputs(text, file);
    int user = geteuid() == 0 ? FRONT_USER : (int)geteuid();
    fprintf(file, rule, user, user);
    fprintf(file, "%s\n", settings);
    fclose(file);
    kc_custodian_start(custodian);
}

static struct kc_client_answer *call(
    const struct mesh_service *service, struct kc_client_request *request)
{
    struct kc_client_answer *answer = NULL;
    GOOD(kc_client_call(service->owner, request, DEADLINE_MS, &answer));
    kc_client_request_done(request);
    return answer;
}

static void copy_text(char *text, size_t room, struct kc_span span)
{
    assert_true(span.size < room);
    memcpy(text, span.bytes, span.size);
    text[span.size] = '\0';
}

/* --- the certificate, signed by the custodian itself --- */

static int sign_certificate(gnutls_privkey_t key, gnutls_sign_algorithm_t algorithm, void *context,
    unsigned flags, const gnutls_datum_t *data, gnutls_datum_t *signature)
{
    const struct mesh_service *service = context;
    struct kc_client_request request;
    (void)key;
    (void)algorithm;
    (void)flags;
    kc_client_request_init(&request, KC_OPERATION_KEY_SIGN);
    kc_values_set_text(&request.message.values, KC_FIELD_KEY, service->tls_key);
    GOOD(kc_client_request_data(
        &request, &request.message.values, KC_FIELD_MESSAGE, data->data, data->size));
    struct kc_client_answer *answer = call(service, &request);
    struct kc_span made = kc_client_answer_message(answer)->values.value[KC_FIELD_SIGNATURE].span;
    signature->data = gnutls_malloc(made.size);
    signature->size = (unsigned)made.size;
    memcpy(signature->data, made.bytes, made.size);
    kc_client_answer_free(answer);
    return 0;
}

static int tell_key(gnutls_privkey_t key, unsigned flags, void *context)
{
    (void)key;
    (void)context;
    if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO)
        return GNUTLS_PK_EDDSA_ED25519;
    if (flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO)
        return GNUTLS_FLAGS_TO_SIGN_ALGO(flags) == GNUTLS_SIGN_EDDSA_ED25519;
    return flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS ? 256 : -1;
}

static void write_certificate(struct mesh_service *service, struct kc_span public)
{
    gnutls_x509_crt_t certificate;
    gnutls_pubkey_t key;
    gnutls_privkey_t private;
    gnutls_datum_t pem, x = {(uint8_t *)(uintptr_t) public.bytes, (unsigned)public.size};
    assert_int_equal(gnutls_pubkey_init(&key), 0);
    assert_int_equal(gnutls_pubkey_import_ecc_raw(key, GNUTLS_ECC_CURVE_ED25519, &x, NULL), 0);
    assert_int_equal(gnutls_privkey_init(&private), 0);
    assert_int_equal(gnutls_privkey_import_ext4(
                         private, service, sign_certificate, NULL, NULL, NULL, tell_key, 0),
        0);
    assert_int_equal(gnutls_x509_crt_init(&certificate), 0);
    gnutls_x509_crt_set_version(certificate, 3);
    gnutls_x509_crt_set_serial(certificate, "\1", 1);
    gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, "localhost", 9);
    gnutls_x509_crt_set_subject_alt_name(
        certificate, GNUTLS_SAN_DNSNAME, "localhost", 9, GNUTLS_FSAN_SET);
    gnutls_x509_crt_set_activation_time(certificate, time(NULL) - 3600);
    gnutls_x509_crt_set_expiration_time(certificate, time(NULL) + 86400);
    assert_int_equal(gnutls_x509_crt_set_pubkey(certificate, key), 0);
    assert_int_equal(
        gnutls_x509_crt_privkey_sign(certificate, certificate, private, GNUTLS_DIG_SHA512, 0), 0);
    assert_int_equal(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &pem), 0);
    FILE *file = fopen(service->front.certificate, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(pem.data, 1, pem.size, file), pem.size);
    fclose(file);
    gnutls_free(pem.data);
    gnutls_x509_crt_deinit(certificate);
    gnutls_privkey_deinit(private);
    gnutls_pubkey_deinit(key);
}

static void make_tls_key(struct mesh_service *service)
{
    struct kc_client_request request;
    kc_client_request_init(&request, KC_OPERATION_KEY_GENERATE);
    kc_values_set_text(&request.message.values, KC_FIELD_ALGORITHM, "Ed25519");
    kc_values_set_text(&request.message.values, KC_FIELD_KEYRING, "front");
    kc_values_set_text(&request.message.values, KC_FIELD_LABEL, "tls");
    struct kc_client_answer *answer = call(service, &request);
    const struct kc_values *values = &kc_client_answer_message(answer)->values;
    copy_text(service->tls_key, sizeof service->tls_key, values->value[KC_FIELD_KEY].span);
    write_certificate(service, values->value[KC_FIELD_PUBLIC].span);
    kc_client_answer_free(answer);
}

/* --- the service's documents --- */

static void read_connection(
    struct mesh_service *service, struct kc_span text, const struct kc_public_key *signer)
{
    struct kc_signed_object opened;
    GOOD(kc_signed_object_open(
        text, text.size, KC_OBJECT_ConnectionHost, signer, kc_mesh_verify, &opened));
    GOOD(kc_object_key(&opened.object, "Signature", &service->host));
    GOOD(kc_object_key(&opened.object, "CustodianSignature", &service->vault));
    kc_signed_object_done(&opened);
}

static void create_service(struct mesh_service *service)
{
    struct kc_client_request request;
    struct kc_mesh_provider provider;
    kc_client_request_init(&request, KC_OPERATION_MESH_SERVICE_CREATE);
    kc_values_set_text(&request.message.values, KC_FIELD_SERVICE, ADMIN_SERVICE);
    struct kc_client_answer *answer = call(service, &request);
    const struct kc_message *message = kc_client_answer_message(answer);
    copy_text(service->udf, sizeof service->udf, message->values.value[KC_FIELD_KEY].span);
    for (size_t i = 0; i < message->item_count; i++) {
        struct kc_span document = message->items[i].value[KC_FIELD_DOCUMENT].span;
        if (!kc_values_text_is(&message->items[i], KC_FIELD_LABEL, "ProfileService"))
            continue;
        service->profile_service = calloc(1, document.size + 1);
        assert_non_null(service->profile_service);
        memcpy(service->profile_service, document.bytes, document.size);
    }
    assert_non_null(service->profile_service);
    GOOD(kc_mesh_provider_read(admin_span(service->profile_service), service->udf,
        (struct kc_span){NULL, 0}, ADMIN_ADDRESS, &provider));
    for (size_t i = 0; i < message->item_count; i++)
        if (kc_values_text_is(&message->items[i], KC_FIELD_LABEL, "ConnectionHost"))
            read_connection(
                service, message->items[i].value[KC_FIELD_DOCUMENT].span, &provider.signature);
    kc_client_answer_free(answer);
}

void mesh_service_start(struct mesh_service *service, const char *limits, const char *settings)
{
    memset(service, 0, sizeof *service);
    kc_custodian_init(&service->custodian, "\"front\"");
    allow_front(&service->custodian, settings);
    GOOD(kc_client_new(service->custodian.socket, &service->owner));
    mesh_front_init(&service->front);
    make_tls_key(service);
    create_service(service);
    mesh_front_start(&service->front, service->custodian.socket, service->tls_key, limits);
}

void mesh_service_done(struct mesh_service *service)
{
    kc_client_free(service->owner);
    mesh_front_done(&service->front);
    kc_custodian_done(&service->custodian);
    free(service->profile_service);
}

void mesh_service_stop_custodian(struct mesh_service *service)
{
    kc_client_free(service->owner);
    service->owner = NULL;
    kc_custodian_stop(&service->custodian);
}

void mesh_service_start_custodian(struct mesh_service *service)
{
    kc_custodian_start(&service->custodian);
    GOOD(kc_client_new(service->custodian.socket, &service->owner));
}

void mesh_service_restart_front(struct mesh_service *service, bool in_order)
{
    if (in_order)
        assert_int_equal(mesh_front_stop(&service->front), 0);
    else
        mesh_front_kill(&service->front);
    mesh_front_start(&service->front, service->custodian.socket, service->tls_key, "rate = 0;");
}
