/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The group law on any element, the identity included: below point.c and combination.c.
 *
 * An element is held in a kc_point, but is no point in that type's sense until it is known not to
 * be the identity. Constant time. Outputs may be inputs.
 */
#ifndef KC_THRESHOLD_ELEMENT_H
#define KC_THRESHOLD_ELEMENT_H

#include "threshold/point.h"

void kc_element_identity(struct kc_point *out, enum kc_curve curve);
void kc_element_double(struct kc_point *out, const struct kc_point *a);

/* Elements of different curves end the process. */
void kc_element_add(struct kc_point *out, const struct kc_point *a, const struct kc_point *b);

/* Holds an element as it is written, at the cost of writing it once, if its curve is an Ed one: each time
 * that it is written then costs next to nothing. One that was decoded is held so. */
void kc_element_normalize(struct kc_point *a);

/* [scalar]a, exactly, in the signed bits of kc_scalar_signed_bits. Not for P-256. */
void kc_element_multiply(
    struct kc_point *out, const uint64_t signed_bits[8], const struct kc_point *a);

/* The sum of at most KC_EDWARDS_COMBINE_MAX multiples, in variable time (edwards25519.h). Not for
 * P-256. */
void kc_element_combine_variable_time(struct kc_point *out, enum kc_curve curve,
    const struct kc_point *const points[], const int8_t *const digits[], size_t count, int size);

kc_mask kc_element_is_identity(const struct kc_point *a);

/* Whether a is in the group of prime order and not the identity: a point
 * in the sense of point.h. */
kc_mask kc_element_has_prime_order(const struct kc_point *a);

#endif
