/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key that is made in a token, and the root killed at each of its answers and each write of the
 * store meanwhile; the vault lives on. What nobody has a record of does not stay in the token.
 */
#include "tests/fault/client.h"
#include "tests/fault/deaths.h"

#include <stdio.h>
#include <string.h>

#define OF_A_KEY 2 /* objects in the token */

static struct kc_custodian custodian;

static int set_up(void **state)
{
    (void)state;
    stops_init();
    kc_custodian_init_softhsm(&custodian, "\"home\"");
    kc_custodian_stop(&custodian);
    stops_offer();
    kc_custodian_start(&custodian);
    stops_end_offer();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kc_custodian_done(&custodian);
    stops_done();
    return 0;
}

struct wanted {
    char label[32];
    enum kc_error error;
};

static void make_key(void *context)
{
    struct wanted *wanted = context;
    struct kc_client *client = connect_to(&custodian);
    struct kc_client_answer *answer = NULL;
    wanted->error =
        ASK(client, KEY_GENERATE, &answer, TEXT(KEYRING, "home"), TEXT(LABEL, wanted->label),
            TEXT(ALGORITHM, "P-256"), TEXT(USE, "sign"), TEXT(RESIDENCE, "resident"));
    kc_client_answer_free(answer);
    kc_client_free(client);
}

static size_t count_keys(void)
{
    struct kc_client *client = connect_to(&custodian);
    struct kc_client_answer *answer;
    assert_answer(ASK_NOTHING(client, KEY_LIST, &answer), KC_OK);
    size_t count = kc_client_answer_message(answer)->item_count;
    kc_client_answer_free(answer);
    kc_client_free(client);
    return count;
}

static void expect_objects(size_t expected, uint32_t write)
{
    size_t counted = kc_softhsm_await_objects(&custodian.hsm, expected);
    if (counted != expected)
        fail_msg("killed at %u: %zu objects, not %zu", (unsigned)write, counted, expected);
}

static void a_root_that_is_killed_over_a_key_leaves_nothing_in_the_token(void **state)
{
    struct wanted wanted = {.label = "first"};
    uint32_t write = 1;
    (void)state;
    make_key(&wanted);
    assert_answer(wanted.error, KC_OK);
    snprintf(wanted.label, sizeof wanted.label, "killed at %u", (unsigned)write);
    while (stops_run(write, make_key, &wanted) != STOP_SIDES) {
        kill_process(&custodian, ROOT);
        stops_finish();
        await_service_of(&custodian);
        snprintf(wanted.label, sizeof wanted.label, "after %u", (unsigned)write);
        do
            make_key(&wanted);
        while (wanted.error == KC_ERR_ROOT_UNAVAILABLE);
        assert_answer(wanted.error, KC_OK);
        expect_objects(KC_SOFTHSM_OF_THE_ROOT + OF_A_KEY * count_keys(), write);
        snprintf(wanted.label, sizeof wanted.label, "killed at %u", (unsigned)++write);
    }
    stops_finish();
    assert_answer(wanted.error, KC_OK);
    assert_true(write > 4);
    print_message("killed %u times\n", (unsigned)write - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_root_that_is_killed_over_a_key_leaves_nothing_in_the_token),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
