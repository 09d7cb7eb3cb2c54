/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums of multiples of points, in time that depends on the scalars, as the names say: what all
 * verifications come down to.
 *
 * The scalars are public: a share or a nonce never goes in here (kc_point_multiply is for those).
 * A point may be one that only the parties of an agreement know, as a contribution: nothing but
 * the answer depends on coordinates.
 */
#ifndef KC_THRESHOLD_COMBINATION_H
#define KC_THRESHOLD_COMBINATION_H

#include "base/language.h"
#include "threshold/point.h"
#include "threshold/scalar.h"

KC_C_BEGIN

/* [scalar]point, or -[scalar]point. Both are borrowed, of one curve with all other terms. */
struct kc_term {
    const struct kc_scalar *scalar; /* may be zero; NULL for 1 */
    const struct kc_point *point;
    bool negative;
};

/*
 * The sum of the terms, and of [base]B.
 *
 * base   NULL for none
 * count  0 or more; with no terms, base is there
 *
 * KC_ERR_POINT_SMALL_ORDER  the sum is the identity
 */
KC_CHECKED enum kc_error kc_combination_variable_time(
    struct kc_point *out, const struct kc_scalar *base, const struct kc_term terms[], size_t count);

/* [base]B + [scalar]point: the double-base multiplication of a verification. Errors as above. */
KC_CHECKED enum kc_error kc_combination_double_variable_time(struct kc_point *out,
    const struct kc_scalar *base, const struct kc_scalar *scalar, const struct kc_point *point);

/* Whether that sum is the identity: the form in which an equation is verified. */
KC_CHECKED bool kc_combination_vanishes_variable_time(
    const struct kc_scalar *base, const struct kc_term terms[], size_t count);

KC_C_END

#endif
