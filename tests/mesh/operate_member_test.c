/* SPDX-License-Identifier: Apache-2.0 */
/* A member of a group, whose account is elsewhere: the administrator of the group pinned its
 * profile in the capability. Bob's keys are base keys of the device of the worked case. */
#include "tests/support/cmocka.h"

#include "tests/mesh/operate_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD(call) assert_int_equal(call, KC_OK)
#define BOB_ADMINISTRATOR CASE_MEMBER_ADMINISTRATOR
#define OTHER "service.keys.Sign"

/* The first capability, given to Bob in place of the device. */
static void give_to_bob(bool pinned)
{
    static char payload[CASE_TEXT_MAX], member[CASE_TEXT_MAX];
    size_t size = case_decode(json_string_value(case_at(case_base, "access.0.entry.1")),
        (uint8_t *)payload, sizeof payload - 1);
    payload[size] = '\0';
    char *profile = case_member_profile();
    snprintf(member, sizeof member, "\"EnvelopedProfileUser\":%s,\"Id\"", profile);
    case_edit(payload, "MDJV-D5YY-RCOC-Y7SB-R7JC-MOI3-ZFHH",
        json_string_value(case_at(case_base, CASE_MEMBER ".udf")));
    if (pinned)
        case_edit(payload, "\"Id\"", member);
    char *entry = case_seal(payload, CASE_ADMINISTRATOR, NULL);
    struct kc_span text = {(const uint8_t *)entry, strlen(entry)};
    GOOD(kc_mesh_capability_read(
        text, &case_service.accounts[0], &case_service.self, &case_service.capabilities[0]));
    free(profile);
    free(entry);
}

static enum kc_operate_code ask_as_bob(const char *flow, const char *updated, const char *signer)
{
    static char payload[CASE_TEXT_MAX];
    assert_true(operate_service_reset(&case_service));
    case_payload(flow, payload);
    char *connection = case_member_connection(updated, signer);
    char *body = case_seal(payload, CASE_DEVICE, connection);
    enum kc_operate_code code = case_play(CASE_NOW, body);
    free(connection);
    free(body);
    return code;
}

#define TODAY "2026-03-02T11:00:00Z"

static void a_member_asks_with_a_device_of_its_own_account(void **state)
{
    (void)state;
    enum kc_operate_code refused = KC_OPERATE_NOT_AUTHENTICATED;
    give_to_bob(true);
    assert_int_equal(ask_as_bob("agreement", TODAY, BOB_ADMINISTRATOR), KC_OPERATE_ACCEPTED);
    assert_int_equal(ask_as_bob("agreement", TODAY, OTHER), refused);
    assert_int_equal(ask_as_bob("agreement", "2026-03-01T11:00:00Z", BOB_ADMINISTRATOR), refused);
}

static void a_member_has_no_other_keys_of_the_account(void **state)
{
    (void)state;
    static char payload[CASE_TEXT_MAX];
    give_to_bob(true);
    assert_int_equal(ask_as_bob("sign", TODAY, BOB_ADMINISTRATOR), KC_OPERATE_NOT_AUTHENTICATED);
    /* Its own key first, one of somebody else after it. */
    assert_true(operate_service_reset(&case_service));
    case_payload("sign", payload);
    case_edit(payload, "\"Operations\":[",
        "\"Operations\":[{\"CryptographicOperationKeyAgreement\":{\"KeyId\":"
        "\"NDF6-BUUL-QW2V-UGRY-TAET-JNOP-XFZA\",\"PublicKey\":{\"PublicKeyECDH\":{\"crv\":\"X448\","
        "\"Public\":\"ZshUowHLQrzvrJKH3IYIV6LLAqFx-uInBWMX0SfwdQGsn8K1NVQ12Z5T1lw-"
        "A3e3jbchfu0upw2A\"}}}},");
    char *connection = case_member_connection(TODAY, BOB_ADMINISTRATOR);
    char *body = case_seal(payload, CASE_DEVICE, connection);
    assert_int_equal(case_play(CASE_NOW, body), KC_OPERATE_REFUSED);
    free(connection);
    free(body);
}

static void a_grantee_whose_profile_is_not_pinned_cannot_ask(void **state)
{
    (void)state;
    give_to_bob(false);
    assert_int_equal(
        ask_as_bob("agreement", TODAY, BOB_ADMINISTRATOR), KC_OPERATE_NOT_AUTHENTICATED);
}

/* Another account's devices are revoked elsewhere; the account's own, here. */
static void a_member_s_device_is_connected_anew_within_a_day_and_one_of_the_account_at_any_time(
    void **state)
{
    (void)state;
    static char body[CASE_TEXT_MAX];
    give_to_bob(true);
    case_service.state.connection_age_max = 0;
    assert_int_equal(ask_as_bob("agreement", "2026-03-01T11:00:00Z", BOB_ADMINISTRATOR),
        KC_OPERATE_NOT_AUTHENTICATED);
    case_service.state.connection_age_max = 1;
    assert_int_equal(ask_as_bob("agreement", TODAY, BOB_ADMINISTRATOR), KC_OPERATE_ACCEPTED);
    case_body("sign", body);
    assert_true(operate_service_reset(&case_service));
    assert_int_equal(case_play(CASE_NOW, body), KC_OPERATE_NOT_AUTHENTICATED);
    case_service.state.connection_age_max = 0;
    assert_true(operate_service_reset(&case_service));
    assert_int_equal(case_play(CASE_NOW, body), KC_OPERATE_ACCEPTED);
    case_service.state.connection_age_max = KC_OPERATE_MEMBER_AGE;
}

static void a_member_s_device_is_connected_since_the_profile_that_was_pinned(void **state)
{
    (void)state;
    give_to_bob(true);
    struct kc_mesh_account *pinned = &case_service.capabilities[0].member;
    pinned->updated = 1772449200; /* 2026-03-02T11:00:00Z */
    assert_int_equal(ask_as_bob("agreement", TODAY, BOB_ADMINISTRATOR), KC_OPERATE_ACCEPTED);
    pinned->updated++;
    assert_int_equal(
        ask_as_bob("agreement", TODAY, BOB_ADMINISTRATOR), KC_OPERATE_NOT_AUTHENTICATED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_asks_with_a_device_of_its_own_account),
        cmocka_unit_test(a_member_has_no_other_keys_of_the_account),
        cmocka_unit_test(
            a_member_s_device_is_connected_anew_within_a_day_and_one_of_the_account_at_any_time),
        cmocka_unit_test(a_member_s_device_is_connected_since_the_profile_that_was_pinned),
        cmocka_unit_test(a_grantee_whose_profile_is_not_pinned_cannot_ask),
    };
    return cmocka_run_group_tests(tests, case_load, case_unload);
}
