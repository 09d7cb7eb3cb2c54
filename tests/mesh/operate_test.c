/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of the worked case with one thing changed each, signed again by the key that signed
 * them: what each rule refuses, and what must not matter.
 */
#include "tests/support/cmocka.h"

#include "tests/mesh/operate_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)

/* 56 octets, but the first. */
#define ZEROS "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define ONE "AQ" ZEROS
#define TWO "Ag" ZEROS
#define ORDER "80RYq5LCeCNVj8WNcsJsIZA21q5J207E6SPKfP___________________________________z8"

static void reads_requests_in_every_spelling_and_refuses_what_is_no_request(void **state)
{
    (void)state;
    static const struct case_change changes[] = {
        {CASE_AGREE, "OperateRequest", "Operate", KC_OPERATE_ACCEPTED},
        {CASE_AGREE, "\"ID\"", "\"Unknown\":[1],\"ID\"", KC_OPERATE_ACCEPTED},
        {CASE_AGREE, "OperateRequest", "TransactRequest", KC_OPERATE_BAD_REQUEST},
        {CASE_AGREE, "OperateRequest", "Nonsense", KC_OPERATE_BAD_REQUEST},
        {CASE_AGREE, "{\"OperateRequest", "{\"Hello\":{},\"OperateRequest", KC_OPERATE_BAD_REQUEST},
        {CASE_AGREE, "\"ID\"", "\"ID\":\"AAAA\",\"ID\"", KC_OPERATE_BAD_REQUEST},
        {CASE_AGREE, "{\"OperateRequest\"", "[\"OperateRequest\"", KC_OPERATE_BAD_REQUEST},
        {CASE_AGREE, "\"ID\"", "\"Other\"", KC_OPERATE_BAD_REQUEST},
        {CASE_AGREE, "A-XyIdpvC6t\"", "A-XyIdpvC6tAA\"", KC_OPERATE_BAD_REQUEST},
        {CASE_AGREE, "\"Service\"", "\"Other\"", KC_OPERATE_BAD_REQUEST},
        {CASE_AGREE, "\"AccountAddress\"", "\"Other\"", KC_OPERATE_BAD_REQUEST},
        {CASE_AGREE, "\"Operations\"", "\"Other\"", KC_OPERATE_BAD_REQUEST},
        {CASE_AGREE, "[{", "[],\"x\":[{", KC_OPERATE_BAD_REQUEST},
        {CASE_AGREE, "CryptographicOperationKeyAgreement", "Nonsense", KC_OPERATE_BAD_REQUEST},
        {CASE_AGREE, "\"PublicKey\"", "\"Other\"", KC_OPERATE_BAD_REQUEST},
        {CASE_SIGN, "\"Data\"", "\"Other\"", KC_OPERATE_BAD_REQUEST},
        {CASE_SIGN, "\"PartialR\"", "\"Other\"", KC_OPERATE_BAD_REQUEST},
        {CASE_SIGN, "\"Operations\":[",
            "\"Operations\":[{\"CryptographicOperationSign\":{\"KeyId\":\"" CASE_SIGN_ID
            "\",\"Data\":\"AA\",\"PartialR\":\"" CASE_R_D "\"}},",
            KC_OPERATE_BAD_REQUEST},
    };
    CASE_PLAY(changes);
}

static void is_for_this_service_and_an_account_of_it(void **state)
{
    (void)state;
    static const struct case_change changes[] = {
        {CASE_AGREE, "\"example.com\"", "\"other.example\"", KC_OPERATE_NOT_AUTHENTICATED},
        {CASE_AGREE, "\"example.com\"", "\"EXAMPLE.com\"", KC_OPERATE_ACCEPTED},
        {CASE_AGREE, "alice@", "bob@", KC_OPERATE_NOT_AUTHENTICATED},
        {CASE_AGREE, "alice@", "Alice@", KC_OPERATE_ACCEPTED},
    };
    CASE_PLAY(changes);
}

static void refuses_keys_that_are_unknown_or_of_another_class_alike(void **state)
{
    (void)state;
    static const struct case_change changes[] = {
        {CASE_AGREE, CASE_DECRYPT_ID, "NDF6-BUUL-QW2V-UGRY-TAET-JNOP-XFZB", KC_OPERATE_REFUSED},
        {CASE_AGREE, CASE_DECRYPT_ID, "", KC_OPERATE_REFUSED},
        {CASE_AGREE, "\"KeyId\"", "\"Other\"", KC_OPERATE_REFUSED},
        {CASE_AGREE, CASE_DECRYPT_ID, CASE_SIGN_ID, KC_OPERATE_REFUSED},
        {CASE_SIGN, CASE_SIGN_ID, CASE_DECRYPT_ID, KC_OPERATE_REFUSED},
        {CASE_AGREE, "OperationKeyAgreement", "OperationShare", KC_OPERATE_REFUSED},
        {CASE_AGREE, "OperationKeyAgreement", "OperationGenerate", KC_OPERATE_REFUSED},
        {CASE_SIGN, "\"Data\"", "\"Algorithm\":\"Ed25519\",\"Data\"", KC_OPERATE_REFUSED},
        {CASE_SIGN, "\"Data\"", "\"Algorithm\":\"Ed448\",\"Context\":\"AQ\",\"Data\"",
            KC_OPERATE_ACCEPTED},
        {CASE_SIGN, "\"Data\"", "\"PreHash\":true,\"Data\"", KC_OPERATE_ACCEPTED},
    };
    CASE_PLAY(changes);
}

static void takes_the_coefficient_that_is_due_and_no_other(void **state)
{
    (void)state;
    static const struct case_change changes[] = {
        {CASE_AGREE, "\"KeyId\"", "\"KeyCoefficient\":\"" ONE "\",\"KeyId\"", KC_OPERATE_ACCEPTED},
        {CASE_AGREE, "\"KeyId\"", "\"KeyCoefficient\":\"" TWO "\",\"KeyId\"",
            KC_OPERATE_BAD_SCALAR},
        {CASE_AGREE, "\"KeyId\"", "\"KeyCoefficient\":\"" CASE_COEFFICIENT "\",\"KeyId\"",
            KC_OPERATE_BAD_SCALAR},
        {CASE_AGREE, "\"KeyId\"", "\"KeyCoefficient\":\"\",\"KeyId\"", KC_OPERATE_BAD_SCALAR},
        {CASE_AGREE, "\"KeyId\"", "\"KeyOffset\":\"" TWO "\",\"KeyId\"", KC_OPERATE_BAD_SCALAR},
        {CASE_SIGN, "\"KeyId\"", "\"KeyCoefficient\":\"" TWO "\",\"KeyId\"", KC_OPERATE_BAD_SCALAR},
        {CASE_LAGRANGE, "\"KeyCoefficient\"", "\"Other\"", KC_OPERATE_BAD_SCALAR},
        {CASE_LAGRANGE, CASE_COEFFICIENT, ONE, KC_OPERATE_BAD_SCALAR},
        {CASE_LAGRANGE, CASE_COEFFICIENT, ORDER, KC_OPERATE_BAD_SCALAR},
        {CASE_LAGRANGE, CASE_COEFFICIENT, "AQ", KC_OPERATE_BAD_SCALAR},
        {CASE_LAGRANGE, CASE_COEFFICIENT, CASE_COEFFICIENT "AAAA", KC_OPERATE_BAD_SCALAR},
    };
    CASE_PLAY(changes);
}

static void takes_whole_points_of_the_share_s_curve_only(void **state)
{
    (void)state;
    static const struct case_change changes[] = {
        {CASE_AGREE, "\"X448\"", "\"Ed448\"", KC_OPERATE_BAD_POINT},
        {CASE_AGREE, "\"X448\"", "\"X25519\"", KC_OPERATE_BAD_POINT},
        {CASE_AGREE, "PublicKeyECDH", "PublicKeyRSA", KC_OPERATE_BAD_POINT},
        {CASE_AGREE, "\"Public\"", "\"Other\"", KC_OPERATE_BAD_POINT},
        {CASE_AGREE, "u0upw2A", "u0upw0", KC_OPERATE_BAD_POINT},
        {CASE_AGREE, "u0upw2A", "u0upw2E", KC_OPERATE_BAD_POINT},
        {CASE_AGREE, "u0upw2A", "u0upw2AAAA", KC_OPERATE_BAD_POINT},
        {CASE_AGREE, "ZshUow", "ZshUox", KC_OPERATE_BAD_POINT},
        {CASE_AGREE, CASE_POINT, "AQ" ZEROS "A", KC_OPERATE_BAD_POINT},
        {CASE_SIGN, CASE_R_D, "AQ" ZEROS "A", KC_OPERATE_BAD_POINT},
        {CASE_SIGN, CASE_R_D, "AA" ZEROS "A", KC_OPERATE_BAD_POINT},
        {CASE_SIGN, "N_wgl0A", "N_wgl0", KC_OPERATE_BAD_POINT},
    };
    CASE_PLAY(changes);
}

/* --- count --- */

static void executes_sixty_four_operations_in_order_and_not_one_more(void **state)
{
    (void)state;
    static char payload[CASE_TEXT_MAX], list[CASE_TEXT_MAX];
    static const char operation[] =
        "{\"CryptographicOperationKeyAgreement\":{\"KeyId\":\"" CASE_DECRYPT_ID
        "\",\"PublicKey\":{\"PublicKeyECDH\":{\"crv\":\"X448\",\"Public\":\"" CASE_POINT "\"}}}},";
    for (size_t extra = 63; extra <= 64; extra++) {
        assert_true(operate_service_reset(&case_service));
        case_payload(CASE_AGREE, payload);
        snprintf(list, sizeof list, "\"Operations\":[");
        for (size_t i = 0; i < extra; i++)
            strcat(list, operation);
        case_edit(payload, "\"Operations\":[", list);
        assert_int_equal(
            case_play_payload(payload), extra == 63 ? KC_OPERATE_ACCEPTED : KC_OPERATE_BAD_REQUEST);
    }
}

static void payload_with_two_agreements(char payload[CASE_TEXT_MAX])
{
    case_payload(CASE_AGREE, payload);
    case_edit(payload, "\"Operations\":[",
        "\"Operations\":[{\"CryptographicOperationKeyAgreement\":{\"KeyId\":\"" CASE_DECRYPT_ID
        "\",\"PublicKey\":{\"PublicKeyECDH\":{\"crv\":\"X448\",\"Public\":\"" CASE_POINT "\"}}}},");
}

static void one_bad_operation_does_not_stop_the_others(void **state)
{
    (void)state;
    static char payload[CASE_TEXT_MAX];
    case_payload(CASE_AGREE, payload);
    case_edit(payload, "\"Operations\":[",
        "\"Operations\":[{\"CryptographicOperationKeyAgreement\":{\"KeyId\":\"none\","
        "\"PublicKey\":{\"PublicKeyECDH\":{\"crv\":\"X448\",\"Public\":\"AA\"}}}},");
    char *manifest = case_manifest(), *body = case_seal(payload, CASE_DEVICE, manifest);
    struct kc_operate_answer answer;
    GOOD(kc_operate(&case_service.state, CASE_NOW,
        (struct kc_span){(const uint8_t *)body, strlen(body)}, &answer));
    assert_int_equal(answer.code, KC_OPERATE_REFUSED);
    assert_int_equal(answer.status, 201);
    assert_int_equal(answer.result_count, 2);
    assert_int_equal(answer.results[0], KC_OPERATE_REFUSED);
    assert_int_equal(answer.results[1], KC_OPERATE_ACCEPTED);
    kc_operate_answer_done(&answer);
    free(manifest);
    free(body);
}

static void each_operation_is_charged_whatever_comes_of_it_and_a_limit_stops_the_request(
    void **state)
{
    (void)state;
    static char payload[CASE_TEXT_MAX];
    payload_with_two_agreements(payload);
    case_service.operations_left = 1;
    assert_int_equal(case_play_payload(payload), KC_OPERATE_QUOTA);
    assert_int_equal(case_service.operations_left, 0);
    assert_true(operate_service_reset(&case_service));
    case_service.operations_left = 1;
    case_payload(CASE_AGREE, payload);
    case_edit(payload, "\"X448\"", "\"Ed448\"");
    assert_int_equal(case_play_payload(payload), KC_OPERATE_BAD_POINT);
    assert_int_equal(case_service.operations_left, 0);
}

/* Under two names, and under one that nobody has. */
static void no_share_signs_twice_in_a_request(void **state)
{
    (void)state;
    static char payload[CASE_TEXT_MAX];
    static const char *const names[] = {"other name", "unknown"};
    struct kc_mesh_capability *copy = &case_service.capabilities[case_service.capability_count];
    *copy = *operate_service_capability(&case_service, CASE_SIGN_ID);
    snprintf(copy->id, sizeof copy->id, "other name");
    case_service.capability_count++;
    for (size_t i = 0; i < 2; i++) {
        case_payload(CASE_SIGN, payload);
        case_edit(payload, "\"Operations\":[",
            "\"Operations\":[{\"CryptographicOperationSign\":{\"KeyId\":\"NAME\",\"Data\":\"AA\","
            "\"PartialR\":\"" CASE_R_D "\"}},");
        case_edit(payload, "NAME", names[i]);
        if (i == 1)
            case_edit(payload, CASE_SIGN_ID, names[i]);
        assert_int_equal(case_play_payload(payload), KC_OPERATE_BAD_REQUEST);
    }
    case_service.capability_count--;
}

/* --- who signed --- */

static enum kc_operate_code play_signed(const char *signer, const char *manifest)
{
    static char payload[CASE_TEXT_MAX];
    case_payload(CASE_AGREE, payload);
    char *body = case_seal(payload, signer, manifest);
    enum kc_operate_code code = case_play(CASE_NOW, body);
    free(body);
    return code;
}

static void a_request_is_signed_by_the_device_that_the_administrator_connected(void **state)
{
    (void)state;
    char *manifest = case_manifest();
    assert_int_equal(play_signed(CASE_DEVICE, NULL), KC_OPERATE_NOT_AUTHENTICATED);
    assert_int_equal(play_signed(CASE_ADMINISTRATOR, manifest), KC_OPERATE_NOT_AUTHENTICATED);
    assert_int_equal(
        play_signed("device.base_keys.Sign.scalar_le", manifest), KC_OPERATE_NOT_AUTHENTICATED);
    assert_int_equal(play_signed(CASE_DEVICE, manifest), KC_OPERATE_ACCEPTED);
    free(manifest);
}

/* Plays the agreement with a connection that has one thing changed. */
static enum kc_operate_code play_connection(const char *what, const char *with, const char *signer)
{
    char connection[CASE_TEXT_MAX];
    size_t size = case_decode(json_string_value(case_at(case_base, "device.ConnectionDevice.1")),
        (uint8_t *)connection, sizeof connection - 1);
    connection[size] = '\0';
    case_edit(connection, what, with);
    char *manifest = case_seal(connection, signer, NULL);
    assert_true(operate_service_reset(&case_service));
    enum kc_operate_code code = play_signed(CASE_DEVICE, manifest);
    free(manifest);
    return code;
}

static void a_connection_is_the_administrator_s_and_of_this_account_and_recent(void **state)
{
    (void)state;
    enum kc_operate_code refused = KC_OPERATE_NOT_AUTHENTICATED;
    static const char updated[] = "2026-03-02T11:00:00Z";
    assert_int_equal(
        play_connection(updated, "2026-03-01T12:00:05Z", CASE_ADMINISTRATOR), KC_OPERATE_ACCEPTED);
    assert_int_equal(play_connection(updated, "2026-03-01T12:00:04Z", CASE_ADMINISTRATOR), refused);
    assert_int_equal(play_connection(updated, "2026-03-02T12:05:06Z", CASE_ADMINISTRATOR), refused);
    assert_int_equal(play_connection("\"Updated\"", "\"Other\"", CASE_ADMINISTRATOR), refused);
    assert_int_equal(play_connection("alice@", "bob@", CASE_ADMINISTRATOR), refused);
    assert_int_equal(play_connection("MDR5-ZVTQ", "MC4V-7LMA", CASE_ADMINISTRATOR), refused);
    assert_int_equal(play_connection(updated, updated, "account.keys.Profile.scalar_le"), refused);
    assert_int_equal(play_connection(updated, updated, CASE_DEVICE), refused);
}

/* --- what a front end can write --- */

static enum kc_operate_code play_edited(const char *what, const char *with)
{
    static char body[CASE_TEXT_MAX];
    case_body(CASE_AGREE, body);
    case_edit(body, what, with);
    assert_true(operate_service_reset(&case_service));
    return case_play(CASE_NOW, body);
}

static void what_no_signature_covers_does_not_matter(void **state)
{
    (void)state;
    assert_int_equal(play_edited("[", "["), KC_OPERATE_ACCEPTED);
    assert_int_equal(play_edited("\"ewogI", "\"AAAAA"), KC_OPERATE_ACCEPTED);
    assert_int_equal(play_edited("\"dig\"", "\"EnvelopeId\":\"x\",\"dig\""), KC_OPERATE_ACCEPTED);
    assert_int_equal(
        play_edited("\"kid\":\"MBGD-657F", "\"kid\":\"MAAA-AAAA"), KC_OPERATE_ACCEPTED);
    assert_int_equal(
        play_edited("\"signatures\":[", "\"signatures\":[{\"kid\":\"x\",\"signature\":\"AA\"},"),
        KC_OPERATE_ACCEPTED);
}

static void what_was_altered_on_its_way_is_not_authentic(void **state)
{
    (void)state;
    enum kc_operate_code refused = KC_OPERATE_NOT_AUTHENTICATED;
    assert_int_equal(play_edited("\"eyJPcGV", "\"eyJPcGW"), refused);
    assert_int_equal(play_edited("\"PayloadDigest\":\"QHLX", "\"PayloadDigest\":\"QHLY"), refused);
    assert_int_equal(play_edited("\"signatures\":[{\"alg\":\"S512\",\"kid\":\"MBGD",
                         "\"other\":[{\"alg\":\"S512\",\"kid\":\"MBGD"),
        refused);
    assert_int_equal(play_edited("\"Manifest\"", "\"Other\""), refused);
    /* The device's signature, and the administrator's of its connection. */
    assert_int_equal(play_edited("\"signature\":\"k-TXpSg", "\"signature\":\"k-TXpSh"), refused);
    assert_int_equal(play_edited("\"signature\":\"b43-PQQ", "\"signature\":\"b43-PQR"), refused);
    assert_int_equal(case_play(CASE_NOW, "{\"OperateRequest\":{}}"), refused);
}

static void what_is_no_envelope_has_not_the_form(void **state)
{
    (void)state;
    static const char *const bodies[] = {"", "x", "[]", "{}", "[{},\"AA\"]x", "[1,\"AA\",{}]",
        "[{},\"AA\",{},{}]", "[{},\"*\",{}]", "[{\"enc\":\"A256CBC\"},\"AA\",{}]",
        "[{},\"e30\",{\"signatures\":1}]"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        assert_int_equal(case_play(CASE_NOW, bodies[i]), KC_OPERATE_BAD_REQUEST);
}

/* --- time --- */

#define TIME 1772452800125u /* in the ID of the agreement */

static enum kc_operate_code play_at(uint64_t now_ms)
{
    static char body[CASE_TEXT_MAX];
    case_body(CASE_AGREE, body);
    return case_play(now_ms, body);
}

static void a_request_is_of_now_within_three_hundred_seconds(void **state)
{
    (void)state;
    static const struct {
        uint64_t now_ms;
        enum kc_operate_code code;
    } cases[] = {{TIME + 300000, KC_OPERATE_ACCEPTED}, {TIME + 300001, KC_OPERATE_STALE},
        {TIME - 300000, KC_OPERATE_ACCEPTED}, {TIME - 300001, KC_OPERATE_STALE},
        {0, KC_OPERATE_NOT_AUTHENTICATED}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(operate_service_reset(&case_service));
        assert_int_equal(play_at(cases[i].now_ms), cases[i].code);
    }
}

static void a_request_is_answered_once_whatever_the_clock_does(void **state)
{
    (void)state;
    assert_int_equal(play_at(TIME - 300000), KC_OPERATE_ACCEPTED);
    assert_int_equal(play_at(TIME + 300000), KC_OPERATE_REPLAYED);
    assert_int_equal(play_at(TIME + 300001), KC_OPERATE_STALE);
    assert_int_equal(play_at(TIME), KC_OPERATE_STALE); /* the edge does not move back */
}

static void a_request_is_known_by_its_id_and_not_by_its_envelope(void **state)
{
    (void)state;
    static char payload[CASE_TEXT_MAX];
    assert_int_equal(play_at(CASE_NOW), KC_OPERATE_ACCEPTED);
    case_payload(CASE_AGREE, payload);
    assert_int_equal(case_play_payload(payload), KC_OPERATE_REPLAYED); /* signed again */
    case_edit(payload, "{\"ID\"", "{\"More\":1,\"ID\"");
    assert_int_equal(case_play_payload(payload), KC_OPERATE_REPLAYED);
}

/* --- revocation --- */

static void what_was_revoked_is_refused_at_once(void **state)
{
    (void)state;
    operate_service_revoke_capability(&case_service, CASE_DECRYPT_ID);
    assert_int_equal(play_at(CASE_NOW), KC_OPERATE_REFUSED);
    static const char *const devices[] = {
        "device.udf", "device.composite_keys.Sign.udf", "device.composite_keys.Authenticate.udf"};
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
        assert_true(operate_service_reset(&case_service));
        assert_true(operate_service_revoke_device(
            &case_service, json_string_value(case_at(case_base, devices[i]))));
        assert_int_equal(play_at(CASE_NOW), KC_OPERATE_NOT_AUTHENTICATED);
    }
}

/* The device's fingerprint in some precision. */
static void device_udf(unsigned bits, char udf[KC_UDF_DIGEST_TEXT_SIZE])
{
    uint8_t octets[KC_POINT_SIZE_MAX];
    size_t size =
        case_decode(json_string_value(case_at(case_base, "device.base_keys.Profile.public")),
            octets, sizeof octets);
    assert_int_equal(kc_udf_key_fingerprint_as("Ed448", (struct kc_span){octets, size},
                         kc_udf_key_content_types[0], bits, udf, KC_UDF_DIGEST_TEXT_SIZE),
        KC_OK);
}

static enum kc_operate_code play_subject(unsigned bits, const char *revoked)
{
    static char connection[CASE_TEXT_MAX];
    char subject[KC_UDF_DIGEST_TEXT_SIZE];
    device_udf(bits, subject);
    case_payload_of("device.ConnectionDevice", connection);
    case_edit(connection, json_string_value(case_at(case_base, "device.udf")), subject);
    char *manifest = case_seal(connection, CASE_ADMINISTRATOR, NULL);
    assert_true(operate_service_reset(&case_service));
    if (revoked != NULL)
        assert_true(operate_service_revoke_device(&case_service, revoked));
    enum kc_operate_code code = play_signed(CASE_DEVICE, manifest);
    free(manifest);
    return code;
}

/* A fingerprint can be said in more characters than the one that was revoked, and the other way round. */
static void a_device_is_revoked_in_every_precision_of_its_name(void **state)
{
    (void)state;
    static const unsigned precisions[] = {140, 160, 280, 512};
    char revoked[KC_UDF_DIGEST_TEXT_SIZE], other[KC_UDF_DIGEST_TEXT_SIZE];
    device_udf(140, other);
    other[0] = other[0] == 'M' ? 'N' : 'M';
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(play_subject(precisions[i], NULL), KC_OPERATE_ACCEPTED);
        for (size_t j = 0; j < 4; j++) {
            device_udf(precisions[j], revoked);
            assert_int_equal(play_subject(precisions[i], revoked), KC_OPERATE_NOT_AUTHENTICATED);
        }
    }
    assert_int_equal(play_subject(120, NULL), KC_OPERATE_NOT_AUTHENTICATED); /* too few to tell */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(
            reads_requests_in_every_spelling_and_refuses_what_is_no_request, case_reset),
        cmocka_unit_test_setup(is_for_this_service_and_an_account_of_it, case_reset),
        cmocka_unit_test_setup(refuses_keys_that_are_unknown_or_of_another_class_alike, case_reset),
        cmocka_unit_test_setup(takes_the_coefficient_that_is_due_and_no_other, case_reset),
        cmocka_unit_test_setup(takes_whole_points_of_the_share_s_curve_only, case_reset),
        cmocka_unit_test_setup(
            executes_sixty_four_operations_in_order_and_not_one_more, case_reset),
        cmocka_unit_test_setup(
            each_operation_is_charged_whatever_comes_of_it_and_a_limit_stops_the_request,
            case_reset),
        cmocka_unit_test_setup(no_share_signs_twice_in_a_request, case_reset),
        cmocka_unit_test_setup(one_bad_operation_does_not_stop_the_others, case_reset),
        cmocka_unit_test_setup(
            a_request_is_signed_by_the_device_that_the_administrator_connected, case_reset),
        cmocka_unit_test_setup(
            a_connection_is_the_administrator_s_and_of_this_account_and_recent, case_reset),
        cmocka_unit_test_setup(what_no_signature_covers_does_not_matter, case_reset),
        cmocka_unit_test_setup(what_was_altered_on_its_way_is_not_authentic, case_reset),
        cmocka_unit_test_setup(what_is_no_envelope_has_not_the_form, case_reset),
        cmocka_unit_test_setup(a_request_is_of_now_within_three_hundred_seconds, case_reset),
        cmocka_unit_test_setup(a_request_is_answered_once_whatever_the_clock_does, case_reset),
        cmocka_unit_test_setup(a_request_is_known_by_its_id_and_not_by_its_envelope, case_reset),
        cmocka_unit_test_setup(what_was_revoked_is_refused_at_once, case_reset),
        cmocka_unit_test_setup(a_device_is_revoked_in_every_precision_of_its_name, case_reset),
    };
    return cmocka_run_group_tests(tests, case_load, case_unload);
}
