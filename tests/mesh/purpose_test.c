/* SPDX-License-Identifier: Apache-2.0 */
/* What each kind of key may sign. */
#include "custodian/mesh/purpose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static enum kc_error check(enum kc_mesh_purpose purpose, const char *payload)
{
    enum kc_object_type type;
    return kc_mesh_purpose_check(
        purpose, (struct kc_span){(const uint8_t *)payload, strlen(payload)}, &type);
}

static bool may_sign(enum kc_mesh_purpose purpose, enum kc_object_type type)
{
    char payload[128];
    snprintf(payload, sizeof payload, "{\"%s\":{}}", kc_object_info(type)->name);
    enum kc_error error = check(purpose, payload);
    assert_true(error == KC_OK || error == KC_ERR_REFUSED);
    return error == KC_OK;
}

/* What authorises others is signed by the one kind of key that it is for. */
static void what_authorises_is_signed_by_its_own_key_alone(void **state)
{
    (void)state;
    static const struct {
        enum kc_object_type type;
        enum kc_mesh_purpose purpose;
    } owners[] = {{KC_OBJECT_ProfileUser, KC_MESH_PURPOSE_PROFILE},
        {KC_OBJECT_ProfileDevice, KC_MESH_PURPOSE_PROFILE},
        {KC_OBJECT_ProfileHost, KC_MESH_PURPOSE_PROFILE},
        {KC_OBJECT_EscrowedKeySet, KC_MESH_PURPOSE_PROFILE},
        {KC_OBJECT_ConnectionDevice, KC_MESH_PURPOSE_ADMINISTRATOR},
        {KC_OBJECT_ActivationAccount, KC_MESH_PURPOSE_ADMINISTRATOR},
        {KC_OBJECT_CatalogedAccess, KC_MESH_PURPOSE_ADMINISTRATOR},
        {KC_OBJECT_OperateRequest, KC_MESH_PURPOSE_DEVICE},
        {KC_OBJECT_TransactRequest, KC_MESH_PURPOSE_DEVICE},
        {KC_OBJECT_TransactResponse, KC_MESH_PURPOSE_HOST}};
    for (size_t i = 0; i < sizeof owners / sizeof owners[0]; i++)
        for (unsigned purpose = 0; purpose <= KC_MESH_PURPOSE_HOST; purpose++)
            assert_int_equal(may_sign((enum kc_mesh_purpose)purpose, owners[i].type),
                purpose == (unsigned)owners[i].purpose);
}

static void nobody_signs_a_response_of_operate_so(void **state)
{
    (void)state;
    for (unsigned purpose = 0; purpose <= KC_MESH_PURPOSE_HOST; purpose++)
        assert_false(may_sign((enum kc_mesh_purpose)purpose, KC_OBJECT_OperateResponse));
}

static void what_is_no_object_is_for_applications_alone(void **state)
{
    (void)state;
    static const char *const payloads[] = {
        "", "text", "[1]", "{}", "{\"Invoice\":{}}", "{\"ProfileUser\":{},\"ProfileUser\":{}}"};
    for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++)
        for (unsigned purpose = 0; purpose <= KC_MESH_PURPOSE_HOST; purpose++)
            assert_int_equal(check((enum kc_mesh_purpose)purpose, payloads[i]) == KC_OK,
                purpose == KC_MESH_PURPOSE_APPLICATION);
    assert_int_equal(
        check(KC_MESH_PURPOSE_APPLICATION, "{\"a\":1,\"ProfileUser\":null}"), KC_ERR_REFUSED);
}

static void a_name_tells_what_a_key_is_for(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum kc_mesh_purpose purpose;
    } names[] = {{"BaseDeviceProfile", KC_MESH_PURPOSE_PROFILE},
        {"CompleteAccountProfile", KC_MESH_PURPOSE_PROFILE},
        {"CompleteAccountAdminSign", KC_MESH_PURPOSE_ADMINISTRATOR},
        {"CompleteAccountSign", KC_MESH_PURPOSE_ACCOUNT},
        {"BaseDeviceSign", KC_MESH_PURPOSE_DEVICE},
        {"ActivationDeviceSign", KC_MESH_PURPOSE_DEVICE}, {"BaseHostSign", KC_MESH_PURPOSE_HOST},
        {"BaseDeviceEncrypt", KC_MESH_PURPOSE_NONE},
        {"CompleteAccountEscrow", KC_MESH_PURPOSE_NONE}, {"", KC_MESH_PURPOSE_NONE}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(kc_mesh_purpose_of_name(names[i].name), names[i].purpose);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_authorises_is_signed_by_its_own_key_alone),
        cmocka_unit_test(nobody_signs_a_response_of_operate_so),
        cmocka_unit_test(what_is_no_object_is_for_applications_alone),
        cmocka_unit_test(a_name_tells_what_a_key_is_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
