/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/mesh/admin_case.h"

#include "custodian/mesh/key_document.h"
#include "custodian/mesh/seed.h"
#include "tests/support/cmocka.h"
#include "threshold/agreement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

static char *signed_text(const struct admin_case *c, struct kc_object_writer *w, const char *type,
    const struct kc_key *signer)
{
    char *text;
    size_t size;
    GOOD(kc_object_writer_finish(w));
    struct kc_mesh_letter letter = {
        .payload = {w->json.out.bytes, w->json.out.size}, .type = type, .signer = signer};
    GOOD(kc_mesh_envelope_make(&c->source, &letter, &text, &size));
    return text;
}

char *admin_profile_device(const struct sample_key *profile, const struct kc_public_key *encryption,
    const struct kc_public_key *signature, const struct kc_public_key *authentication,
    const struct sample_key *signer)
{
    uint8_t room[4096];
    struct kc_object_writer w;
    struct admin_case made = {.source = sample_source()};
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_ProfileDevice);
    kc_mesh_write_public(&w, "ProfileSignature", &profile->public);
    if (encryption != NULL)
        kc_mesh_write_public(&w, "Encryption", encryption);
    if (signature != NULL)
        kc_mesh_write_public(&w, "Signature", signature);
    if (authentication != NULL)
        kc_mesh_write_public(&w, "Authentication", authentication);
    kc_object_write_end(&w);
    return signed_text(&made, &w, "ProfileDevice", &signer->pair);
}

char *admin_profile_service(const struct admin_case *c)
{
    uint8_t room[4096];
    struct kc_object_writer w;
    kc_object_writer_init(&w, room, sizeof room);
    kc_object_write_tagged(&w, NULL, KC_OBJECT_ProfileService);
    kc_mesh_write_public(&w, "ProfileSignature", &c->service_profile.public);
    kc_mesh_write_public(&w, "ServiceEncryption", &c->service_encryption.public);
    kc_mesh_write_public(&w, "ServiceSignature", &c->service_signature.public);
    kc_object_write_end(&w);
    return signed_text(c, &w, "ProfileService", &c->service_profile.pair);
}

static void keys_make(struct admin_case *c)
{
    struct sample_key *signing[] = {&c->profile, &c->administrator, &c->signature,
        &c->device_profile, &c->device_signature, &c->service_profile, &c->service_signature,
        &c->response};
    struct sample_key *agreeing[] = {&c->encryption, &c->authentication, &c->escrow, &c->store,
        &c->device_encryption, &c->device_authentication, &c->service_encryption};
    for (size_t i = 0; i < sizeof signing / sizeof *signing; i++)
        *signing[i] = sample_key(KC_CURVE_ED448, (uint8_t)(1 + i));
    for (size_t i = 0; i < sizeof agreeing / sizeof *agreeing; i++)
        *agreeing[i] = sample_key(KC_CURVE_X448, (uint8_t)(1 + i));
}

struct admin_case *admin_case_new(void)
{
    size_t size;
    struct admin_case *c = calloc(1, sizeof *c);
    assert_non_null(c);
    c->source = sample_source();
    keys_make(c);
    struct kc_mesh_account_keys keys = {&c->profile.pair, &c->administrator.pair,
        &c->encryption.pair, &c->authentication.pair, &c->signature.pair, &c->escrow.pair};
    GOOD(kc_mesh_profile_make(&c->source, false, &keys, ADMIN_ADDRESS,
        c->service_profile.public.udf, &c->account_text, &size));
    GOOD(kc_mesh_account_read(
        admin_span(c->account_text), c->service_profile.public.udf, &c->account));
    c->device_text = admin_profile_device(&c->device_profile, &c->device_encryption.public,
        &c->device_signature.public, &c->device_authentication.public, &c->device_profile);
    GOOD(kc_mesh_device_read(admin_span(c->device_text), c->device_profile.public.udf, &c->device));
    c->service_text = admin_profile_service(c);
    GOOD(kc_mesh_provider_read(admin_span(c->service_text), c->service_profile.public.udf,
        (struct kc_span){NULL, 0}, c->account.address, &c->provider));
    return c;
}

void admin_case_free(struct admin_case *c)
{
    free(c->account_text);
    free(c->device_text);
    free(c->service_text);
    free(c);
}

struct kc_mesh_connecting admin_connecting(
    const struct admin_case *c, const char *rights, struct kc_mesh_rights *read)
{
    GOOD(kc_mesh_rights_read(admin_span(rights), read));
    for (size_t i = 0; i < read->store_count; i++)
        read->stores[i].key = &c->store.pair;
    return (struct kc_mesh_connecting){.account = &c->account,
        .account_profile = admin_span(c->account_text),
        .device = &c->device,
        .device_profile = admin_span(c->device_text),
        .rights = read,
        .keys = {&c->profile.pair, &c->administrator.pair, &c->encryption.pair,
            &c->authentication.pair, &c->signature.pair},
        .provider = &c->provider,
        .service_address = ADMIN_SERVICE,
        .epoch = 1};
}

/* --- reading --- */

static void seed_unwrap(const struct kc_dare_envelope *envelope, const struct kc_key *key,
    uint8_t seed[KC_DARE_SEED_SIZE])
{
    uint8_t agreed[KC_POINT_SIZE_MAX];
    struct kc_point ephemeral;
    struct kc_public_key public;
    const struct kc_dare_recipient *entry = &envelope->recipients[0];
    GOOD(kc_mesh_public_key(&key->public, &public));
    assert_int_equal(envelope->recipient_count, 1);
    assert_string_equal(entry->kid, public.udf);
    GOOD(kc_point_decode(&ephemeral, key->scalar.curve, entry->ephemeral, entry->ephemeral_size));
    GOOD(kc_agreement_agree(agreed, &key->scalar, &ephemeral));
    GOOD(kc_dare_unwrap_agreed(
        (struct kc_span){agreed, kc_curve_info(key->scalar.curve)->agreed_size}, entry->wrapped,
        seed));
}

struct kc_object admin_open(struct kc_span text, const struct kc_public_key *signer,
    const struct kc_key *key, enum kc_object_type type, uint8_t **octets,
    struct kc_json_document *document)
{
    const struct kc_dare_signature *signature;
    uint8_t seed[KC_DARE_SEED_SIZE];
    struct kc_object object;
    size_t size;
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    assert_non_null(envelope);
    GOOD(kc_dare_envelope_read(text, envelope));
    GOOD(kc_dare_envelope_verify(envelope, signer, kc_mesh_verify, &signature));
    seed_unwrap(envelope, key, seed);
    *octets = malloc(envelope->body_size);
    assert_non_null(*octets);
    GOOD(kc_dare_envelope_decrypt(envelope, signature, seed, *octets, &size));
    kc_dare_envelope_done(envelope);
    free(envelope);
    GOOD(kc_object_parse((struct kc_span){*octets, size}, size, type, document, &object, NULL));
    return object;
}

/* --- the device --- */

static void compose(const struct kc_udf *seed, const char *name, const struct sample_key *base,
    const struct kc_object *connection, const char *field, struct kc_key *composite)
{
    struct kc_public_key said, own;
    struct kc_key parts[2] = {base->pair};
    GOOD(kc_mesh_seed_key((struct kc_span){seed->data, seed->data_size}, KC_CURVE_ED448,
        KC_DERIVATION_CURRENT, name, &parts[1]));
    GOOD(kc_key_compose(composite, parts, 2));
    GOOD(kc_mesh_public_key(&composite->public, &own));
    GOOD(kc_object_key(connection, field, &said));
    assert_true(kc_public_key_equal(&said, &own));
}

static void scalar_read(
    const struct kc_object *key, const char *algorithm, struct kc_scalar *scalar)
{
    uint8_t octets[KC_SCALAR_SIZE_MAX];
    size_t size = sizeof octets;
    char crv[16], expected[16];
    const struct kc_curve_info *info = kc_curve_by_name(algorithm, strlen(algorithm));
    GOOD(kc_json_text(kc_object_member(key, "crv"), crv, sizeof crv));
    snprintf(expected, sizeof expected, "%sz", algorithm);
    assert_string_equal(crv, expected);
    GOOD(kc_json_octets(kc_object_member(key, "Private"), octets, &size));
    GOOD(kc_scalar_decode(scalar, info->curve, octets, size));
}

static bool share_read(
    const struct kc_object *activation, const char *field, struct admin_share *share)
{
    struct kc_object key_data = kc_object_inner(activation, field);
    struct kc_object private = kc_object_inner(&key_data, "PrivateParameters");
    if (private.type != KC_OBJECT_KeyShare)
        return false;
    struct kc_object inner = kc_object_inner(&private, "Share");
    GOOD(kc_object_key(activation, field, &share->own));
    scalar_read(&inner, share->own.algorithm, &share->share);
    GOOD(kc_json_text(
        kc_object_member(&private, "ServiceId"), share->service_id, sizeof share->service_id));
    return true;
}

static void account_keys_read(const struct kc_object *activation, struct admin_device *device)
{
    struct kc_object key = kc_object_inner(activation, "AdministratorSignature");
    device->has_administrator = key.type != KC_OBJECT_NONE;
    if (device->has_administrator) {
        struct kc_object private = kc_object_inner(&key, "PrivateParameters");
        scalar_read(&private, "Ed448", &device->administrator);
    }
    device->has_decrypt = share_read(activation, "AccountEncryption", &device->decrypt);
    device->has_sign = share_read(activation, "AccountSignature", &device->sign);
    device->store_count = kc_json_count(kc_object_member(activation, "Entries"));
}

static char *text_of(struct kc_json value)
{
    struct kc_span source = kc_json_source(value);
    char *text = malloc(source.size + 1);
    assert_non_null(text);
    memcpy(text, source.bytes, source.size);
    text[source.size] = '\0';
    return text;
}

static void composites_read(
    const struct admin_case *c, const struct kc_object *cataloged, struct admin_device *device)
{
    uint8_t *octets;
    char text[KC_UDF_TEXT_SIZE];
    struct kc_udf seed;
    struct kc_json_document document;
    struct kc_signed_object connection;
    struct kc_span activation =
        kc_json_source(kc_object_member(cataloged, "EnvelopedActivationDevice"));
    GOOD(kc_signed_object_open(admin_span(device->connection), 1 << 16, KC_OBJECT_ConnectionDevice,
        &c->administrator.public, kc_mesh_verify, &connection));
    struct kc_object object = admin_open(activation, &c->administrator.public,
        &c->device_encryption.pair, KC_OBJECT_ActivationDevice, &octets, &document);
    assert_true(kc_json_is_text(kc_object_member(&object, "AccountUdf"), c->account.udf));
    GOOD(kc_json_text(kc_object_member(&object, "ActivationKey"), text, sizeof text));
    GOOD(kc_udf_parse_canonical(admin_span(text), &seed));
    assert_int_equal(seed.type, KC_UDF_SEED);
    compose(&seed, "ActivationDeviceSign", &c->device_signature, &connection.object, "Signature",
        &device->signature);
    compose(&seed, "ActivationDeviceEncrypt", &c->device_encryption, &connection.object,
        "Encryption", &device->encryption);
    compose(&seed, "ActivationDeviceAuthenticate", &c->device_authentication, &connection.object,
        "Authentication", &device->authentication);
    kc_json_done(&document);
    free(octets);
    kc_signed_object_done(&connection);
}

void admin_activate(const struct admin_case *c, const char *cataloged, struct admin_device *device)
{
    uint8_t *octets;
    struct kc_json_document document;
    struct kc_signed_object opened;
    memset(device, 0, sizeof *device);
    GOOD(kc_signed_object_open(admin_span(cataloged), 1 << 17, KC_OBJECT_CatalogedDevice,
        &c->administrator.public, kc_mesh_verify, &opened));
    device->connection = text_of(kc_object_member(&opened.object, "EnvelopedConnectionDevice"));
    composites_read(c, &opened.object, device);
    struct kc_object activation =
        admin_open(kc_json_source(kc_object_member(&opened.object, "EnvelopedActivationAccount")),
            &c->administrator.public, &device->encryption, KC_OBJECT_ActivationAccount, &octets,
            &document);
    account_keys_read(&activation, device);
    kc_json_done(&document);
    free(octets);
    kc_signed_object_done(&opened);
}

void admin_device_done(struct admin_device *device)
{
    free(device->connection);
}

/* --- the service --- */

static const struct kc_mesh_account *find_account(void *context, const char *address)
{
    const struct admin_service *service = context;
    return strcmp(service->account->address, address) == 0 ? service->account : NULL;
}

static const struct kc_mesh_capability *find_capability(void *context, const char *id)
{
    struct admin_service *service = context;
    for (size_t i = 0; i < service->capability_count; i++)
        if (strcmp(service->capabilities[i].id, id) == 0)
            return &service->capabilities[i];
    return NULL;
}

static bool nobody_is_revoked(void *context, const char *account_udf, const char *udf)
{
    (void)context;
    (void)account_udf;
    (void)udf;
    return false;
}

static bool no_limit(void *context, const struct kc_mesh_capability *capability)
{
    (void)context;
    (void)capability;
    return true;
}

struct admin_service *admin_service_new(
    const struct admin_case *c, const struct kc_mesh_account *account)
{
    struct admin_service *service = calloc(1, sizeof *service);
    assert_non_null(service);
    service->c = c;
    service->account = account;
    service->self = (struct kc_mesh_service){.udf = c->service_profile.public.udf,
        .key = &c->service_encryption.pair,
        .now = SAMPLE_NOW};
    service->state = (struct kc_operate_state){.context = service,
        .service = ADMIN_SERVICE,
        .response_key = &c->response.pair,
        .account = find_account,
        .capability = find_capability,
        .is_revoked = nobody_is_revoked,
        .charge = no_limit,
        .source = &c->source};
    GOOD(kc_replay_new(0, 100, 1, &service->state.replay));
    return service;
}

void admin_service_free(struct admin_service *service)
{
    kc_replay_free(service->state.replay);
    free(service);
}

enum kc_error admin_service_accept(struct admin_service *service, const char *entry)
{
    struct kc_mesh_capability *next = &service->capabilities[service->capability_count];
    enum kc_error error =
        kc_mesh_capability_read(admin_span(entry), service->account, &service->self, next);
    service->capability_count += error == KC_OK;
    return error;
}

/* --- both --- */

static void request_begin(
    const struct admin_service *service, struct kc_object_writer *w, enum kc_object_type operation)
{
    uint8_t id[KC_REPLAY_ID_SIZE];
    uint64_t now_ms = (uint64_t)SAMPLE_NOW * 1000;
    GOOD(service->c->source.random(NULL, id, sizeof id));
    for (size_t i = 0; i < 8; i++)
        id[i] = (uint8_t)(now_ms >> (8 * (7 - i)));
    kc_object_write_tagged(w, NULL, KC_OBJECT_OperateRequest);
    kc_object_write_octets(w, "ID", (struct kc_span){id, sizeof id});
    kc_object_write_text(w, "Service", ADMIN_SERVICE);
    kc_object_write_text(w, "AccountAddress", service->account->address);
    kc_object_write_list(w, "Operations");
    kc_object_write_tagged(w, NULL, operation);
}

/* Signed by the device, with its connection. */
static char *request_seal(const struct admin_device *device, struct kc_object_writer *w)
{
    struct sample_key signer = {.pair = device->signature};
    GOOD(kc_mesh_public_key(&device->signature.public, &signer.public));
    kc_object_write_end(w);
    kc_object_write_end(w);
    kc_object_write_end(w);
    return (char *)(uintptr_t)sample_envelope(w, &signer, admin_span(device->connection)).bytes;
}

/* Sends a request; the only result of an answer that executed it, in an open object. */
static enum kc_operate_code ask(const struct admin_service *service, const char *body,
    struct kc_signed_object *opened, struct kc_operate_answer *answer, struct kc_object *result)
{
    GOOD(kc_operate(&service->state, (uint64_t)SAMPLE_NOW * 1000, admin_span(body), answer));
    GOOD(
        kc_signed_object_open((struct kc_span){(uint8_t *)answer->text, answer->size}, answer->size,
            KC_OBJECT_OperateResponse, &service->c->response.public, kc_mesh_verify, opened));
    *result = kc_object_item(kc_object_member(&opened->object, "Results"), 0);
    return answer->code;
}

static void point_read(struct kc_json value, enum kc_curve curve, struct kc_point *point)
{
    uint8_t octets[KC_POINT_SIZE_MAX];
    size_t size = sizeof octets;
    GOOD(kc_json_octets(value, octets, &size));
    GOOD(kc_point_decode(point, curve, octets, size));
}

enum kc_operate_code admin_decrypt(const struct admin_service *service,
    const struct admin_device *device, const struct kc_point *peer, uint8_t *agreed)
{
    uint8_t room[4096], octets[KC_POINT_SIZE_MAX];
    struct kc_object_writer w;
    struct kc_object result;
    struct kc_signed_object opened;
    struct kc_operate_answer answer = {0};
    const struct kc_curve_info *info = kc_curve_info(peer->curve);
    kc_object_writer_init(&w, room, sizeof room);
    request_begin(service, &w, KC_OBJECT_CryptographicOperationKeyAgreement);
    kc_object_write_text(&w, "KeyId", device->decrypt.service_id);
    kc_point_encode(peer, octets);
    kc_object_write_tagged(&w, "PublicKey", KC_OBJECT_PublicKeyECDH);
    kc_object_write_text(&w, "crv", info->name);
    kc_object_write_octets(&w, "Public", (struct kc_span){octets, info->point_size});
    kc_object_write_end(&w);
    char *body = request_seal(device, &w);
    enum kc_operate_code code = ask(service, body, &opened, &answer, &result);
    if (code == KC_OPERATE_ACCEPTED) {
        struct kc_point contributions[2];
        struct kc_object agreement = kc_object_inner(&result, "KeyAgreement");
        point_read(kc_object_member(&agreement, "Result"), peer->curve, &contributions[0]);
        GOOD(kc_agreement_contribute(&contributions[1], &device->decrypt.share, NULL, NULL, peer));
        GOOD(kc_agreement_combine(agreed, contributions, 2));
    }
    kc_signed_object_done(&opened);
    kc_operate_answer_done(&answer);
    free(body);
    return code;
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

enum kc_operate_code admin_sign(const struct admin_service *service,
    const struct admin_device *device, const uint8_t digest[64], uint8_t *signature)
{
    uint8_t room[4096], octets[KC_POINT_SIZE_MAX];
    struct kc_object_writer w;
    struct kc_object result;
    struct kc_signed_object opened;
    struct kc_operate_answer answer = {0};
    struct kc_fresh fresh;
    struct kc_point ours;
    struct kc_signature_commitment commitment = {0};
    const struct sample_key *whole = &service->c->signature;
    struct kc_signer signer = {
        &device->sign.share, NULL, device->sign.own.octets, whole->public.octets};
    struct kc_signed_message message = kc_mesh_signed_message(KC_CURVE_ED448, digest);
    GOOD(kc_mesh_fresh(&service->c->source, &fresh));
    GOOD(kc_signature_open(&commitment, &ours, &signer, &message, &fresh));
    kc_point_encode(&ours, octets);
    kc_object_writer_init(&w, room, sizeof room);
    request_begin(service, &w, KC_OBJECT_CryptographicOperationSign);
    kc_object_write_text(&w, "KeyId", device->sign.service_id);
    kc_object_write_octets(&w, "Data", (struct kc_span){digest, 64});
    kc_object_write_octets(&w, "PartialR", (struct kc_span){octets, sizeof octets});
    char *body = request_seal(device, &w);
    enum kc_operate_code code = ask(service, body, &opened, &answer, &result);
    if (code == KC_OPERATE_ACCEPTED) {
        struct kc_signature_contribution contribution;
        contribution_read(&result, &ours, &contribution);
        GOOD(kc_signature_finish(
            signature, &commitment, &signer, &whole->pair.public, &message, &contribution, NULL));
    }
    kc_signature_commitment_wipe(&commitment);
    kc_signed_object_done(&opened);
    kc_operate_answer_done(&answer);
    free(body);
    return code;
}
