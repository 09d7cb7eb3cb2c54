/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/threshold/support.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t from_hex(uint8_t *out, size_t limit, const char *hex)
{
    size_t size = strlen(hex) / 2;
    assert_true(size <= limit);
    for (size_t i = 0; i < size; i++) {
        unsigned octet;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &octet), 1);
        out[i] = (uint8_t)octet;
    }
    return size;
}

void assert_hex(const uint8_t *bytes, size_t size, const char *hex)
{
    uint8_t expected[256];
    assert_int_equal(from_hex(expected, sizeof expected, hex), size);
    assert_memory_equal(bytes, expected, size);
}

/* SHA-512 of a counter. */
void next_random(void *bytes, size_t size)
{
    static uint64_t counter;
    uint8_t *out = bytes, digest[64];
    while (size > 0) {
        size_t take = size < sizeof digest ? size : sizeof digest;
        counter++;
        assert_int_equal(EVP_Digest(&counter, sizeof counter, digest, NULL, EVP_sha512(), NULL), 1);
        memcpy(out, digest, take);
        out += take;
        size -= take;
    }
}

struct kc_scalar next_scalar(enum kc_curve curve)
{
    uint8_t uniform[KC_UNIFORM_SIZE];
    struct kc_scalar scalar;
    next_random(uniform, sizeof uniform);
    assert_int_equal(kc_scalar_random(&scalar, curve, uniform), KC_OK);
    return scalar;
}

struct kc_scalar hostile_scalar(enum kc_curve curve, size_t number)
{
    const size_t bits = kc_curve_info(curve)->scalar_size * 8;
    uint8_t bytes[KC_SCALAR_SIZE_MAX] = {0};
    struct kc_scalar scalar, small = small_scalar(curve, (uint32_t)(number / 8 % 40) + 1);
    if (number % 8 > 3)
        return next_scalar(curve);
    if (number % 8 == 0)
        return small;
    size_t bit = number / 8 % bits;
    bytes[bit / 8] = (uint8_t)(1 << bit % 8);
    assert_int_equal(
        kc_scalar_import(&scalar, curve, bytes, kc_curve_info(curve)->scalar_size), KC_OK);
    if (number % 8 == 1) /* 2^bit */
        return scalar;
    if (number % 8 == 2 && !kc_scalar_equal(&scalar, &small)) {
        kc_scalar_subtract(&scalar, &scalar, &small);
        return scalar;
    }
    kc_scalar_negate(&small, &small);
    return small;
}

size_t rounds(void)
{
    const char *wanted = getenv("KC_TEST_ROUNDS");
    return wanted != NULL ? strtoul(wanted, NULL, 10) : 5000;
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

struct kc_scalar minus_scalar(enum kc_curve curve, uint32_t value)
{
    struct kc_scalar scalar = small_scalar(curve, value);
    kc_scalar_negate(&scalar, &scalar);
    return scalar;
}

struct kc_point base_times(const struct kc_scalar *scalar)
{
    struct kc_point point;
    assert_int_equal(kc_point_multiply_base(&point, scalar), KC_OK);
    return point;
}

struct kc_point base_point(enum kc_curve curve)
{
    struct kc_scalar one = small_scalar(curve, 1);
    return base_times(&one);
}

void order_bytes(uint8_t out[static KC_SCALAR_SIZE_MAX], enum kc_curve curve)
{
    (void)from_hex(out, KC_SCALAR_SIZE_MAX,
        curve == KC_CURVE_ED25519 || curve == KC_CURVE_X25519
            ? "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"
            : "f34458ab92c27823558fc58d72c26c219036d6ae49db4ec4e923ca7cffffffff"
              "ffffffffffffffffffffffffffffffffffffffffffffff3f");
}

struct kc_signed_message plain_message(const char *text)
{
    return (struct kc_signed_message){.message = {(const uint8_t *)text, strlen(text)}};
}
