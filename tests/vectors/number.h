/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The numbers of vectors: decimal integers and coordinates, in plain big-number arithmetic that
 * shares nothing with the code under test.
 */
#ifndef KC_TESTS_VECTORS_NUMBER_H
#define KC_TESTS_VECTORS_NUMBER_H

#include "check.h"

#include "threshold/key.h"

/* The curve that a field names. NULL: the vector has failed, or (P-256) is skipped. */
const struct kc_curve_info *number_curve(struct check *c, const json_t *object, const char *name);

/* The field prime and the group order. */
BIGNUM *number_field(struct check *c, enum kc_curve curve);
BIGNUM *number_order(struct check *c, enum kc_curve curve);

/* A field that holds an integer, reduced modulo the order by the code under test. */
struct kc_scalar number_scalar(
    struct check *c, enum kc_curve curve, const json_t *object, const char *name);

/* The same of a number that is at hand. */
struct kc_scalar number_to_scalar(struct check *c, enum kc_curve curve, const BIGNUM *number);

BIGNUM *number_of_scalar(struct check *c, const struct kc_scalar *scalar);
BIGNUM *number_of_octets(struct check *c, const uint8_t *little_endian, size_t size);

/*
 * Compares the coordinates of an encoded point: u and v (X curves) or x and y (Ed curves). The one
 * that is written is compared; the other must be below the prime, have the parity that is written,
 * and fulfil the curve's equation, which leaves one value.
 */
void expect_coordinates(struct check *c, const json_t *object, const struct kc_curve_info *curve,
    const uint8_t *encoding, const char *first, const char *second);

/* The projective state of the Montgomery ladder after its last step, as
 * a "ladder" object has it. */
void expect_ladder(struct check *c, const json_t *object, const struct kc_curve_info *curve,
    const BIGNUM *scalar, const BIGNUM *u);

#endif
