/* SPDX-License-Identifier: Apache-2.0 */
/* A device leaves an account, comes again, and is connected to more than one. */
#include "tests/mesh_device/home.h"

#include "custodian/vault/mesh_device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void encrypt_of(const struct home *home, char id[KC_RECORD_ID_SIZE])
{
    char label[64];
    snprintf(label, sizeof label, "pot/%.9s/Encrypt", home->administrator->account_udf);
    home_key(home, label, id);
}

static void leave(struct home *home)
{
    struct ask ask = home_leave_ask(home);
    bench_expect(home->bench, &ask, KC_OK);
}

static struct ask destroy_ask(const struct home *home)
{
    struct ask ask = ask_new(KC_OPERATION_MESH_DEVICE_DESTROY);
    ask_text(&ask, KC_FIELD_DEVICE, home->device);
    return ask;
}

/* --- leaving --- */

static void a_device_that_left_has_no_composite_keys_and_none_of_the_accounts(void **state)
{
    struct home *home = *state;
    char composite[KC_RECORD_ID_SIZE], account[KC_RECORD_ID_SIZE], label[64];
    home->administrator->gives_encryption = GIVEN_WHOLE;
    home_join(home);
    encrypt_of(home, composite);
    snprintf(label, sizeof label, "pot/%.9s/Account.Encrypt", home->administrator->account_udf);
    home_key(home, label, account);
    assert_int_equal(home_open(home, composite), KC_OK);
    leave(home);
    assert_int_equal(home_open(home, composite), KC_ERR_REFUSED);
    assert_int_equal(home_open(home, account), KC_ERR_REFUSED);
    assert_int_equal(home_composite(home)->state, KC_STATE_DESTROYED);
    assert_int_equal(home_composite(home)->secret_size, 0);
    assert_int_equal(home_composite(home)->seal_size, 0);
    assert_int_equal(home_open(home, home->keys[KC_MESH_DEVICE_ENCRYPT]), KC_OK);
    struct ask again = home_leave_ask(home);
    home_expect_nothing(home, &again, KC_ERR_REFUSED);
}

static void a_receipt_says_in_which_head_the_connection_is_gone(void **state)
{
    struct home *home = *state;
    home_join(home);
    struct ask ask = home_leave_ask(home);
    struct answer *answer = bench_ask(home->bench, &ask);
    assert_true(answer_value(answer, KC_FIELD_EFFECTIVE)->number > 0);
    (void)answer_value(answer, KC_FIELD_ANCHORED);
    answer_done(answer);
}

static void leaving_is_for_who_may_and_for_connections_that_there_are(void **state)
{
    struct home *home = *state;
    struct ask none = home_leave_ask(home);
    home_expect_nothing(home, &none, KC_ERR_REFUSED);
    home_join(home);
    bench_allow_only(home->bench, KC_OPERATION_MESH_DEVICE_SHOW);
    struct ask ask = home_leave_ask(home);
    home_expect_nothing(home, &ask, KC_ERR_REFUSED);
}

static void a_connected_device_is_not_destroyed(void **state)
{
    struct home *home = *state;
    home_join(home);
    struct ask ask = destroy_ask(home);
    home_expect_nothing(home, &ask, KC_ERR_BAD_ARGUMENT);
    leave(home);
    ask = destroy_ask(home);
    bench_expect(home->bench, &ask, KC_OK);
}

/* --- coming again: the epoch outlives the connection --- */

static void an_older_connection_does_not_come_back_after_the_device_left(void **state)
{
    struct home *home = *state;
    char id[KC_RECORD_ID_SIZE];
    home_join(home);
    leave(home);
    home_prepare(home);
    struct ask ask = home_activate_ask(home, NULL);
    home_expect_nothing(home, &ask, KC_ERR_EPOCH);
    home->administrator->updated++;
    ask = home_activate_ask(home, NULL);
    bench_expect(home->bench, &ask, KC_OK);
    encrypt_of(home, id);
    assert_int_equal(home_open(home, id), KC_OK);
}

static void a_new_activation_takes_the_place_of_the_old_one(void **state)
{
    struct home *home = *state;
    char former[KC_RECORD_ID_SIZE], present[KC_RECORD_ID_SIZE], account[KC_RECORD_ID_SIZE];
    char label[64];
    home->administrator->gives_encryption = GIVEN_WHOLE;
    home_join(home);
    encrypt_of(home, former);
    home->administrator->seed[20] ^= 1;
    home->administrator->updated++;
    home_join(home);
    encrypt_of(home, present);
    assert_string_not_equal(former, present);
    assert_int_equal(home_open(home, former), KC_ERR_REFUSED);
    assert_int_equal(home_open(home, present), KC_OK);
    snprintf(label, sizeof label, "pot/%.9s/Account.Encrypt", home->administrator->account_udf);
    home_key(home, label, account);
    assert_int_equal(home_open(home, account), KC_OK); /* it stays the account's */
    leave(home);
    assert_int_equal(home_open(home, account), KC_ERR_REFUSED);
    home->administrator->updated++;
    home_join(home);
    assert_int_equal(home_open(home, account), KC_OK); /* and comes again */
}

/* --- a second account: "explicit owner confirmation" --- */

static void a_second_account_is_to_be_confirmed(void **state)
{
    struct home *home = *state;
    char first[KC_RECORD_ID_SIZE], second[KC_RECORD_ID_SIZE];
    home_join(home);
    encrypt_of(home, first);
    struct administrator *former = home->administrator;
    home->administrator = administrator_of(91, "bob@example.com");
    home->administrator->device_udf = home->administrator->subject = home->device;
    home_prepare(home);
    struct ask ask = home_activate_ask(home, NULL);
    home_expect_nothing(home, &ask, KC_ERR_BAD_ARGUMENT);
    ask = home_activate_ask(home, NULL);
    ask_number(&ask, KC_FIELD_CONFIRM, 1);
    bench_expect(home->bench, &ask, KC_OK);
    encrypt_of(home, second);
    assert_int_equal(home_open(home, first), KC_OK);
    assert_int_equal(home_open(home, second), KC_OK);
    leave(home);
    assert_int_equal(home_open(home, first), KC_OK);
    assert_int_equal(home_open(home, second), KC_ERR_REFUSED);
    administrator_free(home->administrator);
    home->administrator = former;
    struct ask destroy = destroy_ask(home);
    home_expect_nothing(home, &destroy, KC_ERR_BAD_ARGUMENT);
}

/* A second administrator who had learned the first one's seed. */
static void keys_that_are_another_accounts_are_not_connected_again(void **state)
{
    struct home *home = *state;
    char first[KC_RECORD_ID_SIZE];
    home_join(home);
    encrypt_of(home, first);
    struct administrator *former = home->administrator;
    home->administrator = administrator_of(91, "bob@example.com");
    home->administrator->device_udf = home->administrator->subject = home->device;
    memcpy(home->administrator->seed, former->seed, sizeof former->seed);
    home_prepare(home);
    struct ask ask = home_activate_ask(home, NULL);
    ask_number(&ask, KC_FIELD_CONFIRM, 1);
    home_expect_nothing(home, &ask, KC_ERR_ACTIVATION);
    assert_int_equal(home_open(home, first), KC_OK);
    administrator_free(home->administrator);
    home->administrator = former;
}

/* --- a death at each write --- */

static void a_death_while_leaving_leaves_a_connection_whole_or_gone(void **state)
{
    struct home *home = *state;
    char id[KC_RECORD_ID_SIZE];
    home_join(home);
    encrypt_of(home, id);
    for (int is_stored = 0; is_stored < 2; is_stored++) {
        struct ask ask = home_leave_ask(home);
        bench_open(home->bench);
        home->bench->holds_stored = true;
        (void)bench_send(home->bench, &ask);
        bench_pump(home->bench);
        if (is_stored)
            bench_store_unheard(home->bench);
        home->bench->holds_stored = false;
        bench_restart(home->bench);
        assert_int_equal(home_open(home, id), is_stored ? KC_ERR_REFUSED : KC_OK);
    }
}

static void a_store_that_fails_destroys_nothing(void **state)
{
    struct home *home = *state;
    char id[KC_RECORD_ID_SIZE];
    home_join(home);
    encrypt_of(home, id);
    home->bench->store_error = KC_ERR_STORE_FULL;
    struct ask ask = home_leave_ask(home);
    home_expect_nothing(home, &ask, KC_ERR_STORE_FULL);
    home->bench->store_error = KC_OK;
    assert_int_equal(home_open(home, id), KC_OK);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, home_setup, home_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_device_that_left_has_no_composite_keys_and_none_of_the_accounts),
        CASE(a_receipt_says_in_which_head_the_connection_is_gone),
        CASE(leaving_is_for_who_may_and_for_connections_that_there_are),
        CASE(a_connected_device_is_not_destroyed),
        CASE(an_older_connection_does_not_come_back_after_the_device_left),
        CASE(a_new_activation_takes_the_place_of_the_old_one),
        CASE(a_second_account_is_to_be_confirmed),
        CASE(keys_that_are_another_accounts_are_not_connected_again),
        CASE(a_death_while_leaving_leaves_a_connection_whole_or_gone),
        CASE(a_store_that_fails_destroys_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
