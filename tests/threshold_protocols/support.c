/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/threshold_protocols/support.h"

#include "threshold/shamir.h"

struct kc_point next_point(enum kc_curve curve)
{
    struct kc_scalar scalar = next_scalar(curve);
    return base_times(&scalar);
}

struct kc_point other_point(const struct kc_point *point)
{
    struct kc_scalar one = small_scalar(point->curve, 1);
    struct kc_point points[2] = {*point, base_times(&one)}, sum;
    assert_int_equal(kc_point_sum(&sum, points, 2), KC_OK);
    return sum;
}

struct kc_scalar other_scalar(const struct kc_scalar *scalar)
{
    struct kc_scalar one = small_scalar(scalar->curve, 1), sum;
    kc_scalar_add(&sum, scalar, &one);
    return sum;
}

void make_shared_key(struct shared_key *key, enum kc_curve curve, size_t threshold, size_t count,
    const uint32_t *indices)
{
    uint8_t uniform[HOLDERS_MAX * KC_UNIFORM_SIZE];
    *key = (struct shared_key){.threshold = threshold, .count = count};
    for (size_t i = 0; i < count; i++)
        key->indices[i] = indices != NULL ? indices[i] : (uint32_t)i + 1;
    key->secret = next_scalar(curve);
    key->group = base_times(&key->secret);
    next_random(uniform, sizeof uniform);
    assert_int_equal(kc_shamir_split(key->shares, key->commitments, &key->secret, key->indices,
                         count, threshold, uniform, (threshold - 1) * KC_UNIFORM_SIZE),
        KC_OK);
    for (size_t i = 0; i < count; i++)
        key->publics[i] = base_times(&key->shares[i]);
}
