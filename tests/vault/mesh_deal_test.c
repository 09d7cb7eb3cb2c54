/* SPDX-License-Identifier: Apache-2.0 */
/* Share and Generate through mesh-operate: who gets shares, who does not, and that nothing of them is
 * kept until the administrator's entry brings the service's own back. And a member of another account. */
#include "tests/vault/service_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPERATE KC_OPERATION_MESH_OPERATE
#define ACCEPT KC_OPERATION_MESH_CAPABILITY_ACCEPT

#define SPLITTER "NSPL-ITTE-R"   /* has a share of the account's key */
#define GENERATOR "NGEN-ERAT-OR" /* has none */
#define PINNED "NPIN-NED"        /* as the first, with a member's profile */
#define SUCCESSOR "NSUC-CESS-OR" /* what the administrator makes of the service's share */

#define GRANTEE "MDJV-D5YY-RCOC-Y7SB-R7JC-MOI3-ZFHH"
#define DEVICE_KEY "device.composite_keys.Encrypt"
#define MEMBER_KEY CASE_MEMBER_ENCRYPTION
#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* --- entries of the access catalog --- */

/* Has the administrator's entry of this payload accepted. */
static enum kc_error accept_payload(struct bench *bench, const char *payload)
{
    static char updates[3 * CASE_TEXT_MAX];
    char *entry = case_seal(payload, CASE_ADMINISTRATOR, NULL);
    snprintf(updates, sizeof updates, "{\"Container\":\"MMM_Access\",\"Envelopes\":[%s]}", entry);
    struct answer *answer =
        service_ask(bench, ACCEPT, service_transact(bench, updates, CASE_ADMINISTRATOR, 0));
    enum kc_error error = answer->error;
    answer_done(answer);
    free(entry);
    return error;
}

static void accept_generator(struct bench *bench)
{
    assert_int_equal(
        accept_payload(bench, "{\"CatalogedAccess\":{\"Capability\":{\"CapabilityKeyGenerate\":{"
                              "\"Id\":\"" GENERATOR "\",\"AuthenticationId\":\"" GRANTEE "\"}}}}"),
        KC_OK);
}

/* The share of the first entry in one of another class, id and grantee; with a member's profile. */
static void accept_first_as(
    struct bench *bench, const char *class, const char *id, const char *grantee, bool pins)
{
    static char payload[CASE_TEXT_MAX], member[CASE_TEXT_MAX];
    char *profile = case_member_profile();
    snprintf(member, sizeof member, "\"EnvelopedProfileUser\":%s,\"Id\"", profile);
    case_payload_of("access.0.entry", payload);
    case_edit(payload, "CapabilityDecryptServiced", class);
    case_edit(payload, CASE_DECRYPT_ID, id);
    case_edit(payload, GRANTEE, grantee);
    if (pins)
        case_edit(payload, "\"Id\"", member);
    assert_int_equal(accept_payload(bench, payload), KC_OK);
    free(profile);
}

static int dealer_setup(void **state)
{
    struct bench *bench = service_with_shares();
    accept_generator(bench);
    accept_first_as(bench, "CapabilityKeyGenerate", SPLITTER, GRANTEE, false);
    accept_first_as(bench, "CapabilityKeyGenerate", PINNED, GRANTEE, true);
    *state = bench;
    return 0;
}

/* --- requests --- */

/* An operation with the recipients' keys, by their place. also: as service_operations. */
static char *deal_request(struct bench *bench, const char *operation, const char *fields,
    const char *const recipients[], const char *also)
{
    static char operations[3000];
    size_t size = (size_t)snprintf(operations, sizeof operations,
        "[{\"CryptographicOperation%s\":{%s,\"PublicKeys\":[", operation, fields);
    for (size_t i = 0; recipients[i] != NULL; i++) {
        char path[60];
        snprintf(path, sizeof path, "%s.public", recipients[i]);
        size += (size_t)snprintf(operations + size, sizeof operations - size,
            "%s{\"PublicKeyECDH\":{\"crv\":\"X448\",\"Public\":\"%s\"}}", i > 0 ? "," : "",
            json_string_value(case_at(case_base, path)));
    }
    snprintf(operations + size, sizeof operations - size, "]}}]");
    return service_operations(bench, operations, NULL, also);
}

#define SHARE(id) "Share", "\"KeyId\":\"" id "\""
#define GENERATE "Generate", "\"KeyId\":\"" GENERATOR "\",\"Algorithm\":\"X448\""
#define TWO_OF_THREE(id)                                                                           \
    "Share", "\"KeyId\":\"" id "\",\"Shares\":3,\"Threshold\":2,\"Indexes\":[5,9,7]"

/* The result of a request that is executed; given: json_decref. */
static json_t *dealt(struct bench *bench, char *request, const char *name)
{
    json_t *results = service_results(bench, request);
    json_t *result = json_incref(json_object_get(json_array_get(results, 0), name));
    json_decref(results);
    assert_non_null(result);
    return result;
}

static json_t *share_for_device(struct bench *bench)
{
    char *request = deal_request(bench, SHARE(SPLITTER), KEYS(DEVICE_KEY), NULL);
    return dealt(bench, request, "CryptographicResultShare");
}

static void refuse(struct bench *bench, char *request)
{
    assert_true(service_refuses(bench, request));
    assert_string_equal(bench->told.note, "refused");
}

/* --- what is made of the service's share --- */

/* The entry that the administrator makes of a result: about whose key, given by its UDF. */
static enum kc_error accept_successor(struct bench *bench, const json_t *result, const char *udf)
{
    static char payload[CASE_TEXT_MAX];
    char *own =
        json_dumps(json_array_get(json_object_get(result, "PublicShares"), 0), JSON_COMPACT);
    char *share = json_dumps(json_object_get(result, "EncryptedServiceShare"), JSON_COMPACT);
    snprintf(payload, sizeof payload,
        "{\"CatalogedAccess\":{\"Capability\":{\"CapabilityDecryptServiced\":{\"Id\":\"" SUCCESSOR
        "\",\"KeyData\":{\"PublicParameters\":%s},\"EnvelopedKeyShares\":[%s],\"SubjectId\":\"%s\","
        "\"AuthenticationId\":\"" GRANTEE "\"}}}}",
        own, share, udf);
    free(own);
    free(share);
    return accept_payload(bench, payload);
}

static const char *account_key(void)
{
    return json_string_value(case_at(case_base, "account.keys.Encrypt.udf"));
}

static char *successor_request(struct bench *bench)
{
    return service_operations(bench,
        "[{\"CryptographicOperationKeyAgreement\":{\"KeyId\":\"" SUCCESSOR
        "\",\"PublicKey\":{\"PublicKeyECDH\":{\"crv\":\"X448\",\"Public\":\"" CASE_POINT "\"}}}}]",
        NULL, NULL);
}

/* The successor answers by what the device's part leaves of the share that was split. */
static void check_successor(struct bench *bench, const json_t *result)
{
    struct kc_key device = case_agreement_key(DEVICE_KEY);
    struct kc_scalar part = case_open_share(result, 1, &device);
    struct kc_mesh_capability *known = &case_service.capabilities[case_service.capability_count];
    *known = *operate_service_capability(&case_service, CASE_DECRYPT_ID);
    snprintf(known->id, sizeof known->id, SUCCESSOR);
    kc_scalar_subtract(&known->share, &known->share, &part);
    case_service.capability_count++;
    assert_int_equal(accept_successor(bench, result, account_key()), KC_OK);
    json_t *results = service_results(bench, successor_request(bench));
    assert_non_null(json_object_get(json_array_get(results, 0), "CryptographicResultKeyAgreement"));
    json_decref(results);
    case_service.capability_count--;
}

/* --- who gets shares --- */

static void a_device_gets_its_part_and_the_administrator_the_service_s(void **state)
{
    struct bench *bench = *state;
    size_t records = bench->record_count;
    json_t *result = share_for_device(bench);
    assert_int_equal(json_array_size(json_object_get(result, "EncryptedShares")), 1);
    assert_int_equal(json_array_size(json_object_get(result, "PublicShares")), 2);
    assert_int_equal(bench->record_count, records + 1); /* the edge of what is taken, and no key */
    refuse(bench, successor_request(bench));
    check_successor(bench, result);
    json_decref(result);
}

static struct kc_public_key key_at(const json_t *result, const char *path)
{
    struct kc_public_key key;
    uint8_t octets[KC_POINT_SIZE_MAX];
    size_t size = case_decode(json_string_value(case_at(result, path)), octets, sizeof octets);
    assert_int_equal(kc_public_key_make("X448", (struct kc_span){octets, size}, &key), KC_OK);
    return key;
}

/* The key that was made: the sum of the service's share, which is published, and the device's. */
static struct kc_public_key made_key(const json_t *result)
{
    struct kc_point parts[2], sum;
    uint8_t octets[KC_POINT_SIZE_MAX];
    struct kc_key device = case_agreement_key(DEVICE_KEY);
    struct kc_scalar part = case_open_share(result, 1, &device);
    struct kc_public_key made = key_at(result, "PublicKey.PublicKeyECDH.Public"),
                         own = key_at(result, "PublicShares.0.PublicKeyECDH.Public");
    assert_int_equal(kc_point_decode(&parts[0], KC_CURVE_X448, own.octets, own.size), KC_OK);
    assert_int_equal(kc_point_multiply_base(&parts[1], &part), KC_OK);
    assert_int_equal(kc_point_sum(&sum, parts, 2), KC_OK);
    kc_point_encode(&sum, octets);
    assert_memory_equal(made.octets, octets, made.size);
    return made;
}

/* The account has a later profile, which names the key that was made. */
static void bind_made(struct bench *bench, const json_t *result)
{
    json_t *key = json_pack("{s:O}", "PublicParameters", json_object_get(result, "PublicKey"));
    char *encryption = json_dumps(key, JSON_COMPACT);
    service_expect(bench, KC_OPERATION_MESH_ACCOUNT_BIND,
        service_bind_later(bench, "2026-03-02T11:30:00Z", encryption), KC_OK);
    free(encryption);
    json_decref(key);
}

static void a_key_is_made_whose_share_waits_for_the_account_to_have_it(void **state)
{
    struct bench *bench = *state;
    size_t records = bench->record_count;
    char *request = deal_request(bench, GENERATE, KEYS(DEVICE_KEY), NULL);
    json_t *result = dealt(bench, request, "CryptographicResultGenerate");
    struct kc_public_key made = made_key(result);
    assert_int_equal(accept_successor(bench, result, made.udf), KC_ERR_REFUSED);
    assert_int_equal(bench->record_count, records + 1); /* the edge of what is taken, and no key */
    bind_made(bench, result);
    assert_int_equal(accept_successor(bench, result, made.udf), KC_OK);
    assert_int_equal(bench->record_count, records + 2);
    json_decref(result);
}

static void a_key_that_nobody_verified_gets_no_share(void **state)
{
    struct bench *bench = *state;
    refuse(bench, deal_request(bench, SHARE(SPLITTER), KEYS(MEMBER_KEY), NULL));
    refuse(bench, deal_request(bench, SHARE(SPLITTER), KEYS(DEVICE_KEY, MEMBER_KEY), NULL));
    refuse(bench, deal_request(bench, GENERATE, KEYS(MEMBER_KEY), NULL));
    refuse(bench, deal_request(bench, SHARE(PINNED), KEYS("service.keys.Encrypt"), NULL));
    refuse(bench, deal_request(bench, SHARE(CASE_DECRYPT_ID), KEYS(DEVICE_KEY), NULL));
}

/* Of the key of another capability, though the request names both. */
static void check_other_key(struct bench *bench)
{
    static const char both[] =
        "\"KeyId\":\"" PINNED "\",\"PublicKeys\":[]}},{\"CryptographicOperationShare\":{"
        "\"KeyId\":\"" SPLITTER "\"";
    char *request = deal_request(bench, "Share", both, KEYS(MEMBER_KEY), NULL);
    json_t *results = service_results(bench, request);
    assert_int_equal(json_array_size(results), 2);
    assert_non_null(json_object_get(json_array_get(results, 1), "CryptographicResult"));
    json_decref(results);
}

/* Only where the capability names the member, and for as long as it is there. */
static void a_member_whose_profile_is_pinned_gets_a_share(void **state)
{
    struct bench *bench = *state;
    struct kc_key member = case_agreement_key(MEMBER_KEY);
    char *request = deal_request(bench, SHARE(PINNED), KEYS(DEVICE_KEY, MEMBER_KEY), NULL);
    json_t *result = dealt(bench, request, "CryptographicResultShare");
    struct kc_scalar share = case_open_share(result, 2, &member);
    assert_int_equal(share.curve, KC_CURVE_X448);
    json_decref(result);
    check_other_key(bench);
    service_expect(bench, KC_OPERATION_MESH_CAPABILITY_REVOKE,
        service_delete_request(bench, "MMM_Access", PINNED), KC_OK);
    refuse(bench, deal_request(bench, SHARE(PINNED), KEYS(DEVICE_KEY, MEMBER_KEY), NULL));
}

static void an_export_needs_the_administrator_and_the_setting(void **state)
{
    struct bench *bench = *state;
    static const char *const also[] = {NULL, CASE_ADMINISTRATOR, CASE_PROFILE};
    for (uint32_t exports = 0; exports < 2; exports++) {
        bench->config.operate.exports = exports;
        bench_restart(bench);
        bench->seconds += 20;
        for (size_t i = 0; i < sizeof also / sizeof *also; i++) {
            char *request =
                deal_request(bench, TWO_OF_THREE(PINNED), KEYS(DEVICE_KEY, MEMBER_KEY), also[i]);
            if (exports == 1 && i == 1)
                json_decref(dealt(bench, request, "CryptographicResultShare"));
            else
                refuse(bench, request);
        }
    }
}

/* --- the offset of an agreement --- */

#define ONE "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static char *offset_request(struct bench *bench, const char *offset)
{
    static char operations[800];
    snprintf(operations, sizeof operations,
        "[{\"CryptographicOperationKeyAgreement\":{\"KeyId\":\"" CASE_DECRYPT_ID "\",%s"
        "\"PublicKey\":{\"PublicKeyECDH\":{\"crv\":\"X448\",\"Public\":\"" CASE_POINT "\"}}}}]",
        offset);
    return service_operations(bench, operations, NULL, NULL);
}

/* The results are those of the share and of the share plus one: they differ by the point itself. */
static void check_added(struct bench *bench)
{
    struct kc_point results[2], difference[2], sum, peer;
    uint8_t octets[KC_POINT_SIZE_MAX];
    for (size_t i = 0; i < 2; i++) {
        const char *offset = i == 0 ? "" : "\"KeyOffset\":\"" ONE "\",";
        json_t *list = service_results(bench, offset_request(bench, offset));
        size_t size = case_decode(
            json_string_value(case_at(list, "0.CryptographicResultKeyAgreement.KeyAgreement."
                                            "KeyAgreementECDH.Result")),
            octets, sizeof octets);
        assert_int_equal(kc_point_decode(&results[i], KC_CURVE_X448, octets, size), KC_OK);
        json_decref(list);
    }
    size_t size = case_decode(CASE_POINT, octets, sizeof octets);
    assert_int_equal(kc_point_decode(&peer, KC_CURVE_X448, octets, size), KC_OK);
    difference[0] = results[1];
    kc_point_negate(&difference[1], &results[0]);
    assert_int_equal(kc_point_sum(&sum, difference, 2), KC_OK);
    assert_true(kc_point_equal(&sum, &peer));
}

static void an_offset_needs_the_setting(void **state)
{
    struct bench *bench = *state;
    assert_true(service_refuses(bench, offset_request(bench, "\"KeyOffset\":\"" ONE "\",")));
    assert_string_equal(bench->told.note, "bad-scalar");
    bench->config.operate.offsets = 1;
    bench_restart(bench);
    bench->seconds += 20;
    check_added(bench);
    assert_true(service_refuses(bench, offset_request(bench, "\"KeyOffset\":\"AQ\",")));
    bench->config.operate.offsets = 0;
    bench_restart(bench);
    bench->seconds += 20;
    assert_true(service_refuses(bench, offset_request(bench, "\"KeyOffset\":\"" ONE "\",")));
}

/* --- crashes --- */

static void a_crash_after_the_answer_leaves_the_share_to_be_accepted(void **state)
{
    struct bench *bench = *state;
    json_t *result = share_for_device(bench);
    bench_restart(bench);
    bench->seconds += 20;
    check_successor(bench, result);
    json_decref(result);
}

static void a_service_s_share_that_nobody_accepts_in_a_day_is_lost(void **state)
{
    struct bench *bench = *state;
    json_t *result = share_for_device(bench);
    bench->seconds += KC_OPERATE_SHARE_LIFE + 1;
    assert_int_equal(accept_successor(bench, result, account_key()), KC_ERR_REFUSED);
    refuse(bench, successor_request(bench));
    json_decref(result);
}

/* Nothing of a key is stored: with whichever write the vault dies, the share that is split still is. */
static void a_crash_before_the_answer_leaves_what_was_there(void **state)
{
    (void)state;
    for (size_t stored = 0; stored < 2; stored++) {
        void *made;
        assert_int_equal(dealer_setup(&made), 0);
        struct bench *bench = made;
        char *request = deal_request(bench, SHARE(SPLITTER), KEYS(DEVICE_KEY), NULL);
        struct ask ask = ask_new(OPERATE);
        ask_text(&ask, KC_FIELD_SERVICE, SERVICE);
        ask_octets(&ask, KC_FIELD_REQUEST, request, strlen(request));
        size_t records = bench->record_count;
        bench->dies_at_commit = 1;
        bench->dies_stored = stored == 1;
        uint64_t ticket = bench_send(bench, &ask);
        bench_pump(bench);
        assert_null(bench_take(bench, ticket));
        assert_int_equal(bench->record_count, records + stored);
        bench->is_dead = false;
        bench_restart(bench);
        assert_int_equal(service_operate(bench, request), stored == 1 ? 401 : 201);
        bench->seconds += 20;
        json_t *result = share_for_device(bench);
        check_successor(bench, result);
        json_decref(result);
        bench_free(bench);
    }
}

/* --- a member of another account --- */

static int operate_as_member(struct bench *bench, const char *id, const char *updated)
{
    char operations[400];
    char *connection = case_member_connection(updated, CASE_MEMBER_ADMINISTRATOR);
    snprintf(operations, sizeof operations,
        "[{\"CryptographicOperationKeyAgreement\":{\"KeyId\":\"%s\",\"PublicKey\":{"
        "\"PublicKeyECDH\":{\"crv\":\"X448\",\"Public\":\"" CASE_POINT "\"}}}}]",
        id);
    int status = service_operate(bench, service_operations(bench, operations, connection, NULL));
    free(connection);
    return status;
}

#define TODAY "2026-03-02T11:00:00Z"

static void a_member_of_another_account_uses_the_share_that_it_was_given(void **state)
{
    struct bench *bench = service_new();
    const char *member = json_string_value(case_at(case_base, CASE_MEMBER ".udf"));
    (void)state;
    service_expect(bench, KC_OPERATION_MESH_ACCOUNT_BIND, service_bind_request(bench, 0), KC_OK);
    accept_first_as(bench, "CapabilityDecryptServiced", CASE_DECRYPT_ID, member, true);
    assert_int_equal(operate_as_member(bench, CASE_DECRYPT_ID, TODAY), 201);
    assert_int_equal(operate_as_member(bench, CASE_DECRYPT_ID, "2026-03-01T11:00:00Z"), 401);
    assert_int_equal(operate_as_member(bench, CASE_SIGN_ID, TODAY), 401);
    assert_true(service_refuses(bench, service_flow(bench, CASE_AGREE, 0)));
    bench_restart(bench); /* the member's profile was kept */
    bench->seconds += 20;
    assert_int_equal(operate_as_member(bench, CASE_DECRYPT_ID, TODAY), 201);
    service_expect(bench, KC_OPERATION_MESH_CAPABILITY_REVOKE,
        service_delete_request(bench, "MMM_Access", CASE_DECRYPT_ID), KC_OK);
    assert_int_equal(operate_as_member(bench, CASE_DECRYPT_ID, TODAY), 401);
    bench_free(bench);
}

#define DEALS(test) cmocka_unit_test_setup_teardown(test, dealer_setup, service_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DEALS(a_device_gets_its_part_and_the_administrator_the_service_s),
        DEALS(a_key_is_made_whose_share_waits_for_the_account_to_have_it),
        DEALS(a_key_that_nobody_verified_gets_no_share),
        DEALS(a_member_whose_profile_is_pinned_gets_a_share),
        DEALS(an_export_needs_the_administrator_and_the_setting),
        DEALS(an_offset_needs_the_setting),
        DEALS(a_crash_after_the_answer_leaves_the_share_to_be_accepted),
        DEALS(a_service_s_share_that_nobody_accepts_in_a_day_is_lost),
        cmocka_unit_test(a_crash_before_the_answer_leaves_what_was_there),
        cmocka_unit_test(a_member_of_another_account_uses_the_share_that_it_was_given),
    };
    return cmocka_run_group_tests(tests, case_load, case_unload);
}
