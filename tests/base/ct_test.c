/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"

#include "base/ct.h"

static const uint64_t edges[] = {
    0, 1, 2, UINT64_C(1) << 63, (UINT64_C(1) << 63) - 1, UINT64_MAX - 1, UINT64_MAX};
#define EDGES (sizeof edges / sizeof edges[0])

static void masks_agree_with_the_comparisons_they_replace(void **state)
{
    (void)state;
    for (size_t i = 0; i < EDGES; i++) {
        assert_true(kc_ct_is_zero(edges[i]) == (edges[i] == 0 ? UINT64_MAX : 0));
        for (size_t j = 0; j < EDGES; j++)
            assert_true(kc_ct_equal(edges[i], edges[j]) == (edges[i] == edges[j] ? UINT64_MAX : 0));
    }
    assert_true(kc_ct_mask_bit(1) == UINT64_MAX);
    assert_true(kc_ct_mask_bit(0) == 0);
}

static void selects_and_swaps_by_mask(void **state)
{
    (void)state;
    for (size_t i = 0; i < EDGES; i++) {
        uint64_t a = edges[i], b = ~edges[i];
        assert_true(kc_ct_select(UINT64_MAX, a, b) == a);
        assert_true(kc_ct_select(0, a, b) == b);
        kc_ct_swap(0, &a, &b);
        assert_true(a == edges[i]);
        kc_ct_swap(UINT64_MAX, &a, &b);
        assert_true(a == (uint64_t)~edges[i] && b == edges[i]);
    }
}

static void sees_a_difference_in_any_octet(void **state)
{
    (void)state;
    uint8_t a[33] = {0}, b[33] = {0};
    assert_true(kc_ct_bytes_equal(a, b, sizeof a) == UINT64_MAX);
    for (size_t i = 0; i < sizeof a; i++) {
        b[i] = (uint8_t)(1u << (i % 8));
        assert_true(kc_ct_bytes_equal(a, b, sizeof a) == 0);
        b[i] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks_agree_with_the_comparisons_they_replace),
        cmocka_unit_test(selects_and_swaps_by_mask),
        cmocka_unit_test(sees_a_difference_in_any_octet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
