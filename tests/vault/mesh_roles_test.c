/* SPDX-License-Identifier: Apache-2.0 */
/* What one custodian writes the next one takes, as it is, and in the end the device decrypts with the
 * service's part; after a refresh too. */
#include "tests/vault/roles.h"

#include <stdlib.h>

static void a_watch_decrypts_with_its_account_s_service(void **state)
{
    struct roles *r = *state;
    roles_connect(r, "encryption=threshold,signature=threshold");
    char *capability = capability_id(r, r->account);
    assert_true(decrypts(r, capability));
    free(capability);
}

static void a_watch_that_was_taken_off_gets_nothing_more(void **state)
{
    struct roles *r = *state;
    uint8_t contribution[KC_POINT_SIZE_MAX];
    struct sample_key peer = sample_key(KC_CURVE_X448, 77);
    roles_connect(r, "encryption=threshold");
    char *capability = capability_id(r, r->account);
    assert_true(decrypts(r, capability));
    struct ask ask = ask_new(KC_OPERATION_MESH_ACCOUNT_DISCONNECT);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, r->account);
    ask_text(&ask, KC_FIELD_RECIPIENT, r->device_udf);
    ask_text(&ask, KC_FIELD_SERVICE, HOST);
    ask_pin(&ask);
    struct answer *answer = bench_ask(r->administrator, &ask);
    char *gone = document_of(answer, KC_FIELD_REQUEST);
    answer_done(answer);
    service_take(r, KC_OPERATION_MESH_CAPABILITY_REVOKE, gone);
    assert_int_not_equal(roles_operate(r, capability, &peer, contribution), 201);
    free(gone);
    free(capability);
}

/* --- refresh --- */

/* What the administrator makes; the service takes its part, and the device's is given: free. */
static char *refresh(struct roles *r, const char *use, bool anew)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_ACCOUNT_REFRESH);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, r->account);
    ask_text(&ask, KC_FIELD_RECIPIENT, r->device_udf);
    ask_text(&ask, KC_FIELD_USE, use);
    ask_document(&ask, KC_FIELD_PROFILE, r->service_profile);
    ask_document(&ask, KC_FIELD_RESPONSE, r->assignment);
    ask_text(&ask, KC_FIELD_SERVICE, HOST);
    ask_number(&ask, KC_FIELD_FORCE, anew);
    ask_pin(&ask);
    struct answer *answer = bench_ask(r->administrator, &ask);
    char *update = document_of(answer, KC_FIELD_REQUEST);
    char *document = document_of(answer, KC_FIELD_DOCUMENT);
    answer_done(answer);
    service_take(r, KC_OPERATION_MESH_CAPABILITY_ACCEPT, update);
    free(update);
    return document;
}

static struct ask refresh_ask(const struct roles *r, const char *document)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_DEVICE_REFRESH);
    ask_text(&ask, KC_FIELD_DEVICE, r->device_udf);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, r->account);
    ask_document(&ask, KC_FIELD_DOCUMENT, document);
    return ask;
}

static void both_sides_take_a_refresh_and_a_share_from_before_helps_nobody(void **state)
{
    struct roles *r = *state;
    roles_connect(r, "encryption=threshold,signature=threshold");
    char *capability = capability_id(r, r->account);
    for (size_t anew = 0; anew < 2; anew++) {
        char *offset = refresh(r, "decrypt", anew == 1);
        assert_false(decrypts(r, capability)); /* the device's is from before */
        struct ask ask = refresh_ask(r, offset);
        bench_expect(r->device, &ask, KC_OK);
        assert_true(decrypts(r, capability));
        ask = refresh_ask(r, offset);
        bench_expect(r->device, &ask, KC_ERR_EPOCH);
        free(offset);
    }
    char *offset = refresh(r, "sign", false);
    struct ask ask = refresh_ask(r, offset);
    bench_expect(r->device, &ask, KC_OK);
    assert_true(decrypts(r, capability));
    free(offset);
    free(capability);
}

static void a_device_takes_a_refresh_of_its_own_from_its_administrator_alone(void **state)
{
    struct roles *r = *state;
    roles_connect(r, "encryption=threshold");
    char *offset = refresh(r, "decrypt", false);
    struct ask ask = refresh_ask(r, r->account_profile);
    bench_expect(r->device, &ask, KC_ERR_SIGNATURE);
    ask = refresh_ask(r, offset);
    ask_text(&ask, KC_FIELD_ACCOUNT_UDF, r->device_udf);
    bench_expect(r->device, &ask, KC_ERR_REFUSED);
    r->device->seconds += 31 * 86400;
    ask = refresh_ask(r, offset);
    bench_expect(r->device, &ask, KC_ERR_REFUSED);
    free(offset);
}

static void a_device_that_dies_in_a_refresh_has_one_share_or_the_other(void **state)
{
    struct roles *r = *state;
    roles_connect(r, "encryption=threshold");
    char *capability = capability_id(r, r->account);
    char *offset = refresh(r, "decrypt", false);
    bench_open(r->device);
    for (size_t stored = 0; stored < 2; stored++) {
        struct ask ask = refresh_ask(r, offset);
        r->device->holds_stored = true;
        uint64_t ticket = bench_send(r->device, &ask);
        bench_pump(r->device);
        assert_null(bench_take(r->device, ticket));
        r->device->holds_stored = false;
        if (stored == 1)
            bench_store_unheard(r->device);
        bench_restart(r->device);
        assert_int_equal(decrypts(r, capability), stored == 1);
    }
    free(offset);
    free(capability);
}

#define WITH_ROLES(test) cmocka_unit_test_setup_teardown(test, roles_setup, roles_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ROLES(a_watch_decrypts_with_its_account_s_service),
        WITH_ROLES(a_watch_that_was_taken_off_gets_nothing_more),
        WITH_ROLES(both_sides_take_a_refresh_and_a_share_from_before_helps_nobody),
        WITH_ROLES(a_device_takes_a_refresh_of_its_own_from_its_administrator_alone),
        WITH_ROLES(a_device_that_dies_in_a_refresh_has_one_share_or_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
