/* SPDX-License-Identifier: Apache-2.0 */
/* What an attacker might hope for from the service's part: a nonce twice, a point that leaks, a
 * word of the front end that is believed. */
#include "tests/support/cmocka.h"

#include "proto/base64url.h"
#include "tests/mesh/operate_case.h"
#include "tests/mesh/operate_verify.h"
#include "threshold/agreement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

/* --- nonces --- */

/* The R that a request to sign is answered with. */
static void sign(const char *what, const char *with, uint8_t r[KC_POINT_SIZE_MAX])
{
    static char payload[CASE_TEXT_MAX];
    json_t *results;
    struct kc_operate_answer answer;
    case_payload(CASE_SIGN, payload);
    case_edit(payload, what, with);
    char *manifest = case_manifest(), *body = case_seal(payload, CASE_DEVICE, manifest);
    struct kc_span octets = {(const uint8_t *)body, strlen(body)};
    assert_true(operate_service_reset(&case_service));
    GOOD(kc_operate(&case_service.state, CASE_NOW, octets, &answer));
    assert_int_equal(answer.code, KC_OPERATE_ACCEPTED);
    assert_null(operate_verify(&case_service, octets, &answer, &results));
    case_decode(
        json_string_value(case_at(results, "0.CryptographicResultSign.R")), r, KC_POINT_SIZE_MAX);
    json_decref(results);
    kc_operate_answer_done(&answer);
    free(manifest);
    free(body);
}

static enum kc_error dead_octets(void *context, uint8_t *octets, size_t size)
{
    (void)context;
    memset(octets, 0, size);
    return KC_OK;
}

static uint64_t dead_count(void *context)
{
    (void)context;
    return 1;
}

/* The share of the nonce itself: R less the first party's. */
static void own_nonce(
    const char *first, const uint8_t r[KC_POINT_SIZE_MAX], uint8_t own[KC_POINT_SIZE_MAX])
{
    uint8_t octets[KC_POINT_SIZE_MAX];
    struct kc_point parts[2], difference;
    size_t size = case_decode(first, octets, sizeof octets);
    GOOD(kc_point_decode(&parts[0], KC_CURVE_ED448, r, size));
    GOOD(kc_point_decode(&parts[1], KC_CURVE_ED448, octets, size));
    kc_point_negate(&parts[1], &parts[1]);
    GOOD(kc_point_sum(&difference, parts, 2));
    kc_point_encode(&difference, own);
}

static void requests_that_differ_have_other_nonces_even_without_randomness(void **state)
{
    (void)state;
    /* The base point of edwards448, as another first party's. */
    static const char base[] =
        "FPow8lt5CJityNdOLBO9_cQ5fOYc_9M618KgBR6ceIdAmKNsc3PqS2LHyVY3IHaIJLy2bnFGP2kA";
    static const struct {
        const char *what, *with, *first;
    } requests[] = {
        {"\"Data\"", "\"Data\"", CASE_R_D},
        {"\"Data\":\"x", "\"Data\":\"y", CASE_R_D},
        {"\"Data\"", "\"Context\":\"AQ\",\"Data\"", CASE_R_D},
        {"\"Data\"", "\"PreHash\":true,\"Data\"", CASE_R_D},
        {CASE_R_D, base, base},
    };
    uint8_t own[5][KC_POINT_SIZE_MAX], r[KC_POINT_SIZE_MAX];
    struct kc_mesh_source live = case_service.source;
    case_service.source = (struct kc_mesh_source){NULL, dead_octets, dead_count, 0};
    for (size_t i = 0; i < 5; i++) {
        sign(requests[i].what, requests[i].with, r);
        own_nonce(requests[i].first, r, own[i]);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(own[i], own[j], sizeof own[i]);
    }
    case_service.source = live;
}

static void equal_requests_have_other_nonces(void **state)
{
    (void)state;
    uint8_t r[2][KC_POINT_SIZE_MAX];
    sign("\"Data\"", "\"Data\"", r[0]);
    sign("\"Data\"", "\"Data\"", r[1]);
    assert_memory_not_equal(r[0], r[1], sizeof r[0]);
}

static enum kc_error no_octets(void *context, uint8_t *octets, size_t size)
{
    (void)context;
    (void)octets;
    (void)size;
    return KC_ERR_RANDOM;
}

static void nothing_is_signed_when_there_is_no_randomness(void **state)
{
    (void)state;
    static char body[CASE_TEXT_MAX];
    struct kc_operate_answer answer;
    struct kc_mesh_source live = case_service.source;
    case_body(CASE_SIGN, body);
    case_service.source.random = no_octets;
    assert_int_equal(kc_operate(&case_service.state, CASE_NOW,
                         (struct kc_span){(const uint8_t *)body, strlen(body)}, &answer),
        KC_ERR_RANDOM);
    case_service.source = live;
}

/* --- points --- */

static void hex_decode(const char *hex, uint8_t octets[KC_POINT_SIZE_MAX])
{
    for (size_t i = 0; hex[2 * i] != '\0'; i++) {
        char pair[] = {hex[2 * i], hex[2 * i + 1], '\0'};
        octets[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
}

static void play_point(const char *flow, const char *stands, const uint8_t *octets, size_t size,
    enum kc_operate_code due, const char *id)
{
    static char payload[CASE_TEXT_MAX];
    char text[100];
    kc_base64url_encode((struct kc_span){octets, size}, text);
    text[kc_base64url_text_size(size)] = '\0';
    assert_true(operate_service_reset(&case_service));
    case_payload(flow, payload);
    case_edit(payload, stands, text);
    enum kc_operate_code code = case_play_payload(payload);
    if (code != due)
        fail_msg("%s: %s", id, kc_operate_code_name(code));
}

static json_t *vectors(const char *name)
{
    char path[300];
    snprintf(path, sizeof path, KC_SOURCE_DIR "/tests/vectors/data/%s", name);
    json_t *file = json_load_file(path, 0, NULL), *list = json_object_get(file, "vectors");
    assert_true(json_array_size(list) > 0);
    json_incref(list);
    json_decref(file);
    return list;
}

static const char *text_of(const json_t *vector, const char *name)
{
    const char *text = json_string_value(json_object_get(vector, name));
    return text != NULL ? text : "";
}

/* Whole points of both curves, with and without a part of small order, off the curve, of the twist,
 * in encodings that are none. */
static void a_point_that_leaks_is_computed_with_for_nobody(void **state)
{
    (void)state;
    size_t index, played = 0;
    const json_t *vector;
    json_t *list = vectors("threshold-agreement.json");
    json_array_foreach(list, index, vector)
    {
        uint8_t octets[KC_POINT_SIZE_MAX];
        const char *hex = text_of(vector, "encoding"), *alg = text_of(vector, "alg");
        bool is_448 = strcmp(alg, "X448") == 0, signs = strcmp(alg, "Ed448") == 0;
        if (strcmp(text_of(vector, "type"), "point-decode") != 0 || (!is_448 && !signs))
            continue;
        bool good = json_is_true(json_object_get(vector, "prime_subgroup"));
        hex_decode(hex, octets);
        play_point(signs ? CASE_SIGN : CASE_AGREE, signs ? CASE_R_D : CASE_POINT, octets,
            strlen(hex) / 2, good ? KC_OPERATE_ACCEPTED : KC_OPERATE_BAD_POINT,
            text_of(vector, "id"));
        played++;
    }
    json_decref(list);
    assert_true(played >= 11);
}

/* The public values of RFC 7748's kind that are refused, lifted with either sign. */
static void an_edge_value_is_refused_with_either_sign(void **state)
{
    (void)state;
    size_t index, played = 0;
    const json_t *vector;
    json_t *list = vectors("edge-cases.json");
    json_array_foreach(list, index, vector)
    {
        uint8_t octets[KC_POINT_SIZE_MAX];
        const char *hex = text_of(vector, "public");
        if (strcmp(text_of(vector, "alg"), "X448") != 0 || strlen(hex) != 112 ||
            strncmp(text_of(vector, "verdict"), "point-", 6) != 0 || played >= 120)
            continue;
        hex_decode(hex, octets);
        for (unsigned sign = 0; sign <= 0x80; sign += 0x80) {
            octets[56] = (uint8_t)sign;
            play_point(
                CASE_AGREE, CASE_POINT, octets, 57, KC_OPERATE_BAD_POINT, text_of(vector, "id"));
        }
        played++;
    }
    json_decref(list);
    assert_true(played > 20);
}

/* --- what whole keys do --- */

static struct kc_scalar scalar_at(const char *path)
{
    uint8_t octets[KC_SCALAR_SIZE_MAX];
    struct kc_scalar scalar;
    size_t size = case_decode(json_string_value(case_at(case_base, path)), octets, sizeof octets);
    GOOD(kc_scalar_import(&scalar, KC_CURVE_X448, octets, size));
    return scalar;
}

static void both_halves_agree_on_what_the_whole_key_agrees_on(void **state)
{
    (void)state;
    static const char *const flows[] = {CASE_AGREE, CASE_LAGRANGE};
    for (size_t i = 0; i < 2; i++) {
        static char body[CASE_TEXT_MAX];
        char path[100];
        uint8_t octets[KC_POINT_SIZE_MAX], whole[KC_POINT_SIZE_MAX], both[KC_POINT_SIZE_MAX];
        struct kc_point peer, parts[2];
        json_t *results;
        struct kc_operate_answer answer;
        case_body(flows[i], body);
        struct kc_span text = {(const uint8_t *)body, strlen(body)};
        GOOD(kc_operate(&case_service.state, CASE_NOW, text, &answer));
        assert_null(operate_verify(&case_service, text, &answer, &results));
        const json_t *result = case_at(
            results, "0.CryptographicResultKeyAgreement.KeyAgreement.KeyAgreementECDH.Result");
        size_t size = case_decode(json_string_value(result), octets, sizeof octets);
        GOOD(kc_point_decode(&parts[0], KC_CURVE_X448, octets, size));
        snprintf(path, sizeof path, "flows.%s.member.contribution", flows[i]);
        size = case_decode(json_string_value(case_at(case_base, path)), octets, sizeof octets);
        GOOD(kc_point_decode(&parts[1], KC_CURVE_X448, octets, size));
        GOOD(kc_agreement_combine(both, parts, 2));
        size = case_decode(CASE_POINT, octets, sizeof octets);
        GOOD(kc_point_decode(&peer, KC_CURVE_X448, octets, size));
        struct kc_scalar key = scalar_at("account.keys.Encrypt.scalar_le");
        GOOD(kc_agreement_agree(whole, &key, &peer));
        assert_memory_equal(both, whole, kc_curve_info(KC_CURVE_X448)->agreed_size);
        json_decref(results);
        kc_operate_answer_done(&answer);
    }
}

/* --- the front end --- */

/* Changes the n-th value in a document; false: it has no so many. kind: how. */
static bool change(json_t *value, size_t *n, unsigned kind)
{
    size_t index;
    const char *name;
    json_t *item;
    if (json_is_object(value)) {
        json_object_foreach(value, name, item)
        {
            json_t *changed[] = {json_null(), json_integer(7), json_string("AAAA"), json_array()};
            bool here = !json_is_object(item) && !json_is_array(item) && (*n)-- == 0;
            if (here)
                json_object_set(value, name, changed[kind]);
            for (size_t i = 0; i < 4; i++)
                json_decref(changed[i]);
            if (here || change(item, n, kind))
                return true;
        }
    }
    json_array_foreach(value, index, item)
    {
        if (json_is_string(item) && (*n)-- == 0) {
            json_array_set_new(value, index, json_string(kind % 2 != 0 ? "" : "e30"));
            return true;
        }
        if (change(item, n, kind))
            return true;
    }
    return false;
}

static void a_front_end_that_changes_any_value_gains_nothing(void **state)
{
    (void)state;
    const json_t *sent = case_at(case_base, "flows.agreement.envelope");
    const char *payload = json_string_value(json_array_get(sent, 1));
    size_t place = 0;
    for (bool more = true; more; place++) {
        for (unsigned kind = 0; kind < 4; kind++) {
            size_t n = place;
            json_t *copy = json_deep_copy(sent);
            more = change(copy, &n, kind);
            char *body = json_dumps(copy, JSON_COMPACT);
            assert_true(operate_service_reset(&case_service));
            enum kc_operate_code code = case_play(CASE_NOW, body);
            const char *came = json_string_value(json_array_get(copy, 1));
            if (code == KC_OPERATE_ACCEPTED)
                assert_string_equal(came, payload);
            else
                assert_true(code == KC_OPERATE_NOT_AUTHENTICATED || code == KC_OPERATE_BAD_REQUEST);
            json_decref(copy);
            free(body);
        }
    }
    assert_true(place > 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(
            requests_that_differ_have_other_nonces_even_without_randomness, case_reset),
        cmocka_unit_test_setup(equal_requests_have_other_nonces, case_reset),
        cmocka_unit_test_setup(nothing_is_signed_when_there_is_no_randomness, case_reset),
        cmocka_unit_test_setup(a_point_that_leaks_is_computed_with_for_nobody, case_reset),
        cmocka_unit_test_setup(an_edge_value_is_refused_with_either_sign, case_reset),
        cmocka_unit_test_setup(both_halves_agree_on_what_the_whole_key_agrees_on, case_reset),
        cmocka_unit_test_setup(a_front_end_that_changes_any_value_gains_nothing, case_reset),
    };
    return cmocka_run_group_tests(tests, case_load, case_unload);
}
