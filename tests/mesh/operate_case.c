/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/mesh/operate_case.h"

#include "tests/support/cmocka.h"

#include "custodian/mesh/share_envelope.h"
#include "custodian/mesh/verify.h"
#include "proto/base64url.h"
#include "proto/signed_object.h"
#include "tests/mesh/operate_verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

json_t *case_base;
struct operate_service case_service;

int case_load(void **state)
{
    (void)state;
    case_base = json_load_file(
        KC_SOURCE_DIR "/tests/vectors/examples/constructed-operate-signed.json", 0, NULL);
    return case_base != NULL && operate_service_load(&case_service, case_base) ? 0 : 1;
}

int case_unload(void **state)
{
    (void)state;
    operate_service_done(&case_service);
    json_decref(case_base);
    return 0;
}

int case_reset(void **state)
{
    (void)state;
    return operate_service_reset(&case_service) ? 0 : 1;
}

const json_t *case_at(const json_t *value, const char *path)
{
    char copy[200], *rest = copy;
    snprintf(copy, sizeof copy, "%s", path);
    for (char *name = strtok_r(rest, ".", &rest); name != NULL; name = strtok_r(NULL, ".", &rest))
        value = json_is_array(value) ? json_array_get(value, strtoul(name, NULL, 10))
                                     : json_object_get(value, name);
    assert_non_null(value);
    return value;
}

size_t case_decode(const char *text, uint8_t *octets, size_t room)
{
    GOOD(kc_base64url_decode((struct kc_span){(const uint8_t *)text, strlen(text)}, octets, &room));
    return room;
}

/* --- making requests --- */

struct kc_key case_key(const char *path)
{
    uint8_t octets[KC_SCALAR_SIZE_MAX];
    struct kc_scalar scalar;
    struct kc_key key;
    size_t size = case_decode(json_string_value(case_at(case_base, path)), octets, sizeof octets);
    GOOD(kc_scalar_import(&scalar, KC_CURVE_ED448, octets, size));
    GOOD(kc_key_from_scalar(&key, &scalar));
    return key;
}

static void add_signature(
    struct kc_dare_envelope *envelope, const struct kc_key *key, struct kc_span manifest)
{
    const struct kc_fresh fresh = {.counter = 1};
    enum kc_curve curve = key->scalar.curve;
    struct kc_dare_signature *entry = &envelope->signatures[envelope->signature_count++];
    struct kc_signed_message message = kc_mesh_signed_message(curve, envelope->digest);
    entry->size = kc_curve_info(curve)->signature_size;
    entry->manifest = manifest;
    GOOD(kc_signature_sign(entry->octets, key, &message, &fresh));
}

char *case_seal_also(const char *payload, const struct kc_key *signer, const char *manifest,
    const struct kc_key *also)
{
    char *text;
    size_t size;
    struct kc_dare_envelope *envelope = calloc(1, sizeof *envelope);
    assert_non_null(envelope);
    envelope->body = (uint8_t *)strdup(payload);
    envelope->body_size = strlen(payload);
    GOOD(kc_dare_envelope_digest(envelope));
    if (signer != NULL)
        add_signature(envelope, signer,
            (struct kc_span){(const uint8_t *)manifest, manifest != NULL ? strlen(manifest) : 0});
    if (also != NULL)
        add_signature(envelope, also, (struct kc_span){NULL, 0});
    GOOD(kc_dare_envelope_write(envelope, &text, &size));
    free(envelope->body);
    free(envelope);
    return text;
}

char *case_seal_by(const char *payload, const struct kc_key *signer, const char *manifest)
{
    return case_seal_also(payload, signer, manifest, NULL);
}

char *case_seal(const char *payload, const char *signer, const char *manifest)
{
    struct kc_key key = case_key(signer);
    return case_seal_by(payload, &key, manifest);
}

char *case_manifest(void)
{
    return json_dumps(case_at(case_base, "device.ConnectionDevice"), JSON_COMPACT);
}

/* The payload of an envelope of the base set. */
void case_payload_of(const char *envelope, char payload[CASE_TEXT_MAX])
{
    char path[100];
    snprintf(path, sizeof path, "%s.1", envelope);
    size_t size = case_decode(
        json_string_value(case_at(case_base, path)), (uint8_t *)payload, CASE_TEXT_MAX - 1);
    payload[size] = '\0';
}

static const char *text_of(const char *key, const char *part)
{
    char path[100];
    snprintf(path, sizeof path, "%s.%s", key, part);
    return json_string_value(case_at(case_base, path));
}

static char *seal_with(const char *payload, const char *key)
{
    char path[100];
    snprintf(path, sizeof path, "%s.scalar_le", key);
    return case_seal(payload, path, NULL);
}

#define KEY(crv)                                                                                   \
    "\"%s\":{\"PublicParameters\":{\"PublicKeyECDH\":{\"crv\":\"" crv "\",\"Public\":\"%s\"}}}"

char *case_member_profile(void)
{
    char text[1500];
    snprintf(text, sizeof text,
        "{\"ProfileUser\":{\"AccountAddress\":\"bob@other.example\"," KEY("Ed448") "," KEY(
            "Ed448") "," KEY("X448") "}}",
        "ProfileSignature", text_of(CASE_MEMBER, "public"), "AdministratorSignature",
        text_of(CASE_MEMBER_ADMINISTRATOR, "public"), "AccountEncryption",
        text_of(CASE_MEMBER_ENCRYPTION, "public"));
    return seal_with(text, CASE_MEMBER);
}

char *case_member_connection(const char *updated, const char *signer)
{
    char text[1000];
    snprintf(text, sizeof text,
        "{\"ConnectionDevice\":{\"Updated\":\"%s\",\"Subject\":\"%s\",\"Authority\":\"%s\","
        "\"Account\":\"bob@other.example\"," KEY("Ed448") "," KEY("X448") "}}",
        updated, text_of("device", "udf"), text_of(CASE_MEMBER, "udf"), "Signature",
        text_of("device.composite_keys.Sign", "public"), "Authentication",
        text_of("device.composite_keys.Authenticate", "public"));
    return seal_with(text, signer);
}

struct kc_key case_agreement_key(const char *path)
{
    uint8_t octets[KC_SCALAR_SIZE_MAX];
    struct kc_scalar scalar;
    struct kc_key key;
    size_t size = case_decode(text_of(path, "scalar_le"), octets, sizeof octets);
    GOOD(kc_scalar_import(&scalar, KC_CURVE_X448, octets, size));
    GOOD(kc_key_from_scalar(&key, &scalar));
    return key;
}

struct kc_scalar case_open_share(const json_t *result, size_t which, const struct kc_key *key)
{
    const json_t *published =
        case_at(json_array_get(json_object_get(result, "PublicShares"), which), "PublicKeyECDH");
    const char *algorithm = json_string_value(json_object_get(published, "crv"));
    uint8_t octets[KC_POINT_SIZE_MAX];
    struct kc_public_key own;
    struct kc_scalar share;
    size_t size =
        case_decode(json_string_value(json_object_get(published, "Public")), octets, sizeof octets);
    GOOD(kc_public_key_make(algorithm, (struct kc_span){octets, size}, &own));
    const json_t *envelope =
        which == 0 ? json_object_get(result, "EncryptedServiceShare")
                   : json_array_get(json_object_get(result, "EncryptedShares"), which - 1);
    char *text = json_dumps(envelope, JSON_COMPACT);
    const struct kc_mesh_share_terms terms = {.signer = &case_service.response_public,
        .key = key,
        .own = &own,
        .now = CASE_NOW / 1000 + KC_OPERATE_SHARE_LIFE - 1};
    GOOD(kc_mesh_share_open((struct kc_span){(const uint8_t *)text, strlen(text)}, &terms, &share));
    free(text);
    return share;
}

void case_body(const char *flow, char body[CASE_TEXT_MAX])
{
    char path[100];
    snprintf(path, sizeof path, "flows.%s.envelope", flow);
    char *text = json_dumps(case_at(case_base, path), JSON_COMPACT);
    snprintf(body, CASE_TEXT_MAX, "%s", text);
    free(text);
}

void case_payload(const char *flow, char payload[CASE_TEXT_MAX])
{
    char path[100];
    snprintf(path, sizeof path, "flows.%s.envelope", flow);
    case_payload_of(path, payload);
}

/* Replaces what must be there. */
void case_edit(char text[CASE_TEXT_MAX], const char *what, const char *with)
{
    char rest[CASE_TEXT_MAX];
    char *place = strstr(text, what);
    assert_non_null(place);
    snprintf(rest, sizeof rest, "%s", place + strlen(what));
    snprintf(place, CASE_TEXT_MAX - (size_t)(place - text), "%s%s", with, rest);
}

/* --- playing them --- */

enum kc_operate_code case_play(uint64_t now_ms, const char *body)
{
    struct kc_operate_answer answer;
    json_t *results = NULL;
    struct kc_span octets = {(const uint8_t *)body, strlen(body)};
    GOOD(kc_operate(&case_service.state, now_ms, octets, &answer));
    const char *wrong = operate_verify(&case_service, octets, &answer, &results);
    if (wrong != NULL)
        fail_msg("%s: %s", kc_operate_code_name(answer.code), wrong);
    enum kc_operate_code code = answer.code;
    json_decref(results);
    kc_operate_answer_done(&answer);
    return code;
}

enum kc_operate_code case_play_payload(const char *payload)
{
    char *manifest = case_manifest(), *body = case_seal(payload, CASE_DEVICE, manifest);
    enum kc_operate_code code = case_play(CASE_NOW, body);
    free(manifest);
    free(body);
    return code;
}

enum kc_operate_code case_play_body(const char *what, const char *with)
{
    static char body[CASE_TEXT_MAX];
    case_body(CASE_AGREE, body);
    case_edit(body, what, with);
    assert_true(operate_service_reset(&case_service));
    return case_play(CASE_NOW, body);
}

void case_play_changes(const struct case_change *changes, size_t count)
{
    static char payload[CASE_TEXT_MAX];
    for (size_t i = 0; i < count; i++) {
        assert_true(operate_service_reset(&case_service));
        case_payload(changes[i].flow, payload);
        case_edit(payload, changes[i].what, changes[i].with);
        enum kc_operate_code code = case_play_payload(payload);
        if (code != changes[i].code)
            fail_msg("%s: %s: %s instead of %s", changes[i].flow, changes[i].with,
                kc_operate_code_name(code), kc_operate_code_name(changes[i].code));
    }
}
