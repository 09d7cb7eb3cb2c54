/* SPDX-License-Identifier: Apache-2.0 */
/* What a remote custodian may have of the listener. */
#include "tests/support/cmocka.h"

#include "custodian/listener/quota.h"

#define MINUTE 60000

static struct kc_config_listen listening;
static struct kc_quotas quotas;

static void start(size_t remotes, uint32_t connections)
{
    listening = (struct kc_config_listen){.remote_count = remotes, .connections = connections};
    kc_quotas_init(&quotas, &listening);
}

static size_t enter_all(size_t remote)
{
    size_t entered = 0;
    while (entered < 100 && kc_quotas_enter(&quotas, remote))
        entered++;
    return entered;
}

static void an_only_remote_has_all_connections_and_one_of_several_half(void **state)
{
    (void)state;
    start(1, 5);
    assert_int_equal(enter_all(0), 5);
    start(2, 5);
    assert_int_equal(enter_all(0), 3);
    assert_int_equal(enter_all(1), 3); /* whoever comes first: the workers are five */
    start(2, 1);
    assert_int_equal(enter_all(1), 1);
}

static void a_remote_has_the_connections_that_it_is_given_and_a_left_one_again(void **state)
{
    (void)state;
    start(2, 16);
    listening.remotes[1].connections = 2;
    assert_int_equal(enter_all(1), 2);
    kc_quotas_leave(&quotas, 1);
    assert_int_equal(enter_all(1), 1);
    assert_int_equal(enter_all(0), 8);
}

static void requests_are_counted_by_remote_and_minute(void **state)
{
    (void)state;
    start(2, 16);
    listening.remotes[0].rate = 3;
    for (size_t i = 0; i < 3; i++)
        assert_true(kc_quotas_take(&quotas, 0, MINUTE));
    assert_false(kc_quotas_take(&quotas, 0, MINUTE));
    assert_false(kc_quotas_take(&quotas, 0, 2 * MINUTE - 1));
    for (size_t i = 0; i < 100; i++)
        assert_true(kc_quotas_take(&quotas, 1, MINUTE)); /* any number */
    assert_true(kc_quotas_take(&quotas, 0, 2 * MINUTE));
}

static void of_many_refusals_ten_a_minute_are_told_and_the_number_of_the_others(void **state)
{
    (void)state;
    uint64_t unsaid = 7;
    start(1, 1);
    for (size_t i = 0; i < KC_REFUSALS_A_MINUTE; i++) {
        assert_true(kc_quotas_tell(&quotas, MINUTE, &unsaid));
        assert_int_equal(unsaid, 0);
    }
    for (size_t i = 0; i < 5; i++)
        assert_false(kc_quotas_tell(&quotas, MINUTE + 1, &unsaid));
    assert_true(kc_quotas_tell(&quotas, 2 * MINUTE, &unsaid));
    assert_int_equal(unsaid, 5);
    assert_true(kc_quotas_tell(&quotas, 2 * MINUTE, &unsaid));
    assert_int_equal(unsaid, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_only_remote_has_all_connections_and_one_of_several_half),
        cmocka_unit_test(a_remote_has_the_connections_that_it_is_given_and_a_left_one_again),
        cmocka_unit_test(requests_are_counted_by_remote_and_minute),
        cmocka_unit_test(of_many_refusals_ten_a_minute_are_told_and_the_number_of_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
