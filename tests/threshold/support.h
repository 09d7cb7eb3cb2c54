/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of threshold/ share: hexadecimal, and randomness that is the same in every run. */
#ifndef KC_TESTS_THRESHOLD_SUPPORT_H
#define KC_TESTS_THRESHOLD_SUPPORT_H

#include "tests/support/cmocka.h"

#include "threshold/key.h"
#include "threshold/signature.h"

#define FOR_EACH_CURVE(curve)                                                                      \
    for (enum kc_curve curve = KC_CURVE_ED25519; curve <= KC_CURVE_X448;                           \
         curve = (enum kc_curve)(curve + 1))

/* Reads hexadecimal into out; returns the number of octets. */
size_t from_hex(uint8_t *out, size_t limit, const char *hex);

/* Fails the test if the octets differ from the hexadecimal ones. */
void assert_hex(const uint8_t *bytes, size_t size, const char *hex);

/* The next octets of one stream for the whole program. */
void next_random(void *bytes, size_t size);
struct kc_scalar next_scalar(enum kc_curve curve);

/*
 * A scalar that is not zero, at the edges more often than not: small, near L, near a power of two;
 * otherwise random. The number chooses.
 */
struct kc_scalar hostile_scalar(enum kc_curve curve, size_t number);

/* How often a comparison with other people's code is made: 5,000 times, or
 * what KC_TEST_ROUNDS says. */
size_t rounds(void);

struct kc_fresh next_fresh(void);

/* A scalar from a number, and from L - number. */
struct kc_scalar small_scalar(enum kc_curve curve, uint32_t value);
struct kc_scalar minus_scalar(enum kc_curve curve, uint32_t value);

struct kc_point base_times(const struct kc_scalar *scalar);
struct kc_point base_point(enum kc_curve curve);

/* L, little-endian, scalar_size octets. */
void order_bytes(uint8_t out[static KC_SCALAR_SIZE_MAX], enum kc_curve curve);

struct kc_signed_message plain_message(const char *text);

#endif
