/* SPDX-License-Identifier: Apache-2.0 */
/* A device asks to be connected: what is asked for, what is believed of the answer, and that nothing
 * is connected whose witness nobody compared. */
#include "tests/mesh_device/home.h"

#include "custodian/mesh/verify.h"
#include "proto/signed_object.h"

#include <stdlib.h>
#include <string.h>

static struct ask request_ask(const struct home *home, const char *account)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_DEVICE_REQUEST);
    ask_text(&ask, KC_FIELD_DEVICE, home->device);
    ask_text(&ask, KC_FIELD_ACCOUNT, account);
    return ask;
}

static void check(struct home *home, const char *witness)
{
    struct ask ask = home_check_ask(home, witness);
    struct answer *answer = bench_ask(home->bench, &ask);
    strcpy(home->witness, answer_text(answer, KC_FIELD_WITNESS));
    assert_string_equal(
        answer_text(answer, KC_FIELD_ACCOUNT_UDF), home->administrator->account_udf);
    assert_int_equal(answer_value(answer, KC_FIELD_CONFIRM)->number, witness != NULL);
    answer_done(answer);
    assert_int_equal(kc_make_id(home->witness, KC_ID_OF_RESPONSE, home->response_id), KC_OK);
    home->administrator->response_id = home->response_id;
}

static void a_request_is_kept_with_its_nonce_until_it_is_answered(void **state)
{
    struct home *home = *state;
    home_request(home, NULL, NULL);
    const struct kc_record *record =
        bench_record(home->bench, KC_KIND_CONNECTION, home->connection);
    assert_non_null(record);
    assert_int_equal(record->state, KC_STATE_ACTIVE);
    bench_restart(home->bench);
    home_acknowledge(home);
    check(home, NULL);
}

static void a_pin_is_proven_and_not_told(void **state)
{
    static const char pin[] = "ABKU-AGXX-BTQH-SKIX-ABZY-U7EM-3E";
    struct home *home = *state;
    struct kc_signed_object opened;
    home_request(home, pin, NULL);
    assert_null(strstr(home->request, pin));
    assert_int_equal(
        kc_signed_object_open((struct kc_span){(uint8_t *)home->request, strlen(home->request)},
            65536, KC_OBJECT_RequestConnection, &home->profile_key, kc_mesh_verify, &opened),
        KC_OK);
    assert_true(kc_json_is_there(kc_object_member(&opened.object, "PinWitness")));
    kc_signed_object_done(&opened);
}

static void what_is_no_pin_no_account_or_no_device_is_refused(void **state)
{
    struct home *home = *state;
    struct ask ask = request_ask(home, "alice@example.com");
    ask_secret(&ask, KC_FIELD_PIN, "1234", 4);
    home_expect_nothing(home, &ask, KC_ERR_BAD_ARGUMENT);
    ask = request_ask(home, "");
    home_expect_nothing(home, &ask, KC_ERR_BAD_ARGUMENT);
    memcpy(home->device, "MAAA", 4);
    ask = request_ask(home, "alice@example.com");
    home_expect_nothing(home, &ask, KC_ERR_REFUSED);
}

static void a_request_is_made_by_who_may_use_the_device(void **state)
{
    struct home *home = *state;
    home_request(home, NULL, NULL);
    home_acknowledge(home);
    bench_allow_only(home->bench, KC_OPERATION_MESH_DEVICE_LIST);
    struct ask request = request_ask(home, "alice@example.com"), look = home_check_ask(home, NULL),
               cancel = ask_new(KC_OPERATION_MESH_DEVICE_CANCEL);
    ask_text(&cancel, KC_FIELD_CONNECTION, home->connection);
    home_expect_nothing(home, &request, KC_ERR_REFUSED);
    home_expect_nothing(home, &look, KC_ERR_REFUSED);
    home_expect_nothing(home, &cancel, KC_ERR_REFUSED);
}

static void a_request_that_was_given_up_is_answered_no_more(void **state)
{
    struct home *home = *state;
    struct ask cancel = ask_new(KC_OPERATION_MESH_DEVICE_CANCEL);
    home_request(home, NULL, NULL);
    home_acknowledge(home);
    ask_text(&cancel, KC_FIELD_CONNECTION, home->connection);
    bench_expect(home->bench, &cancel, KC_OK);
    struct ask look = home_check_ask(home, NULL);
    home_expect_nothing(home, &look, KC_ERR_REFUSED);
}

/* What is listed; the one that there is, is ours. witness: it has this one; NULL: none. */
static size_t pending(struct home *home, const char *witness)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_DEVICE_PENDING);
    struct answer *answer = bench_ask(home->bench, &ask);
    assert_int_equal(answer->error, KC_OK);
    size_t count = answer->in.message.item_count;
    if (count > 0) {
        const struct kc_values *item = &answer->items[0];
        assert_true(kc_values_text_is(item, KC_FIELD_CONNECTION, home->connection));
        assert_true(kc_values_text_is(item, KC_FIELD_DEVICE, home->device));
        assert_true(kc_values_text_is(item, KC_FIELD_ACCOUNT, "alice@example.com"));
        assert_int_equal(kc_values_has(item, KC_FIELD_WITNESS), witness != NULL);
        if (witness)
            assert_true(kc_values_text_is(item, KC_FIELD_WITNESS, witness));
    }
    answer_done(answer);
    return count;
}

static void requests_are_listed_until_they_are_answered_or_given_up(void **state)
{
    struct home *home = *state;
    assert_int_equal(pending(home, NULL), 0);
    home_request(home, NULL, NULL);
    assert_int_equal(pending(home, NULL), 1);
    home_acknowledge(home);
    check(home, NULL);
    assert_int_equal(pending(home, home->witness), 1);
    struct ask cancel = ask_new(KC_OPERATION_MESH_DEVICE_CANCEL);
    ask_text(&cancel, KC_FIELD_CONNECTION, home->connection);
    bench_expect(home->bench, &cancel, KC_OK);
    assert_int_equal(pending(home, NULL), 0);
    home_join(home);
    assert_int_equal(pending(home, NULL), 0);
}

static void requests_are_listed_to_who_may_list_them(void **state)
{
    struct home *home = *state;
    home_request(home, NULL, NULL);
    bench_allow_only(home->bench, KC_OPERATION_MESH_DEVICE_LIST);
    struct ask ask = ask_new(KC_OPERATION_MESH_DEVICE_PENDING);
    home_expect_nothing(home, &ask, KC_ERR_REFUSED);
}

/* --- the witness: hazards 7.18 and 7.19 --- */

static void the_whole_witness_is_told_and_compared(void **state)
{
    struct home *home = *state;
    char shorter[KC_UDF_ID_SIZE], altered[KC_UDF_ID_SIZE];
    home_request(home, NULL, NULL);
    home_acknowledge(home);
    check(home, NULL);
    assert_int_equal(strlen(home->witness), 34); /* 28 characters, in groups */
    memcpy(shorter, home->witness, sizeof shorter);
    shorter[29] = '\0';
    memcpy(altered, home->witness, sizeof altered);
    altered[33] = altered[33] == 'A' ? 'B' : 'A';
    struct ask ask = home_check_ask(home, shorter);
    home_expect_nothing(home, &ask, KC_ERR_WITNESS);
    ask = home_check_ask(home, altered);
    home_expect_nothing(home, &ask, KC_ERR_WITNESS);
    char whole[KC_UDF_ID_SIZE];
    memcpy(whole, home->witness, sizeof whole);
    check(home, whole);
}

static void an_acknowledgement_by_another_account_or_of_another_nonce_is_an_attack(void **state)
{
    struct home *home = *state;
    home_request(home, NULL, NULL);
    home->known.nonce[5] ^= 1;
    home_acknowledge(home);
    struct ask ask = home_check_ask(home, NULL);
    home_expect_nothing(home, &ask, KC_ERR_WITNESS);
    home->known.nonce[5] ^= 1;
    home_acknowledge(home);
    char *payload = strchr(home->administrator->account_profile, '}') + 100;
    char former = *payload;
    *payload = former == 'A' ? 'B' : 'A';
    ask = home_check_ask(home, NULL);
    struct answer *answer = bench_ask(home->bench, &ask);
    assert_int_not_equal(answer->error, KC_OK);
    answer_done(answer);
    *payload = former;
    home_acknowledge(home);
    check(home, NULL);
}

static void nothing_is_activated_whose_witness_nobody_compared(void **state)
{
    struct home *home = *state;
    home_request(home, NULL, NULL);
    home_acknowledge(home);
    home->administrator->response_id = "MAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA";
    struct ask ask = home_activate_ask(home, NULL);
    home_expect_nothing(home, &ask, KC_ERR_WITNESS); /* not even acknowledged */
    check(home, NULL);
    ask = home_activate_ask(home, NULL);
    home_expect_nothing(home, &ask, KC_ERR_WITNESS);
    ask = home_activate_ask(home, "KB3G-NC35-X6IU-BEKJ-YIQR-J4GX-IKKN");
    home_expect_nothing(home, &ask, KC_ERR_WITNESS);
    ask = home_activate_ask(home, home->witness);
    bench_expect(home->bench, &ask, KC_OK);
    assert_non_null(home_composite(home));
}

static void a_pin_or_an_account_that_was_known_stands_for_the_comparison(void **state)
{
    struct home *home = *state;
    home_request(home, "ABKU-AGXX-BTQH-SKIX-ABZY-U7EM-3E", NULL);
    home_acknowledge(home);
    check(home, NULL);
    struct ask ask = home_activate_ask(home, NULL);
    bench_expect(home->bench, &ask, KC_OK);
    home_request(home, NULL, home->administrator->account_udf);
    home_acknowledge(home);
    check(home, NULL);
    home->administrator->updated++;
    ask = home_activate_ask(home, NULL);
    bench_expect(home->bench, &ask, KC_OK);
}

static void an_account_that_was_expected_must_be_it(void **state)
{
    struct home *home = *state;
    home_request(home, NULL, "MC44-IZC3-IWZT-VCVZ-L2AG-HI4E-LOV2");
    home_acknowledge(home);
    struct ask ask = home_check_ask(home, NULL);
    home_expect_nothing(home, &ask, KC_ERR_PROFILE);
}

/* --- a death at each write --- */

static void a_request_and_a_check_survive_a_death_after_the_store(void **state)
{
    struct home *home = *state;
    home_request(home, NULL, NULL);
    home_acknowledge(home);
    home->administrator->response_id = "MAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA";
    for (int is_stored = 0; is_stored < 2; is_stored++) {
        struct ask ask = home_check_ask(home, NULL);
        bench_open(home->bench);
        home->bench->holds_stored = true;
        (void)bench_send(home->bench, &ask);
        bench_pump(home->bench);
        if (is_stored)
            bench_store_unheard(home->bench);
        home->bench->holds_stored = false;
        bench_restart(home->bench);
        struct ask again = home_activate_ask(home, "KB3G-NC35-X6IU-BEKJ-YIQR-J4GX-IKKN");
        home_expect_nothing(home, &again, KC_ERR_WITNESS);
    }
    check(home, NULL);
}

static void a_store_that_fails_keeps_no_request_and_no_check(void **state)
{
    struct home *home = *state;
    struct ask request = request_ask(home, "alice@example.com");
    home->bench->store_error = KC_ERR_STORE_FULL;
    home_expect_nothing(home, &request, KC_ERR_STORE_FULL);
    home->bench->store_error = KC_OK;
    home_request(home, NULL, NULL);
    home_acknowledge(home);
    home->bench->store_error = KC_ERR_STORE_FULL;
    struct ask look = home_check_ask(home, NULL);
    home_expect_nothing(home, &look, KC_ERR_STORE_FULL);
    home->bench->store_error = KC_OK;
    check(home, NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, home_setup, home_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_request_is_kept_with_its_nonce_until_it_is_answered),
        CASE(a_pin_is_proven_and_not_told),
        CASE(what_is_no_pin_no_account_or_no_device_is_refused),
        CASE(a_request_is_made_by_who_may_use_the_device),
        CASE(a_request_that_was_given_up_is_answered_no_more),
        CASE(requests_are_listed_until_they_are_answered_or_given_up),
        CASE(requests_are_listed_to_who_may_list_them),
        CASE(the_whole_witness_is_told_and_compared),
        CASE(an_acknowledgement_by_another_account_or_of_another_nonce_is_an_attack),
        CASE(nothing_is_activated_whose_witness_nobody_compared),
        CASE(a_pin_or_an_account_that_was_known_stands_for_the_comparison),
        CASE(an_account_that_was_expected_must_be_it),
        CASE(a_request_and_a_check_survive_a_death_after_the_store),
        CASE(a_store_that_fails_keeps_no_request_and_no_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
