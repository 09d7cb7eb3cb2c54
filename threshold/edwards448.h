/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two Edwards curves over the field of 448 bits, x^2 + y^2 = 1 + d x^2 y^2: edwards448 (RFC
 * 8032 5.2, d = -39081), and the one that is birationally equivalent to curve448 (RFC 7748, d =
 * 39082/39081). They are isogenous, not equal.
 *
 * Extended coordinates: x = X/Z, y = Y/Z, T = XY/Z. The formulas are complete: no case is special.
 * Constant time.
 */
#ifndef KC_THRESHOLD_EDWARDS448_H
#define KC_THRESHOLD_EDWARDS448_H

#include "threshold/field448.h"

struct kc_edwards448 {
    struct kc_field448 x, y, z, t; /* reduced */
};

#endif
