/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/threshold_protocols/support.h"

#include "threshold/shamir.h"
#include "threshold/transcript.h"

#include <string.h>

void next_random(void *bytes, size_t size)
{
    static uint64_t number;
    struct kc_transcript stream;
    kc_transcript_init(&stream, "test randomness");
    kc_transcript_number(&stream, number++);
    assert_int_equal(kc_transcript_finish(&stream, bytes, size), KC_OK);
}

struct kc_scalar next_scalar(enum kc_curve curve)
{
    uint8_t uniform[KC_UNIFORM_SIZE];
    struct kc_scalar scalar;
    next_random(uniform, sizeof uniform);
    assert_int_equal(kc_scalar_random(&scalar, curve, uniform), KC_OK);
    return scalar;
}

struct kc_fresh next_fresh(void)
{
    static uint64_t counter;
    struct kc_fresh fresh = {.counter = ++counter};
    next_random(fresh.random, sizeof fresh.random);
    return fresh;
}

struct kc_scalar small_scalar(enum kc_curve curve, uint32_t value)
{
    struct kc_scalar scalar;
    kc_scalar_set(&scalar, curve, value);
    return scalar;
}

struct kc_point base_times(const struct kc_scalar *scalar)
{
    struct kc_point point;
    assert_int_equal(kc_point_multiply_base(&point, scalar), KC_OK);
    return point;
}

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
