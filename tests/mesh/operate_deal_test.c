/* SPDX-License-Identifier: Apache-2.0 */
/* Share and Generate: who gets shares of what, and that nobody else does. And a contribution that
 * is proved. */
#include "tests/support/cmocka.h"

#include "custodian/mesh/contribution.h"
#include "tests/mesh/operate_case.h"
#include "tests/mesh/operate_verify.h"
#include "threshold/shamir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)
#define DEVICE_KEY "device.composite_keys.Encrypt"
#define OTHER_KEY "account.keys.Escrow"
#define SERVICE_KEY "service.keys.Encrypt"

static struct kc_mesh_capability *generator;
static bool also_administrator;

/* The key that decrypts is here one that may be split, too. */
static int setup(void **state)
{
    generator = &case_service.capabilities[0];
    generator->class = KC_MESH_GENERATE;
    generator->allows_export = false;
    generator->has_share = true;
    generator->has_coefficient = false;
    also_administrator = false;
    generator->has_member = false;
    generator->member = (struct kc_mesh_account){0};
    return case_reset(state);
}

static const char *public_of(const char *path)
{
    char full[100];
    snprintf(full, sizeof full, "%s.public", path);
    return json_string_value(case_at(case_base, full));
}

/* Plays one operation; what follows KeyId in it; keys by their place, up to NULL. */
static enum kc_operate_code ask(
    const char *operation, const char *fields, json_t **result, const char *const keys[])
{
    static char payload[CASE_TEXT_MAX];
    char list[2000] = "";
    size_t used = 0;
    struct kc_operate_answer answer;
    json_t *results;
    case_payload(CASE_AGREE, payload);
    char *start = strstr(payload, "[{\"Cryptographic");
    for (; keys[0] != NULL; keys++)
        used += (size_t)snprintf(list + used, sizeof list - used,
            "%s{\"PublicKeyECDH\":{\"crv\":\"X448\",\"Public\":\"%s\"}}", used > 0 ? "," : "",
            public_of(keys[0]));
    snprintf(start, CASE_TEXT_MAX - (size_t)(start - payload),
        "[{\"CryptographicOperation%s\":{\"KeyId\":\"" CASE_DECRYPT_ID
        "\",%s\"PublicKeys\":[%s]}}]}}",
        operation, fields, list);
    struct kc_key device = case_key(CASE_DEVICE), administrator = case_key(CASE_ADMINISTRATOR);
    char *manifest = case_manifest();
    char *body =
        case_seal_also(payload, &device, manifest, also_administrator ? &administrator : NULL);
    struct kc_span octets = {(const uint8_t *)body, strlen(body)};
    assert_true(operate_service_reset(&case_service));
    GOOD(kc_operate(&case_service.state, CASE_NOW, octets, &answer));
    assert_null(operate_verify(&case_service, octets, &answer, &results));
    enum kc_operate_code code = answer.code;
    if (result != NULL && code == KC_OPERATE_ACCEPTED)
        *result = json_incref(json_array_get(results, 0));
    json_decref(results);
    kc_operate_answer_done(&answer);
    free(manifest);
    free(body);
    return code;
}

#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_KEYS ((const char *const[]){NULL})

/* --- Share --- */

static void a_share_is_split_between_the_service_and_the_requester_s_device(void **state)
{
    (void)state;
    json_t *tagged;
    struct kc_key device = case_agreement_key(DEVICE_KEY);
    assert_int_equal(ask("Share", "\"Shares\":2,\"Threshold\":2,", &tagged, KEYS(DEVICE_KEY)),
        KC_OPERATE_ACCEPTED);
    const json_t *result = case_at(tagged, "CryptographicResultShare");
    assert_int_equal(json_array_size(json_object_get(result, "PublicShares")), 2);
    struct kc_scalar sum, parts[] = {case_open_share(result, 0, &case_service.decryption),
                              case_open_share(result, 1, &device)};
    kc_scalar_add(&sum, &parts[0], &parts[1]);
    assert_true(kc_scalar_equal(&sum, &generator->share) != 0);
    assert_false(kc_scalar_equal(&parts[0], &generator->share) != 0);
    json_decref(tagged);
}

/* The administrator pinned a member's profile. */
static void pin(const char *path)
{
    uint8_t octets[KC_POINT_SIZE_MAX];
    size_t size = case_decode(public_of(path), octets, sizeof octets);
    GOOD(kc_public_key_make("X448", (struct kc_span){octets, size}, &generator->member.encryption));
    generator->has_member = true;
}

static void no_share_leaves_to_who_was_not_verified(void **state)
{
    (void)state;
    enum kc_operate_code refused = KC_OPERATE_REFUSED;
    assert_int_equal(ask("Share", "\"Shares\":2,", NULL, KEYS(OTHER_KEY)), refused);
    pin(SERVICE_KEY);
    assert_int_equal(ask("Share", "\"Shares\":2,", NULL, KEYS(OTHER_KEY)), refused);
    assert_int_equal(ask("Share", "\"Shares\":3,", NULL, KEYS(DEVICE_KEY, OTHER_KEY)), refused);
    pin(OTHER_KEY);
    assert_int_equal(
        ask("Share", "\"Shares\":3,", NULL, KEYS(DEVICE_KEY, OTHER_KEY)), KC_OPERATE_ACCEPTED);
    assert_int_equal(ask("Share", "\"Shares\":3,", NULL, KEYS(DEVICE_KEY, DEVICE_KEY)), refused);
    pin(SERVICE_KEY);
    assert_int_equal(ask("Share", "\"Shares\":3,", NULL, KEYS(DEVICE_KEY, SERVICE_KEY)), refused);
    assert_int_equal(ask("Share", "\"Shares\":2,", NULL, KEYS(SERVICE_KEY)), refused);
    assert_int_equal(ask("Share", "\"Shares\":1,", NULL, NO_KEYS), refused);
    case_service.state.share_key = NULL;
    assert_int_equal(ask("Share", "\"Shares\":2,", NULL, KEYS(DEVICE_KEY)), refused);
    case_service.state.share_key = &case_service.share_public;
}

static void numbers_of_shares_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const fields[] = {"\"Shares\":3,", "\"Shares\":1,", "\"Shares\":0,",
        "\"Shares\":-2,", "\"Shares\":17,", "\"Threshold\":3,", "\"Threshold\":1,",
        "\"Threshold\":0,", "\"KeyCoefficient\":\"AA\","};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        enum kc_operate_code code = ask("Share", fields[i], NULL, KEYS(DEVICE_KEY));
        assert_true(code == KC_OPERATE_REFUSED || code == KC_OPERATE_BAD_SCALAR);
    }
    assert_int_equal(ask("Share", "", NULL, KEYS(DEVICE_KEY)), KC_OPERATE_ACCEPTED);
    generator->has_coefficient = true;
    assert_int_equal(ask("Share", "", NULL, KEYS(DEVICE_KEY)), KC_OPERATE_REFUSED);
    generator->has_coefficient = false;
    generator->has_share = false;
    assert_int_equal(ask("Share", "", NULL, KEYS(DEVICE_KEY)), KC_OPERATE_REFUSED);
}

static void as_many_shares_as_open_a_key_leave_with_administrator_and_policy_alone(void **state)
{
    (void)state;
    json_t *tagged;
    static const char fields[] = "\"Shares\":3,\"Threshold\":2,\"Indexes\":[5,9,7],";
    pin(OTHER_KEY);
    for (unsigned with = 0; with < 3; with++) {
        also_administrator = (with & 1) != 0;
        generator->allows_export = (with & 2) != 0;
        assert_int_equal(
            ask("Share", fields, NULL, KEYS(DEVICE_KEY, OTHER_KEY)), KC_OPERATE_REFUSED);
    }
    also_administrator = true;
    assert_int_equal(
        ask("Share", fields, &tagged, KEYS(DEVICE_KEY, OTHER_KEY)), KC_OPERATE_ACCEPTED);
    const json_t *result = case_at(tagged, "CryptographicResultShare");
    struct kc_key device = case_agreement_key(DEVICE_KEY), other = case_agreement_key(OTHER_KEY);
    const struct kc_scalar parts[] = {case_open_share(result, 0, &case_service.decryption),
        case_open_share(result, 1, &device), case_open_share(result, 2, &other)};
    static const uint32_t indexes[] = {5, 9, 7};
    struct kc_point group;
    struct kc_scalar secret;
    GOOD(kc_point_multiply_base(&group, &generator->share));
    for (size_t i = 0; i < 2; i++) {
        GOOD(kc_shamir_combine(&secret, indexes + i, parts + i, 2, &group));
        assert_true(kc_scalar_equal(&secret, &generator->share) != 0);
    }
    json_decref(tagged);
    assert_int_equal(
        ask("Share", "\"Threshold\":1,", NULL, KEYS(DEVICE_KEY, OTHER_KEY)), KC_OPERATE_REFUSED);
    assert_int_equal(ask("Share", "\"Shares\":3,\"Threshold\":2,\"Indexes\":[5,9,5],", NULL,
                         KEYS(DEVICE_KEY, OTHER_KEY)),
        KC_OPERATE_REFUSED);
    assert_int_equal(ask("Share", "\"Shares\":3,\"Threshold\":2,\"Indexes\":[5,9],", NULL,
                         KEYS(DEVICE_KEY, OTHER_KEY)),
        KC_OPERATE_REFUSED);
    assert_int_equal(ask("Share", "\"Shares\":3,\"Threshold\":2,\"Indexes\":[0,9,7],", NULL,
                         KEYS(DEVICE_KEY, OTHER_KEY)),
        KC_OPERATE_REFUSED);
}

/* --- Generate --- */

static void a_key_is_made_of_which_only_shares_leave(void **state)
{
    (void)state;
    static const char *const algorithms[] = {"X448", "Ed448", "X25519", "Ed25519"};
    struct kc_key device = case_agreement_key(DEVICE_KEY);
    generator->has_share = false;
    for (size_t i = 0; i < 4; i++) {
        char fields[60];
        json_t *tagged;
        uint8_t octets[KC_POINT_SIZE_MAX], made[KC_POINT_SIZE_MAX];
        struct kc_point whole;
        snprintf(fields, sizeof fields, "\"Algorithm\":\"%s\",", algorithms[i]);
        assert_int_equal(ask("Generate", fields, &tagged, KEYS(DEVICE_KEY)), KC_OPERATE_ACCEPTED);
        const json_t *result = case_at(tagged, "CryptographicResultGenerate");
        struct kc_scalar sum, parts[] = {case_open_share(result, 0, &case_service.decryption),
                                  case_open_share(result, 1, &device)};
        kc_scalar_add(&sum, &parts[0], &parts[1]);
        GOOD(kc_point_multiply_base(&whole, &sum));
        kc_point_encode(&whole, octets);
        size_t size =
            case_decode(json_string_value(case_at(result, "PublicKey.PublicKeyECDH.Public")), made,
                sizeof made);
        assert_int_equal(size, kc_curve_info(sum.curve)->point_size);
        assert_memory_equal(octets, made, size);
        json_decref(tagged);
    }
}

static void algorithms_and_uses_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *fields;
        enum kc_operate_code code;
    } cases[] = {
        {"", KC_OPERATE_REFUSED},
        {"\"Algorithm\":\"P-256\",", KC_OPERATE_REFUSED},
        {"\"Algorithm\":\"RSA\",", KC_OPERATE_REFUSED},
        {"\"Algorithm\":\"X448\",\"Uses\":[\"Sign\"],", KC_OPERATE_REFUSED},
        {"\"Algorithm\":\"Ed448\",\"Uses\":[\"Encrypt\"],", KC_OPERATE_REFUSED},
        {"\"Algorithm\":\"X448\",\"Uses\":[\"Escrow\"],", KC_OPERATE_REFUSED},
        {"\"Algorithm\":\"Ed448\",\"Uses\":[\"Sign\"],", KC_OPERATE_ACCEPTED},
        {"\"Algorithm\":\"X448\",\"Uses\":[\"Encrypt\",\"Authenticate\"],", KC_OPERATE_ACCEPTED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(ask("Generate", cases[i].fields, NULL, KEYS(DEVICE_KEY)), cases[i].code);
    assert_int_equal(
        ask("Generate", "\"Algorithm\":\"X448\",", NULL, KEYS(OTHER_KEY)), KC_OPERATE_REFUSED);
}

/* --- the offset, and the proof --- */

#define ONE "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define ORDER "80RYq5LCeCNVj8WNcsJsIZA21q5J207E6SPKfP___________________________________z8"

static void an_offset_is_added_where_the_policy_allows_it(void **state)
{
    (void)state;
    generator->class = KC_MESH_DECRYPT;
    static const struct case_change allowed[] = {
        {CASE_AGREE, "\"KeyId\"", "\"KeyOffset\":\"" ONE "\",\"KeyId\"", KC_OPERATE_ACCEPTED},
        {CASE_AGREE, "\"KeyId\"", "\"KeyOffset\":\"" ORDER "\",\"KeyId\"", KC_OPERATE_BAD_SCALAR},
        {CASE_AGREE, "\"KeyId\"", "\"KeyOffset\":\"AQ\",\"KeyId\"", KC_OPERATE_BAD_SCALAR},
    };
    static const struct case_change refused[] = {
        {CASE_AGREE, "\"KeyId\"", "\"KeyOffset\":\"" ONE "\",\"KeyId\"", KC_OPERATE_BAD_SCALAR}};
    CASE_PLAY(refused);
    generator->allows_offset = true;
    CASE_PLAY(allowed);
    generator->allows_offset = false;
}

/* The contribution to a flow's agreement with what else is asked for, and its proof. */
static size_t prove(const char *flow, const char *field, uint8_t contribution[KC_POINT_SIZE_MAX],
    uint8_t digest[KC_DARE_DIGEST_SIZE], uint8_t *proof, size_t room)
{
    static char payload[CASE_TEXT_MAX];
    struct kc_operate_answer answer;
    json_t *results;
    case_payload(flow, payload);
    case_edit(payload, "\"KeyId\"", field);
    char *manifest = case_manifest(), *body = case_seal(payload, CASE_DEVICE, manifest);
    struct kc_span octets = {(const uint8_t *)body, strlen(body)};
    GOOD(kc_hash_digest(
        KC_HASH_SHA512, (struct kc_span){(const uint8_t *)payload, strlen(payload)}, digest));
    assert_true(operate_service_reset(&case_service));
    GOOD(kc_operate(&case_service.state, CASE_NOW, octets, &answer));
    assert_int_equal(answer.code, KC_OPERATE_ACCEPTED);
    assert_null(operate_verify(&case_service, octets, &answer, &results));
    const json_t *result = case_at(results, "0.CryptographicResultKeyAgreement");
    case_decode(json_string_value(case_at(result, "KeyAgreement.KeyAgreementECDH.Result")),
        contribution, KC_POINT_SIZE_MAX);
    const char *text = json_string_value(json_object_get(result, "Proof"));
    size_t size = text != NULL ? case_decode(text, proof, room) : 0;
    json_decref(results);
    kc_operate_answer_done(&answer);
    free(manifest);
    free(body);
    return size;
}

static void a_contribution_is_proved_to_who_asks_for_it(void **state)
{
    (void)state;
    generator->class = KC_MESH_DECRYPT;
    uint8_t result[KC_POINT_SIZE_MAX], peer[KC_POINT_SIZE_MAX], proof[400];
    uint8_t digest[KC_DARE_DIGEST_SIZE];
    size_t peer_size = case_decode(CASE_POINT, peer, sizeof peer);
    assert_int_equal(prove(CASE_AGREE, "\"KeyId\"", result, digest, proof, sizeof proof), 0);
    assert_int_equal(
        prove(CASE_AGREE, "\"WithProof\":false,\"KeyId\"", result, digest, proof, sizeof proof), 0);
    static const char *const flows[] = {CASE_AGREE, CASE_LAGRANGE};
    for (size_t i = 0; i < 2; i++) {
        const struct kc_mesh_capability *entry = &case_service.capabilities[i];
        size_t size =
            prove(flows[i], "\"WithProof\":true,\"KeyId\"", result, digest, proof, sizeof proof);
        assert_int_equal(size, 57 + 57 + 56);
        struct kc_mesh_contribution said = {.curve = KC_CURVE_X448,
            .own = {entry->own, 57},
            .coefficient = entry->has_coefficient ? &entry->coefficient : NULL,
            .peer = {peer, peer_size},
            .result = {result, 57},
            .key_id = entry->id,
            .request_digest = {digest, sizeof digest},
            .proof = {proof, size}};
        GOOD(kc_mesh_contribution_check(&said));
        /* For another request, another key, another contribution. */
        digest[0] ^= 1;
        assert_int_equal(kc_mesh_contribution_check(&said), KC_ERR_CONTRIBUTION);
        digest[0] ^= 1;
        said.key_id = "another";
        assert_int_equal(kc_mesh_contribution_check(&said), KC_ERR_CONTRIBUTION);
        said.key_id = entry->id;
        result[56] ^= 0x80;
        assert_int_equal(kc_mesh_contribution_check(&said), KC_ERR_CONTRIBUTION);
        result[56] ^= 0x80;
        said.proof.size--;
        assert_int_equal(kc_mesh_contribution_check(&said), KC_ERR_BAD_REQUEST);
        said.proof.size++;
        GOOD(kc_mesh_contribution_check(&said));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(
            a_share_is_split_between_the_service_and_the_requester_s_device, setup),
        cmocka_unit_test_setup(no_share_leaves_to_who_was_not_verified, setup),
        cmocka_unit_test_setup(numbers_of_shares_that_are_none_are_refused, setup),
        cmocka_unit_test_setup(
            as_many_shares_as_open_a_key_leave_with_administrator_and_policy_alone, setup),
        cmocka_unit_test_setup(a_key_is_made_of_which_only_shares_leave, setup),
        cmocka_unit_test_setup(algorithms_and_uses_that_do_not_fit_are_refused, setup),
        cmocka_unit_test_setup(an_offset_is_added_where_the_policy_allows_it, setup),
        cmocka_unit_test_setup(a_contribution_is_proved_to_who_asks_for_it, setup),
    };
    return cmocka_run_group_tests(tests, case_load, case_unload);
}
