/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shamir's part of a vector: shares are values of a polynomial whose constant is the whole key, and
 * coefficients are those of Lagrange over the holders that take part. Absent: nothing is compared.
 */
#ifndef KC_TESTS_VECTORS_POLYNOMIAL_H
#define KC_TESTS_VECTORS_POLYNOMIAL_H

#include "check.h"

#include "threshold/share.h"

struct polynomial {
    bool there;     /* the polynomial is given */
    bool threshold; /* the shares have places */
    enum kc_curve curve;
    struct kc_scalar coefficients[KC_SHARES_MAX]; /* constant first */
    size_t coefficient_count;
    uint32_t places[KC_SHARES_MAX]; /* x of each share that takes part */
    size_t place_count;
};

/* Reads "polynomial", "lagrange_x" and the places of the shares; compares the constant with the
 * whole key, and the places with one another. */
void polynomial_read(struct check *c, struct polynomial *polynomial, enum kc_curve curve,
    const json_t *vector, const char *whole, const json_t *shares);

/* f(x) mod L. */
struct kc_scalar polynomial_value(const struct polynomial *polynomial, uint32_t x);

/* Compares share and "coefficient" of the holder at a position. */
void polynomial_expect(struct check *c, const struct polynomial *polynomial, const json_t *object,
    const char *share, size_t position);

#endif
