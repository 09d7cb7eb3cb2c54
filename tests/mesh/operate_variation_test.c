/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever else may come in place of a request of the worked case: members of another kind, other
 * envelopes, other signers, other grantees.
 */
#include "tests/support/cmocka.h"

#include "proto/base64url.h"
#include "tests/mesh/operate_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)
#define BAD KC_OPERATE_BAD_REQUEST
#define STRANGER KC_OPERATE_NOT_AUTHENTICATED

/* --- form --- */

static void each_member_is_of_its_kind_or_the_request_is_none(void **state)
{
    (void)state;
    static const struct case_change changes[] = {
        {CASE_AGREE, "\"AAABnK5rZn32yIfiFmNP_A-XyIdpvC6t\"", "7", BAD},
        {CASE_AGREE, "\"AAABnK5rZn32yIfiFmNP_A-XyIdpvC6t\"", "null", BAD},
        {CASE_AGREE, "\"AAABnK5rZn32yIfiFmNP_A-XyIdpvC6t\"", "\"\"", BAD},
        {CASE_AGREE, "A-XyIdpvC6t\"", "A-XyIdpvC6t=\"", BAD},
        {CASE_AGREE, "A-XyIdpvC6t\"", "A+XyIdpvC6t\"", BAD},
        {CASE_AGREE, "A-XyIdpvC6t\"", "A-XyIdp\\n  vC6t\"", KC_OPERATE_ACCEPTED},
        {CASE_AGREE, "\"example.com\"", "null", BAD},
        {CASE_AGREE, "\"example.com\"", "[\"example.com\"]", BAD},
        {CASE_AGREE, "\"example.com\"", "\"\"", STRANGER},
        {CASE_AGREE, "\"example.com\"", "\"example.com.\"", STRANGER},
        {CASE_AGREE, "\"example.com\"", "\"xexample.com\"", STRANGER},
        {CASE_AGREE, "\"alice@example.com\"", "{}", BAD},
        {CASE_AGREE, "\"alice@example.com\"", "\"\"", STRANGER},
        {CASE_AGREE, "\"alice@example.com\"", "\"alice@example.com \"", STRANGER},
        {CASE_AGREE, "\"Operations\":[", "\"Operations\":null,\"x\":[", BAD},
        {CASE_AGREE, "\"Operations\":[", "\"Operations\":{},\"x\":[", BAD},
        {CASE_AGREE, "\"Operations\":[", "\"Operations\":[null,", BAD},
        {CASE_AGREE, "\"Operations\":[", "\"Operations\":[{},", BAD},
        {CASE_AGREE, "\"Operations\":[", "\"Operations\":[\"x\",", BAD},
        {CASE_AGREE, "[{\"Cryptographic", "[{\"X\":{},\"Cryptographic", BAD},
        {CASE_AGREE, "\"" CASE_DECRYPT_ID "\"", "7", BAD},
        {CASE_AGREE, "\"" CASE_DECRYPT_ID "\"", "null", KC_OPERATE_REFUSED},
        {CASE_AGREE, "\"KeyId\"", "\"KeyId\":\"x\",\"KeyId\"", BAD},
        {CASE_AGREE, "\"crv\"", "\"crv\":\"X448\",\"crv\"", BAD},
        {CASE_AGREE, "\"X448\"", "448", BAD},
        {CASE_AGREE, "\"X448\"", "null", KC_OPERATE_BAD_POINT},
        {CASE_AGREE, "\"X448\"", "\"x448\"", KC_OPERATE_BAD_POINT},
        {CASE_AGREE, "\"X448\"", "\"X448z\"", KC_OPERATE_BAD_POINT},
        {CASE_AGREE, "\"" CASE_POINT "\"", "null", KC_OPERATE_BAD_POINT},
        {CASE_AGREE, "\"" CASE_POINT "\"", "\"\"", KC_OPERATE_BAD_POINT},
        {CASE_AGREE, "\"" CASE_POINT "\"", "7", BAD},
        {CASE_AGREE, "\"" CASE_POINT "\"", "\"*\"", BAD},
        {CASE_AGREE, "\"PublicKey\":{", "\"PublicKey\":\"x\",\"x\":{", BAD},
        {CASE_AGREE, "\"PublicKey\":{", "\"PublicKey\":null,\"x\":{", BAD},
        {CASE_AGREE, "\"PublicKey\":{", "\"PublicKey\":{\"X\":{},", BAD},
        {CASE_AGREE, "\"KeyId\"", "\"KeyCoefficient\":1,\"KeyId\"", BAD},
        {CASE_AGREE, "\"KeyId\"", "\"KeyCoefficient\":\"*\",\"KeyId\"", BAD},
        {CASE_AGREE, "\"KeyId\"", "\"KeyCoefficient\":null,\"KeyId\"", KC_OPERATE_ACCEPTED},
        {CASE_AGREE, "\"KeyId\"", "\"KeyOffset\":\"AA\",\"KeyId\"", KC_OPERATE_BAD_SCALAR},
        {CASE_LAGRANGE, "\"" CASE_COEFFICIENT "\"", "null", KC_OPERATE_BAD_SCALAR},
        {CASE_SIGN, "\"Data\":", "\"Data\":7,\"x\":", BAD},
        {CASE_SIGN, "\"Data\":", "\"Data\":null,\"x\":", BAD},
        {CASE_SIGN, "\"Data\":", "\"Data\":{},\"x\":", BAD},
        {CASE_SIGN, "\"" CASE_R_D "\"", "null", BAD},
        {CASE_SIGN, "\"" CASE_R_D "\"", "7", BAD},
        {CASE_SIGN, "\"" CASE_R_D "\"", "\"\"", KC_OPERATE_BAD_POINT},
        {CASE_SIGN, "\"Data\":", "\"PreHash\":1,\"Data\":", BAD},
        {CASE_SIGN, "\"Data\":", "\"Algorithm\":448,\"Data\":", BAD},
        {CASE_SIGN, "\"Data\":", "\"Context\":{},\"Data\":", BAD},
        {CASE_AGREE, "\"ID\"", "\"Extra\":9007199254740993,\"ID\"", BAD},
    };
    CASE_PLAY(changes);
}

static void the_same_envelope_in_other_forms_is_as_good(void **state)
{
    (void)state;
    static char body[CASE_TEXT_MAX], other[CASE_TEXT_MAX + 100];
    case_body(CASE_AGREE, body);
    snprintf(other, sizeof other, " \r\n{\"DareEnvelope\" : %s }\n", body);
    assert_int_equal(case_play(CASE_NOW, other), KC_OPERATE_ACCEPTED);
    assert_int_equal(case_play_body("\"PayloadDigest\"", "\"Other\""), KC_OPERATE_ACCEPTED);
    assert_int_equal(
        case_play_body("\"dig\":\"S512\",\"C", "\"dig\":\"SHA2\",\"C"), KC_OPERATE_ACCEPTED);
    assert_int_equal(case_play_body("\"dig\":\"S512\",\"C", "\"C"), KC_OPERATE_ACCEPTED);
    assert_int_equal(case_play_body("\"alg\":\"S512\"", "\"alg\":\"none\""), KC_OPERATE_ACCEPTED);
    assert_int_equal(case_play_body("eyJPcGVy", "eyJP\\n  cGVy"), KC_OPERATE_ACCEPTED);
}

static void no_other_envelope_is_as_good_as_a_signed_one(void **state)
{
    (void)state;
    static char payload[CASE_TEXT_MAX];
    assert_int_equal(case_play_body("\"dig\"", "\"dig\":\"S512\",\"dig\""), BAD);
    assert_int_equal(case_play_body("[{\"dig\"", "[{\"signatures\":[],\"dig\""), BAD);
    assert_int_equal(
        case_play_body("{\"dig\"", "{\"enc\":\"A256CBC\",\"Salt\":"
                                   "\"AAAAAAAAAAAAAAAAAAAAAA\",\"recipients\":[],\"dig\""),
        BAD);
    assert_int_equal(case_play_body("{\"dig\"", "{\"enc\":\"none\",\"dig\""), BAD);
    assert_int_equal(case_play_body("\"signatures\":[", "\"signatures\":{},\"x\":["), BAD);
    assert_int_equal(case_play_body("\"signatures\":[", "\"signatures\":[],\"x\":["), STRANGER);
    assert_int_equal(case_play_body("\"signature\":", "\"signature\":\"AA\",\"x\":"), STRANGER);
    case_payload(CASE_AGREE, payload);
    char *unsigned_one = case_seal_by(payload, NULL, NULL);
    assert_int_equal(case_play(CASE_NOW, unsigned_one), STRANGER);
    free(unsigned_one);
    assert_int_equal(case_play(CASE_NOW, payload), STRANGER);
    /* The member that an envelope is known by, of another thing. */
    assert_int_equal(case_play(CASE_NOW, "{\"DareEnvelope\":{}}"), BAD);
    assert_int_equal(case_play(CASE_NOW, "\xef\xbb\xbf[]"), BAD);
}

static void what_was_signed_for_something_else_is_no_request(void **state)
{
    (void)state;
    static const char *const envelopes[] = {"device.ConnectionDevice", "account.ProfileUser",
        "access.0.entry", "flows.agreement.response_envelope", "flows.sign.signed_envelope"};
    for (size_t i = 0; i < sizeof envelopes / sizeof *envelopes; i++) {
        char *body = json_dumps(case_at(case_base, envelopes[i]), JSON_COMPACT);
        assert_int_equal(case_play(CASE_NOW, body), BAD);
        free(body);
    }
}

/* --- who signs --- */

static enum kc_operate_code play_signed(const struct kc_key *signer, const char *manifest)
{
    static char payload[CASE_TEXT_MAX];
    assert_true(operate_service_reset(&case_service));
    case_payload(CASE_AGREE, payload);
    char *body = case_seal_by(payload, signer, manifest);
    enum kc_operate_code code = case_play(CASE_NOW, body);
    free(body);
    return code;
}

static void nobody_but_the_connected_device_signs_for_it(void **state)
{
    (void)state;
    static const char *const others[] = {"account.keys.Profile.scalar_le",
        "account.keys.Sign.scalar_le", CASE_ADMINISTRATOR, "device.base_keys.Profile.scalar_le",
        "device.base_keys.Sign.scalar_le", "device.activation_keys.Sign.scalar_le",
        "service.keys.Sign.scalar_le", "service.host.composite_keys.Sign.scalar_le"};
    char *manifest = case_manifest();
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct kc_key key = case_key(others[i]);
        assert_int_equal(play_signed(&key, manifest), STRANGER);
    }
    free(manifest);
}

/* A connection of whatever device, signed by whom. */
static char *connection(const char *key_name, const char *curve, const char *public,
    const char *extra, const char *signer)
{
    char text[2000];
    snprintf(text, sizeof text,
        "{\"%s\":{\"Updated\":\"2026-03-02T11:00:00Z\",\"Subject\":"
        "\"MAFE-24GB-6EOL-P24C-BGTN-MMDZ-RSLU\",%s\"Signature\":{\"PublicParameters\":"
        "{\"PublicKeyECDH\":{\"crv\":\"%s\",\"Public\":\"%s\"}}}}}",
        key_name, extra, curve, public);
    struct kc_key key = {0};
    if (signer != NULL)
        key = case_key(signer);
    return case_seal_by(text, signer != NULL ? &key : NULL, NULL);
}

#define OTHER_DEVICE "service.keys.Sign"

static const char *other_public(void)
{
    return json_string_value(case_at(case_base, OTHER_DEVICE ".public"));
}

static void a_device_is_connected_by_the_account_s_administrator_alone(void **state)
{
    (void)state;
    struct kc_key device = case_key(OTHER_DEVICE ".scalar_le");
    static const struct {
        const char *tag, *extra, *signer;
        enum kc_operate_code code;
    } cases[] = {
        {"ConnectionDevice", "", CASE_ADMINISTRATOR, KC_OPERATE_REFUSED}, /* but no grantee */
        {"ConnectionDevice", "", "account.keys.Profile.scalar_le", STRANGER},
        {"ConnectionDevice", "", "account.keys.Sign.scalar_le", STRANGER},
        {"ConnectionDevice", "", OTHER_DEVICE ".scalar_le", STRANGER},
        {"ConnectionDevice", "", NULL, STRANGER},
        {"ConnectionDevice", "\"Account\":\"bob@example.com\",", CASE_ADMINISTRATOR, STRANGER},
        {"ConnectionDevice", "\"Authority\":\"MC4V-7LMA-EB4A-JWZQ-ZFZR-DR3G-VSXO\",",
            CASE_ADMINISTRATOR, STRANGER},
        {"ConnectionDevice", "\"Authority\":\"MDR5-ZVTQ-THZX-RXVQ\",", CASE_ADMINISTRATOR,
            STRANGER},
        {"ConnectionDevice", "\"Authentication\":{},", CASE_ADMINISTRATOR, STRANGER},
        {"ProfileDevice", "", CASE_ADMINISTRATOR, STRANGER},
        {"ConnectionHost", "", CASE_ADMINISTRATOR, STRANGER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *manifest =
            connection(cases[i].tag, "Ed448", other_public(), cases[i].extra, cases[i].signer);
        enum kc_operate_code code = play_signed(&device, manifest);
        if (code != cases[i].code)
            fail_msg("%zu: %s", i, kc_operate_code_name(code));
        free(manifest);
    }
    assert_int_equal(play_signed(&device, "\"a text\""), STRANGER);
}

/* A signature of plain Ed25519 is as long; an oracle for it must be worth nothing here. */
static void an_ed25519_device_signs_in_the_scheme_of_envelopes(void **state)
{
    (void)state;
    char public[60];
    uint8_t octets[KC_POINT_SIZE_MAX], seed[KC_SEED_SIZE_MAX] = {1};
    struct kc_key device;
    GOOD(kc_key_from_seed(&device, KC_CURVE_ED25519, seed, 32));
    kc_point_encode(&device.public, octets);
    kc_base64url_encode((struct kc_span){octets, 32}, public);
    public[kc_base64url_text_size(32)] = '\0';
    char *manifest = connection("ConnectionDevice", "Ed25519", public, "", CASE_ADMINISTRATOR);
    assert_int_equal(play_signed(&device, manifest), KC_OPERATE_REFUSED);
    free(manifest);
}

/* --- for whom --- */

static struct kc_mesh_capability *capability(const char *id)
{
    for (size_t i = 0; i < case_service.capability_count; i++)
        if (strcmp(case_service.capabilities[i].id, id) == 0)
            return &case_service.capabilities[i];
    fail();
    return NULL;
}

static enum kc_operate_code play_flow(const char *flow)
{
    static char body[CASE_TEXT_MAX];
    assert_true(operate_service_reset(&case_service));
    case_body(flow, body);
    return case_play(CASE_NOW, body);
}

static void a_key_is_used_for_its_grantee_alone(void **state)
{
    (void)state;
    struct kc_mesh_capability *entry = capability(CASE_DECRYPT_ID), kept = *entry;
    static const struct {
        const char *key;
        enum kc_operate_code code;
    } grantees[] = {
        {"device.composite_keys.Authenticate.udf", KC_OPERATE_ACCEPTED},
        {"device.composite_keys.Sign.udf", KC_OPERATE_ACCEPTED},
        {"account.keys.Profile.udf", KC_OPERATE_ACCEPTED},
        {"device.composite_keys.Encrypt.udf", KC_OPERATE_REFUSED},
        {"device.base_keys.Profile.udf", KC_OPERATE_REFUSED},
        {"account.keys.AdminSign.udf", KC_OPERATE_REFUSED},
        {"service.keys.Profile.udf", KC_OPERATE_REFUSED},
    };
    for (size_t i = 0; i < sizeof grantees / sizeof *grantees; i++) {
        const char *udf = json_string_value(case_at(case_base, grantees[i].key));
        snprintf(entry->grantee, sizeof entry->grantee, "%s", udf);
        assert_int_equal(play_flow(CASE_AGREE), grantees[i].code);
    }
    /* A beginning of the fingerprint, or another spelling of it, is somebody else. */
    snprintf(entry->grantee, sizeof entry->grantee, "%.24s", kept.grantee);
    assert_int_equal(play_flow(CASE_AGREE), KC_OPERATE_REFUSED);
    *entry = kept;
    entry->grantee[1] = (char)(entry->grantee[1] - 'A' + 'a');
    assert_int_equal(play_flow(CASE_AGREE), KC_OPERATE_REFUSED);
    *entry = kept;
    snprintf(entry->grantee_account, sizeof entry->grantee_account, "bob@example.com");
    assert_int_equal(play_flow(CASE_AGREE), KC_OPERATE_REFUSED);
    snprintf(entry->grantee_account, sizeof entry->grantee_account, "alice@example.com");
    assert_int_equal(play_flow(CASE_AGREE), KC_OPERATE_ACCEPTED);
    *entry = kept;
    entry->account_udf[3]++;
    assert_int_equal(play_flow(CASE_AGREE), KC_OPERATE_REFUSED);
    *entry = kept;
}

static void an_operation_is_one_of_the_capability_s_class(void **state)
{
    (void)state;
    static const struct case_change changes[] = {
        {CASE_AGREE, CASE_DECRYPT_ID, CASE_SIGN_ID, KC_OPERATE_REFUSED},
        {CASE_SIGN, CASE_SIGN_ID, CASE_DECRYPT_ID, KC_OPERATE_REFUSED},
        {CASE_SIGN, CASE_SIGN_ID, CASE_LAGRANGE_ID, KC_OPERATE_REFUSED},
        {CASE_AGREE, "OperationKeyAgreement", "OperationShare", KC_OPERATE_REFUSED},
        {CASE_AGREE, "OperationKeyAgreement", "OperationGenerate", KC_OPERATE_REFUSED},
    };
    CASE_PLAY(changes);
    struct kc_mesh_capability *entry = capability(CASE_DECRYPT_ID);
    entry->class = KC_MESH_GENERATE;
    assert_int_equal(play_flow(CASE_AGREE), KC_OPERATE_REFUSED);
    entry->class = KC_MESH_DECRYPT;
}

/* --- the scheme --- */

/* Gives the capability that signs a share of another curve. */
static void share_make(struct kc_mesh_capability *entry, enum kc_curve curve)
{
    struct kc_point point;
    kc_scalar_set(&entry->share, curve, 12345);
    GOOD(kc_point_multiply_base(&point, &entry->share));
    kc_point_encode(&point, entry->own);
    kc_point_encode(&point, entry->group);
}

static void the_scheme_of_a_signature_is_that_of_the_share(void **state)
{
    (void)state;
    struct kc_mesh_capability *entry = capability(CASE_SIGN_ID), kept = *entry;
    /* The base point of edwards25519. */
    static const char point[] = "WGZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY";
    static char payload[CASE_TEXT_MAX];
    static const struct {
        const char *said;
        enum kc_operate_code code;
    } cases[] = {
        {"\"Algorithm\":\"Ed25519\",\"Context\":\"\",", KC_OPERATE_ACCEPTED},
        {"\"Algorithm\":\"Ed25519\",\"Context\":\"AQI\",", KC_OPERATE_ACCEPTED},
        {"\"Algorithm\":\"Ed25519\",\"Context\":\"\",\"PreHash\":true,", KC_OPERATE_ACCEPTED},
        {"\"Algorithm\":\"Ed25519\",", KC_OPERATE_REFUSED},
        {"\"Algorithm\":\"Ed25519\",\"Context\":null,", KC_OPERATE_REFUSED},
        {"\"Context\":\"\",", KC_OPERATE_REFUSED},
        {"\"Algorithm\":\"Ed448\",\"Context\":\"\",", KC_OPERATE_REFUSED},
        {"", KC_OPERATE_REFUSED},
    };
    share_make(entry, KC_CURVE_ED25519);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(operate_service_reset(&case_service));
        case_payload(CASE_SIGN, payload);
        case_edit(payload, CASE_R_D, point);
        case_edit(payload, "\"Data\"", "SAID\"Data\"");
        case_edit(payload, "SAID", cases[i].said);
        assert_int_equal(case_play_payload(payload), cases[i].code);
    }
    *entry = kept;
}

/* --- several at once --- */

static void each_operation_of_a_request_has_its_own_answer(void **state)
{
    (void)state;
    static char payload[CASE_TEXT_MAX];
    static const enum kc_operate_code due[] = {KC_OPERATE_REFUSED, KC_OPERATE_BAD_POINT,
        KC_OPERATE_BAD_SCALAR, KC_OPERATE_ACCEPTED, KC_OPERATE_ACCEPTED};
    struct kc_operate_answer answer;
    case_payload(CASE_AGREE, payload);
#define AGREEMENT(id, crv, more)                                                                   \
    "{\"CryptographicOperationKeyAgreement\":{\"KeyId\":\"" id "\"," more                          \
    "\"PublicKey\":{\"PublicKeyECDH\":{\"crv\":\"" crv "\",\"Public\":\"" CASE_POINT "\"}}}},"
    case_edit(payload, "\"Operations\":[",
        "\"Operations\":[" AGREEMENT(CASE_SIGN_ID, "X448", "") AGREEMENT(
            CASE_DECRYPT_ID, "Ed448", "") AGREEMENT(CASE_LAGRANGE_ID, "X448", "")
            AGREEMENT(CASE_LAGRANGE_ID, "X448", "\"KeyCoefficient\":\"" CASE_COEFFICIENT "\","));
    char *manifest = case_manifest(), *body = case_seal(payload, CASE_DEVICE, manifest);
    GOOD(kc_operate(&case_service.state, CASE_NOW,
        (struct kc_span){(const uint8_t *)body, strlen(body)}, &answer));
    assert_int_equal(answer.code, KC_OPERATE_REFUSED);
    assert_int_equal(answer.result_count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(answer.results[i], due[i]);
    kc_operate_answer_done(&answer);
    free(manifest);
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_member_is_of_its_kind_or_the_request_is_none, case_reset),
        cmocka_unit_test_setup(the_same_envelope_in_other_forms_is_as_good, case_reset),
        cmocka_unit_test_setup(no_other_envelope_is_as_good_as_a_signed_one, case_reset),
        cmocka_unit_test_setup(what_was_signed_for_something_else_is_no_request, case_reset),
        cmocka_unit_test_setup(nobody_but_the_connected_device_signs_for_it, case_reset),
        cmocka_unit_test_setup(
            a_device_is_connected_by_the_account_s_administrator_alone, case_reset),
        cmocka_unit_test_setup(an_ed25519_device_signs_in_the_scheme_of_envelopes, case_reset),
        cmocka_unit_test_setup(a_key_is_used_for_its_grantee_alone, case_reset),
        cmocka_unit_test_setup(an_operation_is_one_of_the_capability_s_class, case_reset),
        cmocka_unit_test_setup(the_scheme_of_a_signature_is_that_of_the_share, case_reset),
        cmocka_unit_test_setup(each_operation_of_a_request_has_its_own_answer, case_reset),
    };
    return cmocka_run_group_tests(tests, case_load, case_unload);
}
