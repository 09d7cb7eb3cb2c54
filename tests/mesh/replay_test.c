/* SPDX-License-Identifier: Apache-2.0 */
/* The window in which requests are known again. */
#include "tests/support/cmocka.h"

#include "custodian/mesh/replay.h"

#define GOOD(call) assert_int_equal(call, KC_OK)

static void a_full_window_makes_room_only_as_time_passes(void **state)
{
    (void)state;
    struct kc_replay *replay;
    uint8_t ids[3][KC_REPLAY_ID_SIZE] = {{[6] = 1, [23] = 1}, {[6] = 2, [23] = 2}, {[5] = 9}};
    GOOD(kc_replay_new(0, 2, 12345, &replay));
    GOOD(kc_replay_take(replay, ids[0]));
    GOOD(kc_replay_take(replay, ids[1]));
    assert_int_equal(kc_replay_take(replay, ids[2]), KC_ERR_LIMIT);
    assert_int_equal(kc_replay_take(replay, ids[0]), KC_ERR_CONFLICT);
    assert_true(kc_replay_is_timely(
        replay, kc_replay_time(ids[0]) + 1 + KC_REPLAY_SKEW_MS, kc_replay_time(ids[1])));
    GOOD(kc_replay_take(replay, ids[2]));
    assert_int_equal(kc_replay_take(replay, ids[1]), KC_ERR_CONFLICT);
    kc_replay_free(replay);
}

static void an_id_that_was_given_back_is_taken_once_more(void **state)
{
    (void)state;
    struct kc_replay *replay;
    uint8_t ids[2][KC_REPLAY_ID_SIZE] = {{[6] = 1, [23] = 1}, {[6] = 2, [23] = 2}};
    GOOD(kc_replay_new(0, 1, 12345, &replay));
    GOOD(kc_replay_take(replay, ids[0]));
    kc_replay_give_back(replay, ids[1]); /* it was not taken: nothing to give */
    assert_int_equal(kc_replay_take(replay, ids[0]), KC_ERR_CONFLICT);
    kc_replay_give_back(replay, ids[0]);
    GOOD(kc_replay_take(replay, ids[0]));
    assert_int_equal(kc_replay_take(replay, ids[0]), KC_ERR_CONFLICT);
    kc_replay_free(replay);
}

static void a_window_that_was_lost_refuses_what_is_from_before(void **state)
{
    (void)state;
    struct kc_replay *replay;
    GOOD(kc_replay_new(1000, 2, 12345, &replay));
    assert_false(kc_replay_is_timely(replay, 2000, 999));
    assert_true(kc_replay_is_timely(replay, 2000, 1000));
    kc_replay_free(replay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_window_makes_room_only_as_time_passes),
        cmocka_unit_test(an_id_that_was_given_back_is_taken_once_more),
        cmocka_unit_test(a_window_that_was_lost_refuses_what_is_from_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
